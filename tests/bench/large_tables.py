"""A Delta table and an Iceberg table of very many files, for measuring how planning scales.

    large_tables.py DIRECTORY [--files 300000]

Only metadata is generated, except for one partition (`DAY`, `REGION`), whose files exist: so queries of that
partition answer, and reading any other file is an error. Both tables hold the same rows:

- partitions: 1,000 days by 10 regions; the rest of the number of files is spread evenly over them.
- columns: id, day, region, amount, at, name; statistics or bounds of id, amount, at and name per file.
- Delta: a Parquet checkpoint with all files but those of the last ten commits, which follow as JSON.
  The log before the checkpoint is gone, as after a clean-up.
- Iceberg, version 2: a hundred manifests, each of ten days, and a manifest list with their partition ranges.

`commit` adds one file to either, as a new version.
"""

import argparse
import datetime
import json
import pathlib
import shutil
import struct
import sys
import time
import uuid

import pyarrow as pa
import pyarrow.parquet as pq

DAYS, REGIONS = 1000, [f"r{i}" for i in range(10)]
FIRST_DAY = datetime.date(2023, 1, 1)
DAY, REGION = FIRST_DAY + datetime.timedelta(days=777), "r3"
ROWS_PER_FILE = 1000
CHECKPOINT_VERSION, COMMITS_AFTER = 100, 10
LAST_DELTA = f"_delta_log/{CHECKPOINT_VERSION + COMMITS_AFTER:020}.json"
MANIFESTS = 100
SNAPSHOT = 4_000_000_000_000_000_000
COLUMNS = [("id", "long"), ("day", "date"), ("region", "string"), ("amount", "double"), ("at", "timestamp"), ("name", "string")]
MODIFIED_MS = 1_760_000_000_000


