"""asyncpg: always binary, statements with names, introspection of what it does not know, a pool."""

import asyncio
import datetime as dt
import decimal
import io
import sys
import uuid

import asyncpg

TABLES = ("shop.customers", "shop.products", "shop.orders", "shop.order_lines",
          "gold.daily_sales", "gold.order_totals")


async def attempt(awaitable):
    try:
        return await awaitable
    except (asyncpg.PostgresError, asyncpg.InterfaceError, ValueError, TimeoutError) as error:
        print(str(error)[:99], file=sys.stderr)


async def read(connection):
    for table in TABLES:
        await attempt(connection.fetch(f"SELECT * FROM {table} ORDER BY 1, 2"))
    await attempt(connection.fetchrow("SELECT * FROM shop.customers WHERE id = $1", 1))
    await attempt(connection.fetchval("SELECT count(*) FROM shop.orders WHERE total > $1",
                                      decimal.Decimal("105.5")))
    await attempt(connection.fetch(
        "SELECT id FROM shop.orders WHERE status = ANY($1::text[]) AND ordered_at > $2 "
        "AND (shipped_on > $3 OR $3 IS NULL) ORDER BY id LIMIT $4",
        ["paid", "sent"], dt.datetime(2026, 1, 5), dt.date(2026, 2, 3), 5))
    for type, value in [
        ("int2", 1), ("int4", 1), ("int8", 2**40), ("float4", 1.5), ("float8", 0.1),
        ("numeric", decimal.Decimal("12.50")), ("text", "é'\\"), ("varchar", "x"), ("bool", True),
        ("date", dt.date(2026, 1, 31)), ("timestamp", dt.datetime(2026, 1, 31, 10)),
        ("timestamptz", dt.datetime(2026, 1, 31, tzinfo=dt.timezone.utc)), ("time", dt.time(1)),
        ("interval", dt.timedelta(days=1, seconds=2)), ("bytea", b"\x00\xff"),
        ("uuid", uuid.UUID(int=1)), ("jsonb", '{"a": 1}'), ("json", '{"a": 1}'), ("oid", 1),
        ("int4[]", [1, None]), ("text[]", ["a"]), ("numeric[]", [decimal.Decimal(1)]),
        ("date[]", []), ("name", "x"), ('"char"', b"x"), ("bpchar", "x"),
    ]:
        await attempt(connection.fetchval(f"SELECT $1::{type}", value))
    for sql in ("SELECT nothing", "SELECT 1 / 0", "SELEC", "SELECT * FROM shop.nothing",
                "SELECT 1 AS a, 2 AS a", "SELECT NULL", "SELECT 'x'", "SELECT now() IS NOT NULL",
                "SELECT ARRAY[1,2], ARRAY['a']", "SELECT (1, 'x')", "SELECT '{1}'::int[]"):
        await attempt(connection.fetch(sql))
    await attempt(connection.execute("SELECT 1; SELECT 2"))
    await attempt(connection.executemany("SELECT $1::int", [(1,), (2,)]))
    if hasattr(connection, "fetchmany"):
        await attempt(connection.fetchmany("SELECT $1::int", [(1,), (2,)]))


async def prepared(connection):
    statement = await connection.prepare("SELECT * FROM shop.orders WHERE id > $1 ORDER BY id")
    statement.get_parameters(), statement.get_attributes()
    await attempt(statement.fetch(5_000_000_010))
    await attempt(statement.fetchval(5_000_000_010))
    await attempt(statement.explain(5_000_000_010))
    async with connection.transaction():
        async for _ in statement.cursor(5_000_000_001, prefetch=6):
            pass
        cursor = await connection.cursor("SELECT id FROM shop.orders ORDER BY id")
        await attempt(cursor.fetch(3))
        await attempt(cursor.forward(2))
        await attempt(cursor.fetchrow())


async def copies(connection):
    for options in ({}, {"format": "binary"}, {"format": "csv", "header": True}):
        await attempt(connection.copy_from_query(
            "SELECT * FROM shop.orders WHERE id > $1 ORDER BY id", 5_000_000_015,
            output=io.BytesIO(), **options))
        await attempt(connection.copy_from_table(
            "customers", schema_name="shop", columns=["id", "name"], output=io.BytesIO(),
            **options))


async def transactions(connection):
    for level in ("read_committed", "repeatable_read", "serializable"):
        async with connection.transaction(isolation=level, readonly=True):
            await connection.fetch("SELECT 1")
    try:
        async with connection.transaction():
            await connection.fetch("SELECT 1")
            try:
                async with connection.transaction():
                    await connection.fetch("SELECT nothing")
            except asyncpg.PostgresError:
                pass
            await connection.fetch("SELECT 2")
            await connection.fetch("SELECT 1 / 0")
    except asyncpg.PostgresError:
        pass


async def introspection(connection):
    await attempt(connection.fetch("SELECT c FROM shop.customers c ORDER BY id"))
    await attempt(connection.fetch("SELECT table_name, column_name, data_type, is_nullable, "
                                   "ordinal_position FROM information_schema.columns "
                                   "WHERE table_schema = $1 ORDER BY 1, 5", "shop"))
    await attempt(connection.set_type_codec(
        "jsonb", encoder=str, decoder=str, schema="pg_catalog"))
    await attempt(connection.fetch("SELECT attributes FROM shop.products ORDER BY id"))
    await attempt(connection.set_builtin_type_codec("hstore", codec_name="pg_contrib.hstore"))
    await connection.reload_schema_state()
    await attempt(connection.fetch("SELECT * FROM pg_catalog.pg_class WHERE relname = 'orders'"))
    await attempt(connection.fetch("SELECT * FROM pg_catalog.pg_type WHERE typname = 'int4'"))


async def pool():
    async with asyncpg.create_pool(min_size=1, max_size=2) as connections:
        for _ in range(2):
            async with connections.acquire() as connection:
                await connection.fetchval("SELECT count(*) FROM shop.customers")
        async with connections.acquire() as connection:
            await attempt(asyncio.wait_for(connection.fetch("SELECT pg_sleep(60)"), 0.5))


async def main():
    connection = await asyncpg.connect()
    for step in (read, prepared, copies, transactions, introspection):
        await step(connection)
    connection.get_settings(), connection.get_server_version()
    await connection.close()
    other = await asyncpg.connect(statement_cache_size=0, server_settings={
        "search_path": "shop", "application_name": "replay", "jit": "off"})
    await attempt(other.fetch("SELECT count(*) FROM orders WHERE id > $1", 1))
    await attempt(other.fetch("SELECT pg_sleep(60)", timeout=0.5))
    await other.close()
    try:
        await pool()
    except (asyncio.TimeoutError, TimeoutError):
        pass


asyncio.run(main())
