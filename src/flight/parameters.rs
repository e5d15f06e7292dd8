//! Bound parameters: batches from a client become arrays of the prepared types. A statement runs once for
//! each row.

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::compute::{CastOptions, cast_with_options, concat};
use arrow::datatypes::{DataType, Field, Schema};
use lakegate_base::{Error, Parameter, Prepared, Subject};

use crate::wire;

/// Rows of parameters. A statement that nothing was bound to runs once, without any.
#[derive(Clone, Default)]
pub(crate) struct Bound {
    columns: Vec<ArrayRef>,
    rows: Option<usize>,
}

impl Bound {
    /// Casts the batches' columns, by position, to the types the statement was prepared with.
    pub fn cast(batches: &[RecordBatch], types: &[DataType]) -> Result<Self, Error> {
        let rows = batches.iter().map(RecordBatch::num_rows).sum();
        if let Some(batch) = batches.iter().find(|batch| batch.num_columns() != types.len()) {
            return Err(miscounted(types.len(), batch.num_columns()));
        }
        let column = |(index, data_type): (usize, &DataType)| {
            let parts = batches.iter().map(|batch| cast(batch.column(index), data_type));
            let parts: Vec<ArrayRef> =
                parts.collect::<Result<_, _>>().map_err(|e| unfit(index, data_type, e))?;
            let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
            concat(&parts).map_err(|e| unfit(index, data_type, e))
        };
        let columns = match batches {
            [] => Vec::new(),
            _ => types.iter().enumerate().map(column).collect::<Result<_, _>>()?,
        };
        Ok(Self { columns, rows: Some(rows) })
    }

    pub fn rows(&self) -> usize {
        self.rows.unwrap_or(1)
    }

    pub fn row(&self, index: usize) -> Vec<Parameter> {
        self.columns.iter().map(|column| column.slice(index, 1)).collect()
    }

    pub fn bytes(&self) -> usize {
        self.columns.iter().map(|column| column.get_array_memory_size()).sum()
    }

    /// Refuses to run a statement whose parameters are not all bound.
    pub fn check(&self, types: &[DataType]) -> Result<(), Error> {
        if self.rows() == 0 || self.columns.len() == types.len() {
            return Ok(());
        }
        Err(miscounted(types.len(), self.columns.len()))
    }
}

fn cast(column: &ArrayRef, data_type: &DataType) -> Result<ArrayRef, arrow::error::ArrowError> {
    // The engine could not tell: it takes whatever comes.
    if data_type.is_null() || column.data_type() == data_type {
        return Ok(column.clone());
    }
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(column, data_type, &strict)
}

fn unfit(index: usize, data_type: &DataType, cause: arrow::error::ArrowError) -> Error {
    let number = index + 1;
    Error::invalid(format!("parameter ${number} cannot become {data_type}: {cause}"))
        .about(Subject::Parameter)
        .hint("Bind the types of the statement's parameter schema.")
}

fn miscounted(wanted: usize, given: usize) -> Error {
    Error::invalid(format!("the statement has {wanted} parameters, and {given} are bound"))
        .about(Subject::Parameter)
        .hint("Bind one column for each of $1, $2, ….")
}

/// The parameters as a client is told of them.
pub(crate) fn schema(prepared: &dyn Prepared) -> Schema {
    let field = |(index, data_type): (usize, &DataType)| {
        let data_type = match data_type {
            DataType::Null => DataType::Utf8,
            known => wire::plain(known),
        };
        let field = Field::new(format!("${}", index + 1), data_type, true);
        wire::named(field, prepared.parameter_name(index))
    };
    Schema::new(prepared.parameters().iter().enumerate().map(field).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int32Array, Int64Array, StringArray};

    use super::*;

    fn batch(column: ArrayRef) -> RecordBatch {
        RecordBatch::try_from_iter([("a", column)]).expect("a batch")
    }

    #[test]
    fn several_batches_are_rows_of_the_prepared_type() {
        let parts = [
            batch(Arc::new(Int64Array::from(vec![1, 2]))),
            batch(Arc::new(Int64Array::from(vec![3]))),
        ];
        let bound = Bound::cast(&parts, &[DataType::Int32]).expect("fits");
        assert_eq!(bound.rows(), 3);
        let expected: ArrayRef = Arc::new(Int32Array::from(vec![3]));
        assert_eq!(&bound.row(2)[0], &expected);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let word = batch(Arc::new(StringArray::from(vec!["x"])));
        let big = batch(Arc::new(Int64Array::from(vec![i64::MAX])));
        for (part, types) in [
            (&word, vec![DataType::Int32]),
            (&big, vec![DataType::Int32]),
            (&big, vec![]),
            (&big, vec![DataType::Int64, DataType::Int64]),
        ] {
            let refused = Bound::cast(std::slice::from_ref(part), &types);
            assert_eq!(refused.err().map(|e| e.subject()), Some(Subject::Parameter), "{types:?}");
        }
    }

    #[test]
    fn nothing_bound_runs_once_only_without_parameters() {
        let nothing = Bound::default();
        assert_eq!((nothing.rows(), nothing.check(&[]).is_ok()), (1, true));
        assert!(nothing.check(&[DataType::Int32]).is_err());
    }
}
