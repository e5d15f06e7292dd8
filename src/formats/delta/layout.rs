//! How the log names a table's columns: what its partition values and statistics are found by.

use arrow::datatypes::SchemaRef;
use delta_kernel::Snapshot;
use lakegate_base::{Location, Result};

use super::{error, log, schema};

/// The columns of one version. It holds until the next change of metadata.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub schema: SchemaRef,
    /// One per column of the schema.
    pub columns: Vec<LogColumn>,
}

#[derive(Clone, Debug)]
pub(super) struct LogColumn {
    /// The column's name in files, statistics and partition values.
    pub name: String,
    pub partition: bool,
}

impl Layout {
    pub(super) fn of(location: &Location, snapshot: &Snapshot) -> Result<Self> {
        let mode = log::mapping(snapshot);
        let delta_schema = snapshot.schema();
        let schema = schema::arrow_schema(&delta_schema, mode)
            .map_err(|what| error::unsupported(location, what))?;
        let partitions = log::partition_columns(snapshot);
        let mut columns = Vec::new();
        for field in delta_schema.fields() {
            let name = schema::physical_name(field, mode)
                .map_err(|what| error::corrupt(location, what))?;
            let partition = partitions.contains(field.name());
            columns.push(LogColumn { name: name.to_string(), partition });
        }
        if columns.iter().filter(|column| column.partition).count() != partitions.len() {
            return Err(error::corrupt(location, "a partition column is not in its schema"));
        }
        Ok(Self { schema, columns })
    }

    /// The partition columns, as indexes into the schema.
    pub(super) fn partitions(&self) -> Vec<usize> {
        let columns = self.columns.iter().enumerate();
        columns.filter(|(_, column)| column.partition).map(|(at, _)| at).collect()
    }
}
