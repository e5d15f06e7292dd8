"""Reads tables that other implementations wrote, and compares with what a correct reader answers.

    run.py [NAME…]      one line per table, then the counts; exits with 1 on anything wrong
    run.py --write      also renews the table of counts in tests/README.md

The tables are data outside this project: LAKEGATE_CONFORMANCE, else ../shared/conformance. Where nobody computed the
rows of an Iceberg table, `by_hand.py` does. Older versions of Delta tables are read as `"t@v3"`, where time travel
is on (`TIME_TRAVEL`).

Each table is read by `lakegate sql` on 1 and on 8 threads, with filters pushed into the reader and
without, with Arrow's view types and without; and asked in each way to count rows by conditions on each
of its plain columns, so that pruning and the reader's filters are on trial. Rows are
compared by DuckDB as multisets, both ways, columns in order, with their names (folded to lower case,
as the catalog stores them) and types. What counts as the same type: text, whatever its Arrow form; timestamps of any unit (compared to the microsecond);
a uuid, as its sixteen bytes. Whole numbers, decimals with their precision and scale, floating point, zones, lists,
structs and maps must agree exactly.

Outcomes:
- equal: the expected rows. For tables made to be wrong or incomplete: the error they must give.
- refused: "not supported: …", by name; or files outside the configured roots, as some logs have them.
- unchecked: rows of a table for which nobody computed any.
- apart: other rows, of a table whose expected rows are not the only right ones, or wrong (`APART` says why).
- failed: an error where rows are expected, rows where an error is, or an error of no known kind.
- WRONG: other rows or types than expected. PANIC: the process died.
"""

import argparse
import collections
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import duckdb

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HERE.parent / "clients")]

import by_hand  # noqa: E402
import gateway  # noqa: E402

README = HERE.parent / "README.md"
BEGIN, END = "<!-- conformance -->", "<!-- /conformance -->"
OUTCOMES = ["equal", "refused", "unchecked", "apart", "failed", "WRONG", "PANIC"]
BAD = {"failed", "WRONG", "PANIC"}
# Every way to read that the settings offer; the first is the default.
WAYS = {
    "": [],
    "on 1 thread": ["limits.threads=1"],
    "on 8 threads": ["limits.threads=8"],
    "with pushdown": ["scan.pushdown=\"on\"", "limits.threads=8"],
    "without pushdown": ["scan.pushdown=\"off\""],
    "without views": ["scan.view_types=false"],
}
# Whether versions of a table can be named in SQL: then `version_cases` are checked as well.
TIME_TRAVEL = True
SECONDS_MAX = 60
VALUES_PER_COLUMN = 3
CONDITIONS_MAX = 150

# Golden tables without expected rows. The first hold nothing after their last commit.
EMPTY = {f"canonicalized-paths-{kind}" for kind in ["normal-a", "normal-b", "special-a", "special-b"]}
# Those whose metadata is broken, or names files that do not exist or are not theirs; `hive` holds several tables.
MUST_FAIL = {
    "checkpoint",
    # Iceberg: its only data file is not part of the data.
    "column_mapping__warehouse__default.db__my_table",
    "data-reader-absolute-paths-escaped-chars",
    "delete-re-add-same-file-different-transactions",
    "deltalog-commit-info",
    "deltalog-invalid-protocol-version",
    "deltalog-state-reconstruction-from-checkpoint-missing-metadata",
    "deltalog-state-reconstruction-from-checkpoint-missing-protocol",
    "deltalog-state-reconstruction-without-metadata",
    "deltalog-state-reconstruction-without-protocol",
    # Iceberg: its data files were never written.
    "generated_bounds",
    "hive",
    "log-replay-special-characters-b",
    "update-deleted-directory",
    "versions-not-contiguous",
}
# A folder of plain Parquet files: it is its own expectation.
PLAIN = {"no-delta-log-folder"}
APART = {
    "data-reader-partition-values",
    # Its expected rows were made by a DuckDB that let equality deletes leak into other partitions; the
    # specification gives 3 rows, and so do we: https://github.com/duckdb/duckdb-iceberg/pull/1240
    "equality_delete_cross_partition__warehouse__ns__t",
}
INTERNAL = re.compile(r"internal error|ended unexpectedly|the query failed|panicked|overflowed", re.I)
OUTSIDE = "is outside the configured roots"
COMPARABLE = re.compile(
    r"^(BOOLEAN|TINYINT|SMALLINT|INTEGER|BIGINT|VARCHAR|DATE|DOUBLE|FLOAT|TIMESTAMP( WITH TIME ZONE)?|"
    r"DECIMAL\(\d+,\d+\))$"
)

