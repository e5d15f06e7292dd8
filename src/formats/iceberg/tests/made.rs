//! Makes small Iceberg tables: Parquet, Avro and JSON files, written as the specification has them.

use std::fs;
use std::path::Path;

use arrow::array::{Int64Array, StringArray};
use arrow::datatypes::Field;
use parquet::arrow::ArrowWriter;
use roaring::RoaringTreemap;
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use super::*;

/// An Avro value; nullable ones stand in a union of null and their type.
pub enum Avro {
    Int(i32),
    Long(i64),
    Text(String),
    Bytes(Vec<u8>),
    Maybe(Option<Box<Avro>>),
    Record(Vec<Avro>),
    Array(Vec<Avro>),
}

fn maybe(value: Option<Avro>) -> Avro {
    Avro::Maybe(value.map(Box::new))
}

impl Avro {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Int(value) => long(out, i64::from(*value)),
            Self::Long(value) => long(out, *value),
            Self::Text(text) => Self::Bytes(text.as_bytes().to_vec()).encode(out),
            Self::Bytes(bytes) => {
                long(out, i64::try_from(bytes.len()).expect("small"));
                out.extend(bytes);
            }
            Self::Maybe(None) => long(out, 0),
            Self::Maybe(Some(value)) => {
                long(out, 1);
                value.encode(out);
            }
            Self::Record(fields) => fields.iter().for_each(|field| field.encode(out)),
            Self::Array(items) => {
                if !items.is_empty() {
                    long(out, i64::try_from(items.len()).expect("small"));
                    items.iter().for_each(|item| item.encode(out));
                }
                long(out, 0);
            }
        }
    }
}

fn long(out: &mut Vec<u8>, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)).cast_unsigned();
    while rest > 0x7f {
        out.push(u8::try_from(rest & 0x7f).expect("seven bits") | 0x80);
        rest >>= 7;
    }
    out.push(u8::try_from(rest).expect("seven bits"));
}

/// A container file of records.
pub fn container(schema: &Json, records: &[Avro]) -> Vec<u8> {
    let mut out = b"Obj\x01".to_vec();
    long(&mut out, 1);
    Avro::Text("avro.schema".to_string()).encode(&mut out);
    Avro::Text(schema.to_string()).encode(&mut out);
    out.push(0);
    let sync = [9; 16];
    out.extend(sync);
    let mut block = Vec::new();
    records.iter().for_each(|record| record.encode(&mut block));
    long(&mut out, i64::try_from(records.len()).expect("small"));
    Avro::Bytes(block).encode(&mut out);
    out.extend(sync);
    out
}

fn field(id: i32, name: &str, kind: Json) -> Json {
    json!({"name": name, "field-id": id, "type": kind})
}

fn optional(id: i32, name: &str, kind: Json) -> Json {
    field(id, name, json!(["null", kind]))
}

fn bounds(id: i32, name: &str) -> Json {
    let entry = [field(id + 1, "key", json!("int")), field(id + 2, "value", json!("bytes"))];
    let entry = json!({"type": "record", "name": format!("e{id}"), "fields": entry});
    optional(id, name, json!({"type": "array", "items": entry}))
}

/// Field id, lower and upper bound.
type Bounds = (i32, Vec<u8>, Vec<u8>);

/// A live file, as a manifest has it.
#[derive(Clone, Default)]
pub struct File {
    pub content: i32,
    pub path: String,
    pub format: &'static str,
    /// Of the partition field, if the table has one.
    pub partition: Option<i32>,
    pub rows: i64,
    pub bytes: i64,
    /// 0 is existing, 1 is added.
    pub status: i32,
    pub sequence: Option<i64>,
    /// Field id, lower, upper.
    pub bounds: Option<Bounds>,
    pub equality_ids: Option<Vec<i32>>,
    pub referenced: Option<String>,
    pub offset: Option<i64>,
    pub length: Option<i64>,
}

impl File {
    fn avro(&self, is_partitioned: bool) -> Avro {
        let text = |text: &str| Avro::Text(text.to_string());
        let partition = is_partitioned.then(|| maybe(self.partition.map(Avro::Int)));
        let bound = |pick: fn(&Bounds) -> &Vec<u8>| {
            maybe(self.bounds.as_ref().map(|bounds| {
                let value = Avro::Bytes(pick(bounds).clone());
                Avro::Array(vec![Avro::Record(vec![Avro::Int(bounds.0), value])])
            }))
        };
        let ids = self.equality_ids.as_ref();
        let ids = ids.map(|ids| Avro::Array(ids.iter().copied().map(Avro::Int).collect()));
        let nulls = self.bounds.as_ref().map(|bounds| {
            Avro::Array(vec![Avro::Record(vec![Avro::Int(bounds.0), Avro::Long(0)])])
        });
        let data_file = Avro::Record(vec![
            Avro::Int(self.content),
            text(&self.path),
            text(self.format),
            Avro::Record(partition.into_iter().collect()),
            Avro::Long(self.rows),
            Avro::Long(self.bytes),
            maybe(nulls),
            bound(|bounds| &bounds.1),
            bound(|bounds| &bounds.2),
            maybe(ids),
            maybe(self.referenced.as_deref().map(text)),
            maybe(self.offset.map(Avro::Long)),
            maybe(self.length.map(Avro::Long)),
        ]);
        Avro::Record(vec![Avro::Int(self.status), maybe(self.sequence.map(Avro::Long)), data_file])
    }
}

