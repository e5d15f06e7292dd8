"""ADBC's PostgreSQL driver: each query without parameters is a COPY … TO STDOUT (FORMAT binary)."""

import contextlib
import datetime as dt
import decimal
import math
import threading

import adbc_driver_manager
import adbc_driver_postgresql.dbapi as adbc
import pyarrow as pa
import pytest

from adbc_calls import run_batch
from postgres import TYPES, postgres  # noqa: F401
from gateway import MIB, Memory
from sample import STREAM_ROWS

COMPARED = ", ".join(f'"{name}"' for name in TYPES)


def opened(peer, **options):
    return adbc.connect(peer.dsn, autocommit=True, **options)


@pytest.fixture
def session(server):
    with opened(server) as connection:
        yield connection


def fetched(peer, query, parameters=None):
    with opened(peer) as connection, connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.fetch_arrow_table()


def values(table):
    """By column, as names may repeat; NaN is equal to itself."""
    return [
        ["NaN" if isinstance(value, float) and math.isnan(value) else value for value in column]
        for column in (column.to_pylist() for column in table.columns)
    ]


@pytest.mark.parametrize("column", TYPES)
def test_a_column_has_the_type_and_rows_postgres_gives_it(column, server, postgres):  # noqa: F811
    query = f'SELECT "{column}" FROM types ORDER BY id'
    mine, theirs = fetched(server, query), fetched(postgres, query)
    assert mine.schema == theirs.schema
    assert values(mine) == values(theirs)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1, 'a', NULL, 1.5, true, current_date IS NULL",
        "SELECT count(*), sum(whole), avg(floating), min(day), max(text) FROM types WHERE id < 3",
        "SELECT id, row_number() OVER (ORDER BY id) FROM types ORDER BY id",
        "WITH w AS (SELECT id FROM types) SELECT * FROM w ORDER BY id",
        "VALUES (1, 'a'), (2, 'b')",
        "SELECT * FROM types WHERE false",
        "SELECT interval '1 day 2 hours', '00112233-4455-6677-8899-aabbccddeeff'::uuid",
        "SELECT '{\"a\": 1}'::jsonb, '[1]'::json",
        "SELECT 1 AS a, 2 AS a",
    ],
)
def test_queries_give_the_arrow_tables_of_postgres(query, server, postgres):  # noqa: F811
    mine, theirs = fetched(server, query), fetched(postgres, query)
    assert mine.schema == theirs.schema and values(mine) == values(theirs)


def test_adbc_parameters(server, postgres):  # noqa: F811
    query = "SELECT id, $2::text AS word FROM types WHERE id > $1 ORDER BY id"
    mine, theirs = fetched(server, query, (2, "x")), fetched(postgres, query, (2, "x"))
    assert mine.to_pylist() == theirs.to_pylist()
    assert mine.to_pylist() == [{"id": 3, "word": "x"}, {"id": 4, "word": "x"}]


def test_many_parameters_bound_as_a_batch(session):
    with session.cursor() as cursor:
        table = run_batch(cursor, "SELECT $1::int8 * 2 AS double", {"a": [1, 2, 3]})
    assert table.column(0).to_pylist() == [2, 4, 6]


def test_adbc_parameters_of_each_type(session):
    values = [
        True, 2**40, 0.5, "é'", b"\0\xff", dt.date(2024, 2, 29), dt.time(1, 2, 3, 4),
        dt.datetime(2024, 2, 29, 1, 2, 3, 4), decimal.Decimal("1.5"),
    ]
    kinds = ["bool", "int8", "float8", "text", "bytea", "date", "time", "timestamp", "numeric"]
    with session.cursor() as cursor:
        for kind, value in zip(kinds, values, strict=True):
            cursor.execute(f"SELECT $1::{kind}", (value,))
            # ADBC gives numeric as text, to keep every digit.
            found = cursor.fetchone()[0]
            assert found == (str(value) if kind == "numeric" else value), kind


def test_numeric_keeps_every_digit(server):
    table = fetched(server, "SELECT exact FROM types ORDER BY id")
    assert table.column(0).to_pylist()[0] == "9999999999999999999999999999.9999999999"


def test_the_schema_of_a_query_without_running_it(session):
    with session.cursor() as cursor:
        schema = cursor.adbc_execute_schema("SELECT id, text, day FROM types")
    assert [(field.name, str(field.type)) for field in schema] == [
        ("id", "int32"), ("text", "string"), ("day", "date32[day]"),
    ]