class File:
    """Facts of one data file, by its number: the same in both tables."""

    __slots__ = ("day", "first_id", "name", "number", "region")

    def __init__(self, number, per_partition):
        partition, self.name = divmod(number, per_partition)
        self.number = number
        self.day = FIRST_DAY + datetime.timedelta(days=partition // len(REGIONS) % DAYS)
        self.region = REGIONS[partition % len(REGIONS)]
        self.first_id = number * ROWS_PER_FILE

    @property
    def path(self):
        return f"day={self.day}/region={self.region}/part-{self.number:08}.parquet"

    @property
    def exists(self):
        return self.day == DAY and self.region == REGION

    def bounds(self):
        """Lower and upper values of id, amount, at and name."""
        start = datetime.datetime.combine(self.day, datetime.time(self.name % 24), datetime.timezone.utc)
        last = self.first_id + ROWS_PER_FILE - 1
        return (
            {"id": self.first_id, "amount": 0.0, "at": start, "name": f"n{self.first_id:012}"},
            {"id": last, "amount": 999.0, "at": start + datetime.timedelta(minutes=59), "name": f"n{last:012}"},
        )

    def rows(self):
        low, _ = self.bounds()
        ids = range(self.first_id, self.first_id + ROWS_PER_FILE)
        return {
            "id": list(ids), "day": [self.day] * ROWS_PER_FILE, "region": [self.region] * ROWS_PER_FILE,
            "amount": [float(i % 1000) for i in ids],
            "at": [low["at"] + datetime.timedelta(minutes=i % 60) for i in ids],
            "name": [f"n{i:012}" for i in ids],
        }


ARROW = {
    "long": pa.int64(), "date": pa.date32(), "string": pa.string(), "double": pa.float64(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}


def files(count):
    per_partition = max(1, count // (DAYS * len(REGIONS)))
    return [File(number, per_partition) for number in range(count)]


def write_data(folder, file):
    """The file's own rows; its partition columns too, which Delta ignores and Iceberg reads."""
    fields = [
        pa.field(name, ARROW[kind], metadata={"PARQUET:field_id": str(i + 1)})
        for i, (name, kind) in enumerate(COLUMNS)
    ]
    path = folder / file.path
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(file.rows(), schema=pa.schema(fields)), path)
    return path.stat().st_size


def sizes(folder, listed):
    """Bytes by number of the files that exist; all others claim the same."""
    found = {file.number: write_data(folder, file) for file in listed if file.exists}
    return found, next(iter(found.values()), 20_000)


# Delta


def delta(folder, count):
    log = folder / "_delta_log"
    log.mkdir(parents=True)
    listed = files(count)
    real, usual = sizes(folder, listed)
    after = min(count // 30, 10_000)
    kept, late = listed[: count - after], listed[count - after:]
    checkpoint(log, [add(file, real.get(file.number, usual)) for file in kept])
    step = -(-len(late) // COMMITS_AFTER) or 1
    for turn in range(COMMITS_AFTER):
        adds = [add(f, real.get(f.number, usual)) for f in late[turn * step:(turn + 1) * step]]
        write_commit(log, CHECKPOINT_VERSION + 1 + turn, adds)
    return folder


def add(file, size):
    low, high = ({k: text(v) for k, v in side.items()} for side in file.bounds())
    stats = {"numRecords": ROWS_PER_FILE, "minValues": low, "maxValues": high, "nullCount": dict.fromkeys(low, 0)}
    return {
        "path": file.path, "partitionValues": {"day": str(file.day), "region": file.region}, "size": size,
        "modificationTime": MODIFIED_MS, "dataChange": True, "stats": json.dumps(stats, separators=(",", ":")),
    }


def text(value):
    return value.strftime("%Y-%m-%dT%H:%M:%S.000Z") if isinstance(value, datetime.datetime) else value


def metadata():
    fields = [{"name": n, "type": k, "nullable": True, "metadata": {}} for n, k in COLUMNS]
    return {
        "id": str(uuid.UUID(int=1)), "format": {"provider": "parquet", "options": {}},
        "schemaString": json.dumps({"type": "struct", "fields": fields}),
        "partitionColumns": ["day", "region"], "configuration": {}, "createdTime": MODIFIED_MS,
    }


def write_commit(log, version, adds):
    info = {"commitInfo": {"timestamp": MODIFIED_MS + version, "operation": "WRITE", "operationParameters": {}}}
    lines = [info, *({"add": one} for one in adds)]
    made = log / f".{version:020}.json.new"
    made.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))
    made.rename(log / f"{version:020}.json")


def checkpoint(log, adds):
    pairs = pa.map_(pa.string(), pa.string())
    add_type = pa.struct([
        ("path", pa.string()), ("partitionValues", pairs), ("size", pa.int64()),
        ("modificationTime", pa.int64()), ("dataChange", pa.bool_()), ("stats", pa.string()),
    ])
    meta_type = pa.struct([
        ("id", pa.string()), ("name", pa.string()), ("description", pa.string()),
        ("format", pa.struct([("provider", pa.string()), ("options", pairs)])), ("schemaString", pa.string()),
        ("partitionColumns", pa.list_(pa.string())), ("configuration", pairs), ("createdTime", pa.int64()),
    ])
    protocol_type = pa.struct([("minReaderVersion", pa.int32()), ("minWriterVersion", pa.int32())])
    remove_type = pa.struct([
        ("path", pa.string()), ("deletionTimestamp", pa.int64()), ("dataChange", pa.bool_()),
    ])
    txn_type = pa.struct([("appId", pa.string()), ("version", pa.int64()), ("lastUpdated", pa.int64())])
    schema = pa.schema([
        ("txn", txn_type), ("add", add_type), ("remove", remove_type), ("metaData", meta_type), ("protocol", protocol_type),
    ])
    meta = metadata()
    meta["format"]["options"], meta["configuration"] = [], []
    head = [
        {"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}},
        {"metaData": meta},
    ]
    path = log / f"{CHECKPOINT_VERSION:020}.checkpoint.parquet"
    with pq.ParquetWriter(path, schema) as writer:
        writer.write_table(pa.Table.from_pylist(head, schema=schema))
        for start in range(0, len(adds), 50_000):
            part = [{"add": {**a, "partitionValues": list(a["partitionValues"].items())}} for a in adds[start:start + 50_000]]
            writer.write_table(pa.Table.from_pylist(part, schema=schema))
    hint = {"version": CHECKPOINT_VERSION, "size": len(adds) + 2, "sizeInBytes": path.stat().st_size, "numOfAddFiles": len(adds)}
    (log / "_last_checkpoint").write_text(json.dumps(hint))
    write_commit(log, CHECKPOINT_VERSION, adds[-1:])


def commit_delta(folder):
    log = folder / "_delta_log"
    version = max(int(path.stem) for path in log.glob("0*.json")) + 1
    extra = File(10_000_000 + version, 1)
    extra.day, extra.region = FIRST_DAY, "r0"
    write_commit(log, version, [add(extra, 20_000)])
    return folder


# Iceberg

ICEBERG = {"long": "long", "date": "date", "string": "string", "double": "double", "timestamp": "timestamptz"}


def field(name, kind, number, default=False):
    """A field of an Avro record; optional ones may be null."""
    made = {"name": name, "type": kind, "field-id": number}
    return {**made, "type": ["null", kind], "default": None} if default else made


def pairs(name, value, key_id, value_id):
    record = {"type": "record", "name": name, "fields": [field("key", "int", key_id), field("value", value, value_id)]}
    return {"type": "array", "items": record, "logicalType": "map"}


PARTITION = {
    "type": "record", "name": "r102", "fields": [
        field("day", {"type": "int", "logicalType": "date"}, 1000, True), field("region", "string", 1001, True),
    ],
}
DATA_FILE = {
    "type": "record", "name": "r2", "fields": [
        field("content", "int", 134), field("file_path", "string", 100), field("file_format", "string", 101),
        field("partition", PARTITION, 102), field("record_count", "long", 103), field("file_size_in_bytes", "long", 104),
        field("value_counts", pairs("k119_v120", "long", 119, 120), 109, True),
        field("null_value_counts", pairs("k121_v122", "long", 121, 122), 110, True),
        field("lower_bounds", pairs("k126_v127", "bytes", 126, 127), 125, True),
        field("upper_bounds", pairs("k129_v130", "bytes", 129, 130), 128, True),
    ],
}
ENTRY = {
    "type": "record", "name": "manifest_entry", "fields": [
        field("status", "int", 0), field("snapshot_id", "long", 1, True), field("sequence_number", "long", 3, True),
        field("file_sequence_number", "long", 4, True), field("data_file", DATA_FILE, 2),
    ],
}
SUMMARY = {
    "type": "record", "name": "r508", "fields": [
        field("contains_null", "boolean", 509), field("contains_nan", "boolean", 518, True),
        field("lower_bound", "bytes", 510, True), field("upper_bound", "bytes", 511, True),
    ],
}
MANIFEST_FILE = {
    "type": "record", "name": "manifest_file", "fields": [
        field("manifest_path", "string", 500), field("manifest_length", "long", 501), field("partition_spec_id", "int", 502),
        field("content", "int", 517), field("sequence_number", "long", 515), field("min_sequence_number", "long", 516),
        field("added_snapshot_id", "long", 503), field("added_files_count", "int", 504),
        field("existing_files_count", "int", 505), field("deleted_files_count", "int", 506),
        field("added_rows_count", "long", 512), field("existing_rows_count", "long", 513),
        field("deleted_rows_count", "long", 514),
        field("partitions", {"type": "array", "items": SUMMARY, "element-id": 508}, 507, True),
    ],
}
SPEC = [
    {"name": "day", "transform": "identity", "source-id": 2, "field-id": 1000},
    {"name": "region", "transform": "identity", "source-id": 3, "field-id": 1001},
]


def schema():
    fields = [{"id": i + 1, "name": n, "required": False, "type": ICEBERG[k]} for i, (n, k) in enumerate(COLUMNS)]
    return {"type": "struct", "schema-id": 0, "fields": fields}


def days(day):
    return (day - datetime.date(1970, 1, 1)).days


def encoded(value):
    """A value in Iceberg's single-value binary form."""
    if isinstance(value, datetime.datetime):
        return struct.pack("<q", round(value.timestamp() * 1_000_000))
    if isinstance(value, datetime.date):
        return struct.pack("<i", days(value))
    if isinstance(value, float):
        return struct.pack("<d", value)
    return struct.pack("<q", value) if isinstance(value, int) else value.encode()


def entry(folder, file, size, snapshot):
    numbers = {name: i + 1 for i, (name, _) in enumerate(COLUMNS)}
    low, high = file.bounds()
    listed = [
        [{"key": numbers[name], "value": encoded(value)} for name, value in side.items()] for side in (low, high)
    ]
    data = {
        "content": 0, "file_path": f"{folder}/data/{file.path}", "file_format": "PARQUET",
        # A day as fastavro takes it: a date.
        "partition": {"day": file.day, "region": file.region}, "record_count": ROWS_PER_FILE,
        "file_size_in_bytes": size, "value_counts": [{"key": n, "value": ROWS_PER_FILE} for n in numbers.values()],
        "null_value_counts": [{"key": n, "value": 0} for n in numbers.values()],
        "lower_bounds": listed[0], "upper_bounds": listed[1],
    }
    return {"status": 1, "snapshot_id": snapshot, "sequence_number": None, "file_sequence_number": None, "data_file": data}


def manifest(folder, name, listed, size_of, snapshot, sequence):
    """Writes a manifest; gives its line for the manifest list."""
    import fastavro

    path = folder / "metadata" / name
    keys = {
        "schema": json.dumps(schema()), "schema-id": "0", "partition-spec": json.dumps(SPEC), "partition-spec-id": "0",
        "format-version": "2", "content": "data",
    }
    with path.open("wb") as file:
        rows = (entry(folder, one, size_of(one), snapshot) for one in listed)
        fastavro.writer(file, fastavro.parse_schema(ENTRY), rows, codec="deflate", metadata=keys)
    ranges = [sorted({key(one) for one in listed}) for key in (lambda o: o.day, lambda o: o.region)]
    summaries = [
        {"contains_null": False, "contains_nan": False, "lower_bound": encoded(r[0]), "upper_bound": encoded(r[-1])}
        for r in ranges
    ]
    return {
        "manifest_path": str(path), "manifest_length": path.stat().st_size, "partition_spec_id": 0, "content": 0,
        "sequence_number": sequence, "min_sequence_number": sequence, "added_snapshot_id": snapshot,
        "added_files_count": len(listed), "existing_files_count": 0, "deleted_files_count": 0,
        "added_rows_count": len(listed) * ROWS_PER_FILE, "existing_rows_count": 0, "deleted_rows_count": 0,
        "partitions": summaries,
    }


def write_snapshot(folder, number, manifests, snapshots):
    """A manifest list, a metadata file and the hint that names it."""
    import fastavro

    snapshot = SNAPSHOT + number
    listing = folder / "metadata" / f"snap-{snapshot}.avro"
    keys = {"snapshot-id": str(snapshot), "sequence-number": str(number), "format-version": "2"}
    with listing.open("wb") as file:
        fastavro.writer(file, fastavro.parse_schema(MANIFEST_FILE), manifests, codec="deflate", metadata=keys)
    at = MODIFIED_MS + number
    made = {
        "snapshot-id": snapshot, "sequence-number": number, "timestamp-ms": at, "manifest-list": str(listing),
        "schema-id": 0, "summary": {"operation": "append"},
    }
    if snapshots:
        made["parent-snapshot-id"] = snapshots[-1]["snapshot-id"]
    whole = {
        "format-version": 2, "table-uuid": str(uuid.UUID(int=2)), "location": str(folder), "last-sequence-number": number,
        "last-updated-ms": at, "last-column-id": len(COLUMNS), "current-schema-id": 0, "schemas": [schema()],
        "default-spec-id": 0, "partition-specs": [{"spec-id": 0, "fields": SPEC}], "last-partition-id": 1001,
        "default-sort-order-id": 0, "sort-orders": [{"order-id": 0, "fields": []}], "properties": {},
        "current-snapshot-id": snapshot, "snapshots": [*snapshots, made],
        "refs": {"main": {"snapshot-id": snapshot, "type": "branch"}},
        "snapshot-log": [{"snapshot-id": s["snapshot-id"], "timestamp-ms": s["timestamp-ms"]} for s in [*snapshots, made]],
        "metadata-log": [],
    }
    path = folder / "metadata" / f"v{number}.metadata.json"
    path.write_text(json.dumps(whole))
    (folder / "metadata" / "version-hint.text").write_text(str(number))
    return path


def iceberg(folder, count):
    (folder / "metadata").mkdir(parents=True)
    listed = files(count)
    real, usual = sizes(folder / "data", listed)
    step = -(-count // MANIFESTS)
    manifests = [
        manifest(
            folder, f"m{i:04}.avro", listed[i * step:(i + 1) * step], lambda f: real.get(f.number, usual), SNAPSHOT + 1, 1,
        )
        for i in range(MANIFESTS) if listed[i * step:(i + 1) * step]
    ]
    write_snapshot(folder, 1, manifests, [])
    return folder


def commit_iceberg(folder):
    import fastavro

    current = newest_metadata(folder)
    known = json.loads(current.read_text())
    number = known["last-sequence-number"] + 1
    with pathlib.Path(known["snapshots"][-1]["manifest-list"]).open("rb") as file:
        manifests = list(fastavro.reader(file))
    extra = File(10_000_000 + number, 1)
    extra.day, extra.region = FIRST_DAY, "r0"
    added = manifest(folder, f"x{number:04}.avro", [extra], lambda _: 20_000, SNAPSHOT + number, number)
    write_snapshot(folder, number, [*manifests, added], known["snapshots"])
    return folder


def newest_metadata(folder):
    number = (folder / "metadata" / "version-hint.text").read_text()
    return folder / "metadata" / f"v{number}.metadata.json"


MAKERS = {"delta": (delta, commit_delta), "iceberg": (iceberg, commit_iceberg)}


def make(directory, count):
    """Both tables below a directory, unless they are there: paths by format."""
    if count < DAYS * len(REGIONS):
        raise ValueError(f"{count} files are too few: each partition needs one, so {DAYS * len(REGIONS)}")
    made = {}
    for name, (maker, _) in MAKERS.items():
        folder = directory / f"{name}-{count}"
        # The last file that each maker writes.
        if not any(folder.glob("metadata/version-hint.text")) and not any(folder.glob(LAST_DELTA)):
            shutil.rmtree(folder, ignore_errors=True)
            started = time.perf_counter()
            maker(folder, count)
            print(f"{name}: {count} files in {time.perf_counter() - started:.0f} s", file=sys.stderr)
        made[name] = folder
    return made


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--files", type=int, default=300_000)
    arguments = parser.parse_args()
    arguments.directory.mkdir(parents=True, exist_ok=True)
    for name, folder in make(arguments.directory.resolve(), arguments.files).items():
        print(f"{name}: {folder}")


if __name__ == "__main__":
    main()
