"""The same queries on lakegate, DataFusion and DuckDB: answers compared, then ratios of times.

A `Suite` names tables twice: as lakegate reads them (`lake`: any format), and as Parquet folders that hold the
same rows, which the others read (`parquet`). Nothing is timed unless all engines agree on every query.
Then each round gives each engine, in an order that rotates, a fresh process that runs all queries twice;
the second pass counts. With `--cold` each query has a fresh process, and its only run counts: tables are named,
but nothing of their rows has been read (and the system's file cache is emptied, where that is allowed).
With `--s3 MS` the files come from an S3 server of our own that answers every request so much later.
Medians over the rounds are compared as ratios: times of one machine say little.

- `lakegate sql`: one process, all statements; the times are those it prints below each answer, so they
  hold parsing, planning, running and printing.
- gateway: `lakegate serve`, timed in a client, so they hold the protocol as well.
- datafusion: the Python wheel of the same engine, tables registered as Parquet folders.
- duckdb: the Python wheel, tables as views on the same files.

Every engine has the machine's own number of threads and its own default memory limit.
"""

import argparse
import base64
import contextlib
import dataclasses
import datetime
import decimal
import hashlib
import json
import math
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "clients"))

import gateway  # noqa: E402

README = HERE / "README.md"
DROP_CACHES = pathlib.Path("/proc/sys/vm/drop_caches")
# Those of tests/bench/s3_server.rs.
ACCESS_KEY, SECRET_KEY, REGION = "benchmark", "benchmark-secret", "us-east-1"
TIMED = re.compile(r"^\([\d,]+ rows?, (?:(\d+) min )?([\d.]+) (ms|s)\)$", re.M)
# Averages of decimals: some engines answer a decimal of six digits, others a floating point number.
ABSOLUTE_MAX, RELATIVE_MAX = 1e-6, 1e-9


@dataclasses.dataclass(frozen=True)
class Suite:
    # Locations by table, as text.
    lake: dict
    parquet: dict
    # SQL by title, in order.
    queries: dict
    # How often all queries run; the last pass counts.
    passes: int = 2
    # Host and port of the S3 server that has the tables.
    s3: str | None = None


def data_base():
    """Below the target directory, or LAKEGATE_BENCH_DATA."""
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or HERE.parent / "target")
    return pathlib.Path(os.environ.get("LAKEGATE_BENCH_DATA") or target / "bench").resolve()


# Engines: each gives (seconds of the last pass, rows of each answer or None).


def on_duckdb(suite):
    import duckdb

    connection = duckdb.connect()
    if suite.s3:
        from duckdb_extensions import import_extension

        import_extension("httpfs")
        connection.execute("LOAD httpfs")
        connection.execute(
            f"CREATE SECRET (TYPE s3, KEY_ID '{ACCESS_KEY}', SECRET '{SECRET_KEY}', ENDPOINT '{suite.s3}', "
            f"USE_SSL false, URL_STYLE 'path', REGION '{REGION}')"
        )
    for table, folder in suite.parquet.items():
        source = f"read_parquet('{folder}/*.parquet', hive_partitioning = false)"
        connection.execute(f"CREATE VIEW {table} AS SELECT * FROM {source}")
    return passes(lambda sql: connection.execute(sql).fetchall(), suite)


def on_datafusion(suite):
    import datafusion
    from datafusion.object_store import AmazonS3

    context = datafusion.SessionContext()
    for bucket in {url.split("/")[2] for url in suite.parquet.values() if suite.s3}:
        store = AmazonS3(
            bucket, region=REGION, access_key_id=ACCESS_KEY, secret_access_key=SECRET_KEY,
            endpoint=f"http://{suite.s3}", allow_http=True,
        )
        context.register_object_store("s3://", store, bucket)
    for table, folder in suite.parquet.items():
        context.register_parquet(table, f"{folder}/")

    def rows(sql):
        batches = context.sql(sql).collect()
        return [tuple(row.values()) for batch in batches for row in batch.to_pylist()]

    return passes(rows, suite)


def on_gateway(suite):
    with tempfile.TemporaryDirectory() as lake:
        with gateway.Gateway(lake, tables=suite.lake, settings=settings(suite)) as server:
            with server.connect() as connection:
                return passes(lambda sql: connection.execute(sql).fetchall(), suite)


def passes(rows, suite):
    for sql in [*suite.queries.values()] * (suite.passes - 1):
        rows(sql)
    seconds, answers = [], []
    for sql in suite.queries.values():
        started = time.perf_counter()
        answers.append(rows(sql))
        seconds.append(time.perf_counter() - started)
    return seconds, answers


