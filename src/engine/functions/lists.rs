//! Functions of arrays: their bounds, and what DataFusion answers with other types.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, ListArray, StringBuilder};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Field, Int64Type};
use datafusion::error::Result;
use datafusion::functions_nested::position;
use datafusion::logical_expr::ScalarUDF;

use super::bounded::narrowed;
use super::columns::{Call, Columns, Given, columns, invalid, plain};
use super::scalar::too_large;

/// The most elements that are made of nothing.
const ELEMENTS_MAX: i64 = 1 << 20;

pub fn functions() -> Vec<ScalarUDF> {
    let int4 = |_: &Given<'_>| plain(DataType::Int32);
    let like = |g: &Given<'_>| plain(g.data_type(0).clone());
    let functions = vec![
        columns("array_length", list_and_int, int4, length),
        columns("array_upper", list_and_int, int4, length),
        columns("array_lower", list_and_int, int4, length),
        columns("cardinality", list_or_map, int4, cardinality),
        columns("array_ndims", one_list, int4, dimensions),
        columns("array_dims", one_list, |_| plain(DataType::Utf8), dims),
        columns("trim_array", list_and_int, like, trim),
        columns("array_fill", accept_fill, fill_type, fill),
    ];
    let mut functions: Vec<ScalarUDF> = functions.into_iter().map(Columns::udf).collect();
    functions.push(narrowed(position::array_position_udf()));
    functions.push(narrowed(position::array_positions_udf()));
    functions
}

fn plain_list(given: &DataType) -> Option<DataType> {
    match given {
        DataType::List(_) => Some(given.clone()),
        DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            Some(DataType::List(Arc::clone(item)))
        }
        _ => None,
    }
}

fn one_list(given: &[DataType]) -> Option<Vec<DataType>> {
    let [list] = given else { return None };
    Some(vec![plain_list(list)?])
}

/// Of a map, its entries are counted.
fn list_or_map(given: &[DataType]) -> Option<Vec<DataType>> {
    match given {
        [map @ DataType::Map(..)] => Some(vec![map.clone()]),
        other => one_list(other),
    }
}

fn list_and_int(given: &[DataType]) -> Option<Vec<DataType>> {
    let [list, _] = given else { return None };
    Some(vec![plain_list(list)?, DataType::Int64])
}

/// The lengths of an array along its dimensions, from outside in; none of an empty one.
fn lengths(list: &ArrayRef, row: usize) -> Vec<usize> {
    let mut lengths = Vec::new();
    let mut here = list.slice(row, 1);
    while let Some(lists) = here.as_list_opt::<i32>() {
        if lists.is_empty() || lists.is_null(0) || lists.value(0).is_empty() {
            break;
        }
        lengths.push(lists.value(0).len());
        here = lists.value(0);
    }
    lengths
}

fn length(call: &Call<'_>) -> Result<ArrayRef> {
    let list = call.column(0)?;
    let wanted = call.column(1)?.as_primitive::<Int64Type>();
    let is_lower = call.name == "array_lower";
    let values = (0..call.rows).map(|row| {
        if list.is_null(row) || wanted.is_null(row) {
            return None;
        }
        let dimension = usize::try_from(wanted.value(row) - 1).ok()?;
        let length = *lengths(list, row).get(dimension)?;
        if is_lower { Some(1) } else { i32::try_from(length).ok() }
    });
    Ok(Arc::new(Int32Array::from_iter(values)))
}

fn cardinality(call: &Call<'_>) -> Result<ArrayRef> {
    let list = call.column(0)?;
    if let Some(maps) = list.as_map_opt() {
        let entries = |row| maps.is_valid(row).then(|| i32::try_from(maps.value(row).len()).ok());
        let counts = (0..call.rows).map(|row| entries(row).flatten());
        return Ok(Arc::new(Int32Array::from_iter(counts)));
    }
    let values = (0..call.rows).map(|row| {
        let known = list.is_valid(row).then(|| lengths(list, row))?;
        let all = if known.is_empty() { 0 } else { known.iter().product() };
        i32::try_from(all).ok()
    });
    Ok(Arc::new(Int32Array::from_iter(values)))
}

