//! Values as text: as Postgres prints them, nested values as JSON.

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use arrow::json::writer::{EncoderOptions, NullableEncoder, make_encoder};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use lakegate_base::{Error, Result};

const FORMAT: FormatOptions<'static> = FormatOptions::new()
    .with_display_error(false)
    .with_timestamp_format(Some("%Y-%m-%d %H:%M:%S%.f"))
    .with_timestamp_tz_format(Some("%Y-%m-%d %H:%M:%S%.f%:z"))
    .with_datetime_format(Some("%Y-%m-%d %H:%M:%S%.f"));

/// How values become text; kept for all batches of an answer.
pub struct CellFormat {
    json: EncoderOptions,
}

/// One column of one batch.
pub struct Cells<'a> {
    array: &'a dyn Array,
    kind: CellKind<'a>,
}

enum CellKind<'a> {
    Plain(ArrayFormatter<'a>),
    Binary(ArrayFormatter<'a>),
    Nested(NullableEncoder<'a>, Vec<u8>),
}

impl CellFormat {
    pub fn new() -> Self {
        Self { json: EncoderOptions::default().with_explicit_nulls(true) }
    }

    pub fn columns<'a>(&'a self, batch: &'a RecordBatch) -> Result<Vec<Cells<'a>>> {
        let fields = batch.schema_ref().fields().iter();
        let columns = fields.zip(batch.columns()).map(|(field, array)| {
            let array: &dyn Array = array.as_ref();
            let kind = if field.data_type().is_nested() {
                CellKind::Nested(make_encoder(field, array, &self.json)?, Vec::new())
            } else if is_binary(field.data_type()) {
                CellKind::Binary(ArrayFormatter::try_new(array, &FORMAT)?)
            } else {
                CellKind::Plain(ArrayFormatter::try_new(array, &FORMAT)?)
            };
            Ok(Cells { array, kind })
        });
        columns.collect::<Result<_, ArrowError>>().map_err(unprintable)
    }
}

impl Cells<'_> {
    /// Replaces `text` by the value's text; false for NULL.
    pub fn read(&mut self, row: usize, text: &mut String) -> Result<bool> {
        text.clear();
        if self.array.is_null(row) || *self.array.data_type() == DataType::Null {
            return Ok(false);
        }
        match &mut self.kind {
            CellKind::Plain(formatter) => {
                formatter.value(row).write(text).map_err(unprintable)?;
            }
            CellKind::Binary(formatter) => {
                text.push_str("\\x");
                formatter.value(row).write(text).map_err(unprintable)?;
            }
            CellKind::Nested(encoder, bytes) => {
                bytes.clear();
                encoder.encode(row, bytes);
                text.push_str(&String::from_utf8_lossy(bytes));
            }
        }
        Ok(true)
    }
}

fn is_binary(kind: &DataType) -> bool {
    matches!(
        kind,
        DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView
            | DataType::FixedSizeBinary(_)
    )
}

fn unprintable(error: ArrowError) -> Error {
    Error::invalid(format!("a value cannot be shown as text: {error}"))
        .hint("CAST it, or use --format parquet.")
        .source(error)
}
