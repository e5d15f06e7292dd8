//! Commits applied to a file index: chunks that lose files are made anew, what is added comes behind all
//! others, and the rest is shared with the index of before. Anything not plain is a [`Doubt`].

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use arrow::array::BooleanArray;
use arrow::error::ArrowError;
use lakegate_base::{Error, Location};
use percent_encoding::percent_decode_str;

use super::files::{IndexBuilder, Indexed};
use super::layout::Layout;
use super::log::{FILES_MAX, LogFile, PartitionValues};
use super::place::place;
use super::refresh::{Action, Add};
use crate::{Deletes, FileDeletes, FileIndex, PositionDeletes, TableSnapshot};

/// Why commits are not applied here: the log has to be replayed.
#[derive(Debug)]
pub(super) struct Doubt(pub String);

impl From<&str> for Doubt {
    fn from(why: &str) -> Self {
        Self(why.to_string())
    }
}

impl From<String> for Doubt {
    fn from(why: String) -> Self {
        Self(why)
    }
}

impl From<Error> for Doubt {
    fn from(error: Error) -> Self {
        Self(error.full())
    }
}

impl From<ArrowError> for Doubt {
    fn from(error: ArrowError) -> Self {
        Self(error.to_string())
    }
}

impl From<object_store::Error> for Doubt {
    fn from(error: object_store::Error) -> Self {
        Self(error.to_string())
    }
}

type Result<T, E = Doubt> = std::result::Result<T, E>;

/// The files and deletes after these commits, oldest first.
pub(super) fn apply(
    previous: &TableSnapshot,
    layout: &Layout,
    commits: Vec<Vec<Action>>,
) -> Result<(FileIndex, Deletes)> {
    let mut changes = Changes::default();
    for actions in commits {
        changes.commit(&previous.location, actions)?;
    }
    let dropped = changes.dropped(previous)?;
    let mut index = IndexBuilder::new(&previous.location, layout);
    for (add, _) in changes.added.values() {
        index.push(&LogFile {
            path: &add.path,
            size: Some(add.size),
            modified_ms: add.modification_time,
            stats: add.stats.as_deref(),
            deletes: add.deletion_vector.clone(),
            partitions: PartitionValues::Committed(&add.partition_values),
        })?;
    }
    let Indexed { files, deletes, outside } = index.finish()?;
    if !outside.is_empty() {
        return Err("a file outside the table".into());
    }
    if files.len() + previous.files.len() > FILES_MAX {
        return Err("too many files".into());
    }
    if files.is_empty() && dropped.is_empty() {
        return Ok((previous.files.clone(), previous.deletes.clone()));
    }
    let kept = previous.files.len() - dropped.len();
    let deletes = shifted(&previous.deletes, &dropped, deletes, kept);
    Ok((joined(&previous.files, &dropped, &files)?, deletes))
}

/// What commits do, by the files' whole paths.
#[derive(Default)]
struct Changes {
    added: BTreeMap<String, (Add, Option<PositionDeletes>)>,
    removed: BTreeMap<String, Removed>,
}

struct Removed {
    /// What the file must have.
    vector: Option<PositionDeletes>,
    /// Whether the file was there before these commits; else it may have been.
    old: bool,
}

impl Changes {
    /// Removes count before adds: a file given another vector is removed and added in one commit.
    fn commit(&mut self, table: &Location, actions: Vec<Action>) -> Result<()> {
        let mut adds = BTreeMap::new();
        let mut removes = BTreeMap::new();
        for action in actions {
            let twice = match action {
                Action::Add(add) => {
                    let path = own_path(table, &add.path)?;
                    let vector = add.deletion_vector.as_ref();
                    let vector = vector.map(|v| v.deletes(table, &add.path)).transpose()?;
                    adds.insert(path, (add, vector)).is_some()
                }
                Action::Remove(remove) => {
                    let path = own_path(table, &remove.path)?;
                    let vector = remove.deletion_vector.as_ref();
                    let vector = vector.map(|v| v.deletes(table, &remove.path)).transpose()?;
                    removes.insert(path, vector).is_some()
                }
                _ => false,
            };
            if twice {
                return Err("a file twice in a commit".into());
            }
        }
        for (path, vector) in removes {
            if adds.get(&path).is_some_and(|(_, added)| *added == vector) {
                return Err("a file added and removed in a commit".into());
            }
            self.remove(path, vector)?;
        }
        for (path, (add, vector)) in adds {
            self.add(path, add, vector)?;
        }
        Ok(())
    }

    fn remove(&mut self, path: String, vector: Option<PositionDeletes>) -> Result<()> {
        let old = match self.added.remove(&path) {
            Some((_, added)) if added != vector => {
                return Err("a file removed with another vector".into());
            }
            None if self.removed.contains_key(&path) => return Err("a file removed twice".into()),
            added => added.is_none(),
        };
        self.removed.entry(path).or_insert(Removed { vector, old });
        Ok(())
    }

    /// Adding a file that is there, with the vector it has, tells its statistics anew.
    fn add(&mut self, path: String, add: Add, vector: Option<PositionDeletes>) -> Result<()> {
        match self.added.get(&path) {
            Some((_, before)) if *before != vector => Err("a file added twice".into()),
            _ => {
                self.added.insert(path, (add, vector));
                Ok(())
            }
        }
    }

