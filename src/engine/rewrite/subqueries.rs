//! Scalar subqueries that look outside themselves. DataFusion turns one into a join when it is an
//! aggregate and its outside references are equalities in WHERE. Postgres asks neither, so:
//!
//! - the one column becomes `single_value(column)`, which fails on a second row as Postgres does;
//! - a condition on outside columns alone moves out: `CASE WHEN condition THEN (subquery) END`;
//! - an outside column that WHERE says equals an inner one is replaced by it elsewhere;
//! - what is left of outside columns in the result is computed outside, from one subquery per inner
//!   column.
//!
//! `ARRAY(SELECT …)` becomes `array_agg`, NULL turned into the empty array.

use std::collections::HashSet;
use std::ops::ControlFlow;

use lakegate_base::{Error, Result};
use sqlparser::ast::helpers::attached_token::AttachedToken;
use sqlparser::ast::{
    BinaryOperator, CaseWhen, Distinct, Expr, FunctionArgumentClause, FunctionArguments,
    GroupByExpr, OrderByKind, Query, Select, SelectItem, SetExpr, TableFactor, Visit, VisitMut,
    Visitor, VisitorMut,
};

use super::visit::{any, own_expressions};
use super::{build, recursion};
use crate::functions::{EMPTY_ARRAY, ONLY_VALUE, SINGLE_VALUE};

const AGGREGATES: [&str; 14] = [
    "count",
    "sum",
    "min",
    "max",
    "avg",
    "array_agg",
    "string_agg",
    "bool_and",
    "bool_or",
    "json_agg",
    "first_value",
    "last_value",
    "any_value",
    SINGLE_VALUE,
];

pub fn rewrite(expr: &mut Expr) -> Result<()> {
    match expr {
        Expr::Function(call) => {
            if let FunctionArguments::Subquery(query) = &mut call.args
                && build::last_part(&call.name) == "array"
            {
                let query =
                    std::mem::replace(query.as_mut(), build::select(build::number(1), None));
                *expr = array(query)?;
            }
        }
        Expr::Subquery(query) => {
            recursion::lift(query);
            if let Some(rewritten) = scalar(query) {
                *expr = rewritten;
            }
        }
        _ => {}
    }
    Ok(())
}

/// DataFusion plans EXISTS in conditions only. In a select list it is a count.
pub fn exists_in_list(select: &mut Select) {
    for item in &mut select.projection {
        if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = item {
            own_expressions(expr, count_existing);
        }
    }
}

fn count_existing(expr: &mut Expr) {
    if let Expr::Exists { subquery, negated } = expr
        && let Some(mut query) = countable(subquery)
        && let Some(select) = build::select_of(&mut query)
    {
        let count = build::call("count", vec![build::number(1)]);
        let op = if *negated { BinaryOperator::Eq } else { BinaryOperator::Gt };
        let none = Box::new(build::number(0));
        let value = Expr::BinaryOp { left: Box::new(count), op, right: none };
        select.projection = vec![SelectItem::UnnamedExpr(value)];
        *expr = Expr::Subquery(Box::new(query));
    }
}

/// A query whose rows can be counted by changing its select list alone.
fn countable(query: &Query) -> Option<Query> {
    let mut query = query.clone();
    query.order_by = None;
    if query.limit_clause.is_some() || query.fetch.is_some() {
        return None;
    }
    let select = build::select_of(&mut query)?;
    let aggregated = select.projection.iter().any(|item| match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
            has_aggregate(expr)
        }
        _ => false,
    });
    let plain = select.distinct.is_none() && !is_grouped(select) && !aggregated;
    plain.then_some(query)
}

/// The whole query as one list.
pub fn array(mut query: Query) -> Result<Expr> {
    let order = query.order_by.take();
    let unsupported = || Error::unsupported("ARRAY(…) of this form of query");
    if query.with.is_some() || query.limit_clause.is_some() {
        return Err(unsupported());
    }
    let select = build::select_of(&mut query).ok_or_else(unsupported)?;
    let [SelectItem::UnnamedExpr(value) | SelectItem::ExprWithAlias { expr: value, .. }] =
        select.projection.as_slice()
    else {
        return Err(unsupported());
    };
    if select.distinct.is_some() || is_grouped(select) || has_aggregate(value) {
        return Err(unsupported());
    }
    let value = value.clone();
    if let Some(list) = over_unnest(select, &value) {
        return Ok(build::call(EMPTY_ARRAY, vec![list]));
    }
    let mut call = build::function("array_agg", vec![value.clone()]);
    if let Some(order) = order
        && let OrderByKind::Expressions(mut keys) = order.kind
        && let FunctionArguments::List(list) = &mut call.args
    {
        for key in &mut keys {
            // `ORDER BY 1` is the column itself.
            if key.expr == build::number(1) {
                key.expr = value.clone();
            }
        }
        list.clauses.push(FunctionArgumentClause::OrderBy(keys));
    }
    select.projection = vec![SelectItem::UnnamedExpr(Expr::Function(call))];
    Ok(build::call(EMPTY_ARRAY, vec![Expr::Subquery(Box::new(query))]))
}

