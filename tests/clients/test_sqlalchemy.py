"""SQLAlchemy as Superset and pandas use it: the whole inspector, streaming, by three drivers."""

import asyncio
import decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

import sample
from gateway import MIB, Memory
from postgres import postgres  # noqa: F401
from sample import STREAM_ROWS

DRIVERS = ["psycopg2", "psycopg", "asyncpg"]


class Peer:
    """An engine of one of the drivers; work on a connection is given as a function."""

    def __init__(self, server, driver):
        self.is_async = driver == "asyncpg"
        make = create_async_engine if self.is_async else sa.create_engine
        # A schema of the user's name, which Lakegate has and PostgreSQL not, would come first.
        path = "public"
        given = {"server_settings": {"search_path": path}} if self.is_async else {
            "options": f"-csearch_path={path}"
        }
        self.engine = make(server.url(driver), connect_args=given)

    def run(self, work):
        if not self.is_async:
            try:
                with self.engine.connect() as connection:
                    return work(connection)
            finally:
                self.engine.dispose()

        async def run():
            try:
                async with self.engine.connect() as connection:
                    return await connection.run_sync(work)
            finally:
                # The pool belongs to this event loop.
                await self.engine.dispose()

        return asyncio.run(run())


@pytest.fixture(params=DRIVERS)
def driver(request):
    return request.param


def plain(found):
    """What the inspector says, with types by their SQL and without what only its server knows."""
    if isinstance(found, dict):
        return {str(key): plain(value) for key, value in found.items() if key != "oid"}
    if isinstance(found, (list, tuple)):
        return [plain(value) for value in found]
    return repr(found) if isinstance(found, sa.types.TypeEngine) else found


def inspected(work):
    return lambda connection: plain(work(sa.inspect(connection)))


# Every method of the inspector: of one table, and of a schema.
INSPECTIONS = {
    "default_schema_name": lambda i: i.default_schema_name,
    "get_columns": lambda i: i.get_columns("types"),
    "get_columns of a schema": lambda i: i.get_columns("types", schema="public"),
    "get_multi_columns": lambda i: i.get_multi_columns(filter_names=["types"]),
    "get_pk_constraint": lambda i: i.get_pk_constraint("types"),
    "get_multi_pk_constraint": lambda i: i.get_multi_pk_constraint(filter_names=["types"]),
    "get_foreign_keys": lambda i: i.get_foreign_keys("types"),
    "get_multi_foreign_keys": lambda i: i.get_multi_foreign_keys(filter_names=["types"]),
    "get_indexes": lambda i: i.get_indexes("types"),
    "get_multi_indexes": lambda i: i.get_multi_indexes(filter_names=["types"]),
    "get_unique_constraints": lambda i: i.get_unique_constraints("types"),
    "get_multi_unique_constraints": lambda i: i.get_multi_unique_constraints(
        filter_names=["types"]
    ),
    "get_check_constraints": lambda i: i.get_check_constraints("types"),
    "get_multi_check_constraints": lambda i: i.get_multi_check_constraints(filter_names=["types"]),
    "get_table_comment": lambda i: i.get_table_comment("types"),
    "get_multi_table_comment": lambda i: i.get_multi_table_comment(filter_names=["types"]),
    "get_table_options": lambda i: i.get_table_options("types"),
    "get_table_names": lambda i: i.get_table_names(schema="public"),
    "get_view_names": lambda i: i.get_view_names(schema="public"),
    "get_materialized_view_names": lambda i: i.get_materialized_view_names(),
    "get_temp_table_names": lambda i: i.get_temp_table_names(),
    "get_temp_view_names": lambda i: i.get_temp_view_names(),
    "get_sequence_names": lambda i: i.get_sequence_names(),
    "get_enums": lambda i: i.get_enums(),
    "get_domains": lambda i: i.get_domains(schema="public"),
    "get_foreign_table_names": lambda i: i.get_foreign_table_names(),
    "has_table": lambda i: [i.has_table(n) for n in ("types", "nowhere")],
    "has_schema": lambda i: [i.has_schema(n) for n in ("public", "nowhere")],
    "has_index": lambda i: i.has_index("types", "nothing"),
    "has_sequence": lambda i: i.has_sequence("nothing"),
    "has_type": lambda i: i.has_type("nothing"),
    "get_sorted_table_and_fkc_names": lambda i: i.get_sorted_table_and_fkc_names(schema="public"),
    "get_table_oid": lambda i: i.get_table_oid("types") > 0,
    "a table that is not there": lambda i: refusal(lambda: i.get_columns("nowhere")),
}


def refusal(work):
    try:
        return work()
    except sa.exc.NoSuchTableError as error:
        return str(error)


@pytest.mark.parametrize("name", INSPECTIONS)
def test_the_inspector_finds_what_postgres_shows(name, driver, server, postgres):  # noqa: F811
    work = inspected(INSPECTIONS[name])
    assert Peer(server, driver).run(work) == Peer(postgres, driver).run(work)


def test_the_schemas_of_the_lake(driver, server):
    found = Peer(server, driver).run(lambda c: sa.inspect(c).get_schema_names())
    assert {"landing", "bronze", "silver", "gold", "dashboard", "public"} <= set(found)


@pytest.mark.parametrize("schema", ["gold", "dashboard", "landing", "information_schema"])
def test_a_whole_schema_is_reflected(schema, driver, server):
    def work(connection):
        metadata = sa.MetaData()
        metadata.reflect(connection, schema=schema, views=True)
        inspector = sa.inspect(connection)
        names = inspector.get_table_names(schema) + inspector.get_view_names(schema)
        return {table.name: len(table.columns) for table in metadata.tables.values()}, names

    found, names = Peer(server, driver).run(work)
    assert set(found) == set(names) != set() and 0 not in found.values()


