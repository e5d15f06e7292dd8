//! What the optimiser is told of the files that stay: exact only where the metadata is exact.

use datafusion::arrow::array::{Array, ArrayRef, UInt32Array, UInt64Array};
use datafusion::arrow::compute::{cast, concat, take};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, ScalarValue, Statistics};
use lakegate_formats::{ColumnBounds, FileChunk, FileDeletes, FileIndex, TableSnapshot};

use super::shape::Shape;

/// Some files of a chunk.
struct Kept<'a> {
    index: &'a FileIndex,
    chunk: &'a FileChunk,
    /// None: all.
    files: Option<UInt32Array>,
}

/// Statistics over the scan's file columns followed by its per-file columns; of some files, by number. Exact
/// only where nothing is deleted: what goes may be the least value, or NULL.
pub fn statistics(shape: &Shape, snapshot: &TableSnapshot, files: &[usize]) -> Statistics {
    let kept = snapshot.files.by_chunk(files).map(|(start, chunk, own)| {
        let place = |file: &usize| u32::try_from(file - start).unwrap_or(u32::MAX);
        let some = (own.len() < chunk.len()).then(|| own.iter().map(place).collect());
        Kept { index: &snapshot.files, chunk, files: some }
    });
    let kept: Vec<Kept> = kept.collect();
    let width = shape.file.fields().len() + shape.per_file.len();
    let mut columns = vec![ColumnStatistics::new_unknown(); width];
    for (index, place) in shape.positions.iter().enumerate() {
        // Values of some files that stand for a column's rows are no rows of that column.
        if shape.sometimes(index).is_some() {
            continue;
        }
        let bounds = kept.iter().map(|kept| kept.bounds(index)).collect::<Option<Vec<_>>>();
        if let (Some(column), Some(bounds)) = (columns.get_mut(*place), bounds) {
            *column = column_statistics(&bounds, shape.table.field(index).data_type());
            if !snapshot.deletes.is_empty() {
                *column = std::mem::take(column).to_inexact();
            }
        }
    }
    let num_rows = rows(snapshot, files);
    // Sizes of packed files of all columns say less than rows: only where nothing else is known.
    let total_byte_size = match num_rows {
        Precision::Absent => Precision::Inexact(saturate(bytes(snapshot, files))),
        _ => Precision::Absent,
    };
    Statistics { num_rows, total_byte_size, column_statistics: columns }
}

impl Kept<'_> {
    /// By file, or of all together.
    fn bounds(&self, column: usize) -> Option<ColumnBounds> {
        let Some(files) = &self.files else {
            return self.index.known_of_all(self.chunk, column).cloned();
        };
        let bounds = self.index.known(self.chunk, column)?;
        let nulls = take(&bounds.nulls, files, None).ok()?;
        Some(ColumnBounds {
            min: take(&bounds.min, files, None).ok()?,
            max: take(&bounds.max, files, None).ok()?,
            nulls: nulls.as_any().downcast_ref::<UInt64Array>()?.clone(),
            ..bounds
        })
    }
}

fn bytes(snapshot: &TableSnapshot, files: &[usize]) -> u64 {
    let chunks = snapshot.files.by_chunk(files);
    let sizes = chunks.flat_map(|(start, chunk, own)| {
        own.iter().map(move |file| chunk.sizes.value(file - start))
    });
    sizes.fold(0, u64::saturating_add)
}

/// Exact when every file states its rows, and how many of them are deleted.
fn rows(snapshot: &TableSnapshot, files: &[usize]) -> Precision<usize> {
    let (mut total, mut exact) = (0_u64, true);
    for (start, chunk, own) in snapshot.files.by_chunk(files) {
        for file in own {
            if chunk.rows.is_null(file - start) {
                return Precision::Absent;
            }
            let deleted = snapshot.deletes.get(file).map_or(Some(0), FileDeletes::rows);
            exact &= deleted.is_some();
            let alive = chunk.rows.value(file - start).saturating_sub(deleted.unwrap_or(0));
            total = total.saturating_add(alive);
        }
    }
    match exact {
        true => Precision::Exact(saturate(total)),
        false => Precision::Inexact(saturate(total)),
    }
}

fn column_statistics(bounds: &[ColumnBounds], scanned: &DataType) -> ColumnStatistics {
    // The scan may read the column in another type than its bounds have.
    let join = |pick: fn(&ColumnBounds) -> &ArrayRef| {
        let arrays: Vec<&dyn Array> = bounds.iter().map(|known| &**pick(known)).collect();
        cast(&concat(&arrays).ok()?, scanned).ok()
    };
    let mut nulls = bounds.iter().flat_map(|known| known.nulls.iter());
    let nulls = nulls.try_fold(0_u64, |sum, count| Some(sum.saturating_add(count?)));
    let known = |value: Precision<ScalarValue>| match bounds.iter().all(|known| known.exact) {
        true => value,
        false => value.to_inexact(),
    };
    ColumnStatistics {
        null_count: nulls.map_or(Precision::Absent, |sum| Precision::Exact(saturate(sum))),
        min_value: known(extreme(join(|known| &known.min), Extreme::Least)),
        max_value: known(extreme(join(|known| &known.max), Extreme::Greatest)),
        ..ColumnStatistics::new_unknown()
    }
}

#[derive(Clone, Copy)]
enum Extreme {
    Least,
    Greatest,
}

/// The least or greatest bound of all files, when each has one.
fn extreme(array: Option<ArrayRef>, which: Extreme) -> Precision<ScalarValue> {
    let Some(array) = array.filter(|a| !a.is_empty() && a.null_count() == 0) else {
        return Precision::Absent;
    };
    let mut best: Option<ScalarValue> = None;
    for index in 0..array.len() {
        let Ok(value) = ScalarValue::try_from_array(&array, index) else {
            return Precision::Absent;
        };
        let replaces = best.as_ref().is_none_or(|b| match which {
            Extreme::Least => value < *b,
            Extreme::Greatest => value > *b,
        });
        if replaces {
            best = Some(value);
        }
    }
    best.map_or(Precision::Absent, Precision::Exact)
}

fn saturate(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}
