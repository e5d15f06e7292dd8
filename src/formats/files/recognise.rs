//! What stands at a location, without a catalog: for `--table NAME=URL`.

use lakegate_base::{Error, ErrorKind, Location, Result, Subject};
use lakegate_store::Stores;

use super::infer::{FileRef, InferredFile, detect, infer};
use super::listing::{self, Contents, DataFile, Layout};
use super::open::sample;
use super::{FileKind, merge_schemas, partitions};
use crate::{TableFormat, TableSource};

const METADATA_SUFFIX: &str = ".metadata.json";

/// A Delta or Iceberg table by its log; else files of one kind, by name or first bytes, with the columns
/// of some of them, and `key=value` folders as partition keys.
pub async fn recognise(stores: &Stores, location: &Location) -> Result<TableSource> {
    stores.check(location)?;
    if let Some(source) = by_log(stores, location).await? {
        return Ok(source);
    }
    let listing = listing::list(stores, location, Contents::ByName).await?;
    if listing.files.is_empty() {
        let message = format!("{location} holds no data files");
        return Err(Error::new(ErrorKind::NotFound, message)
            .about(Subject::Object)
            .hint("Check the location; names that start with _ or . do not count."));
    }
    let kind = one_kind(stores, &listing.files).await?;
    let mut schemas = Vec::new();
    let mut first: Option<InferredFile> = None;
    for file in sample(&listing.files) {
        let inferred = infer(stores, &file, kind).await?;
        schemas.push(inferred.schema.clone());
        match &first {
            None => first = Some(inferred),
            Some(known) if known.format == inferred.format => {}
            Some(_) => return Err(differently_written(&listing.files[0], &file)),
        }
    }
    let Some(InferredFile { format, .. }) = first else {
        return Err(Error::internal("a sample of files is never empty"));
    };
    let schema = merge_schemas(&schemas, &format).map_err(|e| e.context(location))?;
    let partition_keys = partitions::recognise(&listing.files)?;
    let format = match listing.layout {
        Layout::SymlinkManifest => TableFormat::Linked(Box::new(format)),
        Layout::Files => format,
    };
    let location = location.clone();
    Ok(TableSource {
        location,
        format,
        schema: Some(schema),
        partition_keys,
        metadata_location: None,
    })
}

async fn by_log(stores: &Stores, location: &Location) -> Result<Option<TableSource>> {
    let table =
        |location: &Location, format: TableFormat, metadata: Option<Location>| TableSource {
            location: location.clone(),
            format,
            schema: None,
            partition_keys: Vec::new(),
            metadata_location: metadata,
        };
    if location.name().ends_with(METADATA_SUFFIX) {
        let folder = location.parent().and_then(|folder| folder.parent());
        let folder = folder.unwrap_or_else(|| location.clone());
        return Ok(Some(table(&folder, TableFormat::Iceberg, Some(location.clone()))));
    }
    let children = stores.list_children(location).await?;
    let has = |name: &str| children.folders.iter().any(|folder| folder.name() == name);
    if has("_delta_log") {
        return Ok(Some(table(location, TableFormat::Delta, None)));
    }
    if has("metadata") {
        let below = stores.list_children(&location.join("metadata")?).await?;
        let names = below.objects.iter().filter_map(|meta| meta.location.filename());
        if names.into_iter().any(|name| name.ends_with(METADATA_SUFFIX)) {
            return Ok(Some(table(location, TableFormat::Iceberg, None)));
        }
    }
    Ok(None)
}

/// The kind of all files. Names decide for all of them; files whose name says nothing are looked into.
async fn one_kind(stores: &Stores, files: &[DataFile]) -> Result<FileKind> {
    let mut known: Option<(FileKind, &DataFile)> = None;
    for file in files {
        let Some(kind) = FileKind::of(file.location.name()) else { continue };
        match known {
            None => known = Some((kind, file)),
            Some((other, _)) if other == kind => {}
            Some((_, other)) => return Err(different_kinds(&other.location, &file.location)),
        }
    }
    let nameless: Vec<DataFile> =
        files.iter().filter(|file| FileKind::of(file.location.name()).is_none()).cloned().collect();
    let mut kind = known.map(|(kind, file)| (kind, file.location.clone()));
    for file in sample(&nameless) {
        let Some(seen) = detect(stores, &file).await? else {
            let what = format!("the format of {}", file.location);
            return Err(Error::unsupported(what).hint(
                "Lakegate reads Delta, Iceberg, Parquet, ORC, Avro, CSV, JSON lines and text.",
            ));
        };
        match &kind {
            None => kind = Some((seen, file.location)),
            Some((other, _)) if *other == seen => {}
            Some((_, other)) => return Err(different_kinds(other, &file.location)),
        }
    }
    kind.map(|(kind, _)| kind).ok_or_else(|| Error::internal("a table to recognise has no files"))
}

fn different_kinds(a: &Location, b: &Location) -> Error {
    Error::invalid(format!("{a} and {b} are files of different kinds"))
        .about(Subject::Table)
        .hint("Name the folder of one table.")
}

fn differently_written(a: &DataFile, b: &FileRef) -> Error {
    Error::invalid(format!(
        "{} and {} are written differently (delimiter or header)",
        a.location, b.location
    ))
    .about(Subject::Table)
    .hint("Name the folder of one table.")
}