    /// The files of the previous index that go, in order.
    fn dropped(&self, previous: &TableSnapshot) -> Result<Vec<usize>> {
        let paths: BTreeSet<&str> =
            self.added.keys().chain(self.removed.keys()).map(String::as_str).collect();
        let rows = rows_of(&previous.files, &paths)?;
        let vector = |row: usize| match previous.deletes.get(&row) {
            None => Ok(None),
            Some(FileDeletes { positions, .. }) => match positions.as_slice() {
                [one] => Ok(Some(one.as_ref())),
                _ => Err(Doubt::from("deletes of another kind")),
            },
        };
        let mut dropped = Vec::new();
        for path in paths {
            let row = rows.get(path).copied();
            let known = row.map(vector).transpose()?;
            let expected = match (self.removed.get(path), self.added.get(path)) {
                (Some(removed), _) if row.is_none() && !removed.old => None,
                (Some(removed), _) => Some(removed.vector.as_ref()),
                (None, Some((_, added))) => known.is_some().then_some(added.as_ref()),
                (None, None) => None,
            };
            if known != expected {
                return Err("a file is not there as a commit has it".into());
            }
            dropped.extend(row);
        }
        dropped.sort_unstable();
        Ok(dropped)
    }
}

/// The whole path of a file of this table whose name says plainly where it is. Names that say it in a
/// roundabout way are told apart by their text when the log is replayed.
fn own_path(table: &Location, path: &str) -> Result<String> {
    let place = place(table, path)?;
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    if place.below(table) != Some(&*decoded) {
        return Err("a file at another place than its name says".into());
    }
    Ok(place.path().to_string())
}

/// Where these paths are in the index.
fn rows_of<'a>(files: &FileIndex, wanted: &BTreeSet<&'a str>) -> Result<HashMap<&'a str, usize>> {
    let mut rows = HashMap::new();
    // A look-up for each file would take longer than all the rest: few files pass this.
    let mut marks = vec![false; 1 << MARK_BITS];
    wanted.iter().for_each(|path| marks[mark(path.as_bytes())] = true);
    for (start, chunk) in files.chunks() {
        let paths = &chunk.paths;
        let bytes = paths.value_data();
        for (row, ends) in paths.value_offsets().windows(2).enumerate() {
            let path = bytes.get(offset(ends[0])?..offset(ends[1])?);
            if !marks[mark(path.ok_or("an index of another shape")?)] {
                continue;
            }
            let known = wanted.get(paths.value(row)).copied();
            if known.is_some_and(|path| rows.insert(path, start + row).is_some()) {
                return Err("a file is there twice".into());
            }
        }
    }
    Ok(rows)
}

fn offset(value: i32) -> Result<usize> {
    usize::try_from(value).map_err(|_| "an index of another shape".into())
}

const MARK_BITS: u32 = 16;

/// A few bits of a path, of places near its end where names differ: in their UUIDs, in their numbers.
fn mark(path: &[u8]) -> usize {
    const KEYS: [(usize, u64); 3] =
        [(48, 0x9E37_79B9_7F4A_7C15), (40, 0xC2B2_AE3D_27D4_EB4F), (16, 0x1656_67B1_9E37_79F9)];
    let word = |from_end: usize| {
        let tail = path.get(path.len().checked_sub(from_end)?..)?;
        tail.first_chunk().map(|word| u64::from_le_bytes(*word))
    };
    let terms = KEYS.map(|(from_end, key)| word(from_end).unwrap_or(0).wrapping_mul(key));
    let sum = terms.into_iter().fold(0, u64::wrapping_add);
    usize::try_from(sum >> (u64::BITS - MARK_BITS)).unwrap_or(0)
}

/// The deletes of before at their new places, then those of the new files, which come behind `kept` ones.
fn shifted(old: &Deletes, dropped: &[usize], new: Deletes, kept: usize) -> Deletes {
    let old = old.iter().filter_map(|(row, deletes)| {
        let before = dropped.binary_search(row).err()?;
        Some((row - before, deletes.clone()))
    });
    old.chain(new.into_iter().map(|(row, deletes)| (kept + row, deletes))).collect()
}

/// The files of before that stay, then the new ones.
fn joined(old: &FileIndex, dropped: &[usize], new: &FileIndex) -> Result<FileIndex> {
    if new.partitions != old.partitions {
        return Err("an index of another shape".into());
    }
    let (mut chunks, mut dropped) = (Vec::new(), dropped);
    for (start, chunk) in old.chunks() {
        let end = start + chunk.len();
        let (own, later) = dropped.split_at(dropped.partition_point(|row| *row < end));
        dropped = later;
        if own.is_empty() {
            chunks.push(Arc::clone(chunk));
            continue;
        }
        let mut keep = vec![true; chunk.len()];
        own.iter().for_each(|row| keep[row - start] = false);
        chunks.push(Arc::new(chunk.filtered(&BooleanArray::from(keep))?));
    }
    chunks.extend(new.chunks().map(|(_, chunk)| Arc::clone(chunk)));
    Ok(FileIndex::new(chunks, old.partitions.clone(), Vec::new())?)
}
