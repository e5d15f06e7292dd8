"""dbt-postgres over the demo's lake: the project dbt/ is parsed, documented, tested and built."""

import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

PROJECT = pathlib.Path(__file__).parent / "dbt"
RUN_SECONDS_MAX = 180
FAST = ["--no-send-anonymous-usage-stats", "--no-use-colors", "--no-version-check"]


class Dbt:
    """Runs commands of dbt in the project; what they write stands in a directory of the test."""

    def __init__(self, server, directory):
        self.target, self.logs = directory / "target", directory / "logs"
        self.environment = {
            **os.environ, "LAKEGATE_TEST_HOST": server.host, "LAKEGATE_TEST_PORT": str(server.port),
            "DBT_TARGET_PATH": str(self.target), "DBT_LOG_PATH": str(self.logs),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def __call__(self, *arguments, check=True):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "dbt.cli.main", *FAST, *arguments,
             "--project-dir", PROJECT, "--profiles-dir", PROJECT],
            capture_output=True, text=True, timeout=RUN_SECONDS_MAX, env=self.environment,
            cwd=self.target.parent,
        )
        assert done.returncode == 0 or not check, done.stdout[-4000:] + done.stderr[-2000:]
        return done.stdout

    def artifact(self, name):
        return json.loads((self.target / name).read_text())

    def results(self):
        """What became of each node of the last command, with its message."""
        return {
            result["unique_id"].removeprefix("lake.").split(".lake.")[-1].split(".")[0]:
                (result["status"], result.get("failures"), result["message"])
            for result in self.artifact("run_results.json")["results"]
        }


@pytest.fixture(scope="module")
def dbt(server, tmp_path_factory):
    """In one directory, so that the project is parsed once."""
    return Dbt(server, tmp_path_factory.mktemp("dbt"))


def test_the_connection_is_found_good(dbt):
    shown = dbt("debug")
    assert "All checks passed" in shown and "connection ok" in shown


def test_the_project_is_parsed_and_compiled(dbt):
    dbt("parse")
    assert "model.lake.people" in dbt.artifact("manifest.json")["nodes"]
    dbt("compile", "--select", "jobs")
    compiled = (dbt.target / "compiled/lake/models/jobs.sql").read_text()
    assert '"lake"."public"."people"' in compiled


def test_the_sources_are_fresh(dbt):
    dbt("source", "freshness")
    results = dbt.artifact("sources.json")["results"]
    assert {result["unique_id"].split(".")[-1] for result in results} == {
        "customers", "credit_score",
    }
    assert {result["status"] for result in results} == {"pass"}
    assert all(result["max_loaded_at"].startswith("2026-") for result in results)


def test_tests_over_sources_find_what_is_wrong_and_what_is_right(dbt, server):
    dbt("test", "--select", "source:*", "nobody_is_born_in_the_future")
    results = dbt.results()
    orphans = server.query(
        "SELECT count(*) FROM landing.credit_score c WHERE NOT EXISTS "
        "(SELECT 1 FROM landing.customers k WHERE k.id = c.customer_id)"
    )[0][0]
    relation = [name for name in results if "relationships" in name]
    assert orphans > 0 and [results.pop(name)[:2] for name in relation] == [("warn", orphans)]
    assert len(results) == 6 and {result[:2] for result in results.values()} == {("pass", 0)}


def test_a_query_is_shown(dbt):
    query = "select id, nome from {{ source('landing', 'customers') }} where id < 4 order by id"
    shown = dbt("show", "--inline", query, "--output", "json")
    rows = json.loads(shown[shown.index("{"):])["show"]
    assert [row["id"] for row in rows] == [1, 2, 3]


def test_docs_describe_the_columns_of_the_sources(dbt):
    dbt("docs", "generate")
    catalog = dbt.artifact("catalog.json")
    assert catalog["errors"] is None
    customers = catalog["sources"]["source.lake.landing.customers"]
    types = {name: column["type"] for name, column in customers["columns"].items()}
    assert types["id"] == "integer" and types["nascimento"] == "date"
    assert types["dt_update"] == "timestamp without time zone"
    assert customers["metadata"]["type"] == "BASE TABLE"
    assert [column["index"] for column in customers["columns"].values()] == list(range(1, 11))
    assert catalog["sources"]["source.lake.gold.customers_credit"]["metadata"]["type"] == "VIEW"


def test_relations_and_their_columns_are_listed_by_macros(dbt):
    """What every materialization asks before it builds."""
    macro = (
        "{%- set relation = adapter.get_relation('lake', 'landing', 'customers') -%}"
        "{%- set columns = adapter.get_columns_in_relation(relation) | map(attribute='name') -%}"
        "select '{{ relation.type }}' as kind, '{{ columns | join(' ') }}' as names"
    )
    shown = dbt("show", "--inline", macro, "--output", "json")
    rows = json.loads(shown[shown.index("{"):])["show"]
    assert rows[0]["kind"] == "table" and rows[0]["names"].startswith("id nome sexo")


def test_views_are_built_and_tested(dbt, server):
    dbt("build", "--select", "people", "jobs")
    assert {status for status, *_ in dbt.results().values()} == {"success", "pass"}
    jobs = server.query("SELECT sum(people) FROM public.jobs")
    assert jobs == server.query("SELECT count(*) FROM landing.customers")
    # A second build replaces what the first one made.
    dbt("build", "--select", "people", "jobs")


def test_a_table_is_built(dbt, server):
    dbt("build", "--select", "richer")
    assert server.query("SELECT count(*) FROM public.richer")[0][0] > 0


def test_an_incremental_model_is_built_twice(dbt, server):
    dbt("build", "--select", "visited")
    dbt("build", "--select", "visited")
    assert server.query("SELECT count(*) FROM public.visited") == server.query(
        "SELECT count(*) FROM landing.customers"
    )


def test_a_seed_is_loaded(dbt, server):
    dbt("seed")
    assert server.query("SELECT id, word FROM public.words ORDER BY id") == [(1, "one"), (2, "two")]


def test_a_snapshot_is_taken_twice(dbt, server):
    dbt("snapshot")
    dbt("snapshot")
    current = "SELECT count(*) FROM public.customers_history WHERE dbt_valid_to IS NULL"
    assert server.query(current) == server.query("SELECT count(*) FROM landing.customers")


def test_a_refused_build_names_the_reason(dbt):
    """As long as nothing is built through the wire, dbt shows why."""
    shown = dbt("build", "--select", "richer", check=False)
    assert "Completed successfully" in shown or re.search(r"not supported|read.only", shown)
