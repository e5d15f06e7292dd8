"""A thousand of the queries of `fuzz.py`; `fuzz.py --queries 20000` asks more."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import fuzz  # noqa: E402
import queries  # noqa: E402
import run  # noqa: E402

DIRECTORY = run.data_directory()
SEED, QUERIES = 7, 1000


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
