//! `single_value(x)`: the one value of a group, an error for two. With it a correlated scalar subquery
//! without aggregate can be planned as an aggregate and still fail where Postgres fails.

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::error::Result;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;
use lakegate_base::{Error, Subject};

use super::scalar::external;

pub const NAME: &str = "single_value";

pub fn udaf() -> AggregateUDF {
    AggregateUDF::from(SingleValue { signature: Signature::any(1, Volatility::Immutable) })
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
        Ok(given[0].clone())
    }

    fn return_field(&self, given: &[FieldRef]) -> Result<FieldRef> {
        // The column's Postgres type rides on its metadata.
        Ok(given[0].as_ref().clone().with_name(NAME).with_nullable(true).into())
    }

    fn accumulator(&self, call: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let value = ScalarValue::try_from(call.return_field.data_type())?;
        Ok(Box::new(Single { value, rows: 0 }))
    }

    fn state_fields(&self, call: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let value = Field::new("value", call.return_field.data_type().clone(), true);
        Ok(vec![value.into(), Field::new("rows", DataType::UInt64, false).into()])
    }
}

#[derive(Debug)]
struct Single {
    value: ScalarValue,
    rows: u64,
}

impl Single {
    fn add(&mut self, value: ScalarValue, rows: u64) -> Result<()> {
        if rows > 0 {
            self.rows += rows;
            self.value = value;
        }
        if self.rows > 1 {
            let message = "more than one row returned by a subquery used as an expression";
            return Err(external(Error::invalid(message).about(Subject::Statement)));
        }
        Ok(())
    }
}

impl Accumulator for Single {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for row in 0..values[0].len() {
            self.add(ScalarValue::try_from_array(&values[0], row)?, 1)?;
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(self.value.clone())
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
            self.add(ScalarValue::try_from_array(&states[0], row)?, rows)?;
        }
        Ok(())
    }
}
