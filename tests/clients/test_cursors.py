"""SQL cursors and prepared statements, as PostgreSQL 15 has them: its tags, rows and SQLSTATEs."""

import asyncio

import asyncpg
import psycopg
import psycopg2
import pytest
from psycopg import errors

from gateway import Memory, Wire, fields

MIB = 1 << 20
TEN = "SELECT v FROM generate_series(1, 10) AS t(v) ORDER BY v"


def rows(cursor):
    return [row[0] for row in cursor.fetchall()] if cursor.description else None


def play(connection, script):
    """Each statement, then its rows, its tag, or its SQLSTATE."""
    found = []
    for line in script:
        try:
            cursor = connection.execute(line)
            found.append(rows(cursor) if cursor.description else cursor.statusmessage)
        except psycopg.Error as error:
            found.append(error.sqlstate)
    return found


# What PostgreSQL 15 answers, statement by statement.
SCROLLING = [
    ("BEGIN", "BEGIN"),
    (f"DECLARE c SCROLL CURSOR FOR {TEN}", "DECLARE CURSOR"),
    ("FETCH 2 FROM c", [1, 2]),
    ("FETCH c", [3]),
    ("FETCH NEXT FROM c", [4]),
    ("FETCH PRIOR IN c", [3]),
    ("FETCH FIRST FROM c", [1]),
    ("FETCH LAST FROM c", [10]),
    ("FETCH c", []),
    ("FETCH PRIOR FROM c", [10]),
    ("FETCH ABSOLUTE 4 FROM c", [4]),
    ("FETCH ABSOLUTE -3 FROM c", [8]),
    ("FETCH RELATIVE -2 FROM c", [6]),
    ("FETCH RELATIVE 2 FROM c", [8]),
    ("FETCH RELATIVE 0 FROM c", [8]),
    ("FETCH 0 FROM c", [8]),
    ("FETCH BACKWARD 3 FROM c", [7, 6, 5]),
    ("FETCH -2 FROM c", [4, 3]),
    ("FETCH BACKWARD ALL FROM c", [2, 1]),
    ("FETCH PRIOR FROM c", []),
    ("FETCH FORWARD 2 FROM c", [1, 2]),
    ("MOVE 3 IN c", "MOVE 3"),
    ("MOVE 0 IN c", "MOVE 1"),
    ("FETCH FORWARD ALL FROM c", [6, 7, 8, 9, 10]),
    ("MOVE BACKWARD 20 IN c", "MOVE 10"),
    ("MOVE FORWARD ALL IN c", "MOVE 10"),
    ("MOVE ABSOLUTE 0 IN c", "MOVE 0"),
    ("FETCH ALL FROM c", list(range(1, 11))),
    ("FETCH ABSOLUTE 11 FROM c", []),
    ("FETCH ABSOLUTE 0 FROM c", []),
    ("FETCH ABSOLUTE 12 FROM c", []),
    ("FETCH PRIOR FROM c", [10]),
    ("CLOSE c", "CLOSE CURSOR"),
    ("COMMIT", "COMMIT"),
]

FORWARD_ONLY = [
    ("BEGIN", "BEGIN"),
    (f"DECLARE c NO SCROLL CURSOR FOR {TEN}", "DECLARE CURSOR"),
    ("FETCH 3 FROM c", [1, 2, 3]),
    ("FETCH ABSOLUTE 5 FROM c", [5]),
    ("SAVEPOINT s", "SAVEPOINT"),
    ("FETCH PRIOR FROM c", "55000"),
    ("SELECT 1", "25P02"),
    ("ROLLBACK TO s", "ROLLBACK"),
    ("CLOSE ALL", "CLOSE CURSOR ALL"),
    ("ROLLBACK", "ROLLBACK"),
]

