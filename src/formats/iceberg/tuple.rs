//! Partition tuples as bytes, so that a delete file finds the data files of its partition.
//!
//! Two tuples of one spec are the same partition exactly when these bytes are equal. Manifests of different
//! ages write one value in different types (a column was promoted, a decimal widened), so numbers are
//! brought to one form first.

use super::avro::{Fields, Value};
use super::bounds;
use super::layout::{Spec, SpecField};
use super::scalar::{self, Scalar};
use super::schema::Primitive;

const DECIMAL_DIGITS_MAX: u8 = 38;

/// The tuple's bytes; none where it is missing or holds a value of no type that partitions have.
pub fn key(spec: &Spec, partition: Option<&Fields>) -> Option<Box<[u8]>> {
    let mut bytes = Vec::new();
    // Absent in an unpartitioned manifest, and then nobody misses it.
    if spec.is_unpartitioned() {
        return Some(bytes.into());
    }
    let partition = partition?;
    for field in spec.fields.iter().filter(|field| !field.is_void()) {
        // Version 1 writers leave fields out that left the spec: they are NULL.
        let at = partition.record.position(field.id, &field.name);
        let value = at.and_then(|at| partition.values.get(at));
        append(&mut bytes, field, value.unwrap_or(&Value::Null))?;
    }
    Some(bytes.into())
}

fn append(bytes: &mut Vec<u8>, field: &SpecField, value: &Value) -> Option<()> {
    let (tag, body): (u8, Vec<u8>) = match value {
        Value::Null => (0, Vec::new()),
        Value::Boolean(value) => (1, vec![u8::from(*value)]),
        Value::Int(_) | Value::Long(_) => (2, value.as_long()?.to_be_bytes().to_vec()),
        Value::Float(value) => (3, number(f64::from(*value))),
        Value::Double(value) => (3, number(*value)),
        Value::Bytes(raw) if matches!(field.source_kind, Some(Primitive::Decimal { .. })) => {
            let Scalar::Decimal(value) = bounds::decimal(raw, DECIMAL_DIGITS_MAX)? else {
                return None;
            };
            (4, value.to_be_bytes().to_vec())
        }
        Value::String(_) if field.source_kind == Some(Primitive::Uuid) => {
            let Scalar::Bytes(raw) = scalar::from_avro(Primitive::Uuid, value)? else {
                return None;
            };
            (5, raw)
        }
        // Text and bytes are the same to a column that was promoted from one to the other.
        Value::Bytes(raw) => (5, raw.to_vec()),
        Value::String(text) => (5, text.as_bytes().to_vec()),
        Value::Array(_) | Value::Record(_) => return None,
    };
    bytes.push(tag);
    bytes.extend((body.len() as u64).to_be_bytes());
    bytes.extend(body);
    Some(())
}

/// All NaN are one value.
fn number(value: f64) -> Vec<u8> {
    let value = if value.is_nan() { f64::NAN } else { value };
    value.to_bits().to_be_bytes().to_vec()
}
