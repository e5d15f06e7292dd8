//! What every format becomes: one immutable picture of a table, ready to be planned.
//!
//! The engine sees nothing else of Delta, Iceberg or plain files.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::SchemaRef;
use lakegate_base::Location;

use crate::{Deletes, FileIndex};

/// Field metadata: the Parquet field id (Iceberg, Delta mapping mode `id`); nested fields carry it too.
pub const FIELD_ID: &str = "PARQUET:field_id";
/// Field metadata: the column's name inside the files, where it differs from the table's (Delta mapping
/// mode `name`); nested fields carry it too.
pub const PHYSICAL_NAME: &str = "lakegate.physical_name";
/// Field metadata, value `true`: a file without this column is an error, not a column of NULLs.
pub const REQUIRED_IN_FILE: &str = "lakegate.required_in_file";

/// One version of one table.
#[derive(Clone, Debug)]
pub struct TableSnapshot {
    pub location: Location,
    /// Delta version, Iceberg snapshot id, or a digest of the file listing. For logs, errors and caches.
    pub version: String,
    /// The table's columns in order, partition columns included, names as the format has them.
    pub schema: SchemaRef,
    pub encoding: Encoding,
    pub files: FileIndex,
    pub deletes: Deletes,
    /// By column: the value (array of length 1) of rows in files older than the column. Absent means NULL.
    pub defaults: BTreeMap<usize, ArrayRef>,
    /// What its format keeps to bring it up to date; nobody else looks inside.
    pub origin: Option<Arc<dyn Any + Send + Sync>>,
}

/// How the data files are written, and how their columns are found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Encoding {
    Parquet(MatchBy),
    Csv(CsvOptions),
    /// Columns found by name, as [`MatchBy::Name`] does.
    Orc,
    /// Columns found by name, as [`MatchBy::Name`] does.
    Avro,
    /// One JSON object a line; compressed by file name.
    Json,
    /// One column of text, one row a line; compressed by file name.
    Text,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchBy {
    /// By name, exactly; then ignoring case, when one column alone matches.
    Name,
    /// By [`PHYSICAL_NAME`], at every level.
    PhysicalName,
    /// By [`FIELD_ID`], at every level.
    FieldId,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsvOptions {
    pub header: bool,
    pub delimiter: u8,
    pub quote: u8,
    pub escape: Option<u8>,
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self { header: true, delimiter: b',', quote: b'"', escape: None }
    }
}