/// `SELECT f(x) FROM unnest(list) x` maps `f` over the list: a lambda, no subquery.
fn over_unnest(select: &Select, value: &Expr) -> Option<Expr> {
    use sqlparser::ast::{
        LambdaFunction, LambdaFunctionParameter, LambdaSyntax, OneOrManyWithParens,
    };
    let [from] = select.from.as_slice() else { return None };
    if select.selection.is_some() || !from.joins.is_empty() {
        return None;
    }
    let (list, name) = match &from.relation {
        TableFactor::UNNEST { array_exprs, alias: Some(alias), .. } => {
            let [list] = array_exprs.as_slice() else { return None };
            (list.clone(), alias.name.clone())
        }
        TableFactor::Derived { subquery, alias: Some(alias), .. } => {
            let SetExpr::Select(inner) = subquery.body.as_ref() else { return None };
            let [SelectItem::ExprWithAlias { expr: Expr::Function(call), alias: column }] =
                inner.projection.as_slice()
            else {
                return None;
            };
            if build::last_part(&call.name) != "unnest" || !inner.from.is_empty() {
                return None;
            }
            let list = build::plain_arguments(&call.args)?.pop()?;
            (list, if alias.columns.is_empty() { column.clone() } else { alias.name.clone() })
        }
        _ => return None,
    };
    let parameter = LambdaFunctionParameter { name, data_type: None };
    let lambda = Expr::Lambda(LambdaFunction {
        params: OneOrManyWithParens::One(parameter),
        body: Box::new(value.clone()),
        syntax: LambdaSyntax::Arrow,
    });
    Some(build::call("array_transform", vec![list, lambda]))
}

/// The rewritten form of a correlated subquery without aggregate; none when it may stay as it is.
fn scalar(query: &mut Query) -> Option<Expr> {
    if query.with.is_some() || query.limit_clause.is_some() || query.fetch.is_some() {
        return None;
    }
    let mut whole = query.clone();
    let select = build::select_of(query)?;
    let inner = inner_names(select)?;
    let [SelectItem::UnnamedExpr(value) | SelectItem::ExprWithAlias { expr: value, .. }] =
        select.projection.as_slice()
    else {
        return None;
    };
    let distinct = matches!(select.distinct, Some(Distinct::Distinct | Distinct::On(_)));
    if distinct || is_grouped(select) || !is_correlated(select, value, &inner) {
        return None;
    }
    let mut value = value.clone();
    let aggregated = has_aggregate(&value);
    let (guards, mut conditions) = split(select.selection.take(), &inner);
    substitute(&mut value, &mut conditions, &inner);

    let select = build::select_of(&mut whole)?;
    select.selection = conditions.into_iter().reduce(and);
    whole.order_by = None;
    let single = |value: Expr| -> Expr {
        let mut query = whole.clone();
        if let Some(select) = build::select_of(&mut query) {
            let value = if aggregated { value } else { build::call(SINGLE_VALUE, vec![value]) };
            select.projection = vec![SelectItem::UnnamedExpr(value)];
        }
        let subquery = Expr::Subquery(Box::new(query));
        if aggregated { subquery } else { build::call(ONLY_VALUE, vec![subquery]) }
    };
    // An aggregate over nothing has a value (count is 0), so a condition of it cannot move out.
    if aggregated && !guards.is_empty() {
        return None;
    }
    if !has_outer(&value, &inner) {
        return Some(guarded(guards, single(value)));
    }
    if aggregated {
        return None;
    }
    let exists = Expr::IsTrue(Box::new(single(build::boolean(true))));
    let mut outside = Outside { inner: &inner, single: &single };
    let ControlFlow::Continue(()) = VisitMut::visit(&mut value, &mut outside);
    Some(guarded(guards.into_iter().chain([exists]).collect(), value))
}

fn guarded(guards: Vec<Expr>, result: Expr) -> Expr {
    let Some(condition) = guards.into_iter().reduce(and) else { return result };
    Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions: vec![CaseWhen { condition, result }],
        else_result: None,
    }
}

pub fn and(left: Expr, right: Expr) -> Expr {
    Expr::BinaryOp { left: Box::new(left), op: BinaryOperator::And, right: Box::new(right) }
}

/// Conditions on outside columns alone, and the others.
fn split(condition: Option<Expr>, inner: &HashSet<String>) -> (Vec<Expr>, Vec<Expr>) {
    let mut list = Vec::new();
    conjuncts(condition, &mut list);
    list.into_iter().partition(|c| has_outer(c, inner) && !has_inner(c, inner))
}

pub fn conjuncts(condition: Option<Expr>, list: &mut Vec<Expr>) {
    match condition {
        None => {}
        Some(Expr::Nested(inner)) => conjuncts(Some(*inner), list),
        Some(Expr::BinaryOp { left, op: BinaryOperator::And, right }) => {
            conjuncts(Some(*left), list);
            conjuncts(Some(*right), list);
        }
        Some(other) => list.push(other),
    }
}

