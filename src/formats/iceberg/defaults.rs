//! Initial defaults: what rows of files older than a column hold in it.
//!
//! A field of a snapshot's schema carries its default as text, at every level, so that whoever reads a file
//! can fill a column that is missing inside a struct.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, StructArray, new_null_array};
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema};
use lakegate_base::{Error, Result, Subject};
use serde_json::Value as Json;

use super::INITIAL_DEFAULT;
use super::scalar;
use super::schema::Primitive;

/// The value of a field in rows of files without it, as an array of length 1. None: NULL.
pub fn initial_default(field: &Field) -> Result<Option<ArrayRef>> {
    let Some(text) = field.metadata().get(INITIAL_DEFAULT) else { return Ok(None) };
    if let DataType::Struct(fields) = field.data_type() {
        return whole(fields).map(Some);
    }
    let damaged = || {
        let message = format!("the initial default of column {} is damaged", field.name());
        Error::corrupt(message).about(Subject::Column)
    };
    let json: Json = serde_json::from_str(text).map_err(|e| damaged().source(e))?;
    let kind = Primitive::of(field).ok_or_else(damaged)?;
    let value = scalar::from_json(kind, &json).ok_or_else(damaged)?;
    let array = scalar::array(kind, &[Some(value)]).map_err(|e| damaged().source(e))?;
    Ok(Some(array))
}

/// A struct of its columns' defaults.
fn whole(fields: &Fields) -> Result<ArrayRef> {
    let mut columns = Vec::with_capacity(fields.len());
    for field in fields {
        let default = initial_default(field)?;
        columns.push(default.unwrap_or_else(|| new_null_array(field.data_type(), 1)));
    }
    // A required column without a default of its own is NULL here: the scan takes all as nullable.
    let nullable = |field: &FieldRef| Arc::new(field.as_ref().clone().with_nullable(true));
    let fields: Fields = fields.iter().map(nullable).collect();
    if fields.is_empty() {
        return Ok(Arc::new(StructArray::new_empty_fields(1, None)));
    }
    let array = StructArray::try_new(fields, columns, None);
    Ok(Arc::new(array.map_err(|e| Error::internal("defaults that make no struct").source(e))?))
}

/// The defaults of top-level columns. Those below are tried, so that a damaged one is found at once.
pub fn of_schema(schema: &Schema) -> Result<BTreeMap<usize, ArrayRef>> {
    let mut defaults = BTreeMap::new();
    for (at, field) in schema.fields().iter().enumerate() {
        try_below(field.data_type())?;
        if let Some(array) = initial_default(field)? {
            defaults.insert(at, array);
        }
    }
    Ok(defaults)
}

fn try_below(kind: &DataType) -> Result<()> {
    let one = |field: &FieldRef| {
        initial_default(field)?;
        try_below(field.data_type())
    };
    match kind {
        DataType::Struct(fields) => fields.iter().try_for_each(one),
        DataType::List(field) | DataType::Map(field, _) => one(field),
        _ => Ok(()),
    }
}
