//! One Parquet file that UNLOAD wrote: its columns must be those that were announced, in types that hold
//! them.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, TimeUnit};
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt, TryFutureExt};
use lakegate_base::{Error, Location, Result};
use lakegate_store::{Stores, path};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::async_reader::{AsyncFileReader, ParquetRecordBatchStreamBuilder};
use parquet::basic::{LogicalType, TimeUnit as ParquetUnit};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};

use crate::cells::Shape;

struct Object {
    store: Arc<dyn ObjectStore>,
    path: Path,
    size: u64,
}

fn external(error: object_store::Error) -> ParquetError {
    ParquetError::External(Box::new(error))
}

impl AsyncFileReader for Object {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes, ParquetError>> {
        self.store.get_range(&self.path, range).map_err(external).boxed()
    }

    fn get_byte_ranges(
        &mut self,
        ranges: Vec<Range<u64>>,
    ) -> BoxFuture<'_, Result<Vec<Bytes>, ParquetError>> {
        async move { self.store.get_ranges(&self.path, &ranges).await.map_err(external) }.boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>, ParquetError>> {
        async move {
            let size = self.size;
            let reader = ParquetMetaDataReader::new().with_arrow_reader_options(options);
            Ok(Arc::new(reader.load_and_finish(self, size).await?))
        }
        .boxed()
    }
}

/// The rows of one file, in the types that were announced.
pub(crate) async fn open(
    stores: &Stores,
    file: Location,
    shape: Shape,
    rows_max: usize,
) -> Result<BoxStream<'static, Result<RecordBatch>>> {
    let size = stores.head(&file).await?.size;
    let mut object = Object { store: stores.store(&file).await?, path: path(&file), size };
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let metadata = ArrowReaderMetadata::load_async(&mut object, options).await;
    let metadata = metadata.map_err(|e| unreadable(e, &file))?;
    check_names(&metadata, &shape, &file)?;
    let metadata = hinted(metadata, &shape).map_err(|e| unreadable(e, &file))?;
    let rows = ParquetRecordBatchStreamBuilder::new_with_metadata(object, metadata)
        .with_batch_size(rows_max)
        .build()
        .map_err(|e| unreadable(e, &file))?;
    let fitted = rows.map(move |batch| {
        let batch = batch.map_err(|e| unreadable(e, &file))?;
        fitted(&batch, &shape).map_err(|e| e.context(&file))
    });
    Ok(fitted.boxed())
}

fn unreadable(error: ParquetError, file: &Location) -> Error {
    match error {
        ParquetError::External(cause) if cause.is::<object_store::Error>() => {
            match cause.downcast::<object_store::Error>() {
                Ok(cause) => lakegate_store::error(*cause, file),
                Err(cause) => damaged(file).source(cause),
            }
        }
        error => damaged(file).source(error),
    }
}

fn damaged(file: &Location) -> Error {
    Error::corrupt(format!("{file}, which Athena unloaded, cannot be read"))
        .hint("Run the statement again; if it stays, set athena.results = \"csv\".")
}

fn check_names(metadata: &ArrowReaderMetadata, shape: &Shape, file: &Location) -> Result<()> {
    let fields = metadata.schema().fields();
    let mut pairs = fields.iter().zip(shape.columns.iter());
    let same = fields.len() == shape.columns.len()
        && pairs.all(|(field, column)| field.name().eq_ignore_ascii_case(&column.name));
    match same {
        true => Ok(()),
        false => Err(Error::corrupt(format!("{file} has other columns than the statement"))
            .hint("Run the statement again.")),
    }
}

/// Old timestamps (INT96) span more years than nanoseconds can count: they are read in the column's own unit.
/// Those that are nanoseconds in the file are not read as anything else.
fn hinted(
    metadata: ArrowReaderMetadata,
    shape: &Shape,
) -> Result<ArrowReaderMetadata, ParquetError> {
    let counts_nanoseconds = metadata.parquet_schema().columns().iter().any(|leaf| {
        matches!(
            leaf.logical_type_ref(),
            Some(LogicalType::Timestamp(of)) if of.unit == ParquetUnit::NANOS
        )
    });
    if counts_nanoseconds {
        return Ok(metadata);
    }
    let fields = metadata.schema().fields().iter().zip(shape.schema.fields());
    let fields: Fields = fields.map(|(file, wanted)| hinted_field(file, wanted)).collect();
    let options = ArrowReaderOptions::new()
        .with_skip_arrow_metadata(true)
        .with_schema(Arc::new(Schema::new(fields)));
    ArrowReaderMetadata::try_new(metadata.metadata().clone(), options)
}

fn hinted_field(file: &FieldRef, wanted: &FieldRef) -> FieldRef {
    let of = match (file.data_type(), wanted.data_type()) {
        (DataType::Timestamp(TimeUnit::Nanosecond, zone), DataType::Timestamp(unit, _)) => {
            DataType::Timestamp(*unit, zone.clone())
        }
        (DataType::List(file), DataType::List(wanted)) => {
            DataType::List(hinted_field(file, wanted))
        }
        (DataType::Map(file, sorted), DataType::Map(wanted, _)) => {
            DataType::Map(hinted_field(file, wanted), *sorted)
        }
        (DataType::Struct(file), DataType::Struct(wanted)) if file.len() == wanted.len() => {
            let fields = file.iter().zip(wanted).map(|(file, wanted)| hinted_field(file, wanted));
            DataType::Struct(fields.collect())
        }
        (other, _) => other.clone(),
    };
    let field = Field::new(file.name(), of, file.is_nullable());
    Arc::new(field.with_metadata(file.metadata().clone()))
}

/// The columns in the types that were announced.
fn fitted(batch: &RecordBatch, shape: &Shape) -> Result<RecordBatch> {
    let fields = shape.schema.fields().iter();
    let columns = batch.columns().iter().zip(fields).map(|(column, field)| {
        fit(column, field.data_type())
            .map_err(|e| e.context(format!("column \"{}\"", field.name())))
    });
    shape.batch(columns.collect::<Result<_>>()?, batch.num_rows())
}

fn fit(column: &ArrayRef, wanted: &DataType) -> Result<ArrayRef> {
    if column.data_type() == wanted {
        return Ok(column.clone());
    }
    let options = CastOptions { safe: false, ..CastOptions::default() };
    let misfit = || {
        let found = column.data_type();
        Error::corrupt(format!("Athena unloaded {found} where {wanted} was announced"))
            .hint("Set athena.results = \"csv\".")
    };
    let cast = cast_with_options(column, wanted, &options).map_err(|e| misfit().source(e))?;
    if matches!((column.data_type(), wanted), (DataType::Timestamp(..), DataType::Timestamp(..))) {
        let back = cast_with_options(&cast, column.data_type(), &options);
        let back = back.map_err(|e| misfit().source(e))?;
        if back.to_data() != column.to_data() {
            return Err(misfit());
        }
    }
    Ok(cast)
}
