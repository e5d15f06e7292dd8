//! Opens tables, and remembers what it read of them: snapshots until they change, and deletes and
//! manifests, which never do. Everything remembered is weighed in bytes and bounded.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use arrow::array::{Array, RecordBatch};
use lakegate_base::{Error, Location, Result};
use lakegate_store::Stores;
use moka::future::Cache;
use roaring::RoaringTreemap;
use tokio::sync::Mutex;

use crate::{
    AsOf, EqualityDeletes, FileDeletes, PositionDeletes, Revision, TableSnapshot, TableSource,
    bitmap,
};

/// How much may be remembered.
#[derive(Clone, Copy, Debug)]
pub struct CacheOptions {
    pub snapshot_bytes: u64,
    pub manifest_bytes: u64,
    pub delete_bytes: u64,
}

impl Default for CacheOptions {
    fn default() -> Self {
        Self { snapshot_bytes: 256 << 20, manifest_bytes: 128 << 20, delete_bytes: 128 << 20 }
    }
}

/// What one cache holds and how often it helped.
#[derive(Clone, Debug)]
pub struct CacheUse {
    pub name: &'static str,
    pub entries: u64,
    pub bytes: u64,
    pub limit_bytes: u64,
    pub hits: u64,
    pub misses: u64,
}

pub struct Tables {
    stores: Arc<Stores>,
    snapshots: Kept<SnapshotKey, Known>,
    /// One reader at a time opens or refreshes a table; the others get what it found.
    opening: Cache<SnapshotKey, Arc<Mutex<()>>>,
    vectors: Kept<(Location, u64), Arc<RoaringTreemap>>,
    keys: Kept<String, RecordBatch>,
    /// What was checked before this moment is not current any more.
    current_since: std::sync::Mutex<Instant>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct SnapshotKey {
    location: Location,
    as_of: AsOf,
    /// What the catalog says of a table of files; a changed column makes another snapshot.
    told: String,
}

#[derive(Clone)]
struct Known {
    snapshot: Arc<TableSnapshot>,
    checked: Instant,
}

impl Tables {
    pub fn new(stores: Arc<Stores>, options: CacheOptions) -> Self {
        Self {
            stores,
            snapshots: Kept::new("snapshots", options.snapshot_bytes, |known: &Known| {
                snapshot_bytes(&known.snapshot)
            }),
            opening: Cache::new(10_000),
            current_since: std::sync::Mutex::new(Instant::now()),
            vectors: Kept::new("deletes", options.delete_bytes, |rows: &Arc<RoaringTreemap>| {
                rows.serialized_size()
            }),
            keys: Kept::new("deleted keys", options.delete_bytes, |keys: &RecordBatch| {
                keys.get_array_memory_size()
            }),
        }
    }

    pub fn stores(&self) -> &Arc<Stores> {
        &self.stores
    }

    /// Every table is looked at again, whatever staleness is allowed: a file of one has vanished.
    pub fn look_again(&self) {
        *self.current_since.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// A version of a table. What is known of it counts as current for as long as `staleness`.
    pub async fn open(
        &self,
        source: &TableSource,
        as_of: &AsOf,
        staleness: Duration,
    ) -> Result<Arc<TableSnapshot>> {
        let key = SnapshotKey {
            location: source.location.clone(),
            as_of: as_of.clone(),
            told: format!("{:?} {:?} {:?}", source.format, source.schema, source.partition_keys),
        };
        let asked = Instant::now();
        let current_since = *self.current_since.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = |known: &Known| {
            let is_fixed = matches!(as_of, AsOf::Version(_));
            is_fixed || (known.checked + staleness >= asked && known.checked >= current_since)
        };
        if let Some(known) = self.snapshots.peek(&key).await.filter(fresh) {
            self.snapshots.hit();
            return Ok(known.snapshot);
        }
        let turn = self.opening.get_with(key.clone(), async { Arc::default() }).await;
        let _turn = turn.lock().await;
        // Whoever had the turn before may have looked after this one was asked.
        let previous = self.snapshots.peek(&key).await;
        if let Some(known) = previous.clone().filter(fresh) {
            self.snapshots.hit();
            return Ok(known.snapshot);
        }
        let checked = Instant::now();
        let previous = previous.map(|known| known.snapshot);
        let snapshot = self.read(source, as_of, previous.as_ref()).await?;
        match previous.is_some_and(|previous| Arc::ptr_eq(&previous, &snapshot)) {
            true => self.snapshots.hit(),
            false => self.snapshots.miss(),
        }
        self.snapshots.insert(key, Known { snapshot: Arc::clone(&snapshot), checked }).await;
        Ok(snapshot)
    }
}

impl Tables {
    async fn read(
        &self,
        source: &TableSource,
        _as_of: &AsOf,
        previous: Option<&Arc<TableSnapshot>>,
    ) -> Result<Arc<TableSnapshot>> {
        let snapshot = crate::open(&self.stores, source).await?;
        // The same files: whoever holds the previous one shares its memory.
        Ok(match previous.filter(|previous| previous.version == snapshot.version) {
            Some(previous) => Arc::clone(previous),
            None => Arc::new(snapshot),
        })
    }

