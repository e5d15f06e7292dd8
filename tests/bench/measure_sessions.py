"""What an idle session costs: a thousand of them after one statement each, Lakegate beside PostgreSQL.

    measure_sessions.py [--sessions 1000] [--postgres-sessions 100]

Sockets by hand, so that nothing but the statement was said. Each statement has a fresh server, which has answered
the statement in other sessions before, so that caches are not counted; the sessions speak one after the other.
Lakegate's cost is what the process grew by; PostgreSQL's the memory that its processes share with nobody.
"""

import argparse
import contextlib
import pathlib
import resource
import time

import front

STATEMENTS = {
    "nothing": None,
    "SELECT 1": "SELECT 1",
    "a catalog query": "SELECT n.nspname, c.relname FROM pg_catalog.pg_class c "
                       "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' ORDER BY 1, 2",
    "SELECT 1, prepared": "SELECT 1",
}
ASKED_KIB = 50
WARM_SESSIONS = 5
# What was freed goes back to the system a little later.
SETTLE_SECONDS = 3
KIB = 1024
FILES_SPARE = 200


def opened(server, title):
    wire = front.Reader(server)
    sql = STATEMENTS[title]
    if sql and "prepared" in title:
        wire.bound(sql, name="kept")
        wire.until(b"Z")
    elif sql:
        wire.simple(sql)
        wire.until(b"Z")
    # Dropping rows takes room of its own, which is ours and not the server's.
    wire.room = None
    return wire


def grown(server, title, sessions, memory):
    """Bytes per session."""
    with contextlib.ExitStack() as stack:
        # Not held while measuring: these only fill caches.
        for _ in range(WARM_SESSIONS):
            opened(server, title).close()
        time.sleep(SETTLE_SECONDS)
        before = memory()
        for _ in range(sessions):
            stack.callback(opened(server, title).close)
        time.sleep(SETTLE_SECONDS)
        return (memory() - before) / sessions


def of_lakegate(title, sessions):
    with front.lakegate(limits={"max_connections": sessions + FILES_SPARE}) as server:
        return grown(server, title, sessions, server.rss_bytes)


def of_postgresql(title, sessions):
    with front.postgresql([f"max_connections={sessions + FILES_SPARE}"]) as server:
        return grown(server, title, sessions, lambda: private_bytes(server))


def private_bytes(server):
    """Of the postmaster and all its children."""
    first = (pathlib.Path(server.directory) / "data" / "postmaster.pid").read_text().split()[0]
    children = pathlib.Path(f"/proc/{first}/task/{first}/children").read_text().split()
    return sum(map(private_bytes_of, [first, *children]))


def private_bytes_of(process):
    try:
        lines = pathlib.Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(int(line.split()[1]) * KIB for line in lines if line.startswith("Private_"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--sessions", type=int, default=1000)
    parser.add_argument("--postgres-sessions", type=int, default=100, help="each is a process; 0 leaves it out")
    arguments = parser.parse_args()
    allow_files(arguments.sessions + FILES_SPARE)
    rows = []
    for title in STATEMENTS:
        mine = of_lakegate(title, arguments.sessions) / KIB
        theirs = arguments.postgres_sessions and of_postgresql(title, arguments.postgres_sessions) / KIB
        ratio = f"{mine / theirs:.3f}" if theirs else "not measured"
        rows.append([title, f"{mine:.1f} KiB", "yes" if mine <= ASKED_KIB else "NO", ratio])
        front.say(f"{title}: done")
    print(f"{arguments.sessions} idle sessions\n")
    print(front.table(["after", "each", f"at most {ASKED_KIB} KiB", "beside PostgreSQL"], rows))


def allow_files(count):
    """Each session is a file here, and one in the server, which inherits this."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 2 * count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 2 * count), hard))


if __name__ == "__main__":
    main()
