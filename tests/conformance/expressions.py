"""Literals and expressions over the columns of a table, in words that Lakegate and DuckDB read the same way.

Literals come from the table's own rows, their neighbours and the limits of their types: see `queries.py`.
"""

import dataclasses
import datetime
import decimal
import re

INTEGERS = {"TINYINT": 8, "SMALLINT": 16, "INTEGER": 32, "BIGINT": 64}
VALUES_MAX = 60
YEARS = range(1700, 2250)
COMPARISONS = ["=", "<>", "<", "<=", ">", ">="]
FRACTION = decimal.Decimal("0.000001")


@dataclasses.dataclass(frozen=True)
class Sql:
    """One expression in both dialects, and the kind of its values."""

    kind: str
    pg: str
    duck: str


def sql(kind, template, *parts):
    return Sql(
        kind, template.format(*(part.pg for part in parts)),
        template.format(*(part.duck for part in parts)),
    )


@dataclasses.dataclass(frozen=True)
class Column:
    name: str
    # As DuckDB names it.
    type: str
    # Distinct values as text.
    values: tuple

    @property
    def kind(self):
        return kind_of(self.type)

    @property
    def sql(self):
        quoted = '"' + self.name.replace('"', '""') + '"'
        return Sql(self.kind, quoted, quoted)


@dataclasses.dataclass(frozen=True)
class Table:
    name: str
    columns: tuple
    rows: int


def kind_of(type_name):
    if type_name in INTEGERS:
        return "int"
    if re.fullmatch(r"DECIMAL\(\d+,\d+\)", type_name):
        return "decimal"
    names = {
        "VARCHAR": "text", "BOOLEAN": "bool", "DATE": "date", "TIMESTAMP": "timestamp",
        "TIMESTAMP WITH TIME ZONE": "timestamptz", "BLOB": "bytes", "DOUBLE": "double", "FLOAT": "real",
        "TIME": "time",
    }
    # Nested values: only whether they are NULL.
    return names.get(type_name, "nested")


# Literals


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def literal(rng, column):
    """A value to compare a column with."""
    return typed(rng, column, neighbour(rng, column))


def neighbour(rng, column):
    """The text of a value in the column, or next to one, or at the edge of its type."""
    makers = {
        "int": near_integer, "decimal": near_decimal, "text": near_text, "date": near_date,
        "timestamp": near_timestamp, "timestamptz": near_timestamp, "double": near_float, "real": near_float,
    }
    base = rng.choice(column.values) if column.values else None
    if column.kind in makers:
        return makers[column.kind](rng, column, base)
    if column.kind == "bool":
        return rng.choice(["true", "false"])
    return base if base is not None else ""


def near_integer(rng, column, base):
    bits = INTEGERS[column.type]
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    value = rng.choice([0, 1, -1, low, high]) if base is None or rng.random() < 0.15 else int(base)
    return str(min(max(value + rng.choice([0, 0, 0, 1, -1]), low), high))


def near_decimal(rng, column, base):
    precision, scale = map(int, re.findall(r"\d+", column.type))
    step = decimal.Decimal(1).scaleb(-scale)
    with decimal.localcontext(prec=60):
        largest = decimal.Decimal(10) ** (precision - scale) - step
        edges = [decimal.Decimal(0), largest, -largest]
        value = rng.choice(edges) if base is None or rng.random() < 0.15 else decimal.Decimal(base)
        value += step * rng.choice([0, 0, 0, 1, -1])
        return f"{min(max(value, -largest), largest):f}"


def near_text(rng, _, base):
    if base is None or rng.random() < 0.1:
        return rng.choice(["", " ", "a", "zzzz", "~", "é", "0"])
    change = rng.randrange(7)
    if change == 0:
        return base[: rng.randint(0, len(base))]
    if change == 1:
        return base + rng.choice([" ", "a", "~"])
    if change == 2 and base:
        return base[:-1] + chr(min(ord(base[-1]) + 1, 0xD7FF))
    if change == 3:
        return base[:32]
    return base


