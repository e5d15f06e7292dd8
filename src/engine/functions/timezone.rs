//! `timezone(zone, moment)`, which is `moment AT TIME ZONE zone`: a moment with zone becomes the clock
//! reading there, a clock reading becomes the moment it was there. DataFusion's own keeps the zone on.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, TimestampMicrosecondArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use chrono::{DateTime, FixedOffset, NaiveDateTime, TimeZone};
use chrono_tz::Tz;
use datafusion::common::utils::take_function_args;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;
use lakegate_base::{Error, Subject};

use super::scalar::external;

/// What `AT TIME ZONE` becomes.
pub const NAME: &str = "timezone";

pub fn udf() -> ScalarUDF {
    ScalarUDF::from(AtZone { signature: Signature::user_defined(Volatility::Immutable) })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct AtZone {
    signature: Signature,
}

impl ScalarUDFImpl for AtZone {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let micros =
            |zone: Option<&str>| DataType::Timestamp(TimeUnit::Microsecond, zone.map(Into::into));
        let moment = match given {
            [_, DataType::Timestamp(_, Some(_))] => micros(Some("UTC")),
            [_, DataType::Timestamp(_, None) | DataType::Null] => micros(None),
            // A date is midnight in the session's zone, a text is whatever it says: neither is known here.
            _ => {
                let types: Vec<String> = given.iter().map(ToString::to_string).collect();
                let what = format!("timezone({}): cast the value to a timestamp", types.join(", "));
                return Err(external(Error::unsupported(what).about(Subject::Function)));
            }
        };
        Ok(vec![DataType::Utf8, moment])
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        let zone = match &given[1] {
            DataType::Timestamp(_, Some(_)) => None,
            _ => Some("UTC".into()),
        };
        Ok(DataType::Timestamp(TimeUnit::Microsecond, zone))
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = call.number_rows;
        let target = call.return_field.data_type().clone();
        let [zones, moments] = take_function_args(NAME, call.args)?;
        let constant =
            matches!((&zones, &moments), (ColumnarValue::Scalar(_), ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { rows };
        let zones = cast(&zones.to_array(rows)?, &DataType::Utf8)?;
        let moments = moments.to_array(rows)?;
        let is_reading = matches!(moments.data_type(), DataType::Timestamp(_, None));
        let mut known: Option<(String, Zone)> = None;
        let mut values = Vec::with_capacity(rows);
        let pairs = zones.as_string::<i32>().iter();
        for (zone, moment) in pairs.zip(moments.as_primitive::<TimestampMicrosecondType>()) {
            let (Some(zone), Some(moment)) = (zone, moment) else {
                values.push(None);
                continue;
            };
            let tz = match &known {
                Some((name, tz)) if name == zone => *tz,
                _ => known.insert((zone.to_string(), parse(zone)?)).1,
            };
            values.push(Some(match (tz, is_reading) {
                (Zone::Named(tz), true) => instant(moment, tz)?,
                (Zone::Named(tz), false) => reading(moment, tz)?,
                (Zone::Fixed(offset), true) => instant(moment, offset)?,
                (Zone::Fixed(offset), false) => reading(moment, offset)?,
            }));
        }
        let array: ArrayRef = Arc::new(TimestampMicrosecondArray::from(values));
        let array = match &target {
            DataType::Timestamp(_, Some(zone)) => {
                let micros = array.as_primitive::<TimestampMicrosecondType>().clone();
                Arc::new(micros.with_timezone(zone.as_ref())) as ArrayRef
            }
            _ => array,
        };
        if constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?));
        }
        Ok(ColumnarValue::Array(array))
    }
}

#[derive(Clone, Copy)]
enum Zone {
    Named(Tz),
    Fixed(FixedOffset),
}

fn parse(zone: &str) -> Result<Zone> {
    let unknown = || {
        let message = format!("time zone \"{zone}\" not recognized");
        external(Error::invalid(message).about(Subject::Value))
    };
    if let Ok(offset) = zone.parse::<FixedOffset>() {
        return Ok(Zone::Fixed(offset));
    }
    let known = chrono_tz::TZ_VARIANTS.iter().find(|tz| tz.name().eq_ignore_ascii_case(zone));
    known.copied().map(Zone::Named).ok_or_else(unknown)
}

fn naive(micros: i64) -> Result<NaiveDateTime> {
    DateTime::from_timestamp_micros(micros).map(|at| at.naive_utc()).ok_or_else(out_of_range)
}

fn out_of_range() -> DataFusionError {
    external(Error::invalid("timestamp out of range").about(Subject::Value))
}

/// What the clocks there show at this moment.
fn reading(micros: i64, zone: impl TimeZone) -> Result<i64> {
    let local = zone.from_utc_datetime(&naive(micros)?).naive_local();
    Ok(local.and_utc().timestamp_micros())
}

/// When the clocks there showed this. An hour that came twice is its second coming, one that was skipped
/// is taken by the offset before the jump: as Postgres does.
fn instant(micros: i64, zone: impl TimeZone) -> Result<i64> {
    let local = naive(micros)?;
    if let Some(at) = zone.from_local_datetime(&local).latest() {
        return Ok(at.timestamp_micros());
    }
    let day_before = micros.checked_sub(86_400_000_000).ok_or_else(out_of_range)?;
    let before = zone.from_utc_datetime(&naive(day_before)?);
    let offset = i64::from(chrono::Offset::fix(before.offset()).local_minus_utc());
    Ok(micros - offset * 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::{Zone, instant, parse, reading};

    // Expected values are PostgreSQL 15's for Europe/Madrid.
    #[test]
    fn reads_clocks_as_postgres_does() {
        let Ok(Zone::Named(madrid)) = parse("europe/madrid") else { unreachable!("a zone") };
        let hour = 3_600_000_000;
        let winter = 1_704_164_645_000_000; // 2024-01-02 03:04:05
        assert_eq!(reading(winter, madrid).ok(), Some(winter + hour));
        assert_eq!(instant(winter, madrid).ok(), Some(winter - hour));
        let skipped = 1_711_852_200_000_000; // 2024-03-31 02:30:00, which no clock showed
        assert_eq!(instant(skipped, madrid).ok(), Some(skipped - hour));
        let twice = 1_729_996_200_000_000; // 2024-10-27 02:30:00
        assert_eq!(instant(twice, madrid).ok(), Some(twice - hour));
        assert!(parse("Mars/Olympus").is_err());
        assert!(
            matches!(parse("+02:00"), Ok(Zone::Fixed(offset)) if offset.local_minus_utc() == 7200)
        );
    }
}
