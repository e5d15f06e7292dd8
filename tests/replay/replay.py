"""Plays the corpus to PostgreSQL 15 and to Lakegate, and says where their answers differ.

    replay.py                      all clients: a table
    replay.py -v --client psql     with every difference, and the most frequent causes
    replay.py --client psql --only 12 --sql     the 12th statement, in full
    replay.py --write              renews ratchet.toml
"""

import argparse
import collections
import contextlib
import pathlib
import re
import sys
import time
import tomllib
from dataclasses import dataclass

import corpus
import play
import servers
from oids import Oids
from verdict import Comparison, Verdict

FOLDER = pathlib.Path(__file__).parent
STATUSES = ("equal", "named", "typmod", "differs", "error")
HEAD_CHARACTERS = 110
CAUSES_SHOWN = 60


@dataclass
class Mask:
    column: re.Pattern
    sql: re.Pattern
    reason: str


@dataclass
class Named:
    """A difference that is meant."""

    sql: re.Pattern
    client: str
    kinds: list
    cause: re.Pattern
    reason: str

    def covers(self, client, sql, difference):
        return (
            (not self.client or self.client == client)
            and difference.kind in self.kinds
            and self.sql.search(sql) and self.cause.search(difference.cause)
        )


def known_differences():
    """(masks, named differences) of differences.toml."""
    text = tomllib.loads((FOLDER / "differences.toml").read_text())
    pattern = lambda entry, key: re.compile(entry.get(key, ""), re.DOTALL)  # noqa: E731
    masks = [Mask(pattern(m, "column"), pattern(m, "sql"), m["reason"]) for m in text["mask"]]
    named = [
        Named(pattern(n, "sql"), n.get("client"), n["kinds"], pattern(n, "cause"), n["reason"])
        for n in text.get("named", [])
    ]
    return masks, named


class Replay:
    """Both servers, ready for any number of clients' corpora."""

    def __init__(self, postgres, gateway):
        self.servers = (postgres, gateway)
        self.masks, self.named = known_differences()
        self.type_names = None

    def client(self, name):
        """The verdicts on a client's statements, in order, and sessions that went another way."""
        self._look()
        sessions, groups = corpus.read(name)
        last = {session.number: i for i, (session, _) in enumerate(groups)}
        talks, verdicts, errors = {}, {}, collections.defaultdict(list)
        for i, (session, group) in enumerate(groups):
            number = session.number
            if number not in talks:
                talks[number] = self._open(session)
            expected, found = (talk.play(group) for talk in talks[number])
            errors[number] += [
                turn.error["C"] for turn in expected
                if turn.error and turn.error is not play.SKIPPED
            ]
            self._judge(name, expected, found, verdicts)
            level(*talks[number])
            if last[number] == i:
                for talk in talks.pop(number):
                    talk.close()
        stale = [n for n in sessions if sorted(sessions[n].errors) != sorted(errors[n])]
        return list(verdicts.values()), stale

    def _look(self):
        """What the servers call their objects now."""
        oids = []
        for server in self.servers:
            with server.connect() as connection:
                oids.append(Oids(connection))
                if self.type_names is None:
                    sql = "SELECT oid, typname FROM pg_type WHERE oid < 12000"
                    self.type_names = dict(connection.execute(sql).fetchall())
        self.oids = oids
        self.comparison = Comparison(*oids, self.type_names, self.masks)

    def _open(self, session):
        pairs = zip(self.servers, self.oids)
        return [play.Talk(server, oids, session.start) for server, oids in pairs]

    def _judge(self, client, expected, found, verdicts):
        for i, turn in enumerate(expected):
            if turn.sql == "" and not turn.results[0].tag:
                continue
            other = found[i] if i < len(found) else play.Turn(turn.sql)
            verdict = Verdict(turn.sql, turn.values, self.comparison.differences(turn, other))
            reasons = [self._reason(client, turn.sql, d) for d in verdict.differences]
            verdict.named = "; ".join(sorted(set(reasons))) if all(reasons) else None
            known = verdicts.get(turn.key)
            if known is None or STATUSES.index(known.status) < STATUSES.index(verdict.status):
                verdicts[turn.key] = verdict
            if known:
                verdicts[turn.key].times = known.times + 1

    def _reason(self, client, sql, difference):
        found = (n.reason for n in self.named if n.covers(client, sql, difference))
        return next(found, None)


