"""Planning on tables of very many files: a lakegate server beside DuckDB, deltalake and pyiceberg.

    measure_large.py [--files 300000] [--rounds 3] [--engines lakegate,duckdb,…] [--duckdb-python PATH]

`large_tables.py` makes the tables, below the target directory or LAKEGATE_BENCH_DATA. In each round every
engine starts in a fresh process, answers the same query of one partition (answers are compared), and measures

- open: from nothing, not even the engine started, to the first plan of a query that selects one partition;
- plan: the same plan again, the median of five;
- query: that query itself, the median of five (thirty small files at 300,000);
- refresh: the plan again, after one more commit;
- rss: the most memory its process ever held.

The table of medians goes to standard output, with what lakegate takes beside each of the others. One run on
one machine: read the ratios. DuckDB reads these formats through extensions; `--duckdb-python` names an
interpreter that has them (see benches/README.md). An engine that cannot run is left out, with the reason.
"""

import argparse
import collections
import datetime
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HERE.parent / "clients")]

REPEATS = 5
MEASURES = ["open", "plan", "query", "refresh", "rss"]


def large_tables():
    import large_tables as module

    return module


def condition():
    # Repeated here, so that DuckDB's interpreter needs no pyarrow: `check_condition` compares.
    return "day = DATE '2025-02-16' AND region = 'r3'"


def check_condition():
    known = large_tables()
    assert condition() == f"day = DATE '{known.DAY}' AND region = '{known.REGION}'"


QUERY = "SELECT count(*), sum(amount), min(id) FROM {} WHERE {}"


def most_memory(process):
    """Not getrusage: what that says of a process includes the program it was started from."""
    status = pathlib.Path(f"/proc/{process}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


# Engines: each gives a function that plans, and one that answers, from nothing. Imports count as started.


class Lakegate:
    formats = ("delta", "iceberg")

    def __init__(self, format, folder):
        import gateway

        self.directory = tempfile.TemporaryDirectory()
        # The folder, not one metadata file: a new commit must be seen.
        self.server = gateway.Gateway(
            self.directory.name, tables={"t": folder}, settings=[f'lake.roots=["{folder}"]'],
        )
        self.connection = self.server.connect()
        self.sql = QUERY.format("t", condition())

    def plan(self):
        self.connection.execute("EXPLAIN " + self.sql).fetchall()

    def answer(self):
        return self.connection.execute(self.sql).fetchall()

    def rss_bytes(self):
        return most_memory(self.server.process.pid)

    def close(self):
        self.connection.close()
        self.server.stop()


class InProcess:
    def rss_bytes(self):
        return most_memory("self")

    def close(self):
        pass


class DuckDb(InProcess):
    formats = ("delta", "iceberg")

    def __init__(self, format, folder):
        import duckdb

        self.connection = duckdb.connect()
        for extension in {"delta": ["delta"], "iceberg": ["avro", "iceberg"]}[format]:
            self.connection.execute(f"LOAD {extension}")
        if format == "iceberg":
            # Otherwise it does not look for the newest metadata.
            self.connection.execute("SET unsafe_enable_version_guessing = true")
        self.sql = QUERY.format(f"{format}_scan('{folder}')", condition())

    def plan(self):
        self.connection.execute("EXPLAIN " + self.sql).fetchall()

    def answer(self):
        return self.connection.execute(self.sql).fetchall()


class DeltaLake(InProcess):
    formats = ("delta",)

    def __init__(self, format, folder):
        import deltalake

        self.deltalake, self.folder, self.table = deltalake, folder, None

    def context(self):
        if self.table is None:
            self.table = self.deltalake.DeltaTable(str(self.folder))
        else:
            self.table.update_incremental()
        return self.deltalake.QueryBuilder().register("t", self.table)

    def plan(self):
        self.context().execute("EXPLAIN " + QUERY.format("t", condition())).read_all()

    def answer(self):
        table = self.context().execute(QUERY.format("t", condition())).read_all()
        return [tuple(table.column(i)[0].as_py() for i in range(3))]


class PyIceberg(InProcess):
    formats = ("iceberg",)

    def __init__(self, format, folder):
        from pyiceberg.table import StaticTable

        self.open, self.folder = StaticTable.from_metadata, folder
        self.table = self.version = None

    def scan(self):
        version = (self.folder / "metadata" / "version-hint.text").read_text()
        if version != self.version:
            self.version = version
            self.table = self.open(str(self.folder / "metadata" / f"v{version}.metadata.json"))
        return self.table.scan(row_filter=condition().replace("DATE ", ""))

    def plan(self):
        list(self.scan().plan_files())

    def answer(self):
        import pyarrow.compute as pc

        rows = self.scan().to_arrow()
        return [(rows.num_rows, pc.sum(rows["amount"]).as_py(), pc.min(rows["id"]).as_py())]


ENGINES = {"lakegate": Lakegate, "duckdb": DuckDb, "deltalake": DeltaLake, "pyiceberg": PyIceberg}


def timed(work):
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def measure(name, format, folder, python):
    """All measures of one engine: runs in a process of its own."""
    # With the start of the engine: a server opens the tables it is given as it starts.
    started = time.perf_counter()
    engine = ENGINES[name](format, folder)
    engine.plan()
    found = {"open": time.perf_counter() - started}
    found["plan"] = statistics.median(timed(engine.plan) for _ in range(REPEATS))
    found["answer"] = [float(value) for value in engine.answer()[0]]
    found["query"] = statistics.median(timed(engine.answer) for _ in range(REPEATS))
    # By another interpreter, so that its memory is not counted as the engine's.
    subprocess.run([python, __file__, "--commit", format, "--folder", str(folder)], check=True)
    found["refresh"] = timed(engine.plan)
    found["rss"] = engine.rss_bytes()
    engine.close()
    return found


def in_process(name, format, folder, python):
    """Measures in a fresh process, or the reason why not."""
    command = [python, __file__, "--measure", name, "--commit", format, "--folder", str(folder)]
    done = subprocess.run([*command, "--python", sys.executable], capture_output=True, text=True)
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["no reason given"])[-1][:200]
    return json.loads(done.stdout.splitlines()[-1])


