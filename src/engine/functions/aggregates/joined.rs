//! `string_agg` with a delimiter that differs by row: each stands before its value, except the first.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::error::Result;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;

use crate::functions::scalar::{TEXT_BYTES_MAX, too_large};

/// What `string_agg` becomes where its delimiter is no literal.
pub const NAME: &str = "string_agg_by";

pub fn function() -> AggregateUDF {
    let texts = vec![DataType::Utf8, DataType::Utf8];
    AggregateUDF::from(Joined { signature: Signature::exact(texts, Volatility::Immutable) })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Joined {
    signature: Signature,
}

impl AggregateUDFImpl for Joined {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn accumulator(&self, _: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Text { first: None, rest: String::new() }))
    }

    fn state_fields(&self, _: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let text = |name: &str| Field::new(name, DataType::Utf8, true).into();
        Ok(vec![text("first"), text("rest")])
    }
}

/// The first delimiter is kept apart: another part may come before it.
#[derive(Debug)]
struct Text {
    first: Option<String>,
    rest: String,
}

impl Text {
    fn add(&mut self, delimiter: &str, text: &str) -> Result<()> {
        match &self.first {
            None => self.first = Some(delimiter.to_string()),
            Some(_) => self.rest.push_str(delimiter),
        }
        self.rest.push_str(text);
        if self.rest.len() > TEXT_BYTES_MAX { Err(too_large()) } else { Ok(()) }
    }
}

impl Accumulator for Text {
    fn update_batch(&mut self, columns: &[ArrayRef]) -> Result<()> {
        let texts = cast(&columns[0], &DataType::Utf8)?;
        let delimiters = cast(&columns[1], &DataType::Utf8)?;
        let delimiters = delimiters.as_string::<i32>();
        for (row, text) in texts.as_string::<i32>().iter().enumerate() {
            let delimiter = if delimiters.is_null(row) { "" } else { delimiters.value(row) };
            if let Some(text) = text {
                self.add(delimiter, text)?;
            }
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Utf8(self.first.is_some().then(|| self.rest.clone())))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.rest.capacity()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let first = ScalarValue::Utf8(self.first.clone());
        Ok(vec![first, ScalarValue::Utf8(Some(std::mem::take(&mut self.rest)))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let parts = states[0].as_string::<i32>().iter().zip(states[1].as_string::<i32>());
        for (first, rest) in parts {
            if let (Some(first), Some(rest)) = (first, rest) {
                self.add(first, rest)?;
            }
        }
        Ok(())
    }
}
