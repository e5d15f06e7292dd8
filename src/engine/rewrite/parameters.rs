//! Parameters whose type the client declared: `$1` becomes a cast to it, so that planning knows.

use std::convert::Infallible;
use std::ops::ControlFlow;

use arrow::datatypes::FieldRef;
use sqlparser::ast::{DataType, Expr, Statement, Value, VisitMut, VisitorMut};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

use super::casts::{cast, is_known};
use super::output;
use crate::system::types;

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

/// The type of a field, as SQL names it; none where a cast to it means nothing.
pub fn in_sql(field: &FieldRef) -> Option<DataType> {
    let known = types::of_column(types::named_by(field), field.data_type());
    let name = types::format(known.oid, -1);
    let parsed = Parser::new(&PostgreSqlDialect {}).try_with_sql(&name).ok()?.parse_data_type();
    parsed.ok().filter(is_known)
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
