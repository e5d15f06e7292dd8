//! `generate_series` of numbers, moments and dates, as one list per row.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Int32Builder, Int64Builder, ListBuilder, TimestampMicrosecondBuilder,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Int64Type, TimestampMicrosecondType};
use datafusion::error::Result;

use super::interval::{self, Interval};
use super::overlaps::moved;
use crate::functions::columns::{Call, Columns, columns, instant, invalid, plain, timestamp};
use crate::functions::scalar::too_large;
use crate::functions::timezone::{self, Zone};

/// The most elements one row's list may get, and all rows of a batch together.
const ELEMENTS_MAX: usize = 1 << 20;

pub fn function() -> Columns {
    columns("generate_series", accept, |given| plain(list_of(given.data_type(0))), series).stable()
}

fn list_of(element: &DataType) -> DataType {
    DataType::List(Arc::new(Field::new_list_field(element.clone(), true)))
}

fn accept(given: &[DataType]) -> Option<Vec<DataType>> {
    if given.len() < 2 || given.len() > 3 {
        return None;
    }
    let has_zone = |t: &DataType| {
        matches!(t, DataType::Timestamp(_, Some(_)) | DataType::Date32 | DataType::Date64)
    };
    if given[..2].iter().any(DataType::is_temporal) {
        let moment = if given[..2].iter().any(has_zone) { instant() } else { timestamp() };
        return (given.len() == 3).then(|| vec![moment.clone(), moment, interval::DATA_TYPE]);
    }
    let is_small = |t: &DataType| {
        matches!(t, DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Null)
    };
    let is_integer = |t: &DataType| t.is_integer() || t.is_string() || *t == DataType::Null;
    if !given.iter().all(is_integer) {
        return None;
    }
    let number = if given.iter().all(is_small) { DataType::Int32 } else { DataType::Int64 };
    Some(vec![number; given.len()])
}

fn series(call: &Call<'_>) -> Result<ArrayRef> {
    match call.column(0)?.data_type() {
        DataType::Timestamp(_, zone) => {
            let zone = match zone {
                Some(_) => timezone::parse(call.zone)?,
                None => Zone::UTC,
            };
            moments(call, zone)
        }
        _ => integers(call),
    }
}

fn integers(call: &Call<'_>) -> Result<ArrayRef> {
    let column = |at: usize| -> Result<Option<ArrayRef>> {
        call.columns.get(at).map(|c| Ok(cast(c, &DataType::Int64)?)).transpose()
    };
    let (starts, stops, steps) = (column(0)?, column(1)?, column(2)?);
    let value = |column: &Option<ArrayRef>, row: usize| {
        let column = column.as_ref()?;
        column.is_valid(row).then(|| column.as_primitive::<Int64Type>().value(row))
    };
    let is_small = *call.column(0)?.data_type() == DataType::Int32;
    let mut wide = ListBuilder::new(Int64Builder::new());
    let mut small = ListBuilder::new(Int32Builder::new());
    let mut total = 0_usize;
    for row in 0..call.rows {
        let step = if steps.is_some() { value(&steps, row) } else { Some(1) };
        if let (Some(start), Some(stop), Some(step)) =
            (value(&starts, row), value(&stops, row), step)
        {
            if step == 0 {
                return Err(invalid("step size cannot equal zero"));
            }
            let mut next = Some(start);
            while let Some(at) = next.filter(|at| if step > 0 { *at <= stop } else { *at >= stop })
            {
                total += 1;
                if total > ELEMENTS_MAX {
                    return Err(too_large());
                }
                match is_small {
                    true => small.values().append_option(i32::try_from(at).ok()),
                    false => wide.values().append_value(at),
                }
                next = at.checked_add(step);
            }
        }
        match is_small {
            true => small.append(true),
            false => wide.append(true),
        }
    }
    Ok(if is_small { Arc::new(small.finish()) } else { Arc::new(wide.finish()) })
}

/// Days and months are those of the session's clocks.
fn moments(call: &Call<'_>, zone: Zone) -> Result<ArrayRef> {
    let starts = call.column(0)?.as_primitive::<TimestampMicrosecondType>();
    let stops = call.column(1)?.as_primitive::<TimestampMicrosecondType>();
    let steps = interval::column(call.column(2)?)?;
    let values =
        TimestampMicrosecondBuilder::new().with_data_type(call.column(0)?.data_type().clone());
    let mut lists = ListBuilder::new(values);
    let mut total = 0_usize;
    for row in 0..call.rows {
        if starts.is_valid(row) && stops.is_valid(row) && steps.is_valid(row) {
            let step = Interval::of(steps.value(row));
            let (stop, mut at) = (stops.value(row), starts.value(row));
            if step.worth() == 0 {
                return Err(invalid("step size cannot equal zero"));
            }
            let forward = step.worth() > 0;
            while if forward { at <= stop } else { at >= stop } {
                total += 1;
                if total > ELEMENTS_MAX {
                    return Err(too_large());
                }
                lists.values().append_value(at);
                let next = match step {
                    Interval { months: 0, days: 0, micros } => at.checked_add(micros),
                    _ => Some(zone.instant(moved(zone.reading(at)?, step)?)?),
                };
                // A step over a clock's jump could stand still.
                match next {
                    Some(next) if (next > at) == forward && next != at => at = next,
                    _ => break,
                }
            }
        }
        lists.append(true);
    }
    Ok(Arc::new(lists.finish()))
}