def on_sql(suite):
    with tempfile.TemporaryDirectory() as lake:
        script = pathlib.Path(lake) / "all.sql"
        statements = [*suite.queries.values()] * suite.passes
        script.write_text("".join(sql + ";\n" for sql in statements))
        done = gateway.run("sql", "-f", script, *options_of(suite), "--set", f'lake.directory="{lake}"')
    found = [duration(match) for match in TIMED.finditer(done.stdout)]
    if len(found) != len(statements):
        raise AssertionError(f"{len(found)} times for {len(statements)} statements")
    return found[-len(suite.queries):], None


def settings(suite):
    if not suite.s3:
        return []
    return [
        f's3.endpoint="http://{suite.s3}"', "s3.allow_http=true", "s3.path_style=true", f's3.region="{REGION}"',
        f's3.access_key_id="{ACCESS_KEY}"', f's3.secret_access_key="{SECRET_KEY}"',
    ]


def options_of(suite):
    tables = [part for name, url in suite.lake.items() for part in ("--table", f"{name}={url}")]
    return tables + [part for setting in settings(suite) for part in ("--set", setting)]


def duration(match):
    minutes, number, unit = match.groups()
    return int(minutes or 0) * 60 + float(number) / (1000 if unit == "ms" else 1)


ENGINES = {
    "lakegate sql": on_sql,
    "gateway": on_gateway,
    "datafusion": on_datafusion,
    "duckdb": on_duckdb,
}


def in_process(name, suite):
    """Seconds by query, of an engine in a fresh process of this program."""
    done = subprocess.run(
        [sys.executable, str(HERE / "engines.py"), name], input=json.dumps(dataclasses.asdict(suite)),
        capture_output=True, text=True,
    )
    if done.returncode:
        raise AssertionError(f"{name} failed: {done.stderr[-2000:]}")
    return json.loads(done.stdout)


def in_process_cold(name, suite):
    """Likewise, each query alone."""
    seconds = []
    for title, sql in suite.queries.items():
        empty_file_cache()
        seconds += in_process(name, dataclasses.replace(suite, queries={title: sql}, passes=1))
    return seconds


def empty_file_cache():
    if os.access(DROP_CACHES, os.W_OK):
        os.sync()
        DROP_CACHES.write_text("3")


def name_object(base, path):
    """Tells s3s-fs the entity tag of a file, which it would take from all bytes, at every request."""
    bucket, key = path.relative_to(base).parts[0], "/".join(path.relative_to(base).parts[1:])
    encoded = [base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in (bucket, key)]
    known = base / ".bucket-{}.object-{}.internal.json".format(*encoded)
    if len(known.name) < 256:
        stat = path.stat()
        tag = hashlib.md5(f"{key} {stat.st_size} {stat.st_mtime_ns}".encode()).hexdigest()
        known.write_text(json.dumps({"e_tag": tag}))


@contextlib.contextmanager
def s3_server(suite, milliseconds):
    """The suite with its tables on an S3 server that answers late."""
    base = data_base()
    for folder in {*suite.lake.values(), *suite.parquet.values()}:
        for path in pathlib.Path(folder).rglob("*.*"):
            name_object(base, path.resolve())
    program = gateway.binary_path().parent / "examples" / "s3_server"
    with subprocess.Popen([program, base, str(milliseconds)], stdout=subprocess.PIPE, text=True) as server:
        address = server.stdout.readline().strip()
        remote = lambda tables: {  # noqa: E731
            name: f"s3://{pathlib.Path(path).resolve().relative_to(base)}" for name, path in tables.items()
        }
        try:
            yield dataclasses.replace(suite, lake=remote(suite.lake), parquet=remote(suite.parquet), s3=address)
        finally:
            server.kill()


# Answers


def check_answers(suite):
    """Raises with what differs, when any engine answers otherwise than DuckDB."""
    expected = on_duckdb(suite)[1]
    wrong = []
    for name in ("gateway", "datafusion"):
        for title, mine, theirs in zip(suite.queries, ENGINES[name](suite)[1], expected):
            if not rows_agree(mine, theirs):
                wrong.append(f"{name} {title}: {mine[:2]} is not {theirs[:2]}")
    for title, theirs in zip(suite.queries, expected):
        mine = parquet_answer(suite, title)
        if not rows_agree(mine, theirs):
            wrong.append(f"lakegate sql {title}: {mine[:2]} is not {theirs[:2]}")
    if wrong:
        raise AssertionError("\n".join(wrong))


