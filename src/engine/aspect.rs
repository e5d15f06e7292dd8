//! What can be told of a table instead of its rows, as Athena and Trino name it: `"orders$history"`,
//! `"orders$snapshots"`, `"orders$files"`, `"orders$partitions"`.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
    UInt32Array,
};
use datafusion::arrow::compute::{cast, take};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema};
use datafusion::arrow::row::{OwnedRow, RowConverter, SortField};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use lakegate_base::{Error, Result, TableName, fold_column_names};
use lakegate_catalog::Table;
use lakegate_formats::{AsOf, FileDeletes, Revision, TableSnapshot};

use crate::engine::Shared;
use crate::error::from_datafusion;
use crate::scan::Hidden;
use crate::system::types::PG_TYPE;
use crate::travel::Aspect;

/// The relation, filled.
pub async fn table(
    shared: &Arc<Shared>,
    name: &TableName,
    table: &Table,
    as_of: &AsOf,
    aspect: Aspect,
) -> Result<Arc<dyn TableProvider>> {
    let batch = match aspect {
        Aspect::Files => files(&*shared.open(name, table, as_of).await?),
        Aspect::Partitions => partitions(&*shared.open(name, table, as_of).await?),
        Aspect::History | Aspect::Snapshots => {
            let source = shared.source(name, table)?;
            let revisions = shared.tables.history(&source).await;
            let revisions = revisions.map_err(|e| e.context(format!("table {name}")))?;
            if aspect == Aspect::History { history(&revisions) } else { snapshots(&revisions) }
        }
    }?;
    let table = MemTable::try_new(batch.schema(), vec![vec![batch]]).map_err(from_datafusion)?;
    Ok(Arc::new(table))
}

fn batch(columns: Vec<(Field, ArrayRef)>) -> Result<RecordBatch> {
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = columns.into_iter().unzip();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
        .map_err(|e| Error::internal("the relation's columns do not fit").source(e))
}

fn column(name: &str, array: ArrayRef) -> (Field, ArrayRef) {
    (Field::new(name, array.data_type().clone(), true), array)
}

