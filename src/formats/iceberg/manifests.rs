//! The manifests of a snapshot, read once: what was made of one is kept for the table's next version, which
//! mostly has all manifests of the last and one more.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use lakegate_base::{Error, Location, Result};
use lakegate_store::Stores;
use tokio::sync::Semaphore;

use crate::cache::{ByteCache, CacheUsage};

use super::files::Part;
use super::layout::{Digest, Layout};
use super::manifest::{self, ManifestFile};
use super::metadata::Snapshot;

/// A manifest list or manifest, packed.
const MANIFEST_BYTES_MAX: u64 = 256 << 20;
/// Manifests in flight.
const MANIFESTS_AT_ONCE: usize = 16;
/// Manifests that are decoded at once, of all tables: each takes some memory meanwhile, and a processor.
const DECODED_AT_ONCE: usize = 4;

/// Manifests as they were read. A manifest never changes; but the same one reads differently under another
/// schema, or with another sequence number (a commit that was tried again).
pub struct ManifestCache {
    parts: ByteCache<(Location, ManifestFile, Digest), Part>,
    decoding: Semaphore,
}

impl ManifestCache {
    /// With 0 bytes it keeps nothing.
    pub fn new(bytes_max: u64) -> Self {
        Self { parts: ByteCache::new(bytes_max), decoding: Semaphore::new(DECODED_AT_ONCE) }
    }

    pub fn usage(&self) -> CacheUsage {
        self.parts.usage()
    }
}

/// All manifests of a snapshot, in order.
pub async fn read(
    stores: &Stores,
    cache: &ManifestCache,
    layout: &Arc<Layout>,
    snapshot: &Snapshot,
) -> Result<Vec<Arc<Part>>> {
    let manifests = list(stores, layout, snapshot).await?;
    let read = |manifest: ManifestFile| async move {
        let location = layout.paths.resolve(&manifest.path)?;
        let load = read_one(stores, cache, layout, manifest.clone(), location.clone());
        cache.parts.get_or_load((location, manifest, layout.digest), load).await
    };
    stream::iter(manifests).map(read).buffered(MANIFESTS_AT_ONCE).try_collect().await
}

async fn read_one(
    stores: &Stores,
    cache: &ManifestCache,
    layout: &Arc<Layout>,
    manifest: ManifestFile,
    location: Location,
) -> Result<(Part, u64)> {
    let bytes = stores.read(&location, MANIFEST_BYTES_MAX).await?;
    let task = {
        let layout = Arc::clone(layout);
        move || Part::read(&layout, &manifest, &location, &bytes)
    };
    let turn = cache.decoding.acquire().await;
    // Decoding is work for a thread of its own.
    let part = tokio::task::spawn_blocking(task).await;
    let part = part.map_err(|e| Error::internal("reading a manifest failed").source(e))??;
    drop(turn);
    check_places(stores, layout.paths.table(), &part)?;
    let bytes = part.bytes();
    Ok((part, bytes))
}

/// Paths may lead anywhere: one outside the roots refuses the table, before any file is opened.
fn check_places(stores: &Stores, table: &Location, part: &Part) -> Result<()> {
    // All that is below an allowed place is allowed, and that is nearly every file.
    let below = format!("{}/", table.path());
    let is_allowed = stores.allows(table);
    let trusted = |path: &str| is_allowed && path.starts_with(&below);
    let paths = part.chunks.iter().flat_map(|chunk| chunk.files.paths.iter().flatten());
    for path in paths.filter(|path| !trusted(path)) {
        stores.check(&table.with_path(path)?)?;
    }
    part.deletes.iter().try_for_each(|delete| stores.check(delete.location()))
}

/// From the manifest list, or listed inline (version 1).
async fn list(stores: &Stores, layout: &Layout, snapshot: &Snapshot) -> Result<Vec<ManifestFile>> {
    match (&snapshot.manifest_list, &snapshot.manifests) {
        (Some(list), _) => {
            let location = layout.paths.resolve(list)?;
            let bytes = stores.read(&location, MANIFEST_BYTES_MAX).await?;
            manifest::read_list(&location, &bytes)
        }
        (None, Some(inline)) => {
            let manifest = |path: &String| ManifestFile {
                path: path.clone(),
                spec_id: None,
                entries: None,
                sequence: 0,
            };
            Ok(inline.iter().map(manifest).collect())
        }
        (None, None) => Err(Error::corrupt(format!("snapshot {} names no manifests", snapshot.id))),
    }
}
