//! The table metadata file: a lenient model of what a reader needs, for format versions 1 to 3.
//!
//! Lenient, because real tables lack what the specification asks for (`schema-id` of a snapshot, `schemas`
//! in version 1, `manifest-list` in old version 1 tables); everything that is not read may be anything.
//!
//! Specification: <https://iceberg.apache.org/spec/#table-metadata-and-snapshots>

use std::collections::HashMap;
use std::io::Read;

use flate2::read::MultiGzDecoder;
use lakegate_base::{Error, Location, Result};
use serde::Deserialize;
use serde_json::Value as Json;

use super::METADATA_BYTES_MAX;
use super::schema::{self, NameMapping, Primitive};

/// The first id of partition fields in version 1, which does not write them.
const PARTITION_FIELD_ID_FIRST: i32 = 1000;

/// A table as its metadata file has it, with all versions it knows (see `versions` for choosing one).
#[derive(Debug)]
pub struct Metadata {
    /// As written: the table may have been moved since.
    pub location: String,
    /// The table's schema today.
    pub schema: Json,
    /// All schemas; none in version 1 tables of old.
    pub schemas: Vec<Json>,
    /// Types of all columns that ever were, by field id: the latest in the file.
    pub kinds: HashMap<i32, Primitive>,
    /// Partition specs by id.
    pub specs: HashMap<i32, Vec<PartitionField>>,
    /// The id of the current snapshot. None for a table that never had data.
    pub current: Option<i128>,
    pub snapshots: Vec<Snapshot>,
    pub log: Vec<LogEntry>,
    pub references: HashMap<String, Reference>,
    pub name_mapping: Option<NameMapping>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PartitionField {
    source_id: Option<i32>,
    /// Version 3 writes this instead, for transforms of several columns.
    source_ids: Option<Vec<i32>>,
    pub field_id: Option<i32>,
    pub name: Option<String>,
    pub transform: String,
}

impl PartitionField {
    /// The column it is made of; none, where it is made of several.
    pub fn source(&self) -> Option<i32> {
        match (self.source_id, self.source_ids.as_deref()) {
            (_, Some([one])) => Some(*one),
            (_, Some([_, _, ..])) => None,
            (one, _) => one,
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Snapshot {
    /// A long in the specification, but wider in some tables: only compared and shown.
    #[serde(rename = "snapshot-id")]
    pub id: i128,
    #[serde(rename = "parent-snapshot-id")]
    pub parent: Option<i128>,
    pub timestamp_ms: Option<i64>,
    /// Which schema was the table's then.
    pub schema_id: Option<i64>,
    pub manifest_list: Option<String>,
    /// Version 1 may list manifests here instead.
    pub manifests: Option<Vec<String>>,
    pub summary: Option<HashMap<String, Json>>,
    pub key_id: Option<Json>,
}

/// From then on the snapshot was current.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LogEntry {
    pub snapshot_id: i128,
    pub timestamp_ms: i64,
}

/// A branch or tag.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Reference {
    pub snapshot_id: i128,
    #[serde(rename = "type")]
    kind: Option<String>,
}

impl Reference {
    pub fn is_tag(&self) -> bool {
        self.kind.as_deref() == Some("tag")
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct File {
    location: String,
    schema: Option<Json>,
    schemas: Option<Vec<Json>>,
    current_schema_id: Option<i64>,
    partition_spec: Option<Vec<PartitionField>>,
    partition_specs: Option<Vec<Spec>>,
    current_snapshot_id: Option<i128>,
    snapshots: Option<Vec<Snapshot>>,
    snapshot_log: Option<Vec<LogEntry>>,
    refs: Option<HashMap<String, Reference>>,
    properties: Option<HashMap<String, Json>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Spec {
    spec_id: i32,
    fields: Vec<PartitionField>,
}

/// Only the version, so that a future version is refused by name before its other fields fail to parse.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Version {
    format_version: i64,
}

/// Reads a metadata file, gzip or not. The name of the file is in every error.
pub fn parse(bytes: &[u8], location: &Location) -> Result<Metadata> {
    let unpacked;
    let json = if bytes.starts_with(&[0x1f, 0x8b]) {
        unpacked = unzip(bytes).map_err(|e| e.context(location))?;
        &unpacked
    } else {
        bytes
    };
    let parsed = serde_json::from_slice::<Version>(json)
        .map_err(damaged)
        .and_then(|version| check_version(version.format_version))
        .and_then(|()| serde_json::from_slice::<File>(json).map_err(damaged))
        .and_then(interpret);
    parsed.map_err(|e| e.context(location))
}

fn damaged(error: serde_json::Error) -> Error {
    Error::corrupt(format!("not readable as Iceberg metadata: {error}"))
        .hint("The file is damaged or half-written: restore it, or point to another metadata file.")
}

fn check_version(version: i64) -> Result<()> {
    match version {
        1..=3 => Ok(()),
        4.. => Err(Error::unsupported(format!("Iceberg format version {version}"))),
        _ => Err(Error::corrupt(format!("{version} is no Iceberg format version"))),
    }
}

fn unzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut json = Vec::new();
    let read = MultiGzDecoder::new(bytes).take(METADATA_BYTES_MAX + 1).read_to_end(&mut json);
    read.map_err(|e| Error::corrupt("the gzip file is damaged").source(e))?;
    if json.len() as u64 > METADATA_BYTES_MAX {
        let message = format!("unpacks to more than the {METADATA_BYTES_MAX} bytes allowed");
        return Err(Error::exhausted(message));
    }
    Ok(json)
}

fn interpret(file: File) -> Result<Metadata> {
    let mapping = file.properties.as_ref().and_then(|p| p.get("schema.name-mapping.default"));
    let name_mapping =
        mapping.and_then(Json::as_str).map(schema::parse_name_mapping).transpose()?;
    let schema = current_schema(&file)?.clone();
    let schemas = file.schemas.unwrap_or_default();
    let mut kinds = HashMap::new();
    schemas.iter().chain([&schema]).for_each(|schema| schema::collect_kinds(schema, &mut kinds));
    let references = file.refs.unwrap_or_default();
    let main = || references.get("main").map(|main| main.snapshot_id);
    Ok(Metadata {
        current: file.current_snapshot_id.filter(|id| *id != -1).or_else(main),
        schema,
        schemas,
        kinds,
        name_mapping,
        references,
        snapshots: file.snapshots.unwrap_or_default(),
        log: file.snapshot_log.unwrap_or_default(),
        specs: partition_specs(file.partition_specs, file.partition_spec)?,
        location: file.location,
    })
}

fn current_schema(file: &File) -> Result<&Json> {
    let schemas = file.schemas.as_deref().unwrap_or_default();
    let Some(id) = file.current_schema_id else {
        return match (&file.schema, schemas) {
            (Some(schema), _) | (None, [schema]) => Ok(schema),
            _ => Err(Error::corrupt("the metadata does not say which schema is current")),
        };
    };
    let has_id = |schema: &&Json| schema.get("schema-id").and_then(Json::as_i64) == Some(id);
    let found = schemas.iter().find(has_id);
    // Version 1 writers that know schema ids still write the current schema here too.
    let found = found.or_else(|| file.schema.as_ref().filter(|_| schemas.is_empty()));
    found.ok_or_else(|| {
        Error::corrupt(format!("the metadata has no schema with the current id {id}"))
    })
}

fn partition_specs(
    specs: Option<Vec<Spec>>,
    only: Option<Vec<PartitionField>>,
) -> Result<HashMap<i32, Vec<PartitionField>>> {
    let specs = specs.unwrap_or_else(|| {
        only.map(|fields| vec![Spec { spec_id: 0, fields }]).unwrap_or_default()
    });
    let mut by_id = HashMap::new();
    for mut spec in specs {
        for (id, field) in (PARTITION_FIELD_ID_FIRST..).zip(&mut spec.fields) {
            field.field_id.get_or_insert(id);
        }
        if by_id.insert(spec.spec_id, spec.fields).is_some() {
            return Err(Error::corrupt(format!("partition spec {} is there twice", spec.spec_id)));
        }
    }
    Ok(by_id)
}
