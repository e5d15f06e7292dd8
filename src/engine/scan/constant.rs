//! A column that some files carry as one value and others as rows. For each file it becomes one or the other
//! before a row is read (see `adapter`), so that filters on it prune and are pushed as on any column.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::is_not_null;
use datafusion::arrow::compute::kernels::zip::zip;
use datafusion::arrow::datatypes::{DataType, Schema};
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::{ColumnarValue, ExpressionPlacement};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Literal;

/// The constant; where it is NULL, what the file holds.
#[derive(Debug)]
pub struct ConstantOr {
    constant: Arc<dyn PhysicalExpr>,
    own: Arc<dyn PhysicalExpr>,
}

/// Which of the two counts in one file.
pub enum Counts<'a> {
    Constant(&'a Arc<dyn PhysicalExpr>),
    Own(&'a Arc<dyn PhysicalExpr>),
}

impl ConstantOr {
    pub fn new(constant: Arc<dyn PhysicalExpr>, own: Arc<dyn PhysicalExpr>) -> Self {
        Self { constant, own }
    }

    /// None as long as no file has put its value in.
    pub fn counts(&self) -> Option<Counts<'_>> {
        let literal = self.constant.downcast_ref::<Literal>()?;
        Some(match literal.value().is_null() {
            true => Counts::Own(&self.own),
            false => Counts::Constant(&self.constant),
        })
    }
}

impl PhysicalExpr for ConstantOr {
    fn data_type(&self, schema: &Schema) -> Result<DataType> {
        self.own.data_type(schema)
    }

    fn nullable(&self, _: &Schema) -> Result<bool> {
        Ok(true)
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        match self.counts() {
            Some(Counts::Constant(constant)) => return constant.evaluate(batch),
            Some(Counts::Own(own)) => return own.evaluate(batch),
            None => {}
        }
        let rows = batch.num_rows();
        let constant = self.constant.evaluate(batch)?.into_array(rows)?;
        let own = self.own.evaluate(batch)?.into_array(rows)?;
        Ok(ColumnarValue::Array(zip(&is_not_null(&constant)?, &constant, &own)?))
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.constant, &self.own]
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn PhysicalExpr>>,
    ) -> Result<Arc<dyn PhysicalExpr>> {
        let Ok([constant, own]) = <[_; 2]>::try_from(children) else {
            return internal_err!("a constant stands before exactly one column");
        };
        Ok(Arc::new(Self { constant, own }))
    }

    /// As cheap as a column: it may stand in a scan more than once.
    fn placement(&self) -> ExpressionPlacement {
        ExpressionPlacement::MoveTowardsLeafNodes
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for ConstantOr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} or {}", self.constant, self.own)
    }
}

impl PartialEq for ConstantOr {
    fn eq(&self, other: &Self) -> bool {
        self.constant.eq(&other.constant) && self.own.eq(&other.own)
    }
}

impl Eq for ConstantOr {}

impl Hash for ConstantOr {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.constant.hash(state);
        self.own.hash(state);
    }
}
