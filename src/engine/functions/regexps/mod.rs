//! Functions of regular expressions. Patterns are compiled once per pattern, not per row.

mod replace;
mod translate;

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int32Array, ListBuilder, StringArray, StringBuilder,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::ScalarUDF;
use lakegate_base::Error;
use regex::{Regex, RegexBuilder};

use self::translate::{Flags, similar, translate};
use super::columns::{Call, Columns, Given, Memo, columns, invalid, plain};
use super::scalar::{BATCH_BYTES_MAX, external, too_large};

/// What translates a pattern that is no literal, for the operators `~` and its like.
pub const PATTERN: &str = "pg_regex";
/// What a pattern of SIMILAR TO becomes.
pub const SIMILAR: &str = "similar_to_escape";
/// `regexp_matches` as one list of lists per row.
pub const MATCHES: &str = "regexp_matches";

const TEXT: DataType = DataType::Utf8;
const INT: DataType = DataType::Int64;
/// What a compiled pattern may take.
const COMPILED_BYTES_MAX: usize = 4 << 20;

pub fn functions() -> Vec<ScalarUDF> {
    let texts = |_: &Given<'_>| plain(DataType::new_list(TEXT, true));
    let lists = |_: &Given<'_>| plain(DataType::new_list(DataType::new_list(TEXT, true), true));
    let functions = vec![
        columns(
            PATTERN,
            |g| texts_of(g, 1, 1),
            |_| plain(TEXT),
            |call| {
                let patterns = call.text(0)?;
                let mut memo = Memo::new();
                let mut one = |p: &str| memo.get(p, literal_pattern).cloned();
                let values = patterns.iter().map(|p| p.map(&mut one).transpose());
                Ok(Arc::new(values.collect::<Result<StringArray>>()?))
            },
        ),
        columns(SIMILAR, |g| texts_of(g, 1, 2), |_| plain(TEXT), similar_to),
        columns("regexp_match", |g| texts_of(g, 2, 3), texts, first_match),
        columns(MATCHES, |g| texts_of(g, 2, 3), lists, all_matches),
        columns("regexp_split_to_table", |g| texts_of(g, 2, 3), texts, split),
        columns("regexp_split_to_array", |g| texts_of(g, 2, 3), texts, split),
        columns("regexp_like", |g| texts_of(g, 2, 3), |_| plain(DataType::Boolean), like),
        columns("regexp_count", accept_count, |_| plain(DataType::Int32), count),
        columns("regexp_instr", accept_instr, |_| plain(DataType::Int32), instr),
        columns("regexp_substr", accept_substr, |_| plain(TEXT), substr),
        columns("substring", accept_substring, substring_type, substring),
        columns("substr", accept_substring, substring_type, substring),
        columns("regexp_replace", replace::accept, |_| plain(TEXT), replace::replace),
    ];
    functions.into_iter().map(Columns::udf).collect()
}

/// The pattern of an operator, if it is a literal.
pub fn literal_pattern(pattern: &str) -> Result<String> {
    Ok(compile(pattern, Flags::default())?.as_str().to_string())
}

pub fn literal_similar(pattern: &str, escape: Option<char>) -> Result<String> {
    translate(&similar(pattern, escape)?, Flags::default())
}

fn texts_of(given: &[DataType], least: usize, most: usize) -> Option<Vec<DataType>> {
    (least..=most).contains(&given.len()).then(|| vec![TEXT; given.len()])
}

fn kinds_of(given: &[DataType], least: usize, kinds: &[DataType]) -> Option<Vec<DataType>> {
    if given.len() < least {
        return None;
    }
    kinds.get(..given.len()).map(<[DataType]>::to_vec)
}

fn accept_count(given: &[DataType]) -> Option<Vec<DataType>> {
    kinds_of(given, 2, &[TEXT, TEXT, INT, TEXT])
}

fn accept_instr(given: &[DataType]) -> Option<Vec<DataType>> {
    kinds_of(given, 2, &[TEXT, TEXT, INT, INT, INT, TEXT, INT])
}

fn accept_substr(given: &[DataType]) -> Option<Vec<DataType>> {
    kinds_of(given, 2, &[TEXT, TEXT, INT, INT, TEXT, INT])
}

/// A compiled pattern, and whether all its matches are wanted.
struct Compiled {
    regex: Regex,
    is_global: bool,
}

fn compile(pattern: &str, flags: Flags) -> Result<Regex> {
    let translated = translate(pattern, flags)?;
    let built = RegexBuilder::new(&translated).size_limit(COMPILED_BYTES_MAX).build();
    built.map_err(|error| {
        let what = error.to_string();
        let what = what.lines().last().unwrap_or_default();
        invalid(format!("invalid regular expression: {}", what.trim_start_matches("error: ")))
    })
}

