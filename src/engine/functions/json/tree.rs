//! JSON text: slices of it as they stand, for json; trees with one form for each value, for jsonb.

use datafusion::error::{DataFusionError, Result};

use crate::functions::columns::invalid;

/// Nesting deeper than this is refused: every level is a call.
const DEPTH_MAX: usize = 256;
/// Exponents of numbers that are written out.
const EXPONENT_MAX: i64 = 1000;

#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    Null,
    Bool(bool),
    /// As it is written out: without exponent.
    Number(String),
    Text(String),
    Array(Vec<Tree>),
    /// Keys by length, then bytes; each once.
    Object(Vec<(String, Tree)>),
}

/// What kind of value a text begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Null,
    Bool,
    Number,
    Text,
    Array,
    Object,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "boolean",
            Self::Number => "number",
            Self::Text => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }
}

pub fn syntax() -> DataFusionError {
    invalid("invalid input syntax for type json")
}

pub fn kind(text: &str) -> Result<Kind> {
    Ok(match text.trim_start().bytes().next().ok_or_else(syntax)? {
        b'{' => Kind::Object,
        b'[' => Kind::Array,
        b'"' => Kind::Text,
        b't' | b'f' => Kind::Bool,
        b'n' => Kind::Null,
        b'-' | b'0'..=b'9' => Kind::Number,
        _ => return Err(syntax()),
    })
}

/// Where the value ends that begins here: brackets are counted, not checked.
fn end(bytes: &[u8], from: usize) -> Result<usize> {
    match bytes.get(from).ok_or_else(syntax)? {
        b'"' => end_of_text(bytes, from),
        b'{' | b'[' => {
            let (mut depth, mut at) = (0_usize, from);
            loop {
                match bytes.get(at).ok_or_else(syntax)? {
                    b'"' => {
                        at = end_of_text(bytes, at)?;
                        continue;
                    }
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => depth -= 1,
                    _ => {}
                }
                at += 1;
                if depth == 0 {
                    return Ok(at);
                }
            }
        }
        _ => {
            let is_part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
            let length = bytes[from..].iter().take_while(|b| is_part(b)).count();
            if length == 0 { Err(syntax()) } else { Ok(from + length) }
        }
    }
}

fn end_of_text(bytes: &[u8], from: usize) -> Result<usize> {
    let mut at = from + 1;
    loop {
        match bytes.get(at).ok_or_else(syntax)? {
            b'"' => return Ok(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

fn skip_space(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    from + rest.iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r')).count()
}

/// Visits the elements of an array, or the members of an object, as slices; stops where `visit` says so.
fn visit<'a>(text: &'a str, mut visit: impl FnMut(Option<&'a str>, &'a str) -> bool) -> Result<()> {
    let bytes = text.as_bytes();
    let mut at = skip_space(bytes, 0);
    let close = match bytes.get(at) {
        Some(b'[') => b']',
        Some(b'{') => b'}',
        _ => return Err(syntax()),
    };
    at = skip_space(bytes, at + 1);
    if bytes.get(at) == Some(&close) {
        return Ok(());
    }
    loop {
        let mut key = None;
        if close == b'}' {
            if bytes.get(at) != Some(&b'"') {
                return Err(syntax());
            }
            let until = end_of_text(bytes, at)?;
            key = text.get(at..until);
            at = skip_space(bytes, until);
            if bytes.get(at) != Some(&b':') {
                return Err(syntax());
            }
            at = skip_space(bytes, at + 1);
        }
        let until = end(bytes, at)?;
        let value = text.get(at..until).ok_or_else(syntax)?;
        if !visit(key, value) {
            return Ok(());
        }
        at = skip_space(bytes, until);
        match bytes.get(at) {
            Some(b',') => at = skip_space(bytes, at + 1),
            Some(b) if *b == close => return Ok(()),
            _ => return Err(syntax()),
        }
    }
}

pub fn elements(text: &str) -> Result<Vec<&str>> {
    let mut all = Vec::new();
    visit(text, |_, value| {
        all.push(value);
        true
    })?;
    Ok(all)
}

pub fn members(text: &str) -> Result<Vec<(String, &str)>> {
    let mut all = Vec::new();
    visit(text, |key, value| {
        all.push((key, value));
        true
    })?;
    all.into_iter().map(|(key, value)| Ok((unquoted(key.ok_or_else(syntax)?)?, value))).collect()
}

/// The value of a key; of a key that comes more than once, the last.
pub fn member<'a>(text: &'a str, key: &str) -> Result<Option<&'a str>> {
    if kind(text)? != Kind::Object {
        return Ok(None);
    }
    let mut found = None;
    let mut failed = None;
    visit(text, |quoted, value| {
        let quoted = quoted.unwrap_or("\"\"");
        let inner = &quoted[1..quoted.len() - 1];
        let is_same = match inner.contains('\\') {
            false => inner == key,
            true => match unquoted(quoted) {
                Ok(name) => name == key,
                Err(error) => {
                    failed = Some(error);
                    return false;
                }
            },
        };
        if is_same {
            found = Some(value);
        }
        true
    })?;
    failed.map_or(Ok(found), Err)
}

/// An element by its place; negative ones count from the end.
pub fn element(text: &str, index: i64) -> Result<Option<&str>> {
    if kind(text)? != Kind::Array {
        return Ok(None);
    }
    if index < 0 {
        let all = elements(text)?;
        let at = i64::try_from(all.len()).ok().and_then(|n| usize::try_from(n + index).ok());
        return Ok(at.and_then(|at| all.get(at).copied()));
    }
    let (mut at, mut found) = (0, None);
    visit(text, |_, value| {
        if at == index {
            found = Some(value);
        }
        at += 1;
        found.is_none()
    })?;
    Ok(found)
}

/// Along keys and places.
pub fn at_path<'a>(text: &'a str, path: &[Option<String>]) -> Result<Option<&'a str>> {
    let mut here = text.trim();
    for step in path {
        let Some(step) = step else { return Ok(None) };
        let next = match kind(here)? {
            Kind::Object => member(here, step)?,
            Kind::Array => match step.parse() {
                Ok(index) => element(here, index)?,
                Err(_) => None,
            },
            _ => None,
        };
        match next {
            Some(next) => here = next,
            None => return Ok(None),
        }
    }
    Ok(Some(here))
}

