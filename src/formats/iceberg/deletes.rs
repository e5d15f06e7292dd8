//! Which delete files concern which data files.
//!
//! - A deletion vector: the one data file it names, and no position delete file counts for that one.
//! - Position deletes: the data file they name; else all of the same partition whose path is within the
//!   bounds of the paths they hold.
//! - Equality deletes: older data files of the same partition; of the whole table, when their spec has no
//!   partitions. Not those whose bounds say that none of the keys is in them.
//!
//! Data that is younger than a delete file is not touched by it: `vectors and positions` reach data of the
//! same sequence number too, equality deletes only older data.
//!
//! Specification: <https://iceberg.apache.org/spec/#scan-planning>

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::Array;
use lakegate_base::{Error, Location, Result, Subject};

use crate::{Deletes, EqualityDeletes, FileDeletes, Framing, PositionDeletes};

use super::bounds::{self, Side};
use super::chunk::Chunk;
use super::files::Part;
use super::layout::{Layout, Spec};
use super::manifest::{Content, Entry};
use super::scalar::{self, Scalar};
use super::schema::{Column, Primitive, Type};
use super::tuple;

/// Field id of the paths in position delete files.
pub const PATH_ID: i32 = i32::MAX - 101;
/// Pairs of a data file and a delete file that are looked at, and that are kept.
const LOOKS_MAX: usize = 50_000_000;
const PAIRS_MAX: usize = 5_000_000;

/// A live delete file.
pub struct DeleteFile {
    location: Location,
    bytes: u64,
    sequence: Option<i64>,
    spec_id: i32,
    /// See `tuple`; none where unreadable.
    tuple: Option<Box<[u8]>>,
    is_unpartitioned: bool,
    what: What,
}

enum What {
    Vector {
        data_path: String,
        offset: u64,
        bytes: u64,
        rows: u64,
    },
    /// `data_path`: all positions are of this file. Else the bounds of the paths, where known.
    Positions {
        data_path: Option<String>,
        first: Option<String>,
        last: Option<String>,
    },
    Equality {
        ids: Vec<i32>,
        keys: Vec<KeyRange>,
    },
}

/// All keys of a delete file are within, and none is NULL.
struct KeyRange {
    /// Position in `Layout::columns`.
    column: usize,
    lower: Scalar,
    upper: Scalar,
}

impl DeleteFile {
    pub fn new(layout: &Layout, spec_id: i32, spec: &Spec, entry: &Entry) -> Result<Self> {
        let what = match entry.content {
            Content::DeletionVector => vector(entry)?,
            Content::EqualityDeletes => equality(layout, entry)?,
            _ => positions(entry),
        };
        Ok(Self {
            location: layout.paths.resolve(entry.path)?,
            bytes: entry.size_bytes,
            sequence: entry.sequence,
            spec_id,
            tuple: tuple::key(spec, entry.partition),
            is_unpartitioned: spec.is_unpartitioned(),
            what,
        })
    }

    pub fn location(&self) -> &Location {
        &self.location
    }

    /// What it takes in memory, about.
    pub fn bytes(&self) -> usize {
        let what = match &self.what {
            What::Vector { data_path, .. } => data_path.len(),
            What::Positions { data_path, first, last } => {
                [data_path, first, last].into_iter().flatten().map(String::len).sum()
            }
            What::Equality { ids, keys } => 4 * ids.len() + 128 * keys.len(),
        };
        let tuple = self.tuple.as_ref().map_or(0, |tuple| tuple.len());
        size_of::<Self>() + self.location.path().len() + tuple + what
    }
}

fn vector(entry: &Entry) -> Result<What> {
    let incomplete = |what: &str| {
        Error::corrupt(format!("the deletion vector in {} has no {what}", entry.path))
            .hint("Its manifest is damaged: restore it, or read an older snapshot.")
    };
    Ok(What::Vector {
        data_path: entry.referenced.ok_or_else(|| incomplete("data file"))?.to_string(),
        offset: entry.content_offset.ok_or_else(|| incomplete("offset"))?,
        bytes: entry.content_bytes.ok_or_else(|| incomplete("size"))?,
        rows: entry.rows.ok_or_else(|| incomplete("count of rows"))?,
    })
}

