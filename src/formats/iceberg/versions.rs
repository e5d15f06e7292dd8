//! Which version of a table is read: a snapshot, and the schema to read it with.
//!
//! A snapshot by id, by time or by tag is read with the schema that the table had then; the current
//! snapshot and branches with the table's schema of today, as the specification says of branches and as
//! Spark does.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};

use lakegate_base::{Error, ErrorKind, Result, Subject};
use serde_json::Value as Json;

use crate::{AsOf, Revision};

use super::metadata::{LogEntry, Metadata, Reference, Snapshot};
use super::schema::{self, Column};

/// Versions that an error lists.
const LISTED_MAX: usize = 20;

/// One version of a table.
pub struct Version<'a> {
    /// None for a table that never had data.
    pub snapshot: Option<&'a Snapshot>,
    pub columns: Vec<Column>,
}

enum SchemaOf {
    Today,
    Then,
}

impl Metadata {
    pub fn version(&self, as_of: &AsOf) -> Result<Version<'_>> {
        let (snapshot, schema) = match as_of {
            AsOf::Latest => (self.current()?, SchemaOf::Today),
            AsOf::Version(id) => (Some(self.by_id(*id)?), SchemaOf::Then),
            AsOf::Timestamp(micros) => (Some(self.at(*micros)?), SchemaOf::Then),
            AsOf::Reference(name) => self.referenced(name)?,
        };
        if snapshot.is_some_and(|s| s.key_id.as_ref().is_some_and(|key| !key.is_null())) {
            return Err(Error::unsupported("encrypted Iceberg tables"));
        }
        let json = match (schema, snapshot) {
            (SchemaOf::Then, Some(snapshot)) => self.schema_of(snapshot)?,
            _ => &self.schema,
        };
        Ok(Version { snapshot, columns: schema::parse(json)? })
    }

    fn current(&self) -> Result<Option<&Snapshot>> {
        let Some(id) = self.current else { return Ok(None) };
        let lacks = || Error::corrupt(format!("the metadata lacks its current snapshot {id}"));
        self.snapshot(id).ok_or_else(lacks).map(Some)
    }

    fn snapshot(&self, id: i128) -> Option<&Snapshot> {
        self.snapshots.iter().find(|snapshot| snapshot.id == id)
    }

    fn by_id(&self, id: i64) -> Result<&Snapshot> {
        let found = self.snapshots.iter().find(|snapshot| as_long(snapshot.id) == id);
        found.ok_or_else(|| {
            absent(format!("the table has no snapshot {id}")).hint(self.listed_snapshots())
        })
    }

    /// The snapshot that was current then: by the log of what was current, which a rollback is part of.
    fn at(&self, micros: i64) -> Result<&Snapshot> {
        let earlier = |entry: &&LogEntry| entry.timestamp_ms <= millis(micros);
        let none = |why: &str| {
            absent(format!("the table has no snapshot as of {}: {why}", shown(micros)))
                .hint(self.listed_snapshots())
        };
        // The log is in order of time, but clocks differ: the last that fits is meant.
        match self.log.iter().rev().find(earlier) {
            Some(entry) => self.snapshot(entry.snapshot_id).ok_or_else(|| {
                none(&format!("snapshot {} was current, and has expired", entry.snapshot_id))
            }),
            None if self.log.is_empty() => {
                let at = |s: &Snapshot| s.timestamp_ms.filter(|ms| *ms <= millis(micros));
                let known = self.ancestors().find(|snapshot| at(snapshot).is_some());
                known.ok_or_else(|| none("it is younger, or does not say how old it is"))
            }
            None => Err(none("it is younger, or that part of its history has expired")),
        }
    }

    fn referenced(&self, name: &str) -> Result<(Option<&Snapshot>, SchemaOf)> {
        let Some(reference) = self.references.get(name) else {
            if name == "main" {
                return Ok((self.current()?, SchemaOf::Today));
            }
            let mut names: Vec<String> = self.references.iter().map(named).collect();
            if !self.references.contains_key("main") {
                names.push("main (branch)".to_string());
            }
            names.sort();
            let hint = format!("It has: {}.", listed(&names));
            return Err(absent(format!("the table has no branch or tag \"{name}\"")).hint(hint));
        };
        let id = reference.snapshot_id;
        let snapshot = self.snapshot(id).ok_or_else(|| {
            Error::corrupt(format!("\"{name}\" is snapshot {id}, which the metadata lacks"))
        })?;
        let schema = if reference.is_tag() { SchemaOf::Then } else { SchemaOf::Today };
        Ok((Some(snapshot), schema))
    }

    /// Snapshots of old version 1 tables do not say which schema they have.
    fn schema_of(&self, snapshot: &Snapshot) -> Result<&Json> {
        let Some(id) = snapshot.schema_id else { return Ok(&self.schema) };
        let has_id = |schema: &&Json| schema.get("schema-id").and_then(Json::as_i64) == Some(id);
        let found = self.schemas.iter().chain([&self.schema]).find(has_id);
        found.ok_or_else(|| {
            let message = format!("the metadata lacks schema {id} of snapshot {}", snapshot.id);
            Error::corrupt(message).hint("Read a newer version of the table.")
        })
    }

    /// The current snapshot and those it grew out of, newest first.
    fn ancestors(&self) -> impl Iterator<Item = &Snapshot> {
        let by_id: HashMap<i128, &Snapshot> = self.snapshots.iter().map(|s| (s.id, s)).collect();
        let mut next = self.current;
        let snapshots = std::iter::from_fn(move || {
            let snapshot = *by_id.get(&next?)?;
            next = snapshot.parent;
            Some(snapshot)
        });
        // Parents that run in a circle end here.
        snapshots.take(self.snapshots.len())
    }

    fn listed_snapshots(&self) -> String {
        let shown = |revision: &Revision| match revision.committed {
            Some(micros) => format!("{} ({})", revision.version, shown(micros)),
            None => revision.version.to_string(),
        };
        let known: Vec<String> = self.history().iter().map(shown).collect();
        match known.is_empty() {
            true => "It has no snapshots yet.".to_string(),
            false => format!("It has, newest first: {}.", listed(&known)),
        }
    }

    /// All snapshots that have not expired, newest first.
    pub fn history(&self) -> Vec<Revision> {
        let ancestors: HashSet<i128> = self.ancestors().map(|snapshot| snapshot.id).collect();
        let mut newest_first: Vec<&Snapshot> = self.snapshots.iter().rev().collect();
        newest_first.sort_by_key(|snapshot| Reverse(snapshot.timestamp_ms));
        let revision = |snapshot: &Snapshot| {
            let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), Into::into);
            let summary = snapshot.summary.iter().flatten();
            let mut summary: BTreeMap<String, String> =
                summary.map(|(key, value)| (key.clone(), text(value))).collect();
            Revision {
                version: as_long(snapshot.id),
                parent: snapshot.parent.map(as_long),
                committed: snapshot.timestamp_ms.map(|ms| ms.saturating_mul(1000)),
                operation: summary.remove("operation"),
                manifest_list: snapshot.manifest_list.clone(),
                is_current_ancestor: ancestors.contains(&snapshot.id),
                summary,
            }
        };
        newest_first.into_iter().map(revision).collect()
    }
}

