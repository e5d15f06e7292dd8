//! `lakegate crawl`: find tables below a location, show the differences, record them.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::ProgressBar;
use lakegate_base::{Error, Location, Result, fold_name};
use lakegate_catalog::crawler::{self, CrawlPlan, CrawlTarget, Progress};

use crate::cli::Crawl;
use crate::config::{self, Config, closest};
use crate::lake::{Lake, LakeOptions};
use crate::output::{Report, Screen, spinner, thousands};

pub async fn crawl(arguments: &Crawl, config: &Config) -> Result<()> {
    let targets = targets(arguments, config)?;
    let roots = targets.iter().map(|target| target.location.clone()).collect();
    let lake = Lake::open(config, LakeOptions { roots, ..Default::default() }).await?;
    let screen = Screen;
    let mut broken_count = 0;
    for target in &targets {
        let plan = plan(&lake, target).await?;
        broken_count += plan.broken.len();
        show(&plan, target, &screen)?;
        if !arguments.plan {
            plan.apply(&lake.catalog).await?;
        }
    }
    if arguments.plan {
        screen.line("A plan: nothing was changed.")?;
    }
    for target in &targets {
        advise_root(config, target, &screen)?;
    }
    match broken_count {
        0 => Ok(()),
        1 => Err(Error::corrupt("1 place could not be crawled; the others are up to date")),
        n => Err(Error::corrupt(format!(
            "{n} places could not be crawled; the others are up to date"
        ))),
    }
}

/// Crawls one target and records what it found. Broken places are shown, and no error.
pub async fn crawl_one(lake: &Lake, target: &CrawlTarget, screen: &Screen) -> Result<()> {
    let plan = plan(lake, target).await?;
    show(&plan, target, screen)?;
    plan.apply(&lake.catalog).await?;
    Ok(())
}

async fn plan(lake: &Lake, target: &CrawlTarget) -> Result<CrawlPlan> {
    if target.location.local_path().is_some_and(|path| !path.exists()) {
        return Err(Error::invalid(format!("{} does not exist", target.location))
            .hint("Check the location; a local path starts at the working directory."));
    }
    let bar = CrawlBar { bar: spinner("crawl"), learning: AtomicBool::new(false) };
    let plan = crawler::plan(&lake.catalog, &lake.stores, target, &bar).await;
    bar.bar.finish_and_clear();
    plan.map_err(|error| error.context(format!("crawl {}", target.name)))
}

struct CrawlBar {
    bar: ProgressBar,
    /// Listing and learning overlap at the end of the listing; learning says more.
    learning: AtomicBool,
}

impl Progress for CrawlBar {
    fn found(&self, folders: usize, objects: usize) {
        if !self.learning.load(Ordering::Relaxed) {
            self.bar.set_message(format!("{folders} folders, {objects} objects listed"));
        }
    }

    fn learned(&self, done: usize, total: usize) {
        self.learning.store(true, Ordering::Relaxed);
        self.bar.set_message(format!("{done} of {total} folders understood"));
    }
}

fn show(plan: &CrawlPlan, target: &CrawlTarget, screen: &Screen) -> Result<()> {
    let noun = if plan.tables == 1 { "table" } else { "tables" };
    let objects = if plan.objects == 1 { "object" } else { "objects" };
    let seen = format!("{} {noun} in {} {objects}", plan.tables, thousands(plan.objects));
    let state = if plan.lines.is_empty() { "unchanged, " } else { "" };
    let report = if plan.tables == 0 { Report::Note } else { Report::Good };
    screen.report(report, &target.name, &format!("{state}{seen} at {}", target.location))?;
    for line in &plan.lines {
        screen.line(format!("  {line}"))?;
    }
    for broken in &plan.broken {
        screen.error(&broken.location.to_string(), &broken.error)?;
    }
    Ok(())
}

/// The crawls asked for: one of the settings, a place, or all of the settings.
fn targets(arguments: &Crawl, config: &Config) -> Result<Vec<CrawlTarget>> {
    let Some(text) = &arguments.target else {
        if config.crawl.is_empty() {
            return Err(Error::invalid("the settings name nothing to crawl").hint(
                "Add [crawl.NAME] to lakegate.toml, or name a place: lakegate crawl s3://…",
            ));
        }
        return config
            .crawl
            .iter()
            .map(|(name, crawl)| configured(name, crawl, arguments))
            .collect();
    };
    if let Some(crawl) = config.crawl.get(text) {
        return Ok(vec![configured(text, crawl, arguments)?]);
    }
    let is_place = text.contains(['/', ':', '.']) || Path::new(text).exists();
    if !is_place {
        let known: Vec<&str> = config.crawl.keys().map(String::as_str).collect();
        let error =
            Error::invalid(format!("there is no [crawl.{text}] in the settings, and no such path"));
        return Err(match closest(text, &known) {
            Some(name) => error.hint(format!("Did you mean {name}?")),
            None => error.hint("Name a crawl of the settings, an s3:// location or a local path."),
        });
    }
    let location = Location::parse(text)?;
    let database = arguments.database.clone().unwrap_or_else(|| fold_name(location.name()));
    Ok(vec![CrawlTarget::new(&database, location, &database)])
}

fn configured(name: &str, crawl: &config::Crawl, arguments: &Crawl) -> Result<CrawlTarget> {
    let location = Location::parse(&crawl.location)?;
    let database = arguments.database.as_ref().or(crawl.database.as_ref());
    let database = database.map_or(name, String::as_str);
    let mut target = CrawlTarget::new(name, location, database);
    target.table_prefix = crawl.prefix.clone();
    target.exclusions = crawl.exclude.clone();
    target.table_level = crawl.level;
    Ok(target)
}

/// A place that was named on the command line is opened by this command, but by no other.
fn advise_root(config: &Config, target: &CrawlTarget, screen: &Screen) -> Result<()> {
    let roots = config.store_options(Vec::new())?.roots;
    if roots.iter().any(|root| target.location.is_within(root)) {
        return Ok(());
    }
    screen.line(format!(
        "To query these tables, allow their place in lakegate.toml:\n\n  [lake]\n  roots = [\"{}\"]\n",
        target.location
    ))
}
