//! What UNLOAD writes: Parquet files in a folder of its own, read one after the other and deleted afterwards.

use std::sync::Arc;

use arrow::array::RecordBatch;
use aws_sdk_athena::types::QueryExecution;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use lakegate_base::{Error, Location, Result};
use lakegate_store::Stores;
use uuid::Uuid;

use crate::Limits;
use crate::cells::Shape;
use crate::client::Client;
use crate::unloaded;

/// A folder below the output that only one statement writes to. Deleted when dropped.
pub(crate) struct Folder {
    pub(crate) location: Location,
    stores: Arc<Stores>,
    client: Arc<Client>,
}

impl Folder {
    /// Its name only: Athena makes it.
    pub(crate) fn new(output: &Location, stores: Arc<Stores>, client: Arc<Client>) -> Result<Self> {
        let location = output.join(&Uuid::new_v4().to_string())?;
        Ok(Self { location, stores, client })
    }

    /// The statement that writes there what this one answers.
    pub(crate) fn statement(&self, text: &str) -> String {
        let place = self.location.to_string().replace('\'', "''");
        format!("UNLOAD ({text}) TO '{place}/' WITH (format = 'PARQUET', compression = 'ZSTD')")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let (stores, location) = (self.stores.clone(), self.location.clone());
        self.client.spawn(async move {
            if let Err(error) = delete(&stores, &location).await {
                tracing::warn!(%location, error = %error.full(), "what Athena unloaded is left over");
            }
        });
    }
}

async fn delete(stores: &Stores, folder: &Location) -> Result<()> {
    let mut objects = stores.list(folder).await?;
    while let Some(object) = objects.try_next().await? {
        stores.delete(&lakegate_store::location(folder, &object.location)).await?;
    }
    Ok(())
}

/// The rows of all files that the statement's manifest lists.
pub(crate) async fn rows(
    execution: &QueryExecution,
    folder: Folder,
    shape: Shape,
    limits: &Limits,
) -> Result<BoxStream<'static, Result<RecordBatch>>> {
    let files = files(execution, &folder, limits).await?;
    let stores = folder.stores.clone();
    let rows_max = limits.batch_rows;
    let opened = stream::iter(files).then(move |file| {
        let (stores, shape) = (stores.clone(), shape.clone());
        async move { unloaded::open(&stores, file, shape, rows_max).await }
    });
    // The folder stays as long as its rows are read.
    let rows = opened.try_flatten().inspect(move |_| {
        let _ = &folder;
    });
    Ok(rows.boxed())
}

/// One location in each line. A statement without rows writes no file, and may write no manifest.
async fn files(
    execution: &QueryExecution,
    folder: &Folder,
    limits: &Limits,
) -> Result<Vec<Location>> {
    let manifest = execution.statistics().and_then(|s| s.data_manifest_location());
    let Some(manifest) = manifest else {
        let mut written = folder.stores.list(&folder.location).await?;
        return match written.try_next().await? {
            None => Ok(Vec::new()),
            Some(_) => {
                Err(Error::corrupt("Athena unloaded rows and does not say into which files")
                    .hint("Set athena.results = \"csv\"."))
            }
        };
    };
    let manifest = Location::parse(manifest)?;
    let text = folder.stores.read(&manifest, limits.manifest_bytes).await?;
    let text = str::from_utf8(&text)
        .map_err(|e| Error::corrupt(format!("{manifest} is no list of files")).source(e))?;
    let lines = text.lines().map(|line| line.trim().trim_matches('"')).filter(|l| !l.is_empty());
    let files = lines.map(|line| {
        let file = Location::parse(line)?;
        match file.is_within(&folder.location) {
            true => Ok(file),
            false => {
                Err(Error::corrupt(format!("{manifest} lists {file}, which is none of its own")))
            }
        }
    });
    let files = files.collect::<Result<Vec<_>>>()?;
    // Deleted with the folder's files: the rows are read from here on, once.
    if let Err(error) = folder.stores.delete(&manifest).await {
        tracing::debug!(%manifest, error = %error.full(), "Athena's list of files is left over");
    }
    Ok(files)
}
