"""Stands between Superset and Lakegate, and notes each statement that was answered with an error.

Superset hides some errors, and Lakegate's query log has statements that ran, not those that were refused
before. Both directions pass unchanged. psycopg2 says everything by simple queries, so that the last query
sent is the one an error belongs to.
"""

import contextlib
import socket
import struct
import threading

START_UP_PROTOCOL = 3
QUERY, ERROR = b"Q", b"E"
BYTES_MAX = 1 << 16


class Relay:
    """Listens on `port` until the block is left. `refused` has (statement, SQLSTATE, message)."""

    def __init__(self, server_port):
        self.server_port = server_port
        self.statements = 0
        self.refused = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self.server_port))
                _Connection(self, client, server).start()


class _Connection:
    def __init__(self, relay, client, server):
        self.relay, self.client, self.server = relay, client, server
        self.statement = "(start-up)"
        # Requests for encryption are answered by one letter, before there are messages.
        self.letters = 0
        # Messages are small and pass one by one: waiting to fill a packet would take 40 ms each.
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def start(self):
        for run in (self._from_client, self._from_server):
            threading.Thread(target=self._passing, args=[run], daemon=True).start()

    def _passing(self, run):
        # Whatever ends one direction ends the connection, as it would without a relay.
        with contextlib.suppress(OSError, EOFError):
            run()
        for end in (self.client, self.server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _from_client(self):
        while True:
            head = take(self.client, 8)
            length, code = struct.unpack("!ii", head)
            is_start = code >> 16 == START_UP_PROTOCOL
            self.letters += not is_start
            self.server.sendall(head + take(self.client, length - 8))
            if is_start:
                break
        while True:
            kind, frame = message(self.client)
            if kind == QUERY:
                self.statement = frame[5:-1].decode(errors="replace")
                self.relay.statements += 1
            self.server.sendall(frame)

    def _from_server(self):
        first = take(self.server, 1)
        while first in (b"N", b"S") and self.letters:
            self.letters -= 1
            self.client.sendall(first)
            first = take(self.server, 1)
        while True:
            kind, frame = message(self.server, first)
            first = b""
            if kind == ERROR:
                fields = {part[:1]: part[1:].decode() for part in frame[5:].split(b"\0") if part}
                self.relay.refused.append((self.statement, fields[b"C"], fields[b"M"]))
            self.client.sendall(frame)


def message(source, first=b""):
    """One message: its type, and all its bytes."""
    head = first + take(source, 5 - len(first))
    length = struct.unpack("!i", head[1:])[0]
    return head[:1], head + take(source, length - 4)


def take(source, count):
    parts = []
    while count:
        part = source.recv(min(count, BYTES_MAX))
        if not part:
            raise EOFError
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
