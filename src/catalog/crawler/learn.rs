//! What the folders hold: formats and schemas from the head of a few files, or from the table's own log.
//!
//! What was learned is kept with a digest of the listing it came from. A folder whose listing is the same
//! is not read again. Of the files of one folder [`FILES_READ_MAX`] are read, of the folders of
//! one partitioned table [`FOLDERS_READ_MAX`], of CSV, JSON and text [`TEXT_FILES_READ_MAX`] of either: the
//! first, the last and some evenly between.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::datatypes::SchemaRef;
use futures::{StreamExt, TryStreamExt, stream};
use lakegate_base::{Error, Location, Result};
use lakegate_formats::files::{Compression, FileKind, FileRef, detect, infer, merge_schemas};
use lakegate_formats::{TableFormat, TableSource, open};
use lakegate_store::Stores;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Progress;
use super::group::{Likeness, similar};
use super::names::hex;
use super::walk::{Content, File, Folder};
use crate::change::{Change, FolderState};
use crate::model::{Parameters, Table};
use crate::shapes;
use crate::source::source;
use crate::types::file_schema;

const FILES_READ_MAX: usize = 8;
/// Types of text are guesses from its values: a bad value that no sample shows fails queries later.
const TEXT_FILES_READ_MAX: usize = 64;
const FOLDERS_READ_MAX: usize = 8;
const FOLDERS_AT_ONCE: usize = 4;
/// A folder whose files differ gives one table per file, up to here.
const TABLES_PER_FOLDER_MAX: usize = 100;
/// Grows whenever the same files would be understood otherwise: old memories are then void.
const RULES_VERSION: u32 = 3;

/// What one folder, or one file in a folder of different files, holds.
#[derive(Clone, Debug)]
pub(crate) struct Learned {
    /// Only this file; the whole folder otherwise.
    pub(crate) file: Option<Location>,
    pub(crate) format: TableFormat,
    /// Not merged with other folders yet: columns without a value have type Null.
    pub(crate) schema: SchemaRef,
    pub(crate) compression: String,
    pub(crate) metadata_location: Option<Location>,
    pub(crate) statistics: Parameters,
}

#[derive(Default)]
pub(crate) struct Lessons {
    pub(crate) folders: BTreeMap<Location, Result<Vec<Learned>>>,
    /// What to remember and forget.
    pub(crate) changes: Vec<Change>,
    /// Files and tables opened.
    pub(crate) reads: usize,
}

/// Learns the folders that matter. One that fails is a failed entry, never the crawl's failure.
pub(crate) async fn learn(
    stores: &Stores,
    root: &Folder,
    known: Vec<FolderState>,
    progress: &dyn Progress,
) -> Lessons {
    let known: BTreeMap<Location, FolderState> =
        known.into_iter().map(|state| (state.location.clone(), state)).collect();
    let mut wanted = Vec::new();
    pick(root, &mut wanted);
    let (reads, done, total) = (AtomicUsize::new(0), AtomicUsize::new(0), wanted.len());
    let results: Vec<_> = stream::iter(&wanted)
        .map(|folder| async {
            let fingerprint = fingerprint(folder);
            let remembered = known.get(&folder.location).filter(|s| s.fingerprint == fingerprint);
            let (lesson, fresh) = match remembered.map(|state| from_text(&state.learned)) {
                Some(Ok(lesson)) => (Ok(lesson), false),
                _ => (read(stores, folder, &reads).await, true),
            };
            progress.learned(done.fetch_add(1, Ordering::Relaxed) + 1, total);
            (folder.location.clone(), fingerprint, lesson, fresh)
        })
        .buffered(FOLDERS_AT_ONCE)
        .collect()
        .await;
    let mut lessons = Lessons { reads: reads.into_inner(), ..Lessons::default() };
    let mut seen = BTreeSet::new();
    for (location, fingerprint, lesson, fresh) in results {
        seen.insert(location.clone());
        if let (Ok(lesson), true) = (&lesson, fresh)
            && let Ok(learned) = to_text(&location, lesson)
        {
            let state = FolderState { location: location.clone(), fingerprint, learned };
            lessons.changes.push(Change::PutFolder(state));
        }
        lessons.folders.insert(location, lesson);
    }
    let gone = known.into_keys().filter(|location| !seen.contains(location));
    lessons.changes.extend(gone.map(Change::DropFolder));
    lessons
}

