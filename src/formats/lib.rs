//! Table formats: Delta, Iceberg and plain files (Parquet, CSV, JSON lines, text), each read into a
//! [`TableSnapshot`]. A feature that is not supported is refused by name, never read wrong. Nothing here
//! knows DataFusion, the catalog or SQL.

// Sizes and counts come from outside: a cast that loses bits is a bug or an attack.
#![deny(clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::cast_sign_loss)]

mod avro_codec;
mod cache;
mod deletes;
mod history;
mod index;
mod snapshot;
mod source;
mod tables;

pub mod bitmap;
pub mod delete_files;
pub mod delta;
pub mod files;
pub mod iceberg;
pub mod variant;

pub use cache::CacheUsage;
pub use deletes::{Deletes, EqualityDeletes, FileDeletes, Framing, PositionDeletes};
pub use history::{AsOf, Revision};
pub use index::{ColumnBounds, FileChunk, FileIndex, PartitionColumn};
pub use snapshot::{
    CsvOptions, Encoding, FIELD_ID, MatchBy, PHYSICAL_NAME, REQUIRED_IN_FILE, TableSnapshot,
};
pub use source::{TableFormat, TableSource, open};
pub use tables::{CacheOptions, Tables};
