"""The shop that both servers hold: tables, keys, comments and rows, described once.

`postgres_statements` makes it in PostgreSQL. `write_lake` makes it as files of a lake, which
Lakegate crawls: Parquet in database `shop`, Delta in `gold`, and a view as a model. The rows are
few: what is compared is what clients ask about tables, and how values look.
"""

import datetime as dt
import decimal
import json
import pathlib
import sqlite3
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.parquet as pq

DATABASE = "lake"
USER = "lakegate"
SCHEMA_COMMENTS = {"shop": "What the shop sells, and to whom", "gold": "Figures for reports"}
UTC = dt.timezone.utc

ATTRIBUTES = pa.struct([("color", pa.string()), ("grams", pa.int32())])
ARROW_TYPES = {
    "int2": pa.int16(),
    "int4": pa.int32(),
    "int8": pa.int64(),
    "float4": pa.float32(),
    "float8": pa.float64(),
    "numeric(12,2)": pa.decimal128(12, 2),
    "text": pa.string(),
    "bool": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", tz="UTC"),
    "bytea": pa.binary(),
    "text[]": pa.list_(pa.string()),
    "int4[]": pa.list_(pa.int32()),
    "jsonb": ATTRIBUTES,  # Lakegate shows structs as jsonb
}
DELTA_TYPES = {"date": "date", "int8": "long", "numeric(12,2)": "decimal(12,2)"}


@dataclass
class Column:
    name: str
    type: str
    not_null: bool = False
    comment: str = ""


@dataclass
class Table:
    schema: str
    name: str
    comment: str
    columns: list
    rows: list
    primary_key: list
    # (column, schema.table, column)
    foreign_keys: list = field(default_factory=list)
    format: str = "parquet"

    @property
    def full_name(self):
        return f"{self.schema}.{self.name}"


def _customers():
    names = ["Ana Lima", "Rui O'Neil", "Zoë Ångström", "李雷", 'Eve "E" \\ Backslash', "Bob"]
    for i, name in enumerate(names, 1):
        yield (
            i, name, f"{name.split()[0].lower()}@example.com" if i != 4 else None,
            ["BR", "PT", "SE", "CN", "US", None][i - 1],
            dt.date(1960 + 7 * i, i, 2 * i) if i != 6 else None,
            i % 3 != 0,
            [["new", "vip"], [], None, ["a,b", 'q"q', ""], ["NULL", "x y"], [None, "z"]][i - 1],
            [1.5, -0.25, None, 1e100, 0.1, float("nan")][i - 1],
            dt.datetime(2025, i, 1, 10, 30, i, 250000 * (i % 2), tzinfo=UTC),
            dt.datetime(2025, 12, i, 23, 59, 59, 999999) if i % 2 else None,
        )


def _products():
    titles = ["Lamp", "Chair", "Table", "Desk", "Shelf", "Vase", "Clock", "Rug"]
    for i, title in enumerate(titles, 1):
        yield (
            i, f"SKU-{i:03}", title, decimal.Decimal(f"{i * 13}.{i}0"),
            0.5 * i if i != 3 else None,
            [i, i + 1, None] if i % 2 else None,
            bytes([0, 255, i]) if i < 5 else None,
            {"color": ["red", "blue"][i % 2], "grams": 100 * i} if i != 5 else None,
            3 * i,
        )


def _orders():
    for i in range(1, 21):
        yield (
            5_000_000_000 + i, i % 5 + 1, ["new", "paid", "sent"][i % 3],
            dt.datetime(2026, 1, 1 + i % 28, 8, i, 0),
            dt.date(2026, 2, i) if i % 3 == 2 else None,
            decimal.Decimal(f"{100 + i}.50") if i != 7 else None,
            "leave at the door" if i % 4 == 0 else None,
        )


def _order_lines():
    for i in range(1, 21):
        for line in (1, 2):
            discount = 0.05 * line if i % 2 else None
            yield (
                5_000_000_000 + i, line, (i + line) % 8 + 1, line * 2,
                decimal.Decimal(f"{10 + i}.25"), discount,
            )


def _daily_sales():
    for i in range(1, 11):
        yield (dt.date(2026, 1, i), i, decimal.Decimal(f"{i * 250}.75"))


