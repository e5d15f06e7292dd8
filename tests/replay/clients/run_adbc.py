"""ADBC's PostgreSQL driver: objects, schemas, statistics, results as COPY, parameters."""

import sys

import adbc_driver_manager
import adbc_driver_postgresql.dbapi
import pyarrow

TABLES = [("shop", "customers"), ("shop", "products"), ("shop", "orders"), ("shop", "order_lines"),
          ("gold", "daily_sales"), ("gold", "order_totals"), ("shop", "nothing")]
URI = f"postgresql://lakegate@127.0.0.1:{sys.argv[1]}/lake"


def attempt(action, *arguments, **options):
    try:
        found = action(*arguments, **options)
        return found.read_all() if hasattr(found, "read_all") else found
    except (adbc_driver_manager.Error, pyarrow.ArrowException) as error:
        print(str(error)[:150], file=sys.stderr)


def fetch(cursor, sql, parameters=None):
    def run():
        cursor.execute(sql, parameters)
        cursor.fetch_arrow_table()
    attempt(run)


with adbc_driver_postgresql.dbapi.connect(URI) as connection:
    for depth in ("catalogs", "db_schemas", "tables", "columns", "all"):
        attempt(connection.adbc_get_objects, depth=depth)
        attempt(connection.adbc_get_objects, depth=depth, catalog_filter="lake",
                db_schema_filter="shop", table_name_filter="ord%", column_name_filter="%id")
    attempt(connection.adbc_get_objects, depth="all", table_types_filter=["table", "view"])
    for schema, table in TABLES:
        attempt(connection.adbc_get_table_schema, table, db_schema_filter=schema)
        connection.rollback()
    attempt(connection.adbc_get_table_types)
    attempt(connection.adbc_get_info)
    attempt(connection.adbc_get_statistics, db_schema_filter="shop", approximate=True)
    attempt(connection.adbc_get_statistic_names)
    attempt(lambda: connection.adbc_current_catalog)
    attempt(lambda: connection.adbc_current_db_schema)
    connection.adbc_current_db_schema = "shop"
    with connection.cursor() as cursor:
        fetch(cursor, "SELECT count(*) FROM orders")
    connection.rollback()

with adbc_driver_postgresql.dbapi.connect(URI, autocommit=True) as connection:
    with connection.cursor() as cursor:
        for schema, table in TABLES:
            fetch(cursor, f"SELECT * FROM {schema}.{table} ORDER BY 1, 2")
            attempt(cursor.adbc_execute_schema, f"SELECT * FROM {schema}.{table}")
        for parameters in ([1], [2], [None]):
            fetch(cursor, "SELECT name FROM shop.customers WHERE id = $1", parameters)
        fetch(cursor, "SELECT id FROM shop.orders WHERE status = $1 AND total > $2 ORDER BY id",
              ["paid", 105.5])
        attempt(cursor.adbc_prepare, "SELECT name FROM shop.customers WHERE id = $1")
        attempt(cursor.executemany, "SELECT $1::int", [(1,), (2,)])
        for bad in ("SELECT nothing", "SELEC", "SELECT 1 / 0"):
            fetch(cursor, bad)
        fetch(cursor, "SELECT 1::int2 AS a, 'x' AS b, now() IS NULL AS c, ARRAY[1, NULL] AS d, "
                      "NULL AS e, interval '1 day' AS f, '10:20'::time AS g, 1.50 AS h")
        cursor.adbc_statement.set_options(**{"adbc.postgresql.use_copy": "false"})
        fetch(cursor, "SELECT * FROM shop.orders ORDER BY id")
        fetch(cursor, "SHOW server_version")
