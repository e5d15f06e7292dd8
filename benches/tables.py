"""Delta and Iceberg tables over existing Parquet files, with some rows deleted if asked.

`made` puts them beside the files, once: `DIRECTORY/delta/TABLE` and so on hold hard links to the data files, so
that every engine reads the same bytes. Deleted are the rows whose place in the file, times a prime, says
so: 5 %, spread evenly. What is deleted is written

- for Delta as one deletion vector file per table, named by a commit that replaces every file by itself;
- for Iceberg (version 2) as one position delete file per data file, in a second snapshot;
- for engines that read neither, as Parquet files without those rows (`DIRECTORY/less/TABLE`).

The Delta log is written here, statistics from the footers; the Iceberg table by pyiceberg, whose name mapping
is in use where the files have no field ids (those of TPC-H have them); deletes, which pyiceberg cannot write,
by hand.
"""

import datetime
import decimal
import json
import os
import pathlib
import shutil
import struct
import sys
import uuid
import zlib

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

TESTS = pathlib.Path(__file__).resolve().parents[1] / "tests"
sys.path[:0] = [str(TESTS / "bench"), str(TESTS / "clients")]

from delta import bitmap, z85

# Of every hundred rows.
DELETED_PERCENT, PRIME = 5, 7919
AT_MS = 1_760_000_000_000


def made(directory, names, format, deleted_from=frozenset()):
    """Locations by table: as lakegate reads them, and as Parquet folders of the same rows."""
    if format == "parquet" and deleted_from:
        raise SystemExit("plain Parquet files have no deletes: choose --format delta or iceberg")
    lake, parquet = {}, {}
    for name in names:
        source, with_deletes = directory / name, name in deleted_from
        lake[name] = parquet[name] = source
        if format != "parquet":
            folder = directory / (f"{format}-deleted" if with_deletes else format) / name
            lake[name] = once(folder, lambda to: MAKERS[format](source, to, with_deletes))
        if with_deletes:
            parquet[name] = once(directory / "less" / name, lambda to: write_less(source, to))
    return {n: str(p) for n, p in lake.items()}, {n: str(p) for n, p in parquet.items()}


def once(folder, maker):
    """Makes a folder unless it was made completely before."""
    mark = folder / "_made"
    if not mark.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        maker(folder)
        mark.touch()
    return folder


def is_deleted(position):
    return position * PRIME % 100 < DELETED_PERCENT


def positions(count):
    return [position for position in range(count) if is_deleted(position)]


def data_files(source):
    return sorted(source.glob("*.parquet"))


def linked(source, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for path in data_files(source):
        os.link(path, folder / path.name)
    return data_files(folder)


def write_less(source, folder):
    for path in data_files(source):
        file = pq.ParquetFile(path)
        groups = file.metadata.row_group(0).num_rows
        rows = file.read()
        rows = rows.cast(plain_schema(rows.schema))
        # Views have no kernel to filter them.
        kept = pa.array([not is_deleted(i) for i in range(len(rows))])
        pq.write_table(rows.filter(kept), folder / path.name, row_group_size=groups)


# Delta


def write_delta(source, folder, with_deletes):
    files = linked(source, folder)
    log = folder / "_delta_log"
    log.mkdir()
    schema = pq.read_schema(files[0])
    named = ["deletionVectors"] if with_deletes else []
    if any(pa.types.is_timestamp(field.type) and not field.type.tz for field in schema):
        named.append("timestampNtz")
    protocol = {"minReaderVersion": 1, "minWriterVersion": 2}
    if named:
        protocol = {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": named, "writerFeatures": named}
    configuration = {"delta.enableDeletionVectors": "true"} if with_deletes else {}
    meta = {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, folder.name)), "format": {"provider": "parquet", "options": {}},
        "schemaString": json.dumps({"type": "struct", "fields": [delta_field(f) for f in schema]}),
        "partitionColumns": [], "configuration": configuration, "createdTime": AT_MS,
    }
    adds = [delta_add(path) for path in files]
    commit(log, 0, [{"protocol": protocol}, {"metaData": meta}, *({"add": add} for add in adds)])
    if with_deletes:
        removed = [{"remove": delta_remove(add)} for add in adds]
        vectored = delta_vectors(folder, files, adds)
        commit(log, 1, [*removed, *({"add": add} for add in vectored)])


