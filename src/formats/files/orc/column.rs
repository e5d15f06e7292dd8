//! Columns of a stripe, as Arrow arrays. A column is read forward, some rows at a time.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float32Array,
    Float64Array, Int8Array, Int16Array, Int32Array, Int64Array, ListArray, MapArray, StringArray,
    StructArray, TimestampMicrosecondArray, UInt64Array, new_null_array,
};
use arrow::buffer::{BooleanBuffer, NullBuffer, OffsetBuffer};
use arrow::compute::take;
use arrow::datatypes::{DataType, FieldRef, Fields};

use super::Decoded;
use super::packed::Packed;
use super::runs::{Bits, ByteRuns, IntRuns};
use super::time::Clock;

/// Text, and items of lists, in one batch of one column.
const BATCH_BYTES_MAX: usize = 256 << 20;
const BATCH_ITEMS_MAX: usize = 1 << 25;

pub(super) struct Column {
    pub data_type: DataType,
    /// Which rows have a value; absent: all.
    pub present: Option<Bits>,
    pub values: Values,
}

pub(super) enum Values {
    Boolean(Bits),
    Byte(ByteRuns),
    /// Short, int, long and date.
    Integer(IntRuns),
    /// Float and double.
    Float(Packed),
    /// Text and binary.
    Direct {
        lengths: IntRuns,
        data: Packed,
    },
    Dictionary {
        indices: IntRuns,
        entries: ArrayRef,
    },
    Timestamp {
        seconds: IntRuns,
        nanos: IntRuns,
        clock: Clock,
    },
    Decimal {
        data: Packed,
        scales: IntRuns,
    },
    List {
        lengths: IntRuns,
        item: Box<Column>,
    },
    Map {
        lengths: IntRuns,
        key: Box<Column>,
        value: Box<Column>,
    },
    Struct(Vec<Column>),
}

impl Column {
    /// The next rows. Those that are null in `parent` are not in the file at all.
    pub(super) fn read(&mut self, rows: usize, parent: Option<&NullBuffer>) -> Decoded<ArrayRef> {
        let nulls = self.nulls(rows, parent)?;
        let count = rows - nulls.as_ref().map_or(0, NullBuffer::null_count);
        let data_type = self.data_type.clone();
        match &mut self.values {
            Values::Boolean(bits) => {
                let values = (0..count).map(|_| bits.next()).collect::<Decoded<Vec<bool>>>()?;
                let values = BooleanBuffer::from(spread(values, nulls.as_ref()));
                Ok(Arc::new(BooleanArray::new(values, nulls)))
            }
            Values::Byte(bytes) => {
                let values = (0..count).map(|_| bytes.next().map(u8::cast_signed));
                let values = spread(values.collect::<Decoded<Vec<i8>>>()?, nulls.as_ref());
                Ok(Arc::new(Int8Array::new(values.into(), nulls)))
            }
            Values::Integer(runs) => integers(runs.take(count)?, &data_type, nulls),
            Values::Float(data) => floats(data, count, &data_type, nulls),
            Values::Direct { lengths, data } => {
                let lengths = lengths.take(count)?;
                direct(&lengths, data, &data_type, nulls)
            }
            Values::Dictionary { indices, entries } => {
                dictionary(indices.take(count)?, entries, nulls)
            }
            Values::Timestamp { seconds, nanos, clock } => {
                let (seconds, nanos) = (seconds.take(count)?, nanos.take(count)?);
                let values = seconds.into_iter().zip(nanos).map(|(s, n)| clock.micros(s, n));
                let values = spread(values.collect::<Decoded<Vec<i64>>>()?, nulls.as_ref());
                let array = TimestampMicrosecondArray::new(values.into(), nulls);
                Ok(Arc::new(array.with_data_type(data_type)))
            }
            Values::Decimal { data, scales } => {
                decimals(data, scales.take(count)?, &data_type, nulls)
            }
            Values::List { lengths, item } => list(&lengths.take(count)?, item, &data_type, nulls),
            Values::Map { lengths, key, value } => {
                map(&lengths.take(count)?, key, value, &data_type, nulls)
            }
            Values::Struct(columns) => structure(columns, rows, &data_type, nulls),
        }
    }

    fn nulls(&mut self, rows: usize, parent: Option<&NullBuffer>) -> Decoded<Option<NullBuffer>> {
        let Some(present) = &mut self.present else { return Ok(parent.cloned()) };
        let bit = |row| match parent.is_some_and(|parent| parent.is_null(row)) {
            true => Ok(false),
            false => present.next(),
        };
        let bits = (0..rows).map(bit).collect::<Decoded<Vec<bool>>>()?;
        Ok(Some(NullBuffer::from(bits)))
    }
}

