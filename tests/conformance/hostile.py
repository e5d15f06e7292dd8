"""Damaged tables: right rows or a clear error, a server that stays, memory that stays small.

    hostile.py [--seed 1] [--cases 480] [--keep DIRECTORY] [--only PART]

Copies small conformance tables, damages one file of each copy (see `damage.py`), and asks one gateway for
`SELECT count(*)` and `SELECT *` of every copy. What an answer can be:

- right: the rows of the undamaged table. The damaged file is not needed, or the damage says nothing.
- refused: an error with a SQLSTATE that names its reason (`TYPED`).
- altered: other rows, and an independent reader (pyarrow, fastavro, json) reads the damaged file without
  complaint, with other contents: no reader can tell. Listed, to be judged by hand.
- WRONG: other rows, although the file is broken. INTERNAL: XX000 or a code of no known reason.
- LOST: the connection. SLOW: no answer within the statement timeout.

Undamaged tables that are refused today are left out, by name. Exits with 1 on a word in capitals, a dead
server, or memory that grew by more than `GROWTH_BYTES_MAX`.
"""

import argparse
import collections
import contextlib
import dataclasses
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

import psycopg

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import damage  # noqa: E402
import run  # noqa: E402
from run import gateway  # noqa: E402

TABLES = [
    "delta-dat/basic_append", "delta-dat/basic_partitioned", "delta-dat/with_checkpoint", "delta-dat/no_replay",
    "delta-dat/stats_as_struct", "delta-dat/deletion_vectors", "delta-dat/column_mapping",
    "delta-golden/multi-part-checkpoint", "delta-golden/v2-checkpoint-json",
    "delta-golden/v2-checkpoint-parquet", "delta-golden/only-checkpoint-files",
    "delta-golden/dv-partitioned-with-checkpoint", "delta-golden/log-replay-dv-key-cases",
    "delta-golden/corrupted-last-checkpoint-kernel", "delta-golden/parquet-all-types",
    "iceberg-duckdb/is_null_is_not_null", "iceberg-duckdb/null_stats__default__test_nulls",
    "iceberg-duckdb/hive_partitioned_table", "iceberg-duckdb/partition_decimal_integer",
    "iceberg-duckdb/equality_deletes__warehouse__mydb__mytable", "iceberg-duckdb/iceberg__lineitem_iceberg_gz_no_hint",
    "iceberg-duckdb/equality_delete_cross_partition__warehouse__ns__t",
    "iceberg-duckdb/legacy_bare_deletion_vector__warehouse__default__legacy_bare_deletion_vector",
    "iceberg-duckdb/iceberg_v1_repro__repro__merch_v1", "iceberg-duckdb/expression_filter",
]
# Damaged data, something missing, out of reach or too large, not supported, a value out of range.
TYPED = {"XX001", "42P01", "58000", "42501", "53000", "53100", "53200", "53400", "54000", "54001", "0A000", "22003",
         "22023", "22P02", "42703"}
QUESTIONS = {"count": "SELECT count(*) FROM {}", "rows": "SELECT * FROM {}"}
BAD = {"WRONG", "INTERNAL", "LOST", "SLOW"}
GROWTH_BYTES_MAX = 1 << 30
SECONDS_MAX = 20
# A few of these suffice: their table is large, or the damage takes a second to make.
COSTLY = {"iceberg__lineitem_iceberg_gz_no_hint": 10}


@dataclasses.dataclass(frozen=True)
class Case:
    known: run.Case
    # Inside the table.
    file: pathlib.Path
    kind: str
    damage: str
    seed: str

    @property
    def title(self):
        return f"{self.known.title}: {self.damage} {self.kind} {self.file.name}"


@dataclasses.dataclass(frozen=True)
class Answer:
    outcome: str
    detail: str = ""


def table_folder(known):
    return pathlib.Path(known.url).parents[1] if known.suite == "iceberg-duckdb" else pathlib.Path(known.url)


