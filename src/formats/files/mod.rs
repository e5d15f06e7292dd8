//! Tables of plain files: Parquet, CSV, JSON lines and text under a folder, with Hive partitions or a
//! symlink manifest. The listing is the version; a file that does not fit is an error that names it.

mod csv;
mod infer;
mod json;
mod kind;
mod listing;
mod merge;
mod open;
mod parquet;
mod partitions;
mod recognise;
#[cfg(test)]
mod tests;

pub use infer::{FileRef, InferredFile, detect, infer};
pub use kind::{Compression, FileKind};
pub use listing::is_hidden;
pub use merge::merge_schemas;
pub use open::open;
pub use recognise::recognise;
