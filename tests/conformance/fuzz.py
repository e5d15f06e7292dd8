"""Random queries over the conformance tables, beside DuckDB on the rows they must have.

    fuzz.py [--seed 1] [--queries 20000] [--names PART,…] [--every-way]

`queries.py` makes the queries; each goes to one running gateway per way to read (`WAYS`), in turn, or to
all with --every-way. DuckDB answers from tables made of the expected Parquet files. Answers are
compared as multisets, or in order where the query gives one order only; a query with LIMIT and ties
must give the right number of rows, keys in the right order, and rows that exist.

Printed: tables that are refused today, by name; the count of queries per table; each difference, made smaller
as long as it stays one, with a command to see it again. Queries that DuckDB itself cannot
answer are discarded and counted. A query that Lakegate refuses ("not supported", numeric overflow) is
counted by reason and is no difference; any other error is one. Exits with 1 on a difference.
"""

import argparse
import collections
import concurrent.futures
import contextlib
import dataclasses
import datetime
import decimal
import math
import pathlib
import random
import re
import struct
import sys
import tempfile
import threading
import time

import duckdb
import psycopg

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import expressions  # noqa: E402
import queries  # noqa: E402
import run  # noqa: E402
from run import gateway  # noqa: E402

WAYS = {
    "default": [],
    "pushdown on, 8 threads": ["scan.pushdown=\"on\"", "limits.threads=8"],
    "pushdown off, 1 thread": ["scan.pushdown=\"off\"", "limits.threads=1"],
    "pushdown on, 1 thread, no views": ["scan.pushdown=\"on\"", "limits.threads=1", "scan.view_types=false"],
    "pushdown off, 8 threads, no views": ["scan.pushdown=\"off\"", "limits.threads=8", "scan.view_types=false"],
}
# Large tables say little more than small ones, and take long.
ROWS_LARGE, SHARE_LARGE = 20_000, 0.1
# Tables that cannot be asked the same, or give wrong answers already: see `GAPS` in `test_fuzz.py`.
LEFT_OUT = {
    "case_sensitive_names__default.db__case_sensitive_names": "DuckDB has no columns that differ by case alone",
}
# SQLSTATEs of an answer that is a refusal: not supported, a number out of range.
REFUSED = {"0A000": "not supported", "22003": "out of range"}
SECONDS_MAX = 30
# Sums and averages of floating point numbers depend on the order of the rows.
RELATIVE_MAX, ABSOLUTE_MAX = 1e-6, 1e-9
# What the wire gives as text and DuckDB as objects, which do not reach as far.
TEMPORAL = ["date", "time", "timestamp", "timestamptz"]


