//! CSV and JSON lines, for other programs.

use std::io::Write;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use arrow::error::ArrowError;
use arrow::json::writer::{LineDelimited, Writer, WriterBuilder};
use lakegate_base::{Error, Result};

use super::ResultWriter;
use super::cells::CellFormat;
use super::target::{Target, write_error};

/// As Postgres' COPY … CSV HEADER writes: NULL is nothing, an empty text is `""`.
pub struct CsvWriter {
    target: Target,
    format: CellFormat,
}

impl CsvWriter {
    pub fn new(mut target: Target, schema: &Schema) -> Result<Self> {
        let mut line = String::new();
        for (index, field) in schema.fields().iter().enumerate() {
            separate(&mut line, index);
            push_quoted(&mut line, field.name());
        }
        line.push('\n');
        target.write_all(line.as_bytes()).map_err(write_error)?;
        Ok(Self { target, format: CellFormat::new() })
    }
}

impl ResultWriter for CsvWriter {
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let mut columns = self.format.columns(batch)?;
        let (mut line, mut text) = (String::new(), String::new());
        for row in 0..batch.num_rows() {
            line.clear();
            for (index, column) in columns.iter_mut().enumerate() {
                separate(&mut line, index);
                if column.read(row, &mut text)? {
                    push_quoted(&mut line, &text);
                }
            }
            line.push('\n');
            self.target.write_all(line.as_bytes()).map_err(write_error)?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>, _elapsed: Duration) -> Result<()> {
        self.target.finish()
    }
}

fn separate(line: &mut String, index: usize) {
    if index > 0 {
        line.push(',');
    }
}

fn push_quoted(line: &mut String, text: &str) {
    if !text.is_empty() && !text.contains([',', '"', '\n', '\r']) {
        return line.push_str(text);
    }
    line.push('"');
    line.push_str(&text.replace('"', "\"\""));
    line.push('"');
}

pub struct JsonWriter {
    writer: Writer<Target, LineDelimited>,
}

impl JsonWriter {
    pub fn new(target: Target) -> Self {
        Self { writer: WriterBuilder::new().with_explicit_nulls(true).build(target) }
    }
}

impl ResultWriter for JsonWriter {
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.writer.write(batch).map_err(arrow_error)
    }

    fn finish(mut self: Box<Self>, _elapsed: Duration) -> Result<()> {
        self.writer.finish().map_err(arrow_error)?;
        self.writer.into_inner().finish()
    }
}

fn arrow_error(error: ArrowError) -> Error {
    match error {
        ArrowError::IoError(_, io) => write_error(io),
        other => Error::invalid(format!("a value cannot be written as JSON: {other}"))
            .hint("CAST it, or use --format parquet.")
            .source(other),
    }
}
