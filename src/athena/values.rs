//! Values from the text in which Athena gives them. What does not read exactly as its type is an error,
//! never a guess.

use std::fmt;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryBuilder, BooleanArray, Decimal128Array, ListArray, MapArray, NullArray,
    PrimitiveArray, StringArray, StructArray, TimestampMicrosecondArray, TimestampMillisecondArray,
    TimestampNanosecondArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{
    ArrowPrimitiveType, Date32Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, Time64MicrosecondType, Time64NanosecondType,
};

use crate::moments;
use crate::nested;
use crate::types::{Type, entries_field, item_field, row_fields};

const SHOWN_CHARS_MAX: usize = 60;

/// A value that is none of its type.
#[derive(Debug)]
pub(crate) struct Wrong {
    /// Which one, from 0.
    pub(crate) row: usize,
    text: String,
    of: String,
}

impl Wrong {
    fn new(row: usize, text: &str, of: &Type) -> Self {
        Self { row, text: text.chars().take(SHOWN_CHARS_MAX).collect(), of: format!("{of:?}") }
    }

    pub(crate) fn hint(&self) -> &'static str {
        if self.of.starts_with("TimestampTz") {
            "If it names an hour that the clocks went through twice, select it AT TIME ZONE 'UTC'."
        } else {
            "Cast the column to varchar to see its values as Athena writes them."
        }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" does not read as {}", self.text, self.of)
    }
}

type Texts<'a> = &'a [Option<&'a str>];

/// A column of texts as one of values.
pub(crate) fn decode(of: &Type, texts: StringArray) -> Result<ArrayRef, Wrong> {
    if matches!(of, Type::Text | Type::Foreign(_)) {
        return Ok(Arc::new(texts));
    }
    let texts: Vec<Option<&str>> = texts.iter().collect();
    array(of, &texts)
}

fn array(of: &Type, texts: Texts) -> Result<ArrayRef, Wrong> {
    Ok(match of {
        Type::Boolean => {
            let values = each(of, texts, |text| match text {
                "true" => Some(true),
                "false" => Some(false),
                _ => None,
            });
            Arc::new(values.collect::<Result<BooleanArray, _>>()?)
        }
        Type::TinyInt => numbers::<Int8Type>(of, texts)?,
        Type::SmallInt => numbers::<Int16Type>(of, texts)?,
        Type::Integer => numbers::<Int32Type>(of, texts)?,
        Type::BigInt => numbers::<Int64Type>(of, texts)?,
        Type::Real => numbers::<Float32Type>(of, texts)?,
        Type::Double => numbers::<Float64Type>(of, texts)?,
        Type::Decimal(digits, scale) => decimals(of, texts, *digits, *scale)?,
        Type::Text | Type::Foreign(_) => Arc::new(texts.iter().collect::<StringArray>()),
        Type::Binary => binary(of, texts)?,
        Type::Date => primitives::<Date32Type>(of, texts, moments::date)?,
        Type::Time(digits) if *digits <= 6 => {
            primitives::<Time64MicrosecondType>(of, texts, |text| moments::time(text, 6))?
        }
        Type::Time(_) => {
            primitives::<Time64NanosecondType>(of, texts, |text| moments::time(text, 9))?
        }
        Type::Timestamp(_) | Type::TimestampTz(_) => timestamps(of, texts)?,
        Type::Array(item) => list(of, item, texts)?,
        Type::Map(key, value) => map(of, key, value, texts)?,
        Type::Row(fields) => row(of, fields, texts)?,
        Type::Unknown => match texts.iter().position(Option::is_some) {
            None => Arc::new(NullArray::new(texts.len())),
            Some(row) => return Err(Wrong::new(row, texts[row].unwrap_or_default(), of)),
        },
    })
}

fn each<'a, T>(
    of: &'a Type,
    texts: Texts<'a>,
    read: impl Fn(&str) -> Option<T> + 'a,
) -> impl Iterator<Item = Result<Option<T>, Wrong>> + 'a {
    texts.iter().enumerate().map(move |(row, text)| match text {
        None => Ok(None),
        Some(text) => read(text).map(Some).ok_or_else(|| Wrong::new(row, text, of)),
    })
}

fn primitives<T: ArrowPrimitiveType>(
    of: &Type,
    texts: Texts,
    read: impl Fn(&str) -> Option<T::Native>,
) -> Result<ArrayRef, Wrong> {
    Ok(Arc::new(each(of, texts, read).collect::<Result<PrimitiveArray<T>, _>>()?))
}

/// Rust reads numbers as Java writes them: `NaN`, `-Infinity` and `1.0E10`, too.
fn numbers<T>(of: &Type, texts: Texts) -> Result<ArrayRef, Wrong>
where
    T: ArrowPrimitiveType,
    T::Native: std::str::FromStr,
{
    primitives::<T>(of, texts, |text| text.parse().ok())
}

