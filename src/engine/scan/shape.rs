//! How a snapshot's columns stand in a scan: the table's own columns, the columns looked for in files, and
//! the columns whose value is one per file.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit};
use lakegate_base::{Error, Result, Subject, fold_name};
use lakegate_formats::variant::{has_variant, is_variant};
use lakegate_formats::{Encoding, MatchBy, PHYSICAL_NAME, REQUIRED_IN_FILE, TableSnapshot};

use crate::system::types::PG_TYPE;

/// The scan's view of a snapshot. File columns come first, then the per-file ones; `positions` restores
/// the table's order.
#[derive(Debug)]
pub struct Shape {
    /// What SQL sees: folded names, no format metadata.
    pub table: SchemaRef,
    /// What is looked for in files, under names unique to the scan.
    pub file: SchemaRef,
    pub partitions: Vec<FieldRef>,
    /// By table column: its place in file columns followed by partition columns.
    pub positions: Vec<usize>,
    pub columns: Arc<FileColumns>,
}

/// By file-schema name: how to find the column in a file, and what stands in when it is missing.
#[derive(Debug)]
pub struct FileColumns {
    pub match_by: MatchBy,
    pub columns: BTreeMap<String, FileColumn>,
}

#[derive(Debug)]
pub struct FileColumn {
    /// Of the scan's type, with the format's metadata at every level.
    pub field: FieldRef,
    /// The value in files without the column (length 1); absent: NULL.
    pub default: Option<ArrayRef>,
    pub required: bool,
}

impl Shape {
    pub fn new(snapshot: &TableSnapshot, view_types: ViewTypes) -> Result<Self> {
        let match_by = match snapshot.encoding {
            Encoding::Parquet(match_by) => match_by,
            Encoding::Orc | Encoding::Avro | Encoding::Csv(_) | Encoding::Json | Encoding::Text => {
                MatchBy::Name
            }
        };
        // Only Parquet's reader makes view types by itself, and only for columns it finds by name.
        check_variants(snapshot)?;
        let views = view_types == ViewTypes::On
            && matches!(snapshot.encoding, Encoding::Parquet(m) if m != MatchBy::FieldId);
        let mut builder = Builder { match_by, views, snapshot, ..Builder::default_for(snapshot) };
        for (index, field) in snapshot.schema.fields().iter().enumerate() {
            builder.add(index, field);
        }
        builder.finish()
    }
}

/// Whether strings and binaries are read as Arrow view types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewTypes {
    On,
    Off,
}

struct Builder<'a> {
    snapshot: &'a TableSnapshot,
    match_by: MatchBy,
    views: bool,
    table: Vec<Field>,
    file: Vec<Field>,
    partitions: Vec<FieldRef>,
    /// Per table column: (is partition, index within its kind).
    places: Vec<(bool, usize)>,
    columns: BTreeMap<String, FileColumn>,
}

impl<'a> Builder<'a> {
    fn default_for(snapshot: &'a TableSnapshot) -> Self {
        Self {
            snapshot,
            match_by: MatchBy::Name,
            views: false,
            table: Vec::new(),
            file: Vec::new(),
            partitions: Vec::new(),
            places: Vec::new(),
            columns: BTreeMap::new(),
        }
    }

    fn add(&mut self, index: usize, field: &FieldRef) {
        let partition = self.snapshot.files.partitions.iter().position(|p| *p == index);
        let data_type = match (partition, self.views, field.data_type()) {
            // A coarser unit than SQL's own: a finer literal would be cut to it when compared.
            (None, _, DataType::Timestamp(TimeUnit::Second | TimeUnit::Millisecond, zone)) => {
                DataType::Timestamp(TimeUnit::Microsecond, zone.clone())
            }
            (None, true, own) => as_view(own),
            (_, _, own) => own.clone(),
        };
        // Files may hold NULLs the table's schema denies; promising "never null" would let the optimiser
        // drop checks that matter.
        let scanned = field.as_ref().clone().with_data_type(data_type.clone()).with_nullable(true);
        self.table.push(column(&fold_name(field.name()), field, &data_type));
        if partition.is_some() {
            let name = format!("__partition_{index}");
            self.places.push((true, self.partitions.len()));
            self.partitions.push(Arc::new(Field::new(name, data_type, true)));
            return;
        }
        let name = self.file_name(index, field);
        self.places.push((false, self.file.len()));
        self.file.push(column(&name, field, &data_type));
        let default = self.snapshot.defaults.get(&index).cloned();
        let required = field.metadata().get(REQUIRED_IN_FILE).is_some_and(|v| v == "true");
        let column = FileColumn { field: Arc::new(scanned), default, required };
        self.columns.insert(name, column);
    }

