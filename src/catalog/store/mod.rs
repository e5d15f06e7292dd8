//! Where a catalog is kept. SQLite is built in; PostgreSQL and AWS Glue can follow behind the same trait.

mod migrations;
mod sqlite;
mod write;

#[cfg(test)]
mod tests;

use async_trait::async_trait;
use lakegate_base::{Location, Result, TableName};

pub use sqlite::SqliteStore;

use crate::change::{Change, FolderState};
use crate::model::{Database, Partition, Table, TableVersion};

/// A durable catalog. An acknowledged `apply` survives a crash; an unacknowledged one is whole or absent.
#[async_trait]
pub trait CatalogStore: Send + Sync {
    /// The catalog's current version: cheap, asked before every query.
    async fn version(&self) -> Result<u64>;

    /// One consistent picture: all names, and the definitions that changed after version `since`.
    async fn load(&self, since: u64) -> Result<Loaded>;

    /// Applies all changes in one transaction and answers the catalog's version after it.
    async fn apply(&self, changes: Vec<Change>) -> Result<u64>;

    /// In order of their values.
    async fn partitions(&self, table: &TableName) -> Result<Vec<Partition>>;

    /// Newest first, the current definition included. A bounded number of old ones is kept.
    async fn table_versions(&self, table: &TableName) -> Result<Vec<TableVersion>>;

    /// What crawlers know of folders at or below a place.
    async fn folders(&self, root: &Location) -> Result<Vec<FolderState>>;
}

/// See [`CatalogStore::load`].
#[derive(Debug, Default)]
pub struct Loaded {
    pub version: u64,
    pub databases: Vec<Database>,
    /// Every table there is.
    pub names: Vec<TableName>,
    /// The definitions of those that are new or changed.
    pub changed: Vec<Table>,
}
