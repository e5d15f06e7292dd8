//! Finds the tables in a part of the lake and brings the catalog up to date, by AWS Glue's rules.
//!
//! A crawl is: `walk` lists folders → `learn` reads the head of a few files per folder, or remembers
//! them from the last crawl when the listing is the same → `group` decides which folders make one table →
//! `diff` compares with the catalog → the changes are applied in one transaction. All but `walk` and
//! `learn` are pure functions. Nothing is written before everything is known, and a folder that cannot be
//! read is reported and leaves its table as it was.

mod diff;
mod exclude;
mod group;
mod learn;
mod names;
mod report;
mod seen;
#[cfg(test)]
mod tests;
mod walk;

use std::collections::{BTreeMap, BTreeSet};

use lakegate_base::{Error, ErrorKind, Location, Result};
use lakegate_store::Stores;

use crate::catalog::Catalog;
use crate::change::Change;
use exclude::Exclusions;

pub use report::{CrawlPlan, Line, Sign};
pub use seen::Broken;

/// What to crawl, and what to do about it.
#[derive(Clone, Debug)]
pub struct CrawlTarget {
    /// The crawler's name: written to the tables it owns.
    pub name: String,
    /// The folder to crawl.
    pub location: Location,
    pub database: DatabaseRule,
    /// Put before every table's name.
    pub table_prefix: String,
    /// Globs on the path below `location`: `*` `**` `?` `[a-z]` `{a,b}`.
    pub exclusions: Vec<String>,
    /// Makes each folder on this level one table. In S3 the bucket is level 1; on disk `location` is.
    pub table_level: Option<usize>,
    pub on_change: OnChange,
    pub on_delete: OnDelete,
    pub limits: CrawlLimits,
}

/// Where new tables go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseRule {
    /// All into this database, which is created when missing.
    Fixed(String),
}

/// When a known table's data has another schema now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnChange {
    #[default]
    Update,
    Log,
}

/// When the data of a table that this crawler made is gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnDelete {
    /// Marks the table with the parameter `DEPRECATED_BY_CRAWLER`.
    #[default]
    Deprecate,
    Delete,
    Log,
}

/// A crawl beyond one of these fails and writes nothing.
#[derive(Clone, Copy, Debug)]
pub struct CrawlLimits {
    pub objects_max: usize,
    /// Folders below the root.
    pub depth_max: usize,
    pub tables_max: usize,
}

impl Default for CrawlLimits {
    fn default() -> Self {
        Self { objects_max: 5_000_000, depth_max: 64, tables_max: 10_000 }
    }
}

impl CrawlTarget {
    pub fn new(name: &str, location: Location, database: &str) -> Self {
        Self {
            name: name.to_string(),
            location,
            database: DatabaseRule::Fixed(database.to_string()),
            table_prefix: String::new(),
            exclusions: Vec::new(),
            table_level: None,
            on_change: OnChange::default(),
            on_delete: OnDelete::default(),
            limits: CrawlLimits::default(),
        }
    }
}

/// Told how far a crawl is; called often, from several tasks.
pub trait Progress: Send + Sync {
    /// Folders and objects listed so far.
    fn found(&self, folders: usize, objects: usize);
    /// Folders whose files are understood so far, and how many there are.
    fn learned(&self, done: usize, total: usize);
}

/// For callers that draw nothing.
pub struct Silent;

impl Progress for Silent {
    fn found(&self, _folders: usize, _objects: usize) {}
    fn learned(&self, _done: usize, _total: usize) {}
}

/// Looks at the lake and says what a crawl would change. Writes nothing.
pub async fn plan(
    catalog: &Catalog,
    stores: &Stores,
    target: &CrawlTarget,
    progress: &dyn Progress,
) -> Result<CrawlPlan> {
    let exclusions = Exclusions::parse(&target.exclusions)?;
    let tree = walk::walk(stores, target, &exclusions, progress).await?;
    let known_folders = catalog.folders(&target.location).await?;
    let learned = learn::learn(stores, &tree.root, known_folders, progress).await;
    let mut seen = group::group(&tree.root, &learned.folders, target);
    seen.broken.extend(tree.broken);
    if seen.tables.len() > target.limits.tables_max {
        let (found, most) = (seen.tables.len(), target.limits.tables_max);
        let text = format!("{} has {found} tables, more than {most}", target.location);
        return Err(
            Error::exhausted(text).hint("Crawl a smaller part, or raise the crawler's limit.")
        );
    }
    let snapshot = catalog.snapshot().await?;
    let mut known = diff::Known::new(&snapshot);
    if tree.objects == 0 && known.owned(target).next().is_some() {
        // An empty answer more often means a wrong path than a lake that lost every table.
        let text = format!("nothing is stored at {}, where tables were", target.location);
        return Err(Error::new(ErrorKind::NotFound, text)
            .hint("Check the crawler's location; the catalog stays as it is."));
    }
    known.partitions = partitions(catalog, &known, &seen).await?;
    let mut plan = diff::diff(&known, &seen, target);
    plan.remembered = remembered(learned.changes, &seen.broken);
    plan.folders = tree.folders;
    plan.objects = tree.objects;
    plan.reads = learned.reads;
    plan.tables = seen.tables.len();
    plan.broken.extend(seen.broken);
    Ok(plan)
}

/// The known partitions of the tables that were seen.
async fn partitions(
    catalog: &Catalog,
    known: &diff::Known,
    seen: &seen::Seen,
) -> Result<diff::KnownPartitions> {
    let mut all = BTreeMap::new();
    let partitioned = seen.tables.iter().filter(|t| !t.keys.is_empty());
    for table in partitioned.filter_map(|t| known.at(&t.location, None)) {
        let name = table.table_name();
        let partitions = catalog.partitions(&name).await?;
        all.insert(name, partitions);
    }
    Ok(all)
}

/// What to remember: not forgetting folders that could not be listed this time.
fn remembered(changes: Vec<Change>, broken: &[Broken]) -> Vec<Change> {
    let places: BTreeSet<&Location> = broken.iter().map(|b| &b.location).collect();
    let keep = |change: &Change| match change {
        Change::DropFolder(folder) => !places.iter().any(|place| folder.is_within(place)),
        _ => true,
    };
    changes.into_iter().filter(keep).collect()
}

impl CrawlPlan {
    /// Applies the plan in one transaction and answers the catalog's version. Ends in `Conflict` when
    /// someone changed one of its tables since it was made: plan again.
    pub async fn apply(self, catalog: &Catalog) -> Result<u64> {
        let changes: Vec<Change> = self.changes.into_iter().chain(self.remembered).collect();
        if changes.is_empty() {
            return Ok(catalog.snapshot().await?.version);
        }
        catalog.apply(changes).await
    }
}