def level(postgres, lakegate):
    """After a statement that only one of them understood: both in or out of a transaction again,

    so that each statement is judged by itself.
    """
    if postgres.status == lakegate.status or postgres.in_copy or lakegate.in_copy:
        return
    if postgres.skipping or lakegate.skipping:
        return
    with contextlib.suppress(OSError):
        if lakegate.status != b"I":
            lakegate.simple("ROLLBACK")
        if postgres.status != b"I":
            lakegate.simple("BEGIN")
            for name in postgres.savepoints:
                lakegate.simple(f"SAVEPOINT {name}")
        if postgres.status == b"E":
            lakegate.simple("SELECT 1 / 0")


# ---- The report --------------------------------------------------------------------------------


def table(figures):
    """`figures`: by client, how many statements of each status."""
    lines = [f"{'client':<22}{'statements':>11}" + "".join(f"{s:>9}" for s in STATUSES)]
    total = collections.Counter()
    for client, counts in figures.items():
        lines.append(_line(client, counts))
        total.update(counts)
    lines.append(_line("all", total))
    return "\n".join(lines)


def _line(client, counts):
    return f"{client:<22}{sum(counts.values()):>11}" + "".join(
        f"{counts[status]:>9}" for status in STATUSES
    )


def causes(verdicts):
    """The most frequent causes over all clients, each with a statement that shows it."""
    counts, example = collections.Counter(), {}
    for client, number, verdict in verdicts:
        if verdict.status in ("equal", "named"):
            continue
        for cause in {f"[{d.kind}] {d.cause}" for d in verdict.differences}:
            counts[cause] += 1
            example.setdefault(cause, f"{client} {number}")
    return "\n".join(
        f"{count:>5}  {cause}   ({example[cause]})"
        for cause, count in counts.most_common(CAUSES_SHOWN)
    )


def details(client, number, verdict, whole_sql):
    sql = verdict.sql if whole_sql else head(verdict.sql)
    lines = [f"--- {client} {number} [{verdict.status}] {sql}"]
    if verdict.values:
        lines.append(f"    values: {verdict.values}")
    lines += [f"    {d.kind}: {d.detail}" for d in verdict.differences]
    if verdict.named:
        lines.append(f"    named: {verdict.named}")
    return "\n".join(lines)


def head(sql):
    text = " ".join(sql.split())
    return text if len(text) <= HEAD_CHARACTERS else text[:HEAD_CHARACTERS] + "…"


def report(outcome, arguments):
    """Prints what was asked for."""
    for client, number, verdict in outcome.results:
        if arguments.only and number != arguments.only:
            continue
        if arguments.only or (arguments.verbose and verdict.status not in ("equal", "named")):
            print(details(client, number, verdict, arguments.sql))
    if arguments.verbose:
        print("\ncauses, by how many statements they concern\n" + causes(outcome.results) + "\n")
    print(table(outcome.figures))
    for session in outcome.stale:
        print(f"not as recorded: PostgreSQL's errors in session {session}")
    for line in outcome.internal:
        print(f"in Lakegate's log: {line if arguments.verbose else line[:HEAD_CHARACTERS]}")


@dataclass
class Outcome:
    # By client: how many statements of each status.
    figures: dict
    # (client, number, verdict)
    results: list
    # Sessions in which PostgreSQL answered other errors than while they were recorded.
    stale: list
    # Lines of Lakegate's log that must never be there.
    internal: list


def run(names, directory):
    figures, results, stale = {}, [], []
    with servers.both(directory) as pair:
        replay = Replay(*pair)
        for name in names:
            started = time.monotonic()
            verdicts, gone = replay.client(name)
            figures[name] = collections.Counter(verdict.status for verdict in verdicts)
            results += [(name, i, verdict) for i, verdict in enumerate(verdicts, 1)]
            stale += [f"{name} {number}" for number in gone]
            print(f"{name}: {time.monotonic() - started:.1f} s", file=sys.stderr, flush=True)
        internal = pair[1].internal_errors()
    return Outcome(figures, results, stale, internal)


def write_ratchet(figures):
    lines = ["# Statements that are answered as PostgreSQL answers them. `replay.py --write`"]
    lines += [f"{client} = {counts['equal']}" for client, counts in figures.items()]
    (FOLDER / "ratchet.toml").write_text("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--client", action="append", help="only this one; may be repeated")
    parser.add_argument("--only", type=int, help="only the statement of this number")
    parser.add_argument("--sql", action="store_true", help="whole statements, not their heads")
    parser.add_argument("-v", "--verbose", action="store_true", help="every difference")
    parser.add_argument("--write", action="store_true", help="renew ratchet.toml")
    arguments = parser.parse_args()
    with servers.scratch() as directory:
        outcome = run(arguments.client or corpus.names(), directory)
    report(outcome, arguments)
    if arguments.write:
        write_ratchet(outcome.figures)


if __name__ == "__main__":
    main()
