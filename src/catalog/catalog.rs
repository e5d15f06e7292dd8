//! The catalog as the rest of the program sees it: snapshots to read from, change lists to apply.

use std::path::PathBuf;
use std::sync::Arc;

use lakegate_base::{Location, Result, TableName};
use tokio::sync::RwLock;

use crate::change::{Change, FolderState};
use crate::model::{Partition, TableVersion};
use crate::snapshot::Snapshot;
use crate::store::{CatalogStore, SqliteStore};

#[derive(Clone, Debug)]
pub struct CatalogOptions {
    /// The SQLite file; none keeps the catalog in memory.
    pub path: Option<PathBuf>,
}

pub struct Catalog {
    store: Arc<dyn CatalogStore>,
    cached: RwLock<Arc<Snapshot>>,
}

impl Catalog {
    /// Opens the catalog, creating it when missing. The database `default` exists from the start.
    /// Blocks for as long as opening a file takes: for start-up.
    pub fn open(options: CatalogOptions) -> Result<Self> {
        let store = match options.path {
            Some(path) => SqliteStore::open(&path)?,
            None => SqliteStore::in_memory()?,
        };
        Ok(Self::with_store(Arc::new(store)))
    }

    pub fn with_store(store: Arc<dyn CatalogStore>) -> Self {
        Self { store, cached: RwLock::default() }
    }

    /// The current version of the whole catalog. Asks the store for its version each time, since another
    /// process may have changed it, and reads only what changed since the last call.
    pub async fn snapshot(&self) -> Result<Arc<Snapshot>> {
        let version = self.store.version().await?;
        let known = Arc::clone(&*self.cached.read().await);
        if known.version == version {
            return Ok(known);
        }
        let mut cached = self.cached.write().await;
        if cached.version < version {
            let loaded = self.store.load(cached.version).await?;
            *cached = Arc::new(cached.advance(loaded));
        } else if cached.version > version {
            // The store was put back to an older state: nothing remembered is true any more.
            *cached = Arc::new(Snapshot::default().advance(self.store.load(0).await?));
        }
        Ok(Arc::clone(&cached))
    }

    /// Applies all changes or none, and answers the catalog's version after them. A change whose
    /// expectation does not hold ends in `Conflict`, `AlreadyExists` or `NotFound`.
    pub async fn apply(&self, changes: Vec<Change>) -> Result<u64> {
        self.store.apply(changes).await
    }

    /// In order of their values; none for a table without any, or no table.
    pub async fn partitions(&self, table: &TableName) -> Result<Vec<Partition>> {
        self.store.partitions(table).await
    }

    /// Newest first, the current definition included.
    pub async fn table_versions(&self, table: &TableName) -> Result<Vec<TableVersion>> {
        self.store.table_versions(table).await
    }

    /// What crawlers know of folders at or below a place.
    pub(crate) async fn folders(&self, root: &Location) -> Result<Vec<FolderState>> {
        self.store.folders(root).await
    }
}
