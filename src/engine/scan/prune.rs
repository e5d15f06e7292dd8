//! Which files a query needs: one vectorised pass over the chunks of the snapshot's file index, and one over
//! the files of each chunk that may hold rows.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, BooleanArray, RecordBatch, UInt64Array};
use datafusion::arrow::compute::filter;
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::catalog::Session;
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::tree_node::TreeNode;
use datafusion::common::{Column, DFSchema, Result, ScalarValue, internal_err};
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::utils::conjunction;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::pruning::{PruningPredicate, PruningPredicateBuilder};
use lakegate_formats::{ColumnBounds, FileChunk, TableSnapshot};

use super::per_file::PerFile;
use super::shape::Shape;

/// The files, by number, that may hold rows that satisfy all filters. Anything unclear keeps a file.
pub fn kept(
    filters: &[Expr],
    shape: &Shape,
    snapshot: &TableSnapshot,
    session: &dyn Session,
) -> Result<Vec<usize>> {
    let files = &snapshot.files;
    let predicate = predicate(filters, shape, session).filter(|_| !files.is_empty());
    let decisions = filters.iter().filter(|filter| is_decided(filter, shape));
    let decisions = decisions.map(|filter| Decision::new(filter, shape, session));
    let decisions = decisions.collect::<Result<Vec<_>>>()?;
    if predicate.is_none() && decisions.is_empty() {
        return Ok((0..files.len()).collect());
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
        for decision in &decisions {
            keep = decision.of(snapshot, chunk, keep)?;
        }
        let own = keep.into_iter().enumerate().filter(|(_, keep)| *keep);
        kept.extend(own.map(|(file, _)| start + file));
    }
    Ok(kept)
}

/// Whether a filter looks at nothing but columns with one value per file: it keeps or drops whole files, even
/// where it is no comparison that bounds can answer, and no row need be asked again.
pub fn is_decided(filter: &Expr, shape: &Shape) -> bool {
    let columns = filter.column_refs();
    let is_always = |column: &&Column| {
        let at = shape.table.index_of(column.name());
        at.is_ok_and(|at| shape.always(at).is_some())
    };
    let asks_more = |expr: &Expr| {
        use Expr::{Exists, InSubquery, OuterReferenceColumn, Placeholder, ScalarSubquery};
        let is_query = matches!(expr, Exists(_) | InSubquery(_) | ScalarSubquery(_));
        Ok(is_query || matches!(expr, OuterReferenceColumn(..) | Placeholder(_)))
    };
    !columns.is_empty()
        && columns.iter().all(is_always)
        && !filter.is_volatile()
        && !filter.exists(asks_more).unwrap_or(true)
}

/// Of each file of a chunk; also of hidden columns.
fn known(
    shape: &Shape,
    snapshot: &TableSnapshot,
    chunk: &FileChunk,
    column: usize,
) -> Option<ColumnBounds> {
    let Some(per_file) = shape.always(column) else { return snapshot.files.known(chunk, column) };
    let values = per_file.values(snapshot, chunk).ok()?;
    Some(ColumnBounds::of_values(column, &values, &chunk.rows))
}

/// A filter that each file's values decide (see [`is_decided`]).
struct Decision<'a> {
    filter: Arc<dyn PhysicalExpr>,
    schema: SchemaRef,
    columns: Vec<&'a PerFile>,
}

impl<'a> Decision<'a> {
    fn new(filter: &Expr, shape: &'a Shape, session: &dyn Session) -> Result<Self> {
        // The same column may stand there with and without the table's name.
        let asked: BTreeSet<&str> = filter.column_refs().into_iter().map(Column::name).collect();
        let (mut fields, mut columns): (Vec<Field>, Vec<&PerFile>) = (Vec::new(), Vec::new());
        for name in asked {
            let at = shape.table.index_of(name)?;
            fields.push(shape.table.field(at).clone());
            columns.extend(shape.always(at));
        }
        let schema = Arc::new(Schema::new(fields));
        let known = DFSchema::try_from(Arc::clone(&schema))?;
        let filter = session.create_physical_expr(filter.clone(), &known)?;
        Ok(Self { filter, schema, columns })
    }

    /// Of the files that are still kept: what an earlier filter excludes may be an error for a later one.
    fn of(
        &self,
        snapshot: &TableSnapshot,
        chunk: &FileChunk,
        keep: Vec<bool>,
    ) -> Result<Vec<bool>> {
        let asked = BooleanArray::from(keep);
        let values = |column: &&PerFile| Ok(filter(&column.values(snapshot, chunk)?, &asked)?);
        let values = self.columns.iter().map(values).collect::<Result<_>>()?;
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), values)?;
        let answers = self.filter.evaluate(&batch)?.into_array(batch.num_rows())?;
        let Some(answers) = answers.as_boolean_opt() else {
            return internal_err!("a filter over files is no condition");
        };
        let mut answers = answers.iter();
        let kept = asked.values().iter().map(|asked| asked && answers.next() == Some(Some(true)));
        Ok(kept.collect())
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
