//! The commits and checkpoints a table's log has, by name: which versions there are, and since when.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat};
use futures::TryStreamExt;
use lakegate_base::{Error, ErrorKind, Location, Result, Subject};
use lakegate_store::Stores;

use super::error;

/// A log of more files needs its writer's clean-up first.
pub(super) const LOG_FILES_MAX: usize = 2_000_000;
/// What the name of a log file begins with.
pub(super) const VERSION_DIGITS: usize = 20;

#[derive(Debug, Default)]
pub(super) struct Listing {
    /// By version.
    pub commits: BTreeMap<u64, CommitFile>,
    /// By version: whether a checkpoint is there as a whole, and the parts of it that are.
    checkpoints: BTreeMap<u64, Checkpoint>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CommitFile {
    pub bytes: u64,
    /// The file's own time, milliseconds since 1970.
    pub modified_ms: i64,
}

#[derive(Debug, Default)]
struct Checkpoint {
    whole: bool,
    /// By the number of parts a checkpoint is said to have: how many are there.
    parts: BTreeMap<u64, u64>,
}

impl Checkpoint {
    fn is_complete(&self) -> bool {
        self.whole || self.parts.iter().any(|(all, found)| all == found)
    }
}

impl Listing {
    pub(super) async fn read(stores: &Stores, table: &Location) -> Result<Self> {
        let folder = table.join("_delta_log")?;
        let mut objects = stores.list(&folder).await?;
        let (mut listing, mut files) = (Self::default(), 0usize);
        while let Some(object) = objects.try_next().await? {
            files += 1;
            if files > LOG_FILES_MAX {
                let what = format!("more than {LOG_FILES_MAX} log files");
                return Err(error::unsupported(table, what));
            }
            let place = lakegate_store::location(&folder, &object.location);
            let modified_ms = object.last_modified.timestamp_millis();
            let file = CommitFile { bytes: object.size, modified_ms };
            listing.note(place.below(&folder).unwrap_or_default(), file);
        }
        if listing.latest().is_none() {
            return Err(error::missing(table));
        }
        Ok(listing)
    }

    /// `name` is below `_delta_log`; folders in it hold no commits of this table.
    fn note(&mut self, name: &str, file: CommitFile) {
        let Some((version, kind)) = split(name) else { return };
        if kind == "json" {
            self.commits.insert(version, file);
            return;
        }
        let Some(rest) = kind.strip_prefix("checkpoint.") else { return };
        let checkpoint = self.checkpoints.entry(version).or_default();
        match rest.split('.').collect::<Vec<_>>()[..] {
            ["parquet"] | [_, "parquet" | "json"] => checkpoint.whole = true,
            [_, all, "parquet"] => {
                if let Ok(all) = all.parse() {
                    *checkpoint.parts.entry(all).or_default() += 1;
                }
            }
            _ => {}
        }
    }

    /// The oldest version that can be read: the log from its beginning, or from a checkpoint.
    pub(super) fn earliest(&self) -> Option<u64> {
        if self.commits.contains_key(&0) {
            return Some(0);
        }
        let mut complete = self.checkpoints.iter().filter(|(_, c)| c.is_complete());
        complete.next().map(|(version, _)| *version)
    }

    pub(super) fn latest(&self) -> Option<u64> {
        let commit = self.commits.last_key_value().map(|(version, _)| *version);
        let checkpoints = self.checkpoints.iter().rev();
        let checkpoint = checkpoints.filter(|(_, c)| c.is_complete()).map(|(v, _)| *v).next();
        commit.max(checkpoint)
    }

    /// The times of all commits, as Delta counts them: each is later than the one before, whatever the
    /// clock of the store did.
    pub(super) fn times_ms(&self) -> Vec<(u64, i64)> {
        let mut last = i64::MIN;
        let later = self.commits.iter().map(|(version, file)| {
            last = file.modified_ms.max(last.saturating_add(1));
            (*version, last)
        });
        later.collect()
    }

    /// That a version is not there, and which ones are.
    pub(super) fn absent(&self, table: &Location, what: &str) -> Error {
        let text = format!("Delta table {table} has no version {what}");
        let error = Error::new(ErrorKind::NotFound, text).about(Subject::Table);
        match self.earliest().zip(self.latest()) {
            Some((earliest, latest)) => {
                error.hint(format!("Its versions go from {earliest} to {latest}."))
            }
            None => error,
        }
    }
}

/// `00000000000000000007.checkpoint.parquet` is version 7 and `checkpoint.parquet`.
fn split(name: &str) -> Option<(u64, &str)> {
    let (digits, rest) = name.split_at_checked(VERSION_DIGITS)?;
    let digits = digits.bytes().all(|b| b.is_ascii_digit()).then_some(digits)?;
    Some((digits.parse().ok()?, rest.strip_prefix('.')?))
}

/// Milliseconds since 1970, for messages.
pub(super) fn shown(time_ms: i64) -> String {
    DateTime::from_timestamp_millis(time_ms).map_or_else(
        || format!("{time_ms} ms"),
        |time| time.to_rfc3339_opts(SecondsFormat::Millis, true),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_versions_by_the_names() {
        let mut listing = Listing::default();
        let mut note =
            |name: &str, modified_ms| listing.note(name, CommitFile { bytes: 1, modified_ms });
        note("00000000000000000003.checkpoint.0000000001.0000000002.parquet", 0);
        note("00000000000000000004.checkpoint.0000000001.0000000002.parquet", 0);
        note("00000000000000000004.checkpoint.0000000002.0000000002.parquet", 0);
        note("00000000000000000004.json", 50);
        note("00000000000000000005.json", 20);
        note("00000000000000000006.json", 90);
        note("00000000000000000006.crc", 0);
        note("00000000000000000001.00000000000000000009.compacted.json", 0);
        note("_staged_commits/00000000000000000011.x.json", 0);
        note("99999999999999999999.json", 0);
        note("ü", 0);
        assert_eq!((listing.earliest(), listing.latest()), (Some(4), Some(6)));
        assert_eq!(listing.times_ms(), [(4, 50), (5, 51), (6, 90)]);
        listing.note(
            "00000000000000000008.checkpoint.x-y.json",
            CommitFile { bytes: 1, modified_ms: 0 },
        );
        assert_eq!(listing.latest(), Some(8));
    }
}
