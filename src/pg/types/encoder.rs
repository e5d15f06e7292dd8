//! Writes the values of one column of one batch. What most columns are is written straight from their
//! buffers; everything else goes through a [`Scalar`](super::source::Scalar).

use arrow::array::ArrayRef;
use arrow::datatypes::TimeUnit;
use bytes::{BufMut, BytesMut};

use crate::error::{Report, Result};
use crate::output::{IncludeLength, sized};
use crate::types::binary::EPOCH_MICROS;
use crate::types::oid::{self, Kind, is_characters};
use crate::types::source::{Source, Values};
use crate::types::{Column, Format, Zone, binary, digits, text};

pub(crate) struct Encoder {
    values: Values,
    kind: Kind,
    format: Format,
    zone: Zone,
    way: Way,
    is_plain: bool,
}

/// How values are written, chosen once for the column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Whole numbers as digits.
    Digits,
    /// Numbers and moments as big-endian words.
    Words,
    /// Texts as they are, in either format.
    Characters,
    /// By way of a scalar.
    Scalar,
}

/// `array` must be of the type its column was made from; anything else is refused per value.
pub(crate) fn encoder(
    array: &ArrayRef,
    column: &Column,
    format: Format,
    zone: &Zone,
) -> Result<Encoder> {
    let values = Values::new(array)?;
    let way = way(values.source(), column.kind, format);
    let (kind, zone, is_plain) = (column.kind, zone.clone(), is_plain(column.kind));
    Ok(Encoder { values, kind, format, zone, way, is_plain })
}

fn is_plain(kind: Kind) -> bool {
    let plain = [
        &oid::BOOL,
        &oid::INT2,
        &oid::INT4,
        &oid::INT8,
        &oid::FLOAT4,
        &oid::FLOAT8,
        &oid::NUMERIC,
        &oid::DATE,
        &oid::TIME,
        &oid::TIMESTAMP,
        &oid::TIMESTAMPTZ,
    ];
    !kind.is_array && plain.contains(&kind.base)
}

fn way(source: &Source, kind: Kind, format: Format) -> Way {
    if kind.is_array {
        return Way::Scalar;
    }
    let base = kind.base;
    match (source, format) {
        (Source::Text(_) | Source::LargeText(_) | Source::TextView(_), _)
            if is_characters(base) =>
        {
            Way::Characters
        }
        (Source::Int16(_) | Source::Int32(_) | Source::Int64(_), Format::Text)
            if base != &oid::CHAR =>
        {
            Way::Digits
        }
        (Source::Int16(_), Format::Binary) if base == &oid::INT2 => Way::Words,
        (Source::Int32(_), Format::Binary) if base == &oid::INT4 => Way::Words,
        (Source::Int64(_), Format::Binary) if base == &oid::INT8 => Way::Words,
        (Source::Float32(_), Format::Binary) if base == &oid::FLOAT4 => Way::Words,
        (Source::Float64(_), Format::Binary) if base == &oid::FLOAT8 => Way::Words,
        (Source::Timestamp(_, TimeUnit::Microsecond), Format::Binary)
            if base == &oid::TIMESTAMP =>
        {
            Way::Words
        }
        (Source::Instant(_, TimeUnit::Microsecond), Format::Binary)
            if base == &oid::TIMESTAMPTZ =>
        {
            Way::Words
        }
        _ => Way::Scalar,
    }
}

impl Encoder {
    /// Writes the value's length and bytes.
    pub fn write(&self, row: usize, out: &mut BytesMut) -> Result<()> {
        if self.values.is_null(row)? {
            out.put_i32(-1);
            return Ok(());
        }
        match self.way {
            Way::Words => self.word(row, out),
            Way::Characters => {
                let value = self.characters(row).as_bytes();
                let length = i32::try_from(value.len())
                    .map_err(|_| Report::new("54000", "a value is larger than 2 GiB"))?;
                out.put_i32(length);
                out.extend_from_slice(value);
                Ok(())
            }
            Way::Digits => sized(out, IncludeLength::No, |out| {
                self.digits(row, out);
                Ok(())
            }),
            Way::Scalar => {
                let Some(value) = self.values.get(row)? else {
                    out.put_i32(-1);
                    return Ok(());
                };
                sized(out, IncludeLength::No, |out| match self.format {
                    Format::Text => text::write(&value, self.kind, &self.zone, out),
                    Format::Binary => binary::write(&value, self.kind, &self.zone, out),
                })
            }
        }
    }

    /// Writes the value's text without a length; false for NULL.
    pub fn write_text(&self, row: usize, out: &mut BytesMut) -> Result<bool> {
        if self.values.is_null(row)? {
            return Ok(false);
        }
        match self.way {
            Way::Characters => out.extend_from_slice(self.characters(row).as_bytes()),
            Way::Digits => self.digits(row, out),
            Way::Words | Way::Scalar => {
                let Some(value) = self.values.get(row)? else {
                    return Ok(false);
                };
                text::write(&value, self.kind, &self.zone, out)?;
            }
        }
        Ok(true)
    }

    /// True for numbers and moments: letters, digits, signs, points, colons and spaces.
    pub fn is_plain(&self) -> bool {
        self.is_plain
    }

    fn word(&self, row: usize, out: &mut BytesMut) -> Result<()> {
        let mut word = [0; 12];
        let bytes = match self.values.source() {
            Source::Int16(values) => sized_word(&mut word, &values[row].to_be_bytes()),
            Source::Int32(values) => sized_word(&mut word, &values[row].to_be_bytes()),
            Source::Int64(values) => sized_word(&mut word, &values[row].to_be_bytes()),
            Source::Float32(values) => sized_word(&mut word, &values[row].to_be_bytes()),
            Source::Float64(values) => sized_word(&mut word, &values[row].to_be_bytes()),
            Source::Timestamp(values, _) | Source::Instant(values, _) => {
                let range = || Report::new("22008", "timestamp out of range");
                let micros = values[row].checked_sub(EPOCH_MICROS).ok_or_else(range)?;
                sized_word(&mut word, &micros.to_be_bytes())
            }
            _ => return Err(Report::internal("a value was read through the wrong layout")),
        };
        out.extend_from_slice(bytes);
        Ok(())
    }

    fn digits(&self, row: usize, out: &mut BytesMut) {
        let number = match self.values.source() {
            Source::Int16(values) => i64::from(values[row]),
            Source::Int32(values) => i64::from(values[row]),
            Source::Int64(values) => values[row],
            _ => return,
        };
        digits::put_int(number, out);
    }

    fn characters(&self, row: usize) -> &str {
        match self.values.source() {
            Source::Text(values) => values.value(row),
            Source::LargeText(values) => values.value(row),
            Source::TextView(values) => values.value(row),
            _ => "",
        }
    }
}

/// The length of a value and its bytes, as one.
fn sized_word<'a>(word: &'a mut [u8; 12], value: &[u8]) -> &'a [u8] {
    // Two, four or eight.
    word[3] = u8::try_from(value.len()).unwrap_or_default();
    let end = 4 + value.len();
    word[4..end].copy_from_slice(value);
    &word[..end]
}
