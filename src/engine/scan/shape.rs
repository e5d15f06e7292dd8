//! How a snapshot's columns stand in a scan: the table's own columns, the columns looked for in files, and
//! the columns whose value is one per file.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::{
    DataType, Field, FieldRef, Fields, Schema, SchemaRef, TimeUnit,
};
use lakegate_base::{Error, Result, Subject, fold_column_names};
use lakegate_formats::variant::{has_variant, is_variant};
use lakegate_formats::{Encoding, MatchBy, PHYSICAL_NAME, REQUIRED_IN_FILE, TableSnapshot};

use super::hidden::Hidden;
use super::per_file::{PerFile, Source};
use crate::system::types::PG_TYPE;

/// The scan's view of a snapshot. File columns come first, then the per-file ones; `positions` restores
/// the table's order.
#[derive(Debug)]
pub struct Shape {
    /// What SQL sees: folded names (see `fold_column_names`), no format metadata; hidden columns last.
    pub table: SchemaRef,
    /// What is looked for in files, under names unique to the scan.
    pub file: SchemaRef,
    pub per_file: Vec<PerFile>,
    /// By table column: its place in file columns followed by per-file columns.
    pub positions: Vec<usize>,
    /// By table column: the per-file column that has its value in all files, or in some.
    carried: Vec<Option<usize>>,
    pub columns: Arc<FileColumns>,
}

/// By file-schema name: how to find the column in a file, and what stands in when it is missing.
#[derive(Debug)]
pub struct FileColumns {
    pub match_by: MatchBy,
    pub columns: BTreeMap<String, FileColumn>,
    /// All of them.
    pub fields: Fields,
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
    /// `hidden`: those to show, under these names.
    pub fn new(
        snapshot: &TableSnapshot,
        view_types: ViewTypes,
        hidden: &[(Hidden, String)],
    ) -> Result<Self> {
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
        let mut builder = Builder { match_by, views, ..Builder::default_for(snapshot) };
        let fields = snapshot.schema.fields();
        let names = fold_column_names(fields.iter().map(|field| field.name().as_str()));
        for (index, (field, name)) in fields.iter().zip(names).enumerate() {
            builder.add(index, field, name);
        }
        for (hidden, name) in hidden {
            builder.add_hidden(*hidden, name);
        }
        builder.finish()
    }

    pub fn per_file_fields(&self) -> Vec<FieldRef> {
        self.per_file.iter().map(|column| Arc::clone(&column.field)).collect()
    }

    /// The per-file column that has a table column's value in all files.
    pub fn always(&self, column: usize) -> Option<&PerFile> {
        let at = (*self.carried.get(column)?)?;
        self.per_file.get(at).filter(|column| !column.is_partial())
    }

    /// Where the scan has the values that only some files carry; NULL leaves the word to the file.
    pub fn sometimes(&self, column: usize) -> Option<usize> {
        let at = (*self.carried.get(column)?)?;
        let is_partial = self.per_file.get(at)?.is_partial();
        is_partial.then_some(self.file.fields().len() + at)
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
    per_file: Vec<PerFile>,
    /// By table column: its place in the file columns.
    own: Vec<Option<usize>>,
    carried: Vec<Option<usize>>,
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
            per_file: Vec::new(),
            own: Vec::new(),
            carried: Vec::new(),
            columns: BTreeMap::new(),
        }
    }

    fn add(&mut self, index: usize, field: &FieldRef, name: String) {
        let files = &self.snapshot.files;
        let is_partition = files.partitions.contains(&index);
        let is_constant = files.constants.contains(&index);
        let data_type = match (is_partition, self.views, field.data_type()) {
            // A coarser unit than SQL's own: a finer literal would be cut to it when compared.
            (false, _, DataType::Timestamp(TimeUnit::Second | TimeUnit::Millisecond, zone)) => {
                DataType::Timestamp(TimeUnit::Microsecond, zone.clone())
            }
            (false, true, own) => as_view(own),
            (_, _, own) => own.clone(),
        };
        self.table.push(column(&name, field, &data_type));
        let per_file = match (is_partition, is_constant) {
            (true, _) => Some(Source::Partition(index)),
            (false, true) => Some(Source::Constant(index)),
            (false, false) => None,
        };
        if let Some(source) = per_file {
            self.add_per_file(&format!("__partition_{index}"), data_type.clone(), source);
        } else {
            self.carried.push(None);
        }
        if is_partition {
            self.own.push(None);
        } else {
            self.add_to_file(index, field, data_type, is_constant);
        }
    }

    fn add_per_file(&mut self, name: &str, data_type: DataType, source: Source) {
        self.carried.push(Some(self.per_file.len()));
        self.per_file.push(PerFile { field: Arc::new(Field::new(name, data_type, true)), source });
    }

    fn add_to_file(
        &mut self,
        index: usize,
        field: &FieldRef,
        data_type: DataType,
        is_constant: bool,
    ) {
        let name = self.file_name(index, field);
        self.own.push(Some(self.file.len()));
        self.file.push(column(&name, field, &data_type));
        let default = self.snapshot.defaults.get(&index).cloned();
        // A file without a constant of its own lacks the column because its partition is that of NULL, or
        // because it is older than the column. Both are NULL, unless the column has a default.
        let required = field.metadata().get(REQUIRED_IN_FILE).is_some_and(|v| v == "true")
            && !(is_constant && default.is_none());
        // Files may hold NULLs the table's schema denies; promising "never null" would let the optimiser
        // drop checks that matter.
        let field = field.as_ref().clone().with_data_type(data_type).with_nullable(true);
        self.columns.insert(name, FileColumn { field: Arc::new(field), default, required });
    }

    fn add_hidden(&mut self, hidden: Hidden, name: &str) {
        self.table.push(Field::new(name, hidden.data_type(), true));
        self.own.push(None);
        let own_name = format!("__partition_{}", hidden.name());
        self.add_per_file(&own_name, hidden.data_type(), Source::Hidden(hidden));
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
        let mut seen = HashSet::new();
        if let Some(twice) = self.table.iter().find(|f| !seen.insert(f.name())) {
            return Err(Error::unsupported(format!(
                "two columns of one table with the same name (\"{}\")",
                twice.name()
            ))
            .about(Subject::Column));
        }
        let files = self.file.len();
        let places = self.own.iter().zip(&self.carried).map(|place| match place {
            (None, Some(at)) => files + at,
            (own, _) => own.unwrap_or_default(),
        });
        let fields = self.columns.values().map(|column| Arc::clone(&column.field)).collect();
        Ok(Shape {
            positions: places.collect(),
            table: Arc::new(Schema::new(self.table)),
            file: Arc::new(Schema::new(self.file)),
            per_file: self.per_file,
            carried: self.carried,
            columns: Arc::new(FileColumns {
                match_by: self.match_by,
                columns: self.columns,
                fields,
            }),
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
    let is_partition = |at| snapshot.files.partitions.contains(&at);
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
