"""What ends over Flight SQL: tickets and sessions by their age, streams nobody reads, and the server itself.

None of Flight's time limits is a setting, so these tests set the server's clock forward instead (`clock.py`).
"""

import datetime as dt
import signal
import socket
import threading
import time

import pyarrow.flight as flight
import pytest

from clock import Clock
from flight import Caller, field, fields
from gateway import MIB, Gateway, Memory
from sample import STREAM_ROWS

SETTINGS = ["flight.listen=127.0.0.1:0"]
ENDLESS = "SELECT x FROM generate_series(1, 1000000000000) a(x)"
LONG = "SELECT id, name, amount, at FROM long"
# The limits of `src/flight/options.rs`.
TICKET_SECONDS, IDLE_SECONDS, PATIENCE_SECONDS, DRAIN_SECONDS = 600, 1800, 60, 25
# As for the Postgres front, in test_streaming.py.
GROWTH_BYTES_MAX = 64 * MIB
PAUSES, PAUSE_SECONDS = 10, 0.3
# From the end of a drain to the end of the process.
END_SECONDS_MAX = 10
QUIET_SECONDS_MAX = 60
LOOKS = 400


@pytest.fixture
def clock(tmp_path):
    return Clock(tmp_path)


@pytest.fixture
def clocked(clock, tmp_path):
    """A server whose clock can be set forward."""
    with Gateway(tmp_path / "lake", settings=SETTINGS, variables=clock.variables) as gateway:
        yield gateway


@pytest.fixture
def ana(clocked):
    with Caller(clocked.flight_port, "ana") as caller:
        yield caller


@pytest.fixture(scope="module")
def streams(long_file, tmp_path_factory):
    """A server that has read its table before: caches are no growth of a stream."""
    directory = tmp_path_factory.mktemp("streams")
    with Gateway(directory, tables={"long": long_file}, settings=SETTINGS) as gateway:
        gateway.query("SELECT count(*), max(name), sum(amount), max(at) FROM long")
        yield gateway


@pytest.fixture
def stopping(long_file, clock, tmp_path):
    """A server that a test stops: not a context manager, which would call that a death."""
    gateway = Gateway(
        tmp_path / "lake", tables={"long": long_file}, settings=SETTINGS, variables=clock.variables,
    )
    yield gateway
    gateway.process.kill()
    gateway.process.wait()
    assert not gateway.errors()


def begun(caller, query):
    """A stream whose first rows have come, and how many they are."""
    reader = caller.client.do_get(caller.query(query).endpoints[0].ticket, caller.options)
    return reader, reader.read_chunk().data.num_rows


def counted(reader):
    return sum(chunk.data.num_rows for chunk in reader)


# Age


def renewed(caller, endpoint):
    body = field(1, field(1, field(1, endpoint.ticket.ticket)))
    (result,) = caller.action("RenewFlightEndpoint", body)
    return flight.Ticket(dict(fields(dict(fields(result))[1]))[1])


def test_a_ticket_tells_when_it_expires(ana):
    before = dt.datetime.now(dt.timezone.utc)
    told = ana.query("SELECT 1").endpoints[0].expiration_time.as_py()
    after = dt.datetime.now(dt.timezone.utc)
    lifetime, second = dt.timedelta(seconds=TICKET_SECONDS), dt.timedelta(seconds=1)
    assert before + lifetime - second <= told <= after + lifetime


def test_a_ticket_expires(clock, ana):
    info = ana.query("SELECT 1 AS one")
    clock.advance(TICKET_SECONDS - 30)
    assert ana.rows(info).to_pylist() == [{"one": 1}]
    clock.advance(31)
    with pytest.raises(KeyError, match="the ticket has expired: ask for the statement's FlightInfo"):
        ana.rows(info)
    assert ana.rows(ana.query("SELECT 1 AS one")).to_pylist() == [{"one": 1}]


def test_a_renewed_ticket_lives_on(clock, ana):
    info = ana.query("SELECT 1 AS one")
    clock.advance(TICKET_SECONDS - 30)
    ticket = renewed(ana, info.endpoints[0])
    clock.advance(TICKET_SECONDS - 30)
    assert ana.client.do_get(ticket, ana.options).read_all().to_pylist() == [{"one": 1}]
    with pytest.raises(KeyError, match="expired"):
        ana.rows(info)


def test_an_expired_ticket_is_neither_renewed_nor_cancelled(clock, ana):
    info = ana.query("SELECT 1")
    clock.advance(TICKET_SECONDS + 1)
    with pytest.raises(KeyError, match="expired"):
        renewed(ana, info.endpoints[0])
    (result,) = ana.action("CancelFlightInfo", field(1, info.serialize()))
    assert fields(result) == [(1, 3)], "not cancellable"


