"""Functions, casts and operators answer as PostgreSQL 15 did: types, names, values, and errors by SQLSTATE.

Statements and PostgreSQL's answers are in functions/; function_answers.py renews them.
"""

import pytest

import function_answers as known
from gateway import Gateway


@pytest.fixture(scope="module")
def connection(tmp_path_factory):
    with Gateway(tmp_path_factory.mktemp("functions")) as gateway:
        with gateway.connect() as connection:
            yield connection


@pytest.mark.parametrize("family", known.families())
def test_answers_are_those_of_postgres(family, connection):
    waiting, different, mended = known.waiting(), [], []
    for sql, expected in known.answers(family).items():
        found = known.ask(connection, sql)
        is_same = known.is_same(expected, found)
        if is_same and sql in waiting:
            mended.append(sql)
        if not is_same and sql not in waiting:
            different.append(f"{sql}\n  PostgreSQL {expected}\n  Lakegate   {found}")
    assert not different, "\n".join(different)
    assert not mended, "\n".join(["no longer different, to be taken out of waiting.json:", *mended])
