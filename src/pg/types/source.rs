//! Reads Arrow arrays value by value, whatever their layout.

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BinaryViewArray, BooleanArray, FixedSizeBinaryArray,
    LargeBinaryArray, LargeStringArray, StringArray, StringViewArray,
};
use arrow::buffer::{NullBuffer, ScalarBuffer};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type,
    DurationMicrosecondType, DurationMillisecondType, DurationNanosecondType, DurationSecondType,
    Field, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    IntervalDayTime, IntervalDayTimeType, IntervalMonthDayNano, IntervalMonthDayNanoType,
    IntervalUnit, IntervalYearMonthType, Time32MillisecondType, Time32SecondType,
    Time64MicrosecondType, Time64NanosecondType, TimeUnit, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type, i256,
};
use lakegate_base::Error;

use crate::error::{Report, Result};
use crate::types::oid::{self, Kind};

/// One value that is not NULL, in the units of Postgres.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scalar<'a> {
    Bool(bool),
    Int(i64),
    UInt(u64),
    Float4(f32),
    Float8(f64),
    Decimal {
        unscaled: i256,
        scale: i8,
    },
    Text(&'a str),
    Bytes(&'a [u8]),
    /// Days since 1970.
    Date(i64),
    /// Microseconds since midnight.
    Time(i64),
    /// Microseconds since 1970, local.
    Timestamp(i64),
    /// Microseconds since 1970, UTC.
    Instant(i64),
    Interval {
        months: i32,
        days: i32,
        micros: i64,
    },
    List {
        items: &'a Values,
        start: usize,
        end: usize,
    },
    Struct {
        fields: &'a [(String, Values)],
        row: usize,
    },
    Map {
        keys: &'a Values,
        values: &'a Values,
        start: usize,
        end: usize,
    },
}

/// An array, its layout resolved once.
#[derive(Debug)]
pub(crate) struct Values {
    source: Source,
    nulls: Option<NullBuffer>,
    len: usize,
    /// Its texts are JSON.
    is_json: bool,
}

/// The layouts of Arrow.
#[derive(Debug)]
pub(crate) enum Source {
    Null,
    Bool(BooleanArray),
    Int8(ScalarBuffer<i8>),
    Int16(ScalarBuffer<i16>),
    Int32(ScalarBuffer<i32>),
    Int64(ScalarBuffer<i64>),
    UInt8(ScalarBuffer<u8>),
    UInt16(ScalarBuffer<u16>),
    UInt32(ScalarBuffer<u32>),
    UInt64(ScalarBuffer<u64>),
    Float16(ScalarBuffer<half>),
    Float32(ScalarBuffer<f32>),
    Float64(ScalarBuffer<f64>),
    Decimal32(ScalarBuffer<i32>, i8),
    Decimal64(ScalarBuffer<i64>, i8),
    Decimal128(ScalarBuffer<i128>, i8),
    Decimal256(ScalarBuffer<i256>, i8),
    Text(StringArray),
    LargeText(LargeStringArray),
    TextView(StringViewArray),
    Bytes(BinaryArray),
    LargeBytes(LargeBinaryArray),
    BytesView(BinaryViewArray),
    FixedBytes(FixedSizeBinaryArray),
    Date32(ScalarBuffer<i32>),
    Date64(ScalarBuffer<i64>),
    Time32(ScalarBuffer<i32>, TimeUnit),
    Time64(ScalarBuffer<i64>, TimeUnit),
    Timestamp(ScalarBuffer<i64>, TimeUnit),
    Instant(ScalarBuffer<i64>, TimeUnit),
    Duration(ScalarBuffer<i64>, TimeUnit),
    Months(ScalarBuffer<i32>),
    DayTime(ScalarBuffer<IntervalDayTime>),
    MonthDayNano(ScalarBuffer<IntervalMonthDayNano>),
    List { offsets: Vec<usize>, items: Box<Values> },
    Struct(Vec<(String, Values)>),
    Map { offsets: Vec<usize>, keys: Box<Values>, values: Box<Values> },
    Dictionary { keys: Vec<usize>, values: Box<Values> },
}

#[expect(non_camel_case_types, reason = "named as the primitive it is")]
type half = <Float16Type as arrow::datatypes::ArrowPrimitiveType>::Native;

impl Values {
    pub fn new(array: &ArrayRef) -> Result<Self> {
        let (source, nulls) = (source(array)?, array.logical_nulls());
        Ok(Self { source, nulls, len: array.len(), is_json: false })
    }

    /// What stands inside another array; only its field says when it is JSON.
    fn inside(field: &Field, array: &ArrayRef) -> Result<Self> {
        let is_json = super::marked(field).is_some_and(|kind| kind == Kind::scalar(&oid::JSON));
        Ok(Self { is_json, ..Self::new(array)? })
    }

    pub fn is_json(&self) -> bool {
        self.is_json
    }

    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Whether a row's value is NULL by its own array; inside a dictionary, `get` tells.
    pub fn is_null(&self, row: usize) -> Result<bool> {
        if row >= self.len {
            return Err(Report::internal("a row lies beyond its batch"));
        }
        Ok(self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)))
    }

    /// The value of a row; none for NULL. Values beyond Postgres's range are refused.
    pub fn get(&self, row: usize) -> Result<Option<Scalar<'_>>> {
        if self.is_null(row)? {
            return Ok(None);
        }
        match &self.source {
            Source::Null => Ok(None),
            Source::Dictionary { keys, values } => values.get(keys[row]),
            source => source.get(row).map(Some),
        }
    }
}

