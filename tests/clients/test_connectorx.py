"""connectorx, which loads results into data frames: COPY in binary and csv, cursors, partitions."""

import math

import connectorx
import pytest

from postgres import TYPES, postgres  # noqa: F401

PROTOCOLS = ["binary", "csv", "cursor", "simple"]
# Of these every protocol of connectorx knows the type.
COLUMNS = [
    "id", "truth", "small", "whole", "big", "single", "floating", "money", "text", "bytes", "day",
    "at", "instant", "clock",
]


def loaded(peer, query, **options):
    url = f"postgresql://lakegate@{peer.host}:{peer.port}/lake"
    return connectorx.read_sql(url, query, return_type="arrow", **options)


def plain(table):
    return [
        tuple("NaN" if isinstance(v, float) and math.isnan(v) else v for v in row.values())
        for row in table.to_pylist()
    ]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("column", COLUMNS)
def test_columns_come_as_from_postgres(column, protocol, server, postgres):  # noqa: F811
    def outcome(peer):
        query = f'SELECT "{column}" FROM types WHERE "{column}" IS NOT NULL ORDER BY id'
        try:
            table = loaded(peer, query, protocol=protocol)
        except RuntimeError as error:
            return str(error)
        return table.schema, plain(table)

    assert outcome(server) == outcome(postgres)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_nulls_come_as_nulls(protocol, server):
    query = "SELECT id, whole, text FROM types WHERE id > 2 ORDER BY id"
    table = loaded(server, query, protocol=protocol)
    found = [(row["id"], row["whole"]) for row in table.to_pylist()]
    assert found == [(3, 2147483647), (4, None)]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_aggregates(protocol, server):
    query = "SELECT truth, count(*) AS n, max(big) AS big FROM types GROUP BY truth ORDER BY n"
    rows = loaded(server, query, protocol=protocol).to_pylist()
    assert sorted(row["n"] for row in rows) == [1, 1, 2]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_partitions_are_read_side_by_side(protocol, server):
    table = loaded(
        server, "SELECT v, v * 2 AS twice FROM generate_series(1, 10000) AS t(v)",
        protocol=protocol, partition_on="v", partition_num=4,
    )
    assert sorted(table.column("v").to_pylist()) == list(range(1, 10001))
    assert sum(table.column("twice").to_pylist()) == 10000 * 10001


def test_partitions_given_as_queries(server):
    queries = [f"SELECT id, day FROM types WHERE id = {n}" for n in (1, 2, 3)]
    assert sorted(loaded(server, queries).column("id").to_pylist()) == [1, 2, 3]


def test_partitions_of_a_given_range(server):
    table = loaded(
        server, "SELECT id FROM types", partition_on="id", partition_range=(1, 4), partition_num=2
    )
    assert sorted(table.column("id").to_pylist()) == [1, 2, 3, 4]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_empty_result_has_its_columns(protocol, server):
    table = loaded(server, "SELECT id, text FROM types WHERE id > 99", protocol=protocol)
    assert table.num_rows == 0 and table.column_names == ["id", "text"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_error_is_told(protocol, server):
    with pytest.raises(RuntimeError, match="nowhere"):
        loaded(server, "SELECT * FROM nowhere", protocol=protocol)
    assert loaded(server, "SELECT id FROM types WHERE id = 1").num_rows == 1


def test_every_sample_column_is_known():
    assert set(COLUMNS) <= set(TYPES)
