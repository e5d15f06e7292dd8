//! The commit: one JSON file that must not exist yet. Whoever creates it has the version.
//!
//! A reply can get lost after the file was created, so after every failure the log is asked "did mine
//! land?" by the id in `commitInfo`, before anything is tried again or given up.

use std::time::Duration;

use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use chrono::Utc;
use delta_kernel::table_features::{ColumnMappingMode, TableFeature};
use lakegate_base::{Error, ErrorKind, Location, Result, Subject};
use lakegate_store::{Stores, WriteMode};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::data::DataFile;
use super::kernel::TableEngine;
use super::{casting, error, kernel, log};

/// Commits of others we make way for.
const CONFLICTS_MAX: usize = 8;
/// Times one version is tried while its outcome is not known.
const TRIES_MAX: u32 = 4;
const PAUSE: Duration = Duration::from_millis(200);
const COMMIT_BYTES_MAX: u64 = 1 << 30;

/// Writer features an overwrite keeps right without doing anything for them. `appendOnly` is checked by
/// its property, invariants by the schema.
const WRITER_FEATURES: [TableFeature; 6] = [
    TableFeature::AppendOnly,
    TableFeature::Invariants,
    TableFeature::TimestampWithoutTimezone,
    TableFeature::DeletionVectors,
    TableFeature::V2Checkpoint,
    TableFeature::VacuumProtocolCheck,
];

/// What one overwrite wants to say, whatever version it becomes.
pub(super) struct Commit {
    id: String,
    schema: Value,
    description: Option<String>,
    timestamp_ntz: bool,
    pub files: Vec<DataFile>,
}

impl Commit {
    pub(super) fn new(
        schema: &SchemaRef,
        description: Option<String>,
        files: Vec<DataFile>,
    ) -> Self {
        Self {
            id: Uuid::new_v4().to_string(),
            schema: casting::schema_json(schema.fields()),
            description,
            timestamp_ntz: casting::has_timestamp_ntz(schema.fields()),
            files,
        }
    }
}

pub(super) enum Outcome {
    Landed(u64),
    /// Surely not in the table's history.
    Refused(Error),
    /// Neither known to have landed nor known to have failed.
    Unknown(Error),
}

/// The table as it stands.
#[derive(Default)]
pub(super) struct Before {
    /// None: there is no table yet.
    version: Option<u64>,
    /// The `metaData` action.
    metadata: Map<String, Value>,
    protocol: Protocol,
    removes: Vec<Value>,
}

#[derive(Default)]
struct Protocol {
    writer: i32,
    reader_features: Vec<String>,
    writer_features: Vec<String>,
}

impl Before {
    pub(super) async fn read(stores: &Stores, location: &Location) -> Result<Self> {
        let place = location.clone();
        let read = kernel::run(stores, location, move |engine| read_table(engine, &place)).await;
        match read {
            Err(e) if e.is_not_found() && e.subject() == Subject::Table => Ok(Self::default()),
            other => other,
        }
    }
}

fn read_table(engine: &TableEngine, location: &Location) -> Result<Before> {
    let snapshot = log::snapshot(engine, location, None)?;
    let refuse =
        |what: &str| Err(error::unsupported(location, format!("overwriting a table with {what}")));
    let configuration = snapshot.table_configuration();
    let (protocol, metadata) = (configuration.protocol(), configuration.metadata());
    let features = protocol.writer_features().unwrap_or_default();
    if let Some(feature) = features.iter().find(|feature| !WRITER_FEATURES.contains(feature)) {
        return refuse(&format!("table feature \"{feature}\""));
    }
    if !matches!(protocol.min_writer_version(), 1 | 2 | 7) {
        return refuse(&format!("writer version {}", protocol.min_writer_version()));
    }
    if log::mapping(&snapshot) != ColumnMappingMode::None {
        return refuse("column mapping");
    }
    if metadata
        .configuration()
        .get("delta.appendOnly")
        .is_some_and(|v| v.eq_ignore_ascii_case("true"))
    {
        return refuse("delta.appendOnly");
    }
    if metadata.schema_string().contains("\"delta.invariants\"") {
        return refuse("column invariants");
    }
    let names = |features: Option<&[TableFeature]>| {
        features.unwrap_or_default().iter().map(ToString::to_string).collect()
    };
    let protocol = Protocol {
        writer: protocol.min_writer_version(),
        reader_features: names(protocol.reader_features()),
        writer_features: names(protocol.writer_features()),
    };
    let mut action = Map::new();
    action.insert("id".into(), json!(metadata.id()));
    action.insert("name".into(), json!(metadata.name()));
    action.insert("description".into(), json!(metadata.description()));
    action.insert("schemaString".into(), json!(metadata.schema_string()));
    action.insert("partitionColumns".into(), json!(metadata.partition_columns()));
    action.insert("configuration".into(), json!(metadata.configuration()));
    action.insert("createdTime".into(), json!(metadata.created_time()));
    let version = Some(snapshot.version());
    let mut removes = Vec::new();
    log::replay(engine, location, snapshot, |file| {
        removes.push(remove(&file));
        Ok(())
    })?;
    Ok(Before { version, metadata: action, protocol, removes })
}

