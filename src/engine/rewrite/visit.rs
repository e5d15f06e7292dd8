//! Walking a part of a statement without the queries inside it.

use std::convert::Infallible;
use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Query, VisitMut, VisitorMut};

/// Calls `change` for every expression below `expr`, and for it, innermost first; not inside its queries:
/// what they say is theirs.
pub fn own_expressions(expr: &mut Expr, change: impl FnMut(&mut Expr)) {
    let ControlFlow::Continue(()) = VisitMut::visit(expr, &mut Own { change, depth: 0 });
}

struct Own<F> {
    change: F,
    /// How many queries inside we are in.
    depth: usize,
}

impl<F: FnMut(&mut Expr)> VisitorMut for Own<F> {
    type Break = Infallible;

    fn pre_visit_query(&mut self, _: &mut Query) -> ControlFlow<Infallible> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<Infallible> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Infallible> {
        if self.depth == 0 {
            (self.change)(expr);
        }
        ControlFlow::Continue(())
    }
}
