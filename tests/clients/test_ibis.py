"""ibis: tables found, expressions that become SQL, rows as Arrow and pandas, beside a PostgreSQL's.

ibis has no backend for Flight SQL as such: `ibis-gizmosql` says DuckDB's SQL to DuckDB's catalogue. Its PostgreSQL
backend is the way in, and what it compiles runs over Flight SQL too, by ADBC's driver.
"""

import adbc_driver_flightsql.dbapi as adbc
import ibis
import pyarrow as pa
import pytest
from ibis import _

import sample
from gateway import Gateway
from postgres import TYPES, postgres  # noqa: F401

def following(table):
    """As many rows, with the next ids."""
    return table.select(id=(_.id + 1).cast("int32"))


# Each from the sample table; ordered, so that answers can be compared.
EXPRESSIONS = {
    "rows": lambda t: t.select("id", "text").order_by("id"),
    "filter": lambda t: t.filter((_.id > 1) & _.text.notnull()).select("id").order_by("id"),
    "isin": lambda t: t.filter(_.word_of_few.isin(["ana"])).select("id").order_by("id"),
    "limit": lambda t: t.order_by(_.id.desc()).limit(2, offset=1).select("id"),
    "arithmetic": lambda t: t.select("id", a=_.whole % 7, b=_.small * 2 + 1, c=-_.id).order_by("id"),
    "case": lambda t: t.select(
        "id", k=ibis.cases((_.id == 1, "one"), (_.id == 2, "two"), else_="many")
    ).order_by("id"),
    "coalesce": lambda t: t.select("id", w=_.word_of_few.fill_null("nobody")).order_by("id"),
    "cast": lambda t: t.select("id", s=_.id.cast("string"), f=_.id.cast("float64")).order_by("id"),
    "strings": lambda t: t.select(
        "id", u=_.text.upper(), n=_.text.length(), s=_.text.substr(1, 2), r=_.text.replace("a", "b"),
        c=_.text.contains("b"), p=_.text.startswith("a"), j=_.text + "!",
    ).order_by("id"),
    "regular expressions": lambda t: t.select(
        "id", m=_.text.re_search("[a-c]"), r=_.text.re_replace("[a-c]", "_"),
    ).order_by("id"),
    "dates": lambda t: t.select(
        "id", y=_.day.year(), q=_.day.quarter(), m=_.at.month(), h=_.at.hour(), w=_.day.day_of_week.index(),
        t=_.at.truncate("M"), n=_.at + ibis.interval(days=1),
    ).filter(_.id < 3).order_by("id"),
    "groups": lambda t: t.group_by("truth").agg(
        n=_.count(), s=_.whole.sum(), d=_.day.min(), w=_.word_of_few.nunique(),
        a=_.id.cast("float64").mean(), c=(_.id > 1).sum(),
    ).order_by("truth"),
    "largest floats": lambda t: t.group_by("truth").agg(f=_.floating.max()).order_by("truth"),
    "having": lambda t: t.group_by("word_of_few").having(_.count() > 1).agg(n=_.count()),
    "whole table": lambda t: t.agg(n=_.count(), big=_.big.max(), any=_.truth.any(), all=_.truth.all()),
    "value counts": lambda t: t.word_of_few.value_counts().order_by("word_of_few"),
    "quantile": lambda t: t.agg(m=_.whole.median(), q=_.whole.quantile(0.25)),
    "join": lambda t: t.join(t.view(), "truth").select("id", other="id_right").order_by("id", "other"),
    "left join": lambda t: t.left_join(
        t.filter(_.id > 2).select("id", low="small"), "id"
    ).select("id", "low").order_by("id"),
    "semi join": lambda t: t.semi_join(t.filter(_.small > 0), "id").select("id"),
    "anti join": lambda t: t.anti_join(t.filter(_.small > 0), "id").select("id").order_by("id"),
    "memory": lambda t: t.join(ibis.memtable({"id": [1, 2], "w": ["a", "b"]}), "id").select(
        "id", "w"
    ).order_by("id"),
    "windows": lambda t: t.select(
        "id", r=ibis.row_number().over(order_by=_.id.desc()), before=_.small.lag().over(order_by=_.id),
        s=_.small.sum().over(ibis.window(preceding=1, following=0, order_by=_.id)),
        k=ibis.rank().over(group_by="truth", order_by=_.id),
    ).order_by("id"),
    "union": lambda t: t.select("id").union(following(t), distinct=True).order_by("id"),
    "intersection": lambda t: t.select("id").intersect(following(t)).order_by("id"),
    "difference": lambda t: t.select("id").difference(following(t)).order_by("id"),
    "distinct": lambda t: t.select("word_of_few").distinct().order_by("word_of_few"),
    "arrays": lambda t: t.select("id", n=_.numbers.length(), f=_.numbers[0]).order_by("id"),
    "unnest": lambda t: t.select("id", n=_.numbers.unnest()).order_by("id", "n"),
    "subquery": lambda t: t.filter(_.whole == t.whole.max()).select("id"),
    "exists": lambda t: t.filter((t.view().small > t.small).any()).select("id").order_by("id"),
    "scalar": lambda t: t.whole.sum().as_table(),
}


