//! The file index of one version, built file by file and chunk by chunk.

use std::collections::BTreeSet;
use std::mem::take;
use std::sync::{Arc, OnceLock};

use arrow::array::{StringBuilder, TimestampMicrosecondArray, UInt64Array};
use lakegate_base::{Location, Result};

use super::error;
use super::layout::{Layout, LogColumn};
use super::log::LogFile;
use super::partition::RawValues;
use super::place::place;
use super::stats::{FileStats, Gatherer};
use super::vectors::Descriptor;
use crate::index::CHUNK_FILES;
use crate::{Deletes, FileChunk, FileDeletes, FileIndex, PartitionColumn, PositionDeletes};

pub(super) struct IndexBuilder<'a> {
    location: &'a Location,
    layout: &'a Layout,
    chunks: Vec<Arc<FileChunk>>,
    /// Those in `chunks`.
    files: usize,
    // The chunk in the making:
    paths: StringBuilder,
    sizes: Vec<u64>,
    rows: Vec<Option<u64>>,
    modified: Vec<Option<i64>>,
    partitions: Vec<Partition>,
    bounds: Vec<Gatherer>,
    // Of all chunks:
    deletes: Deletes,
    /// Folders outside the table that its log points to.
    outside: BTreeSet<Location>,
}

struct Partition {
    column: usize,
    /// The column's name in the log.
    name: String,
    values: RawValues,
}

/// The files of one version or commit.
pub(super) struct Indexed {
    pub files: FileIndex,
    pub deletes: Deletes,
    /// Folders outside the table.
    pub outside: BTreeSet<Location>,
}

impl<'a> IndexBuilder<'a> {
    pub(super) fn new(location: &'a Location, layout: &'a Layout) -> Self {
        let mut partitions = Vec::new();
        let mut bounds = Vec::new();
        for (column, LogColumn { name, partition }) in layout.columns.iter().enumerate() {
            if *partition {
                let (name, values) = (name.clone(), RawValues::default());
                partitions.push(Partition { column, name, values });
            } else {
                bounds.extend(Gatherer::new(column, name, layout.schema.field(column)));
            }
        }
        Self {
            location,
            layout,
            chunks: Vec::new(),
            files: 0,
            paths: StringBuilder::new(),
            sizes: Vec::new(),
            rows: Vec::new(),
            modified: Vec::new(),
            partitions,
            bounds,
            deletes: Deletes::new(),
            outside: BTreeSet::new(),
        }
    }

    pub(super) fn push(&mut self, file: &LogFile<'_>) -> Result<()> {
        let place = place(self.location, file.path)?;
        let size = file.size.and_then(|size| u64::try_from(size).ok());
        let size = size.ok_or_else(|| self.damaged(file, "has no valid size"))?;
        for index in 0..self.partitions.len() {
            let value = file.partitions.get(&self.partitions[index].name).ok_or_else(|| {
                let column = &self.partitions[index].name;
                self.damaged(file, &format!("has no value of partition column \"{column}\""))
            })?;
            self.partitions[index].values.push(value);
        }
        let mut stats = FileStats::parse(file.stats);
        if let Some(vector) = &file.deletes {
            stats.loosen();
            self.push_deletes(file, vector, stats.rows())?;
        }
        self.note_outside(&place);
        self.bounds.iter_mut().for_each(|column| column.push(&stats));
        self.paths.append_value(place.path());
        self.sizes.push(size);
        self.rows.push(stats.rows());
        self.modified.push(file.modified_ms.and_then(|ms| ms.checked_mul(1000)));
        if self.sizes.len() == CHUNK_FILES { self.close() } else { Ok(()) }
    }

    fn push_deletes(
        &mut self,
        file: &LogFile<'_>,
        vector: &Descriptor,
        rows: Option<u64>,
    ) -> Result<()> {
        let deletes = vector.deletes(self.location, file.path)?;
        if let PositionDeletes::Vector { location, .. } = &deletes {
            self.note_outside(location);
        }
        let deletes = FileDeletes { positions: vec![Arc::new(deletes)], equality: Vec::new() };
        // The statistics count the file's rows, deleted ones included.
        if deletes.rows().zip(rows).is_some_and(|(deleted, rows)| deleted > rows) {
            return Err(self.damaged(file, "has more rows deleted than it has rows"));
        }
        self.deletes.insert(self.files + self.sizes.len(), deletes);
        Ok(())
    }

    fn note_outside(&mut self, place: &Location) {
        if !place.is_within(self.location) {
            self.outside.extend(place.parent());
        }
    }

    fn damaged(&self, file: &LogFile<'_>, what: &str) -> lakegate_base::Error {
        error::corrupt(self.location, format!("file {} {what}", file.path))
    }

    fn close(&mut self) -> Result<()> {
        let mut partitions = Vec::new();
        for Partition { column, values, .. } in &mut self.partitions {
            let field = self.layout.schema.field(*column);
            let values = take(values).finish(field.data_type()).map_err(|what| {
                error::corrupt(self.location, format!("{what}, in column \"{}\"", field.name()))
            })?;
            partitions.push(PartitionColumn { column: *column, values });
        }
        self.files += self.sizes.len();
        self.chunks.push(Arc::new(FileChunk {
            paths: self.paths.finish(),
            sizes: UInt64Array::from(take(&mut self.sizes)),
            rows: UInt64Array::from(take(&mut self.rows)),
            modified: TimestampMicrosecondArray::from(take(&mut self.modified)),
            partitions,
            bounds: self.bounds.iter_mut().filter_map(Gatherer::take).collect(),
            summary: OnceLock::new(),
        }));
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<Indexed> {
        self.close()?;
        let files = FileIndex::new(self.chunks, self.layout.partitions(), Vec::new())?;
        Ok(Indexed { files, deletes: self.deletes, outside: self.outside })
    }
}