fn positions(entry: &Entry) -> What {
    let bound = |map: &super::avro::Value| {
        let bytes = map.entries().find(|(id, _)| *id == PATH_ID)?.1.as_bytes()?;
        std::str::from_utf8(bytes).ok().map(str::to_string)
    };
    let (first, last) = (bound(entry.lower_bounds), bound(entry.upper_bounds));
    // One path bounds itself. A careless writer may have cut both bounds to the same beginning of many
    // paths, which ends anywhere but here.
    let only = first.clone().filter(|path| first == last && path.ends_with(".parquet"));
    What::Positions { data_path: entry.referenced.map(str::to_string).or(only), first, last }
}

fn equality(layout: &Layout, entry: &Entry) -> Result<What> {
    let ids = entry.equality_ids.as_ints().filter(|ids| !ids.is_empty()).ok_or_else(|| {
        Error::corrupt(format!("the equality deletes in {} have no columns", entry.path))
            .hint("Their manifest is damaged: restore it, or read an older snapshot.")
    })?;
    let keys = ids.iter().filter_map(|id| key_range(layout, entry, *id)).collect();
    Ok(What::Equality { ids, keys })
}

/// Floating point is left out: NaN is in no bounds, and may be a key.
fn key_range(layout: &Layout, entry: &Entry, id: i32) -> Option<KeyRange> {
    let column = *layout.by_id.get(&id)?;
    let kind = layout.columns[column].2;
    if matches!(kind, Primitive::Float | Primitive::Double) {
        return None;
    }
    let of = |map: &super::avro::Value, side: Side| {
        let bytes = map.entries().find(|(known, _)| *known == id)?.1.as_bytes()?;
        bounds::from_bytes(kind, bytes, side)
    };
    let no_nulls =
        entry.null_counts.entries().any(|(known, n)| known == id && n.as_long() == Some(0));
    let lower = of(entry.lower_bounds, Side::Lower)?;
    let upper = of(entry.upper_bounds, Side::Upper)?;
    no_nulls.then_some(KeyRange { column, lower, upper })
}

/// By partition spec, then by tuple.
type ByPartition<'p> = HashMap<i32, HashMap<&'p [u8], Vec<&'p DeleteFile>>>;

/// The delete files of a snapshot, by what leads to them.
#[derive(Default)]
struct Found<'p> {
    vectors: HashMap<&'p str, &'p DeleteFile>,
    by_path: HashMap<&'p str, Vec<&'p DeleteFile>>,
    by_partition: ByPartition<'p>,
    equality: ByPartition<'p>,
    everywhere: Vec<&'p DeleteFile>,
}

impl<'p> Found<'p> {
    fn new(parts: &'p [Arc<Part>]) -> Result<Self> {
        let mut found = Self::default();
        for delete in parts.iter().flat_map(|part| &part.deletes) {
            match &delete.what {
                What::Vector { data_path, .. } => {
                    if let Some(other) = found.vectors.insert(data_path, delete) {
                        let message = format!(
                            "{data_path} has two deletion vectors, in {} and {}",
                            delete.location, other.location
                        );
                        return Err(Error::corrupt(message).about(Subject::Table));
                    }
                }
                What::Positions { data_path: Some(path), .. } => {
                    found.by_path.entry(path).or_default().push(delete);
                }
                What::Positions { .. } => delete.add_to(&mut found.by_partition)?,
                What::Equality { .. } if delete.is_unpartitioned => found.everywhere.push(delete),
                What::Equality { .. } => delete.add_to(&mut found.equality)?,
            }
        }
        Ok(found)
    }

    fn is_empty(&self) -> bool {
        self.vectors.is_empty()
            && self.by_path.is_empty()
            && self.by_partition.is_empty()
            && self.equality.is_empty()
            && self.everywhere.is_empty()
    }
}

