"""Many rows out of the Postgres front, and a great number of small answers: Lakegate beside PostgreSQL.

    measure_stream.py [--scale 1] [--rows N] [--rounds 3] [--clients raw,psql,…] [--only streams|stalls|trips]

TPC-H's lineitem, made as `benches/tpch.py` makes it, all of it or the first N rows. PostgreSQL has the same rows in
an unlogged, vacuumed table, with the types that Lakegate gives them; the totals are compared first. All its
settings are its defaults, without fsync. In each round every client reads all rows from both servers.

- streams: rows a second through each client, and the time to the first row. `raw` drops what it receives, so it
  measures the servers; through the others the client may take most of the time, and ratios draw near to 1.
- `memory`: what Lakegate's process grew by at most while the client read.
- stalls: a reader takes the first row, then nothing for ten seconds. Each has a fresh server that has read the table.
- trips: SELECT 1, one after the other, as a simple query and as a prepared statement.
"""

import argparse
import asyncio
import contextlib
import math
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time

import front

import engines
import gateway
import programs
import tpch

FETCH_ROWS = 10_000
STALL_SECONDS = 10
ASKED_GROWTH_MIB = 64
ASKED_TRIP_RATIO = 1.3
TRIPS_PER_TURN = 500
SMALL_BUFFER_BYTES = 8192
READY = b"Z\0\0\0\5I"
CHUNK_BYTES = 1 << 20


# Clients: each gives (rows, seconds to the first row or None, seconds). The query is the same for both servers.


def raw(server, sql):
    return dropped(server, sql)


def raw_extended(server, sql):
    return dropped(server, sql, extended=True)


def copy_text(server, sql):
    return dropped(server, f"COPY ({sql}) TO STDOUT")


def copy_binary(server, sql):
    return dropped(server, f"COPY ({sql}) TO STDOUT (FORMAT binary)")


def dropped(server, sql, extended=False):
    with contextlib.closing(front.Reader(server)) as reader:
        (reader.bound if extended else reader.simple)(sql)
        rows, _, first, seconds = reader.drop()
        return rows, first, seconds


def psql(server, sql, *options):
    program = shutil.which("psql") or str(front.postgres.program("psql"))
    command = [program, "-X", "-A", "-t", "-q", *options, "-o", "/dev/null", "-c", sql, server.dsn]
    started = time.perf_counter()
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return None, None, time.perf_counter() - started


def psql_cursor(server, sql):
    return psql(server, sql, "-v", f"FETCH_COUNT={FETCH_ROWS}")


