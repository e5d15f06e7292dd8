"""TPC-H on the same Parquet files: `lakegate sql` and the gateway beside DataFusion and DuckDB.

    tpch.py [--scale 1] [--rounds 5] [--queries 1,6,17] [--write]

Answers first: nothing is timed unless all engines agree on every query. Then each round gives each
engine, in an order that rotates, a fresh process that runs all queries twice; the second pass counts.
What is compared is the median over the rounds, as a ratio: times of one machine say little elsewhere.

- `lakegate sql`: one process, all statements; the times are those it prints below each answer, so they
  hold parsing, planning, running and printing.
- gateway: `lakegate serve`, timed in a client, so they hold the protocol as well.
- datafusion: the Python wheel of the same engine, tables registered as Parquet folders.
- duckdb: the Python wheel, tables as views on the same files.

The data is made once by tpchgen-cli, below the target directory or LAKEGATE_BENCH_DATA. Every engine
has the machine's own number of threads and its own default memory limit.
"""

import argparse
import datetime
import decimal
import json
import math
import os
import pathlib
import re
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "clients"))

import gateway  # noqa: E402

TABLES = ["customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier"]
README = HERE / "README.md"
BEGIN, END = "<!-- tpch -->", "<!-- /tpch -->"
PARTS = 4
TIMED = re.compile(r"^\([\d,]+ rows?, (?:(\d+) min )?([\d.]+) (ms|s)\)$", re.M)
# Averages of decimals: some engines answer a decimal of six digits, others a floating point number.
ABSOLUTE_MAX, RELATIVE_MAX = 1e-6, 1e-9


def data_directory(scale):
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or HERE.parent / "target")
    base = pathlib.Path(os.environ.get("LAKEGATE_BENCH_DATA") or target / "bench")
    directory = base / f"tpch-{scale:g}"
    if not (directory / "supplier").is_dir():
        directory.mkdir(parents=True, exist_ok=True)
        program = pathlib.Path(sysconfig.get_path("scripts")) / "tpchgen-cli"
        command = [program, "parquet", "-s", f"{scale:g}", f"--parts={PARTS}"]
        subprocess.run([*command, f"--output-dir={directory}"], check=True)
    return directory


def query_text(number):
    return (HERE / "tpch" / f"q{number:02}.sql").read_text().strip().rstrip(";")


# Engines: each runs queries twice in this or a fresh process and gives (seconds of the second pass,
# rows of each answer or None).


def on_duckdb(directory, numbers):
    import duckdb

    connection = duckdb.connect()
    for table in TABLES:
        path = directory / table / "*.parquet"
        connection.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet('{path}')")
    return twice(lambda sql: connection.execute(sql).fetchall(), numbers)


def on_datafusion(directory, numbers):
    import datafusion

    context = datafusion.SessionContext()
    for table in TABLES:
        context.register_parquet(table, str(directory / table))

    def rows(sql):
        batches = context.sql(sql).collect()
        return [tuple(row.values()) for batch in batches for row in batch.to_pylist()]

    return twice(rows, numbers)


def on_gateway(directory, numbers):
    with tempfile.TemporaryDirectory() as lake:
        tables = {table: directory / table for table in TABLES}
        with gateway.Gateway(lake, tables=tables) as server, server.connect() as connection:
            return twice(lambda sql: connection.execute(sql).fetchall(), numbers)


def twice(rows, numbers):
    for number in numbers:
        rows(query_text(number))
    seconds, answers = [], []
    for number in numbers:
        started = time.perf_counter()
        answers.append(rows(query_text(number)))
        seconds.append(time.perf_counter() - started)
    return seconds, answers


def on_sql(directory, numbers):
    with tempfile.TemporaryDirectory() as lake:
        script = pathlib.Path(lake) / "all.sql"
        statements = [query_text(number) + ";\n" for number in [*numbers, *numbers]]
        script.write_text("".join(statements))
        tables = [part for t in TABLES for part in ("--table", f"{t}={directory / t}")]
        lake_setting = ["--set", f'lake.directory="{lake}"']
        done = gateway.run("sql", "-f", script, *tables, *lake_setting)
    found = [duration(match) for match in TIMED.finditer(done.stdout)]
    if len(found) != 2 * len(numbers):
        raise AssertionError(f"{len(found)} times for {2 * len(numbers)} statements")
    return found[len(numbers):], None


def duration(match):
    minutes, number, unit = match.groups()
    return int(minutes or 0) * 60 + float(number) / (1000 if unit == "ms" else 1)


ENGINES = {
    "lakegate sql": on_sql,
    "gateway": on_gateway,
    "datafusion": on_datafusion,
    "duckdb": on_duckdb,
}


def in_process(name, directory, numbers):
    """Runs an engine in a fresh process of this program."""
    command = [sys.executable, __file__, "--engine", name, "--data", directory]
    command += ["--queries", ",".join(map(str, numbers))]
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(f"{name} failed: {done.stderr[-2000:]}")
    return json.loads(done.stdout)


# Answers


