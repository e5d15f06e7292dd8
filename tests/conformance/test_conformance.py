"""Every table of the conformance data gives the expected rows or is refused by name."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import run  # noqa: E402

DIRECTORY = run.data_directory()
CASES = run.cases(DIRECTORY) if DIRECTORY else []


@pytest.mark.skipif(DIRECTORY is not None, reason="the data is there")
def test_data():
    print("skipped: conformance data not found")
    pytest.skip("conformance data not found")


# Errors, never wrong rows.
GAPS = {
    "iceberg-duckdb/add_columns_with_defaults__default.db__add_columns_with_defaults": (
        "DataFusion reads a timestamp literal as nanoseconds, which have no year 11"
    ),
}


@pytest.mark.parametrize("known", CASES, ids=lambda known: known.title)
def test_table(known):
    result = run.check(known)
    if known.title in GAPS and result.outcome == "failed":
        pytest.xfail(GAPS[known.title])
    print(f"{result.outcome} {known.title}: {result.detail}")
    assert result.outcome not in run.BAD, result.detail


@pytest.mark.skipif(DIRECTORY is None, reason="conformance data not found")
def test_the_comparison_can_fail(tmp_path):
    """Rows that are missing, doubled or of another type are told."""
    import duckdb

    def file(name, sql):
        path = tmp_path / f"{name}.parquet"
        duckdb.sql(f"COPY ({sql}) TO '{path}' (FORMAT parquet)")
        return path

    right = file("right", "SELECT * FROM (VALUES (1, 'a'), (1, 'a'), (NULL, 'b')) t(n, s)")
    assert run.compare(right, [right]) == (None, 3)
    for name, sql in {
        "missing": "SELECT * FROM (VALUES (1, 'a'), (NULL, 'b')) t(n, s)",
        "doubled": "SELECT * FROM (VALUES (1, 'a'), (1, 'a'), (NULL, 'b'), (NULL, 'b')) t(n, s)",
        "typed": "SELECT n::bigint AS n, s FROM (VALUES (1, 'a'), (1, 'a'), (NULL, 'b')) t(n, s)",
        "named": "SELECT n AS m, s FROM (VALUES (1, 'a'), (1, 'a'), (NULL, 'b')) t(n, s)",
    }.items():
        assert run.compare(file(name, sql), [right])[0], name