def parquet_answer(suite, title):
    import pyarrow.parquet as pq

    with tempfile.TemporaryDirectory() as lake:
        output = pathlib.Path(lake) / "answer.parquet"
        gateway.run(
            "sql", "-c", suite.queries[title], *options_of(suite), "--set", f'lake.directory="{lake}"',
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
    midnight = isinstance(value, datetime.datetime) and value.time() == datetime.time()
    return value.date() if midnight else value


def rounded(row):
    numbers = (int, float, decimal.Decimal)
    return [f"{float(v):.4g}" if isinstance(v, numbers) else str(plain(v)) for v in row]


# Ratios


def measure(suite, rounds, cold):
    """Median seconds by engine, one per query."""
    once = in_process_cold if cold else in_process
    names = list(ENGINES)
    seconds = {name: [] for name in names}
    for round_number in range(rounds):
        shift = round_number % len(names)
        for name in names[shift:] + names[:shift]:
            seconds[name].append(once(name, suite))
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


def report(medians, titles):
    columns = [
        [a / b for a, b in zip(medians[over], medians[under])] for _, over, under in RATIOS
    ]
    lines = ["| query | " + " | ".join(title for title, *_ in RATIOS) + " |"]
    lines.append("|---" * (len(RATIOS) + 1) + "|")
    for index, title in enumerate(titles):
        cells = " | ".join(f"{column[index]:.2f}" for column in columns)
        lines.append(f"| {title} | {cells} |")
    means = " | ".join(f"**{geometric_mean(column):.2f}**" for column in columns)
    lines.append(f"| geometric mean | {means} |")
    sums = " | ".join(f"{sum(medians[o]) / sum(medians[u]):.2f}" for _, o, u in RATIOS)
    lines.append(f"| sum of medians | {sums} |")
    return "\n".join(lines)


def conditions(what, arguments):
    from importlib.metadata import version

    heat = "cold" if arguments.cold else "warm"
    place = "local disk" if arguments.s3 is None else f"S3 server ({arguments.s3} ms a request)"
    return (
        f"{what}, {heat}, {place}, {os.cpu_count()} processors; medians of {arguments.rounds} interleaved rounds; "
        f"datafusion {version('datafusion')}, duckdb {version('duckdb')}. Below 1 is faster. All answers agreed."
    )


def write(marker, title, text):
    """Renews the table between its marks in benches/README.md, or adds it with a heading."""
    begin, end = f"<!-- {marker} -->", f"<!-- /{marker} -->"
    readme = README.read_text(encoding="utf-8")
    if begin not in readme:
        readme = readme.rstrip() + f"\n\n## {title}\n\n{begin}\n{end}\n"
    start, stop = readme.index(begin) + len(begin), readme.index(end)
    README.write_text(readme[:start] + "\n" + text + "\n" + readme[stop:], encoding="utf-8")


def options(summary):
    """The arguments that every benchmark has."""
    parser = argparse.ArgumentParser(description=summary)
    parser.add_argument("--scale", type=float, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--format", choices=["parquet", "delta", "iceberg"], default="parquet")
    parser.add_argument("--deleted", action="store_true", help="with 5 %% of the rows of large tables deleted")
    parser.add_argument("--cold", action="store_true", help="each query's first run in a fresh process")
    parser.add_argument("--s3", type=int, metavar="MS", help="from an S3 server that answers so much later")
    parser.add_argument("--answers", action="store_true", help="compare the answers, measure nothing")
    parser.add_argument("--write", action="store_true", help="renew the table in benches/README.md")
    return parser


def run(suite, arguments, marker, title, what):
    """Compares, measures, prints, and writes if asked."""
    place = contextlib.nullcontext(suite) if arguments.s3 is None else s3_server(suite, arguments.s3)
    with place as suite:
        check_answers(suite)
        print("all answers agree", file=sys.stderr)
        if arguments.answers:
            return
        medians = measure(suite, arguments.rounds, arguments.cold)
    text = conditions(what, arguments) + "\n\n" + report(medians, suite.queries)
    print(text)
    if arguments.write:
        write(marker, title, text)


def variant(arguments):
    """The words for a table's form, for marks and headings."""
    words = [arguments.format] if arguments.format != "parquet" else []
    words += ["deleted"] if arguments.deleted else []
    words += ["s3"] if arguments.s3 is not None else []
    return words + (["cold"] if arguments.cold else [])


if __name__ == "__main__":
    given = Suite(**json.load(sys.stdin))
    print(json.dumps(ENGINES[sys.argv[1]](given)[0]))
