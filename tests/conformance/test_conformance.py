"""Every table of the conformance data gives the expected rows or is refused by name."""

import dataclasses
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import by_hand  # noqa: E402
import run  # noqa: E402

DIRECTORY = run.data_directory()
CASES = run.all_cases(DIRECTORY) if DIRECTORY else []


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
def test_versions_are_found():
    """They are checked as soon as time travel is on; until then at least they are there."""
    found = run.version_cases(DIRECTORY)
    assert len(found) == 29
    assert all(known.expected for known in found)


@pytest.mark.skipif(DIRECTORY is None or not run.TIME_TRAVEL, reason="time travel is off")
@pytest.mark.parametrize("version", [2, 99])
def test_a_version_that_does_not_exist(version, tmp_path):
    """An error: never the newest rows."""
    known = next(known for known in CASES if known.title == "delta-dat/basic_append")
    asked = dataclasses.replace(known, version=version)
    done = run.ask(asked, f"SELECT * FROM {asked.relation}", tmp_path / "answer.parquet", "")
    assert done.returncode == 1 and str(version) in done.stderr, done.stdout + done.stderr


def by_hand_names():
    """Iceberg tables without deletes and nested columns, whose rows another tool computed."""
    plain = ["partition_integer", "partition_bool", "null_stats__default__test_nulls", "is_null_is_not_null",
             "iceberg__lineitem_iceberg_gz_no_hint", "partition_decimal_hugeint", "expression_filter"]
    return [known for known in CASES if known.suite == "iceberg-duckdb" and known.name in plain]


@pytest.mark.parametrize("known", by_hand_names(), ids=lambda known: known.name)
def test_by_hand(known):
    """What computes missing expectations agrees with the expectations that are there."""
    found = by_hand.expected_file(known.name, pathlib.Path(known.url))
    assert run.compare(found, known.expected)[0] is None


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
