//! Databases, tables and partitions in AWS Glue's shapes: field names, defaults and JSON as Glue writes
//! them, so that a Glue API or a sync needs no translation. Names are stored in lower case.
//!
//! Times are whole epoch seconds. Unknown JSON members are ignored and absent ones left out, as every
//! Glue client expects.

use std::collections::{BTreeMap, BTreeSet};

use lakegate_base::{Error, Result, Subject, TableName, fold_column_names, fold_name};
use serde::{Deserialize, Serialize};

pub type Parameters = BTreeMap<String, String>;

/// Glue's own limits on a definition.
const NAME_BYTES_MAX: usize = 255;
const COLUMN_TYPE_BYTES_MAX: usize = 131_072;
const VIEW_BYTES_MAX: usize = 409_600;
const COLUMNS_MAX: usize = 10_000;

pub const EXTERNAL_TABLE: &str = "EXTERNAL_TABLE";
pub const VIRTUAL_VIEW: &str = "VIRTUAL_VIEW";

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Database {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location_uri: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: Parameters,
    /// Set by the store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create_time: Option<i64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Table {
    pub database_name: String,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Set by the store, as are `update_time` and `version_id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_time: Option<i64>,
    pub retention: i32,
    pub storage_descriptor: StorageDescriptor,
    pub partition_keys: Vec<Column>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub view_original_text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub view_expanded_text: Option<String>,
    /// [`EXTERNAL_TABLE`] or [`VIRTUAL_VIEW`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table_type: Option<String>,
    pub parameters: Parameters,
    /// A number from "0" that grows with every update.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct StorageDescriptor {
    pub columns: Vec<Column>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_format: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_format: Option<String>,
    pub compressed: bool,
    pub number_of_buckets: i32,
    pub serde_info: SerdeInfo,
    pub bucket_columns: Vec<String>,
    pub sort_columns: Vec<SortColumn>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: Parameters,
    pub stored_as_sub_directories: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct SerdeInfo {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serialization_library: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: Parameters,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct SortColumn {
    pub column: String,
    pub sort_order: i32,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Column {
    pub name: String,
    /// A Hive type, e.g. `array<decimal(10,2)>`.
    #[serde(rename = "Type", skip_serializing_if = "Option::is_none")]
    pub hive_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: Parameters,
}

/// One partition of a file table. Without columns of its own it has its table's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Partition {
    /// One per partition key, as text.
    pub values: Vec<String>,
    /// Set by the store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creation_time: Option<i64>,
    pub storage_descriptor: StorageDescriptor,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: Parameters,
}

/// A definition that an update replaced, or the current one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct TableVersion {
    pub table: Table,
    pub version_id: String,
}

impl Database {
    pub fn named(name: &str) -> Self {
        Self { name: fold_name(name), ..Self::default() }
    }

    /// The database as it is stored: name folded, limits checked.
    pub fn checked(mut self) -> Result<Self> {
        self.name = check_name("database", &self.name)?;
        Ok(self)
    }
}

impl Table {
    pub fn table_name(&self) -> TableName {
        TableName::new(&self.database_name, &self.name)
    }

    pub fn is_view(&self) -> bool {
        self.table_type.as_deref() == Some(VIRTUAL_VIEW)
    }

    /// The text of a view that Lakegate wrote; none for tables, and none for Presto's encoded views,
    /// whose dialect is another.
    pub fn view_sql(&self) -> Option<&str> {
        let text = self.view_original_text.as_deref().filter(|_| self.is_view())?;
        (!text.trim().is_empty() && !text.starts_with("/* Presto View")).then_some(text)
    }

    /// The number behind `version_id`; none before the store has given one.
    pub fn version(&self) -> Option<u64> {
        self.version_id.as_deref()?.parse().ok()
    }

    /// All columns in order, partition keys last.
    pub fn columns(&self) -> impl Iterator<Item = &Column> {
        self.storage_descriptor.columns.iter().chain(&self.partition_keys)
    }

    #[must_use]
    pub fn with_description(mut self, description: &str) -> Self {
        self.description = Some(description.trim().to_string()).filter(|d| !d.is_empty());
        self
    }

    /// Sets column comments by name; names the table does not have are ignored.
    #[must_use]
    pub fn with_comments<'a>(
        mut self,
        comments: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let exact: BTreeMap<&str, &str> = comments.into_iter().collect();
        let folded: BTreeMap<String, &str> =
            exact.iter().map(|(name, text)| (fold_name(name), *text)).collect();
        for column in self.storage_descriptor.columns.iter_mut().chain(&mut self.partition_keys) {
            let name = column.name.as_str();
            if let Some(text) = exact.get(name).or_else(|| folded.get(name)) {
                column.comment = Some((*text).to_string());
            }
        }
        self
    }

    /// The table as it is stored: names folded, Glue's limits checked, no column twice. Columns that differ
    /// only by case keep their names: Glue has no such tables, formats do.
    pub fn checked(mut self) -> Result<Self> {
        self.database_name = check_name("database", &self.database_name)?;
        self.name = check_name("table", &self.name)?;
        let name = self.table_name();
        let shown = fold_column_names(self.columns().map(|column| column.name.as_str()));
        let mut names = BTreeSet::new();
        let columns = self.storage_descriptor.columns.iter_mut().chain(&mut self.partition_keys);
        for (column, shown) in columns.zip(shown) {
            check_name("column", &column.name).map_err(|e| e.context(&name))?;
            column.name = shown;
            if column.hive_type.as_ref().is_some_and(|t| t.len() > COLUMN_TYPE_BYTES_MAX) {
                return Err(Error::invalid(format!(
                    "{name}: the type of {} is too long",
                    column.name
                )));
            }
            if !names.insert(column.name.clone()) {
                let text = format!("{name}: column \"{}\" occurs twice", column.name);
                return Err(Error::invalid(text).about(Subject::Column));
            }
        }
        if names.len() > COLUMNS_MAX {
            return Err(Error::exhausted(format!("{name}: more than {COLUMNS_MAX} columns")));
        }
        if self.view_original_text.as_ref().is_some_and(|t| t.len() > VIEW_BYTES_MAX) {
            return Err(Error::exhausted(format!("{name}: view text over {VIEW_BYTES_MAX} bytes")));
        }
        Ok(self)
    }
}

impl StorageDescriptor {
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }
}

fn check_name(what: &str, name: &str) -> Result<String> {
    let valid = !name.is_empty()
        && name.len() <= NAME_BYTES_MAX
        && !name.chars().any(|c| c.is_control() || (what != "column" && matches!(c, '/' | '.')));
    if valid {
        return Ok(fold_name(name));
    }
    Err(Error::invalid(format!("{name:?} is not a {what} name")).hint(
        "Names have 1 to 255 bytes, without control characters; tables also without . and /.",
    ))
}