/// Values stand only for rows that have one.
fn spread<T: Copy + Default>(values: Vec<T>, nulls: Option<&NullBuffer>) -> Vec<T> {
    let Some(nulls) = nulls.filter(|nulls| nulls.null_count() > 0) else { return values };
    let mut values = values.into_iter();
    let row = |valid| if valid { values.next().unwrap_or_default() } else { T::default() };
    nulls.iter().map(row).collect()
}

fn narrowed<T: TryFrom<i64> + Copy + Default>(
    values: Vec<i64>,
    nulls: Option<&NullBuffer>,
) -> Decoded<Vec<T>> {
    let values = values.into_iter().map(T::try_from).collect::<Result<Vec<T>, _>>();
    Ok(spread(values.map_err(|_| "a number is too large for its type")?, nulls))
}

fn integers(
    values: Vec<i64>,
    data_type: &DataType,
    nulls: Option<NullBuffer>,
) -> Decoded<ArrayRef> {
    let known = nulls.as_ref();
    Ok(match data_type {
        DataType::Int16 => Arc::new(Int16Array::new(narrowed(values, known)?.into(), nulls)),
        DataType::Int32 => Arc::new(Int32Array::new(narrowed(values, known)?.into(), nulls)),
        DataType::Date32 => Arc::new(Date32Array::new(narrowed(values, known)?.into(), nulls)),
        _ => Arc::new(Int64Array::new(spread(values, known).into(), nulls)),
    })
}

fn floats(
    data: &mut Packed,
    count: usize,
    data_type: &DataType,
    nulls: Option<NullBuffer>,
) -> Decoded<ArrayRef> {
    let mut bytes = Vec::new();
    if *data_type == DataType::Float32 {
        data.take(count * 4, &mut bytes)?;
        let values = bytes.as_chunks().0.iter().map(|chunk| f32::from_le_bytes(*chunk));
        let values = spread(values.collect(), nulls.as_ref());
        return Ok(Arc::new(Float32Array::new(values.into(), nulls)));
    }
    data.take(count * 8, &mut bytes)?;
    let values = bytes.as_chunks().0.iter().map(|chunk| f64::from_le_bytes(*chunk));
    let values = spread(values.collect(), nulls.as_ref());
    Ok(Arc::new(Float64Array::new(values.into(), nulls)))
}

/// Where each row's part ends; rows without a value have none.
fn offsets(
    lengths: &[i64],
    nulls: Option<&NullBuffer>,
    most: usize,
) -> Decoded<(OffsetBuffer<i32>, usize)> {
    let too_much = "its rows are too large";
    let (mut total, mut sizes) = (0_usize, Vec::with_capacity(lengths.len()));
    for length in lengths {
        let length = usize::try_from(*length).map_err(|_| "a length is negative")?;
        total = total.checked_add(length).filter(|total| *total <= most).ok_or(too_much)?;
        sizes.push(length);
    }
    Ok((OffsetBuffer::from_lengths(spread(sizes, nulls)), total))
}

fn direct(
    lengths: &[i64],
    data: &mut Packed,
    data_type: &DataType,
    nulls: Option<NullBuffer>,
) -> Decoded<ArrayRef> {
    let (offsets, total) = offsets(lengths, nulls.as_ref(), BATCH_BYTES_MAX)?;
    let mut bytes = Vec::new();
    data.take(total, &mut bytes)?;
    bytes_array(offsets, bytes, data_type, nulls)
}

fn bytes_array(
    offsets: OffsetBuffer<i32>,
    bytes: Vec<u8>,
    data_type: &DataType,
    nulls: Option<NullBuffer>,
) -> Decoded<ArrayRef> {
    if *data_type == DataType::Binary {
        let array = BinaryArray::try_new(offsets, bytes.into(), nulls);
        return Ok(Arc::new(array.map_err(|_| "its binary values are damaged")?));
    }
    let array = StringArray::try_new(offsets, bytes.into(), nulls);
    Ok(Arc::new(array.map_err(|_| "its text is not valid UTF-8")?))
}

/// The entries of a dictionary.
pub(super) fn entries(
    lengths: &[i64],
    data: &mut Packed,
    data_type: &DataType,
) -> Decoded<ArrayRef> {
    direct(lengths, data, data_type, None)
}