/// The folders to read: tables of a format with a log, and folders with files; of partition folders some.
fn pick<'a>(folder: &'a Folder, wanted: &mut Vec<&'a Folder>) {
    match &folder.content {
        Content::Delta(_) | Content::Iceberg(_) => wanted.push(folder),
        Content::Broken => {}
        Content::Plain { files, folders, .. } => {
            if !files.is_empty() {
                wanted.push(folder);
            }
            if folders.iter().all(|f| is_partition_name(f.location.name())) {
                let mut leaves = Vec::new();
                folders.iter().for_each(|f| every(f, &mut leaves, wanted));
                let most = if leaves.iter().all(|f| is_text(f)) {
                    TEXT_FILES_READ_MAX
                } else {
                    FOLDERS_READ_MAX
                };
                wanted.extend(spread(&leaves, most).into_iter().copied());
            } else {
                folders.iter().for_each(|f| pick(f, wanted));
            }
        }
    }
}

/// Folders with files below, to choose from; tables with a log among them are all read.
fn every<'a>(folder: &'a Folder, leaves: &mut Vec<&'a Folder>, wanted: &mut Vec<&'a Folder>) {
    match &folder.content {
        Content::Plain { files, folders, .. } => {
            if !files.is_empty() {
                leaves.push(folder);
            }
            folders.iter().for_each(|f| every(f, leaves, wanted));
        }
        Content::Delta(_) | Content::Iceberg(_) => wanted.push(folder),
        Content::Broken => {}
    }
}

fn is_text(folder: &Folder) -> bool {
    let typed = |f: &File| is_typed(FileKind::of(f.location.name()));
    matches!(&folder.content, Content::Plain { files, .. } if !files.iter().any(typed))
}

/// Files that say which types their columns have.
fn is_typed(kind: Option<FileKind>) -> bool {
    matches!(kind, Some(FileKind::Parquet | FileKind::Orc | FileKind::Avro))
}

/// `key=value`, or digits and their marks: `2024`, `2024-01-31`, `00`.
pub(crate) fn is_partition_name(name: &str) -> bool {
    let date = |c: char| c.is_ascii_digit() || matches!(c, '-' | '_' | ':' | 'T' | 'Z');
    name.split_once('=').is_some_and(|(key, _)| !key.is_empty())
        || (name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(date))
}

/// The first, the last and some evenly between.
fn spread<T>(all: &[T], most: usize) -> Vec<&T> {
    if all.len() <= most {
        return all.iter().collect();
    }
    (0..most).filter_map(|i| all.get(i * (all.len() - 1) / (most - 1))).collect()
}

fn fingerprint(folder: &Folder) -> String {
    let (kind, files) = match &folder.content {
        Content::Delta(files) => ("delta", files.as_slice()),
        Content::Iceberg(files) => ("iceberg", files.as_slice()),
        Content::Plain { files, excluded: None, .. } => ("files", files.as_slice()),
        Content::Plain { files, .. } => ("some excluded", files.as_slice()),
        Content::Broken => ("broken", [].as_slice()),
    };
    let mut digest = Sha256::new();
    digest.update(format!("{RULES_VERSION} {kind}\n"));
    for file in files {
        digest.update(format!("{}\0{}\0{}\n", file.location.path(), file.size, file.stamp));
    }
    hex(&digest.finalize())
}

