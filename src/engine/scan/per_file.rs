//! Columns whose value is one per file: partition columns, hidden columns, and constants that only some
//! files carry. To DataFusion all of them are partition columns, read from the file index.

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::FieldRef;
use datafusion::common::{Result, internal_err};
use lakegate_formats::TableSnapshot;

use super::hidden::Hidden;

#[derive(Debug)]
pub struct PerFile {
    /// Under a name no file has.
    pub field: FieldRef,
    pub source: Source,
}

/// Where the values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// In `FileIndex::partitions`.
    Partition(usize),
    /// In `FileIndex::constants`: NULL leaves the word to the file.
    Constant(usize),
    Hidden(Hidden),
}

impl PerFile {
    /// One per file of the snapshot, of the column's type.
    fn values(&self, snapshot: &TableSnapshot) -> Result<ArrayRef> {
        let index = &snapshot.files;
        let known = match self.source {
            Source::Partition(at) => index.partitions.get(at).map(|column| &column.values),
            Source::Constant(at) => index.constants.get(at).map(|column| &column.values),
            Source::Hidden(hidden) => return Ok(hidden.values(snapshot)),
        };
        match known {
            Some(values) => Ok(cast(values, self.field.data_type())?),
            None => internal_err!("the file index lacks the values of a column"),
        }
    }
}

/// By per-file column: its values.
pub fn values(columns: &[PerFile], snapshot: &TableSnapshot) -> Result<Vec<ArrayRef>> {
    columns.iter().map(|column| column.values(snapshot)).collect()
}
