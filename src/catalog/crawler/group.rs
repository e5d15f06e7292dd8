//! Which folders make one table, by Glue's rules. Pure: sees the listing and what was learned.
//!
//! - A folder with a Delta log or Iceberg metadata is a table.
//! - `key=value` folders of one key are partitions of the folder above; so are folders named by dates or
//!   numbers whose files have the same format and similar columns.
//! - Other folders side by side are partitions (`partition_0`, …) of the folder above when all of them have
//!   the same format, compression and similar columns; else each is a table. Not so directly below the
//!   crawl's root, where Glue would merge a lake of two alike tables into one.
//! - Readers take everything below a table's folder. So a folder with both files and folders gives a table
//!   per file, and nothing is merged around another table or an excluded file.

use std::collections::{BTreeMap, BTreeSet};

use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use lakegate_base::{Error, Location, Result, fold_name};
use lakegate_formats::TableFormat;
use lakegate_formats::files::merge_schemas;
use percent_encoding::percent_decode_str;

use super::CrawlTarget;
use super::learn::{Learned, is_partition_name};
use super::seen::{Broken, Seen, SeenPartition, SeenTable};
use super::walk::{Content, File, Folder};
use crate::model::Parameters;

/// Columns in common, of all columns, above which two folders are alike (percent).
const SIMILAR_PERCENT: usize = 70;

type Lessons = BTreeMap<Location, Result<Vec<Learned>>>;

/// Folders that make one table, as far as seen from below.
#[derive(Clone)]
struct Group {
    location: Location,
    /// None: not read, because enough of its neighbours were.
    known: Option<Known>,
    /// Partition keys; none for a folder that is not `key=value`.
    keys: Vec<Option<String>>,
    partitions: Vec<SeenPartition>,
    files: u64,
    bytes: u64,
    partial: bool,
}

#[derive(Clone)]
struct Known {
    format: TableFormat,
    schema: SchemaRef,
    compression: String,
    metadata_location: Option<Location>,
    statistics: Parameters,
}

/// What stands below a folder.
enum Found {
    Nothing,
    /// Tables that are settled, or excluded files: nothing around them may be merged.
    Tables,
    Broken,
    Group(Box<Group>),
}

/// How plain folders side by side are treated.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Joining {
    WhenSimilar,
    Always,
    Never,
}

struct Grouper<'a> {
    lessons: &'a Lessons,
    target: &'a CrawlTarget,
    seen: Seen,
}

pub(crate) fn group(root: &Folder, lessons: &Lessons, target: &CrawlTarget) -> Seen {
    let mut grouper = Grouper { lessons, target, seen: Seen::default() };
    let level = if target.location.is_local() {
        1
    } else {
        1 + target.location.path().split('/').filter(|s| !s.is_empty()).count()
    };
    if let Found::Group(group) = grouper.visit(root, level) {
        grouper.settle(*group);
    }
    grouper.seen.tables.sort_by(|a, b| a.location.cmp(&b.location));
    grouper.seen
}

