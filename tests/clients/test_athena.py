"""Statements that run on Athena in our stead: rows, types, limits of cost, faults. Athena is moto's, see athena.py."""

import datetime as dt
import decimal
import json
import threading
import time
import uuid

import psycopg
import pyarrow as pa
import pytest

import athena as stand_in
from athena import BUCKET, FOREVER, Athena
from gateway import Gateway, Wire

UTC = dt.timezone.utc
NAN, INFINITY = float("nan"), float("inf")
WAIT_SECONDS_MAX = 10
# name: (Athena's type, values as Athena writes them, as a client sees them, Arrow's type where UNLOAD has one)
TYPES = {
    "truth": ("boolean", ["true", "false"], [True, False], pa.bool_()),
    "tiny": ("tinyint", ["-128", "127"], [-128, 127], pa.int8()),
    "small": ("smallint", ["-32768", "32767"], [-32768, 32767], pa.int16()),
    "whole": ("integer", ["-2147483648", "0"], [-2147483648, 0], pa.int32()),
    "big": ("bigint", [str(-2**63), str(2**63 - 1)], [-2**63, 2**63 - 1], pa.int64()),
    "single": ("real", ["1.5", "-Infinity"], [1.5, -INFINITY], pa.float32()),
    "floating": ("double", ["1.0E-10", "Infinity"], [1e-10, INFINITY], pa.float64()),
    "money": (
        "decimal(9,2)", ["-1234567.89", "0.00"],
        [decimal.Decimal("-1234567.89"), decimal.Decimal("0.00")], pa.decimal128(9, 2),
    ),
    "exact": (
        "decimal(38,10)", ["9999999999999999999999999999.9999999999", "0.0000000001"],
        [decimal.Decimal("9999999999999999999999999999.9999999999"), decimal.Decimal("1E-10")],
        pa.decimal128(38, 10),
    ),
    "words": ("varchar(40)", ["", 'say "ü",\nand\\n'], ["", 'say "ü",\nand\\n'], pa.string()),
    "fixed": ("char(3)", ["a  ", "bcd"], ["a  ", "bcd"], pa.string()),
    "bytes": ("varbinary", ["", "00 ff 7f"], [b"", b"\x00\xff\x7f"], pa.binary()),
    "day": (
        "date", ["0001-01-01", "2026-02-28"], [dt.date(1, 1, 1), dt.date(2026, 2, 28)], pa.date32(),
    ),
    "at": (
        "timestamp(3)", ["1969-12-31 23:59:59.999", "9999-12-31 00:00:00.000"],
        [dt.datetime(1969, 12, 31, 23, 59, 59, 999000), dt.datetime(9999, 12, 31)],
        pa.timestamp("ms"),
    ),
    "instant": (
        "timestamp(3) with time zone",
        ["2026-06-01 12:00:00.000 UTC", "2026-06-01 14:00:00.000 Europe/Berlin"],
        [dt.datetime(2026, 6, 1, 12, tzinfo=UTC)] * 2, None,
    ),
    "clock": ("time(3)", ["00:00:00.000", "23:59:59.999"], [dt.time(0), dt.time(23, 59, 59, 999000)], None),
    "document": ("json", ['{"a":[1,null]}', '"x"'], ['{"a":[1,null]}', '"x"'], None),
    "number": ("uuid", [str(uuid.UUID(int=7)), str(uuid.UUID(int=8))], None, None),
    "address": ("ipaddress", ["10.0.0.1", "::1"], None, None),
    "span": ("interval day to second", ["2 00:00:00.000", "-0 00:00:01.000"], None, None),
    "numbers": ("array(integer)", ["[1, null, 3]", "[]"], [[1, None, 3], []], pa.list_(pa.int32())),
}


@pytest.fixture(scope="module")
def moto():
    with Athena() as running:
        yield running


@pytest.fixture(autouse=True)
def fresh(moto):
    moto.forget()
    moto.answers.clear()


@pytest.fixture(scope="module")
def gateways(moto, types_file, tmp_path_factory):
    """Gateways by their settings, each started once."""
    started = {}

    def start(**settings):
        key = tuple(sorted(settings.items()))
        if key not in started:
            directory = tmp_path_factory.mktemp("athena")
            tables = {"types": types_file}
            started[key] = Gateway(directory, tables, settings=moto.settings(**settings))
        return started[key]

    yield start
    for gateway in started.values():
        with gateway:
            pass


