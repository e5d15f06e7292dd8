//! One scan for every format: a `TableSnapshot` lowered to DataFusion's own file sources, so that pruning,
//! dynamic filters, TopK, parallelism and caching are written once. The user never meets deltalake's or
//! iceberg's scan.

mod adapter;
mod ahead;
mod constant;
mod csv;
mod deletes;
mod estimate;
mod footer;
mod footers;
mod hidden;
mod json;
mod lower;
mod named;
mod per_file;
mod prune;
mod push;
mod readers;
mod reshape;
mod rows;
mod shape;
mod statistics;
mod survivors;
mod table;
mod text;

pub use footers::Footers;
pub use hidden::Hidden;
pub use shape::ViewTypes;
pub use table::{LakeTable, Pushdown, ScanOptions};
