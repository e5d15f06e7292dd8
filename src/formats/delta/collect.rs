//! Statistics of a file just written, from its Parquet footer, as Delta's JSON.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::{max, max_string, min, min_string};
use arrow::datatypes::{
    ArrowNumericType, DataType, Date32Type, Decimal128Type, Int8Type, Int16Type, Int32Type,
    Int64Type, Schema, TimestampMicrosecondType,
};
use chrono::{DateTime, Datelike, NaiveDate, TimeDelta};
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::file::metadata::ParquetMetaData;

/// Delta's own default: statistics of the first 32 columns.
const COLUMNS_MAX: usize = 32;

/// `{"numRecords":…,"minValues":{…},"maxValues":{…},"nullCount":{…}}`. Written by hand: a decimal is a JSON
/// number of up to 38 digits.
pub(super) fn stats_json(schema: &Schema, footer: &ParquetMetaData) -> String {
    let (mut mins, mut maxs, mut nulls) = (Vec::new(), Vec::new(), Vec::new());
    for field in schema.fields().iter().take(COLUMNS_MAX) {
        let name = serde_json::Value::from(field.name().as_str()).to_string();
        let Some(found) = column(schema, field.name(), footer) else { continue };
        if let Some(count) = found.nulls {
            nulls.push(format!("{name}:{count}"));
        }
        let bounds = found.min.zip(found.max);
        let texts =
            bounds.and_then(|(low, high)| text(&low, Side::Min).zip(text(&high, Side::Max)));
        if let Some((low, high)) = texts {
            mins.push(format!("{name}:{low}"));
            maxs.push(format!("{name}:{high}"));
        }
    }
    format!(
        "{{\"numRecords\":{},\"minValues\":{{{}}},\"maxValues\":{{{}}},\"nullCount\":{{{}}}}}",
        footer.file_metadata().num_rows(),
        mins.join(","),
        maxs.join(","),
        nulls.join(",")
    )
}

struct Column {
    /// One per row group; none when a row group with values says nothing.
    min: Option<ArrayRef>,
    max: Option<ArrayRef>,
    nulls: Option<u64>,
}

fn column(schema: &Schema, name: &str, footer: &ParquetMetaData) -> Option<Column> {
    let parquet = footer.file_metadata().schema_descr();
    let converter = StatisticsConverter::try_new(name, schema, parquet).ok()?;
    converter.parquet_column_index()?;
    let converter = converter.with_missing_null_counts_as_zero(false);
    let groups = footer.row_groups();
    let nulls = converter.row_group_null_counts(groups).ok()?;
    // A row group without bounds is no obstacle only when it has no values.
    let known = |bounds: ArrayRef| {
        let silent = |(row, group): (usize, &parquet::file::metadata::RowGroupMetaData)| {
            let rows = u64::try_from(group.num_rows()).ok();
            bounds.is_null(row) && !(nulls.is_valid(row) && Some(nulls.value(row)) == rows)
        };
        (!groups.iter().enumerate().any(silent)).then(|| bounds.clone())
    };
    let min = converter.row_group_mins(groups).ok().and_then(known);
    let max = converter.row_group_maxes(groups).ok().and_then(known);
    let nulls = (nulls.null_count() == 0).then(|| nulls.values().iter().sum());
    Some(Column { min, max, nulls })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Min,
    Max,
}

/// The least or greatest of some bounds as JSON. None for types that get none: floats, because readers
/// disagree about NaN; booleans and binary, because Delta has no statistics for them.
fn text(bounds: &ArrayRef, side: Side) -> Option<String> {
    match bounds.data_type() {
        DataType::Int8 => Some(least::<Int8Type>(bounds, side)?.to_string()),
        DataType::Int16 => Some(least::<Int16Type>(bounds, side)?.to_string()),
        DataType::Int32 => Some(least::<Int32Type>(bounds, side)?.to_string()),
        DataType::Int64 => Some(least::<Int64Type>(bounds, side)?.to_string()),
        DataType::Decimal128(_, scale) => {
            Some(decimal(least::<Decimal128Type>(bounds, side)?, *scale))
        }
        DataType::Date32 => {
            let days = TimeDelta::try_days(least::<Date32Type>(bounds, side)?.into())?;
            let date = NaiveDate::default().checked_add_signed(days)?;
            plain(date).then(|| format!("\"{date}\""))
        }
        DataType::Timestamp(_, zone) => {
            let time =
                DateTime::from_timestamp_micros(least::<TimestampMicrosecondType>(bounds, side)?)?;
            let format = if zone.is_some() {
                "\"%Y-%m-%dT%H:%M:%S%.6fZ\""
            } else {
                "\"%Y-%m-%dT%H:%M:%S%.6f\""
            };
            plain(time.date_naive()).then(|| time.format(format).to_string())
        }
        DataType::Utf8 => {
            let bounds = bounds.as_string_opt::<i32>()?;
            let bound = if side == Side::Min { min_string(bounds)? } else { max_string(bounds)? };
            Some(serde_json::Value::from(bound).to_string())
        }
        _ => None,
    }
}

fn least<T: ArrowNumericType>(bounds: &ArrayRef, side: Side) -> Option<T::Native> {
    let bounds = bounds.as_primitive_opt::<T>()?;
    if side == Side::Min { min(bounds) } else { max(bounds) }
}

/// Years of four digits: others have no one spelling.
fn plain(date: NaiveDate) -> bool {
    (0..=9999).contains(&date.year())
}

fn decimal(unscaled: i128, scale: i8) -> String {
    let scale = usize::try_from(scale).unwrap_or(0);
    let sign = if unscaled < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", unscaled.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}
