"""Flight SQL by ADBC's driver, which Python's data tools use."""

import decimal
import subprocess
import threading

import adbc_driver_flightsql
import adbc_driver_flightsql.dbapi as adbc
import adbc_driver_manager
import pyarrow as pa
import pytest

import sample
from adbc_calls import run_batch
from gateway import MIB, Gateway, Memory

SETTINGS = ["flight.listen=127.0.0.1:0"]
OPTIONS = adbc_driver_flightsql.DatabaseOptions


@pytest.fixture(scope="module")
def port(demo_lake, types_file):
    with Gateway(demo_lake, tables={"types": types_file}, settings=SETTINGS) as gateway:
        yield gateway.flight_port


def opened(port, user="ana", autocommit=True, **options):
    options = {"username": user, "password": "", **options}
    return adbc.connect(f"grpc://127.0.0.1:{port}", db_kwargs=options, autocommit=autocommit)


@pytest.fixture
def session(port):
    with opened(port) as connection:
        yield connection


def fetched(connection, query, parameters=None):
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.fetch_arrow_table()


def refused(connection, query, parameters=None):
    with pytest.raises(adbc_driver_manager.Error) as error:
        fetched(connection, query, parameters)
    return error.value


@pytest.mark.parametrize("column", sample.COLUMNS)
def test_every_type_arrives_as_arrow_has_it(column, session):
    found = fetched(session, f'SELECT "{column}" FROM types ORDER BY id')
    written = sample.table().column(column)
    # Large texts and dictionaries become plain texts; milliseconds are read as microseconds.
    expected = {"large_text": pa.string(), "word_of_few": pa.string(), "at_ms": pa.timestamp("us")}
    assert found.column(0).type == expected.get(column, written.type)
    assert str(found.column(0).to_pylist()) == str(written.to_pylist())


def test_a_user_is_not_needed_where_anyone_is_trusted(port):
    with adbc.connect(f"grpc://127.0.0.1:{port}", autocommit=True) as connection:
        assert fetched(connection, "SELECT current_user").to_pylist() == [{"current_user": "anonymous"}]


def test_the_user_is_the_one_who_logged_in(session):
    assert fetched(session, "SELECT current_user").column(0).to_pylist() == ["ana"]


def test_an_empty_result_has_its_schema(session):
    table = fetched(session, "SELECT id, text FROM types WHERE false")
    assert table.num_rows == 0 and table.schema.names == ["id", "text"]


def test_names_may_repeat(session):
    assert fetched(session, "SELECT 1 AS a, 2 AS a").schema.names == ["a", "a"]


def test_the_schema_without_running(session):
    with session.cursor() as cursor:
        schema = cursor.adbc_execute_schema("SELECT id, text, day FROM types")
    assert [(f.name, str(f.type)) for f in schema] == [
        ("id", "int32"), ("text", "string"), ("day", "date32[day]"),
    ]


def test_parameters(session):
    query = "SELECT id, $2::text AS word FROM types WHERE id > $1 ORDER BY id"
    assert fetched(session, query, (2, "x")).to_pylist() == [
        {"id": 3, "word": "x"}, {"id": 4, "word": "x"},
    ]


def test_a_statement_is_prepared_once_and_bound_often(session):
    with session.cursor() as cursor:
        schema = cursor.adbc_prepare("SELECT $1::int8 * 2 AS double")
        assert [str(field.type) for field in schema] == ["int64"]
        for number in (1, 2, 3):
            cursor.execute("SELECT $1::int8 * 2 AS double", (number,))
            assert cursor.fetchone() == (number * 2,)


def test_a_batch_of_parameters_runs_the_statement_for_each_row(session):
    with session.cursor() as cursor:
        table = run_batch(cursor, "SELECT $1::int8 * 2 AS double", {"a": [1, 2, 3]})
    assert table.column(0).to_pylist() == [2, 4, 6]


