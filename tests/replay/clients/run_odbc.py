"""psqlODBC through pyodbc: the catalog functions, parameters, cursors by DECLARE and FETCH."""

import datetime as dt
import decimal
import sys

import pyodbc

BASE = f"DRIVER={{PostgreSQL Unicode}};SERVER=127.0.0.1;PORT={sys.argv[1]};DATABASE=lake;" \
       "UID=lakegate;"
OPTIONS = [
    "", "UseDeclareFetch=1;Fetch=7;", "UseServerSidePrepare=0;", "ShowSystemTables=1;",
    "BoolsAsChar=0;MaxVarcharSize=4000;", "Protocol=7.4-2;", "ShowOidColumn=1;RowVersioning=1;",
]
TABLES = [("shop", "customers"), ("shop", "products"), ("shop", "orders"), ("shop", "order_lines"),
          ("gold", "daily_sales"), ("gold", "order_totals"), ("shop", "nothing")]


def attempt(action, *arguments, **options):
    try:
        found = action(*arguments, **options)
        return found.fetchall() if isinstance(found, pyodbc.Cursor) else found
    except pyodbc.Error as error:
        print(str(error)[:150], file=sys.stderr)


def catalog(cursor):
    for more in ({}, {"schema": "shop"}, {"schema": "%", "tableType": "TABLE,VIEW"},
                 {"catalog": "%", "schema": "", "table": ""},
                 {"catalog": "", "schema": "%", "table": ""},
                 {"catalog": "", "schema": "", "table": "", "tableType": "%"},
                 {"table": "ord%"}, {"catalog": "lake", "schema": "gold", "tableType": "'VIEW'"}):
        attempt(cursor.tables, **more)
    for schema, table in TABLES:
        attempt(cursor.columns, schema=schema, table=table)
        attempt(cursor.primaryKeys, schema=schema, table=table)
        attempt(cursor.foreignKeys, schema=schema, table=table)
        attempt(cursor.foreignKeys, foreignSchema=schema, foreignTable=table)
        attempt(cursor.statistics, table, schema=schema)
        attempt(cursor.statistics, table, schema=schema, unique=True)
        attempt(cursor.rowIdColumns, table, schema=schema)
        attempt(cursor.rowVerColumns, table, schema=schema)
    attempt(cursor.columns, schema="shop")
    attempt(cursor.columns)
    attempt(cursor.columns, schema="shop", table="orders", column="i%")
    attempt(cursor.procedures)
    attempt(cursor.procedures, schema="shop")
    attempt(cursor.procedureColumns, schema="shop")
    attempt(cursor.getTypeInfo)


def read(connection):
    cursor = connection.cursor()
    for schema, table in TABLES:
        attempt(cursor.execute, f"SELECT * FROM {schema}.{table} ORDER BY 1, 2")
    for value in (1, 2**40, 1.5, decimal.Decimal("12.50"), "é'\\", True, None, b"\x00\xff",
                  dt.date(2026, 1, 31), dt.datetime(2026, 1, 31, 10, 20, 30), dt.time(10, 20)):
        attempt(cursor.execute, "SELECT ? AS value", value)
    attempt(cursor.execute, "SELECT id, total FROM shop.orders WHERE id > ? AND status = ? AND "
                            "ordered_at > ? ORDER BY id", 5_000_000_003, "paid",
            dt.datetime(2026, 1, 3))
    attempt(cursor.execute, "SELECT name FROM shop.customers WHERE born < ? AND active = ?",
            dt.date(1990, 1, 1), True)
    attempt(cursor.execute, "SELECT {fn UCASE(name)}, {fn CURDATE()} IS NOT NULL, "
                            "{d '2026-01-31'} FROM shop.customers ORDER BY 1")
    for bad in ("SELECT nothing", "SELEC", "SELECT * FROM nothing", "SELECT 1 / 0"):
        attempt(cursor.execute, bad)
    connection.rollback()
    attempt(cursor.execute, "SELECT count(*) FROM shop.orders")
    connection.commit()
    connection.autocommit = True
    attempt(cursor.execute, "SELECT id FROM shop.orders ORDER BY id")
    for info in (pyodbc.SQL_DBMS_VER, pyodbc.SQL_DATABASE_NAME, pyodbc.SQL_USER_NAME,
                 pyodbc.SQL_DEFAULT_TXN_ISOLATION, pyodbc.SQL_KEYWORDS,
                 pyodbc.SQL_MAX_TABLE_NAME_LEN):
        attempt(connection.getinfo, info)


for option in OPTIONS:
    with pyodbc.connect(BASE + option) as connection:
        catalog(connection.cursor())
        read(connection)