def on_athena(gateway, sql, user="lakegate"):
    with gateway.connect(user=user) as connection:
        connection.execute("SET lakegate.route = 'athena'")
        return connection.execute(sql).fetchall()


def refused(gateway, sql, user="lakegate"):
    with pytest.raises(psycopg.Error) as error:
        on_athena(gateway, sql, user)
    return error.value


def statement(marker, tail=""):
    """One that Lakegate does not support, so that Athena alone says what its columns are."""
    return f"SELECT id AS {marker} FROM types TABLESAMPLE BERNOULLI (100) {tail}"


def planned(marker, tail=""):
    """One that Lakegate plans: its columns are known before it leaves."""
    return f"SELECT id AS {marker}, text FROM types {tail}"


def waited(condition):
    """No test sleeps: it waits for what must come."""
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        threading.Event().wait(0.02)


def logged(gateway, marker):
    """What the query log has of the newest statement that holds `marker`."""
    gateway.outcome(marker)
    sql = (
        "SELECT route, bytes_scanned, dollars FROM lakegate.query_log "
        "WHERE position(%s in statement) > 0 AND statement NOT LIKE '%%query_log%%' "
        "AND statement LIKE 'SELECT%%'"
    )
    return gateway.query(sql, [marker])[-1]


# Rows and types

@pytest.mark.parametrize("results", ["api", "csv", "unload"])
@pytest.mark.parametrize("name", TYPES)
def test_every_type_arrives_exactly(moto, gateways, name, results):
    of, texts, values, arrow = TYPES[name]
    if results == "unload" and arrow is None:
        pytest.skip("Parquet has no such type: see test_what_cannot_be_unloaded_is_refused")
    gateway = gateways(results=results)
    rows = [["0", texts[0]], ["1", texts[1]], ["2", None]]
    expected = [*(values or texts), None]
    table = None
    if results == "unload":
        columns = {"id": pa.array([0, 1, 2], pa.int32()), name: pa.array(expected, arrow)}
        table = pa.table(columns)
    # A text of its own: what is known of a statement's columns is kept for a while.
    moto.answer(f"every_{name}", [("id", "integer"), (name, of)], rows, table=table)
    found = on_athena(gateway, statement(f"every_{name}"))
    assert [row[1] for row in sorted(found)] == expected


@pytest.mark.parametrize("results", ["api", "csv"])
def test_nan_is_a_number_here(moto, gateways, results):
    moto.answer("nan", [("x", "double"), ("y", "real")], [["NaN", "NaN"]])
    (x, y), = on_athena(gateways(results=results), statement("nan"))
    assert x != x and y != y


def test_nested_rows_come_by_unload(moto, gateways):
    of = pa.struct([("a", pa.int32()), ("b", pa.map_(pa.string(), pa.list_(pa.string())))])
    value = {"a": 1, "b": [("k, {", ["x, y", None])]}
    table = pa.table({"id": pa.array([1], pa.int64()), "nested": pa.array([value], of)})
    columns = [("id", "bigint"), ("nested", "row(a integer, b map(varchar, array(varchar)))")]
    moto.answer("nested", columns, table=table)
    gateway = gateways()
    (number, nested), = on_athena(gateway, statement("nested"))
    assert number == 1 and "k, {" in str(nested) and "x, y" in str(nested)
    assert moto.texts()[0].startswith("UNLOAD (SELECT")
    waited(lambda: not [key for key in moto.objects() if not key.endswith((".csv", ".metadata"))])
    error = refused(gateway, statement("nested", "ORDER BY id"))
    assert error.sqlstate == "0A000" and "have an order" in str(error)
    assert len(moto.texts()) == 1, "what is refused does not run"


@pytest.mark.parametrize("of", ["timestamp(3) with time zone", "json", "uuid"])
def test_what_cannot_be_unloaded_is_refused(moto, gateways, of):
    marker = f"no_unload_{of[:4]}"
    moto.answer(marker, [("x", of)])
    error = refused(gateways(results="unload"), statement(marker))
    assert error.sqlstate == "0A000" and "Parquet has no type" in str(error)
    assert not moto.texts()


