//! The built-in store: one SQLite file in WAL mode with `synchronous=FULL`, so that what was acknowledged
//! survives a power loss. One connection reads and one writes; other processes may do the same beside us.
//! Calls run on the blocking pool, never on an async thread.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use lakegate_base::{Error, ErrorKind, Location, Result, Subject, TableName};
use rusqlite::{Connection, ErrorCode, OptionalExtension, TransactionBehavior, params};
use serde::de::DeserializeOwned;

use super::migrations::{Refused, migrate};
use super::{CatalogStore, Loaded, write};
use crate::change::{Change, FolderState};
use crate::model::{Partition, Table, TableVersion};
use crate::source::{location_text, parse_location};

/// How long a writer waits for another process's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

pub struct SqliteStore {
    shared: Arc<Shared>,
}

struct Shared {
    /// For messages; `:memory:` without a file.
    path: PathBuf,
    reader: Arc<Mutex<Connection>>,
    writer: Arc<Mutex<Connection>>,
}

impl SqliteStore {
    /// Opens the file, creating it and its folder when they are missing. Blocks.
    pub fn open(path: &Path) -> Result<Self> {
        if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|e| {
                Error::unavailable(format!("cannot create {} for the catalog", folder.display()))
                    .hint("Choose a folder you may write to.")
                    .source(e)
            })?;
        }
        let writer = connect(path).map_err(|e| refuse(path, e))?;
        let reader = connect(path).map_err(|e| refuse(path, e))?;
        let (reader, writer) = (Arc::new(Mutex::new(reader)), Arc::new(Mutex::new(writer)));
        Ok(Self { shared: Arc::new(Shared { path: path.to_path_buf(), reader, writer }) })
    }

    /// A catalog that lives as long as this value.
    pub fn in_memory() -> Result<Self> {
        let path = PathBuf::from(":memory:");
        let one = Arc::new(Mutex::new(connect(&path).map_err(|e| refuse(&path, e))?));
        Ok(Self { shared: Arc::new(Shared { path, reader: Arc::clone(&one), writer: one }) })
    }

    async fn read<T: Send + 'static>(
        &self,
        run: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let shared = Arc::clone(&self.shared);
        blocking(move || {
            let mut connection = shared.reader.lock().unwrap_or_else(PoisonError::into_inner);
            // One read transaction: every statement in it sees the same version.
            let transaction =
                connection.transaction().map_err(|e| sqlite_error(&shared.path, e))?;
            run(&transaction).map_err(|e| sqlite_error(&shared.path, e))
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(
    run: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(run)
        .await
        .map_err(|e| Error::internal("the catalog's worker stopped").source(e))?
}

fn connect(path: &Path) -> Result<Connection, Refused> {
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    migrate(&mut connection)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(connection)
}

#[async_trait]
impl CatalogStore for SqliteStore {
    async fn version(&self) -> Result<u64> {
        // Every statement asks. The answer is in memory that processes share: getting it takes less than the
        // way to another thread and back.
        if let Ok(connection) = self.shared.reader.try_lock() {
            return current_version(&connection).map_err(|e| sqlite_error(&self.shared.path, e));
        }
        self.read(current_version).await
    }

    async fn load(&self, since: u64) -> Result<Loaded> {
        let path = self.shared.path.clone();
        let (version, databases, names, changed) = self.read(move |c| load(c, since)).await?;
        // Ten thousand definitions take a while to parse.
        blocking(move || {
            let databases = definitions(&path, &databases)?;
            Ok(Loaded { version, databases, names, changed: definitions(&path, &changed)? })
        })
        .await
    }

    async fn apply(&self, changes: Vec<Change>) -> Result<u64> {
        let shared = Arc::clone(&self.shared);
        blocking(move || {
            let mut connection = shared.writer.lock().unwrap_or_else(PoisonError::into_inner);
            let failed = |e| sqlite_error(&shared.path, e);
            let transaction = connection
                .transaction_with_behavior(TransactionBehavior::Immediate)
                .map_err(failed)?;
            let before = current_version(&transaction).map_err(failed)?;
            let version = before + u64::from(changes.iter().any(Change::is_visible));
            let writer = write::Writer::new(&transaction, &shared.path, version);
            for change in changes {
                writer.apply(change)?;
            }
            if version != before {
                transaction
                    .execute("UPDATE catalog SET version = ?", params![to_sql(version)])
                    .map_err(failed)?;
            }
            transaction.commit().map_err(failed)?;
            Ok(version)
        })
        .await
    }

    async fn partitions(&self, table: &TableName) -> Result<Vec<Partition>> {
        let (path, table) = (self.shared.path.clone(), table.clone());
        let rows = self
            .read(move |c| {
                let sql = "SELECT p.definition FROM partitions p JOIN tables t ON t.id = p.table_id
                           WHERE t.database = ? AND t.name = ? ORDER BY p.key";
                strings(c, sql, params![table.database, table.table])
            })
            .await?;
        definitions(&path, &rows)
    }

    async fn table_versions(&self, table: &TableName) -> Result<Vec<TableVersion>> {
        let (path, name) = (self.shared.path.clone(), table.clone());
        let rows = self
            .read(move |c| {
                let sql = "SELECT definition FROM (
                               SELECT t.version_id, t.definition FROM tables t
                               WHERE t.database = ?1 AND t.name = ?2
                               UNION ALL
                               SELECT v.version_id, v.definition FROM table_versions v
                               JOIN tables t ON t.id = v.table_id
                               WHERE t.database = ?1 AND t.name = ?2)
                           ORDER BY version_id DESC";
                strings(c, sql, params![name.database, name.table])
            })
            .await?;
        let tables: Vec<Table> = definitions(&path, &rows)?;
        let version = |table: Table| {
            let version_id = table.version_id.clone().unwrap_or_default();
            TableVersion { table, version_id }
        };
        Ok(tables.into_iter().map(version).collect())
    }

    async fn folders(&self, root: &Location) -> Result<Vec<FolderState>> {
        let text = location_text(root);
        // '0' follows '/': the half-open range holds exactly what is below the root.
        let below = (
            format!("{}/", text.trim_end_matches('/')),
            format!("{}0", text.trim_end_matches('/')),
        );
        let rows = self
            .read(move |c| {
                let sql = "SELECT location, fingerprint, learned FROM crawl_state
                           WHERE location = ? OR (location >= ? AND location < ?)";
                let mut statement = c.prepare_cached(sql)?;
                let row = |r: &rusqlite::Row<'_>| {
                    Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?, r.get::<_, String>(2)?))
                };
                let rows = statement.query_map(params![text, below.0, below.1], row)?;
                rows.collect::<rusqlite::Result<Vec<_>>>()
            })
            .await?;
        let state = |(location, fingerprint, learned): (String, _, _)| {
            Ok(FolderState { location: parse_location(&location)?, fingerprint, learned })
        };
        rows.into_iter().map(state).collect()
    }
}

