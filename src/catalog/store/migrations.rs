//! The schema of the SQLite file, as a list of steps. `user_version` counts the steps a file has taken;
//! each is taken in a transaction, and a file from a newer Lakegate is refused untouched.

use rusqlite::{Connection, TransactionBehavior};

/// Marks the file as ours ("LKGT"), so that another program's database is never written to.
const APPLICATION_ID: i32 = 0x4c4b_4754;

const STEPS: &[&str] = &["
    CREATE TABLE catalog (version INTEGER NOT NULL);
    INSERT INTO catalog VALUES (1);
    CREATE TABLE databases (
        name TEXT PRIMARY KEY,
        definition TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE tables (
        id INTEGER PRIMARY KEY,
        database TEXT NOT NULL REFERENCES databases (name) ON DELETE CASCADE,
        name TEXT NOT NULL,
        version_id INTEGER NOT NULL,
        changed INTEGER NOT NULL,
        definition TEXT NOT NULL,
        UNIQUE (database, name)
    );
    CREATE INDEX tables_changed ON tables (changed, database, name);
    CREATE TABLE table_versions (
        table_id INTEGER NOT NULL REFERENCES tables (id) ON DELETE CASCADE,
        version_id INTEGER NOT NULL,
        definition TEXT NOT NULL,
        PRIMARY KEY (table_id, version_id)
    ) WITHOUT ROWID;
    CREATE TABLE partitions (
        table_id INTEGER NOT NULL REFERENCES tables (id) ON DELETE CASCADE,
        key TEXT NOT NULL,
        definition TEXT NOT NULL,
        PRIMARY KEY (table_id, key)
    ) WITHOUT ROWID;
    CREATE TABLE crawl_state (
        location TEXT PRIMARY KEY,
        fingerprint TEXT NOT NULL,
        learned TEXT NOT NULL
    ) WITHOUT ROWID;
    INSERT INTO databases VALUES ('default', '{\"Name\":\"default\"}');
"];

/// Why a file cannot be used as a catalog.
pub(super) enum Refused {
    /// It has more steps than this program knows.
    Newer {
        found: i64,
        known: usize,
    },
    Foreign,
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Refused {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// Brings a file to the current schema. Safe when several processes do it at once: the steps taken are
/// read again under the write lock.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), Refused> {
    if steps_taken(connection)? == STEPS.len() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let taken = steps_taken(&transaction)?;
    for step in STEPS.iter().skip(taken) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    let steps = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    transaction.pragma_update(None, "user_version", steps)?;
    transaction.commit()?;
    Ok(())
}

fn steps_taken(connection: &Connection) -> Result<usize, Refused> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (taken, application) = (pragma("user_version")?, pragma("application_id")?);
    let objects: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application != i64::from(APPLICATION_ID) && (objects > 0 || application != 0) {
        return Err(Refused::Foreign);
    }
    match usize::try_from(taken) {
        Ok(steps) if steps <= STEPS.len() => Ok(steps),
        _ => Err(Refused::Newer { found: taken, known: STEPS.len() }),
    }
}
