"""The right answers, by another engine: DuckDB over the landing files that the demo generated."""

import datetime
import decimal
import pathlib
import sys

import duckdb

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "answers"))

import compare  # noqa: E402

LANDING = ("customers", "credit_score", "music")
# Recommendations take DuckDB far longer than everything else, and no card shows them.
UNUSED = "recommend."
EXAMPLES_MAX = 3

# How Superset sorts types into kinds (GenericDataType), by the families of tests/answers.
KINDS = {
    "whole number": 0, "decimal": 0, "floating point": 0, "text": 1, "date": 2, "timestamp": 2,
    "truth value": 3,
}


class Expected:
    """Tables of the demo's names in DuckDB. `answer` runs a query, `columns` says what a table has."""

    def __init__(self, lake):
        self.connection = duckdb.connect()
        self.tables = {}
        self._execute("CREATE SCHEMA landing")
        for name in LANDING:
            files = str(lake / "landing" / "mysql" / "creditcard" / name / "*.parquet")
            self._execute(f"CREATE VIEW landing.{name} AS FROM read_parquet('{files}')")
        for name in compare.names():
            if not name.startswith(UNUSED):
                self._add(name, compare.expected(lake, name))

    def _execute(self, sql):
        return self.connection.execute(sql)

    def _add(self, name, rows):
        self.tables[name] = rows.schema
        self.connection.register("added", rows)
        self._execute(f"CREATE SCHEMA IF NOT EXISTS {name.split('.')[0]}")
        self._execute(f"CREATE TABLE {name} AS FROM added")
        self.connection.unregister("added")

    def answer(self, sql):
        rows = self._execute(sql).fetchall()
        assert rows, f"DuckDB computed no rows, so nothing would be compared: {sql}"
        return rows

    def columns(self, name):
        """Each column with its kind, as Superset would show it."""
        return [(field.name, KINDS[compare.family(field.type)]) for field in self.tables[name]]


def difference(actual, wanted, ordered):
    """None when the rows are the same, else what differs."""
    mine, theirs = ([tuple(map(value, row)) for row in rows] for rows in (actual, wanted))
    if not ordered:
        mine, theirs = sorted(mine, key=repr), sorted(theirs, key=repr)
    if mine == theirs:
        return None
    pairs = [pair for pair in zip(mine, theirs) if pair[0] != pair[1]][:EXAMPLES_MAX]
    shown = "; ".join(f"{left} and not {right}" for left, right in pairs)
    return f"{len(mine)} rows, expected {len(theirs)}: {shown}"


def value(of):
    """What both sides can say: JSON has no dates (Superset sends milliseconds) and no decimals."""
    if isinstance(of, datetime.datetime):
        return number(of.replace(tzinfo=datetime.timezone.utc).timestamp() * 1000)
    if isinstance(of, datetime.date):
        return value(datetime.datetime(of.year, of.month, of.day))
    if isinstance(of, (int, float, decimal.Decimal)) and not isinstance(of, bool):
        return number(of)
    return of


def number(of):
    """Nine significant digits would hide wrong milliseconds; whole numbers are compared exactly."""
    return str(int(of)) if of == int(of) else format(float(of), ".9g")
