//! Manifest lists and manifests: which files a snapshot has.
//!
//! Fields are found by their ids. The partition spec comes from the table's metadata, because the copy in
//! the manifest (and its `schema` key) is missing in real tables.
//!
//! Specification: <https://iceberg.apache.org/spec/#manifests>

use lakegate_base::{Error, Location, Result};

use super::avro::{Container, Fields, Keep, Value};

const MANIFEST_PATH: Keep = Keep::all(500, "manifest_path");
const SPEC_ID: Keep = Keep::all(502, "partition_spec_id");
const ADDED_FILES: Keep = Keep::all(504, "added_files_count");
const EXISTING_FILES: Keep = Keep::all(505, "existing_files_count");
const DELETED_FILES: Keep = Keep::all(506, "deleted_files_count");
const LIST_SEQUENCE: Keep = Keep::all(515, "sequence_number");
const LIST_KEY: Keep = Keep::all(519, "key_metadata");
const LIST: &[Keep] =
    &[MANIFEST_PATH, SPEC_ID, ADDED_FILES, EXISTING_FILES, DELETED_FILES, LIST_SEQUENCE, LIST_KEY];

const STATUS: Keep = Keep::all(0, "status");
const SEQUENCE: Keep = Keep::all(3, "sequence_number");
const DATA_FILE: Keep = Keep { id: 2, name: "data_file", inner: FILE };
const CONTENT: Keep = Keep::all(134, "content");
const FILE_PATH: Keep = Keep::all(100, "file_path");
const FILE_FORMAT: Keep = Keep::all(101, "file_format");
const PARTITION: Keep = Keep::all(102, "partition");
const RECORD_COUNT: Keep = Keep::all(103, "record_count");
const FILE_SIZE: Keep = Keep::all(104, "file_size_in_bytes");
const NULL_COUNTS: Keep = Keep::all(110, "null_value_counts");
const NAN_COUNTS: Keep = Keep::all(137, "nan_value_counts");
const LOWER_BOUNDS: Keep = Keep::all(125, "lower_bounds");
const UPPER_BOUNDS: Keep = Keep::all(128, "upper_bounds");
const FILE_KEY: Keep = Keep::all(131, "key_metadata");
const EQUALITY_IDS: Keep = Keep::all(135, "equality_ids");
const REFERENCED: Keep = Keep::all(143, "referenced_data_file");
const CONTENT_OFFSET: Keep = Keep::all(144, "content_offset");
const CONTENT_BYTES: Keep = Keep::all(145, "content_size_in_bytes");
const FILE: &[Keep] = &[
    CONTENT,
    FILE_PATH,
    FILE_FORMAT,
    PARTITION,
    RECORD_COUNT,
    FILE_SIZE,
    NULL_COUNTS,
    NAN_COUNTS,
    LOWER_BOUNDS,
    UPPER_BOUNDS,
    FILE_KEY,
    EQUALITY_IDS,
    REFERENCED,
    CONTENT_OFFSET,
    CONTENT_BYTES,
];
const ENTRY: &[Keep] = &[STATUS, SEQUENCE, DATA_FILE];

const EXISTING: i64 = 0;
const ADDED: i64 = 1;
const DELETED: i64 = 2;

/// Manifests of one snapshot.
const MANIFESTS_MAX: usize = 100_000;

/// A manifest, as the manifest list has it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ManifestFile {
    /// As written.
    pub path: String,
    pub spec_id: Option<i32>,
    /// Entries of the manifest, deleted ones included, where the list counts them.
    pub entries: Option<i64>,
    /// What its added files inherit; 0 in version 1, which has none.
    pub sequence: i64,
}

/// A file of the snapshot, borrowed from its manifest.
pub struct Entry<'a> {
    pub content: Content,
    /// As written.
    pub path: &'a str,
    pub size_bytes: u64,
    pub rows: Option<u64>,
    /// The data sequence number. None where the writer lost it: only deletes need it.
    pub sequence: Option<i64>,
    pub partition: Option<&'a Fields<'a>>,
    pub null_counts: &'a Value<'a>,
    pub nan_counts: &'a Value<'a>,
    pub lower_bounds: &'a Value<'a>,
    pub upper_bounds: &'a Value<'a>,
    /// Of delete files only.
    pub equality_ids: &'a Value<'a>,
    /// The one data file that these deletes are for, as written.
    pub referenced: Option<&'a str>,
    pub content_offset: Option<u64>,
    pub content_bytes: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Content {
    Data,
    PositionDeletes,
    DeletionVector,
    EqualityDeletes,
}

/// The manifests of a manifest list.
pub fn read_list(location: &Location, bytes: &[u8]) -> Result<Vec<ManifestFile>> {
    let mut manifests = Vec::new();
    Container::open(location, bytes, LIST)?.for_each(|fields| {
        if manifests.len() == MANIFESTS_MAX {
            let message = format!("{location}: more than {MANIFESTS_MAX} manifests");
            return Err(
                Error::exhausted(message).hint("Merge them with the writer's rewrite_manifests.")
            );
        }
        let path = fields.get(&MANIFEST_PATH).as_str();
        let path = path.ok_or_else(|| corrupt(location, "a manifest has no path"))?;
        refuse_encrypted(fields.get(&LIST_KEY)).map_err(|e| e.context(location))?;
        let spec_id = fields.get(&SPEC_ID).as_long().and_then(|id| i32::try_from(id).ok());
        let counts = [ADDED_FILES, EXISTING_FILES, DELETED_FILES];
        let counts: Option<Vec<i64>> =
            counts.iter().map(|count| fields.get(count).as_long()).collect();
        let entries = counts.map(|counts| counts.iter().copied().fold(0, i64::saturating_add));
        let sequence = fields.get(&LIST_SEQUENCE).as_long().unwrap_or(0);
        manifests.push(ManifestFile { path: path.to_string(), spec_id, entries, sequence });
        Ok(())
    })?;
    Ok(manifests)
}

