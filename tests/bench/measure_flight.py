"""Many rows over Flight SQL: beside Postgres' text, DuckDB in process, and what the loopback itself carries.

    measure_flight.py [--scale 1] [--rows N] [--rounds 3] [--clients flight,adbc,…] [--write]

TPC-H's lineitem, made as `benches/tpch.py` makes it, all of it or the first N rows. Counts and sums are compared
first. In each round every client takes all rows once, in an order that rotates, and drops them. Bytes over Flight are
those of the rows as plain Arrow arrays, whatever form they travel in, without the few that frames take; the loopback
carries as many (at least 512 MiB) between two processes of Python, by plain sockets.
"""

import argparse
import contextlib
import multiprocessing
import socket
import statistics
import time

import front

import adbc_driver_flightsql.dbapi as adbc
import duckdb
import engines
import flight
import tpch

ASKED_LOOPBACK, ASKED_TEXT = 0.6, 10
PUMP_BYTES_MIN = 1 << 29
CHUNK_BYTES = 1 << 20
BATCH_ROWS = 65_536
SUMS = "count(*), sum(l_orderkey), sum(l_extendedprice), min(l_comment), max(l_shipdate)"


# Clients: each gives (rows, bytes, seconds).


def by_flight(server, sql, settings=()):
    with flight.Caller(server.flight_port, "ana") as caller:
        for setting in settings:
            caller.rows(caller.query(f"SET {setting}"))
        started = time.perf_counter()
        ticket = caller.query(sql).endpoints[0].ticket
        reader = caller.client.do_get(ticket, caller.options)
        return counted((chunk.data for chunk in reader), started)


def by_flight_with_views(server, sql):
    return by_flight(server, sql, ["flight.view_types TO 'on'"])


def by_adbc(server, sql):
    address, login = f"grpc://{server.host}:{server.flight_port}", {"username": "ana", "password": ""}
    with adbc.connect(address, db_kwargs=login, autocommit=True) as session, session.cursor() as cursor:
        started = time.perf_counter()
        cursor.execute(sql)
        return counted(cursor.fetch_record_batch(), started)


def by_text(server, sql):
    return by_postgres(server, sql)


def by_binary_copy(server, sql):
    return by_postgres(server, f"COPY ({sql}) TO STDOUT (FORMAT binary)")


def by_postgres(server, sql):
    with contextlib.closing(front.Reader(server)) as reader:
        reader.simple(sql)
        rows, received, _, seconds = reader.drop()
        return rows, received, seconds


def counted(batches, started):
    rows = received = 0
    for batch in batches:
        rows, received = rows + batch.num_rows, received + batch.nbytes
    return rows, received, time.perf_counter() - started


def in_duckdb(folder, count):
    """Its own reader of the same files, with all processors, in this process."""
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        started = time.perf_counter()
        source = f"SELECT * FROM read_parquet('{folder}/*.parquet')" + limit(count)
        return counted(connection.sql(source).to_arrow_reader(BATCH_ROWS), started)


def over_loopback(count):
    """As many bytes from another process, which has nothing else to do."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        child = multiprocessing.Process(target=pump, args=(listener.getsockname(), count))
        child.start()
        taken, _ = listener.accept()
        room, received = memoryview(bytearray(CHUNK_BYTES)), 0
        with taken:
            started = time.perf_counter()
            while part := taken.recv_into(room):
                received += part
            seconds = time.perf_counter() - started
        child.join()
    if received != count:
        raise AssertionError(f"{received} bytes of {count} came over the loopback")
    return 0, received, seconds


def pump(address, count):
    chunk = memoryview(bytes(CHUNK_BYTES))
    with socket.create_connection(address) as sender:
        while count:
            sent = sender.send(chunk[:count])
            count -= sent


GATEWAY_CLIENTS = {
    "flight": by_flight, "flight-views": by_flight_with_views, "adbc": by_adbc,
    "copy-binary": by_binary_copy, "text": by_text,
}
FLIGHT_CLIENTS = ("flight", "flight-views", "adbc")
ALL_CLIENTS = [*GATEWAY_CLIENTS, "duckdb", "loopback"]
TITLES = {
    "flight": "Flight, pyarrow", "flight-views": "Flight, pyarrow, text as views",
    "adbc": "Flight, ADBC", "copy-binary": "COPY, binary", "text": "Postgres, text",
    "duckdb": "DuckDB, in process", "loopback": "loopback alone",
}


def limit(count):
    return f" LIMIT {count}" if count else ""


def check_rows(server, folder, count):
    """Both give the same rows; which of them a LIMIT takes is the server's choice."""
    sums = "count(*)" if count else SUMS
    (found,) = server.query(f"SELECT {sums} FROM (SELECT * FROM lineitem{limit(count)}) AS t")
    source = f"SELECT * FROM read_parquet('{folder}/*.parquet'){limit(count)}"
    (expected,) = duckdb.sql(f"SELECT {sums} FROM ({source}) AS t").fetchall()
    if found != expected:
        raise AssertionError(f"Lakegate has {found}, DuckDB {expected}")
    return found[0]