TABLES = [
    Table(
        "shop", "customers", "One row per customer",
        [
            Column("id", "int4", True, "number of the customer"),
            Column("name", "text", True, "as the customer writes it"),
            Column("email", "text"),
            Column("country", "text", comment="ISO 3166, two letters"),
            Column("born", "date"),
            Column("active", "bool", True),
            Column("tags", "text[]"),
            Column("score", "float8"),
            Column("created_at", "timestamptz", True),
            Column("updated_at", "timestamp"),
        ],
        list(_customers()),
        ["id"],
    ),
    Table(
        "shop", "products", "What can be bought",
        [
            Column("id", "int4", True),
            Column("sku", "text", True),
            Column("title", "text", True),
            Column("price", "numeric(12,2)", True, "in euro"),
            Column("weight", "float4"),
            Column("sizes", "int4[]"),
            Column("picture", "bytea"),
            Column("attributes", "jsonb", comment="colour and weight"),
            Column("stock", "int2"),
        ],
        list(_products()),
        ["id"],
    ),
    Table(
        "shop", "orders", "One row per order",
        [
            Column("id", "int8", True, "number of the order"),
            Column("customer_id", "int4", True),
            Column("status", "text", True, "new, paid or sent"),
            Column("ordered_at", "timestamp", True),
            Column("shipped_on", "date"),
            Column("total", "numeric(12,2)"),
            Column("note", "text"),
        ],
        list(_orders()),
        ["id"],
        [("customer_id", "shop.customers", "id")],
    ),
    Table(
        "shop", "order_lines", "",
        [
            Column("order_id", "int8", True),
            Column("line", "int2", True),
            Column("product_id", "int4", True),
            Column("quantity", "int4", True),
            Column("price", "numeric(12,2)", True),
            Column("discount", "float8"),
        ],
        list(_order_lines()),
        ["order_id", "line"],
        [("order_id", "shop.orders", "id"), ("product_id", "shop.products", "id")],
    ),
    Table(
        "gold", "daily_sales", "One row per day with orders",
        [
            Column("day", "date", True),
            Column("orders", "int8", True),
            Column("revenue", "numeric(12,2)", comment="in euro"),
        ],
        list(_daily_sales()),
        ["day"],
        format="delta",
    ),
]

VIEW_SCHEMA, VIEW_NAME = "gold", "order_totals"
VIEW_COMMENT = "One row per customer who ordered"
VIEW_COLUMN_COMMENTS = {"orders": "how many orders"}
VIEW_SQL = """\
SELECT c.id AS customer_id, c.name, count(*) AS orders, sum(o.total) AS total
FROM shop.customers c
JOIN shop.orders o ON o.customer_id = c.id
GROUP BY c.id, c.name"""

# What every Lakegate has of its own. Made in PostgreSQL too, so that listings can be equal.
OWN_SCHEMAS = ["default", "lakegate"]


# ---- PostgreSQL --------------------------------------------------------------------------------


def postgres_statements(own_relations):
    """DDL, comments and rows. `own_relations`: DDL of Lakegate's own tables."""
    for schema in SCHEMA_COMMENTS:
        yield f"CREATE SCHEMA {schema}"
        yield f"COMMENT ON SCHEMA {schema} IS {literal(SCHEMA_COMMENTS[schema])}"
    for schema in OWN_SCHEMAS:
        yield f'CREATE SCHEMA "{schema}"'
    yield from own_relations
    for table in TABLES:
        yield from _postgres_table(table)
    view = f"{VIEW_SCHEMA}.{VIEW_NAME}"
    yield f"CREATE VIEW {view} AS {VIEW_SQL}"
    yield f"COMMENT ON VIEW {view} IS {literal(VIEW_COMMENT)}"
    for column, comment in VIEW_COLUMN_COMMENTS.items():
        yield f"COMMENT ON COLUMN {view}.{column} IS {literal(comment)}"
    yield "ANALYZE"


def _postgres_table(table):
    lines = [
        f"{column.name} {column.type}{' NOT NULL' if column.not_null else ''}"
        for column in table.columns
    ]
    lines.append(f"PRIMARY KEY ({', '.join(table.primary_key)})")
    for column, other, other_column in table.foreign_keys:
        lines.append(f"FOREIGN KEY ({column}) REFERENCES {other} ({other_column})")
    yield f"CREATE TABLE {table.full_name} ({', '.join(lines)})"
    if table.comment:
        yield f"COMMENT ON TABLE {table.full_name} IS {literal(table.comment)}"
    for column in table.columns:
        if column.comment:
            name = f"{table.full_name}.{column.name}"
            yield f"COMMENT ON COLUMN {name} IS {literal(column.comment)}"


