//! The files of a snapshot: per-file facts as columns of Arrow arrays, in chunks that snapshots share.
//!
//! A chunk never changes. A refresh shares the chunks it finds unchanged, so that one commit on top of many
//! files costs what it adds; only chunks that lose files are made anew. An Iceberg manifest is decoded to
//! chunks, which the cache of manifests and every snapshot share. Each chunk says of its files together what
//! the columns say of each: a query looks at the chunks first, and at the files of few.
//!
//! Rejected: a mask over the files that went. It would save the copy of a chunk, and whoever forgets it
//! reads rows that are gone.

use std::sync::{Arc, OnceLock};

use arrow::array::{
    Array, ArrayRef, BooleanArray, StringArray, TimestampMicrosecondArray, UInt64Array,
    new_null_array,
};
use arrow::compute::kernels::zip::zip;
use arrow::compute::{SortOptions, concat, filter, is_not_null, sort_to_indices, take};
use arrow::error::ArrowError;
use lakegate_base::{Error, Result};

#[cfg(test)]
pub(crate) mod tests;

/// The files of one chunk at most, where the chunk is made file by file.
pub(crate) const CHUNK_FILES: usize = 4096;
/// Small chunks come with every commit. They are merged when there are more than this many, and more than
/// one for so many files.
const CHUNKS_SPARE: usize = 64;
const CHUNK_FILES_MEAN: usize = 512;

/// The files of a snapshot. They are numbered from 0, in the order of the chunks.
#[derive(Clone, Debug)]
pub struct FileIndex {
    /// Each has a file.
    chunks: Vec<Arc<FileChunk>>,
    files: usize,
    /// Columns whose value is one per file and is taken from here, never from the file; ascending indexes
    /// into the snapshot's schema. Every chunk has their values.
    pub partitions: Vec<usize>,
    /// Columns that only some files carry as one value (Iceberg, where the partition spec changed). Not
    /// NULL: it is the value of all rows of that file, which may lack the column. NULL, or a chunk without
    /// values: what the file holds counts. A reader that does not know of them meets
    /// [`REQUIRED_IN_FILE`](crate::REQUIRED_IN_FILE) on these columns.
    pub constants: Vec<usize>,
}

/// Some files: every array has one value per file, in the same order.
#[derive(Clone, Debug)]
pub struct FileChunk {
    /// Whole paths in the store of the table's location (see `Location::store_url`), decoded.
    pub paths: StringArray,
    pub sizes: UInt64Array,
    /// Rows in the file, deleted ones included, where the metadata says so exactly.
    pub rows: UInt64Array,
    /// Null where unknown.
    pub modified: TimestampMicrosecondArray,
    /// Columns that each of these files carries as one value. What that means, the index says.
    pub partitions: Vec<PartitionColumn>,
    /// In the order of the columns.
    pub bounds: Vec<ColumnBounds>,
    pub(crate) summary: OnceLock<Summary>,
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
    /// True only when min and max, where known, are values that occur in the file. Its deletes may name them.
    pub exact: bool,
}

/// What holds of all files of a chunk together: arrays of length 1.
#[derive(Clone, Debug)]
pub(crate) struct Summary {
    partitions: Vec<ColumnBounds>,
    bounds: Vec<ColumnBounds>,
}

impl FileIndex {
    pub fn new(
        chunks: Vec<Arc<FileChunk>>,
        partitions: Vec<usize>,
        constants: Vec<usize>,
    ) -> Result<Self> {
        let chunks: Vec<_> = chunks.into_iter().filter(|chunk| !chunk.is_empty()).collect();
        let files = chunks.iter().map(|chunk| chunk.len()).sum();
        let is_small = chunks.len() <= CHUNKS_SPARE + files / CHUNK_FILES_MEAN;
        let chunks = if is_small { chunks } else { merged(chunks).map_err(fault)? };
        Ok(Self { chunks, files, partitions, constants })
    }

    pub fn len(&self) -> usize {
        self.files
    }

    pub fn is_empty(&self) -> bool {
        self.files == 0
    }

    /// Of the data files.
    pub fn bytes(&self) -> u64 {
        let sizes = self.chunks.iter().flat_map(|chunk| chunk.sizes.iter().flatten());
        sizes.fold(0, u64::saturating_add)
    }

    /// With the number of each chunk's first file.
    pub fn chunks(&self) -> impl Iterator<Item = (usize, &Arc<FileChunk>)> {
        self.chunks.iter().scan(0, |next, chunk| {
            let start = *next;
            *next += chunk.len();
            Some((start, chunk))
        })
    }

