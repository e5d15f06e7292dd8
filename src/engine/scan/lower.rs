//! A pinned table and a request → DataFusion's physical scan.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::array::Array;
use datafusion::catalog::Session;
use datafusion::common::{Result as DataFusionResult, ScalarValue};
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
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
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::union::UnionExec;
use datafusion_datasource::TableSchema;
use lakegate_base::Error;
use lakegate_formats::{Encoding, FileIndex};
use object_store::ObjectMeta;

use super::adapter::LakeAdapters;
use super::readers::LakeReaders;
use super::rows::RowSource;
use super::statistics::statistics;
use super::table::{LakeTable, Pushdown};
use crate::error::into_datafusion;

/// A late filter pays when it saves decoding this many other columns; fewer, and the bookkeeping costs
/// more than it saves (measured on TPC-H and ClickBench by DataFusion's PR 23420).
const PUSHDOWN_COLUMNS_MIN: usize = 3;

/// What one scan is asked for.
pub struct Request<'a> {
    pub session: &'a dyn Session,
    pub projection: Vec<usize>,
    pub filters: &'a [Expr],
    pub limit: Option<usize>,
    /// By file: false when pruning proved it useless.
    pub keep: &'a [bool],
}

/// Plain and gzip files are scans of their own: a source reads one compression.
pub fn lower(table: &LakeTable, request: &Request<'_>) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
    let (plain, gzip) = files(table, request.keep)?;
    let mut scans = Vec::new();
    for (files, compression) in
        [(plain, FileCompressionType::UNCOMPRESSED), (gzip, FileCompressionType::GZIP)]
    {
        if !files.is_empty() {
            scans.push(scan(table, request, files, compression)?);
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

fn scan(
    table: &LakeTable,
    request: &Request<'_>,
    files: Vec<PartitionedFile>,
    compression: FileCompressionType,
) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
    let store_url = table.snapshot.location.store_url();
    let is_parquet = matches!(table.snapshot.encoding, Encoding::Parquet(_));
    let mut builder =
        FileScanConfigBuilder::new(ObjectStoreUrl::parse(&store_url)?, source(table, request)?)
            .with_file_group(FileGroup::new(files))
            .with_file_compression_type(compression)
            .with_limit(request.limit);
    if is_parquet {
        let statistics = statistics(&table.shape, &table.snapshot.files, request.keep);
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
    let schema = scan.schema();
    let columns = request.projection.iter().map(|index| {
        let at = table.shape.positions[*index];
        let column: Arc<dyn PhysicalExpr> = Arc::new(Column::new(schema.field(at).name(), at));
        (column, table.shape.table.field(*index).name().clone())
    });
    Ok(Arc::new(ProjectionExec::try_new(columns.collect::<Vec<_>>(), scan)?))
}

fn source(table: &LakeTable, request: &Request<'_>) -> DataFusionResult<Arc<dyn FileSource>> {
    let schema = TableSchema::builder(Arc::clone(&table.shape.file))
        .with_table_partition_cols(table.shape.partitions.clone())
        .build();
    Ok(match &table.snapshot.encoding {
        Encoding::Parquet(_) => Arc::new(parquet(table, request, schema)?),
        other => Arc::new(RowSource::new(other, &table.snapshot.location, schema)?),
    })
}

fn parquet(
    table: &LakeTable,
    request: &Request<'_>,
    schema: TableSchema,
) -> DataFusionResult<ParquetSource> {
    let store_url = table.snapshot.location.store_url();
    let url = ObjectStoreUrl::parse(&store_url)?;
    let store = request.session.runtime_env().object_store(&url)?;
    let footers = table.footers.of(&store_url)?;
    let cached = CachedParquetFileReaderFactory::new(Arc::clone(&store), Arc::clone(&footers));
    let readers = LakeReaders { readers: Arc::new(cached), store, footers };
    let mut options = request.session.config_options().execution.parquet.clone();
    // INT96 is an instant in microseconds for every writer that still uses it.
    options.coerce_int96 = Some("us".to_string());
    let parquet = datafusion::config::TableParquetOptions { global: options, ..Default::default() };
    Ok(ParquetSource::new(schema)
        .with_table_parquet_options(parquet)
        .with_parquet_file_reader_factory(Arc::new(readers))
        .with_pushdown_filters(pushes_down(table, request)))
}

fn pushes_down(table: &LakeTable, request: &Request<'_>) -> bool {
    let mut filtered = HashSet::new();
    for filter in request.filters {
        filtered.extend(filter.column_refs().into_iter().map(|c| c.name().to_string()));
    }
    let schema = &table.shape.table;
    // A filter on a nested column may be rebuilt by our adapter, which the reader cannot run early and
    // has by then promised to: https://github.com/apache/datafusion/issues/24109.
    let nested = |name: &String| {
        schema.field_with_name(name).is_ok_and(|field| field.data_type().is_nested())
    };
    if filtered.iter().any(nested) {
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

/// The kept files: (plain, gzip).
fn files(
    table: &LakeTable,
    keep: &[bool],
) -> DataFusionResult<(Vec<PartitionedFile>, Vec<PartitionedFile>)> {
    let by_name = !matches!(table.snapshot.encoding, Encoding::Parquet(_));
    let index = &table.snapshot.files;
    let (mut plain, mut gzip) = (Vec::new(), Vec::new());
    for (at, _) in keep.iter().enumerate().filter(|(_, kept)| **kept) {
        let file = file(index, at)?;
        let name = file.object_meta.location.as_ref();
        match by_name && (name.ends_with(".gz") || name.ends_with(".gzip")) {
            true => gzip.push(file),
            false => plain.push(file),
        }
    }
    Ok((plain, gzip))
}

fn file(index: &FileIndex, at: usize) -> DataFusionResult<PartitionedFile> {
    let text = index.paths.value(at);
    let location = object_store::path::Path::parse(text).map_err(|e| {
        into_datafusion(Error::corrupt(format!("\"{text}\" is not a usable file name")).source(e))
    })?;
    let known = index.modified.is_valid(at);
    let modified = if known { index.modified.value(at) } else { 0 };
    let meta = ObjectMeta {
        location,
        last_modified: chrono::DateTime::from_timestamp_micros(modified).unwrap_or_default(),
        size: index.sizes.value(at),
        e_tag: None,
        version: None,
    };
    let mut file = PartitionedFile::new_from_meta(meta);
    for partition in &index.partitions {
        file.partition_values.push(ScalarValue::try_from_array(&partition.values, at)?);
    }
    Ok(file)
}