/// A value as text: strings without quotes, null as NULL, all else as it stands.
pub fn as_text(value: &str) -> Result<Option<String>> {
    Ok(match kind(value)? {
        Kind::Null => None,
        Kind::Text => Some(unquoted(value)?),
        _ => Some(value.to_string()),
    })
}

fn unquoted(quoted: &str) -> Result<String> {
    let inner = quoted.strip_prefix('"').and_then(|q| q.strip_suffix('"')).ok_or_else(syntax)?;
    if !inner.contains('\\') {
        return match inner.bytes().any(|b| b < 0x20 || b == b'"') {
            true => Err(syntax()),
            false => Ok(inner.to_string()),
        };
    }
    serde_json::from_str(quoted).map_err(|_| syntax())
}

/// The whole text as one value, checked.
pub fn parse(text: &str) -> Result<Tree> {
    parse_within(text.trim(), DEPTH_MAX)
}

fn parse_within(text: &str, depth: usize) -> Result<Tree> {
    if depth == 0 {
        let error = lakegate_base::Error::exhausted("the JSON is nested too deeply");
        let error = error.about(lakegate_base::Subject::Complexity);
        return Err(crate::functions::scalar::external(error));
    }
    let kind = kind(text)?;
    if end(text.as_bytes(), 0)? != text.len() {
        return Err(syntax());
    }
    Ok(match kind {
        Kind::Null if text == "null" => Tree::Null,
        Kind::Bool if text == "true" => Tree::Bool(true),
        Kind::Bool if text == "false" => Tree::Bool(false),
        Kind::Null | Kind::Bool => return Err(syntax()),
        Kind::Number => Tree::Number(number(text)?),
        Kind::Text => Tree::Text(unquoted(text)?),
        Kind::Array => {
            let all = elements(text)?.into_iter().map(|value| parse_within(value, depth - 1));
            Tree::Array(all.collect::<Result<_>>()?)
        }
        Kind::Object => {
            let all = members(text)?;
            let all =
                all.into_iter().map(|(key, value)| Ok((key, parse_within(value, depth - 1)?)));
            Tree::object(all.collect::<Result<_>>()?)
        }
    })
}

/// A number written out, checked.
fn number(text: &str) -> Result<String> {
    let is_number: std::result::Result<serde_json::Number, _> = serde_json::from_str(text);
    if is_number.is_err() {
        // serde_json also refuses what is too large for a double: only the form counts here.
        let form = text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
        if !form {
            return Err(syntax());
        }
    }
    let negative = text.starts_with('-');
    let bare = text.trim_start_matches('-');
    let (mantissa, exponent) = bare.split_once(['e', 'E']).unwrap_or((bare, "0"));
    let exponent: i64 = exponent.parse().map_err(|_| syntax())?;
    if exponent.abs() > EXPONENT_MAX {
        return Err(invalid("value overflows numeric format"));
    }
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let shifted = usize::try_from(exponent.abs()).unwrap_or(0);
    let (whole, fraction) = match exponent {
        0 => (whole.to_string(), fraction.to_string()),
        1.. => {
            let padded = format!("{fraction:0<shifted$}");
            let (moved, rest) = padded.split_at(shifted);
            (format!("{whole}{moved}"), rest.to_string())
        }
        _ => {
            let padded = format!("{whole:0>width$}", width = shifted + 1);
            let (rest, moved) = padded.split_at(padded.len() - shifted);
            (rest.to_string(), format!("{moved}{fraction}"))
        }
    };
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let is_zero = whole == "0" && fraction.bytes().all(|b| b == b'0');
    let sign = if negative && !is_zero { "-" } else { "" };
    let point = if fraction.is_empty() { "" } else { "." };
    Ok(format!("{sign}{whole}{point}{fraction}"))
}