impl Grouper<'_> {
    fn visit(&mut self, folder: &Folder, level: usize) -> Found {
        match &folder.content {
            Content::Broken => Found::Broken,
            Content::Delta(_) | Content::Iceberg(_) => match self.own(folder, &[]) {
                Some(groups) => {
                    groups.into_iter().for_each(|g| self.settle(g));
                    Found::Tables
                }
                None => Found::Broken,
            },
            Content::Plain { files, folders, excluded } => self.visit_plain(
                folder,
                files,
                folders,
                Here { level, excluded: excluded.is_some() },
            ),
        }
    }

    fn visit_plain(
        &mut self,
        folder: &Folder,
        files: &[File],
        folders: &[Folder],
        here: Here,
    ) -> Found {
        let mut groups = Vec::new();
        let (mut tables, mut broken) = (here.excluded, false);
        for child in folders {
            match self.visit(child, here.level + 1) {
                Found::Nothing => {}
                Found::Tables => tables = true,
                Found::Broken => broken = true,
                Found::Group(group) => groups.push(*group),
            }
        }
        if files.is_empty() {
            return self.join_children(folder, groups, here.level, Below { tables, broken });
        }
        let Some(mut own) = self.own(folder, files) else {
            groups.into_iter().for_each(|g| self.settle(g));
            return Found::Broken;
        };
        if groups.is_empty()
            && !tables
            && !broken
            && own.len() == 1
            && own[0].location == folder.location
        {
            return Found::Group(Box::new(own.remove(0)));
        }
        // A table at this folder would take in what is below: its files are tables one by one.
        for group in
            own.into_iter().flat_map(|g| per_file(g, files, &folder.location)).chain(groups)
        {
            self.settle(group);
        }
        Found::Tables
    }

    /// What a folder's own files, or its log, were learned to be; none when that failed.
    fn own(&mut self, folder: &Folder, files: &[File]) -> Option<Vec<Group>> {
        let group = |location: &Location, known: Option<Known>, files: &[File]| Group {
            location: location.clone(),
            known,
            keys: Vec::new(),
            partitions: Vec::new(),
            files: files.len() as u64,
            bytes: files.iter().map(|f| f.size).fold(0, u64::saturating_add),
            partial: false,
        };
        let learned = match self.lessons.get(&folder.location) {
            None => return Some(vec![group(&folder.location, None, files)]),
            Some(Ok(learned)) => learned,
            Some(Err(error)) => {
                self.broken(&folder.location, copy(error));
                return None;
            }
        };
        let one = |learned: &Learned| {
            let known = Known {
                format: learned.format.clone(),
                schema: learned.schema.clone(),
                compression: learned.compression.clone(),
                metadata_location: learned.metadata_location.clone(),
                statistics: learned.statistics.clone(),
            };
            match &learned.file {
                None => group(&folder.location, Some(known), files),
                Some(place) => {
                    let mine: Vec<File> =
                        files.iter().filter(|f| f.location == *place).cloned().collect();
                    group(place, Some(known), &mine)
                }
            }
        };
        Some(learned.iter().map(one).collect())
    }

    fn join_children(
        &mut self,
        folder: &Folder,
        mut groups: Vec<Group>,
        level: usize,
        below: Below,
    ) -> Found {
        if groups.is_empty() {
            return match below {
                Below { tables: true, .. } => Found::Tables,
                Below { broken: true, .. } => Found::Broken,
                _ => Found::Nothing,
            };
        }
        let joining = match self.target.table_level {
            Some(table) if level >= table => Joining::Always,
            Some(_) => Joining::Never,
            None => Joining::WhenSimilar,
        };
        let names: Vec<&str> = groups.iter().map(|g| g.location.name()).collect();
        let keyed = names.iter().all(|name| name.contains('='));
        let dated = names.iter().all(|name| is_partition_name(name));
        let plain = groups.len() >= 2 && !below.broken && folder.location != self.target.location;
        let must = keyed || joining == Joining::Always;
        let may = joining == Joining::WhenSimilar && (dated || plain) && alike(&groups, dated);
        if below.tables && keyed {
            let text = "partition folders with an excluded file or another table among them";
            self.broken(&folder.location, Error::unsupported(text));
            return Found::Broken;
        }
        if below.tables || joining == Joining::Never || !(must || may) {
            groups.into_iter().for_each(|g| self.settle(g));
            return Found::Tables;
        }
        groups.iter_mut().for_each(|g| g.partial |= below.broken);
        match join(&folder.location, groups) {
            Ok(group) => Found::Group(Box::new(group)),
            Err(error) => {
                self.broken(&folder.location, error);
                Found::Broken
            }
        }
    }

    fn settle(&mut self, group: Group) {
        if group.known.is_none() && group.partial {
            // All that was read of it is broken, and reported.
            return;
        }
        let location = group.location.clone();
        match table(group) {
            Ok(table) => self.seen.tables.push(table),
            Err(error) => self.broken(&location, error),
        }
    }

    fn broken(&mut self, location: &Location, error: Error) {
        self.seen.broken.push(Broken { location: location.clone(), error });
    }
}

/// Where a folder is, and whether a pattern excludes one of its own files.
#[derive(Clone, Copy)]
struct Here {
    level: usize,
    excluded: bool,
}

/// What a folder has below besides groups.
#[derive(Clone, Copy)]
struct Below {
    tables: bool,
    broken: bool,
}

