"""COPY … TO STDOUT: byte for byte what PostgreSQL 15 writes, streamed."""

import asyncio
import io
import subprocess

import asyncpg
import psycopg
import pytest
from psycopg import errors

from gateway import Memory, Wire, environment, fields

MIB = 1 << 20
VALUES = """SELECT * FROM (VALUES
    (1, 'plain', true, 1.50::numeric(10, 2)), (2, E'tab\\tnew\\nline\\\\', NULL, -0.05::numeric(10, 2)),
    (3, 'quo"te,comma', false, NULL), (4, '', true, 0.00::numeric(10, 2)), (5, NULL, NULL, 12.00::numeric(10, 2))
) AS t(id, text, flag, number) ORDER BY id"""

# The options, and what PostgreSQL 15 writes with them.
FORMS = [
    ("", "1\tplain\tt\t1.50\n2\ttab\\tnew\\nline\\\\\t\\N\t-0.05\n"
         "3\tquo\"te,comma\tf\t\\N\n4\t\tt\t0.00\n5\t\\N\t\\N\t12.00\n"),
    ("(FORMAT text, DELIMITER '|', NULL 'none')",
     "1|plain|t|1.50\n2|tab\\tnew\\nline\\\\|none|-0.05\n"
     "3|quo\"te,comma|f|none\n4||t|0.00\n5|none|none|12.00\n"),
    ("WITH CSV HEADER",
     'id,text,flag,number\n1,plain,t,1.50\n2,"tab\tnew\nline\\",,-0.05\n'
     '3,"quo""te,comma",f,\n4,"",t,0.00\n5,,,12.00\n'),
    ("(FORMAT csv, DELIMITER ';', NULL 'NULL', QUOTE '''', ESCAPE '\\', FORCE_QUOTE (id, text))",
     "'1';'plain';t;1.50\n'2';'tab\tnew\nline\\\\';NULL;-0.05\n"
     "'3';'quo\"te,comma';f;NULL\n'4';'';t;0.00\n'5';NULL;NULL;12.00\n"),
    ("WITH DELIMITER AS ',' NULL AS ''",
     "1,plain,t,1.50\n2,tab\\tnew\\nline\\\\,,-0.05\n"
     "3,quo\"te\\,comma,f,\n4,,t,0.00\n5,,,12.00\n"),
    ("(FORMAT csv, HEADER off, FORCE_QUOTE *, ENCODING 'UTF8')",
     '"1","plain","t","1.50"\n"2","tab\tnew\nline\\",,"-0.05"\n'
     '"3","quo""te,comma","f",\n"4","","t","0.00"\n"5",,,"12.00"\n'),
]


def copied(connection, sql):
    with connection.cursor() as cursor, cursor.copy(sql) as copy:
        data = b"".join(copy)
    return data


@pytest.mark.parametrize("options, expected", FORMS)
def test_text_is_that_of_postgres(connection, options, expected):
    assert copied(connection, f"COPY ({VALUES}) TO STDOUT {options}").decode() == expected


def test_tables(connection):
    data = copied(connection, "COPY types (id) TO STDOUT")
    assert data == b"1\n2\n3\n4\n"
    data = copied(connection, "COPY public.types (id, text) TO STDOUT WITH (FORMAT csv)")
    assert data.startswith(b"1,")
    assert copied(connection, "COPY (SELECT 1 WHERE false) TO STDOUT") == b""


def test_binary_reads_back(connection):
    with connection.cursor() as cursor:
        with cursor.copy(f"COPY ({VALUES}) TO STDOUT WITH BINARY") as copy:
            copy.set_types(["int4", "text", "bool", "numeric"])
            rows = list(copy.rows())
    expected = connection.execute(VALUES).fetchall()
    assert rows == expected


def test_psycopg_rows_of_text(connection):
    with connection.cursor() as cursor, cursor.copy(f"COPY ({VALUES}) TO STDOUT") as copy:
        rows = list(copy.rows())
    assert rows[1] == ("2", "tab\tnew\nline\\", None, "-0.05")


