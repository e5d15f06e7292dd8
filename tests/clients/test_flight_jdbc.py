"""Arrow's JDBC driver for Flight SQL: java/FlightProbe.java does what tools do first."""

import collections
import subprocess

import pytest

import sample
from gateway import Gateway
from programs import FLIGHT, JAVA, java_with

# What the driver's Arrow needs of Java 16 and later.
OPENING = "--add-opens=java.base/java.nio=ALL-UNNAMED"


@pytest.fixture(scope="module")
def facts(demo_lake, types_file, tmp_path_factory):
    """The probe's lines, by their first word."""
    java, jars = java_with(FLIGHT, tmp_path_factory.mktemp("flight"), JAVA / "FlightProbe.java")
    settings = ["flight.listen=127.0.0.1:0"]
    with Gateway(demo_lake, tables={"types": types_file}, settings=settings) as gateway:
        address = f"127.0.0.1:{gateway.flight_port}"
        url = f"jdbc:arrow-flight-sql://{address}/?useEncryption=false&user=ana&password=x"
        done = subprocess.run(
            [java, OPENING, "-cp", jars, "FlightProbe", url],
            capture_output=True, text=True, timeout=180,
        )
    found = collections.defaultdict(list)
    for line in done.stdout.splitlines():
        word, _, value = line.partition(" ")
        found[word].append(value)
    # The facts up to a failure can still be checked one by one.
    found["failure"] = [done.stderr[-4000:]] if done.returncode else []
    return found


def test_the_probe_ran_to_its_end(facts):
    assert facts["failure"] == [] and facts["end"] == ["reached"]


def test_what_the_server_says_of_itself(facts):
    assert facts["product"] == ["Lakegate"] and facts["quote"] == ['"']
    assert facts["readonly"] == ["true"] and facts["transactions"] == ["true"]
    assert facts["keywords"] == ["true"]


def test_tools_browse(facts):
    assert facts["catalog"] == ["lake"] and {"gold", "public"} <= set(facts["schema"])
    assert {"TABLE", "VIEW"} <= set(facts["tabletype"])
    assert "types" in facts["table"] and facts["column"] == list(sample.COLUMNS)
    assert facts["key"] == ["attrelid", "attnum"]
    assert facts["imported"] == []


def test_rows_are_read(facts):
    assert facts["described"] == ["id", "text", "day", "at", "money", "truth", "numbers"]
    assert facts["row"][:2] == ["1||-1234567.89|true", "2|çé漢字🙂|0.00|false"]
    assert facts["row"][3] == "4|null|null|null"


def test_commands_have_no_rows(facts):
    assert facts["command"] == ["false"]


def test_parameters_are_bound(facts):
    assert facts["bound"] == ["2|word 1", "3|word 2", "4|word 3"]


def test_errors_and_cancelling(facts):
    assert facts["error"] == ["true"] and facts["valid"] == ["true"]
    assert facts["cancel"] == ["done"] and facts["cancelfailed"] == []
