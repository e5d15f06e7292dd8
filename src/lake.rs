//! What every command works with, built from the settings: stores, catalog and engine.

use std::sync::Arc;

use lakegate_athena::Athena;
use lakegate_base::{Error, Location, Result, TableName};
use lakegate_catalog::{Catalog, CatalogOptions};
use lakegate_engine::{LakeEngine, RemoteOptions};
use lakegate_store::Stores;

use crate::cli::split;
use crate::config::Config;

pub struct Lake {
    pub stores: Arc<Stores>,
    pub catalog: Arc<Catalog>,
    pub engine: Arc<LakeEngine>,
}

/// What a command adds to the settings.
#[derive(Default)]
pub struct LakeOptions {
    /// Tables that exist in this process alone, by the name and place of `--table NAME=URL`.
    pub tables: Vec<(TableName, Location)>,
    /// Places opened besides the configured ones.
    pub roots: Vec<Location>,
    /// Leaves a lake that does not exist as it is, instead of creating it.
    pub read_only: bool,
}

impl Lake {
    pub async fn open(config: &Config, options: LakeOptions) -> Result<Self> {
        let mut catalog_options = config.catalog_options();
        let mut engine_options = config.engine_options()?;
        if options.read_only && !catalog_options.path.as_ref().is_some_and(|path| path.exists()) {
            catalog_options = CatalogOptions { path: None };
            engine_options.limits.spill_directory = std::env::temp_dir();
        } else if let Some(directory) = catalog_options.path.as_ref().and_then(|p| p.parent()) {
            create_directory(directory)?;
            create_directory(&engine_options.limits.spill_directory)?;
        }
        let mut roots = options.roots;
        roots.extend(options.tables.iter().map(|(_, location)| location.clone()));
        let stores = Arc::new(Stores::new(config.store_options(roots)?));
        let catalog = Arc::new(Catalog::open(catalog_options)?);
        engine_options.remote = remote(config, &stores)?;
        let engine = LakeEngine::new(engine_options, Arc::clone(&stores), Arc::clone(&catalog))?;
        for (name, location) in &options.tables {
            let attached = engine.attach(name.clone(), location).await;
            attached.map_err(|error| error.context(format!("--table {name}")))?;
        }
        Ok(Self { stores, catalog, engine })
    }
}

/// Athena, where statements are passed on to it.
fn remote(config: &Config, stores: &Arc<Stores>) -> Result<Option<RemoteOptions>> {
    let Some(options) = config.athena_options()? else { return Ok(None) };
    Ok(Some(RemoteOptions {
        engine: Arc::new(Athena::new(options, Arc::clone(stores))?),
        fallback: config.athena.fallback,
        tables: config.athena.tables.clone(),
        queries_max: config.athena.concurrent_queries,
    }))
}

/// The tables of `--table NAME=URL`; a name without a database goes to `public`.
pub fn extra_tables(list: &[String]) -> Result<Vec<(TableName, Location)>> {
    let parse = |text: &String| {
        let (name, location) = split(text, "--table", "NAME=URL")?;
        Ok((TableName::parse(name, "public")?, Location::parse(location)?))
    };
    list.iter().map(parse).collect()
}

pub fn create_directory(directory: &std::path::Path) -> Result<()> {
    std::fs::create_dir_all(directory).map_err(|e| {
        Error::invalid(format!("cannot create \"{}\": {e}", directory.display()))
            .hint("Choose a directory this user may write to: lake.directory in the settings.")
            .source(e)
    })
}