# DuckDB's name for a second column that differs from the first by case alone, and the column's own.
SPELLED = {"uSeR_Id_1": "uSeR_Id"}
# Names that both engines know.
SQL_TYPES = {"TINYINT": "SMALLINT", "DOUBLE": "DOUBLE PRECISION", "FLOAT": "REAL", "VARCHAR": "TEXT"}


@dataclasses.dataclass(frozen=True)
class Case:
    suite: str
    name: str
    url: str
    root: str
    expected: tuple = ()
    # The expected answer is an error.
    must_fail: bool = False
    # No rows, and no file that says which columns.
    empty: bool = False
    # Of Delta; the newest when None.
    version: int | None = None

    @property
    def title(self):
        return f"{self.suite}/{self.name}" + ("" if self.version is None else f"@v{self.version}")

    @property
    def relation(self):
        """What follows FROM."""
        return "t" if self.version is None else f'"t@v{self.version}"'


@dataclasses.dataclass(frozen=True)
class Result:
    outcome: str
    detail: str = ""


def data_directory():
    """None when the data is not there."""
    named = os.environ.get("LAKEGATE_CONFORMANCE")
    directory = pathlib.Path(named) if named else ROOT.parent / "shared" / "conformance"
    return directory if (directory / "README.md").is_file() else None


def cases(directory):
    found = []
    for folder in folders(directory / "delta-dat"):
        files = (folder / "expected/latest/table_content").rglob("*.parquet")
        found.append(case("delta-dat", folder, folder / "delta", files))
    for folder in folders(directory / "delta-golden"):
        expected = (folder / "expected").rglob("*.parquet")
        if folder.name in PLAIN:
            expected = (folder / "delta").rglob("*.parquet")
        found.append(case("delta-golden", folder, folder / "delta", expected))
    iceberg = directory / "iceberg-duckdb"
    for known in json.loads((iceberg / "cases.json").read_text()):
        named = case("iceberg-duckdb", iceberg / known["name"], iceberg / known["metadata"], iceberg_rows(iceberg, known))
        found.append(dataclasses.replace(named, root=str(iceberg)))
    return found


def iceberg_rows(iceberg, known):
    """The files of expected rows."""
    if known["expected"]:
        return [iceberg / known["expected"]]
    if known["name"] in MUST_FAIL:
        return []
    return [by_hand.expected_file(known["name"], iceberg / known["metadata"])]


def version_cases(directory):
    """Every version of the Delta acceptance tables whose rows are known, the newest by its number too."""
    found = []
    for folder in folders(directory / "delta-dat"):
        for expected in folders(folder / "expected"):
            number = json.loads((expected / "table_version_metadata.json").read_text())["version"]
            files = (expected / "table_content").rglob("*.parquet")
            made = case("delta-dat versions", folder, folder / "delta", files)
            found.append(dataclasses.replace(made, version=number))
    return found


def all_cases(directory):
    return cases(directory) + (version_cases(directory) if TIME_TRAVEL else [])


def folders(directory):
    return sorted(path for path in directory.iterdir() if path.is_dir())


def case(suite, folder, url, files):
    must_fail = folder.name in MUST_FAIL
    visible = sorted(str(f) for f in files if not f.name.startswith((".", "_")) and not must_fail)
    return Case(
        suite, folder.name, str(url), str(folder), tuple(visible), must_fail,
        empty=folder.name in EMPTY,
    )


def check(known):
    """The outcome of one table: of the first way to read it that went wrong, if any did."""
    first = None
    for way in WAYS:
        result = check_way(known, way)
        first = first or result
        if result.outcome != first.outcome or result.outcome in BAD:
            return dataclasses.replace(result, detail=f"{way}: {result.detail}" if way else result.detail)
        if not known.expected:
            break
    return first


def check_way(known, way):
    with tempfile.TemporaryDirectory() as directory:
        output = pathlib.Path(directory) / "answer.parquet"
        result = judge(known, ask(known, f"SELECT * FROM {known.relation}", output, way), output)
        if not known.expected or result.outcome != "equal":
            return result
        return filters(known, pathlib.Path(directory) / "counts.parquet", way) or result