def test_bad_bindings_say_what_is_wrong(session):
    error = refused(session, "SELECT $1::int4", ("many",))
    assert "parameter $1 cannot become Int32" in str(error)
    assert "2 parameters, and 1 are bound" in str(refused(session, "SELECT $1::int4 + $2::int4", (1,)))
    assert "1 parameters, and 0 are bound" in str(refused(session, "SELECT $1::int4"))
    assert fetched(session, "SELECT 1").num_rows == 1


@pytest.mark.parametrize(
    "query, kind, text",
    [
        ("SELECT * FROM nowhere", adbc_driver_manager.ProgrammingError, "nowhere"),
        ("SELECT missing FROM types", adbc_driver_manager.ProgrammingError, "missing"),
        ("SELEC 1", adbc_driver_manager.ProgrammingError, "SELEC"),
        ("SELECT 1 / (id - 1) FROM types", adbc_driver_manager.Error, "division by zero"),
        ("INSERT INTO types VALUES (1)", adbc_driver_manager.NotSupportedError, "not supported"),
        ("DECLARE c CURSOR FOR SELECT 1", adbc_driver_manager.NotSupportedError, "not supported"),
        ("SELECT 1; SELECT 2", adbc_driver_manager.ProgrammingError, "one at a time"),
        ("-- nothing", adbc_driver_manager.ProgrammingError, "no statement"),
    ],
)
def test_errors_have_a_kind_and_a_message(query, kind, text, session):
    error = refused(session, query)
    assert isinstance(error, kind) and text in str(error)
    assert fetched(session, "SELECT 1").num_rows == 1


def test_an_ingestion_is_refused(session):
    with pytest.raises(adbc_driver_manager.NotSupportedError), session.cursor() as cursor:
        cursor.adbc_ingest("new_table", pa.table({"a": [1]}), mode="create")
    assert fetched(session, "SELECT 1").num_rows == 1


def test_settings_belong_to_a_session(port, session):
    with session.cursor() as cursor:
        cursor.execute("SET TimeZone TO 'America/Sao_Paulo'")
        cursor.fetchall()
    shown = fetched(session, "SHOW TimeZone").column(0).to_pylist()
    with opened(port) as other:
        assert fetched(other, "SHOW TimeZone").column(0).to_pylist() == ["UTC"]
    assert shown == ["America/Sao_Paulo"]


def test_a_current_schema_is_set_and_told(session):
    session.adbc_current_db_schema = "gold"
    assert session.adbc_current_db_schema == "gold"
    assert session.adbc_current_catalog == "lake"
    assert fetched(session, "SELECT count(*) FROM customers_credit").column(0)[0].as_py() > 0


def test_transactions(port):
    with opened(port, autocommit=False) as connection:
        assert fetched(connection, "SELECT count(*) FROM types").column(0).to_pylist() == [4]
        connection.commit()
        refused(connection, "SELECT * FROM nowhere")
        assert "aborted" in str(refused(connection, "SELECT 1"))
        connection.rollback()
        assert fetched(connection, "SELECT 1").num_rows == 1


def test_objects(session):
    found = session.adbc_get_objects(depth="all", catalog_filter="lake").read_all().to_pylist()
    tables = {
        (schema["db_schema_name"], table["table_name"], table["table_type"]): table
        for catalog in found for schema in catalog["catalog_db_schemas"]
        for table in schema["db_schema_tables"]
    }
    assert ("gold", "customers_credit", "VIEW") in tables
    columns = tables["public", "types", "TABLE"]["table_columns"]
    assert [column["column_name"] for column in columns] == list(sample.COLUMNS)


def test_objects_are_filtered(session):
    found = session.adbc_get_objects(
        depth="tables", db_schema_filter="go%", table_name_filter="customers\\_credit",
        table_types_filter=["VIEW"],
    ).read_all().to_pylist()
    schemas = found[0]["catalog_db_schemas"]
    assert [schema["db_schema_name"] for schema in schemas] == ["gold"]
    assert [table["table_name"] for table in schemas[0]["db_schema_tables"]] == ["customers_credit"]


