//! Readers of Parquet files that cannot be trusted: what goes wrong in a footer, panics included, becomes
//! one error with the file's name. Remote files are read ahead (`ahead.rs`).

use std::fmt;
use std::ops::Range;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::metadata::DFParquetMetadata;
use datafusion::datasource::physical_plan::{ParquetFileMetrics, ParquetFileReaderFactory};
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::execution::cache::cache_manager::FileMetadataCache;
use datafusion::parquet::arrow::arrow_reader::ArrowReaderOptions;
use datafusion::parquet::arrow::async_reader::AsyncFileReader;
use datafusion::parquet::errors::ParquetError;
use datafusion::parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::FutureExt;
use futures::future::BoxFuture;
use lakegate_base::{Error, ErrorKind, Subject};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use super::ahead::{Budget, RowGroups, Tails};
use super::footer::{self, Tail, damaged};

/// What is read of a file's end at once: most footers, and small files whole.
pub const TAIL_BYTES: usize = 512 << 10;

/// Makes one reader per file, or part of a file.
pub struct LakeReaders {
    pub store: Arc<dyn ObjectStore>,
    pub footers: Arc<FileMetadataCache>,
    /// Table and version, for errors.
    pub version: Arc<str>,
    pub ahead: Option<Ahead>,
}

/// How the files of one scan are read ahead.
pub struct Ahead {
    pub tails: Arc<Tails>,
    pub budget: Budget,
}

impl fmt::Debug for LakeReaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LakeReaders({})", self.version)
    }
}

impl ParquetFileReaderFactory for LakeReaders {
    fn create_reader(
        &self,
        partition: usize,
        file: PartitionedFile,
        size_hint: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> DataFusionResult<Box<dyn AsyncFileReader + Send>> {
        let path = &file.object_meta.location;
        let metrics = ParquetFileMetrics::new(partition, path.as_ref(), metrics);
        let row_groups = self.ahead.as_ref().map(|ahead| {
            let part = file.range.as_ref().map(|part| (part.start, part.end));
            let (start, end) = part.unwrap_or((0, i64::MAX));
            let own = start.unsigned_abs()..end.unsigned_abs();
            RowGroups::new(Arc::clone(&self.store), path.clone(), own, ahead.budget.clone())
        });
        Ok(Box::new(LakeReader {
            store: Arc::clone(&self.store),
            footers: Arc::clone(&self.footers),
            version: Arc::clone(&self.version),
            tails: self.ahead.as_ref().map(|ahead| Arc::clone(&ahead.tails)),
            row_groups,
            file,
            size_hint,
            metrics,
            tail: None,
            footer: None,
        }))
    }
}

struct LakeReader {
    store: Arc<dyn ObjectStore>,
    footers: Arc<FileMetadataCache>,
    version: Arc<str>,
    tails: Option<Arc<Tails>>,
    row_groups: Option<RowGroups>,
    file: PartitionedFile,
    size_hint: Option<usize>,
    metrics: ParquetFileMetrics,
    /// Read for the footer; a small file's rows lie in it, too.
    tail: Option<Tail>,
    footer: Option<Arc<ParquetMetaData>>,
}

impl LakeReader {
    fn path(&self) -> &Path {
        &self.file.object_meta.location
    }

    async fn ranges(&mut self, ranges: Vec<Range<u64>>) -> Result<Vec<Bytes>, ParquetError> {
        let held = |tail: &Tail| ranges.iter().map(|range| tail.get(range)).collect();
        if let Some(bytes) = self.tail.as_ref().and_then(held) {
            return Ok(bytes);
        }
        let ahead = match &mut self.row_groups {
            Some(row_groups) => row_groups.take(&ranges).await,
            None => None,
        };
        let bytes = match ahead {
            Some(bytes) => bytes,
            None => self.store.get_ranges(self.path(), &ranges).await.map_err(external)?,
        };
        self.metrics.bytes_scanned.add(bytes.iter().map(Bytes::len).sum());
        if let (Some(row_groups), Some(footer)) = (&mut self.row_groups, &self.footer) {
            row_groups.expect_after(&ranges, footer);
        }
        Ok(bytes)
    }

