//! From any Arrow schema to the nearest one a Delta table can have, and that schema as Delta's JSON.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use lakegate_base::{Error, Result, Subject};
use serde_json::{Value, json};

use super::schema::COMMENT;

/// Nested types beyond this depth are refused.
const DEPTH_MAX: usize = 32;
/// Refused by Spark in names of columns without column mapping.
const FORBIDDEN: [char; 10] = [' ', ',', ';', '{', '}', '(', ')', '\n', '\t', '='];

/// The schema the files get. All columns may be NULL: what a query promises is no rule for a table.
pub(super) fn table_schema(schema: &Schema) -> Result<SchemaRef> {
    if schema.fields().is_empty() {
        return Err(
            Error::invalid("a Delta table needs at least one column").about(Subject::Column)
        );
    }
    Ok(Arc::new(Schema::new(table_fields(schema.fields(), 0)?)))
}

fn table_fields(fields: &Fields, depth: usize) -> Result<Fields> {
    let mut seen = HashSet::new();
    let mut answer = Vec::with_capacity(fields.len());
    for field in fields {
        let name = field.name();
        if name.is_empty() || name.contains(FORBIDDEN) {
            return Err(column_error(name, "has a name no Delta table can have")
                .hint("Rename it: no blanks, and none of , ; { } ( ) =."));
        }
        if !seen.insert(name.to_lowercase()) {
            return Err(column_error(name, "is there twice (Delta ignores case)")
                .hint("Rename one of them."));
        }
        let data_type = table_type(field.data_type(), depth).ok_or_else(|| refused(field))?;
        let mut new = Field::new(name, data_type, true);
        if let Some(comment) = field.metadata().get(COMMENT) {
            new = new.with_metadata([(COMMENT.to_string(), comment.clone())].into());
        }
        answer.push(new);
    }
    Ok(answer.into())
}

fn column_error(name: &str, what: &str) -> Error {
    Error::invalid(format!("column \"{name}\" {what}")).about(Subject::Column)
}

fn refused(field: &Field) -> Error {
    let what = format!("type {} in a Delta table (column \"{}\")", field.data_type(), field.name());
    Error::unsupported(what)
        .about(Subject::Type)
        .hint("Cast it to another type, for example to text.")
}

/// The nearest type a Delta table has; none when there is none.
fn table_type(data_type: &DataType, depth: usize) -> Option<DataType> {
    use DataType::*;
    if depth > DEPTH_MAX {
        return None;
    }
    let nested = |inner: &Field| table_type(inner.data_type(), depth + 1);
    Some(match data_type {
        Boolean | Int8 | Int16 | Int32 | Int64 | Float32 | Float64 | Date32 => data_type.clone(),
        UInt8 => Int16,
        UInt16 => Int32,
        UInt32 => Int64,
        UInt64 => Decimal128(20, 0),
        Float16 => Float32,
        // A column of nothing but NULLs has no type yet; text is what Postgres makes of it.
        Utf8 | LargeUtf8 | Utf8View | Null => Utf8,
        Binary | LargeBinary | BinaryView | FixedSizeBinary(_) => Binary,
        Date64 | Timestamp(_, None) => Timestamp(TimeUnit::Microsecond, None),
        Timestamp(_, Some(_)) => Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        Decimal32(p, s) | Decimal64(p, s) | Decimal128(p, s) | Decimal256(p, s) => {
            let scale = u8::try_from(*s).ok()?;
            (*p <= 38 && scale <= *p).then_some(Decimal128(*p, *s))?
        }
        Dictionary(_, value) => table_type(value, depth + 1)?,
        List(inner) | LargeList(inner) | FixedSizeList(inner, _) | ListView(inner) => {
            List(Arc::new(Field::new("element", nested(inner)?, true)))
        }
        Struct(fields) => Struct(table_fields(fields, depth + 1).ok()?),
        Map(entries, _) => {
            let Struct(pair) = entries.data_type() else { return None };
            let [key, value] = &pair[..] else { return None };
            let key = Field::new("key", nested(key)?, false);
            let value = Field::new("value", nested(value)?, true);
            let entries = Struct(vec![key, value].into());
            Map(Arc::new(Field::new("key_value", entries, false)), false)
        }
        _ => return None,
    })
}

/// A batch with the columns of `schema`, by position. A value that does not fit is an error.
pub(super) fn cast_batch(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    if batch.num_columns() != schema.fields().len() {
        return Err(Error::internal("a batch has other columns than its schema"));
    }
    let options = CastOptions { safe: false, ..CastOptions::default() };
    let columns = batch.columns().iter().zip(schema.fields()).map(|(column, field)| {
        cast_with_options(column, field.data_type(), &options).map_err(|e| {
            let what = format!("has a value that does not fit {}", field.data_type());
            column_error(field.name(), &what).about(Subject::Value).source(e)
        })
    });
    let columns = columns.collect::<Result<Vec<ArrayRef>>>()?;
    RecordBatch::try_new(schema.clone(), columns)
        .map_err(|e| Error::internal("a batch does not fit its schema").source(e))
}

/// Whether the table needs the feature `timestampNtz`.
pub(super) fn has_timestamp_ntz(fields: &Fields) -> bool {
    fields.iter().any(|field| type_has_timestamp_ntz(field.data_type()))
}

fn type_has_timestamp_ntz(data_type: &DataType) -> bool {
    match data_type {
        DataType::Timestamp(_, None) => true,
        DataType::List(inner) | DataType::Map(inner, _) => {
            type_has_timestamp_ntz(inner.data_type())
        }
        DataType::Struct(fields) => has_timestamp_ntz(fields),
        _ => false,
    }
}

/// The `schemaString` of a schema from [`table_schema`].
pub(super) fn schema_json(fields: &Fields) -> Value {
    let fields: Vec<Value> = fields
        .iter()
        .map(|field| {
            let metadata = match field.metadata().get(COMMENT) {
                Some(comment) => json!({ COMMENT: comment }),
                None => json!({}),
            };
            let (name, nullable) = (field.name(), field.is_nullable());
            json!({ "name": name, "type": type_json(field.data_type()), "nullable": nullable, "metadata": metadata })
        })
        .collect();
    json!({ "type": "struct", "fields": fields })
}

fn type_json(data_type: &DataType) -> Value {
    let name = match data_type {
        DataType::Boolean => "boolean",
        DataType::Int8 => "byte",
        DataType::Int16 => "short",
        DataType::Int32 => "integer",
        DataType::Int64 => "long",
        DataType::Float32 => "float",
        DataType::Float64 => "double",
        DataType::Date32 => "date",
        DataType::Binary => "binary",
        DataType::Timestamp(_, Some(_)) => "timestamp",
        DataType::Timestamp(_, None) => "timestamp_ntz",
        DataType::Decimal128(precision, scale) => {
            return json!(format!("decimal({precision},{scale})"));
        }
        DataType::Struct(fields) => return schema_json(fields),
        DataType::List(element) => {
            return json!({
                "type": "array", "elementType": type_json(element.data_type()), "containsNull": true,
            });
        }
        DataType::Map(entries, _) => {
            let DataType::Struct(pair) = entries.data_type() else { return json!("string") };
            return json!({
                "type": "map",
                "keyType": type_json(pair[0].data_type()),
                "valueType": type_json(pair[1].data_type()),
                "valueContainsNull": true,
            });
        }
        _ => "string",
    };
    json!(name)
}
