"""Says the statements of written/NAME.sql as that program would: say.py NAME PORT

They are written by hand after what the program's source and its users' reports say, for programs
that cannot run here. A statement ends at a line that is a single semicolon. Lines of their own
that start with `--!` tell how what follows is said:

    --! simple | extended | binary    the protocol; binary: extended, with binary results
    --! start {"TimeZone": "UTC"}     a new session with these parameters
    --! values ["x", null]            of the next statement's parameters, as text
    --! fails 42P01                   what the next statement is expected to end with
"""

import json
import pathlib
import sys
from types import SimpleNamespace

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import psycopg  # noqa: E402

import play  # noqa: E402
from oids import OWN_NAME, Oids  # noqa: E402

WRITTEN = pathlib.Path(__file__).with_name("written")


def messages_of(sql, mode, values):
    if mode == "simple":
        return [{"query": sql}]
    bind = {"bind": "", "portal": ""}
    if values:
        bind["values"] = values
    if mode == "binary":
        bind["results"] = [1]
    return [{"parse": sql, "name": ""}, bind, {"describe": "P", "name": ""}, {"execute": ""},
            {"sync": True}]


def statements(name):
    """(SQL, orders) of each statement."""
    lines, orders = [], []
    for line in (WRITTEN / f"{name}.sql").read_text().splitlines():
        if line.startswith("--! "):
            orders.append(line[4:].split(" ", 1))
        elif line == ";":
            yield "\n".join(lines), dict((order + [None])[:2] for order in orders)
            lines, orders = [], []
        else:
            lines.append(line)


def main(name, port):
    server = SimpleNamespace(host="127.0.0.1", port=int(port))
    with psycopg.connect("", autocommit=True, application_name=OWN_NAME) as connection:
        oids = Oids(connection)
    talk, mode, unexpected = None, "extended", 0
    for sql, orders in statements(name):
        mode = next((m for m in ("simple", "extended", "binary") if m in orders), mode)
        if talk is None or "start" in orders:
            start = json.loads(orders.get("start") or "{}")
            talk = play.Talk(server, oids, start)
        values = json.loads(orders.get("values") or "[]")
        turns = talk.play(messages_of(sql, mode, values))
        codes = {turn.error["C"]: turn.error["M"] for turn in turns if turn.error}
        if set(codes) != {orders.get("fails")} - {None}:
            unexpected += 1
            print(f"{name}: {codes}\n{sql[:300]}\n", file=sys.stderr)
    sys.exit(unexpected > 0)


main(*sys.argv[1:])
