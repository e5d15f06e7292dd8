//! Builds the file index: manifest entries into Arrow columns, one value per file.
//!
//! Each manifest becomes chunks of finished arrays on its own thread; at the end the chunks are
//! concatenated. Entries live one at a time, so a large table costs its index and little more. What was
//! made of a manifest never changes, and may be kept for the table's next version.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, TimestampMicrosecondArray, UInt64Array, new_empty_array,
    new_null_array,
};
use arrow::compute::concat;
use arrow::datatypes::{DataType, UInt64Type};
use lakegate_base::{Error, Location, Result};

use crate::{ColumnBounds, FileIndex, PartitionColumn};

use super::chunk::{Chunk, Identity, Open, array_fault};
use super::deletes::DeleteFile;
use super::layout::Layout;
use super::manifest::{Content, ManifestFile, for_each_live};

/// Live files of one snapshot.
const FILES_MAX: usize = 10_000_000;
/// One column of texts: what 32-bit offsets reach.
const TEXT_BYTES_MAX: usize = 0x7fff_ffff;

/// The live files of one manifest.
#[derive(Default)]
pub struct Part {
    /// Of all data files in it.
    pub spec_id: i32,
    pub chunks: Vec<Chunk>,
    pub deletes: Vec<DeleteFile>,
}

/// The whole index, and the columns that may be missing in a file although they have a value.
pub struct Index {
    pub files: FileIndex,
    /// Positions in the schema. Some files carry the column's value in their partition tuple, so that it
    /// may be missing in the file, and others do not: no file without it can be read as it stands.
    pub required: HashSet<usize>,
}

impl Part {
    /// Reads one manifest.
    pub fn read(
        layout: &Layout,
        manifest: &ManifestFile,
        location: &Location,
        bytes: &[u8],
    ) -> Result<Self> {
        let mut part = Self::default();
        let mut open = Open::new(layout);
        for_each_live(manifest, location, bytes, |spec_id, entry| {
            let in_file = |e: Error| e.context(location);
            let spec = layout.spec(spec_id).map_err(in_file)?;
            part.spec_id = spec_id;
            if entry.content != Content::Data {
                let delete = DeleteFile::new(layout, spec_id, spec, entry).map_err(in_file)?;
                part.deletes.push(delete);
                return Ok(());
            }
            open.push(layout, spec, entry).map_err(in_file)?;
            if open.is_full() {
                let full = std::mem::replace(&mut open, Open::new(layout));
                part.chunks.push(full.finish(layout)?);
            }
            Ok(())
        })?;
        if !open.is_empty() {
            part.chunks.push(open.finish(layout)?);
        }
        Ok(part)
    }

    /// What it takes in memory.
    pub fn bytes(&self) -> u64 {
        let chunks = self.chunks.iter().map(Chunk::bytes);
        let deletes = self.deletes.iter().map(DeleteFile::bytes);
        (size_of::<Self>() + chunks.sum::<usize>() + deletes.sum::<usize>()) as u64
    }
}

impl Index {
    /// Joins the parts, in order.
    pub fn new(layout: &Layout, parts: &[Arc<Part>]) -> Result<Self> {
        let chunks: Vec<&Chunk> = parts.iter().flat_map(|part| &part.chunks).collect();
        let files: usize = chunks.iter().map(|chunk| chunk.len()).sum();
        if files > FILES_MAX {
            return Err(Error::exhausted(format!("the table has more than {FILES_MAX} files"))
                .hint("Compact it with the writer's rewrite_data_files."));
        }
        let whole = |kind: DataType, pick: &dyn Fn(&Chunk) -> ArrayRef| {
            join(&kind, chunks.iter().map(|chunk| pick(chunk)).collect())
        };
        let numbers = |pick: &dyn Fn(&Chunk) -> ArrayRef| -> Result<UInt64Array> {
            Ok(whole(DataType::UInt64, pick)?.as_primitive::<UInt64Type>().clone())
        };
        let paths = whole(DataType::Utf8, &|chunk| share(&chunk.paths))?;
        let (partitions, constants, required) = identities(layout, &chunks)?;
        let files = FileIndex {
            paths: paths.as_string::<i32>().clone(),
            sizes: numbers(&|chunk| share(&chunk.sizes))?,
            rows: numbers(&|chunk| share(&chunk.rows))?,
            modified: TimestampMicrosecondArray::new_null(files),
            partitions,
            constants,
            bounds: bounds(layout, &chunks)?,
        };
        Ok(Self { files, required })
    }
}

fn bounds(layout: &Layout, chunks: &[&Chunk]) -> Result<Vec<ColumnBounds>> {
    let mut bounds = Vec::new();
    for (at, (position, _, kind)) in layout.columns.iter().enumerate() {
        let pick = |kind: &DataType, pick: &dyn Fn(&Chunk) -> &Vec<Option<ArrayRef>>| {
            let known = chunks.iter().any(|chunk| pick(chunk)[at].is_some());
            let array = |chunk: &&Chunk| {
                let array = pick(chunk)[at].clone();
                array.unwrap_or_else(|| new_null_array(kind, chunk.len()))
            };
            Ok::<_, Error>((known, join(kind, chunks.iter().map(array).collect())?))
        };
        let kind = kind.arrow();
        let (has_min, min) = pick(&kind, &|chunk| &chunk.lower)?;
        let (has_max, max) = pick(&kind, &|chunk| &chunk.upper)?;
        let (has_nulls, nulls) = pick(&DataType::UInt64, &|chunk| &chunk.nulls)?;
        if has_min || has_max || has_nulls {
            let nulls = nulls.as_primitive::<UInt64Type>().clone();
            // The specification lets bounds be wider than the values, so none is ever exact.
            bounds.push(ColumnBounds { column: *position, min, max, nulls, exact: false });
        }
    }
    Ok(bounds)
}

type Identities = (Vec<PartitionColumn>, Vec<PartitionColumn>, HashSet<usize>);

/// The identity columns: those that every file carries, and those that only some do.
fn identities(layout: &Layout, chunks: &[&Chunk]) -> Result<Identities> {
    let (mut partitions, mut constants, mut required) = (Vec::new(), Vec::new(), HashSet::new());
    for (slot, at) in layout.identities.iter().enumerate() {
        let (column, _, kind) = layout.columns[*at];
        let kind = kind.arrow();
        let known: Vec<&Identity> = chunks.iter().map(|chunk| &chunk.identities[slot]).collect();
        let array = |(chunk, identity): (&&Chunk, &&Identity)| {
            let carried = identity.carried().cloned();
            carried.unwrap_or_else(|| new_null_array(&kind, chunk.len()))
        };
        let values = || join(&kind, chunks.iter().zip(&known).map(array).collect());
        if known.iter().all(|identity| identity.carried().is_some()) {
            partitions.push(PartitionColumn { column, values: values()? });
        } else if !known.iter().all(|identity| matches!(identity, Identity::Absent)) {
            required.insert(column);
            // A value that cannot be read must stand in the file.
            if !known.iter().any(|identity| matches!(identity, Identity::Unreadable)) {
                constants.push(PartitionColumn { column, values: values()? });
            }
        }
    }
    Ok((partitions, constants, required))
}

fn share(array: &(impl Array + Clone + 'static)) -> ArrayRef {
    Arc::new(array.clone())
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
