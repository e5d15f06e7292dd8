//! What must change in the catalog so that it says what was seen. Pure: the same inputs give the same
//! changes, and once they are applied none are left.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use lakegate_base::{Error, Location, TableName, fold_name};

use super::names::{distinct_name, table_name};
use super::report::{CrawlPlan, Line, Sign};
use super::seen::{Broken, DEPRECATED, OWNER, Seen, SeenTable};
use super::{CrawlTarget, DatabaseRule, OnChange, OnDelete};
use crate::change::{Change, Expected};
use crate::model::{Column, Database, Partition, Table};
use crate::snapshot::Snapshot;
use crate::source;

pub(crate) type KnownPartitions = BTreeMap<TableName, Vec<Partition>>;

/// Parameters that follow the data, not its shape: kept up to date only on tables the crawler owns.
const STATISTICS: &[&str] = &[
    "objectCount",
    "sizeKey",
    "recordCount",
    "averageRecordSize",
    "compressionType",
    "delta.lastUpdateVersion",
];
const METADATA: &str = "metadata_location";

/// What the catalog says, found by place.
pub(crate) struct Known {
    by_place: HashMap<Location, Vec<Arc<Table>>>,
    names: HashSet<TableName>,
    databases: BTreeSet<String>,
    pub(crate) partitions: KnownPartitions,
}

impl Known {
    pub(crate) fn new(snapshot: &Snapshot) -> Self {
        let mut by_place: HashMap<Location, Vec<Arc<Table>>> = HashMap::new();
        for table in snapshot.all_tables() {
            if let Ok(Some(location)) = table.location() {
                by_place.entry(location).or_default().push(Arc::clone(table));
            }
        }
        Self {
            by_place,
            names: snapshot.all_tables().map(|t| t.table_name()).collect(),
            databases: snapshot.databases().map(|d| d.name.clone()).collect(),
            partitions: BTreeMap::new(),
        }
    }

    /// The tables that the target's crawler made below its root, with their places.
    pub(crate) fn owned(
        &self,
        target: &CrawlTarget,
    ) -> impl Iterator<Item = (&Location, &Arc<Table>)> {
        self.by_place
            .iter()
            .filter(|(place, _)| place.is_within(&target.location))
            .flat_map(|(place, tables)| tables.iter().map(move |t| (place, t)))
            .filter(|(_, t)| t.parameters.get(OWNER) == Some(&target.name))
    }

    /// The table at a place, whoever registered it; of several the one in `database`, else the first.
    pub(crate) fn at(&self, location: &Location, database: Option<&str>) -> Option<&Arc<Table>> {
        let tables = self.by_place.get(location)?;
        let preferred = tables.iter().find(|t| Some(t.database_name.as_str()) == database);
        preferred.or_else(|| tables.first())
    }
}

struct Differ<'a> {
    known: &'a Known,
    seen: &'a Seen,
    target: &'a CrawlTarget,
    database: String,
    /// Names given to new tables in this crawl.
    given: HashSet<TableName>,
    plan: CrawlPlan,
}

pub(crate) fn diff(known: &Known, seen: &Seen, target: &CrawlTarget) -> CrawlPlan {
    let DatabaseRule::Fixed(database) = &target.database;
    let mut differ = Differ {
        known,
        seen,
        target,
        database: fold_name(database),
        given: HashSet::new(),
        plan: CrawlPlan::default(),
    };
    for table in &seen.tables {
        match known.at(&table.location, Some(&differ.database)) {
            Some(before) => differ.compare(&Arc::clone(before), table),
            None => differ.add(table),
        }
    }
    differ.gone();
    differ.plan
}

