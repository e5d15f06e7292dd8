"""Starts the real executable for tests and benchmarks, and talks to it without a client library.

`Gateway` is one `lakegate serve` on a free port: its address, its memory, its log. `run` is one
`lakegate` command. `Wire` speaks the Postgres protocol by hand, for what client libraries hide: a
reader that stops, a socket closed hard, a portal asked for a few rows.
"""

import os
import pathlib
import re
import socket
import struct
import subprocess
import threading
import time

from peer import Peer

ROOT = pathlib.Path(__file__).resolve().parents[2]
START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 30
SAMPLE_SECONDS = 0.02
MIB = 1 << 20
# A server that takes more than this is killed, before it takes the machine with it.
GROWTH_BYTES_ALLOWED = 3 << 30
CANCEL_CODE = 80877102
PROTOCOL_3_0 = 196608


def binary_path():
    """LAKEGATE_BIN or LAKEGATE, else the release build."""
    named = os.environ.get("LAKEGATE_BIN") or os.environ.get("LAKEGATE")
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")
    path = pathlib.Path(named) if named else target / "release" / "lakegate"
    if not path.is_file():
        raise FileNotFoundError(f"{path} does not exist: cargo build --release, or LAKEGATE_BIN")
    return path


def environment():
    """Without settings of the person who runs the tests."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("LAKEGATE_", "PG", "AWS_"))}
    return {**kept, "RUST_BACKTRACE": "1"}


def run(*arguments, check=True, timeout=600):
    """One command, from the project's root, where the models are."""
    done = subprocess.run(
        [binary_path(), *map(str, arguments)],
        cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=timeout,
    )
    if check and done.returncode != 0:
        raise AssertionError(f"lakegate {arguments} ended with {done.returncode}: {done.stderr}")
    return done


class Gateway(Peer):
    """One running server. Use as a context manager: leaving it stops the server and checks its log."""

    # Known when `settings` ask for one.
    flight_port = None

    def __init__(self, directory, tables=None, settings=(), limits=None, variables=None):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.log = self.directory / f"serve-{time.monotonic_ns()}.log"
        config = self.directory / f"lakegate-{time.monotonic_ns()}.toml"
        limit_lines = "".join(f"{key} = {value!r}\n" for key, value in (limits or {}).items())
        config.write_text(f'[lake]\ndirectory = "{self.directory}"\n[limits]\n{limit_lines}')
        command = [binary_path(), "serve", "--config", config, "--listen", "127.0.0.1:0"]
        for name, url in (tables or {}).items():
            command += ["--table", f"{name}={url}"]
        for setting in settings:
            command += ["--set", setting]
        self.process = subprocess.Popen(
            [str(part) for part in command], cwd=ROOT, env={**environment(), **(variables or {})}, text=True,
            stdout=subprocess.PIPE, stderr=self.log.open("w"),
        )
        self.port = self._wait_for_port()

    def _wait_for_port(self):
        timer = threading.Timer(START_SECONDS_MAX, self.process.kill)
        timer.start()
        try:
            for line in self.process.stdout:
                flight = re.search(r"listening on \S+:(\d+) \(flight sql\)", line)
                if flight:
                    self.flight_port = int(flight.group(1))
                found = re.search(r"listening on \S+:(\d+) \(postgres\)", line)
                if found:
                    threading.Thread(target=self.process.stdout.read, daemon=True).start()
                    return int(found.group(1))
        finally:
            timer.cancel()
        raise AssertionError(f"the server did not start: {self.log.read_text()}")

    def rss_bytes(self):
        """Zero when it is dead."""
        try:
            status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        except FileNotFoundError:
            return 0
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        return int(found.group(1)) * 1024 if found else 0

    def is_alive(self):
        return self.process.poll() is None

    def errors(self):
        """What must never be in the log."""
        lines = self.log.read_text().splitlines()
        return [line for line in lines if " ERROR " in line or "panicked" in line]

    def outcome(self, marker, timeout=10):
        """The outcome the query log gives the statement that holds `marker`, as soon as it ended."""
        sql = "SELECT outcome FROM lakegate.query_log WHERE position(%s in statement) > 0 "
        sql += "AND statement NOT LIKE '%%query_log%%'"
        deadline = time.monotonic() + timeout
        with self.connect() as connection:
            while time.monotonic() < deadline:
                rows = connection.execute(sql, [marker]).fetchall()
                if rows:
                    return rows[-1][0]
                threading.Event().wait(SAMPLE_SECONDS)
        raise AssertionError(f"the statement with {marker} did not end within {timeout} s")

    def cpu_seconds(self):
        """What the server has computed so far, in steps of 10 ms: other processes do not count."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        if self.is_alive():
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError(f"the server took more than {STOP_SECONDS_MAX} s to stop")

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        alive = self.is_alive()
        self.stop()
        if kind is None:
            assert alive, f"the server died: {self.log.read_text()[-4000:]}"
            assert not self.errors(), "unexpected lines in the log:\n" + "\n".join(self.errors())


class Memory:
    """Watches a server's resident memory while a block runs: `growth_bytes` is peak minus start."""

    def __init__(self, server):
        self.server = server
        self.start_bytes = self.peak_bytes = 0
        self._ended = threading.Event()

    @property
    def growth_bytes(self):
        return self.peak_bytes - self.start_bytes

    def __enter__(self):
        self.start_bytes = self.peak_bytes = self.server.rss_bytes()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def _watch(self):
        while not self._ended.wait(SAMPLE_SECONDS):
            self.peak_bytes = max(self.peak_bytes, self.server.rss_bytes())
            if self.growth_bytes > GROWTH_BYTES_ALLOWED:
                self.server.process.kill()
                return

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()


