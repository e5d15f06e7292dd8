//! Expressions on the table's columns → expressions on one file's columns. DataFusion asks once per file.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, FieldRef, Schema, SchemaRef};
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::common::{Result as DataFusionResult, ScalarValue};
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{CastExpr, Column, Literal};
use datafusion_physical_expr_adapter::{PhysicalExprAdapter, PhysicalExprAdapterFactory};
use lakegate_base::{Error, Result};
use lakegate_formats::iceberg::mapped_names;
use lakegate_formats::variant::is_variant;
use lakegate_formats::{FIELD_ID, MatchBy};

use super::constant::{ConstantOr, Counts};
use super::reshape::{Lookup, OF_DEFAULTS, check, find_among, is_same, reshape};
use super::shape::{FileColumn, FileColumns, plain};
use crate::error::into_datafusion;

/// Makes one adapter per file.
#[derive(Debug)]
pub struct LakeAdapters(pub Arc<FileColumns>);

impl PhysicalExprAdapterFactory for LakeAdapters {
    fn create(
        &self,
        _table: SchemaRef,
        file: SchemaRef,
    ) -> DataFusionResult<Arc<dyn PhysicalExprAdapter>> {
        let by_id = self.0.match_by == MatchBy::FieldId && !file.fields().is_empty();
        let lookup = match by_id && !file.fields().iter().any(has_ids) {
            false => Lookup::By(self.0.match_by),
            true if self.0.columns.values().any(|c| mapped_names(&c.field).is_some()) => {
                Lookup::MappedNames
            }
            true => {
                return Err(into_datafusion(Error::unsupported(
                    "a data file without field ids under a table that maps columns by id",
                )));
            }
        };
        Ok(Arc::new(FileAdapter { columns: Arc::clone(&self.0), file, lookup }))
    }
}

/// At any level: one id means that the writer knew ids, and names stand for nothing.
fn has_ids(field: &FieldRef) -> bool {
    let below = match field.data_type() {
        DataType::Struct(fields) => fields.iter().any(has_ids),
        DataType::List(item) | DataType::LargeList(item) | DataType::Map(item, _) => has_ids(item),
        _ => false,
    };
    below || field.metadata().contains_key(FIELD_ID)
}

#[derive(Debug)]
struct FileAdapter {
    columns: Arc<FileColumns>,
    file: SchemaRef,
    lookup: Lookup,
}

impl PhysicalExprAdapter for FileAdapter {
    fn rewrite(&self, expr: Arc<dyn PhysicalExpr>) -> DataFusionResult<Arc<dyn PhysicalExpr>> {
        // Done with a node, nothing below it is looked at again: it is of the file.
        let done = |expr| Ok(Transformed::new(expr, true, TreeNodeRecursion::Jump));
        expr.transform_down(|node| {
            if let Some(either) = node.downcast_ref::<ConstantOr>() {
                return match either.counts() {
                    Some(Counts::Constant(constant)) => done(Arc::clone(constant)),
                    Some(Counts::Own(own)) => done(self.rewrite(Arc::clone(own))?),
                    None => Ok(Transformed::no(node)),
                };
            }
            let wanted = node
                .downcast_ref::<Column>()
                .and_then(|column| self.columns.columns.get(column.name()));
            match wanted {
                Some(wanted) => done(self.column(wanted).map_err(into_datafusion)?),
                None => Ok(Transformed::no(node)),
            }
        })
        .data()
    }
}

impl FileAdapter {
    fn column(&self, wanted: &FileColumn) -> Result<Arc<dyn PhysicalExpr>> {
        let lookup = self.lookup;
        let others = &self.columns.fields;
        let Some(at) = find_among(self.file.fields(), &wanted.field, others, lookup) else {
            return missing(wanted);
        };
        let found = self.file.field(at);
        let column: Arc<dyn PhysicalExpr> = Arc::new(Column::new(found.name(), at));
        let (from, to) = (found.data_type(), wanted.field.data_type());
        if is_same(from, &wanted.field, lookup) {
            return Ok(column);
        }
        check(from, &wanted.field, lookup)
            .map_err(|e| e.context(format!("column \"{}\"", wanted.field.name())))?;
        if to.is_nested() || is_variant(&wanted.field) || is_coarser(from, to) {
            return Ok(Arc::new(Reshape {
                input: column,
                wanted: Arc::clone(&wanted.field),
                lookup,
            }));
        }
        Ok(Arc::new(CastExpr::new(column, to.clone(), None)))
    }
}

/// A plain cast of such a column is taken off again before it is compared, and the literal is cut to the
/// file's unit instead.
fn is_coarser(from: &DataType, to: &DataType) -> bool {
    match (from, to) {
        (DataType::Timestamp(from, _), DataType::Timestamp(to, _)) => from < to,
        _ => false,
    }
}

/// What stands in for a column the file does not have.
fn missing(wanted: &FileColumn) -> Result<Arc<dyn PhysicalExpr>> {
    if wanted.required {
        return Err(Error::unsupported(format!(
            "a data file without the partition column \"{}\"",
            wanted.field.name()
        )));
    }
    let value = match &wanted.default {
        Some(array) if array.data_type().is_nested() => {
            ScalarValue::try_from_array(&reshape(array, &wanted.field, OF_DEFAULTS)?, 0)
        }
        Some(array) => ScalarValue::try_from_array(array, 0)
            .and_then(|value| value.cast_to(&plain(wanted.field.data_type()))),
        None => ScalarValue::try_from(&plain(wanted.field.data_type())),
    };
    let value = value.map_err(|e| Error::internal("no NULL of a column's type").source(e))?;
    Ok(Arc::new(Literal::new(value)))
}

/// Columns that a cast cannot make: see `reshape`.
#[derive(Debug, Clone)]
struct Reshape {
    input: Arc<dyn PhysicalExpr>,
    wanted: FieldRef,
    lookup: Lookup,
}

impl PartialEq for Reshape {
    fn eq(&self, other: &Self) -> bool {
        self.input.eq(&other.input) && self.wanted == other.wanted
    }
}

impl Eq for Reshape {}

impl Hash for Reshape {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.input.hash(state);
        self.wanted.hash(state);
    }
}

impl fmt::Display for Reshape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "reshape({})", self.input)
    }
}

impl PhysicalExpr for Reshape {
    fn data_type(&self, _input: &Schema) -> DataFusionResult<DataType> {
        Ok(plain(self.wanted.data_type()))
    }

    fn nullable(&self, _input: &Schema) -> DataFusionResult<bool> {
        Ok(true)
    }

    fn evaluate(&self, batch: &RecordBatch) -> DataFusionResult<ColumnarValue> {
        let array = self.input.evaluate(batch)?.into_array(batch.num_rows())?;
        let shaped = reshape(&array, &self.wanted, self.lookup);
        let in_column = |e: Error| e.context(format!("column \"{}\"", self.wanted.name()));
        Ok(ColumnarValue::Array(shaped.map_err(|e| into_datafusion(in_column(e)))?))
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.input]
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn PhysicalExpr>>,
    ) -> DataFusionResult<Arc<dyn PhysicalExpr>> {
        let [input] = children.try_into().map_err(|_| {
            into_datafusion(Error::internal("a reshaped column has exactly one input"))
        })?;
        Ok(Arc::new(Self { input, ..self.as_ref().clone() }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.input.fmt_sql(f)
    }
}