fn dictionary(
    indices: Vec<i64>,
    entries: &ArrayRef,
    nulls: Option<NullBuffer>,
) -> Decoded<ArrayRef> {
    let rows = nulls.as_ref().map_or(indices.len(), NullBuffer::len);
    if indices.is_empty() {
        return Ok(new_null_array(entries.data_type(), rows));
    }
    let offsets = match entries.data_type() {
        DataType::Binary => return Err("a binary column has a dictionary"),
        _ => arrow::array::AsArray::as_string::<i32>(entries.as_ref()).offsets().clone(),
    };
    let (mut total, mut places) = (0_usize, Vec::with_capacity(indices.len()));
    for index in indices {
        let index = usize::try_from(index).ok().filter(|index| *index < entries.len());
        let index = index.ok_or("a row points outside its dictionary")?;
        let bytes = offsets[index + 1] - offsets[index];
        total = total.saturating_add(usize::try_from(bytes).unwrap_or_default());
        places.push(index as u64);
    }
    if total > BATCH_BYTES_MAX {
        return Err("its rows are too large");
    }
    let places = UInt64Array::new(spread(places, nulls.as_ref()).into(), nulls);
    take(entries.as_ref(), &places, None).map_err(|_| "its dictionary is damaged")
}

/// An integer of any length, in groups of seven bits, zigzag.
fn wide(data: &mut Packed) -> Decoded<i128> {
    let mut value = 0_u128;
    for shift in (0..128).step_by(7) {
        let byte = data.byte()?;
        value |= u128::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok((value >> 1).cast_signed() ^ (value & 1).cast_signed().wrapping_neg());
        }
    }
    Err("a decimal has too many digits")
}

fn decimals(
    data: &mut Packed,
    scales: Vec<i64>,
    data_type: &DataType,
    nulls: Option<NullBuffer>,
) -> Decoded<ArrayRef> {
    let DataType::Decimal128(precision, scale) = *data_type else {
        return Err("a decimal has no precision");
    };
    let mut values = Vec::with_capacity(scales.len());
    for own in scales {
        values.push(rescaled(wide(data)?, i64::from(scale).saturating_sub(own))?);
    }
    let values = spread(values, nulls.as_ref());
    let array = Decimal128Array::new(values.into(), nulls);
    let array = array.with_precision_and_scale(precision, scale);
    Ok(Arc::new(array.map_err(|_| "a decimal has no valid precision")?))
}

/// Writers leave out zeros at the end.
fn rescaled(value: i128, digits: i64) -> Decoded<i128> {
    let exponent = u32::try_from(digits.unsigned_abs()).unwrap_or(u32::MAX);
    let too_large = "a decimal has too many digits";
    let factor = 10_i128.checked_pow(exponent);
    match (digits >= 0, factor) {
        (_, _) if value == 0 => Ok(0),
        (true, Some(factor)) => value.checked_mul(factor).ok_or(too_large),
        (false, Some(factor)) if value % factor == 0 => Ok(value / factor),
        _ => Err(too_large),
    }
}

fn list(
    lengths: &[i64],
    item: &mut Column,
    data_type: &DataType,
    nulls: Option<NullBuffer>,
) -> Decoded<ArrayRef> {
    let DataType::List(field) = data_type else { return Err("a list has no items") };
    let (offsets, total) = offsets(lengths, nulls.as_ref(), BATCH_ITEMS_MAX)?;
    let items = item.read(total, None)?;
    let list = ListArray::try_new(FieldRef::clone(field), offsets, items, nulls);
    Ok(Arc::new(list.map_err(|_| "a list is damaged")?))
}

fn map(
    lengths: &[i64],
    key: &mut Column,
    value: &mut Column,
    data_type: &DataType,
    nulls: Option<NullBuffer>,
) -> Decoded<ArrayRef> {
    let DataType::Map(entries, _) = data_type else { return Err("a map has no entries") };
    let DataType::Struct(fields) = entries.data_type() else { return Err("a map has no entries") };
    let (offsets, total) = offsets(lengths, nulls.as_ref(), BATCH_ITEMS_MAX)?;
    let columns = vec![key.read(total, None)?, value.read(total, None)?];
    let damaged = "a map is damaged, or has a key that is null";
    let pairs = StructArray::try_new(fields.clone(), columns, None).map_err(|_| damaged)?;
    let map = MapArray::try_new(FieldRef::clone(entries), offsets, pairs, nulls, false);
    Ok(Arc::new(map.map_err(|_| damaged)?))
}

fn structure(
    columns: &mut [Column],
    rows: usize,
    data_type: &DataType,
    nulls: Option<NullBuffer>,
) -> Decoded<ArrayRef> {
    let DataType::Struct(fields) = data_type else { return Err("a struct has no fields") };
    let read = |column: &mut Column| column.read(rows, nulls.as_ref());
    let arrays = columns.iter_mut().map(read).collect::<Decoded<Vec<ArrayRef>>>()?;
    if arrays.is_empty() {
        return Ok(Arc::new(StructArray::new_empty_fields(rows, nulls)));
    }
    let built = StructArray::try_new(Fields::clone(fields), arrays, nulls);
    Ok(Arc::new(built.map_err(|_| "a struct is damaged")?))
}