def test_views_have_a_definition(driver, server):
    def work(connection):
        inspector = sa.inspect(connection)
        name = inspector.get_view_names("dashboard")[0]
        return inspector.get_view_definition(name, schema="dashboard")

    assert "select" in Peer(server, driver).run(work).lower()


def test_a_reflected_table_is_queried(driver, server, postgres):  # noqa: F811
    def work(connection):
        types = sa.Table("types", sa.MetaData(), autoload_with=connection)
        c = types.c
        number = sa.func.row_number().over(order_by=c.id)
        ranked = sa.select(c.id, c.day, number.label("n")).subquery()
        queries = [
            sa.select(types).order_by(c.id),
            sa.select(sa.func.count(), sa.func.sum(c.whole), sa.func.max(c.day)),
            sa.select(c.id).where(c.id.in_([1, 3]), c.text != "nothing").order_by(c.id),
            sa.select(c.id).where(c.id == sa.any_(sa.literal([1, 2], sa.ARRAY(sa.Integer))))
            .order_by(c.id),
            sa.select(c.text).where(c.text.ilike("Y%") | c.text.is_(None)),
            sa.select(sa.case((c.truth, "yes"), else_="no"), sa.cast(c.id, sa.String))
            .order_by(c.id),
            sa.select(sa.func.coalesce(c.money, 0) * 2).order_by(c.id),
            sa.select(sa.extract("year", c.at), sa.func.date_trunc("month", c.at)).order_by(c.id),
            sa.select(ranked).where(ranked.c.n <= 2).order_by(ranked.c.n),
            sa.select(c.truth, sa.func.count().label("n")).group_by(c.truth)
            .order_by(sa.text("n"), c.truth),
            sa.select(types.c.id, sa.exists().where(c.id == 3)).order_by(c.id).limit(2).offset(1),
            sa.union_all(sa.select(c.id), sa.select(c.small)).order_by("id"),
            sa.select(sa.literal(1), sa.literal("a"), sa.literal(decimal.Decimal("1.5"))),
            sa.select(sa.func.array_agg(c.id), sa.func.string_agg(c.text, ",")).where(c.id == 3),
        ]
        # By value: numerics have one scale per column here. As text: NaN is no other NaN.
        def value(found):
            return found.normalize() if isinstance(found, decimal.Decimal) else found

        rows = [connection.execute(query).all() for query in queries]
        return [str([[value(found) for found in row] for row in result]) for result in rows]

    pairs = zip(Peer(server, driver).run(work), Peer(postgres, driver).run(work), strict=True)
    assert [pair for pair in pairs if pair[0] != pair[1]] == []


@pytest.mark.parametrize(
    "level", ["AUTOCOMMIT", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE", "READ UNCOMMITTED"]
)
def test_isolation_levels(level, driver, server):
    if (driver, level) == ("asyncpg", "READ UNCOMMITTED"):
        pytest.skip("asyncpg knows no READ UNCOMMITTED")

    def work(connection):
        connection = connection.execution_options(isolation_level=level)
        shown = connection.execute(sa.text("SHOW transaction_isolation")).scalar()
        return shown, connection.get_isolation_level()

    shown, told = Peer(server, driver).run(work)
    expected = "READ COMMITTED" if level == "AUTOCOMMIT" else level
    assert shown.upper() == expected and told in (level, expected)


def test_a_savepoint_rolls_back_alone(driver, server):
    def work(connection):
        with connection.begin():
            with pytest.raises(sa.exc.DBAPIError), connection.begin_nested():
                connection.execute(sa.text("SELECT 1 / 0")).all()
            return connection.execute(sa.text("SELECT 5")).scalar()

    assert Peer(server, driver).run(work) == 5


@pytest.mark.parametrize("options", [{"stream_results": True}, {"yield_per": 70}])
def test_rows_stream_by_a_cursor_of_the_server(options, driver, server):
    def work(connection):
        query = sa.text("SELECT v FROM generate_series(1, 1000) AS t(v) ORDER BY v")
        result = connection.execution_options(**options).execute(query)
        found = [row.v for row in result.fetchmany(10)]
        return found + [row.v for row in result]

    assert Peer(server, driver).run(work) == list(range(1, 1001))


def test_partitions_of_a_streamed_result(driver, server):
    def work(connection):
        query = sa.text("SELECT v FROM generate_series(1, 250) AS t(v) ORDER BY v")
        result = connection.execution_options(yield_per=100).execute(query)
        return [len(part) for part in result.partitions(100)]

    assert Peer(server, driver).run(work) == [100, 100, 50]


def test_a_long_stream_needs_little_memory(driver, stream_server):
    def work(connection):
        count = 0
        query = sa.text("SELECT id, name FROM long")
        result = connection.execution_options(yield_per=20_000).execute(query)
        for part in result.partitions(20_000):
            count += len(part)
            if count > STREAM_ROWS // 10:
                return count
        return count

    with Memory(stream_server) as memory:
        assert Peer(stream_server, driver).run(work) > STREAM_ROWS // 10
    assert memory.growth_bytes < 512 * MIB


def test_an_unknown_table_is_a_programming_error(driver, server):
    def work(connection):
        with pytest.raises(sa.exc.ProgrammingError) as error:
            connection.execute(sa.text("SELECT * FROM nowhere"))
        return getattr(error.value.orig, "sqlstate", None) or error.value.orig.pgcode

    assert Peer(server, driver).run(work) == "42P01"


def test_the_columns_of_the_sample_are_all_there(driver, server):
    found = Peer(server, driver).run(lambda c: sa.inspect(c).get_columns("types"))
    assert [column["name"] for column in found] == list(sample.COLUMNS)
