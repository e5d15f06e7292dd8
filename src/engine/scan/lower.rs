//! A pinned table and a request → DataFusion's physical scan.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef};
use datafusion::arrow::datatypes::{Field, Schema};
use datafusion::catalog::Session;
use datafusion::common::stats::Precision;
use datafusion::common::{Result as DataFusionResult, ScalarValue, Statistics};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{
    FileGroup, FileScanConfigBuilder, FileSource, ParquetSource,
};
use datafusion::datasource::source::DataSourceExec;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::Expr;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::union::UnionExec;
use datafusion_datasource::TableSchema;
use lakegate_base::Error;
use lakegate_formats::variant::has_variant;
use lakegate_formats::{Encoding, FileChunk};
use object_store::ObjectMeta;

use super::adapter::LakeAdapters;
use super::ahead::Tails;
use super::constant::ConstantOr;
use super::deletes::{Deleted, DeletingSource};
use super::estimate::estimate;
use super::readers::{Ahead, LakeReaders, TAIL_BYTES};
use super::rows::RowSource;
use super::statistics::statistics;
use super::survivors::{DeletedKeys, Survives};
use super::table::{LakeTable, Pushdown};
use crate::error::into_datafusion;
use crate::system::types::PG_TYPE;

/// A late filter pays when it saves decoding this many other columns; fewer, and the bookkeeping costs
/// more than it saves (measured on TPC-H and ClickBench by DataFusion's PR 23420).
const PUSHDOWN_COLUMNS_MIN: usize = 3;

/// What one scan is asked for.
pub struct Request<'a> {
    pub session: &'a dyn Session,
    pub projection: Vec<usize>,
    pub filters: &'a [Expr],
    pub limit: Option<usize>,
}

/// Files that lose rows by the same equality deletes; most tables are one group that loses none.
pub struct Group {
    /// Files of the snapshot, by number, in ascending order.
    pub files: Vec<usize>,
    pub deleted: Vec<Arc<DeletedKeys>>,
}

pub async fn lower(
    table: &LakeTable,
    request: &Request<'_>,
    groups: &[Group],
) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
    let mut scans = Vec::new();
    for group in groups {
        let files = files(table, request, &group.files)?;
        if !files.is_empty() {
            let statistics = statistics_of(table, request, group, &files).await?;
            scans.push(survivors(table, request, group, Read { files, statistics })?);
        }
    }
    match scans.len() {
        0 => {
            let schema = table.shape.table.project(&request.projection)?;
            Ok(Arc::new(EmptyExec::new(Arc::new(schema))))
        }
        1 => Ok(scans.remove(0)),
        _ => UnionExec::try_new(scans),
    }
}

/// The files of one scan, and what is known of them.
struct Read {
    files: Vec<PartitionedFile>,
    statistics: Statistics,
}

/// What the table's metadata says, else what the footers do.
async fn statistics_of(
    table: &LakeTable,
    request: &Request<'_>,
    group: &Group,
    files: &[PartitionedFile],
) -> DataFusionResult<Statistics> {
    let shape = &table.shape;
    let mut known = statistics(shape, &table.snapshot, &group.files);
    let is_parquet = matches!(table.snapshot.encoding, Encoding::Parquet(_));
    if is_parquet && known.num_rows == Precision::Absent && table.snapshot.deletes.is_empty() {
        let filtered = request.filters.iter().flat_map(Expr::column_refs);
        let filtered = filtered.filter_map(|column| shape.table.index_of(column.name()).ok());
        let asked = request.projection.iter().copied().chain(filtered);
        let in_files = asked.map(|column| shape.positions[column]);
        let in_files = in_files.filter(|place| *place < shape.file.fields().len());
        let scanned = shape.file.fields().iter().cloned().chain(shape.per_file_fields());
        let scanned = Schema::new(scanned.collect::<Vec<_>>());
        let readers = readers(table, request)?;
        known = estimate(&readers, files, &scanned, &in_files.collect()).await;
    }
    // Of the rows up to a limit nothing is known but how many there are at most.
    if request.limit.is_some() {
        known = known.to_inexact();
    }
    Ok(known)
}

