//! Builds the file index: manifest entries into Arrow columns, one value per file.
//!
//! Each manifest becomes chunks of finished arrays on its own thread; at the end the chunks are
//! concatenated. Entries live one at a time, so a large table costs its index and little more.

use std::collections::{HashMap, HashSet};

use arrow::array::{
    Array, ArrayRef, AsArray, StringArray, TimestampMicrosecondArray, UInt64Array, new_empty_array,
};
use arrow::compute::concat;
use arrow::datatypes::{DataType, UInt64Type};
use arrow::error::ArrowError;
use lakegate_base::{Error, Location, Result};

use crate::{ColumnBounds, FileIndex, PartitionColumn};

use super::avro::{Fields, Value};
use super::bounds::{self, Side};
use super::manifest::{Content, Entry, ManifestFile, for_each_live};
use super::metadata::Metadata;
use super::paths::Paths;
use super::scalar::{self, Scalar};
use super::schema::{Primitive, Type};

/// Live files of one snapshot.
const FILES_MAX: usize = 10_000_000;
/// Files whose values are collected before they become arrays, and the values of each kind among them:
/// wide tables take fewer files at a time.
const CHUNK_FILES: usize = 4096;
const CHUNK_VALUES: usize = 1 << 18;
/// One column of texts: what 32-bit offsets reach.
const TEXT_BYTES_MAX: usize = 0x7fff_ffff;

/// What of an entry is wanted, and where it goes.
pub struct Layout {
    /// Top-level primitive columns: position in the schema, field id, type.
    columns: Vec<(usize, i32, Primitive)>,
    /// By field id, the position in `columns`.
    by_id: HashMap<i32, usize>,
    /// Partition specs: their identity fields as (position in `columns`, partition field id, name).
    specs: HashMap<i32, Vec<(usize, i32, String)>>,
    /// Columns that are an identity partition in some spec, as positions in `columns`.
    identities: Vec<usize>,
    pub paths: Paths,
}

/// A delete file of the snapshot.
#[derive(Clone, Debug)]
pub struct DeleteFile {
    pub content: Content,
    pub location: Location,
}

/// The live files of one manifest.
#[derive(Default)]
pub struct Part {
    chunks: Vec<Chunk>,
    pub deletes: Vec<DeleteFile>,
}

/// Arrays of the same length.
struct Chunk {
    paths: StringArray,
    sizes: UInt64Array,
    rows: UInt64Array,
    /// One per `Layout::identities`.
    identities: Vec<Identity>,
    /// One per `Layout::columns`.
    lower: Vec<ArrayRef>,
    upper: Vec<ArrayRef>,
    nulls: Vec<UInt64Array>,
}

/// A column's values in the partition tuples of some files.
#[derive(Clone)]
enum Identity {
    /// The files' spec has no such field.
    Absent,
    /// Every file has a value, or NULL.
    Carried(ArrayRef),
    /// The spec has the field, but a tuple does not hold a value of the column's type.
    Unreadable,
}

/// The whole index, and the columns that may be missing in a file although they have a value.
pub struct Index {
    pub files: FileIndex,
    /// Positions in the schema. Some files carry the column's value in their partition tuple, so that it
    /// may be missing in the file, and others do not: no file without it can be read.
    pub required: HashSet<usize>,
}

impl Layout {
    pub fn new(metadata: &Metadata, paths: Paths) -> Self {
        let mut columns = Vec::new();
        for (position, column) in metadata.columns.iter().enumerate() {
            if let Type::Primitive(kind) = column.kind {
                columns.push((position, column.id, kind));
            }
        }
        let by_id: HashMap<_, _> =
            columns.iter().enumerate().map(|(at, (_, id, _))| (*id, at)).collect();
        let mut specs = HashMap::new();
        let mut identities = Vec::new();
        for (spec_id, fields) in &metadata.specs {
            let mut known = Vec::new();
            for field in fields {
                // Nested and dropped columns are not here: writers keep nested ones in the file.
                let at = field.identity_of().and_then(|source| by_id.get(&source));
                let (Some(at), Some(id)) = (at, field.field_id) else { continue };
                known.push((*at, id, field.name.clone().unwrap_or_default()));
                identities.push(*at);
            }
            specs.insert(*spec_id, known);
        }
        identities.sort_unstable();
        identities.dedup();
        Self { columns, by_id, specs, identities, paths }
    }

