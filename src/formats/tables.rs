//! Opens tables, and remembers what it read of them: snapshots until they change, and deletes and
//! manifests, which never do. Everything remembered is weighed in bytes and bounded.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use lakegate_base::{Error, Location, Result};
use lakegate_store::Stores;
use roaring::RoaringTreemap;

use crate::cache::{ByteCache, CacheUsage};
use crate::delete_files::{self, PositionCache};
use crate::delta::{self, Refreshed};
use crate::iceberg::{self, ManifestCache};
use crate::{
    AsOf, EqualityDeletes, FileDeletes, Revision, TableFormat, TableSnapshot, TableSource, files,
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
        Self { snapshot_bytes: 512 << 20, manifest_bytes: 256 << 20, delete_bytes: 128 << 20 }
    }
}

pub struct Tables {
    stores: Arc<Stores>,
    snapshots: ByteCache<SnapshotKey, Known>,
    manifests: ManifestCache,
    positions: PositionCache,
    keys: ByteCache<KeysKey, RecordBatch>,
    /// What was checked before this moment is not current any more.
    current_since: Mutex<Instant>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct SnapshotKey {
    location: Location,
    as_of: AsOf,
    /// What the catalog says of the table; a changed column or metadata file makes another snapshot.
    told: String,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct KeysKey {
    location: Location,
    /// The key columns as the table has them now.
    columns: String,
}

struct Known {
    snapshot: Arc<TableSnapshot>,
    checked: Instant,
}

impl Tables {
    pub fn new(stores: Arc<Stores>, options: CacheOptions) -> Self {
        Self {
            stores,
            snapshots: ByteCache::new(options.snapshot_bytes),
            manifests: ManifestCache::new(options.manifest_bytes),
            positions: PositionCache::new(options.delete_bytes),
            keys: ByteCache::new(options.delete_bytes),
            current_since: Mutex::new(Instant::now()),
        }
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
            told: format!(
                "{:?} {:?} {:?} {:?}",
                source.format, source.schema, source.partition_keys, source.metadata_location
            ),
        };
        let asked = Instant::now();
        let current_since = *self.current_since.lock().unwrap_or_else(PoisonError::into_inner);
        let is_current = |known: &Known| match as_of {
            // A version never changes; what a moment or a name means may.
            AsOf::Version(_) => true,
            _ => known.checked + staleness >= asked && known.checked >= current_since,
        };
        let read = |previous: Option<Arc<Known>>| async move {
            let checked = Instant::now();
            let previous = previous.map(|known| Arc::clone(&known.snapshot));
            let snapshot = self.read(source, as_of, previous).await?;
            let bytes = snapshot_bytes(&snapshot);
            Ok((Known { snapshot, checked }, bytes))
        };
        let known = self.snapshots.get_or_renew(key, is_current, read).await?;
        Ok(Arc::clone(&known.snapshot))
    }

    async fn read(
        &self,
        source: &TableSource,
        as_of: &AsOf,
        previous: Option<Arc<TableSnapshot>>,
    ) -> Result<Arc<TableSnapshot>> {
        let stores = &self.stores;
        let opened = match (&source.format, as_of, &previous) {
            (TableFormat::Delta, AsOf::Latest, Some(previous)) => {
                match delta::refresh(stores, previous).await? {
                    Refreshed::Unchanged => return Ok(Arc::clone(previous)),
                    Refreshed::Changed(snapshot) => *snapshot,
                }
            }
            (TableFormat::Delta, ..) => delta::open_as_of(stores, source, as_of).await?,
            (TableFormat::Iceberg, AsOf::Latest, Some(previous)) => {
                match iceberg::refresh(stores, &self.manifests, source, previous).await? {
                    None => return Ok(Arc::clone(previous)),
                    Some(snapshot) => snapshot,
                }
            }
            (TableFormat::Iceberg, ..) => {
                iceberg::open_as_of(stores, &self.manifests, source, as_of).await?
            }
            (_, AsOf::Latest, _) => files::open(stores, source).await?,
            _ => return Err(no_versions(source)),
        };
        // The same files again: whoever holds the previous one shares its memory.
        Ok(match previous.filter(|previous| previous.version == opened.version) {
            Some(previous) => previous,
            None => Arc::new(opened),
        })
    }

    /// The table's versions, newest first.
    pub async fn history(&self, source: &TableSource) -> Result<Vec<Revision>> {
        match source.format {
            TableFormat::Delta => delta::history(&self.stores, source).await,
            TableFormat::Iceberg => iceberg::history(&self.stores, source).await,
            _ => Err(no_versions(source)),
        }
    }

    /// The rows that position deletes name in one data file.
    pub async fn deleted_rows(&self, deletes: &FileDeletes) -> Result<RoaringTreemap> {
        delete_files::deleted_rows(&self.stores, &self.positions, deletes).await
    }

    /// The rows of an equality delete file, in its key columns and their types in the table.
    pub async fn deleted_keys(
        &self,
        snapshot: &TableSnapshot,
        deletes: &EqualityDeletes,
    ) -> Result<Arc<RecordBatch>> {
        let columns = deletes.columns.iter().map(|column| snapshot.schema.fields().get(*column));
        let key = KeysKey {
            location: deletes.location.clone(),
            columns: format!("{:?}", columns.collect::<Vec<_>>()),
        };
        let load = async {
            let keys = delete_files::read_keys(&self.stores, &snapshot.schema, deletes).await?;
            let bytes = keys.get_array_memory_size() as u64;
            Ok((keys, bytes))
        };
        self.keys.get_or_load(key, load).await
    }

    /// By name: what each cache holds.
    pub fn caches(&self) -> Vec<(&'static str, CacheUsage)> {
        vec![
            ("snapshots", self.snapshots.usage()),
            ("manifests", self.manifests.usage()),
            ("deleted positions", self.positions.usage()),
            ("deleted keys", self.keys.usage()),
        ]
    }
}

fn no_versions(source: &TableSource) -> Error {
    Error::unsupported(format!("versions of a table of {} files", source.format.name()))
        .hint("Only Delta and Iceberg tables keep their past.")
}

/// Chunks of files that others share are counted by each: too much rather than too little.
fn snapshot_bytes(snapshot: &TableSnapshot) -> u64 {
    /// Roughly what the deletes of one file take.
    const DELETES_BYTES: usize = 512;
    let deletes = snapshot.deletes.len() * DELETES_BYTES;
    (snapshot.files.memory_bytes() + deletes) as u64
}

impl fmt::Debug for Tables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tables")
    }
}
