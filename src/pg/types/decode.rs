//! Parameters from the wire: bytes of a declared type → one value.

use arrow::array::{ArrayRef, new_null_array};
use arrow::datatypes::DataType;
use lakegate_base::bytes_from_text;

use crate::error::{Report, Result};
use crate::frame::Reader;
use crate::types::binary::{EPOCH_DAYS, EPOCH_MICROS};
use crate::types::numeric::Decimal;
use crate::types::oid::{Kind, is_characters, is_object_number};
use crate::types::time::{self, Moment};
use crate::types::{Format, Zone, build};

/// A parameter's value, not yet of an Arrow type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Decimal(Decimal),
    Text(String),
    Bytes(Vec<u8>),
    Date(i64),
    Time(i64),
    Timestamp(i64),
    Instant(i64),
    Interval { months: i32, days: i32, micros: i64 },
    List(Vec<Value>),
}

/// Decodes a value of the type `oid` into an array of length 1 of the `target` type.
pub(crate) fn decode(
    value: Option<&[u8]>,
    format: Format,
    oid: u32,
    target: &DataType,
    zone: &Zone,
) -> Result<ArrayRef> {
    let Some(bytes) = value else {
        return Ok(new_null_array(target, 1));
    };
    let unknown = || Report::new("42704", format!("type with OID {oid} does not exist"));
    let kind = Kind::of_oid(oid).ok_or_else(unknown)?;
    let value = match format {
        Format::Text => text(utf8(bytes)?, kind, zone)?,
        Format::Binary => binary(bytes, kind)?,
    };
    build::array(&value, target, zone)
}

fn utf8(bytes: &[u8]) -> Result<&str> {
    let invalid = || Report::new("22021", "invalid byte sequence for encoding \"UTF8\"");
    if bytes.contains(&0) {
        return Err(Report::new("22021", "invalid byte sequence for encoding \"UTF8\": 0x00"));
    }
    std::str::from_utf8(bytes).map_err(|_| invalid())
}

/// As Postgres's input functions read it.
pub(crate) fn text(text: &str, kind: Kind, zone: &Zone) -> Result<Value> {
    if kind.is_array {
        return list(text, Kind::scalar(kind.base), zone);
    }
    let invalid = || {
        let name = sql_name(kind.base.name);
        Report::new("22P02", format!("invalid input syntax for type {name}: \"{text}\""))
    };
    let moment = || {
        Moment::parse(text).ok_or_else(|| {
            let name = sql_name(kind.base.name);
            Report::new("22007", format!("invalid input syntax for type {name}: \"{text}\""))
        })
    };
    let range = || Report::new("22008", format!("{} out of range: \"{text}\"", kind.base.name));
    Ok(match kind.base.name {
        "bool" => Value::Bool(boolean(text).ok_or_else(invalid)?),
        "int2" | "int4" | "int8" => integer(text, kind)?,
        "float4" | "float8" => Value::Float(float(text, kind)?),
        "numeric" => Value::Decimal(Decimal::parse(text).ok_or_else(invalid)?),
        "bytea" => Value::Bytes(bytes_from_text(text).ok_or_else(invalid)?),
        "date" => Value::Date(moment()?.days),
        "time" => Value::Time(time::parse_zoned_time(text).ok_or_else(invalid)?),
        "timestamp" => Value::Timestamp(moment()?.local_micros().ok_or_else(range)?),
        "timestamptz" => {
            let moment = moment()?;
            let local = moment.local_micros().ok_or_else(range)?;
            let offset = match moment.offset {
                Some(offset) => offset,
                None => zone.offset_at_local(local.div_euclid(1_000_000))?,
            };
            Value::Instant(local.checked_sub(i64::from(offset) * 1_000_000).ok_or_else(range)?)
        }
        "interval" => {
            let (months, days, micros) = time::parse_interval(text).ok_or_else(invalid)?;
            Value::Interval { months, days, micros }
        }
        "uuid" => Value::Text(uuid(text).ok_or_else(invalid)?),
        // A regclass and its like may be given by name: then it stays text.
        _ if is_object_number(kind.base) => {
            let number = text.trim().parse::<u32>();
            number.map_or_else(|_| Value::Text(text.to_string()), |n| Value::Int(n.into()))
        }
        _ => Value::Text(text.to_string()),
    })
}

fn sql_name(name: &str) -> &str {
    match name {
        "bool" => "boolean",
        "int2" => "smallint",
        "int4" => "integer",
        "int8" => "bigint",
        "float4" => "real",
        "float8" => "double precision",
        "timestamptz" => "timestamp with time zone",
        other => other,
    }
}