fn dimensions(call: &Call<'_>) -> Result<ArrayRef> {
    let list = call.column(0)?;
    let values = (0..call.rows).map(|row| {
        let known = list.is_valid(row).then(|| lengths(list, row).len())?;
        i32::try_from(known).ok().filter(|n| *n > 0)
    });
    Ok(Arc::new(Int32Array::from_iter(values)))
}

fn dims(call: &Call<'_>) -> Result<ArrayRef> {
    let list = call.column(0)?;
    let mut out = StringBuilder::new();
    for row in 0..call.rows {
        let known = if list.is_valid(row) { lengths(list, row) } else { Vec::new() };
        let text: String = known.iter().map(|length| format!("[1:{length}]")).collect();
        out.append_option(Some(text).filter(|text| !text.is_empty()));
    }
    Ok(Arc::new(out.finish()))
}

/// Without its last elements.
fn trim(call: &Call<'_>) -> Result<ArrayRef> {
    let lists = call.column(0)?.as_list::<i32>();
    let counts = call.column(1)?.as_primitive::<Int64Type>();
    let mut kept: Vec<i64> = Vec::new();
    let mut sizes = Vec::new();
    let mut valid = Vec::new();
    for row in 0..call.rows {
        if lists.is_null(row) || counts.is_null(row) {
            sizes.push(0);
            valid.push(false);
            continue;
        }
        let length = i64::from(lists.value_length(row));
        let count = counts.value(row);
        if !(0..=length).contains(&count) {
            let message = format!("number of elements to trim must be between 0 and {length}");
            return Err(invalid(message));
        }
        let from = i64::from(lists.value_offsets()[row]);
        kept.extend(from..from + length - count);
        sizes.push(usize::try_from(length - count).unwrap_or(0));
        valid.push(true);
    }
    let places: ArrayRef = Arc::new(arrow::array::Int64Array::from(kept));
    let values = take(lists.values(), &places, None)?;
    let DataType::List(field) = call.result else { return Err(invalid("an array is needed")) };
    let offsets = OffsetBuffer::from_lengths(sizes);
    Ok(Arc::new(ListArray::try_new(field.clone(), offsets, values, Some(valid.into()))?))
}

fn accept_fill(given: &[DataType]) -> Option<Vec<DataType>> {
    let [value, sizes] = given else { return None };
    plain_list(sizes)?;
    Some(vec![value.clone(), DataType::new_list(DataType::Int64, true)])
}

fn fill_type(given: &Given<'_>) -> Result<(DataType, Option<String>)> {
    let item = Field::new_list_field(given.data_type(0).clone(), true);
    plain(DataType::List(Arc::new(item)))
}

/// An array of one dimension.
fn fill(call: &Call<'_>) -> Result<ArrayRef> {
    let sizes = call.column(1)?.as_list::<i32>();
    let mut places: Vec<i64> = Vec::new();
    let mut lengths = Vec::new();
    let mut valid = Vec::new();
    for row in 0..call.rows {
        if sizes.is_null(row) {
            lengths.push(0);
            valid.push(false);
            continue;
        }
        let size = cast(&sizes.value(row), &DataType::Int64)?;
        let size = size.as_primitive::<Int64Type>();
        let count = match size.values().as_ref() {
            [] => 0,
            [count] => (*count).max(0),
            _ => {
                let what = "array_fill with more than one dimension";
                return Err(super::scalar::external(lakegate_base::Error::unsupported(what)));
            }
        };
        let total = i64::try_from(places.len()).unwrap_or(i64::MAX).saturating_add(count);
        if total > ELEMENTS_MAX {
            return Err(too_large());
        }
        let place = i64::try_from(row).unwrap_or(0);
        places.extend(std::iter::repeat_n(place, usize::try_from(count).unwrap_or(0)));
        lengths.push(usize::try_from(count).unwrap_or(0));
        valid.push(true);
    }
    let places: ArrayRef = Arc::new(arrow::array::Int64Array::from(places));
    let values = take(call.column(0)?, &places, None)?;
    let DataType::List(field) = call.result else { return Err(invalid("an array is needed")) };
    let offsets = OffsetBuffer::from_lengths(lengths);
    Ok(Arc::new(ListArray::try_new(field.clone(), offsets, values, Some(valid.into()))?))
}
