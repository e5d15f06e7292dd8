//! Which objects below a folder are data: the listing, Hive's hidden names, and symlink manifests.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt, stream};
use lakegate_base::{Error, Location, Result, Subject};
use lakegate_store::Stores;
use object_store::ObjectMeta;

const FILES_MAX: usize = 1_000_000;
const MANIFEST_BYTES_MAX: u64 = 64 << 20;
const HEADS_AT_ONCE: usize = 16;
const MANIFEST_FOLDER: &str = "_symlink_format_manifest";

/// One data file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DataFile {
    pub location: Location,
    pub size: u64,
    pub modified: DateTime<Utc>,
    pub etag: Option<String>,
    /// The folders between the table and the file (of a manifest's file: the manifest).
    pub folders: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    Files,
    SymlinkManifest,
}

/// What the files of a table are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Contents {
    /// Manifests when the table's folder or the files are called so, else data.
    ByName,
    /// Manifests, whatever their names: the catalog says so.
    Manifests,
}

/// The data files of a table, sorted by path.
#[derive(Debug)]
pub(super) struct Listing {
    pub layout: Layout,
    pub files: Vec<DataFile>,
}

/// Hive's convention: names that start with `_` or `.` are no data, nor is what is below them.
/// `relative` is the path below the table's folder.
pub fn is_hidden(relative: &str) -> bool {
    relative.split('/').any(|segment| {
        // `_date=2024-01-01` is a partition folder all the same.
        segment.starts_with('.') || (segment.starts_with('_') && !segment.contains('='))
    })
}

/// Lists a folder, or a single file. Refuses folders whose files only a table format's log explains.
pub(super) async fn list(
    stores: &Stores,
    location: &Location,
    contents: Contents,
) -> Result<Listing> {
    stores.check(location)?;
    let mut files = Vec::new();
    let mut objects = stores.list(location).await?;
    while let Some(meta) = objects.try_next().await? {
        let found = lakegate_store::location(location, &meta.location);
        let relative = found.below(location).unwrap_or_default();
        refuse_logs(relative, location)?;
        if is_hidden(relative) || meta.size == 0 {
            continue;
        }
        if files.len() == FILES_MAX {
            let message = format!("{location} has more than {FILES_MAX} files");
            return Err(Error::exhausted(message));
        }
        files.push(data_file(meta, location, location));
    }
    if files.is_empty()
        && let Some(file) = single(stores, location).await?
    {
        files.push(file);
    }
    let manifest = contents == Contents::Manifests
        || location.name() == MANIFEST_FOLDER
        || files.iter().all(is_manifest);
    let layout =
        if manifest && !files.is_empty() { Layout::SymlinkManifest } else { Layout::Files };
    if layout == Layout::SymlinkManifest {
        files = linked(stores, location, &files).await?;
    }
    files.sort_by(|a, b| a.location.cmp(&b.location));
    Ok(Listing { layout, files })
}

async fn single(stores: &Stores, location: &Location) -> Result<Option<DataFile>> {
    if location.path().is_empty() {
        return Ok(None);
    }
    match stores.head(location).await {
        Ok(meta) if meta.size == 0 => Ok(None),
        Ok(meta) => {
            Ok(Some(data_file(meta, location, &location.parent().unwrap_or(location.clone()))))
        }
        Err(e) if e.is_not_found() && e.subject() == Subject::Object => Ok(None),
        Err(e) => Err(e),
    }
}

fn data_file(meta: ObjectMeta, store: &Location, root: &Location) -> DataFile {
    let location = lakegate_store::location(store, &meta.location);
    let folders = folders(&location, root);
    let (size, modified, etag) = (meta.size, meta.last_modified, meta.e_tag);
    DataFile { location, size, modified, etag, folders }
}

fn folders(file: &Location, root: &Location) -> Vec<String> {
    let relative = file.below(root).unwrap_or_default();
    let folder = relative.rsplit_once('/').map_or("", |(folder, _)| folder);
    folder.split('/').filter(|segment| !segment.is_empty()).map(str::to_string).collect()
}

/// The files of a Delta, Iceberg or Hudi table without its log: old versions and deleted rows would come
/// back.
fn refuse_logs(relative: &str, location: &Location) -> Result<()> {
    let mut parent = "";
    for segment in relative.split('/') {
        let format = match segment {
            "_delta_log" => "Delta",
            ".hoodie" => "Hudi",
            name if parent == "metadata" && name.ends_with(".metadata.json") => "Iceberg",
            name if is_hidden(name) => return Ok(()),
            name => {
                parent = name;
                continue;
            }
        };
        let message = format!("{location} holds a table in {format} format, not plain files");
        return Err(Error::invalid(message)
            .about(Subject::Table)
            .hint("Crawl it again, or name the table's own folder."));
    }
    Ok(())
}

fn is_manifest(file: &DataFile) -> bool {
    matches!(file.location.name(), "manifest" | "symlink.txt")
}

/// The files that the manifests name. A folder for each partition, as the data would have.
async fn linked(
    stores: &Stores,
    location: &Location,
    manifests: &[DataFile],
) -> Result<Vec<DataFile>> {
    let mut wanted: BTreeMap<Location, (Location, Vec<String>)> = BTreeMap::new();
    for manifest in manifests {
        let text = stores.read(&manifest.location, MANIFEST_BYTES_MAX).await?;
        let text = std::str::from_utf8(&text).map_err(|e| {
            Error::corrupt(format!("{} is no manifest: not UTF-8", manifest.location)).source(e)
        })?;
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let file = named(line, &manifest.location)?;
            stores.check(&file).map_err(|e| e.context(&manifest.location))?;
            if file.store_url() != location.store_url() {
                let what = format!("manifests that name another bucket ({})", manifest.location);
                return Err(Error::unsupported(what));
            }
            let entry = (manifest.location.clone(), manifest.folders.clone());
            if wanted.insert(file.clone(), entry).is_some() {
                let message = format!("{file} is named twice in the manifests of {location}");
                return Err(Error::corrupt(message));
            }
            if wanted.len() > FILES_MAX {
                let message =
                    format!("the manifests of {location} name more than {FILES_MAX} files");
                return Err(Error::exhausted(message));
            }
        }
    }
    let heads = wanted.into_iter().map(|(file, (manifest, folders))| async move {
        let meta = stores.head(&file).await.map_err(|e| e.context(&manifest))?;
        Ok(DataFile { folders, ..data_file(meta, &file, &file) })
    });
    let files: Vec<DataFile> =
        stream::iter(heads).buffer_unordered(HEADS_AT_ONCE).try_collect().await?;
    Ok(files.into_iter().filter(|file| file.size > 0).collect())
}

fn named(line: &str, manifest: &Location) -> Result<Location> {
    let whole = line.contains("://") || line.starts_with("file:") || line.starts_with('/');
    let file = if whole { Location::parse(line).ok() } else { None };
    file.ok_or_else(|| {
        let line: String = line.chars().take(200).collect();
        Error::corrupt(format!("{manifest} is no manifest: \"{line}\" is not a whole path"))
    })
}
