//! Walking a part of a statement.

use std::convert::Infallible;
use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Query, Visit, VisitMut, Visitor, VisitorMut};

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

/// Whether `test` holds for `expr` or an expression below it, also inside its queries.
pub fn any(expr: &Expr, test: &dyn Fn(&Expr) -> bool) -> bool {
    struct Search<'a>(&'a dyn Fn(&Expr) -> bool);
    impl Visitor for Search<'_> {
        type Break = ();
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            if (self.0)(expr) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
    }
    Visit::visit(expr, &mut Search(test)).is_break()
}
