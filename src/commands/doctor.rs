//! `lakegate doctor`: check everything a query will need, and say what to fix. With `--client`, ask
//! the running gateway what that client would ask.

mod clients;
mod gateway;
mod statements;

use std::net::TcpListener;

use futures::{StreamExt, stream};
use lakegate_base::{Engine, Error, ErrorKind, Location, Result};
use lakegate_catalog::Table;

use super::sql::session_options;
use crate::cli;
use crate::config::Config;
use crate::lake::{Lake, LakeOptions};
use crate::output::{Report, Screen, progress_bar};

/// Tables opened at one time.
const TABLES_AT_ONCE: usize = 8;
/// What a table may take to give a row.
const TABLE_TIMEOUT: &str = "30s";

/// What `--client` takes, and how else it may be called.
pub fn client_names() -> impl Iterator<Item = &'static [&'static str]> {
    const ALL: &[&str] = &[clients::ALL];
    statements::CLIENTS.iter().map(|client| client.names).chain([ALL])
}

pub async fn doctor(arguments: &cli::Doctor, config: &Config) -> Result<()> {
    match &arguments.client {
        Some(name) => clients::clients(arguments, name, config).await,
        None => check(config).await,
    }
}

async fn check(config: &Config) -> Result<()> {
    let mut findings = Findings::default();
    findings.screen.heading("Settings")?;
    settings(config, &mut findings)?;
    port(config, &mut findings)?;
    let options = LakeOptions { read_only: true, ..Default::default() };
    match Lake::open(config, options).await {
        Ok(lake) => {
            findings.screen.heading("Storage")?;
            storage(config, &lake, &mut findings).await?;
            findings.screen.heading("Tables")?;
            tables(config, &lake, &mut findings).await?;
        }
        Err(error) => findings.bad("lake", &error)?,
    }
    match findings.bad_count {
        0 => findings.screen.line("\nAll is well."),
        1 => Err(Error::invalid("1 thing needs attention")),
        count => Err(Error::invalid(format!("{count} things need attention"))),
    }
}

#[derive(Default)]
struct Findings {
    screen: Screen,
    bad_count: usize,
}

impl Findings {
    fn good(&self, what: &str, said: impl AsRef<str>) -> Result<()> {
        self.screen.report(Report::Good, what, said.as_ref())
    }

    fn note(&self, what: &str, said: impl AsRef<str>) -> Result<()> {
        self.screen.report(Report::Note, what, said.as_ref())
    }

    fn bad(&mut self, what: &str, error: &Error) -> Result<()> {
        self.bad_count += 1;
        self.screen.error(what, error)
    }
}

fn settings(config: &Config, findings: &mut Findings) -> Result<()> {
    findings.good("settings", "valid")?;
    match lakegate_models::load(&config.models.directory).and_then(lakegate_models::order) {
        Ok(models) => findings.good("models", format!("{} models", models.len())),
        Err(error) if error.is_not_found() => {
            findings.note("models", format!("no {} here", config.models.directory.display()))
        }
        Err(error) => findings.bad("models", &error),
    }
}

fn port(config: &Config, findings: &mut Findings) -> Result<()> {
    let listen = match config.pg_options() {
        Ok(options) => options.listen,
        Err(error) => return findings.bad("postgres port", &error),
    };
    match TcpListener::bind(listen) {
        Ok(_) => findings.good("postgres port", format!("{listen} is free")),
        Err(error) => {
            let error = Error::unavailable(format!("{listen} cannot be taken: {error}"))
                .hint("Stop what uses it (it may be Lakegate itself), or set pg.listen.");
            findings.bad("postgres port", &error)
        }
    }
}

/// Every root once: reading one name of a listing needs network, credentials and rights.
async fn storage(config: &Config, lake: &Lake, findings: &mut Findings) -> Result<()> {
    let own = [Location::local(&config.lake.directory)?, config.warehouse()?];
    for root in lake.stores.roots() {
        let name = root.to_string();
        let absent = root.local_path().is_some_and(|path| !path.exists());
        if absent && own.contains(root) {
            findings.note(&name, "not there yet; demo, crawl and run create it")?;
            continue;
        }
        match reach(lake, root, absent).await {
            Ok(said) => findings.good(&name, said)?,
            Err(error) => findings.bad(&name, &error)?,
        }
    }
    Ok(())
}

async fn reach(lake: &Lake, root: &Location, absent: bool) -> Result<&'static str> {
    if absent {
        return Err(Error::new(ErrorKind::NotFound, "there is no such directory")
            .hint("Create it, or take it out of the settings."));
    }
    match lake.stores.list(root).await?.next().await.transpose()? {
        Some(_) => Ok("readable"),
        None => Ok("readable, and empty"),
    }
}

async fn tables(config: &Config, lake: &Lake, findings: &mut Findings) -> Result<()> {
    let snapshot = lake.catalog.snapshot().await?;
    let tables: Vec<_> = snapshot.all_tables().cloned().collect();
    if tables.is_empty() {
        return findings.note("catalog", "empty; fill it with: lakegate crawl s3://BUCKET/PREFIX/");
    }
    findings.good("catalog", format!("{} tables and views", tables.len()))?;
    let bar = progress_bar("tables", tables.len() as u64);
    let opening = stream::iter(&tables).map(|table| async move {
        (table.table_name().to_string(), open(config, lake, table).await)
    });
    let mut opened = std::pin::pin!(opening.buffered(TABLES_AT_ONCE));
    while let Some((name, result)) = opened.next().await {
        bar.inc(1);
        bar.suspend(|| match result {
            Ok(said) => findings.good(&name, said),
            Err(error) => findings.bad(&name, &error),
        })?;
    }
    bar.finish_and_clear();
    Ok(())
}

/// A table is asked for one row, which reads its metadata and a data file; a view is planned, which opens
/// the tables it reads.
async fn open(config: &Config, lake: &Lake, table: &Table) -> Result<String> {
    let mut options = session_options(config);
    options.settings.push(("statement_timeout".into(), TABLE_TIMEOUT.into()));
    let session = lake.engine.open(options).await?;
    let name = table.table_name();
    let text = format!("SELECT * FROM \"{}\".\"{}\" LIMIT 1", name.database, name.table);
    for statement in session.parse(&text)? {
        let prepared = session.prepare(&statement, &[]).await?;
        if table.is_view() {
            return Ok("view".into());
        }
        let answer = session.execute(prepared.as_ref(), &[]).await?;
        if let Some(mut rows) = answer.rows {
            rows.stream.next().await.transpose()?;
        }
    }
    let source = lakegate_catalog::source(table)?;
    let snapshot = lakegate_formats::open(&lake.stores, &source).await?;
    let files = snapshot.files.len();
    let noun = if files == 1 { "file" } else { "files" };
    Ok(format!("{}, {files} {noun}, version {}", source.format.name(), snapshot.version))
}
