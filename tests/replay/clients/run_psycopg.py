"""psycopg 3: text and binary, prepared statements, server cursors, pipelines, COPY, types."""

import datetime as dt
import decimal
import sys
import uuid

import psycopg
from psycopg.types import TypeInfo
from psycopg.types.composite import CompositeInfo
from psycopg.types.enum import EnumInfo
from psycopg.types.hstore import register_hstore  # noqa: F401
from psycopg.types.json import Json, Jsonb
from psycopg.types.range import RangeInfo

TABLES = ("shop.customers", "shop.products", "shop.orders", "shop.order_lines",
          "gold.daily_sales", "gold.order_totals")


def attempt(action, *arguments, **options):
    try:
        return action(*arguments, **options)
    except psycopg.Error as error:
        print(str(error).splitlines()[0], file=sys.stderr)


def read(connection, binary):
    values = [
        1, 2**40, 2**70, 1.5, decimal.Decimal("12.50"), "O'Neil \\ é", True, None, b"\x00\xff",
        dt.date(2026, 1, 31), dt.datetime(2026, 1, 31, 10, 20, 30, 5),
        dt.datetime(2026, 1, 31, 10, tzinfo=dt.timezone.utc), dt.time(10, 20),
        dt.timedelta(days=1, seconds=3), [1, 2, None], ["a", "b,c"], [1.5], [],
        Json({"a": [1]}), Jsonb({"a": [1]}), uuid.UUID(int=1), float("nan"), float("inf"),
    ]
    with connection.cursor(binary=binary) as cursor:
        for table in TABLES:
            attempt(cursor.execute, f"SELECT * FROM {table} ORDER BY 1, 2")
        for value in values:
            attempt(cursor.execute, "SELECT %s AS value", [value])
            attempt(cursor.execute, "SELECT %b AS value", [value])
        for day in range(1, 9):
            attempt(cursor.execute,
                    "SELECT * FROM shop.orders WHERE ordered_at > %s AND total < %s AND "
                    "status = ANY(%s) ORDER BY id",
                    [dt.datetime(2026, 1, day), decimal.Decimal(115), ["paid", "new"]])
        attempt(cursor.execute, "SELECT name FROM shop.customers WHERE id = %s", [3])
        attempt(cursor.execute, "SELECT name FROM shop.customers WHERE id = %s", ["3"])
        attempt(cursor.execute, "SELECT 1 AS x", prepare=True)
        attempt(cursor.executemany, "SELECT name FROM shop.customers WHERE id = %s",
                [[1], [2], [9]], returning=True)
        attempt(cursor.stream, "SELECT id FROM shop.orders ORDER BY id")
        attempt(lambda: list(cursor.stream("SELECT id FROM shop.orders ORDER BY id")))
        attempt(lambda: list(cursor.stream("SELECT nothing FROM shop.orders")))


def cursors(connection):
    def walk(cursor):
        cursor.execute("SELECT * FROM shop.orders WHERE id > %s ORDER BY id", [5_000_000_002])
        cursor.fetchone()
        cursor.fetchmany(4)
        cursor.itersize = 6
        list(cursor)

    for binary in (False, True):
        with connection.transaction(), connection.cursor(name="named", binary=binary) as cursor:
            attempt(walk, cursor)
    connection.rollback()

    def scroll(cursor):
        cursor.execute("SELECT id FROM shop.orders ORDER BY id")
        cursor.fetchmany(3)
        cursor.scroll(2)
        cursor.scroll(0, "absolute")
        cursor.fetchall()

    with connection.cursor(name="scrolls", scrollable=True) as cursor:
        attempt(scroll, cursor)
    connection.rollback()
    with connection.cursor(name="held", withhold=True) as cursor:
        attempt(cursor.execute, "SELECT id FROM shop.customers ORDER BY id")
        connection.commit()
        attempt(cursor.fetchmany, 2)
    connection.rollback()