impl Differ<'_> {
    fn line(&mut self, sign: Sign, text: String) {
        self.plan.lines.push(Line { sign, text });
    }

    /// A table that a catalog cannot describe: two columns of one name, a type that Hive lacks, …
    fn broken(&mut self, seen: &SeenTable, error: Error) {
        self.plan.broken.push(Broken { location: seen.location.clone(), error });
    }

    fn add(&mut self, seen: &SeenTable) {
        if self.is_below_untouchable(&seen.location) {
            return;
        }
        let name = self.free_name(&seen.location);
        let table = match seen.table(&name, &self.target.name) {
            Ok(table) => table,
            Err(error) => return self.broken(seen, error),
        };
        if !self.known.databases.contains(&name.database) && self.given.is_empty() {
            self.plan.changes.push(Change::PutDatabase(Database::named(&name.database)));
            self.line(Sign::Added, format!("database {}", name.database));
        }
        self.given.insert(name.clone());
        let columns = table.columns().count();
        let format = seen.format.name();
        self.line(Sign::Added, format!("table {name} ({format}, {columns} columns)"));
        let table = Box::new(table);
        self.plan.changes.push(Change::PutTable { table, expected: Expected::Absent });
        self.partitions(&name, seen);
    }

    fn free_name(&self, location: &Location) -> TableName {
        let plain = table_name(&self.target.table_prefix, location);
        let name = TableName::new(&self.database, &plain);
        if !self.known.names.contains(&name) && !self.given.contains(&name) {
            return name;
        }
        TableName::new(&self.database, &distinct_name(&plain, location))
    }

    fn compare(&mut self, before: &Table, seen: &SeenTable) {
        let name = before.table_name();
        if seen.partial || before.is_view() {
            return;
        }
        let fresh = match seen.table(&name, &self.target.name) {
            Ok(fresh) => fresh,
            Err(error) => return self.broken(seen, error),
        };
        let after = updated(before, &fresh);
        let keys = before.partition_keys.len();
        if after == *before {
            return self.partitions(&name, seen);
        }
        let what = describe(before, &after);
        if self.target.on_change == OnChange::Log {
            self.line(Sign::Noted, format!("table {name} has changed ({what})"));
            // New partitions are added all the same, while they still are partitions of that table.
            if keys == seen.keys.len() {
                self.partitions(&name, seen);
            }
            return;
        }
        self.line(Sign::Changed, format!("table {name} ({what})"));
        let expected = before.version().map_or(Expected::Anything, Expected::Version);
        self.plan.changes.push(Change::PutTable { table: Box::new(after), expected });
        self.partitions(&name, seen);
    }

    fn partitions(&mut self, name: &TableName, seen: &SeenTable) {
        let known = self.known.partitions.get(name).map_or([].as_slice(), Vec::as_slice);
        let before: BTreeMap<&[String], Option<&str>> = known
            .iter()
            .map(|p| (p.values.as_slice(), p.storage_descriptor.location.as_deref()))
            .collect();
        let partitions: Vec<Partition> = seen.partitions.iter().map(|p| p.partition()).collect();
        let values: BTreeSet<&[String]> = partitions.iter().map(|p| p.values.as_slice()).collect();
        let gone: Vec<Vec<String>> = known
            .iter()
            .filter(|p| !values.contains(p.values.as_slice()))
            .map(|p| p.values.clone())
            .collect();
        let is_new = |p: &Partition| {
            before.get(p.values.as_slice()) != Some(&p.storage_descriptor.location.as_deref())
        };
        let added: Vec<Partition> = partitions.iter().filter(|p| is_new(p)).cloned().collect();
        let table = name.clone();
        if !added.is_empty() {
            self.line(Sign::Added, format!("{} partitions of {name}", added.len()));
            self.plan
                .changes
                .push(Change::PutPartitions { table: table.clone(), partitions: added });
        }
        if gone.is_empty() {
            return;
        }
        if self.target.on_delete == OnDelete::Log {
            return self.line(Sign::Noted, format!("{} partitions of {name} are gone", gone.len()));
        }
        self.line(Sign::Removed, format!("{} partitions of {name}", gone.len()));
        self.plan.changes.push(Change::DropPartitions { table, values: gone });
    }

    /// Tables of this crawler below its root that were not seen.
    fn gone(&mut self) {
        let seen: HashSet<&Location> = self.seen.tables.iter().map(|t| &t.location).collect();
        let mut gone: Vec<(&Location, &Arc<Table>)> = self
            .known
            .owned(self.target)
            .filter(|(place, _)| !seen.contains(place) && !touches(place, &self.seen.broken))
            .collect();
        gone.sort_by_key(|(_, t)| t.table_name());
        for (place, table) in gone {
            let name = table.table_name();
            let expected = table.version().map_or(Expected::Anything, Expected::Version);
            match self.target.on_delete {
                OnDelete::Delete => {
                    self.line(Sign::Removed, format!("table {name} (nothing at {place})"));
                    self.plan.changes.push(Change::DropTable { name, expected });
                }
                OnDelete::Deprecate if !table.parameters.contains_key(DEPRECATED) => {
                    self.line(
                        Sign::Changed,
                        format!("table {name} (deprecated: nothing at {place})"),
                    );
                    let mut table = Table::clone(table);
                    table.parameters.insert(DEPRECATED.to_string(), self.target.name.clone());
                    self.plan.changes.push(Change::PutTable { table: Box::new(table), expected });
                }
                OnDelete::Deprecate => {}
                OnDelete::Log => {
                    self.line(Sign::Noted, format!("table {name} is gone (nothing at {place})"));
                }
            }
        }
    }

    /// Inside a known table that is partly broken now, nothing new is believed.
    fn is_below_untouchable(&self, location: &Location) -> bool {
        let mut place = location.parent();
        while let Some(folder) = place.filter(|p| p.is_within(&self.target.location)) {
            if self.known.by_place.contains_key(&folder) && touches(&folder, &self.seen.broken) {
                return true;
            }
            place = folder.parent();
        }
        false
    }
}

