//! The engine through its own seam: sessions over small tables on disk.

mod functions;
mod joins;
mod limits;
mod meaning;
mod plans;
mod remote;
mod scan;
mod session;
mod temporary;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::parquet::arrow::ArrowWriter;
use futures::TryStreamExt;
use lakegate_base::{
    Answer, Engine, Location, Principal, Result, Session, SessionOptions, TableName,
};
use lakegate_catalog::{Catalog, CatalogOptions};
use lakegate_store::{S3Options, StoreOptions, Stores};
use tempfile::TempDir;

use crate::{EngineLimits, EngineOptions, LakeEngine};

/// A lake in a temporary folder, with an engine over it.
pub struct Lake {
    pub folder: TempDir,
    pub engine: Arc<LakeEngine>,
}

impl Lake {
    pub fn new() -> Self {
        Self::with_limits(|_| ())
    }

    pub fn with_limits(change: impl FnOnce(&mut EngineLimits)) -> Self {
        Self::with(|options| change(&mut options.limits))
    }

    pub fn with(change: impl FnOnce(&mut EngineOptions)) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let root = Location::local(folder.path()).expect("a local path");
        let mut options = EngineOptions::new(root.join("warehouse").expect("below"));
        options.limits.spill_directory = folder.path().to_path_buf();
        change(&mut options);
        let stores = Stores::new(StoreOptions {
            roots: vec![root],
            s3: S3Options::default(),
            retry_timeout: Duration::from_secs(5),
        });
        let catalog = Catalog::open(CatalogOptions { path: None }).expect("a catalog in memory");
        let engine = LakeEngine::new(options, Arc::new(stores), Arc::new(catalog));
        Self { folder, engine: engine.expect("an engine") }
    }

    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// Writes Parquet files and makes them a table `public.NAME`.
    pub async fn table(&self, name: &str, files: &[RecordBatch]) {
        let folder = self.path(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        for (index, batch) in files.iter().enumerate() {
            write(&folder.join(format!("part-{index}.parquet")), batch);
        }
        self.attach(name).await.expect("a table");
    }

    pub async fn attach(&self, name: &str) -> Result<()> {
        let location = Location::local(&self.path(name))?;
        self.engine.attach(TableName::new("public", name), &location).await
    }

    pub async fn session(&self) -> Arc<dyn Session> {
        let options = SessionOptions {
            principal: Principal { name: "ana".to_string() },
            database: "lake".to_string(),
            settings: Vec::new(),
            client: "test".to_string(),
        };
        self.engine.open(options).await.expect("a session")
    }

    /// The answer as a table of text, or the error's message.
    pub async fn query(&self, sql: &str) -> String {
        text(self.session().await.as_ref(), sql).await
    }
}

pub fn write(path: &Path, batch: &RecordBatch) {
    let file = File::create(path).expect("a file");
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).expect("a writer");
    writer.write(batch).expect("written");
    writer.close().expect("closed");
}

pub async fn answer(session: &dyn Session, sql: &str) -> Result<Answer> {
    let statement = session.parse(sql)?.remove(0);
    let prepared = session.prepare(&statement, &[]).await?;
    session.execute(prepared.as_ref(), &[]).await
}

pub async fn text(session: &dyn Session, sql: &str) -> String {
    let batches = async {
        match answer(session, sql).await?.rows {
            Some(rows) => rows.stream.try_collect::<Vec<_>>().await,
            None => Ok(Vec::new()),
        }
    };
    match batches.await {
        Ok(batches) => {
            let table = pretty_format_batches(&batches).expect("printable").to_string();
            let rows = table.lines().filter(|line| line.starts_with('|')).skip(1);
            rows.map(cells).collect::<Vec<_>>().join("\n")
        }
        Err(error) => format!("{:?}: {error}", error.kind()),
    }
}

/// `a | b`, whatever the columns' widths.
fn cells(row: &str) -> String {
    let inner = row.trim_start_matches('|').strip_suffix('|').unwrap_or(row);
    inner.split('|').map(str::trim).collect::<Vec<_>>().join(" | ")
}