def copies(connection):
    def rows(sql, types=None):
        with connection.cursor() as cursor, cursor.copy(sql) as copy:
            if types:
                copy.set_types(types)
            list(copy.rows())

    def data(sql):
        with connection.cursor() as cursor, cursor.copy(sql) as copy:
            list(copy)

    for table in TABLES:
        attempt(rows, f"COPY (SELECT * FROM {table} ORDER BY 1, 2) TO STDOUT")
        attempt(data, f"COPY (SELECT * FROM {table} ORDER BY 1, 2) TO STDOUT (FORMAT BINARY)")
        attempt(data, f"COPY (SELECT * FROM {table} ORDER BY 1, 2) TO STDOUT (FORMAT CSV, HEADER)")
    attempt(data, "COPY shop.orders TO STDOUT")
    attempt(data, "COPY shop.orders (id, note) TO STDOUT WITH (NULL '', DELIMITER '|')")
    attempt(data, "COPY shop.nothing TO STDOUT")
    attempt(data, "COPY (SELECT 1 / 0) TO STDOUT")


def pipelines(connection):
    with attempt_pipeline(connection):
        first = connection.execute("SELECT 1")
        second = connection.execute("SELECT name FROM shop.customers WHERE id = %s", [1])
        third = connection.execute("SELECT count(*) FROM shop.orders")
        first.fetchone(), second.fetchone(), third.fetchone()
    try:
        with connection.pipeline():
            connection.execute("SELECT 1")
            connection.execute("SELECT nothing")
            connection.execute("SELECT 2")
    except psycopg.Error as error:
        print(str(error).splitlines()[0], file=sys.stderr)
    connection.execute("SELECT 3")


def attempt_pipeline(connection):
    return connection.pipeline()


def transactions(connection):
    with connection.transaction():
        connection.execute("SELECT 1")
        try:
            with connection.transaction("inner"):
                connection.execute("SELECT nothing")
        except psycopg.Error:
            pass
        with connection.transaction():
            connection.execute("SELECT 2")
    for level in psycopg.IsolationLevel:
        connection.isolation_level = level
        connection.read_only = True
        connection.deferrable = level == psycopg.IsolationLevel.SERIALIZABLE
        with connection.transaction():
            connection.execute("SELECT count(*) FROM shop.orders")
    connection.isolation_level = connection.read_only = connection.deferrable = None
    with connection.transaction(force_rollback=True):
        connection.execute("SELECT 3")


def types(connection):
    for name in ("text", "jsonb", "hstore", "shop.customers", "int4range"):
        attempt(TypeInfo.fetch, connection, name)
    attempt(CompositeInfo.fetch, connection, "shop.customers")
    attempt(EnumInfo.fetch, connection, "nothing")
    attempt(RangeInfo.fetch, connection, "int4range")
    attempt(TypeInfo.fetch, connection, psycopg.sql.Identifier("shop", "orders"))


with psycopg.connect("", autocommit=True) as connection:
    for binary in (False, True):
        read(connection, binary)
    copies(connection)
    pipelines(connection)
    transactions(connection)
    types(connection)
    attempt(connection.notifies, timeout=0)
with psycopg.connect("") as connection:
    cursors(connection)
with psycopg.connect("", prepare_threshold=0) as connection:
    for number in (1, 2):
        connection.execute("SELECT name FROM shop.customers WHERE id = %s", [number])
    connection.commit()
    connection.execute("DEALLOCATE ALL")
with psycopg.connect("", cursor_factory=psycopg.ClientCursor, autocommit=True) as connection:
    read(connection, False)
with psycopg.connect("", cursor_factory=psycopg.RawCursor, autocommit=True) as connection:
    attempt(connection.execute,
            "SELECT $1::int + $2::int, $1::text FROM shop.customers WHERE id = $1", [1, 2])
    attempt(connection.execute, "SELECT $1 || 'x', $2 + 1", ["a", 2])
