"""A PostgreSQL of the tests' own, to compare with: the same statements, the same rows.

It holds `public.types` with the same columns and values as the table that Lakegate serves. Modules
that compare import the fixture `postgres`; it is started once.
"""

import atexit
import functools
import glob
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile

import pytest
from psycopg import sql

import sample
from peer import DATABASE, USER, Peer

START_SECONDS_MAX = 60
# What PostgreSQL calls the column types of the sample table.
TYPES = {
    "id": "int4", "truth": "bool", "tiny": "int2", "small": "int2", "whole": "int4", "big": "int8",
    "byte": "int2", "word": "int4", "double_word": "int8", "quad_word": "numeric(20,0)",
    "single": "float4", "floating": "float8", "money": "numeric(9,2)", "exact": "numeric(38,10)",
    "text": "text", "large_text": "text", "word_of_few": "text", "bytes": "bytea",
    "four_bytes": "bytea", "day": "date", "at": "timestamp", "at_ms": "timestamp",
    "instant": "timestamptz", "clock": "time", "numbers": "int4[]", "words": "text[]",
}


def program(name):
    """Debian keeps the server's programs off the path."""
    found = shutil.which(name) or max(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), default=None)
    if found is None:
        reason = f"PostgreSQL's {name} is not installed: NOTHING was compared with it"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    return found


def as_owner():
    """PostgreSQL refuses to run as root."""
    return ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []


class Postgres(Peer):
    """One running PostgreSQL on a free port, without fsync, until `stop`."""

    def __init__(self, settings=()):
        """`settings`: more of them, as `name=value`."""
        # Not below pytest's own directory, which only its user may enter.
        self.files = tempfile.TemporaryDirectory(prefix="lakegate-postgres-")
        directory = pathlib.Path(self.files.name)
        if as_owner():
            shutil.chown(directory, "postgres")
        data = directory / "data"
        initdb = [program("initdb"), "-D", data, "-U", USER, "-A", "trust", "-N", "-E", "UTF8"]
        self._run(*initdb, "--locale=C.UTF-8", directory=directory)
        self.port = free_port()
        options = (
            f"-p {self.port} -h {self.host} -k {directory} "
            "-c fsync=off -c timezone=UTC -c log_timezone=UTC"
        ) + "".join(f" -c {setting}" for setting in settings)
        self.stop_command = [program("pg_ctl"), "-D", data, "-m", "immediate", "stop"]
        self._run(
            program("pg_ctl"), "-D", data, "-o", options, "-l", directory / "log", "-w",
            "-t", START_SECONDS_MAX, "start", directory=directory,
        )
        self.directory = directory
        with self.connect(dbname="postgres") as admin:
            admin.execute(f"CREATE DATABASE {DATABASE}")
        self._fill()

    def _run(self, *command, directory):
        subprocess.run(
            [*as_owner(), *map(str, command)], cwd=directory, check=True, timeout=120,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
        )

    def _fill(self):
        names = sql.SQL(", ").join(map(sql.Identifier, TYPES))
        columns = sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind))
            for name, kind in TYPES.items()
        )
        with self.connect() as connection:
            connection.execute(sql.SQL("CREATE TABLE types ({})").format(columns))
            insert = sql.SQL("INSERT INTO types ({}) VALUES ({})").format(
                names, sql.SQL(", ").join(sql.Placeholder() * len(TYPES))
            )
            table = sample.table().select(list(TYPES))
            connection.cursor().executemany(insert, [list(r.values()) for r in table.to_pylist()])

    def stop(self):
        self._run(*self.stop_command, directory=self.directory)
        self.files.cleanup()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@functools.cache
def running():
    """The same for every module that imports the fixture."""
    peer = Postgres()
    atexit.register(peer.stop)
    return peer


@pytest.fixture(scope="session")
def postgres():
    return running()
