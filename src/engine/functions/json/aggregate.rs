//! `json_agg`, `jsonb_agg`, `json_object_agg` and `jsonb_object_agg`.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;
use lakegate_base::{Error, Subject};

use super::{tree, write};
use crate::functions::scalar::{TEXT_BYTES_MAX, external, too_large};
use crate::system::types::PG_TYPE;

pub fn functions() -> Vec<AggregateUDF> {
    let names = ["json_agg", "jsonb_agg", "json_object_agg", "jsonb_object_agg"];
    names.into_iter().map(|name| AggregateUDF::from(JsonAggregate::new(name))).collect()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct JsonAggregate {
    name: &'static str,
    signature: Signature,
}

impl JsonAggregate {
    fn new(name: &'static str) -> Self {
        let count = if name.contains("object") { 2 } else { 1 };
        Self { name, signature: Signature::any(count, Volatility::Stable) }
    }
}

impl AggregateUDFImpl for JsonAggregate {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn return_field(&self, _: &[FieldRef]) -> Result<FieldRef> {
        let pg_type = if self.name.starts_with("jsonb") { "jsonb" } else { "json" };
        let metadata = [(PG_TYPE.to_string(), pg_type.to_string())].into();
        Ok(Field::new(self.name, DataType::Utf8, true).with_metadata(metadata).into())
    }

    fn accumulator(&self, call: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let fields = call.expr_fields.to_vec();
        Ok(Box::new(Texts { name: self.name, fields, text: None }))
    }

    fn state_fields(&self, _: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        Ok(vec![Field::new("text", DataType::Utf8, true).into()])
    }
}

/// The elements so far, with commas between.
#[derive(Debug)]
struct Texts {
    name: &'static str,
    fields: Vec<FieldRef>,
    text: Option<String>,
}

impl Texts {
    /// Room for one more element.
    fn next(&mut self) -> &mut String {
        match &mut self.text {
            Some(text) => text.push_str(", "),
            none => *none = Some(String::new()),
        }
        self.text.get_or_insert_default()
    }

    fn check(&self) -> Result<()> {
        match self.text.as_ref().is_some_and(|text| text.len() > TEXT_BYTES_MAX) {
            true => Err(too_large()),
            false => Ok(()),
        }
    }
}

impl Accumulator for Texts {
    fn update_batch(&mut self, columns: &[ArrayRef]) -> Result<()> {
        // Behind the arguments come the columns of ORDER BY.
        let lost = || DataFusionError::Internal("an aggregate lost its argument".to_string());
        let is_object = self.name.contains("object");
        let at = usize::from(is_object);
        let value = columns.get(at).ok_or_else(lost)?;
        let field = self.fields.get(at).ok_or_else(lost)?.clone();
        let written = write::column(value, &field, "UTC")?;
        let keys = match is_object {
            true => Some(crate::functions::print::to_text(&columns[0])?),
            false => None,
        };
        for row in 0..value.len() {
            let mut element = String::new();
            if let Some(keys) = &keys {
                let keys = keys.as_string::<i32>();
                if keys.is_null(row) {
                    let error = Error::invalid("field name must not be null");
                    return Err(external(error.about(Subject::Setting)));
                }
                tree::quote(keys.value(row), &mut element);
                element.push_str(" : ");
            }
            written.write(row, &mut element)?;
            self.next().push_str(&element);
            self.check()?;
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let Some(text) = &self.text else { return Ok(ScalarValue::Utf8(None)) };
        let whole = match self.name.contains("object") {
            true => format!("{{ {text} }}"),
            false => format!("[{text}]"),
        };
        Ok(ScalarValue::Utf8(Some(match self.name.starts_with("jsonb") {
            true => tree::parse(&whole)?.print(),
            false => whole,
        })))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.text.as_ref().map_or(0, String::capacity)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Utf8(self.text.take())])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for part in states[0].as_string::<i32>().iter().flatten() {
            self.next().push_str(part);
            self.check()?;
        }
        Ok(())
    }
}
