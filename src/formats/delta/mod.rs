//! Delta tables: the log is replayed by Delta's own kernel into a [`TableSnapshot`], [`refresh`] adds what
//! was committed since, and whole tables are written by [`overwrite`].
//!
//! Rejected: deltalake's own scan and snapshot. They refuse reader features the kernel reads, keep the
//! statistics of every file as text, and answer some partition filters wrongly.

mod apply;
mod casting;
mod checked;
mod collect;
mod commit;
mod data;
mod error;
mod files;
mod history;
mod info;
mod kernel;
mod layout;
mod lenient;
mod listing;
mod log;
mod manifest;
mod origin;
mod partition;
mod place;
mod refresh;
mod schema;
mod stats;
mod travel;
mod vectors;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use delta_kernel::SnapshotRef;
use lakegate_base::{Location, Result};
use lakegate_store::Stores;

use self::files::{IndexBuilder, Indexed};
use self::kernel::TableEngine;
use self::layout::Layout;
use self::origin::Listed;
use crate::{AsOf, Encoding, TableSnapshot, TableSource};

pub use self::history::history;
pub use self::refresh::{Refreshed, refresh};
pub use self::write::{Compression, OverwriteOptions, SymlinkManifest, Written, overwrite};

/// Opens the latest version. Reads the log, never a data file.
pub async fn open(stores: &Stores, source: &TableSource) -> Result<TableSnapshot> {
    open_at(stores, &source.location, None).await
}

/// Opens the version that is meant, while its log is still there.
pub async fn open_as_of(
    stores: &Stores,
    source: &TableSource,
    as_of: &AsOf,
) -> Result<TableSnapshot> {
    let location = &source.location;
    let version = match as_of {
        AsOf::Latest => None,
        AsOf::Version(version) => Some(travel::version(stores, location, *version).await?),
        AsOf::Timestamp(micros) => Some(travel::version_at(stores, location, *micros).await?),
        AsOf::Reference(name) => {
            let what = format!("\"{name}\": Delta has no branches or tags");
            return Err(error::unsupported(location, what)
                .hint("Name a version number or a timestamp instead."));
        }
    };
    open_at(stores, location, version).await
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
    let Read { mut snapshot, number, layout, listed, outside } =
        kernel::run(stores, location, work).await?;
    for place in &outside {
        stores.check(place).map_err(|e| e.context(format!("Delta table {location}")))?;
    }
    // An old version never changes.
    if version.is_none() {
        snapshot.origin = origin::remember(stores, location, number, layout, listed).await;
    }
    Ok(snapshot)
}

struct Read {
    snapshot: TableSnapshot,
    number: u64,
    layout: Layout,
    /// The commit of this version, when it is still there.
    listed: Option<Listed>,
    /// Folders outside the table its log points to.
    outside: BTreeSet<Location>,
}

fn read(engine: &TableEngine, location: &Location, snapshot: SnapshotRef) -> Result<Read> {
    let layout = Layout::of(location, &snapshot)?;
    let encoding = Encoding::Parquet(schema::match_by(log::mapping(&snapshot)));
    let (number, listed) = (snapshot.version(), log::last_commit(&snapshot));
    let mut index = IndexBuilder::new(location, &layout);
    log::replay(engine, location, snapshot, |file| index.push(&file))?;
    let Indexed { files, deletes, outside } = index.finish()?;
    let snapshot = TableSnapshot {
        location: location.clone(),
        version: number.to_string(),
        schema: layout.schema.clone(),
        encoding,
        files,
        deletes,
        defaults: BTreeMap::new(),
        origin: None,
    };
    Ok(Read { snapshot, number, layout, listed, outside })
}

#[cfg(test)]
mod tests;