/// Errors are not clonable; what a client may see of one is.
fn copy(error: &Error) -> Error {
    let copy = Error::new(error.kind(), error.message()).about(error.subject());
    match error.hint_text() {
        Some(hint) => copy.hint(hint),
        None => copy,
    }
}

/// One group per file, for a folder whose files must not be read as a whole.
fn per_file(group: Group, files: &[File], folder: &Location) -> Vec<Group> {
    if group.location != *folder {
        return vec![group];
    }
    let one = |file: &File| {
        let mut group =
            Group { location: file.location.clone(), files: 1, bytes: file.size, ..group.clone() };
        if let Some(known) = &mut group.known {
            known.statistics.clear();
        }
        group
    };
    files.iter().map(one).collect()
}

/// Dates and `key=value` folders may differ in compression; folders that were not read are taken as alike.
fn alike(groups: &[Group], dated: bool) -> bool {
    let likeness = if dated { Likeness::Names } else { Likeness::NamesAndTypes };
    let mut known = groups.iter().filter_map(|g| Some((g.known.as_ref()?, &g.keys)));
    let Some((first, keys)) = known.next() else { return false };
    known.all(|(other, other_keys)| {
        other.format == first.format
            && keys == other_keys
            && (dated || other.compression == first.compression)
            && similar(&first.schema, &other.schema, &first.format, likeness)
    })
}

/// What two schemas must share.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Likeness {
    /// Column names, and types that have a common one: files written by one hand, a bad value here and
    /// there.
    Names,
    /// Types as well: folders that only may belong together.
    NamesAndTypes,
}

/// True when more than 70 % of the columns of both are the same and the schemas can be merged.
pub(crate) fn similar(
    a: &SchemaRef,
    b: &SchemaRef,
    format: &TableFormat,
    likeness: Likeness,
) -> bool {
    let columns = |schema: &SchemaRef| -> BTreeMap<String, &'static str> {
        schema.fields().iter().map(|f| (fold_name(f.name()), class(f.data_type()))).collect()
    };
    let (a_columns, b_columns) = (columns(a), columns(b));
    let same = |(name, class): (&String, &&str)| {
        b_columns.get(name).is_some_and(|other| {
            likeness == Likeness::Names || other == class || *other == "null" || *class == "null"
        })
    };
    let common = a_columns.iter().filter(|column| same(*column)).count();
    let enough = 200 * common > SIMILAR_PERCENT * (a_columns.len() + b_columns.len());
    enough && merge_schemas(&[a.clone(), b.clone()], format).is_ok()
}

/// Types that count as the same column.
fn class(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Null => "null",
        DataType::Boolean => "boolean",
        t if t.is_numeric() => "number",
        t if t.is_temporal() => "time",
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text",
        DataType::Struct(_) | DataType::Map(..) => "object",
        DataType::List(_) | DataType::LargeList(_) => "list",
        _ => "other",
    }
}

/// Makes the groups partitions of one table at `location`.
fn join(location: &Location, groups: Vec<Group>) -> Result<Group> {
    let (key, _) = split(groups.first().map_or("", |g| g.location.name()));
    let keys: Vec<Option<String>> = groups.first().map(|g| g.keys.clone()).unwrap_or_default();
    let mut joined = Group {
        location: location.clone(),
        known: None,
        keys: std::iter::once(key.clone()).chain(keys.clone()).collect(),
        partitions: Vec::new(),
        files: 0,
        bytes: 0,
        partial: false,
    };
    let mut known: Vec<Known> = Vec::new();
    let mut whole = true;
    for group in groups {
        let (own_key, value) = split(group.location.name());
        if own_key != key || group.keys != keys {
            let text =
                format!("partition folders of different keys or depths, e.g. {}", group.location);
            return Err(Error::unsupported(text));
        }
        whole &= group.known.is_some();
        known.extend(group.known);
        if group.partitions.is_empty() {
            joined.partitions.push(SeenPartition { values: vec![value], location: group.location });
        } else {
            joined.partitions.extend(group.partitions.into_iter().map(|mut partition| {
                partition.values.insert(0, value.clone());
                partition
            }));
        }
        joined.files += group.files;
        joined.bytes = joined.bytes.saturating_add(group.bytes);
        joined.partial |= group.partial;
    }
    joined.known = merge(known, whole)?;
    Ok(joined)
}