@pytest.mark.parametrize("results", ["api", "csv", "auto"])
@pytest.mark.parametrize("count", [0, 1, 999, 1000, 2500])
def test_no_row_is_lost_at_the_end_of_a_page(moto, gateways, results, count):
    rows = [[str(count - i), f"row {i}"] for i in range(count)]
    moto.answer("pages", [("n", "bigint"), ("word", "varchar")], rows)
    found = on_athena(gateways(results=results), statement("pages", "ORDER BY id DESC"))
    assert found == [(count - i, f"row {i}") for i in range(count)], "all rows, in order, once"


def test_a_few_rows_cost_one_request_and_many_come_from_the_file(moto, gateways):
    gateway = gateways()
    moto.answer("few", [("n", "bigint")], [["1"]])
    on_athena(gateway, statement("few"))
    few = moto.calls["GetQueryResults"]
    moto.forget()
    moto.answer("many", [("n", "bigint")], [[str(i)] for i in range(5000)])
    assert len(on_athena(gateway, statement("many"))) == 5000
    assert moto.calls["GetQueryResults"] == few


def test_managed_results_come_by_pages(moto, gateways):
    moto.is_managed = True
    moto.answer("managed", [("n", "bigint")], [[str(i)] for i in range(1500)])
    assert len(on_athena(gateways(), statement("managed"))) == 1500


def test_a_large_answer_is_unloaded(moto, gateways):
    table = pa.table({"n": pa.array(range(100_000), pa.int64())})
    moto.answer("large", [("n", "bigint")], table=table, files=7)
    found = on_athena(gateways(unload_above="1B"), statement("large"))
    assert sorted(n for n, in found) == list(range(100_000))
    assert moto.texts()[0].startswith("UNLOAD")


def test_a_value_that_is_none_of_its_type_is_named(moto, gateways):
    moto.answer("damaged", [("n", "bigint")], [["1"], ["two"]])
    error = refused(gateways(), statement("damaged"))
    assert error.sqlstate == "XX001" and 'column "n", row 2' in str(error)


# Cost

def test_what_a_statement_cost_is_in_the_log(moto, gateways):
    gateway = gateways()
    moto.answer("costs", [("n", "bigint")], [["1"]], scanned_bytes=2_000_000_000_000)
    on_athena(gateway, statement("costs"))
    route, scanned, dollars = logged(gateway, "costs")
    assert (route, scanned) == ("athena", 2_000_000_000_000) and abs(float(dollars) - 10) < 1e-6
    moto.answer("reused", [("n", "bigint")], [["1"]], is_reused=True)
    on_athena(gateway, statement("reused"))
    assert float(logged(gateway, "reused")[2]) == 0


def test_a_statement_beyond_its_limit_does_not_run(moto, gateways):
    gateway = gateways(query_dollars="0.00001")
    moto.answer("dear", [("n", "bigint")], [["1"]])
    error = refused(gateway, statement("dear"))
    assert error.sqlstate.startswith("53") and "$0.000050" in str(error) and "$0.000010" in str(error)
    assert "athena.query_dollars" in error.diag.message_hint
    assert not moto.texts()


def test_a_day_has_a_limit_for_each_user_that_outlives_a_restart(moto, types_file, tmp_path):
    moto.answer("daily", [("n", "bigint")], [["1"]], scanned_bytes=1_000_000_000_000)
    settings = moto.settings(day_dollars="6")
    with Gateway(tmp_path, {"types": types_file}, settings=settings) as gateway:
        assert on_athena(gateway, statement("daily"), user="ana") == [(1,)]
        waited(lambda: logged(gateway, "daily")[2] is not None)
        moto.answer("daily", [("n", "bigint")], [["1"]], scanned_bytes=999_990_000_000)
        assert on_athena(gateway, statement("daily", "WHERE id = 1"), user="ben") == [(1,)]
    with Gateway(tmp_path, {"types": types_file}, settings=moto.settings(day_dollars="5.00001")) as gateway:
        error = refused(gateway, statement("daily", "WHERE id = 2"), user="ana")
        assert error.sqlstate.startswith("53") and "$5.00 of the $5.00" in str(error)
        assert "athena.day_dollars" in error.diag.message_hint
        assert on_athena(gateway, statement("daily", "WHERE id = 3"), user="cleo") == [(1,)]
    assert len(moto.texts()) == 3


