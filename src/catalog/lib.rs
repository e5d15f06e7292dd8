//! The catalog: databases, tables and partitions with AWS Glue's semantics, kept in SQLite, read through
//! immutable snapshots and changed by lists of changes; and the crawler that finds tables in the lake.
//! Nothing here knows SQL, DataFusion or Postgres.

mod catalog;
mod change;
mod snapshot;
mod source;

pub mod crawler;
pub mod model;
pub mod shapes;
pub mod store;
pub mod types;

pub use catalog::{Catalog, CatalogOptions};
pub use change::{Change, Expected, FolderState};
pub use model::{Column, Database, Parameters, Partition, Table, TableVersion};
pub use snapshot::Snapshot;
pub use source::{location_text, parse_location, source};
pub use types::arrow_schema;
