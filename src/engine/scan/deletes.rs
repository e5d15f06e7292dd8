//! Position deletes: a Parquet source whose files skip the rows their deletes name. Deletes are read when
//! a file is opened, never before; byte ranges of one file share what was read. What fails while a file is
//! read gets its name (see `named`).
//!
//! The morsel API below is experimental in DataFusion 55: it is used in this file and in `named` alone.

use std::fmt;
use std::sync::Arc;

use datafusion::common::Result as DataFusionResult;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
use datafusion::datasource::physical_plan::parquet::ParquetRowSelection;
use datafusion::datasource::physical_plan::{FileOpener, FileScanConfig, FileSource};
use datafusion::parquet::arrow::arrow_reader::{RowSelection, RowSelector};
use datafusion::physical_expr::projection::ProjectionExprs;
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr, PhysicalSortExpr};
use datafusion::physical_plan::DisplayFormatType;
use datafusion::physical_plan::filter_pushdown::FilterPushdownPropagation;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use datafusion::physical_plan::sort_pushdown::SortOrderPushdownResult;
use datafusion_datasource::TableSchema;
use datafusion_datasource::morsel::{MorselPlan, MorselPlanner, Morselizer};
use lakegate_base::Error;
use lakegate_formats::{FileDeletes, Tables};
use object_store::ObjectStore;

use super::named::Named;
use super::readers::{LakeReaders, TAIL_BYTES};
use crate::error::into_datafusion;

/// Travels with a file that has deletes, as an extension.
#[derive(Clone)]
pub struct Deleted {
    pub tables: Arc<Tables>,
    pub deletes: Arc<FileDeletes>,
    pub readers: Arc<LakeReaders>,
}

/// Wraps a Parquet source; files without [`Deleted`] pass as they are.
#[derive(Clone)]
pub struct DeletingSource(pub Arc<dyn FileSource>);

impl DeletingSource {
    fn wrap(inner: Arc<dyn FileSource>) -> Arc<dyn FileSource> {
        Arc::new(Self(inner))
    }
}

impl FileSource for DeletingSource {
    fn create_file_opener(
        &self,
        _: Arc<dyn ObjectStore>,
        _: &FileScanConfig,
        _: usize,
    ) -> DataFusionResult<Arc<dyn FileOpener>> {
        // An opener knows nothing of deletes: never let one be made.
        Err(into_datafusion(Error::internal("a table with deletes was opened without them")))
    }

    fn create_morselizer(
        &self,
        store: Arc<dyn ObjectStore>,
        config: &FileScanConfig,
        partition: usize,
    ) -> DataFusionResult<Box<dyn Morselizer>> {
        let inner = self.0.create_morselizer(store, config, partition)?;
        Ok(Box::new(DeletingMorselizer(Arc::new(Named(Arc::from(inner))))))
    }

    fn table_schema(&self) -> &TableSchema {
        self.0.table_schema()
    }

    fn with_batch_size(&self, batch_size: usize) -> Arc<dyn FileSource> {
        Self::wrap(self.0.with_batch_size(batch_size))
    }

    fn filter(&self) -> Option<Arc<dyn PhysicalExpr>> {
        self.0.filter()
    }

    fn projection(&self) -> Option<&ProjectionExprs> {
        self.0.projection()
    }

    fn metrics(&self) -> &ExecutionPlanMetricsSet {
        self.0.metrics()
    }

    fn file_type(&self) -> &str {
        self.0.file_type()
    }

    fn fmt_extra(&self, format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(", deletes")?;
        self.0.fmt_extra(format, f)
    }

    fn supports_repartitioning(&self) -> bool {
        self.0.supports_repartitioning()
    }

    fn try_pushdown_filters(
        &self,
        filters: Vec<Arc<dyn PhysicalExpr>>,
        config: &ConfigOptions,
    ) -> DataFusionResult<FilterPushdownPropagation<Arc<dyn FileSource>>> {
        let mut result = self.0.try_pushdown_filters(filters, config)?;
        result.updated_node = result.updated_node.map(Self::wrap);
        Ok(result)
    }

    fn try_pushdown_sort(
        &self,
        order: &[PhysicalSortExpr],
        properties: &EquivalenceProperties,
    ) -> DataFusionResult<SortOrderPushdownResult<Arc<dyn FileSource>>> {
        Ok(self.0.try_pushdown_sort(order, properties)?.map(Self::wrap))
    }