    async fn guarded_footer(
        &mut self,
        policy: PageIndexPolicy,
    ) -> Result<Arc<ParquetMetaData>, ParquetError> {
        let read = AssertUnwindSafe(self.read_footer(policy)).catch_unwind().await;
        let name = self.path().as_ref();
        match read {
            Ok(Ok(footer)) => Ok(footer),
            Ok(Err(error)) if is_damage(&error) => Err(damaged(name, error.to_string())),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(damaged(name, "the footer reader panicked".to_string())),
        }
    }

    async fn read_footer(
        &mut self,
        policy: PageIndexPolicy,
    ) -> Result<Arc<ParquetMetaData>, ParquetError> {
        let meta = self.file.object_meta.clone();
        let footers = Arc::clone(&self.footers);
        if footers.contains_key(&meta.location) {
            let cached = DFParquetMetadata::new(self.store.as_ref(), &meta)
                .with_file_metadata_cache(Some(footers))
                .with_metadata_size_hint(self.size_hint)
                .with_page_index_policy(Some(policy));
            return cached.fetch_metadata().await.map_err(from_datafusion);
        }
        let tail = self.read_tail().await?;
        self.tail = Some(tail.clone());
        footer::read(&meta, &tail, policy, self, footers.as_ref()).await
    }

    async fn read_tail(&mut self) -> Result<Tail, ParquetError> {
        let is_known = |path: &Path| self.footers.contains_key(path);
        if let Some(tails) = &self.tails
            && let Some(tail) = tails.take(self.path(), is_known).await
        {
            return Ok(tail);
        }
        let range = Tail::range(self.file.object_meta.size, self.size_hint);
        let start = range.start;
        let bytes = match range.is_empty() {
            true => Bytes::new(),
            false => self.store.get_range(self.path(), range).await.map_err(external)?,
        };
        self.metrics.bytes_scanned.add(bytes.len());
        Ok(Tail { start, bytes })
    }

    /// Some writers state wrong file sizes in Iceberg manifests: true when the store knows another size.
    async fn resize(&mut self) -> Result<bool, ParquetError> {
        let size = self.store.head(self.path()).await.map_err(external)?.size;
        if size == self.file.object_meta.size {
            return Ok(false);
        }
        // The file was cut in ranges by the wrong size: rows beyond it would be lost.
        if self.file.range.is_some() {
            let error = Error::unsupported("a large data file whose manifest states a wrong size");
            return Err(ParquetError::External(Box::new(error)));
        }
        self.file.object_meta.size = size;
        (self.tail, self.tails) = (None, None);
        Ok(true)
    }
}

impl AsyncFileReader for LakeReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes, ParquetError>> {
        Box::pin(async move {
            let mut bytes = self.get_byte_ranges(vec![range]).await?;
            Ok(bytes.pop().unwrap_or_default())
        })
    }

    fn get_byte_ranges(
        &mut self,
        ranges: Vec<Range<u64>>,
    ) -> BoxFuture<'_, Result<Vec<Bytes>, ParquetError>> {
        let version = Arc::clone(&self.version);
        Box::pin(async move { self.ranges(ranges).await.map_err(|e| vanished(e, &version)) })
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>, ParquetError>> {
        let policy = options.map_or(PageIndexPolicy::Skip, ArrowReaderOptions::column_index_policy);
        Box::pin(async move {
            let read = match self.guarded_footer(policy).await {
                Ok(footer) => Ok(footer),
                Err(error) => match self.resize().await {
                    Ok(true) => self.guarded_footer(policy).await,
                    Ok(false) => Err(error),
                    Err(error) => Err(error),
                },
            };
            let footer = read.map_err(|error| vanished(error, &self.version))?;
            self.footer = Some(Arc::clone(&footer));
            Ok(footer)
        })
    }
}

fn external(error: object_store::Error) -> ParquetError {
    ParquetError::External(Box::new(error))
}

fn from_datafusion(error: DataFusionError) -> ParquetError {
    match error {
        DataFusionError::ParquetError(error) => *error,
        other => ParquetError::External(Box::new(other)),
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