def ask(known, sql, output, way):
    arguments = [
        gateway.binary_path(), "sql", "--table", f"t={known.url}", "-c", sql,
        "--format", "parquet", "--output", output,
        "--set", f'lake.directory="{output.parent}"', "--set", f'lake.roots=["{known.root}"]',
        *(part for setting in WAYS[way] for part in ("--set", setting)),
    ]
    try:
        return subprocess.run(
            [str(a) for a in arguments], capture_output=True, text=True, timeout=SECONDS_MAX,
            cwd=output.parent, env=gateway.environment(),
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(arguments, 124, "", f"no answer in {SECONDS_MAX} s")


def judge(known, done, output):
    """What the answer of one process is worth."""
    said = " ".join(done.stderr.split())
    if done.returncode not in (0, 1) or "panicked" in said:
        return Result("PANIC", f"exit code {done.returncode}: {said[:300]}")
    if done.returncode == 1:
        message = said.removeprefix("error: ").split(" hint: ")[0]
        if not said.startswith("error: ") or INTERNAL.search(said):
            return Result("failed", f"not a clear error: {said[:300]}")
        if known.must_fail:
            return Result("equal", f"error, as it must be: {message[:160]}")
        if "not supported: " in message:
            return Result("refused", message[message.index("not supported: "):][:160])
        if OUTSIDE in message:
            return Result("refused", "a file " + message[message.index(OUTSIDE):][:160])
        return Result("failed", message[:300])
    if known.must_fail:
        return Result("failed", f"{rows_of(output)} rows where an error is expected")
    if known.empty:
        rows = rows_of(output)
        return Result("WRONG", f"{rows} rows, not 0") if rows else Result("equal", "0 rows")
    if not known.expected:
        return Result("unchecked", f"{rows_of(output)} rows")
    difference, rows = compare(output, known.expected)
    if difference:
        return Result("apart" if known.name in APART else "WRONG", difference)
    return Result("equal", f"{rows} rows")


def rows_of(*paths):
    return duckdb.connect().execute(f"SELECT count(*) FROM {files(paths)}").fetchone()[0]


def files(paths):
    names = ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)
    # Partition values must come out of the table, not out of the names of folders.
    return f"read_parquet([{names}], hive_partitioning = false, union_by_name = false)"


def open_duckdb():
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def compare(actual, expected):
    """What differs, or None; and the number of rows."""
    connection = open_duckdb()
    mine = connection.execute(f"DESCRIBE SELECT * FROM {files([actual])}").fetchall()
    theirs = connection.execute(f"DESCRIBE SELECT * FROM {files(expected)}").fetchall()
    names = [[column[0].lower() for column in side] for side in (mine, theirs)]
    if names[0] != names[1]:
        return f"columns are {names[0]}, not {names[1]}", 0
    for own, other in zip(mine, theirs):
        if normal(own[1]).lower() != normal(other[1]).lower():
            return f"column {own[0]} is {own[1]}, not {other[1]}", 0
    left, right = (
        f"SELECT {', '.join(value(name, kind) for name, kind, *_ in columns)} FROM {files(paths)}"
        for columns, paths in ((mine, [actual]), (theirs, expected))
    )
    rows = connection.execute(f"SELECT count(*) FROM ({right})").fetchone()[0]
    missing, extra = (
        [row for (row,) in connection.execute(f"SELECT CAST(q AS VARCHAR) FROM ({sql}) q").fetchall()]
        for sql in (f"{right} EXCEPT ALL {left}", f"{left} EXCEPT ALL {right}")
    )
    if missing or extra:
        example = f"such as {missing[:1]} / {extra[:1]}"
        return f"{len(missing)} of {rows} rows missing, {len(extra)} too many, {example}"[:600], rows
    return None, rows


def normal(kind):
    """A type's name without what does not count: see the module."""
    kind = re.sub(r"\bTIMESTAMP_(NS|MS|S)\b", "TIMESTAMP", kind)
    return re.sub(r"\bUUID\b", "BLOB", kind)


def value(name, kind):
    """A column as it is compared."""
    if kind == "UUID":
        return f"unhex(replace(CAST(\"{name}\" AS VARCHAR), '-', ''))"
    return f'CAST("{name}" AS {normal(kind)})'