class Wire:
    """A Postgres connection by hand. Messages are (type, body) pairs of bytes."""

    def __init__(self, server, receive_buffer_bytes=None, **start):
        self.address = (server.host, server.port)
        self.socket = socket.socket()
        if receive_buffer_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        self.socket.settimeout(60)
        self.socket.connect(self.address)
        self.buffered = bytearray()
        words = {"user": "lakegate", "database": "lake", **start}
        body = b"".join(word.encode() + b"\0" for pair in words.items() for word in pair) + b"\0"
        body = struct.pack("!i", PROTOCOL_3_0) + body
        self.socket.sendall(struct.pack("!i", len(body) + 4) + body)
        self.key = dict(self.until(b"Z")).get(b"K")

    def send(self, *messages):
        frames = (kind + struct.pack("!i", len(body) + 4) + body for kind, body in messages)
        self.socket.sendall(b"".join(frames))

    def simple(self, text):
        self.send((b"Q", text.encode() + b"\0"))

    def extended(self, text, rows_max=0):
        """Parse, Bind, Describe and Execute in one go, without Sync."""
        self.send(
            (b"P", b"\0" + text.encode() + b"\0" + struct.pack("!h", 0)),
            (b"B", b"\0\0" + struct.pack("!hhh", 0, 0, 0)),
            (b"D", b"P\0"),
            (b"E", b"\0" + struct.pack("!i", rows_max)),
        )

    def message(self):
        kind, length = struct.unpack("!ci", self._take(5))
        return kind, self._take(length - 4)

    def until(self, *kinds):
        """All messages up to the first of one of these types."""
        messages = [self.message()]
        while messages[-1][0] not in kinds:
            messages.append(self.message())
        return messages

    def _take(self, count):
        while len(self.buffered) < count:
            received = self.socket.recv(1 << 16)
            if not received:
                raise ConnectionError("the server closed the connection")
            self.buffered += received
        taken = bytes(self.buffered[:count])
        del self.buffered[:count]
        return taken

    def cancel(self):
        """A CancelRequest on a connection of its own."""
        with socket.create_connection(self.address) as other:
            body = struct.pack("!i", CANCEL_CODE) + self.key
            other.sendall(struct.pack("!i", len(body) + 4) + body)
            other.recv(1)

    def reset(self):
        """Closes with a TCP reset, as a killed machine's kernel does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self):
        self.socket.close()


def fields(body):
    """An ErrorResponse's fields by their letter."""
    parts = (part.decode() for part in body.split(b"\0") if part)
    return {part[0]: part[1:] for part in parts}