impl DeleteFile {
    fn add_to<'p>(&'p self, found: &mut ByPartition<'p>) -> Result<()> {
        let tuple = self.tuple.as_deref().ok_or_else(|| no_partition(&self.location))?;
        found.entry(self.spec_id).or_default().entry(tuple).or_default().push(self);
        Ok(())
    }

    fn sequence(&self) -> Result<i64> {
        self.sequence.ok_or_else(|| no_sequence(&self.location))
    }
}

fn no_partition(name: impl std::fmt::Display) -> Error {
    Error::corrupt(format!("the partition of {name} cannot be read, and deletes depend on it"))
        .about(Subject::Table)
}

fn no_sequence(name: impl std::fmt::Display) -> Error {
    Error::corrupt(format!("{name} has no sequence number, and deletes depend on it"))
        .about(Subject::Table)
        .hint("Its manifest is damaged: restore it, or read an older snapshot.")
}

/// The deletes of every data file that has some, in the order of the index.
pub fn assign(layout: &Layout, columns: &[Column], parts: &[Arc<Part>]) -> Result<Deletes> {
    let found = Found::new(parts)?;
    let mut assigned =
        Assigner { layout, columns, found, keys: HashMap::new(), looks: 0, pairs: 0 };
    let mut deletes = Deletes::new();
    if assigned.found.is_empty() {
        return Ok(deletes);
    }
    let (mut at, mut path) = (0, String::new());
    for part in parts {
        for chunk in &part.chunks {
            for file in 0..chunk.len() {
                chunk.written.of(file, chunk.files.paths.value(file), &mut path);
                let data = DataFile { chunk, file, path: &path, spec_id: part.spec_id };
                let of_file = assigned.of(&data)?;
                if !of_file.positions.is_empty() || !of_file.equality.is_empty() {
                    deletes.insert(at, of_file);
                }
                at += 1;
            }
        }
    }
    Ok(deletes)
}

struct DataFile<'a> {
    chunk: &'a Chunk,
    file: usize,
    /// As written.
    path: &'a str,
    spec_id: i32,
}

impl DataFile<'_> {
    fn sequence(&self) -> Result<i64> {
        let sequences = &self.chunk.sequences;
        let known = sequences.is_valid(self.file).then(|| sequences.value(self.file));
        known.ok_or_else(|| no_sequence(self.path))
    }

    /// False only when the bounds of a column say that no key can be in this file.
    fn may_hold(&self, layout: &Layout, key: &KeyRange) -> bool {
        let (column, _, kind) = layout.columns[key.column];
        let Some(bounds) = self.chunk.files.bounds(column) else { return true };
        let value = |bounds: &dyn Array| scalar::value(kind, bounds, self.file);
        let below = value(&bounds.max).is_some_and(|upper| upper < key.lower);
        let above = value(&bounds.min).is_some_and(|lower| lower > key.upper);
        !below && !above
    }
}

struct Assigner<'p> {
    layout: &'p Layout,
    columns: &'p [Column],
    found: Found<'p>,
    /// Shared by the data files they concern.
    keys: HashMap<&'p Location, Arc<EqualityDeletes>>,
    looks: usize,
    pairs: usize,
}

impl<'p> Assigner<'p> {
    fn of(&mut self, data: &DataFile) -> Result<FileDeletes> {
        let mut deletes = FileDeletes::default();
        if let Some(vector) = self.vector(data)? {
            deletes.positions.push(Arc::new(vector));
        } else {
            self.positions(data, &mut deletes)?;
        }
        self.equality(data, &mut deletes)?;
        self.pairs += deletes.positions.len() + deletes.equality.len();
        if self.looks > LOOKS_MAX || self.pairs > PAIRS_MAX {
            return Err(Error::exhausted("too many delete files concern too many data files")
                .about(Subject::Table)
                .hint("Compact the table: rewrite_data_files, or rewrite_position_delete_files."));
        }
        Ok(deletes)
    }

