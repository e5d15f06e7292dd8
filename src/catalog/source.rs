//! From a Glue-shaped table to something that can be opened. What is not understood is refused by name.

use arrow::datatypes::FieldRef;
use lakegate_base::{Error, Location, Result, Subject};
use lakegate_formats::{CsvOptions, TableFormat, TableSource};

use crate::model::{Parameters, Table};
use crate::types::{field, file_schema};

/// A location as the catalog stores it. `Location::parse` decodes `file:` URLs, so a literal `%` in a
/// local path must be written encoded.
pub fn location_text(location: &Location) -> String {
    let text = location.to_string();
    if location.is_local() { text.replace('%', "%25") } else { text }
}

pub fn parse_location(text: &str) -> Result<Location> {
    Location::parse(text)
}

impl Table {
    /// Where the data is; none for views and tables without a place.
    pub fn location(&self) -> Result<Option<Location>> {
        let text = self.storage_descriptor.location.as_deref().filter(|t| !t.is_empty());
        text.map(parse_location).transpose()
    }
}

/// How to open a table. Views and unknown SerDes are refused by name.
pub fn source(table: &Table) -> Result<TableSource> {
    build(table).map_err(|e| e.context(format!("table {}", table.table_name())))
}

fn build(table: &Table) -> Result<TableSource> {
    if table.is_view() {
        return Err(Error::unsupported("opening a view as a table").about(Subject::Table));
    }
    let location = table
        .location()?
        .ok_or_else(|| Error::corrupt("the catalog knows no location").about(Subject::Table))?;
    let format = format(table)?;
    let metadata = table.parameters.get("metadata_location").filter(|t| !t.is_empty());
    let metadata_location = match (&format, metadata) {
        (TableFormat::Iceberg, Some(text)) => Some(parse_location(text)?),
        _ => None,
    };
    let open_format = matches!(format, TableFormat::Delta | TableFormat::Iceberg);
    let (schema, partition_keys) = if open_format {
        (None, Vec::new())
    } else {
        // As the files spell them: JSON finds its values by exact name.
        let columns = file_schema(&table.storage_descriptor.columns)?;
        let keys: Result<Vec<FieldRef>> =
            table.partition_keys.iter().map(|key| field(key).map(FieldRef::new)).collect();
        (Some(columns), keys?)
    };
    Ok(TableSource { location, format, schema, partition_keys, metadata_location })
}

/// Table parameters decide first, as they do for every engine on Glue; then the SerDe.
pub(crate) fn format(table: &Table) -> Result<TableFormat> {
    let is = |parameters: &Parameters, name: &str, value: &str| {
        parameters.get(name).is_some_and(|found| found.eq_ignore_ascii_case(value))
    };
    let parameters = &table.parameters;
    if is(parameters, "table_type", "iceberg") {
        return Ok(TableFormat::Iceberg);
    }
    let input = class(table.storage_descriptor.input_format.as_deref());
    if input == "SymlinkTextInputFormat" {
        // Whatever the parameters say: what is listed are plain files, of a Delta table, too.
        return Ok(TableFormat::Linked(Box::new(by_serde(table)?)));
    }
    if is(parameters, "table_type", "delta")
        || is(parameters, "spark.sql.sources.provider", "delta")
    {
        return Ok(TableFormat::Delta);
    }
    if input.starts_with("Hoodie") || is(parameters, "spark.sql.sources.provider", "hudi") {
        return Err(Error::unsupported("Hudi tables"));
    }
    by_serde(table)
}

fn by_serde(table: &Table) -> Result<TableFormat> {
    match class(table.storage_descriptor.serde_info.serialization_library.as_deref()) {
        "ParquetHiveSerDe" => Ok(TableFormat::Parquet),
        "LazySimpleSerDe" | "OpenCSVSerde" => delimited(table),
        "JsonSerDe" | "JsonSerde" => Ok(TableFormat::Json),
        "OrcSerde" => Ok(TableFormat::Orc),
        "AvroSerDe" => Ok(TableFormat::Avro),
        "" => Err(Error::unsupported("a table without a SerDe")),
        other => Err(Error::unsupported(format!("the SerDe {other}"))),
    }
}

/// The last part of a Java class name.
fn class(name: Option<&str>) -> &str {
    name.and_then(|n| n.rsplit('.').next()).unwrap_or_default()
}

/// CSV and plain text share the lazy SerDe; `classification` tells them apart.
fn delimited(table: &Table) -> Result<TableFormat> {
    let serde = &table.storage_descriptor.serde_info;
    let classification = table.parameters.get("classification").map(String::as_str);
    if classification == Some("text") && table.storage_descriptor.columns.len() == 1 {
        return Ok(TableFormat::Text);
    }
    let open_csv = class(serde.serialization_library.as_deref()) == "OpenCSVSerde";
    let mark = |name: &str| match serde.parameters.get(name).map(String::as_str) {
        None => Ok(None),
        Some(text) => byte(name, text).map(Some),
    };
    let options = if open_csv {
        CsvOptions {
            header: header(table)?,
            delimiter: mark("separatorChar")?.unwrap_or(b','),
            quote: mark("quoteChar")?.unwrap_or(b'"'),
            escape: Some(mark("escapeChar")?.unwrap_or(b'\\')).filter(|e| *e != b'"'),
        }
    } else {
        let delimiter = mark("field.delim")?;
        CsvOptions {
            header: header(table)?,
            delimiter: delimiter.unwrap_or(1),
            // The lazy SerDe knows no quotes, except where Lakegate's crawler saw some and says so.
            quote: mark("quoteChar")?.unwrap_or(0),
            escape: mark("escape.delim")?,
        }
    };
    Ok(TableFormat::Csv(options))
}

fn byte(name: &str, text: &str) -> Result<u8> {
    let unescaped = if text == "\\t" { "\t" } else { text };
    match unescaped.as_bytes() {
        [one] if one.is_ascii() => Ok(*one),
        _ => Err(Error::unsupported(format!("{name} {text:?} (one ASCII character is)"))),
    }
}

/// Athena reads the count from the table, Hive from either place.
fn header(table: &Table) -> Result<bool> {
    let name = "skip.header.line.count";
    let serde = &table.storage_descriptor.serde_info.parameters;
    match table.parameters.get(name).or_else(|| serde.get(name)).map(|t| t.trim()) {
        None | Some("" | "0") => Ok(false),
        Some("1") => Ok(true),
        Some(other) => Err(Error::unsupported(format!("{name}={other}"))),
    }
}
