//! Equality deletes: a condition that holds for the rows no delete row equals.

use std::collections::HashSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, BooleanArray, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Schema};
use datafusion::arrow::row::{RowConverter, SortField};
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::PhysicalExpr;

/// The rows of one delete file, in its key columns. Two rows are equal when their bytes are, NULLs included.
pub struct DeletedKeys {
    converter: RowConverter,
    types: Vec<DataType>,
    keys: HashSet<Box<[u8]>>,
    /// Indexes into the snapshot's schema.
    pub columns: Vec<usize>,
}

impl DeletedKeys {
    pub fn new(batch: &RecordBatch, columns: Vec<usize>) -> Result<Self> {
        let types: Vec<DataType> = batch.columns().iter().map(|c| c.data_type().clone()).collect();
        let converter = RowConverter::new(types.iter().cloned().map(SortField::new).collect())?;
        let rows = converter.convert_columns(batch.columns())?;
        let keys = rows.iter().map(|row| Box::from(row.as_ref())).collect();
        Ok(Self { converter, types, keys, columns })
    }

    fn survivors(&self, values: Vec<ArrayRef>) -> Result<BooleanArray> {
        let values = values.iter().zip(&self.types).map(|(array, own)| cast(array, own));
        let rows = self.converter.convert_columns(&values.collect::<Result<Vec<_>, _>>()?)?;
        Ok(rows.iter().map(|row| Some(!self.keys.contains(row.as_ref()))).collect())
    }
}

impl fmt::Debug for DeletedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} deleted keys", self.keys.len())
    }
}

/// True where the columns' values are not among the deleted keys.
#[derive(Debug)]
pub struct Survives {
    columns: Vec<Arc<dyn PhysicalExpr>>,
    deleted: Arc<DeletedKeys>,
}

impl Survives {
    pub fn new(columns: Vec<Arc<dyn PhysicalExpr>>, deleted: Arc<DeletedKeys>) -> Self {
        Self { columns, deleted }
    }
}

impl PhysicalExpr for Survives {
    fn data_type(&self, _: &Schema) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn nullable(&self, _: &Schema) -> Result<bool> {
        Ok(false)
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        let rows = batch.num_rows();
        let values = self.columns.iter().map(|column| column.evaluate(batch)?.to_array(rows));
        let survivors = self.deleted.survivors(values.collect::<Result<_>>()?)?;
        Ok(ColumnarValue::Array(Arc::new(survivors)))
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        self.columns.iter().collect()
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn PhysicalExpr>>,
    ) -> Result<Arc<dyn PhysicalExpr>> {
        if children.len() != self.columns.len() {
            return internal_err!("deleted keys have {} columns", self.columns.len());
        }
        Ok(Arc::new(Self::new(children, Arc::clone(&self.deleted))))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for Survives {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns: Vec<String> = self.columns.iter().map(ToString::to_string).collect();
        write!(f, "({}) not among {:?}", columns.join(", "), self.deleted)
    }
}

impl PartialEq for Survives {
    fn eq(&self, other: &Self) -> bool {
        self.columns == other.columns && Arc::ptr_eq(&self.deleted, &other.deleted)
    }
}

impl Eq for Survives {}

impl Hash for Survives {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.columns.hash(state);
        Arc::as_ptr(&self.deleted).hash(state);
    }
}