def cases(directory, seed, count):
    """Spread evenly over the kinds of files; every kind's damages in turn."""
    by_kind = collections.defaultdict(list)
    for known in run.cases(directory):
        if known.title not in TABLES:
            continue
        folder = table_folder(known)
        for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.stat().st_size > 16):
            kind = damage.kind_of(path.relative_to(folder))
            if kind:
                by_kind[kind].append((known, path.relative_to(folder)))
    return list(spread(random.Random(seed), by_kind, count, seed))


def spread(rng, by_kind, count, seed):
    made, turn, costly = 0, 0, collections.Counter()
    while made < count:
        for kind, files in sorted(by_kind.items()):
            known, file = rng.choice(files)
            if known.name in COSTLY:
                costly[known.name] += 1
                if costly[known.name] > COSTLY[known.name]:
                    continue
            damages = damage.DAMAGES[kind]
            chosen = damages[turn % len(damages)]
            yield Case(known, file, kind, chosen.__name__, f"{seed}/{turn}/{kind}")
            made += 1
            if made == count:
                return
        turn += 1


def copy(known, folder):
    """Without the checksums that Hadoop keeps beside each file, which nobody reads."""
    shutil.copytree(table_folder(known), folder, ignore=shutil.ignore_patterns("*.crc"))


def harm(case, folder):
    path = folder / case.file
    data = damage.__dict__[case.damage](path.read_bytes(), random.Random(case.seed))
    if data is None:
        path.unlink()
    else:
        path.write_bytes(data)


class Server:
    def __init__(self, base):
        settings = [f'lake.roots=["{base}"]', f'limits.statement_timeout="{SECONDS_MAX}s"']
        self.gateway = gateway.Gateway(base / "lake", settings=settings)
        self.connection = None

    def ask(self, sql):
        """Rows as a multiset, or an `Answer` that is an error."""
        try:
            if self.connection is None or self.connection.closed:
                self.connection = self.gateway.connect()
                self.connection.prepare_threshold = None
                for name in ("date", "time", "timestamp", "timestamptz"):
                    self.connection.adapters.register_loader(name, TextLoader)
            return collections.Counter(map(repr, self.connection.execute(sql).fetchall()))
        except psycopg.Error as error:
            message = " ".join(str(error).split())[:240]
            if self.connection is None or self.connection.closed:
                return Answer("LOST", message)
            if error.sqlstate == "57014":
                return Answer("SLOW", message)
            return Answer("refused" if error.sqlstate in TYPED else "INTERNAL", f"{error.sqlstate} {message}")


class TextLoader(psycopg.adapt.Loader):
    def load(self, data):
        return bytes(data).decode()


def judge(case, folder, said, right):
    if isinstance(said, Answer):
        return said
    if said == right:
        return Answer("right")
    detail = f"{sum(said.values())} rows, not {sum(right.values())}: {list((said - right))[:1]}"[:200]
    return Answer("altered" if is_another_file(case, folder) else "WRONG", detail)


def is_another_file(case, folder):
    """Whether an independent reader reads the damaged file, and finds something else than before."""
    damaged = folder / case.file
    if not damaged.exists():
        return False
    code = (
        "import sys, pathlib, damage; kind, *paths = sys.argv[1:]\n"
        "sys.exit(0 if damage.is_another(kind, *(pathlib.Path(p).read_bytes() for p in paths)) else 3)"
    )
    whole = table_folder(case.known) / case.file
    command = [sys.executable, "-c", code, case.kind, str(whole), str(damaged)]
    return subprocess.run(command, cwd=HERE, capture_output=True).returncode == 0


@dataclasses.dataclass
class Outcome:
    answers: list
    left_out: dict
    growth_bytes: int
    alive: bool
    errors: list

    def bad(self):
        return [found for found in self.answers if found[2].outcome in BAD]


