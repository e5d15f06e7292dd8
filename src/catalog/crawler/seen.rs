//! What a crawl sees: tables and broken folders, before the catalog is asked.

use std::fmt;

use arrow::datatypes::{DataType, Field, FieldRef, SchemaRef};
use lakegate_base::{Error, Location, Result, TableName};
use lakegate_formats::{TableFormat, TableSource};

use crate::model::{Parameters, Partition, StorageDescriptor, Table};
use crate::shapes;
use crate::source::location_text;

pub(crate) const OWNER: &str = "UPDATED_BY_CRAWLER";
pub(crate) const DEPRECATED: &str = "DEPRECATED_BY_CRAWLER";

/// A place that could not be read or understood.
#[derive(Debug)]
pub struct Broken {
    pub location: Location,
    pub error: Error,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.location, self.error)
    }
}

#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) tables: Vec<SeenTable>,
    pub(crate) broken: Vec<Broken>,
}

#[derive(Clone, Debug)]
pub(crate) struct SeenTable {
    pub(crate) location: Location,
    pub(crate) format: TableFormat,
    /// Without partition keys.
    pub(crate) schema: SchemaRef,
    /// Names of the partition keys, outermost first.
    pub(crate) keys: Vec<String>,
    pub(crate) partitions: Vec<SeenPartition>,
    pub(crate) metadata_location: Option<Location>,
    /// Counts and sizes, as Glue names them.
    pub(crate) statistics: Parameters,
    /// Some of its folders could not be read: good enough to add the table, not to change it.
    pub(crate) partial: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SeenPartition {
    pub(crate) values: Vec<String>,
    pub(crate) location: Location,
}

impl SeenTable {
    /// The table as the crawler named `crawler` registers it.
    pub(crate) fn table(&self, name: &TableName, crawler: &str) -> Result<Table> {
        let key = |name: &String| -> FieldRef { Field::new(name, DataType::Utf8, true).into() };
        let source = TableSource {
            location: self.location.clone(),
            format: self.format.clone(),
            schema: None,
            partition_keys: self.keys.iter().map(key).collect(),
            metadata_location: self.metadata_location.clone(),
        };
        let mut table = shapes::table(name, &source, &self.schema)?;
        let written = [
            (OWNER, crawler),
            ("CrawlerSchemaSerializerVersion", "1.0"),
            ("CrawlerSchemaDeserializerVersion", "1.0"),
        ];
        let written =
            written.into_iter().map(|(name, value)| (name.to_string(), value.to_string()));
        table.parameters.extend(written.chain(self.statistics.clone()));
        if !table.storage_descriptor.parameters.is_empty() {
            table.storage_descriptor.parameters = table.parameters.clone();
        }
        Ok(table)
    }
}

impl SeenPartition {
    /// Columns and classes are the table's.
    pub(crate) fn partition(&self) -> Partition {
        let location = Some(location_text(&self.location));
        let storage_descriptor = StorageDescriptor { location, ..StorageDescriptor::default() };
        Partition { values: self.values.clone(), storage_descriptor, ..Partition::default() }
    }
}
