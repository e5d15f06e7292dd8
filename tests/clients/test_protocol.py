"""The protocol as drivers use it: parameters, portals, transactions, settings, errors."""

import asyncio
import datetime as dt
from decimal import Decimal

import asyncpg
import psycopg
import psycopg2
import pytest
import sqlalchemy
from psycopg import errors
from sqlalchemy import text

import sample
from gateway import Wire, fields

BIG = "SELECT v FROM generate_series(1, 1000) AS t(v) ORDER BY v"


def on_asyncpg(server, work):
    async def run():
        opened = await asyncpg.connect(
            host=server.host, port=server.port, user="lakegate", database="lake"
        )
        try:
            return await work(opened)
        finally:
            await opened.close()

    return asyncio.run(run())


# Parameters and portals


def test_asyncpg_parameters_of_each_type(server):
    values = {
        "int4": 5, "int8": 2**40, "float8": 0.25, "text": "é'", "bool": False,
        "numeric": Decimal("1.0000000001"), "date": dt.date(2026, 1, 31), "bytea": b"\0\1",
        "timestamp": dt.datetime(2026, 1, 31, 1, 2, 3, 4),
        "timestamptz": dt.datetime(2026, 1, 31, 1, 2, 3, 4, tzinfo=dt.timezone.utc),
        "time": dt.time(1, 2, 3, 4), "int4[]": [1, 2], "text[]": ["a", None],
    }

    async def work(connection):
        found = {}
        for name, value in values.items():
            found[name] = await connection.fetchval(f"SELECT $1::{name}", value)
            assert await connection.fetchval(f"SELECT $1::{name}", None) is None
        return found

    assert on_asyncpg(server, work) == values


def test_asyncpg_learns_the_types_of_bare_parameters(server):
    async def work(connection):
        sql = "SELECT id FROM types WHERE whole >= $1 AND text <> $2 ORDER BY id LIMIT $3"
        statement = await connection.prepare(sql)
        kinds = [parameter.name for parameter in statement.get_parameters()]
        return kinds, [row["id"] for row in await statement.fetch(0, "nothing", 10)]

    kinds, rows = on_asyncpg(server, work)
    assert kinds[0] == "int4" and kinds[1] in ("text", "varchar") and kinds[2] == "int8"
    assert rows == [2, 3]


def test_asyncpg_cursor_takes_a_few_rows_at_a_time(server):
    async def work(connection):
        async with connection.transaction():
            cursor = await connection.cursor(BIG)
            first = await cursor.fetch(7)
            await cursor.forward(500)
            after = await cursor.fetchrow()
            rest = await cursor.fetch(10_000)
            return [row["v"] for row in first], after["v"], len(rest)

    assert on_asyncpg(server, work) == (list(range(1, 8)), 508, 492)


def test_asyncpg_iterates_with_prefetch(server):
    async def work(connection):
        async with connection.transaction():
            return [row["v"] async for row in connection.cursor(BIG, prefetch=13)]

    assert on_asyncpg(server, work) == list(range(1, 1001))


def test_a_portal_is_suspended_and_continued(server):
    wire = Wire(server)
    wire.extended(BIG, rows_max=400)
    wire.send((b"E", b"\0" + (400).to_bytes(4)), (b"E", b"\0" + (400).to_bytes(4)), (b"S", b""))
    kinds = b"".join(kind for kind, _ in wire.until(b"Z"))
    # ParseComplete, BindComplete, RowDescription, then three parts and the end.
    assert kinds == b"12T" + b"D" * 400 + b"s" + b"D" * 400 + b"s" + b"D" * 200 + b"CZ"
    wire.close()


@pytest.mark.parametrize("size", [1, 100])
def test_psycopg_streams(size, server):
    with server.connect() as connection:
        rows = list(connection.cursor().stream(BIG, size=size))
        assert [v for (v,) in rows] == list(range(1, 1001))


