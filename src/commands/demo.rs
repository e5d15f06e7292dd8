//! `lakegate demo`: generate the landing files, crawl them, build the models, serve. A second start finds
//! everything there and only serves.

use std::net::SocketAddr;
use std::time::Instant;

use lakegate_base::{Error, Location, Result};
use lakegate_catalog::crawler::CrawlTarget;
use lakegate_models::Model;

use super::crawl::crawl_one;
use super::run::{build, models};
use crate::cli::Demo;
use crate::config::Config;
use crate::demo::{DemoOptions, Generated, generate};
use crate::lake::{Lake, LakeOptions, create_directory};
use crate::output::{Report, Screen, progress_bar, short_duration, thousands};
use crate::serve;

/// The database of the landing files.
const LANDING: &str = "landing";

/// Proposed at the end: an aggregate, the gold join, one person's recommendations.
const QUERIES: [&str; 3] = [
    "SELECT * FROM dashboard.credit_by_category;",
    "SELECT nome, idade, pontuacao, genero FROM gold.customers_credit_music ORDER BY id LIMIT 5;",
    "SELECT person_id, items_recommended FROM recommend.recommendations ORDER BY 1 LIMIT 5;",
];

pub async fn demo(arguments: &Demo, config: &Config) -> Result<()> {
    let screen = Screen;
    let started = Instant::now();
    create_directory(&config.lake.directory)?;
    let models = models(config)?;
    let lake = Lake::open(config, LakeOptions::default()).await?;
    // The port is taken first: nobody should wait for a build to learn that it was in vain.
    let server = match arguments.no_serve {
        true => None,
        false => Some(serve::bind(config, &lake)?),
    };

    let landing = land(arguments, config).await?;
    let state = if landing.reused { "reused, " } else { "" };
    let said = format!("{state}{} rows in {} files", thousands(landing.rows), landing.files);
    screen.report(Report::Good, "landing files", &said)?;
    let location = Location::local(&landing.landing)?;
    crawl_one(&lake, &CrawlTarget::new(LANDING, location, LANDING), &screen).await?;
    build_missing(&lake, &models, &landing, &screen).await?;
    // The models' tables are known by now: a crawl finds nothing new, and adds what others put there.
    create_warehouse(config)?;
    let warehouse = CrawlTarget::new("warehouse", config.warehouse()?, "warehouse");
    crawl_one(&lake, &warehouse, &screen).await?;

    let took = short_duration(started.elapsed());
    screen.line(format!(
        "\nThe lake is ready after {took}, in {}.",
        config.lake.directory.display()
    ))?;
    match server {
        Some(server) => {
            closing_screen(&screen, server.address(), &config.lake.name)?;
            serve::run(server, &screen).await
        }
        None => screen.line("Serve it with: lakegate serve"),
    }
}

async fn land(arguments: &Demo, config: &Config) -> Result<Generated> {
    let seed = arguments.seed;
    let options = DemoOptions { seed, ..DemoOptions::new(config.lake.directory.clone()) };
    let bar = progress_bar("generate", 0);
    let generating = tokio::task::spawn_blocking(move || {
        let generated = generate(&options, &|what, done, total| {
            bar.set_length(total);
            bar.set_position(done);
            bar.set_message(what.to_string());
        });
        bar.finish_and_clear();
        generated
    });
    generating.await.map_err(|e| Error::internal("the generator stopped").source(e))?
}

/// All models over new landing files, else those that are not in the catalog yet: a build that was
/// interrupted is completed.
async fn build_missing(
    lake: &Lake,
    models: &[Model],
    landing: &Generated,
    screen: &Screen,
) -> Result<()> {
    let snapshot = lake.catalog.snapshot().await?;
    let is_needed = |model: &&Model| !landing.reused || snapshot.table(&model.name).is_none();
    let needed: Vec<Model> = models.iter().filter(is_needed).cloned().collect();
    if needed.is_empty() {
        return screen.report(Report::Good, "models", &format!("reused, {} of them", models.len()));
    }
    build(lake, &needed, screen).await
}

fn create_warehouse(config: &Config) -> Result<()> {
    match config.warehouse()?.local_path() {
        Some(directory) => create_directory(&directory),
        None => Ok(()),
    }
}

fn closing_screen(screen: &Screen, address: SocketAddr, database: &str) -> Result<()> {
    let (host, port) = (address.ip(), address.port());
    screen.heading("\nConnect")?;
    screen.line(format!(
        "  psql      psql -h {host} -p {port} -U lakegate {database}\n  \
         BI, JDBC  jdbc:postgresql://{host}:{port}/{database}?user=lakegate   (DBeaver, Metabase)\n  \
         Python    psycopg.connect(\"host={host} port={port} user=lakegate dbname={database}\")"
    ))?;
    screen.heading("\nTry")?;
    for query in QUERIES {
        screen.line(format!("  {query}"))?;
    }
    screen.line("\nCtrl-C stops the gateway.\n")
}
