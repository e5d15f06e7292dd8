//! Some files of one manifest as Arrow columns, one value per file.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use arrow::array::{
    Array, Int64Array, StringArray, TimestampMicrosecondArray, UInt64Array, new_null_array,
};
use arrow::error::ArrowError;
use lakegate_base::{Error, Result};

use crate::index::CHUNK_FILES;
use crate::{ColumnBounds, FileChunk, PartitionColumn};

use super::avro::Value;
use super::bounds::{self, Side};
use super::layout::{Layout, Spec};
use super::manifest::Entry;
use super::scalar::{self, Scalar};
use super::schema::Primitive;
use super::tuple;

/// Values of each kind that are collected before they become arrays: wide tables take fewer files at a time.
const CHUNK_VALUES: usize = 1 << 18;

/// A chunk of the file index, and what leads from its files to their deletes.
pub struct Chunk {
    /// Partitions are the identity columns that all of these files carry.
    pub files: Arc<FileChunk>,
    pub sequences: Int64Array,
    pub tuples: Tuples,
    pub written: Written,
    /// One per `Layout::identities`.
    pub identities: Vec<Identity>,
}

/// The partition tuples of some files (see `tuple`), each kept once.
#[derive(Default)]
pub struct Tuples {
    keys: Vec<Box<[u8]>>,
    of: Vec<Option<u32>>,
}

/// The paths as the manifest has them: deletes name files so. They mostly differ from where the files are
/// now by a prefix.
pub enum Written {
    Prefix { written: String, now: String },
    Each(StringArray),
}

/// A column's values in the partition tuples of some files.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// The files' spec has no such field.
    Absent,
    /// Every file has a value, or NULL.
    Carried,
    /// The spec has the field, but a tuple does not hold a value of the column's type.
    Unreadable,
}

impl Tuples {
    pub fn of(&self, file: usize) -> Option<&[u8]> {
        let at = usize::try_from((*self.of.get(file)?)?).ok()?;
        self.keys.get(at).map(|key| &**key)
    }

    fn bytes(&self) -> usize {
        let keys = self.keys.iter().map(|key| key.len() + size_of::<Box<[u8]>>());
        keys.sum::<usize>() + self.of.len() * size_of::<Option<u32>>()
    }
}

impl Written {
    fn new(written: &[String], now: &[String]) -> Self {
        let each = || Self::Each(StringArray::from_iter_values(written));
        let (Some(first), Some(first_now)) = (written.first(), now.first()) else { return each() };
        let same = first.bytes().rev().zip(first_now.bytes().rev()).take_while(|(a, b)| a == b);
        let (mut head, mut head_now) = (first.len(), first_now.len());
        let shared = same.count();
        (head, head_now) = (head - shared, head_now - shared);
        while !first.is_char_boundary(head) || !first_now.is_char_boundary(head_now) {
            (head, head_now) = (head + 1, head_now + 1);
        }
        let (prefix, prefix_now) = (&first[..head], &first_now[..head_now]);
        let fits = |(path, path_now): (&String, &String)| {
            let rest = path.strip_prefix(prefix);
            rest.is_some() && rest == path_now.strip_prefix(prefix_now)
        };
        if written.iter().zip(now).all(fits) {
            return Self::Prefix { written: prefix.to_string(), now: prefix_now.to_string() };
        }
        each()
    }

    /// Puts the written path of a file into `path`.
    pub fn of(&self, file: usize, now: &str, path: &mut String) {
        path.clear();
        match self {
            Self::Prefix { written, now: prefix } => {
                path.push_str(written);
                path.push_str(now.strip_prefix(prefix.as_str()).unwrap_or(now));
            }
            Self::Each(paths) => path.push_str(paths.value(file)),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Prefix { written, now } => written.len() + now.len(),
            Self::Each(paths) => paths.get_array_memory_size(),
        }
    }
}

impl Chunk {
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// What it takes in memory.
    pub fn bytes(&self) -> usize {
        self.files.memory_bytes()
            + self.sequences.get_array_memory_size()
            + self.tuples.bytes()
            + self.written.bytes()
    }
}

/// A chunk in the making: one inner vector per column, one value per file.
pub struct Open {
    paths: Vec<String>,
    written: Vec<String>,
    sizes: Vec<u64>,
    rows: Vec<Option<u64>>,
    sequences: Vec<Option<i64>>,
    tuples: Tuples,
    tuple_places: HashMap<Box<[u8]>, u32>,
    identities: Vec<Carried>,
    lower: Vec<Vec<Option<Scalar>>>,
    upper: Vec<Vec<Option<Scalar>>>,
    nulls: Vec<Vec<Option<u64>>>,
}