    /// Some files, in ascending order, by the chunk they are in; as `chunks`.
    pub fn by_chunk<'a>(
        &'a self,
        files: &'a [usize],
    ) -> impl Iterator<Item = (usize, &'a FileChunk, &'a [usize])> {
        let mut rest = files;
        let chunks = self.chunks().map(move |(start, chunk)| {
            let end = start + chunk.len();
            let (own, later) = rest.split_at(rest.partition_point(|file| *file < end));
            rest = later;
            (start, &**chunk, own)
        });
        chunks.filter(|(.., own)| !own.is_empty())
    }

    /// What is known of a column in each file of a chunk.
    pub fn known(&self, chunk: &FileChunk, column: usize) -> Option<ColumnBounds> {
        let carried = || chunk.partition(column);
        match (self.partitions.contains(&column), self.constants.contains(&column)) {
            (true, _) => {
                carried().map(|values| ColumnBounds::of_values(column, values, &chunk.rows))
            }
            (false, true) => match carried() {
                Some(values) => ColumnBounds::of_some(column, values, chunk.bounds(column)).ok(),
                None => chunk.bounds(column).cloned(),
            },
            (false, false) => chunk.bounds(column).cloned(),
        }
    }

    /// What is known of a column in all files of a chunk together, as arrays of length 1.
    pub fn known_of_all<'a>(
        &self,
        chunk: &'a FileChunk,
        column: usize,
    ) -> Option<&'a ColumnBounds> {
        let is_partition = self.partitions.contains(&column);
        let is_constant = self.constants.contains(&column);
        let carried = chunk.partition(column).filter(|_| is_partition || is_constant);
        let summary = chunk.summary();
        match carried {
            // Some files by their value, others by what they hold: looked at one by one.
            Some(values) if is_constant && values.null_count() > 0 => None,
            Some(_) => find(&summary.partitions, column),
            None if is_partition => None,
            None => find(&summary.bounds, column),
        }
    }

    /// By chunk: what is known of a column in all its files together.
    pub fn known_of_chunks(&self, column: usize) -> Option<ColumnBounds> {
        let of_chunk = |chunk: &'_ Arc<FileChunk>| self.known_of_all(chunk, column).cloned();
        let known: Vec<_> = self.chunks.iter().map(of_chunk).collect();
        let some = known.iter().flatten().next()?;
        let unknown = ColumnBounds::unknown(column, &some.min, 1);
        ColumnBounds::concat(
            &known.iter().map(|k| k.as_ref().unwrap_or(&unknown)).collect::<Vec<_>>(),
        )
        .ok()
    }

    /// By chunk: the rows of all its files, where each file says.
    pub fn rows_of_chunks(&self) -> UInt64Array {
        self.chunks.iter().map(|chunk| sum(chunk.rows.iter())).collect()
    }

    /// What it takes in memory. Chunks may be shared with other snapshots.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.memory_bytes()).sum()
    }

    /// All files as one chunk.
    #[cfg(test)]
    pub(crate) fn joined(&self) -> FileChunk {
        let parts: Vec<&FileChunk> = self.chunks.iter().map(|chunk| &**chunk).collect();
        if parts.is_empty() {
            return FileChunk::empty();
        }
        let mut joined = FileChunk::concat(&parts).expect("chunks of the same types");
        joined.partitions.retain(|known| self.partitions.contains(&known.column));
        joined
    }
}

impl FileChunk {
    pub fn empty() -> Self {
        Self {
            paths: StringArray::new_null(0),
            sizes: UInt64Array::new_null(0),
            rows: UInt64Array::new_null(0),
            modified: TimestampMicrosecondArray::new_null(0),
            partitions: Vec::new(),
            bounds: Vec::new(),
            summary: OnceLock::new(),
        }
    }

