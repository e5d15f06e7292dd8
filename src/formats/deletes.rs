//! Rows of data files that are no rows of the table. A snapshot only says where its deletes are; they are
//! read, once, when a file that has some is scanned.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use lakegate_base::Location;

/// By file (its place in the snapshot's index): what is deleted from it. Most files have no entry.
pub type Deletes = BTreeMap<usize, FileDeletes>;

/// What is deleted from one data file: a row goes when any of these names it.
#[derive(Clone, Debug, Default)]
pub struct FileDeletes {
    pub positions: Vec<Arc<PositionDeletes>>,
    pub equality: Vec<Arc<EqualityDeletes>>,
}

/// Rows named by their place in the data file, from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PositionDeletes {
    /// A bitmap kept in the table's metadata (Delta's inline deletion vectors).
    Inline { bitmap: Bytes, rows: u64 },
    /// A bitmap inside a file: `bytes` from `offset`, framed as the format does.
    Vector { location: Location, offset: u64, bytes: u64, framing: Framing, rows: u64 },
    /// A Parquet file of (file path, position), for the data file it calls `data_path` (Iceberg v2).
    File { location: Location, bytes: u64, data_path: String },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    Delta,
    Puffin,
}

/// Rows equal, NULLs included, to a row of a Parquet file in these columns (Iceberg).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EqualityDeletes {
    pub location: Location,
    pub bytes: u64,
    /// Indexes into the snapshot's schema.
    pub columns: Vec<usize>,
}

impl FileDeletes {
    /// How many rows go, where the metadata says so exactly.
    pub fn rows(&self) -> Option<u64> {
        match (self.positions.as_slice(), self.equality.is_empty()) {
            ([], true) => Some(0),
            ([one], true) => match one.as_ref() {
                PositionDeletes::Inline { rows, .. } | PositionDeletes::Vector { rows, .. } => {
                    Some(*rows)
                }
                PositionDeletes::File { .. } => None,
            },
            _ => None,
        }
    }
}
