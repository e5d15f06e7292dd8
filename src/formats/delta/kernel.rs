//! The kernel's world: one table, read only, rooted at [`ROOT`], whatever its place is called outside.
//!
//! The kernel builds paths from URLs and its engine encodes them differently from call to call; under a
//! root of its own no bucket, space or percent sign ever enters such a URL. The guards keep a hostile log
//! inside: the engine would fetch a sidecar named by a presigned URL over HTTP.

use std::any::Any;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use bytes::Bytes;
use delta_kernel::schema::SchemaRef;
use delta_kernel::{
    CancellationToken, CancellationTokenRef, CancelledFuture, DeltaResult, DeltaResultIterator,
    DeltaResultIteratorStatic, Engine, EngineData, Error as KernelError, EvaluationHandler,
    FileDataReadResultIterator, FileMeta, FileSize, FileSlice, FilteredEngineData, JsonHandler,
    ParquetFooter, ParquetHandler, PredicateRef, StorageHandler,
};
use delta_kernel_engine::executor::TaskExecutor;
use delta_kernel_engine::{DefaultEngine, DefaultEngineBuilder};
use futures::FutureExt;
use lakegate_base::{Error, ErrorKind, Location, Result};
use lakegate_store::Stores;
use object_store::ObjectStore;
use object_store::prefix::PrefixStore;
use tokio::runtime::{EnterGuard, Handle};
use tokio::sync::watch;
use url::Url;

use super::checked::CheckedLog;
use super::listing::{LOG_FILES_MAX, VERSION_DIGITS};
use super::{error, lenient};

/// The table's root as the kernel knows it.
pub(super) const ROOT: &str = "lakegate:///";

/// Log files read at once, and rows per batch of actions: they bound the memory of a replay.
const READ_AHEAD_FILES: NonZero<usize> = NonZero::new(32).expect("32 is not zero");
const BATCH_ROWS: NonZero<usize> = NonZero::new(4096).expect("4096 is not zero");
/// Commits and JSON checkpoints are read whole.
const LOG_FILE_BYTES_MAX: u64 = 1 << 30;

/// How a log is read. A way but the first is taken only when the ones before found damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Reading {
    /// Checkpoints from this version on are passed over: they only repeat what the commits say.
    checkpoints_before: u64,
    lines: Lines,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lines {
    Strict,
    /// See [`lenient`].
    Lenient,
}

impl Reading {
    const FIRST: Self = Self { checkpoints_before: u64::MAX, lines: Lines::Strict };

    /// Without the newest checkpoint an older one answers, without any the commits do.
    fn others(seen: &Seen) -> Vec<Self> {
        let lenient = |checkpoints_before| Self { checkpoints_before, lines: Lines::Lenient };
        let mut others = vec![lenient(u64::MAX)];
        if seen.checkpoints.load(Ordering::Relaxed) > 0 {
            others.push(lenient(seen.newest_checkpoint.load(Ordering::Relaxed)));
            others.push(lenient(0));
        }
        others.dedup();
        others
    }
}