class Failure(Exception):
    """An answer that is an error."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


# The expected side


class Expected:
    """DuckDB with one table per conformance table, and what may be asked of it."""

    def __init__(self, tables):
        self.connection = run.open_duckdb()
        self.tables = [self.load(name, known) for name, known in tables.items()]
        self.lock = threading.Lock()

    def load(self, name, known):
        source = run.files(known.expected)
        described = self.connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
        selected = ", ".join(
            f'{run.value(column, kind)} AS "{column.lower()}"' for column, kind, *_ in described
        )
        self.connection.execute(f"CREATE TABLE {name} AS SELECT {selected} FROM {source}")
        described = self.connection.execute(f"DESCRIBE {name}").fetchall()
        columns = tuple(self.column(name, column, kind) for column, kind, *_ in described)
        rows = self.connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
        return expressions.Table(name, columns, rows)

    def column(self, table, name, kind):
        made = expressions.Column(name, kind, ())
        if made.kind == "nested":
            return made
        text = 'CAST("%s" AS VARCHAR)' % name
        if made.kind == "timestamptz":
            text = f"""CAST("{name}" AT TIME ZONE 'UTC' AS VARCHAR)"""
        found = self.connection.execute(
            f"SELECT DISTINCT {text} AS v FROM {table} WHERE v IS NOT NULL ORDER BY v"
        ).fetchall()
        values = [value for (value,) in found if not value.endswith("(BC)")]
        step = max(1, len(values) // expressions.VALUES_MAX)
        ends = values[::step] + values[-1:]
        return expressions.Column(name, kind, tuple(ends))

    def rows(self, text):
        with self.lock:
            return [tuple(map(normal, row)) for row in self.connection.execute(text).fetchall()]


def normal(value):
    """Values of both sides in one form."""
    if isinstance(value, datetime.datetime):
        # DuckDB gives a date for some midnights' type: the text tells what it is.
        text = value.isoformat(" ")
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, datetime.time):
        text = value.isoformat()
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, float):
        return plain_float(value)
    return value


def plain_float(value):
    """Minus zero is zero, and NaN equals itself: as SQL has them."""
    return "NaN" if math.isnan(value) else value + 0.0


# Lakegate's side


class Actual:
    """One gateway, and a session of it per thread."""

    def __init__(self, directory, tables, settings):
        roots = sorted({known.root for known in tables.values()})
        listed = ", ".join(f'"{root}"' for root in roots)
        self.server = gateway.Gateway(
            directory, tables={name: known.url for name, known in tables.items()},
            settings=[f"lake.roots=[{listed}]", f'limits.statement_timeout="{SECONDS_MAX}s"', *settings],
        )
        self.sessions = threading.local()

    def rows(self, text):
        try:
            found = self.session().execute(text).fetchall()
        except psycopg.Error as error:
            if self.sessions.connection.closed:
                del self.sessions.connection
                raise Failure("lost", f"the connection was lost: {error}") from error
            raise Failure(error.sqlstate, str(error).strip()) from error
        return [tuple(map(normal, row)) for row in found]

    def session(self):
        if not hasattr(self.sessions, "connection"):
            connection = self.server.connect()
            connection.prepare_threshold = None
            for name in TEMPORAL:
                connection.adapters.register_loader(name, TextLoader)
            self.sessions.connection = connection
        return self.sessions.connection


class TextLoader(psycopg.adapt.Loader):
    def load(self, data):
        return bytes(data).decode().removesuffix("+00")


# The comparison


def difference(stated, mine, theirs, expected):
    """What differs, or None. `theirs` are DuckDB's rows, of which ties may have been others."""
    if stated.limit is not None and not stated.total_order:
        return loose_difference(stated, mine, theirs, expected)
    if stated.limit is not None:
        same = len(mine) == len(theirs) and all(map(rows_agree, mine, theirs))
        return None if same else told(mine, theirs)
    return multiset_difference(mine, theirs)


def told(mine, theirs):
    return f"{len(mine)} rows, not {len(theirs)}; {mine[:2]} is not {theirs[:2]}"[:500]


def multiset_difference(mine, theirs):
    left, right = collections.Counter(map(key, mine)), collections.Counter(map(key, theirs))
    if left == right:
        return None
    extra, missing = list((left - right).elements()), list((right - left).elements())
    # Those that are left may agree but for the last digits of floating point numbers.
    if len(extra) == len(missing) and all(map(rows_agree, sorted(extra, key=rough), sorted(missing, key=rough))):
        return None
    return f"{len(missing)} of {len(theirs)} rows missing, {len(extra)} too many: {missing[:2]} / {extra[:2]}"[:500]


def loose_difference(stated, mine, theirs, expected):
    if len(mine) != len(theirs):
        return told(mine, theirs)
    positions = [i for i, _ in stated.order]
    keys = [[tuple(row[i] for i in positions) for row in side] for side in (mine, theirs)]
    if not all(map(rows_agree, *keys)):
        return told(mine, theirs)
    every = collections.Counter(map(key, expected.rows(stated.text("duck", limited=False))))
    extra = list((collections.Counter(map(key, mine)) - every).elements())
    if extra and not all(any(rows_agree(row, other) for other in every) for row in extra):
        return f"{len(extra)} rows that do not exist: {extra[:2]}"[:500]
    return None


def key(row):
    return tuple(map(value_key, row))


def value_key(value):
    """Hashable; numbers by value, never equal to a truth value."""
    if isinstance(value, bool):
        return str(value)
    return value


def rough(row):
    return [f"{float(v):.4g}" if isinstance(v, (int, float, decimal.Decimal)) else str(v) for v in row]


def rows_agree(mine, theirs):
    return len(mine) == len(theirs) and all(map(values_agree, mine, theirs))


