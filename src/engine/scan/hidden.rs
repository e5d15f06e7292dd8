//! Columns that every table of the lake has and that only their names bring up, as Athena and Trino call
//! them: `"$path"`, the file a row is from, and `"$file_modified_time"`.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, StringArray};
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use lakegate_formats::{FileChunk, TableSnapshot};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hidden {
    Path,
    Modified,
}

impl Hidden {
    pub const ALL: [Self; 2] = [Self::Path, Self::Modified];

    pub fn name(self) -> &'static str {
        match self {
            Self::Path => "$path",
            Self::Modified => "$file_modified_time",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hidden| hidden.name() == name)
    }

    pub fn data_type(self) -> DataType {
        match self {
            Self::Path => DataType::Utf8,
            Self::Modified => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        }
    }

    /// One per file: its whole location; when it was written, NULL where the format does not say.
    pub fn values(self, snapshot: &TableSnapshot, chunk: &FileChunk) -> ArrayRef {
        match self {
            Self::Path => {
                let store = snapshot.location.store_url();
                let whole = |path: &str| format!("{store}/{}", path.trim_start_matches('/'));
                let paths = chunk.paths.iter().map(|path| path.map(whole));
                Arc::new(paths.collect::<StringArray>())
            }
            Self::Modified => Arc::new(chunk.modified.clone().with_timezone("UTC")),
        }
    }
}