fn source(array: &ArrayRef) -> Result<Source> {
    Ok(match array.data_type() {
        DataType::Null => Source::Null,
        DataType::Boolean => Source::Bool(array.as_boolean().clone()),
        DataType::Int8 => Source::Int8(array.as_primitive::<Int8Type>().values().clone()),
        DataType::Int16 => Source::Int16(array.as_primitive::<Int16Type>().values().clone()),
        DataType::Int32 => Source::Int32(array.as_primitive::<Int32Type>().values().clone()),
        DataType::Int64 => Source::Int64(array.as_primitive::<Int64Type>().values().clone()),
        DataType::UInt8 => Source::UInt8(array.as_primitive::<UInt8Type>().values().clone()),
        DataType::UInt16 => Source::UInt16(array.as_primitive::<UInt16Type>().values().clone()),
        DataType::UInt32 => Source::UInt32(array.as_primitive::<UInt32Type>().values().clone()),
        DataType::UInt64 => Source::UInt64(array.as_primitive::<UInt64Type>().values().clone()),
        DataType::Float16 => Source::Float16(array.as_primitive::<Float16Type>().values().clone()),
        DataType::Float32 => Source::Float32(array.as_primitive::<Float32Type>().values().clone()),
        DataType::Float64 => Source::Float64(array.as_primitive::<Float64Type>().values().clone()),
        DataType::Utf8 => Source::Text(array.as_string().clone()),
        DataType::LargeUtf8 => Source::LargeText(array.as_string().clone()),
        DataType::Utf8View => Source::TextView(array.as_string_view().clone()),
        DataType::Binary => Source::Bytes(array.as_binary().clone()),
        DataType::LargeBinary => Source::LargeBytes(array.as_binary().clone()),
        DataType::BinaryView => Source::BytesView(array.as_binary_view().clone()),
        DataType::FixedSizeBinary(_) => Source::FixedBytes(array.as_fixed_size_binary().clone()),
        DataType::Decimal32(_, scale) => {
            Source::Decimal32(array.as_primitive::<Decimal32Type>().values().clone(), *scale)
        }
        DataType::Decimal64(_, scale) => {
            Source::Decimal64(array.as_primitive::<Decimal64Type>().values().clone(), *scale)
        }
        DataType::Decimal128(_, scale) => {
            Source::Decimal128(array.as_primitive::<Decimal128Type>().values().clone(), *scale)
        }
        DataType::Decimal256(_, scale) => {
            Source::Decimal256(array.as_primitive::<Decimal256Type>().values().clone(), *scale)
        }
        DataType::Date32
        | DataType::Date64
        | DataType::Time32(_)
        | DataType::Time64(_)
        | DataType::Timestamp(..)
        | DataType::Duration(_)
        | DataType::Interval(_) => temporal(array)?,
        _ => nested(array)?,
    })
}

