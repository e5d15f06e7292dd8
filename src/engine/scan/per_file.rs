//! Columns whose value is one per file: partition columns, hidden columns, and constants that only some
//! files carry. To DataFusion all of them are partition columns, read from the file index.

use datafusion::arrow::array::{ArrayRef, new_null_array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::FieldRef;
use datafusion::common::{Result, internal_err};
use lakegate_formats::{FileChunk, TableSnapshot};

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
    /// A column of the snapshot that every chunk of its files carries.
    Partition(usize),
    /// A column that some files carry: NULL leaves the word to the file.
    Constant(usize),
    Hidden(Hidden),
}

impl PerFile {
    /// Whether only some files carry a value.
    pub fn is_partial(&self) -> bool {
        matches!(self.source, Source::Constant(_))
    }

    /// One per file of the chunk, of the column's type.
    pub fn values(&self, snapshot: &TableSnapshot, chunk: &FileChunk) -> Result<ArrayRef> {
        let data_type = self.field.data_type();
        let known = match self.source {
            Source::Partition(column) | Source::Constant(column) => chunk.partition(column),
            Source::Hidden(hidden) => return Ok(hidden.values(snapshot, chunk)),
        };
        match (known, self.source) {
            (Some(values), _) => Ok(cast(values, data_type)?),
            (None, Source::Constant(_)) => Ok(new_null_array(data_type, chunk.len())),
            (None, _) => internal_err!("a chunk of files lacks the values of a column"),
        }
    }
}