def values_agree(mine, theirs):
    if isinstance(mine, bool) or isinstance(theirs, bool):
        return mine is theirs or str(mine) == str(theirs)
    if isinstance(mine, float) or isinstance(theirs, float):
        if not all(isinstance(v, (int, float, decimal.Decimal)) for v in (mine, theirs)):
            return mine == theirs
        return near(float(mine), float(theirs))
    return mine == theirs


def near(mine, theirs):
    return math.isclose(mine, theirs, rel_tol=RELATIVE_MAX, abs_tol=ABSOLUTE_MAX) or single(mine) == single(theirs)


def single(value):
    """A real as four bytes: drivers give the shortest text or the exact value."""
    try:
        return struct.pack("f", value)
    except OverflowError:
        return value


# One run


@dataclasses.dataclass
class Tally:
    asked: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    refused: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    discarded: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    differences: list = dataclasses.field(default_factory=list)
    seconds: float = 0.0


@dataclasses.dataclass(frozen=True)
class Difference:
    way: str
    stated: object
    what: str

    def repro(self, tables):
        known = tables[self.stated.table]
        settings = [f"lake.roots=[\"{known.root}\"]", *WAYS[self.way]]
        options = " ".join(f"--set '{setting}'" for setting in settings)
        mine, theirs = (self.stated.text(dialect) for dialect in ("pg", "duck"))
        shown = mine.replace("\\", "\\\\").replace('"', '\\"').replace("`", "\\`").replace("$", "\\$")
        files = ", ".join(f"'{path}'" for path in known.expected)
        return "\n".join([
            f"-- {known.title}, {self.way}: {self.what}",
            f"lakegate sql --table {self.stated.table}={known.url} {options} -c \"{shown}\"",
            f"-- duckdb: CREATE TABLE {self.stated.table} AS SELECT * FROM read_parquet([{files}], hive_partitioning=false);",
            f"-- duckdb: {theirs}",
        ])


def judged(stated, actual, expected):
    """(outcome, detail): agreed, refused, discarded or different."""
    try:
        theirs = expected.rows(stated.text("duck"))
    except duckdb.Error as error:
        return "discarded", str(error).split("\n")[0][:160]
    try:
        mine = actual.rows(stated.text("pg"))
    except Failure as failure:
        if failure.code in REFUSED:
            return "refused", f"{REFUSED[failure.code]}: {failure}".split("\n")[0][:160]
        return "different", f"error {failure.code}: {failure}".replace("\n", " ")[:400]
    except ValueError as error:
        # psycopg's own, of a value it cannot hold.
        return "discarded", f"client: {error}"[:160]
    what = difference(stated, mine, theirs, expected)
    return ("different", what) if what else ("agreed", "")


def shrunk(stated, what, actual, expected):
    """The smallest statement found that differs still; an error stays an error of the same code."""
    kind = what[:11] if what.startswith("error ") else ""
    for _ in range(60):
        for less in queries.smaller(stated):
            outcome, detail = judged(less, actual, expected)
            if outcome == "different" and (detail[:11] == kind if kind else not detail.startswith("error ")):
                stated, what = less, detail
                break
        else:
            break
    return stated, what


def named_tables(directory, parts=()):
    """Conformance tables with expected rows, by a name that needs no quotes."""
    found = {}
    for known in run.cases(directory):
        if not known.expected or known.name in run.APART or known.name in LEFT_OUT:
            continue
        if parts and not any(part in known.title for part in parts):
            continue
        short = re.sub(r"[^a-z0-9]+", "_", f"{known.suite.split('-')[-1]}_{known.name}".lower())
        found[short] = known
    return found


def probe(tables):
    """Why tables do not open: those refused by name, and those that fail otherwise.

    One process each: a server does not start with a table that it cannot open.
    """
    refused, failed = {}, {}
    with tempfile.TemporaryDirectory() as directory, concurrent.futures.ThreadPoolExecutor(4) as pool:
        asked = {
            name: pool.submit(run.ask, known, "SELECT * FROM t LIMIT 1", pathlib.Path(directory) / f"{name}.parquet", "")
            for name, known in tables.items()
        }
        for name, future in asked.items():
            done = future.result()
            if done.returncode == 0:
                continue
            message = " ".join(done.stderr.split())
            by_name = "not supported: " in message or run.OUTSIDE in message
            (refused if by_name else failed)[name] = message[:200]
    return refused, failed


