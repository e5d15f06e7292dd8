//! Names of databases and tables. Names fold to lower case, as Glue stores them.

use std::fmt;

use crate::{Error, Result};

/// A name as the catalog stores it.
pub fn fold_name(name: &str) -> String {
    name.to_lowercase()
}

/// A table in a database (a Postgres schema), both folded.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableName {
    pub database: String,
    pub table: String,
}

impl TableName {
    pub fn new(database: &str, table: &str) -> Self {
        Self { database: fold_name(database), table: fold_name(table) }
    }

    /// `sales.orders`, or `orders` in the given default database.
    pub fn parse(text: &str, default_database: &str) -> Result<Self> {
        let parts: Vec<&str> = text.split('.').collect();
        let valid = |part: &str| !part.is_empty() && part.len() <= 255;
        match parts.as_slice() {
            [table] if valid(table) => Ok(Self::new(default_database, table)),
            [database, table] if valid(database) && valid(table) => Ok(Self::new(database, table)),
            _ => Err(Error::invalid(format!("\"{text}\" is not a table name"))
                .hint("Write TABLE or DATABASE.TABLE.")),
        }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.database, self.table)
    }
}