@pytest.fixture(scope="module")
def gateway(types_file, tmp_path_factory):
    settings = ["flight.listen=127.0.0.1:0"]
    with Gateway(tmp_path_factory.mktemp("ibis"), tables={"types": types_file}, settings=settings) as server:
        yield server


def opened(peer):
    # The schema called `lakegate` would come first for a user of that name.
    where = {"host": peer.host, "port": peer.port, "database": "lake", "schema": "public"}
    return ibis.postgres.connect(user="lakegate", **where)


@pytest.fixture(scope="module")
def mine(gateway):
    backend = opened(gateway)
    yield backend
    backend.disconnect()


@pytest.fixture(scope="module")
def theirs(postgres):  # noqa: F811
    backend = opened(postgres)
    yield backend
    backend.disconnect()


@pytest.fixture(scope="module")
def flight(gateway):
    address, login = f"grpc://127.0.0.1:{gateway.flight_port}", {"username": "ana", "password": ""}
    with adbc.connect(address, db_kwargs=login, autocommit=True) as session:
        yield session


def test_tables_are_found(mine):
    assert mine.list_catalogs() == ["lake"] and "public" in mine.list_databases()
    assert mine.list_tables() == ["types"] and mine.list_tables(like="ty") == ["types"]
    assert "pg_class" in mine.list_tables(database="pg_catalog")
    assert mine.current_catalog == "lake" and mine.current_database == "public"
    with pytest.raises(ibis.common.exceptions.TableNotFound):
        mine.table("nowhere")


def test_a_table_has_the_schema_that_postgres_gives_it(mine, theirs):
    found, expected = (backend.table("types").schema() for backend in (mine, theirs))
    assert list(found) == list(sample.COLUMNS)
    assert found == expected


@pytest.mark.parametrize("column", TYPES)
def test_a_column_is_read_as_arrow(column, mine, theirs):
    # ibis reads decimals by pandas, whose 28 digits are too few for `exact`.
    tables = []
    for backend in (mine, theirs):
        table = backend.table("types").order_by("id")
        try:
            tables.append(table.select(column).to_pyarrow())
        except TypeError as error:
            tables.append(str(error))
    assert isinstance(tables[0], pa.Table) or column == "exact"
    assert str(tables[0]) == str(tables[1])


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_an_expression_has_the_rows_of_postgres(name, mine, theirs):
    found, expected = (EXPRESSIONS[name](b.table("types")).to_pyarrow() for b in (mine, theirs))
    assert found.num_rows > 0
    # As text, where NaN is equal to itself.
    assert found.schema == expected.schema and str(found.to_pylist()) == str(expected.to_pylist())


# What ibis holds in memory is a temporary table of its own session.
@pytest.mark.parametrize("name", [name for name in EXPRESSIONS if name != "memory"])
def test_an_expression_has_the_same_rows_over_flight(name, mine, flight):
    expression = EXPRESSIONS[name](mine.table("types"))
    expected = expression.to_pyarrow()
    with flight.cursor() as cursor:
        cursor.execute("SET search_path TO public")
        cursor.fetchall()
        cursor.execute(str(ibis.to_sql(expression, dialect="postgres")))
        found = cursor.fetch_arrow_table()
    assert found.schema.names == expected.schema.names
    # ibis knows better than the server what a count or an extract is, and says it in Python only.
    assert str(found.cast(expected.schema).to_pylist()) == str(expected.to_pylist())


def test_rows_as_pandas_and_in_batches(mine):
    table = mine.table("types").select("id", "text", "day")
    frame = table.order_by("id").to_pandas()
    assert list(frame.columns) == ["id", "text", "day"] and frame["id"].tolist() == [1, 2, 3, 4]
    assert sum(batch.num_rows for batch in table.to_pyarrow_batches(chunk_size=2)) == 4
    assert table.count().execute() == 4


def test_parameters_and_raw_statements(mine):
    number = ibis.param("int64")
    table = mine.table("types")
    found = table.filter(_.id == number).select("id").to_pyarrow(params={number: 2})
    assert found.to_pylist() == [{"id": 2}]
    with mine.raw_sql("SELECT 1 AS one") as cursor:
        assert cursor.fetchall() == [(1,)]


def test_temporary_tables(mine):
    kept = mine.create_table("kept", mine.table("types").select("id"), temp=True)
    assert kept.count().execute() == 4 and "kept" not in mine.list_tables()


def test_a_text_becomes_an_expression(mine):
    found = mine.sql("SELECT id, text FROM types").filter(_.id == 1).select("id").to_pyarrow()
    assert found.to_pylist() == [{"id": 1}]


def test_what_writes_is_refused(mine):
    table = mine.table("types")
    for refused in (
        lambda: mine.create_table("new_table", table.select("id")),
        lambda: mine.create_view("new_view", table.select("id")),
    ):
        with pytest.raises(Exception, match="not supported"):
            refused()
    assert table.count().execute() == 4
