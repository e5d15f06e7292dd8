//! How each change is written inside the store's transaction: existence and version checks, version ids
//! and times, and the archive of replaced definitions.

use std::path::Path;

use chrono::Utc;
use lakegate_base::{Error, ErrorKind, Result, Subject, TableName, fold_name};
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde::Serialize;

use super::sqlite::{definition, sqlite_error, to_sql};
use crate::change::{Change, Expected};
use crate::model::{Database, Partition, Table};
use crate::source::location_text;

/// Replaced definitions kept per table.
const TABLE_VERSIONS_MAX: u64 = 100;

pub(super) struct Writer<'a> {
    transaction: &'a Transaction<'a>,
    path: &'a Path,
    /// The catalog's version once this transaction is committed.
    version: u64,
    now: i64,
}

/// A table's row, before it is changed.
struct Current {
    id: i64,
    version: u64,
    definition: String,
}

impl<'a> Writer<'a> {
    pub(super) fn new(transaction: &'a Transaction<'a>, path: &'a Path, version: u64) -> Self {
        Self { transaction, path, version, now: Utc::now().timestamp() }
    }

    pub(super) fn apply(&self, change: Change) -> Result<()> {
        match change {
            Change::PutDatabase(database) => self.put_database(database),
            Change::DropDatabase { name } => self.drop_database(&fold_name(&name)),
            Change::PutTable { table, expected } => self.put_table(*table, expected),
            Change::DropTable { name, expected } => self.drop_table(&name, expected),
            Change::PutPartitions { table, partitions } => self.put_partitions(&table, partitions),
            Change::DropPartitions { table, values } => self.drop_partitions(&table, &values),
            Change::PutFolder(folder) => self.execute(
                "INSERT OR REPLACE INTO crawl_state VALUES (?, ?, ?)",
                params![location_text(&folder.location), folder.fingerprint, folder.learned],
            ),
            Change::DropFolder(location) => self.execute(
                "DELETE FROM crawl_state WHERE location = ?",
                params![location_text(&location)],
            ),
        }
    }

    fn put_database(&self, database: Database) -> Result<()> {
        let mut database = database.checked()?;
        let known: Option<String> = self.try_sql(|c| {
            let sql = "SELECT definition FROM databases WHERE name = ?";
            let mut statement = c.prepare_cached(sql)?;
            statement.query_row(params![database.name], |row| row.get(0)).optional()
        })?;
        database.create_time = match known {
            Some(text) => definition::<Database>(self.path, &text)?.create_time,
            None => Some(self.now),
        };
        self.execute(
            "INSERT INTO databases VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET definition = excluded.definition",
            params![database.name, text(&database)?],
        )
    }

    fn drop_database(&self, name: &str) -> Result<()> {
        let sql = "DELETE FROM databases WHERE name = ?";
        let dropped = self.try_sql(|c| c.execute(sql, params![name]))?;
        if dropped == 0 { Err(Error::not_found(Subject::Database, name)) } else { Ok(()) }
    }

    fn put_table(&self, table: Table, expected: Expected) -> Result<()> {
        let mut table = table.checked()?;
        let name = table.table_name();
        table.update_time = Some(self.now);
        let Some(current) = self.current(&name)? else {
            check(&name, None, expected)?;
            return self.insert_table(&name, table);
        };
        check(&name, Some(current.version), expected)?;
        let before: Table = definition(self.path, &current.definition)?;
        let version = current.version + 1;
        table.create_time = before.create_time;
        table.version_id = Some(version.to_string());
        self.execute(
            "INSERT INTO table_versions VALUES (?, ?, ?)",
            params![current.id, to_sql(current.version), current.definition],
        )?;
        self.execute(
            "DELETE FROM table_versions WHERE table_id = ? AND version_id < ?",
            params![current.id, to_sql(version.saturating_sub(TABLE_VERSIONS_MAX))],
        )?;
        self.execute(
            "UPDATE tables SET version_id = ?, changed = ?, definition = ? WHERE id = ?",
            params![to_sql(version), to_sql(self.version), text(&table)?, current.id],
        )
    }

