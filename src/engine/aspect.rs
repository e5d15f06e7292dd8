//! What can be told of a table instead of its rows, as Athena and Trino name it: `"orders$history"`,
//! `"orders$snapshots"`, `"orders$files"`, `"orders$partitions"`.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
    new_null_array,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::arrow::row::{OwnedRow, RowConverter, SortField};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use lakegate_base::{Error, Result, TableName, fold_column_names};
use lakegate_catalog::Table;
use lakegate_formats::{AsOf, FileChunk, FileDeletes, Revision, TableSnapshot};

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
    let batches = match aspect {
        Aspect::Files => files(&*shared.open(name, table, as_of).await?)?,
        Aspect::Partitions => vec![partitions(&*shared.open(name, table, as_of).await?)?],
        Aspect::History | Aspect::Snapshots => {
            let source = shared.source(name, table)?;
            let revisions = shared.tables.history(&source).await;
            let revisions = revisions.map_err(|e| e.context(format!("table {name}")))?;
            let of = if aspect == Aspect::History { history } else { snapshots };
            vec![of(&revisions)?]
        }
    };
    let schema = batches.first().map(RecordBatch::schema);
    let schema = schema.ok_or_else(|| Error::internal("a relation without columns"))?;
    Ok(Arc::new(MemTable::try_new(schema, vec![batches]).map_err(from_datafusion)?))
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

fn files(snapshot: &TableSnapshot) -> Result<Vec<RecordBatch>> {
    let chunks = snapshot.files.chunks().map(|(start, chunk)| (start, &**chunk));
    let chunks: Vec<(usize, &FileChunk)> = chunks.collect();
    match chunks.is_empty() {
        true => Ok(vec![files_of(snapshot, 0, &FileChunk::empty())?]),
        false => chunks.into_iter().map(|(start, of)| files_of(snapshot, start, of)).collect(),
    }
}

fn files_of(snapshot: &TableSnapshot, start: usize, chunk: &FileChunk) -> Result<RecordBatch> {
    let deleted = (start..start + chunk.len()).map(|file| {
        let rows = snapshot.deletes.get(&file).map_or(Some(0), FileDeletes::rows)?;
        i64::try_from(rows).ok()
    });
    let mut columns = vec![
        column("file_path", Hidden::Path.values(snapshot, chunk)),
        column("file_size_in_bytes", long(&chunk.sizes)?),
        column("record_count", long(&chunk.rows)?),
        column("deleted_record_count", Arc::new(deleted.collect::<Int64Array>())),
        column("modified_at", Hidden::Modified.values(snapshot, chunk)),
    ];
    columns.extend(keys(snapshot).into_iter().zip(key_values(snapshot, chunk)));
    batch(columns)
}

fn long(array: &dyn Array) -> Result<ArrayRef> {
    cast(array, &DataType::Int64).map_err(|e| Error::internal("a count is too large").source(e))
}

/// The partition columns of the file index, under the names SQL knows.
fn keys(snapshot: &TableSnapshot) -> Vec<Field> {
    let fields = snapshot.schema.fields();
    let names = fold_column_names(fields.iter().map(|field| field.name().as_str()));
    let key =
        |column: &usize| Field::new(&names[*column], fields[*column].data_type().clone(), true);
    snapshot.files.partitions.iter().map(key).collect()
}

fn key_values(snapshot: &TableSnapshot, chunk: &FileChunk) -> Vec<ArrayRef> {
    let values = |column: &usize| {
        let none = || new_null_array(snapshot.schema.field(*column).data_type(), chunk.len());
        chunk.partition(*column).cloned().unwrap_or_else(none)
    };
    snapshot.files.partitions.iter().map(values).collect()
}

/// One row per combination of partition values, in the order they are first met.
fn partitions(snapshot: &TableSnapshot) -> Result<RecordBatch> {
    let keys = keys(snapshot);
    if keys.is_empty() {
        return Err(Error::invalid(format!("table {} has no partitions", snapshot.location))
            .hint("\"table$files\" lists its files."));
    }
    let wrong = |e| Error::internal("partition values cannot be compared").source(e);
    let fields = keys.iter().map(|field| SortField::new(field.data_type().clone()));
    let converter = RowConverter::new(fields.collect()).map_err(wrong)?;
    let mut groups: HashMap<OwnedRow, usize> = HashMap::new();
    let (mut first, mut counts) = (Vec::new(), Vec::new());
    for (start, chunk) in snapshot.files.chunks() {
        let rows = converter.convert_columns(&key_values(snapshot, chunk)).map_err(wrong)?;
        for (file, row) in rows.iter().enumerate() {
            let group = *groups.entry(row.owned()).or_insert_with(|| {
                first.push(row.owned());
                counts.push(Counts::default());
                counts.len() - 1
            });
            let deleted = snapshot.deletes.get(&(start + file));
            counts[group].add(chunk, file, deleted);
        }
    }
    let values = converter.convert_rows(first.iter().map(OwnedRow::row)).map_err(wrong)?;
    let mut columns: Vec<(Field, ArrayRef)> = keys.into_iter().zip(values).collect();
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
    fn add(&mut self, chunk: &FileChunk, file: usize, deletes: Option<&FileDeletes>) {
        let deleted = deletes.map_or(Some(0), FileDeletes::rows);
        let own = chunk.rows.is_valid(file).then(|| chunk.rows.value(file));
        let alive = own.zip(deleted).map(|(rows, deleted)| rows.saturating_sub(deleted));
        self.rows = self.rows.zip(alive).map(|(sum, rows)| sum.saturating_add(rows));
        self.files += 1;
        self.bytes = self.bytes.saturating_add(chunk.sizes.value(file));
    }
}
