//! Iceberg tables, format versions 1 to 3.
//!
//! The way to a snapshot: `locate` finds the metadata file → `metadata` and `schema` read it → `versions`
//! chooses what is read → `manifest` reads the manifest list and then the manifests, in parallel → `chunk`
//! turns their entries into arrays, which `manifests` keeps and the file index of `files` shares; `deletes`
//! says which delete files concern which data files. ORC and Avro data, encryption, geometry and geography
//! are refused by name.
//!
//! Rejected: the Apache `iceberg` crate 0.10. It refuses manifests without the `schema` key, panics on
//! snapshots without `schema-id`, drops column bounds when planning, and brings a second Arrow and Parquet.
//!
//! Sizes in manifests are what the writer said and wrong in some tables: on a footer that does not parse,
//! ask the store.

mod avro;
mod bounds;
mod chunk;
mod defaults;
mod deletes;
mod files;
mod layout;
mod locate;
mod manifest;
mod manifests;
mod metadata;
mod paths;
mod scalar;
mod schema;
#[cfg(test)]
mod tests;
mod transform;
mod tuple;
mod versions;

use std::sync::Arc;

use arrow::datatypes::{Field, FieldRef, Schema};
use lakegate_base::{Error, Location, Result};
use lakegate_store::Stores;

use crate::{AsOf, Encoding, MatchBy, REQUIRED_IN_FILE, Revision, TableSnapshot, TableSource};

use files::Index;
use layout::Layout;
use metadata::Metadata;
use paths::Paths;
use schema::Column;
use versions::Version;

pub use defaults::initial_default;
pub use manifests::ManifestCache;
pub use schema::mapped_names;

/// Field metadata: a JSON list of the names that the column has in files without field ids (the table
/// property `schema.name-mapping.default`), at every level. Only on tables with such a mapping; a column
/// that is not in it has an empty list. Read by [`mapped_names`].
pub const NAME_MAPPING: &str = "lakegate.name_mapping";
/// Field metadata, at every level: the value of rows in files older than the column, as the format's JSON.
/// Read by [`initial_default`].
pub const INITIAL_DEFAULT: &str = "lakegate.initial_default";

/// A metadata file, unpacked.
const METADATA_BYTES_MAX: u64 = 256 << 20;

/// Opens the table at its current snapshot.
pub async fn open(
    stores: &Stores,
    manifests: &ManifestCache,
    source: &TableSource,
) -> Result<TableSnapshot> {
    open_as_of(stores, manifests, source, &AsOf::Latest).await
}

/// Opens a version of the table (see `versions` for the schema it gets).
pub async fn open_as_of(
    stores: &Stores,
    manifests: &ManifestCache,
    source: &TableSource,
    as_of: &AsOf,
) -> Result<TableSnapshot> {
    let location = locate::current(stores, source).await?;
    open_at(stores, manifests, source, &location, as_of).await
}

/// The table's current snapshot; none, where its metadata file is still that of `previous`.
pub async fn refresh(
    stores: &Stores,
    manifests: &ManifestCache,
    source: &TableSource,
    previous: &TableSnapshot,
) -> Result<Option<TableSnapshot>> {
    let location = locate::current(stores, source).await?;
    let same = previous.version.ends_with(&written_in(source, &location));
    if same && previous.location == source.location {
        return Ok(None);
    }
    open_at(stores, manifests, source, &location, &AsOf::Latest).await.map(Some)
}

/// The table's snapshots that have not expired, newest first.
pub async fn history(stores: &Stores, source: &TableSource) -> Result<Vec<Revision>> {
    let location = locate::current(stores, source).await?;
    Ok(read_metadata(stores, &location).await?.history())
}

async fn read_metadata(stores: &Stores, location: &Location) -> Result<Metadata> {
    let bytes = stores.read(location, METADATA_BYTES_MAX).await?;
    metadata::parse(&bytes, location)
}

async fn open_at(
    stores: &Stores,
    manifests: &ManifestCache,
    source: &TableSource,
    location: &Location,
    as_of: &AsOf,
) -> Result<TableSnapshot> {
    let metadata = read_metadata(stores, location).await?;
    let Version { snapshot, columns } =
        metadata.version(as_of).map_err(|e| e.context(&source.location))?;
    let paths = Paths::new(&source.location, &metadata.location);
    let layout = Arc::new(Layout::new(&metadata, &columns, paths));
    let parts = match snapshot {
        Some(snapshot) => manifests::read(stores, manifests, &layout, snapshot).await?,
        None => Vec::new(),
    };
    let snapshot_id = snapshot.map_or("empty".to_string(), |s| s.id.to_string());

    // Work for a thread of its own, for tables of many files.
    let join = move || {
        let index = Index::new(&layout, &parts)?;
        let deletes = deletes::assign(&layout, &columns, &parts)?;
        let schema = Arc::new(arrow_schema(&metadata, &columns, &index));
        Ok::<_, Error>((index.files, deletes, schema))
    };
    let joined = tokio::task::spawn_blocking(join).await;
    let (files, deletes, schema) =
        joined.map_err(|e| Error::internal("joining manifests failed").source(e))??;
    Ok(TableSnapshot {
        location: source.location.clone(),
        // A schema may change without a new snapshot: only both names together mean one state of the table.
        version: format!("{snapshot_id}{}", written_in(source, location)),
        defaults: defaults::of_schema(&schema).map_err(|e| e.context(location))?,
        schema,
        encoding: Encoding::Parquet(MatchBy::FieldId),
        files,
        deletes,
        origin: None,
    })
}

/// The end of a snapshot's version.
fn written_in(source: &TableSource, metadata: &Location) -> String {
    let below = metadata.below(&source.location).and_then(|path| path.strip_prefix("metadata/"));
    below.map_or_else(|| format!(" in {metadata}"), |name| format!(" in {name}"))
}

fn arrow_schema(metadata: &Metadata, columns: &[Column], index: &Index) -> Schema {
    let constant = |at: usize| index.files.partitions.contains(&at);
    let field = |(at, column): (usize, &Column)| {
        let field = schema::arrow_field(column, metadata.name_mapping.as_ref());
        let lacks_value = column.required && column.initial_default.is_none();
        let required = index.required.contains(&at) || lacks_value;
        if required && !constant(at) { require(&field) } else { field }
    };
    Schema::new(columns.iter().enumerate().map(field).collect::<Vec<_>>())
}

fn require(field: &Field) -> FieldRef {
    let mut metadata = field.metadata().clone();
    metadata.insert(REQUIRED_IN_FILE.to_string(), "true".to_string());
    Arc::new(field.clone().with_metadata(metadata))
}
