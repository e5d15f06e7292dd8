//! Readers of Parquet files that cannot be trusted: what goes wrong in a footer, panics included, becomes
//! one error with the file's name.

use std::ops::Range;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::error::Result as DataFusionResult;
use datafusion::execution::cache::cache_manager::FileMetadataCache;
use datafusion::parquet::arrow::arrow_reader::ArrowReaderOptions;
use datafusion::parquet::arrow::async_reader::AsyncFileReader;
use datafusion::parquet::errors::ParquetError;
use datafusion::parquet::file::metadata::ParquetMetaData;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::FutureExt;
use futures::future::BoxFuture;
use lakegate_base::{Error, ErrorKind, Subject};
use object_store::{ObjectStore, ObjectStoreExt};

/// The footer's length and `PAR1`.
const TAIL_BYTES: u64 = 8;

/// DataFusion's cached readers with guarded footers.
#[derive(Debug)]
pub struct LakeReaders {
    pub readers: Arc<CachedParquetFileReaderFactory>,
    pub store: Arc<dyn ObjectStore>,
    pub footers: Arc<FileMetadataCache>,
    /// Table and version, for errors.
    pub version: Arc<str>,
}

impl ParquetFileReaderFactory for LakeReaders {
    fn create_reader(
        &self,
        partition: usize,
        file: PartitionedFile,
        size_hint: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> DataFusionResult<Box<dyn AsyncFileReader + Send>> {
        let opened = Opened { partition, file, size_hint, metrics: metrics.clone() };
        let inner = opened.reader(&self.readers)?;
        let (readers, store) = (Arc::clone(&self.readers), Arc::clone(&self.store));
        let footers = Arc::clone(&self.footers);
        let version = Arc::clone(&self.version);
        Ok(Box::new(GuardedReader { inner, opened, readers, store, footers, version }))
    }
}

/// What a reader is made of, to make it again.
struct Opened {
    partition: usize,
    file: PartitionedFile,
    size_hint: Option<usize>,
    metrics: ExecutionPlanMetricsSet,
}

impl Opened {
    fn reader(
        &self,
        readers: &CachedParquetFileReaderFactory,
    ) -> DataFusionResult<Box<dyn AsyncFileReader + Send>> {
        readers.create_reader(self.partition, self.file.clone(), self.size_hint, &self.metrics)
    }
}

struct GuardedReader {
    inner: Box<dyn AsyncFileReader + Send>,
    opened: Opened,
    readers: Arc<CachedParquetFileReaderFactory>,
    store: Arc<dyn ObjectStore>,
    footers: Arc<FileMetadataCache>,
    version: Arc<str>,
}

impl GuardedReader {
    async fn footer(
        &mut self,
        options: Option<&ArrowReaderOptions>,
    ) -> Result<Arc<ParquetMetaData>, ParquetError> {
        let name = self.opened.file.object_meta.location.to_string();
        if !self.footers.contains_key(&self.opened.file.object_meta.location) {
            self.check_tail(&name).await?;
        }
        let read = AssertUnwindSafe(self.inner.get_metadata(options)).catch_unwind().await;
        match read {
            Ok(Ok(metadata)) => Ok(metadata),
            Ok(Err(error)) if is_damage(&error) => Err(damaged(&name, error.to_string())),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(damaged(&name, "the footer reader panicked".to_string())),
        }
    }

    /// parquet 59.3 subtracts a footer's length from the file's size unchecked.
    async fn check_tail(&mut self, name: &str) -> Result<(), ParquetError> {
        let size = self.opened.file.object_meta.size;
        let short = || damaged(name, format!("{size} bytes hold no footer"));
        let start = size.checked_sub(TAIL_BYTES).ok_or_else(short)?;
        let tail = self.inner.get_bytes(start..size).await?;
        let length = tail.first_chunk::<4>().map_or(u64::MAX, |b| u32::from_le_bytes(*b).into());
        match tail.ends_with(b"PAR1") && length <= start {
            true => Ok(()),
            false => Err(damaged(name, "the last bytes are no footer".to_string())),
        }
    }

    /// Some writers state wrong file sizes in Iceberg manifests: true when the store knows another size.
    async fn resize(&mut self) -> Result<bool, ParquetError> {
        let external = |e: object_store::Error| ParquetError::External(Box::new(e));
        let meta = &mut self.opened.file.object_meta;
        let size = self.store.head(&meta.location).await.map_err(external)?.size;
        if size == meta.size {
            return Ok(false);
        }
        // The file was cut in ranges by the wrong size: rows beyond it would be lost.
        if self.opened.file.range.is_some() {
            let error = Error::unsupported("a large data file whose manifest states a wrong size");
            return Err(ParquetError::External(Box::new(error)));
        }
        meta.size = size;
        let made = self.opened.reader(&self.readers);
        self.inner = made.map_err(|e| ParquetError::External(Box::new(e)))?;
        Ok(true)
    }
}

impl AsyncFileReader for GuardedReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes, ParquetError>> {
        let version = Arc::clone(&self.version);
        let read = self.inner.get_bytes(range);
        Box::pin(async move { read.await.map_err(|error| vanished(error, &version)) })
    }

    fn get_byte_ranges(
        &mut self,
        ranges: Vec<Range<u64>>,
    ) -> BoxFuture<'_, Result<Vec<Bytes>, ParquetError>> {
        let version = Arc::clone(&self.version);
        let read = self.inner.get_byte_ranges(ranges);
        Box::pin(async move { read.await.map_err(|error| vanished(error, &version)) })
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>, ParquetError>> {
        Box::pin(async move {
            let read = match self.footer(options).await {
                Ok(metadata) => return Ok(metadata),
                Err(error) => match self.resize().await {
                    Ok(true) => self.footer(options).await,
                    Ok(false) => Err(error),
                    Err(error) => Err(error),
                },
            };
            read.map_err(|error| vanished(error, &self.version))
        })
    }
}

/// A file that is not there any more: the version it belongs to is gone with it.
fn vanished(error: ParquetError, version: &str) -> ParquetError {
    let ParquetError::External(inner) = error else { return error };
    match inner.downcast_ref::<object_store::Error>() {
        Some(object_store::Error::NotFound { path, .. }) => {
            let text = format!("{version}: file \"{path}\" vanished while it was read");
            let error = Error::new(ErrorKind::NotFound, text).about(Subject::Object).hint(
                "The table was vacuumed or rewritten meanwhile: run the query again for its newest version.",
            );
            ParquetError::External(Box::new(error))
        }
        _ => ParquetError::External(inner),
    }
}

/// Storage errors keep their own words.
fn is_damage(error: &ParquetError) -> bool {
    !matches!(error, ParquetError::External(_))
}

fn damaged(name: &str, cause: String) -> ParquetError {
    let error =
        Error::corrupt(format!("Parquet file \"{name}\" is damaged: its footer cannot be read"))
            .source(cause)
            .hint("Restore the file, or remove it and crawl again.");
    ParquetError::External(Box::new(error))
}
