//! Names that mean more than a table: `orders@v5`, `orders@2026-01-31 12:00`, `orders@branch` are the table
//! as it was; `orders$history`, `$snapshots`, `$files`, `$partitions` tell about it. A table that is really
//! named so comes first.

use lakegate_base::{Error, Result, TableName};
use lakegate_formats::AsOf;

/// What a relation's name asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub table: TableName,
    pub as_of: AsOf,
    pub aspect: Option<Aspect>,
}

/// What can be told of a table instead of its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aspect {
    History,
    Snapshots,
    Files,
    Partitions,
}

const ASPECTS: [(&str, Aspect); 4] = [
    ("$history", Aspect::History),
    ("$snapshots", Aspect::Snapshots),
    ("$files", Aspect::Files),
    ("$partitions", Aspect::Partitions),
];

/// None for a plain name. A moment without an offset is read in the session's zone.
pub fn wanted(name: &TableName, zone: &str) -> Result<Option<Wanted>> {
    let full = name.table.as_str();
    let (rest, aspect) = ASPECTS
        .iter()
        .find_map(|(suffix, aspect)| Some((full.strip_suffix(suffix)?, Some(*aspect))))
        .unwrap_or((full, None));
    let (base, as_of) = match rest.split_once('@') {
        Some((base, suffix)) => (base, version(suffix, zone)?),
        None => (rest, AsOf::Latest),
    };
    if base == full {
        return Ok(None);
    }
    Ok(Some(Wanted { table: TableName::new(&name.database, base), as_of, aspect }))
}

/// `v5` is a version, `ref:name` a branch or tag, a date with or without time a moment, any other word a
/// branch or tag.
pub fn version(suffix: &str, zone: &str) -> Result<AsOf> {
    if let Some(reference) = suffix.strip_prefix("ref:") {
        return Ok(AsOf::Reference(reference.to_string()));
    }
    let digits = suffix.strip_prefix(['v', 'V']).unwrap_or(suffix);
    if let Ok(version) = digits.parse::<i64>() {
        return Ok(AsOf::Version(version));
    }
    if suffix.is_empty() {
        return Err(Error::invalid("a version is missing after \"@\"")
            .hint("Write \"table@v5\", \"table@2026-01-31 12:00\" or \"table@branch\"."));
    }
    match moment(suffix, zone) {
        Some(micros) => Ok(AsOf::Timestamp(micros)),
        None => Ok(AsOf::Reference(suffix.to_string())),
    }
}

fn moment(text: &str, zone: &str) -> Option<i64> {
    use datafusion::arrow::compute::kernels::cast_utils::string_to_datetime;
    // A zone of a fixed offset or of a name, as the session's setting holds it.
    let micros = match zone.parse::<chrono_tz::Tz>() {
        Ok(zone) => string_to_datetime(&zone, text).ok()?.timestamp_micros(),
        Err(_) => {
            let zone = zone.parse::<chrono::FixedOffset>().ok()?;
            string_to_datetime(&zone, text).ok()?.timestamp_micros()
        }
    };
    Some(micros)
}

#[cfg(test)]
mod tests {
    use super::{AsOf, Aspect, TableName, wanted};

    #[test]
    fn names_mean_versions_and_aspects() {
        let wanted = |name: &str| wanted(&TableName::new("db", name), "Europe/Madrid");
        let noon_in_madrid = 1_769_857_200_000_000; // 2026-01-31 11:00 UTC
        for (name, base, as_of, aspect) in [
            ("t@v5", "t", AsOf::Version(5), None),
            ("t@5", "t", AsOf::Version(5), None),
            ("t@main", "t", AsOf::Reference("main".to_string()), None),
            ("t@ref:v5", "t", AsOf::Reference("v5".to_string()), None),
            ("t@2026-01-31 12:00:00", "t", AsOf::Timestamp(noon_in_madrid), None),
            ("t@2026-01-31T11:00:00Z", "t", AsOf::Timestamp(noon_in_madrid), None),
            ("t$files", "t", AsOf::Latest, Some(Aspect::Files)),
            ("t@v5$files", "t", AsOf::Version(5), Some(Aspect::Files)),
        ] {
            let found = wanted(name).expect("valid").expect("more than a table");
            assert_eq!(
                (found.table.table.as_str(), found.as_of, found.aspect),
                (base, as_of, aspect)
            );
        }
        assert!(wanted("t").expect("valid").is_none());
        assert!(wanted("t$price").expect("valid").is_none());
        assert!(wanted("t@").is_err());
    }
}
