//! Bound values in the place of `$1`, `$2`, … in a statement that leaves.

use std::ops::ControlFlow;

use datafusion::arrow::array::Array;
use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::arrow::util::display::array_value_to_string;
use lakegate_base::{Error, Parameter, Result, Subject};
use sqlparser::ast::{Expr, Statement as Tree, Value, VisitMut, VisitorMut};

use crate::rewrite::{cast, in_sql};

/// Every parameter of the tree becomes its value, of its type.
pub fn put(tree: &mut Tree, values: &[Parameter]) -> Result<()> {
    let written = values.iter().map(literal).collect::<Result<Vec<_>>>()?;
    match VisitMut::visit(tree, &mut Put(&written)) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(name) => Err(Error::invalid(format!("parameter {name} has no value"))
            .about(Subject::Parameter)
            .hint("Bind a value to each parameter.")),
    }
}

pub fn has_any(tree: &Tree) -> bool {
    // The same walk over a copy: without values, it stops at the first.
    VisitMut::visit(&mut tree.clone(), &mut Put(&[])).is_break()
}

struct Put<'a>(&'a [Expr]);

impl VisitorMut for Put<'_> {
    type Break = String;

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<String> {
        let Expr::Value(value) = expr else { return ControlFlow::Continue(()) };
        let Value::Placeholder(name) = &value.value else { return ControlFlow::Continue(()) };
        let number = name.strip_prefix('$').and_then(|number| number.parse::<usize>().ok());
        match number.and_then(|number| self.0.get(number.checked_sub(1)?)) {
            Some(written) => {
                *expr = written.clone();
                ControlFlow::Continue(())
            }
            None => ControlFlow::Break(name.clone()),
        }
    }
}

fn literal(value: &Parameter) -> Result<Expr> {
    let data_type = value.data_type();
    let refused = || {
        Error::unsupported(format!("parameters of the type {data_type} in another engine"))
            .about(Subject::Parameter)
            .hint("Write the value into the statement.")
    };
    let named = in_sql(&Field::new("", data_type.clone(), true).into()).ok_or_else(refused)?;
    if value.is_null(0) {
        return Ok(cast(Expr::value(Value::Null), named));
    }
    let text = array_value_to_string(value, 0).map_err(|error| refused().source(error))?;
    let string = |text: String| Expr::value(Value::SingleQuotedString(text));
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Ok(string(text)),
        DataType::Boolean => Ok(Expr::value(Value::Boolean(text == "true"))),
        // Exact as they are written; a sign in parentheses cannot run into an operator.
        DataType::Decimal128(..) | DataType::Decimal256(..) => {
            Ok(Expr::Nested(Box::new(Expr::value(Value::Number(text, false)))))
        }
        number if number.is_numeric() => Ok(cast(string(text), named)),
        DataType::Date32 | DataType::Date64 => Ok(cast(string(text), named)),
        DataType::Timestamp(_, None) => Ok(cast(string(text.replace('T', " ")), named)),
        _ => Err(refused()),
    }
}
