//! `single_value(x)`: the one value of a group, and whether there were several; `only_value` of it is the
//! value, or the error. With them a correlated scalar subquery without aggregate can be planned as an
//! aggregate, and still fail where Postgres fails: for rows outside that ask for such a group.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, StructArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::{internal_err, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, ColumnarValue, ReturnFieldArgs,
    ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;
use lakegate_base::{Error, Subject};

use super::scalar::external;

pub const NAME: &str = "single_value";
pub const ONLY: &str = "only_value";

pub fn udaf() -> AggregateUDF {
    AggregateUDF::from(SingleValue { signature: Signature::any(1, Volatility::Immutable) })
}

pub fn udf() -> ScalarUDF {
    ScalarUDF::from(OnlyValue { signature: Signature::any(1, Volatility::Immutable) })
}

/// The value, whose Postgres type rides on its metadata, and whether there were several.
fn parts(value: &FieldRef) -> Fields {
    let value = value.as_ref().clone().with_name("value").with_nullable(true);
    Fields::from(vec![value, Field::new("several", DataType::Boolean, false)])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct SingleValue {
    signature: Signature,
}

impl AggregateUDFImpl for SingleValue {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        Ok(DataType::Struct(parts(&Arc::new(Field::new("value", given[0].clone(), true)))))
    }

    fn return_field(&self, given: &[FieldRef]) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(NAME, DataType::Struct(parts(&given[0])), true)))
    }

    fn accumulator(&self, call: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let DataType::Struct(fields) = call.return_field.data_type() else {
            return internal_err!("{NAME} answers a struct");
        };
        let value = ScalarValue::try_from(fields[0].data_type())?;
        Ok(Box::new(Single { fields: fields.clone(), value, rows: 0 }))
    }

    fn state_fields(&self, call: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let DataType::Struct(fields) = call.return_field.data_type() else {
            return internal_err!("{NAME} answers a struct");
        };
        let value = Field::new("value", fields[0].data_type().clone(), true);
        Ok(vec![value.into(), Field::new("rows", DataType::UInt64, false).into()])
    }
}

#[derive(Debug)]
struct Single {
    fields: Fields,
    /// The first.
    value: ScalarValue,
    rows: u64,
}

impl Single {
    fn add(&mut self, values: &ArrayRef, row: usize, rows: u64) -> Result<()> {
        if self.rows == 0 && rows > 0 {
            self.value = ScalarValue::try_from_array(values, row)?;
        }
        self.rows += rows;
        Ok(())
    }
}

impl Accumulator for Single {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let rows = u64::try_from(values[0].len()).unwrap_or(u64::MAX);
        match rows {
            0 => Ok(()),
            rows => self.add(&values[0], 0, rows),
        }
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let several = Arc::new(BooleanArray::from(vec![self.rows > 1])) as ArrayRef;
        let columns = vec![self.value.to_array()?, several];
        // No row is no value at all.
        let nulls = NullBuffer::from(vec![self.rows > 0]);
        let one = StructArray::try_new(self.fields.clone(), columns, Some(nulls))?;
        Ok(ScalarValue::Struct(Arc::new(one)))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.value.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.value.clone(), ScalarValue::UInt64(Some(self.rows))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for row in 0..states[0].len() {
            let rows = match ScalarValue::try_from_array(&states[1], row)? {
                ScalarValue::UInt64(Some(rows)) => rows,
                _ => 0,
            };
            self.add(&states[0], row, rows)?;
        }
        Ok(())
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct OnlyValue {
    signature: Signature,
}

impl ScalarUDFImpl for OnlyValue {
    fn name(&self) -> &str {
        ONLY
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        match &given[0] {
            DataType::Struct(fields) => Ok(fields[0].data_type().clone()),
            other => plan_err!("{ONLY} takes what {NAME} answers, not {other}"),
        }
    }

    fn return_field_from_args(&self, call: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        match call.arg_fields[0].data_type() {
            DataType::Struct(fields) => Ok(Arc::new(fields[0].as_ref().clone().with_name(ONLY))),
            other => plan_err!("{ONLY} takes what {NAME} answers, not {other}"),
        }
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = call.args[0].to_array(call.number_rows)?;
        let rows = rows.as_struct();
        let several = rows.column(1).as_boolean();
        if (0..rows.len()).any(|row| rows.is_valid(row) && several.value(row)) {
            let message = "more than one row returned by a subquery used as an expression";
            return Err(external(Error::invalid(message).about(Subject::Statement)));
        }
        // Where no row answered, the struct is NULL, whatever its parts are.
        let value = rows.column(0);
        let nulls = NullBuffer::union(value.logical_nulls().as_ref(), rows.nulls());
        let absent = BooleanArray::from_iter(
            (0..rows.len()).map(|row| Some(nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)))),
        );
        Ok(ColumnarValue::Array(arrow::compute::nullif(value, &absent)?))
    }
}
