"""asyncpg: always binary, always named statements, and an introspection of every type it meets."""

import asyncio
import datetime as dt
import decimal
import io
import uuid

import asyncpg
import pytest

import sample
from postgres import TYPES, postgres  # noqa: F401
from test_types import same

UTC = dt.timezone.utc
SERIES = "SELECT v FROM generate_series(1, 1000) AS t(v) ORDER BY v"


def on(server, work, **options):
    """What the coroutine makes of a connection."""
    async def run():
        connection = await asyncpg.connect(
            host=server.host, port=server.port, user="lakegate", database="lake", **options
        )
        try:
            return await work(connection)
        finally:
            await connection.close()

    return asyncio.run(asyncio.wait_for(run(), 60))


# Parameters

VALUES = [
    ("bool", True),
    ("int2", -32768),
    ("int4", -2147483648),
    ("int8", 9223372036854775807),
    ("oid", 4294967295),
    ("float4", 1.5),
    ("float8", 0.1),
    ("float8", float("-inf")),
    ("numeric", decimal.Decimal("-12345678901234567890.0123456789")),
    ("text", "çé漢字🙂 ' \\ "),
    ("varchar", "three"),
    ("bpchar", "three"),
    ("name", "a_name"),
    ("bytea", b"\x00\xff'\\"),
    ("date", dt.date(1999, 12, 31)),
    ("time", dt.time(23, 59, 59, 999999)),
    ("timestamp", dt.datetime(1969, 12, 31, 23, 59, 59, 999999)),
    ("timestamptz", dt.datetime(2024, 2, 29, 23, 59, 59, 1, tzinfo=UTC)),
    ("interval", dt.timedelta(days=-3, hours=4, microseconds=5)),
    ("uuid", uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")),
    ("json", '{"a": [1, null]}'),
    ("jsonb", '{"a": [1, null]}'),
    ("int8[]", [1, None, -9223372036854775808]),
    ("float8[]", [0.1, None]),
    ("numeric[]", [decimal.Decimal("1.10"), None]),
    ("text[]", ["a", None, 'q"{}\\,', "NULL", ""]),
    ("bool[]", [True, None, False]),
    ("date[]", [dt.date(2024, 2, 29), None]),
    ("timestamptz[]", [dt.datetime(2024, 2, 29, tzinfo=UTC)]),
    ("uuid[]", [uuid.UUID(int=1)]),
    ("int4[]", []),
    ("int4[]", [[1, 2], [3, 4]]),
]


@pytest.mark.parametrize("kind, value", VALUES, ids=lambda part: str(part)[:24])
def test_a_parameter_of_each_type_comes_back(kind, value, server):
    async def work(connection):
        sql = f"SELECT $1::{kind}"
        return await connection.fetchval(sql, value), await connection.fetchval(sql, None)

    found, nothing = on(server, work)
    # asyncpg's UUID is a class of its own.
    assert (found == value or same(found, value)) and nothing is None


CONTEXTS = [
    "SELECT id FROM types WHERE whole + $1 > 0",
    "SELECT id FROM types WHERE big = $1 AND small < $2",
    "SELECT id FROM types WHERE text || $1 = 'a'",
    "SELECT id FROM types WHERE text LIKE $1",
    "SELECT id FROM types WHERE text IN ($1, $2)",
    "SELECT id FROM types WHERE id = ANY($1)",
    "SELECT id FROM types WHERE NOT truth = $1",
    "SELECT id FROM types WHERE $1",
    "SELECT id FROM types WHERE day = $1",
    "SELECT id FROM types WHERE at BETWEEN $1 AND $2",
    "SELECT id FROM types WHERE instant >= $1",
    "SELECT id FROM types WHERE clock < $1",
    "SELECT id FROM types WHERE money > $1",
    "SELECT id FROM types WHERE floating < $1",
    "SELECT id FROM types WHERE single < $1",
    "SELECT id FROM types WHERE bytes = $1",
    "SELECT id FROM types WHERE numbers = $1",
    "SELECT id FROM types WHERE words @> $1",
    "SELECT id FROM types ORDER BY id LIMIT $1 OFFSET $2",
    "SELECT coalesce(text, $1) FROM types",
    "SELECT CASE WHEN truth THEN $1 ELSE day END FROM types",
    "SELECT nullif(whole, $1), greatest(exact, $2) FROM types",
    "SELECT date_trunc($1, at) FROM types",
    "SELECT substring(text, $1, $2) FROM types",
    "SELECT upper($1), length($2), abs($3::int4)",
    "SELECT $1",
    "SELECT $1::int4 + $2",
    "SELECT $2::text, $1::date",
    "SELECT count(*) FROM types GROUP BY truth HAVING count(*) > $1",
    "SELECT id FROM types WHERE EXISTS (SELECT 1 FROM types u WHERE u.id = types.id + $1)",
    "SELECT at - $1::interval FROM types WHERE at > $2::timestamp - interval '1 day'",
    "SELECT * FROM generate_series($1::int4, $2::int4)",
    "SELECT * FROM (VALUES ($1::int4, $2::text)) AS v(a, b)",
    "WITH w AS (SELECT id FROM types WHERE id = $1) SELECT * FROM w WHERE id < $2",
    "SELECT id FROM types WHERE (id, text) = ($1, $2)",
    "SELECT id FROM types WHERE quad_word = $1 AND word_of_few = $2 AND double_word = $3",
    "SELECT array_agg(id) FILTER (WHERE id > $1) FROM types",
]


@pytest.mark.parametrize("sql", CONTEXTS)
def test_a_bare_parameter_has_the_type_postgres_gives_it(sql, server, postgres):  # noqa: F811
    async def work(connection):
        statement = await connection.prepare(sql)
        return [parameter.name for parameter in statement.get_parameters()]

    assert on(server, work) == on(postgres, work)


# Results


def test_columns_have_the_names_and_types_postgres_gives_them(server, postgres):  # noqa: F811
    async def work(connection):
        statement = await connection.prepare(
            "SELECT *, count(*) OVER () AS n, id + 1, upper(text), id::float4, avg(whole) OVER (), "
            "sum(whole) OVER (), sum(big) OVER (), day + 1 AS next, at - at, day - day, now(), "
            "current_date, extract(year FROM day), array[1, 2], 'x', NULL, 1.5, 1e3::float8 "
            "FROM types"
        )
        return [(column.name, column.type.name) for column in statement.get_attributes()]

    assert on(server, work) == on(postgres, work)


@pytest.mark.parametrize("column", TYPES)
def test_binary_rows_are_those_of_postgres(column, server, postgres):  # noqa: F811
    async def work(connection):
        found = await connection.fetch(f'SELECT "{column}" FROM types ORDER BY id')
        return [row[0] for row in found]

    pairs = list(zip(on(server, work), on(postgres, work), strict=True))
    assert len(pairs) == 4
    assert all(same(mine, theirs) for mine, theirs in pairs), pairs


def test_a_prepared_statement_runs_again_and_again(server):
    async def work(connection):
        statement = await connection.prepare("SELECT id FROM types WHERE id >= $1 ORDER BY id")
        found = [[row["id"] for row in await statement.fetch(n)] for n in (1, 3, 5, 1)]
        assert await statement.fetchval(2) == 2 and await statement.fetchrow(9) is None
        return found, statement.get_statusmsg()

    assert on(server, work) == ([[1, 2, 3, 4], [3, 4], [], [1, 2, 3, 4]], "SELECT 0")


def test_many_executions_in_one_round_trip(server):
    async def work(connection):
        await connection.executemany("SELECT $1::int4", [(n,) for n in range(500)])
        return await connection.fetchmany("SELECT $1::int4 * 2 AS v", [(1,), (2,), (3,)])

    assert [row["v"] for row in on(server, work)] == [2, 4, 6]


def test_the_cache_of_statements_drops_what_is_oldest(server):
    async def work(connection):
        for n in range(20):
            assert await connection.fetchval(f"SELECT {n} + $1::int4", 1) == n + 1
        return await connection.fetchval("SELECT count(*) FROM pg_prepared_statements")

    assert on(server, work, statement_cache_size=5) <= 7


def test_asyncpg_runs_several_statements_in_one_text(server):
    async def work(connection):
        assert await connection.execute("SELECT 1; SELECT 2, 3; SET jit = off") == "SET"
        return await connection.execute("SELECT * FROM types")

    assert on(server, work) == "SELECT 4"


# Cursors


def test_a_cursor_in_a_transaction_gives_its_rows_in_parts(server):
    async def work(connection):
        async with connection.transaction():
            statement = await connection.prepare("SELECT v FROM generate_series(1, $1::int4) t(v)")
            cursor = await statement.cursor(1000)
            parts = [len(await cursor.fetch(size)) for size in (1, 299, 600, 500, 10)]
            numbers = [row["v"] async for row in statement.cursor(77, prefetch=10)]
            return parts, numbers

    assert on(server, work) == ([1, 299, 600, 100, 0], list(range(1, 78)))


def test_two_cursors_of_one_transaction_do_not_disturb_each_other(server):
    async def work(connection):
        async with connection.transaction():
            one, two = await connection.cursor(SERIES), await connection.cursor(SERIES)
            found = []
            for _ in range(3):
                found += [(await one.fetchrow())["v"], (await two.fetch(2))[-1]["v"]]
                assert await connection.fetchval("SELECT 5") == 5
            return found

    assert on(server, work) == [1, 2, 2, 4, 3, 6]


def test_a_cursor_skips_forward(server):
    async def work(connection):
        async with connection.transaction():
            cursor = await connection.cursor(SERIES)
            skipped = await cursor.forward(990)
            return skipped, [row["v"] for row in await cursor.fetch(100)]

    assert on(server, work) == (990, list(range(991, 1001)))


# Transactions


@pytest.mark.parametrize("level", ["read_committed", "repeatable_read", "serializable"])
@pytest.mark.parametrize("readonly", [False, True])
def test_transactions_of_each_kind(level, readonly, server):
    async def work(connection):
        options = {"isolation": level, "readonly": readonly, "deferrable": level == "serializable"}
        async with connection.transaction(**options):
            assert connection.is_in_transaction()
            settings = await connection.fetchrow(
                "SELECT current_setting('transaction_isolation') AS level, "
                "current_setting('transaction_read_only') AS read_only"
            )
        assert not connection.is_in_transaction()
        return settings["level"].replace(" ", "_"), settings["read_only"]

    found = on(server, work)
    # Everything reads one snapshot per statement and writes nothing: read_only may always be on.
    assert found[0] == level and found[1] in (["on"] if readonly else ["on", "off"])


def test_an_inner_transaction_that_fails_is_rolled_back_alone(server):
    async def work(connection):
        async with connection.transaction():
            with pytest.raises(asyncpg.DivisionByZeroError):
                async with connection.transaction():
                    await connection.fetch("SELECT 1 / 0")
            async with connection.transaction():
                pass
            return await connection.fetchval("SELECT 7")

    assert on(server, work) == 7


# Pool


def test_a_pool_hands_out_clean_sessions(server):
    async def run():
        options = {"host": server.host, "port": server.port, "user": "lakegate"}
        async with asyncpg.create_pool(database="lake", min_size=1, max_size=1, **options) as pool:
            async with pool.acquire() as one:
                await one.execute("SET TimeZone = 'Asia/Tokyo'; SET search_path = gold")
            async with pool.acquire() as two:
                return await two.fetchval("SHOW TimeZone"), await two.fetchval("SHOW search_path")

    assert asyncio.run(run()) == ("UTC", '"$user", public')


def test_a_pool_answers_many_tasks(server):
    async def run():
        options = {"host": server.host, "port": server.port, "user": "lakegate"}
        async with asyncpg.create_pool(database="lake", min_size=2, max_size=4, **options) as pool:
            sql = "SELECT $1::int4 + count(*) FROM types"
            return await asyncio.gather(*(pool.fetchval(sql, n) for n in range(60)))

    assert asyncio.run(run()) == [n + 4 for n in range(60)]


# COPY


COPIES = {
    "text": {},
    "text with a delimiter": {"delimiter": "|", "null": "(none)"},
    "csv": {"format": "csv"},
    "csv with a header": {"format": "csv", "header": True},
    "csv, all quoted": {"format": "csv", "quote": "'", "escape": "'", "force_quote": True},
    "binary": {"format": "binary"},
}
# Of these PostgreSQL and Lakegate print the same text; single floats are told apart elsewhere.
COPIED = (
    'SELECT id, truth, small, whole, big, quad_word, floating, money, exact, "text", bytes, day, '
    "at, instant, clock, numbers, words FROM types ORDER BY id"
)


def copied(query, **options):
    async def work(connection):
        target = io.BytesIO()
        status = await connection.copy_from_query(query, output=target, **options)
        return status, target.getvalue()

    return work


@pytest.mark.parametrize("kind", COPIES)
def test_a_query_is_copied_byte_for_byte_as_by_postgres(kind, server, postgres):  # noqa: F811
    work = copied(COPIED, **COPIES[kind])
    assert on(server, work) == on(postgres, work)


def test_a_query_with_parameters_is_copied(server):
    async def work(connection):
        target = io.BytesIO()
        sql = "SELECT id, $2::text FROM types WHERE id > $1 ORDER BY id"
        await connection.copy_from_query(sql, 2, "a'b", output=target, format="csv")
        return target.getvalue()

    assert on(server, work) == b"3,a'b\n4,a'b\n"


def test_a_table_is_copied_by_its_columns(server):
    async def work(connection):
        target = io.BytesIO()
        status = await connection.copy_from_table(
            "types", schema_name="public", columns=["id", "truth"], output=target, format="csv"
        )
        return status, sorted(target.getvalue().split())

    assert on(server, work) == ("COPY 4", [b"1,t", b"2,f", b"3,t", b"4,"])


def test_a_copy_of_something_wrong_leaves_the_session_usable(server):
    async def work(connection):
        with pytest.raises(asyncpg.UndefinedColumnError):
            await connection.copy_from_query("SELECT missing FROM types", output=io.BytesIO())
        with pytest.raises(asyncpg.DivisionByZeroError):
            await connection.copy_from_query(
                "SELECT 1 / (v - 90000) FROM generate_series(1, 100000) t(v)", output=io.BytesIO()
            )
        return await connection.fetchval("SELECT 8")

    assert on(server, work) == 8


def test_records_into_a_table_of_the_lake_are_refused(server):
    async def work(connection):
        with pytest.raises(asyncpg.PostgresError) as error:
            await connection.copy_records_to_table("types", records=[(1,)], columns=["id"])
        return error.value.sqlstate, await connection.fetchval("SELECT 9")

    found = on(server, work)
    assert found[0] in ("0A000", "25006", "42501") and found[1] == 9


# Errors and ends


@pytest.mark.parametrize(
    "sql, error",
    [
        ("SELECT * FROM nowhere", asyncpg.UndefinedTableError),
        ("SELECT missing FROM types", asyncpg.UndefinedColumnError),
        ("SELECT missing(1)", asyncpg.UndefinedFunctionError),
        ("SELEC 1", asyncpg.PostgresSyntaxError),
        ("SELECT 1 / 0", asyncpg.DivisionByZeroError),
        ("SELECT 'x'::int4", asyncpg.InvalidTextRepresentationError),
        ("SET nothing_like_this = 1", asyncpg.UndefinedObjectError),
    ],
)
def test_errors_have_the_class_asyncpg_gives_postgres_errors(sql, error, server):
    async def work(connection):
        with pytest.raises(error):
            await connection.fetch(sql)
        return await connection.fetchval("SELECT 3")

    assert on(server, work) == 3


def test_a_time_out_of_the_client_cancels_its_query(server):
    async def work(connection):
        with pytest.raises(asyncio.TimeoutError):
            await connection.fetch(
                "SELECT sum(x) FROM generate_series(1, 1000000000000) a(x)", timeout=0.5
            )
        return await connection.fetchval("SELECT 4")

    assert on(server, work) == 4


# What it asks of the server


def test_settings_and_version(server):
    async def work(connection):
        settings = connection.get_settings()
        assert settings.server_encoding == "UTF8" and settings.TimeZone == "UTC"
        return connection.get_server_version()

    assert on(server, work)[0] >= 15


@pytest.mark.parametrize("name", ["json", "jsonb"])
def test_a_codec_of_the_users_own(name, server):
    async def work(connection):
        await connection.set_type_codec(
            name, schema="pg_catalog", encoder=repr, decoder=lambda text: ("decoded", text)
        )
        return await connection.fetchval(f"SELECT '[1]'::{name}")

    assert on(server, work) == ("decoded", "[1]")


def test_types_are_introspected(server, postgres):  # noqa: F811
    """The query that asyncpg runs for type OIDs it does not know."""
    async def work(connection):
        sql = asyncpg.introspection.INTRO_LOOKUP_TYPES
        rows = await connection._introspect_types([23, 1007, 3802], 10)
        assert sql
        return sorted((row["oid"], row["name"], row["kind"], row["elemtype"]) for row in rows[0])

    assert on(server, work) == on(postgres, work)


def test_reset_and_reload(server):
    async def work(connection):
        await connection.execute("SET TimeZone = 'Asia/Tokyo'")
        await connection.reset()
        await connection.reload_schema_state()
        return await connection.fetchval("SHOW TimeZone")

    assert on(server, work) == "UTC"


def test_the_values_of_the_sample_come_back(server):
    async def work(connection):
        return await connection.fetch("SELECT * FROM types ORDER BY id")

    rows = on(server, work)
    assert [row["text"] for row in rows] == [*sample.COLUMNS["text"][1], None]
    assert [row["numbers"] for row in rows] == [*sample.COLUMNS["numbers"][1], None]
