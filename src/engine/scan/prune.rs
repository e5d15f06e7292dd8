//! Which files a query needs: one vectorised pass over the snapshot's file index.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, RecordBatch, RecordBatchOptions, UInt64Array,
};
use datafusion::arrow::compute::kernels::zip::zip;
use datafusion::arrow::compute::{cast, is_not_null};
use datafusion::arrow::datatypes::{Field, Schema};
use datafusion::arrow::error::ArrowError;
use datafusion::catalog::Session;
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::{Column, DFSchema, Result, ScalarValue};
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::utils::conjunction;
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use lakegate_formats::{ColumnBounds, FileIndex};

use super::shape::{Constant, Shape};

/// By file: false when no row in it can satisfy all filters. Anything unclear keeps the file. `values` are
/// those of the shape's per-file columns.
pub fn keep(
    filters: &[Expr],
    shape: &Shape,
    files: &FileIndex,
    values: &[ArrayRef],
    session: &dyn Session,
) -> Vec<bool> {
    let mut keep = vec![true; files.len()];
    let nothing_known = files.bounds.is_empty() && values.is_empty();
    let Some(filter) = conjunction(filters.iter().cloned()).filter(|_| !nothing_known) else {
        return keep;
    };
    let statistics = IndexStatistics { shape, files, values };
    let predicate = DFSchema::try_from(Arc::clone(&shape.table))
        .and_then(|schema| session.create_physical_expr(filter, &schema))
        .and_then(|expr| {
            PruningPredicateBuilder::new()
                .with_file_schema(Arc::clone(&shape.table))
                .try_build(expr)
        });
    if let Ok(kept) = predicate.and_then(|predicate| predicate.prune(&statistics)) {
        keep = kept;
    }
    for filter in filters {
        if let Some(Ok(kept)) = decided(filter, &statistics, session) {
            let kept = kept.iter().map(|kept| kept == Some(true));
            keep.iter_mut().zip(kept).for_each(|(all, kept)| *all &= kept);
        }
    }
    keep
}

/// What a filter says of each file that looks at nothing but columns with one value per file: it need not
/// be a comparison that bounds can answer.
fn decided(
    filter: &Expr,
    index: &IndexStatistics<'_>,
    session: &dyn Session,
) -> Option<Result<BooleanArray>> {
    let columns = filter.column_refs();
    if columns.is_empty() || filter.is_volatile() {
        return None;
    }
    let mut fields: Vec<Field> = Vec::new();
    let mut arrays = Vec::new();
    for column in columns {
        let at = index.shape.table.index_of(column.name()).ok()?;
        let Some(Constant::Always(place)) = index.shape.constants[at] else { return None };
        // The same column may stand there with and without the table's name.
        if !fields.iter().any(|field| field.name() == column.name()) {
            fields.push(index.shape.table.field(at).clone());
            arrays.push(Arc::clone(index.values.get(place)?));
        }
    }
    Some(evaluated(filter, fields, arrays, index.files.len(), session))
}

fn evaluated(
    filter: &Expr,
    fields: Vec<Field>,
    arrays: Vec<ArrayRef>,
    files: usize,
    session: &dyn Session,
) -> Result<BooleanArray> {
    let schema = Arc::new(Schema::new(fields));
    let options = RecordBatchOptions::new().with_row_count(Some(files));
    let batch = RecordBatch::try_new_with_options(Arc::clone(&schema), arrays, &options)?;
    let expr = session.create_physical_expr(filter.clone(), &DFSchema::try_from(schema)?)?;
    let kept = expr.evaluate(&batch)?.into_array(files)?;
    let of_no_kind = || ArrowError::CastError("a filter is no condition".to_string());
    Ok(kept.as_boolean_opt().ok_or_else(of_no_kind)?.clone())
}

struct IndexStatistics<'a> {
    shape: &'a Shape,
    files: &'a FileIndex,
    values: &'a [ArrayRef],
}

/// What the index knows of one column.
struct Known<'a> {
    /// NULL where another source counts.
    constant: Option<Constant>,
    bounds: Option<&'a ColumnBounds>,
}

impl IndexStatistics<'_> {
    fn known(&self, column: &Column) -> Option<Known<'_>> {
        let index = self.shape.table.index_of(column.name()).ok()?;
        let constant = self.shape.constants.get(index).copied().flatten();
        let bounds = self.files.bounds.iter().find(|b| b.column == index);
        (constant.is_some() || bounds.is_some()).then_some(Known { constant, bounds })
    }

    /// The least or greatest value: the constant's where there is one.
    fn extreme(&self, column: &Column, of: fn(&ColumnBounds) -> &ArrayRef) -> Option<ArrayRef> {
        let known = self.known(column)?;
        let bound = known.bounds.map(of);
        match known.constant {
            None => bound.cloned(),
            Some(Constant::Always(at)) => self.values.get(at).cloned(),
            Some(Constant::Sometimes(at)) => first(self.values.get(at)?, bound).ok(),
        }
    }
}

/// The value; the bound where it is NULL.
fn first(values: &ArrayRef, bound: Option<&ArrayRef>) -> Result<ArrayRef, ArrowError> {
    let Some(bound) = bound else { return Ok(Arc::clone(values)) };
    zip(&is_not_null(values)?, values, &cast(bound, values.data_type())?)
}

impl PruningStatistics for IndexStatistics<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.extreme(column, |bounds| &bounds.min)
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.extreme(column, |bounds| &bounds.max)
    }

    fn num_containers(&self) -> usize {
        self.files.len()
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        let known = self.known(column)?;
        let bound = known.bounds.map(|bounds| &bounds.nulls);
        let (values, otherwise) = match known.constant {
            None => return bound.map(|nulls| Arc::new(nulls.clone()) as ArrayRef),
            Some(Constant::Always(at)) => (self.values.get(at)?, Some(&self.files.rows)),
            Some(Constant::Sometimes(at)) => (self.values.get(at)?, bound),
        };
        let count = |file: usize| match values.is_valid(file) {
            true => Some(0),
            false => otherwise.filter(|c| c.is_valid(file)).map(|c| c.value(file)),
        };
        Some(Arc::new((0..self.files.len()).map(count).collect::<UInt64Array>()))
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
