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
