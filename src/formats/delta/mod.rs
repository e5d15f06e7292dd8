//! Delta tables: the log is replayed by Delta's own kernel into a [`TableSnapshot`], and whole tables are
//! written by [`overwrite`].
//!
//! Rejected: deltalake's own scan and snapshot. They refuse reader features the kernel reads, keep the
//! statistics of every file as text, and answer some partition filters wrongly.

mod casting;
mod collect;
mod commit;
mod data;
mod error;
mod files;
mod kernel;
mod log;
mod manifest;
mod partition;
mod schema;
mod stats;
mod write;

use std::collections::BTreeMap;

use delta_kernel::SnapshotRef;
use lakegate_base::{Location, Result};
use lakegate_store::Stores;

use self::files::IndexBuilder;
use self::kernel::TableEngine;
use crate::{Deletes, Encoding, TableSnapshot, TableSource};

pub use self::write::{Compression, OverwriteOptions, SymlinkManifest, Written, overwrite};

/// Opens the latest version. Reads the log, never a data file.
pub async fn open(stores: &Stores, source: &TableSource) -> Result<TableSnapshot> {
    open_at(stores, &source.location, None).await
}

/// Opens the version with this number, while its log is still there.
pub async fn open_version(
    stores: &Stores,
    location: &Location,
    version: u64,
) -> Result<TableSnapshot> {
    open_at(stores, location, Some(version)).await
}

async fn open_at(
    stores: &Stores,
    location: &Location,
    version: Option<u64>,
) -> Result<TableSnapshot> {
    let place = location.clone();
    let work = move |engine: &TableEngine| {
        let snapshot = log::snapshot(engine, &place, version)?;
        read(engine, &place, snapshot)
    };
    let (snapshot, outside) = kernel::run(stores, location, work).await?;
    for place in &outside {
        stores.check(place).map_err(|e| e.context(format!("Delta table {location}")))?;
    }
    Ok(snapshot)
}

/// The snapshot, and the folders outside the table its log points to.
fn read(
    engine: &TableEngine,
    location: &Location,
    snapshot: SnapshotRef,
) -> Result<(TableSnapshot, Vec<Location>)> {
    let mode = log::mapping(&snapshot);
    let delta_schema = snapshot.schema();
    let refuse = |what: String| error::unsupported(location, what);
    let schema = schema::arrow_schema(&delta_schema, mode).map_err(refuse)?;
    let partitions = log::partition_columns(&snapshot);
    let mut index = IndexBuilder::new(location, &delta_schema, &schema, partitions, mode)?;
    let version = snapshot.version().to_string();
    log::replay(engine, location, snapshot, |file| index.push(&file))?;
    let (files, outside) = index.finish()?;
    let encoding = Encoding::Parquet(schema::match_by(mode));
    let location = location.clone();
    let defaults = BTreeMap::new();
    let deletes = Deletes::new();
    let snapshot = TableSnapshot { location, version, schema, encoding, files, deletes, defaults };
    Ok((snapshot, outside))
}

#[cfg(test)]
mod tests;
