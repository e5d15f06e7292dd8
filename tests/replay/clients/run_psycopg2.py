"""psycopg2: parameters, server cursors, COPY, types of its own, async, errors."""

import contextlib
import datetime as dt
import decimal
import io
import sys
import uuid

import psycopg2
import psycopg2.extensions
import psycopg2.extras

connect = lambda **more: psycopg2.connect("", **more)  # noqa: E731


def attempt(action, *arguments):
    try:
        return action(*arguments)
    except psycopg2.Error as error:
        print(str(error).splitlines()[0], file=sys.stderr)


def read(connection):
    with connection.cursor() as cursor:
        for table in ("shop.customers", "shop.products", "shop.orders", "gold.order_totals"):
            cursor.execute(f"SELECT * FROM {table} ORDER BY 1")
            cursor.fetchall()
        values = [
            1, 2**40, 1.5, decimal.Decimal("12.50"), "O'Neil \\ é", True, None, b"\x00\xff",
            dt.date(2026, 1, 31), dt.datetime(2026, 1, 31, 10, 20, 30, 5),
            dt.datetime(2026, 1, 31, 10, tzinfo=dt.timezone.utc), dt.time(10, 20),
            dt.timedelta(days=1, seconds=3), [1, 2, None], ["a", "b,c"], [],
            psycopg2.extras.Json({"a": [1, None]}), float("nan"), float("inf"),
        ]
        for value in values:
            attempt(cursor.execute, "SELECT %s AS value", [value])
        cursor.execute("SELECT * FROM shop.orders WHERE status IN %s AND total BETWEEN %s AND %s "
                       "ORDER BY id", [("paid", "sent"), decimal.Decimal(100), 110.5])
        cursor.execute("SELECT name FROM shop.customers WHERE id = ANY(%s) ORDER BY id", [[1, 3]])
        cursor.execute("SELECT name FROM shop.customers WHERE name LIKE '%%n%%' ORDER BY 1")
        cursor.execute("SELECT count(*) FROM shop.orders WHERE ordered_at < %(at)s",
                       {"at": dt.datetime(2026, 1, 10)})
        cursor.executemany("SELECT %s", [[1], [2]])
        psycopg2.extras.execute_batch(cursor, "SELECT %s", [[1], [2], [3]], page_size=2)
        psycopg2.extras.execute_values(
            cursor, "SELECT * FROM (VALUES %s) AS v (a, b) ORDER BY 1", [(1, "x"), (2, "y")])
        attempt(cursor.callproc, "pg_catalog.lower", ["ABC"])
        cursor.mogrify("%s", [1])


def cursors(connection):
    with connection.cursor("named") as cursor:
        cursor.itersize = 7
        cursor.execute("SELECT * FROM shop.orders WHERE id > %s ORDER BY id", [5_000_000_002])
        list(cursor)
    with connection.cursor("scrolls", scrollable=True) as cursor:
        attempt(cursor.execute, "SELECT id FROM shop.orders ORDER BY id")
        attempt(cursor.fetchone)
        attempt(cursor.fetchmany, 3)
        attempt(cursor.scroll, 2)
        attempt(cursor.scroll, 0, "absolute")
        attempt(cursor.fetchall)
    connection.rollback()
    with connection.cursor("held", withhold=True) as cursor:
        attempt(cursor.execute, "SELECT id FROM shop.customers ORDER BY id")
        connection.commit()
        attempt(cursor.fetchmany, 2)
    connection.rollback()


def copies(connection):
    with connection.cursor() as cursor:
        out = io.StringIO()
        attempt(cursor.copy_expert, "COPY (SELECT * FROM shop.orders ORDER BY id) TO STDOUT", out)
        connection.rollback()
        attempt(cursor.copy_expert,
                "COPY (SELECT * FROM shop.products ORDER BY id) TO STDOUT WITH CSV HEADER", out)
        connection.rollback()
        cursor.execute("SET search_path TO shop")
        attempt(cursor.copy_to, out, "customers")
        connection.rollback()


def sessions():
    with contextlib.closing(connect()) as connection:
        connection.set_session(readonly=True, isolation_level="REPEATABLE READ")
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        connection.commit()
        connection.set_session(autocommit=True, readonly=False, isolation_level="DEFAULT")
        with connection.cursor() as cursor:
            for sql in ("SELECT 1", "SHOW transaction_read_only", "SET TIME ZONE 'Europe/Lisbon'",
                        "SELECT created_at FROM shop.customers ORDER BY id", "SELECT 1 / 0",
                        "SELECT nothing FROM shop.orders", "SELECT * FROM nothing.at_all",
                        "SELECT * FROM shop.nothing", "SELECT nothing()", "SELEC", "",
                        "SELECT 'x'::int", "SELECT 1; SELECT 2"):
                attempt(cursor.execute, sql)
        connection.set_client_encoding("LATIN1")
        with connection.cursor() as cursor:
            attempt(cursor.execute, "SELECT name FROM shop.customers WHERE id = 3")
        connection.reset()
    with connect(options="-c statement_timeout=100 -c search_path=shop") as connection:
        with connection.cursor() as cursor:
            attempt(cursor.execute, "SELECT count(*) FROM orders")
            attempt(cursor.execute, "SELECT pg_sleep(30)")
    with connect(application_name="replay") as connection:
        psycopg2.extensions.register_type(psycopg2.extensions.UNICODE, connection)
        psycopg2.extras.register_uuid(conn_or_curs=connection)
        attempt(psycopg2.extras.register_hstore, connection)
        psycopg2.extras.register_default_jsonb(connection)
        with connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
            cursor.execute("SELECT %s::uuid AS id", [uuid.UUID(int=1)])
            cursor.execute("SELECT attributes FROM shop.products ORDER BY id")
            cursor.fetchall()
        attempt(psycopg2.extras.register_composite, "shop.customers", connection)
        connection.rollback()
    with connect() as connection:
        attempt(connection.tpc_begin, connection.xid(1, "g", "b"))
        attempt(connection.tpc_rollback)


with connect() as connection:
    read(connection)
    connection.commit()
    cursors(connection)
    copies(connection)
sessions()
