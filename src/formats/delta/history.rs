//! A table's history: what the commits that are still there say of themselves.

use std::collections::BTreeMap;

use futures::{StreamExt, TryStreamExt, stream};
use lakegate_base::Result;
use lakegate_store::Stores;
use serde_json::Value;

use super::info::{self, CommitInfo};
use super::listing::Listing;
use crate::{Revision, TableSource};

/// The newest ones; each costs a request.
const REVISIONS_MAX: usize = 2000;
const READS_AT_ONCE: usize = 32;
/// A longer text is cut: a MERGE has its whole condition in its parameters.
const TEXT_CHARS_MAX: usize = 4000;

/// What has a column of its own, or is spread over the summary.
const NOT_IN_SUMMARY: [&str; 5] =
    ["timestamp", "inCommitTimestamp", "operation", "operationParameters", "operationMetrics"];

/// The versions whose commits are still there, newest first; of a long history the newest 2000.
pub async fn history(stores: &Stores, source: &TableSource) -> Result<Vec<Revision>> {
    let table = &source.location;
    let listing = Listing::read(stores, table).await?;
    let newest = listing.times_ms().into_iter().rev().take(REVISIONS_MAX);
    let revisions = newest.map(|(version, time_ms)| {
        let file = listing.commits[&version];
        async move {
            let info = info::read(stores, table, version, file).await?.unwrap_or_default();
            Ok(revision(version, time_ms, info))
        }
    });
    stream::iter(revisions).buffered(READS_AT_ONCE).try_collect().await
}

/// `file_ms`: what its time is, unless the commit tells another one.
fn revision(version: u64, file_ms: i64, info: CommitInfo) -> Revision {
    let version = i64::try_from(version).unwrap_or(i64::MAX);
    Revision {
        version,
        parent: version.checked_sub(1).filter(|parent| *parent >= 0),
        committed: info::time_ms(&info).unwrap_or(file_ms).checked_mul(1000),
        operation: info.get("operation").and_then(Value::as_str).map(str::to_string),
        manifest_list: None,
        is_current_ancestor: true,
        summary: summary(info),
    }
}

/// Parameters and metrics by their names, and what else the commit says.
fn summary(info: CommitInfo) -> BTreeMap<String, String> {
    let mut summary = BTreeMap::new();
    for part in ["operationParameters", "operationMetrics"] {
        let values = info.get(part).and_then(Value::as_object).into_iter().flatten();
        summary.extend(values.map(|(name, value)| (name.clone(), text(value))));
    }
    for (name, value) in info.iter().filter(|(name, _)| !NOT_IN_SUMMARY.contains(&name.as_str())) {
        summary.entry(name.clone()).or_insert_with(|| text(value));
    }
    summary
}

fn text(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_string);
    match text.char_indices().nth(TEXT_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