def test_the_schema_of_a_table(session):
    schema = session.adbc_get_table_schema("types", db_schema_filter="public")
    assert schema.names == list(sample.COLUMNS)
    assert schema.field("money").type == pa.decimal128(9, 2)
    assert schema.field("numbers").type == pa.list_(pa.int32())
    with pytest.raises(adbc_driver_manager.Error):
        session.adbc_get_table_schema("nowhere")


def test_table_types_and_info(session):
    assert {"TABLE", "VIEW"} <= set(session.adbc_get_table_types())
    info = session.adbc_get_info()
    assert info["vendor_name"] == "Lakegate" and info["vendor_version"]


def test_a_query_is_cancelled(session):
    with session.cursor() as cursor:
        timer = threading.Timer(0.5, cursor.adbc_cancel)
        timer.start()
        with pytest.raises(adbc_driver_manager.Error):
            cursor.execute("SELECT sum(x) FROM generate_series(1, 1000000000000) a(x)")
            cursor.fetchall()
        timer.join()
    assert fetched(session, "SELECT 1").num_rows == 1


@pytest.mark.parametrize("compression", ["none", "lz4", "zstd"])
def test_results_are_compressed_when_asked(compression, session):
    fetched(session, f"SET flight.compression TO '{compression}'")
    table = fetched(session, "SELECT x, 'word' AS w FROM generate_series(1, 20000) a(x)")
    assert sorted(table.column(0).to_pylist()) == list(range(1, 20001))


def test_views_are_kept_when_asked(session):
    fetched(session, "SET flight.view_types TO 'on'")
    table = fetched(session, "SELECT text FROM types ORDER BY id")
    assert table.schema.field(0).type == pa.string_view()
    assert table.column(0).to_pylist() == sample.table().column("text").to_pylist()


# One dictionary a batch, as readers make them: each has values of its own.
DICTIONARIES = "SELECT arrow_cast('word ' || x / 1000, 'Dictionary(Int32, Utf8)') AS w "
DICTIONARIES += "FROM generate_series(1, 50000) a(x)"
WORDS = sorted(f"word {x // 1000}" for x in range(1, 50001))


def test_dictionaries_become_plain(session):
    table = fetched(session, DICTIONARIES)
    assert table.schema.field(0).type == pa.string()
    assert sorted(table.column(0).to_pylist()) == WORDS


@pytest.mark.parametrize("compression", ["none", "zstd"])
def test_dictionaries_are_kept_when_asked(compression, session):
    fetched(session, "SET flight.dictionaries TO 'on'")
    fetched(session, f"SET flight.compression TO '{compression}'")
    with session.cursor() as cursor:
        cursor.execute(DICTIONARIES)
        batches = list(cursor.fetch_record_batch())
    assert len(batches) > 1
    assert {batch.schema.field(0).type for batch in batches} == {pa.dictionary(pa.int32(), pa.string())}
    assert sorted(word for batch in batches for word in batch.column(0).to_pylist()) == WORDS


def test_dictionaries_in_lists_and_without_values(session):
    fetched(session, "SET flight.dictionaries TO 'on'")
    word = "arrow_cast('a', 'Dictionary(Int32, Utf8)')"
    table = fetched(session, f"SELECT array[{word}, NULL] AS l, nullif({word}, 'a') AS n")
    assert [column.to_pylist() for column in table.columns] == [[["a", None]], [None]]


# arrow-flight's encoder would announce large lists as plain ones, and send others' offsets.
@pytest.mark.parametrize("kind", ["List", "LargeList", "ListView", "LargeListView"])
def test_lists_are_of_the_kind_that_all_clients_read(kind, session):
    query = f"SELECT arrow_cast(make_array(x, NULL, 2 * x), '{kind}(Int64)') AS l "
    query += "FROM generate_series(1, 3) a(x) ORDER BY x"
    table = fetched(session, query)
    assert table.schema.field(0).type.value_type == pa.int64()
    assert pa.types.is_list(table.schema.field(0).type)
    assert table.column(0).to_pylist() == [[x, None, 2 * x] for x in (1, 2, 3)]