/// Runs kernel code, which blocks and may panic on a hostile log, on a thread where it may.
pub(super) async fn run<T, F>(stores: &Stores, location: &Location, work: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce(&TableEngine) -> Result<T> + Clone + Send + 'static,
{
    let store = stores.store(location).await?;
    let first = attempt(store.clone(), location, Reading::FIRST, work.clone()).await;
    let Err(Failure { error, seen }) = first else {
        return first.map_err(|failure| failure.error);
    };
    if error.kind() != ErrorKind::Corrupt {
        return Err(error);
    }
    for reading in Reading::others(&seen) {
        match attempt(store.clone(), location, reading, work.clone()).await {
            Ok(answer) => {
                let error = error.full();
                tracing::warn!(table = %location, error, ?reading, "read around damage");
                return Ok(answer);
            }
            Err(again) => {
                let error = again.error.full();
                tracing::debug!(table = %location, error, ?reading, "damaged that way, too");
            }
        }
    }
    Err(error)
}

struct Failure {
    error: Error,
    seen: Arc<Seen>,
}

async fn attempt<T, F>(
    store: Arc<dyn ObjectStore>,
    location: &Location,
    reading: Reading,
    work: F,
) -> Result<T, Failure>
where
    T: Send + 'static,
    F: FnOnce(&TableEngine) -> Result<T> + Send + 'static,
{
    // Dropped with this future: the blocking thread sees it and ends.
    let (_alive, waiting) = watch::channel(());
    let engine = TableEngine::new(store, location, reading, waiting);
    let seen = engine.storage.0.clone();
    let place = location.clone();
    let blocking = tokio::task::spawn_blocking(move || {
        catch_unwind(AssertUnwindSafe(|| work(&engine))).unwrap_or_else(|panic| {
            let text = panic_text(&*panic);
            tracing::error!(table = %place, panic = text, "the Delta log reader panicked");
            Err(error::corrupt(&place, "its log cannot be read").source(text))
        })
    });
    let result = blocking.await.unwrap_or_else(|join| Err(error::ended(location, join)));
    result.map_err(|error| Failure { error, seen })
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic".to_string())
}

/// The kernel's default engine behind guards.
pub(super) struct TableEngine {
    inner: DefaultEngine<Runtime>,
    storage: Arc<Storage>,
    json: Arc<Json>,
    parquet: Arc<Parquet>,
    /// To be given to every kernel call that takes one.
    pub(super) cancel: CancellationTokenRef,
}

impl TableEngine {
    fn new(
        store: Arc<dyn ObjectStore>,
        location: &Location,
        reading: Reading,
        waiting: watch::Receiver<()>,
    ) -> Self {
        let store: Arc<dyn ObjectStore> =
            Arc::new(PrefixStore::new(store, lakegate_store::path(location)));
        let store = match reading.lines {
            Lines::Strict => Arc::new(CheckedLog(store)),
            // Checked line by line.
            Lines::Lenient => store,
        };
        let inner = DefaultEngineBuilder::new(store)
            .with_task_executor(Arc::new(Runtime(Handle::current())))
            .with_buffer_size(READ_AHEAD_FILES)
            .with_batch_size(BATCH_ROWS)
            .build();
        let seen = Arc::new(Seen::default());
        let storage = Arc::new(Storage(seen, reading, inner.storage_handler()));
        let json = Arc::new(Json(inner.json_handler(), reading.lines, inner.storage_handler()));
        let parquet = Arc::new(Parquet(inner.parquet_handler()));
        Self { inner, storage, json, parquet, cancel: Arc::new(Abandoned(waiting)) }
    }

    /// False while no log file was found at all: then there is no table.
    pub(super) fn found_log(&self) -> bool {
        self.storage.0.files.load(Ordering::Relaxed) > 0
    }
}

impl Engine for TableEngine {
    fn evaluation_handler(&self) -> Arc<dyn EvaluationHandler> {
        self.inner.evaluation_handler()
    }

    fn storage_handler(&self) -> Arc<dyn StorageHandler> {
        self.storage.clone()
    }

    fn json_handler(&self) -> Arc<dyn JsonHandler> {
        self.json.clone()
    }

    fn parquet_handler(&self) -> Arc<dyn ParquetHandler> {
        self.parquet.clone()
    }
}

/// Cancelled once nobody waits for the answer any more: the sender is gone.
struct Abandoned(watch::Receiver<()>);

impl CancellationToken for Abandoned {
    fn is_cancelled(&self) -> bool {
        self.0.has_changed().is_err()
    }

    fn cancelled_future(&self) -> CancelledFuture<'_> {
        let mut waiting = self.0.clone();
        Box::pin(async move { while waiting.changed().await.is_ok() {} })
    }
}

/// Runs the engine's I/O on the caller's runtime: connections pooled by a store outlive one replay. All
/// blocking calls come from a blocking thread, where `block_on` is allowed.
struct Runtime(Handle);

impl TaskExecutor for Runtime {
    type Guard<'a> = EnterGuard<'a>;

    fn block_on<T>(&self, task: T) -> T::Output
    where
        T: Future + Send + 'static,
        T::Output: Send + 'static,
    {
        self.0.block_on(task)
    }

    fn spawn<F>(&self, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        drop(self.0.spawn(task));
    }

    fn spawn_blocking<T, R>(&self, task: T) -> futures::future::BoxFuture<'_, DeltaResult<R>>
    where
        T: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let join = self.0.spawn_blocking(task);
        async move { join.await.map_err(|e| KernelError::JoinFailure(e.to_string())) }.boxed()
    }

    fn enter(&self) -> Self::Guard<'_> {
        self.0.enter()
    }
}

/// What listings have shown so far.
#[derive(Default)]
struct Seen {
    files: AtomicUsize,
    checkpoints: AtomicUsize,
    newest_checkpoint: AtomicU64,
}

struct Storage(Arc<Seen>, Reading, Arc<dyn StorageHandler>);

impl Storage {
    fn hidden(&self, url: &Url) -> bool {
        let name = url.path().rsplit('/').next().unwrap_or_default();
        if !name.contains(".checkpoint.") && name != "_last_checkpoint" {
            return false;
        }
        self.0.checkpoints.fetch_add(1, Ordering::Relaxed);
        // The hint has no version: it may point to any of them.
        let version = name.get(..VERSION_DIGITS).and_then(|digits| digits.parse().ok());
        self.0.newest_checkpoint.fetch_max(version.unwrap_or(0), Ordering::Relaxed);
        let before = self.1.checkpoints_before;
        before < u64::MAX && version.is_none_or(|version| version >= before)
    }
}

