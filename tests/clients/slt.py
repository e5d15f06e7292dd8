"""sqllogictest files over both fronts: Postgres' protocol and Flight SQL give the same rows, or the same error.

    slt.py [FILE…]          all records of these files of the corpus, or of all files

The corpus is DataFusion's, in the version that Lakegate is built with, as its crate carries it (Apache-2.0); cargo
brings it. Tables become temporary ones. The rows that stand in the files are DataFusion's, which means other things
than Postgres by some statements: asked is that our two fronts agree, whether they answer or refuse.
"""

import collections
import dataclasses
import decimal
import functools
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import adbc_driver_flightsql.dbapi as adbc
import adbc_driver_manager
import psycopg

import arrow_text
from gateway import ROOT, Gateway

CRATE = "datafusion-sqllogictest"
FETCH_SECONDS_MAX = 120
TABLE = re.compile(r"\s*create\s+(or\s+replace\s+)?(unbounded\s+)?table\b", re.I)
# Statements of DataFusion's own, and what changes at every call.
FOREIGN = re.compile(
    r"\s*(create\s+(or\s+replace\s+)?(unbounded\s+)?external|create\s+function|copy|explain|describe"
    r"|set\s+datafusion|reset\s+datafusion|show\b|prepare|execute|deallocate|insert\s+overwrite)", re.I,
)
FICKLE = re.compile(
    r"\b(random|uuid|uuidv4|now|today|current_date|current_time|current_timestamp|local\w+|pg_backend_pid"
    r"|input_file_name|version)\b", re.I,
)
# Which of two unknown columns is named is chance; ADBC's Arrow refuses lists of no items; no decimal of Arrow's has
# more than 76 digits.
OTHERWISE = re.compile(r"\bexclude\s*\(|FixedSizeList\(0,|\b0e100\b|\b1e77\b", re.I)
# What the engine calls internal errors, whoever asks: of temporary tables whose types cannot be written as SQL, and
# DataFusion's own.
FAULTS = re.compile("a temporary table's rows have other types|struct_allowed: unnest|array_resize: failed")
ORDERED = re.compile(r"\border\s+by\b[^()]*$", re.I)


@dataclasses.dataclass
class Record:
    place: str
    sql: str
    # How the rows are compared: `nosort`, `rowsort`, `valuesort`.
    sort: str


@dataclasses.dataclass
class Outcome:
    """Rows of texts, or an error's message."""

    rows: list = dataclasses.field(default_factory=list)
    error: str | None = None


@functools.cache
def corpus():
    """The folder of the corpus' files. None when it cannot be had: no cargo, no registry."""
    lock = (ROOT / "Cargo.lock").read_text()
    version = re.search(r'name = "datafusion"\nversion = "([^"]+)"', lock).group(1)
    home = pathlib.Path(os.environ.get("CARGO_HOME") or pathlib.Path.home() / ".cargo")
    pattern = f"registry/src/*/{CRATE}-{version}/test_files"
    if not list(home.glob(pattern)):
        # The one command of cargo's that unpacks a crate without all that it depends on.
        command = ["cargo", "info", f"{CRATE}@{version}", "--registry", "crates-io"]
        try:
            subprocess.run(command, cwd="/", capture_output=True, timeout=FETCH_SECONDS_MAX)
        except (FileNotFoundError, subprocess.TimeoutExpired):
            return None
    return next(iter(sorted(home.glob(pattern))), None)


# Files


def records(file):
    """The records of a file and of what it includes."""
    found, skipped = [], False
    for line, block in blocks(file):
        head = block[0].split()
        place = f"{file.name}:{line}"
        if head[0] == "include":
            for included in sorted(file.parent.glob(head[1])):
                found += records(included)
        elif head[0] == "halt":
            break
        elif head[0] in ("onlyif", "skipif"):
            # Conditions stand in lines of their own above a record.
            skipped = head[0] == "onlyif"
            rest = block[1:]
            while rest and rest[0].split()[0] in ("onlyif", "skipif"):
                skipped = skipped or rest.pop(0).split()[0] == "onlyif"
            if rest and not skipped:
                found += record(place, rest)
        else:
            found += record(place, block)
    return found


def blocks(file):
    """Paragraphs without comments, with the number of their first line."""
    block, first = [], 0
    for number, line in enumerate([*file.read_text().splitlines(), ""], 1):
        if not line.strip():
            if block:
                yield first, block
            block = []
        elif not line.startswith("#") or "----" in block:
            first = first if block else number
            block.append(line)


