"""Records what a client sends to PostgreSQL 15: `record.py psql` writes corpus/psql.jsonl.

A proxy stands between the client's script (clients/) and a PostgreSQL that holds the shop, and
writes down every message of the client. `record.py` alone records all clients. See the README for
what has to be installed.
"""

import argparse
import contextlib
import itertools
import socket
import struct
import subprocess
import sys
import threading

import corpus
import messages
import recipes
import servers
from oids import OWN_NAME, Oids

CANCEL, SSL, GSS = 80877102, 80877103, 80877104


class Recorder:
    """The proxy. Connections are threads; what is said goes to one list, in order."""

    def __init__(self, postgres, oids):
        self.postgres, self.oids = postgres, oids
        self.lock = threading.Lock()
        self.sessions, self.groups, self.by_key = {}, [], {}
        self.numbers = itertools.count(1)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def close(self):
        self.listener.close()

    def _serve(self, client):
        server = socket.create_connection((self.postgres.host, self.postgres.port))
        for side in (client, server):
            side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            first = self._start(client)
            if first is None:
                return
            server.sendall(first)
            if struct.unpack("!i", first[4:8])[0] == CANCEL:
                self._cancel(first[8:16])
                server.recv(1)
                return
            session = corpus.Session(next(self.numbers), start_parameters(first))
            with self.lock:
                self.sessions[session.number] = session
            if session.start.get("application_name") == OWN_NAME:
                session.number = None
            answers = threading.Thread(target=self._answers, args=[session, server, client])
            answers.start()
            self._listen(session, client, server)
            answers.join()
        finally:
            client.close()
            server.close()

    def _start(self, client):
        """The start-up packet, after telling that there is no encryption."""
        while True:
            head = exactly(client, 8)
            if head is None:
                return None
            length, code = struct.unpack("!ii", head)
            if code not in (SSL, GSS):
                return head + (exactly(client, length - 8) or b"")
            client.sendall(b"N")

    def _cancel(self, key):
        with self.lock:
            session = self.by_key.get(key)
            if session:
                self.groups.append((session, [{"cancel": True}]))

    def _listen(self, session, client, server):
        group = []
        while True:
            head = exactly(client, 5)
            body = head and exactly(client, struct.unpack("!i", head[1:])[0] - 4)
            if body is None:
                break
            message = messages.decode(head[:1], body)
            if message:
                group.append(self._with_tokens(message))
                if corpus.ends_group(message):
                    if session.number:
                        with self.lock:
                            self.groups.append((session, group))
                    group = []
            server.sendall(head + body)
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_WR)

    def _with_tokens(self, message):
        named = dict(message)
        for word in ("query", "parse"):
            if word in named:
                named[word] = self.oids.name_in(named[word])
        if "values" in named:
            named["values"] = [self._value(value) for value in named["values"]]
        return named

    def _value(self, value):
        if isinstance(value, dict):
            return {"hex": self.oids.name_in_hex(value["hex"])}
        return value and self.oids.name_in(value)

    def _answers(self, session, server, client):
        """Passes the answers on, and notes errors and the key that a cancel request names."""
        while True:
            head = exactly(server, 5)
            body = head and exactly(server, struct.unpack("!i", head[1:])[0] - 4)
            if body is None:
                break
            if head[:1] == b"K":
                self.by_key[body] = session
            if head[:1] == b"E":
                session.errors.append(messages.error_fields(body)["C"])
            with contextlib.suppress(OSError):
                client.sendall(head + body)
        # Some clients wait for the server to hang up.
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_WR)


def exactly(connection, count):
    """That many bytes, or None when the other side is gone."""
    data = b""
    while len(data) < count:
        try:
            part = connection.recv(count - len(data))
        except OSError:
            return None
        if not part:
            return None
        data += part
    return data


def start_parameters(packet):
    words = packet[8:].rstrip(b"\0").split(b"\0")
    pairs = dict(zip(words[::2], words[1::2]))
    return {name.decode(): value.decode() for name, value in pairs.items()}


def record(name, recipe, own):
    """One client, against a PostgreSQL of its own: what it builds is no one else's matter."""
    with servers.scratch() as directory:
        with servers.Postgres(directory / "postgres", own) as postgres:
            with postgres.connect() as connection:
                oids = Oids(connection)
            recorder = Recorder(postgres, oids)
            recipe.run(recorder.port, directory)
            recorder.close()
        keep_all = name in corpus.WRITING
        sessions, size = corpus.write(name, recorder.sessions, recorder.groups, keep_all)
        print(f"{name}: {sessions} sessions, {size} bytes", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clients", nargs="*", help="default: all that are recorded")
    arguments = parser.parse_args()
    with servers.scratch() as directory:
        with servers.lakegate(directory / "lake") as gateway:
            own = list(servers.own_relations(gateway))
    failed = []
    for name in arguments.clients or recipes.RECIPES:
        try:
            record(name, recipes.RECIPES[name], own)
        except subprocess.CalledProcessError as error:
            failed.append(f"{name}: {error}")
    sys.exit("\n".join(failed) or 0)


if __name__ == "__main__":
    main()