    /// Reads one manifest.
    pub fn read(&self, manifest: &ManifestFile, location: &Location, bytes: &[u8]) -> Result<Part> {
        let mut part = Part::default();
        let mut open = Open::new(self);
        let chunk_files = (CHUNK_VALUES / self.columns.len().max(1)).clamp(1, CHUNK_FILES);
        for_each_live(manifest, location, bytes, |spec_id, entry| {
            let in_file = |e: Error| e.context(location);
            if entry.content != Content::Data {
                let location = self.paths.resolve(entry.path).map_err(in_file)?;
                part.deletes.push(DeleteFile { content: entry.content, location });
                return Ok(());
            }
            let spec = self.specs.get(&spec_id).ok_or_else(|| {
                Error::corrupt(format!("the table has no partition spec {spec_id}"))
                    .context(location)
            })?;
            open.push(self, spec, entry).map_err(in_file)?;
            if open.paths.len() == chunk_files {
                let full = std::mem::replace(&mut open, Open::new(self));
                part.chunks.push(full.finish(self)?);
            }
            Ok(())
        })?;
        if !open.paths.is_empty() {
            part.chunks.push(open.finish(self)?);
        }
        Ok(part)
    }

    /// Joins the parts, in order.
    pub fn index(&self, parts: &[Part]) -> Result<Index> {
        let chunks: Vec<&Chunk> = parts.iter().flat_map(|part| &part.chunks).collect();
        let files: usize = chunks.iter().map(|chunk| chunk.paths.len()).sum();
        if files > FILES_MAX {
            return Err(Error::exhausted(format!("the table has more than {FILES_MAX} files"))
                .hint("Compact it with the writer's rewrite_data_files."));
        }
        let column = |kind: DataType, pick: &dyn Fn(&Chunk) -> ArrayRef| {
            join(&kind, chunks.iter().map(|chunk| pick(chunk)).collect())
        };
        let numbers = |pick: &dyn Fn(&Chunk) -> ArrayRef| -> Result<UInt64Array> {
            Ok(column(DataType::UInt64, pick)?.as_primitive::<UInt64Type>().clone())
        };
        let paths = column(DataType::Utf8, &|chunk| share(&chunk.paths))?;
        let mut bounds = Vec::new();
        for (at, (position, _, kind)) in self.columns.iter().enumerate() {
            let min = column(kind.arrow(), &|chunk| chunk.lower[at].clone())?;
            let max = column(kind.arrow(), &|chunk| chunk.upper[at].clone())?;
            let nulls = numbers(&|chunk| share(&chunk.nulls[at]))?;
            let empty = |array: &dyn Array| array.null_count() == array.len();
            if empty(&min) && empty(&max) && empty(&nulls) {
                continue;
            }
            // The specification lets bounds be wider than the values, so none is ever exact.
            bounds.push(ColumnBounds { column: *position, min, max, nulls, exact: false });
        }
        let (partitions, required) = self.partitions(&chunks)?;
        let files = FileIndex {
            paths: paths.as_string::<i32>().clone(),
            sizes: numbers(&|chunk| share(&chunk.sizes))?,
            rows: numbers(&|chunk| share(&chunk.rows))?,
            modified: TimestampMicrosecondArray::new_null(files),
            partitions,
            bounds,
        };
        Ok(Index { files, required })
    }

    /// The identity columns: those that every file carries, and those that only some do.
    fn partitions(&self, chunks: &[&Chunk]) -> Result<(Vec<PartitionColumn>, HashSet<usize>)> {
        let mut partitions = Vec::new();
        let mut required = HashSet::new();
        for (slot, at) in self.identities.iter().enumerate() {
            let (column, _, kind) = self.columns[*at];
            let carried: Option<Vec<ArrayRef>> =
                chunks.iter().map(|chunk| chunk.identities[slot].carried()).collect();
            if let Some(arrays) = carried {
                partitions.push(PartitionColumn { column, values: join(&kind.arrow(), arrays)? });
            } else if !chunks.iter().all(|c| matches!(c.identities[slot], Identity::Absent)) {
                required.insert(column);
            }
        }
        Ok((partitions, required))
    }
}

impl Identity {
    fn carried(&self) -> Option<ArrayRef> {
        if let Self::Carried(array) = self { Some(array.clone()) } else { None }
    }
}

/// A chunk in the making: one inner vector per column, one value per file.
struct Open {
    paths: Vec<String>,
    sizes: Vec<u64>,
    rows: Vec<Option<u64>>,
    identities: Vec<Tuples>,
    lower: Vec<Vec<Option<Scalar>>>,
    upper: Vec<Vec<Option<Scalar>>>,
    nulls: Vec<Vec<Option<u64>>>,
}

