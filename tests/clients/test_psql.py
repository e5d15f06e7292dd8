"""psql's own commands: they ask pg_catalog what no driver asks."""

import os
import shutil
import subprocess

import pytest


@pytest.fixture(scope="module")
def psql(server):
    program = shutil.which("psql")
    if program is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("psql is not installed")

    def run(*commands):
        done = subprocess.run(
            [program, "-X", "-v", "ON_ERROR_STOP=1", "-d", server.dsn],
            input="\n".join(commands) + "\n", capture_output=True, text=True, timeout=60,
        )
        assert done.returncode == 0 and "ERROR" not in done.stderr, done.stderr
        return done.stdout

    return run


@pytest.mark.parametrize(
    "command, words",
    [
        (r"\d", ["types"]),
        (r"\d+", ["types"]),
        (r"\d gold.customers_credit", ["idade", "pontuacao"]),
        (r"\d+ landing.customers", ["nascimento", "date"]),
        (r"\d types", ["exact", "numeric(38,10)", "instant", "timestamp with time zone", "bytea"]),
        (r"\dt *.*", ["landing", "customers", "silver", "credit_score"]),
        (r"\dt silver.*", ["silver", "music"]),
        (r"\dv *.*", ["dashboard", "total_customers"]),
        (r"\l", ["lake"]),
        (r"\dn", ["landing", "bronze", "silver", "gold", "dashboard"]),
        (r"\dn+", ["landing"]),
        (r"\du", ["lakegate"]),
        (r"\df", []),
        (r"\df *.array_agg", []),
        (r"\dT", []),
        (r"\di", []),
        (r"\ds", []),
        (r"\dp", []),
        (r"\conninfo", ["lakegate", "lake"]),
        (r"\dx", []),
        (r"\db", []),
        (r"\encoding", ["UTF8"]),
    ],
)
def test_command(command, words, psql):
    shown = psql(command)
    assert [word for word in words if word not in shown] == [], shown


def test_rows_and_expanded_display(psql):
    shown = psql(r"\x on", "SELECT id, text FROM types WHERE id = 2;")
    assert "-[ RECORD 1 ]" in shown and "çé漢字🙂" in shown


def test_fetch_count_reads_by_cursor(psql):
    shown = psql(r"\set FETCH_COUNT 100", "SELECT v FROM generate_series(1, 1000) AS t(v);")
    assert "1000" in shown


def test_gset(psql):
    shown = psql("SELECT count(*) AS n FROM types \\gset", r"\echo found :n")
    assert "found 4" in shown


def test_tab_completion_queries(server):
    """What psql sends when a name is completed."""
    sql = (
        "SELECT c.relname, NULL::pg_catalog.text FROM pg_catalog.pg_class c "
        "WHERE c.relkind IN ('r', 'S', 'v', 'm', 'f', 'p') "
        "AND (c.relname) LIKE 'ty%' AND pg_catalog.pg_table_is_visible(c.oid) "
        "AND c.relnamespace <> (SELECT oid FROM pg_catalog.pg_namespace "
        "WHERE nspname = 'pg_catalog') LIMIT 1000"
    )
    assert ("types", None) in server.query(sql)
