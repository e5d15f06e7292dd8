"""Variants as JSON: files by DuckDB, shredded and not, under Delta and Iceberg metadata written here.

Answers are compared, as values, with what DuckDB makes of the same file.
"""

import base64
import decimal
import json
import math
import pathlib
import re
import shutil

import duckdb
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from delta import field, inline_vector, written
from gateway import Gateway, run
from iceberg import Table

FEATURES = ["variantType", "variantShredding-preview", "deletionVectors"]
# Every type a variant of DuckDB's can have, beside the JSON expected where it is not DuckDB's own.
VALUES = [
    ("NULL", None),
    ("TRUE", True),
    ("(-128)::TINYINT", -128),
    ("30000::SMALLINT", 30000),
    ("(-2147483648)::INTEGER", -(2**31)),
    ("9007199254740993::BIGINT", 2**53 + 1),
    ("3.25::FLOAT", 3.25),
    ("1e300::DOUBLE", 1e300),
    ("'nan'::DOUBLE", "NaN"),
    ("'-inf'::DOUBLE", "-Infinity"),
    ("1.50::DECIMAL(4,2)", decimal.Decimal("1.50")),
    ("(-0.000000000000000001)::DECIMAL(18,18)", decimal.Decimal("-0.000000000000000001")),
    ("12345678901234567890123456789012345678::DECIMAL(38,0)", 12345678901234567890123456789012345678),
    ("DATE '0099-02-28'", "0099-02-28"),
    ("TIME '12:34:56.789'", "12:34:56.789"),
    ("TIMESTAMP '2024-02-29 01:02:03.000004'", "2024-02-29T01:02:03.000004"),
    ("TIMESTAMP '1900-01-01 00:00:00'", "1900-01-01T00:00:00"),
    ("TIMESTAMPTZ '2024-02-29 01:02:03+02'", "2024-02-28T23:02:03+00:00"),
    ("TIMESTAMP_NS '2024-02-29 01:02:03.123456789'", "2024-02-29T01:02:03.123456789"),
    ("'\\x00\\xFFab'::BLOB", base64.b64encode(b"\x00\xffab").decode()),
    ("UUID '67e55044-10b1-426f-9247-bb680e5fe0c8'", "67e55044-10b1-426f-9247-bb680e5fe0c8"),
    ("'quote \" and ü \n'", 'quote " and ü \n'),
    ("repeat('long ', 100)", "long " * 100),
    ("[]::INTEGER[]", []),
    ("[1, NULL, 3]", [1, None, 3]),
    ("{'a': NULL::INTEGER}", {"a": None}),
    ("{'a': 1, 'b': 'x', 'c': [1, 2]}", {"a": 1, "b": "x", "c": [1, 2]}),
    ("{'a': 'no number', 'c': ['x'], 'z': {'y': [{'x': 1.5::DECIMAL(3,1)}]}}",
     {"a": "no number", "c": ["x"], "z": {"y": [{"x": decimal.Decimal("1.5")}]}}),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("variants")


def write(path, shredding=None):
    cases = " ".join(f"WHEN {at} THEN ({sql})::VARIANT" for at, (sql, _) in enumerate(VALUES))
    option = f", SHREDDING {{'v': '{shredding}'}}" if shredding else ""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(
        f"COPY (SELECT i::BIGINT AS id, CASE i {cases} END AS v FROM range({len(VALUES)}) AS r(i)) "
        f"TO '{path}' (FORMAT parquet{option})"
    )
    return path


def delta(folder, data, fields, configuration=None, vector=None, mapped=False):
    """A table of one file, which is copied."""
    folder.mkdir()
    shutil.copy(data, folder / "a.parquet")
    add = {"path": "a.parquet"} | ({"deletionVector": vector} if vector else {})
    features = FEATURES + (["columnMapping"] if mapped else [])
    return written(folder, fields, [add], features, configuration=configuration or {})


PLAIN = [field("id", "long"), field("v", "variant")]
SHREDDINGS = {
    "delta_plain": None,
    "delta_object": "STRUCT(a INTEGER, c INTEGER[], z STRUCT(y STRUCT(x DECIMAL(3,1))[]))",
    "delta_list": "INTEGER[]",
    "delta_double": "DOUBLE",
    "delta_decimal": "DECIMAL(4,2)",
    "delta_time": "TIMESTAMP",
    "delta_zoned": "TIMESTAMPTZ",
    "delta_nanos": "TIMESTAMP_NS",
    "delta_blob": "BLOB",
    "delta_uuid": "UUID",
    "delta_text": "VARCHAR",
    "delta_date": "DATE",
    "delta_bool": "BOOLEAN",
}


def with_ids(path, target):
    """The same file with Iceberg's field ids on its top columns."""
    table = pq.read_table(path)
    fields = [table.schema.field(at).with_metadata({"PARQUET:field_id": str(at + 1)})
              for at in range(table.num_columns)]
    pq.write_table(table.cast(pa.schema(fields)), target)
    return target


def iceberg(folder, data, fields):
    """A v3 table of one file. The bounds of a variant are variants too, and must not be taken for texts."""
    table = Table(folder, fields, version=3)
    table.copied("a.parquet", data, {"v": b"zzz"})
    return f"file://{table.commit()}"


def column(at, name, kind):
    return {"id": at, "name": name, "required": False, "type": kind}


def damage(path, target):
    """The last value's bytes say that it is an object cut short."""
    table = pq.read_table(path).slice(0, 3)
    group = table.column("v").combine_chunks()
    values = [b"\x02\x09" if at == 2 else b"\x00" for at in range(3)]
    metadata = [b"\x01\x00\x00"] * 3
    broken = pa.StructArray.from_arrays(
        [pa.array(metadata, pa.binary()), pa.array(values, pa.binary())], ["metadata", "value"])
    assert len(group) == 3
    pq.write_table(pa.table({"id": table.column("id"), "v": broken}), target)
    return target


def nested(target):
    """Variants in a struct, a list and a map; lists of one value a row, and no value in the last."""
    group = pa.StructArray.from_arrays(
        [pa.array([b"\x01\x01\x00\x01a"] * 3, pa.binary()),
         pa.array([b"\x02\x01\x00\x00\x02\x0c\x07", b"\x00", None], pa.binary())],
        ["metadata", "value"], mask=pa.array([False, False, True]))
    offsets = pa.array([0, 1, 2, 3], pa.int32())
    table = pa.table({
        "id": pa.array([0, 1, 2], pa.int64()),
        "s": pa.StructArray.from_arrays([group, pa.array([1, 2, 3])], ["v", "n"]),
        "l": pa.ListArray.from_arrays(offsets, group),
        "m": pa.MapArray.from_arrays(offsets, pa.array(["k"] * 3), group),
    })
    pq.write_table(table, target)
    return target


@pytest.fixture(scope="module")
def gateway(folder):
    tables = {}
    for name, shredding in SHREDDINGS.items():
        data = write(folder / f"{name}.parquet", shredding)
        tables[name] = delta(folder / name, data, PLAIN)
    data = folder / "delta_object.parquet"
    tables["deleted"] = delta(folder / "deleted", data, PLAIN, vector=inline_vector([1, 4, 26]))
    mapping = {"delta.columnMapping.mode": "name", "delta.columnMapping.maxColumnId": "2"}
    renamed = [
        field("key", "long", **{"delta.columnMapping.id": 1, "delta.columnMapping.physicalName": "id"}),
        field("Doc", "variant", **{"delta.columnMapping.id": 2, "delta.columnMapping.physicalName": "v"}),
    ]
    tables["renamed"] = delta(folder / "renamed", data, renamed, mapping, mapped=True)
    tables["damaged"] = delta(folder / "damaged", damage(data, folder / "d.parquet"), PLAIN)
    tables["wrong"] = delta(folder / "wrong", data, [field("v", "long"), field("id", "variant")])
    within = [field("id", "long"),
              field("s", {"type": "struct", "fields": [field("v", "variant"), field("n", "long")]}),
              field("l", {"type": "array", "elementType": "variant", "containsNull": True}),
              field("m", {"type": "map", "keyType": "string", "valueType": "variant",
                          "valueContainsNull": True})]
    tables["nested"] = delta(folder / "nested", nested(folder / "n.parquet"), within)
    for name, of in (("ice", "delta_plain"), ("ice_shredded", "delta_object")):
        ids = with_ids(folder / f"{of}.parquet", folder / f"{name}.parquet")
        tables[name] = iceberg(folder / name, ids, [
            column(1, "id", "long"), column(2, "v", "variant"), column(3, "nothing", "unknown")])
    plain = folder / "files"
    plain.mkdir()
    shutil.copy(data, plain / "a.parquet")
    tables["files"] = f"file://{plain}"
    with Gateway(folder / "lake", tables=tables) as started:
        yield started


@pytest.fixture
def connection(gateway):
    with psycopg.connect(gateway.dsn, autocommit=True) as opened:
        yield opened


def numbers(text):
    """Whole numbers and decimals as they are written, others as doubles."""
    parse = lambda digits: float(digits) if "e" in digits else decimal.Decimal(digits)
    return None if text is None else json.loads(text, parse_float=parse)


def same(a, b):
    if isinstance(b, float) and not isinstance(a, bool) and a is not None:
        return math.isclose(float(a), b, rel_tol=0)
    if isinstance(b, list):
        return isinstance(a, list) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(b, dict):
        return isinstance(a, dict) and a.keys() == b.keys() and all(same(a[k], b[k]) for k in b)
    return a == b and isinstance(a, bool) == isinstance(b, bool)


READ = [*SHREDDINGS, "ice", "ice_shredded", "files"]


@pytest.mark.parametrize("table", READ)
def test_every_type_is_json(connection, table):
    rows = connection.execute(f"SELECT v::text FROM {table} ORDER BY id").fetchall()
    assert len(rows) == len(VALUES)
    for (text,), (sql, expected) in zip(rows, VALUES):
        assert same(numbers(text), expected), (table, sql, text)
        if isinstance(expected, decimal.Decimal):
            assert text == f"{expected:f}", "decimals keep their digits"


def plain(value):
    """As DuckDB and we both mean it: times and binary have more than one text."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, decimal.Decimal):
        return float(value)
    moment = isinstance(value, str) and re.fullmatch(r"(\d{4}-\d\d-\d\d)[ T]([\d:.]+)(\+00(:00)?)?", value)
    if moment:
        return f"{moment[1]} {moment[2]}{'+00' if moment[3] else ''}"
    return value


@pytest.mark.parametrize("table", SHREDDINGS)
def test_duckdb_reads_the_same(connection, folder, table):
    known = duckdb.connect()
    known.execute("SET TimeZone = 'UTC'")
    texts = known.execute(f"SELECT v::JSON FROM '{folder / table}.parquet' ORDER BY id").fetchall()
    ours = connection.execute(f"SELECT v::text FROM {table} ORDER BY id").fetchall()
    compared = 0
    for (theirs,), (text,), (sql, _) in zip(texts, ours, VALUES):
        # JSON has no NaN, and DuckDB escapes binary instead.
        if theirs is None or any(word in sql for word in ("nan", "inf", "BLOB")):
            continue
        assert plain(json.loads(theirs)) == plain(json.loads(text)), (sql, theirs, text)
        compared += 1
    assert compared == len(VALUES) - 4


def test_clients_are_told_json(connection):
    cursor = connection.execute("SELECT id, v FROM delta_object ORDER BY id")
    assert cursor.description[1].type_code == 114
    rows = dict(cursor.fetchall())
    assert rows[0] is None and rows[26] == {"a": 1, "b": "x", "c": [1, 2]}
    told = "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'delta_object'::regclass AND attname = 'v'"
    assert connection.execute(told).fetchone() == ("json",)
    told = "SELECT data_type FROM information_schema.columns WHERE table_name = 'files' AND column_name = 'v'"
    assert connection.execute(told).fetchone() == ("json",)
    with psycopg.connect(connection.info.dsn) as binary, binary.cursor(binary=True) as cursor:
        cursor.execute("SELECT v FROM delta_plain WHERE id = 24")
        assert cursor.fetchone() == ([1, None, 3],)


def test_filters_and_counts_are_right(connection):
    one = lambda sql: connection.execute(sql).fetchone()[0]
    rows = len(VALUES)
    for table in ("delta_plain", "delta_object", "ice"):
        assert one(f"SELECT count(*) FROM {table}") == rows
        assert one(f"SELECT count(v) FROM {table}") == rows - 1
        assert one(f"SELECT id FROM {table} WHERE v IS NULL") == 0
        assert one(f"SELECT id FROM {table} WHERE v::text = 'true'") == 1
        assert one(f"SELECT id FROM {table} WHERE v::text = '[1,null,3]'") == 24
        assert one(f"SELECT count(*) FROM {table} WHERE v::text < 'zzz' OR v::text >= 'zzz'") == rows - 1
        assert one(f"SELECT count(DISTINCT v::text) FROM {table}") == rows - 1
    # {"a":null} comes last of all texts.
    assert one("SELECT id FROM delta_plain ORDER BY v::text DESC NULLS LAST LIMIT 1") == 25
    joined = "SELECT count(*) FROM delta_plain AS a JOIN delta_object AS b ON a.v::text = b.v::text"
    assert one(joined) == rows - 1


def test_deletes_and_names(connection):
    ids = [id for (id,) in connection.execute("SELECT id FROM deleted ORDER BY id")]
    assert ids == [at for at in range(len(VALUES)) if at not in (1, 4, 26)]
    rows = dict(connection.execute("SELECT id, v FROM deleted WHERE id > 23").fetchall())
    assert rows[24] == [1, None, 3] and rows[25] == {"a": None} and 26 not in rows
    rows = dict(connection.execute("SELECT key, doc FROM renamed WHERE key > 23").fetchall())
    assert rows[26] == {"a": 1, "b": "x", "c": [1, 2]}


def test_unknown_is_null(connection):
    cursor = connection.execute("SELECT nothing, count(*) FROM ice GROUP BY nothing")
    assert cursor.fetchall() == [(None, len(VALUES))]
    assert connection.execute("SELECT count(*) FROM ice WHERE nothing = 'x'").fetchone() == (0,)


def test_variants_inside_others(connection):
    rows = connection.execute("SELECT s, l, m FROM nested ORDER BY id").fetchall()
    assert [row[0] for row in rows] == [
        {"v": {"a": 7}, "n": 1}, {"v": None, "n": 2}, {"v": None, "n": 3}]
    assert [row[1] for row in rows] == [[{"a": 7}], [None], [None]]
    assert [row[2] for row in rows] == [{"k": {"a": 7}}, {"k": None}, {"k": None}]
    one = lambda sql: connection.execute(sql).fetchall()
    assert one("SELECT s['v'] FROM nested ORDER BY id") == [({"a": 7},), (None,), (None,)]
    texts = one("SELECT s['v']::text, l[1]::text, m['k']::text FROM nested ORDER BY id")
    assert texts[1] == ("null",) * 3 and texts[2] == (None,) * 3


def test_damage_names_file_and_column(connection):
    with pytest.raises(psycopg.Error) as error:
        connection.execute("SELECT v FROM damaged").fetchall()
    assert error.value.sqlstate == "XX001", error.value
    text = str(error.value)
    assert "a.parquet" in text and '"v"' in text and "a variant is damaged" in text, text
    assert connection.execute("SELECT sum(id) FROM damaged").fetchone() == (3,)
    with pytest.raises(psycopg.Error, match="as a variant"):
        connection.execute("SELECT id FROM wrong").fetchall()


def test_a_result_file_has_the_text(gateway, folder):
    table = f"v={folder / 'delta_object'}"
    done = run("sql", "--table", table, "--format", "csv", "-c",
               "SELECT v FROM v WHERE id IN (0, 25) ORDER BY id")
    assert done.stdout == 'v\n\n"{""a"":null}"\n'