LIVES = [
    (f"DECLARE c CURSOR FOR {TEN}", "25P01"),
    ("FETCH c", "34000"),
    ("CLOSE c", "34000"),
    ("CLOSE ALL", "CLOSE CURSOR ALL"),
    (f"DECLARE h CURSOR WITH HOLD FOR {TEN}", "DECLARE CURSOR"),
    ("FETCH 2 FROM h", [1, 2]),
    ("BEGIN", "BEGIN"),
    ("FETCH 2 FROM h", [3, 4]),
    (f"DECLARE h CURSOR FOR {TEN}", "42P03"),
    ("ROLLBACK", "ROLLBACK"),
    ("FETCH 2 FROM h", [5, 6]),
    ("CLOSE h", "CLOSE CURSOR"),
    ("BEGIN", "BEGIN"),
    (f"DECLARE h CURSOR WITH HOLD FOR {TEN}", "DECLARE CURSOR"),
    (f"DECLARE c CURSOR FOR {TEN}", "DECLARE CURSOR"),
    ("COMMIT", "COMMIT"),
    ("FETCH c", "34000"),
    ("FETCH h", [1]),
    ("DISCARD ALL", "DISCARD ALL"),
    ("FETCH h", "34000"),
    ("BEGIN", "BEGIN"),
    (f"DECLARE h CURSOR WITH HOLD FOR {TEN}", "DECLARE CURSOR"),
    ("ROLLBACK", "ROLLBACK"),
    ("FETCH h", "34000"),
    ("BEGIN", "BEGIN"),
    (f"DECLARE a CURSOR FOR {TEN}", "DECLARE CURSOR"),
    ("SAVEPOINT s", "SAVEPOINT"),
    (f"DECLARE b CURSOR FOR {TEN}", "DECLARE CURSOR"),
    ("ROLLBACK TO s", "ROLLBACK"),
    ("FETCH a", [1]),
    ("RELEASE s", "RELEASE"),
    ("SAVEPOINT s", "SAVEPOINT"),
    ("FETCH b", "34000"),
    ("ROLLBACK TO s", "ROLLBACK"),
    ("FETCH a", [2]),
    ("COMMIT", "COMMIT"),
]

PREPARED = [
    ("PREPARE q (int, text) AS SELECT $1 + 1, $2", "PREPARE"),
    ("EXECUTE q(1, 'a')", [2]),
    ("EXECUTE q(2 * 3, NULL)", [7]),
    ("PREPARE q AS SELECT 1", "42P05"),
    ("EXECUTE q(1)", "42601"),
    ("EXECUTE nothing", "26000"),
    ("DEALLOCATE nothing", "26000"),
    ("DEALLOCATE PREPARE q", "DEALLOCATE"),
    ("EXECUTE q(1, 'a')", "26000"),
    ("PREPARE q AS SELECT 5", "PREPARE"),
    ("EXECUTE q", [5]),
    ("DEALLOCATE ALL", "DEALLOCATE ALL"),
    ("PREPARE q (date) AS SELECT extract(year FROM $1)::int", "PREPARE"),
    ("EXECUTE q('2026-01-31')", [2026]),
    ("PREPARE r (no_such_type) AS SELECT $1", "42704"),
]


@pytest.mark.parametrize("script", [SCROLLING, FORWARD_ONLY, LIVES, PREPARED])
def test_answers_are_those_of_postgres(connection, script):
    connection.prepare_threshold = None
    found = play(connection, [statement for statement, _ in script])
    assert list(zip([s for s, _ in script], found)) == script


def test_psycopg_reads_by_server_cursor_with_parameters(server):
    sql = "SELECT v, v::text AS t FROM generate_series(1, 1000) AS t(v) WHERE v <= %s AND v > %s ORDER BY v"
    for binary in (False, True):
        with server.connect(autocommit=False) as connection:
            with connection.cursor("numbers", binary=binary) as cursor:
                cursor.itersize = 100
                cursor.execute(sql, [1000, 10])
                assert cursor.fetchone() == (11, "11")
                assert len(cursor.fetchmany(100)) == 100
                assert [v for v, _ in cursor][-1] == 1000
            with connection.cursor("scrolls", scrollable=True) as cursor:
                cursor.execute(sql, [1000, 0])
                cursor.scroll(500)
                assert cursor.fetchone()[0] == 501
                cursor.scroll(10, mode="absolute")
                assert cursor.fetchone()[0] == 11
            with connection.cursor("held", withhold=True) as cursor:
                cursor.execute(sql, [1000, 0])
                connection.commit()
                assert len(cursor.fetchall()) == 1000


