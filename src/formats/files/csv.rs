//! CSV: delimiter, header and column types from the first records, by Glue's rules: a first record is a
//! header when all its cells are text and some cell below is not. Types never lose what the text says: a
//! number with leading zeros, or with more digits than its type holds, stays text.

use ::csv::{Reader, ReaderBuilder};
use arrow::compute::kernels::cast_utils::string_to_datetime;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use chrono::{NaiveDate, Utc};
use lakegate_base::{Error, Location, Result};

use super::infer::{COLUMNS_MAX, Head};
use crate::CsvOptions;

const RECORDS_MAX: usize = 1000;
/// In order of preference.
const DELIMITERS: [u8; 5] = [b',', b'|', b'\t', b';', 0x01];
const HEADER_CELL_CHARS_MAX: usize = 150;
/// Integers up to here are exact as `Float64`.
const FLOAT_EXACT_MAX: u64 = 1 << 53;
const FLOAT_DIGITS_MAX: usize = 17;

type Record = Vec<String>;

/// The options found and the columns. A column without any value has type `Null`.
pub(super) fn infer(head: &Head, location: &Location) -> Result<(CsvOptions, SchemaRef)> {
    let bytes = text_bytes(head, location)?;
    let named_tsv = location.name().to_ascii_lowercase().contains(".tsv");
    let single = if named_tsv { b'\t' } else { b',' };
    let delimiter = delimiter(&bytes).unwrap_or(single);
    let options = CsvOptions { delimiter, ..CsvOptions::default() };
    let records = complete_records(head, &bytes, &options);
    let Some((first, rest)) = records.split_first() else {
        return Err(Error::corrupt(format!("{location} has no header and no rows")));
    };
    let width = records.iter().map(Vec::len).max().unwrap_or_default();
    let header = is_header(first, rest);
    let options = CsvOptions { header, ..options };
    let schema = if header {
        check_widths(rest, first.len(), location)?;
        schema(names(first), column_types(rest, first.len()))
    } else {
        let blank = vec![String::new(); width];
        schema(names(&blank), column_types(&records, width))
    };
    Ok((options, limited(schema, location)?))
}

/// The columns, when the catalog says how the file is written.
pub(super) fn infer_with(
    options: &CsvOptions,
    head: &Head,
    location: &Location,
) -> Result<SchemaRef> {
    let bytes = text_bytes(head, location)?;
    let records = complete_records(head, &bytes, options);
    let (names, rows) = match records.split_first() {
        Some((first, rest)) if options.header => {
            check_widths(rest, first.len(), location)?;
            (names(first), rest)
        }
        _ => {
            let width = records.iter().map(Vec::len).max().unwrap_or_default();
            (names(&vec![String::new(); width]), &records[..])
        }
    };
    let types = column_types(rows, names.len());
    limited(schema(names, types), location)
}

/// The columns of one file as its first record has them: their names with a header, else `col0`, `col1`, …
/// None: `bytes`, the first of the content, end before the record does.
pub fn csv_columns(options: &CsvOptions, bytes: &[u8], whole: bool) -> Option<Vec<String>> {
    let mut reader = reader(bytes, options);
    let mut record = ::csv::ByteRecord::new();
    let found = reader.read_byte_record(&mut record).unwrap_or_default();
    let used = usize::try_from(reader.position().byte()).unwrap_or(usize::MAX);
    if !whole && (!found || used >= bytes.len()) {
        return None;
    }
    let cell = |cell: &[u8]| match options.header {
        true => String::from_utf8_lossy(cell).into_owned(),
        false => String::new(),
    };
    Some(names(&record.iter().map(cell).collect::<Vec<_>>()))
}

/// The delimiter that splits all records into the same number of at least two cells, two records at
/// least; the one that gives most cells wins.
pub(super) fn delimiter(head: &[u8]) -> Option<u8> {
    let mut best = None;
    for delimiter in DELIMITERS {
        let options = CsvOptions { delimiter, ..CsvOptions::default() };
        // The last record may be cut.
        let mut records = records(head, &options);
        if records.len() > 2 {
            records.pop();
        }
        let width = records.first().map_or(0, Vec::len);
        let even = records.iter().all(|record| record.len() == width);
        if width >= 2 && records.len() >= 2 && even && best.is_none_or(|(_, most)| width > most) {
            best = Some((delimiter, width));
        }
    }
    best.map(|(delimiter, _)| delimiter)
}

