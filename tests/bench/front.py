"""What the benchmarks of the Postgres front share: two servers, a reader that drops rows, figures.

Lakegate and a PostgreSQL of our own run side by side; every measure goes to one after the other, in an order
that rotates, so that whatever else the machine does falls on both. Machines differ: the ratio is what counts.
Rows are dropped as they come, so that no client's work is measured, except where a client is what is measured.
"""

import contextlib
import json
import pathlib
import re
import statistics
import struct
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "tests" / "clients"), str(ROOT / "benches")]

import gateway  # noqa: E402
import postgres  # noqa: E402

MIB = gateway.MIB
CORPUS = ROOT / "tests" / "replay" / "corpus"
CHUNK_BYTES = 1 << 20
# The end of an answer: how many rows, then ReadyForQuery. Values may hold any bytes, so a likeness is possible;
# it would have to stand at the very end of what was received.
END = re.compile(rb"C\x00\x00\x00.[A-Z]+ (\d+)\x00Z\x00\x00\x00\x05[ITE]\Z", re.S)
END_BYTES_MAX = 64
ROW_KINDS = (b"D", b"d")


class Reader(gateway.Wire):
    """Sends statements, and drops the answers: `drop` gives (rows, bytes, seconds to the first row, seconds)."""

    def __init__(self, server, **options):
        super().__init__(server, **options)
        self.room = memoryview(bytearray(CHUNK_BYTES))

    def bound(self, text, values=(), types=(), name="", parse=True):
        """As drivers do: Parse if need be, Bind with values as text, Describe, Execute, Sync."""
        kinds = struct.pack(f"!h{len(types)}I", len(types), *types)
        given = b"".join(struct.pack("!i", len(v)) + v for v in (value.encode() for value in values))
        bind = b"\0" + name.encode() + b"\0" + struct.pack("!hh", 0, len(values)) + given + struct.pack("!h", 0)
        messages = [(b"P", name.encode() + b"\0" + text.encode() + b"\0" + kinds)] if parse else []
        self.send(*messages, (b"B", bind), (b"D", b"P\0"), (b"E", b"\0" + struct.pack("!i", 0)), (b"S", b""))

    def drop(self):
        started = time.perf_counter()
        head, tail, received, first = b"", b"", 0, None
        while True:
            count = self.socket.recv_into(self.room)
            if not count:
                raise ConnectionError("the server closed the connection")
            received += count
            if first is None:
                head += bytes(self.room[:count])
                first = time.perf_counter() - started if has_row(head) else None
            # Most of a long answer is looked at nowhere else.
            tail = (tail + bytes(self.room[max(0, count - END_BYTES_MAX):count]))[-END_BYTES_MAX:]
            end = END.search(tail)
            if end:
                seconds = time.perf_counter() - started
                return int(end.group(1)), received, seconds if first is None else first, seconds

    def ask(self, text, values=(), types=()):
        self.bound(text, values, types)
        return self.drop()


def has_row(head):
    """Whether an answer's beginning reaches its first row. Raises what the server says instead."""
    at = 0
    while len(head) >= at + 5:
        kind, length = head[at:at + 1], struct.unpack("!i", head[at + 1:at + 5])[0]
        if kind in ROW_KINDS:
            return True
        if kind == b"E" and len(head) > at + length:
            raise AssertionError(f"the server says: {gateway.fields(head[at + 5:at + 1 + length])}")
        at += 1 + length
    return False


@contextlib.contextmanager
def lakegate(**options):
    """A server on a lake of its own, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="lakegate-bench-") as directory:
        with gateway.Gateway(directory, **options) as server:
            yield server


@contextlib.contextmanager
def postgresql(settings=()):
    peer = postgres.Postgres(settings)
    try:
        yield peer
    finally:
        peer.stop()


def statement(client, *words):
    """The first statement of a recorded client that holds all these words, and the types of its parameters."""
    with (CORPUS / f"{client}.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            message = json.loads(line)
            text = message.get("query") or message.get("parse") or ""
            if all(word in text for word in words):
                return text, message.get("types", [])
    raise LookupError(f"{client} never said {words}")


def rotated(names, turn):
    shift = turn % len(names)
    return names[shift:] + names[:shift]


def quantile(values, part):
    """The value that this part of all values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(part * (len(ordered) - 1)))]


def median_ratio(over, under):
    """Of medians: below 1 the first is less."""
    return statistics.median(over) / statistics.median(under)


def table(heads, rows):
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


def say(text):
    print(text, file=sys.stderr)
