//! Parquet: schema and row count from the footer. The Arrow schema that some writers embed is ignored:
//! the Parquet types are the same whoever wrote the file.

use std::collections::HashSet;
use std::ops::Range;

use ::parquet::arrow::async_reader::MetadataFetch;
use ::parquet::arrow::parquet_to_arrow_schema;
use ::parquet::basic::{LogicalType, Type as PhysicalType};
use ::parquet::errors::{ParquetError, Result as ParquetResult};
use ::parquet::file::metadata::ParquetMetaDataReader;
use ::parquet::schema::types::SchemaDescriptor;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use lakegate_base::{Error, Location, Result};
use lakegate_store::Stores;

use super::Compression;
use super::infer::{COLUMNS_MAX, FileRef, InferredFile};
use crate::{TableFormat, variant};

const FOOTER_BYTES_MAX: u64 = 64 << 20;
/// Read at once from the end: most footers fit, which saves a request.
const FOOTER_GUESS_BYTES: usize = 64 << 10;
/// Magic, footer length, magic: nothing shorter is Parquet.
const FILE_BYTES_MIN: u64 = 12;

pub(super) async fn infer(stores: &Stores, file: &FileRef) -> Result<InferredFile> {
    let location = &file.location;
    if file.size < FILE_BYTES_MIN {
        let message = format!("{location} is no Parquet file: it has only {} bytes", file.size);
        return Err(Error::corrupt(message));
    }
    let mut failed = None;
    let fetch = Fetch { stores, location, failed: &mut failed };
    let reader = ParquetMetaDataReader::new().with_prefetch_hint(Some(FOOTER_GUESS_BYTES));
    let loaded = reader.load_and_finish(fetch, file.size).await;
    let metadata = match (loaded, failed) {
        (Ok(metadata), _) => metadata,
        // The store's own error says what to do next.
        (Err(_), Some(store_error)) => return Err(store_error),
        (Err(e), None) => return Err(damaged(location, e)),
    };
    let file_metadata = metadata.file_metadata();
    let descriptor = file_metadata.schema_descr();
    let schema = parquet_to_arrow_schema(descriptor, None).map_err(|e| damaged(location, e))?;
    let schema = with_variants(&with_micros(&schema, descriptor), descriptor);
    Ok(InferredFile {
        format: TableFormat::Parquet,
        schema: checked(&schema, location)?,
        compression: Compression::None,
        rows: u64::try_from(file_metadata.num_rows()).ok(),
    })
}

/// INT96 is an instant in microseconds for every writer that still uses it, and is read as such; in
/// nanoseconds years after 2262 would not fit.
fn with_micros(schema: &Schema, descriptor: &SchemaDescriptor) -> Schema {
    let types = descriptor.root_schema().get_fields();
    let fields = schema.fields().iter().zip(types).map(|(field, parquet_type)| {
        let int96 = parquet_type.is_primitive()
            && parquet_type.get_physical_type() == PhysicalType::INT96
            && matches!(field.data_type(), DataType::Timestamp(..));
        let micros = DataType::Timestamp(TimeUnit::Microsecond, None);
        let field = field.as_ref().clone();
        if int96 { field.with_data_type(micros) } else { field }
    });
    Schema::new(fields.collect::<Vec<_>>())
}

/// Columns that are annotated as variants; those inside others stay the groups that they are stored as.
fn with_variants(schema: &Schema, descriptor: &SchemaDescriptor) -> Schema {
    let types = descriptor.root_schema().get_fields();
    let fields = schema.fields().iter().zip(types).map(|(field, parquet_type)| {
        let kind = parquet_type.get_basic_info().logical_type_ref();
        let is_variant = matches!(kind, Some(LogicalType::Variant(_)));
        let is_variant = is_variant && variant::check(field.data_type()).is_ok();
        if is_variant { variant::field(field.name()) } else { field.as_ref().clone() }
    });
    Schema::new(fields.collect::<Vec<_>>())
}

fn damaged(location: &Location, error: ParquetError) -> Error {
    if error.to_string().contains("encrypt") {
        return Error::unsupported(format!("encrypted Parquet ({location})")).source(error);
    }
    Error::corrupt(format!("{location} is no readable Parquet file: its footer is damaged"))
        .hint("Write the file again, or remove it from the table's folder.")
        .source(error)
}

pub(super) fn checked(schema: &Schema, location: &Location) -> Result<SchemaRef> {
    let columns = schema.fields().len();
    if columns > COLUMNS_MAX {
        let message = format!("{location} has {columns} columns, more than {COLUMNS_MAX}");
        return Err(Error::exhausted(message));
    }
    let mut names = HashSet::new();
    for field in schema.fields() {
        if !names.insert(field.name()) {
            let what = format!("two columns named \"{}\" ({location})", field.name());
            return Err(Error::unsupported(what));
        }
    }
    Ok(Schema::new(schema.fields().iter().map(nullable).collect::<Vec<_>>()).into())
}

/// The field as a table column: another file may lack it, so it is nullable at every level; file-only
/// metadata is left out.
fn nullable(field: &FieldRef) -> Field {
    let inner = |f: &FieldRef| FieldRef::new(nullable(f));
    let data_type = match field.data_type() {
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(inner).collect()),
        DataType::List(item) => DataType::List(inner(item)),
        DataType::LargeList(item) => DataType::LargeList(inner(item)),
        // Keys of a map are never null, and Arrow insists on it.
        other => other.clone(),
    };
    variant::keep_mark(field, Field::new(field.name(), data_type, true))
}

struct Fetch<'a> {
    stores: &'a Stores,
    location: &'a Location,
    failed: &'a mut Option<Error>,
}

impl MetadataFetch for Fetch<'_> {
    fn fetch(&mut self, range: Range<u64>) -> BoxFuture<'_, ParquetResult<Bytes>> {
        async move {
            let length = range.end.saturating_sub(range.start);
            if length > FOOTER_BYTES_MAX {
                let text = format!("a footer of {length} bytes, more than {FOOTER_BYTES_MAX}");
                return Err(ParquetError::General(text));
            }
            let expected = usize::try_from(length).unwrap_or(usize::MAX);
            match self.stores.read_range(self.location, range).await {
                Ok(bytes) if bytes.len() == expected => Ok(bytes),
                Ok(_) => Err(ParquetError::General("the file is shorter than listed".to_string())),
                Err(e) => {
                    *self.failed = Some(e);
                    Err(ParquetError::General("the store failed".to_string()))
                }
            }
        }
        .boxed()
    }
}
