"""The two servers, each with the shop: a PostgreSQL of its own, and Lakegate over files."""

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile

import psycopg

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "clients"))

import schema  # noqa: E402
from gateway import Gateway, Wire, run  # noqa: E402, F401

POSTGRES_MAJOR = 15
# No row is worth a disk's patience here, and one client at a time needs few workers.
POSTGRES_SETTINGS = {
    "fsync": "off", "full_page_writes": "off", "synchronous_commit": "off",
    "autovacuum": "off", "jit": "on", "timezone": "UTC", "log_timezone": "UTC",
    "unix_socket_directories": "", "listen_addresses": "127.0.0.1", "max_connections": "200",
}

# Far from the numbers in the rows, and too large for the two bytes in which some clients send a
# small OID: what they say has to hold for any server's OIDs.
FIRST_OID = 1_000_000_000

# Room for long values, which these rows never need: it would stand in every listing, and a lake
# has nothing like it.
TOAST = "SELECT oid FROM pg_class WHERE oid >= 16384 AND relnamespace = 'pg_toast'::regnamespace"
WITHOUT_TOAST = [
    "UPDATE pg_class SET reltoastrelid = 0 WHERE oid >= 16384",
    f"DELETE FROM pg_depend WHERE objid IN ({TOAST}) OR refobjid IN ({TOAST})",
    f"DELETE FROM pg_attribute WHERE attrelid IN ({TOAST})",
    f"DELETE FROM pg_index WHERE indexrelid IN ({TOAST})",
    "DELETE FROM pg_class WHERE oid >= 16384 AND relnamespace = 'pg_toast'::regnamespace",
]


def postgres_programs():
    """The folder of PostgreSQL 15's programs, or None."""
    places = [
        os.environ.get("POSTGRES_BIN"),
        f"/usr/lib/postgresql/{POSTGRES_MAJOR}/bin",
        os.path.dirname(shutil.which("initdb") or ""),
    ]
    return next((pathlib.Path(p) for p in places if p and (pathlib.Path(p) / "initdb").exists()),
                None)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Postgres:
    """One PostgreSQL over a new cluster. Use as a context manager."""

    def __init__(self, directory, own_relations=()):
        self.directory = pathlib.Path(directory)
        self.host, self.port = "127.0.0.1", free_port()
        self.data = self.directory / "data"
        self.directory.mkdir(parents=True)
        # PostgreSQL refuses to run as root; the user its package made may.
        self.prefix = []
        if os.geteuid() == 0:
            self.prefix = ["runuser", "-u", "postgres", "--"]
            shutil.chown(self.directory, "postgres")
        self.programs = postgres_programs()
        self._call("initdb", "-D", self.data, "-U", schema.USER, "-A", "trust", "-N",
                   "--encoding=UTF8", "--locale=C.UTF-8")
        self._call("pg_resetwal", "-D", self.data, "-o", FIRST_OID)
        self._start()
        try:
            self._fill(own_relations)
        except BaseException:
            self.stop()
            raise

    def _call(self, program, *arguments):
        command = [*self.prefix, str(self.programs / program), *map(str, arguments)]
        # Not captured through a pipe: the server inherits it, and the pipe would never end.
        with open(self.directory / f"{program}.out", "w") as out:
            done = subprocess.run(command, cwd=self.directory, stdout=out, stderr=out)
        if done.returncode != 0:
            text = (self.directory / f"{program}.out").read_text()
            raise AssertionError(f"{program} ended with {done.returncode}: {text}")

    def _start(self):
        options = " ".join(f"-c {k}='{v}'" for k, v in POSTGRES_SETTINGS.items())
        self._call("pg_ctl", "-D", self.data, "-w", "-l", self.directory / "log",
                   "-o", f"-p {self.port} {options}", "start")

    def connect(self, database=schema.DATABASE):
        return psycopg.connect(host=self.host, port=self.port, user=schema.USER,
                               dbname=database, autocommit=True)

    def _fill(self, own_relations):
        with self.connect("postgres") as connection:
            connection.execute(f"CREATE DATABASE {schema.DATABASE}")
        with self.connect() as connection:
            # A lake is the only database of its server.
            connection.execute("UPDATE pg_database SET datistemplate = false")
            for name in ["postgres", "template0", "template1"]:
                connection.execute(f"DROP DATABASE {name}")
            *statements, analyze = schema.postgres_statements(own_relations)
            for statement in statements:
                connection.execute(statement)
            schema.postgres_rows(connection)
            connection.execute(analyze)
            connection.execute("SET allow_system_table_mods = on")
            for statement in WITHOUT_TOAST:
                connection.execute(statement)

    def stop(self):
        self._call("pg_ctl", "-D", self.data, "-w", "-m", "immediate", "stop")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Lakegate(Gateway):
    """Its internal errors are for the replay to tell, with their statements."""

    def errors(self):
        return []

    def internal_errors(self):
        return super().errors()


def lakegate(directory):
    """A running Lakegate over the shop's files."""
    directory = pathlib.Path(directory)
    schema.write_lake(directory)
    config = directory / "crawl.toml"
    config.write_text(
        f'[lake]\ndirectory = "{directory}"\n[models]\ndirectory = "{directory}/models"\n'
    )
    for database in schema.SCHEMA_COMMENTS:
        run("crawl", "--config", config, f"file://{directory}/data/{database}",
            "--database", database)
    run("run", "--config", config)
    schema.declare(directory / "catalog.sqlite")
    return Lakegate(directory, settings=[f"models.directory={directory}/models"])


def own_relations(gateway):
    """DDL of the relations every Lakegate has in schema lakegate, read from a running one."""
    schemas = "SELECT nspname, obj_description(oid, 'pg_namespace') FROM pg_namespace"
    for name, comment in gateway.query(schemas):
        if name in schema.OWN_SCHEMAS and comment:
            yield f'COMMENT ON SCHEMA "{name}" IS {schema.literal(comment)}'
    sql = """
        SELECT c.relname, obj_description(c.oid, 'pg_class'), a.attname,
               format_type(a.atttypid, a.atttypmod), a.attnotnull, col_description(c.oid, a.attnum)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE n.nspname = 'lakegate' AND a.attnum > 0 ORDER BY c.relname, a.attnum"""
    tables = {}
    for relation, comment, *column in gateway.query(sql):
        tables.setdefault((relation, comment), []).append(column)
    for (relation, comment), columns in tables.items():
        table = f'lakegate."{relation}"'
        listed = ", ".join(
            f'"{name}" {type}{" NOT NULL" if required else ""}'
            for name, type, required, _ in columns
        )
        yield f"CREATE TABLE {table} ({listed})"
        if comment:
            yield f"COMMENT ON TABLE {table} IS {schema.literal(comment)}"
        for name, _, _, text in columns:
            if text:
                yield f'COMMENT ON COLUMN {table}."{name}" IS {schema.literal(text)}'


@contextlib.contextmanager
def scratch():
    """A directory that PostgreSQL's own user can reach too, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="replay-") as directory:
        directory = pathlib.Path(directory)
        directory.chmod(0o755)
        yield directory


@contextlib.contextmanager
def both(directory):
    """PostgreSQL and Lakegate, with the same shop."""
    directory = pathlib.Path(directory)
    with lakegate(directory / "lake") as gateway:
        with Postgres(directory / "postgres", list(own_relations(gateway))) as postgres:
            yield postgres, gateway
