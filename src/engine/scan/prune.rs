//! Which files a query needs: one vectorised pass over the chunks of the snapshot's file index, and one over
//! the files of each chunk that may hold rows.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, BooleanArray, UInt64Array};
use datafusion::catalog::Session;
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::{Column, DFSchema, ScalarValue};
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::utils::conjunction;
use datafusion::physical_optimizer::pruning::{PruningPredicate, PruningPredicateBuilder};
use lakegate_formats::{ColumnBounds, FileIndex};

use super::shape::Shape;

/// The files, by number, that may hold rows that satisfy all filters. Anything unclear keeps a file.
pub fn kept(
    filters: &[Expr],
    shape: &Shape,
    files: &FileIndex,
    session: &dyn Session,
) -> Vec<usize> {
    let Some(predicate) = predicate(filters, shape, session).filter(|_| !files.is_empty()) else {
        return (0..files.len()).collect();
    };
    let prune = |rows: UInt64Array, bounds: &dyn Fn(usize) -> Option<ColumnBounds>| {
        let all = vec![true; rows.len()];
        predicate.prune(&Containers { shape, rows, bounds }).unwrap_or(all)
    };
    let chunks = prune(files.rows_of_chunks(), &|column| files.known_of_chunks(column));
    let mut kept = Vec::new();
    for ((start, chunk), _) in files.chunks().zip(chunks).filter(|(_, keep)| *keep) {
        let keep = prune(chunk.rows.clone(), &|column| files.known(chunk, column));
        let own = keep.into_iter().enumerate().filter(|(_, keep)| *keep);
        kept.extend(own.map(|(file, _)| start + file));
    }
    kept
}

fn predicate(filters: &[Expr], shape: &Shape, session: &dyn Session) -> Option<PruningPredicate> {
    let filter = conjunction(filters.iter().cloned())?;
    let schema = DFSchema::try_from(Arc::clone(&shape.table)).ok()?;
    let filter = session.create_physical_expr(filter, &schema).ok()?;
    PruningPredicateBuilder::new().with_file_schema(Arc::clone(&shape.table)).try_build(filter).ok()
}

/// Files, or chunks of them.
struct Containers<'a> {
    shape: &'a Shape,
    rows: UInt64Array,
    /// What is known of a column of the snapshot's schema.
    bounds: &'a dyn Fn(usize) -> Option<ColumnBounds>,
}

impl Containers<'_> {
    fn known(&self, column: &Column) -> Option<ColumnBounds> {
        (self.bounds)(self.shape.table.index_of(column.name()).ok()?)
    }
}

impl PruningStatistics for Containers<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.known(column).map(|known| known.min)
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.known(column).map(|known| known.max)
    }

    fn num_containers(&self) -> usize {
        self.rows.len()
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        self.known(column).map(|known| Arc::new(known.nulls) as ArrayRef)
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        Some(Arc::new(self.rows.clone()))
    }

    fn contained(
        &self,
        _column: &Column,
        _values: &std::collections::HashSet<ScalarValue>,
    ) -> Option<BooleanArray> {
        None
    }
}
