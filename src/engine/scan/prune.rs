//! Which files a query needs: one vectorised pass over the chunks of the snapshot's file index, and one over
//! the files of each chunk that may hold rows.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, BooleanArray, RecordBatch, UInt64Array};
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::catalog::Session;
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::{Column, DFSchema, Result, ScalarValue};
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::utils::conjunction;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::pruning::{PruningPredicate, PruningPredicateBuilder};
use lakegate_formats::{ColumnBounds, FileChunk, TableSnapshot};

use super::per_file::{PerFile, Source};
use super::shape::Shape;

/// The files, by number, that may hold rows that satisfy all filters. Anything unclear keeps a file.
pub fn kept(
    filters: &[Expr],
    shape: &Shape,
    snapshot: &TableSnapshot,
    session: &dyn Session,
) -> Vec<usize> {
    let files = &snapshot.files;
    let predicate = predicate(filters, shape, session).filter(|_| !files.is_empty());
    let decisions = filters.iter().filter_map(|filter| Decision::new(filter, shape, session));
    let decisions: Vec<Decision> = decisions.collect();
    if predicate.is_none() && decisions.is_empty() {
        return (0..files.len()).collect();
    }
    let prune = |rows: UInt64Array, bounds: &dyn Fn(usize) -> Option<ColumnBounds>| {
        let all = vec![true; rows.len()];
        let Some(predicate) = &predicate else { return all };
        predicate.prune(&Containers { shape, rows, bounds }).unwrap_or(all)
    };
    let chunks = prune(files.rows_of_chunks(), &|column| files.known_of_chunks(column));
    let mut kept = Vec::new();
    for ((start, chunk), _) in files.chunks().zip(chunks).filter(|(_, keep)| *keep) {
        let mut keep = prune(chunk.rows.clone(), &|column| known(shape, snapshot, chunk, column));
        for decided in decisions.iter().filter_map(|decision| decision.of(snapshot, chunk).ok()) {
            let decided = decided.iter().map(|keep| keep == Some(true));
            keep.iter_mut().zip(decided).for_each(|(all, keep)| *all &= keep);
        }
        let own = keep.into_iter().enumerate().filter(|(_, keep)| *keep);
        kept.extend(own.map(|(file, _)| start + file));
    }
    kept
}

/// Of each file of a chunk; also of hidden columns.
fn known(
    shape: &Shape,
    snapshot: &TableSnapshot,
    chunk: &FileChunk,
    column: usize,
) -> Option<ColumnBounds> {
    match shape.always(column).map(|per_file| (per_file, per_file.source)) {
        Some((per_file, Source::Hidden(_))) => {
            let values = per_file.values(snapshot, chunk).ok()?;
            Some(ColumnBounds::of_values(column, &values, &chunk.rows))
        }
        _ => snapshot.files.known(chunk, column),
    }
}

/// A filter that looks at nothing but columns with one value per file: their values decide it, even where
/// it is no comparison that bounds can answer.
struct Decision<'a> {
    filter: Arc<dyn PhysicalExpr>,
    schema: SchemaRef,
    columns: Vec<&'a PerFile>,
}

impl<'a> Decision<'a> {
    fn new(filter: &Expr, shape: &'a Shape, session: &dyn Session) -> Option<Self> {
        let asked = filter.column_refs();
        if asked.is_empty() || filter.is_volatile() {
            return None;
        }
        let (mut fields, mut columns): (Vec<Field>, Vec<&PerFile>) = (Vec::new(), Vec::new());
        for column in asked {
            let at = shape.table.index_of(column.name()).ok()?;
            let per_file = shape.always(at)?;
            // The same column may stand there with and without the table's name.
            if !fields.iter().any(|field| field.name() == column.name()) {
                fields.push(shape.table.field(at).clone());
                columns.push(per_file);
            }
        }
        let schema = Arc::new(Schema::new(fields));
        let known = DFSchema::try_from(Arc::clone(&schema)).ok()?;
        let filter = session.create_physical_expr(filter.clone(), &known).ok()?;
        Some(Self { filter, schema, columns })
    }

    fn of(&self, snapshot: &TableSnapshot, chunk: &FileChunk) -> Result<BooleanArray> {
        let values = self.columns.iter().map(|column| column.values(snapshot, chunk));
        let values = values.collect::<Result<_>>()?;
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), values)?;
        let kept = self.filter.evaluate(&batch)?.into_array(chunk.len())?;
        let of_no_kind = || ArrowError::CastError("a filter is no condition".to_string());
        Ok(kept.as_boolean_opt().ok_or_else(of_no_kind)?.clone())
    }
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