/// A quoted cell with line breaks may be cut: it then swallows the rest of the head.
fn complete_records(head: &Head, bytes: &[u8], options: &CsvOptions) -> Vec<Record> {
    let mut records = records(bytes, options);
    if head.cut && records.len() < RECORDS_MAX && records.len() > 1 {
        records.pop();
    }
    records
}

fn records(bytes: &[u8], options: &CsvOptions) -> Vec<Record> {
    let mut reader = reader(bytes, options);
    let cells = |record: ::csv::StringRecord| record.iter().map(str::to_string).collect();
    reader.records().map_while(Result::ok).take(RECORDS_MAX).map(cells).collect()
}

fn reader<'a>(bytes: &'a [u8], options: &CsvOptions) -> Reader<&'a [u8]> {
    ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(options.delimiter)
        .quote(options.quote)
        .escape(options.escape)
        .from_reader(bytes)
}

/// The head without its last line, when that may be cut.
fn text_bytes(head: &Head, location: &Location) -> Result<Vec<u8>> {
    let mut bytes = head.bytes.as_slice();
    if head.cut {
        bytes = &bytes[..bytes.iter().rposition(|b| *b == b'\n').map_or(bytes.len(), |at| at + 1)];
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => Ok(bytes.to_vec()),
        _ => Err(Error::unsupported(format!("text that is not UTF-8 ({location})"))
            .hint("Convert the file to UTF-8.")),
    }
}

fn check_widths(rows: &[Record], width: usize, location: &Location) -> Result<()> {
    match rows.iter().position(|row| row.len() > width) {
        None => Ok(()),
        Some(at) => {
            let (record, cells) = (at + 2, rows[at].len());
            let message =
                format!("{location}: record {record} has {cells} cells, its header has {width}");
            Err(Error::corrupt(message))
        }
    }
}

/// Glue's rule. Only a first or last cell may be empty (row numbers written without a name). A lone
/// record is a header when it could be one.
fn is_header(first: &[String], rest: &[Record]) -> bool {
    let last = first.len().saturating_sub(1);
    let cell_is_name = |(at, cell): (usize, &String)| {
        let empty_allowed = last > 0 && (at == 0 || at == last);
        let valid =
            cell.chars().count() < HEADER_CELL_CHARS_MAX && !cell.contains(char::is_control);
        valid
            && if cell.trim().is_empty() {
                empty_allowed
            } else {
                cell_type(cell) == DataType::Utf8
            }
    };
    let named = first.iter().enumerate().all(cell_is_name);
    let typed = |cell: &String| !cell.is_empty() && cell_type(cell) != DataType::Utf8;
    named && (rest.is_empty() || rest.iter().flatten().any(typed))
}

/// Unique column names; `col0`, `col1`, … where there is none.
fn names(header: &[String]) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(header.len());
    let mut taken = std::collections::HashSet::new();
    for (at, cell) in header.iter().enumerate() {
        let cell = cell.trim();
        let base = if cell.is_empty() { format!("col{at}") } else { cell.to_string() };
        let mut name = base.clone();
        let mut copy = 2;
        while !taken.insert(name.to_lowercase()) {
            name = format!("{base}_{copy}");
            copy += 1;
        }
        names.push(name);
    }
    names
}

fn schema(names: Vec<String>, types: Vec<DataType>) -> SchemaRef {
    let missing = std::iter::repeat(DataType::Null);
    let columns = names.into_iter().zip(types.into_iter().chain(missing));
    let fields: Vec<Field> = columns.map(|(name, t)| Field::new(name, t, true)).collect();
    Schema::new(fields).into()
}

fn limited(schema: SchemaRef, location: &Location) -> Result<SchemaRef> {
    let columns = schema.fields().len();
    if columns <= COLUMNS_MAX {
        return Ok(schema);
    }
    Err(Error::exhausted(format!("{location} has {columns} columns, more than {COLUMNS_MAX}")))
}

