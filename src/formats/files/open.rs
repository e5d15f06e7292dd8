//! Opening a table of files: one listing becomes one snapshot. Row counts and bounds stay unknown here;
//! footers are read, and cached, when a query needs them.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use arrow::array::{StringArray, TimestampMicrosecondArray, UInt64Array};
use arrow::datatypes::{FieldRef, Schema, SchemaRef};
use lakegate_base::{Error, Result, Subject};
use lakegate_store::Stores;
use sha2::{Digest, Sha256};

use super::infer::{FileRef, infer_as};
use super::listing::{self, Contents, DataFile};
use super::{Compression, merge_schemas, partitions};
use crate::index::CHUNK_FILES;
use crate::{
    Deletes, Encoding, FileChunk, FileIndex, MatchBy, PartitionColumn, TableFormat, TableSnapshot,
    TableSource,
};

/// Files whose schema is read when the catalog has none.
const SAMPLE_FILES_MAX: usize = 8;

pub async fn open(stores: &Stores, source: &TableSource) -> Result<TableSnapshot> {
    let files = listing::list(stores, &source.location, contents(&source.format)).await?.files;
    let encoding = encoding(source.format.of_files())?;
    if matches!(encoding, Encoding::Csv(_) | Encoding::Json | Encoding::Text) {
        for file in &files {
            Compression::of(&file.location)?;
        }
    }
    let inferred = match &source.schema {
        Some(schema) => schema.clone(),
        None => infer_schema(stores, source, &files).await?,
    };
    let schema = table_schema(source, &inferred)?;
    let first_key = schema.fields().len() - source.partition_keys.len();
    Ok(TableSnapshot {
        location: source.location.clone(),
        version: version(&files),
        schema,
        encoding,
        files: index(&files, &source.partition_keys, first_key)?,
        deletes: Deletes::new(),
        defaults: BTreeMap::new(),
        origin: None,
    })
}

fn contents(format: &TableFormat) -> Contents {
    if matches!(format, TableFormat::Linked(_)) { Contents::Manifests } else { Contents::ByName }
}

fn encoding(format: &TableFormat) -> Result<Encoding> {
    match format {
        TableFormat::Parquet => Ok(Encoding::Parquet(MatchBy::Name)),
        TableFormat::Orc => Ok(Encoding::Orc),
        TableFormat::Avro => Ok(Encoding::Avro),
        TableFormat::Csv(options) => Ok(Encoding::Csv(options.clone())),
        TableFormat::Json => Ok(Encoding::Json),
        TableFormat::Text => Ok(Encoding::Text),
        TableFormat::Delta | TableFormat::Iceberg | TableFormat::Linked(_) => {
            Err(Error::internal(format!("{} is no format of plain files", format.name())))
        }
    }
}

async fn infer_schema(
    stores: &Stores,
    source: &TableSource,
    files: &[DataFile],
) -> Result<SchemaRef> {
    if files.is_empty() {
        let message = format!("{} holds no data files", source.location);
        return Err(Error::new(lakegate_base::ErrorKind::NotFound, message)
            .about(Subject::Object)
            .hint("Check the location; names that start with _ or . do not count."));
    }
    let mut schemas = Vec::new();
    for file in sample(files) {
        schemas.push(infer_as(stores, &file, source.format.of_files()).await?);
    }
    merge_schemas(&schemas, source.format.of_files()).map_err(|e| e.context(&source.location))
}

/// Some files, spread evenly, the first and the last among them.
pub(super) fn sample(files: &[DataFile]) -> Vec<FileRef> {
    let last = files.len().saturating_sub(1);
    let steps = SAMPLE_FILES_MAX.min(files.len());
    let mut places: Vec<usize> = (0..steps).map(|step| step * last / (steps - 1).max(1)).collect();
    places.dedup();
    let file = |at: usize| FileRef { location: files[at].location.clone(), size: files[at].size };
    places.into_iter().map(file).collect()
}

/// File columns, then partition keys. A key that is also in the files is taken from the folders; not so
/// where columns are found by position.
fn table_schema(source: &TableSource, file_schema: &SchemaRef) -> Result<SchemaRef> {
    let keys = &source.partition_keys;
    let is_key =
        |field: &&FieldRef| keys.iter().any(|key| key.name().eq_ignore_ascii_case(field.name()));
    let by_position = match source.format.of_files() {
        TableFormat::Csv(options) => !options.header,
        TableFormat::Text => true,
        _ => false,
    };
    if let (true, Some(field)) = (by_position, file_schema.fields().iter().find(is_key)) {
        let what = format!(
            "a {} column named as the partition key \"{}\" ({})",
            source.format.name(),
            field.name(),
            source.location
        );
        return Err(Error::unsupported(what));
    }
    if *source.format.of_files() == TableFormat::Text && file_schema.fields().len() != 1 {
        let columns = file_schema.fields().len();
        let message = format!("{} is a text table with {columns} columns", source.location);
        return Err(Error::invalid(message).hint("A text table has one column, the line."));
    }
    let columns = file_schema.fields().iter().filter(|field| !is_key(field));
    let all: Vec<FieldRef> = columns.chain(keys).cloned().collect();
    Ok(Arc::new(Schema::new(all)))
}

/// The same for the same files: path, size, and etag or time.
fn version(files: &[DataFile]) -> String {
    let mut hash = Sha256::new();
    for file in files {
        hash.update(file.location.path());
        hash.update([0]);
        hash.update(file.size.to_le_bytes());
        hash.update(file.modified.timestamp_micros().to_le_bytes());
        hash.update(file.etag.as_deref().unwrap_or_default());
        hash.update([0]);
    }
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn index(files: &[DataFile], keys: &[FieldRef], first_key: usize) -> Result<FileIndex> {
    let columns: Vec<usize> = (first_key..first_key + keys.len()).collect();
    let chunk = |files: &[DataFile]| {
        let values = partitions::values(files, keys)?;
        let partitions = columns.iter().zip(values);
        let partitions =
            partitions.map(|(column, values)| PartitionColumn { column: *column, values });
        let modified = files.iter().map(|file| file.modified.timestamp_micros());
        Ok::<_, Error>(Arc::new(FileChunk {
            paths: StringArray::from_iter_values(files.iter().map(|file| file.location.path())),
            sizes: UInt64Array::from_iter_values(files.iter().map(|file| file.size)),
            rows: UInt64Array::new_null(files.len()),
            modified: TimestampMicrosecondArray::from_iter_values(modified),
            partitions: partitions.collect(),
            bounds: Vec::new(),
            summary: OnceLock::new(),
        }))
    };
    let chunks = files.chunks(CHUNK_FILES).map(chunk).collect::<Result<_>>()?;
    FileIndex::new(chunks, columns, Vec::new())
}