fn temporal(array: &ArrayRef) -> Result<Source> {
    Ok(match array.data_type() {
        DataType::Date32 => Source::Date32(array.as_primitive::<Date32Type>().values().clone()),
        DataType::Date64 => Source::Date64(array.as_primitive::<Date64Type>().values().clone()),
        DataType::Time32(unit) => {
            let values = match unit {
                TimeUnit::Second => array.as_primitive::<Time32SecondType>().values().clone(),
                _ => array.as_primitive::<Time32MillisecondType>().values().clone(),
            };
            Source::Time32(values, *unit)
        }
        DataType::Time64(unit) => {
            let values = match unit {
                TimeUnit::Nanosecond => array.as_primitive::<Time64NanosecondType>().values(),
                _ => array.as_primitive::<Time64MicrosecondType>().values(),
            };
            Source::Time64(values.clone(), *unit)
        }
        DataType::Timestamp(unit, zone) => {
            let values = match unit {
                TimeUnit::Second => array.as_primitive::<TimestampSecondType>().values(),
                TimeUnit::Millisecond => array.as_primitive::<TimestampMillisecondType>().values(),
                TimeUnit::Microsecond => array.as_primitive::<TimestampMicrosecondType>().values(),
                TimeUnit::Nanosecond => array.as_primitive::<TimestampNanosecondType>().values(),
            };
            let values = values.clone();
            match zone {
                Some(_) => Source::Instant(values, *unit),
                None => Source::Timestamp(values, *unit),
            }
        }
        DataType::Duration(unit) => {
            let values = match unit {
                TimeUnit::Second => array.as_primitive::<DurationSecondType>().values(),
                TimeUnit::Millisecond => array.as_primitive::<DurationMillisecondType>().values(),
                TimeUnit::Microsecond => array.as_primitive::<DurationMicrosecondType>().values(),
                TimeUnit::Nanosecond => array.as_primitive::<DurationNanosecondType>().values(),
            };
            Source::Duration(values.clone(), *unit)
        }
        DataType::Interval(IntervalUnit::YearMonth) => {
            Source::Months(array.as_primitive::<IntervalYearMonthType>().values().clone())
        }
        DataType::Interval(IntervalUnit::DayTime) => {
            Source::DayTime(array.as_primitive::<IntervalDayTimeType>().values().clone())
        }
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            Source::MonthDayNano(array.as_primitive::<IntervalMonthDayNanoType>().values().clone())
        }
        other => return Err(unsupported(other)),
    })
}

fn nested(array: &ArrayRef) -> Result<Source> {
    match array.data_type() {
        DataType::List(item) => {
            let list = array.as_list::<i32>();
            let offsets =
                list.offsets().iter().map(|o| index(i64::from(*o))).collect::<Result<_>>()?;
            Ok(Source::List { offsets, items: Box::new(Values::inside(item, list.values())?) })
        }
        DataType::LargeList(_) => {
            let list = array.as_list::<i64>();
            let offsets =
                list.offsets().iter().map(|offset| index(*offset)).collect::<Result<_>>()?;
            Ok(Source::List { offsets, items: Box::new(Values::new(list.values())?) })
        }
        DataType::FixedSizeList(..) => {
            let list = array.as_fixed_size_list();
            let width = index(i64::from(list.value_length()))?;
            let offsets = (0..=list.len()).map(|row| row * width).collect();
            Ok(Source::List { offsets, items: Box::new(Values::new(list.values())?) })
        }
        DataType::Struct(fields) => {
            let columns = array.as_struct().columns();
            let named = fields.iter().zip(columns).map(|(field, column)| {
                Values::inside(field, column).map(|values| (field.name().clone(), values))
            });
            Ok(Source::Struct(named.collect::<Result<_>>()?))
        }
        DataType::Map(..) => {
            let map = array.as_map();
            let offsets =
                map.offsets().iter().map(|o| index(i64::from(*o))).collect::<Result<_>>()?;
            let keys = Box::new(Values::new(map.keys())?);
            let values = Values::inside(map.entries_fields().1, map.values())?;
            Ok(Source::Map { offsets, keys, values: Box::new(values) })
        }
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            if dictionary.values().is_empty() {
                return Ok(Source::Null);
            }
            let keys = dictionary.normalized_keys();
            Ok(Source::Dictionary { keys, values: Box::new(Values::new(dictionary.values())?) })
        }
        DataType::ListView(item) => flattened(array, &DataType::List(item.clone())),
        DataType::LargeListView(item) => flattened(array, &DataType::LargeList(item.clone())),
        DataType::RunEndEncoded(_, values) => flattened(array, values.data_type()),
        other => Err(unsupported(other)),
    }
}

fn flattened(array: &ArrayRef, to: &DataType) -> Result<Source> {
    source(&cast(array, to).map_err(|_| unsupported(array.data_type()))?)
}

fn unsupported(data_type: &DataType) -> Report {
    Error::unsupported(format!("columns of type {data_type}")).into()
}

fn index(offset: i64) -> Result<usize> {
    usize::try_from(offset).map_err(|_| Report::internal("a list has a negative offset"))
}

