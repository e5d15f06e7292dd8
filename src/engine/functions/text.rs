//! Text functions: quoting, formatting, and those whose results a caller could make enormous.

use arrow::array::{ArrayRef, AsArray};
use datafusion::error::Result;
use datafusion::scalar::ScalarValue;
use lakegate_base::{Error, Subject};

use super::scalar::{Function, Kind, TEXT_BYTES_MAX, Value, external, function, too_large};

pub fn functions() -> Vec<Function> {
    let mut functions = vec![
        function("quote_ident", &[Kind::Text], Kind::Text, |a| text(quote_ident(a[0].text()))),
        function("quote_literal", &[Kind::Text], Kind::Text, |a| text(quote_literal(a[0].text()))),
        function("quote_nullable", &[Kind::Text], Kind::Text, |a| {
            text(if a[0].is_null() { "NULL".to_string() } else { quote_literal(a[0].text()) })
        })
        .lenient(),
        function("repeat", &[Kind::Text, Kind::Int], Kind::Text, |a| {
            repeat(a[0].text(), a[1].int())
        }),
        function("space", &[Kind::Int], Kind::Text, |a| repeat(" ", a[0].int())),
        function("lpad", &[Kind::Text, Kind::Int, Kind::Text], Kind::Text, |a| {
            let (text, kept) = pad(a)?;
            Ok(Value::Text(format!("{text}{kept}")))
        })
        .optional(1),
        function("rpad", &[Kind::Text, Kind::Int, Kind::Text], Kind::Text, |a| {
            let (text, kept) = pad(a)?;
            Ok(Value::Text(format!("{kept}{text}")))
        })
        .optional(1),
        function("replace", &[Kind::Text, Kind::Text, Kind::Text], Kind::Text, replace),
        function("like_escape", &[Kind::Text, Kind::Text], Kind::Text, like_escape),
        function("format", &[Kind::Text, Kind::Any], Kind::Text, format)
            .variadic()
            .optional(1)
            .lenient(),
        function("pg_size_pretty", &[Kind::Int], Kind::Text, |a| text(size_pretty(a[0].int()))),
    ];
    functions = functions.into_iter().map(Function::immutable).collect();
    functions
}

fn text(text: String) -> Result<Value> {
    Ok(Value::Text(text))
}

fn repeat(text: &str, count: i64) -> Result<Value> {
    let count = usize::try_from(count).unwrap_or(0);
    let bytes = text.len().checked_mul(count).filter(|bytes| *bytes <= TEXT_BYTES_MAX);
    bytes.ok_or_else(too_large)?;
    Ok(Value::Text(text.repeat(count)))
}

/// The padding, and what is kept of the text.
fn pad(arguments: &[Value]) -> Result<(String, String)> {
    let text = arguments[0].text();
    let length = usize::try_from(arguments[1].int()).unwrap_or(0);
    let fill = arguments.get(2).map_or(" ", Value::text);
    if length.saturating_mul(4) > TEXT_BYTES_MAX {
        return Err(too_large());
    }
    let missing = length.saturating_sub(text.chars().count());
    let padding =
        if fill.is_empty() { String::new() } else { fill.chars().cycle().take(missing).collect() };
    Ok((padding, text.chars().take(length).collect()))
}

fn replace(arguments: &[Value]) -> Result<Value> {
    let [from, with] = [arguments[1].text(), arguments[2].text()];
    let source = arguments[0].text();
    if from.is_empty() {
        return text(source.to_string());
    }
    if with.len() > from.len() {
        let grown = source.matches(from).count().saturating_mul(with.len() - from.len());
        if grown.saturating_add(source.len()) > TEXT_BYTES_MAX {
            return Err(too_large());
        }
    }
    text(source.replace(from, with))
}

/// A LIKE pattern with its escape character changed to the backslash, as Postgres' function of this name.
fn like_escape(arguments: &[Value]) -> Result<Value> {
    let mut escapes = arguments[1].text().chars();
    let escape = escapes.next();
    if escapes.next().is_some() {
        let error = Error::invalid("invalid escape string").about(Subject::Value);
        return Err(external(error.hint("Escape string must be empty or one character.")));
    }
    let mut pattern = String::new();
    let mut chars = arguments[0].text().chars();
    while let Some(c) = chars.next() {
        if Some(c) == escape {
            let next = chars.next().ok_or_else(|| {
                external(Error::invalid("LIKE pattern must not end with escape character"))
            })?;
            pattern.push('\\');
            pattern.push(next);
        } else {
            if c == '\\' {
                pattern.push('\\');
            }
            pattern.push(c);
        }
    }
    text(pattern)
}