    fn insert_table(&self, name: &TableName, mut table: Table) -> Result<()> {
        let sql = "SELECT count(*) FROM databases WHERE name = ?";
        let databases: i64 =
            self.try_sql(|c| c.query_row(sql, params![name.database], |row| row.get(0)))?;
        if databases == 0 {
            return Err(Error::not_found(Subject::Database, &name.database));
        }
        table.create_time = Some(self.now);
        table.version_id = Some("0".to_string());
        self.execute(
            "INSERT INTO tables (database, name, version_id, changed, definition)
             VALUES (?, ?, 0, ?, ?)",
            params![name.database, name.table, to_sql(self.version), text(&table)?],
        )
    }

    fn drop_table(&self, name: &TableName, expected: Expected) -> Result<()> {
        let current = self.existing(name)?;
        check(name, Some(current.version), expected)?;
        self.execute("DELETE FROM tables WHERE id = ?", params![current.id])
    }

    fn put_partitions(&self, name: &TableName, partitions: Vec<Partition>) -> Result<()> {
        let current = self.existing(name)?;
        let keys = definition::<Table>(self.path, &current.definition)?.partition_keys.len();
        for mut partition in partitions {
            if partition.values.len() != keys {
                let values = partition.values.join("/");
                return Err(Error::invalid(format!(
                    "{name} has {keys} partition keys, not [{values}]"
                )));
            }
            partition.creation_time.get_or_insert(self.now);
            self.execute(
                "INSERT OR REPLACE INTO partitions VALUES (?, ?, ?)",
                params![current.id, text(&partition.values)?, text(&partition)?],
            )?;
        }
        Ok(())
    }

    fn drop_partitions(&self, name: &TableName, values: &[Vec<String>]) -> Result<()> {
        let current = self.existing(name)?;
        for values in values {
            self.execute(
                "DELETE FROM partitions WHERE table_id = ? AND key = ?",
                params![current.id, text(values)?],
            )?;
        }
        Ok(())
    }

    fn existing(&self, name: &TableName) -> Result<Current> {
        self.current(name)?.ok_or_else(|| Error::not_found(Subject::Table, name))
    }

    fn current(&self, name: &TableName) -> Result<Option<Current>> {
        let row = self.try_sql(|c| {
            let sql =
                "SELECT id, version_id, definition FROM tables WHERE database = ? AND name = ?";
            let mut statement = c.prepare_cached(sql)?;
            let row = |r: &rusqlite::Row<'_>| Ok((r.get(0)?, r.get::<_, i64>(1)?, r.get(2)?));
            statement.query_row(params![name.database, name.table], row).optional()
        })?;
        Ok(row.map(|(id, version, definition)| {
            let version = u64::try_from(version).unwrap_or(0);
            Current { id, version, definition }
        }))
    }

    fn execute(&self, sql: &str, values: impl rusqlite::Params) -> Result<()> {
        self.try_sql(|c| c.prepare_cached(sql)?.execute(values)).map(|_| ())
    }

    fn try_sql<T>(&self, run: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        run(self.transaction).map_err(|e| sqlite_error(self.path, e))
    }
}

/// The optimistic lock: what the writer believed must still hold.
fn check(name: &TableName, current: Option<u64>, expected: Expected) -> Result<()> {
    match (expected, current) {
        (Expected::Anything, _) | (Expected::Absent, None) => Ok(()),
        (Expected::Version(wanted), Some(found)) if wanted == found => Ok(()),
        (Expected::Absent, Some(_)) => {
            let text = format!("table \"{name}\" already exists");
            Err(Error::new(ErrorKind::AlreadyExists, text).about(Subject::Table))
        }
        (Expected::Version(_), None) => Err(Error::not_found(Subject::Table, name)),
        (Expected::Version(wanted), Some(found)) => {
            let text = format!("table \"{name}\" is at version {found}, not {wanted}");
            Err(Error::new(ErrorKind::Conflict, text)
                .about(Subject::Table)
                .hint("Someone else changed it: read it again and retry."))
        }
    }
}

fn text(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|e| Error::internal("cannot write JSON").source(e))
}