/// `Key=a%2Fb` reads key `key`, value `a/b`.
fn split(name: &str) -> (Option<String>, String) {
    match name.split_once('=') {
        Some((key, value)) if !key.is_empty() => {
            let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
            (Some(fold_name(&decode(key))), decode(value))
        }
        _ => (None, name.to_string()),
    }
}

fn merge(known: Vec<Known>, whole: bool) -> Result<Option<Known>> {
    let Some(first) = known.first() else { return Ok(None) };
    if let Some(other) = known.iter().find(|k| k.format != first.format) {
        let (a, b) = (first.format.name(), other.format.name());
        let text = format!("folders of one table with different formats or options ({a}, {b})");
        return Err(Error::unsupported(text));
    }
    let schemas: Vec<SchemaRef> = known.iter().map(|k| k.schema.clone()).collect();
    let records = |k: &Known| k.statistics.get("recordCount")?.parse::<u64>().ok();
    let total: Option<u64> = known.iter().map(records).sum::<Option<u64>>().filter(|_| whole);
    Ok(Some(Known {
        schema: merge_schemas(&schemas, &first.format)?,
        statistics: total.map(|n| ("recordCount".to_string(), n.to_string())).into_iter().collect(),
        ..first.clone()
    }))
}

fn table(group: Group) -> Result<SeenTable> {
    let Some(known) = group.known else {
        return Err(Error::internal(format!("{} was not read", group.location)));
    };
    let named = |(at, key): (usize, Option<String>)| match key {
        Some(key) => key,
        None => format!("partition_{at}"),
    };
    let keys: Vec<String> = group.keys.into_iter().enumerate().map(named).collect();
    if keys.iter().collect::<BTreeSet<_>>().len() != keys.len() {
        return Err(Error::unsupported(format!("partition keys that repeat: {}", keys.join(", "))));
    }
    let mut partitions = group.partitions;
    partitions.sort();
    if let Some(pair) = partitions.windows(2).find(|pair| pair[0].values == pair[1].values) {
        let text =
            format!("two folders of one partition: {}, {}", pair[0].location, pair[1].location);
        return Err(Error::unsupported(text));
    }
    let open_format = matches!(known.format, TableFormat::Delta | TableFormat::Iceberg);
    let mut statistics = known.statistics;
    if !open_format {
        let mut note = |name: &str, value: String| statistics.insert(name.to_string(), value);
        note("objectCount", group.files.to_string());
        note("sizeKey", group.bytes.to_string());
        note("compressionType", known.compression);
    }
    average(&mut statistics);
    let schema =
        if open_format { known.schema } else { columns(&known.schema, &known.format, &keys)? };
    Ok(SeenTable {
        location: group.location,
        format: known.format,
        schema,
        keys,
        partitions,
        metadata_location: known.metadata_location,
        statistics,
        partial: group.partial,
    })
}

fn average(statistics: &mut Parameters) {
    let number = |name: &str| statistics.get(name)?.parse::<u64>().ok();
    if let (Some(records @ 1..), Some(bytes)) = (number("recordCount"), number("sizeKey")) {
        statistics.insert("averageRecordSize".to_string(), (bytes / records).to_string());
    }
}

/// The columns without those the folders' names give: the folder's value counts. Columns that were empty
/// in all files are text.
fn columns(schema: &SchemaRef, format: &TableFormat, keys: &[String]) -> Result<SchemaRef> {
    let merged = merge_schemas(std::slice::from_ref(schema), format)?;
    let own = |field: &&FieldRef| !keys.contains(&fold_name(field.name()));
    let by_position = matches!(format, TableFormat::Csv(options) if !options.header);
    if by_position && !merged.fields().iter().all(|f| own(&f)) {
        let text = "a CSV column with the name of a partition key";
        return Err(Error::unsupported(text).hint("Rename the column, or the folders."));
    }
    let fields: Vec<Field> =
        merged.fields().iter().filter(own).map(|f| f.as_ref().clone()).collect();
    Ok(Schema::new(fields).into())
}