fn column_types(rows: &[Record], width: usize) -> Vec<DataType> {
    let mut columns = vec![Column::default(); width];
    for row in rows {
        for (column, cell) in columns.iter_mut().zip(row) {
            column.add(cell);
        }
    }
    columns.into_iter().map(Column::data_type).collect()
}

/// What was seen of one column.
#[derive(Clone, Default)]
struct Column {
    seen: Option<DataType>,
    /// An integer too large to be exact as a float.
    large: bool,
}

impl Column {
    fn add(&mut self, cell: &str) {
        if cell.is_empty() || self.seen == Some(DataType::Utf8) {
            return;
        }
        let seen = cell_type(cell);
        if seen == DataType::Int64 {
            let digits: Option<i64> = cell.parse().ok();
            self.large |= digits.is_none_or(|n| n.unsigned_abs() > FLOAT_EXACT_MAX);
        }
        self.seen = Some(match self.seen.take() {
            None => seen,
            Some(before) => widen(before, seen),
        });
    }

    fn data_type(self) -> DataType {
        match self.seen {
            None => DataType::Null,
            Some(DataType::Float64) if self.large => DataType::Utf8,
            Some(seen) => seen,
        }
    }
}

fn widen(a: DataType, b: DataType) -> DataType {
    use DataType::{Date32, Float64, Int64, Timestamp, Utf8};
    match (a, b) {
        (a, b) if a == b => a,
        (Int64, Float64) | (Float64, Int64) => Float64,
        (Date32, t @ Timestamp(..)) | (t @ Timestamp(..), Date32) => t,
        _ => Utf8,
    }
}

/// The type of one value.
pub(super) fn cell_type(cell: &str) -> DataType {
    if cell.eq_ignore_ascii_case("true") || cell.eq_ignore_ascii_case("false") {
        DataType::Boolean
    } else if is_integer(cell) {
        DataType::Int64
    } else if is_float(cell) {
        DataType::Float64
    } else if is_date(cell) {
        DataType::Date32
    } else if is_timestamp(cell) {
        DataType::Timestamp(TimeUnit::Microsecond, None)
    } else {
        DataType::Utf8
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Digits without leading zeros.
fn is_plain(digits: &str) -> bool {
    is_digits(digits) && (digits == "0" || !digits.starts_with('0'))
}

pub(super) fn is_integer(cell: &str) -> bool {
    let digits = cell.strip_prefix('-').unwrap_or(cell);
    is_plain(digits) && cell != "-0" && cell.parse::<i64>().is_ok()
}

fn is_float(cell: &str) -> bool {
    let number = cell.strip_prefix('-').unwrap_or(cell);
    let (mantissa, exponent) = match number.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (number, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let exponent_valid =
        exponent.is_none_or(|e| is_digits(e.strip_prefix(['-', '+']).unwrap_or(e)));
    let digits = whole.len() + fraction.map_or(0, str::len);
    is_plain(whole)
        && fraction.is_none_or(is_digits)
        && (fraction.is_some() || exponent.is_some())
        && exponent_valid
        && digits <= FLOAT_DIGITS_MAX
        && cell.parse::<f64>().is_ok_and(f64::is_finite)
}

pub(super) fn is_date(cell: &str) -> bool {
    cell.len() == 10 && shaped(cell, "dddd-dd-dd") && cell.parse::<NaiveDate>().is_ok()
}

/// `2024-01-31 23:59:59`, with `T`, a fraction of up to six digits, `Z` or an offset. With an offset the
/// column holds UTC.
fn is_timestamp(cell: &str) -> bool {
    let Some(head) = cell.get(..19) else { return false };
    let rest = &cell[19..];
    let fraction = rest.strip_prefix('.').map_or("", |rest| {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        &rest[..end]
    });
    let shape = shaped(head, "dddd-dd-dd dd:dd:dd") || shaped(head, "dddd-dd-ddTdd:dd:dd");
    shape && fraction.len() <= 6 && string_to_datetime(&Utc, cell).is_ok()
}

/// `d` stands for a digit, anything else for itself.
fn shaped(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(|(b, s)| match s {
            b'd' => b.is_ascii_digit(),
            s => b == s,
        })
}
