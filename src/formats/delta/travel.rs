//! Time travel: which version a number or a time means.
//!
//! A time means the last commit made by then. Commits tell their own time where the table has in-commit
//! timestamps; else the time of their files counts, made monotonic, as Delta does.

use lakegate_base::{Location, Result};
use lakegate_store::Stores;

use super::kernel::TableEngine;
use super::listing::{CommitFile, Listing, shown};
use super::log::Clock;
use super::{error, info, kernel, log};

/// Checks a version's number against what is there.
pub(super) async fn version(stores: &Stores, table: &Location, version: i64) -> Result<u64> {
    let listing = Listing::read(stores, table).await?;
    let number = u64::try_from(version).ok().filter(|number| {
        listing.earliest().is_none_or(|earliest| *number >= earliest)
            && listing.latest().is_none_or(|latest| *number <= latest)
    });
    number.ok_or_else(|| listing.absent(table, &version.to_string()))
}

/// The version that was current at this time, in microseconds since 1970.
pub(super) async fn version_at(stores: &Stores, table: &Location, micros: i64) -> Result<u64> {
    let listing = Listing::read(stores, table).await?;
    let place = table.clone();
    let clock = kernel::run(stores, table, move |engine: &TableEngine| {
        let snapshot = log::snapshot(engine, &place, None)?;
        Ok(log::clock(&snapshot))
    });
    let (time_ms, earliest) = (micros.div_euclid(1000), listing.earliest().unwrap_or(0));
    let found = match clock.await? {
        Clock::Commits { version, time_ms: since } if time_ms >= since => {
            let told = listing.commits.range(version.max(earliest)..);
            let told: Vec<_> = told.map(|(version, file)| (*version, *file)).collect();
            told_by_commits(stores, table, &told, time_ms).await?
        }
        Clock::Commits { version, .. } => told_by_files(&listing, earliest..version, time_ms),
        Clock::Files => told_by_files(&listing, earliest..u64::MAX, time_ms),
    };
    found.ok_or_else(|| listing.absent(table, &format!("as old as {}", shown(time_ms))))
}

fn told_by_files(listing: &Listing, versions: std::ops::Range<u64>, time_ms: i64) -> Option<u64> {
    let times = listing.times_ms().into_iter().filter(|(version, _)| versions.contains(version));
    times.take_while(|(_, time)| *time <= time_ms).map(|(version, _)| version).last()
}

/// In-commit timestamps always rise: a few commits are read, not all.
async fn told_by_commits(
    stores: &Stores,
    table: &Location,
    commits: &[(u64, CommitFile)],
    time_ms: i64,
) -> Result<Option<u64>> {
    let (mut low, mut high) = (0, commits.len());
    while low < high {
        let middle = low.midpoint(high);
        let (version, file) = commits[middle];
        let told = info::read(stores, table, version, file).await?;
        let told = told.as_ref().and_then(info::time_ms).ok_or_else(|| {
            error::corrupt(table, format!("commit {version} does not tell its time"))
        })?;
        if told <= time_ms {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low.checked_sub(1).map(|index| commits[index].0))
}