    /// Newest first.
    pub async fn history(&self, _source: &TableSource) -> Result<Vec<Revision>> {
        Err(Error::unsupported("history"))
    }

    /// The rows that position deletes name in one data file.
    pub async fn deleted_rows(&self, deletes: &FileDeletes) -> Result<RoaringTreemap> {
        let mut all = RoaringTreemap::new();
        for part in &deletes.positions {
            match part.as_ref() {
                PositionDeletes::Inline { .. } => all |= bitmap::read(&self.stores, part).await?,
                PositionDeletes::Vector { location, offset, .. } => {
                    let read = async { Ok(Arc::new(bitmap::read(&self.stores, part).await?)) };
                    all |= self.vectors.get((location.clone(), *offset), read).await?.as_ref();
                }
                PositionDeletes::File { .. } => return Err(Error::unsupported("position deletes")),
            }
        }
        Ok(all)
    }

    /// The rows of an equality delete file, in its key columns and their types in the table.
    pub async fn deleted_keys(
        &self,
        _snapshot: &TableSnapshot,
        _deletes: &EqualityDeletes,
    ) -> Result<RecordBatch> {
        Err(Error::unsupported("equality deletes"))
    }

    pub fn caches(&self) -> Vec<CacheUse> {
        vec![self.snapshots.use_(), self.vectors.use_(), self.keys.use_()]
    }
}

/// A cache that counts.
struct Kept<K, V> {
    name: &'static str,
    cache: Cache<K, V>,
    limit_bytes: u64,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl<K, V> Kept<K, V>
where
    K: std::hash::Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    fn new(name: &'static str, limit_bytes: u64, bytes: fn(&V) -> usize) -> Self {
        let weigher = move |_: &K, value: &V| u32::try_from(bytes(value)).unwrap_or(u32::MAX);
        let cache = Cache::builder().max_capacity(limit_bytes).weigher(weigher).build();
        Self { name, cache, limit_bytes, hits: AtomicU64::new(0), misses: AtomicU64::new(0) }
    }

    async fn peek(&self, key: &K) -> Option<V> {
        self.cache.get(key).await
    }

    async fn insert(&self, key: K, value: V) {
        self.cache.insert(key, value).await;
    }

    /// What is kept, or made now; several who want the same wait for one.
    async fn get(&self, key: K, make: impl Future<Output = Result<V>>) -> Result<V> {
        if let Some(value) = self.cache.get(&key).await {
            self.hit();
            return Ok(value);
        }
        self.miss();
        // An error is not kept: the next one asks again.
        self.cache.try_get_with(key, make).await.map_err(|error| error.copy())
    }

    fn hit(&self) {
        self.hits.fetch_add(1, Ordering::Relaxed);
    }

    fn miss(&self) {
        self.misses.fetch_add(1, Ordering::Relaxed);
    }

    fn use_(&self) -> CacheUse {
        CacheUse {
            name: self.name,
            entries: self.cache.entry_count(),
            bytes: self.cache.weighted_size(),
            limit_bytes: self.limit_bytes,
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
        }
    }
}

fn snapshot_bytes(snapshot: &TableSnapshot) -> usize {
    let files = &snapshot.files;
    let partitions = files.partitions.iter().map(|p| p.values.get_array_memory_size());
    let bounds = files.bounds.iter().map(|b| {
        b.min.get_array_memory_size()
            + b.max.get_array_memory_size()
            + b.nulls.get_array_memory_size()
    });
    let index: [&dyn Array; 4] = [&files.paths, &files.sizes, &files.rows, &files.modified];
    let index = index.iter().map(|array| array.get_array_memory_size());
    let deletes = snapshot.deletes.len() * DELETES_BYTES;
    partitions.chain(bounds).chain(index).sum::<usize>() + deletes
}

/// Roughly what the deletes of one file take in a snapshot.
const DELETES_BYTES: usize = 512;

impl fmt::Debug for Tables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tables")
    }
}