async fn read(stores: &Stores, folder: &Folder, reads: &AtomicUsize) -> Result<Vec<Learned>> {
    match &folder.content {
        Content::Delta(_) => table(stores, folder, TableFormat::Delta, reads).await,
        Content::Iceberg(_) => table(stores, folder, TableFormat::Iceberg, reads).await,
        Content::Plain { excluded: Some(file), .. } => Err(stray(file, "excluded")),
        Content::Plain { files, .. } => read_files(stores, &folder.location, files, reads).await,
        Content::Broken => Ok(Vec::new()),
    }
}

async fn table(
    stores: &Stores,
    folder: &Folder,
    format: TableFormat,
    reads: &AtomicUsize,
) -> Result<Vec<Learned>> {
    reads.fetch_add(1, Ordering::Relaxed);
    let source = TableSource {
        location: folder.location.clone(),
        format: format.clone(),
        schema: None,
        partition_keys: Vec::new(),
        metadata_location: None,
    };
    let snapshot = open(stores, &source).await?;
    let mut statistics = Parameters::new();
    let mut note = |name: &str, value: String| statistics.insert(name.to_string(), value);
    note("objectCount", snapshot.files.len().to_string());
    note("sizeKey", snapshot.files.bytes().to_string());
    let mut metadata_location = None;
    match &folder.content {
        Content::Iceberg(files) => {
            // The version reads `SNAPSHOT in FILE`; a file that was not listed is no metadata file.
            let name = snapshot.version.rsplit(' ').next().unwrap_or_default();
            let file = files.iter().find(|f| f.location.name() == name);
            metadata_location = file.map(|f| f.location.clone());
        }
        _ => {
            note("delta.lastUpdateVersion", snapshot.version.clone());
        }
    }
    let (schema, compression) = (snapshot.schema, String::new());
    Ok(vec![Learned { file: None, format, schema, compression, metadata_location, statistics }])
}

/// A folder's own files: one entry when they fit together, else one per file.
async fn read_files(
    stores: &Stores,
    folder: &Location,
    files: &[File],
    reads: &AtomicUsize,
) -> Result<Vec<Learned>> {
    let kinds: HashMap<Option<FileKind>, &File> =
        files.iter().map(|f| (FileKind::of(f.location.name()), f)).collect();
    if let (Some(note), true) = (kinds.get(&None), kinds.len() > 1) {
        return Err(stray(&note.location, "no data file by its name"));
    }
    let files: Vec<&File> = files.iter().collect();
    if kinds.len() == 1 {
        let typed = kinds.keys().all(|kind| is_typed(*kind));
        let most = if typed { FILES_READ_MAX } else { TEXT_FILES_READ_MAX };
        let samples: Vec<&File> = spread(&files, most).into_iter().copied().collect();
        let inferred = infer_all(stores, &samples, reads).await?;
        if let Some(mut one) = together(&inferred) {
            let whole = samples.len() == files.len();
            if !whole {
                one.statistics.remove("recordCount");
            }
            return Ok(vec![one]);
        }
    }
    if files.len() > TABLES_PER_FOLDER_MAX {
        let text = format!("{} files of different formats or columns in one folder", files.len());
        return Err(
            Error::unsupported(text).hint("Put each table's files into a folder of its own.")
        );
    }
    let inferred = infer_all(stores, &files, reads).await?;
    let of = |(learned, file): (Learned, &&File)| Learned {
        file: Some(file.location.clone()),
        ..learned
    };
    if inferred.is_empty() {
        return Err(Error::unsupported(format!("the files of {folder}")));
    }
    Ok(inferred.into_iter().zip(&files).map(of).collect())
}

/// Readers of a table take every file in its folder: one that is no part of it would give wrong rows.
fn stray(file: &Location, why: &str) -> Error {
    Error::unsupported(format!("{} among a table's files ({why})", file.name()))
        .hint("Move it elsewhere, exclude the whole folder, or start its name with _ or a dot.")
}