impl StorageHandler for Storage {
    /// Sorted here, as the kernel expects: local disks and directory buckets list in any order.
    fn list_from(
        &self,
        path: &Url,
    ) -> DeltaResult<Box<dyn Iterator<Item = DeltaResult<FileMeta>>>> {
        inside(path)?;
        let mut files = Vec::new();
        for file in self.2.list_from(path)? {
            let file = file?;
            self.0.files.fetch_add(1, Ordering::Relaxed);
            if !self.hidden(&file.location) {
                files.push(file);
            }
            if files.len() > LOG_FILES_MAX {
                return Err(KernelError::Unsupported(format!(
                    "more than {LOG_FILES_MAX} log files"
                )));
            }
        }
        files.sort_unstable();
        Ok(Box::new(files.into_iter().map(Ok)))
    }

    fn read_files(
        &self,
        files: Vec<FileSlice>,
    ) -> DeltaResult<Box<dyn Iterator<Item = DeltaResult<Bytes>>>> {
        for (url, _) in &files {
            inside(url)?;
            if self.hidden(url) {
                let missing = KernelError::FileNotFound(url.to_string());
                return Ok(Box::new(std::iter::once(Err(missing))));
            }
        }
        self.2.read_files(files)
    }

    fn head(&self, path: &Url) -> DeltaResult<FileMeta> {
        inside(path)?;
        self.2.head(path)
    }

    fn copy_atomic(&self, _src: &Url, _dest: &Url) -> DeltaResult<()> {
        Err(read_only())
    }

    fn put(&self, _path: &Url, _data: Bytes, _overwrite: bool) -> DeltaResult<()> {
        Err(read_only())
    }

    fn delete(&self, _path: &Url) -> DeltaResult<()> {
        Err(read_only())
    }
}

struct Json(Arc<dyn JsonHandler>, Lines, Arc<dyn StorageHandler>);

impl JsonHandler for Json {
    fn parse_json(
        &self,
        json_strings: Box<dyn EngineData>,
        output_schema: SchemaRef,
    ) -> DeltaResult<Box<dyn EngineData>> {
        self.0.parse_json(json_strings, output_schema)
    }

    fn read_json_files(
        &self,
        files: &[FileMeta],
        physical_schema: SchemaRef,
        predicate: Option<PredicateRef>,
    ) -> DeltaResult<FileDataReadResultIterator> {
        for file in files {
            inside(&file.location)?;
            if file.size > LOG_FILE_BYTES_MAX {
                let name = file.location.path();
                return Err(KernelError::Unsupported(format!(
                    "log file {name} of {} bytes (at most {LOG_FILE_BYTES_MAX})",
                    file.size
                )));
            }
        }
        if self.1 == Lines::Strict {
            return self.0.read_json_files(files, physical_schema, predicate);
        }
        let storage = self.2.clone();
        let files: Vec<FileSlice> = files.iter().map(|f| (f.location.clone(), None)).collect();
        let read = move |file: FileSlice| {
            let missing = || KernelError::FileNotFound(file.0.to_string());
            let bytes = storage.read_files(vec![file.clone()])?.next().ok_or_else(missing)??;
            lenient::parse(&file.0, &bytes, &physical_schema, BATCH_ROWS)
        };
        Ok(Box::new(files.into_iter().flat_map(move |file| {
            read(file).unwrap_or_else(|error| Box::new(std::iter::once(Err(error))))
        })))
    }

    fn write_json_file(
        &self,
        _path: &Url,
        _data: DeltaResultIterator<'_, FilteredEngineData>,
        _overwrite: bool,
    ) -> DeltaResult<FileSize> {
        Err(read_only())
    }
}

struct Parquet(Arc<dyn ParquetHandler>);

impl ParquetHandler for Parquet {
    fn read_parquet_files(
        &self,
        files: &[FileMeta],
        physical_schema: SchemaRef,
        predicate: Option<PredicateRef>,
    ) -> DeltaResult<FileDataReadResultIterator> {
        files.iter().try_for_each(|file| inside(&file.location))?;
        self.0.read_parquet_files(files, physical_schema, predicate)
    }

    fn write_parquet_file(
        &self,
        _location: Url,
        _data: DeltaResultIteratorStatic<Box<dyn EngineData>>,
    ) -> DeltaResult<()> {
        Err(read_only())
    }

    fn read_parquet_footer(&self, file: &FileMeta) -> DeltaResult<ParquetFooter> {
        inside(&file.location)?;
        self.0.read_parquet_footer(file)
    }
}

fn inside(url: &Url) -> DeltaResult<()> {
    if url.scheme() == "lakegate" && !url.has_host() && url.query().is_none() {
        return Ok(());
    }
    Err(KernelError::Unsupported(format!("log file {url} outside the table")))
}

fn read_only() -> KernelError {
    KernelError::internal_error("the log is opened for reading")
}