/// Some writers have ids of 64 bits without a sign: the same bits, with one.
fn as_long(id: i128) -> i64 {
    i64::try_from(id).or_else(|_| u64::try_from(id).map(u64::cast_signed)).unwrap_or(if id < 0 {
        i64::MIN
    } else {
        i64::MAX
    })
}

fn millis(micros: i64) -> i64 {
    micros.div_euclid(1000)
}

fn shown(micros: i64) -> String {
    let time = chrono::DateTime::from_timestamp_micros(micros);
    time.map_or_else(|| micros.to_string(), |time| time.format("%F %T%.3f UTC").to_string())
}

fn named((name, reference): (&String, &Reference)) -> String {
    format!("{name} ({})", if reference.is_tag() { "tag" } else { "branch" })
}

fn listed(names: &[String]) -> String {
    let shown = names.iter().take(LISTED_MAX).cloned().collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(LISTED_MAX) {
        Some(more @ 1..) => format!("{shown}, and {more} more"),
        _ => shown,
    }
}

fn absent(message: String) -> Error {
    Error::new(ErrorKind::NotFound, message).about(Subject::Table)
}

#[cfg(test)]
mod tests {
    use lakegate_base::Location;
    use serde_json::json;

    use super::super::metadata::parse;
    use super::*;