def test_results_may_be_reused_where_that_is_set(moto, gateways):
    moto.answer("reuse", [("n", "bigint")], [["1"]])
    on_athena(gateways(result_reuse="60m"), statement("reuse"))
    requests = [r for operation, r in moto.requests if operation == "StartQueryExecution"]
    reuse = [r.get("ResultReuseConfiguration") for r in requests]
    by_age = {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 60}}
    assert reuse[-1] == by_age and reuse[0] is None, "plans are never reused"


# Faults

def test_a_lost_reply_starts_nothing_twice(moto, gateways):
    moto.answer("lost", [("n", "bigint")], [["1"]])
    gateway = gateways()
    moto.lost_replies = 3
    assert on_athena(gateway, statement("lost")) == [(1,)]
    assert moto.calls["StartQueryExecution"] == 5, "a plan and a statement, and three repetitions"
    assert len(moto.texts()) == 1


@pytest.mark.parametrize("operation", [
    "StartQueryExecution", "GetQueryExecution", "GetQueryResults",
])
@pytest.mark.parametrize("code, status", [
    ("ThrottlingException", 400), ("TooManyRequestsException", 400), ("InternalServerException", 500),
])
def test_throttling_is_ridden_out(moto, gateways, operation, code, status):
    moto.answer("throttled", [("n", "bigint")], [["1"]])
    moto.fail(operation, times=4, code=code, status=status)
    assert on_athena(gateways(), statement("throttled")) == [(1,)]
    assert len(moto.texts()) == 1 and not moto.faults[operation]


def test_many_statements_are_asked_for_together(moto, gateways):
    gateway = gateways()
    moto.answer("together", [("n", "bigint")], [["1"]], polls=3)
    work = [
        threading.Thread(target=on_athena, args=(gateway, statement("together", f"WHERE id = {i}")))
        for i in range(8)
    ]
    [thread.start() for thread in work]
    [thread.join() for thread in work]
    assert len(moto.texts()) == 8 and moto.calls["BatchGetQueryExecution"] > 0


def test_cancel_stops_the_statement_there(moto, gateways):
    gateway = gateways()
    moto.answer("cancelled", [("n", "bigint")], polls=FOREVER, scanned_bytes=50_000_000)
    with gateway.connect() as connection:
        connection.execute("SET lakegate.route = 'athena'")
        timer = threading.Thread(target=lambda: (waited(moto.texts), connection.cancel()))
        timer.start()
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute(statement("cancelled"))
        timer.join()
    waited(lambda: moto.calls["StopQueryExecution"] == 1)
    assert abs(float(logged(gateway, "cancelled")[2]) - 0.00025) < 1e-9, "what it read is billed"


def test_a_client_that_goes_takes_its_statement_with_it(moto, gateways):
    moto.answer("left", [("n", "bigint")], polls=FOREVER)
    wire = Wire(gateways())
    wire.simple("SET lakegate.route = 'athena'")
    wire.until(b"Z")
    wire.simple(statement("left"))
    waited(moto.texts)
    wire.reset()
    waited(lambda: moto.calls["StopQueryExecution"] == 1)


def test_a_statement_timeout_stops_the_statement_there(moto, gateways):
    moto.answer("late", [("n", "bigint")], polls=FOREVER)
    with gateways().connect() as connection:
        connection.execute("SET lakegate.route = 'athena'")
        connection.execute("SET statement_timeout = '2s'")
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute(statement("late"))
    waited(lambda: moto.calls["StopQueryExecution"] == 1)