def go(directory, base, seed, count, only=""):
    """Makes the copies below `base`, asks, and judges: (case, question, answer) of each."""
    chosen = [case for case in cases(directory, seed, count) if only in case.title]
    originals = {known: f"whole_{i}" for i, known in enumerate(dict.fromkeys(case.known for case in chosen))}
    names = {case: f"case_{i}" for i, case in enumerate(chosen)}
    tables = base / "tables"
    for known, name in [*originals.items(), *((case.known, name) for case, name in names.items())]:
        copy(known, tables / name)
    # Found while whole: what is damaged before is not in the catalog.
    gateway.run(
        "crawl", f"file://{tables}", "--database", "hostile", "--set", f'lake.directory="{base}/lake"', check=False,
    )
    for case, name in names.items():
        harm(case, tables / name)
    server = Server(base)
    with contextlib.ExitStack() as stack:
        stack.callback(server.gateway.stop)
        memory = stack.enter_context(gateway.Memory(server.gateway))

        def ask(question, name):
            return server.ask(QUESTIONS[question].format(f"hostile.{name}"))

        right = {known: {q: ask(q, name) for q in QUESTIONS} for known, name in originals.items()}
        left_out = {k.title: a["rows"].detail for k, a in right.items() if isinstance(a["rows"], Answer)}
        answers = [
            (case, question, judge(case, tables / name, ask(question, name), right[case.known][question]))
            for case, name in names.items() if case.known.title not in left_out for question in QUESTIONS
        ]
        alive = server.gateway.is_alive()
    return Outcome(answers, left_out, memory.growth_bytes, alive, server.gateway.errors())


def report(outcome):
    for title, why in sorted(outcome.left_out.items()):
        print(f"left out, refused undamaged: {title}: {why}")
    words = ["right", "refused", "altered", *sorted(BAD)]
    counts = collections.Counter((case.kind, answer.outcome) for case, _, answer in outcome.answers)
    print("\n| damaged file | answers | " + " | ".join(words) + " |\n" + "|---" * (len(words) + 2) + "|")
    for kind in sorted({case.kind for case, *_ in outcome.answers}):
        row = [counts[kind, word] for word in words]
        print(f"| {kind} | {sum(row)} | " + " | ".join(map(str, row)) + " |")
    totals = [sum(n for (_, word), n in counts.items() if word == each) for each in words]
    print(f"| all | {sum(totals)} | " + " | ".join(map(str, totals)) + " |\n")
    codes = collections.Counter(a.detail[:5] for _, _, a in outcome.answers if a.outcome == "refused")
    print("SQLSTATEs: " + ", ".join(f"{code} × {n}" for code, n in codes.most_common()))
    for case, question, answer in outcome.answers:
        if answer.outcome in BAD | {"altered"} or answer.detail.startswith("42P01"):
            print(f"{answer.outcome} {question} {case.title} (seed {case.seed}): {answer.detail}")
    for line in outcome.errors[:5]:
        print(f"in the log: {line[:300]}")
    cases_asked = len({case for case, *_ in outcome.answers})
    print(
        f"\n{cases_asked} cases, {len(outcome.answers)} answers, {len(outcome.bad())} bad; server "
        f"{'alive' if outcome.alive else 'DEAD'}; memory grew by {outcome.growth_bytes >> 20} MiB"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cases", type=int, default=480)
    parser.add_argument("--keep", type=pathlib.Path, help="leave the damaged tables here")
    parser.add_argument("--only", default="", help="a part of a case's title")
    arguments = parser.parse_args()
    directory = run.data_directory()
    if directory is None:
        print("skipped: conformance data not found")
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        base = arguments.keep or pathlib.Path(temporary)
        outcome = go(directory, base, arguments.seed, arguments.cases, arguments.only)
        report(outcome)
    return 1 if outcome.bad() or not outcome.alive or outcome.growth_bytes > GROWTH_BYTES_MAX else 0


if __name__ == "__main__":
    sys.exit(main())
