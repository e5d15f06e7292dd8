"""Tables of plain files by other writers: Avro (fastavro), ORC and Parquet (pyarrow), text of many shapes.

Answers are compared with what was written, and with DuckDB where it reads the format.
"""

import bz2
import datetime as dt
import decimal
import gzip
import lzma
import random
import uuid

import duckdb
import fastavro
import pyarrow as pa
import pyarrow.orc as orc
import pyarrow.parquet as pq
import pytest

from gateway import Gateway, run

D = decimal.Decimal
UTC = dt.timezone.utc
ROWS = 20_000


def row(i):
    """Of every type, with NULLs, runs, literals, deltas and outliers for the encodings."""
    noise = random.Random(i)
    if i % 11 == 3:
        return {"id": i}
    return {
        "id": i,
        "flag": i % 3 == 0,
        "tiny": i % 100 - 50,
        "small": noise.randint(-30_000, 30_000),
        "whole": 7 if i < 5000 else noise.randint(-(2**31), 2**31 - 1),
        "large": noise.choice([1, 2, 3, 2**40, -(2**62)]) + i,
        "single": noise.randint(-1000, 1000) / 8,
        "double": noise.gauss(0, 1e9),
        "amount": D(noise.randint(-(10**15), 10**15)) / 100,
        "note": noise.choice(["red", "green", "blue", "ü", ""]),
        "text": f"text {noise.getrandbits(60):x}" * (i % 4),
        "raw": noise.randbytes(i % 9),
        "day": dt.date(1900, 1, 1) + dt.timedelta(days=noise.randint(0, 70_000)),
        "at": dt.datetime(1960, 1, 1) + dt.timedelta(microseconds=noise.randint(0, 10**16)),
        "tags": [noise.choice(["a", "b", None]) for _ in range(i % 4)],
        "pair": {"x": noise.randint(0, 9), "y": [{"z": f"z{i}"}] if i % 2 else None},
        "ages": [(f"k{n}", n * i) for n in range(i % 3)],
    }


SCHEMA = pa.schema([
    ("id", pa.int64()), ("flag", pa.bool_()), ("tiny", pa.int8()), ("small", pa.int16()),
    ("whole", pa.int32()), ("large", pa.int64()), ("single", pa.float32()),
    ("double", pa.float64()), ("amount", pa.decimal128(20, 2)), ("note", pa.string()),
    ("text", pa.string()), ("raw", pa.binary()), ("day", pa.date32()),
    ("at", pa.timestamp("us")), ("tags", pa.list_(pa.string())),
    ("pair", pa.struct([("x", pa.int32()), ("y", pa.list_(pa.struct([("z", pa.string())])))])),
    ("ages", pa.map_(pa.string(), pa.int64())),
])

# One text per row that shows every value of the flat columns.
FLAT = [name for name in SCHEMA.names if name not in ("tags", "pair", "ages")]
NESTED = (
    "SELECT id, cardinality(tags), tags[1], tags[3], pair['x'], pair['y'][1]['z'], "
    "cardinality(ages), ages['k1'] FROM {} ORDER BY id"
)


def nested(value):
    """What NESTED says of one row, as Postgres has it."""
    tags, pair, ages = value.get("tags"), value.get("pair"), value.get("ages")
    at = lambda items, n: items[n] if items and len(items) > n else None  # noqa: E731
    z = pair["y"][0]["z"] if pair and pair["y"] else None
    return (at(tags, 0), at(tags, 2), pair and pair["x"], z, dict(ages or []).get("k1"))


@pytest.fixture(scope="module")
def rows():
    return [row(i) for i in range(ROWS)]


def check(gateway, table, rows):
    """Every value of every row."""
    found = gateway.query(f"SELECT {', '.join(FLAT)} FROM {table} ORDER BY id")
    assert len(found) == len(rows)
    for got, wrote in zip(found, rows):
        assert got == tuple(wrote.get(name) for name in FLAT), wrote["id"]
    for got, wrote in zip(gateway.query(NESTED.format(table)), rows):
        assert (got[2], got[3], got[4], got[5], got[7]) == nested(wrote), wrote["id"]
    assert gateway.query(f"SELECT count(*) FROM {table}") == [(len(rows),)]
    narrow = gateway.query(f"SELECT sum(whole), count(note) FROM {table} WHERE tiny < 0")
    some = [r for r in rows if r.get("tiny", 0) < 0]
    assert narrow == [(sum(r["whole"] for r in some), len(some))]