    fn reorder_files(&self, files: Vec<PartitionedFile>) -> Vec<PartitionedFile> {
        self.0.reorder_files(files)
    }

    fn try_pushdown_projection(
        &self,
        projection: &ProjectionExprs,
    ) -> DataFusionResult<Option<Arc<dyn FileSource>>> {
        Ok(self.0.try_pushdown_projection(projection)?.map(Self::wrap))
    }

    fn apply_expressions(
        &self,
        visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> DataFusionResult<TreeNodeRecursion>,
    ) -> DataFusionResult<TreeNodeRecursion> {
        self.0.apply_expressions(visit)
    }
}

struct DeletingMorselizer(Arc<dyn Morselizer>);

impl fmt::Debug for DeletingMorselizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Deleting({:?})", self.0)
    }
}

impl Morselizer for DeletingMorselizer {
    fn plan_file(&self, file: PartitionedFile) -> DataFusionResult<Box<dyn MorselPlanner>> {
        match file.extensions.get::<Deleted>().cloned() {
            None => self.0.plan_file(file),
            Some(deleted) => {
                Ok(Box::new(DeletingPlanner { inner: Arc::clone(&self.0), file, deleted }))
            }
        }
    }
}

struct DeletingPlanner {
    inner: Arc<dyn Morselizer>,
    file: PartitionedFile,
    deleted: Deleted,
}

impl fmt::Debug for DeletingPlanner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Deleting({})", self.file.object_meta.location)
    }
}

impl MorselPlanner for DeletingPlanner {
    fn plan(self: Box<Self>) -> DataFusionResult<Option<MorselPlan>> {
        let Self { inner, file, deleted } = *self;
        Ok(Some(MorselPlan::new().with_pending_planner(async move {
            let selection = selection(&file, &deleted).await?;
            inner.plan_file(file.with_extension(ParquetRowSelection::new(selection)))
        })))
    }
}

/// The rows that stay. It covers exactly the rows of the file's footer: what the log says may be wrong.
async fn selection(file: &PartitionedFile, deleted: &Deleted) -> DataFusionResult<RowSelection> {
    let rows = deleted.tables.deleted_rows(&deleted.deletes).await.map_err(into_datafusion)?;
    let metrics = ExecutionPlanMetricsSet::new();
    let mut reader = deleted.readers.create_reader(0, file.clone(), Some(TAIL_BYTES), &metrics)?;
    let footer = reader.get_metadata(None).await?;
    let total = u64::try_from(footer.file_metadata().num_rows()).unwrap_or(0);
    Ok(keep_all_but(rows.iter().take_while(|row| *row < total), total))
}

/// `deleted` ascends. Neighbours become one run.
fn keep_all_but(deleted: impl Iterator<Item = u64>, total: u64) -> RowSelection {
    let count = |rows: u64| usize::try_from(rows).unwrap_or(usize::MAX);
    let mut selectors = Vec::new();
    let (mut next, mut skipped) = (0, 0);
    for row in deleted {
        if row > next {
            if skipped > 0 {
                selectors.push(RowSelector::skip(count(skipped)));
            }
            selectors.push(RowSelector::select(count(row - next)));
            skipped = 0;
        }
        skipped += 1;
        next = row + 1;
    }
    if skipped > 0 {
        selectors.push(RowSelector::skip(count(skipped)));
    }
    if next < total {
        selectors.push(RowSelector::select(count(total - next)));
    }
    RowSelection::from(selectors)
}

#[cfg(test)]
mod tests {
    use super::{RowSelector, keep_all_but};

    #[test]
    fn runs_cover_every_row() {
        let (skip, select) = (RowSelector::skip, RowSelector::select);
        for (deleted, total, expected) in [
            (vec![], 3, vec![select(3)]),
            (vec![0, 1, 2], 3, vec![skip(3)]),
            (vec![1, 2, 5], 6, vec![select(1), skip(2), select(2), skip(1)]),
            (vec![0, 4], 7, vec![skip(1), select(3), skip(1), select(2)]),
        ] {
            let runs: Vec<RowSelector> = keep_all_but(deleted.iter().copied(), total).into();
            assert_eq!(runs, expected, "{deleted:?} of {total}");
        }
    }
}
