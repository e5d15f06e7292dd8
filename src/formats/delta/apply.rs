//! Commits applied to a file index: whole columns at a time, so that one commit on top of many files costs
//! little more than copying them. Anything not plain is a [`Doubt`].

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, StringArray, new_null_array};
use arrow::compute::{concat, filter};
use arrow::error::ArrowError;
use lakegate_base::{Error, Location};
use percent_encoding::percent_decode_str;

use super::files::{IndexBuilder, Indexed};
use super::layout::Layout;
use super::log::{FILES_MAX, LogFile, PartitionValues};
use super::place::place;
use super::refresh::{Action, Add};
use crate::{
    ColumnBounds, Deletes, FileDeletes, FileIndex, PartitionColumn, PositionDeletes, TableSnapshot,
};

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
    let deletes = shifted(deletes, files.len(), &previous.deletes, &dropped);
    Ok((joined(&files, &previous.files, &dropped, layout)?, deletes))
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

    /// The rows of the previous index that go, in order.
    fn dropped(&self, previous: &TableSnapshot) -> Result<Vec<usize>> {
        let paths: BTreeSet<&str> =
            self.added.keys().chain(self.removed.keys()).map(String::as_str).collect();
        let rows = rows_of(&previous.files.paths, &paths)?;
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
fn rows_of<'a>(paths: &StringArray, wanted: &BTreeSet<&'a str>) -> Result<HashMap<&'a str, usize>> {
    let mut rows = HashMap::new();
    // A look-up for each file would take longer than all the rest: few files pass this.
    let mut marks = vec![false; 1 << MARK_BITS];
    wanted.iter().for_each(|path| marks[mark(path.as_bytes())] = true);
    let offsets = paths.value_offsets();
    let bytes = paths.value_data();
    for (row, ends) in offsets.windows(2).enumerate() {
        let range = offset(ends[0])?..offset(ends[1])?;
        let Some(path) = bytes.get(range) else { return Err("an index of another shape".into()) };
        if !marks[mark(path)] {
            continue;
        }
        let known = wanted.get(paths.value(row)).copied();
        if known.is_some_and(|path| rows.insert(path, row).is_some()) {
            return Err("a file is there twice".into());
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

/// The new files' deletes, then those of before at their new places.
fn shifted(new: Deletes, new_files: usize, old: &Deletes, dropped: &[usize]) -> Deletes {
    let kept = old.iter().filter_map(|(row, deletes)| {
        let before = dropped.binary_search(row).err()?;
        Some((new_files + row - before, deletes.clone()))
    });
    new.into_iter().chain(kept).collect()
}

/// The new files, then those of before that stay.
fn joined(
    new: &FileIndex,
    old: &FileIndex,
    dropped: &[usize],
    layout: &Layout,
) -> Result<FileIndex> {
    let kept = Kept::new(old.len(), dropped);
    let shape = || Doubt::from("an index of another shape");
    let paths = kept.join(&new.paths, &old.paths)?;
    let sizes = kept.join(&new.sizes, &old.sizes)?;
    let rows = kept.join(&new.rows, &old.rows)?;
    let modified = kept.join(&new.modified, &old.modified)?;
    if new.partitions.len() != old.partitions.len() {
        return Err(shape());
    }
    let mut partitions = Vec::new();
    for (new, old) in new.partitions.iter().zip(&old.partitions) {
        let values = kept.join(&new.values, &old.values)?;
        partitions.push(PartitionColumn { column: new.column, values });
    }
    let mut bounds = Vec::new();
    for column in 0..layout.columns.len() {
        let of = |index: &'_ FileIndex| index.bounds.iter().find(|b| b.column == column).cloned();
        let (of_new, of_old) = (of(new), of(old));
        if of_new.is_none() && of_old.is_none() {
            continue;
        }
        let data_type = layout.schema.field(column).data_type();
        let unknown = |files: usize| ColumnBounds {
            column,
            min: new_null_array(data_type, files),
            max: new_null_array(data_type, files),
            nulls: std::iter::repeat_n(None, files).collect(),
            exact: false,
        };
        let of_new = of_new.unwrap_or_else(|| unknown(new.len()));
        let of_old = of_old.unwrap_or_else(|| unknown(old.len()));
        bounds.push(ColumnBounds {
            column,
            min: kept.join(&of_new.min, &of_old.min)?,
            max: kept.join(&of_new.max, &of_old.max)?,
            nulls: kept
                .join(&of_new.nulls, &of_old.nulls)?
                .as_primitive_opt()
                .ok_or_else(shape)?
                .clone(),
            exact: false,
        });
    }
    Ok(FileIndex {
        paths: paths.as_string_opt::<i32>().ok_or_else(shape)?.clone(),
        sizes: sizes.as_primitive_opt().ok_or_else(shape)?.clone(),
        rows: rows.as_primitive_opt().ok_or_else(shape)?.clone(),
        modified: modified.as_primitive_opt().ok_or_else(shape)?.clone(),
        partitions,
        bounds,
    })
}

/// Which files of before stay.
enum Kept {
    /// Few gaps: the pieces between them are copied once.
    Pieces(Vec<Range<usize>>),
    Mask(BooleanArray),
}

impl Kept {
    const PIECES_MAX: usize = 256;

    fn new(files: usize, dropped: &[usize]) -> Self {
        if dropped.len() < Self::PIECES_MAX {
            let starts = std::iter::once(0).chain(dropped.iter().map(|row| row + 1));
            let ends = dropped.iter().copied().chain(std::iter::once(files));
            let pieces = starts.zip(ends).map(|(start, end)| start..end);
            return Self::Pieces(pieces.filter(|piece| !piece.is_empty()).collect());
        }
        let mut mask = vec![true; files];
        dropped.iter().for_each(|row| mask[*row] = false);
        Self::Mask(mask.into())
    }

    fn join(&self, new: &dyn Array, old: &dyn Array) -> Result<ArrayRef> {
        let old: Vec<ArrayRef> = match self {
            Self::Pieces(pieces) => {
                pieces.iter().map(|piece| old.slice(piece.start, piece.len())).collect()
            }
            Self::Mask(mask) => vec![filter(old, mask)?],
        };
        let mut parts: Vec<&dyn Array> = vec![new];
        parts.extend(old.iter().map(|part| &**part));
        Ok(concat(&parts)?)
    }
}
