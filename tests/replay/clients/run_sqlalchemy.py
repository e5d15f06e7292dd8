"""SQLAlchemy's inspector, whole; reflection of all schemas; streaming. The driver is the argument.

What Superset does through SQLAlchemy is here too.
"""

import sys

import sqlalchemy as sa

driver = sys.argv[1]
engine = sa.create_engine(f"postgresql+{driver}://lakegate@127.0.0.1/lake", poolclass=sa.NullPool)
SCHEMAS = ["shop", "gold", None, "information_schema"]


def attempt(action, *arguments, **options):
    """What does not exist is asked for, too; the script goes on."""
    try:
        return action(*arguments, **options)
    except (sa.exc.SQLAlchemyError, NotImplementedError) as error:
        print(type(error).__name__, file=sys.stderr)


def inspect_all():
    """Each table by itself, as tools do that open one at a time."""
    inspector = sa.inspect(engine)
    inspector.get_schema_names()
    for schema in SCHEMAS:
        inspector.get_table_names(schema)
        inspector.get_view_names(schema)
        inspector.get_materialized_view_names(schema)
        inspector.get_temp_table_names()
        inspector.get_temp_view_names()
        inspector.get_sequence_names(schema)
        inspector.get_enums(schema)
        inspector.get_domains(schema)
        inspector.get_foreign_table_names(schema)
    for schema, table in [("shop", "customers"), ("shop", "products"), ("shop", "orders"),
                          ("shop", "order_lines"), ("gold", "daily_sales"),
                          ("gold", "order_totals"), ("shop", "nothing")]:
        for action in (
            inspector.has_table, inspector.get_columns, inspector.get_pk_constraint,
            inspector.get_foreign_keys, inspector.get_indexes, inspector.get_unique_constraints,
            inspector.get_check_constraints, inspector.get_table_comment,
            inspector.get_table_options, inspector.get_table_oid,
        ):
            attempt(action, table, schema=schema)
    attempt(inspector.get_view_definition, "order_totals", schema="gold")
    attempt(inspector.has_index, "orders", "orders_pkey", schema="shop")
    attempt(inspector.has_schema, "shop")
    attempt(inspector.has_sequence, "s", schema="shop")


def inspect_many():
    """All tables of a schema at once."""
    inspector = sa.inspect(engine)
    kind = sa.engine.reflection.ObjectKind.ANY
    scope = sa.engine.reflection.ObjectScope.ANY
    for schema in SCHEMAS[:3]:
        for action in (
            inspector.get_multi_columns, inspector.get_multi_pk_constraint,
            inspector.get_multi_foreign_keys, inspector.get_multi_indexes,
            inspector.get_multi_unique_constraints, inspector.get_multi_check_constraints,
            inspector.get_multi_table_comment, inspector.get_multi_table_options,
        ):
            action(schema=schema, kind=kind, scope=scope)
        sa.MetaData(schema=schema).reflect(engine, views=True)


def read():
    shop = sa.MetaData(schema="shop")
    shop.reflect(engine)
    customers, orders = shop.tables["shop.customers"], shop.tables["shop.orders"]
    with engine.connect() as connection:
        for table in shop.sorted_tables:
            connection.execute(sa.select(table).order_by(*table.primary_key)).all()
        joined = (
            sa.select(customers.c.name, sa.func.sum(orders.c.total).label("total"))
            .join(orders, orders.c.customer_id == customers.c.id)
            .where(orders.c.status.in_(["paid", "sent"]))
            .where(orders.c.ordered_at >= sa.literal("2026-01-05").cast(sa.DateTime))
            .where(customers.c.name.ilike("%a%"))
            .group_by(customers.c.name).order_by(customers.c.name).limit(3)
        )
        connection.execute(joined).all()
        connection.execute(
            sa.select(orders).where(orders.c.id == 5_000_000_003, orders.c.total > 10.5)
        ).one()
        streamed = connection.execution_options(stream_results=True, max_row_buffer=7)
        streamed.execute(sa.select(orders).order_by(orders.c.id)).all()
    with engine.connect() as connection:
        partitions = connection.execution_options(yield_per=5).execute(
            sa.text("SELECT order_id, line FROM shop.order_lines ORDER BY 1, 2")).partitions()
        next(partitions)
    with engine.begin() as connection, connection.begin_nested():
        connection.execute(sa.select(sa.func.count()).select_from(customers)).scalar()
    for level in ("AUTOCOMMIT", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"):
        with engine.connect().execution_options(isolation_level=level) as connection:
            connection.get_isolation_level()
            connection.execute(sa.select(sa.literal(1), sa.literal("x"), sa.null())).one()
    with engine.connect() as connection:
        attempt(connection.execute, sa.text("SELECT nothing FROM shop.orders"))
        connection.rollback()
        connection.execute(sa.text("SELECT 1"))


def like_superset():
    with engine.connect() as connection:
        run = lambda text: connection.execute(sa.text(text)).all()  # noqa: E731
        connection.execute(sa.text('set search_path = "shop"'))
        for grain in ("second", "minute", "hour", "day", "week", "month", "quarter", "year"):
            run(f"SELECT DATE_TRUNC('{grain}', ordered_at) AS __timestamp, count(*) AS count "
                "FROM shop.orders WHERE ordered_at >= "
                "TO_TIMESTAMP('2026-01-01 00:00:00.000000', 'YYYY-MM-DD HH24\\:MI\\:SS.US') "
                f"GROUP BY DATE_TRUNC('{grain}', ordered_at) ORDER BY count DESC, 1 LIMIT 100")
        run("SELECT * FROM shop.orders WHERE shipped_on >= TO_DATE('2026-02-05', 'YYYY-MM-DD') "
            "ORDER BY id LIMIT 1001")
        run("EXPLAIN SELECT count(*) FROM shop.orders")
        run("SELECT pg_backend_pid() > 0")
        run("SELECT datname FROM pg_database WHERE datistemplate = false")


inspect_all()
inspect_many()
read()
like_superset()
