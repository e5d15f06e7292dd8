"""node-postgres with pg-cursor and pg-query-stream: node/probe.js does what their users do."""

import json
import os
import pathlib
import shutil
import subprocess

import pytest

from postgres import postgres  # noqa: F401
from programs import INSTALL_SECONDS_MAX, required

PACKAGES = ["pg@8.23.1", "pg-cursor@2.22.0", "pg-query-stream@4.17.0"]
PROBE = pathlib.Path(__file__).parent / "node" / "probe.js"


@pytest.fixture(scope="module")
def probe(tmp_path_factory):
    """Runs the probe against a server: what each of its parts found, by name."""
    node, npm = (required(name, "node-postgres") for name in ("node", "npm"))
    directory = tmp_path_factory.mktemp("node")
    subprocess.run(
        [npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", directory, *PACKAGES],
        cwd=directory, check=True, timeout=INSTALL_SECONDS_MAX,
    )
    script = shutil.copy(PROBE, directory)

    def run(peer):
        done = subprocess.run(
            [node, script, str(peer.port)], capture_output=True, text=True, timeout=120,
            env={**os.environ, "TZ": "UTC"},
        )
        assert done.returncode == 0, done.stderr
        lines = map(json.loads, done.stdout.splitlines())
        return {line.pop("name"): line for line in lines}

    return run


@pytest.fixture(scope="module")
def found(probe, server):
    return probe(server)


@pytest.fixture(scope="module")
def expected(probe, postgres):  # noqa: F811
    return probe(postgres)


# What the probe does, and what it shows.
PARTS = {
    "types": "values of each type, and their OIDs",
    "json": "json and jsonb are parsed",
    "parameters": "parameters with a cast",
    "bareParameters": "parameters without a cast",
    "named": "named statements are kept",
    "binary": "binary results",
    "arrayMode": "columns of one name",
    "several": "several statements in one text",
    "empty": "nothing at all",
    "cursor": "a cursor reads in parts",
    "cursorLeftEarly": "a cursor is closed before its end",
    "cursorOfAnError": "an error on the way ends a cursor",
    "stream": "a stream reads all rows",
    "streamDestroyed": "a stream is left early",
    "transaction": "a failed transaction refuses and rolls back",
    "error": "an error has its code, text and position",
    "timeout": "settings at start-up; a timeout ends a query",
    "pool": "a pool answers many at once",
    "introspection": "tables and columns, as knex and TypeORM ask for them",
}


@pytest.mark.parametrize("part", PARTS)
def test_the_probe_finds_what_it_finds_with_postgres(part, found, expected):
    assert "value" in expected[part], expected[part]
    assert found[part] == expected[part]


def test_every_part_of_the_probe_is_looked_at(expected):
    assert set(expected) == set(PARTS)


def test_the_values_are_those_written(found):
    value = found["types"]["value"]
    assert value["row"]["whole"] == 2147483647 and value["row"]["big"] == "9223372036854775807"
    assert value["row"]["numbers"] == [-2147483648] and value["row"]["exact"] == "0.0000000001"
    assert value["row"]["instant"] == "2026-12-31 23:59:59.999999+00"