@pytest.mark.parametrize("code, message, sqlstate, hint", [
    ("ExpiredTokenException", "The security token is expired", "28P01", "renew"),
    ("UnrecognizedClientException", "The security token is invalid", "28P01", "renew"),
    ("AccessDeniedException", "User is not authorized", "42501", "athena:StartQueryExecution"),
    ("InvalidRequestException", "Unable to verify/create output bucket results", None, "athena.output"),
    ("InvalidRequestException", "No output location provided", None, "athena.output"),
    ("InvalidRequestException", "WorkGroup nightly is not found.", None, "athena.workgroup"),
])
def test_what_athena_refuses_has_its_kind_and_a_hint(moto, gateways, code, message, sqlstate, hint):
    moto.answer("refused", [("n", "bigint")])
    moto.fail("StartQueryExecution", code=code, message=message)
    error = refused(gateways(), statement("refused"))
    assert error.sqlstate not in ("XX000", None) and sqlstate in (None, error.sqlstate)
    assert hint in error.diag.message_hint
    assert moto.calls["StartQueryExecution"] == 1, "nothing that must be mended is tried again"


@pytest.mark.parametrize("failed, sqlstate", [
    ((2, 1006, "SYNTAX_ERROR: line 1:8: Column 'x' cannot be resolved"), "42703"),
    ((2, 1110, "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.public.t' does not exist"), "42P01"),
    ((2, 1001, "DIVISION_BY_ZERO: Division by zero"), "22012"),
    ((2, 1000, "Access Denied: s3://lake/t"), "42501"),
    ((1, 4, "Query exhausted resources at this scale factor"), "53"),
    ((2, 1000, "HIVE_BAD_DATA: Field a's type BINARY is incompatible"), "XX001"),
    ((3, 206, "Query timeout"), "57014"),
])
def test_what_fails_there_fails_here_by_its_kind_and_costs_nothing(moto, gateways, failed, sqlstate):
    gateway = gateways()
    moto.answer("fails", [("n", "bigint")], error=failed)
    error = refused(gateway, statement("fails"))
    assert error.sqlstate.startswith(sqlstate) and "Traceback" not in str(error)
    assert float(logged(gateway, "fails")[2] or 0) == 0


# Routes

def test_the_route_is_a_setting_or_a_hint(moto, gateways):
    gateway = gateways()
    moto.answer("routed", [("routed", "integer"), ("text", "varchar")], [["42", "far"]])
    with gateway.connect() as connection:
        def numbers(sql):
            return [row[0] for row in connection.execute(sql)]

        assert numbers(planned("routed", "ORDER BY 1 LIMIT 1")) == [1]
        assert numbers("/*+ route(athena) */ " + planned("routed")) == [42]
        assert numbers(planned("routed").replace("SELECT", "SELECT /*+ route(athena) */")) == [42]
        connection.execute("SET lakegate.route = 'athena'")
        assert numbers(planned("routed")) == [42]
        assert numbers("/*+ route(local) */ " + planned("routed", "ORDER BY 1 LIMIT 1")) == [1]
        assert connection.execute("SELECT count(*) > 0 FROM pg_class").fetchall() == [(True,)]
    assert len(moto.texts()) == 3


def test_a_marked_table_is_read_there(moto, gateways):
    moto.answer("marked", [("marked", "integer"), ("text", "varchar")], [["42", "far"]])
    assert gateways(tables='["public.types"]').query(planned("marked")) == [(42, "far")]


def test_what_we_plan_ourselves_needs_no_plan_there(moto, gateways):
    moto.answer("known", [("known", "integer"), ("text", "varchar")], [["7", "it's"], ["8", None]])
    with gateways().connect() as connection:
        notices = []
        connection.add_notice_handler(lambda notice: notices.append(notice.message_primary))
        connection.execute("SET lakegate.route = 'athena'")
        cursor = connection.execute(planned("known", "WHERE id > %s AND text <> %s"), [-1, "it's"])
        assert [column.type_code for column in cursor.description] == [23, 25]
        assert cursor.fetchall() == [(7, "it's"), (8, None)]
    assert moto.calls["StartQueryExecution"] == 1
    assert "'it''s'" in moto.texts()[0] and "-1" in moto.texts()[0]
    assert len(notices) == 1 and "at most" in notices[0] and "$0.000050" in notices[0]


def test_explain_tells_the_price_and_runs_nothing(moto, gateways):
    with gateways().connect() as connection:
        connection.execute("SET lakegate.route = 'athena'")
        lines = [line for line, in connection.execute("EXPLAIN " + planned("explained"))]
        with pytest.raises(psycopg.errors.FeatureNotSupported):
            connection.execute("EXPLAIN ANALYZE " + planned("explained"))
    assert "athena" in lines[0] and "$0.000050" in lines[0]
    assert any('FROM "public"."types"' in line for line in lines)
    assert not moto.calls


