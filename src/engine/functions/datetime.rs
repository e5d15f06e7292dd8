//! Parts of dates and times that DataFusion answers otherwise than Postgres, or not at all.

use arrow::datatypes::{DataType, TimeUnit};
use chrono::{DateTime, Datelike, NaiveDateTime};
use datafusion::error::Result;
use datafusion::logical_expr::ScalarUDF;
use datafusion::scalar::ScalarValue;
use lakegate_base::{Error, Subject};

use super::scalar::{Function, Kind, Value, external, function};

/// What `extract` and `date_part` become for the fields in [`PARTS`].
pub const DATE_PART: &str = "pg_date_part";

/// DataFusion cuts seconds to whole ones and lacks the long periods; the other fields it answers right.
pub const PARTS: [&str; 11] = [
    "second",
    "seconds",
    "millisecond",
    "milliseconds",
    "microsecond",
    "microseconds",
    "decade",
    "century",
    "millennium",
    "julian",
    "timezone",
];

pub fn functions() -> Vec<ScalarUDF> {
    let date_part = function(DATE_PART, &[Kind::Text, Kind::Any], Kind::Float, |a| {
        let part = a[0].text().to_lowercase();
        moment(&a[1])?.map_or(Ok(Value::Null), |at| Ok(Value::Float(part_of(&part, at)?)))
    });
    vec![Function::immutable(date_part).udf()]
}

fn part_of(part: &str, at: NaiveDateTime) -> Result<f64> {
    let micros = at.and_utc().timestamp_micros().rem_euclid(60_000_000);
    // Below 60 million: exact in a double.
    let micros = f64::from(i32::try_from(micros).expect("less than a minute in microseconds"));
    let year = if at.year() > 0 { at.year() } else { at.year() - 1 };
    let period = |years: i32| {
        let up = if year > 0 { years - 1 } else { 1 - years };
        f64::from((year + up) / years)
    };
    Ok(match part {
        "second" | "seconds" => micros / 1e6,
        "millisecond" | "milliseconds" => micros / 1e3,
        "microsecond" | "microseconds" => micros,
        "decade" => f64::from(at.year().div_euclid(10)),
        "century" => period(100),
        "millennium" => period(1000),
        _ => return Err(external(Error::unsupported(format!("extract({part} from …)")))),
    })
}

/// A date, or a timestamp in the zone it prints in.
pub fn moment(value: &Value) -> Result<Option<NaiveDateTime>> {
    let scalar = match value {
        Value::Null => return Ok(None),
        Value::Timestamp(micros) => return naive(*micros).map(Some),
        Value::Other(scalar) => scalar,
        _ => return Err(not_a_moment(value)),
    };
    let zone = match scalar.data_type() {
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(_, None) => None,
        DataType::Timestamp(_, Some(zone)) => Some(zone),
        _ => return Err(not_a_moment(value)),
    };
    let micros = match scalar.cast_to(&DataType::Timestamp(TimeUnit::Microsecond, None))? {
        ScalarValue::TimestampMicrosecond(Some(micros), _) => micros,
        _ => return Ok(None),
    };
    let at = naive(micros)?;
    let Some(zone) = zone.filter(|z| !matches!(z.as_ref(), "UTC" | "+00:00" | "Z")) else {
        return Ok(Some(at));
    };
    let zone: chrono_tz::Tz = zone
        .parse()
        .map_err(|_| external(Error::invalid(format!("time zone \"{zone}\" not recognized"))))?;
    Ok(Some(at.and_utc().with_timezone(&zone).naive_local()))
}

fn naive(micros: i64) -> Result<NaiveDateTime> {
    let error = || external(Error::invalid("timestamp out of range").about(Subject::Value));
    DateTime::from_timestamp_micros(micros).map(|at| at.naive_utc()).ok_or_else(error)
}

fn not_a_moment(value: &Value) -> datafusion::error::DataFusionError {
    let kind = match value {
        Value::Other(scalar) => scalar.data_type().to_string(),
        Value::Text(_) => "text".to_string(),
        other => format!("{other:?}"),
    };
    external(Error::unsupported(format!("this date function on a value of type {kind}")))
}