def pgjdbc(server, sql):
    java, classes = shutil.which("java"), java_classes()
    url = f"jdbc:postgresql://{server.host}:{server.port}/lake?user=lakegate"
    command = [java, "-cp", classes, "Stream", url, sql, str(FETCH_ROWS)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    rows, first, seconds = done.stdout.split()
    return int(rows), float(first), float(seconds)


def java_classes():
    """The class path, made once: the driver comes by Maven, as for the tests of clients."""
    made = engines.data_base() / "java"
    if not (made / "Stream.class").exists():
        made.mkdir(parents=True, exist_ok=True)
        programs.java_with_pgjdbc(made, front.HERE / "Stream.java")
    return programs.class_path(made)


def asyncpg(server, sql):
    return asyncio.run(through_asyncpg(server, sql))


async def through_asyncpg(server, sql):
    import asyncpg as driver

    connection = await driver.connect(host=server.host, port=server.port, user="lakegate", database="lake")
    try:
        async with connection.transaction():
            started, first, rows = time.perf_counter(), None, 0
            cursor = await connection.cursor(sql)
            while part := await cursor.fetch(FETCH_ROWS):
                first = first or time.perf_counter() - started
                rows += len(part)
            return rows, first, time.perf_counter() - started
    finally:
        await connection.close()


CLIENTS = {
    "raw": raw, "raw-extended": raw_extended, "copy-text": copy_text, "copy-binary": copy_binary, "psql": psql,
    "psql-cursor": psql_cursor, "pgjdbc": pgjdbc, "asyncpg": asyncpg,
}


def able(names):
    """Without what cannot run here, which is said."""
    missing = [program for program in ("java", "javac", "mvn") if shutil.which(program) is None]
    if "pgjdbc" in names and missing:
        front.say(f"left out: pgjdbc, for want of {', '.join(missing)}")
        return [name for name in names if name != "pgjdbc"]
    return names


# The rows


def lineitem(scale):
    return tpch.data_directory(scale) / "lineitem"


def selected(count):
    return "SELECT * FROM lineitem" + (f" LIMIT {count}" if count else "")


def serve(folder):
    return front.lakegate(tables={"lineitem": folder}, settings=[f'lake.roots=["{folder}"]'])


def load(peer, mine, folder, count):
    """The same rows in PostgreSQL, with the types that Lakegate says they have."""
    columns = mine.query(
        "SELECT attname, pg_catalog.format_type(atttypid, atttypmod) FROM pg_catalog.pg_attribute "
        "WHERE attrelid = 'lineitem'::regclass AND attnum > 0 ORDER BY attnum"
    )
    kinds = ", ".join(f"{name} {kind}" for name, kind in columns)
    with tempfile.TemporaryDirectory(prefix="lakegate-bench-") as directory, peer.connect() as connection:
        file = pathlib.Path(directory) / "lineitem.csv"
        write_csv(folder, count, file)
        connection.execute(f"CREATE UNLOGGED TABLE lineitem ({kinds})")
        with connection.cursor().copy("COPY lineitem FROM STDIN (FORMAT csv)") as copy, file.open("rb") as source:
            while part := source.read(CHUNK_BYTES):
                copy.write(part)
        connection.execute("VACUUM ANALYZE lineitem")


def write_csv(folder, count, file):
    import duckdb

    source = f"SELECT * FROM read_parquet('{folder}/*.parquet')" + (f" LIMIT {count}" if count else "")
    connection = duckdb.connect()
    connection.execute("SET enable_progress_bar = false")
    connection.execute(f"COPY ({source}) TO '{file}' (FORMAT csv, HEADER false)")


def check_rows(mine, peer, count):
    """Which rows a LIMIT takes is the server's choice: then only their number can be compared."""
    sums = "count(*)" if count else "count(*), sum(l_orderkey), sum(l_extendedprice), min(l_comment), max(l_shipdate)"
    found = [server.query(f"SELECT {sums} FROM ({selected(count)}) AS t") for server in (mine, peer)]
    if found[0] != found[1]:
        raise AssertionError(f"Lakegate has {found[0]}, PostgreSQL {found[1]}")
    if not count:
        compare_bytes(mine, peer)
    return found[0][0][0]


def compare_bytes(mine, peer):
    """As text, every value has the same length in both, or one of them writes it otherwise."""
    sizes = []
    for server in (mine, peer):
        with contextlib.closing(front.Reader(server)) as reader:
            reader.simple(selected(None))
            sizes.append(reader.drop()[1])
    if sizes[0] != sizes[1]:
        front.say(f"NOT THE SAME BYTES: Lakegate sends {sizes[0]}, PostgreSQL {sizes[1]}")


# Streams


def streams(mine, peer, names, sql, rounds, rows):
    """Per client: seconds of both, seconds to the first row of both, the growth of Lakegate's memory."""
    found = {name: {"mine": [], "theirs": [], "growth": []} for name in names}
    for turn in range(rounds):
        for name in front.rotated(names, turn):
            for side in front.rotated(["mine", "theirs"], turn):
                with gateway.Memory(mine) as memory:
                    got, first, seconds = CLIENTS[name](mine if side == "mine" else peer, sql)
                if got not in (None, rows):
                    raise AssertionError(f"{name} read {got} rows of {rows}")
                found[name][side].append((seconds, first))
                if side == "mine":
                    found[name]["growth"].append(memory.growth_bytes)
        front.say(f"round {turn + 1} of {rounds}")
    return found


def report_streams(found):
    lines = []
    for name, sides in found.items():
        (mine, firsts), (theirs, other_firsts) = (zip(*sides[side]) for side in ("mine", "theirs"))
        # Of one round: both sides had the same neighbours.
        each = [their / my for my, their in zip(mine, theirs)]
        first = "not seen"
        if None not in firsts:
            first = f"{statistics.median(firsts) * 1000:.1f} ms, {front.median_ratio(firsts, other_firsts):.1f}"
        growth = f"{max(sides['growth']) / front.MIB:.0f} MiB"
        lines.append([
            name, f"{front.median_ratio(theirs, mine):.2f}", f"{min(each):.2f} to {max(each):.2f}", first, growth,
        ])
    heads = ["client", "rows a second / PostgreSQL", "by round", "first row, / PostgreSQL", "memory"]
    return front.table(heads, lines)


# Stalls

STALLS = {
    "simple query": lambda reader, sql: reader.simple(sql),
    "extended query": lambda reader, sql: reader.bound(sql),
    "COPY": lambda reader, sql: reader.simple(f"COPY ({sql}) TO STDOUT"),
    "FETCH ALL": lambda reader, sql: fetch_all(reader, sql),
}


def fetch_all(reader, sql):
    for text in ("BEGIN", f"DECLARE every CURSOR FOR {sql}"):
        reader.simple(text)
        reader.until(b"Z")
    reader.simple("FETCH ALL FROM every")


def stalls(folder, sql):
    lines = []
    for title, begin in STALLS.items():
        with serve(folder) as server:
            server.query("SELECT count(*), max(l_comment), sum(l_extendedprice) FROM lineitem")
            # What the kernel buffers is no memory of the server, but it would hold the stall back.
            with contextlib.closing(front.Reader(server, receive_buffer_bytes=SMALL_BUFFER_BYTES)) as reader:
                with gateway.Memory(server) as memory:
                    begin(reader, sql)
                    reader.until(*front.ROW_KINDS)
                    time.sleep(STALL_SECONDS)
        grown = memory.growth_bytes / front.MIB
        lines.append([title, f"{grown:.1f} MiB", "yes" if grown <= ASKED_GROWTH_MIB else "NO"])
        front.say(f"stalled: {title}")
    return front.table(["stalled", "growth", f"at most {ASKED_GROWTH_MIB} MiB"], lines)


# Trips


def trips(mine, peer, count):
    """Both take turns of some hundred trips each."""
    lines = []
    for title, prepare in {"simple": simple_frame, "prepared": prepared_frame}.items():
        seconds = {"mine": [], "theirs": []}
        with contextlib.ExitStack() as stack:
            opened = {"mine": mine, "theirs": peer}
            readers = {side: stack.enter_context(contextlib.closing(front.Reader(s))) for side, s in opened.items()}
            frames = {side: prepare(reader) for side, reader in readers.items()}
            for side, reader in readers.items():
                go(reader.socket, frames[side], TRIPS_PER_TURN)
            for turn in range(math.ceil(count / TRIPS_PER_TURN)):
                for side in front.rotated(["mine", "theirs"], turn):
                    seconds[side] += go(readers[side].socket, frames[side], TRIPS_PER_TURN)
        lines.append(trip_line(title, seconds["mine"], seconds["theirs"]))
    heads = ["SELECT 1", "p50 / PostgreSQL", "p99 / PostgreSQL", f"p50 at most {ASKED_TRIP_RATIO}"]
    return front.table(heads, lines)


def trip_line(title, mine, theirs):
    half = statistics.median(mine) / statistics.median(theirs)
    late = front.quantile(mine, 0.99) / front.quantile(theirs, 0.99)
    return [title, f"{half:.2f}", f"{late:.2f}", "yes" if half <= ASKED_TRIP_RATIO else "NO"]


def simple_frame(reader):
    return captured(reader, lambda: reader.simple("SELECT 1"))


def prepared_frame(reader):
    reader.bound("SELECT 1", name="one")
    reader.until(b"Z")
    return captured(reader, lambda: reader.bound("SELECT 1", name="one", parse=False))


def captured(reader, send):
    """What would be sent, as bytes: so that a trip has nothing of ours in it but two calls of the system."""
    taken, whole = [], reader.socket
    reader.socket = type("Taken", (), {"sendall": lambda _, data: taken.append(data)})()
    try:
        send()
    finally:
        reader.socket = whole
    return b"".join(taken)


def go(socket, frame, count):
    seconds = []
    for _ in range(count):
        started = time.perf_counter()
        socket.sendall(frame)
        answer = socket.recv(CHUNK_BYTES)
        while not answer.endswith(READY):
            answer += socket.recv(CHUNK_BYTES)
        seconds.append(time.perf_counter() - started)
    return seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--scale", type=float, default=1)
    parser.add_argument("--rows", type=int, help="all of the table's when absent")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--trips", type=int, default=5000)
    parser.add_argument("--clients", default=",".join(CLIENTS))
    parser.add_argument("--only", choices=["streams", "stalls", "trips"])
    arguments = parser.parse_args()
    parts = [arguments.only] if arguments.only else ["streams", "stalls", "trips"]
    folder, sql = lineitem(arguments.scale), selected(arguments.rows)
    tables = []
    if {"streams", "trips"} & set(parts):
        tables += beside_postgresql(arguments, parts, folder, sql)
    if "stalls" in parts:
        tables.append(stalls(folder, sql))
    print("\n\n".join(tables))


def beside_postgresql(arguments, parts, folder, sql):
    with serve(folder) as mine, front.postgresql() as peer:
        tables = []
        if "streams" in parts:
            load(peer, mine, folder, arguments.rows)
            rows = check_rows(mine, peer, arguments.rows)
            front.say(f"both have {rows} rows")
            names = able(arguments.clients.split(","))
            found = streams(mine, peer, names, sql, arguments.rounds, rows)
            tables.append(f"{rows} rows of lineitem, medians of {arguments.rounds} rounds\n\n{report_streams(found)}")
        if "trips" in parts:
            tables.append(trips(mine, peer, arguments.trips))
        return tables


if __name__ == "__main__":
    main()
