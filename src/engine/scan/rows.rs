//! Files that are read whole and forward: text, CSV, JSON lines, Avro and ORC. DataFusion's own sources for
//! some of them read only the first member of a file compressed in several, find CSV columns by position
//! whatever the header says, and their errors do not name the file.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::Result as DataFusionResult;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{
    FileGroup, FileOpenFuture, FileOpener, FileScanConfig, FileSource,
};
use datafusion::physical_expr::projection::ProjectionExprs;
use datafusion::physical_expr::{LexOrdering, PhysicalExpr};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use datafusion_datasource::TableSchema;
use datafusion_datasource::projection::{ProjectionOpener, SplitProjection};
use futures::{StreamExt, TryStreamExt};
use lakegate_base::{Error, Location, Result};
use lakegate_formats::Encoding;
use lakegate_formats::files::{Batches, DataObject, RowFile, open_avro, open_orc};
use object_store::ObjectStore;

use super::reshape::{BY_NAME, check, find_among, reshape};
use super::{csv, json, text};
use crate::error::into_datafusion;

#[derive(Clone)]
pub struct RowSource {
    encoding: Encoding,
    /// The table's: its store holds the files.
    location: Location,
    schema: TableSchema,
    projection: SplitProjection,
    metrics: ExecutionPlanMetricsSet,
}

impl RowSource {
    pub fn new(
        encoding: &Encoding,
        location: &Location,
        schema: TableSchema,
    ) -> DataFusionResult<Self> {
        if let Encoding::Parquet(_) = encoding {
            return Err(into_datafusion(Error::internal("Parquet has a reader of its own")));
        }
        let (encoding, location) = (encoding.clone(), location.clone());
        let projection = SplitProjection::unprojected(&schema);
        let metrics = ExecutionPlanMetricsSet::new();
        Ok(Self { encoding, location, schema, projection, metrics })
    }
}

impl FileSource for RowSource {
    fn create_file_opener(
        &self,
        store: Arc<dyn ObjectStore>,
        _config: &FileScanConfig,
        _partition: usize,
    ) -> DataFusionResult<Arc<dyn FileOpener>> {
        let table = Arc::clone(self.schema.file_schema());
        let places = self.projection.file_indices.clone();
        let wanted = Wanted { columns: Arc::new(table.project(&places)?), places, table };
        let (encoding, location) = (self.encoding.clone(), self.location.clone());
        let opener = Arc::new(RowOpener { encoding, location, store, wanted });
        ProjectionOpener::try_new(self.projection.clone(), opener, self.schema.file_schema())
    }

    fn table_schema(&self) -> &TableSchema {
        &self.schema
    }

    fn with_batch_size(&self, _batch_size: usize) -> Arc<dyn FileSource> {
        Arc::new(self.clone())
    }

    fn projection(&self) -> Option<&ProjectionExprs> {
        Some(&self.projection.source)
    }

    fn metrics(&self) -> &ExecutionPlanMetricsSet {
        &self.metrics
    }

    fn file_type(&self) -> &'static str {
        match self.encoding {
            Encoding::Text => "text",
            Encoding::Csv(_) => "csv",
            Encoding::Json => "json",
            Encoding::Avro => "avro",
            Encoding::Orc => "orc",
            Encoding::Parquet(_) => "parquet",
        }
    }

    /// A row may stand on both sides of a byte range's border.
    fn supports_repartitioning(&self) -> bool {
        false
    }

    /// Whole files side by side.
    fn repartitioned(
        &self,
        target_partitions: usize,
        _file_bytes_min: usize,
        ordering: Option<LexOrdering>,
        config: &FileScanConfig,
    ) -> DataFusionResult<Option<FileScanConfig>> {
        let groups = config.file_groups.iter().cloned();
        let files: Vec<PartitionedFile> = groups.flat_map(FileGroup::into_inner).collect();
        if ordering.is_some() || files.len() < 2 || config.file_groups.len() >= target_partitions {
            return Ok(None);
        }
        let mut spread = config.clone();
        spread.file_groups = side_by_side(files, target_partitions);
        Ok(Some(spread))
    }

    fn try_pushdown_projection(
        &self,
        projection: &ProjectionExprs,
    ) -> DataFusionResult<Option<Arc<dyn FileSource>>> {
        let merged = self.projection.source.try_merge(projection)?;
        let projection = SplitProjection::new(self.schema.file_schema(), &merged);
        Ok(Some(Arc::new(Self { projection, ..self.clone() })))
    }

    fn apply_expressions(
        &self,
        visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> DataFusionResult<TreeNodeRecursion>,
    ) -> DataFusionResult<TreeNodeRecursion> {
        datafusion::physical_plan::apply_expression_roots(self.projection.source.iter(), visit)
    }
}