def test_psycopg2_reads_by_named_cursor(server):
    with psycopg2.connect(server.dsn) as connection:
        with connection.cursor("named") as cursor:
            cursor.itersize = 300
            cursor.execute("SELECT v FROM generate_series(1, %s) AS t(v) ORDER BY v", [1000])
            assert [row[0] for row in cursor] == list(range(1, 1001))
        with connection.cursor("back", scrollable=True) as cursor:
            cursor.execute(TEN)
            cursor.scroll(5)
            assert cursor.fetchone() == (6,)
            cursor.scroll(-2)
            assert cursor.fetchone() == (5,)


def test_asyncpg_moves_a_portal_by_sql(server):
    async def work():
        opened = await asyncpg.connect(
            host=server.host, port=server.port, user="lakegate", database="lake"
        )
        async with opened.transaction():
            cursor = await opened.cursor(TEN)
            assert await cursor.forward(4) == 4
            assert (await cursor.fetchrow())["v"] == 5
            assert [row["v"] for row in await cursor.fetch(100)] == [6, 7, 8, 9, 10]
        await opened.close()

    asyncio.run(work())


def test_a_statement_of_the_protocol_is_one_of_sql(connection):
    result = connection.pgconn.prepare(b"p", b"SELECT 7 AS seven")
    assert result.status == psycopg.pq.ExecStatus.COMMAND_OK
    assert connection.execute("EXECUTE p").fetchone() == (7,)
    connection.execute("PREPARE s AS SELECT 8 AS eight")
    assert connection.pgconn.exec_prepared(b"s", []).get_value(0, 0) == b"8"
    connection.execute("DEALLOCATE p")
    assert connection.pgconn.exec_prepared(b"p", []).error_message.startswith(b"ERROR:  prepared")


def test_a_binary_cursor_answers_simple_queries_in_binary(connection):
    with connection.transaction():
        connection.execute("DECLARE c BINARY CURSOR FOR SELECT 258::int4")
        result = connection.pgconn.exec_(b"FETCH c")
        assert (result.fformat(0), result.get_value(0, 0)) == (1, b"\0\0\1\2")


def test_an_idle_cursor_outlives_the_timeout_and_a_fetch_does_not(server):
    slow = "SELECT count(*) FROM generate_series(1, 2000000) a, generate_series(1, 2000) b"
    with server.connect(autocommit=False) as connection:
        connection.execute("SET statement_timeout = 300")
        connection.execute(f"DECLARE c CURSOR FOR {TEN}")
        connection.execute("DECLARE slow CURSOR FOR " + slow)
        assert len(connection.execute("FETCH 5 FROM c").fetchall()) == 5
        connection.execute("SELECT 1")
        with pytest.raises(errors.QueryCanceled, match="statement timeout"):
            connection.execute("FETCH slow")


def test_a_cursor_over_five_million_rows_holds_few_of_them(stream_server):
    with stream_server.connect(autocommit=False) as connection, Memory(stream_server) as memory:
        connection.execute("DECLARE c NO SCROLL CURSOR FOR SELECT * FROM long")
        for _ in range(20):
            assert len(connection.execute("FETCH 1000 FROM c").fetchall()) == 1000
        assert connection.execute("MOVE FORWARD 1000000 IN c").statusmessage == "MOVE 1000000"
        connection.execute("CLOSE c")
    assert memory.growth_bytes < 256 * MIB, memory.growth_bytes // MIB


def test_a_cancelled_fetch_ends_alone(server):
    wire = Wire(server)
    wire.simple("SELECT 1 WHERE false; BEGIN")
    wire.until(b"Z")
    wire.simple(
        "DECLARE c CURSOR FOR SELECT count(*) FROM generate_series(1, 2000000) a, "
        "generate_series(1, 2000) b WHERE a + b > 0"
    )
    wire.until(b"Z")
    # Nothing runs for the client now: a cancel finds nothing to stop.
    wire.cancel()
    wire.simple("FETCH c")
    assert wire.message()[0] == b"T"
    wire.socket.settimeout(1)
    try:
        wire.message()
        raise AssertionError("the fetch should still run")
    except TimeoutError:
        pass
    wire.socket.settimeout(60)
    wire.cancel()
    messages = wire.until(b"Z")
    assert fields(dict(messages)[b"E"])["C"] == "57014"
    wire.close()
