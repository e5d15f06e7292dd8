"""What metadata alone answers: the data files of these tables are damaged, so whoever opens one fails."""

import json

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from delta import field, inline_vector, written
from gateway import Gateway

FIELDS = [field("id", "long"), field("day", "date"), field("note", "string"), field("shop", "string")]
# (shop, ids, days, notes) by file.
FILES = {
    "a": ("north", [1, 2, 3], ["2024-01-01", "2024-01-02", None], ["x", "y", None]),
    "b": ("south", [40, 50], ["2023-12-31", "2024-05-01"], ["n" * 40, "m"]),
    "c": (None, [7], [None], [None]),
}


def stats(ids, days, notes):
    known = {"id": ids, "day": [d for d in days if d], "note": [n[:32] for n in notes if n]}
    return json.dumps({
        "numRecords": len(ids),
        "minValues": {name: min(values) for name, values in known.items() if values},
        "maxValues": {name: max(values) for name, values in known.items() if values},
        "nullCount": {"id": 0, "day": days.count(None), "note": notes.count(None)},
    })


def table(folder, damaged=True, deleted=()):
    """`deleted`: rows of file a."""
    folder.mkdir()
    adds = []
    for name, (shop, ids, days, notes) in FILES.items():
        path = folder / f"{name}.parquet"
        columns = {"id": pa.array(ids, pa.int64()), "day": pa.array(days).cast(pa.string()).cast(pa.date32()),
                   "note": pa.array(notes, pa.string())}
        pq.write_table(pa.table(columns), path)
        if damaged:
            path.write_bytes(b"PAR1" * 100)
        add = {"path": path.name, "partitionValues": {"shop": shop}, "stats": stats(ids, days, notes)}
        if deleted and name == "a":
            add["deletionVector"] = inline_vector(list(deleted))
        adds.append(add)
    return written(folder, FIELDS, adds, ["deletionVectors"], ["shop"])


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    folder = tmp_path_factory.mktemp("metadata")
    tables = {
        "t": table(folder / "t"),
        "whole": table(folder / "whole", damaged=False),
        "less": table(folder / "less", damaged=False, deleted=[0]),
    }
    with Gateway(folder / "lake", tables=tables) as gateway:
        yield gateway


ANSWERED = {
    "SELECT count(*) FROM {t}": "6",
    "SELECT min(id), max(id), count(id) FROM {t}": "1 50 6",
    "SELECT min(day), max(day) FROM {t}": "2023-12-31 2024-05-01",
    "SELECT count(day), count(note) FROM {t}": "4 4",
    "SELECT min(shop), max(shop), count(shop) FROM {t}": "north south 5",
    "SELECT count(*) FROM {t} WHERE shop = 'north'": "3",
    "SELECT count(*) FROM {t} WHERE shop IS NULL": "1",
    "SELECT count(*) FROM {t} WHERE shop <> 'north' OR shop IS NULL": "3",
    "SELECT count(*) FROM {t} WHERE upper(left(shop, 1)) = 'S'": "2",
    "SELECT max(id) FROM {t} WHERE shop LIKE 'n%'": "3",
    "SELECT count(*) FROM {t} WHERE \"$path\" LIKE '%/b.parquet'": "2",
    "SELECT count(*) FROM {t} WHERE shop = 'west'": "0",
}
READ = {
    # The bounds of texts may be cut.
    "SELECT max(note) FROM {t}": "y",
    "SELECT count(*) FROM {t} WHERE id > 2": "4",
    "SELECT sum(id) FROM {t}": "103",
    "SELECT count(*) FROM {t} WHERE shop = 'north' AND id > 1": "2",
}


def asked(gateway, sql, name):
    [row] = gateway.query(sql.replace("{t}", name))
    return " ".join(map(str, row))


@pytest.mark.parametrize("sql", ANSWERED)
def test_no_file_is_opened(gateway, sql):
    assert asked(gateway, sql, "t") == ANSWERED[sql]
    assert asked(gateway, sql, "whole") == ANSWERED[sql]


@pytest.mark.parametrize("sql", READ)
def test_rows_are_read_where_metadata_cannot_tell(gateway, sql):
    assert asked(gateway, sql, "whole") == READ[sql]
    with pytest.raises(psycopg.Error, match="parquet"):
        asked(gateway, sql, "t")


def test_deleted_rows_do_not_count(gateway):
    assert asked(gateway, "SELECT count(*), min(id), max(id), count(day) FROM {t}", "less") == "5 2 50 3"
    assert asked(gateway, "SELECT count(*) FROM {t} WHERE shop = 'north'", "less") == "2"


def test_rows_up_to_a_limit_are_not_all_rows(gateway):
    one = "SELECT count(*), min(id) = max(id) FROM (SELECT id FROM {t} LIMIT 1) q"
    assert asked(gateway, one, "whole") == "1 True"
    north = "SELECT count(*) FROM (SELECT id FROM {t} WHERE shop = 'north' LIMIT 2) q"
    assert asked(gateway, north, "whole") == "2"


def test_what_an_earlier_filter_excludes_is_no_error(gateway):
    sql = "SELECT count(*) FROM {t} WHERE shop = 'north' AND 1 / (length(shop) - 5 + CASE shop WHEN 'north' THEN 1 ELSE 0 END) = 1"
    assert asked(gateway, sql, "whole") == "3"
