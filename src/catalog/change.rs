//! What can be done to a catalog. A list of changes is applied in one transaction: all or nothing.

use lakegate_base::{Location, TableName};

use crate::model::{Database, Partition, Table};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Creates the database, or replaces its definition.
    PutDatabase(Database),
    /// Drops the database and everything in it.
    DropDatabase {
        name: String,
    },
    /// Creates the table (version 0), or replaces its whole definition and keeps the old one as a
    /// version. Its database must exist.
    PutTable {
        table: Box<Table>,
        expected: Expected,
    },
    /// Drops the table with its partitions and versions.
    DropTable {
        name: TableName,
        expected: Expected,
    },
    /// Adds partitions, or replaces those with the same values.
    PutPartitions {
        table: TableName,
        partitions: Vec<Partition>,
    },
    /// Drops partitions by their values; absent ones are no error.
    DropPartitions {
        table: TableName,
        values: Vec<Vec<String>>,
    },
    /// What a crawler learned of a folder. No part of the catalog's version.
    PutFolder(FolderState),
    DropFolder(Location),
}

/// What the writer believes of the table it changes; anything else is a conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    Anything,
    /// The table must not exist yet.
    Absent,
    /// The table's current `VersionId`.
    Version(u64),
}

/// What a crawler learned of a folder by reading it, so that it need not read it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderState {
    pub location: Location,
    /// Digest of the listing (path, size, etag or time) the knowledge comes from.
    pub fingerprint: String,
    /// The crawler's own text (JSON).
    pub learned: String,
}

impl Change {
    pub fn put_table(table: Table) -> Self {
        Self::PutTable { table: Box::new(table), expected: Expected::Anything }
    }

    /// True when readers of the catalog can see the change.
    pub fn is_visible(&self) -> bool {
        !matches!(self, Self::PutFolder(_) | Self::DropFolder(_))
    }
}