def postgres_rows(connection):
    """Inserts all rows over a psycopg connection."""
    for table in TABLES:
        places = ", ".join(f"%s::{column.type}" for column in table.columns)
        rows = [[_postgres_value(value) for value in row] for row in table.rows]
        with connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO {table.full_name} VALUES ({places})", rows)


def _postgres_value(value):
    return json.dumps(value) if isinstance(value, dict) else value


def literal(text):
    return "'" + text.replace("'", "''") + "'"


# ---- The lake ----------------------------------------------------------------------------------


def write_lake(directory):
    """Files and models below `directory`: data/DATABASE/TABLE/…, models/DATABASE/VIEW.sql."""
    directory = pathlib.Path(directory)
    for table in TABLES:
        folder = directory / "data" / table.schema / table.name
        folder.mkdir(parents=True)
        pq.write_table(_arrow_table(table), folder / "part-0.parquet")
        if table.format == "delta":
            _write_delta_log(table, folder)
    model = directory / "models" / VIEW_SCHEMA / f"{VIEW_NAME}.sql"
    model.parent.mkdir(parents=True)
    comments = [f"-- column {name}: {text}" for name, text in VIEW_COLUMN_COMMENTS.items()]
    model.write_text("\n".join([f"-- description: {VIEW_COMMENT}", *comments, VIEW_SQL]) + "\n")


def _arrow_table(table):
    fields = [
        pa.field(column.name, ARROW_TYPES[column.type], nullable=not column.not_null)
        for column in table.columns
    ]
    columns = [
        pa.array([row[i] for row in table.rows], type=arrow_field.type)
        for i, arrow_field in enumerate(fields)
    ]
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def _write_delta_log(table, folder):
    fields = [
        {"name": column.name, "type": DELTA_TYPES[column.type],
         "nullable": not column.not_null, "metadata": {}}
        for column in table.columns
    ]
    data = folder / "part-0.parquet"
    actions = [
        {"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}},
        {"metaData": {"id": table.name, "format": {"provider": "parquet", "options": {}},
                      "schemaString": json.dumps({"type": "struct", "fields": fields}),
                      "partitionColumns": [], "createdTime": 0, "configuration": {}}},
        {"add": {"path": data.name, "partitionValues": {}, "size": data.stat().st_size,
                 "modificationTime": 0, "dataChange": True,
                 "stats": json.dumps({"numRecords": len(table.rows)})}},
    ]
    log = folder / "_delta_log"
    log.mkdir()
    (log / f"{0:020}.json").write_text("\n".join(map(json.dumps, actions)))


def declare(catalog):
    """Keys and comments, written into the catalog's file after the crawl.

    No statement of Lakegate's can say them yet, so this edits Glue's definitions where they are
    kept. When there is `COMMENT ON` and `ALTER TABLE … SET`, this becomes a few statements.
    """
    with sqlite3.connect(catalog) as store:
        for schema, comment in SCHEMA_COMMENTS.items():
            _edit(store, "databases", "name = ?", [schema], {"Description": comment})
        for table in TABLES:
            where, values = "database = ? AND name = ?", [table.schema, table.name]
            _edit(store, "tables", where, values, _declared(table))
        store.execute("UPDATE tables SET changed = (SELECT version + 1 FROM catalog)")
        store.execute("UPDATE catalog SET version = version + 1")
    store.close()


def _declared(table):
    parameters = {
        "primary_key": ", ".join(table.primary_key),
        "not_null": ", ".join(column.name for column in table.columns if column.not_null),
    }
    if table.foreign_keys:
        parameters["foreign_keys"] = "; ".join(
            f"{column} -> {other}({other_column})"
            for column, other, other_column in table.foreign_keys
        )
    changes = {"Parameters": parameters, "Comments": {c.name: c.comment for c in table.columns}}
    return changes | ({"Description": table.comment} if table.comment else {})


def _edit(store, relation, where, values, changes):
    (text,) = store.execute(f"SELECT definition FROM {relation} WHERE {where}", values).fetchone()
    definition = json.loads(text)
    changes = dict(changes)
    comments = changes.pop("Comments", {})
    definition.setdefault("Parameters", {}).update(changes.pop("Parameters", {}))
    definition.update(changes)
    for column in definition.get("StorageDescriptor", {}).get("Columns", []):
        if comments.get(column["Name"]):
            column["Comment"] = comments[column["Name"]]
    changed = [json.dumps(definition), *values]
    store.execute(f"UPDATE {relation} SET definition = ? WHERE {where}", changed)