    fn vector(&self, data: &DataFile) -> Result<Option<PositionDeletes>> {
        let Some(delete) = self.found.vectors.get(data.path) else { return Ok(None) };
        let What::Vector { offset, bytes, rows, .. } = &delete.what else { return Ok(None) };
        if data.sequence()? > delete.sequence()? {
            return Ok(None);
        }
        Ok(Some(PositionDeletes::Vector {
            location: delete.location.clone(),
            offset: *offset,
            bytes: *bytes,
            framing: Framing::Puffin,
            rows: *rows,
        }))
    }

    fn positions(&mut self, data: &DataFile, deletes: &mut FileDeletes) -> Result<()> {
        let by_path = self.found.by_path.get(data.path).into_iter().flatten();
        let by_partition = self.in_partition(data, &self.found.by_partition)?;
        let within = |delete: &&&DeleteFile| match &delete.what {
            What::Positions { data_path: None, first, last } => {
                first.as_deref().is_none_or(|first| first <= data.path)
                    && last.as_deref().is_none_or(|l| data.path <= l || data.path.starts_with(l))
            }
            _ => true,
        };
        let mut looks = 0;
        for delete in by_path.chain(by_partition).inspect(|_| looks += 1).filter(within) {
            if data.sequence()? <= delete.sequence()? {
                deletes.positions.push(Arc::new(PositionDeletes::File {
                    location: delete.location.clone(),
                    bytes: delete.bytes,
                    data_path: data.path.to_string(),
                }));
            }
        }
        self.looks += looks;
        Ok(())
    }

    fn equality(&mut self, data: &DataFile, deletes: &mut FileDeletes) -> Result<()> {
        let of_partition = self.in_partition(data, &self.found.equality)?;
        let candidates: Vec<&'p DeleteFile> =
            self.found.everywhere.iter().chain(of_partition).copied().collect();
        self.looks += candidates.len();
        for delete in candidates {
            let What::Equality { ids, keys } = &delete.what else { continue };
            let older = data.sequence()? < delete.sequence()?;
            if older && keys.iter().all(|key| data.may_hold(self.layout, key)) {
                deletes.equality.push(self.keys_of(delete, ids)?);
            }
        }
        Ok(())
    }

    fn in_partition<'f>(
        &self,
        data: &DataFile,
        found: &'f ByPartition<'p>,
    ) -> Result<&'f [&'p DeleteFile]> {
        let Some(found) = found.get(&data.spec_id) else { return Ok(&[]) };
        let tuple = data.chunk.tuples.of(data.file).ok_or_else(|| no_partition(data.path))?;
        Ok(found.get(tuple).map_or(&[], Vec::as_slice))
    }

    fn keys_of(&mut self, delete: &'p DeleteFile, ids: &[i32]) -> Result<Arc<EqualityDeletes>> {
        if let Some(known) = self.keys.get(&delete.location) {
            return Ok(Arc::clone(known));
        }
        let columns: Result<Vec<usize>> = ids.iter().map(|id| self.column(delete, *id)).collect();
        let deletes = Arc::new(EqualityDeletes {
            location: delete.location.clone(),
            bytes: delete.bytes,
            columns: columns?,
        });
        self.keys.insert(&delete.location, Arc::clone(&deletes));
        Ok(deletes)
    }

    fn column(&self, delete: &DeleteFile, id: i32) -> Result<usize> {
        let refused = |why: String| {
            Error::unsupported(format!("equality deletes {why} ({})", delete.location))
                .about(Subject::Table)
                .hint("Rewrite the table without deletes (rewrite_data_files) to read it.")
        };
        let known = self.columns.iter().position(|column| column.id == id);
        let at = known.ok_or_else(|| {
            refused(format!("by field {id}, which is no top-level column of the table's schema"))
        })?;
        match self.columns[at].kind {
            Type::Primitive(_) => Ok(at),
            _ => Err(refused(format!("by the nested column {}", self.columns[at].name))),
        }
    }
}