def near_date(rng, _, base):
    edges = ["1970-01-01", "1969-12-31", "0001-01-01", "9999-12-31", "2000-02-29"]
    if base is None or rng.random() < 0.15:
        return rng.choice(edges)
    try:
        day = datetime.date.fromisoformat(base)
        return str(day + datetime.timedelta(days=rng.choice([0, 0, 0, 1, -1])))
    except (ValueError, OverflowError):
        return rng.choice(edges)


def near_timestamp(rng, _, base):
    edges = ["1970-01-01 00:00:00", "1969-12-31 23:59:59.999999", "2000-02-29 12:00:00", "2038-01-19 03:14:08"]
    if base is None or rng.random() < 0.15:
        return rng.choice(edges)
    try:
        at = datetime.datetime.fromisoformat(re.sub(r"\+00$", "", base))
        at += datetime.timedelta(microseconds=rng.choice([0, 0, 0, 1, -1, 1000, -1000]))
    except (ValueError, OverflowError):
        return rng.choice(edges)
    return str(at) if at.year in YEARS else rng.choice(edges)


def near_float(rng, column, base):
    if base is None or rng.random() < 0.15:
        return rng.choice(["0", "1.5", "-1.5", "1e30", "-1e30", "NaN", "Infinity", "-Infinity"])
    return base if rng.random() < 0.7 else repr(float(base) * (1 + 1e-6))


NAMES = {"DOUBLE": "DOUBLE PRECISION", "FLOAT": "REAL", "TINYINT": "SMALLINT", "VARCHAR": "TEXT"}


def typed(rng, column, text):
    """A literal in one of the forms that people write."""
    kind = column.kind
    if kind == "bytes":
        data = text.encode("latin-1", "replace")[:20] if text else b""
        plain = "".join(f"\\x{byte:02x}" for byte in data)
        return Sql(kind, f"decode('{data.hex()}', 'hex')", f"'{plain}'::BLOB")
    name = NAMES.get(column.type, column.type)
    cast = f"CAST({quoted(text)} AS {name})"
    plain = {
        "int": text if not text.startswith("-") else f"({text})",
        "bool": text, "text": quoted(text), "date": f"DATE '{text}'",
        "timestamp": f"TIMESTAMP '{text}'", "timestamptz": f"TIMESTAMPTZ '{text}+00'",
    }.get(kind, cast)
    if kind == "timestamptz":
        cast = f"CAST('{text}+00' AS TIMESTAMP WITH TIME ZONE)"
    # The smallest bigint has no literal without a cast: its digits alone are one too large.
    edge = kind == "int" and text == str(-(1 << 63))
    chosen = cast if edge or rng.random() < 0.3 else plain
    return Sql(kind, chosen, chosen)


# Expressions


def expression(rng, table, column=None):
    """A column, or something computed from one."""
    column = column or rng.choice(table.columns)
    if column.kind == "nested":
        return sql("bool", "{0} IS NULL", column.sql)
    made = computed(rng, table, column) if rng.random() < 0.3 else None
    return made or column.sql


def computed(rng, table, column):
    """None where nothing fits the column's kind."""
    makers = {
        "int": integer_expression, "decimal": decimal_expression, "text": text_expression,
        "date": date_expression, "timestamp": timestamp_expression, "timestamptz": timestamp_expression,
        "bool": bool_expression, "double": float_expression, "real": float_expression,
    }
    if column.kind not in makers:
        return None
    if far_away(column):
        return makers[column.kind](rng, column)
    if rng.random() < 0.2:
        return sql(column.kind, "coalesce({0}, {1})", column.sql, literal(rng, column))
    if rng.random() < 0.15:
        # Not a subquery: those are filters only.
        test = compare(rng, table, column)
        return sql(column.kind, "CASE WHEN {0} THEN {1} ELSE {2} END", test, column.sql, literal(rng, column))
    return makers[column.kind](rng, column)


