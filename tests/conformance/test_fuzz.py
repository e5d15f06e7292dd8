"""A thousand of the queries of `fuzz.py`; `fuzz.py --queries 20000` asks more."""

import decimal
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import fuzz  # noqa: E402
import queries  # noqa: E402
import run  # noqa: E402

DIRECTORY = run.data_directory()
SEED, QUERIES = 7, 1000


# What random queries found, one of each: (statement, rows it must give). Not asked again by `queries.py`.
PAIRS = "(VALUES (1), (2)) t(x)"
WITH_NULL = "(VALUES (1), (NULL)) t(x)"
DECIMALS = "(VALUES (CAST(1.23 AS DECIMAL(4,2))), (1.50)) t(x)"
FOUND = {
    "IS DISTINCT FROM binds tighter than AND": (
        "SELECT x FROM (VALUES (true, false), (false, true)) t(x, y) WHERE x IS DISTINCT FROM true AND y",
        [(False,)],
    ),
    "bytea literals in hexadecimal": (r"SELECT '\x6869'::bytea", [(b"hi",)]),
    "NULL in one of two lists of the same column": (
        f"SELECT x FROM {PAIRS} WHERE x IN (1, 2) AND x NOT IN (3, NULL)", [],
    ),
    "lists of one column with nothing in common, below NOT": (
        f"SELECT x FROM {WITH_NULL} WHERE NOT (x IN (2) AND x IN (3, 4))", [(1,)],
    ),
    "negated lists of one column with nothing in common": (
        f"SELECT x FROM {WITH_NULL} WHERE x NOT IN (2, 5) OR x NOT IN (3, 4)", [(1,)],
    ),
    "lists of one column, one negated": (
        f"SELECT x, x IN (1, 2) AND x NOT IN (1, 2, 3) FROM {WITH_NULL} ORDER BY x", [(1, False), (None, None)],
    ),
    "equal values in lists of one column": (
        "SELECT x FROM (VALUES (1, 1, 1), (2, 1, 2)) t(x, y, z) WHERE x IN (y, 7) AND x IN (z, 8)", [(1,)],
    ),
    "values of one column joined by OR, below NOT": (
        f"SELECT x FROM {WITH_NULL} WHERE NOT ((x = 2 OR x = 3) AND (x = 4 OR x = 5))", [(1,)],
    ),
    "NULL IN (subquery) below NOT": (
        f"SELECT x FROM {WITH_NULL} WHERE NOT (x > 0 AND x IN (SELECT 5))", [(1,)],
    ),
    "a decimal cast to an integer, compared": (
        f"SELECT CAST(x AS BIGINT) FROM {DECIMALS} WHERE CAST(x AS BIGINT) = 1", [(1,)],
    ),
    "casts to integers round": (f"SELECT CAST(x AS BIGINT) FROM {DECIMALS} ORDER BY x", [(1,), (2,)]),
    "sum of decimals beside count(DISTINCT)": (
        "SELECT sum(x), count(DISTINCT y) FROM (VALUES (CAST(1.5 AS DECIMAL(12,2)), 1), (2.5, 2)) t(x, y)",
        [(decimal.Decimal("4.00"), 2)],
    ),
    "a literal finer than the file's timestamps": (
        "SELECT id FROM millis WHERE time < TIMESTAMPTZ '2000-01-01 09:00:00.000001+00' ORDER BY id",
        [(1,), (2,), (3,)],
    ),
    "a timestamp that has no nanoseconds": (
        "SELECT count(coalesce(col_timestamp, TIMESTAMP '2000-01-01 00:00:00')) FROM far", [(3,)],
    ),
    "IN (subquery) as a column": (f"SELECT x IN (SELECT 1) FROM {PAIRS} ORDER BY 1", [(False,), (True,)]),
}
# Those that are still so.
GAPS = {
    "two groups of one column beside count(DISTINCT)": (
        f"SELECT CAST(x AS DOUBLE PRECISION), x, count(DISTINCT x) FROM {PAIRS} GROUP BY 1, 2 ORDER BY x",
        [(1.0, 1, 1), (2.0, 2, 1)],
    ),
}
GAP_TABLES = {
    "millis": "delta-golden/kernel-timestamp-timestamp_millis",
    "far": "iceberg-duckdb/add_columns_with_defaults__default.db__add_columns_with_defaults",
}


