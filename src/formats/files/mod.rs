//! Tables of plain files: Parquet, ORC, Avro, CSV, JSON lines and text under a folder, with Hive
//! partitions or symlink manifests. The listing is the version; a file that does not fit is an error that
//! names it.

mod avro;
mod csv;
mod infer;
mod json;
mod kind;
mod listing;
mod merge;
mod open;
mod orc;
mod parquet;
mod partitions;
mod recognise;
mod rows;
#[cfg(test)]
mod tests;

pub use avro::{avro_schema, open_avro};
pub use csv::csv_columns;
pub use infer::{FileRef, InferredFile, detect, infer};
pub use json::json_keys;
pub use kind::{Compression, FileKind};
pub use listing::is_hidden;
pub use merge::merge_schemas;
pub use open::open;
pub use orc::open_orc;
pub use recognise::recognise;
pub use rows::{Batches, DataObject, RowFile};