#[derive(Clone, Default)]
struct Carried {
    values: Vec<Option<Scalar>>,
    in_spec: bool,
    unreadable: bool,
}

impl Open {
    pub fn new(layout: &Layout) -> Self {
        let columns = layout.columns.len();
        Self {
            paths: Vec::new(),
            written: Vec::new(),
            sizes: Vec::new(),
            rows: Vec::new(),
            sequences: Vec::new(),
            tuples: Tuples::default(),
            tuple_places: HashMap::new(),
            identities: vec![Carried::default(); layout.identities.len()],
            lower: vec![Vec::new(); columns],
            upper: vec![Vec::new(); columns],
            nulls: vec![Vec::new(); columns],
        }
    }

    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    pub fn is_full(&self) -> bool {
        self.paths.len() >= (CHUNK_VALUES / self.lower.len().max(1)).clamp(1, CHUNK_FILES)
    }

    /// `spec` is the same for all entries of a chunk: a manifest has one.
    pub fn push(&mut self, layout: &Layout, spec: &Spec, entry: &Entry) -> Result<()> {
        self.paths.push(layout.paths.resolve_data(entry.path)?.path().to_string());
        self.written.push(entry.path.to_string());
        self.sizes.push(entry.size_bytes);
        self.rows.push(entry.rows);
        self.sequences.push(entry.sequence);
        self.push_tuple(spec, entry)?;
        for (slot, at) in layout.identities.iter().enumerate() {
            let Some(field) = spec.identity(*at) else { continue };
            self.identities[slot].in_spec = true;
            let value = field.value(entry.partition);
            let kind = layout.columns[*at].2;
            match value.map(|value| (value, scalar::from_avro(kind, value))) {
                Some((Value::Null, _)) => self.identities[slot].values.push(None),
                Some((_, Some(scalar))) => self.identities[slot].values.push(Some(scalar)),
                _ => self.identities[slot].unreadable = true,
            }
        }
        self.push_bounds(layout, entry);
        self.push_transformed(layout, spec, entry);
        Ok(())
    }

    fn push_tuple(&mut self, spec: &Spec, entry: &Entry) -> Result<()> {
        let Some(key) = tuple::key(spec, entry.partition) else {
            self.tuples.of.push(None);
            return Ok(());
        };
        let next = self.tuples.keys.len();
        let place = match self.tuple_places.get(&key) {
            Some(place) => *place,
            None => {
                let place = u32::try_from(next)
                    .map_err(|_| Error::exhausted("a manifest has too many partitions"))?;
                self.tuples.keys.push(key.clone());
                self.tuple_places.insert(key, place);
                place
            }
        };
        self.tuples.of.push(Some(place));
        Ok(())
    }

