//! Delta's schema as Arrow's, with what the scan needs to find each column in the files.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use delta_kernel::schema::{
    ColumnMetadataKey, DataType as DeltaType, MetadataValue, PrimitiveType, StructField, StructType,
};
use delta_kernel::table_features::ColumnMappingMode;

use crate::variant::VARIANT;
use crate::{FIELD_ID, MatchBy, PHYSICAL_NAME};

/// Field metadata: the column's comment, as Delta and the catalog have it.
pub(super) const COMMENT: &str = "comment";

pub(super) fn match_by(mode: ColumnMappingMode) -> MatchBy {
    match mode {
        ColumnMappingMode::None => MatchBy::Name,
        ColumnMappingMode::Name => MatchBy::PhysicalName,
        ColumnMappingMode::Id => MatchBy::FieldId,
    }
}

/// The table's columns. `Err` names the column and what cannot be read of it.
///
/// All are nullable: NOT NULL is Delta's rule for writers, and a reader that trusts it turns one bad file
/// into wrong answers (`IS NULL` would be planned away).
pub(super) fn arrow_schema(
    schema: &StructType,
    mode: ColumnMappingMode,
) -> Result<SchemaRef, String> {
    Ok(Arc::new(Schema::new(fields(schema, mode)?)))
}

/// The column's name in files, statistics and partition values.
pub(super) fn physical_name(field: &StructField, mode: ColumnMappingMode) -> Result<&str, String> {
    if mode == ColumnMappingMode::None {
        return Ok(field.name());
    }
    match field.get_config_value(&ColumnMetadataKey::ColumnMappingPhysicalName) {
        Some(MetadataValue::String(name)) => Ok(name),
        _ => Err(format!("column \"{}\" has no physical name", field.name())),
    }
}

fn fields(schema: &StructType, mode: ColumnMappingMode) -> Result<Fields, String> {
    schema.fields().map(|field| arrow_field(field, mode)).collect()
}

fn arrow_field(field: &StructField, mode: ColumnMappingMode) -> Result<Field, String> {
    let data_type = arrow_type(field.data_type(), mode)
        .map_err(|what| format!("{what} in column \"{}\"", field.name()))?;
    let mut metadata = HashMap::new();
    match mode {
        ColumnMappingMode::None => {}
        ColumnMappingMode::Name => {
            metadata.insert(PHYSICAL_NAME.to_string(), physical_name(field, mode)?.to_string());
        }
        ColumnMappingMode::Id => {
            let id = field.column_mapping_id();
            let id = id.ok_or_else(|| format!("column \"{}\" has no id", field.name()))?;
            metadata.insert(FIELD_ID.to_string(), id.to_string());
        }
    }
    if let Some(MetadataValue::String(comment)) = field.metadata().get(COMMENT) {
        metadata.insert(COMMENT.to_string(), comment.clone());
    }
    let arrow = Field::new(field.name(), data_type, true).with_metadata(metadata);
    Ok(marked(arrow, field.data_type()))
}

/// Variants are text with a mark.
fn marked(mut field: Field, data_type: &DeltaType) -> Field {
    if matches!(data_type, DeltaType::Variant(_)) {
        field.metadata_mut().insert(VARIANT.to_string(), "true".to_string());
    }
    field
}

fn arrow_type(data_type: &DeltaType, mode: ColumnMappingMode) -> Result<DataType, String> {
    Ok(match data_type {
        DeltaType::Primitive(primitive) => arrow_primitive(primitive)?,
        DeltaType::Struct(inner) => DataType::Struct(fields(inner, mode)?),
        DeltaType::Array(array) => {
            let element = arrow_type(array.element_type(), mode)?;
            let element = Field::new("element", element, true);
            DataType::List(Arc::new(marked(element, array.element_type())))
        }
        DeltaType::Map(map) => {
            if matches!(map.key_type(), DeltaType::Variant(_)) {
                return Err("type variant as the key of a map".to_string());
            }
            let key = Field::new("key", arrow_type(map.key_type(), mode)?, false);
            let value = Field::new("value", arrow_type(map.value_type(), mode)?, true);
            let value = marked(value, map.value_type());
            let entries = DataType::Struct(vec![key, value].into());
            DataType::Map(Arc::new(Field::new("key_value", entries, false)), false)
        }
        DeltaType::Variant(_) => DataType::Utf8,
    })
}

fn arrow_primitive(primitive: &PrimitiveType) -> Result<DataType, String> {
    Ok(match primitive {
        PrimitiveType::String => DataType::Utf8,
        PrimitiveType::Long => DataType::Int64,
        PrimitiveType::Integer => DataType::Int32,
        PrimitiveType::Short => DataType::Int16,
        PrimitiveType::Byte => DataType::Int8,
        PrimitiveType::Float => DataType::Float32,
        PrimitiveType::Double => DataType::Float64,
        PrimitiveType::Boolean => DataType::Boolean,
        PrimitiveType::Binary => DataType::Binary,
        PrimitiveType::Date => DataType::Date32,
        PrimitiveType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        PrimitiveType::TimestampNtz => DataType::Timestamp(TimeUnit::Microsecond, None),
        PrimitiveType::Decimal(decimal) => {
            let scale = i8::try_from(decimal.scale()).map_err(|e| e.to_string())?;
            DataType::Decimal128(decimal.precision(), scale)
        }
        other => return Err(format!("type {other}")),
    })
}