/// Patterns with their flags, compiled when they change.
struct Patterns {
    patterns: StringArray,
    flags: StringArray,
    has_flags: bool,
    memo: Memo<Compiled>,
}

impl Patterns {
    fn new(call: &Call<'_>, flags: usize) -> Result<Self> {
        let has_flags = call.columns.len() > flags;
        Ok(Self { patterns: call.text(1)?, flags: call.text(flags)?, has_flags, memo: Memo::new() })
    }

    /// None where the pattern or its flags are NULL.
    fn at(&mut self, row: usize) -> Result<Option<&Compiled>> {
        if self.patterns.is_null(row) || (self.has_flags && self.flags.is_null(row)) {
            return Ok(None);
        }
        let flags = if self.has_flags { self.flags.value(row) } else { "" };
        let pattern = self.patterns.value(row);
        let make = |flags: &str| {
            let flags = Flags::parse(flags)?;
            Ok(Compiled { regex: compile(pattern, flags)?, is_global: flags.is_global })
        };
        // One key for both: flags hold no slash.
        let known = if flags.is_empty() {
            self.memo.get(pattern, |_| make(""))?
        } else {
            self.memo.get(&format!("{flags}/{pattern}"), |_| make(flags))?
        };
        Ok(Some(known))
    }
}

/// Counts what is made, and stops before it is too much.
#[derive(Default)]
struct Made(usize);

impl Made {
    fn add(&mut self, bytes: usize) -> Result<()> {
        self.0 = self.0.saturating_add(bytes);
        if self.0 > BATCH_BYTES_MAX { Err(too_large()) } else { Ok(()) }
    }
}

fn similar_to(call: &Call<'_>) -> Result<ArrayRef> {
    let (patterns, escapes) = (call.text(0)?, call.text(1)?);
    let has_escape = call.columns.len() > 1;
    let values = (0..call.rows).map(|row| {
        if patterns.is_null(row) || (has_escape && escapes.is_null(row)) {
            return Ok(None);
        }
        let escape = if has_escape { escapes.value(row).chars().next() } else { Some('\\') };
        literal_similar(patterns.value(row), escape).map(Some)
    });
    Ok(Arc::new(values.collect::<Result<StringArray>>()?))
}

/// The groups of a match, or the whole where there are none.
fn groups<'t>(found: &regex::Captures<'t>) -> Vec<Option<&'t str>> {
    match found.len() {
        1 => vec![found.get(0).map(|m| m.as_str())],
        _ => found.iter().skip(1).map(|m| m.map(|m| m.as_str())).collect(),
    }
}

fn first_match(call: &Call<'_>) -> Result<ArrayRef> {
    let texts = call.text(0)?;
    let mut patterns = Patterns::new(call, 2)?;
    let mut lists = ListBuilder::new(StringBuilder::new());
    let mut made = Made::default();
    for (row, text) in texts.iter().enumerate() {
        let found = match (patterns.at(row)?, text) {
            (Some(compiled), _) if compiled.is_global => {
                let message = "regexp_match() does not support the \"global\" option";
                let error = Error::invalid(message).about(lakegate_base::Subject::Value);
                return Err(external(error.hint("Use the regexp_matches function instead.")));
            }
            (Some(compiled), Some(text)) => compiled.regex.captures(text),
            _ => None,
        };
        made.add(found.as_ref().map_or(0, |_| text.map_or(0, str::len)))?;
        lists.append_option(found.as_ref().map(groups));
    }
    Ok(Arc::new(lists.finish()))
}

fn all_matches(call: &Call<'_>) -> Result<ArrayRef> {
    let texts = call.text(0)?;
    let mut patterns = Patterns::new(call, 2)?;
    let mut rows = ListBuilder::new(ListBuilder::new(StringBuilder::new()));
    let mut made = Made::default();
    for (row, text) in texts.iter().enumerate() {
        if let (Some(compiled), Some(text)) = (patterns.at(row)?, text) {
            let limit = if compiled.is_global { usize::MAX } else { 1 };
            for found in compiled.regex.captures_iter(text).take(limit) {
                made.add(found.get(0).map_or(0, |m| m.len()) + 16)?;
                rows.values().append_value(groups(&found));
            }
        }
        rows.append(true);
    }
    Ok(Arc::new(rows.finish()))
}