/// The rows of a group's files that no equality delete names. Key columns are read for that even when the
/// query does not ask for them.
fn survivors(
    table: &LakeTable,
    request: &Request<'_>,
    group: &Group,
    read: Read,
) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
    if group.deleted.is_empty() {
        return scan(table, request, read);
    }
    let mut projection = request.projection.clone();
    for column in group.deleted.iter().flat_map(|deleted| &deleted.columns) {
        if !projection.contains(column) {
            projection.push(*column);
        }
    }
    let place = |column: &usize| projection.iter().position(|c| c == column).unwrap_or_default();
    let column = |column: &usize| -> Arc<dyn PhysicalExpr> {
        Arc::new(Column::new(table.shape.table.field(*column).name(), place(column)))
    };
    let conditions = group.deleted.iter().map(|deleted| -> Arc<dyn PhysicalExpr> {
        let columns = deleted.columns.iter().map(column).collect();
        Arc::new(Survives::new(columns, Arc::clone(deleted)))
    });
    let condition = datafusion::physical_expr::conjunction(conditions);
    // Rows may go after the scan: only the query knows how many must be read for its limit.
    let wide = Request { projection: projection.clone(), limit: None, ..*request };
    let alive = FilterExec::try_new(condition, scan(table, &wide, read)?)?;
    let named = |index: &usize| (column(index), table.shape.table.field(*index).name().clone());
    let asked: Vec<_> = request.projection.iter().map(named).collect();
    Ok(Arc::new(ProjectionExec::try_new(asked, Arc::new(alive))?))
}

fn scan(
    table: &LakeTable,
    request: &Request<'_>,
    Read { files, statistics }: Read,
) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
    let store_url = table.snapshot.location.store_url();
    let is_parquet = matches!(table.snapshot.encoding, Encoding::Parquet(_));
    let mut source = source(table, request, &files)?;
    let has_deletes = files.iter().any(|file| file.extensions.get::<Deleted>().is_some());
    let has_variants = table.snapshot.schema.fields().iter().any(|field| has_variant(field));
    if is_parquet && (has_deletes || has_variants) {
        source = Arc::new(DeletingSource(source));
    }
    let mut builder = FileScanConfigBuilder::new(ObjectStoreUrl::parse(&store_url)?, source)
        .with_file_group(FileGroup::new(files))
        .with_limit(request.limit);
    if is_parquet {
        let adapters = Arc::new(LakeAdapters(Arc::clone(&table.shape.columns)));
        builder = builder.with_statistics(statistics).with_expr_adapter(Some(adapters));
    }
    project(table, request, DataSourceExec::from_data_source(builder.build()))
}

/// The table's names and order over the scan's. DataFusion folds this into the source.
fn project(
    table: &LakeTable,
    request: &Request<'_>,
    scan: Arc<dyn ExecutionPlan>,
) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
    let (schema, shape) = (scan.schema(), &table.shape);
    let column =
        |at: usize| -> Arc<dyn PhysicalExpr> { Arc::new(Column::new(schema.field(at).name(), at)) };
    let columns = request.projection.iter().map(|index| {
        let own = column(shape.positions[*index]);
        let value = match shape.sometimes(*index) {
            Some(constant) => Arc::new(ConstantOr::new(column(constant), own)),
            None => own,
        };
        (value, shape.table.field(*index).name().clone())
    });
    Ok(Arc::new(ProjectionExec::try_new(columns.collect::<Vec<_>>(), scan)?))
}

fn source(
    table: &LakeTable,
    request: &Request<'_>,
    files: &[PartitionedFile],
) -> DataFusionResult<Arc<dyn FileSource>> {
    let schema = TableSchema::builder(Arc::clone(&table.shape.file))
        .with_table_partition_cols(table.shape.per_file_fields())
        .build();
    Ok(match &table.snapshot.encoding {
        Encoding::Parquet(_) => Arc::new(parquet(table, request, files, schema)?),
        other => Arc::new(RowSource::new(other, &table.snapshot.location, schema)?),
    })
}