def small(column):
    """Whether adding to it stays within a bigint."""
    return all(abs(int(value)) < 1 << 40 for value in column.values)


def integer_expression(rng, column):
    choices = [("text", "CAST({0} AS TEXT)"), ("double", "CAST({0} AS DOUBLE PRECISION)"), ("int", "CAST({0} AS BIGINT)")]
    if small(column):
        choices += [
            ("int", "CAST({0} AS BIGINT) + 1"), ("int", "CAST({0} AS BIGINT) * 3 - 7"),
            ("int", "-CAST({0} AS BIGINT)"), ("int", "CAST({0} AS BIGINT) % 5"),
            ("int", "abs(CAST({0} AS BIGINT))"), ("decimal", "CAST({0} AS DECIMAL(20,2))"),
        ]
    return sql(*with_column(rng.choice(choices), column))


def with_column(choice, column):
    kind, template = choice
    return kind, template, column.sql


def decimal_expression(rng, column):
    precision = int(re.findall(r"\d+", column.type)[0])
    choices = [("double", "CAST({0} AS DOUBLE PRECISION)"), ("decimal", "-{0}"), ("decimal", "abs({0})")]
    if precision < 30:
        choices += [("decimal", "{0} + {0}"), ("decimal", "{0} - 1")]
    return sql(*with_column(rng.choice(choices), column))


def text_expression(rng, column):
    choices = [
        ("int", "length({0})"), ("text", "lower({0})"), ("text", "upper({0})"), ("text", "substr({0}, 2, 3)"),
        ("text", "{0} || 'x'"), ("text", "trim({0})"), ("text", "nullif({0}, '')"),
    ]
    return sql(*with_column(rng.choice(choices), column))


def far_away(column):
    """Whether a day in it has no nanoseconds since 1970."""
    return column.kind in ("date", "timestamp", "timestamptz") and any(
        int(value.split("-")[0] or 0) not in YEARS for value in column.values
    )


def date_expression(rng, column):
    choices = [
        ("timestamp", "CAST({0} AS TIMESTAMP)"), ("text", "CAST({0} AS TEXT)"), ("double", "EXTRACT(YEAR FROM {0})"),
        ("double", "EXTRACT(DOW FROM {0})"), ("timestamp", "CAST({0} AS TIMESTAMP) + INTERVAL '1 day'"),
    ]
    if far_away(column):
        choices = choices[1:4]
    return sql(*with_column(rng.choice(choices), column))


def timestamp_expression(rng, column):
    choices = [
        ("date", "CAST({0} AS DATE)"), ("double", "EXTRACT(YEAR FROM {0})"), ("double", "EXTRACT(MINUTE FROM {0})"),
        (column.kind, "date_trunc('month', {0})"), (column.kind, "{0} + INTERVAL '1 hour'"),
    ]
    if far_away(column):
        choices = choices[:3]
    return sql(*with_column(rng.choice(choices), column))


def bool_expression(rng, column):
    choices = [("text", "CAST({0} AS TEXT)"), ("int", "CAST({0} AS INTEGER)"), ("bool", "NOT {0}")]
    return sql(*with_column(rng.choice(choices), column))


def float_expression(rng, column):
    choices = [("double", "CAST({0} AS DOUBLE PRECISION)"), ("double", "CAST({0} AS DOUBLE PRECISION) * 2"),
               (column.kind, "abs({0})"), (column.kind, "-{0}")]
    return sql(*with_column(rng.choice(choices), column))


def compare(rng, table, column):
    sides = [column.sql, literal(rng, column)]
    if rng.random() < 0.2:
        sides.reverse()
    return sql("bool", f"{{0}} {rng.choice(COMPARISONS)} {{1}}", *sides)