def measured(server, folder, arguments, rows):
    """Per client, (bytes, seconds) of each round."""
    sql, names = f"SELECT * FROM lineitem{limit(arguments.rows)}", arguments.clients.split(",")
    # Once unmeasured: files and what is known of them are in memory for all.
    _, plain_bytes, _ = by_flight(server, sql)
    pump_bytes = max(PUMP_BYTES_MIN, plain_bytes)
    found = {name: [] for name in names}
    for turn in range(arguments.rounds):
        for name in front.rotated(names, turn):
            if name == "loopback":
                got, received, seconds = over_loopback(pump_bytes)
            elif name == "duckdb":
                got, received, seconds = in_duckdb(folder, arguments.rows)
            else:
                got, received, seconds = GATEWAY_CLIENTS[name](server, sql)
            if name != "loopback" and got != rows:
                raise AssertionError(f"{name} read {got} rows of {rows}")
            # Views share buffers, which would count for each batch.
            found[name].append((plain_bytes if name in FLIGHT_CLIENTS else received, seconds))
        front.say(f"round {turn + 1} of {arguments.rounds}")
    return found


def report(found):
    seconds = {name: statistics.median(second for _, second in runs) for name, runs in found.items()}
    rates = {name: statistics.median(size / s for size, s in runs) for name, runs in found.items()}

    def ratio(name, other, asked=None):
        """Rows a second of one beside another: both read the same rows."""
        if other not in seconds or name == "loopback":
            return ""
        times = seconds[other] / seconds[name]
        return verdict(times, asked if name != other else None)

    def verdict(times, asked):
        told = f"{times:.2f}"
        return told if asked is None else f"{told} ({'yes' if times >= asked else 'NO'})"

    lines = []
    for name in found:
        is_flight = name in FLIGHT_CLIENTS
        carried = ""
        if "loopback" in rates and name != "duckdb":
            carried = verdict(rates[name] / rates["loopback"], ASKED_LOOPBACK if is_flight else None)
        text = ratio(name, "text", ASKED_TEXT if is_flight else None)
        lines.append([TITLES[name], text, carried, ratio(name, "duckdb")])
    heads = [
        "client", f"rows a second / Postgres text (asked: {ASKED_TEXT})",
        f"bytes a second / loopback (asked: {ASKED_LOOPBACK})", "rows a second / DuckDB",
    ]
    return front.table(heads, lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--scale", type=float, default=1)
    parser.add_argument("--rows", type=int, help="all of the table's when absent")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", default=",".join(ALL_CLIENTS))
    parser.add_argument("--write", action="store_true", help="renew the table in benches/README.md")
    arguments = parser.parse_args()
    folder = tpch.data_directory(arguments.scale) / "lineitem"
    settings = [f'lake.roots=["{folder}"]', "flight.listen=127.0.0.1:0"]
    with front.lakegate(tables={"lineitem": folder}, settings=settings) as server:
        rows = check_rows(server, folder, arguments.rows)
        front.say(f"both have {rows} rows")
        found = measured(server, folder, arguments, rows)
    told = f"{rows:,} rows of lineitem, medians of {arguments.rounds} rounds, by turns."
    text = f"{told}\n\n{report(found)}"
    print(text)
    if arguments.write:
        engines.write("flight", "Flight SQL", text)


if __name__ == "__main__":
    main()