fn parquet(
    table: &LakeTable,
    request: &Request<'_>,
    files: &[PartitionedFile],
    schema: TableSchema,
) -> DataFusionResult<ParquetSource> {
    let mut options = request.session.config_options().execution.parquet.clone();
    // INT96 is an instant in microseconds for every writer that still uses it.
    options.coerce_int96 = Some("us".to_string());
    options.metadata_size_hint = Some(TAIL_BYTES);
    let parquet = datafusion::config::TableParquetOptions { global: options, ..Default::default() };
    let mut readers = readers(table, request)?;
    // On local disk the kernel reads ahead. With a limit, what is read next may not be needed.
    if !table.snapshot.location.is_local() && request.limit.is_none() {
        let metas = files.iter().map(|file| file.object_meta.clone()).collect();
        let (store, budget) = (Arc::clone(&readers.store), table.footers.budget.clone());
        let tails = Tails::new(store, metas, Some(TAIL_BYTES), budget.clone());
        readers.ahead = Some(Ahead { tails: Arc::new(tails), budget });
    }
    Ok(ParquetSource::new(schema)
        .with_table_parquet_options(parquet)
        .with_parquet_file_reader_factory(Arc::new(readers))
        .with_pushdown_filters(pushes_down(table, request)))
}

fn readers(table: &LakeTable, request: &Request<'_>) -> DataFusionResult<LakeReaders> {
    let store_url = table.snapshot.location.store_url();
    let url = ObjectStoreUrl::parse(&store_url)?;
    let store = request.session.runtime_env().object_store(&url)?;
    let footers = table.footers.of(&store_url)?;
    let version = format!("{table:?}").into();
    Ok(LakeReaders { store, footers, version, ahead: None })
}

fn pushes_down(table: &LakeTable, request: &Request<'_>) -> bool {
    let mut filtered = HashSet::new();
    for filter in request.filters {
        filtered.extend(filter.column_refs().into_iter().map(|c| c.name().to_string()));
    }
    let schema = &table.shape.table;
    // A filter on a nested column or a variant may be rebuilt by our adapter, which the reader cannot run
    // early and has by then promised to: https://github.com/apache/datafusion/issues/24109.
    let is_rebuilt =
        |field: &Field| field.data_type().is_nested() || field.metadata().contains_key(PG_TYPE);
    if filtered.iter().any(|name| schema.field_with_name(name).is_ok_and(is_rebuilt)) {
        return false;
    }
    let saved = |index: &&usize| !filtered.contains(schema.field(**index).name());
    match table.options.pushdown {
        Pushdown::On => true,
        Pushdown::Off => false,
        Pushdown::Auto => {
            !filtered.is_empty()
                && request.projection.iter().filter(saved).count() >= PUSHDOWN_COLUMNS_MIN
        }
    }
}

/// These files, with what is deleted from them.
fn files(
    table: &LakeTable,
    request: &Request<'_>,
    files: &[usize],
) -> DataFusionResult<Vec<PartitionedFile>> {
    let readers = match table.snapshot.deletes.is_empty() {
        true => None,
        false => Some(Arc::new(readers(table, request)?)),
    };
    let with_deletes = |at: usize, file: PartitionedFile| {
        let deletes = table.snapshot.deletes.get(&at).filter(|d| !d.positions.is_empty());
        match (deletes, &readers) {
            (Some(deletes), Some(readers)) => file.with_extension(Deleted {
                tables: Arc::clone(&table.tables),
                deletes: Arc::new(deletes.clone()),
                readers: Arc::clone(readers),
            }),
            _ => file,
        }
    };
    let mut all = Vec::with_capacity(files.len());
    for (start, chunk, own) in table.snapshot.files.by_chunk(files) {
        let per_file = &table.shape.per_file;
        let values = per_file.iter().map(|column| column.values(&table.snapshot, chunk));
        let values = values.collect::<DataFusionResult<Vec<_>>>()?;
        for at in own {
            all.push(with_deletes(*at, file(chunk, &values, at - start)?));
        }
    }
    Ok(all)
}

/// `values`: of the per-file columns.
fn file(chunk: &FileChunk, values: &[ArrayRef], at: usize) -> DataFusionResult<PartitionedFile> {
    let text = chunk.paths.value(at);
    let location = object_store::path::Path::parse(text).map_err(|e| {
        into_datafusion(Error::corrupt(format!("\"{text}\" is not a usable file name")).source(e))
    })?;
    let known = chunk.modified.is_valid(at);
    let modified = if known { chunk.modified.value(at) } else { 0 };
    let meta = ObjectMeta {
        location,
        last_modified: chrono::DateTime::from_timestamp_micros(modified).unwrap_or_default(),
        size: chunk.sizes.value(at),
        e_tag: None,
        version: None,
    };
    let mut file = PartitionedFile::new_from_meta(meta);
    for values in values {
        file.partition_values.push(ScalarValue::try_from_array(values, at)?);
    }
    Ok(file)
}