    pub fn len(&self) -> usize {
        self.paths.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values of a column that these files carry.
    pub fn partition(&self, column: usize) -> Option<&ArrayRef> {
        self.partitions.iter().find(|known| known.column == column).map(|known| &known.values)
    }

    pub fn bounds(&self, column: usize) -> Option<&ColumnBounds> {
        find(&self.bounds, column)
    }

    fn summary(&self) -> &Summary {
        self.summary.get_or_init(|| {
            let partition = |known: &PartitionColumn| {
                ColumnBounds::of_values(known.column, &known.values, &self.rows).of_all(&self.rows)
            };
            Summary {
                partitions: self.partitions.iter().map(partition).collect(),
                bounds: self.bounds.iter().map(|bounds| bounds.of_all(&self.rows)).collect(),
            }
        })
    }

    /// The files whose place in `keep` says so.
    pub(crate) fn filtered(&self, keep: &BooleanArray) -> Result<Self, ArrowError> {
        let partition = |known: &PartitionColumn| {
            let values = filter(&known.values, keep)?;
            Ok::<_, ArrowError>(PartitionColumn { column: known.column, values })
        };
        let bounds = |known: &ColumnBounds| known.each(|array| filter(array, keep));
        Ok(Self {
            paths: typed(filter(&self.paths, keep)?)?,
            sizes: typed(filter(&self.sizes, keep)?)?,
            rows: typed(filter(&self.rows, keep)?)?,
            modified: typed(filter(&self.modified, keep)?)?,
            partitions: self.partitions.iter().map(partition).collect::<Result<_, _>>()?,
            bounds: self.bounds.iter().map(bounds).collect::<Result<_, _>>()?,
            summary: OnceLock::new(),
        })
    }

    /// At least one chunk. A column that one of them does not carry is carried no more.
    fn concat(parts: &[&Self]) -> Result<Self, ArrowError> {
        let first = parts.first().ok_or_else(wrong_type)?;
        let mut partitions = Vec::new();
        for known in &first.partitions {
            let values = parts.iter().map(|part| part.partition(known.column).map(|v| &**v));
            if let Some(values) = values.collect::<Option<Vec<&dyn Array>>>() {
                partitions.push(PartitionColumn { column: known.column, values: concat(&values)? });
            }
        }
        let mut columns: Vec<_> = parts.iter().flat_map(|part| &part.bounds).collect();
        columns.sort_by_key(|bounds| bounds.column);
        columns.dedup_by_key(|bounds| bounds.column);
        let bounds = columns.into_iter().map(|some| {
            let known = parts.iter().map(|part| match part.bounds(some.column) {
                Some(bounds) => bounds.clone(),
                None => ColumnBounds::unknown(some.column, &some.min, part.len()),
            });
            let known: Vec<ColumnBounds> = known.collect();
            ColumnBounds::concat(&known.iter().collect::<Vec<_>>())
        });
        Ok(Self {
            paths: joined(parts, |part| &part.paths)?,
            sizes: joined(parts, |part| &part.sizes)?,
            rows: joined(parts, |part| &part.rows)?,
            modified: joined(parts, |part| &part.modified)?,
            bounds: bounds.collect::<Result<_, _>>()?,
            partitions,
            summary: OnceLock::new(),
        })
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        let files: [&dyn Array; 4] = [&self.paths, &self.sizes, &self.rows, &self.modified];
        let bounds = self.bounds.iter().flat_map(|b| [&*b.min, &*b.max, &b.nulls as &dyn Array]);
        let partitions = self.partitions.iter().map(|p| &*p.values);
        let arrays = files.into_iter().chain(bounds).chain(partitions);
        size_of::<Self>() + arrays.map(|array| array.get_array_memory_size()).sum::<usize>()
    }
}

impl ColumnBounds {
    /// What one value per file says of its rows.
    pub fn of_values(column: usize, values: &ArrayRef, rows: &UInt64Array) -> Self {
        let nulls = match values.nulls() {
            None => UInt64Array::from_value(0, rows.len()),
            Some(valid) => {
                let count = |(rows, valid)| if valid { Some(0) } else { rows };
                rows.iter().zip(valid).map(count).collect()
            }
        };
        let (min, max) = (Arc::clone(values), Arc::clone(values));
        // A file without rows holds no value, and what is NaN is neither least nor greatest.
        let exact = !values.data_type().is_floating()
            && rows.iter().all(|rows| rows.is_some_and(|rows| rows > 0));
        Self { column, min, max, nulls, exact }
    }

    /// The same where only some files have a value; of others, what is known of their rows.
    fn of_some(
        column: usize,
        values: &ArrayRef,
        others: Option<&Self>,
    ) -> Result<Self, ArrowError> {
        let unknown = Self::unknown(column, values, values.len());
        let others = others.unwrap_or(&unknown);
        let has_value = is_not_null(values)?;
        let zero = UInt64Array::new_scalar(0);
        Ok(Self {
            column,
            min: zip(&has_value, values, &others.min)?,
            max: zip(&has_value, values, &others.max)?,
            nulls: typed(zip(&has_value, &zero, &others.nulls)?)?,
            exact: false,
        })
    }

    fn unknown(column: usize, like: &dyn Array, files: usize) -> Self {
        let none = || new_null_array(like.data_type(), files);
        Self { column, min: none(), max: none(), nulls: UInt64Array::new_null(files), exact: false }
    }

