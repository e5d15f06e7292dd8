"""Five million rows into a slow reader: bounded memory, and an end whenever someone wants one."""

import pathlib
import signal
import subprocess
import sys
import threading
import time

import pytest
from psycopg import errors

from gateway import MIB, Memory, Wire
from sample import STREAM_ROWS

GROWTH_BYTES_MAX = 64 * MIB
CANCEL_SECONDS_MAX = 1.0
LONG = "SELECT id, name, amount, at FROM long"
# Enough for a client that has the whole answer ahead to have caught the server out.
PAUSES, PAUSE_SECONDS = 10, 0.3
SMALL_BUFFER_BYTES = 8192


def pause():
    threading.Event().wait(PAUSE_SECONDS)


@pytest.fixture
def warm(stream_server):
    """A server that has read the table before: caches are no growth of a query."""
    stream_server.query("SELECT count(*), max(name), sum(amount), max(at) FROM long")
    return stream_server


def read_slowly(rows):
    """How many rows there were, and the sum of their first column."""
    count = total = 0
    for (number, *_) in rows:
        count += 1
        total += number
        if count % (STREAM_ROWS // PAUSES) == 0:
            pause()
    return count, total


def test_extended_protocol_into_a_slow_reader(warm):
    with warm.connect() as connection, Memory(warm) as memory:
        found = read_slowly(connection.cursor().stream(LONG, size=5_000))
    assert found == (STREAM_ROWS, STREAM_ROWS * (STREAM_ROWS - 1) // 2)
    print(f"server grew by {memory.growth_bytes / MIB:.1f} MiB")
    assert memory.growth_bytes < GROWTH_BYTES_MAX


@pytest.mark.parametrize("protocol", ["simple", "extended"])
def test_a_reader_that_stops_holds_the_query_back(protocol, warm):
    wire = Wire(warm, receive_buffer_bytes=SMALL_BUFFER_BYTES)
    with Memory(warm) as memory:
        if protocol == "simple":
            wire.simple(LONG)
        else:
            wire.extended(LONG)
            wire.send((b"S", b""))
        wire.until(b"D")
        pause()
        before = cpu_seconds(warm)
        for _ in range(PAUSES):
            pause()
        assert cpu_seconds(warm) - before < PAUSES * PAUSE_SECONDS / 2, "it works for nobody"
        count = 1 + sum(kind == b"D" for kind, _ in wire.until(b"Z"))
    wire.close()
    assert count == STREAM_ROWS
    print(f"server grew by {memory.growth_bytes / MIB:.1f} MiB")
    assert memory.growth_bytes < GROWTH_BYTES_MAX


def cpu_seconds(server):
    words = pathlib.Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / 100


def test_portals_take_their_rows_in_parts(warm):
    with warm.connect(autocommit=False) as connection, Memory(warm) as memory:
        wire = Wire(warm)
        wire.extended(LONG, rows_max=100_000)
        parts = 0
        while True:
            wire.send((b"H", b""))
            last = wire.until(b"s", b"C")[-1][0]
            parts += 1
            if last == b"C":
                break
            wire.send((b"E", b"\0" + (100_000).to_bytes(4)))
        wire.close()
    assert parts in (STREAM_ROWS // 100_000, STREAM_ROWS // 100_000 + 1)
    assert memory.growth_bytes < GROWTH_BYTES_MAX


def test_cancel_while_streaming(warm):
    with warm.connect() as connection:
        rows = connection.cursor().stream(LONG, size=1_000)
        for _ in range(10_000):
            next(rows)
        started = time.monotonic()
        connection.cancel_safe(timeout=5)
        with pytest.raises(errors.QueryCanceled):
            for _ in rows:
                pass
        seconds = time.monotonic() - started
        assert connection.execute("SELECT 1").fetchone() == (1,), "the session lives on"
    print(f"cancelled after {seconds:.3f} s")
    assert seconds < CANCEL_SECONDS_MAX


@pytest.mark.parametrize("protocol", ["simple", "extended"])
def test_cancel_of_a_query_nobody_reads(protocol, warm):
    marker = f"cancel-{protocol}-{time.monotonic_ns()}"
    wire = Wire(warm, receive_buffer_bytes=SMALL_BUFFER_BYTES)
    sql = f"SELECT id, name, '{marker}' AS marker FROM long"
    wire.simple(sql) if protocol == "simple" else (wire.extended(sql), wire.send((b"S", b"")))
    wire.until(b"D")
    pause()
    started = time.monotonic()
    wire.cancel()
    assert warm.outcome(marker) == "cancelled"
    assert time.monotonic() - started < CANCEL_SECONDS_MAX
    wire.close()


BUSY = {
    "aggregate": "SELECT count(*) FROM generate_series(1, 100000000) a(x), long WHERE x % 7 = id % 9",
    "sort": "SELECT id FROM long a ORDER BY sin(id), name DESC LIMIT 100000000",
    "join": "SELECT count(*) FROM long a JOIN long b ON a.id % 1000 = b.id % 1000",
    "series": "SELECT sum(x) FROM generate_series(1, 1000000000000) a(x)",
    "distinct": "SELECT count(DISTINCT sin(x)) FROM generate_series(1, 1000000000000) a(x)",
    "window": "SELECT sum(amount) OVER (ORDER BY id) FROM long ORDER BY 1 DESC",
}


@pytest.mark.parametrize("shape", list(BUSY))
def test_cancel_of_a_busy_query(shape, warm):
    with warm.connect() as connection:
        seconds = []

        def cancel():
            seconds.append(time.monotonic())
            connection.cancel_safe(timeout=5)

        timer = threading.Timer(0.3, cancel)
        timer.start()
        with pytest.raises(errors.QueryCanceled):
            for _ in connection.cursor().stream(BUSY[shape], size=1_000):
                pass
        ended = time.monotonic()
        timer.join()
        assert connection.execute("SELECT 1").fetchone() == (1,)
    print(f"cancelled after {ended - seconds[0]:.3f} s")
    assert ended - seconds[0] < CANCEL_SECONDS_MAX


def test_a_foreign_key_cancels_nothing(warm):
    wire, stranger = Wire(warm), Wire(warm)
    stranger.key = stranger.key[:4] + bytes(b ^ 0xFF for b in stranger.key[4:])
    wire.simple("SELECT sum(x) FROM generate_series(1, 20000000) a(x)")
    stranger.cancel()
    assert b"E" not in [kind for kind, _ in wire.until(b"Z")]
    wire.close(), stranger.close()


CHILD = """
import sys, psycopg
connection = psycopg.connect(sys.argv[1], autocommit=True)
rows = connection.cursor().stream(sys.argv[2], size=1000)
next(rows)
print("reading", flush=True)
sys.stdin.read()
"""


def test_a_killed_client_frees_its_query(warm):
    marker = f"killed-{time.monotonic_ns()}"
    sql = f"SELECT id, name, '{marker}' AS marker FROM long"
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, warm.dsn, sql],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )
    assert child.stdout.readline() == "reading\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    killed = time.monotonic()
    assert warm.outcome(marker) != "ok"
    assert time.monotonic() - killed < CANCEL_SECONDS_MAX


@pytest.mark.parametrize("end", ["reset", "close"])
def test_a_socket_closed_hard_frees_its_query(end, warm):
    marker = f"{end}-{time.monotonic_ns()}"
    wire = Wire(warm, receive_buffer_bytes=SMALL_BUFFER_BYTES)
    wire.simple(f"SELECT id, name, '{marker}' AS marker FROM long")
    wire.until(b"D")
    pause()
    closed = time.monotonic()
    getattr(wire, end)()
    assert warm.outcome(marker) != "ok"
    assert time.monotonic() - closed < CANCEL_SECONDS_MAX


def test_a_socket_closed_while_its_query_is_busy(warm):
    marker = f"busy-{time.monotonic_ns()}"
    wire = Wire(warm)
    wire.simple(f"SELECT sum(x), '{marker}' AS m FROM generate_series(1, 1000000000000) a(x)")
    pause()
    closed = time.monotonic()
    wire.reset()
    assert warm.outcome(marker) != "ok"
    assert time.monotonic() - closed < CANCEL_SECONDS_MAX


def test_statement_timeout_while_rows_are_read(warm):
    with warm.connect() as connection:
        connection.execute("SET statement_timeout = '500ms'")
        started = time.monotonic()
        with pytest.raises(errors.QueryCanceled, match="statement timeout"):
            for count, _ in enumerate(connection.cursor().stream(LONG, size=100)):
                if count % 10_000 == 0:
                    threading.Event().wait(0.05)
        assert 0.4 < time.monotonic() - started < 5
        assert connection.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize("protocol", ["simple", "extended"])
def test_statement_timeout_of_a_query_nobody_reads(protocol, warm):
    marker = f"timeout-{protocol}-{time.monotonic_ns()}"
    wire = Wire(warm, receive_buffer_bytes=SMALL_BUFFER_BYTES)
    wire.simple("SET statement_timeout = '500ms'")
    wire.until(b"Z")
    sql = f"SELECT id, name, '{marker}' AS marker FROM long"
    started = time.monotonic()
    wire.simple(sql) if protocol == "simple" else (wire.extended(sql), wire.send((b"S", b"")))
    assert warm.outcome(marker) == "timeout"
    assert time.monotonic() - started < 0.5 + CANCEL_SECONDS_MAX
    wire.close()
