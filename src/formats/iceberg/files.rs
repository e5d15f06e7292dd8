//! Builds the file index: manifest entries into chunks of Arrow columns, one value per file.
//!
//! Each manifest is decoded on a thread of its own, entry by entry. What was made of one never changes: the
//! cache of manifests keeps it, and every snapshot that has the manifest shares its chunks. So an index is
//! joined by naming chunks, and a commit costs the manifests that it wrote.

use std::collections::HashSet;
use std::sync::Arc;

use lakegate_base::{Error, Location, Result};

use crate::FileIndex;

use super::chunk::{Chunk, Identity, Open};
use super::deletes::DeleteFile;
use super::layout::Layout;
use super::manifest::{Content, ManifestFile, for_each_live};

/// Live files of one snapshot.
const FILES_MAX: usize = 10_000_000;
/// What is kept of them.
const INDEX_BYTES_MAX: u64 = 8 << 30;

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
    /// The files of all parts, in order.
    pub fn new(layout: &Layout, parts: &[Arc<Part>]) -> Result<Self> {
        let chunks: Vec<&Chunk> = parts.iter().flat_map(|part| &part.chunks).collect();
        let files: usize = chunks.iter().map(|chunk| chunk.len()).sum();
        let bytes = parts.iter().map(|part| part.bytes()).fold(0, u64::saturating_add);
        if files > FILES_MAX || bytes > INDEX_BYTES_MAX {
            let message = format!("the table's {files} files take {} MiB to plan", bytes >> 20);
            return Err(
                Error::exhausted(message).hint("Compact it with the writer's rewrite_data_files.")
            );
        }
        let (partitions, constants, required) = identities(layout, &chunks);
        let chunks = chunks.iter().map(|chunk| Arc::clone(&chunk.files)).collect();
        Ok(Self { files: FileIndex::new(chunks, partitions, constants)?, required })
    }
}

/// The identity columns: those that every file carries, and those that only some do, in the order of the
/// columns; and which of them may be missing in a file although they have a value.
fn identities(layout: &Layout, chunks: &[&Chunk]) -> (Vec<usize>, Vec<usize>, HashSet<usize>) {
    let (mut partitions, mut constants, mut required) = (Vec::new(), Vec::new(), HashSet::new());
    for (slot, at) in layout.identities.iter().enumerate() {
        let column = layout.columns[*at].0;
        let all = |is: Identity| chunks.iter().all(|chunk| chunk.identities[slot] == is);
        let any = |is: Identity| chunks.iter().any(|chunk| chunk.identities[slot] == is);
        if all(Identity::Carried) {
            partitions.push(column);
        } else if !all(Identity::Absent) {
            required.insert(column);
            // A value that cannot be read must stand in the file.
            if !any(Identity::Unreadable) {
                constants.push(column);
            }
        }
    }
    (partitions, constants, required)
}