    fn each(
        &self,
        change: impl Fn(&dyn Array) -> Result<ArrayRef, ArrowError>,
    ) -> Result<Self, ArrowError> {
        Ok(Self {
            column: self.column,
            min: change(&self.min)?,
            max: change(&self.max)?,
            nulls: typed(change(&self.nulls)?)?,
            exact: self.exact,
        })
    }

    /// Of one column.
    fn concat(parts: &[&Self]) -> Result<Self, ArrowError> {
        let first = parts.first().ok_or_else(wrong_type)?;
        let join = |pick: fn(&Self) -> &dyn Array| {
            concat(&parts.iter().map(|part| pick(part)).collect::<Vec<_>>())
        };
        Ok(Self {
            column: first.column,
            min: join(|part| &part.min)?,
            max: join(|part| &part.max)?,
            nulls: typed(join(|part| &part.nulls)?)?,
            exact: parts.iter().all(|part| part.exact),
        })
    }

    /// The bounds of all files together, as arrays of length 1; unknown where one file's are.
    fn of_all(&self, rows: &UInt64Array) -> Self {
        let counts = || self.nulls.iter().zip(rows);
        let without_values: Vec<bool> =
            counts().map(|(nulls, rows)| nulls.is_some() && nulls == rows).collect();
        // One count that cannot be right would make up for another file's values.
        let nulls = counts()
            .map(|(nulls, rows)| nulls.filter(|nulls| rows.is_none_or(|rows| *nulls <= rows)));
        Self {
            column: self.column,
            min: extreme(&self.min, &without_values, Extreme::Least),
            max: extreme(&self.max, &without_values, Extreme::Greatest),
            nulls: UInt64Array::from_iter([sum(nulls)]),
            exact: self.exact,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Extreme {
    Least,
    Greatest,
}

/// The least or greatest of all bounds, if each file that has values has one.
fn extreme(bounds: &ArrayRef, without_values: &[bool], which: Extreme) -> ArrayRef {
    let unknown = || new_null_array(bounds.data_type(), 1);
    let is_known = |file: usize| bounds.is_valid(file) || without_values[file];
    if bounds.null_count() > 0 && !(0..bounds.len()).all(is_known) {
        return unknown();
    }
    let options = SortOptions { descending: which == Extreme::Greatest, nulls_first: false };
    let first = sort_to_indices(bounds, Some(options), Some(1));
    first.and_then(|first| take(bounds, &first, None)).unwrap_or_else(|_| unknown())
}

fn sum(mut counts: impl Iterator<Item = Option<u64>>) -> Option<u64> {
    counts.try_fold(0_u64, |sum, count| sum.checked_add(count?))
}

/// `known` is in the order of the columns.
fn find(known: &[ColumnBounds], column: usize) -> Option<&ColumnBounds> {
    known.binary_search_by_key(&column, |bounds| bounds.column).ok().map(|at| &known[at])
}

/// Neighbours together, while they fit into one chunk and carry the same columns: numbers stay.
fn merged(chunks: Vec<Arc<FileChunk>>) -> Result<Vec<Arc<FileChunk>>, ArrowError> {
    let carried = |chunk: &FileChunk| -> Vec<usize> {
        chunk.partitions.iter().map(|known| known.column).collect()
    };
    let mut runs: Vec<(usize, Vec<Arc<FileChunk>>)> = Vec::new();
    for chunk in chunks {
        match runs.last_mut() {
            Some((files, run))
                if *files + chunk.len() <= CHUNK_FILES && carried(&run[0]) == carried(&chunk) =>
            {
                *files += chunk.len();
                run.push(chunk);
            }
            _ => runs.push((chunk.len(), vec![chunk])),
        }
    }
    let one = |(_, run): (usize, Vec<Arc<FileChunk>>)| match run.as_slice() {
        [alone] => Ok(Arc::clone(alone)),
        run => FileChunk::concat(&run.iter().map(|c| &**c).collect::<Vec<_>>()).map(Arc::new),
    };
    runs.into_iter().map(one).collect()
}

fn joined<A: Array + Clone + 'static>(
    parts: &[&FileChunk],
    pick: fn(&FileChunk) -> &A,
) -> Result<A, ArrowError> {
    let arrays: Vec<&dyn Array> = parts.iter().map(|part| pick(part) as &dyn Array).collect();
    typed(concat(&arrays)?)
}

fn typed<A: Array + Clone + 'static>(array: ArrayRef) -> Result<A, ArrowError> {
    array.as_any().downcast_ref::<A>().cloned().ok_or_else(wrong_type)
}

fn wrong_type() -> ArrowError {
    ArrowError::SchemaError("chunks of different types".to_string())
}

fn fault(error: ArrowError) -> Error {
    Error::internal("an index of files does not fit its types").source(error)
}