/// Replaces outside columns that an equality ties to an inner column, everywhere but in it.
fn substitute(value: &mut Expr, conditions: &mut [Expr], inner: &HashSet<String>) {
    let mut pairs: Vec<(Expr, Expr, usize)> = Vec::new();
    for (index, condition) in conditions.iter().enumerate() {
        if let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = condition {
            for (a, b) in [(left, right), (right, left)] {
                if is_outer_column(a, inner) && matches!(b.as_ref(), Expr::CompoundIdentifier(_)) {
                    pairs.push((a.as_ref().clone(), b.as_ref().clone(), index));
                }
            }
        }
    }
    pairs.retain(|(_, to, _)| !has_outer(to, inner));
    for (from, to, source) in pairs {
        let mut swap = Swap { from, to };
        for (index, condition) in conditions.iter_mut().enumerate() {
            let is_equality = matches!(condition, Expr::BinaryOp { op: BinaryOperator::Eq, .. });
            if index != source && !is_equality {
                let ControlFlow::Continue(()) = VisitMut::visit(condition, &mut swap);
            }
        }
        let ControlFlow::Continue(()) = VisitMut::visit(value, &mut swap);
    }
}

struct Swap {
    from: Expr,
    to: Expr,
}

impl VisitorMut for Swap {
    type Break = std::convert::Infallible;

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Self::Break> {
        if *expr == self.from {
            *expr = self.to.clone();
        }
        ControlFlow::Continue(())
    }
}

/// Replaces every inner column by a subquery of its own.
struct Outside<'a> {
    inner: &'a HashSet<String>,
    single: &'a dyn Fn(Expr) -> Expr,
}

impl VisitorMut for Outside<'_> {
    type Break = std::convert::Infallible;

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Self::Break> {
        let is_column = matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_));
        if is_column && !is_outer_column(expr, self.inner) {
            *expr = (self.single)(expr.clone());
        }
        ControlFlow::Continue(())
    }
}

/// The names by which the subquery's own tables are called; none when one cannot be known.
pub fn inner_names(select: &Select) -> Option<HashSet<String>> {
    let mut names = HashSet::new();
    for table in &select.from {
        let factors =
            std::iter::once(&table.relation).chain(table.joins.iter().map(|j| &j.relation));
        for factor in factors {
            let (alias, name) = match factor {
                TableFactor::Table { name, alias, .. } => (alias, Some(build::last_part(name))),
                TableFactor::Derived { alias, .. } | TableFactor::UNNEST { alias, .. } => {
                    (alias, None)
                }
                _ => return None,
            };
            names.insert(alias.as_ref().map(|a| build::folded(&a.name)).or(name)?);
        }
    }
    Some(names)
}

fn is_grouped(select: &Select) -> bool {
    let grouped = match &select.group_by {
        GroupByExpr::Expressions(list, modifiers) => !list.is_empty() || !modifiers.is_empty(),
        GroupByExpr::All(_) => true,
    };
    grouped || select.having.is_some()
}

fn is_correlated(select: &Select, value: &Expr, inner: &HashSet<String>) -> bool {
    select.selection.as_ref().is_some_and(|s| has_outer(s, inner)) || has_outer(value, inner)
}

/// A column with a qualifier that is not one of ours. Unqualified columns are taken for inner ones, as
/// SQL looks there first.
pub fn is_outer_column(expr: &Expr, inner: &HashSet<String>) -> bool {
    let Expr::CompoundIdentifier(parts) = expr else { return false };
    let qualifier = parts.len().checked_sub(2).and_then(|i| parts.get(i));
    qualifier.is_some_and(|q| !inner.contains(&build::folded(q)))
}

pub fn has_outer(expr: &Expr, inner: &HashSet<String>) -> bool {
    any(expr, &|e| is_outer_column(e, inner))
}

fn has_inner(expr: &Expr, inner: &HashSet<String>) -> bool {
    any(expr, &|e| {
        let is_column = matches!(e, Expr::Identifier(_) | Expr::CompoundIdentifier(_));
        let is_subquery =
            matches!(e, Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. });
        is_subquery || (is_column && !is_outer_column(e, inner))
    })
}

/// An aggregate of this query, not of one inside it.
fn has_aggregate(expr: &Expr) -> bool {
    struct Search(usize);
    impl Visitor for Search {
        type Break = ();
        fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
            self.0 += 1;
            ControlFlow::Continue(())
        }
        fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
            self.0 -= 1;
            ControlFlow::Continue(())
        }
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            let is_aggregate = |name: String| AGGREGATES.contains(&name.as_str());
            match expr {
                Expr::Function(call) if self.0 == 0 && call.over.is_none() => {
                    match is_aggregate(build::last_part(&call.name)) {
                        true => ControlFlow::Break(()),
                        false => ControlFlow::Continue(()),
                    }
                }
                _ => ControlFlow::Continue(()),
            }
        }
    }
    Visit::visit(expr, &mut Search(0)).is_break()
}
