"""Every translation to Athena's SQL, parsed by Trino's own parser; the Rust tests hold them to be exact."""

import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "clients"))

from programs import INSTALL_SECONDS_MAX, class_path, required  # noqa: E402

PARSE_SECONDS_MAX = 120


def cases(folder):
    """`(statement, translation)`, None where it is refused."""
    for path in sorted((HERE / folder).glob("*.sql")):
        for block in path.read_text().strip().split("\n\n"):
            sql, found, translation = block.partition("\n-- becomes\n")
            if found:
                yield sql, translation.strip("\n")
            elif "\n-- refused: " in block:
                yield block.partition("\n-- refused: ")[0], None


@pytest.fixture(scope="module")
def parse(tmp_path_factory):
    """What Trino says of each of some statements: "ok", or what is wrong."""
    java, javac, maven = (required(program, "Trino's parser") for program in ("java", "javac", "mvn"))
    directory = tmp_path_factory.mktemp("trino")
    copy = [maven, "-q", "-B", "-f", HERE / "java" / "pom.xml", "dependency:copy-dependencies"]
    subprocess.run([*copy, f"-DoutputDirectory={directory}"], check=True, timeout=INSTALL_SECONDS_MAX)
    jars = class_path(directory)
    subprocess.run([javac, "-d", directory, "-cp", jars, HERE / "java" / "Parse.java"], check=True)

    def verdicts(statements):
        # One statement a line.
        text = "".join(statement.replace("\n", " ") + "\n" for statement in statements)
        run = subprocess.run(
            [java, "-cp", jars, "Parse"],
            input=text, capture_output=True, encoding="utf-8", check=True, timeout=PARSE_SECONDS_MAX,
        )
        return run.stdout.splitlines()

    return verdicts


def test_the_corpus_is_large():
    all_cases = [*cases("to_athena"), *cases("from_athena")]
    assert len(all_cases) >= 470


def test_translations_parse_as_trino(parse):
    translations = [(sql, text) for sql, text in cases("to_athena") if text is not None]
    verdicts = parse([text for _, text in translations])
    assert len(verdicts) == len(translations)
    wrong = [f"{sql}\n  {text}\n  {verdict}" for (sql, text), verdict in zip(translations, verdicts) if verdict != "ok"]
    assert not wrong, "\n".join(wrong)


def test_the_parser_refuses_what_is_no_trino(parse):
    assert parse(["SELECT 1"]) == ["ok"]
    for sql in ("SELECT a::text FROM t", "SELECT a FROM t LIMIT 1 OFFSET 2", "SELECT a ~ 'b'"):
        assert parse([sql]) != ["ok"], sql