class Fuzz:
    """All servers, the expected tables and the queries of one seed."""

    def __init__(self, directory, parts=(), ways=None):
        self.stack = contextlib.ExitStack()
        self.tables = named_tables(directory, parts)
        self.ways = ways or list(WAYS)
        base = self.stack.enter_context(tempfile.TemporaryDirectory())
        self.refused, self.failed = probe(self.tables)
        readable = {n: k for n, k in self.tables.items() if n not in self.refused and n not in self.failed}
        self.actual = {}
        for number, way in enumerate(self.ways):
            side = Actual(pathlib.Path(base) / str(number), readable, WAYS[way])
            self.stack.push(side.server)
            self.actual[way] = side
        self.expected = Expected(readable)

    def __enter__(self):
        return self

    def __exit__(self, *details):
        return self.stack.__exit__(*details)

    def statements(self, seed, count):
        """(number, statement), the same for the same seed and tables."""
        tables = sorted(self.expected.tables, key=lambda table: table.name)
        weights = [SHARE_LARGE if table.rows > ROWS_LARGE else 1 for table in tables]
        for number in range(count):
            rng = random.Random(f"{seed}/{number}")
            (table,) = rng.choices(tables, weights)
            yield number, queries.statement(rng, table)

    def go(self, seed, count, every_way=False, shrink_max=40):
        tally, started = Tally(), time.perf_counter()
        lock = threading.Lock()

        def one(numbered):
            number, stated = numbered
            turns = self.ways if every_way else [self.ways[number % len(self.ways)]]
            for way in turns:
                outcome, detail = judged(stated, self.actual[way], self.expected)
                with lock:
                    self.count(tally, way, stated, outcome, detail)

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for _ in pool.map(one, self.statements(seed, count), chunksize=1):
                pass
        tally.seconds = time.perf_counter() - started
        tally.differences.sort(key=lambda found: (found.stated.table, found.what))
        for i, found in enumerate(tally.differences[:shrink_max]):
            stated, what = shrunk(found.stated, found.what, self.actual[found.way], self.expected)
            tally.differences[i] = Difference(found.way, stated, what)
        return tally

    @staticmethod
    def count(tally, way, stated, outcome, detail):
        tally.asked[stated.table] += 1
        if outcome == "refused":
            tally.refused[re.sub(r"[\d\"'].*", "", detail)] += 1
        elif outcome == "discarded":
            tally.discarded[re.sub(r"[\d\"'].*", "", detail)] += 1
        elif outcome == "different":
            tally.differences.append(Difference(way, stated, detail))


def report(fuzz, tally):
    for name, why in LEFT_OUT.items():
        print(f"left out: {name}: {why}")
    for title, found in (("refused table", fuzz.refused), ("table that fails", fuzz.failed)):
        for name, why in found.items():
            print(f"{title}: {fuzz.tables[name].title}: {why}")
    for name, count in sorted(tally.asked.items()):
        bad = sum(1 for found in tally.differences if found.stated.table == name)
        print(f"{count:6} queries  {bad:4} differ  {fuzz.tables[name].title}")
    for title, reasons in (("discarded", tally.discarded), ("refused", tally.refused)):
        for reason, count in reasons.most_common():
            print(f"{title} {count}: {reason}")
    for found in tally.differences:
        print("\n" + found.repro(fuzz.tables))
    total = sum(tally.asked.values())
    print(
        f"\n{total} queries over {len(tally.asked)} tables in {tally.seconds:.0f} s, "
        f"{len(fuzz.refused)} tables refused, {len(fuzz.failed)} fail; "
        f"{sum(tally.discarded.values())} discarded, {sum(tally.refused.values())} refused, "
        f"{len(tally.differences)} differ"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--queries", type=int, default=20_000)
    parser.add_argument("--names", default="", help="parts of the names of tables, separated by commas")
    parser.add_argument("--every-way", action="store_true", help="each query through every way to read")
    arguments = parser.parse_args()
    directory = run.data_directory()
    if directory is None:
        print("skipped: conformance data not found")
        return 0
    with Fuzz(directory, [part for part in arguments.names.split(",") if part]) as fuzz:
        tally = fuzz.go(arguments.seed, arguments.queries, arguments.every_way)
        report(fuzz, tally)
    return 1 if tally.differences or fuzz.failed else 0


if __name__ == "__main__":
    sys.exit(main())
