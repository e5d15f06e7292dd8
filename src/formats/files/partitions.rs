//! Partition values from folder names: `key=value` as Hive writes it, or plain values by position.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StringArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, FieldRef};
use lakegate_base::{Error, Result, Subject};
use percent_encoding::percent_decode_str;

use super::csv::{is_date, is_integer};
use super::listing::DataFile;

/// Hive's name for the partition of NULL.
const NULL_NAME: &str = "__HIVE_DEFAULT_PARTITION__";

/// One array per key, one value per file.
pub(super) fn values(files: &[DataFile], keys: &[FieldRef]) -> Result<Vec<ArrayRef>> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    for file in files {
        check_depth(file, keys)?;
    }
    keys.iter().enumerate().map(|(level, key)| typed(files, key, level)).collect()
}

fn check_depth(file: &DataFile, keys: &[FieldRef]) -> Result<()> {
    if file.folders.len() == keys.len() {
        return Ok(());
    }
    let names: Vec<&str> = keys.iter().map(|key| key.name().as_str()).collect();
    let message = format!(
        "{} is {} folders deep, the table has {} partition keys ({})",
        file.location,
        file.folders.len(),
        keys.len(),
        names.join(", ")
    );
    Err(Error::corrupt(message)
        .about(Subject::Table)
        .hint("Move the file, or crawl the folder again."))
}

fn typed(files: &[DataFile], key: &FieldRef, level: usize) -> Result<ArrayRef> {
    let texts: Vec<Option<String>> =
        files.iter().map(|file| value(file, level, key.name())).collect::<Result<_>>()?;
    let texts: ArrayRef = Arc::new(StringArray::from(texts));
    let options = CastOptions { safe: true, ..CastOptions::default() };
    let values = cast_with_options(&texts, key.data_type(), &options).map_err(|e| {
        Error::unsupported(format!("partition keys of type {} ({})", key.data_type(), key.name()))
            .source(e)
    })?;
    let failed = (0..files.len()).find(|at| values.is_null(*at) && !texts.is_null(*at));
    match failed {
        None => Ok(values),
        Some(at) => {
            let (file, folder) = (&files[at].location, &files[at].folders[level]);
            let message = format!(
                "{file}: \"{folder}\" is no value of partition key {} of type {}",
                key.name(),
                key.data_type()
            );
            Err(Error::corrupt(message).about(Subject::Value))
        }
    }
}

/// The text of one file's value; `None` for NULL.
fn value(file: &DataFile, level: usize, key: &str) -> Result<Option<String>> {
    let folder = &file.folders[level];
    let text = match folder.split_once('=') {
        Some((name, _)) if !decode(name, file)?.eq_ignore_ascii_case(key) => {
            let message =
                format!("{}: folder \"{folder}\" is not of partition key {key}", file.location);
            return Err(Error::corrupt(message).about(Subject::Table));
        }
        Some((_, text)) => decode(text, file)?,
        None => folder.clone(),
    };
    Ok((text != NULL_NAME).then_some(text))
}

fn decode(text: &str, file: &DataFile) -> Result<String> {
    let decoded = percent_decode_str(text).decode_utf8().map_err(|e| {
        let message = format!("{}: \"{text}\" is not percent-encoded UTF-8", file.location);
        Error::corrupt(message).source(e)
    })?;
    Ok(decoded.into_owned())
}

/// The keys that folders show: none, unless some folder is `key=value`. All files must agree. Types are
/// `Int64`, `Date32` or `Utf8`; values with leading zeros stay text.
pub(super) fn recognise(files: &[DataFile]) -> Result<Vec<FieldRef>> {
    if !files.iter().any(|file| file.folders.iter().any(|folder| folder.contains('='))) {
        return Ok(Vec::new());
    }
    let depth = files.first().map_or(0, |file| file.folders.len());
    let mut keys = Vec::with_capacity(depth);
    for level in 0..depth {
        let name = key_name(&files[0], level)?;
        for file in files {
            if file.folders.len() != depth || key_name(file, level)? != name {
                let message = format!(
                    "{} and {} are not in partitions of the same keys",
                    files[0].location, file.location
                );
                return Err(Error::corrupt(message)
                    .about(Subject::Table)
                    .hint("Name the folder of one table."));
            }
        }
        let mut data_type = None;
        for file in files {
            if let Some(text) = value(file, level, &name)? {
                let seen = value_type(&text);
                data_type =
                    Some(if data_type.is_none_or(|t| t == seen) { seen } else { DataType::Utf8 });
            }
        }
        keys.push(Arc::new(Field::new(name, data_type.unwrap_or(DataType::Utf8), true)));
    }
    Ok(keys)
}

fn key_name(file: &DataFile, level: usize) -> Result<String> {
    match file.folders.get(level).and_then(|folder| folder.split_once('=')) {
        Some((name, _)) => Ok(decode(name, file)?.to_lowercase()),
        None => Ok(format!("partition_{level}")),
    }
}

fn value_type(text: &str) -> DataType {
    if is_integer(text) {
        DataType::Int64
    } else if is_date(text) {
        DataType::Date32
    } else {
        DataType::Utf8
    }
}
