//! `regexp_replace`, with a bound: a short pattern and a long replacement make terabytes of a megabyte, in
//! one call that nothing can stop.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringBuilder};
use arrow::datatypes::{DataType, Int64Type};
use datafusion::error::Result;

use super::translate::Flags;
use super::{Made, compile, from_character, wrong_argument};
use crate::functions::columns::{Call, Memo};
use crate::functions::scalar::{TEXT_BYTES_MAX, too_large};

/// `(text, pattern, replacement[, flags])` or `(…, start[, n[, flags]])`.
pub fn accept(given: &[DataType]) -> Option<Vec<DataType>> {
    let (text, int) = (DataType::Utf8, DataType::Int64);
    let mut kinds = vec![text.clone(); 3];
    match given.len() {
        3 => {}
        4 if given[3].is_integer() => kinds.push(int),
        4 => kinds.push(text),
        5 => kinds.extend([int.clone(), int]),
        6 => kinds.extend([int.clone(), int, text]),
        _ => return None,
    }
    Some(kinds)
}

/// What a match is replaced by: text, and groups of the match; 0 is all of it.
enum Part {
    Text(String),
    Group(usize),
}

/// `\1` to `\9` are groups, `\&` is the match.
fn parts(replacement: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut text = String::new();
    let mut chars = replacement.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        let group = match chars.next() {
            Some('&') => 0,
            Some(digit @ '1'..='9') => digit.to_digit(10).map_or(0, |d| d as usize),
            Some('\\') | None => {
                text.push('\\');
                continue;
            }
            Some(other) => {
                text.push('\\');
                text.push(other);
                continue;
            }
        };
        parts.push(Part::Text(std::mem::take(&mut text)));
        parts.push(Part::Group(group));
    }
    parts.push(Part::Text(text));
    parts
}

pub fn replace(call: &Call<'_>) -> Result<ArrayRef> {
    let (texts, patterns, replacements) = (call.text(0)?, call.text(1)?, call.text(2)?);
    // Flags come last; where they begin says how the function was called.
    let last = call.columns.len() - 1;
    let has_flags = last > 2 && *call.column(last)?.data_type() == DataType::Utf8;
    let flags = call.text(if has_flags { last } else { usize::MAX })?;
    let is_counted = last > 2 && call.column(3)?.data_type().is_integer();
    let mut compiled = Memo::new();
    let mut replaced_by = Memo::new();
    let mut out = StringBuilder::new();
    let mut made = Made::default();
    for row in 0..call.rows {
        let missing = (0..call.columns.len()).any(|at| call.columns[at].is_null(row));
        if missing {
            out.append_null();
            continue;
        }
        let flag_text = if has_flags { flags.value(row) } else { "" };
        let key = format!("{flag_text}/{}", patterns.value(row));
        let (regex, is_global) = compiled.get(&key, |_| {
            let flags = Flags::parse(flag_text)?;
            Ok((compile(patterns.value(row), flags)?, flags.is_global))
        })?;
        let integer = |at: usize, missing: i64| match call.columns.get(at) {
            Some(column) if is_counted && *column.data_type() == DataType::Int64 => {
                column.as_primitive::<Int64Type>().value(row)
            }
            _ => missing,
        };
        let number = integer(4, i64::from(!*is_global));
        let number = usize::try_from(number).map_err(|_| wrong_argument("n", number))?;
        let (before, rest) = from_character(texts.value(row), integer(3, 1))?;
        let parts = replaced_by.get(replacements.value(row), |r| Ok(parts(r)))?;
        let mut result = texts.value(row)[..before].to_string();
        let mut from = 0;
        for (index, found) in regex.captures_iter(rest).enumerate() {
            let Some(whole) = found.get(0) else { continue };
            if number > 0 && index + 1 < number {
                continue;
            }
            result.push_str(&rest[from..whole.start()]);
            for part in parts.iter() {
                match part {
                    Part::Text(text) => result.push_str(text),
                    Part::Group(group) => {
                        result.push_str(found.get(*group).map_or("", |m| m.as_str()));
                    }
                }
            }
            from = whole.end();
            if result.len() > TEXT_BYTES_MAX {
                return Err(too_large());
            }
            if number > 0 {
                break;
            }
        }
        result.push_str(&rest[from..]);
        made.add(result.len())?;
        out.append_value(result);
    }
    Ok(Arc::new(out.finish()))
}
