//! Files of keys: equality deletes, as the table's columns are today.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, UInt32Array, new_null_array};
use arrow::compute::{CastOptions, cast_with_options, concat_batches, take};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit};
use bytes::Bytes;
use lakegate_base::{Error, Result};
use lakegate_store::Stores;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::{damaged, open, project, read, too_large};
use crate::{EqualityDeletes, FIELD_ID, iceberg};

/// Rows of one file of keys, and the bytes they take: they are kept while a query runs.
const KEYS_MAX: u64 = 100_000_000;
const KEY_BYTES_MAX: usize = 1 << 30;

/// The keys of equality deletes: one row for each, with the columns that they name, in the order and with
/// the names and types of the snapshot's schema. A column that the file is too old for is its initial
/// default, or NULL.
pub async fn read_keys(
    stores: &Stores,
    schema: &SchemaRef,
    deletes: &EqualityDeletes,
) -> Result<RecordBatch> {
    let mut wanted = Vec::with_capacity(deletes.columns.len());
    for column in &deletes.columns {
        let field = schema.fields().get(*column);
        let field = field.ok_or_else(|| Error::internal("a key that is no column"))?;
        wanted.push(Arc::new(field.as_ref().clone().with_nullable(true)));
    }
    read(stores, &deletes.location, move |bytes| keys(bytes, wanted)).await
}

fn keys(bytes: Bytes, wanted: Vec<FieldRef>) -> Result<RecordBatch> {
    let builder = open(bytes)?;
    let rows = builder.metadata().file_metadata().num_rows();
    if u64::try_from(rows).is_ok_and(|rows| rows > KEYS_MAX) {
        return Err(too_large(format!("it has {rows} keys, more than {KEYS_MAX}")));
    }
    let places = places(&builder, &wanted)?;
    let mut columns: Vec<usize> = places.iter().flatten().copied().collect();
    columns.sort_unstable();
    let reader = project(builder, &columns)?;
    let schema = Arc::new(Schema::new(wanted));
    let (mut batches, mut bytes) = (Vec::new(), 0);
    for batch in reader {
        let batch = batch.map_err(damaged)?;
        let arrays = schema.fields().iter().zip(&places).map(|(field, place)| match place {
            Some(place) => {
                let at = columns.binary_search(place).unwrap_or_default();
                widen(batch.column(at), field)
            }
            None => absent(field, batch.num_rows()),
        });
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let arrays = arrays.collect::<Result<Vec<_>>>()?;
        let made = RecordBatch::try_new_with_options(Arc::clone(&schema), arrays, &options);
        let made = made.map_err(|e| Error::internal("keys of another type").source(e))?;
        bytes += made.get_array_memory_size();
        if bytes > KEY_BYTES_MAX {
            return Err(too_large(format!("its keys take more than {KEY_BYTES_MAX} bytes")));
        }
        batches.push(made);
    }
    concat_batches(&schema, &batches).map_err(damaged)
}

/// Where the wanted columns stand in the file: by field id; by the table's mapping of names, in a file
/// without ids.
fn places(
    builder: &ParquetRecordBatchReaderBuilder<Bytes>,
    wanted: &[FieldRef],
) -> Result<Vec<Option<usize>>> {
    let fields = builder.schema().fields();
    let has_ids = fields.iter().any(|field| field.metadata().contains_key(FIELD_ID));
    let find = |field: &FieldRef| {
        if has_ids {
            let id = field.metadata().get(FIELD_ID);
            return Ok(fields.iter().position(|f| f.metadata().get(FIELD_ID) == id));
        }
        let names = iceberg::mapped_names(field);
        let names =
            names.ok_or_else(|| Error::unsupported("equality deletes without field ids"))?;
        Ok(fields.iter().position(|f| names.contains(f.name())))
    };
    let places: Result<Vec<Option<usize>>> = wanted.iter().map(find).collect();
    // A file with none of the columns would delete by defaults alone.
    places.and_then(|places| match places.iter().any(Option::is_some) {
        true => Ok(places),
        false => Err(Error::corrupt("it has none of the columns it deletes by")),
    })
}

fn absent(field: &Field, rows: usize) -> Result<ArrayRef> {
    let Some(default) = iceberg::initial_default(field)? else {
        return Ok(new_null_array(field.data_type(), rows));
    };
    let first = UInt32Array::from(vec![0; rows]);
    take(&default, &first, None).map_err(|e| Error::internal("a default repeated").source(e))
}

/// To the column's type of today, by the promotions that Iceberg allows.
fn widen(array: &ArrayRef, field: &Field) -> Result<ArrayRef> {
    let (from, to) = (array.data_type(), field.data_type());
    if from == to {
        return Ok(Arc::clone(array));
    }
    if !is_promotion(from, to) {
        let what = format!("reading {from} keys as the table's {to} (column {})", field.name());
        return Err(Error::unsupported(what));
    }
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(array, to, &strict).map_err(|e| {
        Error::corrupt(format!("a key does not fit column {}", field.name())).source(e)
    })
}

fn is_promotion(from: &DataType, to: &DataType) -> bool {
    use DataType as D;
    match (from, to) {
        // Bytes without the mark that says they are text; invalid text is an error.
        (D::Binary, D::Utf8) | (D::FixedSizeBinary(_) | D::Utf8, D::Binary) => true,
        (D::Int32, D::Int64) | (D::Float32, D::Float64) => true,
        (D::Binary, D::FixedSizeBinary(_)) => true,
        (D::Decimal128(p, s), D::Decimal128(wider, scale)) => s == scale && wider >= p,
        (D::Date32, D::Timestamp(_, None)) => true,
        (D::Timestamp(from, _), D::Timestamp(to, _)) => from == to || *to == TimeUnit::Nanosecond,
        _ => false,
    }
}