def filters(known, output, way):
    """Counts by conditions; None when they are the expected ones."""
    connection = open_duckdb()
    asked = conditions(connection, known.expected)
    if not asked:
        return None
    parts = [f"SELECT {i} AS i, count(*) AS n FROM {known.relation} WHERE {c}" for i, c in enumerate(asked)]
    done = ask(known, spelled(" UNION ALL ".join(parts)), output, way)
    if done.returncode != 0:
        return Result("failed", f"conditions: {' '.join(done.stderr.split())[:300]}")
    mine = dict(connection.execute(f"SELECT i, n FROM {files([output])}").fetchall())
    connection.execute(f"CREATE VIEW {known.relation} AS SELECT * FROM {files(known.expected)}")
    theirs = dict(connection.execute(" UNION ALL ".join(parts)).fetchall())
    wrong = [f"{asked[i]}: {mine.get(i)}, not {n}" for i, n in theirs.items() if mine.get(i) != n]
    return Result("WRONG", f"{len(wrong)} counts: {'; '.join(wrong[:3])}") if wrong else None


def spelled(sql):
    for theirs, own in SPELLED.items():
        sql = sql.replace(f'"{theirs}"', f'"{own}"')
    return sql


def conditions(connection, expected):
    found = []
    described = connection.execute(f"DESCRIBE SELECT * FROM {files(expected)}").fetchall()
    for name, kind, *_ in described:
        if not COMPARABLE.match(kind):
            continue
        column = '"' + (name if name in SPELLED else name.lower()).replace('"', '""') + '"'
        found += [f"{column} IS NULL", f"{column} IS NOT NULL"]
        values = connection.execute(
            f"SELECT DISTINCT CAST({column} AS VARCHAR) AS v FROM {files(expected)} "
            f"WHERE {column} IS NOT NULL AND CAST({column} AS VARCHAR) NOT IN "
            f"('NaN', 'nan', 'inf', '-inf') ORDER BY v LIMIT {VALUES_PER_COLUMN}"
        ).fetchall()
        for (value,) in values:
            literal = f"CAST('{value.replace(chr(39), chr(39) * 2)}' AS {SQL_TYPES.get(kind, kind)})"
            found += [f"{column} {sign} {literal}" for sign in ("=", "<>", "<=", ">")]
    return found[:CONDITIONS_MAX]


def counts_table(results):
    """Markdown: suites down, outcomes across."""
    counts = collections.Counter((known.suite, result.outcome) for known, result in results)
    suites = sorted({known.suite for known, _ in results})
    lines = ["| tables | " + " | ".join(["all", *OUTCOMES]) + " |"]
    lines.append("|---" * (len(OUTCOMES) + 2) + "|")
    for suite in suites:
        row = [counts[suite, outcome] for outcome in OUTCOMES]
        lines.append(f"| {suite} | " + " | ".join(map(str, [sum(row), *row])) + " |")
    return "\n".join(lines)


def refusals(results):
    """How often each reason was given, without the names of tables and files."""
    reasons = collections.Counter(
        re.split(r"[:(]", r.detail.removeprefix("not supported: "))[0].strip()
        for _, r in results if r.outcome == "refused"
    )
    return "\n".join(f"- {count} × {reason}" for reason, count in reasons.most_common())


def write(results):
    text = README.read_text(encoding="utf-8")
    said = "\n\n".join(part for part in [counts_table(results), refusals(results)] if part)
    block = f"{BEGIN}\n{said}\n{END}"
    if BEGIN in text:
        text = text[: text.index(BEGIN)] + block + text[text.index(END) + len(END):]
    else:
        text = text.rstrip() + f"\n\n## Conformance\n\n`conformance/run.py --write` renews this.\n\n{block}\n"
    README.write_text(text, encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("names", nargs="*", help="parts of the names of tables")
    parser.add_argument("--write", action="store_true", help="renew the counts in tests/README.md")
    arguments = parser.parse_args()
    directory = data_directory()
    if directory is None:
        print("skipped: conformance data not found")
        return 0
    chosen = [
        known for known in all_cases(directory)
        if not arguments.names or any(name in known.title for name in arguments.names)
    ]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = []
        for known, result in zip(chosen, pool.map(check, chosen)):
            print(f"{result.outcome:9} {known.title}: {result.detail}", flush=True)
            results.append((known, result))
    print("\n" + counts_table(results))
    if arguments.write:
        write(results)
    return 1 if any(result.outcome in BAD for _, result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
