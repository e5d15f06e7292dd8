//! Parameters whose type the client declared: `$1` becomes a cast to it, so that planning knows.

use std::convert::Infallible;
use std::ops::ControlFlow;

use arrow::datatypes::FieldRef;
use sqlparser::ast::{DataType, Expr, Statement, Value, VisitMut, VisitorMut};

use super::casts::{cast, in_sql};
use super::output;

/// `declared` stands in the order of the numbers.
pub fn declare(statement: &mut Statement, declared: &[Option<FieldRef>]) {
    let types: Vec<Option<DataType>> =
        declared.iter().map(|field| field.as_ref().and_then(in_sql)).collect();
    if types.iter().any(Option::is_some) {
        // Their casts name no column.
        if let Statement::Query(query) = statement {
            output::name_columns(query);
        }
        let ControlFlow::Continue(()) = VisitMut::visit(statement, &mut Declare(&types));
    }
}

struct Declare<'a>(&'a [Option<DataType>]);

impl VisitorMut for Declare<'_> {
    type Break = Infallible;

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Infallible> {
        let Expr::Value(value) = expr else { return ControlFlow::Continue(()) };
        if let Value::Placeholder(name) = &value.value
            && let Some(number) = name.strip_prefix('$').and_then(|n| n.parse::<usize>().ok())
            && let Some(Some(data_type)) = number.checked_sub(1).and_then(|at| self.0.get(at))
        {
            *expr = cast(expr.clone(), data_type.clone());
        }
        ControlFlow::Continue(())
    }
}
