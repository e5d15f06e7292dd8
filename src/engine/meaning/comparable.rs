//! What has no order between its types is refused, as Postgres refuses it: `text = integer` or `date = 1`,
//! where DataFusion finds some common type and answers by it. Times of day are brought to one unit. Told
//! before type coercion.

use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr::BinaryExpr;
use datafusion::logical_expr::{Expr, ExprSchemable, Operator, cast};
use lakegate_base::{Error, ErrorKind, Subject};

use crate::functions::external;
use crate::system::types;

pub(super) fn in_expr(expr: Expr, schema: &DFSchema, _: &str) -> Result<Transformed<Expr>> {
    match expr {
        Expr::BinaryExpr(binary) if is_comparison(binary.op) => {
            check(&binary, schema)?;
            one_clock(binary, schema)
        }
        other => Ok(Transformed::no(other)),
    }
}

/// Times of day in microseconds, as Postgres has them: DataFusion compares those of one unit only.
fn one_clock(binary: BinaryExpr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let micros = DataType::Time64(TimeUnit::Microsecond);
    let is_time = |t: &DataType| matches!(t, DataType::Time32(_) | DataType::Time64(_));
    let sides = (binary.left.get_type(schema), binary.right.get_type(schema));
    let (Ok(left), Ok(right)) = sides else {
        return Ok(Transformed::no(Expr::BinaryExpr(binary)));
    };
    if left == right || !is_time(&left) || !is_time(&right) {
        return Ok(Transformed::no(Expr::BinaryExpr(binary)));
    }
    let in_micros = |side: Box<Expr>| Box::new(cast(*side, micros.clone()));
    let BinaryExpr { left, op, right } = binary;
    let binary = BinaryExpr::new(in_micros(left), op, in_micros(right));
    Ok(Transformed::yes(Expr::BinaryExpr(binary)))
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
