//! What a remote file will be asked for next, fetched while its current rows are decoded: DataFusion waits
//! for the bytes of each row group before it asks for the next one's, and opens one file after the other.
//! Only a guess: what was not asked for after all is dropped, and guessing stops where it fails.
//!
//! Remove when DataFusion prefetches: <https://github.com/apache/datafusion/pull/23492>.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use datafusion::common::runtime::SpawnedTask;
use datafusion::parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::footer::Tail;

/// Held by all scans of one engine together.
const BYTES_MAX: usize = 64 << 20;
/// Files whose tails are fetched ahead of one that is opened, and of all of a scan's.
const FILES: usize = 4;
const FILES_MAX: usize = 16;
/// Guesses that may fail in one file before no more are made.
const FAILURES_MAX: usize = 2;

/// The memory for what is fetched ahead.
#[derive(Clone, Debug)]
pub struct Budget(Arc<Semaphore>);

impl Default for Budget {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(BYTES_MAX)))
    }
}

impl Budget {
    fn take(&self, bytes: u64) -> Option<OwnedSemaphorePermit> {
        let bytes = u32::try_from(bytes).ok()?;
        Arc::clone(&self.0).try_acquire_many_owned(bytes).ok()
    }
}

/// Bytes under way, and the memory they take; dropped, the request ends.
#[derive(Debug)]
struct Fetching<T> {
    task: SpawnedTask<object_store::Result<T>>,
    _memory: OwnedSemaphorePermit,
}

impl<T: 'static> Fetching<T> {
    /// None when it failed: whoever asks again gets the error that counts.
    async fn wait(self) -> Option<T> {
        self.task.join().await.ok()?.ok()
    }
}

/// The row groups of one file.
#[derive(Debug)]
pub struct RowGroups {
    store: Arc<dyn ObjectStore>,
    path: Path,
    /// Row groups that begin here are read by this reader, others by somebody else.
    own: Range<u64>,
    budget: Budget,
    fetching: Vec<RowGroup>,
    failures: usize,
}

#[derive(Debug)]
struct RowGroup {
    number: usize,
    ranges: Vec<Range<u64>>,
    bytes: Fetching<Vec<Bytes>>,
}

impl RowGroups {
    pub fn new(store: Arc<dyn ObjectStore>, path: Path, own: Range<u64>, budget: Budget) -> Self {
        Self { store, path, own, budget, fetching: Vec::new(), failures: 0 }
    }

    /// The bytes of these ranges, if they were fetched ahead.
    pub async fn take(&mut self, ranges: &[Range<u64>]) -> Option<Vec<Bytes>> {
        let known = |group: &RowGroup| ranges.iter().all(|range| group.ranges.contains(range));
        let at = self.fetching.iter().position(known)?;
        let group = self.fetching.swap_remove(at);
        let bytes = group.bytes.wait().await?;
        let place = |range: &Range<u64>| group.ranges.iter().position(|known| known == range);
        ranges.iter().map(|range| bytes.get(place(range)?).cloned()).collect()
    }

    /// These ranges are being read: the same columns of the next row group will be.
    pub fn expect_after(&mut self, ranges: &[Range<u64>], footer: &ParquetMetaData) {
        let Some((number, columns)) = whole_columns(ranges, footer) else { return };
        let before = self.fetching.len();
        self.fetching.retain(|group| group.number > number);
        self.failures += before - self.fetching.len();
        if self.failures < FAILURES_MAX
            && let Some(next) = footer.row_groups().get(number + 1)
            && next.columns().first().and_then(place).is_some_and(|c| self.own.contains(&c.start))
        {
            let places = columns.iter().map(|column| place(next.columns().get(*column)?));
            let ranges = places.collect::<Option<Vec<_>>>();
            let group = ranges.and_then(|ranges| self.fetch(number + 1, ranges));
            self.fetching.extend(group);
        }
    }

    fn fetch(&self, number: usize, ranges: Vec<Range<u64>>) -> Option<RowGroup> {
        let bytes = ranges.iter().map(|range| range.end - range.start);
        let memory = self.budget.take(bytes.fold(0, u64::saturating_add))?;
        let (store, path, wanted) = (Arc::clone(&self.store), self.path.clone(), ranges.clone());
        let task = SpawnedTask::spawn(async move { store.get_ranges(&path, &wanted).await });
        Some(RowGroup { number, ranges, bytes: Fetching { task, _memory: memory } })
    }
}

/// None: the footer is damaged.
fn place(column: &ColumnChunkMetaData) -> Option<Range<u64>> {
    let start = column.dictionary_page_offset().unwrap_or_else(|| column.data_page_offset());
    let start = u64::try_from(start).ok()?;
    Some(start..start.checked_add(u64::try_from(column.compressed_size()).ok()?)?)
}

/// The row group whose columns the ranges are, each whole. None: single pages, or something else.
fn whole_columns(ranges: &[Range<u64>], footer: &ParquetMetaData) -> Option<(usize, Vec<usize>)> {
    let first = ranges.first()?;
    let (number, group) =
        footer.row_groups().iter().enumerate().find(|(_, group)| column(group, first).is_some())?;
    let columns = ranges.iter().map(|range| column(group, range));
    Some((number, columns.collect::<Option<_>>()?))
}

/// The column of a row group that lies just there.
fn column(group: &RowGroupMetaData, range: &Range<u64>) -> Option<usize> {
    group.columns().iter().position(|column| place(column).as_ref() == Some(range))
}

/// The tails of the files of one scan, in the order they are opened.
#[derive(Debug)]
pub struct Tails {
    store: Arc<dyn ObjectStore>,
    files: Vec<ObjectMeta>,
    places: HashMap<Path, usize>,
    hint: Option<usize>,
    budget: Budget,
    fetching: Mutex<HashMap<usize, Fetching<Bytes>>>,
}

impl Tails {
    pub fn new(
        store: Arc<dyn ObjectStore>,
        files: Vec<ObjectMeta>,
        hint: Option<usize>,
        budget: Budget,
    ) -> Self {
        let places = files.iter().enumerate().map(|(at, file)| (file.location.clone(), at));
        let places = places.collect();
        Self { store, files, places, hint, budget, fetching: Mutex::default() }
    }

    /// The tail, if it was fetched ahead. The next files' are from now on; not those `is_known`.
    pub async fn take(&self, path: &Path, is_known: impl Fn(&Path) -> bool) -> Option<Tail> {
        let at = *self.places.get(path)?;
        let fetching = {
            let mut fetching = self.fetching.lock().unwrap_or_else(PoisonError::into_inner);
            let own = fetching.remove(&at);
            let next = self.files.iter().enumerate().skip(at + 1).take(FILES);
            for (next, file) in next.filter(|(_, file)| !is_known(&file.location)) {
                if fetching.len() < FILES_MAX
                    && let Entry::Vacant(place) = fetching.entry(next)
                    && let Some(tail) = self.fetch(file)
                {
                    place.insert(tail);
                }
            }
            own
        };
        let start = Tail::range(self.files[at].size, self.hint).start;
        Some(Tail { start, bytes: fetching?.wait().await? })
    }

    fn fetch(&self, file: &ObjectMeta) -> Option<Fetching<Bytes>> {
        let range = Tail::range(file.size, self.hint);
        let memory = self.budget.take(range.end - range.start)?;
        let (store, path) = (Arc::clone(&self.store), file.location.clone());
        let task = SpawnedTask::spawn(async move { store.get_range(&path, range).await });
        Some(Fetching { task, _memory: memory })
    }
}
