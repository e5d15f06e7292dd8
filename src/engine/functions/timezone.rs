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

/// The same for the session's own zone.
const OF_SESSION: &str = "session_clock";

/// The function that `AT TIME ZONE` becomes.
pub fn udf() -> ScalarUDF {
    at_zone(NAME)
}

/// For the session's zone, whose distance from UTC is counted to the east. A zone named in a query counts it
/// to the west, as POSIX has it: `AT TIME ZONE '+02:00'` is two hours behind UTC.
pub fn of_session() -> ScalarUDF {
    at_zone(OF_SESSION)
}

fn at_zone(name: &'static str) -> ScalarUDF {
    ScalarUDF::from(AtZone { name, signature: Signature::user_defined(Volatility::Immutable) })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct AtZone {
    name: &'static str,
    signature: Signature,
}

impl ScalarUDFImpl for AtZone {
    fn name(&self) -> &str {
        self.name
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
        let zone = match given {
            [interval @ DataType::Interval(_), _] => interval.clone(),
            _ => DataType::Utf8,
        };
        Ok(vec![zone, moment])
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
        let zones = zones.to_array(rows)?;
        let is_distance = matches!(zones.data_type(), DataType::Interval(_));
        let zones = match is_distance {
            true => super::dates::print_intervals(&zones)?,
            false => cast(&zones, &DataType::Utf8)?,
        };
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
                // Of an interval the sign is that of the distance.
                _ if is_distance && zone.starts_with('-') => {
                    known.insert((zone.to_string(), parse(zone)?)).1
                }
                _ if is_distance => known.insert((zone.to_string(), parse(&format!("+{zone}"))?)).1,
                _ => known.insert((zone.to_string(), self.zone(zone)?)).1,
            };
            values.push(Some(match is_reading {
                true => tz.instant(moment)?,
                false => tz.reading(moment)?,
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

impl AtZone {
    fn zone(&self, text: &str) -> Result<Zone> {
        match self.name {
            NAME => named(text),
            _ => parse(text),
        }
    }
}

/// A zone as a query names it.
pub fn named(text: &str) -> Result<Zone> {
    Ok(match parse(text)? {
        Zone::Fixed(zone) if text.starts_with(['+', '-']) => {
            Zone::fixed(-i64::from(zone.local_minus_utc())).unwrap_or(Zone::UTC)
        }
        zone => zone,
    })
}

/// A zone by name, or a fixed distance from UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    Named(Tz),
    Fixed(FixedOffset),
}

/// Names of zones and their distance from UTC in hours, as Postgres' default set has them.
const ABBREVIATIONS: [(&str, i32); 34] = [
    ("utc", 0),
    ("gmt", 0),
    ("z", 0),
    ("zulu", 0),
    ("est", -5),
    ("edt", -4),
    ("cst", -6),
    ("cdt", -5),
    ("mst", -7),
    ("mdt", -6),
    ("pst", -8),
    ("pdt", -7),
    ("akst", -9),
    ("akdt", -8),
    ("hst", -10),
    ("ast", -4),
    ("adt", -3),
    ("wet", 0),
    ("west", 1),
    ("cet", 1),
    ("cest", 2),
    ("met", 1),
    ("mest", 2),
    ("eet", 2),
    ("eest", 3),
    ("bst", 1),
    ("msk", 3),
    ("ist", 2),
    ("jst", 9),
    ("kst", 9),
    ("sast", 2),
    ("brt", -3),
    ("art", -3),
    ("nzst", 12),
];

impl Zone {
    pub const UTC: Self = Self::Named(Tz::UTC);

    pub fn fixed(seconds: i64) -> Option<Self> {
        FixedOffset::east_opt(i32::try_from(seconds).ok()?).map(Self::Fixed)
    }

    /// What the clocks there show at this moment.
    pub fn reading(self, micros: i64) -> Result<i64> {
        match self {
            Self::Named(Tz::UTC) => Ok(micros),
            Self::Named(zone) => reading(micros, zone),
            Self::Fixed(zone) => reading(micros, zone),
        }
    }

    /// When the clocks there showed this.
    pub fn instant(self, micros: i64) -> Result<i64> {
        match self {
            Self::Named(Tz::UTC) => Ok(micros),
            Self::Named(zone) => instant(micros, zone),
            Self::Fixed(zone) => instant(micros, zone),
        }
    }

    /// What clocks there are called at this moment: `CET`, or nothing for a distance.
    pub fn abbreviation(self, micros: i64) -> Result<String> {
        Ok(match self {
            Self::Named(zone) => {
                let local = zone.from_utc_datetime(&naive(micros)?);
                local.format("%Z").to_string()
            }
            Self::Fixed(_) => String::new(),
        })
    }
}

/// A zone's name, an abbreviation, or a distance: `Europe/Madrid`, `CET`, `+02:00`.
pub fn parse(zone: &str) -> Result<Zone> {
    let unknown = || {
        let message = format!("time zone \"{zone}\" not recognized");
        external(Error::invalid(message).about(Subject::Value))
    };
    if let Some((sign, digits)) = [('+', 1), ('-', -1)]
        .iter()
        .find_map(|(sign, factor)| Some((*factor, zone.strip_prefix(*sign)?)))
    {
        let seconds = super::dates::offset(digits).ok_or_else(unknown)?;
        return Zone::fixed(sign * seconds).ok_or_else(unknown);
    }
    let abbreviated = ABBREVIATIONS.iter().find(|(name, _)| name.eq_ignore_ascii_case(zone));
    if let Some((_, hours)) = abbreviated {
        return match hours {
            0 => Ok(Zone::UTC),
            _ => Zone::fixed(i64::from(*hours) * 3600).ok_or_else(unknown),
        };
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
    let offset = zone.offset_from_utc_datetime(&naive(micros)?);
    let seconds = i64::from(chrono::Offset::fix(&offset).local_minus_utc());
    micros.checked_add(seconds * 1_000_000).ok_or_else(out_of_range)
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
