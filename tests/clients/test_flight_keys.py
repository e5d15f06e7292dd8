"""Keys that models declare, as Flight SQL's clients see them: what joins are drawn from."""

import pyarrow as pa
import pytest

from flight import Caller, message
from gateway import Gateway, run

# By relation: its header's keys, and its query.
MODELS = {
    "shop.customers": ("primary_key: id", "SELECT 1 AS id, 'ana' AS name"),
    "shop.orders": (
        "materialized: delta\n-- primary_key: id, line\n"
        "-- foreign_keys: customer_id -> shop.customers (id)",
        "SELECT 1 AS id, 1 AS line, 1 AS customer_id",
    ),
    # The columns of the key are not in the table's order, and one key names no columns.
    "shop.parcels": (
        "primary_key: id\n-- foreign_keys: order_line, order_id -> shop.orders (line, id); "
        "sender_id -> shop.customers; receiver_id -> shop.customers (id)",
        "SELECT 1 AS id, 1 AS order_id, 1 AS order_line, 1 AS sender_id, 1 AS receiver_id",
    ),
    "archive.customers": ("primary_key: id", "SELECT 1 AS id"),
    "archive.notes": ("foreign_keys: about -> archive.customers (id)", "SELECT 1 AS about"),
}
# Table and column of the primary key, table and column of the foreign key, place in the key, its name.
ORDERS_CUSTOMER = ("customers", "id", "orders", "customer_id", 1, "orders_customer_id_fkey")
PARCELS_RECEIVER = ("customers", "id", "parcels", "receiver_id", 1, "parcels_receiver_id_fkey")
PARCELS_SENDER = ("customers", "id", "parcels", "sender_id", 1, "parcels_sender_id_fkey")
PARCELS_ORDER = [
    ("orders", "line", "parcels", "order_line", 1, "parcels_order_line_order_id_fkey"),
    ("orders", "id", "parcels", "order_id", 2, "parcels_order_line_order_id_fkey"),
]
NOTES_ABOUT = ("customers", "id", "notes", "about", 1, "notes_about_fkey")
TEXT, NUMBER, RULE = pa.string(), pa.int32(), pa.uint8()
# As FlightSql.proto has them, with what may not be absent.
FOREIGN_SCHEMA = pa.schema([
    ("pk_catalog_name", TEXT), ("pk_db_schema_name", TEXT), pa.field("pk_table_name", TEXT, False),
    pa.field("pk_column_name", TEXT, False), ("fk_catalog_name", TEXT), ("fk_db_schema_name", TEXT),
    pa.field("fk_table_name", TEXT, False), pa.field("fk_column_name", TEXT, False),
    pa.field("key_sequence", NUMBER, False), ("fk_key_name", TEXT), ("pk_key_name", TEXT),
    pa.field("update_rule", RULE, False), pa.field("delete_rule", RULE, False),
])
NO_ACTION = 3


@pytest.fixture(scope="module")
def ana(tmp_path_factory):
    directory = tmp_path_factory.mktemp("keys")
    models = directory / "models"
    for name, (header, query) in MODELS.items():
        file = models / (name.replace(".", "/") + ".sql")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"-- description: One row per {name}.\n-- {header}\n\n{query}\n")
    config = directory / "keys.toml"
    config.write_text(f'[lake]\ndirectory = "{directory}"\n[models]\ndirectory = "{models}"\n')
    run("run", "--config", config)
    with Gateway(directory, settings=["flight.listen=127.0.0.1:0"]) as gateway:
        with Caller(gateway.flight_port, "ana") as caller:
            yield caller


def answer(ana, command, **fields):
    numbers = {
        "catalog": 1, "schema": 2, "table": 3, "fk_catalog": 4, "fk_schema": 5, "fk_table": 6,
    }
    info = ana.info(message(command, *((numbers[name], value) for name, value in fields.items())))
    table = ana.rows(info)
    assert table.schema == info.schema
    return table


def foreign(ana, command, **fields):
    table = answer(ana, command, **fields)
    assert table.schema == FOREIGN_SCHEMA
    columns = "pk_table_name pk_column_name fk_table_name fk_column_name key_sequence fk_key_name"
    rows = table.to_pylist()
    for row in rows:
        assert row["update_rule"] == row["delete_rule"] == NO_ACTION
        assert row["pk_catalog_name"] == row["fk_catalog_name"] == "lake"
        assert row["pk_key_name"] == f"{row['pk_table_name']}_pkey"
    return [tuple(row[name] for name in columns.split()) for row in rows]


@pytest.mark.parametrize(
    "table, columns", [("customers", ["id"]), ("orders", ["id", "line"]), ("parcels", ["id"])]
)
def test_primary_keys(table, columns, ana):
    rows = answer(ana, "CommandGetPrimaryKeys", schema="shop", table=table).to_pylist()
    assert [(row["column_name"], row["key_sequence"]) for row in rows] == [
        (column, place) for place, column in enumerate(columns, 1)
    ]
    assert {(row["db_schema_name"], row["table_name"], row["key_name"]) for row in rows} == {
        ("shop", table, f"{table}_pkey")
    }


def test_without_a_schema_tables_of_all_schemas_are_meant(ana):
    rows = answer(ana, "CommandGetPrimaryKeys", table="customers").to_pylist()
    assert [row["db_schema_name"] for row in rows] == ["archive", "shop"]
    assert answer(ana, "CommandGetPrimaryKeys", table="notes").num_rows == 0
    assert answer(ana, "CommandGetPrimaryKeys", catalog="other", table="customers").num_rows == 0


def test_exported_keys(ana):
    found = foreign(ana, "CommandGetExportedKeys", schema="shop", table="customers")
    assert found == [ORDERS_CUSTOMER, PARCELS_RECEIVER, PARCELS_SENDER]
    found = foreign(ana, "CommandGetExportedKeys", schema="shop", table="orders")
    assert found == PARCELS_ORDER
    assert foreign(ana, "CommandGetExportedKeys", schema="shop", table="parcels") == []


def test_imported_keys(ana):
    found = foreign(ana, "CommandGetImportedKeys", schema="shop", table="parcels")
    assert found == [PARCELS_RECEIVER, PARCELS_SENDER, *PARCELS_ORDER]
    found = foreign(ana, "CommandGetImportedKeys", catalog="lake", table="orders")
    assert found == [ORDERS_CUSTOMER]
    assert foreign(ana, "CommandGetImportedKeys", table="notes") == [NOTES_ABOUT]
    assert foreign(ana, "CommandGetImportedKeys", table="customers") == []


def test_cross_references(ana):
    command = "CommandGetCrossReference"
    found = foreign(ana, command, table="customers", fk_table="parcels")
    assert found == [PARCELS_RECEIVER, PARCELS_SENDER]
    assert foreign(ana, command, table="orders", fk_table="parcels") == PARCELS_ORDER
    assert foreign(ana, command, table="parcels", fk_table="orders") == []
    for place in ({"schema": "archive"}, {"fk_schema": "archive"}, {"fk_catalog": "other"}):
        assert foreign(ana, command, table="customers", fk_table="parcels", **place) == []
