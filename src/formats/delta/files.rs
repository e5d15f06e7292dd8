//! The file index of one version, built file by file.

use std::collections::BTreeSet;

use arrow::array::{StringBuilder, TimestampMicrosecondArray, UInt64Array};
use arrow::datatypes::SchemaRef;
use delta_kernel::schema::StructType;
use delta_kernel::table_features::ColumnMappingMode;
use lakegate_base::{Location, Result};
use percent_encoding::percent_decode_str;

use super::log::LogFile;
use super::partition::RawValues;
use super::stats::{FileStats, Gatherer};
use super::{error, schema};
use crate::{FileIndex, PartitionColumn};

pub(super) struct IndexBuilder<'a> {
    location: &'a Location,
    schema: SchemaRef,
    paths: StringBuilder,
    sizes: Vec<u64>,
    rows: Vec<Option<u64>>,
    modified: Vec<Option<i64>>,
    partitions: Vec<Partition>,
    bounds: Vec<Gatherer>,
    /// Folders outside the table that its log points to.
    outside: BTreeSet<Location>,
}

struct Partition {
    column: usize,
    /// The column's name in the log.
    name: String,
    values: RawValues,
}

impl<'a> IndexBuilder<'a> {
    pub(super) fn new(
        location: &'a Location,
        delta_schema: &StructType,
        schema: &SchemaRef,
        partition_columns: &[String],
        mode: ColumnMappingMode,
    ) -> Result<Self> {
        let mut partitions = Vec::new();
        let mut bounds = Vec::new();
        for (column, field) in delta_schema.fields().enumerate() {
            let name = schema::physical_name(field, mode)
                .map_err(|what| error::corrupt(location, what))?;
            if partition_columns.contains(field.name()) {
                partitions.push(Partition {
                    column,
                    name: name.to_string(),
                    values: RawValues::default(),
                });
            } else {
                bounds.extend(Gatherer::new(column, name, schema.field(column).data_type()));
            }
        }
        if partitions.len() != partition_columns.len() {
            return Err(error::corrupt(location, "a partition column is not in its schema"));
        }
        Ok(Self {
            location,
            schema: schema.clone(),
            paths: StringBuilder::new(),
            sizes: Vec::new(),
            rows: Vec::new(),
            modified: Vec::new(),
            partitions,
            bounds,
            outside: BTreeSet::new(),
        })
    }

    pub(super) fn push(&mut self, file: &LogFile<'_>) -> Result<()> {
        if file.deletes {
            let what = format!("deletion vectors: file {}", file.path);
            return Err(error::unsupported(self.location, what)
                .hint("REORG TABLE … APPLY (PURGE) rewrites such files."));
        }
        let place = self.place(file.path)?;
        let size = file.size.and_then(|size| u64::try_from(size).ok());
        let size = size.ok_or_else(|| self.damaged(file, "has no valid size"))?;
        for index in 0..self.partitions.len() {
            let value = file.partitions.get(&self.partitions[index].name).ok_or_else(|| {
                let column = &self.partitions[index].name;
                self.damaged(file, &format!("has no value of partition column \"{column}\""))
            })?;
            self.partitions[index].values.push(value);
        }
        let stats = FileStats::parse(file.stats);
        self.bounds.iter_mut().for_each(|column| column.push(&stats));
        self.paths.append_value(place.path());
        self.sizes.push(size);
        self.rows.push(stats.rows());
        self.modified.push(file.modified_ms.and_then(|ms| ms.checked_mul(1000)));
        Ok(())
    }

    /// Where a file is: the log has URLs, relative to the table or absolute.
    fn place(&mut self, path: &str) -> Result<Location> {
        let refused = |what: &str| error::unsupported(self.location, format!("file {path} {what}"));
        let decoded = percent_decode_str(path).decode_utf8();
        let decoded =
            decoded.map_err(|e| error::corrupt(self.location, format!("file {path}")).source(e))?;
        let absolute = decoded.starts_with('/') || has_scheme(&decoded);
        if !absolute {
            return self
                .location
                .join(&decoded)
                .map_err(|e| refused("outside the table").source(e));
        }
        let place = match decoded.strip_prefix("file:") {
            Some(rest) => {
                let rest = rest.strip_prefix("//").unwrap_or(rest);
                Location::parse("file:///").and_then(|root| root.join(rest))
            }
            None if decoded.starts_with('/') => self.location.with_path(&decoded),
            None => Location::parse(&decoded),
        };
        let place = place.map_err(|e| refused("at a place Lakegate cannot read").source(e))?;
        if place.store_url() != self.location.store_url() {
            return Err(refused("in another bucket than its table"));
        }
        if !place.is_within(self.location) {
            self.outside.extend(place.parent());
        }
        Ok(place)
    }

    fn damaged(&self, file: &LogFile<'_>, what: &str) -> lakegate_base::Error {
        error::corrupt(self.location, format!("file {} {what}", file.path))
    }

    pub(super) fn finish(mut self) -> Result<(FileIndex, Vec<Location>)> {
        let mut partitions = Vec::new();
        for Partition { column, values, .. } in self.partitions {
            let field = self.schema.field(column);
            let values = values.finish(field.data_type()).map_err(|what| {
                error::corrupt(self.location, format!("{what}, in column \"{}\"", field.name()))
            })?;
            partitions.push(PartitionColumn { column, values });
        }
        let index = FileIndex {
            paths: self.paths.finish(),
            sizes: UInt64Array::from(self.sizes),
            rows: UInt64Array::from(self.rows),
            modified: TimestampMicrosecondArray::from(self.modified),
            partitions,
            constants: Vec::new(),
            bounds: self.bounds.into_iter().filter_map(Gatherer::finish).collect(),
        };
        Ok((index, self.outside.into_iter().collect()))
    }
}

/// `s3://…`, `file:/…`: a URL scheme before any slash. A colon alone may be part of a name.
fn has_scheme(path: &str) -> bool {
    path.split_once(":/").is_some_and(|(scheme, _)| {
        scheme.len() > 1 && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    })
}
