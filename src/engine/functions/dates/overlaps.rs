//! `(start, end) OVERLAPS (start, end)`, where an end may be an interval after its start.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::datatypes::{DataType, TimestampMicrosecondType};
use datafusion::error::Result;

use super::calendar;
use super::interval::{self, Interval};
use crate::functions::columns::{Call, Columns, columns, instant, plain, timestamp};

/// The function that the operator becomes.
pub const NAME: &str = "overlaps";

pub fn function() -> Columns {
    columns(NAME, accept, |_| plain(DataType::Boolean), overlaps)
}

fn accept(given: &[DataType]) -> Option<Vec<DataType>> {
    if given.len() != 4 {
        return None;
    }
    let has_zone = |t: &DataType| matches!(t, DataType::Timestamp(_, Some(_)));
    let moment = if given.iter().any(has_zone) { instant() } else { timestamp() };
    let kind = |at: usize, given: &DataType| match given {
        length if at % 2 == 1 && interval::is_interval(length) => interval::DATA_TYPE,
        _ => moment.clone(),
    };
    Some(given.iter().enumerate().map(|(at, given)| kind(at, given)).collect())
}

/// An interval moves the start: by months, then days, then the clock.
pub fn moved(micros: i64, by: Interval) -> Result<i64> {
    let (days, of_day) = calendar::split(micros);
    let days = calendar::add_months(days, by.months) + by.days;
    calendar::join(days, of_day)?.checked_add(by.micros).ok_or_else(calendar::out_of_range)
}

fn overlaps(call: &Call<'_>) -> Result<ArrayRef> {
    let moment = |at: usize, row: usize| -> Result<Option<i64>> {
        let column = call.column(at)?;
        Ok(column
            .is_valid(row)
            .then(|| column.as_primitive::<TimestampMicrosecondType>().value(row)))
    };
    let end = |at: usize, row: usize| -> Result<Option<i64>> {
        let column = call.column(at)?;
        if !interval::is_interval(column.data_type()) {
            return moment(at, row);
        }
        let by = interval::column(&column.slice(row, 1))?;
        match moment(at - 1, row)? {
            Some(start) if by.is_valid(0) => moved(start, Interval::of(by.value(0))).map(Some),
            _ => Ok(None),
        }
    };
    let rows = (0..call.rows).map(|row| {
        let first = (moment(0, row)?, end(1, row)?);
        let second = (moment(2, row)?, end(3, row)?);
        Ok(one(first, second))
    });
    Ok(Arc::new(rows.collect::<Result<BooleanArray>>()?))
}

type Period = (Option<i64>, Option<i64>);

/// Half-open periods, except that one of no length is a moment. A missing end may be known not to matter.
fn one(first: Period, second: Period) -> Option<bool> {
    let ordered = |(start, end): Period| match (start, end) {
        (Some(a), Some(b)) => Some((a.min(b), Some(a.max(b)))),
        (Some(a), None) | (None, Some(a)) => Some((a, None)),
        (None, None) => None,
    };
    let (a, b) = (ordered(first)?, ordered(second)?);
    let ((earlier, end), (later, _)) = if a.0 <= b.0 { (a, b) } else { (b, a) };
    if earlier == later {
        // Both begin at once: they share that moment, if both are known whole.
        return (a.1.is_some() && b.1.is_some()).then_some(true);
    }
    end.map(|end| later < end)
        .filter(|answer| *answer || (a.1.is_some() && b.1.is_some()) || end.is_some())
}