    /// DataFusion coerces string and binary types by name before it asks our adapter, so that after a
    /// swapped rename the same name means two things: ids get names no file can have.
    fn file_name(&self, index: usize, field: &Field) -> String {
        match self.match_by {
            MatchBy::Name => field.name().clone(),
            MatchBy::PhysicalName => {
                field.metadata().get(PHYSICAL_NAME).unwrap_or_else(|| field.name()).clone()
            }
            MatchBy::FieldId => format!("__column_{index}"),
        }
    }

    fn finish(self) -> Result<Shape> {
        let mut seen = std::collections::HashSet::new();
        if let Some(twice) = self.table.iter().find(|f| !seen.insert(f.name())) {
            return Err(Error::unsupported(format!(
                "two columns of one table that differ only by case (\"{}\")",
                twice.name()
            ))
            .about(Subject::Column));
        }
        let files = self.file.len();
        let place = |(partition, at): &(bool, usize)| if *partition { files + at } else { *at };
        Ok(Shape {
            positions: self.places.iter().map(place).collect(),
            table: Arc::new(Schema::new(self.table)),
            file: Arc::new(Schema::new(self.file)),
            partitions: self.partitions,
            columns: Arc::new(FileColumns { match_by: self.match_by, columns: self.columns }),
        })
    }
}

fn as_view(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 => DataType::Utf8View,
        DataType::Binary | DataType::LargeBinary => DataType::BinaryView,
        other => other.clone(),
    }
}

/// Only Parquet has them, and no value of a partition is one.
fn check_variants(snapshot: &TableSnapshot) -> Result<()> {
    let is_parquet = matches!(snapshot.encoding, Encoding::Parquet(_));
    let is_partition = |at| snapshot.files.partitions.iter().any(|known| *known == at);
    for (at, field) in snapshot.schema.fields().iter().enumerate().filter(|(_, f)| has_variant(f)) {
        let what = match is_parquet {
            true if !is_partition(at) => continue,
            true => format!("variants as partition values (column \"{}\")", field.name()),
            false => format!("variants in files that are no Parquet (column \"{}\")", field.name()),
        };
        return Err(Error::unsupported(what).about(Subject::Column));
    }
    Ok(())
}

/// A column of SQL for one of the format.
fn column(name: &str, wanted: &Field, data_type: &DataType) -> Field {
    typed(Field::new(name, plain(data_type), true), wanted)
}

/// Variants are JSON to SQL, at every level.
pub fn typed(column: Field, wanted: &Field) -> Field {
    match is_variant(wanted) {
        true => column.with_metadata([(PG_TYPE.to_string(), "json".to_string())].into()),
        false => column,
    }
}

/// The same type without the format's metadata on nested fields.
pub fn plain(data_type: &DataType) -> DataType {
    let field = |f: &FieldRef| Arc::new(column(f.name(), f, f.data_type()));
    match data_type {
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(field).collect()),
        DataType::List(item) => DataType::List(field(item)),
        DataType::LargeList(item) => DataType::LargeList(field(item)),
        DataType::FixedSizeList(item, n) => DataType::FixedSizeList(field(item), *n),
        DataType::Map(entries, sorted) => DataType::Map(plain_entries(entries), *sorted),
        other => other.clone(),
    }
}

/// A map's entries and keys are never null.
fn plain_entries(entries: &FieldRef) -> FieldRef {
    let DataType::Struct(fields) = entries.data_type() else {
        return Arc::clone(entries);
    };
    let children: Vec<Field> = fields
        .iter()
        .enumerate()
        .map(|(i, f)| column(f.name(), f, f.data_type()).with_nullable(i > 0))
        .collect();
    Arc::new(Field::new(entries.name(), DataType::Struct(children.into()), false))
}