ORC_KINDS = [
    {"compression": "uncompressed"}, {"compression": "zlib"}, {"compression": "snappy"},
    {"compression": "lz4"}, {"compression": "zstd"},
    {"compression": "zlib", "file_version": "0.11"},
    {"compression": "zstd", "dictionary_key_size_threshold": 0.9, "stripe_size": 65536},
    {"compression": "snappy", "compression_block_size": 65536, "stripe_size": 65536},
]


@pytest.mark.parametrize("options", ORC_KINDS, ids=lambda o: "-".join(map(str, o.values())))
def test_orc_by_arrow(tmp_path, rows, options):
    folder = tmp_path / "t"
    folder.mkdir()
    # Copied: Arrow's ORC writer writes the first rows of a struct again for a slice.
    for name, some in [("a", rows[: ROWS // 2]), ("b", rows[ROWS // 2:])]:
        orc.write_table(pa.Table.from_pylist(some, SCHEMA), folder / f"{name}.orc", **options)
    with Gateway(tmp_path / "lake", tables={"t": folder}) as gateway:
        check(gateway, "t", rows)


def avro_schema():
    optional = lambda t: ["null", t]  # noqa: E731
    logical = lambda t, name, **more: {"type": t, "logicalType": name, **more}  # noqa: E731
    z = {"type": "record", "name": "Z", "fields": [{"name": "z", "type": "string"}]}
    pair = {"type": "record", "name": "Pair", "fields": [
        {"name": "x", "type": "int"},
        {"name": "y", "type": optional({"type": "array", "items": z})},
    ]}
    types = {
        "id": "long", "flag": "boolean", "tiny": "int", "small": "int", "whole": "int",
        "large": "long", "single": "float", "double": "double",
        "amount": logical("bytes", "decimal", precision=20, scale=2), "note": "string",
        "text": "string", "raw": "bytes", "day": logical("int", "date"),
        "at": logical("long", "local-timestamp-micros"),
        "tags": {"type": "array", "items": optional("string")}, "pair": pair,
        "ages": {"type": "map", "values": "long"},
    }
    fields = [{"name": n, "type": t if n == "id" else optional(t)} for n, t in types.items()]
    return fastavro.parse_schema({"type": "record", "name": "Row", "fields": fields})


@pytest.mark.parametrize("codec", ["null", "deflate", "snappy", "zstandard"])
def test_avro_by_fastavro(tmp_path, rows, codec):
    folder = tmp_path / "t"
    folder.mkdir()
    values = [{**r, "ages": dict(r["ages"])} if "ages" in r else r for r in rows]
    try:
        for name, part in [("a", values[: ROWS // 2]), ("b", values[ROWS // 2:])]:
            with (folder / f"{name}.avro").open("wb") as file:
                fastavro.writer(file, avro_schema(), part, codec=codec)
    except (ValueError, ImportError) as missing:
        pytest.skip(f"fastavro cannot write {codec}: {missing}")
    with Gateway(tmp_path / "lake", tables={"t": folder}) as gateway:
        check(gateway, "t", rows)


def test_avro_logical_types(tmp_path):
    """Enums, UUIDs, fixed, instants, and a type named in one column and used in another."""
    point = {"type": "record", "name": "Point", "fields": [{"name": "x", "type": "int"}]}
    schema = {"type": "record", "name": "Row", "fields": [
        {"name": "a", "type": point}, {"name": "b", "type": "Point"},
        {"name": "e", "type": {"type": "enum", "name": "E", "symbols": ["RED", "BLUE"]}},
        {"name": "u", "type": {"type": "string", "logicalType": "uuid"}},
        {"name": "f", "type": {"type": "fixed", "name": "F", "size": 2}},
        {"name": "t", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    ]}
    key, at = uuid.UUID(int=5), dt.datetime(2024, 2, 29, 12, tzinfo=UTC)
    value = {"a": {"x": 1}, "b": {"x": 2}, "e": "BLUE", "u": key, "f": b"ab", "t": at}
    with (tmp_path / "x.avro").open("wb") as file:
        fastavro.writer(file, schema, [value])
    with Gateway(tmp_path / "lake", tables={"t": tmp_path / "x.avro"}) as gateway:
        found = gateway.query("SELECT e, u, f, t, a['x'] FROM t")
        assert found == [("BLUE", str(key), b"ab", at, 1)]
        assert gateway.query("SELECT b['x'] FROM t") == [(2,)]


@pytest.mark.parametrize("kind", ["orc", "avro", "parquet"])
def test_files_of_one_table_may_differ(tmp_path, kind):
    """Added, missing, reordered and widened columns, by any case."""
    folder = tmp_path / "t"
    folder.mkdir()
    old = pa.table({"id": pa.array([1], pa.int32()), "Name": ["a"], "n": pa.array([1.5], pa.float32())})
    new = pa.table({"extra": ["x"], "n": [2.5], "name": ["b"], "id": pa.array([5 * 10**9])})
    for name, table in [("a", old), ("b", new)]:
        path = folder / f"{name}.{kind}"
        if kind == "avro":
            types = {"int32": "int", "int64": "long", "string": "string", "float": "float",
                     "double": "double"}
            fields = [{"name": f.name, "type": ["null", types[str(f.type)]]} for f in table.schema]
            with path.open("wb") as file:
                schema = {"type": "record", "name": "r", "fields": fields}
                fastavro.writer(file, schema, table.to_pylist())
        else:
            {"orc": orc.write_table, "parquet": pq.write_table}[kind](table, path)
    with Gateway(tmp_path / "lake", tables={"t": folder}) as gateway:
        found = gateway.query("SELECT id, name, n, extra FROM t ORDER BY id")
        assert found == [(1, "a", 1.5, None), (5 * 10**9, "b", 2.5, "x")]
        assert gateway.query("SELECT id FROM t WHERE extra IS NULL") == [(1,)]


@pytest.mark.parametrize("kind", ["orc", "avro"])
def test_damaged_files_are_errors_that_name_them(tmp_path, kind):
    """Cut anywhere, or with bytes changed: an error or whole rows, and the server lives."""
    whole = tmp_path / "whole"
    if kind == "orc":
        orc.write_table(pa.table({"n": list(range(5000)), "s": [f"s{i}" for i in range(5000)]}), whole)
    else:
        schema = {"type": "record", "name": "r", "fields": [
            {"name": "n", "type": "long"}, {"name": "s", "type": "string"}]}
        with whole.open("wb") as file:
            fastavro.writer(file, schema, [{"n": i, "s": f"s{i}"} for i in range(5000)])
    good = whole.read_bytes()
    place = tmp_path / "t" / f"x.{kind}"
    place.parent.mkdir()
    place.write_bytes(good)
    expected = [(5000, sum(range(5000)))]
    with Gateway(tmp_path / "lake", tables={"t": place.parent}) as gateway:
        assert gateway.query("SELECT count(s), sum(n) FROM t") == expected
        noise = random.Random(4)
        cuts = [good[: noise.randrange(len(good))] for _ in range(30)]
        for changed in cuts + [flipped(good, noise) for _ in range(150)]:
            place.write_bytes(changed)
            try:
                found = gateway.query("SELECT count(s), sum(n) FROM t")
                assert changed not in cuts and found[0][0] == 5000, found
            except Exception as error:
                assert f"x.{kind}" in str(error), error


def flipped(good, noise):
    changed = bytearray(good)
    for _ in range(noise.randint(1, 4)):
        changed[noise.randrange(len(changed))] ^= 1 << noise.randrange(8)
    return bytes(changed)


def test_symlink_manifests(tmp_path):
    """What Delta's GENERATE leaves for Athena."""
    data, links = tmp_path / "t" / "data", tmp_path / "t" / "_symlink_format_manifest"
    data.mkdir(parents=True)
    for day in (1, 2):
        pq.write_table(pa.table({"id": [day]}), data / f"{day} new.parquet")
        pq.write_table(pa.table({"id": [-day]}), data / f"{day} old.parquet")
        (links / f"day=2024-01-0{day}").mkdir(parents=True)
        (links / f"day=2024-01-0{day}" / "manifest").write_text(f"file://{data}/{day}%20new.parquet\n")
    with Gateway(tmp_path / "lake", tables={"t": links}, settings=[f'lake.roots=["{tmp_path}"]']) as gateway:
        assert gateway.query("SELECT id, day FROM t ORDER BY id") == [
            (1, dt.date(2024, 1, 1)), (2, dt.date(2024, 1, 2))]


def test_a_crawl_finds_orc_and_avro(tmp_path):
    """With partitions, columns of mixed case, and nothing new the second time."""
    files, lake = tmp_path / "files", tmp_path / "lake"
    for day in ("2024-01-01", "2024-01-02", "__HIVE_DEFAULT_PARTITION__"):
        folder = files / "landing" / "orders" / f"day={day}"
        folder.mkdir(parents=True)
        orc.write_table(pa.table({"orderId": [1, 2], "Size": [1.5, None]}), folder / "x.orc")
    (files / "landing" / "people").mkdir()
    with (files / "landing" / "people" / "part-0").open("wb") as file:
        fields = [{"name": "userId", "type": "long"}]
        schema = {"type": "record", "name": "r", "fields": fields}
        fastavro.writer(file, schema, [{"userId": 5}])
    options = ["--database", "files", "--set", f'lake.directory="{lake}"']
    run("crawl", files, *options)
    assert "unchanged" in run("crawl", files, *options).stdout
    with Gateway(lake, settings=[f'lake.roots=["{files}"]']) as gateway:
        found = gateway.query("SELECT orderid, size, day FROM files.orders ORDER BY day, orderid")
        assert found[:2] == [(1, 1.5, "2024-01-01"), (2, None, "2024-01-01")]
        assert len(found) == 6 and found[-1][2] is None
        assert gateway.query("SELECT userid FROM files.people") == [(5,)]


PACKERS = {
    "gz": [gzip.compress], "bz2": [bz2.compress], "xz": [lzma.compress],
    "zst": [lambda b: pa.compress(b, codec="zstd", asbytes=True)],
}


@pytest.mark.parametrize("suffix", PACKERS)
@pytest.mark.parametrize("kind", ["csv", "json", "log"])
def test_compressed_text_in_several_members(tmp_path, kind, suffix):
    """pigz, pbzip2 and Hadoop write files of several members: all of them count."""
    texts = {
        "csv": ["id,s\n" + "".join(f"{i},s{i}\n" for i in range(3000)), "3000,last\n3001,end\n"],
        "json": ["".join('{"id":%d,"s":"s"}\n' % i for i in range(3000)), '{"id":3000}\n{"id":3001}'],
        "log": ["line\n" * 3000, "one more\nthe last"],
    }[kind]
    pack = PACKERS[suffix][0]
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / f"x.{kind}.{suffix}").write_bytes(b"".join(pack(t.encode()) for t in texts))
    column = "line" if kind == "log" else "id"
    with Gateway(tmp_path / "lake", tables={"t": tmp_path / "t"}) as gateway:
        assert gateway.query(f"SELECT count({column}) FROM t") == [(3002,)]


def test_parquet_of_every_logical_type(tmp_path):
    """As DuckDB reads them."""
    key = uuid.UUID(int=77)
    table = pa.table({
        "t": pa.array([dt.time(1, 2, 3, 400)], pa.time64("us")),
        "ms": pa.array([dt.time(1, 2, 3)], pa.time32("ms")),
        "d9": pa.array([D("1.25")], pa.decimal128(9, 2)),
        "d18": pa.array([D("1.25")], pa.decimal128(18, 2)),
        "d38": pa.array([D("1.25")], pa.decimal128(38, 2)),
        "ns": pa.array([dt.datetime(2024, 1, 1)], pa.timestamp("ns")),
        "z": pa.array([dt.datetime(2024, 1, 1, tzinfo=UTC)], pa.timestamp("us", "UTC")),
        "h": pa.array([1.5], pa.float16()),
        "dict": pa.array(["x"]).dictionary_encode(),
        "u32": pa.array([2**32 - 1], pa.uint32()),
        "u64": pa.array([2**63], pa.uint64()),
        "big": pa.array(["large"], pa.large_string()),
    })
    options = {"int96": {"use_deprecated_int96_timestamps": True},
               "ints": {"store_decimal_as_integer": True}, "v1": {"version": "1.0"}}
    tables = {}
    for name, more in options.items():
        pq.write_table(table, tmp_path / f"{name}.parquet", **more)
        tables[name] = tmp_path / f"{name}.parquet"
    duckdb.sql(f"COPY (SELECT '{key}'::UUID AS u, '{{\"a\":1}}'::JSON AS j, 'a'::ENUM('a','b') AS e) "
               f"TO '{tmp_path}/duck.parquet'")
    tables["duck"] = tmp_path / "duck.parquet"
    with Gateway(tmp_path / "lake", tables=tables) as gateway:
        for name in options:
            expected = duckdb.sql(f"FROM '{tmp_path}/{name}.parquet'").fetchall()
            found = gateway.query(f"SELECT * FROM {name}")
            if name == "int96":
                expected = [tuple(v.replace(tzinfo=None) if isinstance(v, dt.datetime) else v for v in expected[0])]
                found = [tuple(v.replace(tzinfo=None) if isinstance(v, dt.datetime) else v for v in found[0])]
            assert found == expected, name
        u, j, e = gateway.query("SELECT u, j, e FROM duck")[0]
        assert (u, e) == (key.bytes, "a") and j in ('{"a":1}', {"a": 1})
