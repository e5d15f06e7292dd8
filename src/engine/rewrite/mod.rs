//! From what Postgres accepts to what DataFusion plans, on the syntax tree, for every statement alike.
//!
//! First the names of the answer's columns, which Postgres gives by rules of its own and may repeat
//! ([`names`] undoes what made them unique). Then tables and functions: system relations get their
//! schema, functions lose the qualifier `pg_catalog`. Then expressions, innermost first: casts to types
//! that need a lookup become function calls, operators and array comparisons become their plain forms,
//! set-returning functions become `unnest`, scalar subqueries without aggregate get one that insists on
//! one row. Hidden columns come last, when the tables are known ([`show_hidden`]). No client is recognised
//! and no text is replaced.

mod build;
mod casts;
mod expressions;
mod hidden;
mod literals;
mod membership;
mod modifiers;
mod moments;
mod output;
mod parameters;
mod patterns;
mod recursion;
mod sort_keys;
mod subqueries;
mod table_functions;
mod tables;
mod visit;
mod words;

#[cfg(test)]
mod tests;

use std::ops::ControlFlow;
use std::sync::Arc;

use lakegate_base::{Error, Result};
use sqlparser::ast::{Expr, Query, Select, Statement, TableFactor, VisitMut, VisitorMut};

use crate::system::SessionFacts;

pub use build::{folded, folded_parts, last_part};
pub use casts::{Types, array_literal, cast, in_sql};
pub use hidden::{Relation, Shown, is_named as names_hidden, show as show_hidden};
pub use literals::Literals;
pub use output::{names, readable, unmarked};
pub use parameters::declare;
pub use words::Words;

/// Rewrites one statement in place. Once it is planned, [`readable`] puts the plan in its last form and
/// [`names`] tells the names of the answer's columns.
pub fn statement(statement: &mut Statement, _: &Arc<dyn SessionFacts>) -> Result<()> {
    if let Statement::Query(query) = statement {
        output::name_columns(query);
    }
    let names = tables::Names::new(statement);
    let mut rewriter = Rewriter { names };
    if let ControlFlow::Break(error) = VisitMut::visit(statement, &mut rewriter) {
        return Err(*error);
    }
    literals::type_integers(statement);
    Ok(())
}

struct Rewriter {
    names: tables::Names,
}

type Flow = ControlFlow<Box<Error>>;

fn flow(result: Result<()>) -> Flow {
    result.map_or_else(|error| Flow::Break(Box::new(error)), Flow::Continue)
}

impl VisitorMut for Rewriter {
    type Break = Box<Error>;

    fn pre_visit_query(&mut self, query: &mut Query) -> Flow {
        tables::unwrap_parentheses(query);
        tables::whole_table(query);
        tables::fetch_first(query);
        sort_keys::lift(query);
        for cte in query.with.iter_mut().flat_map(|with| &mut with.cte_tables) {
            output::name_inner_columns(&mut cte.query);
        }
        Flow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> Flow {
        tables::table_oids(select);
        Flow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> Flow {
        if let TableFactor::Derived { subquery, .. } = factor {
            output::name_inner_columns(subquery);
        }
        self.names.table_factor(factor);
        flow(tables::refuse_sample(factor))
    }

    fn post_visit_table_factor(&mut self, factor: &mut TableFactor) -> Flow {
        table_functions::type_series(factor);
        Flow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> Flow {
        expressions::before(expr);
        Flow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> Flow {
        flow(expressions::after(expr).and_then(|()| subqueries::rewrite(expr)))
    }

    fn post_visit_select(&mut self, select: &mut Select) -> Flow {
        expressions::set_returning(select);
        expressions::tell_unnested_apart(select);
        subqueries::exists_in_list(select);
        membership::in_list(select);
        membership::rewrite(select);
        Flow::Continue(())
    }
}