@pytest.fixture(scope="module")
def small_server(tmp_path_factory):
    found = {known.title: known for known in run.cases(DIRECTORY)}
    chosen = {name: found[title] for name, title in GAP_TABLES.items()}
    side = fuzz.Actual(tmp_path_factory.mktemp("gaps"), chosen, [])
    yield side
    side.server.stop()


@pytest.mark.skipif(DIRECTORY is None, reason="conformance data not found")
@pytest.mark.parametrize("name", FOUND)
def test_what_was_found(name, small_server):
    statement, rows = FOUND[name]
    assert small_server.rows(statement) == rows


@pytest.mark.skipif(DIRECTORY is None, reason="conformance data not found")
@pytest.mark.parametrize("name", GAPS)
def test_gap(name, small_server, request):
    """Passes when mended: then the entry goes, and `queries.py` may ask such things again."""
    request.applymarker(pytest.mark.xfail(strict=True, reason=name))
    statement, rows = GAPS[name]
    assert small_server.rows(statement) == rows


@pytest.mark.skipif(DIRECTORY is None, reason="conformance data not found")
def test_answers():
    with fuzz.Fuzz(DIRECTORY) as running:
        tally = running.go(SEED, QUERIES, shrink_max=5)
        assert sum(tally.asked.values()) == QUERIES
        assert not running.failed, running.failed
        # Otherwise the queries test nothing any more.
        assert sum(tally.discarded.values()) < QUERIES / 50, tally.discarded
        assert sum(tally.refused.values()) < QUERIES / 10, tally.refused
        assert not tally.differences, "\n\n".join(d.repro(running.tables) for d in tally.differences[:5])


def test_the_comparison_can_fail():
    item = queries.Sql("int", "n", "n")
    every = queries.Statement("t", (item,))
    first = queries.Statement("t", (item, item), order=((0, "ASC NULLS FIRST"), (1, "ASC NULLS FIRST")), limit=2)
    assert fuzz.difference(every, [(1,), (2,)], [(2,), (1,)], None) is None
    assert fuzz.difference(every, [(1,), (1,)], [(1,)], None)
    assert fuzz.difference(every, [(None,)], [(0,)], None)
    assert fuzz.difference(every, [(True,)], [(1,)], None)
    assert fuzz.difference(every, [("1",)], [(1,)], None)
    assert fuzz.difference(every, [(1.0000000001,)], [(1.0,)], None) is None
    assert fuzz.difference(first, [(1, 1), (2, 2)], [(2, 2), (1, 1)], None)


def test_first_rows_must_exist():
    class Expected:
        def rows(self, text):
            assert "LIMIT" not in text
            return [(1, "a"), (1, "b"), (2, "c")]

    items = (queries.Sql("int", "n", "n"), queries.Sql("text", "s", "s"))
    stated = queries.Statement("t", items, order=((0, "ASC NULLS LAST"),), limit=1)
    assert fuzz.difference(stated, [(1, "b")], [(1, "a")], Expected()) is None
    assert fuzz.difference(stated, [(1, "c")], [(1, "a")], Expected())
    assert fuzz.difference(stated, [(2, "c")], [(1, "a")], Expected())


def test_smaller_statements():
    """Shrinking ends, and reaches a single condition."""
    leaves = [queries.Leaf(queries.Sql("bool", f"p{i}", f"p{i}")) for i in range(3)]
    where = queries.Tree("AND", (queries.Tree("NOT", (leaves[0],)), queries.Tree("OR", tuple(leaves[1:]))))
    stated = queries.Statement("t", (queries.Sql("int", "a", "a"), queries.Sql("int", "b", "b")), where)
    for _ in range(20):
        less = [s for s in queries.smaller(stated) if "p2" in s.text("pg")]
        if not less:
            break
        stated = less[0]
    assert stated.text("pg") == "SELECT b AS c0 FROM t WHERE p2"