fn current_version(connection: &Connection) -> rusqlite::Result<u64> {
    let version: Option<i64> = connection
        .prepare_cached("SELECT version FROM catalog")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(version.and_then(|v| u64::try_from(v).ok()).unwrap_or(0))
}

type Rows = (u64, Vec<String>, Vec<TableName>, Vec<String>);

fn load(connection: &Connection, since: u64) -> rusqlite::Result<Rows> {
    let version = current_version(connection)?;
    let databases = strings(connection, "SELECT definition FROM databases", [])?;
    let mut statement = connection.prepare_cached("SELECT database, name FROM tables")?;
    let name = |r: &rusqlite::Row<'_>| Ok(TableName { database: r.get(0)?, table: r.get(1)? });
    let names = statement.query_map([], name)?.collect::<rusqlite::Result<Vec<_>>>()?;
    let sql = "SELECT definition FROM tables WHERE changed > ?";
    let changed = strings(connection, sql, params![to_sql(since)])?;
    Ok((version, databases, names, changed))
}

fn strings(
    connection: &Connection,
    sql: &str,
    values: impl rusqlite::Params,
) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(values, |row| row.get(0))?;
    rows.collect()
}

fn definitions<T: DeserializeOwned>(path: &Path, rows: &[String]) -> Result<Vec<T>> {
    rows.iter().map(|text| definition(path, text)).collect()
}

pub(super) fn definition<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|e| damaged(path).source(e))
}

/// SQLite's integers are signed.
pub(super) fn to_sql(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn refuse(path: &Path, refused: Refused) -> Error {
    let shown = path.display();
    match refused {
        Refused::Sqlite(error) => sqlite_error(path, error),
        Refused::Foreign => {
            Error::invalid(format!("{shown} is another program's SQLite file, not a catalog"))
                .hint("Point the catalog's path at a file of its own.")
        }
        Refused::Newer { found, known } => {
            let text = format!(
                "catalog {shown} was written by a newer Lakegate (schema {found}, this one knows {known})"
            );
            Error::unsupported(text).hint("Use the newer lakegate, or another catalog file.")
        }
    }
}

fn damaged(path: &Path) -> Error {
    Error::corrupt(format!("catalog {} is damaged", path.display())).hint(
        "Restore a copy, or move the file away: `lakegate crawl` and `lakegate run` build a new one.",
    )
}

/// One line that names the file and says what to do.
pub(super) fn sqlite_error(path: &Path, error: rusqlite::Error) -> Error {
    let shown = path.display();
    let answer = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            Error::unavailable(format!("catalog {shown} is locked by another process"))
                .hint("Wait for the other lakegate to finish, or stop it.")
        }
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => damaged(path),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            Error::denied(format!("catalog {shown} cannot be written")).about(Subject::Disk).hint(
                "Give this user write access to the file and its folder, or choose another path.",
            )
        }
        Some(ErrorCode::CannotOpen) => {
            Error::unavailable(format!("catalog {shown} cannot be opened"))
                .hint("Check that the folder exists and that this user may write to it.")
        }
        Some(ErrorCode::DiskFull) => {
            Error::new(ErrorKind::Exhausted, format!("disk full while writing catalog {shown}"))
                .about(Subject::Disk)
                .hint("Free some space; the catalog is as it was before.")
        }
        Some(ErrorCode::SystemIoFailure) => {
            Error::unavailable(format!("catalog {shown}: the disk failed to read or write"))
                .about(Subject::Disk)
                .hint("Check the disk; changes not acknowledged were not made.")
        }
        _ => Error::internal(format!("catalog {shown}: unexpected database error")),
    };
    answer.source(error)
}