def test_an_idle_session_ends(clock, ana):
    clock.advance(IDLE_SECONDS - 30)
    assert ana.rows(ana.query("SELECT 1 AS one")).num_rows == 1
    clock.advance(IDLE_SECONDS + 1)
    with pytest.raises(flight.FlightUnauthenticatedError, match="idle too long: log in again"):
        ana.query("SELECT 1")


# Stalls


def test_a_reader_that_stops_holds_its_query_back(streams):
    with Caller(streams.flight_port, "ana") as ana, Memory(streams) as whole:
        with Memory(streams) as stalled:
            reader, first = begun(ana, LONG)
            threading.Event().wait(PAUSE_SECONDS)
            before = streams.cpu_seconds()
            for _ in range(PAUSES):
                threading.Event().wait(PAUSE_SECONDS)
            computed = streams.cpu_seconds() - before
        assert computed < PAUSES * PAUSE_SECONDS / 2, "it works for nobody"
        assert first + counted(reader) == STREAM_ROWS
    grown = [memory.growth_bytes / MIB for memory in (stalled, whole)]
    print(f"server grew by {grown[0]:.1f} MiB while nobody read, by {grown[1]:.1f} MiB at most")
    assert stalled.growth_bytes < GROWTH_BYTES_MAX and whole.growth_bytes < 2 * GROWTH_BYTES_MAX


def quiet(gateway):
    """Waits until the server computes nothing: its streams wait for their readers."""
    deadline = time.monotonic() + QUIET_SECONDS_MAX
    while time.monotonic() < deadline:
        before = gateway.cpu_seconds()
        threading.Event().wait(PAUSE_SECONDS)
        if gateway.cpu_seconds() - before < PAUSE_SECONDS / 10:
            return
    raise AssertionError("the server works for nobody")


def test_a_reader_that_stays_away_loses_its_query(clock, clocked, ana):
    ana.rows(ana.query("SET statement_timeout TO 0"))
    marker = f"stalled-{time.monotonic_ns()}"
    reader, _ = begun(ana, f"SELECT x, '{marker}' AS m FROM generate_series(1, 1000000000000) a(x)")
    quiet(clocked)
    clock.advance(PATIENCE_SECONDS + 1)
    # Asks for it again and again, which wakes the server's timers too.
    assert clocked.outcome(marker) != "ok"
    with pytest.raises(flight.FlightTimedOutError, match="the client has read no row for 60 s"):
        # What was under way comes first.
        for _ in range(LOOKS):
            reader.read_chunk()
    assert ana.rows(ana.query("SELECT 1 AS one")).num_rows == 1


# The server's end


def refused(gateway):
    """Waits until the server takes no new connections."""
    deadline = time.monotonic() + END_SECONDS_MAX
    while time.monotonic() < deadline:
        try:
            socket.create_connection((gateway.host, gateway.flight_port)).close()
        except ConnectionRefusedError:
            return
    raise AssertionError("the server still takes connections")


def ended(gateway):
    """The exit code of a server that ends in time."""
    started = time.monotonic()
    code = gateway.process.wait(END_SECONDS_MAX)
    print(f"ended after {time.monotonic() - started:.2f} s")
    return code


def test_a_stopping_server_finishes_its_streams(stopping):
    with Caller(stopping.flight_port, "ana") as ana:
        reader, first = begun(ana, LONG)
        stopping.process.send_signal(signal.SIGTERM)
        refused(stopping)
        assert stopping.is_alive()
        assert first + counted(reader) == STREAM_ROWS
        assert ended(stopping) == 0


def test_a_stopping_server_waits_for_no_idle_client(stopping):
    with Caller(stopping.flight_port, "ana") as ana:
        ana.rows(ana.query("SELECT 1"))
        waiting = ana.query("SELECT 1")
        stopping.process.send_signal(signal.SIGTERM)
        assert ended(stopping) == 0
        with pytest.raises(flight.FlightUnavailableError):
            ana.rows(waiting)


def test_streams_that_outlast_the_drain_end_with_an_error(clock, stopping):
    with Caller(stopping.flight_port, "ana") as ana, Caller(stopping.flight_port, "bob") as bob:
        read, _ = begun(ana, ENDLESS)
        stalled, _ = begun(bob, ENDLESS)
        stopping.process.send_signal(signal.SIGTERM)
        refused(stopping)
        for _ in range(LOOKS):
            read.read_chunk()
        assert stopping.is_alive()
        clock.advance(DRAIN_SECONDS + 1)
        with pytest.raises(flight.FlightUnavailableError, match="the server is stopping"):
            counted(read)
        assert ended(stopping) == 0
        with pytest.raises(flight.FlightError):
            counted(stalled)


def test_a_second_signal_ends_the_server_at_once(stopping):
    with Caller(stopping.flight_port, "ana") as ana:
        reader, _ = begun(ana, ENDLESS)
        stopping.process.send_signal(signal.SIGTERM)
        refused(stopping)
        stopping.process.send_signal(signal.SIGTERM)
        assert ended(stopping) != 0
        with pytest.raises(flight.FlightError):
            counted(reader)