/// Calls `visit` with the partition spec's id, for every file that is live in a manifest.
pub fn for_each_live(
    manifest: &ManifestFile,
    location: &Location,
    bytes: &[u8],
    mut visit: impl FnMut(i32, &Entry) -> Result<()>,
) -> Result<()> {
    let container = Container::open(location, bytes, ENTRY)?;
    let own_spec_id = || {
        let text = std::str::from_utf8(container.metadata("partition-spec-id")?).ok()?;
        text.trim().parse().ok()
    };
    let spec_id = manifest.spec_id.or_else(own_spec_id).unwrap_or(0);
    let mut entries = 0;
    container.for_each(|fields| {
        entries += 1;
        let status = match fields.get(&STATUS).as_long() {
            Some(status @ (EXISTING | ADDED)) => status,
            Some(DELETED) => return Ok(()),
            _ => return Err(corrupt(location, "an entry has no valid status")),
        };
        let own = fields.get(&SEQUENCE).as_long();
        // An existing file is older than its manifest: the manifest's number would hide deletes from it.
        let inherits = status == ADDED || manifest.sequence == 0;
        let sequence = own.or(inherits.then_some(manifest.sequence));
        let file = fields.get(&DATA_FILE).as_record();
        let file = file.ok_or_else(|| corrupt(location, "an entry has no file"))?;
        visit(spec_id, &entry(location, file, sequence)?)
    })?;
    // A file that was cut at the end of a block looks whole.
    if manifest.entries.is_some_and(|expected| expected > entries) {
        let expected = manifest.entries.unwrap_or_default();
        return Err(corrupt(
            location,
            &format!("it has {entries} entries, but its manifest list counts {expected}"),
        ));
    }
    Ok(())
}

fn entry<'a>(
    location: &Location,
    file: &'a Fields<'a>,
    sequence: Option<i64>,
) -> Result<Entry<'a>> {
    let missing = |what: &str| corrupt(location, &format!("a file has no {what}"));
    let path = file.get(&FILE_PATH).as_str().ok_or_else(|| missing("path"))?;
    refuse_encrypted(file.get(&FILE_KEY)).map_err(|e| e.context(location))?;
    let format = file.get(&FILE_FORMAT).as_str().ok_or_else(|| missing("format"))?;
    let content = content(file.get(&CONTENT).as_long().unwrap_or(0), format)
        .map_err(|e| e.context(location))?;
    let number = |keep: &Keep| file.get(keep).as_long().and_then(|size| u64::try_from(size).ok());
    let rows = match file.get(&RECORD_COUNT).as_long() {
        Some(rows) => Some(u64::try_from(rows).map_err(|_| missing("valid record count"))?),
        None => None,
    };
    Ok(Entry {
        content,
        path,
        size_bytes: number(&FILE_SIZE).ok_or_else(|| missing("valid size"))?,
        rows,
        sequence,
        partition: file.get(&PARTITION).as_record(),
        null_counts: file.get(&NULL_COUNTS),
        nan_counts: file.get(&NAN_COUNTS),
        lower_bounds: file.get(&LOWER_BOUNDS),
        upper_bounds: file.get(&UPPER_BOUNDS),
        equality_ids: file.get(&EQUALITY_IDS),
        referenced: file.get(&REFERENCED).as_str(),
        content_offset: number(&CONTENT_OFFSET),
        content_bytes: number(&CONTENT_BYTES),
    })
}

/// What a file holds. Data and deletes are read from Parquet only, and vectors from Puffin.
fn content(content: i64, format: &str) -> Result<Content> {
    match (content, format.to_ascii_lowercase().as_str()) {
        (0, "parquet") => Ok(Content::Data),
        (0, "orc") => Err(Error::unsupported("ORC data files in Iceberg")),
        (0, "avro") => Err(Error::unsupported("Avro data files in Iceberg")),
        (0, other) => Err(Error::unsupported(format!("\"{other}\" data files in Iceberg"))),
        (1, "puffin") => Ok(Content::DeletionVector),
        (1, "parquet") => Ok(Content::PositionDeletes),
        (2, "parquet") => Ok(Content::EqualityDeletes),
        (1 | 2, other) => Err(Error::unsupported(format!(
            "delete files in {} in Iceberg",
            other.to_ascii_uppercase()
        ))),
        _ => Err(Error::corrupt(format!("{content} is no content of an Iceberg file"))),
    }
}

fn refuse_encrypted(key: &Value) -> Result<()> {
    if key.as_bytes().is_some_and(|key| !key.is_empty()) {
        return Err(Error::unsupported("encrypted Iceberg tables"));
    }
    Ok(())
}

fn corrupt(location: &Location, what: &str) -> Error {
    Error::corrupt(format!("{location}: {what}"))
        .hint("The file is damaged: restore it, or point to another snapshot.")
}
