"""What recorded clients ask is answered as PostgreSQL 15 answers it: never less than before."""

import os
import tomllib

import corpus
import pytest
import replay
import servers


@pytest.fixture(scope="module")
def outcome():
    if servers.postgres_programs() is None:
        reason = f"PostgreSQL {servers.POSTGRES_MAJOR} is not installed: NOTHING was compared"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    with servers.scratch() as directory:
        found = replay.run(corpus.names(), directory)
    print("\n" + replay.table(found.figures))
    return found


@pytest.fixture(scope="module")
def kept():
    """By client, how many statements were equal."""
    return tomllib.loads((replay.FOLDER / "ratchet.toml").read_text())


def test_no_client_is_answered_worse_than_before(outcome, kept):
    fallen = {
        client: f"{outcome.figures[client]['equal']} statements are equal, {kept[client]} were"
        for client in kept if outcome.figures[client]["equal"] < kept[client]
    }
    assert fallen == {}, "see: tests/replay/replay.py -v --client NAME"


def test_every_corpus_has_its_number(outcome, kept):
    assert sorted(kept) == sorted(outcome.figures), "replay.py --write renews ratchet.toml"


def test_postgres_answers_as_it_did_while_recording(outcome):
    assert outcome.stale == [], "record these clients anew: tests/replay/README.md"


def test_no_statement_ends_with_an_internal_error(outcome):
    assert outcome.internal == []