fn manifest_schema(is_partitioned: bool) -> Json {
    let partition = is_partitioned.then(|| optional(1000, "p", json!("int")));
    let partition: Vec<Json> = partition.into_iter().collect();
    let count = [field(121, "key", json!("int")), field(122, "value", json!("long"))];
    let count = json!({"type": "record", "name": "n", "fields": count});
    let fields = [
        field(134, "content", json!("int")),
        field(100, "file_path", json!("string")),
        field(101, "file_format", json!("string")),
        field(102, "partition", json!({"type": "record", "name": "r102", "fields": partition})),
        field(103, "record_count", json!("long")),
        field(104, "file_size_in_bytes", json!("long")),
        optional(110, "null_value_counts", json!({"type": "array", "items": count})),
        bounds(125, "lower_bounds"),
        bounds(128, "upper_bounds"),
        optional(135, "equality_ids", json!({"type": "array", "items": "int"})),
        optional(143, "referenced_data_file", json!("string")),
        optional(144, "content_offset", json!("long")),
        optional(145, "content_size_in_bytes", json!("long")),
    ];
    let data_file = json!({"type": "record", "name": "r2", "fields": fields});
    json!({"type": "record", "name": "manifest_entry", "fields": [
        field(0, "status", json!("int")),
        optional(3, "sequence_number", json!("long")),
        field(2, "data_file", data_file),
    ]})
}

pub fn manifest_of(files: &[File], is_partitioned: bool) -> Vec<u8> {
    let entries: Vec<Avro> = files.iter().map(|file| file.avro(is_partitioned)).collect();
    container(&manifest_schema(is_partitioned), &entries)
}

fn list_schema() -> Json {
    json!({"type": "record", "name": "manifest_file", "fields": [
        field(500, "manifest_path", json!("string")),
        field(502, "partition_spec_id", json!("int")),
        field(515, "sequence_number", json!("long")),
    ]})
}

/// A table in a directory of its own: columns `id` (1, long) and `name` (2, string).
pub struct Made {
    pub folder: TempDir,
    /// Manifests of the next snapshot: path, spec, sequence number.
    manifests: Vec<(String, i32, i64)>,
    /// How many were ever made.
    made: usize,
    /// The partition field of each spec, as (transform, source id).
    pub specs: Vec<Option<(&'static str, i32)>>,
    pub schema: Json,
    version: u32,
}

impl Made {
    pub fn new(specs: &[Option<(&'static str, i32)>]) -> Self {
        let folder = TempDir::new().expect("a folder");
        fs::create_dir(folder.path().join("metadata")).expect("made");
        let schema = json!([
            {"id": 1, "name": "id", "required": false, "type": "long"},
            {"id": 2, "name": "name", "required": false, "type": "string"},
        ]);
        Self { folder, manifests: Vec::new(), made: 0, specs: specs.to_vec(), schema, version: 0 }
    }

    pub fn path(&self, name: &str) -> String {
        format!("file://{}/{name}", self.folder.path().display())
    }

    pub fn stores(&self) -> Stores {
        stores(self.folder.path())
    }

    pub fn source(&self) -> TableSource {
        TableSource {
            location: Location::local(self.folder.path()).expect("a location"),
            format: TableFormat::Iceberg,
            schema: None,
            partition_keys: Vec::new(),
            metadata_location: None,
        }
    }

    /// A data file of rows whose ids are 0, 1, …
    pub fn data(&self, name: &str, rows: i64) -> File {
        let ids = Int64Array::from_iter_values(0..rows);
        let names = StringArray::from_iter_values((0..rows).map(|row| format!("n{row}")));
        let columns: [(&str, i32, ArrayRef); 2] =
            [("id", 1, Arc::new(ids)), ("name", 2, Arc::new(names))];
        self.parquet(name, &columns, 0)
    }

    /// A file of positions.
    pub fn positions(&self, name: &str, rows: &[(&str, i64)]) -> File {
        let paths = StringArray::from_iter_values(rows.iter().map(|row| self.path(row.0)));
        let positions = Int64Array::from_iter_values(rows.iter().map(|row| row.1));
        let columns: [(&str, i32, ArrayRef); 2] = [
            ("file_path", i32::MAX - 101, Arc::new(paths)),
            ("pos", i32::MAX - 102, Arc::new(positions)),
        ];
        self.parquet(name, &columns, 1)
    }

    /// A file of ids.
    pub fn keys(&self, name: &str, ids: &[i64]) -> File {
        let ids: ArrayRef = Arc::new(Int64Array::from(ids.to_vec()));
        File { equality_ids: Some(vec![1]), ..self.parquet(name, &[("id", 1, ids)], 2) }
    }

    pub fn parquet(&self, name: &str, columns: &[(&str, i32, ArrayRef)], content: i32) -> File {
        let field = |(name, id, array): &(&str, i32, ArrayRef)| {
            let id = [(FIELD_ID.to_string(), id.to_string())].into();
            Field::new(*name, array.data_type().clone(), true).with_metadata(id)
        };
        let schema = Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()));
        let arrays = columns.iter().map(|column| Arc::clone(&column.2)).collect();
        let batch = RecordBatch::try_new(Arc::clone(&schema), arrays).expect("fits");
        let mut bytes = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut bytes, schema, None).expect("a writer");
        writer.write(&batch).expect("written");
        writer.close().expect("closed");
        fs::write(self.folder.path().join(name), &bytes).expect("written");
        File {
            content,
            path: self.path(name),
            format: "PARQUET",
            rows: i64::try_from(batch.num_rows()).expect("few"),
            bytes: i64::try_from(bytes.len()).expect("few"),
            status: 1,
            ..File::default()
        }
    }

