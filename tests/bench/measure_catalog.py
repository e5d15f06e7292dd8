"""What clients ask first, of a catalog of 10,000 tables with 50 columns each: Lakegate beside PostgreSQL.

    measure_catalog.py [--tables 10000] [--schemas 10] [--runs 30]

The statements are those that psql, pgjdbc and DBeaver were recorded with (tests/replay/corpus), with all their
columns; answers are read to their end and dropped. PostgreSQL has the same tables, its own catalog analyzed. The
statements go to both in turn, after a warm-up.

Lakegate's catalog is made by its own crawler, from one file; that table's entry is then repeated under other names
with other columns, since nothing but the catalog is asked. `memory` is what Lakegate's process holds: flat if it is
no more at the end than after half of the runs.
"""

import argparse
import collections
import contextlib
import json
import pathlib
import re
import sqlite3
import tempfile

import front

import gateway

COLUMNS = 50
# Hive's names and PostgreSQL's, by turns.
TYPES = [
    ("bigint", "bigint"), ("string", "text"), ("double", "double precision"), ("date", "date"),
    ("timestamp", "timestamp"), ("decimal(15,2)", "numeric(15,2)"), ("boolean", "boolean"), ("int", "integer"),
]
ASKED_MILLISECONDS = 300
# PostgreSQL locks what a transaction makes, and has room for few locks.
TABLES_PER_STATEMENT = 50
TOKEN = re.compile(r"\{\{(schema|rel):[^}]*\}\}")


def names(tables, schemas):
    """(schema, table), no table's name twice: so one search path shows all of them."""
    return [(f"s{number % schemas}", f"t{number:05}_orders") for number in range(tables)]


def column_names(number):
    return [f"column_{number % 7}_{index:02}" for index in range(COLUMNS)]


# Lakegate


def write_one_table(folder):
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir(parents=True)
    pq.write_table(pa.table({name: pa.array([1]) for name in column_names(0)}), folder / "one.parquet")


def make_lake(directory, listed):
    landing = directory / "landing"
    write_one_table(landing / "pattern")
    gateway.run("crawl", landing, "--database", "pattern", "--set", f'lake.directory="{directory}"')
    with contextlib.closing(sqlite3.connect(directory / "catalog.sqlite")) as catalog, catalog:
        repeat_table(catalog, listed)


def repeat_table(catalog, listed):
    """The crawled table under every name, as one more version of the catalog."""
    changed, text = catalog.execute("SELECT changed, definition FROM tables").fetchone()
    databases = sorted({schema for schema, _ in listed})
    catalog.executemany("INSERT INTO databases VALUES (?, ?)", [(d, json.dumps({"Name": d})) for d in databases])
    rows = ((d, t, changed + 1, definition(text, d, t, n)) for n, (d, t) in enumerate(listed))
    catalog.executemany(
        "INSERT INTO tables (database, name, version_id, changed, definition) VALUES (?, ?, 0, ?, ?)", rows
    )
    catalog.execute("UPDATE catalog SET version = ?", [changed + 1])


def definition(text, database, name, number):
    table = json.loads(text)
    table.update(DatabaseName=database, Name=name)
    table["StorageDescriptor"]["Columns"] = [
        {"Name": column, "Type": TYPES[index % len(TYPES)][0]} for index, column in enumerate(column_names(number))
    ]
    return json.dumps(table)


# PostgreSQL


def fill_postgresql(server, listed):
    with server.connect() as connection:
        for schema in sorted({schema for schema, _ in listed}):
            connection.execute(f"CREATE SCHEMA {schema}")
        for start in range(0, len(listed), TABLES_PER_STATEMENT):
            part = listed[start:start + TABLES_PER_STATEMENT]
            made = (create(schema, table, start + index) for index, (schema, table) in enumerate(part))
            connection.execute(";".join(made))
        connection.execute("VACUUM ANALYZE")


def create(schema, table, number):
    kinds = ", ".join(
        f"{column} {TYPES[index % len(TYPES)][1]}" for index, column in enumerate(column_names(number))
    )
    return f"CREATE TABLE {schema}.{table} ({kinds})"


# What is asked, by title: the values of parameters, and statements. Titles say whose they are.


