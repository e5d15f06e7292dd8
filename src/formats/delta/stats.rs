//! File statistics: JSON text in the log, bounds per column here. A bound that is not surely true is left
//! out: pruning by a wrong one loses rows, pruning without one only takes longer.

use std::mem::{replace, take};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, Decimal128Array, PrimitiveArray, StringArray, UInt64Array,
};
use arrow::datatypes::{
    ArrowNativeType, DataType, Date32Type, Field, Int8Type, Int16Type, Int32Type, Int64Type,
    TimeUnit, TimestampMicrosecondType,
};
use serde::Deserialize;
use serde_json::Value;

use super::partition::{date, decimal, timestamp_ntz, zoned};
use crate::ColumnBounds;
use crate::variant::is_variant;

/// Writers cut long texts here. A maximum of just this length may be a cut one, which bounds nothing.
const TEXT_CUT_CHARS: usize = 32;
/// Timestamps in statistics are cut to milliseconds: the true maximum is up to this much later.
const TIMESTAMP_CUT_US: i64 = 999;
/// Decimals are JSON numbers, read as doubles: this many digits are exact in one.
const DOUBLE_DIGITS: u8 = 15;

/// One file's statistics.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct FileStats {
    num_records: Option<Value>,
    tight_bounds: Option<Value>,
    min_values: Option<Value>,
    max_values: Option<Value>,
    null_count: Option<Value>,
}

impl FileStats {
    /// Tolerates what writers leave behind: nothing, `null`, the text `"null"`, damaged JSON. It is a hint.
    pub(super) fn parse(text: Option<&str>) -> Self {
        text.and_then(|text| serde_json::from_str::<Option<Self>>(text).ok().flatten())
            .unwrap_or_default()
    }

    pub(super) fn rows(&self) -> Option<u64> {
        self.num_records.as_ref()?.as_u64()
    }

    /// Rows were deleted, whatever the writer says of it.
    pub(super) fn loosen(&mut self) {
        self.tight_bounds = Some(Value::Bool(false));
    }

    /// False after rows were deleted without rewriting the file: minimum and maximum still hold.
    fn tight(&self) -> bool {
        !matches!(self.tight_bounds, Some(Value::Bool(false)))
    }
}

/// Gathers the bounds of one top-level column.
pub(super) struct Gatherer {
    column: usize,
    /// The column's name in statistics.
    name: String,
    data_type: DataType,
    min: Vec<Option<Bound>>,
    max: Vec<Option<Bound>>,
    nulls: Vec<Option<u64>>,
    tight: bool,
}

enum Bound {
    Whole(i64),
    Decimal(i128),
    Text(Box<str>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Min,
    Max,
}

impl Gatherer {
    /// None for columns that get no bounds.
    pub(super) fn new(column: usize, name: &str, field: &Field) -> Option<Self> {
        if field.data_type().is_nested() || is_variant(field) {
            return None;
        }
        let (name, data_type) = (name.to_string(), field.data_type().clone());
        let (min, max, nulls) = (vec![], vec![], vec![]);
        Some(Self { column, name, data_type, min, max, nulls, tight: true })
    }

    pub(super) fn push(&mut self, stats: &FileStats) {
        let of = |values: &'_ Option<Value>| values.as_ref()?.as_object()?.get(&self.name).cloned();
        self.min.push(
            of(&stats.min_values).and_then(|value| bound(&value, &self.data_type, Side::Min)),
        );
        self.max.push(
            of(&stats.max_values).and_then(|value| bound(&value, &self.data_type, Side::Max)),
        );
        let nulls = of(&stats.null_count).and_then(|value| value.as_u64());
        self.nulls.push(nulls.filter(|_| stats.tight()));
        self.tight &= stats.tight();
    }

