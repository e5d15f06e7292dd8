//! What has no order between its types is refused, as Postgres refuses it: `text = integer` or `date = 1`,
//! where DataFusion finds some common type and answers by it. Told before type coercion.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr::BinaryExpr;
use datafusion::logical_expr::{Expr, ExprSchemable, Operator};
use lakegate_base::{Error, ErrorKind, Subject};

use crate::functions::external;
use crate::system::types;

pub(super) fn in_expr(expr: Expr, schema: &DFSchema, _: &str) -> Result<Transformed<Expr>> {
    if let Expr::BinaryExpr(binary) = &expr
        && is_comparison(binary.op)
    {
        check(binary, schema)?;
    }
    Ok(Transformed::no(expr))
}

fn is_comparison(operator: Operator) -> bool {
    use Operator::{Eq, Gt, GtEq, IsDistinctFrom, IsNotDistinctFrom, Lt, LtEq, NotEq};
    matches!(operator, Eq | NotEq | Lt | LtEq | Gt | GtEq | IsDistinctFrom | IsNotDistinctFrom)
}

fn check(binary: &BinaryExpr, schema: &DFSchema) -> Result<()> {
    let (Some(left), Some(right)) = (side(&binary.left, schema), side(&binary.right, schema))
    else {
        return Ok(());
    };
    if left.family == right.family {
        return Ok(());
    }
    let message = format!("operator does not exist: {} {} {}", left.shown, binary.op, right.shown);
    Err(external(Error::new(ErrorKind::NotFound, message).about(Subject::Function).hint(
        "No operator matches the given name and argument types. You might need to add explicit \
         type casts.",
    )))
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Number,
    Text,
    Boolean,
    Day,
    Clock,
}

pub(super) struct Side {
    pub family: Family,
    pub data_type: DataType,
    /// As Postgres calls it.
    pub shown: String,
}

/// None for what takes the type of the other side, and for types that are compared elsewhere.
pub(super) fn side(expr: &Expr, schema: &DFSchema) -> Option<Side> {
    let (_, field) = expr.to_field(schema).ok()?;
    let data_type = field.data_type();
    let family = match data_type {
        number if number.is_numeric() => Family::Number,
        text if text.is_string() && !matches!(expr, Expr::Literal(..)) => Family::Text,
        DataType::Boolean => Family::Boolean,
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => Family::Day,
        DataType::Time32(_) | DataType::Time64(_) => Family::Clock,
        _ => return None,
    };
    let known = types::of_column(types::named_by(&field), data_type);
    Some(Side { family, data_type: data_type.clone(), shown: types::format(known.oid, -1) })
}
