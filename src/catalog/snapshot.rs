//! One version of the whole catalog in memory: immutable, cheap to share, never touching storage. A query
//! takes one and sees nothing newer.

use std::collections::BTreeMap;
use std::sync::Arc;

use lakegate_base::{TableName, fold_name};

use crate::model::{Database, Table};
use crate::store::Loaded;

#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Grows with every committed change set.
    pub version: u64,
    databases: BTreeMap<String, Arc<Database>>,
    tables: BTreeMap<String, BTreeMap<String, Arc<Table>>>,
}

impl Snapshot {
    /// In order of name.
    pub fn databases(&self) -> impl Iterator<Item = &Arc<Database>> {
        self.databases.values()
    }

    pub fn database(&self, name: &str) -> Option<&Arc<Database>> {
        self.databases.get(&fold_name(name))
    }

    /// The tables and views of a database in order of name; none when the database does not exist.
    pub fn tables(&self, database: &str) -> impl Iterator<Item = &Arc<Table>> {
        self.tables.get(&fold_name(database)).into_iter().flat_map(BTreeMap::values)
    }

    pub fn all_tables(&self) -> impl Iterator<Item = &Arc<Table>> {
        self.tables.values().flat_map(BTreeMap::values)
    }

    pub fn table(&self, name: &TableName) -> Option<&Arc<Table>> {
        self.tables.get(&name.database)?.get(&name.table)
    }

    /// This version with some tables over it that no store holds: those named on a command line.
    #[must_use]
    pub fn with_tables(&self, tables: impl IntoIterator<Item = Arc<Table>>) -> Self {
        let mut with = self.clone();
        for table in tables {
            let name = table.table_name();
            let database = || Database { name: name.database.clone(), ..Database::default() };
            with.databases.entry(name.database.clone()).or_insert_with(|| Arc::new(database()));
            with.tables.entry(name.database.clone()).or_default().insert(name.table, table);
        }
        with
    }

    /// The next snapshot: what changed comes from `loaded`, the rest is shared with this one.
    pub(crate) fn advance(&self, loaded: Loaded) -> Self {
        let databases =
            loaded.databases.into_iter().map(|d| (d.name.clone(), Arc::new(d))).collect();
        let mut changed: BTreeMap<TableName, Table> =
            loaded.changed.into_iter().map(|t| (t.table_name(), t)).collect();
        let mut tables: BTreeMap<String, BTreeMap<String, Arc<Table>>> = BTreeMap::new();
        for name in loaded.names {
            let table = match changed.remove(&name) {
                Some(table) => Some(Arc::new(table)),
                None => self.table(&name).cloned(),
            };
            if let Some(table) = table {
                tables.entry(name.database).or_default().insert(name.table, table);
            }
        }
        Self { version: loaded.version, databases, tables }
    }
}
