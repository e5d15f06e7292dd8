//! `lakegate serve`: open the gateway.

use lakegate_base::Result;

use crate::cli::Serve;
use crate::config::Config;
use crate::lake::{Lake, LakeOptions, extra_tables};
use crate::output::Screen;
use crate::serve;

pub async fn serve(arguments: &Serve, config: &Config) -> Result<()> {
    let tables = extra_tables(&arguments.tables.list)?;
    let lake = Lake::open(config, LakeOptions { tables, ..Default::default() }).await?;
    let server = serve::bind(config, &lake)?;
    let screen = Screen;
    let snapshot = lake.catalog.snapshot().await?;
    if snapshot.all_tables().next().is_none() {
        screen
            .line("The catalog is empty. Find tables first: lakegate crawl s3://BUCKET/PREFIX/")?;
    }
    serve::run(server, &screen).await
}