/// True when something in or around a place is broken.
fn touches(place: &Location, broken: &[Broken]) -> bool {
    broken.iter().any(|b| b.location.is_within(place) || place.is_within(&b.location))
}

/// The known table with what the crawl found. People's words (description, comments, types they gave to
/// partition keys, parameters of their own) stay.
fn updated(before: &Table, fresh: &Table) -> Table {
    let mut after = before.clone();
    let columns = &before.storage_descriptor.columns;
    after.storage_descriptor.columns = merged(columns, &fresh.storage_descriptor.columns);
    let key_names = |t: &Table| t.partition_keys.iter().map(|k| k.name.clone()).collect::<Vec<_>>();
    if key_names(before) != key_names(fresh) {
        after.partition_keys = merged(&before.partition_keys, &fresh.partition_keys);
    }
    let owned = before.parameters.contains_key(OWNER);
    let same_format = source::format(before).ok() == source::format(fresh).ok();
    if !same_format {
        let columns = std::mem::take(&mut after.storage_descriptor.columns);
        after.storage_descriptor = fresh.storage_descriptor.clone();
        after.storage_descriptor.columns = columns;
        after.parameters = fresh.parameters.clone();
    }
    if let Some(metadata) = fresh.parameters.get(METADATA)
        && before.parameters.get(METADATA) != Some(metadata)
    {
        let previous = after.parameters.insert(METADATA.to_string(), metadata.clone());
        after.parameters.extend(previous.map(|p| (format!("previous_{METADATA}"), p)));
    }
    if owned {
        after.parameters.remove(DEPRECATED);
        statistics(&mut after.parameters, &fresh.parameters);
        if !fresh.storage_descriptor.parameters.is_empty() {
            statistics(&mut after.storage_descriptor.parameters, &fresh.parameters);
        }
    }
    after
}

fn statistics(parameters: &mut crate::model::Parameters, fresh: &crate::model::Parameters) {
    for name in STATISTICS {
        match fresh.get(*name) {
            Some(value) => parameters.insert((*name).to_string(), value.clone()),
            None => parameters.remove(*name),
        };
    }
}

/// The fresh columns; where the lake says nothing of a comment, the known one stays.
fn merged(before: &[Column], fresh: &[Column]) -> Vec<Column> {
    let comments: HashMap<&str, &Option<String>> =
        before.iter().map(|c| (c.name.as_str(), &c.comment)).collect();
    let keep = |column: &Column| {
        let mut column = column.clone();
        if let Some(Some(comment)) = comments.get(column.name.as_str()) {
            column.comment = Some(comment.clone());
        }
        column
    };
    fresh.iter().map(keep).collect()
}

/// `columns +a, -b, c int → bigint`, or what else differs.
fn describe(before: &Table, after: &Table) -> String {
    let types = |table: &Table| -> BTreeMap<String, Column> {
        table.columns().map(|c| (c.name.clone(), c.clone())).collect()
    };
    let (old, new) = (types(before), types(after));
    let hive = |column: &Column| column.hive_type.clone().unwrap_or_default();
    let added = new.keys().filter(|name| !old.contains_key(*name)).map(|name| format!("+{name}"));
    let dropped = old.keys().filter(|name| !new.contains_key(*name)).map(|name| format!("-{name}"));
    let retyped = new.iter().filter_map(|(name, column)| {
        let known = old.get(name)?;
        (hive(known) != hive(column) || known.parameters != column.parameters)
            .then(|| format!("{name} {} → {}", hive(known), hive(column)))
    });
    let mut parts: Vec<String> = added.chain(dropped).chain(retyped).collect();
    if !parts.is_empty() {
        parts[0] = format!("columns {}", parts[0]);
    } else if before.storage_descriptor.columns != after.storage_descriptor.columns {
        parts.push("columns in another order or with other comments".to_string());
    }
    let changed = |name: &str| before.parameters.get(name) != after.parameters.get(name);
    if before.storage_descriptor.serde_info != after.storage_descriptor.serde_info {
        parts.push("format".to_string());
    }
    if changed(METADATA) {
        parts.push("metadata".to_string());
    }
    if changed(DEPRECATED) {
        parts.push("no longer deprecated".to_string());
    }
    if STATISTICS.iter().any(|name| changed(name)) {
        parts.push("data".to_string());
    }
    if parts.is_empty() { "definition".to_string() } else { parts.join(", ") }
}
