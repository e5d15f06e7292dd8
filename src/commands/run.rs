//! `lakegate run`: build the SQL models, each after those it reads.

use std::time::Instant;

use lakegate_base::Result;
use lakegate_models::{Materialized, Model};

use crate::cli::Run;
use crate::config::Config;
use crate::lake::{Lake, LakeOptions};
use crate::output::{Report, Screen, progress_bar, short_duration, thousands};

pub async fn run(arguments: &Run, config: &Config) -> Result<()> {
    let models = models(config)?;
    let models = lakegate_models::select(&models, &arguments.models)?;
    let screen = Screen;
    if arguments.plan {
        for (index, model) in models.iter().enumerate() {
            let name = model.name.to_string();
            screen.line(format!("{:>3}  {name:<36} {}", index + 1, kind(model)))?;
        }
        return Ok(());
    }
    let lake = Lake::open(config, LakeOptions::default()).await?;
    build(&lake, &models, &screen).await
}

/// Every model of the settings' directory, in building order.
pub fn models(config: &Config) -> Result<Vec<Model>> {
    let directory = &config.models.directory;
    let models = lakegate_models::load(directory).map_err(|error| match error.is_not_found() {
        true => error.hint("Run from the project's directory, or set models.directory."),
        false => error,
    })?;
    lakegate_models::order(models)
}

/// Builds the models in the order given, a line each. The first that fails ends the run: what it feeds
/// would be built from the rows of an earlier run.
pub async fn build(lake: &Lake, models: &[Model], screen: &Screen) -> Result<()> {
    let bar = progress_bar("models", models.len() as u64);
    let names = models.iter().map(|model| model.name.to_string().len());
    let width = names.max().unwrap_or(0);
    for model in models {
        bar.set_message(model.name.to_string());
        let started = Instant::now();
        let built = lake.engine.build(model).await?;
        let rows = built.rows.map(|rows| format!("{} rows, ", thousands(rows))).unwrap_or_default();
        let said = format!("{} ({rows}{})", kind(model), short_duration(started.elapsed()));
        let name = format!("{:<width$}", model.name.to_string());
        bar.suspend(|| screen.report(Report::Good, &name, &said))?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}

fn kind(model: &Model) -> &'static str {
    match model.materialized {
        Materialized::View => "view",
        Materialized::Delta => "delta table",
    }
}