impl Tree {
    /// Members in jsonb's order, the last of equal keys.
    pub fn object(members: Vec<(String, Self)>) -> Self {
        let mut kept: Vec<(String, Self)> = Vec::with_capacity(members.len());
        let mut sorted = members;
        let order = |key: &String| (key.len(), key.clone());
        sorted.sort_by_key(|(key, _)| order(key));
        for (key, value) in sorted {
            match kept.last_mut() {
                Some((last, slot)) if *last == key => *slot = value,
                _ => kept.push((key, value)),
            }
        }
        Self::Object(kept)
    }

    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(k, _)| k == key).map(|(_, v)| v),
            _ => None,
        }
    }

    /// As jsonb is printed.
    pub fn print(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(digits) => out.push_str(digits),
            Self::Text(text) => quote(text, out),
            Self::Array(values) => {
                out.push('[');
                for (index, value) in values.iter().enumerate() {
                    out.push_str(if index > 0 { ", " } else { "" });
                    value.write(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (index, (key, value)) in members.iter().enumerate() {
                    out.push_str(if index > 0 { ", " } else { "" });
                    quote(key, out);
                    out.push_str(": ");
                    value.write(out);
                }
                out.push('}');
            }
        }
    }

    /// With four spaces for each level.
    pub fn pretty(&self, level: usize, out: &mut String) {
        let indent = |level: usize| "    ".repeat(level);
        match self {
            Self::Array(values) => {
                out.push_str("[\n");
                for (index, value) in values.iter().enumerate() {
                    out.push_str(if index > 0 { ",\n" } else { "" });
                    out.push_str(&indent(level + 1));
                    value.pretty(level + 1, out);
                }
                out.push_str(if values.is_empty() { "" } else { "\n" });
                out.push_str(&format!("{}]", indent(level)));
            }
            Self::Object(members) => {
                out.push_str("{\n");
                for (index, (key, value)) in members.iter().enumerate() {
                    out.push_str(if index > 0 { ",\n" } else { "" });
                    out.push_str(&indent(level + 1));
                    quote(key, out);
                    out.push_str(": ");
                    value.pretty(level + 1, out);
                }
                out.push_str(if members.is_empty() { "" } else { "\n" });
                out.push_str(&format!("{}}}", indent(level)));
            }
            other => other.write(out),
        }
    }

    /// Whether all of `part` is in it, at the same places; of arrays, anywhere in them.
    pub fn contains(&self, part: &Self) -> bool {
        match (self, part) {
            (Self::Object(_), Self::Object(wanted)) => wanted
                .iter()
                .all(|(key, value)| self.get(key).is_some_and(|own| own.contains(value))),
            (Self::Array(own), Self::Array(wanted)) => {
                wanted.iter().all(|value| own.iter().any(|own| own.contains(value)))
            }
            // A bare value is in an array that has it, at the top.
            (Self::Array(own), value) if !matches!(value, Self::Object(_)) => {
                own.iter().any(|own| own.is_same(value))
            }
            (own, value) => own.is_same(value),
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => {
                let bare = |digits: &str| match digits.contains('.') {
                    true => digits.trim_end_matches('0').trim_end_matches('.').to_string(),
                    false => digits.to_string(),
                };
                bare(a) == bare(b)
            }
            _ => self == other,
        }
    }

    pub fn without_nulls(self) -> Self {
        match self {
            Self::Object(members) => Self::Object(
                members
                    .into_iter()
                    .filter(|(_, value)| *value != Self::Null)
                    .map(|(key, value)| (key, value.without_nulls()))
                    .collect(),
            ),
            Self::Array(values) => {
                Self::Array(values.into_iter().map(Self::without_nulls).collect())
            }
            other => other,
        }
    }
}

/// A string with its quotes.
pub fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if u32::from(c) < 0x20 => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::{as_text, at_path, parse};

    #[test]
    fn finds_and_prints() {
        let text = r#" {"b": [1, {"c": "x\"y"}], "a": 1.50e1, "b2" : null} "#;
        let path = |steps: &[&str]| {
            let steps: Vec<Option<String>> = steps.iter().map(|s| Some(s.to_string())).collect();
            at_path(text, &steps).ok().flatten().and_then(|v| as_text(v).ok().flatten())
        };
        assert_eq!(path(&["b", "1", "c"]).as_deref(), Some("x\"y"));
        assert_eq!(path(&["b", "-2"]).as_deref(), Some("1"));
        assert_eq!(path(&["b2"]), None);
        let tree = parse(text).map(|tree| tree.print()).ok();
        let expected = r#"{"a": 15.0, "b": [1, {"c": "x\"y"}], "b2": null}"#;
        assert_eq!(tree.as_deref(), Some(expected));
        for wrong in ["", "{", "[1,]", "{\"a\"}", "nul", "1 2", "\"a", "{a:1}", "[1 2]", "]"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert!(parse(&"[".repeat(100_000)).is_err());
    }
}
