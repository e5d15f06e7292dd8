//! Which way a statement goes.

use std::fmt;
use std::sync::Arc;

use lakegate_base::{Error, Remote, Result, Subject, TableName};
use lakegate_catalog::{Parameters, Snapshot, Table};

/// Parameter of a table or a database: the engine that reads it.
const ROUTE: &str = "lakegate.route";
/// How long the word before a hint may be: `SELECT`, `EXPLAIN`.
const FIRST_WORD_MAX: usize = 16;

/// An engine elsewhere, and what goes there.
#[derive(Clone)]
pub struct RemoteOptions {
    pub engine: Arc<dyn Remote>,
    /// Valid statements that are not supported here go there.
    pub fallback: bool,
    /// Tables that only it reads: `database.table` or `database.*`. More are marked in the catalog.
    pub tables: Vec<String>,
    /// Statements that run there at once; more wait.
    pub queries_max: usize,
}

impl fmt::Debug for RemoteOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} for {:?}, fallback {}", self.engine.name(), self.tables, self.fallback)
    }
}

impl RemoteOptions {
    /// Whether only the remote reads this table.
    pub fn owns(&self, table: &Table, catalog: &Snapshot) -> bool {
        let name = self.engine.name();
        let says = |parameters: &Parameters| parameters.get(ROUTE).is_some_and(|v| v == name);
        let database = catalog.database(&table.database_name);
        let is_view_of_others = table.is_view() && table.view_sql().is_none();
        is_view_of_others
            || says(&table.parameters)
            || database.is_some_and(|database| says(&database.parameters))
            || self.names(&table.table_name())
    }

    /// Whether a statement that is not supported here goes there.
    pub fn takes(&self, route: Route) -> bool {
        match route {
            Route::Auto => self.fallback,
            Route::Local => false,
            Route::Remote => true,
        }
    }

    fn names(&self, table: &TableName) -> bool {
        self.tables.iter().any(|pattern| match pattern.strip_suffix(".*") {
            Some(database) => database == table.database,
            None => *pattern == table.to_string(),
        })
    }
}

/// What is asked for; `Auto` leaves it to the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    Auto,
    Local,
    Remote,
}

impl Route {
    /// A statement's own hint, `/*+ route(athena) */` in front of it or behind its first word, counts more
    /// than the session's setting.
    pub fn of(statement: &str, setting: &str, remote: Option<&RemoteOptions>) -> Result<Self> {
        let asked = hint(statement).unwrap_or_else(|| setting.to_string());
        match (asked.as_str(), remote) {
            ("auto" | "", _) => Ok(Self::Auto),
            ("local", _) => Ok(Self::Local),
            (name, Some(remote)) if name == remote.engine.name() => Ok(Self::Remote),
            ("athena", _) => Err(Error::invalid("no Athena is configured")
                .about(Subject::Setting)
                .hint("Set athena.enabled and athena.region in the configuration.")),
            (other, _) => Err(Error::invalid(format!("there is no route \"{other}\""))
                .about(Subject::Setting)
                .hint("Routes are auto, local and athena.")),
        }
    }
}

/// What `route(…)` says in the statement's hint.
fn hint(statement: &str) -> Option<String> {
    let (before, rest) = statement.split_once("/*+")?;
    let before = before.trim();
    if before.len() > FIRST_WORD_MAX || !before.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return None;
    }
    let (hints, _) = rest.split_once("*/")?;
    let hints = hints.to_lowercase();
    let (_, name) = hints.split_once("route(")?;
    name.split_once(')').map(|(name, _)| name.trim().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_stands_in_front_or_behind_the_first_word() {
        let said = |text: &str| hint(text);
        assert_eq!(said("/*+ route(athena) */ SELECT 1").as_deref(), Some("athena"));
        assert_eq!(said("select /*+ Route( LOCAL ) */ 1").as_deref(), Some("local"));
        assert_eq!(said("SELECT 1 /*+ route(athena) */"), None);
        assert_eq!(said("SELECT '/*+ route(athena) */'"), None);
        assert_eq!(said("SELECT /*+ other(1) */ 1"), None);
    }
}