    fn push_bounds<'e>(&mut self, layout: &Layout, entry: &Entry<'e>) {
        let file = self.paths.len();
        for values in self.lower.iter_mut().chain(&mut self.upper) {
            values.resize(file, None);
        }
        self.nulls.iter_mut().for_each(|values| values.resize(file, None));
        let columns = |map: &'e Value<'e>| {
            let known = map.entries();
            known.filter_map(|(id, value)| Some((*layout.by_id.get(&id)?, value)))
        };
        for (at, count) in columns(entry.null_counts) {
            let count = count.as_long().and_then(|count| u64::try_from(count).ok());
            self.nulls[at][file - 1] = count.filter(|count| entry.rows.is_none_or(|r| *count <= r));
        }
        let no_nan = columns(entry.nan_counts).filter(|(_, count)| count.as_long() == Some(0));
        let no_nan: std::collections::HashSet<usize> = no_nan.map(|(at, _)| at).collect();
        let sides = [
            (Side::Lower, entry.lower_bounds, &mut self.lower),
            (Side::Upper, entry.upper_bounds, &mut self.upper),
        ];
        for (side, map, target) in sides {
            for (at, bytes) in columns(map) {
                let kind = layout.columns[at].2;
                let float = matches!(kind, Primitive::Float | Primitive::Double);
                // Bounds leave NaN out, and a comparison does not: it is above all numbers.
                if !float || no_nan.contains(&at) {
                    let bound = bytes.as_bytes();
                    target[at][file - 1] =
                        bound.and_then(|bound| bounds::from_bytes(kind, bound, side));
                }
            }
        }
    }

    /// What the partition says of its columns, where the file's own bounds say nothing.
    fn push_transformed(&mut self, layout: &Layout, spec: &Spec, entry: &Entry) {
        let file = self.paths.len() - 1;
        for field in spec.fields.iter().filter(|field| field.transform.keeps_nulls()) {
            let (Some(at), Some(value)) = (field.source, field.value(entry.partition)) else {
                continue;
            };
            let nulls = &mut self.nulls[at][file];
            if value.is_null() {
                *nulls = nulls.or(entry.rows);
                continue;
            }
            nulls.get_or_insert(0);
            let range = field.transform.range(layout.columns[at].2, value);
            let (lower, upper) = (&mut self.lower[at][file], &mut self.upper[at][file]);
            *lower = lower.take().or(range.lower);
            *upper = upper.take().or(range.upper);
        }
    }

    pub fn finish(self, layout: &Layout) -> Result<Chunk> {
        let files = self.paths.len();
        let bounds = layout.columns.iter().zip(self.lower).zip(self.upper).zip(self.nulls);
        let bounds = bounds.map(|(((column, lower), upper), nulls)| {
            column_bounds(column.0, column.2, &lower, &upper, nulls)
        });
        let bounds = bounds.filter_map(Result::transpose).collect::<Result<_, ArrowError>>();
        let (mut identities, mut partitions) = (Vec::new(), Vec::new());
        for (at, carried) in layout.identities.iter().zip(&self.identities) {
            let (column, _, kind) = layout.columns[*at];
            identities.push(match carried {
                Carried { in_spec: false, .. } => Identity::Absent,
                Carried { unreadable: true, .. } => Identity::Unreadable,
                Carried { values, .. } => {
                    let values = scalar::array(kind, values).map_err(array_fault)?;
                    partitions.push(PartitionColumn { column, values });
                    Identity::Carried
                }
            });
        }
        Ok(Chunk {
            written: Written::new(&self.written, &self.paths),
            files: Arc::new(FileChunk {
                paths: StringArray::from_iter_values(&self.paths),
                sizes: UInt64Array::from(self.sizes),
                rows: UInt64Array::from(self.rows),
                modified: TimestampMicrosecondArray::new_null(files),
                partitions,
                bounds: bounds.map_err(array_fault)?,
                summary: OnceLock::new(),
            }),
            sequences: Int64Array::from(self.sequences),
            tuples: self.tuples,
            identities,
        })
    }
}

/// None where no file says anything. The specification lets bounds be wider than the values, so none is
/// ever exact.
fn column_bounds(
    column: usize,
    kind: Primitive,
    lower: &[Option<Scalar>],
    upper: &[Option<Scalar>],
    nulls: Vec<Option<u64>>,
) -> Result<Option<ColumnBounds>, ArrowError> {
    let array = |values: &[Option<Scalar>]| match values.iter().any(Option::is_some) {
        true => scalar::array(kind, values).map(Some),
        false => Ok(None),
    };
    let (min, max) = (array(lower)?, array(upper)?);
    if min.is_none() && max.is_none() && !nulls.iter().any(Option::is_some) {
        return Ok(None);
    }
    let unknown = || new_null_array(&kind.arrow(), nulls.len());
    let (min, max) = (min.unwrap_or_else(unknown), max.unwrap_or_else(unknown));
    Ok(Some(ColumnBounds { column, min, max, nulls: UInt64Array::from(nulls), exact: false }))
}

pub fn array_fault(error: ArrowError) -> Error {
    Error::internal("an index of Iceberg files does not fit its types").source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(pairs: &[(&str, &str)]) -> bool {
        let (written, now): (Vec<String>, Vec<String>) =
            pairs.iter().map(|(w, n)| (w.to_string(), n.to_string())).unzip();
        let kept = Written::new(&written, &now);
        let mut path = String::new();
        for (at, (expected, now)) in pairs.iter().enumerate() {
            kept.of(at, now, &mut path);
            assert_eq!(path, *expected);
        }
        matches!(kept, Written::Prefix { .. })
    }

    #[test]
    fn written_paths_come_back() {
        assert!(round_trip(&[("s3://b/t/x/1", "t/x/1"), ("s3://b/t/y/2", "t/y/2")]));
        assert!(round_trip(&[("s3://old/w/t/1", "new/t/1"), ("s3://old/w/t/é2", "new/t/é2")]));
        assert!(!round_trip(&[("s3://b/t/1", "t/1"), ("s3a://b/t/2", "t/2")]));
        // These end with the same byte of different characters.
        assert!(!round_trip(&[("/a/\u{e9}", "b/\u{a9}"), ("/a/x", "b/y")]));
        assert!(round_trip(&[("/a/b/1", "c/d/1")]));
    }
}
