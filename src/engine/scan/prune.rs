//! Which files a query needs: one vectorised pass over the snapshot's file index.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, BooleanArray, UInt64Array};
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::{Column, DFSchema, ScalarValue};
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::utils::conjunction;
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use lakegate_formats::FileIndex;

use super::shape::Shape;

/// By file: false when no row in it can satisfy all filters. Anything unclear keeps the file.
pub fn keep(
    filters: &[Expr],
    shape: &Shape,
    files: &FileIndex,
    session: &dyn datafusion::catalog::Session,
) -> Vec<bool> {
    let all = || vec![true; files.len()];
    let known = files.bounds.is_empty() && files.partitions.is_empty();
    let Some(filter) = conjunction(filters.iter().cloned()).filter(|_| !known) else {
        return all();
    };
    let predicate = DFSchema::try_from(Arc::clone(&shape.table))
        .and_then(|schema| session.create_physical_expr(filter, &schema))
        .and_then(|expr| {
            PruningPredicateBuilder::new()
                .with_file_schema(Arc::clone(&shape.table))
                .try_build(expr)
        });
    predicate.and_then(|p| p.prune(&IndexStatistics { shape, files })).unwrap_or_else(|_| all())
}

struct IndexStatistics<'a> {
    shape: &'a Shape,
    files: &'a FileIndex,
}

/// What the index knows of one column.
enum Known<'a> {
    Constant(&'a ArrayRef),
    Bounds(&'a lakegate_formats::ColumnBounds),
}

impl IndexStatistics<'_> {
    fn known(&self, column: &Column) -> Option<Known<'_>> {
        let index = self.shape.table.index_of(column.name()).ok()?;
        if let Some(partition) = self.shape.partition_of.get(index).copied().flatten() {
            return Some(Known::Constant(&self.files.partitions.get(partition)?.values));
        }
        self.files.bounds.iter().find(|b| b.column == index).map(Known::Bounds)
    }
}

impl PruningStatistics for IndexStatistics<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.known(column).map(|known| match known {
            Known::Constant(values) => Arc::clone(values),
            Known::Bounds(bounds) => Arc::clone(&bounds.min),
        })
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.known(column).map(|known| match known {
            Known::Constant(values) => Arc::clone(values),
            Known::Bounds(bounds) => Arc::clone(&bounds.max),
        })
    }

    fn num_containers(&self) -> usize {
        self.files.len()
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        match self.known(column)? {
            Known::Bounds(bounds) => Some(Arc::new(bounds.nulls.clone())),
            Known::Constant(values) => {
                let counts = (0..self.files.len()).map(|file| {
                    let rows = self.files.rows.is_valid(file).then(|| self.files.rows.value(file));
                    if values.is_null(file) { rows } else { Some(0) }
                });
                Some(Arc::new(counts.collect::<UInt64Array>()))
            }
        }
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        Some(Arc::new(self.files.rows.clone()))
    }

    fn contained(
        &self,
        _column: &Column,
        _values: &std::collections::HashSet<ScalarValue>,
    ) -> Option<BooleanArray> {
        None
    }
}
