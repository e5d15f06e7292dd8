//! The schema of one file, from as little of it as tells.

use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use lakegate_base::{Error, Location, Result, Subject};
use lakegate_store::Stores;

use super::{Compression, DataObject, FileKind, csv, json, open_avro, open_orc, parquet};
use crate::TableFormat;

/// What is read of a CSV or text file; JSON may need ten times as much.
const HEAD_BYTES_MAX: u64 = 1 << 20;
const JSON_HEAD_BYTES_MAX: u64 = 10 << 20;
/// Wider files are refused: they are damaged, or hostile.
pub(super) const COLUMNS_MAX: usize = 10_000;
const SNIFF_BYTES_MAX: u64 = 64 << 10;

/// One data file, as a listing shows it.
#[derive(Clone, Debug)]
pub struct FileRef {
    pub location: Location,
    pub size: u64,
}

/// What one file says of itself.
#[derive(Clone, Debug)]
pub struct InferredFile {
    pub format: TableFormat,
    /// Columns in the file's order; partition keys are not among them.
    pub schema: SchemaRef,
    pub compression: Compression,
    /// Where metadata says so exactly (Parquet).
    pub rows: Option<u64>,
}

/// The first bytes of a file's content, decompressed.
pub(super) struct Head {
    pub bytes: Vec<u8>,
    /// The content goes on behind them.
    pub cut: bool,
}

/// What kind of file it is: by name, else by its first bytes. `None`: neither a known format nor text.
pub async fn detect(stores: &Stores, file: &FileRef) -> Result<Option<FileKind>> {
    if let Some(kind) = FileKind::of(file.location.name()) {
        return Ok(Some(kind));
    }
    let head = head(stores, file, SNIFF_BYTES_MAX).await?;
    Ok(FileKind::sniff(&head.bytes))
}

/// Reads the head of a file (of Parquet: the footer) and infers its schema.
///
/// Columns without any value have type `Null`: pass the schemas of a table's files (one is enough) through
/// [`merge_schemas`](super::merge_schemas). Types of CSV are `Int64`, `Float64`, `Boolean`, `Date32`,
/// `Timestamp(µs)` and `Utf8`, never narrower ones: the next file may hold larger numbers.
pub async fn infer(stores: &Stores, file: &FileRef, kind: FileKind) -> Result<InferredFile> {
    let location = &file.location;
    let compression = Compression::of(location)?;
    let (format, schema) = match kind {
        FileKind::Parquet => return parquet::infer(stores, file).await,
        FileKind::Csv => {
            let head = head(stores, file, HEAD_BYTES_MAX).await?;
            let (options, schema) = csv::infer(&head, location)?;
            (TableFormat::Csv(options), schema)
        }
        FileKind::Json => (TableFormat::Json, json(stores, file).await?),
        FileKind::Text => (TableFormat::Text, text_schema()),
        FileKind::Orc => return rows(stores, file, TableFormat::Orc).await,
        FileKind::Avro => return rows(stores, file, TableFormat::Avro).await,
    };
    Ok(InferredFile { format, schema, compression, rows: None })
}

/// The schema of a file whose format is known.
pub(super) async fn infer_as(
    stores: &Stores,
    file: &FileRef,
    format: &TableFormat,
) -> Result<SchemaRef> {
    match format {
        TableFormat::Csv(options) => {
            let head = head(stores, file, HEAD_BYTES_MAX).await?;
            csv::infer_with(options, &head, &file.location)
        }
        TableFormat::Json => json(stores, file).await,
        TableFormat::Text => Ok(text_schema()),
        TableFormat::Orc | TableFormat::Avro => {
            Ok(rows(stores, file, format.clone()).await?.schema)
        }
        _ => Ok(parquet::infer(stores, file).await?.schema),
    }
}

/// ORC and Avro say in their footer or header what they hold.
async fn rows(stores: &Stores, file: &FileRef, format: TableFormat) -> Result<InferredFile> {
    let location = &file.location;
    if Compression::of(location)? != Compression::None {
        let what = format!("{} files that are compressed as a whole", format.name());
        return Err(Error::unsupported(format!("{what} ({location})")));
    }
    let object = DataObject::of(stores, file).await?;
    let opened = match format {
        TableFormat::Avro => open_avro(object).await?,
        _ => open_orc(object).await?,
    };
    let columns: Result<Vec<Field>> = opened.schema().fields().iter().map(|f| column(f)).collect();
    let schema = columns.and_then(|columns| parquet::checked(&Schema::new(columns), location));
    let schema = schema.map_err(|e| e.context(location))?;
    Ok(InferredFile { format, schema, compression: Compression::None, rows: opened.rows() })
}

/// The field as a table column: what only a file has to know is left out.
fn column(field: &Field) -> Result<Field> {
    let inner = |field: &FieldRef| column(field).map(FieldRef::new);
    let data_type = match field.data_type() {
        DataType::Dictionary(_, values) => values.as_ref().clone(),
        DataType::Struct(fields) => {
            DataType::Struct(fields.iter().map(inner).collect::<Result<_>>()?)
        }
        DataType::List(item) => DataType::List(inner(item)?),
        DataType::Map(entries, sorted) => DataType::Map(entry(entries)?, *sorted),
        DataType::Union(..) => {
            let what = format!("a column of several types (\"{}\")", field.name());
            return Err(Error::unsupported(what).about(Subject::Column));
        }
        other => other.clone(),
    };
    Ok(Field::new(field.name(), data_type, true))
}

/// A map's entries and keys are never null.
fn entry(entries: &FieldRef) -> Result<FieldRef> {
    let DataType::Struct(pair) = entries.data_type() else { return Ok(entries.clone()) };
    let sides = pair.iter().enumerate().map(|(at, side)| Ok(column(side)?.with_nullable(at > 0)));
    let sides: Result<Vec<Field>> = sides.collect();
    Ok(Field::new(entries.name(), DataType::Struct(sides?.into()), false).into())
}

/// One row can be larger than the first megabyte: then more is read.
async fn json(stores: &Stores, file: &FileRef) -> Result<SchemaRef> {
    let mut bytes_max = HEAD_BYTES_MAX;
    loop {
        let head = head(stores, file, bytes_max).await?;
        if head.cut && !head.bytes.contains(&b'\n') && bytes_max < JSON_HEAD_BYTES_MAX {
            bytes_max += HEAD_BYTES_MAX;
            continue;
        }
        return json::infer(&head, &file.location);
    }
}

/// The one column of a text table.
pub(super) fn text_schema() -> SchemaRef {
    Schema::new(vec![Field::new("line", DataType::Utf8, true)]).into()
}

async fn head(stores: &Stores, file: &FileRef, bytes_max: u64) -> Result<Head> {
    let compression = Compression::of(&file.location)?;
    let raw_max = compression.head_bytes(bytes_max);
    let raw = stores.read_range(&file.location, 0..file.size.min(raw_max)).await?;
    let bytes = compression.decode(&raw, bytes_max, &file.location)?;
    let full = u64::try_from(bytes.len()).is_ok_and(|length| length >= bytes_max);
    Ok(Head { bytes, cut: full || file.size > raw_max })
}