/// Any unambiguous beginning of true, false, yes, no, on, off; 1 and 0.
fn boolean(text: &str) -> Option<bool> {
    let text = text.trim().to_ascii_lowercase();
    let begins = |word: &str| !text.is_empty() && word.starts_with(&text);
    match text.as_str() {
        "1" | "on" => Some(true),
        "0" | "of" | "off" => Some(false),
        _ if begins("true") || begins("yes") => Some(true),
        _ if begins("false") || begins("no") => Some(false),
        _ => None,
    }
}

fn integer(text: &str, kind: Kind) -> Result<Value> {
    let name = sql_name(kind.base.name);
    let number = text.trim();
    let digits = number.strip_prefix(['-', '+']).unwrap_or(number);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let message = format!("invalid input syntax for type {name}: \"{text}\"");
        return Err(Report::new("22P02", message));
    }
    let bits = match kind.base.name {
        "int2" => 16,
        "int4" => 32,
        _ => 64,
    };
    let limit = (1_i128 << (bits - 1)) - 1;
    let value = number.parse::<i64>().ok();
    value
        .filter(|value| (-limit - 1..=limit).contains(&i128::from(*value)))
        .map(Value::Int)
        .ok_or_else(|| {
            let message = format!("value \"{text}\" is out of range for type {name}");
            Report::new("22003", message)
        })
}

fn float(text: &str, kind: Kind) -> Result<f64> {
    let name = sql_name(kind.base.name);
    let number = text.trim();
    let value: f64 = number.parse().map_err(|_| {
        Report::new("22P02", format!("invalid input syntax for type {name}: \"{text}\""))
    })?;
    if value.is_infinite() && number.bytes().any(|byte| byte.is_ascii_digit()) {
        let message = format!("\"{text}\" is out of range for type {name}");
        return Err(Report::new("22003", message));
    }
    Ok(value)
}

/// Any spelling Postgres takes → lower case with hyphens.
fn uuid(text: &str) -> Option<String> {
    let inner = text.trim();
    let inner = inner.strip_prefix('{').and_then(|t| t.strip_suffix('}')).unwrap_or(inner);
    let digits = inner.replace('-', "").to_ascii_lowercase();
    (digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| {
        let parts = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
        parts.join("-")
    })
}

/// `{a,"b c",NULL}`.
fn list(text: &str, item: Kind, zone: &Zone) -> Result<Value> {
    let malformed = || Report::new("22P02", format!("malformed array literal: \"{text}\""));
    let inner = trim_space(text).strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let inner = inner.ok_or_else(malformed)?;
    let mut values = Vec::new();
    if trim_space(inner).is_empty() {
        return Ok(Value::List(values));
    }
    let mut characters = inner.chars().peekable();
    loop {
        check_items(values.len())?;
        let (mut word, mut is_quoted, mut in_quotes) = (String::new(), false, false);
        let mut more = false;
        while let Some(character) = characters.next() {
            match character {
                '\\' if in_quotes || !is_quoted => {
                    word.push(characters.next().ok_or_else(malformed)?);
                }
                '"' if in_quotes => in_quotes = false,
                '"' if is_quoted || !word.is_empty() => return Err(malformed()),
                '"' => (in_quotes, is_quoted) = (true, true),
                ',' if !in_quotes => {
                    more = true;
                    break;
                }
                '{' | '}' if !in_quotes => {
                    return Err(Report::new("0A000", "not supported: nested array parameters"));
                }
                // Around an item blanks mean nothing, and between quotes and comma stands nothing else.
                blank
                    if !in_quotes && BLANKS.contains(&blank) && (is_quoted || word.is_empty()) => {}
                _ if is_quoted && !in_quotes => return Err(malformed()),
                other => word.push(other),
            }
        }
        let plain = if is_quoted { word.as_str() } else { trim_space(&word) };
        values.push(match plain {
            _ if in_quotes => return Err(malformed()),
            "" if !is_quoted => return Err(malformed()),
            null if !is_quoted && null.eq_ignore_ascii_case("null") => Value::Null,
            plain => self::text(plain, item, zone)?,
        });
        if !more {
            return Ok(Value::List(values));
        }
    }
}

/// The white space Postgres skips around an item: ASCII's only, a no-break space is text.
const BLANKS: [char; 6] = [' ', '\t', '\n', '\r', '\x0b', '\x0c'];

fn trim_space(text: &str) -> &str {
    text.trim_matches(BLANKS)
}

/// A list of a few megabytes must not become gigabytes of arrays.
const ITEMS_MAX: usize = 100_000;