fn split(call: &Call<'_>) -> Result<ArrayRef> {
    let texts = call.text(0)?;
    let mut patterns = Patterns::new(call, 2)?;
    let mut lists = ListBuilder::new(StringBuilder::new());
    let mut made = Made::default();
    for (row, text) in texts.iter().enumerate() {
        let (Some(compiled), Some(text)) = (patterns.at(row)?, text) else {
            lists.append(false);
            continue;
        };
        let mut from = 0;
        for found in compiled.regex.find_iter(text) {
            // An empty match splits between characters, not at the ends or behind the last match.
            if found.is_empty() && (found.start() == from || found.start() >= text.len()) {
                continue;
            }
            made.add(found.start() - from + 8)?;
            lists.values().append_value(&text[from..found.start()]);
            from = found.end();
        }
        made.add(text.len() - from)?;
        lists.values().append_value(&text[from..]);
        lists.append(true);
    }
    Ok(Arc::new(lists.finish()))
}

fn like(call: &Call<'_>) -> Result<ArrayRef> {
    let texts = call.text(0)?;
    let mut patterns = Patterns::new(call, 2)?;
    let values = texts.iter().enumerate().map(|(row, text)| {
        let compiled = patterns.at(row)?;
        Ok(compiled.zip(text).map(|(compiled, text)| compiled.regex.is_match(text)))
    });
    Ok(Arc::new(values.collect::<Result<BooleanArray>>()?))
}

/// An integer argument; where it is left out, `missing`.
fn integer(call: &Call<'_>, at: usize, row: usize, missing: i64) -> Option<i64> {
    match call.columns.get(at) {
        None => Some(missing),
        Some(column) if column.is_null(row) => None,
        Some(column) => Some(column.as_primitive::<Int64Type>().value(row)),
    }
}

/// The text from a character on, and how many bytes stand before it.
fn from_character(text: &str, start: i64) -> Result<(usize, &str)> {
    let skipped = usize::try_from(start - 1).ok().filter(|_| start > 0);
    let skipped = skipped.ok_or_else(|| wrong_argument("start", start))?;
    let at = text.char_indices().nth(skipped).map_or(text.len(), |(at, _)| at);
    Ok((at, &text[at..]))
}

fn wrong_argument(name: &str, value: i64) -> DataFusionError {
    invalid(format!("invalid value for parameter \"{name}\": {value}"))
}

fn count(call: &Call<'_>) -> Result<ArrayRef> {
    let texts = call.text(0)?;
    let mut patterns = Patterns::new(call, 3)?;
    let values = texts.iter().enumerate().map(|(row, text)| {
        let start = integer(call, 2, row, 1);
        let (Some(compiled), Some(text), Some(start)) = (patterns.at(row)?, text, start) else {
            return Ok(None);
        };
        let (_, rest) = from_character(text, start)?;
        Ok(i32::try_from(compiled.regex.find_iter(rest).count()).ok())
    });
    Ok(Arc::new(values.collect::<Result<Int32Array>>()?))
}

/// The n-th match from a character on, or a group of it: where it begins and ends in the text.
fn nth(
    compiled: &Compiled,
    text: &str,
    start: i64,
    number: i64,
    group: i64,
) -> Result<Option<(usize, usize)>> {
    let wanted = usize::try_from(number - 1).ok().filter(|_| number > 0);
    let wanted = wanted.ok_or_else(|| wrong_argument("n", number))?;
    let group = usize::try_from(group).map_err(|_| wrong_argument("subexpr", group))?;
    let (before, rest) = from_character(text, start)?;
    let found = compiled.regex.captures_iter(rest).nth(wanted);
    let found = found.and_then(|found| found.get(group).map(|m| (m.start(), m.end())));
    Ok(found.map(|(from, to)| (before + from, before + to)))
}

fn instr(call: &Call<'_>) -> Result<ArrayRef> {
    let texts = call.text(0)?;
    let mut patterns = Patterns::new(call, 5)?;
    let values = texts.iter().enumerate().map(|(row, text)| {
        let option = |at: usize, missing: i64| integer(call, at, row, missing);
        let given = (option(2, 1), option(3, 1), option(4, 0), option(6, 0));
        let (Some(start), Some(number), Some(end), Some(group)) = given else { return Ok(None) };
        let (Some(compiled), Some(text)) = (patterns.at(row)?, text) else { return Ok(None) };
        let found = nth(compiled, text, start, number, group)?;
        let place = found.map(|(from, to)| if end == 1 { to } else { from });
        let characters = place.map_or(0, |at| text[..at].chars().count() + 1);
        Ok(i32::try_from(characters).ok())
    });
    Ok(Arc::new(values.collect::<Result<Int32Array>>()?))
}

