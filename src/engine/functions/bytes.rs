//! Bytes and text: encodings, and letters as a database with C.UTF-8 has them.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringBuilder};
use arrow::datatypes::DataType;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::ScalarUDF;
use lakegate_base::{Error, Subject};

use super::columns::{Call, Columns, columns, invalid, plain};
use super::scalar::{BATCH_BYTES_MAX, Function, Kind, Value, external, function, too_large};

/// Postgres breaks lines of base64 after this many characters.
const LINE_CHARACTERS: usize = 76;

pub fn functions() -> Vec<ScalarUDF> {
    let small = [
        function("convert_from", &[Kind::Bytes, Kind::Text], Kind::Text, |a| {
            known_encoding(a[1].text())?;
            let text = String::from_utf8(a[0].bytes().to_vec());
            text.map(Value::Text)
                .map_err(|e| wrong_bytes(a[0].bytes(), e.utf8_error().valid_up_to()))
        }),
        function("convert_to", &[Kind::Text, Kind::Text], Kind::Bytes, |a| {
            known_encoding(a[1].text())?;
            Ok(Value::Bytes(a[0].text().as_bytes().to_vec()))
        }),
        function("encode", &[Kind::Bytes, Kind::Text], Kind::Text, |a| {
            encode(a[0].bytes(), a[1].text()).map(Value::Text)
        }),
        function("decode", &[Kind::Text, Kind::Text], Kind::Bytes, |a| {
            decode(a[0].text(), a[1].text()).map(Value::Bytes)
        }),
        function("unistr", &[Kind::Text], Kind::Text, |a| unistr(a[0].text())),
        function("parse_ident", &[Kind::Text, Kind::Bool], Kind::Texts, |a| {
            let parts = super::catalog::identifier_parts(a[0].text());
            let wrong =
                || invalid(format!("string is not a valid identifier: \"{}\"", a[0].text()));
            parts.map(Value::Texts).ok_or_else(wrong)
        })
        .optional(1),
        function("split_part", &[Kind::Text, Kind::Text, Kind::Int], Kind::Text, split_part),
    ];
    let mut functions: Vec<ScalarUDF> =
        small.into_iter().map(|f| Function::immutable(f).udf()).collect();
    let one = |given: &[DataType]| (given.len() == 1).then(|| vec![DataType::Utf8]);
    let letters = [
        columns("upper", one, |_| plain(DataType::Utf8), |call| cased(call, upper)),
        columns("lower", one, |_| plain(DataType::Utf8), |call| cased(call, lower)),
        columns("initcap", one, |_| plain(DataType::Utf8), |call| cased(call, initcap)),
        columns(
            "octet_length",
            text_or_bytes,
            |_| plain(DataType::Int32),
            |call| {
                Ok(arrow::compute::cast(
                    &arrow::compute::kernels::length::length(call.column(0)?)?,
                    call.result,
                )?)
            },
        ),
        columns("concat", any, |_| plain(DataType::Utf8), concat),
        columns("concat_ws", any, |_| plain(DataType::Utf8), concat),
    ];
    functions.extend(letters.into_iter().map(Columns::udf));
    functions
}

fn any(given: &[DataType]) -> Option<Vec<DataType>> {
    (!given.is_empty()).then(|| given.to_vec())
}

fn text_or_bytes(given: &[DataType]) -> Option<Vec<DataType>> {
    let [one] = given else { return None };
    Some(vec![match one {
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => DataType::Binary,
        _ => DataType::Utf8,
    }])
}

fn known_encoding(name: &str) -> Result<()> {
    let bare: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    match bare.to_ascii_lowercase().as_str() {
        "utf8" | "unicode" | "sqlascii" => Ok(()),
        _ => {
            let error = Error::unsupported(format!("the encoding \"{name}\""));
            Err(external(error.hint("UTF8 is the one there is.")))
        }
    }
}

fn wrong_bytes(bytes: &[u8], at: usize) -> DataFusionError {
    let shown: Vec<String> =
        bytes.iter().skip(at).take(1).map(|byte| format!("0x{byte:02x}")).collect();
    invalid(format!("invalid byte sequence for encoding \"UTF8\": {}", shown.join(" ")))
}

fn base64() -> GeneralPurpose {
    let padding = DecodePaddingMode::RequireCanonical;
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(padding);
    GeneralPurpose::new(&STANDARD, config)
}

fn encode(bytes: &[u8], format: &str) -> Result<String> {
    Ok(match format.to_ascii_lowercase().as_str() {
        "hex" => hex::encode(bytes),
        "base64" => {
            let line = base64().encode(bytes);
            let mut out = String::with_capacity(line.len() + line.len() / LINE_CHARACTERS);
            for (index, c) in line.chars().enumerate() {
                if index > 0 && index % LINE_CHARACTERS == 0 {
                    out.push('\n');
                }
                out.push(c);
            }
            out
        }
        "escape" => {
            let mut out = String::new();
            for byte in bytes {
                match byte {
                    b'\\' => out.push_str("\\\\"),
                    0 | 128.. => out.push_str(&format!("\\{byte:03o}")),
                    byte => out.push(char::from(*byte)),
                }
            }
            out
        }
        _ => return Err(unknown_format(format)),
    })
}

fn unknown_format(format: &str) -> DataFusionError {
    external(Error::invalid(format!("unrecognized encoding: \"{format}\"")).about(Subject::Setting))
}