@pytest.mark.parametrize("text, value", [("1e3", 1000), ("1e40", 10**40)])
def test_large_decimals_are_read(text, value, session):
    assert fetched(session, f"SELECT {text} AS n").to_pylist() == [{"n": decimal.Decimal(value)}]


@pytest.mark.parametrize("unit", ["YearMonth", "DayTime", "MonthDayNano"])
def test_intervals_are_of_the_kind_that_all_clients_read(unit, session):
    amount = {"YearMonth": (17, 0, 0)}.get(unit, (0, 17, 0))
    text = "17 months" if unit == "YearMonth" else "17 days"
    table = fetched(session, f"SELECT arrow_cast('{text}', 'Interval({unit})') AS i")
    assert table.schema.field(0).type == pa.month_day_nano_interval()
    assert [tuple(value) for value in table.column(0).to_pylist()] == [amount]


def test_small_batches_travel_together(session):
    """A cross join gives a batch for each row of one side."""
    query = "SELECT x, y FROM generate_series(1, 20000) a(x) CROSS JOIN generate_series(1, 5) b(y)"
    with session.cursor() as cursor:
        cursor.execute(query)
        batches = list(cursor.fetch_record_batch())
    assert sum(batch.num_rows for batch in batches) == 100_000
    assert sum(sum(batch.column(0).to_pylist()) for batch in batches) == 5 * 20_000 * 20_001 // 2
    # A busy machine may make some wait.
    assert len(batches) < 1_000


def test_an_unknown_form_is_refused(session):
    fetched(session, "SET flight.compression TO 'brotli'")
    assert "none, lz4, zstd" in str(refused(session, "SELECT 1"))


def test_a_big_result_streams(long_file, tmp_path):
    rows = 0
    with Gateway(tmp_path, tables={"long": long_file}, settings=SETTINGS) as gateway:
        with opened(gateway.flight_port) as connection, connection.cursor() as cursor:
            with Memory(gateway) as memory:
                cursor.execute("SELECT id, name, amount, at FROM long")
                for batch in cursor.fetch_record_batch():
                    rows += batch.num_rows
        assert rows == sample.STREAM_ROWS and memory.growth_bytes < 512 * MIB


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    directory = tmp_path_factory.mktemp("tls")
    files = directory / "server.crt", directory / "server.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-out", files[0], "-keyout", files[1]],
        check=True, capture_output=True,
    )
    return files


def test_users_log_in_over_tls(certificate, tmp_path):
    settings = [
        *SETTINGS, "pg.auth=scram", "pg.users.ana=pencil",
        f"flight.tls_certificate={certificate[0]}", f"flight.tls_key={certificate[1]}",
    ]
    with Gateway(tmp_path, settings=settings) as gateway:
        url = f"grpc+tls://localhost:{gateway.flight_port}"

        def connect(**options):
            roots = {OPTIONS.TLS_ROOT_CERTS.value: certificate[0].read_text()}
            return adbc.connect(url, db_kwargs={**roots, **options}, autocommit=True)

        with connect(username="ana", password="pencil") as connection:
            assert fetched(connection, "SELECT current_user").column(0).to_pylist() == ["ana"]
        for user, password in [("ana", "Pencil"), ("bob", "pencil")]:
            with pytest.raises(adbc_driver_manager.Error, match="password authentication failed"):
                with connect(username=user, password=password) as connection:
                    fetched(connection, "SELECT 1")
        with pytest.raises(adbc_driver_manager.Error, match="log in first"):
            with connect() as connection:
                fetched(connection, "SELECT 1")


def test_numeric_keeps_every_digit(session):
    table = fetched(session, "SELECT exact FROM types ORDER BY id")
    digits = decimal.Decimal("9999999999999999999999999999.9999999999")
    assert table.column(0).to_pylist()[0] == digits
