//! Text files: one column, one row a line. DataFusion has no such source, and its CSV source would drop
//! empty lines and stumble over quotes.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringBuilder};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::Result as DataFusionResult;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{
    FileOpenFuture, FileOpener, FileScanConfig, FileSource,
};
use datafusion::error::DataFusionError;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::projection::ProjectionExprs;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use datafusion_datasource::TableSchema;
use datafusion_datasource::projection::{ProjectionOpener, SplitProjection};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use lakegate_base::Error;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::error::into_datafusion;

/// A longer line is refused: it is not a text file.
const LINE_BYTES_MAX: usize = 64 << 20;
const BATCH_ROWS: usize = 8192;
/// A batch ends early when its lines are long.
const BATCH_BYTES: usize = 4 << 20;

#[derive(Clone)]
pub struct TextSource {
    schema: TableSchema,
    projection: SplitProjection,
    metrics: ExecutionPlanMetricsSet,
}

impl TextSource {
    pub fn new(schema: TableSchema) -> Self {
        let projection = SplitProjection::unprojected(&schema);
        Self { schema, projection, metrics: ExecutionPlanMetricsSet::new() }
    }
}

impl FileSource for TextSource {
    fn create_file_opener(
        &self,
        store: Arc<dyn ObjectStore>,
        config: &FileScanConfig,
        _partition: usize,
    ) -> DataFusionResult<Arc<dyn FileOpener>> {
        let schema = self.schema.file_schema().project(&self.projection.file_indices)?;
        let opener = TextOpener {
            store,
            schema: Arc::new(schema),
            compression: config.file_compression_type,
        };
        ProjectionOpener::try_new(
            self.projection.clone(),
            Arc::new(opener),
            self.schema.file_schema(),
        )
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
        "text"
    }

    /// A line may stand on both sides of a byte range's border.
    fn supports_repartitioning(&self) -> bool {
        false
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

struct TextOpener {
    store: Arc<dyn ObjectStore>,
    schema: SchemaRef,
    compression: FileCompressionType,
}

impl FileOpener for TextOpener {
    fn open(&self, file: PartitionedFile) -> DataFusionResult<FileOpenFuture> {
        let store = Arc::clone(&self.store);
        let (schema, compression) = (Arc::clone(&self.schema), self.compression);
        Ok(Box::pin(async move {
            let found = store.get(&file.object_meta.location).await?;
            let bytes = found.into_stream().map_err(DataFusionError::from).boxed();
            let bytes = compression.convert_stream(bytes)?;
            Ok(batches(bytes, schema).boxed())
        }))
    }
}

/// Cuts a stream of bytes into batches of lines.
fn batches(
    bytes: BoxStream<'static, DataFusionResult<Bytes>>,
    schema: SchemaRef,
) -> impl futures::Stream<Item = DataFusionResult<RecordBatch>> + Send {
    let state = Some((bytes, Lines::new(schema)));
    futures::stream::try_unfold(state, |state| async move {
        let Some((mut bytes, mut lines)) = state else {
            return Ok(None);
        };
        loop {
            if lines.is_full() {
                return lines.batch().map(|batch| Some((batch, Some((bytes, lines)))));
            }
            match bytes.try_next().await? {
                Some(chunk) => lines.push(&chunk)?,
                None => {
                    lines.end()?;
                    let last = lines.batch()?;
                    return Ok((last.num_rows() > 0).then_some((last, None)));
                }
            }
        }
    })
}

struct Lines {
    schema: SchemaRef,
    rest: BytesMut,
    built: StringBuilder,
    rows: usize,
}

impl Lines {
    fn new(schema: SchemaRef) -> Self {
        Self { schema, rest: BytesMut::new(), built: StringBuilder::new(), rows: 0 }
    }

    fn is_full(&self) -> bool {
        self.rows >= BATCH_ROWS || self.built.values_slice().len() >= BATCH_BYTES
    }

    fn push(&mut self, chunk: &[u8]) -> DataFusionResult<()> {
        let mut chunk = chunk;
        while let Some(end) = chunk.iter().position(|byte| *byte == b'\n') {
            self.rest.extend_from_slice(&chunk[..end]);
            self.line()?;
            chunk = &chunk[end + 1..];
        }
        self.rest.extend_from_slice(chunk);
        if self.rest.len() > LINE_BYTES_MAX {
            let text = format!("a text file has a line of more than {LINE_BYTES_MAX} bytes");
            return Err(into_datafusion(Error::unsupported(text)));
        }
        Ok(())
    }

    /// The last line may lack its line break.
    fn end(&mut self) -> DataFusionResult<()> {
        if self.rest.is_empty() { Ok(()) } else { self.line() }
    }

    fn line(&mut self) -> DataFusionResult<()> {
        let line = std::mem::take(&mut self.rest);
        let text = std::str::from_utf8(&line).map_err(|e| {
            into_datafusion(Error::corrupt("a text file is not valid UTF-8").source(e))
        })?;
        self.built.append_value(text.strip_suffix('\r').unwrap_or(text));
        self.rows += 1;
        Ok(())
    }

    /// A query that reads no column still counts rows.
    fn batch(&mut self) -> DataFusionResult<RecordBatch> {
        let rows = std::mem::take(&mut self.rows);
        let lines: ArrayRef = Arc::new(self.built.finish());
        let columns = self.schema.fields().iter().map(|field| cast(&lines, field.data_type()));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?)
    }
}