fn decode(text: &str, format: &str) -> Result<Vec<u8>> {
    let bare = || text.chars().filter(|c| !c.is_ascii_whitespace()).collect::<String>();
    let setting = |message: String| external(Error::invalid(message).about(Subject::Setting));
    match format.to_ascii_lowercase().as_str() {
        "hex" => hex::decode(bare()).map_err(|error| {
            setting(match error {
                hex::FromHexError::InvalidHexCharacter { c, .. } => {
                    format!("invalid hexadecimal digit: \"{c}\"")
                }
                _ => "invalid hexadecimal data: odd number of digits".to_string(),
            })
        }),
        "base64" => base64().decode(bare()).map_err(|error| {
            setting(match error {
                base64::DecodeError::InvalidByte(_, byte) if byte != b'=' => format!(
                    "invalid symbol \"{}\" found while decoding base64 sequence",
                    char::from(byte)
                ),
                _ => "invalid base64 end sequence".to_string(),
            })
        }),
        "escape" => {
            let bytes = lakegate_base::bytes_from_text(text);
            bytes.ok_or_else(|| invalid("invalid input syntax for type bytea"))
        }
        _ => Err(unknown_format(format)),
    }
}

/// `\0061`, `\+000061`, `\u0061` and `\U00000061` as characters.
fn unistr(text: &str) -> Result<Value> {
    let wrong =
        || {
            let error = Error::invalid("invalid Unicode escape").about(Subject::Syntax);
            let [four, six, eight] = [4, 6, 8].map(|count| "X".repeat(count));
            external(error.hint(format!(
                "Unicode escapes must be \\{four}, \\+{six}, \\u{four}, or \\U{eight}."
            )))
        };
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('\\') {
            out.push('\\');
            rest = after;
            continue;
        }
        let (skip, length) = match rest.chars().next() {
            Some('+') => (1, 6),
            Some('u') => (1, 4),
            Some('U') => (1, 8),
            _ => (0, 4),
        };
        let digits = rest.get(skip..skip + length).ok_or_else(wrong)?;
        let code = u32::from_str_radix(digits, 16).map_err(|_| wrong())?;
        out.push(char::from_u32(code).filter(|c| *c != '\0').ok_or_else(wrong)?);
        rest = &rest[skip + length..];
    }
    out.push_str(rest);
    Ok(Value::Text(out))
}

/// The n-th field; negative ones count from the end.
fn split_part(arguments: &[Value]) -> Result<Value> {
    let (text, delimiter, number) = (arguments[0].text(), arguments[1].text(), arguments[2].int());
    let index = usize::try_from(number.unsigned_abs()).unwrap_or(usize::MAX);
    let found = match (number, delimiter.is_empty()) {
        (0, _) => return Err(invalid("field position must not be zero")),
        (1 | -1, true) => Some(text),
        (_, true) => None,
        (1.., _) => text.split(delimiter).nth(index - 1),
        _ => text.rsplit(delimiter).nth(index - 1),
    };
    Ok(Value::Text(found.unwrap_or_default().to_string()))
}

fn cased(call: &Call<'_>, change: fn(&str) -> String) -> Result<ArrayRef> {
    let texts = call.text(0)?;
    let mut out = StringBuilder::with_capacity(call.rows, texts.value_data().len());
    for text in texts.iter() {
        out.append_option(text.map(change));
    }
    Ok(Arc::new(out.finish()))
}

/// One letter stays one: `ß` has no capital of one letter.
fn single(c: char, mut changed: impl Iterator<Item = char>) -> char {
    match (changed.next(), changed.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

fn upper(text: &str) -> String {
    match text.is_ascii() {
        true => text.to_ascii_uppercase(),
        false => text.chars().map(|c| single(c, c.to_uppercase())).collect(),
    }
}

fn lower(text: &str) -> String {
    match text.is_ascii() {
        true => text.to_ascii_lowercase(),
        false => text.chars().map(|c| single(c, c.to_lowercase())).collect(),
    }
}

/// Words are of letters and digits.
fn initcap(text: &str) -> String {
    let mut inside = false;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        out.push(match inside {
            true => single(c, c.to_lowercase()),
            false => single(c, c.to_uppercase()),
        });
        inside = c.is_alphanumeric();
    }
    out
}

/// All arguments as Postgres prints them, booleans as t and f; NULLs are left out.
fn concat(call: &Call<'_>) -> Result<ArrayRef> {
    let separated = call.name == "concat_ws";
    let texts = call.columns.iter().map(super::print::output).collect::<Result<Vec<_>>>()?;
    let mut out = StringBuilder::new();
    let mut bytes = 0_usize;
    for row in 0..call.rows {
        let (separator, parts) = match (separated, texts.split_first()) {
            (true, Some((separator, parts))) => (separator.get(row), parts),
            _ => (Some(""), texts.as_slice()),
        };
        let Some(separator) = separator else {
            out.append_null();
            continue;
        };
        let known: Vec<&str> = parts.iter().filter_map(|texts| texts.get(row)).collect();
        let joined = known.join(separator);
        bytes = bytes.saturating_add(joined.len());
        if bytes > BATCH_BYTES_MAX {
            return Err(too_large());
        }
        out.append_value(joined);
    }
    Ok(Arc::new(out.finish()))
}
