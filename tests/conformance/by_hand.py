"""The rows of Iceberg tables whose expected rows nobody computed, by the shortest reader that can do it.

It shares nothing with Lakegate: metadata by json and fastavro, data by pyarrow, deletion vectors by pyroaring.
It does only what these tables need (no nested columns, no deletes but vectors) and says so otherwise.
`expected_file` writes what it finds as Parquet, for `run.py` to compare with.

    by_hand.py [NAME…]      prints the rows
"""

import functools
import gzip
import json
import pathlib
import re
import struct
import sys
import tempfile

import pyarrow as pa
import pyarrow.parquet as pq

DELETED = 2
VECTOR_MAGIC = b"\xd1\xd3\x39\x64"
FIELD_ID = b"PARQUET:field_id"
TYPES = {
    "int": pa.int32(), "long": pa.int64(), "string": pa.string(), "double": pa.float64(), "float": pa.float32(),
    "boolean": pa.bool_(), "date": pa.date32(), "timestamp": pa.timestamp("us"), "binary": pa.binary(),
    "timestamptz": pa.timestamp("us", "UTC"), "timestamptz_ns": pa.timestamp("ns", "UTC"),
}


def arrow_type(name):
    found = re.fullmatch(r"decimal\((\d+), ?(\d+)\)", name)
    return pa.decimal128(int(found[1]), int(found[2])) if found else TYPES[name]


class Table:
    def __init__(self, metadata_path):
        self.folder = metadata_path.parents[1]
        raw = metadata_path.read_bytes()
        self.metadata = json.loads(gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw)

    def path(self, written):
        """Tables were moved: files stand in the table's folder, whatever folder they were written to."""
        for part in ("metadata", "data"):
            inside = written.rsplit(f"/{part}/", 1)
            if len(inside) == 2:
                return self.folder / part / inside[1]
        raise ValueError(f"not a path of this table: {written}")

    def fields(self):
        known = self.metadata
        schemas = {schema["schema-id"]: schema for schema in known.get("schemas", [])}
        return (schemas.get(known.get("current-schema-id")) or known["schema"])["fields"]

    def manifests(self):
        """(path, what its files are) of the current snapshot."""
        known = self.metadata
        current = [s for s in known.get("snapshots", []) if s["snapshot-id"] == known.get("current-snapshot-id")]
        if not current:
            return
        if "manifest-list" not in current[0]:
            # Version 1 could name them itself.
            yield from ((self.path(each), 0) for each in current[0]["manifests"])
            return
        for line in records(self.path(current[0]["manifest-list"])):
            yield self.path(line["manifest_path"]), line.get("content") or 0

    def entries(self):
        """(data files, deletion vectors by the path of their data file)"""
        data, vectors = [], {}
        for path, content in self.manifests():
            for entry in records(path):
                file = entry["data_file"]
                if entry["status"] == DELETED:
                    continue
                if content == 0:
                    data.append(file)
                elif file["file_format"].upper() == "PUFFIN":
                    vectors[file["referenced_data_file"]] = file
                else:
                    raise ValueError("position and equality deletes have expected rows already")
        return data, vectors

    def rows(self):
        fields = self.fields()
        schema = pa.schema([(field["name"], arrow_type(field["type"])) for field in fields])
        data, vectors = self.entries()
        parts = [self.file_rows(file, vectors.get(file["file_path"]), fields, schema) for file in data]
        return pa.concat_tables(parts) if parts else schema.empty_table()

    def file_rows(self, file, vector, fields, schema):
        rows = pq.ParquetFile(self.path(file["file_path"])).read()
        by_id = {int(f.metadata[FIELD_ID]): f.name for f in rows.schema if f.metadata and FIELD_ID in f.metadata}
        if not by_id:
            by_id = {field["id"]: field["name"] for field in fields}
        columns = []
        for field, target in zip(fields, schema):
            name = by_id.get(field["id"])
            found = rows[name] if name in rows.column_names else self.constant(file, field, len(rows), target.type)
            columns.append(found.cast(target.type))
        made = pa.Table.from_arrays(columns, schema=schema)
        if vector is None:
            return made
        gone = positions(self.path(vector["file_path"]), vector["content_offset"], vector["content_size_in_bytes"])
        assert len(gone) == vector["record_count"]
        kept = pa.array([position not in gone for position in range(len(made))])
        return made.filter(kept)

    def constant(self, file, field, count, kind):
        """An identity partition's value where the file lacks the column; else NULL."""
        for spec in self.metadata.get("partition-specs", []):
            for part in spec["fields"]:
                if part["source-id"] == field["id"] and part["transform"] == "identity" and part["name"] in file["partition"]:
                    return pa.repeat(pa.scalar(file["partition"][part["name"]], kind), count)
        return pa.nulls(count, kind)


def records(path):
    import fastavro

    with path.open("rb") as file:
        return list(fastavro.reader(file))


def positions(path, offset, size):
    """Of a vector with its frame (length, magic, bitmap, checksum), or without the length and checksum."""
    from pyroaring import BitMap64

    data = path.read_bytes()[offset: offset + size]
    if data[4:8] == VECTOR_MAGIC:
        length = struct.unpack(">I", data[:4])[0]
        data = data[4: 4 + length]
    if data[:4] == VECTOR_MAGIC:
        data = data[4:]
    return set(BitMap64.deserialize(data))


@functools.cache
def folder():
    return tempfile.TemporaryDirectory()


def expected_file(name, metadata_path):
    """Writes the rows, once; None where the table's files are not all there."""
    target = pathlib.Path(folder().name) / f"{name}.parquet"
    if not target.exists():
        try:
            rows = Table(metadata_path).rows()
        except FileNotFoundError:
            return None
        pq.write_table(rows, target)
    return target


def main():
    import run

    for known in run.cases(run.data_directory()):
        if known.suite == "iceberg-duckdb" and (not sys.argv[1:] or any(a in known.name for a in sys.argv[1:])):
            try:
                rows = Table(pathlib.Path(known.url)).rows()
                print(f"{known.name}: {len(rows)} rows {rows.schema.names} {rows.slice(0, 5).to_pylist()}"[:600])
            except Exception as error:  # noqa: BLE001 - a look at all tables
                print(f"{known.name}: {type(error).__name__} {error}"[:300])


if __name__ == "__main__":
    main()