def test_asyncpg_copies_a_query(server):
    async def work():
        opened = await asyncpg.connect(
            host=server.host, port=server.port, user="lakegate", database="lake"
        )
        out = io.BytesIO()
        tag = await opened.copy_from_query(
            "SELECT v FROM generate_series(1, 9) AS t(v) WHERE v <= $1 ORDER BY v", 3, output=out, format="csv"
        )
        assert (tag, out.getvalue()) == ("COPY 3", b"1\n2\n3\n")
        out = io.BytesIO()
        tag = await opened.copy_from_table("types", columns=["id"], output=out, format="binary")
        assert tag == "COPY 4" and out.getvalue().startswith(b"PGCOPY\n\xff\r\n\0")
        await opened.close()

    asyncio.run(work())


def test_psql_copies_to_its_own_file(server, tmp_path):
    path = tmp_path / "types.csv"
    done = subprocess.run(
        ["psql", "-X", server.dsn, "-c", f"\\copy (SELECT id FROM types) TO '{path}' CSV HEADER"],
        env=environment(), capture_output=True, text=True, check=True,
    )
    assert done.stdout == "COPY 4\n"
    assert path.read_text() == "id\n1\n2\n3\n4\n"


@pytest.mark.parametrize("sql, sqlstate", [
    ("COPY types FROM STDIN", "0A000"),
    ("COPY types FROM STDIN WITH (FORMAT csv)", "0A000"),
    ("COPY types TO '/tmp/types'", "42501"),
    ("COPY types FROM '/etc/passwd'", "42501"),
    ("COPY types TO PROGRAM 'cat'", "42501"),
    ("COPY nowhere TO STDOUT", "42P01"),
    ("COPY types (nothing) TO STDOUT", "42703"),
    ("COPY (SELECT 1) TO STDOUT (FORMAT parquet)", "22023"),
    ("COPY (SELECT 1) TO STDOUT (FORMAT binary, DELIMITER ',')", "42601"),
    ("COPY (SELECT 1) TO STDOUT (COLOUR 'red')", "42601"),
    ("COPY (SELECT 1) TO STDOUT (DELIMITER 'ab')", "0A000"),
    ("COPY (SELECT 1) TO STDOUT (DELIMITER 'a')", "22023"),
    ("COPY (SELECT 1) TO STDOUT (FORMAT csv, FORMAT text)", "42601"),
    ("COPY (SELECT 1 AS a) TO STDOUT (FORMAT csv, FORCE_QUOTE (b))", "42703"),
    ("COPY (SELECT 1) TO", "42601"),
])
def test_what_is_refused_leaves_the_session_well(connection, sql, sqlstate):
    with pytest.raises(psycopg.Error) as caught:
        copied(connection, sql)
    assert caught.value.sqlstate == sqlstate
    assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_large_copy_streams(stream_server):
    with stream_server.connect() as connection, Memory(stream_server) as memory:
        with connection.cursor().copy("COPY long TO STDOUT (FORMAT binary)") as copy:
            count = sum(len(part) for part in copy)
    assert count > 250_000_000
    assert memory.growth_bytes < 256 * MIB, memory.growth_bytes // MIB


def test_a_copy_stops_at_its_timeout_and_when_cancelled(stream_server):
    wire = Wire(stream_server, receive_buffer_bytes=4096)
    wire.simple("SET statement_timeout = 500")
    wire.until(b"Z")
    for stop in (lambda: None, wire.cancel):
        wire.simple("COPY (SELECT * FROM long) TO STDOUT")
        assert wire.message()[0] == b"H"
        stop()
        messages = wire.until(b"Z")
        assert fields(dict(messages)[b"E"])["C"] == "57014"
        assert b"c" not in dict(messages), "a cut copy is never reported complete"
    wire.close()


def test_extended_protocol_copies(server):
    wire = Wire(server)
    wire.extended("COPY (SELECT 1) TO STDOUT")
    wire.send((b"S", b""))
    assert b"".join(kind for kind, _ in wire.until(b"Z")) == b"12nHdcCZ"
    wire.close()


def test_a_failing_copy_says_so(connection):
    with pytest.raises(errors.DivisionByZero):
        copied(connection, "COPY (SELECT 1 / (v - v) FROM generate_series(1, 3) t(v)) TO STDOUT")
    assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
