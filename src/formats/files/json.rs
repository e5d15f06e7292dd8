//! JSON lines: one object a line. Types of a key widen over the lines read: integers and floats to
//! floats, anything else that differs to text.

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use lakegate_base::{Error, Location, Result};
use serde_json::{Map, Value};

use super::infer::{COLUMNS_MAX, Head};

const OBJECTS_MAX: usize = 10_000;
/// Lines whose keys are looked at before a file is read.
const KEY_LINES_MAX: usize = 100;

/// The columns in order of first appearance. A key without any value has type `Null`.
pub(super) fn infer(head: &Head, location: &Location) -> Result<SchemaRef> {
    let bytes = head.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head.bytes);
    let whole = if head.cut { complete_lines(bytes) } else { bytes };
    let mut columns = Fields::empty();
    let mut objects = 0;
    for (at, line) in whole.split(|b| *b == b'\n').enumerate() {
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        if objects == OBJECTS_MAX {
            break;
        }
        columns = merge_fields(&columns, &object(line, at + 1, location)?);
        if columns.len() > COLUMNS_MAX {
            let message = format!("{location} has more than {COLUMNS_MAX} keys");
            return Err(Error::exhausted(message));
        }
        objects += 1;
    }
    if objects == 0 {
        return Err(Error::corrupt(format!(
            "{location} has no JSON object in its first megabytes"
        )));
    }
    Ok(Schema::new(columns).into())
}

/// The keys of the objects on the first lines of one file, as it spells them.
pub fn json_keys(bytes: &[u8]) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    for line in bytes.split(|b| *b == b'\n').take(KEY_LINES_MAX) {
        // A line that is cut, or wrong, is the reader's business.
        let Ok(Value::Object(object)) = serde_json::from_slice(line) else { continue };
        for key in object.keys() {
            if keys.len() < COLUMNS_MAX && !keys.contains(key) {
                keys.push(key.clone());
            }
        }
    }
    keys
}

fn complete_lines(bytes: &[u8]) -> &[u8] {
    bytes.iter().rposition(|b| *b == b'\n').map_or(&[], |end| &bytes[..end])
}

fn object(line: &[u8], number: usize, location: &Location) -> Result<Fields> {
    match serde_json::from_slice::<Value>(line) {
        Ok(Value::Object(object)) => Ok(fields(&object)),
        Ok(Value::Array(_)) => {
            Err(one_per_line(Error::unsupported(format!("JSON arrays of rows ({location})"))))
        }
        Ok(_) => {
            let message = format!("{location}: line {number} is no JSON object");
            Err(one_per_line(Error::corrupt(message)))
        }
        Err(e) => {
            let message = format!("{location}: line {number} is not valid JSON");
            Err(one_per_line(Error::corrupt(message)).source(e))
        }
    }
}

fn one_per_line(error: Error) -> Error {
    error.hint("Write one JSON object on each line.")
}

fn fields(object: &Map<String, Value>) -> Fields {
    object.iter().map(|(key, value)| Field::new(key, data_type(value), true)).collect()
}

fn data_type(value: &Value) -> DataType {
    match value {
        Value::Null => DataType::Null,
        Value::Bool(_) => DataType::Boolean,
        Value::Number(n) if n.is_i64() => DataType::Int64,
        Value::Number(_) => DataType::Float64,
        Value::String(_) => DataType::Utf8,
        Value::Array(items) => {
            let item = items.iter().map(data_type).fold(DataType::Null, |a, b| widen(&a, &b));
            DataType::new_list(item, true)
        }
        Value::Object(object) if object.is_empty() => DataType::Null,
        Value::Object(object) => DataType::Struct(fields(object)),
    }
}

/// The columns of both, by name.
pub(super) fn merge_fields(a: &Fields, b: &Fields) -> Fields {
    let mut merged: Vec<Field> = a.iter().map(|field| field.as_ref().clone()).collect();
    for (at, field) in b.iter().enumerate() {
        // Lines mostly have their keys in the same place.
        let same = merged.get(at).is_some_and(|f| f.name() == field.name());
        let found =
            if same { Some(at) } else { merged.iter().position(|f| f.name() == field.name()) };
        match found {
            None => merged.push(field.as_ref().clone()),
            Some(known) => {
                let wide = widen(merged[known].data_type(), field.data_type());
                merged[known].set_data_type(wide);
            }
        }
    }
    merged.into()
}

/// The type that holds both.
pub(super) fn widen(a: &DataType, b: &DataType) -> DataType {
    use DataType::{Float64, Int64, List, Null, Struct, Utf8};
    match (a, b) {
        (a, b) if a == b => a.clone(),
        (Null, other) | (other, Null) => other.clone(),
        (Int64, Float64) | (Float64, Int64) => Float64,
        (List(a), List(b)) => DataType::new_list(widen(a.data_type(), b.data_type()), true),
        (Struct(a), Struct(b)) => Struct(merge_fields(a, b)),
        _ => Utf8,
    }
}