async fn infer_all(stores: &Stores, files: &[&File], reads: &AtomicUsize) -> Result<Vec<Learned>> {
    stream::iter(files).map(|file| infer_one(stores, file, reads)).buffered(2).try_collect().await
}

async fn infer_one(stores: &Stores, file: &File, reads: &AtomicUsize) -> Result<Learned> {
    reads.fetch_add(1, Ordering::Relaxed);
    let reference = FileRef { location: file.location.clone(), size: file.size };
    let kind = detect(stores, &reference).await?.ok_or_else(|| {
        Error::unsupported(format!("files like {}: no known format, no text", file.location.name()))
    })?;
    let inferred =
        infer(stores, &reference, kind).await.map_err(|e| e.context(file.location.name()))?;
    let records = inferred.rows.map(|rows| ("recordCount".to_string(), rows.to_string()));
    Ok(Learned {
        file: None,
        format: inferred.format,
        schema: inferred.schema,
        compression: compression(&file.location),
        metadata_location: None,
        statistics: records.into_iter().collect(),
    })
}

/// Glue's `compressionType`: of the files as a whole.
fn compression(location: &Location) -> String {
    Compression::of(location).map_or("none", Compression::name).to_string()
}

/// One entry for samples of the same format and like columns.
fn together(samples: &[Learned]) -> Option<Learned> {
    let (first, rest) = samples.split_first()?;
    let fits = |other: &Learned| {
        other.format == first.format
            && similar(&first.schema, &other.schema, &first.format, Likeness::Names)
    };
    if !rest.iter().all(fits) {
        return None;
    }
    let mut one = first.clone();
    if !rest.is_empty() {
        let schemas: Vec<SchemaRef> = samples.iter().map(|s| s.schema.clone()).collect();
        one.schema = merge_schemas(&schemas, &first.format).ok()?;
        let records = |s: &Learned| s.statistics.get("recordCount")?.parse::<u64>().ok();
        let total: Option<u64> = samples.iter().map(records).sum();
        one.statistics.clear();
        one.statistics.extend(total.map(|n| ("recordCount".to_string(), n.to_string())));
    }
    Some(one)
}

/// As remembered: the catalog's own table shape says everything but the compression.
#[derive(Serialize, Deserialize)]
struct Stored {
    file: bool,
    compression: String,
    statistics: Parameters,
    table: Table,
}

fn to_text(folder: &Location, lesson: &[Learned]) -> Result<String> {
    let stored = |learned: &Learned| -> Result<Stored> {
        let source = TableSource {
            location: learned.file.clone().unwrap_or_else(|| folder.clone()),
            format: learned.format.clone(),
            schema: None,
            partition_keys: Vec::new(),
            metadata_location: learned.metadata_location.clone(),
        };
        let name = lakegate_base::TableName::new("crawl", "state");
        Ok(Stored {
            file: learned.file.is_some(),
            compression: learned.compression.clone(),
            statistics: learned.statistics.clone(),
            table: shapes::table(&name, &source, &learned.schema)?,
        })
    };
    let all: Result<Vec<Stored>> = lesson.iter().map(stored).collect();
    serde_json::to_string(&all?).map_err(|e| Error::internal("cannot write JSON").source(e))
}

fn from_text(text: &str) -> Result<Vec<Learned>> {
    let stored: Vec<Stored> = serde_json::from_str(text)
        .map_err(|e| Error::corrupt("a crawler's memory is damaged").source(e))?;
    let learned = |stored: Stored| -> Result<Learned> {
        let source = source(&stored.table)?;
        Ok(Learned {
            file: stored.file.then_some(source.location),
            format: source.format,
            schema: file_schema(&stored.table.storage_descriptor.columns)?,
            compression: stored.compression,
            metadata_location: source.metadata_location,
            statistics: stored.statistics,
        })
    };
    stored.into_iter().map(learned).collect()
}
