"""Compares Lakegate's answers with what DuckDB computes from the same landing files.

    differences = compare(lake_dir, fetch)      # {} when every answer is equal

`fetch(name)` returns all rows of the table or view `name` ("gold.customers_credit") as a
`pyarrow.Table`, for example from `lakegate sql -c "select * from NAME" --format parquet --output
FILE`.

Each `<database>.<table>.duckdb.sql` here is one answer, written from the workload's text and not
from the models. Placeholders: `{lake}` is the lake's directory, `{today}` the day of the run in UTC
(ages depend on it), `{include NAME}` the text of `NAME.inc.sql`.

Two answers are equal when the columns have the same names in the same order and the rows are the
same multiset. What counts as the same value:
- the family of the type must agree: text, whole number, decimal, floating point, truth value, date,
  timestamp, list; the width within a family (int32 or int64, utf8 or a view of it) may differ;
- floating point: equal to nine significant digits; everything else exactly;
- decimals by value, whatever the scale; timestamps to the microsecond; NULL only equals NULL;
- lists element by element, in order.
"""

import collections
import datetime
import pathlib
import re

import duckdb
import pyarrow as pa
import pyarrow.types as pat

HERE = pathlib.Path(__file__).parent
SUFFIX = ".duckdb.sql"
EXAMPLES_MAX = 5


def names():
    """All answers, sorted."""
    return sorted(path.name.removesuffix(SUFFIX) for path in HERE.glob("*" + SUFFIX))


def compare(lake_dir, fetch, only=None, today=None):
    """A dictionary: name of the answer -> what differs. Empty when all are equal."""
    differences = {}
    for name in only or names():
        difference = difference_of(fetch(name), expected(lake_dir, name, today))
        if difference:
            differences[name] = difference
    return differences


def expected(lake_dir, name, today=None):
    """The answer by DuckDB, as a pyarrow.Table."""
    today = today or datetime.datetime.now(datetime.timezone.utc).date()
    sql = (HERE / (name + SUFFIX)).read_text(encoding="utf-8")
    sql = re.sub(r"\{include ([a-z_.]+)\}", _include, sql)
    lake = str(lake_dir).replace("'", "''")
    sql = sql.replace("{lake}", lake).replace("{today}", today.isoformat())
    connection = duckdb.connect()
    try:
        return connection.sql(sql).to_arrow_table()
    finally:
        connection.close()


def difference_of(actual, wanted):
    """None when equal, else a text that says what differs, with a few rows of each side."""
    if actual.column_names != wanted.column_names:
        return f"columns are {actual.column_names}, not {wanted.column_names}"
    for mine, theirs in zip(actual.schema, wanted.schema):
        if family(mine.type) != family(theirs.type):
            return f"column {mine.name} is {mine.type}, not {theirs.type}"
    actual_rows, wanted_rows = _multiset(actual), _multiset(wanted)
    if not wanted_rows:
        return "DuckDB computed no rows: nothing was compared"
    missing, extra = wanted_rows - actual_rows, actual_rows - wanted_rows
    if not missing and not extra:
        return None
    return (
        f"{actual.num_rows} rows, not {wanted.num_rows}; {missing.total()} missing, such as "
        f"{_examples(missing)}; {extra.total()} too many, such as {_examples(extra)}"
    )


def family(data_type):
    """The family of an Arrow type, by which columns must agree."""
    if pat.is_dictionary(data_type):
        return family(data_type.value_type)
    if pat.is_list(data_type) or pat.is_large_list(data_type) or pat.is_list_view(data_type):
        return ("list", family(data_type.value_type))
    tests = {
        "text": lambda t: pat.is_string(t) or pat.is_large_string(t) or pat.is_string_view(t),
        "whole number": pat.is_integer,
        "decimal": pat.is_decimal,
        "floating point": pat.is_floating,
        "truth value": pat.is_boolean,
        "date": pat.is_date,
        "timestamp": pat.is_timestamp,
    }
    for name, test in tests.items():
        if test(data_type):
            return name
    raise TypeError(f"{data_type} has no rule for comparing: add one")


def _include(match):
    text = (HERE / (match.group(1) + ".inc.sql")).read_text(encoding="utf-8")
    return text.strip()


def _multiset(table):
    columns = []
    for column, field in zip(table.columns, table.schema):
        kind = family(field.type)
        if kind == "timestamp":
            # Naive microseconds: nanoseconds have no Python value.
            column = column.cast(pa.timestamp("us", tz=field.type.tz), safe=False)
        columns.append([_value(value, kind) for value in column.to_pylist()])
    return collections.Counter(zip(*columns))


def _value(value, kind):
    if value is None:
        return None
    if kind == "floating point":
        return format(value + 0.0, ".9g") if value else "0"
    if kind == "decimal":
        return value.normalize()
    if isinstance(kind, tuple):
        return tuple(_value(element, kind[1]) for element in value)
    return value


def _examples(rows):
    return [row for row, _ in rows.most_common(EXAMPLES_MAX)]
