//! Answers that are written in the statement, `SELECT 1`: pools ask so before every use of a connection. They
//! need no thread, no turn and no memory of the engine's.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch};
use datafusion::arrow::datatypes::Schema;
use datafusion::logical_expr::{Expr, LogicalPlan};

/// The one row of a plan of literals.
pub fn row(plan: &LogicalPlan) -> Option<RecordBatch> {
    let LogicalPlan::Projection(projection) = plan else { return None };
    let LogicalPlan::EmptyRelation(empty) = projection.input.as_ref() else { return None };
    if !empty.produce_one_row || projection.expr.is_empty() {
        return None;
    }
    let columns = projection.expr.iter().map(value).collect::<Option<Vec<_>>>()?;
    let schema: &Schema = projection.schema.as_arrow();
    RecordBatch::try_new(Arc::new(schema.clone()), columns).ok()
}

fn value(expr: &Expr) -> Option<ArrayRef> {
    match expr {
        Expr::Literal(value, _) => value.to_array().ok(),
        Expr::Alias(alias) => value(&alias.expr),
        _ => None,
    }
}