/// Without its time, which is the commit's.
fn remove(file: &log::LogFile<'_>) -> Value {
    let mut remove = json!({
        "path": file.path,
        "dataChange": true,
        "extendedFileMetadata": true,
        "partitionValues": file.partitions.to_json(),
        "size": file.size.unwrap_or_default(),
    });
    if let Some(vector) = &file.deletes {
        remove["deletionVector"] = json!(vector);
    }
    remove
}

/// Commits on top of `before`, or of what others commit meanwhile.
pub(super) async fn run(
    stores: &Stores,
    location: &Location,
    commit: &Commit,
    mut before: Before,
) -> Outcome {
    for _ in 0..CONFLICTS_MAX {
        let version = before.version.map_or(0, |version| version + 1);
        let place = match location.join(&format!("_delta_log/{version:020}.json")) {
            Ok(place) => place,
            Err(error) => return Outcome::Refused(error),
        };
        match put(stores, &place, lines(commit, &before), &commit.id).await {
            Put::Landed => return Outcome::Landed(version),
            Put::Taken => {}
            Put::Refused(error) => return Outcome::Refused(error),
            Put::Unknown(error) => return Outcome::Unknown(unknown(location, version, error)),
        }
        before = match Before::read(stores, location).await {
            Ok(before) => before,
            Err(error) => return Outcome::Refused(error),
        };
    }
    let text =
        format!("Delta table {location} was changed by others {CONFLICTS_MAX} times in a row");
    Outcome::Refused(
        Error::new(ErrorKind::Conflict, text).about(Subject::Table).hint("Try again later."),
    )
}

fn unknown(location: &Location, version: u64, error: Error) -> Error {
    let text =
        format!("whether version {version} of Delta table {location} was written is not known");
    Error::unavailable(text)
        .about(Subject::Table)
        .hint("When its storage answers again, read the table before writing it again.")
        .source(error)
}

#[derive(Debug)]
enum Put {
    Landed,
    /// The version is someone else's.
    Taken,
    Refused(Error),
    Unknown(Error),
}

async fn put(stores: &Stores, place: &Location, bytes: Bytes, id: &str) -> Put {
    let mut last = Error::unavailable("not tried");
    for attempt in 0..TRIES_MAX {
        tokio::time::sleep(PAUSE * attempt).await;
        let Err(error) = stores.write(place, bytes.clone(), WriteMode::Create).await else {
            return Put::Landed;
        };
        let found = stores.read(place, COMMIT_BYTES_MAX).await;
        let first = attempt == 0;
        match judge(error, found, id, first) {
            Ok(put) => return put,
            Err(again) => last = again,
        }
    }
    Put::Unknown(last)
}

/// What a failed write means, given what is found in its place afterwards. `Err`: nobody knows, try again;
/// the version is only created once, so trying again is safe.
fn judge(error: Error, found: Result<Bytes>, id: &str, first: bool) -> Result<Put> {
    match found {
        Ok(found) if is_mine(&found, id) => Ok(Put::Landed),
        Ok(_) => Ok(Put::Taken),
        // Refused at the first try, and nothing there: it never happened. Later, an earlier try may be late.
        Err(read) if first && read.is_not_found() && is_final(&error) => Ok(Put::Refused(error)),
        Err(_) => Err(error),
    }
}

fn is_final(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Denied | ErrorKind::Unsupported | ErrorKind::InvalidInput)
        || (error.kind() == ErrorKind::Exhausted && error.subject() == Subject::Disk)
}

fn is_mine(commit: &[u8], id: &str) -> bool {
    let first = commit.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let info = serde_json::from_slice::<Value>(first).unwrap_or_default();
    info["commitInfo"]["txnId"] == id
}

/// The commit file: one action a line.
fn lines(commit: &Commit, before: &Before) -> Bytes {
    let now = Utc::now().timestamp_millis();
    let mut text = String::new();
    let mut action = |name: &str, value: Value| {
        text.push_str(&json!({ name: value }).to_string());
        text.push('\n');
    };
    action("commitInfo", commit_info(commit, before, now));
    if let Some(protocol) = protocol(commit, before) {
        action("protocol", protocol);
    }
    if let Some(metadata) = metadata(commit, before, now) {
        action("metaData", metadata);
    }
    for remove in &before.removes {
        let mut remove = remove.clone();
        remove["deletionTimestamp"] = json!(now);
        action("remove", remove);
    }
    for file in &commit.files {
        action(
            "add",
            json!({
                "path": file.name,
                "partitionValues": {},
                "size": file.bytes,
                "modificationTime": now,
                "dataChange": true,
                "stats": file.stats,
            }),
        );
    }
    Bytes::from(text)
}