pub fn quote_ident(name: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit();
    let starts_well = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    if starts_well && name.chars().all(plain) && !is_reserved(name) {
        return name.to_string();
    }
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Words Postgres would read as something else.
fn is_reserved(name: &str) -> bool {
    const WORDS: [&str; 36] = [
        "all",
        "and",
        "any",
        "array",
        "as",
        "asc",
        "both",
        "case",
        "cast",
        "check",
        "column",
        "constraint",
        "default",
        "desc",
        "distinct",
        "else",
        "end",
        "false",
        "for",
        "from",
        "group",
        "having",
        "in",
        "limit",
        "not",
        "null",
        "on",
        "or",
        "order",
        "select",
        "table",
        "then",
        "true",
        "union",
        "user",
        "where",
    ];
    WORDS.contains(&name)
}

fn quote_literal(value: &str) -> String {
    let prefix = if value.contains('\\') { "E" } else { "" };
    format!("{prefix}'{}'", value.replace('\\', "\\\\").replace('\'', "''"))
}

/// `format('%I.%s', …)`: `%s`, `%I`, `%L`, `%%` and positions `%1$s`.
fn format(arguments: &[Value]) -> Result<Value> {
    if arguments[0].is_null() {
        return Ok(Value::Null);
    }
    let wrong = |what: &str| external(Error::invalid(what.to_string()).about(Subject::Value));
    let mut out = String::new();
    let mut chars = arguments[0].text().chars().peekable();
    let mut next = 1;
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let number = |chars: &mut std::iter::Peekable<std::str::Chars<'_>>| {
            let mut digits = String::new();
            while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                digits.push(digit);
            }
            digits
        };
        let mut digits = number(&mut chars);
        if !digits.is_empty() && chars.next_if_eq(&'$').is_some() {
            next =
                digits.parse().map_err(|_| wrong("format specifies an argument out of range"))?;
            digits = String::new();
        }
        let is_left = digits.is_empty() && chars.next_if_eq(&'-').is_some();
        if digits.is_empty() {
            digits = number(&mut chars);
        }
        let width: usize = match digits.as_str() {
            "" => 0,
            digits => digits.parse().map_err(|_| wrong("number is out of range"))?,
        };
        if width > TEXT_BYTES_MAX {
            return Err(too_large());
        }
        let start = out.len();
        let kind = chars.next().ok_or_else(|| wrong("unterminated format() type specifier"))?;
        if kind == '%' {
            out.push('%');
            continue;
        }
        let value = arguments.get(next).ok_or_else(|| wrong("too few arguments for format()"))?;
        next += 1;
        match (kind, value) {
            ('s', Value::Null) => {}
            ('L', Value::Null) => out.push_str("NULL"),
            ('s', value) => out.push_str(&show(value)),
            ('L', value) => out.push_str(&quote_literal(&show(value))),
            ('I', Value::Null) => {
                return Err(wrong("null values cannot be formatted as an SQL identifier"));
            }
            ('I', value) => out.push_str(&quote_ident(&show(value))),
            _ => return Err(wrong("unrecognized format() type specifier")),
        }
        let padding = " ".repeat(width.saturating_sub(out[start..].chars().count()));
        match is_left {
            true => out.push_str(&padding),
            false => out.insert_str(start, &padding),
        }
        if out.len() > TEXT_BYTES_MAX {
            return Err(too_large());
        }
    }
    text(out)
}

/// A value as text, as Postgres' output functions print it.
pub fn show(value: &Value) -> String {
    let scalar = match value {
        Value::Null => return String::new(),
        Value::Bool(value) => return if *value { "t" } else { "f" }.to_string(),
        Value::Int(value) => return value.to_string(),
        Value::Text(text) => return text.clone(),
        Value::Float(value) => ScalarValue::Float64(Some(*value)),
        Value::Bytes(bytes) => ScalarValue::Binary(Some(bytes.clone())),
        Value::Timestamp(micros) => ScalarValue::TimestampMicrosecond(Some(*micros), None),
        Value::Texts(texts) => return format!("{{{}}}", texts.join(",")),
        Value::Ints(_) => return String::new(),
        Value::Other(scalar) => scalar.clone(),
    };
    let printed = scalar.to_array().and_then(|array| super::print::to_text(&array));
    let one = |array: ArrayRef| array.as_string::<i32>().value(0).to_string();
    printed.map(one).unwrap_or_else(|_| scalar.to_string())
}

/// As Postgres rounds: a unit is used up to ten thousand.
fn size_pretty(bytes: i64) -> String {
    const UNITS: [&str; 5] = ["bytes", "kB", "MB", "GB", "TB"];
    if bytes.unsigned_abs() < 10_240 {
        return format!("{bytes} bytes");
    }
    // One bit more than the unit, for rounding half up at the end.
    let mut value = bytes / 512;
    let mut unit = 1;
    while value.unsigned_abs() >= 20_480 - 1 && unit < UNITS.len() - 1 {
        value /= 1024;
        unit += 1;
    }
    format!("{} {}", (value + value.signum()) / 2, UNITS[unit])
}
