//! A sum of `bigint` is `numeric`: it may be larger than any `bigint`, where DataFusion wraps around. Told
//! before type coercion, which tells the types of what is above.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr::{
    AggregateFunction, AggregateFunctionParams, WindowFunction, WindowFunctionParams,
};
use datafusion::logical_expr::{Expr, ExprSchemable, cast};

pub(super) fn in_expr(expr: Expr, schema: &DFSchema, _: &str) -> Result<Transformed<Expr>> {
    Ok(match expr {
        Expr::AggregateFunction(AggregateFunction { func, params }) => {
            let (args, changed) = exact(func.name(), params.args, schema);
            let params = AggregateFunctionParams { args, ..params };
            let call = Expr::AggregateFunction(AggregateFunction { func, params });
            Transformed::new_transformed(call, changed)
        }
        Expr::WindowFunction(call) => {
            let WindowFunction { fun, params } = *call;
            let (args, changed) = exact(fun.name(), params.args, schema);
            let params = WindowFunctionParams { args, ..params };
            let call = Expr::WindowFunction(Box::new(WindowFunction { fun, params }));
            Transformed::new_transformed(call, changed)
        }
        other => Transformed::no(other),
    })
}

fn exact(name: &str, mut args: Vec<Expr>, schema: &DFSchema) -> (Vec<Expr>, bool) {
    let [value] = args.as_mut_slice() else { return (args, false) };
    let digits = match value.get_type(schema) {
        Ok(DataType::Int64) if name == "sum" => 19,
        Ok(DataType::UInt64) if name == "sum" => 20,
        _ => return (args, false),
    };
    let plain = std::mem::take(value);
    *value = cast(plain, DataType::Decimal128(digits, 0));
    (args, true)
}