impl Source {
    fn get(&self, row: usize) -> Result<Scalar<'_>> {
        Ok(match self {
            Self::Bool(values) => Scalar::Bool(values.value(row)),
            Self::Int8(values) => Scalar::Int(i64::from(values[row])),
            Self::Int16(values) => Scalar::Int(i64::from(values[row])),
            Self::Int32(values) => Scalar::Int(i64::from(values[row])),
            Self::Int64(values) => Scalar::Int(values[row]),
            Self::UInt8(values) => Scalar::Int(i64::from(values[row])),
            Self::UInt16(values) => Scalar::Int(i64::from(values[row])),
            Self::UInt32(values) => Scalar::Int(i64::from(values[row])),
            Self::UInt64(values) => Scalar::UInt(values[row]),
            Self::Float16(values) => Scalar::Float4(f32::from(values[row])),
            Self::Float32(values) => Scalar::Float4(values[row]),
            Self::Float64(values) => Scalar::Float8(values[row]),
            Self::Decimal32(values, scale) => decimal(i256::from_i128(values[row].into()), *scale),
            Self::Decimal64(values, scale) => decimal(i256::from_i128(values[row].into()), *scale),
            Self::Decimal128(values, scale) => decimal(i256::from_i128(values[row]), *scale),
            Self::Decimal256(values, scale) => decimal(values[row], *scale),
            Self::Text(values) => Scalar::Text(values.value(row)),
            Self::LargeText(values) => Scalar::Text(values.value(row)),
            Self::TextView(values) => Scalar::Text(values.value(row)),
            Self::Bytes(values) => Scalar::Bytes(values.value(row)),
            Self::LargeBytes(values) => Scalar::Bytes(values.value(row)),
            Self::BytesView(values) => Scalar::Bytes(values.value(row)),
            Self::FixedBytes(values) => Scalar::Bytes(values.value(row)),
            Self::Date32(values) => Scalar::Date(i64::from(values[row])),
            Self::Date64(values) => Scalar::Date(values[row].div_euclid(86_400_000)),
            Self::Time32(values, unit) => Scalar::Time(micros(i64::from(values[row]), *unit)?),
            Self::Time64(values, unit) => Scalar::Time(micros(values[row], *unit)?),
            Self::Timestamp(values, unit) => Scalar::Timestamp(micros(values[row], *unit)?),
            Self::Instant(values, unit) => Scalar::Instant(micros(values[row], *unit)?),
            Self::Duration(values, unit) => duration(micros(values[row], *unit)?)?,
            Self::Months(values) => Scalar::Interval { months: values[row], days: 0, micros: 0 },
            Self::DayTime(values) => {
                let IntervalDayTime { days, milliseconds } = values[row];
                Scalar::Interval { months: 0, days, micros: i64::from(milliseconds) * 1_000 }
            }
            Self::MonthDayNano(values) => {
                let IntervalMonthDayNano { months, days, nanoseconds } = values[row];
                // Truncated towards zero, so that a negative interval mirrors its positive one.
                Scalar::Interval { months, days, micros: nanoseconds / 1_000 }
            }
            Self::List { offsets, items } => {
                Scalar::List { items, start: offsets[row], end: offsets[row + 1] }
            }
            Self::Struct(fields) => Scalar::Struct { fields, row },
            Self::Map { offsets, keys, values } => {
                Scalar::Map { keys, values, start: offsets[row], end: offsets[row + 1] }
            }
            Self::Null | Self::Dictionary { .. } => {
                return Err(Report::internal("a value was read through the wrong layout"));
            }
        })
    }
}

fn decimal(unscaled: i256, scale: i8) -> Scalar<'static> {
    Scalar::Decimal { unscaled, scale }
}

/// The difference of two moments: whole days apart from the rest.
fn duration(micros: i64) -> Result<Scalar<'static>> {
    const DAY_MICROS: i64 = 86_400_000_000;
    let days = i32::try_from(micros / DAY_MICROS)
        .map_err(|_| Report::new("22008", "interval out of range"))?;
    Ok(Scalar::Interval { months: 0, days, micros: micros % DAY_MICROS })
}

/// Postgres keeps microseconds: nanoseconds are cut towards the past.
fn micros(value: i64, unit: TimeUnit) -> Result<i64> {
    let range = || Report::new("22008", "timestamp out of range");
    match unit {
        TimeUnit::Second => value.checked_mul(1_000_000).ok_or_else(range),
        TimeUnit::Millisecond => value.checked_mul(1_000).ok_or_else(range),
        TimeUnit::Microsecond => Ok(value),
        TimeUnit::Nanosecond => Ok(value.div_euclid(1_000)),
    }
}