@pytest.mark.parametrize("columns, row, words", [
    ([("other", "integer"), ("text", "varchar")], ["1", "x"], 'a column "other" where "apart"'),
    ([("apart", "integer")], ["1"], "1 columns where 2"),
    ([("apart", "varchar"), ("text", "varchar")], ["1", "x"], "column apart"),
    ([("apart", "bigint"), ("text", "varchar")], [str(2**40), "x"], "column apart"),
])
def test_an_answer_of_other_columns_is_refused(moto, gateways, columns, row, words):
    moto.answer("apart", columns, [row])
    error = refused(gateways(), planned("apart"))
    assert error.sqlstate == "XX001" and words in str(error)


def test_another_zone_is_refused_where_it_counts(moto, gateways):
    moto.answer("zoned", [("zoned", "date")], [["2026-06-01"]])
    with gateways().connect(autocommit=True) as connection:
        connection.execute("SET lakegate.route = 'athena'")
        connection.execute("SET TimeZone = 'America/Sao_Paulo'")
        today = "SELECT current_date AS zoned FROM types"
        with pytest.raises(psycopg.errors.FeatureNotSupported, match="runs in UTC"):
            connection.execute(today)
        assert not moto.texts()
        connection.execute("SET TimeZone = 'UTC'")
        assert connection.execute(today).fetchall() == [(dt.date(2026, 6, 1),)]


WRONG = [
    "SELECT id AS wrong FORM types", "SELECT nothing AS wrong FROM types", "SELECT 1 AS wrong FROM nowhere",
    "SELECT unheard_of(id) AS wrong FROM types", "SELECT 1 / 0 AS wrong",
    "SELECT 'x'::int4 AS wrong FROM types", "SELECT id AS wrong FROM types GROUP BY text",
]


@pytest.mark.parametrize("sql", WRONG)
def test_wrong_statements_fall_back_to_nothing(moto, gateways, sql):
    moto.answer("wrong", [("n", "bigint")], [["1"]])
    with pytest.raises(psycopg.Error):
        gateways(fallback="true").query(sql)
    assert not moto.calls


def test_what_is_not_supported_here_falls_back(moto, gateways):
    moto.answer("fallen", [("fallen", "integer")], [["7"]])
    sql = statement("fallen")
    with pytest.raises(psycopg.errors.FeatureNotSupported):
        gateways().query(sql)
    assert not moto.calls, "only where athena.fallback is set"
    assert gateways(fallback="true").query(sql) == [(7,)]


def test_what_proves_unsupported_when_it_runs_falls_back_too(moto, gateways):
    moto.answer("turned", [("id", "integer"), ("turned", "integer")], [["7", None]])
    sql = (
        "SELECT a.id, x.turned FROM types a, "
        "LATERAL (SELECT max(b.id) AS turned FROM types b WHERE b.id < a.id) x"
    )
    with pytest.raises(psycopg.errors.FeatureNotSupported):
        gateways().query(sql)
    assert gateways(fallback="true").query(sql) == [(7, None)]


def test_nothing_goes_there_unless_it_is_asked_for(moto, gateways):
    gateway = gateways(fallback="true")
    gateway.query("SELECT count(*) FROM types")
    gateway.query("SELECT table_name FROM information_schema.tables")
    assert not moto.calls


def test_every_start_has_a_token_a_workgroup_and_a_place(moto, gateways):
    moto.answer("start", [("n", "bigint")], [["1"]])
    on_athena(gateways(), statement("start"))
    starts = [request for operation, request in moto.requests if operation == "StartQueryExecution"]
    assert starts and all(len(start["ClientRequestToken"]) >= 32 for start in starts)
    assert all(start["WorkGroup"] == "primary" for start in starts)
    assert all(
        start["ResultConfiguration"]["OutputLocation"].startswith(f"s3://{BUCKET}/")
        for start in starts
    )
    assert "secret" not in json.dumps(moto.requests)
    assert stand_in.OUTPUT.startswith(f"s3://{BUCKET}")
