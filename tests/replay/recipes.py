"""How each client is run while it is recorded: with which packages, and which script."""

import os
import pathlib
import subprocess
import sys
from dataclasses import dataclass

import schema

SCRIPTS = pathlib.Path(__file__).with_name("clients")
# Programs that cannot run here; see clients/say.py.
WRITTEN = ("metabase", "dbeaver", "npgsql", "superset", "grafana")
SECONDS_MAX = 900


@dataclass
class Recipe:
    """A command. Words in braces: {port}, {python}, {scripts}, {directory} (a new folder)."""

    command: list
    input: str = None

    def run(self, port, directory):
        known = {"port": port, "python": sys.executable, "scripts": SCRIPTS,
                 "directory": directory}
        subprocess.run(
            [word.format(**known) for word in self.command],
            cwd=directory, env=environment(port), check=True, timeout=SECONDS_MAX,
            stdin=open(SCRIPTS / self.input) if self.input else subprocess.DEVNULL,
        )


def environment(port):
    """Where PostgreSQL's own clients look for their server."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
    return {
        **kept, "PGHOST": "127.0.0.1", "PGPORT": str(port), "PGUSER": schema.USER,
        "PGDATABASE": schema.DATABASE, "TZ": "UTC", "PSQLRC": os.devnull, "PAGER": "cat",
    }


def python(script):
    return Recipe(["{python}", "{scripts}/" + script, "{port}"])


def node(script):
    return Recipe(["bash", "{scripts}/node.sh", "{scripts}", script])


def dbt(what):
    return Recipe(["bash", "{scripts}/dbt.sh", "{scripts}", "{python}", what])


def written(name):
    return Recipe(["{python}", "{scripts}/say.py", name, "{port}"])


RECIPES = {
    "psql": Recipe(["psql", "-X", "-o", os.devnull], input="psql.sql"),
    "pgjdbc": Recipe(["bash", "{scripts}/jdbc.sh", "{scripts}", "{port}"]),
    "sqlalchemy_psycopg2": Recipe(["{python}", "{scripts}/run_sqlalchemy.py", "psycopg2"]),
    "sqlalchemy_psycopg": Recipe(["{python}", "{scripts}/run_sqlalchemy.py", "psycopg"]),
    "psycopg2": python("run_psycopg2.py"),
    "psycopg": python("run_psycopg.py"),
    "asyncpg": python("run_asyncpg.py"),
    "node_pg": node("run_pg.js"),
    "postgres_js": node("run_postgres.js"),
    "psqlodbc": python("run_odbc.py"),
    "adbc": python("run_adbc.py"),
    "connectorx": python("run_connectorx.py"),
    "pgcli": python("run_pgcli.py"),
    **{name: written(name) for name in WRITTEN},
    "dbt": dbt("read"),
    "dbt_build": dbt("build"),
}
