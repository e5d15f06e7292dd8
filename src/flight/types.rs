//! SQL types by name → Arrow types: what a column of a table is to clients that have not read it yet.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, IntervalUnit, TimeUnit};

/// A `numeric` that does not tell its digits.
const NUMERIC: DataType = DataType::Decimal128(38, 10);

/// Of the names `format_type` gives: `numeric(10,2)`, `text[]`, `timestamp with time zone`. Types that
/// Arrow does not have travel as text.
pub(crate) fn of_name(name: &str) -> DataType {
    if let Some(element) = name.strip_suffix("[]") {
        return DataType::List(Arc::new(Field::new_list_field(of_name(element), true)));
    }
    let (base, digits) = modifiers(name);
    match base.as_str() {
        "boolean" => DataType::Boolean,
        "smallint" => DataType::Int16,
        "integer" => DataType::Int32,
        "bigint" => DataType::Int64,
        "oid" | "xid" | "cid" => DataType::UInt32,
        "real" => DataType::Float32,
        "double precision" => DataType::Float64,
        "numeric" => decimal(&digits).unwrap_or(NUMERIC),
        "bytea" => DataType::Binary,
        "date" => DataType::Date32,
        "time without time zone" => DataType::Time64(TimeUnit::Microsecond),
        "timestamp without time zone" => DataType::Timestamp(TimeUnit::Microsecond, None),
        "timestamp with time zone" => {
            DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
        }
        "interval" => DataType::Interval(IntervalUnit::MonthDayNano),
        _ => DataType::Utf8,
    }
}

/// `timestamp(3) with time zone` → `timestamp with time zone` and `3`.
fn modifiers(name: &str) -> (String, Vec<String>) {
    let Some((front, rest)) = name.split_once('(') else { return (name.to_string(), Vec::new()) };
    let (inside, back) = rest.split_once(')').unwrap_or((rest, ""));
    let digits = inside.split(',').map(|digit| digit.trim().to_string()).collect();
    (format!("{front}{back}"), digits)
}

fn decimal(digits: &[String]) -> Option<DataType> {
    let precision =
        digits.first()?.parse().ok().filter(|precision| (1..=38).contains(precision))?;
    let scale = digits.get(1).map_or(Some(0), |scale| scale.parse().ok())?;
    Some(DataType::Decimal128(precision, scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_and_without_modifiers() {
        for (name, expected) in [
            ("bigint", DataType::Int64),
            ("numeric(18,2)", DataType::Decimal128(18, 2)),
            ("numeric", NUMERIC),
            ("character varying(20)", DataType::Utf8),
            ("timestamp(3) without time zone", DataType::Timestamp(TimeUnit::Microsecond, None)),
            ("jsonb", DataType::Utf8),
        ] {
            assert_eq!(of_name(name), expected, "{name}");
        }
        assert_eq!(
            of_name("integer[]"),
            DataType::List(Arc::new(Field::new_list_field(DataType::Int32, true)))
        );
    }
}