    /// Three snapshots, of which the second was rolled back; the schema changed after the third.
    fn table() -> Metadata {
        let schema = |id: i64, name: &str| {
            json!({"type": "struct", "schema-id": id, "fields": [
                {"id": 1, "name": name, "required": false, "type": "int"}]})
        };
        let snapshot = |id: i64, parent: Option<i64>, ms: i64, schema: i64| {
            json!({"snapshot-id": id, "parent-snapshot-id": parent, "timestamp-ms": ms,
                "schema-id": schema, "manifest-list": format!("{id}.avro"),
                "summary": {"operation": "append", "added-records": "1"}})
        };
        let log = |id: i64, ms: i64| json!({"snapshot-id": id, "timestamp-ms": ms});
        let reference = |id: i64, kind: &str| json!({"snapshot-id": id, "type": kind});
        let metadata = json!({
            "format-version": 2, "location": "/t", "current-schema-id": 2,
            "schemas": [schema(0, "first"), schema(1, "then"), schema(2, "today")],
            "partition-specs": [], "current-snapshot-id": 30,
            "snapshots": [snapshot(10, None, 1000, 0), snapshot(20, Some(10), 2000, 1),
                snapshot(30, Some(10), 4000, 1)],
            "snapshot-log": [log(10, 1000), log(20, 2000), log(10, 3000), log(30, 4000)],
            "refs": {"main": reference(30, "branch"), "audit": reference(20, "branch"),
                "v1": reference(10, "tag")},
        });
        let location = Location::parse("/t/metadata/v1.metadata.json").expect("a location");
        parse(metadata.to_string().as_bytes(), &location).expect("valid")
    }

    fn read(as_of: AsOf) -> String {
        match table().version(&as_of) {
            Ok(Version { snapshot: Some(snapshot), columns }) => {
                format!("{} {}", snapshot.id, columns[0].name)
            }
            Ok(_) => "empty".to_string(),
            Err(error) => format!("{error} {}", error.hint_text().unwrap_or_default()),
        }
    }

    #[test]
    fn a_version_has_the_schema_of_its_time_and_a_branch_todays() {
        assert_eq!(read(AsOf::Latest), "30 today");
        assert_eq!(read(AsOf::Version(20)), "20 then");
        assert_eq!(read(AsOf::Reference("audit".to_string())), "20 today");
        assert_eq!(read(AsOf::Reference("main".to_string())), "30 today");
        assert_eq!(read(AsOf::Reference("v1".to_string())), "10 first");
    }

    #[test]
    fn a_time_means_what_was_current_then() {
        assert_eq!(read(AsOf::Timestamp(2_000_000)), "20 then");
        assert_eq!(read(AsOf::Timestamp(1_999_999)), "10 first");
        assert_eq!(read(AsOf::Timestamp(3_500_000)), "10 first", "rolled back");
        assert_eq!(read(AsOf::Timestamp(i64::MAX)), "30 then");
    }

    #[test]
    fn what_is_not_there_is_said_with_what_is() {
        let known = "newest first: 30 (1970-01-01 00:00:04.000 UTC), 20 (1970-01-01 00:00:02.000 UTC), \
                     10 (1970-01-01 00:00:01.000 UTC).";
        let missing = read(AsOf::Version(7));
        assert!(missing.starts_with("the table has no snapshot 7 ") && missing.ends_with(known));
        let early = read(AsOf::Timestamp(-1));
        assert!(early.contains("as of 1969-12-31 23:59:59.999 UTC") && early.ends_with(known));
        let unknown = read(AsOf::Reference("v2".to_string()));
        assert!(unknown.ends_with("It has: audit (branch), main (branch), v1 (tag)."), "{unknown}");
    }

    #[test]
    fn history_is_newest_first_and_knows_what_was_rolled_back() {
        let history = table().history();
        let seen: Vec<_> = history.iter().map(|r| (r.version, r.is_current_ancestor)).collect();
        assert_eq!(seen, [(30, true), (20, false), (10, true)]);
        let newest = &history[0];
        assert_eq!((newest.parent, newest.committed), (Some(10), Some(4_000_000)));
        assert_eq!(newest.operation.as_deref(), Some("append"));
        assert_eq!(newest.summary["added-records"], "1");
        assert_eq!(as_long(9_876_543_210_123_456_789), -8_570_200_863_586_094_827);
    }
}