fn decimals(of: &Type, texts: Texts, digits: u8, scale: u8) -> Result<ArrayRef, Wrong> {
    let values = each(of, texts, |text| decimal(text, digits, scale));
    let values = values.collect::<Result<Decimal128Array, _>>()?;
    let scale = i8::try_from(scale).unwrap_or(i8::MAX);
    let values = values.with_precision_and_scale(digits, scale);
    Ok(Arc::new(values.expect("types hold no more digits than Arrow has")))
}

/// `-12.30` with two places is -1230. Places that are missing are zeros, more of them are none of this type.
fn decimal(text: &str, digits: u8, scale: u8) -> Option<i128> {
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let are_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !are_digits(whole) || !are_digits(fraction) {
        return None;
    }
    let missing = usize::from(scale).checked_sub(fraction.len())?;
    let mut value: i128 = 0;
    for digit in whole.bytes().chain(fraction.bytes()).chain(std::iter::repeat_n(b'0', missing)) {
        value = value.checked_mul(10)?.checked_add(i128::from(digit - b'0'))?;
    }
    (value < 10i128.pow(digits.into())).then_some(sign * value)
}

/// `31 32 33`.
fn binary(of: &Type, texts: Texts) -> Result<ArrayRef, Wrong> {
    let mut builder = BinaryBuilder::new();
    for value in each(of, texts, bytes) {
        builder.append_option(value?);
    }
    Ok(Arc::new(builder.finish()))
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let mut bytes = Vec::with_capacity(text.len().div_ceil(3));
    for pair in text.split(' ') {
        let mut byte = [0];
        hex::decode_to_slice(pair, &mut byte).ok()?;
        bytes.push(byte[0]);
    }
    Some(bytes)
}

fn timestamps(of: &Type, texts: Texts) -> Result<ArrayRef, Wrong> {
    let (digits, zone) = match of {
        Type::TimestampTz(digits) => (*digits, Some("UTC")),
        Type::Timestamp(digits) => (*digits, None),
        _ => return Ok(Arc::new(NullArray::new(texts.len()))),
    };
    let places = match digits {
        0..=3 => 3,
        4..=6 => 6,
        _ => 9,
    };
    let values = each(of, texts, |text| match zone {
        Some(_) => moments::zoned(text, places),
        None => moments::timestamp(text, places),
    });
    let values: Vec<Option<i64>> = values.collect::<Result<_, _>>()?;
    Ok(match places {
        3 => Arc::new(TimestampMillisecondArray::from(values).with_timezone_opt(zone)),
        6 => Arc::new(TimestampMicrosecondArray::from(values).with_timezone_opt(zone)),
        _ => Arc::new(TimestampNanosecondArray::from(values).with_timezone_opt(zone)),
    })
}

/// Where each row's values begin among those of all rows, and which rows there are.
struct Spread<'a> {
    values: Vec<Option<&'a str>>,
    offsets: Vec<i32>,
    nulls: NullBuffer,
}

