"""The demo's answers equal what DuckDB computes from the same landing files, through both doors."""

import pathlib
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gateway import run

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "answers"))

import compare  # noqa: E402

# Arrow types for the types a driver names by number.
ARROW = {
    16: pa.bool_(), 20: pa.int64(), 21: pa.int64(), 23: pa.int64(),
    700: pa.float64(), 701: pa.float64(), 1700: None,
    25: pa.string(), 1043: pa.string(), 1082: pa.date32(),
    1114: pa.timestamp("us"), 1184: pa.timestamp("us", tz="UTC"),
    1005: pa.list_(pa.int64()), 1007: pa.list_(pa.int64()), 1016: pa.list_(pa.int64()),
    1022: pa.list_(pa.float64()), 1009: pa.list_(pa.string()), 1015: pa.list_(pa.string()),
}


def over_psycopg(server):
    def fetch(name):
        with server.connect() as connection:
            cursor = connection.execute(f"SELECT * FROM {name}")
            rows = cursor.fetchall()
            columns = []
            for index, column in enumerate(cursor.description):
                values = [row[index] for row in rows]
                columns.append(pa.array(values, type=ARROW[column.type_code]))
            return pa.table(columns, names=[column.name for column in cursor.description])

    return fetch


def over_parquet(lake, directory):
    def fetch(name):
        path = directory / f"{name}.parquet"
        run(
            "sql", "--set", f'lake.directory="{lake}"', "-c", f"SELECT * FROM {name}",
            "--format", "parquet", "--output", path,
        )
        return pq.read_table(path)

    return fetch


def test_there_are_answers_for_both_workloads():
    names = compare.names()
    gold = [name for name in names if name.startswith("gold.")]
    cards = [name for name in names if name.startswith("dashboard.")]
    assert len(gold) >= 4 and len(cards) >= 9 and "recommend.recommendations" in names


@pytest.mark.parametrize("name", compare.names())
def test_answer_over_psycopg(name, server, demo_lake):
    assert compare.compare(demo_lake, over_psycopg(server), only=[name]) == {}


@pytest.mark.parametrize("name", compare.names())
def test_answer_as_parquet(name, demo_lake, tmp_path):
    assert compare.compare(demo_lake, over_parquet(demo_lake, tmp_path), only=[name]) == {}
