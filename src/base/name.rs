//! Names of databases and tables. Names fold to lower case, as Glue stores them.

use std::collections::HashMap;
use std::fmt;

use crate::{Error, Result};

/// A name as the catalog stores it.
pub fn fold_name(name: &str) -> String {
    name.to_lowercase()
}

/// The names of a relation's columns as SQL knows them, in order: folded. Where several would fold to one
/// name each keeps its own, and is reached by a quoted identifier.
pub fn fold_column_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let names: Vec<(&str, String)> =
        names.into_iter().map(|name| (name, fold_name(name))).collect();
    let mut counts: HashMap<String, usize> = HashMap::with_capacity(names.len());
    for (_, folded) in &names {
        *counts.entry(folded.clone()).or_default() += 1;
    }
    let shown = |(name, folded): (&str, String)| match counts.get(&folded) {
        Some(1) => folded,
        _ => name.to_string(),
    };
    names.into_iter().map(shown).collect()
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

#[cfg(test)]
mod tests {
    use super::fold_column_names;

    #[test]
    fn columns_that_differ_by_case_keep_their_names() {
        for (names, expected) in [
            (["Id", "Name", "ÄRA"], ["id", "name", "ära"]),
            (["Id", "id", "ID"], ["Id", "id", "ID"]),
            (["Id", "ID", "Name"], ["Id", "ID", "name"]),
        ] {
            let shown = fold_column_names(names);
            assert_eq!(shown, expected);
            let again = fold_column_names(shown.iter().map(String::as_str));
            assert_eq!(again, expected, "what is stored is not folded further");
        }
    }
}
