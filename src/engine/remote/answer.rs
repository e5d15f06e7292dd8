//! What the remote's rows become: of the types the client was told, and of no other value.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringArray};
use datafusion::arrow::compute::kernels::cmp::distinct;
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, SchemaRef};
use lakegate_base::{Error, Result};

/// A batch under the names and types the client was told. A value that would change is an error.
pub fn told(batch: &RecordBatch, schema: &SchemaRef, remote: &str) -> Result<RecordBatch> {
    check_names(batch, schema, remote)?;
    let columns = batch.columns().iter().zip(schema.fields());
    let columns = columns.map(|(column, field)| converted(column, field, remote));
    let columns = columns.collect::<Result<Vec<_>>>()?;
    let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &rows)
        .map_err(|e| Error::internal(format!("{remote}'s answer does not fit")).source(e))
}

/// `SELECT *` means there what the table has there.
fn check_names(batch: &RecordBatch, schema: &SchemaRef, remote: &str) -> Result<()> {
    let found = batch.schema_ref().fields();
    let other = |(found, told): (&FieldRef, &FieldRef)| {
        !is_unnamed(found.name()) && !found.name().eq_ignore_ascii_case(told.name())
    };
    let what = match found.iter().zip(schema.fields()).find(|(found, told)| other((found, told))) {
        _ if found.len() != schema.fields().len() => {
            format!("{} columns where {} were told", found.len(), schema.fields().len())
        }
        Some((found, told)) => {
            format!("a column \"{}\" where \"{}\" was told", found.name(), told.name())
        }
        None => return Ok(()),
    };
    Err(Error::corrupt(format!("{remote} answers {what}")).hint(
        "The table may have other columns there: crawl it again, and name the columns you want.",
    ))
}

/// Athena calls columns without a name `_col0`.
fn is_unnamed(name: &str) -> bool {
    name.strip_prefix("_col").is_some_and(|rest| rest.parse::<u32>().is_ok())
}

fn converted(column: &ArrayRef, field: &Field, remote: &str) -> Result<ArrayRef> {
    let (from, to) = (column.data_type(), field.data_type());
    if from == to {
        return Ok(Arc::clone(column));
    }
    let refused = || {
        Error::corrupt(format!("column {}: {remote} answers {from}, not {to}", field.name()))
            .hint("Cast the column in the statement to the type you need.")
    };
    if family(from) != family(to) {
        return Err(refused());
    }
    let exact = CastOptions { safe: false, ..CastOptions::default() };
    let cast = |array: &ArrayRef, to: &DataType| {
        cast_with_options(array, to, &exact).map_err(|error| refused().source(error))
    };
    let cast_to = cast(column, to)?;
    if may_round(from, to) {
        let back = cast(&cast_to, from)?;
        let differ = distinct(&back, column).map_err(|error| refused().source(error))?;
        if differ.true_count() > 0 {
            return Err(refused());
        }
    }
    Ok(cast_to)
}

/// Casts within a family keep values; between families, they would be another answer.
fn family(data_type: &DataType) -> u8 {
    match data_type {
        DataType::Boolean => 0,
        number if number.is_numeric() => 1,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => 2,
        DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView
        | DataType::FixedSizeBinary(_) => 3,
        DataType::Date32 | DataType::Date64 => 4,
        DataType::Time32(_) | DataType::Time64(_) => 5,
        DataType::Timestamp(_, None) => 6,
        DataType::Timestamp(_, Some(_)) => 7,
        DataType::Interval(_) | DataType::Duration(_) => 8,
        DataType::List(_) | DataType::LargeList(_) | DataType::ListView(_) => 9,
        DataType::Struct(_) => 10,
        DataType::Map(..) => 11,
        _ => 12,
    }
}

/// Doubles are what both sides compute them to be; all else is exact.
fn may_round(from: &DataType, to: &DataType) -> bool {
    let scale = |data_type: &DataType| match data_type {
        DataType::Decimal128(_, scale) | DataType::Decimal256(_, scale) => Some(*scale),
        number if number.is_integer() => Some(0),
        _ => None,
    };
    match (from, to) {
        (DataType::Timestamp(from, _), DataType::Timestamp(to, _)) => from > to,
        (
            DataType::Time32(from) | DataType::Time64(from),
            DataType::Time32(to) | DataType::Time64(to),
        ) => from > to,
        _ => scale(from).zip(scale(to)).is_some_and(|(from, to)| from > to),
    }
}

/// The lines of an EXPLAIN.
pub fn lines(lines: Vec<String>, schema: &SchemaRef) -> Result<RecordBatch> {
    RecordBatch::try_new(Arc::clone(schema), vec![Arc::new(StringArray::from(lines))])
        .map_err(|e| Error::internal("the plan cannot be shown").source(e))
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{Decimal128Array, Int64Array};
    use datafusion::arrow::datatypes::Schema;

    use super::*;

    fn one(array: ArrayRef, to: DataType) -> Result<RecordBatch> {
        let batch = RecordBatch::try_from_iter([("_col0", array)]).expect("a batch");
        told(&batch, &Arc::new(Schema::new(vec![Field::new("n", to, true)])), "athena")
    }

    fn decimal(value: i128) -> ArrayRef {
        let array = Decimal128Array::from(vec![Some(value), None]);
        Arc::new(array.with_precision_and_scale(38, 4).expect("a decimal"))
    }

    #[test]
    fn columns_of_other_names_are_refused() {
        let told_as = |name: &str| {
            let column: ArrayRef = Arc::new(Int64Array::from(vec![1]));
            let batch = RecordBatch::try_from_iter([(name, column)]).expect("a batch");
            let field = Field::new("Id", DataType::Int64, true);
            told(&batch, &Arc::new(Schema::new(vec![field])), "athena")
        };
        assert!(told_as("id").is_ok() && told_as("_col0").is_ok());
        let error = told_as("price").expect_err("another column");
        assert_eq!(error.message(), "athena answers a column \"price\" where \"Id\" was told");
    }

    #[test]
    fn what_would_change_is_refused() {
        assert!(one(decimal(12_500), DataType::Decimal128(10, 2)).is_ok());
        assert!(one(decimal(12_345), DataType::Decimal128(10, 2)).is_err());
        assert!(one(Arc::new(Int64Array::from(vec![1_i64 << 40])), DataType::Int32).is_err());
        assert!(one(Arc::new(Int64Array::from(vec![1])), DataType::Utf8).is_err());
        assert!(one(Arc::new(Int64Array::from(vec![1])), DataType::Int32).is_ok());
    }
}