fn commit_info(commit: &Commit, before: &Before, now: i64) -> Value {
    let sum = |value: fn(&DataFile) -> u64| commit.files.iter().map(value).sum::<u64>().to_string();
    let mut info = json!({
        "timestamp": now,
        "operation": "WRITE",
        "operationParameters": { "mode": "Overwrite", "partitionBy": "[]" },
        "isBlindAppend": false,
        "operationMetrics": {
            "numFiles": commit.files.len().to_string(),
            "numOutputRows": sum(|file| file.rows),
            "numOutputBytes": sum(|file| file.bytes),
        },
        "engineInfo": concat!("Lakegate/", env!("CARGO_PKG_VERSION")),
        "txnId": commit.id,
    });
    if let Some(version) = before.version {
        info["readVersion"] = json!(version);
    }
    info
}

/// Only when the table is new or needs a feature it does not have yet.
fn protocol(commit: &Commit, before: &Before) -> Option<Value> {
    const NTZ: &str = "timestampNtz";
    let old = &before.protocol;
    let has_ntz = old.reader_features.iter().any(|feature| feature == NTZ);
    if !commit.timestamp_ntz || has_ntz {
        return before
            .version
            .is_none()
            .then(|| json!({ "minReaderVersion": 1, "minWriterVersion": 2 }));
    }
    let mut reader = old.reader_features.clone();
    let mut writer = old.writer_features.clone();
    if old.writer < 7 {
        writer.extend(["appendOnly", "invariants"].map(String::from));
    }
    reader.push(NTZ.to_string());
    writer.push(NTZ.to_string());
    Some(json!({
        "minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": reader, "writerFeatures": writer,
    }))
}

/// Only when the table is new or its columns or description change.
fn metadata(commit: &Commit, before: &Before, now: i64) -> Option<Value> {
    let schema = commit.schema.to_string();
    if before.version.is_none() {
        return Some(json!({
            "id": Uuid::new_v4().to_string(),
            "description": commit.description,
            "format": { "provider": "parquet", "options": {} },
            "schemaString": schema,
            "partitionColumns": [],
            "configuration": {},
            "createdTime": now,
        }));
    }
    let mut action = before.metadata.clone();
    let old = action.get("schemaString").and_then(Value::as_str).unwrap_or_default();
    let same_schema = serde_json::from_str::<Value>(old).is_ok_and(|old| old == commit.schema);
    let same_description = commit.description.is_none()
        || action.get("description") == Some(&json!(commit.description));
    let unpartitioned = action.get("partitionColumns") == Some(&json!([]));
    if same_schema && same_description && unpartitioned {
        return None;
    }
    action.insert("format".into(), json!({ "provider": "parquet", "options": {} }));
    action.insert("schemaString".into(), json!(schema));
    action.insert("partitionColumns".into(), json!([]));
    if commit.description.is_some() {
        action.insert("description".into(), json!(commit.description));
    }
    action.retain(|_, value| !value.is_null());
    Some(Value::Object(action))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(id: &str) -> Result<Bytes> {
        let info = json!({ "commitInfo": { "txnId": id } });
        Ok(Bytes::from(format!("{info}\n{{\"add\":{{}}}}\n")))
    }

    #[test]
    fn asks_the_log_whether_a_failed_write_landed() {
        let lost = || Error::unavailable("no reply");
        let absent = || Error::not_found(Subject::Object, "commit");
        let exists = || Error::new(ErrorKind::AlreadyExists, "there");
        assert!(matches!(judge(lost(), found("me"), "me", true), Ok(Put::Landed)));
        assert!(matches!(judge(exists(), found("me"), "me", false), Ok(Put::Landed)));
        assert!(matches!(judge(exists(), found("you"), "me", true), Ok(Put::Taken)));
        assert!(matches!(judge(exists(), Ok(Bytes::from("garbage")), "me", true), Ok(Put::Taken)));
        // The write may still be on its way, or the question got no answer: nobody knows.
        assert!(judge(lost(), Err(absent()), "me", true).is_err());
        assert!(judge(exists(), Err(lost()), "me", true).is_err());
        // A refusal is final, unless an earlier try is still out.
        let denied = || Error::denied("no");
        assert!(matches!(judge(denied(), Err(absent()), "me", true), Ok(Put::Refused(_))));
        assert!(judge(denied(), Err(absent()), "me", false).is_err());
    }
}