fn check_items(count: usize) -> Result<()> {
    if count < ITEMS_MAX {
        return Ok(());
    }
    Err(Report::new("54000", format!("an array parameter has more than {ITEMS_MAX} items")))
}

fn bad_binary() -> Report {
    Report::new("22P03", "incorrect binary data format in bind parameter")
}

/// As Postgres's receive functions read it.
fn binary(bytes: &[u8], kind: Kind) -> Result<Value> {
    if kind.is_array {
        return binary_list(bytes, Kind::scalar(kind.base));
    }
    let mut reader = Reader(bytes);
    let value = match kind.base.name {
        "bool" => Ok(Value::Bool(reader.u8().map_err(|_| bad_binary())? != 0)),
        "int2" => reader.u16().map(|n| Value::Int(n.cast_signed().into())),
        "int4" => reader.u32().map(|n| Value::Int(n.cast_signed().into())),
        "int8" => wide(&mut reader).map(Value::Int),
        "float4" => reader.u32().map(|n| Value::Float(f32::from_bits(n).into())),
        "float8" => wide(&mut reader).map(|n| Value::Float(f64::from_bits(n.cast_unsigned()))),
        "date" => reader.u32().map(|n| Value::Date(i64::from(n.cast_signed()) + EPOCH_DAYS)),
        "time" => wide(&mut reader).map(Value::Time),
        "timestamp" => instant(&mut reader).map(Value::Timestamp),
        "timestamptz" => instant(&mut reader).map(Value::Instant),
        "interval" => interval(&mut reader),
        "numeric" => return Decimal::from_binary(bytes).map(Value::Decimal),
        "bytea" => return Ok(Value::Bytes(bytes.to_vec())),
        "uuid" if bytes.len() == 16 => {
            return Ok(Value::Text(uuid(&hex::encode(bytes)).ok_or_else(bad_binary)?));
        }
        "char" => return Ok(Value::Text(utf8(bytes)?.to_string())),
        "jsonb" => match bytes {
            [1, text @ ..] => return Ok(Value::Text(utf8(text)?.to_string())),
            _ => Err(bad_binary()),
        },
        _ if is_object_number(kind.base) => reader.u32().map(|n| Value::Int(n.into())),
        _ if is_characters(kind.base) => return Ok(Value::Text(utf8(bytes)?.to_string())),
        _ => {
            let message = format!("not supported: binary parameters of type {}", kind.name());
            return Err(Report::new("0A000", message));
        }
    };
    let value = value.map_err(|_| bad_binary())?;
    reader.finish().map_err(|_| bad_binary())?;
    Ok(value)
}

fn wide(reader: &mut Reader<'_>) -> Result<i64> {
    let (high, low) = (reader.u32()?, reader.u32()?);
    Ok((u64::from(high) << 32 | u64::from(low)).cast_signed())
}

/// Infinity is the outermost number, which no Arrow timestamp stands for.
fn instant(reader: &mut Reader<'_>) -> Result<i64> {
    let micros = wide(reader)?;
    if micros == i64::MAX || micros == i64::MIN {
        return Err(bad_binary());
    }
    micros.checked_add(EPOCH_MICROS).ok_or_else(bad_binary)
}

fn interval(reader: &mut Reader<'_>) -> Result<Value> {
    let micros = wide(reader)?;
    let (days, months) = (reader.u32()?.cast_signed(), reader.u32()?.cast_signed());
    Ok(Value::Interval { months, days, micros })
}

fn binary_list(bytes: &[u8], declared: Kind) -> Result<Value> {
    let mut reader = Reader(bytes);
    let mut read = || -> Result<Value> {
        let (dimensions, _has_null, oid) = (reader.u32()?, reader.u32()?, reader.u32()?);
        let item = Kind::of_oid(oid).filter(|item| !item.is_array).unwrap_or(declared);
        match dimensions {
            0 => return Ok(Value::List(Vec::new())),
            1 => {}
            _ => return Err(Report::new("0A000", "not supported: nested array parameters")),
        }
        let (count, _lower_bound) = (reader.u32()?, reader.u32()?);
        let mut values = Vec::new();
        for _ in 0..count {
            check_items(values.len())?;
            values.push(match reader.value()? {
                Some(bytes) => binary(bytes, item)?,
                None => Value::Null,
            });
        }
        Ok(Value::List(values))
    };
    let value =
        read().map_err(|report| if report.code == "08P01" { bad_binary() } else { report })?;
    reader.finish().map_err(|_| bad_binary())?;
    Ok(value)
}
