//! Data files: a stream of batches becomes Parquet files below the table's folder, with bounded memory.
//! Nothing here is visible to readers before the commit names it.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use lakegate_base::{Error, Location, Result};
use lakegate_store::Stores;
use object_store::ObjectStore;
use object_store::buffered::BufWriter;
use parquet::arrow::AsyncArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression as ParquetCompression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use uuid::Uuid;

use super::collect;
use super::write::Compression;

/// A row group is encoded in memory: it ends at whichever comes first.
const ROW_GROUP_ROWS: usize = 1_000_000;
const ROW_GROUP_BYTES: usize = 64 << 20;
/// Parts of an upload: this many of this size are in flight.
const PART_BYTES: usize = 8 << 20;
const PARTS_IN_FLIGHT: usize = 2;
/// Rows encoded between two looks at the file's size.
const SLICE_ROWS: usize = 8192;

/// A file that is written whole.
#[derive(Clone, Debug)]
pub(super) struct DataFile {
    /// Relative to the table; has no character that a URL would encode.
    pub name: String,
    pub bytes: u64,
    pub rows: u64,
    pub stats: String,
}

pub(super) struct DataWriter<'a> {
    stores: &'a Stores,
    location: &'a Location,
    schema: SchemaRef,
    compression: Compression,
    target_bytes: u64,
    current: Option<Current>,
    done: Vec<DataFile>,
}

struct Current {
    name: String,
    place: Location,
    rows: u64,
    writer: AsyncArrowWriter<BufWriter>,
}

impl<'a> DataWriter<'a> {
    pub(super) fn new(
        stores: &'a Stores,
        location: &'a Location,
        schema: SchemaRef,
        compression: Compression,
        target_bytes: u64,
    ) -> Self {
        Self {
            stores,
            location,
            schema,
            compression,
            target_bytes,
            current: None,
            done: Vec::new(),
        }
    }

    /// Adds rows; `batch` has this writer's schema.
    pub(super) async fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let mut start = 0;
        while start < batch.num_rows() {
            let slice = batch.slice(start, SLICE_ROWS.min(batch.num_rows() - start));
            start += slice.num_rows();
            if self.current.is_none() {
                self.current = Some(self.start().await?);
            }
            let Some(current) = &mut self.current else { continue };
            current.writer.write(&slice).await.map_err(|e| failed(e, &current.place))?;
            current.rows += slice.num_rows() as u64;
            let size = current.writer.bytes_written() + current.writer.in_progress_size();
            if size as u64 >= self.target_bytes {
                self.finish_file().await?;
            }
        }
        Ok(())
    }

    /// All files, in the order of their rows.
    pub(super) async fn finish(&mut self) -> Result<Vec<DataFile>> {
        self.finish_file().await?;
        Ok(std::mem::take(&mut self.done))
    }

    /// Removes what was written. For rows that will never be committed.
    pub(super) async fn abandon(&mut self) {
        if let Some(current) = self.current.take()
            && let Err(e) = current.writer.into_inner().abort().await
        {
            tracing::warn!(file = %current.place, error = %e, "an upload could not be aborted");
        }
        delete(self.stores, self.location, &std::mem::take(&mut self.done)).await;
    }

    async fn start(&self) -> Result<Current> {
        let (extension, compression) = match self.compression {
            Compression::Zstd => ("zstd", ParquetCompression::ZSTD(ZstdLevel::default())),
            Compression::Snappy => ("snappy", ParquetCompression::SNAPPY),
        };
        let name =
            format!("part-{:05}-{}-c000.{extension}.parquet", self.done.len(), Uuid::new_v4());
        let place = self.location.join(&name)?;
        let store: Arc<dyn ObjectStore> = self.stores.store(&place).await?;
        let output = BufWriter::with_capacity(store, lakegate_store::path(&place), PART_BYTES)
            .with_max_concurrency(PARTS_IN_FLIGHT);
        let properties = WriterProperties::builder()
            .set_compression(compression)
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
            .set_max_row_group_bytes(Some(ROW_GROUP_BYTES))
            .set_created_by(format!("Lakegate version {}", env!("CARGO_PKG_VERSION")))
            .build();
        // The Arrow schema is left out of the footer: Delta's own says what each column is.
        let options =
            ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
        let writer = AsyncArrowWriter::try_new_with_options(output, self.schema.clone(), options)
            .map_err(|e| failed(e, &place))?;
        Ok(Current { name, place, rows: 0, writer })
    }

    async fn finish_file(&mut self) -> Result<()> {
        let Some(mut current) = self.current.take() else { return Ok(()) };
        let footer = match current.writer.finish().await {
            Ok(footer) => footer,
            Err(error) => {
                // The upload is over, and may even have landed: its last reply can be what got lost.
                remove(self.stores, &current.place).await;
                return Err(failed(error, &current.place));
            }
        };
        self.done.push(DataFile {
            name: current.name,
            bytes: current.writer.bytes_written() as u64,
            rows: current.rows,
            stats: collect::stats_json(&self.schema, &footer),
        });
        Ok(())
    }
}

/// Deletes files nobody can see. Failing leaves garbage, never wrong rows.
pub(super) async fn delete(stores: &Stores, location: &Location, files: &[DataFile]) {
    for file in files {
        if let Ok(place) = location.join(&file.name) {
            remove(stores, &place).await;
        }
    }
}

async fn remove(stores: &Stores, place: &Location) {
    match stores.delete(place).await {
        Err(error) if !error.is_not_found() => {
            tracing::warn!(file = %place, error = error.full(), "an unused data file stays behind");
        }
        _ => {}
    }
}

/// The store's own error where there is one below.
fn failed(error: ParquetError, place: &Location) -> Error {
    let ParquetError::External(source) = error else {
        return Error::internal(format!("{place} could not be encoded")).source(error);
    };
    match into_store_error(source) {
        Ok(store) => lakegate_store::error(store, place),
        Err(source) => Error::unavailable(format!("{place} could not be written")).source(source),
    }
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Unwraps Parquet's and the I/O layer's wrappers around it.
fn into_store_error(source: BoxError) -> Result<object_store::Error, BoxError> {
    let source = match source.downcast::<ParquetError>() {
        Ok(inner) => match *inner {
            ParquetError::External(inner) => return into_store_error(inner),
            other => return Err(other.into()),
        },
        Err(source) => source,
    };
    let source = match source.downcast::<std::io::Error>() {
        Ok(inner) => match inner.kind() {
            std::io::ErrorKind::Other | std::io::ErrorKind::NotFound
                if inner.get_ref().is_some() =>
            {
                return inner.into_inner().map_or_else(|| Err("no cause".into()), into_store_error);
            }
            _ => return Err(inner),
        },
        Err(source) => source,
    };
    source.downcast::<object_store::Error>().map(|error| *error)
}
