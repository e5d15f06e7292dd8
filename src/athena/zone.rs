//! The session's zone. Athena runs every statement in UTC: where another zone would change the answer, the
//! statement is refused.

use arrow::datatypes::{DataType, FieldRef};
use lakegate_base::{Error, Result, Subject};

/// Words in which moments of a zone come into a statement, as Athena has them. A text that holds one is
/// refused as well: that is safe.
const MOMENTS: [&str; 8] = [
    "time zone",
    "timezone",
    "current_",
    "localtime",
    "now()",
    "unixtime",
    "iso8601",
    "at_timezone",
];
const UTC: [&str; 7] = ["UTC", "Etc/UTC", "GMT", "Etc/GMT", "Zulu", "Etc/Zulu", "Universal"];

pub(crate) fn check(zone: &str, fields: &[FieldRef], text: &str) -> Result<()> {
    let lower = text.to_lowercase();
    let has_moments = MOMENTS.iter().any(|word| lower.contains(word))
        || fields.iter().any(|field| matches!(field.data_type(), DataType::Timestamp(_, Some(_))));
    if !has_moments || UTC.iter().any(|name| name.eq_ignore_ascii_case(zone)) {
        return Ok(());
    }
    let what = format!("moments in the time zone \"{zone}\" on Athena, which runs in UTC");
    Err(Error::unsupported(what).about(Subject::Setting).hint("SET TimeZone = 'UTC'."))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::datatypes::{Field, TimeUnit};

    use super::*;

    #[test]
    fn another_zone_is_refused_where_it_counts() {
        let moment = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let fields: [FieldRef; 1] = [Arc::new(Field::new("at", moment, true))];
        assert!(check("America/Sao_Paulo", &[], "SELECT id FROM t").is_ok());
        assert!(check("America/Sao_Paulo", &[], "SELECT CURRENT_DATE").is_err());
        assert!(check("America/Sao_Paulo", &fields, "SELECT id FROM t").is_err());
        assert!(check("utc", &fields, "SELECT CURRENT_DATE").is_ok());
    }
}