def check_answers(directory, numbers):
    """Raises with what differs, when any engine answers otherwise than DuckDB."""
    expected = on_duckdb(directory, numbers)[1]
    wrong = []
    for name in ("gateway", "datafusion"):
        for number, mine, theirs in zip(numbers, ENGINES[name](directory, numbers)[1], expected):
            if not rows_agree(mine, theirs):
                wrong.append(f"{name} q{number:02}: {mine[:2]} is not {theirs[:2]}")
    for number, theirs in zip(numbers, expected):
        mine = parquet_answer(directory, number)
        if not rows_agree(mine, theirs):
            wrong.append(f"lakegate sql q{number:02}: {mine[:2]} is not {theirs[:2]}")
    if wrong:
        raise AssertionError("\n".join(wrong))


def parquet_answer(directory, number):
    import pyarrow.parquet as pq

    with tempfile.TemporaryDirectory() as lake:
        output = pathlib.Path(lake) / "answer.parquet"
        tables = [part for t in TABLES for part in ("--table", f"{t}={directory / t}")]
        gateway.run(
            "sql", "-c", query_text(number), *tables, "--set", f'lake.directory="{lake}"',
            "--format", "parquet", "--output", output,
        )
        return [tuple(row.values()) for row in pq.read_table(output).to_pylist()]


def rows_agree(mine, theirs):
    """In order where the keys of ORDER BY differ; rows that tie may change places."""
    if len(mine) != len(theirs):
        return False
    if all(map(row_agrees, mine, theirs)):
        return True
    return all(map(row_agrees, sorted(mine, key=rounded), sorted(theirs, key=rounded)))


def row_agrees(mine, theirs):
    return len(mine) == len(theirs) and all(map(value_agrees, mine, theirs))


def value_agrees(mine, theirs):
    numbers = (int, float, decimal.Decimal)
    if isinstance(mine, numbers) and isinstance(theirs, numbers):
        return math.isclose(mine, theirs, abs_tol=ABSOLUTE_MAX, rel_tol=RELATIVE_MAX)
    return plain(mine) == plain(theirs)


def plain(value):
    """A date where an engine says midnight."""
    return value.date() if isinstance(value, datetime.datetime) else value


def rounded(row):
    numbers = (int, float, decimal.Decimal)
    return [f"{float(v):.4g}" if isinstance(v, numbers) else str(plain(v)) for v in row]


# Ratios


def measure(directory, numbers, rounds):
    """Median seconds by engine, one per query."""
    names = list(ENGINES)
    seconds = {name: [] for name in names}
    for round_number in range(rounds):
        shift = round_number % len(names)
        for name in names[shift:] + names[:shift]:
            seconds[name].append(in_process(name, directory, numbers))
        print(f"round {round_number + 1} of {rounds}", file=sys.stderr)
    return {n: [statistics.median(each) for each in zip(*runs)] for n, runs in seconds.items()}


def geometric_mean(values):
    return math.exp(statistics.fmean(math.log(value) for value in values))


RATIOS = [
    ("sql / datafusion", "lakegate sql", "datafusion"),
    ("sql / duckdb", "lakegate sql", "duckdb"),
    ("gateway / datafusion", "gateway", "datafusion"),
    ("gateway / duckdb", "gateway", "duckdb"),
    ("datafusion / duckdb", "datafusion", "duckdb"),
]


def report(medians, numbers):
    columns = [
        [a / b for a, b in zip(medians[over], medians[under])] for _, over, under in RATIOS
    ]
    lines = ["| query | " + " | ".join(title for title, *_ in RATIOS) + " |"]
    lines.append("|---" * (len(RATIOS) + 1) + "|")
    for index, number in enumerate(numbers):
        cells = " | ".join(f"{column[index]:.2f}" for column in columns)
        lines.append(f"| Q{number} | {cells} |")
    means = " | ".join(f"**{geometric_mean(column):.2f}**" for column in columns)
    lines.append(f"| geometric mean | {means} |")
    sums = " | ".join(f"{sum(medians[o]) / sum(medians[u]):.2f}" for _, o, u in RATIOS)
    lines.append(f"| sum of medians | {sums} |")
    return "\n".join(lines)


def conditions(scale, rounds):
    from importlib.metadata import version

    return (
        f"Scale {scale:g}, {PARTS} files a table, warm local disk, {os.cpu_count()} processors; "
        f"medians of {rounds} interleaved rounds; datafusion {version('datafusion')}, "
        f"duckdb {version('duckdb')}. Below 1 is faster. All answers agreed."
    )


def write(text):
    readme = README.read_text(encoding="utf-8")
    start, end = readme.index(BEGIN) + len(BEGIN), readme.index(END)
    README.write_text(readme[:start] + "\n" + text + "\n" + readme[end:], encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--scale", type=float, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--queries", help="numbers, separated by commas; all when absent")
    parser.add_argument("--write", action="store_true", help="renew the table in benches/README.md")
    parser.add_argument("--engine", choices=list(ENGINES), help=argparse.SUPPRESS)
    parser.add_argument("--data", type=pathlib.Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    listed = arguments.queries.split(",") if arguments.queries else range(1, 23)
    numbers = [int(number) for number in listed]
    if arguments.engine:
        print(json.dumps(ENGINES[arguments.engine](arguments.data, numbers)[0]))
        return
    directory = data_directory(arguments.scale)
    check_answers(directory, numbers)
    print("all answers agree", file=sys.stderr)
    table = report(measure(directory, numbers, arguments.rounds), numbers)
    text = conditions(arguments.scale, arguments.rounds) + "\n\n" + table
    print(text)
    if arguments.write:
        write(text)


if __name__ == "__main__":
    main()