def test_psycopg_pipelines(server):
    with server.connect() as connection:
        with connection.pipeline():
            cursors = [connection.execute("SELECT %s::int AS n", [n]) for n in range(20)]
            assert [cursor.fetchone()[0] for cursor in cursors] == list(range(20))


def test_prepared_statements_are_kept_and_dropped(server):
    with server.connect(prepare_threshold=0) as connection:
        for n in range(10):
            assert connection.execute("SELECT %s::int + 1", [n]).fetchone() == (n + 1,)
        connection.execute("DEALLOCATE ALL")
        connection.execute("DISCARD ALL")
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_psycopg2_and_its_client_side_parameters(server):
    connection = psycopg2.connect(server.dsn)
    cursor = connection.cursor()
    cursor.execute("SELECT %s, %s, %s, %s", (1, "é'", Decimal("1.50"), None))
    assert cursor.fetchone() == (1, "é'", Decimal("1.50"), None)
    cursor.execute("SELECT id FROM types WHERE day = %s", (dt.date(1970, 1, 1),))
    assert cursor.fetchall() == [(2,)]
    cursor.execute("SELECT id FROM types WHERE id = ANY(%s) ORDER BY id", ([1, 3],))
    assert cursor.fetchall() == [(1,), (3,)]
    connection.close()


# Transactions


def test_a_failed_transaction_refuses_everything_until_its_end(server):
    with server.connect(autocommit=False) as connection:
        connection.execute("SELECT 1")
        with pytest.raises(errors.UndefinedTable):
            connection.execute("SELECT * FROM not_there")
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.INERROR
        with pytest.raises(errors.InFailedSqlTransaction) as error:
            connection.execute("SELECT 1")
        assert error.value.sqlstate == "25P02"
        connection.rollback()
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        assert connection.execute("SELECT 2").fetchone() == (2,)
        connection.commit()


def test_commit_of_a_failed_transaction_is_a_rollback(server):
    with server.connect() as connection:
        connection.execute("BEGIN")
        with pytest.raises(errors.DivisionByZero):
            connection.execute("SELECT 1/0").fetchall()
        assert connection.execute("COMMIT").statusmessage == "ROLLBACK"


def test_settings_are_rolled_back_with_their_transaction(server):
    with server.connect() as connection:
        connection.execute("SET statement_timeout = '7s'")
        connection.execute("BEGIN")
        connection.execute("SET statement_timeout = '9s'")
        connection.execute("ROLLBACK")
        assert connection.execute("SHOW statement_timeout").fetchone() == ("7s",)
        connection.execute("BEGIN")
        connection.execute("SET LOCAL statement_timeout = '9s'")
        assert connection.execute("SHOW statement_timeout").fetchone() == ("9s",)
        connection.execute("COMMIT")
        assert connection.execute("SHOW statement_timeout").fetchone() == ("7s",)


@pytest.mark.parametrize("begin", ["BEGIN READ ONLY", "START TRANSACTION ISOLATION LEVEL SERIALIZABLE"])
def test_ways_to_begin(begin, server):
    with server.connect() as connection:
        connection.execute(begin)
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS
        connection.execute("END")
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


# Settings


def test_set_show_reset(connection):
    connection.execute("SET application_name = 'tests'")
    assert connection.execute("SHOW application_name").fetchone() == ("tests",)
    assert connection.execute("SELECT current_setting('application_name')").fetchone() == ("tests",)
    connection.execute("SET TIME ZONE 'Europe/Lisbon'")
    assert connection.execute("SHOW TimeZone").fetchone() == ("Europe/Lisbon",)
    assert connection.info.parameter_status("TimeZone") == "Europe/Lisbon"
    connection.execute("RESET ALL")
    assert connection.execute("SHOW TimeZone").fetchone() == ("UTC",)
    assert len(connection.execute("SHOW ALL").fetchall()) > 10


@pytest.mark.parametrize(
    "name", ["datafusion.runtime.memory_limit", "datafusion.execution.target_partitions", "nonsense"]
)
def test_other_settings_cannot_be_set(name, connection):
    with pytest.raises(psycopg.Error) as error:
        connection.execute(f"SET {name} = '1'")
    assert error.value.sqlstate in ("42704", "55P02", "42501")