    /// A vector in a file with some bytes in front.
    pub fn vector(&self, name: &str, of: &str, rows: &[u64]) -> File {
        let bitmap: RoaringTreemap = rows.iter().copied().collect();
        let mut vector = vec![0xD1, 0xD3, 0x39, 0x64];
        bitmap.serialize_into(&mut vector).expect("a Vec takes all");
        let mut crc = flate2::Crc::new();
        crc.update(&vector);
        let length = u32::try_from(vector.len()).expect("small").to_be_bytes();
        let blob = [&length[..], &vector, &crc.sum().to_be_bytes()].concat();
        fs::write(self.folder.path().join(name), [b"PFA1", &blob[..]].concat()).expect("written");
        let count = |count: usize| i64::try_from(count).expect("few");
        File {
            content: 1,
            path: self.path(name),
            format: "puffin",
            rows: count(rows.len()),
            bytes: count(blob.len() + 4),
            status: 1,
            referenced: Some(self.path(of)),
            offset: Some(4),
            length: Some(count(blob.len())),
            ..File::default()
        }
    }

    /// Adds a manifest to the next snapshot.
    pub fn manifest(&mut self, spec: usize, sequence: i64, files: &[File]) {
        let path = format!("metadata/m{}.avro", self.made);
        self.made += 1;
        let bytes = manifest_of(files, self.specs[spec].is_some());
        fs::write(self.folder.path().join(&path), bytes).expect("written");
        self.manifests.push((self.path(&path), i32::try_from(spec).expect("few"), sequence));
    }

    /// The next snapshot lacks this manifest.
    pub fn drop_manifest(&mut self, at: usize) {
        self.manifests.remove(at);
    }

    /// Writes a snapshot of all manifests so far, and the metadata file that makes it current.
    pub fn commit(&mut self) {
        self.version += 1;
        let list = format!("metadata/snap-{}.avro", self.version);
        let row = |(path, spec, sequence): &(String, i32, i64)| {
            Avro::Record(vec![Avro::Text(path.clone()), Avro::Int(*spec), Avro::Long(*sequence)])
        };
        let rows: Vec<Avro> = self.manifests.iter().map(row).collect();
        write(self.folder.path(), &list, &container(&list_schema(), &rows));
        let spec = |(id, field): (usize, &Option<(&str, i32)>)| {
            let field = field.map(|(transform, source)| {
                json!({"name": "p", "field-id": 1000, "source-id": source, "transform": transform})
            });
            json!({"spec-id": id, "fields": Vec::from_iter(field)})
        };
        let specs: Vec<Json> = self.specs.iter().enumerate().map(spec).collect();
        let metadata = json!({
            "format-version": 3,
            "location": self.path("").trim_end_matches('/'),
            "current-schema-id": 0,
            "schemas": [{"type": "struct", "schema-id": 0, "fields": self.schema}],
            "partition-specs": specs,
            "current-snapshot-id": self.version,
            "snapshots": [{"snapshot-id": self.version, "manifest-list": self.path(&list)}],
        });
        let name = format!("metadata/v{}.metadata.json", self.version);
        write(self.folder.path(), &name, metadata.to_string().as_bytes());
    }
}

fn write(folder: &Path, name: &str, bytes: &[u8]) {
    fs::write(folder.join(name), bytes).expect("written");
}
