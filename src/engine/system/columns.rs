//! Builds a system relation column by column from a list of things; columns nobody filled hold what
//! "not there" is in Postgres.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, Int64Builder, ListBuilder, RecordBatch,
    StringArray, StringBuilder, TimestampMicrosecondArray, new_empty_array, new_null_array,
};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use chrono::{DateTime, Utc};
use datafusion::error::Result;
use datafusion::scalar::ScalarValue;

use super::definitions::Definition;

/// Columns over `items`, one row each.
pub struct Columns<'a, T> {
    items: &'a [T],
    arrays: HashMap<&'static str, ArrayRef>,
}

impl<'a, T> Columns<'a, T> {
    pub fn of(items: &'a [T]) -> Self {
        Self { items, arrays: HashMap::new() }
    }

    /// A column of text, name or "char".
    pub fn text<S: AsRef<str>>(self, name: &'static str, value: impl Fn(&'a T) -> S) -> Self {
        self.maybe_text(name, |item| Some(value(item)))
    }

    pub fn maybe_text<S: AsRef<str>>(
        self,
        name: &'static str,
        value: impl Fn(&'a T) -> Option<S>,
    ) -> Self {
        let array: StringArray = self.items.iter().map(value).collect();
        self.with(name, Arc::new(array))
    }

    /// A column of any integer type or OID.
    pub fn number(self, name: &'static str, value: impl Fn(&'a T) -> i64) -> Self {
        self.maybe_number(name, |item| Some(value(item)))
    }

    pub fn maybe_number(self, name: &'static str, value: impl Fn(&'a T) -> Option<i64>) -> Self {
        let array: Int64Array = self.items.iter().map(value).collect();
        self.with(name, Arc::new(array))
    }

    pub fn float(self, name: &'static str, value: impl Fn(&'a T) -> f64) -> Self {
        let array: Float64Array = self.items.iter().map(|item| Some(value(item))).collect();
        self.with(name, Arc::new(array))
    }

    pub fn flag(self, name: &'static str, value: impl Fn(&'a T) -> bool) -> Self {
        let array: BooleanArray = self.items.iter().map(|item| Some(value(item))).collect();
        self.with(name, Arc::new(array))
    }

    pub fn numbers(self, name: &'static str, value: impl Fn(&'a T) -> Vec<i64>) -> Self {
        self.maybe_numbers(name, |item| Some(value(item)))
    }

    pub fn maybe_numbers(
        self,
        name: &'static str,
        value: impl Fn(&'a T) -> Option<Vec<i64>>,
    ) -> Self {
        let mut builder = ListBuilder::new(Int64Builder::new());
        for item in self.items {
            builder.append_option(value(item).map(|list| list.into_iter().map(Some)));
        }
        self.with(name, Arc::new(builder.finish()))
    }

    pub fn maybe_texts(
        self,
        name: &'static str,
        value: impl Fn(&'a T) -> Option<Vec<String>>,
    ) -> Self {
        let mut builder = ListBuilder::new(StringBuilder::new());
        for item in self.items {
            builder.append_option(value(item).map(|list| list.into_iter().map(Some)));
        }
        self.with(name, Arc::new(builder.finish()))
    }

    pub fn moment(
        self,
        name: &'static str,
        value: impl Fn(&'a T) -> Option<DateTime<Utc>>,
    ) -> Self {
        let micros = self.items.iter().map(|item| value(item).map(|at| at.timestamp_micros()));
        let array = micros.collect::<TimestampMicrosecondArray>().with_timezone("UTC");
        self.with(name, Arc::new(array))
    }

    fn with(mut self, name: &'static str, array: ArrayRef) -> Self {
        self.arrays.insert(name, array);
        self
    }

    /// All columns of the definition, in order and of its types.
    pub fn finish(mut self, definition: &Definition) -> Result<RecordBatch> {
        let rows = self.items.len();
        let mut arrays = Vec::with_capacity(definition.columns.len());
        for (column, field) in definition.columns.iter().zip(definition.arrow.fields()) {
            arrays.push(match self.arrays.remove(column.name) {
                Some(array) => cast(&array, field.data_type())?,
                None if column.not_null => absent(field.data_type(), rows)?,
                None => new_null_array(field.data_type(), rows),
            });
        }
        debug_assert!(self.arrays.is_empty(), "columns {:?} are not defined", self.arrays.keys());
        Ok(RecordBatch::try_new(definition.arrow.clone(), arrays)?)
    }
}

/// Zero, false, the empty text or list, `rows` times.
fn absent(data_type: &DataType, rows: usize) -> Result<ArrayRef> {
    if rows == 0 {
        return Ok(new_empty_array(data_type));
    }
    let value = match data_type {
        DataType::Utf8 => ScalarValue::Utf8(Some(String::new())),
        DataType::Boolean => ScalarValue::Boolean(Some(false)),
        DataType::List(field) => {
            let list = ScalarValue::new_list(&[], field.data_type(), true);
            ScalarValue::List(list)
        }
        DataType::Timestamp(_, _) | DataType::Binary => return Ok(new_null_array(data_type, rows)),
        other => ScalarValue::new_zero(other).or_else(|_| ScalarValue::try_from(other))?,
    };
    value.to_array_of_size(rows)
}
