"""The sqllogictest corpus over Flight SQL as over Postgres' protocol: see slt.py, which runs all of its files."""

import os

import pytest

import slt

# Within a minute; `slt.py` takes six for everything.
FILES = [
    "pg_compat/pg_compat_simple.slt", "pg_compat/pg_compat_types.slt", "pg_compat/pg_compat_null.slt",
    "pg_compat/pg_compat_union.slt", "pg_compat/pg_compat_window.slt", "array/array_append.slt",
    "binary.slt", "case.slt", "cast.slt", "coalesce.slt", "cte.slt", "datetime/dates.slt",
    "datetime/interval.slt", "datetime/timestamps.slt", "decimal.slt", "dictionary.slt", "distinct_on.slt",
    "expr.slt", "group_by.slt", "grouping.slt", "in_list.slt", "join_lists.slt", "joins.slt", "limit.slt", "map.slt",
    "options.slt", "order.slt", "predicates.slt", "scalar.slt", "select.slt", "subquery.slt",
    "type_coercion.slt", "union.slt", "unnest.slt", "window.slt",
]
# So that what is compared cannot wither away unnoticed: of all records in these files.
ANSWERED_MIN = 2_500
answered = []


@pytest.fixture(scope="module")
def corpus():
    folder = slt.corpus()
    if folder is None:
        reason = "cargo cannot bring the corpus: NOTHING was compared"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    return folder


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    settings = ["flight.listen=127.0.0.1:0"]
    with slt.Tolerant(tmp_path_factory.mktemp("slt"), settings=settings) as server:
        yield server


@pytest.mark.parametrize("name", FILES)
def test_both_fronts_give_the_same_outcomes(name, corpus, gateway):
    counts, differences = slt.run(corpus / name, gateway)
    print(dict(counts))
    answered.append(counts["answered"])
    assert counts["answered"] + counts["refused"] > 0
    assert not differences, f"{len(differences)} differences:\n" + "\n\n".join(differences[:5])


def test_most_of_the_corpus_was_answered(corpus):
    if len(answered) == len(FILES):
        assert sum(answered) >= ANSWERED_MIN


def test_a_difference_is_found():
    record = slt.Record("here", "SELECT 1 ORDER BY 1", "nosort")
    one, two, error = slt.Outcome([("1",), ("2",)]), slt.Outcome([("2",), ("1",)]), slt.Outcome(error="no")
    assert slt.same(record, one, one) is None
    assert slt.same(record, one, two) and slt.same(record, one, error) and slt.same(record, error, one)
    assert slt.same(record, error, slt.Outcome(error="yes"))
    assert slt.same(record, error, slt.Outcome(error="INTERNAL: no (Unknown)")) is None
    assert slt.same(slt.Record("here", "SELECT 1", "rowsort"), one, two) is None
