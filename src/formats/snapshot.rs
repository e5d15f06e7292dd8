//! What every format becomes: one immutable picture of a table, ready to be planned.
//!
//! The engine sees nothing else of Delta, Iceberg or plain files. Per-file facts are columns of Arrow
//! arrays, one value per file, so that pruning is one vectorised pass and a million files fit in memory.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StringArray, TimestampMicrosecondArray, UInt64Array};
use arrow::datatypes::SchemaRef;
use lakegate_base::Location;

use crate::Deletes;

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
    /// One JSON object a line; gzip by file name.
    Json,
    /// One column of text, one row a line; gzip by file name.
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

/// The files of a snapshot: every array has one value per file, in the same order.
#[derive(Clone, Debug)]
pub struct FileIndex {
    /// Whole paths in the store of the table's location (see `Location::store_url`), decoded.
    pub paths: StringArray,
    pub sizes: UInt64Array,
    /// Rows in the file, deleted ones included, where the metadata says so exactly.
    pub rows: UInt64Array,
    /// Null where unknown.
    pub modified: TimestampMicrosecondArray,
    /// Columns whose value is one per file and is taken from here, never from the file.
    pub partitions: Vec<PartitionColumn>,
    pub bounds: Vec<ColumnBounds>,
}

#[derive(Clone, Debug)]
pub struct PartitionColumn {
    /// Index into the snapshot's schema.
    pub column: usize,
    /// One per file, of the column's type.
    pub values: ArrayRef,
}

/// What the metadata says of a column's values in each file. Null: unknown.
#[derive(Clone, Debug)]
pub struct ColumnBounds {
    /// Index into the snapshot's schema.
    pub column: usize,
    /// Lower and upper bounds, of the column's type; true bounds, but values need not occur in the file.
    pub min: ArrayRef,
    pub max: ArrayRef,
    pub nulls: UInt64Array,
    /// True only when min and max are values that occur in the file (no truncation, no deletes).
    pub exact: bool,
}

impl FileIndex {
    pub fn len(&self) -> usize {
        self.paths.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn bytes(&self) -> u64 {
        self.sizes.iter().flatten().fold(0, u64::saturating_add)
    }
}