fn substr(call: &Call<'_>) -> Result<ArrayRef> {
    let texts = call.text(0)?;
    let mut patterns = Patterns::new(call, 4)?;
    let mut out = StringBuilder::new();
    for (row, text) in texts.iter().enumerate() {
        let option = |at: usize, missing: i64| integer(call, at, row, missing);
        let given = (option(2, 1), option(3, 1), option(5, 0));
        let found = match (patterns.at(row)?, text, given) {
            (Some(compiled), Some(text), (Some(start), Some(number), Some(group))) => {
                let found = nth(compiled, text, start, number, group)?;
                found.map(|(from, to)| &text[from..to])
            }
            _ => None,
        };
        out.append_option(found);
    }
    Ok(Arc::new(out.finish()))
}

/// `substring(text, from[, count])`, `substring(text, pattern)`, `substring(text, pattern, escape)`.
fn accept_substring(given: &[DataType]) -> Option<Vec<DataType>> {
    let is_bytes =
        |t: &DataType| matches!(t, DataType::Binary | DataType::LargeBinary | DataType::BinaryView);
    let (value, rest) = given.split_first()?;
    let value = if is_bytes(value) { DataType::Binary } else { TEXT };
    let second = rest.first()?;
    let rest = match second {
        number if number.is_integer() || number.is_decimal() || *number == DataType::Null => INT,
        text if text.is_string() => TEXT,
        _ => return None,
    };
    (given.len() <= 3).then(|| {
        let mut kinds = vec![value];
        kinds.resize(given.len(), rest);
        kinds
    })
}

fn substring_type(given: &Given<'_>) -> Result<(DataType, Option<String>)> {
    plain(given.data_type(0).clone())
}

fn substring(call: &Call<'_>) -> Result<ArrayRef> {
    let is_place = call.column(1)?.data_type().is_integer();
    if !is_place {
        return by_pattern(call);
    }
    if *call.result == DataType::Binary {
        let bytes = call.column(0)?.as_binary::<i32>();
        let values = bytes.iter().enumerate().map(|(row, bytes)| {
            let Some(bytes) = bytes else { return Ok(None) };
            let Some((skip, take)) = place(call, row)? else { return Ok(None) };
            let from = skip.min(bytes.len());
            Ok(Some(&bytes[from..from.saturating_add(take).min(bytes.len())]))
        });
        return Ok(Arc::new(values.collect::<Result<arrow::array::BinaryArray>>()?));
    }
    let texts = call.text(0)?;
    let values = texts.iter().enumerate().map(|(row, text)| {
        let Some(text) = text else { return Ok(None) };
        let Some((skip, take)) = place(call, row)? else { return Ok(None) };
        let at = |text: &str, characters: usize| match text.is_ascii() {
            true => characters.min(text.len()),
            false => text.char_indices().nth(characters).map_or(text.len(), |(at, _)| at),
        };
        let rest = &text[at(text, skip)..];
        Ok(Some(&rest[..at(rest, take)]))
    });
    Ok(Arc::new(values.collect::<Result<StringArray>>()?))
}

/// How many to skip and to take: what stands before the first does not count.
fn place(call: &Call<'_>, row: usize) -> Result<Option<(usize, usize)>> {
    let Some(start) = integer(call, 1, row, 1) else { return Ok(None) };
    let Some(length) = integer(call, 2, row, i64::MAX) else { return Ok(None) };
    if length < 0 {
        return Err(invalid("negative substring length not allowed"));
    }
    let end = start.saturating_add(length);
    let skip = usize::try_from((start - 1).max(0)).unwrap_or(0);
    let take = usize::try_from((end - start.max(1)).max(0)).unwrap_or(usize::MAX);
    Ok(Some((skip, take)))
}

/// The first group, or the whole match.
fn by_pattern(call: &Call<'_>) -> Result<ArrayRef> {
    let texts = call.text(0)?;
    let (patterns, escapes) = (call.text(1)?, call.text(2)?);
    let has_escape = call.columns.len() > 2;
    let mut memo = Memo::new();
    let mut out = StringBuilder::new();
    for (row, text) in texts.iter().enumerate() {
        let (Some(text), false) = (text, patterns.is_null(row)) else {
            out.append_null();
            continue;
        };
        if has_escape && escapes.is_null(row) {
            out.append_null();
            continue;
        }
        let escape = has_escape.then(|| escapes.value(row).chars().next()).flatten();
        let regex = memo.get(patterns.value(row), |pattern| match has_escape {
            true => compile(&similar(pattern, escape)?, Flags::default()),
            false => compile(pattern, Flags::default()),
        })?;
        let found = regex.captures(text);
        let found = found.and_then(|found| match found.len() {
            1 => found.get(0).map(|m| m.as_str()),
            _ => found.get(1).map(|m| m.as_str()),
        });
        out.append_option(found);
    }
    let texts: ArrayRef = Arc::new(out.finish());
    Ok(cast(&texts, call.result)?)
}