impl<'a> Spread<'a> {
    fn of(
        of: &Type,
        texts: &[Option<&'a str>],
        take: impl Fn(&'a str) -> Option<Vec<Option<&'a str>>>,
    ) -> Result<Self, Wrong> {
        let (mut values, mut offsets) = (Vec::new(), vec![0]);
        for (row, text) in texts.iter().enumerate() {
            if let Some(text) = text {
                values.extend(take(text).ok_or_else(|| Wrong::new(row, text, of))?);
            }
            let end = i32::try_from(values.len());
            offsets.push(end.map_err(|_| Wrong::new(row, text.unwrap_or_default(), of))?);
        }
        let nulls = texts.iter().map(Option::is_some).collect::<Vec<_>>().into();
        Ok(Self { values, offsets, nulls })
    }

    /// What is wrong with a value is wrong with its row.
    fn wrong(&self, wrong: Wrong, per_entry: usize) -> Wrong {
        let at = i32::try_from(wrong.row * per_entry).unwrap_or(i32::MAX);
        let row = self.offsets.partition_point(|offset| *offset <= at).saturating_sub(1);
        Wrong { row, ..wrong }
    }
}

fn list(of: &Type, item: &Type, texts: Texts) -> Result<ArrayRef, Wrong> {
    let spread = Spread::of(of, texts, nested::items)?;
    let items = array(item, &spread.values).map_err(|wrong| spread.wrong(wrong, 1))?;
    let offsets = OffsetBuffer::new(spread.offsets.into());
    Ok(Arc::new(ListArray::new(item_field(item), offsets, items, Some(spread.nulls))))
}

fn map(of: &Type, key: &Type, value: &Type, texts: Texts) -> Result<ArrayRef, Wrong> {
    // Keys and values in turn: two for each entry.
    let spread = Spread::of(of, texts, nested::entries)?;
    let every_other = |from: usize| -> Vec<Option<&str>> {
        spread.values.iter().skip(from).step_by(2).copied().collect()
    };
    let keys = array(key, &every_other(0)).map_err(|wrong| spread.wrong(wrong, 2))?;
    let values = array(value, &every_other(1)).map_err(|wrong| spread.wrong(wrong, 2))?;
    if let Some(at) = (0..keys.len()).find(|at| keys.is_null(*at)) {
        return Err(spread.wrong(Wrong::new(at, "null as a key", of), 2));
    }
    let field = entries_field(key, value);
    let arrow::datatypes::DataType::Struct(fields) = field.data_type().clone() else {
        return Err(Wrong::new(0, "entries", of));
    };
    let entries = StructArray::new(fields, vec![keys, values], None);
    let offsets: Vec<i32> = spread.offsets.iter().map(|offset| offset / 2).collect();
    let offsets = OffsetBuffer::new(offsets.into());
    Ok(Arc::new(MapArray::new(field, offsets, entries, Some(spread.nulls), false)))
}

fn row(of: &Type, fields: &[(String, Type)], texts: Texts) -> Result<ArrayRef, Wrong> {
    let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
    let mut columns: Vec<Vec<Option<&str>>> = vec![Vec::with_capacity(texts.len()); fields.len()];
    for (index, text) in texts.iter().enumerate() {
        let values = match text {
            None => vec![None; fields.len()],
            Some(text) => {
                nested::fields(text, &names).ok_or_else(|| Wrong::new(index, text, of))?
            }
        };
        for (column, value) in columns.iter_mut().zip(values) {
            column.push(value);
        }
    }
    let arrays = fields.iter().zip(&columns).map(|((_, field), column)| array(field, column));
    let arrays = arrays.collect::<Result<Vec<_>, _>>()?;
    let nulls: NullBuffer = texts.iter().map(Option::is_some).collect::<Vec<_>>().into();
    let rows =
        StructArray::try_new_with_length(row_fields(fields), arrays, Some(nulls), texts.len());
    rows.map(|rows| Arc::new(rows) as ArrayRef).map_err(|_| Wrong::new(0, "a row", of))
}

#[cfg(test)]
mod tests {
    use arrow::util::display::{ArrayFormatter, FormatOptions};

    use super::*;

    /// The values as Arrow shows them, or what is wrong.
    fn read(of: &str, texts: &[Option<&str>]) -> String {
        let of = Type::parse(of).expect("a type");
        let array = match decode(&of, texts.iter().collect()) {
            Ok(array) => array,
            Err(wrong) => return format!("{}: {wrong}", wrong.row),
        };
        assert_eq!(array.data_type(), &of.arrow());
        let options = FormatOptions::new().with_null("∅");
        let shown = ArrayFormatter::try_new(&array, &options).expect("a formatter");
        let shown: Vec<_> = (0..array.len()).map(|row| shown.value(row).to_string()).collect();
        shown.join(" | ")
    }

    #[test]
    fn values_are_read_exactly() {
        for (of, text, expected) in [
            ("boolean", "true", "true"),
            ("tinyint", "-128", "-128"),
            ("double", "-1.0E10", "-10000000000.0"),
            ("real", "NaN", "NaN"),
            ("decimal(5,2)", "-999.99", "-999.99"),
            ("decimal(5,2)", "1.5", "1.50"),
            ("decimal(3,3)", "0.001", "0.001"),
            ("varbinary", "00 ff", "00ff"),
            ("varbinary", "", ""),
            ("array(row(a integer, b array(date)))", "[{a=1, b=[2020-01-01, null]}, null]", {
                "[{a: 1, b: [2020-01-01, ∅]}, ∅]"
            }),
            ("map(integer, double)", "{1=2.0, 2=null}", "{1: 2.0, 2: ∅}"),
        ] {
            assert_eq!(read(of, &[Some(text), None]), format!("{expected} | ∅"), "{of}");
        }
        assert_eq!(read("unknown", &[None, None]).matches('∅').count(), 2);
    }

    #[test]
    fn what_is_no_value_of_its_type_is_named() {
        for (of, text) in [
            ("boolean", "TRUE"),
            ("tinyint", "128"),
            ("integer", ""),
            ("bigint", "1.0"),
            ("decimal(5,2)", "1000.00"),
            ("decimal(5,2)", "0.001"),
            ("decimal(5,2)", ".5"),
            ("varbinary", "0"),
            ("date", "yesterday"),
            ("timestamp(3)", "2020-01-01"),
            ("array(integer)", "[1, 2"),
            ("array(integer)", "[1, x]"),
            ("row(a integer)", "{b=1}"),
            ("map(integer, integer)", "{null=1}"),
            ("unknown", "x"),
        ] {
            let found = read(of, &[None, Some(text), None]);
            assert!(found.contains("does not read as"), "{of}: {found}");
        }
        assert!(read("array(integer)", &[Some("[1]"), None, Some("[2, x]")]).starts_with("2: "));
    }
}