def commit(log, version, actions):
    lines = (json.dumps(action, separators=(",", ":")) + "\n" for action in actions)
    (log / f"{version:020}.json").write_text("".join(lines))


def delta_field(field):
    return {"name": field.name, "type": delta_type(field.type), "nullable": True, "metadata": {}}


def delta_type(kind):
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if pa.types.is_timestamp(kind):
        return "timestamp" if kind.tz else "timestamp_ntz"
    names = {
        pa.int64(): "long", pa.int32(): "integer", pa.int16(): "short", pa.int8(): "byte", pa.float64(): "double",
        pa.float32(): "float", pa.date32(): "date", pa.bool_(): "boolean", pa.string(): "string",
        pa.large_string(): "string", pa.string_view(): "string",
    }
    return names[kind]


def delta_add(path):
    metadata = pq.read_metadata(path)
    stats = {"numRecords": metadata.num_rows, "minValues": {}, "maxValues": {}, "nullCount": {}}
    groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
    for index in range(metadata.num_columns):
        column_statistics(stats, [group.column(index) for group in groups])
    return {
        "path": path.name, "partitionValues": {}, "size": path.stat().st_size, "modificationTime": AT_MS,
        "dataChange": True, "stats": json.dumps(stats, separators=(",", ":")),
    }


def column_statistics(stats, chunks):
    found = [chunk.statistics for chunk in chunks]
    if not all(s is not None and s.has_min_max and s.has_null_count for s in found):
        return
    name = chunks[0].path_in_schema
    low, high = min(s.min for s in found), max(s.max for s in found)
    stats["nullCount"][name] = sum(s.null_count for s in found)
    # Texts of 32 characters and more would have to be cut.
    if isinstance(low, str) and max(len(low), len(high)) >= 32:
        return
    stats["minValues"][name], stats["maxValues"][name] = stated(low), stated(high)


def stated(value):
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, datetime.datetime):
        return value.isoformat(timespec="milliseconds")
    return str(value) if isinstance(value, datetime.date) else value


def delta_remove(add):
    return {
        "path": add["path"], "deletionTimestamp": AT_MS, "dataChange": True, "extendedFileMetadata": True,
        "partitionValues": {}, "size": add["size"],
    }


def delta_vectors(folder, files, adds):
    """Writes the vectors of all files into one; gives the adds that name them."""
    name = uuid.uuid5(uuid.NAMESPACE_URL, folder.name + "/vectors")
    content, made_adds = b"\x01", []
    for path, add in zip(files, adds):
        gone = positions(pq.read_metadata(path).num_rows)
        vector = bitmap(gone)
        descriptor = {
            "storageType": "u", "pathOrInlineDv": z85(name.bytes), "offset": len(content), "sizeInBytes": len(vector),
            "cardinality": len(gone),
        }
        # Length and checksum: big-endian, around what they are of.
        content += struct.pack(">I", len(vector)) + vector + struct.pack(">I", zlib.crc32(vector))
        stats = {**json.loads(add["stats"]), "tightBounds": False}
        made_adds.append({**add, "stats": json.dumps(stats, separators=(",", ":")), "deletionVector": descriptor})
    (folder / f"deletion_vector_{name}.bin").write_bytes(content)
    return made_adds


# Iceberg


def write_iceberg(source, folder, with_deletes):
    from pyiceberg.catalog.sql import SqlCatalog

    files = linked(source, folder / "data")
    catalog = SqlCatalog("bench", uri="sqlite:///:memory:", warehouse=f"file://{folder.parent}")
    catalog.create_namespace("bench")
    schema = plain_schema(pq.read_schema(files[0]))
    table = catalog.create_table(f"bench.{folder.name}", schema, location=f"file://{folder}")
    table.add_files([f"file://{path}" for path in files])
    written = pathlib.Path(table.metadata_location.removeprefix("file://"))
    metadata = json.loads(written.read_text())
    if with_deletes:
        metadata = delete_positions(folder, metadata, files)
    number = len(metadata["snapshots"])
    (folder / "metadata" / f"v{number}.metadata.json").write_text(json.dumps(metadata))
    (folder / "metadata" / "version-hint.text").write_text(str(number))


def plain_schema(schema):
    """Views and small integers as pyiceberg knows them."""
    plain = {pa.string_view(): pa.string(), pa.int16(): pa.int32(), pa.int8(): pa.int32()}
    return pa.schema([pa.field(f.name, plain.get(f.type, f.type)) for f in schema])