def test_sessions_do_not_share_settings(server):
    with server.connect() as one, server.connect() as other:
        one.execute("SET TimeZone = 'Asia/Tokyo'")
        assert other.execute("SHOW TimeZone").fetchone() == ("UTC",)


def test_settings_at_start_up(server):
    with server.connect(options="-c statement_timeout=4s -c TimeZone=Asia/Tokyo") as connection:
        assert connection.execute("SHOW statement_timeout").fetchone() == ("4s",)
        assert connection.execute("SHOW TimeZone").fetchone() == ("Asia/Tokyo",)


def test_statement_timeout_ends_a_query(connection):
    connection.execute("SET statement_timeout = '300ms'")
    with pytest.raises(errors.QueryCanceled) as error:
        connection.execute(
            "SELECT count(*) FROM generate_series(1, 10000000) a(x), generate_series(1, 10000000) b(y) "
            "WHERE x * 7 % 11 = y % 13"
        )
    assert "statement timeout" in str(error.value)
    connection.execute("RESET statement_timeout")
    assert connection.execute("SELECT 1").fetchone() == (1,)


# Errors


@pytest.mark.parametrize(
    "sql, code, word",
    [
        ("SELECT * FROM nowhere", "42P01", "nowhere"),
        ("SELECT * FROM gold.nowhere", "42P01", "nowhere"),
        ("SELECT * FROM nowhere.customers", "42P01|3F000", "nowhere"),
        ("SELECT missing FROM types", "42703", "missing"),
        ("SELECT t.missing FROM types t", "42703", "missing"),
        ("SELECT missing(1)", "42883", "missing"),
        ("SELECT id, count(*) FROM types", "42803", "id"),
        ("SELECT id FROM types a JOIN types b ON a.id = b.id", "42702", "id"),
        ("SELEC 1", "42601", "SELEC"),
        ("SELECT 1 +", "42601", ""),
        ("SELECT 'open", "42601", ""),
        ("SELECT 1::no_such_type", "42704", "no_such_type"),
        ("CREATE TABLE t (a int)", "0A000|42501", ""),
        ("INSERT INTO types VALUES (1)", "0A000|42501|25006", ""),
        ("DROP TABLE types", "0A000|42501|25006", ""),
        ("COPY types TO '/tmp/stolen'", "0A000|42501", ""),
        ("SELECT * FROM '/etc/passwd'", "42601|42P01", ""),
        ("SELECT * FROM read_csv('/etc/passwd')", "42883|42P01|0A000", ""),
        ("EXECUTE nothing", "26000", "nothing"),
        ("ROLLBACK TO nothing", "3B001|0A000|25P01|42704", ""),
    ],
)
def test_sqlstates(sql, code, word, connection):
    with pytest.raises(psycopg.Error) as error:
        connection.execute(sql).fetchall()
    assert error.value.sqlstate in code.split("|"), str(error.value)
    assert word in str(error.value)
    assert connection.execute("SELECT 1").fetchone() == (1,), "the session lives on"


@pytest.mark.parametrize(
    "sql, position",
    [
        ("SELECT 1 FRM types", 10),
        ("SELECT id,\n  missing\nFROM types", 14),
        ("SELECT * FROM nowhere", 15),
    ],
)
def test_errors_point_at_their_place(sql, position, connection):
    with pytest.raises(psycopg.Error) as error:
        connection.execute(sql).fetchall()
    found = error.value.diag.statement_position
    assert found is not None, f"no position in: {error.value}"
    # The token itself, or for syntax the word after it.
    assert position <= int(found) <= position + 4


def test_errors_do_not_show_where_things_are(connection, demo_lake):
    with pytest.raises(psycopg.Error) as error:
        connection.execute("SELECT * FROM gold.nowhere")
    assert str(demo_lake) not in str(error.value)


# Simple protocol


