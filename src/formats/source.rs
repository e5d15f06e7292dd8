//! Where a table is and what is known of it before it is opened.

use arrow::datatypes::{FieldRef, SchemaRef};
use lakegate_base::{Location, Result};
use lakegate_store::Stores;

use crate::iceberg::ManifestCache;
use crate::snapshot::{CsvOptions, TableSnapshot};

/// A table to open: from the catalog, or recognised at a location.
#[derive(Clone, Debug)]
pub struct TableSource {
    pub location: Location,
    pub format: TableFormat,
    /// File tables: their columns without the partition keys. Inferred when absent. Delta and Iceberg
    /// keep their own schema and ignore it.
    pub schema: Option<SchemaRef>,
    /// File tables: partition keys in directory order, typed. Directories are `key=value`, or plain
    /// values by position.
    pub partition_keys: Vec<FieldRef>,
    /// Iceberg: the current metadata file, when a catalog knows it; else found by the version hint.
    pub metadata_location: Option<Location>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableFormat {
    Delta,
    Iceberg,
    Parquet,
    Orc,
    Avro,
    Csv(CsvOptions),
    Json,
    Text,
    /// The table's own files are lists of data files in this format: Hive's symlink manifests.
    Linked(Box<TableFormat>),
}

impl TableFormat {
    /// The name users see: Glue's `classification`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Delta => "delta",
            Self::Iceberg => "iceberg",
            Self::Parquet => "parquet",
            Self::Orc => "orc",
            Self::Avro => "avro",
            Self::Csv(_) => "csv",
            Self::Json => "json",
            Self::Text => "text",
            Self::Linked(files) => files.name(),
        }
    }

    /// The format of the data files themselves.
    pub fn of_files(&self) -> &Self {
        match self {
            Self::Linked(files) => files.of_files(),
            other => other,
        }
    }
}

/// Opens a table at its current version. Reads metadata (and, without a known schema, the head of a file),
/// never all data.
pub async fn open(stores: &Stores, source: &TableSource) -> Result<TableSnapshot> {
    match source.format {
        TableFormat::Delta => crate::delta::open(stores, source).await,
        TableFormat::Iceberg => crate::iceberg::open(stores, &ManifestCache::new(0), source).await,
        _ => crate::files::open(stores, source).await,
    }
}