def record(place, block):
    words, body = block[0].split(), block[1:]
    if words[0] not in ("statement", "query") or not body:
        return []
    if "----" in body:
        body = body[:body.index("----")]
    sort = words[2] if words[0] == "query" and len(words) > 2 else "nosort"
    return [Record(place, "\n".join(body).strip().rstrip(";"), sort)]


def runnable(sql):
    """The statement as we run it; None for what is not ours to run, or has another answer each time."""
    if FOREIGN.match(sql) or FICKLE.search(sql) or OTHERWISE.search(sql):
        return None
    return TABLE.sub("CREATE TEMP TABLE", sql, count=1)


# Fronts


class Postgres:
    """psycopg, with the texts as the server sent them."""

    def __init__(self, gateway):
        self.connection = gateway.connect()

    def run(self, sql):
        try:
            with self.connection.cursor() as cursor:
                # Without parameters, `%` is nothing special.
                cursor.execute(sql)
                result = cursor.pgresult
                return Outcome(rows(result) if cursor.description else [])
        except psycopg.Error as error:
            return Outcome(error=error.diag.message_primary or str(error))

    def close(self):
        self.connection.close()


def rows(result):
    kinds = [result.ftype(column) for column in range(result.nfields)]
    return [
        tuple(
            arrow_text.of_postgres(result.get_value(row, at), kind) for at, kind in enumerate(kinds)
        )
        for row in range(result.ntuples)
    ]


# What pyarrow raises for types and values that it cannot show.
UNREADABLE = (KeyError, NotImplementedError, decimal.InvalidOperation)


class Flight:
    """ADBC's driver, with Arrow's values as the texts that Postgres has for them."""

    def __init__(self, gateway):
        options = {"username": "lakegate", "password": ""}
        address = f"grpc://127.0.0.1:{gateway.flight_port}"
        self.connection = adbc.connect(address, db_kwargs=options, autocommit=True)

    def run(self, sql):
        try:
            with self.connection.cursor() as cursor:
                cursor.execute(sql)
                return Outcome(arrow_text.rows(cursor.fetch_arrow_table()))
        except (adbc_driver_manager.Error, *UNREADABLE) as error:
            return Outcome(error=str(error))

    def close(self):
        self.connection.close()


def same(record, postgres, flight):
    """What differs between two outcomes, in words; None when nothing does."""
    if postgres.error is not None or flight.error is not None:
        if postgres.error is None or flight.error is None:
            return f"Postgres: {postgres.error or 'rows'}\nFlight: {flight.error or 'rows'}"
        told = postgres.error in flight.error
        return None if told else f"Postgres: {postgres.error}\nFlight: {flight.error}"
    mine, theirs = postgres.rows, flight.rows
    if record.sort != "nosort" or not ORDERED.search(record.sql):
        mine, theirs = sorted(mine, key=repr), sorted(theirs, key=repr)
    if mine == theirs:
        return None
    pairs = [(a, b) for a, b in zip(mine, theirs) if a != b] or [(len(mine), len(theirs))]
    return f"Postgres: {pairs[0][0]}\nFlight: {pairs[0][1]}"


def run(file, gateway):
    """Counts of `answered`, `refused`, `left out`, and the differences, each with its place."""
    counts, differences = collections.Counter(), []
    fronts = Postgres(gateway), Flight(gateway)
    try:
        for each in records(file):
            sql = runnable(each.sql)
            if sql is None:
                counts["left out"] += 1
                continue
            outcomes = [front.run(sql) for front in fronts]
            counts["answered" if outcomes[0].error is None else "refused"] += 1
            difference = same(each, *outcomes)
            if difference:
                differences.append(f"{each.place}: {sql}\n{difference}")
    finally:
        for front in fronts:
            front.close()
    return counts, differences


class Tolerant(Gateway):
    """A server over a corpus that finds faults of the engine: those that are known are no surprise in its log."""

    def errors(self):
        return [line for line in super().errors() if not FAULTS.search(line)]


def main(names):
    folder = corpus()
    files = [folder / name for name in names] or sorted(folder.rglob("*.slt"))
    total, failed = collections.Counter(), 0
    settings = ["flight.listen=127.0.0.1:0"]
    with tempfile.TemporaryDirectory() as lake, Tolerant(lake, settings=settings) as gateway:
        for file in files:
            started = time.monotonic()
            counts, differences = run(file, gateway)
            counts["seconds"] = round(time.monotonic() - started, 1)
            total, failed = total + counts, failed + len(differences)
            print(file.relative_to(folder), dict(counts), *differences, sep="\n  ", flush=True)
        print(*Gateway.errors(gateway), sep="\n")
    print(f"{dict(total)}, {failed} differences")
    return failed


if __name__ == "__main__":
    sys.exit(bool(main(sys.argv[1:])))
