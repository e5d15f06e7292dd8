//! What the optimiser is told of the files that stay: exact only where the metadata is exact.

use datafusion::arrow::array::{Array, ArrayRef, BooleanArray, UInt64Array};
use datafusion::arrow::compute::{cast, filter};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, ScalarValue, Statistics};
use lakegate_formats::{ColumnBounds, FileDeletes, FileIndex, TableSnapshot};

use super::shape::Shape;

/// Statistics over the scan's file columns followed by its partition columns.
pub fn statistics(shape: &Shape, snapshot: &TableSnapshot, keep: &[bool]) -> Statistics {
    let files = &snapshot.files;
    let kept = BooleanArray::from(keep.to_vec());
    let width = shape.file.fields().len() + shape.partitions.len();
    let mut columns = vec![ColumnStatistics::new_unknown(); width];
    for bounds in &files.bounds {
        let place = shape.positions.get(bounds.column).and_then(|at| columns.get_mut(*at));
        if let Some(column) = place {
            let field = shape.table.field(bounds.column);
            *column = column_statistics(bounds, &kept, field.data_type());
        }
    }
    let num_rows = rows(snapshot, keep);
    // Sizes of packed files of all columns say less than rows: only where nothing else is known.
    let total_byte_size = match num_rows {
        Precision::Absent => Precision::Inexact(saturate(bytes(files, keep))),
        _ => Precision::Absent,
    };
    Statistics { num_rows, total_byte_size, column_statistics: columns }
}

/// Exact when every kept file states its rows, and how many of them are deleted.
fn rows(snapshot: &TableSnapshot, keep: &[bool]) -> Precision<usize> {
    let files = &snapshot.files;
    let (mut total, mut exact) = (0_u64, true);
    for (index, _) in keep.iter().enumerate().filter(|(_, kept)| **kept) {
        if files.rows.is_null(index) {
            return Precision::Absent;
        }
        let deleted = snapshot.deletes.get(&index).map_or(Some(0), FileDeletes::rows);
        exact &= deleted.is_some();
        let alive = files.rows.value(index).saturating_sub(deleted.unwrap_or(0));
        total = total.saturating_add(alive);
    }
    match exact {
        true => Precision::Exact(saturate(total)),
        false => Precision::Inexact(saturate(total)),
    }
}

fn bytes(files: &FileIndex, keep: &[bool]) -> u64 {
    let kept = keep.iter().zip(files.sizes.iter()).filter(|(kept, _)| **kept);
    kept.filter_map(|(_, size)| size).fold(0, u64::saturating_add)
}

fn column_statistics(
    bounds: &ColumnBounds,
    kept: &BooleanArray,
    scanned: &DataType,
) -> ColumnStatistics {
    // The scan may read the column in another type than its bounds have.
    let select = |array: &ArrayRef| cast(&filter(array, kept).ok()?, scanned).ok();
    let nulls = filter(&bounds.nulls, kept).ok().and_then(|counts| sum(&counts));
    ColumnStatistics {
        null_count: nulls.map_or(Precision::Absent, Precision::Inexact),
        min_value: extreme(select(&bounds.min), Extreme::Least),
        max_value: extreme(select(&bounds.max), Extreme::Greatest),
        ..ColumnStatistics::new_unknown()
    }
}

fn sum(counts: &ArrayRef) -> Option<usize> {
    let counts = counts.as_any().downcast_ref::<UInt64Array>()?;
    let known = counts.null_count() == 0;
    known.then(|| saturate(counts.iter().flatten().fold(0, u64::saturating_add)))
}

#[derive(Clone, Copy)]
enum Extreme {
    Least,
    Greatest,
}

/// The least or greatest bound of all files, when each has one. Inexact: a bound need not occur, and rows
/// may be filtered later.
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
    best.map_or(Precision::Absent, Precision::Inexact)
}

fn saturate(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}
