"""pgjdbc, the driver of DBeaver, Metabase and Spark: java/Probe.java does what tools do first."""

import collections
import subprocess

import pytest

import sample
from programs import JAVA, java_with_pgjdbc


@pytest.fixture(scope="module")
def facts(server, tmp_path_factory):
    """The probe's lines, by their first word."""
    java, jars = java_with_pgjdbc(tmp_path_factory.mktemp("jdbc"), JAVA / "Probe.java")
    url = f"jdbc:postgresql://127.0.0.1:{server.port}/lake?user=lakegate"
    done = subprocess.run(
        [java, "-cp", jars, "Probe", url], capture_output=True, text=True, timeout=120
    )
    found = collections.defaultdict(list)
    for line in done.stdout.splitlines():
        word, _, value = line.partition(" ")
        found[word].append(value)
    # The facts up to a failure can still be checked one by one.
    found["failure"] = [done.stderr] if done.returncode else []
    return found


def test_the_probe_ran_to_its_end(facts):
    assert facts["failure"] == []


def test_a_prepared_statement_in_text_and_binary(facts):
    runs = {word: values for word, values in facts.items() if word.startswith("run")}
    assert len(runs) == 10
    expected = (
        "3|2147483647|9223372036854775807|0.1|1E-10|"
        + str(len(sample.COLUMNS["text"][1][2]))
        + "|9999-12-31|2026-02-28 12:34:56.789012|2026-12-31T23:59:59.999999Z|true|4|"
    )
    # BigDecimal prints its scale either way.
    shown = {values[0].replace("0.0000000001", "1E-10") for values in runs.values()}
    assert shown == {expected}


def test_a_fetch_size_reads_in_parts(facts):
    assert facts["fetched"] == [str(1050 * 1051 // 2)]


def test_errors_and_transactions(facts):
    assert facts["error"] == ["42P01"] and facts["valid"] == ["true"]
    assert facts["readonly"] == ["true"]


def test_metadata(facts):
    assert facts["product"] == ["PostgreSQL"] and "lake" in facts["catalog"]
    assert {"landing", "bronze", "silver", "gold", "dashboard", "public"} <= set(facts["schema"])
    assert {"gold.customers_credit", "landing.customers", "public.types"} <= set(facts["table"])
    columns = {column.split(":")[0]: column.split(":")[1:] for column in facts["column"]}
    assert list(columns) == list(sample.COLUMNS)
    assert columns["exact"] == ["numeric", "38", "10"]
    assert columns["whole"][0] == "int4" and columns["instant"][0] == "timestamptz"
    assert facts["key"] == facts["foreign"] == []
    assert "int4" in facts["type"] and "TABLE" in facts["kind"]
