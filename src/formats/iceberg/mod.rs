//! Iceberg tables, format versions 1 to 3.
//!
//! The way to a snapshot: `locate` finds the metadata file → `metadata` and `schema` read it → `manifest`
//! reads the manifest list and then the manifests, in parallel → `files` turns their entries into the file
//! index. Deletes, ORC and Avro data, encryption and the types of version 3 that Arrow lacks are refused by
//! name.
//!
//! Rejected: the Apache `iceberg` crate 0.10. It refuses manifests without the `schema` key, panics on
//! snapshots without `schema-id`, drops column bounds when planning, and brings a second Arrow and Parquet.
//!
//! Sizes in manifests are what the writer said and wrong in some tables: on a footer that does not parse,
//! ask the store.

mod avro;
mod bounds;
mod files;
mod locate;
mod manifest;
mod metadata;
mod paths;
mod scalar;
mod schema;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{Field, FieldRef, Schema};
use futures::{StreamExt, TryStreamExt, stream};
use lakegate_base::{Error, Location, Result, Subject};
use lakegate_store::Stores;

use crate::{Deletes, Encoding, MatchBy, REQUIRED_IN_FILE, TableSnapshot, TableSource};

use files::{DeleteFile, Index, Layout, Part};
use manifest::{Content, ManifestFile};
use metadata::{Metadata, Snapshot};
use paths::Paths;
use schema::{Column, Type};

/// Field metadata: a JSON list of the names that the column has in files without field ids (the table
/// property `schema.name-mapping.default`), at every level. Only on tables with such a mapping; a column
/// that is not in it has an empty list.
pub const NAME_MAPPING: &str = "lakegate.name_mapping";

/// A metadata file, unpacked.
const METADATA_BYTES_MAX: u64 = 256 << 20;
/// A manifest list or manifest, packed.
const MANIFEST_BYTES_MAX: u64 = 256 << 20;
/// Manifests in flight.
const MANIFESTS_AT_ONCE: usize = 16;

/// Opens the table at its current snapshot.
pub async fn open(stores: &Stores, source: &TableSource) -> Result<TableSnapshot> {
    let location = locate::current(stores, source).await?;
    let bytes = stores.read(&location, METADATA_BYTES_MAX).await?;
    let metadata = metadata::parse(&bytes, &location)?;
    let paths = Paths::new(&source.location, &metadata.location);
    let layout = Arc::new(Layout::new(&metadata, paths));

    let parts = match &metadata.snapshot {
        Some(snapshot) => read_parts(stores, &layout, snapshot).await?,
        None => Vec::new(),
    };
    refuse_deletes(&parts)?;
    let index = layout.index(&parts)?;
    check_places(stores, &source.location, &index)?;

    // A schema may change without a new snapshot: only both names together mean one state of the table.
    let snapshot_id = metadata.snapshot.as_ref().map_or("empty".to_string(), |s| s.id.to_string());
    Ok(TableSnapshot {
        location: source.location.clone(),
        version: format!("{snapshot_id} in {}", location.name()),
        schema: Arc::new(arrow_schema(&metadata, &index)),
        encoding: Encoding::Parquet(MatchBy::FieldId),
        defaults: defaults(&metadata.columns).map_err(|e| e.context(&location))?,
        files: index.files,
        deletes: Deletes::new(),
        origin: None,
    })
}

async fn read_parts(
    stores: &Stores,
    layout: &Arc<Layout>,
    snapshot: &Snapshot,
) -> Result<Vec<Part>> {
    let manifests = manifests(stores, layout, snapshot).await?;
    let read = |manifest: ManifestFile| {
        let layout = layout.clone();
        async move {
            let location = layout.paths.resolve(&manifest.path)?;
            let bytes = stores.read(&location, MANIFEST_BYTES_MAX).await?;
            // Decoding is work for a thread of its own; the order of the parts stays.
            let task = move || layout.read(&manifest, &location, &bytes);
            let part = tokio::task::spawn_blocking(task).await;
            part.map_err(|e| Error::internal("reading a manifest failed").source(e))?
        }
    };
    stream::iter(manifests).map(read).buffered(MANIFESTS_AT_ONCE).try_collect().await
}

/// The snapshot's manifests: from its manifest list, or listed inline (version 1).
async fn manifests(
    stores: &Stores,
    layout: &Layout,
    snapshot: &Snapshot,
) -> Result<Vec<ManifestFile>> {
    match (&snapshot.manifest_list, &snapshot.manifests) {
        (Some(list), _) => {
            let location = layout.paths.resolve(list)?;
            let bytes = stores.read(&location, MANIFEST_BYTES_MAX).await?;
            manifest::read_list(&location, &bytes)
        }
        (None, Some(inline)) => {
            let manifest =
                |path: &String| ManifestFile { path: path.clone(), spec_id: None, entries: None };
            Ok(inline.iter().map(manifest).collect())
        }
        (None, None) => Err(Error::corrupt(format!("snapshot {} names no manifests", snapshot.id))),
    }
}

fn refuse_deletes(parts: &[Part]) -> Result<()> {
    let deletes = || parts.iter().flat_map(|part| &part.deletes);
    let Some(DeleteFile { content, location }) = deletes().min_by_key(|delete| delete.content)
    else {
        return Ok(());
    };
    let what = match content {
        Content::Data => "data files among deletes",
        Content::PositionDeletes => "position deletes",
        Content::DeletionVector => "deletion vectors (puffin)",
        Content::EqualityDeletes => "equality deletes",
    };
    let what = format!("{what} ({} delete files, one is {location})", deletes().count());
    Err(Error::unsupported(what)
        .about(Subject::Table)
        .hint("Rewrite the table without deletes (rewrite_data_files) to read it."))
}

/// Paths may lead anywhere: one outside the roots refuses the table, before any file is opened.
fn check_places(stores: &Stores, table: &Location, index: &Index) -> Result<()> {
    for path in index.files.paths.iter().flatten() {
        stores.check(&table.with_path(path)?)?;
    }
    Ok(())
}

fn arrow_schema(metadata: &Metadata, index: &Index) -> Schema {
    let constant = |at: usize| index.files.partitions.iter().any(|known| known.column == at);
    let field = |(at, column): (usize, &Column)| {
        let field = schema::arrow_field(column, metadata.name_mapping.as_ref());
        let lacks_value = column.required && column.initial_default.is_none();
        let required = index.required.contains(&at) || lacks_value;
        if required && !constant(at) { require(&field) } else { field }
    };
    Schema::new(metadata.columns.iter().enumerate().map(field).collect::<Vec<_>>())
}

fn require(field: &Field) -> FieldRef {
    let mut metadata = field.metadata().clone();
    metadata.insert(REQUIRED_IN_FILE.to_string(), "true".to_string());
    Arc::new(field.clone().with_metadata(metadata))
}

fn defaults(columns: &[Column]) -> Result<BTreeMap<usize, arrow::array::ArrayRef>> {
    let mut defaults = BTreeMap::new();
    for (at, column) in columns.iter().enumerate() {
        let (Some(json), Type::Primitive(kind)) = (&column.initial_default, &column.kind) else {
            continue;
        };
        let damaged = || {
            let message = format!("the initial default of column {} is damaged", column.name);
            Error::corrupt(message).about(Subject::Column)
        };
        let value = scalar::from_json(*kind, json).ok_or_else(damaged)?;
        let array = scalar::array(*kind, &[Some(value)]).map_err(|e| damaged().source(e))?;
        defaults.insert(at, array);
    }
    Ok(defaults)
}
