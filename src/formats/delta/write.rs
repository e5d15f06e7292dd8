//! Writing whole tables: data files first, then one commit that makes all of them visible at once.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use futures::StreamExt;
use futures::stream::BoxStream;
use lakegate_base::{Error, Location, Result};
use lakegate_store::Stores;

use super::casting;
use super::commit::{self, Before, Commit, Outcome};
use super::data::{self, DataWriter};
use super::manifest;

const TARGET_FILE_BYTES: u64 = 256 << 20;

#[derive(Clone, Debug)]
pub struct OverwriteOptions {
    /// The rows' schema; types Delta lacks become the nearest one it has, or are refused by name. Field
    /// metadata `comment` becomes the column's comment.
    pub schema: SchemaRef,
    pub description: Option<String>,
    pub compression: Compression,
    /// A file that has reached this size is ended.
    pub target_file_bytes: u64,
    pub symlink_manifest: SymlinkManifest,
}

impl OverwriteOptions {
    pub fn new(schema: SchemaRef) -> Self {
        Self {
            schema,
            description: None,
            compression: Compression::Zstd,
            target_file_bytes: TARGET_FILE_BYTES,
            symlink_manifest: SymlinkManifest::None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    Zstd,
    Snappy,
}

/// Whether `_symlink_format_manifest/manifest` is written after the commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SymlinkManifest {
    None,
    Write,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    pub version: u64,
    pub files: u64,
    pub rows: u64,
    pub bytes: u64,
}

/// Creates the table at `location`, or replaces its rows and schema, in one commit: readers see the old
/// version or the new one. On an error the table is as it was, unless the message says otherwise.
pub async fn overwrite(
    stores: &Stores,
    location: &Location,
    options: OverwriteOptions,
    batches: BoxStream<'_, Result<RecordBatch>>,
) -> Result<Written> {
    let schema = casting::table_schema(&options.schema)?;
    // Before any data is written: a table that cannot be overwritten is refused at no cost.
    let before = Before::read(stores, location).await?;
    let mut writer = DataWriter::new(
        stores,
        location,
        schema.clone(),
        options.compression,
        options.target_file_bytes,
    );
    let files = match write_all(&mut writer, &schema, batches).await {
        Ok(files) => files,
        Err(error) => {
            writer.abandon().await;
            return Err(error);
        }
    };
    let commit = Commit::new(&schema, options.description, files);
    let version = match commit::run(stores, location, &commit, before).await {
        Outcome::Landed(version) => version,
        Outcome::Refused(error) => {
            data::delete(stores, location, &commit.files).await;
            return Err(error);
        }
        // The commit may still land: its files must stay.
        Outcome::Unknown(error) => return Err(error),
    };
    if options.symlink_manifest == SymlinkManifest::Write {
        manifest::write(stores, location, &commit.files)
            .await
            .map_err(|error| manifest_error(error, version))?;
    }
    Ok(Written {
        version,
        files: commit.files.len() as u64,
        rows: commit.files.iter().map(|file| file.rows).sum(),
        bytes: commit.files.iter().map(|file| file.bytes).sum(),
    })
}

async fn write_all(
    writer: &mut DataWriter<'_>,
    schema: &SchemaRef,
    mut batches: BoxStream<'_, Result<RecordBatch>>,
) -> Result<Vec<data::DataFile>> {
    while let Some(batch) = batches.next().await {
        writer.write(&casting::cast_batch(&batch?, schema)?).await?;
    }
    writer.finish().await
}

fn manifest_error(error: Error, version: u64) -> Error {
    error
        .context(format!("version {version} is written, but its symlink manifest is not"))
        .hint("Write the table again: readers of the manifest see the version before.")
}