def asked():
    say = front.statement
    columns = say("pgjdbc", "row_number() OVER (PARTITION BY a.attrelid", "n.nspname LIKE $1 AND c.relname LIKE $2",
                  "attname LIKE $3")
    of_one_table = [
        say("dbeaver", "FROM pg_catalog.pg_attribute a", "c.oid={{rel:"),
        say("dbeaver", "FROM pg_catalog.pg_constraint c", "c.conrelid={{rel:"),
        say("dbeaver", "FROM pg_catalog.pg_index i", "i.indrelid={{rel:"),
        say("dbeaver", "FROM pg_catalog.pg_inherits i"), say("dbeaver", "FROM pg_catalog.pg_trigger x"),
        say("dbeaver", "FROM pg_catalog.pg_rewrite r"),
    ]
    schemas = say("dbeaver", "SELECT n.oid,n.*,d.description FROM pg_catalog.pg_namespace n")
    relations = say("dbeaver", "partition_expr", "c.relnamespace=$1")
    listing = say("psql", "c.relkind IN ('r','p','')", "pg_table_is_visible", '"Owner"')
    of_one_schema = say("dbeaver", "FROM pg_catalog.pg_attribute a", "c.relnamespace=$1")
    return {
        "psql: \\dt, all tables": ((), [listing]),
        "pgjdbc: getColumns, one schema": (("{schema}", "%", "%"), [columns]),
        "DBeaver: tree, schemas": ((), [schemas]),
        "DBeaver: tree, tables of one schema": (("{{schema:x}}",), [relations]),
        "DBeaver: tree, all of one table": ((), of_one_table),
        "DBeaver: columns of one schema": (("{{schema:x}}",), [of_one_schema]),
    }


class Asker:
    """One session that knows what its server calls the schema and the table that are asked about."""

    def __init__(self, server, listed):
        self.schema, self.table = listed[len(listed) // 2]
        with server.connect() as connection:
            relation = f"'{self.schema}.{self.table}'::regclass::oid"
            row = connection.execute(f"SELECT '{self.schema}'::regnamespace::oid, {relation}").fetchone()
        self.oids = dict(zip(("schema", "rel"), map(str, row)))
        self.reader = front.Reader(server)
        self.reader.simple("SET search_path = " + ", ".join(sorted({schema for schema, _ in listed})))
        self.reader.until(b"Z")

    def named(self, text):
        return TOKEN.sub(lambda found: self.oids[found.group(1)], text).replace("{schema}", self.schema)

    def ask(self, question):
        """Rows and seconds of all its statements together."""
        values, statements = question
        named = [self.named(value) for value in values]
        answers = [self.reader.ask(self.named(text), named, types) for text, types in statements]
        return sum(answer[0] for answer in answers), sum(answer[3] for answer in answers)


def check_rows(askers, questions):
    """PostgreSQL has no `default` schema and the like, so a few rows may differ, but no table."""
    counted = {name: {title: asker.ask(q)[0] for title, q in questions.items()} for name, asker in askers.items()}
    for title in questions:
        mine, theirs = (counted[name][title] for name in ("lakegate", "postgresql"))
        if abs(mine - theirs) > 10:
            raise AssertionError(f"{title}: {mine} rows, PostgreSQL has {theirs}")
    return counted["lakegate"]


def measure(askers, questions, runs):
    seconds = collections.defaultdict(list)
    for turn in range(runs):
        for title, question in questions.items():
            for name in front.rotated(list(askers), turn):
                seconds[title, name].append(askers[name].ask(question)[1])
    return seconds


def report(seconds, rows):
    lines = []
    for title, count in rows.items():
        mine, theirs = (seconds[title, name] for name in ("lakegate", "postgresql"))
        late = front.quantile(mine, 0.95) * 1000
        lines.append([
            title, count, f"{front.quantile(mine, 0.5) * 1000:.1f} ms", f"{late:.1f} ms",
            "yes" if late < ASKED_MILLISECONDS else "NO", f"{front.median_ratio(mine, theirs):.2f}",
            f"{front.quantile(mine, 0.95) / front.quantile(theirs, 0.95):.2f}",
        ])
    asked_for = f"p95 below {ASKED_MILLISECONDS} ms"
    return front.table(["asked", "rows", "p50", "p95", asked_for, "p50 / PostgreSQL", "p95 / PostgreSQL"], lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--tables", type=int, default=10_000)
    parser.add_argument("--schemas", type=int, default=10)
    parser.add_argument("--runs", type=int, default=30)
    arguments = parser.parse_args()
    listed, questions = names(arguments.tables, arguments.schemas), asked()
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="lakegate-bench-"))
        make_lake(pathlib.Path(directory), listed)
        mine, theirs = stack.enter_context(gateway.Gateway(directory)), stack.enter_context(front.postgresql())
        fill_postgresql(theirs, listed)
        front.say("both have their tables")
        askers = {"lakegate": Asker(mine, listed), "postgresql": Asker(theirs, listed)}
        rows = check_rows(askers, questions)
        measure(askers, questions, 3)
        held, seconds = [mine.rss_bytes()], collections.defaultdict(list)
        for half in (arguments.runs // 2, arguments.runs - arguments.runs // 2):
            for key, values in measure(askers, questions, half).items():
                seconds[key] += values
            held.append(mine.rss_bytes())
    print(f"{arguments.tables} tables of {COLUMNS} columns in {arguments.schemas} schemas, {arguments.runs} runs\n")
    print(report(seconds, rows))
    warm, half, end = (f"{bytes / front.MIB:.0f} MiB" for bytes in held)
    print(f"\nmemory: {warm} after the warm-up, {half} after half of the runs, {end} after all")


if __name__ == "__main__":
    main()
