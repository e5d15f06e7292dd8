//! Tables with their Arrow schemas, made of rows that describe one column each, as they stream by.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryBuilder, BooleanArray, RecordBatch, StringArray, StringBuilder,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use lakegate_base::{Error, Result};

use crate::error;
use crate::query::encoded;
use crate::types;

/// Tables of one batch.
const ROWS_MAX: usize = 1_000;
/// Catalog, schema, name and type.
const KEYS: usize = 4;

/// See the module. The rows come in the tables' order, as `metadata/columns.sql` gives them.
pub(crate) struct Tables {
    schema: SchemaRef,
    keys: [StringBuilder; KEYS],
    schemas: BinaryBuilder,
    rows: usize,
    current: Option<Current>,
}

struct Current {
    keys: [String; KEYS],
    fields: Vec<Field>,
}

/// A batch's columns as texts and flags.
struct Described {
    texts: Vec<StringArray>,
    required: BooleanArray,
}

impl Tables {
    pub fn new(schema: SchemaRef) -> Self {
        let (keys, schemas) = Default::default();
        Self { schema, keys, schemas, rows: 0, current: None }
    }

    /// The tables that are complete, when there are many.
    pub fn take(&mut self, batch: &RecordBatch) -> Result<Option<RecordBatch>> {
        let described = Described::of(batch)?;
        for row in 0..batch.num_rows() {
            let keys = std::array::from_fn(|key| described.text(key, row).to_string());
            if self.current.as_ref().is_none_or(|current| current.keys != keys) {
                self.close()?;
                self.current = Some(Current { keys, fields: Vec::new() });
            }
            if let (Some(current), Some(field)) = (&mut self.current, described.field(row)) {
                current.fields.push(field);
            }
        }
        if self.rows >= ROWS_MAX { self.batch().map(Some) } else { Ok(None) }
    }

    pub fn rest(&mut self) -> Result<Option<RecordBatch>> {
        self.close()?;
        if self.rows == 0 { Ok(None) } else { self.batch().map(Some) }
    }

    fn close(&mut self) -> Result<()> {
        let Some(Current { keys, fields }) = self.current.take() else { return Ok(()) };
        for (builder, key) in self.keys.iter_mut().zip(keys) {
            builder.append_value(key);
        }
        self.schemas.append_value(encoded(&Schema::new(fields))?);
        self.rows += 1;
        Ok(())
    }

    fn batch(&mut self) -> Result<RecordBatch> {
        self.rows = 0;
        let mut columns: Vec<ArrayRef> = Vec::new();
        for builder in &mut self.keys {
            columns.push(Arc::new(builder.finish()));
        }
        columns.push(Arc::new(self.schemas.finish()));
        RecordBatch::try_new(Arc::clone(&self.schema), columns).map_err(error::arrow)
    }
}

impl Described {
    fn of(batch: &RecordBatch) -> Result<Self> {
        // Catalog, schema, table and its type; the column's name and type, and what is said of it.
        let texts = [0, 1, 2, 3, 4, 5, 7].map(|index| {
            let column = cast(batch.column(index), &DataType::Utf8).map_err(error::arrow)?;
            Ok(column.as_string::<i32>().clone())
        });
        let required = batch.column(6).as_boolean_opt().cloned();
        Ok(Self {
            texts: texts.into_iter().collect::<Result<_>>()?,
            required: required.ok_or_else(|| Error::internal("whether a column is required"))?,
        })
    }

    fn text(&self, column: usize, row: usize) -> &str {
        let texts = &self.texts[column];
        if texts.is_null(row) { "" } else { texts.value(row) }
    }

    /// None for a table without columns.
    fn field(&self, row: usize) -> Option<Field> {
        if self.texts[KEYS].is_null(row) {
            return None;
        }
        let (name, type_name) = (self.text(KEYS, row), self.text(KEYS + 1, row));
        let data_type = types::of_name(type_name);
        let told = |key: &str| format!("ARROW:FLIGHT:SQL:{key}");
        let mut metadata = vec![
            (told("CATALOG_NAME"), self.text(0, row).to_string()),
            (told("SCHEMA_NAME"), self.text(1, row).to_string()),
            (told("TABLE_NAME"), self.text(2, row).to_string()),
            (told("TYPE_NAME"), type_name.to_string()),
            (told("IS_AUTO_INCREMENT"), "0".to_string()),
            (told("IS_CASE_SENSITIVE"), flag(data_type == DataType::Utf8)),
            (told("IS_READ_ONLY"), "1".to_string()),
            (told("IS_SEARCHABLE"), "1".to_string()),
        ];
        if let DataType::Decimal128(precision, scale) = data_type {
            metadata.push((told("PRECISION"), precision.to_string()));
            metadata.push((told("SCALE"), scale.to_string()));
        }
        let remarks = self.text(KEYS + 2, row);
        if !remarks.is_empty() {
            metadata.push((told("REMARKS"), remarks.to_string()));
        }
        let required = self.required.is_valid(row) && self.required.value(row);
        let field = Field::new(name, data_type, !required);
        Some(field.with_metadata(metadata.into_iter().collect()))
    }
}

fn flag(set: bool) -> String {
    i32::from(set).to_string()
}