    /// The bounds since the last call; none when no file says anything. Exact are those of types that writers
    /// neither cut nor round.
    pub(super) fn take(&mut self) -> Option<ColumnBounds> {
        let (min, max) = (take(&mut self.min), take(&mut self.max));
        let nulls = take(&mut self.nulls);
        let is_whole = self.data_type.is_integer() || self.data_type == DataType::Date32;
        let exact = replace(&mut self.tight, true) && is_whole;
        let known = |bounds: &[Option<Bound>]| bounds.iter().any(Option::is_some);
        if !known(&min) && !known(&max) && !nulls.iter().any(Option::is_some) {
            return None;
        }
        let nulls = UInt64Array::from(nulls);
        let min = array(&min, &self.data_type)?;
        let max = array(&max, &self.data_type)?;
        Some(ColumnBounds { column: self.column, min, max, nulls, exact })
    }
}

fn bound(value: &Value, data_type: &DataType, side: Side) -> Option<Bound> {
    let text = value.as_str();
    match data_type {
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => {
            let whole = value.as_i64()?;
            fits(whole, data_type).then_some(Bound::Whole(whole))
        }
        DataType::Date32 => Some(Bound::Whole(date(text?)?.into())),
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            // Without a zone an instant is a guess, and with one a wall clock is.
            let micros = if zone.is_some() { zoned(text?)? } else { timestamp_ntz(text?)? };
            let late = if side == Side::Max { TIMESTAMP_CUT_US } else { 0 };
            Some(Bound::Whole(micros.checked_add(late)?))
        }
        DataType::Decimal128(precision, scale) => {
            let number = match value {
                Value::Number(n) if n.is_i64() || *precision <= DOUBLE_DIGITS => n.to_string(),
                Value::String(text) => text.clone(),
                _ => return None,
            };
            decimal(&number, *precision, *scale).map(Bound::Decimal)
        }
        DataType::Utf8 => {
            let text = text?;
            let cut = side == Side::Max && text.chars().count() == TEXT_CUT_CHARS;
            (!cut).then(|| Bound::Text(text.into()))
        }
        // Floats: statistics pass over NaN, which the engine orders last. Booleans and binary have none.
        _ => None,
    }
}

fn fits(value: i64, data_type: &DataType) -> bool {
    match data_type {
        DataType::Int8 => i8::try_from(value).is_ok(),
        DataType::Int16 => i16::try_from(value).is_ok(),
        DataType::Int32 => i32::try_from(value).is_ok(),
        _ => true,
    }
}

fn array(bounds: &[Option<Bound>], data_type: &DataType) -> Option<ArrayRef> {
    Some(match data_type {
        DataType::Int8 => wholes::<Int8Type>(bounds),
        DataType::Int16 => wholes::<Int16Type>(bounds),
        DataType::Int32 => wholes::<Int32Type>(bounds),
        DataType::Int64 => wholes::<Int64Type>(bounds),
        DataType::Date32 => wholes::<Date32Type>(bounds),
        DataType::Timestamp(..) => {
            arrow::compute::cast(&wholes::<TimestampMicrosecondType>(bounds), data_type).ok()?
        }
        DataType::Decimal128(precision, scale) => {
            let values = bounds.iter().map(|bound| match bound {
                Some(Bound::Decimal(value)) => Some(*value),
                _ => None,
            });
            let array = values.collect::<Decimal128Array>();
            Arc::new(array.with_precision_and_scale(*precision, *scale).ok()?)
        }
        DataType::Utf8 => {
            let values = bounds.iter().map(|bound| match bound {
                Some(Bound::Text(text)) => Some(&**text),
                _ => None,
            });
            Arc::new(values.collect::<StringArray>())
        }
        other => arrow::array::new_null_array(other, bounds.len()),
    })
}

fn wholes<T: ArrowPrimitiveType>(bounds: &[Option<Bound>]) -> ArrayRef
where
    T::Native: TryFrom<i64> + ArrowNativeType,
{
    let values = bounds.iter().map(|bound| match bound {
        Some(Bound::Whole(value)) => T::Native::try_from(*value).ok(),
        _ => None,
    });
    Arc::new(values.collect::<PrimitiveArray<T>>()) as Arc<dyn Array>
}
