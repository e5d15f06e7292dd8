//! `ORDER BY CASE WHEN x IN (SELECT …) …`: DataFusion plans subqueries in a select list, not in ORDER BY. So
//! the key becomes a column of the query, which a query around it sorts by and leaves out. So does `t.id`
//! beside an output of that name that is something else.

use std::ops::ControlFlow;

use sqlparser::ast::{
    ExcludeSelectItem, Expr, ObjectName, OrderByKind, Query, Select, SelectItem, SetExpr,
    TableAlias, TableFactor, TableWithJoins, Value, Visit, Visitor, WildcardAdditionalOptions,
};

use super::build;
use super::tables::table_alias;

/// Begins the names of the columns; no tool writes it.
const KEY: &str = "\u{2}sort";
const SORTED: &str = "\u{2}sorted";

pub fn lift(query: &mut Query) {
    let Some(order) = &mut query.order_by else { return };
    let OrderByKind::Expressions(keys) = &mut order.kind else { return };
    let SetExpr::Select(select) = query.body.as_mut() else { return };
    if !keys.iter().any(|key| has_subquery(&key.expr) || is_shadowed(&key.expr, select)) {
        return;
    }
    if select.distinct.is_some() {
        return;
    }
    let outputs: Vec<String> = select.projection.iter().filter_map(output_name).collect();
    let mut lifted = Vec::new();
    for key in keys {
        if is_output(&key.expr, &outputs) {
            continue;
        }
        let name = build::ident(&format!("{KEY}{}", lifted.len()));
        let expr = std::mem::replace(&mut key.expr, Expr::Identifier(name.clone()));
        select.projection.push(SelectItem::ExprWithAlias { expr, alias: name.clone() });
        lifted.push(ObjectName::from(vec![name]));
    }
    around(query, lifted);
}

pub fn has_subquery(expr: &Expr) -> bool {
    struct Search;
    impl Visitor for Search {
        type Break = ();
        fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
            ControlFlow::Break(())
        }
    }
    Visit::visit(expr, &mut Search).is_break()
}

/// `t.id` where the select list has another `id`.
fn is_shadowed(key: &Expr, select: &Select) -> bool {
    let Expr::CompoundIdentifier(parts) = key else { return false };
    let Some(name) = parts.last().map(build::folded) else { return false };
    select.projection.iter().any(|item| match item {
        SelectItem::ExprWithAlias { expr, alias } => build::folded(alias) == name && expr != key,
        _ => false,
    })
}

fn output_name(item: &SelectItem) -> Option<String> {
    match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(build::folded(alias)),
        SelectItem::UnnamedExpr(Expr::Identifier(name)) => Some(build::folded(name)),
        SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => parts.last().map(build::folded),
        _ => None,
    }
}

/// A place in the select list, or the name of one of its columns.
fn is_output(key: &Expr, outputs: &[String]) -> bool {
    match key {
        Expr::Value(value) => matches!(value.value, Value::Number(..)),
        Expr::Identifier(name) => outputs.contains(&build::folded(name)),
        _ => false,
    }
}

/// `SELECT * EXCLUDE (lifted) FROM (query) ORDER BY …`
fn around(query: &mut Query, lifted: Vec<ObjectName>) {
    let mut outer = build::select(build::number(1), None);
    outer.order_by = query.order_by.take();
    outer.limit_clause = query.limit_clause.take();
    outer.fetch = query.fetch.take();
    let inner = std::mem::replace(query, outer);
    let Some(select) = build::select_of(query) else { return };
    let exclude = Some(ExcludeSelectItem::Multiple(lifted));
    let options = WildcardAdditionalOptions { opt_exclude: exclude, ..Default::default() };
    select.projection = vec![SelectItem::Wildcard(options)];
    let alias: TableAlias = table_alias(build::ident(SORTED));
    let relation = TableFactor::Derived {
        lateral: false,
        subquery: Box::new(inner),
        alias: Some(alias),
        sample: None,
    };
    select.from = vec![TableWithJoins { relation, joins: vec![] }];
}