/// The largest file goes where least is so far.
fn side_by_side(mut files: Vec<PartitionedFile>, groups: usize) -> Vec<FileGroup> {
    files.sort_by_key(|file| std::cmp::Reverse(file.object_meta.size));
    let mut all: Vec<(u64, Vec<PartitionedFile>)> = vec![(0, Vec::new()); groups.max(1)];
    for file in files {
        if let Some((bytes, group)) = all.iter_mut().min_by_key(|(bytes, _)| *bytes) {
            *bytes = bytes.saturating_add(file.object_meta.size.max(1));
            group.push(file);
        }
    }
    let used = all.into_iter().filter(|(_, group)| !group.is_empty());
    used.map(|(_, group)| FileGroup::new(group)).collect()
}

/// What is asked of every file.
#[derive(Clone)]
pub struct Wanted {
    /// All columns that files of the table may have.
    pub table: SchemaRef,
    /// The wanted ones, and their places in `table`.
    pub columns: SchemaRef,
    pub places: Vec<usize>,
}

struct RowOpener {
    encoding: Encoding,
    location: Location,
    store: Arc<dyn ObjectStore>,
    wanted: Wanted,
}

impl FileOpener for RowOpener {
    fn open(&self, file: PartitionedFile) -> DataFusionResult<FileOpenFuture> {
        let location = lakegate_store::location(&self.location, &file.object_meta.location);
        let store = Arc::clone(&self.store);
        let object = DataObject { store, location, size: file.object_meta.size };
        let (encoding, wanted) = (self.encoding.clone(), self.wanted.clone());
        Ok(Box::pin(async move {
            let opened = open(encoding, object, wanted).await;
            Ok(opened.map_err(into_datafusion)?.map_err(into_datafusion).boxed())
        }))
    }
}

async fn open(encoding: Encoding, object: DataObject, wanted: Wanted) -> Result<Batches> {
    let location = object.location.clone();
    match encoding {
        Encoding::Text => text::open(object, wanted).await,
        Encoding::Csv(options) => csv::open(object, wanted, options).await,
        Encoding::Json => json::open(object, wanted).await,
        Encoding::Avro => adapted(&location, open_avro(object).await?, wanted),
        Encoding::Orc => adapted(&location, open_orc(object).await?, wanted),
        Encoding::Parquet(_) => Err(Error::internal("Parquet has a reader of its own")),
    }
}

/// A file with columns of its own, as the table wants them.
fn adapted(location: &Location, file: Box<dyn RowFile>, wanted: Wanted) -> Result<Batches> {
    let own = Arc::clone(file.schema());
    let nameless = is_nameless(&own);
    let mut picked = Vec::new();
    // By wanted column: its place among the picked ones.
    let mut sources = Vec::with_capacity(wanted.places.len());
    for (field, place) in wanted.columns.fields().iter().zip(&wanted.places) {
        let found = match nameless {
            true => Some(*place).filter(|place| *place < own.fields().len()),
            false => find_among(own.fields(), field, wanted.table.fields(), BY_NAME),
        };
        let Some(at) = found else {
            sources.push(None);
            continue;
        };
        check(own.field(at).data_type(), field, BY_NAME)
            .map_err(|e| e.context(format!("{location}: column \"{}\"", field.name())))?;
        sources.push(Some(picked.len()));
        picked.push(at);
    }
    let location = location.clone();
    let shape = move |batch: RecordBatch| columns(&batch, &sources, &wanted.columns, &location);
    Ok(file.read(picked).map(move |batch| batch.and_then(&shape)).boxed())
}

/// Hive before 2.0 wrote ORC columns without their names: `_col0`, `_col1`, … in the table's order.
fn is_nameless(schema: &Schema) -> bool {
    let mut names = schema.fields().iter().enumerate();
    !schema.fields().is_empty() && names.all(|(at, field)| *field.name() == format!("_col{at}"))
}

fn columns(
    batch: &RecordBatch,
    sources: &[Option<usize>],
    wanted: &SchemaRef,
    location: &Location,
) -> Result<RecordBatch> {
    let mut arrays: Vec<ArrayRef> = Vec::with_capacity(sources.len());
    for (field, source) in wanted.fields().iter().zip(sources) {
        arrays.push(match source {
            None => new_null_array(field.data_type(), batch.num_rows()),
            Some(at) => reshape(batch.column(*at), field, BY_NAME)
                .map_err(|e| e.context(format!("{location}: column \"{}\"", field.name())))?,
        });
    }
    assembled(wanted, arrays, batch.num_rows())
}

/// A batch that counts its rows even without columns.
pub fn assembled(schema: &SchemaRef, arrays: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::clone(schema), arrays, &options)
        .map_err(|e| Error::internal("a file's columns do not make a batch").source(e))
}