def test_several_statements_in_one_text(server):
    wire = Wire(server)
    wire.simple("SELECT 1; SELECT 'a', 'b'; SET application_name = 'x'; SHOW application_name")
    messages = wire.until(b"Z")
    assert b"".join(kind for kind, _ in messages if kind != b"S") == b"TDCTDCCTDCZ"
    tags = [body.rstrip(b"\0") for kind, body in messages if kind == b"C"]
    assert tags == [b"SELECT 1", b"SELECT 1", b"SET", b"SHOW"]
    wire.close()


def test_an_error_ends_the_text_it_stands_in(server):
    wire = Wire(server)
    wire.simple("SELECT 1; SELECT 1/0; SELECT 3")
    messages = wire.until(b"Z")
    assert b"".join(kind for kind, _ in messages).startswith(b"TDC")
    errors_found = [fields(body) for kind, body in messages if kind == b"E"]
    assert [error["C"] for error in errors_found] == ["22012"]
    assert sum(kind == b"C" for kind, _ in messages) == 1
    assert messages[-1] == (b"Z", b"I")
    wire.close()


@pytest.mark.parametrize("sql", ["", " ", ";", "-- nothing"])
def test_an_empty_query(sql, server):
    wire = Wire(server)
    wire.simple(sql)
    assert b"".join(kind for kind, _ in wire.until(b"Z")) == b"IZ"
    wire.extended(sql)
    wire.send((b"S", b""))
    assert b"".join(kind for kind, _ in wire.until(b"Z")) == b"12nIZ"
    wire.close()


def test_after_an_error_everything_is_skipped_up_to_sync(server):
    wire = Wire(server)
    wire.extended("SELECT nothing_there")
    wire.extended("SELECT 2")
    wire.send((b"S", b""))
    assert b"".join(kind for kind, _ in wire.until(b"Z")) == b"EZ"
    wire.close()


def test_a_database_that_is_not_there(server):
    with pytest.raises(psycopg.OperationalError, match="nowhere"):
        server.connect(dbname="nowhere")


# SQLAlchemy


@pytest.fixture(scope="module")
def engines(server):
    opened = [sqlalchemy.create_engine(server.url(driver)) for driver in ("psycopg", "psycopg2")]
    yield opened
    for engine in opened:
        engine.dispose()


@pytest.mark.parametrize("index", [0, 1], ids=["psycopg", "psycopg2"])
def test_sqlalchemy_connects_and_inspects(index, engines):
    engine = engines[index]
    with engine.connect() as connection:
        version = connection.execute(text("SELECT version()")).scalar()
        assert version.startswith("PostgreSQL ") and "Lakegate" in version
        found = connection.execute(text("SELECT id FROM types WHERE id > :n"), {"n": 2}).all()
        assert sorted(found) == [(3,), (4,)]
    inspector = sqlalchemy.inspect(engine)
    assert {"landing", "gold", "dashboard", "public"} <= set(inspector.get_schema_names())
    tables = inspector.get_table_names(schema="gold") + inspector.get_view_names(schema="gold")
    assert "customers_credit" in tables
    assert "types" in inspector.get_table_names()
    columns = {c["name"]: c["type"] for c in inspector.get_columns("types")}
    assert isinstance(columns["exact"], sqlalchemy.NUMERIC)
    assert isinstance(columns["day"], sqlalchemy.DATE)
    assert list(columns) == list(sample.COLUMNS)
    assert inspector.has_table("customers_credit", schema="gold")
    assert not inspector.has_table("nowhere", schema="gold")
    assert inspector.get_pk_constraint("types")["constrained_columns"] == []
    assert inspector.get_foreign_keys("types") == [] and inspector.get_indexes("types") == []


def test_sqlalchemy_reflects_and_selects(engines):
    metadata = sqlalchemy.MetaData()
    table = sqlalchemy.Table("types", metadata, autoload_with=engines[0])
    with engines[0].connect() as connection:
        rows = connection.execute(sqlalchemy.select(table.c.id).where(table.c.whole > 0)).all()
    assert rows == [(3,)]
