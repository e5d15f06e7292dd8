"""Writes small Iceberg tables by hand: metadata as JSON, manifests by fastavro, files by pyarrow.

A table is a schema, its partition specs (one identity column at most) and a list of files in the order of
their commits.
"""

import json
import pathlib
import shutil
import uuid

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq

DATA, POSITIONS, EQUALITY = 0, 1, 2
POSITION_FIELDS = [("file_path", 2147483546, pa.string()), ("pos", 2147483545, pa.int64())]


def record(name, fields):
    made = []
    for key, kind, number in fields:
        optional = isinstance(kind, tuple)
        made.append({"name": key, "type": ["null", kind[0]] if optional else kind, "field-id": number})
    return {"type": "record", "name": name, "fields": made}


BOUND = record("k126_v127", [("key", "int", 126), ("value", "bytes", 127)])


def entry_schema(partition):
    data_file = record("r2", [
        ("content", "int", 134), ("file_path", "string", 100), ("file_format", "string", 101),
        ("partition", record("r102", partition), 102), ("record_count", "long", 103),
        ("file_size_in_bytes", "long", 104),
        ("lower_bounds", ({"type": "array", "logicalType": "map", "items": BOUND},), 125),
        ("equality_ids", ({"type": "array", "items": "int", "element-id": 136},), 135),
    ])
    return record("manifest_entry", [
        ("status", "int", 0), ("snapshot_id", ("long",), 1), ("sequence_number", ("long",), 3),
        ("file_sequence_number", ("long",), 4), ("data_file", data_file, 2),
    ])


MANIFEST_FILE = record("manifest_file", [
    ("manifest_path", "string", 500), ("manifest_length", "long", 501), ("partition_spec_id", "int", 502),
    ("content", "int", 517), ("sequence_number", "long", 515), ("min_sequence_number", "long", 516),
    ("added_snapshot_id", "long", 503),
])


class Table:
    """`fields` as Iceberg has them; `specs` by number: the name of the identity column, or None."""

    def __init__(self, folder, fields, specs=(None,), version=2):
        self.folder, self.fields, self.specs, self.version = pathlib.Path(folder), fields, specs, version
        (self.folder / "metadata").mkdir(parents=True)
        (self.folder / "data").mkdir()
        self.manifests = []

    def path(self, name):
        return f"{self.folder}/data/{name}"

    def id(self, name):
        return next(field["id"] for field in self.fields if field["name"] == name)

    def parquet(self, name, columns):
        """`columns`: (name, field id, Arrow type, values)."""
        fields = [
            pa.field(key, kind, metadata={"PARQUET:field_id": str(number)}) for key, number, kind, _ in columns
        ]
        arrays = [pa.array(values, kind) for _, _, kind, values in columns]
        table = pa.Table.from_arrays(arrays, schema=pa.schema(fields))
        pq.write_table(table, self.path(name), row_group_size=2)
        return table.num_rows

    def data(self, name, columns, spec=0, value=None):
        """A commit of one data file: `columns` by name, as (Arrow type, values)."""
        listed = [(key, self.id(key), *column) for key, column in columns.items()]
        self._commit(name, self.parquet(name, listed), DATA, spec, value)

    def copied(self, name, source, lower_bounds):
        """A commit of a file that is there already; `lower_bounds` as bytes, by the name of the column."""
        shutil.copy(source, self.path(name))
        bounds = [{"key": self.id(key), "value": value} for key, value in lower_bounds.items()]
        self._commit(name, pq.read_metadata(source).num_rows, DATA, 0, None, bounds=bounds)

    def positions(self, name, deleted, spec=0, value=None):
        """Deletes rows: (name of the data file, position)."""
        sides = list(zip(*((self.path(file), at) for file, at in sorted(deleted))))
        columns = [(*field, list(side)) for field, side in zip(POSITION_FIELDS, sides)]
        self._commit(name, self.parquet(name, columns), POSITIONS, spec, value)

    def equality(self, name, columns, spec=0, value=None):
        """Deletes all older rows that equal one of these in these columns."""
        listed = [(key, self.id(key), *column) for key, column in columns.items()]
        ids = [number for _, number, *_ in listed]
        self._commit(name, self.parquet(name, listed), EQUALITY, spec, value, ids)

    def _commit(self, name, rows, content, spec, value, ids=None, bounds=None):
        sequence = len(self.manifests) + 1
        column, partition, tuple_ = self.specs[spec], [], {}
        if column:
            kind = next(field["type"] for field in self.fields if field["name"] == column)
            partition, tuple_ = [(column, (kind,), 1000)], {column: value}
        data = {
            "content": content, "file_path": self.path(name), "file_format": "PARQUET", "partition": tuple_,
            "record_count": rows, "file_size_in_bytes": pathlib.Path(self.path(name)).stat().st_size,
            "lower_bounds": bounds, "equality_ids": ids,
        }
        entry = {
            "status": 1, "snapshot_id": 1, "sequence_number": None, "file_sequence_number": None, "data_file": data,
        }
        path = self.folder / "metadata" / f"m{sequence}.avro"
        keys = {
            "schema": json.dumps(self.schema()), "partition-spec": json.dumps(self.spec(spec)),
            "partition-spec-id": str(spec), "format-version": "2", "content": "data" if content == DATA else "deletes",
        }
        with path.open("wb") as file:
            fastavro.writer(file, fastavro.parse_schema(entry_schema(partition)), [entry], metadata=keys)
        self.manifests.append({
            "manifest_path": str(path), "manifest_length": path.stat().st_size, "partition_spec_id": spec,
            "content": 0 if content == DATA else 1, "sequence_number": sequence, "min_sequence_number": sequence,
            "added_snapshot_id": 1,
        })

    def schema(self):
        return {"type": "struct", "schema-id": 0, "fields": self.fields}

    def spec(self, number):
        column = self.specs[number]
        if not column:
            return []
        return [{"name": column, "transform": "identity", "source-id": self.id(column), "field-id": 1000}]

    def commit(self):
        """Writes the snapshot; gives the table's folder."""
        listing = self.folder / "metadata" / "snap-1.avro"
        with listing.open("wb") as file:
            fastavro.writer(file, fastavro.parse_schema(MANIFEST_FILE), self.manifests)
        snapshot = {
            "snapshot-id": 1, "sequence-number": len(self.manifests), "timestamp-ms": 1_767_225_600_000,
            "manifest-list": str(listing), "schema-id": 0, "summary": {"operation": "append"},
        }
        whole = {
            "format-version": self.version, "table-uuid": str(uuid.UUID(int=7)), "location": str(self.folder),
            "last-sequence-number": len(self.manifests), "last-updated-ms": 1_767_225_600_000,
            "last-column-id": max(field["id"] for field in self.fields), "current-schema-id": 0,
            "schemas": [self.schema()], "default-spec-id": len(self.specs) - 1,
            "partition-specs": [{"spec-id": n, "fields": self.spec(n)} for n in range(len(self.specs))],
            "last-partition-id": 1000, "default-sort-order-id": 0,
            "sort-orders": [{"order-id": 0, "fields": []}], "properties": {}, "current-snapshot-id": 1,
            "snapshots": [snapshot], "refs": {"main": {"snapshot-id": 1, "type": "branch"}},
            "snapshot-log": [], "metadata-log": [],
        }
        if self.version >= 3:
            whole["next-row-id"] = 0
        (self.folder / "metadata" / "v1.metadata.json").write_text(json.dumps(whole))
        (self.folder / "metadata" / "version-hint.text").write_text("1")
        return self.folder