fn moments(revisions: &[Revision]) -> ArrayRef {
    let moments = revisions.iter().map(|revision| revision.committed);
    Arc::new(moments.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
}

fn longs(revisions: &[Revision], pick: fn(&Revision) -> Option<i64>) -> ArrayRef {
    Arc::new(revisions.iter().map(pick).collect::<Int64Array>())
}

fn history(revisions: &[Revision]) -> Result<RecordBatch> {
    let ancestors = revisions.iter().map(|r| Some(r.is_current_ancestor));
    batch(vec![
        column("made_current_at", moments(revisions)),
        column("snapshot_id", longs(revisions, |r| Some(r.version))),
        column("parent_id", longs(revisions, |r| r.parent)),
        column("is_current_ancestor", Arc::new(ancestors.collect::<BooleanArray>())),
        column("operation", texts(revisions.iter().map(|r| r.operation.clone()))),
    ])
}

fn snapshots(revisions: &[Revision]) -> Result<RecordBatch> {
    let summary = revisions.iter().map(|r| serde_json::to_string(&r.summary).ok());
    let (field, summary) = column("summary", texts(summary));
    let json = HashMap::from([(PG_TYPE.to_string(), "json".to_string())]);
    batch(vec![
        column("committed_at", moments(revisions)),
        column("snapshot_id", longs(revisions, |r| Some(r.version))),
        column("parent_id", longs(revisions, |r| r.parent)),
        column("operation", texts(revisions.iter().map(|r| r.operation.clone()))),
        column("manifest_list", texts(revisions.iter().map(|r| r.manifest_list.clone()))),
        (field.with_metadata(json), summary),
    ])
}

fn texts(values: impl Iterator<Item = Option<String>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

fn files(snapshot: &TableSnapshot) -> Result<RecordBatch> {
    let index = &snapshot.files;
    let deleted = (0..index.len()).map(|file| {
        let rows = snapshot.deletes.get(&file).map_or(Some(0), FileDeletes::rows)?;
        i64::try_from(rows).ok()
    });
    let mut columns = vec![
        column("file_path", Hidden::Path.values(snapshot)),
        column("file_size_in_bytes", long(&index.sizes)?),
        column("record_count", long(&index.rows)?),
        column("deleted_record_count", Arc::new(deleted.collect::<Int64Array>())),
        column("modified_at", Hidden::Modified.values(snapshot)),
    ];
    let keys = keys(snapshot);
    columns.extend(keys.into_iter().map(|(field, values)| (field.as_ref().clone(), values)));
    batch(columns)
}

fn long(array: &dyn Array) -> Result<ArrayRef> {
    cast(array, &DataType::Int64).map_err(|e| Error::internal("a count is too large").source(e))
}

/// The partition columns of the file index, under the names SQL knows.
fn keys(snapshot: &TableSnapshot) -> Vec<(FieldRef, ArrayRef)> {
    let fields = snapshot.schema.fields();
    let names = fold_column_names(fields.iter().map(|field| field.name().as_str()));
    let key = |partition: &lakegate_formats::PartitionColumn| {
        let name = &names[partition.column];
        let values = Arc::clone(&partition.values);
        (Arc::new(Field::new(name, values.data_type().clone(), true)), values)
    };
    snapshot.files.partitions.iter().map(key).collect()
}

/// One row per combination of partition values, in the order they are first met.
fn partitions(snapshot: &TableSnapshot) -> Result<RecordBatch> {
    let keys = keys(snapshot);
    if keys.is_empty() {
        return Err(Error::invalid(format!("table {} has no partitions", snapshot.location))
            .hint("\"table$files\" lists its files."));
    }
    let wrong = |e| Error::internal("partition values cannot be compared").source(e);
    let fields = keys.iter().map(|(field, _)| SortField::new(field.data_type().clone()));
    let converter = RowConverter::new(fields.collect()).map_err(wrong)?;
    let values: Vec<ArrayRef> = keys.iter().map(|(_, values)| Arc::clone(values)).collect();
    let rows = converter.convert_columns(&values).map_err(wrong)?;
    let mut groups: HashMap<OwnedRow, usize> = HashMap::new();
    let (mut first, mut counts) = (Vec::new(), Vec::new());
    for (file, row) in rows.iter().enumerate() {
        let group = *groups.entry(row.owned()).or_insert_with(|| {
            first.push(u32::try_from(file).unwrap_or(u32::MAX));
            counts.push(Counts::default());
            counts.len() - 1
        });
        counts[group].add(snapshot, file);
    }
    let first = UInt32Array::from(first);
    let mut columns = Vec::new();
    for (field, values) in &keys {
        columns.push((field.as_ref().clone(), take(values, &first, None).map_err(wrong)?));
    }
    let number = |pick: fn(&Counts) -> Option<u64>| -> ArrayRef {
        let value = |counts: &Counts| pick(counts).and_then(|count| i64::try_from(count).ok());
        Arc::new(counts.iter().map(value).collect::<Int64Array>())
    };
    columns.push(column("record_count", number(|c| c.rows)));
    columns.push(column("file_count", number(|c| Some(c.files))));
    columns.push(column("total_size", number(|c| Some(c.bytes))));
    batch(columns)
}

struct Counts {
    /// None when a file does not say.
    rows: Option<u64>,
    files: u64,
    bytes: u64,
}

impl Default for Counts {
    fn default() -> Self {
        Self { rows: Some(0), files: 0, bytes: 0 }
    }
}

impl Counts {
    fn add(&mut self, snapshot: &TableSnapshot, file: usize) {
        let index = &snapshot.files;
        let deleted = snapshot.deletes.get(&file).map_or(Some(0), FileDeletes::rows);
        let own = index.rows.is_valid(file).then(|| index.rows.value(file));
        let alive = own.zip(deleted).map(|(rows, deleted)| rows.saturating_sub(deleted));
        self.rows = self.rows.zip(alive).map(|(sum, rows)| sum.saturating_add(rows));
        self.files += 1;
        self.bytes = self.bytes.saturating_add(index.sizes.value(file));
    }
}