#[derive(Clone, Default)]
struct Tuples {
    values: Vec<Option<Scalar>>,
    in_spec: bool,
    unreadable: bool,
}

impl Open {
    fn new(layout: &Layout) -> Self {
        let columns = layout.columns.len();
        Self {
            paths: Vec::new(),
            sizes: Vec::new(),
            rows: Vec::new(),
            identities: vec![Tuples::default(); layout.identities.len()],
            lower: vec![Vec::new(); columns],
            upper: vec![Vec::new(); columns],
            nulls: vec![Vec::new(); columns],
        }
    }

    /// `spec` is the same for all entries of a chunk: a manifest has one.
    fn push(
        &mut self,
        layout: &Layout,
        spec: &[(usize, i32, String)],
        entry: &Entry,
    ) -> Result<()> {
        self.paths.push(layout.paths.resolve_data(entry.path)?.path().to_string());
        self.sizes.push(entry.size_bytes);
        self.rows.push(entry.rows);
        for (slot, at) in layout.identities.iter().enumerate() {
            let Some((_, id, name)) = spec.iter().find(|field| field.0 == *at) else { continue };
            self.identities[slot].in_spec = true;
            match tuple_value(entry.partition, (*id, name), layout.columns[*at].2) {
                Some(value) => self.identities[slot].values.push(value),
                None => self.identities[slot].unreadable = true,
            }
        }
        self.push_bounds(layout, entry);
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
        let no_nan: HashSet<usize> = no_nan.map(|(at, _)| at).collect();
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

    fn finish(self, layout: &Layout) -> Result<Chunk> {
        let kinds = || layout.columns.iter().map(|column| column.2);
        let arrays = |columns: &[Vec<Option<Scalar>>]| -> Result<Vec<ArrayRef>, ArrowError> {
            kinds().zip(columns).map(|(kind, values)| scalar::array(kind, values)).collect()
        };
        let identity = |(at, tuples): (&usize, &Tuples)| {
            Ok(match tuples {
                Tuples { in_spec: false, .. } => Identity::Absent,
                Tuples { unreadable: true, .. } => Identity::Unreadable,
                Tuples { values, .. } => {
                    Identity::Carried(scalar::array(layout.columns[*at].2, values)?)
                }
            })
        };
        let identities: Result<Vec<Identity>, ArrowError> =
            layout.identities.iter().zip(&self.identities).map(identity).collect();
        Ok(Chunk {
            paths: StringArray::from_iter_values(&self.paths),
            sizes: UInt64Array::from(self.sizes),
            rows: UInt64Array::from(self.rows),
            identities: identities.map_err(array_fault)?,
            lower: arrays(&self.lower).map_err(array_fault)?,
            upper: arrays(&self.upper).map_err(array_fault)?,
            nulls: self.nulls.into_iter().map(UInt64Array::from).collect(),
        })
    }
}

/// The value of a partition field, `Some(None)` for NULL; none when the tuple has no readable one.
fn tuple_value(
    partition: Option<&Fields>,
    (id, name): (i32, &str),
    kind: Primitive,
) -> Option<Option<Scalar>> {
    let partition = partition?;
    let value = partition.values.get(partition.record.position(id, name)?)?;
    if value.is_null() {
        return Some(None);
    }
    scalar::from_avro(kind, value).map(Some)
}

fn share(array: &(impl Array + Clone + 'static)) -> ArrayRef {
    std::sync::Arc::new(array.clone())
}

fn join(kind: &DataType, arrays: Vec<ArrayRef>) -> Result<ArrayRef> {
    let text = |array: &ArrayRef| match array.data_type() {
        DataType::Utf8 | DataType::Binary => array.get_array_memory_size(),
        _ => 0,
    };
    if arrays.iter().map(text).fold(0, usize::saturating_add) > TEXT_BYTES_MAX {
        return Err(Error::exhausted("the paths or bounds of the table's files exceed 2 GiB")
            .hint("Compact it with the writer's rewrite_data_files."));
    }
    let arrays: Vec<&dyn Array> = arrays.iter().map(|array| &**array).collect();
    if arrays.is_empty() {
        return Ok(new_empty_array(kind));
    }
    concat(&arrays).map_err(array_fault)
}

fn array_fault(error: ArrowError) -> Error {
    Error::internal("an index of Iceberg files does not fit its types").source(error)
}