def run(folders, engines, rounds, duckdb_python):
    """Measures by (format, engine), and the reasons of those that cannot run."""
    found, left_out = collections.defaultdict(list), {}
    for turn in range(rounds):
        for format, folder in folders.items():
            able = [name for name in engines if format in ENGINES[name].formats]
            for name in able[turn % len(able):] + able[: turn % len(able)]:
                python = duckdb_python if name == "duckdb" else sys.executable
                result = in_process(name, format, folder, python)
                if isinstance(result, str):
                    left_out[format, name] = result
                else:
                    found[format, name].append(result)
        print(f"round {turn + 1} of {rounds}", file=sys.stderr)
    return found, left_out


def check_answers(found):
    answers = {key: {tuple(one["answer"]) for one in results} for key, results in found.items()}
    if len(set().union(*answers.values())) > 1:
        raise AssertionError(f"answers differ: {answers}")


def medians(results):
    return {name: statistics.median(one[name] for one in results) for name in MEASURES}


def shown(name, value):
    return f"{value / (1 << 20):.0f} MiB" if name == "rss" else f"{value * 1000:.1f} ms"


def report(found):
    """Markdown: one line per format and engine; below each value, lakegate's beside it."""
    lines = ["| table | engine | " + " | ".join(MEASURES) + " |", "|---" * (len(MEASURES) + 2) + "|"]
    middle = {key: medians(results) for key, results in found.items()}
    for (format, engine), values in sorted(middle.items(), key=lambda item: (item[0][0], item[0][1] != "lakegate")):
        cells = [shown(name, values[name]) for name in MEASURES]
        lines.append(f"| {format} | {engine} | " + " | ".join(cells) + " |")
        own = middle.get((format, "lakegate"))
        if own and engine != "lakegate":
            ratios = [f"{own[name] / values[name]:.2f}" for name in MEASURES]
            lines.append(f"| {format} | lakegate / {engine} | " + " | ".join(ratios) + " |")
    return "\n".join(lines)


def data_directory():
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")
    directory = pathlib.Path(os.environ.get("LAKEGATE_BENCH_DATA") or target / "bench") / "large"
    directory.mkdir(parents=True, exist_ok=True)
    return directory.resolve()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--files", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--engines", default=",".join(ENGINES))
    parser.add_argument("--duckdb-python", default=sys.executable, help="an interpreter with DuckDB's extensions")
    for hidden in ("--measure", "--commit", "--folder", "--python"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        folder = pathlib.Path(arguments.folder)
        print(json.dumps(measure(arguments.measure, arguments.commit, folder, arguments.python)))
        return
    if arguments.commit:
        large_tables().MAKERS[arguments.commit][1](pathlib.Path(arguments.folder))
        return
    check_condition()
    folders = large_tables().make(data_directory(), arguments.files)
    found, left_out = run(folders, arguments.engines.split(","), arguments.rounds, arguments.duckdb_python)
    check_answers(found)
    print(f"{arguments.files} files a table, medians of {arguments.rounds} rounds, {os.cpu_count()} processors, "
          f"{datetime.date.today()}. Below 1, lakegate takes less. All answers agreed.\n")
    print(report(found))
    for (format, name), why in left_out.items():
        print(f"\nleft out: {name} on {format}: {why}")


if __name__ == "__main__":
    main()