def delete_positions(folder, metadata, files):
    """The metadata of one more snapshot: the same data files, and a delete file for each."""
    import fastavro
    import large_tables

    snapshot = {**metadata["snapshots"][-1]}
    sequence, number = snapshot["sequence-number"] + 1, snapshot["snapshot-id"] + 1
    with open(snapshot["manifest-list"].removeprefix("file://"), "rb") as file:
        manifests = list(fastavro.reader(file))
    entries = [delete_entry(folder, path, number) for path in files]
    name = folder / "metadata" / "deletes-m0.avro"
    keys = {
        "schema": json.dumps(metadata["schemas"][-1]), "partition-spec": "[]", "partition-spec-id": "0",
        "format-version": "2", "content": "deletes",
    }
    with name.open("wb") as file:
        fastavro.writer(file, fastavro.parse_schema(unpartitioned(large_tables.ENTRY)), entries, metadata=keys)
    manifests.append({
        "manifest_path": f"file://{name}", "manifest_length": name.stat().st_size, "partition_spec_id": 0, "content": 1,
        "sequence_number": sequence, "min_sequence_number": sequence, "added_snapshot_id": number,
        "added_files_count": len(files), "existing_files_count": 0, "deleted_files_count": 0,
        "added_rows_count": sum(e["data_file"]["record_count"] for e in entries), "existing_rows_count": 0,
        "deleted_rows_count": 0, "partitions": [],
    })
    listing = folder / "metadata" / f"snap-{number}.avro"
    keys = {"snapshot-id": str(number), "sequence-number": str(sequence), "format-version": "2"}
    with listing.open("wb") as file:
        fastavro.writer(file, fastavro.parse_schema(large_tables.MANIFEST_FILE), manifests, metadata=keys)
    snapshot.update({
        "parent-snapshot-id": snapshot["snapshot-id"], "snapshot-id": number, "sequence-number": sequence,
        "manifest-list": f"file://{listing}", "timestamp-ms": snapshot["timestamp-ms"] + 1,
        "summary": {"operation": "delete"},
    })
    log = [{"snapshot-id": number, "timestamp-ms": snapshot["timestamp-ms"]}]
    return {
        **metadata, "snapshots": [*metadata["snapshots"], snapshot], "current-snapshot-id": number,
        "last-sequence-number": sequence, "last-updated-ms": snapshot["timestamp-ms"],
        "snapshot-log": [*metadata.get("snapshot-log", []), *log],
        "refs": {"main": {"snapshot-id": number, "type": "branch"}},
    }


def unpartitioned(schema):
    """An entry's schema for a table without partitions."""
    text = json.dumps(schema)
    import large_tables

    return json.loads(text.replace(json.dumps(large_tables.PARTITION), json.dumps({**large_tables.PARTITION, "fields": []})))


def delete_entry(folder, path, snapshot):
    """Writes a position delete file of one data file; gives its manifest entry."""
    gone, named = positions(pq.read_metadata(path).num_rows), f"file://{path}"
    fields = [
        pa.field("file_path", pa.string(), nullable=False, metadata={"PARQUET:field_id": "2147483546"}),
        pa.field("pos", pa.int64(), nullable=False, metadata={"PARQUET:field_id": "2147483545"}),
    ]
    rows = pa.table({"file_path": pa.repeat(named, len(gone)), "pos": gone}, schema=pa.schema(fields))
    target = folder / "data" / f"{path.stem}-deletes.parquet"
    pq.write_table(rows, target)
    first, last = pc.min(rows["pos"]).as_py(), pc.max(rows["pos"]).as_py()
    bounds = [
        [{"key": 2147483546, "value": named.encode()}, {"key": 2147483545, "value": struct.pack("<q", position)}]
        for position in (first, last)
    ]
    data = {
        "content": 1, "file_path": f"file://{target}", "file_format": "PARQUET", "partition": {},
        "record_count": len(gone), "file_size_in_bytes": target.stat().st_size, "value_counts": None,
        "null_value_counts": None, "lower_bounds": bounds[0], "upper_bounds": bounds[1],
    }
    return {"status": 1, "snapshot_id": snapshot, "sequence_number": None, "file_sequence_number": None, "data_file": data}


MAKERS = {"delta": write_delta, "iceberg": write_iceberg}