def test_the_schema_of_a_prepared_statement(session):
    with session.cursor() as cursor:
        schema = cursor.adbc_prepare("SELECT id FROM types WHERE id > $1 AND text = $2")
    assert [str(field.type) for field in schema] == ["int32", "string"]


def test_the_schema_of_a_table(server, postgres):  # noqa: F811
    def schema(peer):
        with opened(peer) as connection:
            return connection.adbc_get_table_schema("types", db_schema_filter="public")

    mine, theirs = schema(server), schema(postgres)
    assert [(f.name, f.type) for f in mine] == [(f.name, f.type) for f in theirs]


def test_a_table_that_is_not_there_has_no_schema(session):
    with pytest.raises(adbc_driver_manager.Error):
        session.adbc_get_table_schema("nowhere")


DEPTHS = ["catalogs", "db_schemas", "tables", "all"]


@pytest.mark.parametrize("depth", DEPTHS)
def test_objects_are_listed_as_by_postgres(depth, server, postgres):  # noqa: F811
    def objects(peer):
        with opened(peer) as connection:
            return connection.adbc_get_objects(
                depth=depth, catalog_filter="lake", db_schema_filter="public",
                table_name_filter="types",
            ).read_all().to_pylist()

    mine, theirs = objects(server), objects(postgres)
    assert mine == theirs and mine[0]["catalog_name"] == "lake"


def test_all_objects_of_the_lake(session):
    found = session.adbc_get_objects(depth="all", catalog_filter="lake").read_all().to_pylist()
    tables = {
        (schema["db_schema_name"], table["table_name"])
        for catalog in found for schema in catalog["catalog_db_schemas"]
        for table in schema["db_schema_tables"]
    }
    assert ("public", "types") in tables and ("gold", "customers_credit") in tables


def test_table_types_and_info(session):
    assert {"table", "view"} <= set(session.adbc_get_table_types())
    info = session.adbc_get_info()
    assert info["vendor_name"] == "PostgreSQL" and info["vendor_version"]


def test_a_current_schema_is_set_and_told(session):
    # The schema called like the user comes first on the path.
    assert session.adbc_current_db_schema == "lakegate"
    assert session.adbc_current_catalog == "lake"
    session.adbc_current_db_schema = "gold"
    assert session.adbc_current_db_schema == "gold"
    with session.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM customers_credit")
        assert cursor.fetchone()[0] > 0


def test_adbc_transactions(server):
    with adbc.connect(server.dsn) as connection:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM types")
            assert cursor.fetchone() == (4,)
        connection.commit()
        with contextlib.suppress(adbc_driver_manager.Error), connection.cursor() as cursor:
            cursor.execute("SELECT * FROM nowhere")
        connection.rollback()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            assert cursor.fetchone() == (1,)


@pytest.mark.parametrize(
    "query, code",
    [("SELECT * FROM nowhere", "42P01"), ("SELECT missing FROM types", "42703"),
     ("SELECT 1 / 0", "22012"), ("SELEC 1", "42601")],
)
def test_adbc_errors_have_their_sqlstate(query, code, session):
    with pytest.raises(adbc_driver_manager.Error) as error, session.cursor() as cursor:
        cursor.execute(query)
        cursor.fetchall()
    assert error.value.sqlstate == code
    with session.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)


def test_an_ingestion_is_refused_and_the_session_lives_on(session):
    with pytest.raises(adbc_driver_manager.Error), session.cursor() as cursor:
        cursor.adbc_ingest("new_table", pa.table({"a": [1]}), mode="create")
    with session.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)


def test_a_big_result_streams(stream_server):
    rows = total = 0
    with opened(stream_server) as connection, connection.cursor() as cursor:
        with Memory(stream_server) as memory:
            cursor.execute("SELECT id, name, amount, at FROM long")
            for batch in cursor.fetch_record_batch():
                rows += batch.num_rows
                total += sum(batch.column(0).to_pylist()[:1])
    assert rows == STREAM_ROWS and total >= 0
    assert memory.growth_bytes < 512 * MIB


def test_adbc_cancels_a_query(session):
    with session.cursor() as cursor:
        timer = threading.Timer(0.5, cursor.adbc_cancel)
        timer.start()
        with pytest.raises(adbc_driver_manager.Error):
            cursor.execute("SELECT sum(x) FROM generate_series(1, 1000000000000) a(x)")
            cursor.fetchall()
        timer.join()
    with session.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
