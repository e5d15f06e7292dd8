//! The names that a statement gives to its own outputs, which are columns to what is around them.

use std::ops::ControlFlow;

use sqlparser::ast::*;

use super::build::{folded, plain_name};

/// What a statement's own names stand for, in the order of reading.
pub struct Names(pub Vec<(String, Option<Expr>)>);

impl Visitor for Names {
    type Break = ();

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        for item in &select.projection {
            match item {
                // A column that keeps its name says nothing new.
                SelectItem::ExprWithAlias { expr: Expr::Identifier(name), alias }
                    if folded(name) == folded(alias) => {}
                SelectItem::ExprWithAlias { expr, alias } => {
                    self.0.push((folded(alias), Some(expr.clone())));
                }
                SelectItem::UnnamedExpr(expr @ Expr::Function(function)) => {
                    let name = plain_name(&function.name).unwrap_or_default();
                    self.0.push((name, Some(expr.clone())));
                }
                _ => {}
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            self.columns(&cte.alias);
        }
        if let SetExpr::SetOperation { .. } = &*query.body {
            self.united(&query.body);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, table: &TableFactor) -> ControlFlow<()> {
        match table {
            TableFactor::Table { alias: Some(alias), .. }
            | TableFactor::Derived { alias: Some(alias), .. } => self.columns(alias),
            TableFactor::UNNEST { alias: Some(alias), array_exprs, with_ordinality, .. } => {
                self.columns(alias);
                self.unnested(alias, array_exprs, *with_ordinality);
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

impl Names {
    fn columns(&mut self, alias: &TableAlias) {
        self.0.extend(alias.columns.iter().map(|column| (folded(&column.name), None)));
    }

    /// A column of a union has the first one's name, and a kind that all of its columns go into.
    fn united(&mut self, body: &SetExpr) {
        let mut parts = Vec::new();
        leaves(body, &mut parts);
        let Some((first, rest)) = parts.split_first() else { return };
        let is_wild = |part: &[Option<(String, Expr)>]| part.iter().any(Option::is_none);
        for part in rest {
            for (at, output) in first.iter().enumerate() {
                let Some((name, _)) = output else { continue };
                let aligned = !is_wild(first) && !is_wild(part);
                let other = part.get(at).filter(|_| aligned).cloned().flatten();
                let same =
                    |expr: &Expr| matches!(expr, Expr::Identifier(id) if folded(id) == *name);
                if !other.as_ref().is_some_and(|(_, expr)| same(expr)) {
                    self.0.push((name.clone(), other.map(|(_, expr)| expr)));
                }
            }
        }
    }

    /// Its columns have no kinds that are known, nor has its name alone, which may be its column's.
    fn unnested(&mut self, alias: &TableAlias, _: &[Expr], _: bool) {
        if alias.columns.is_empty() {
            self.0.push((folded(&alias.name), None));
        }
    }
}

/// The outputs of each select of a union, with their names; None for a wildcard.
fn leaves(body: &SetExpr, found: &mut Vec<Vec<Option<(String, Expr)>>>) {
    let named = |expr: &Expr| match expr {
        Expr::Identifier(name) => folded(name),
        Expr::CompoundIdentifier(parts) => parts.last().map(folded).unwrap_or_default(),
        _ => String::new(),
    };
    match body {
        SetExpr::SetOperation { left, right, .. } => {
            leaves(left, found);
            leaves(right, found);
        }
        SetExpr::Query(query) => leaves(&query.body, found),
        SetExpr::Select(select) => found.push(
            select
                .projection
                .iter()
                .map(|item| match item {
                    SelectItem::ExprWithAlias { expr, alias } => {
                        Some((folded(alias), expr.clone()))
                    }
                    SelectItem::UnnamedExpr(expr) => Some((named(expr), expr.clone())),
                    _ => None,
                })
                .collect(),
        ),
        SetExpr::Values(values) => {
            let outputs = |row: &Parens<Vec<Expr>>| {
                row.content.iter().map(|expr| Some((String::new(), expr.clone()))).collect()
            };
            found.extend(values.rows.iter().map(outputs));
        }
        _ => {}
    }
}
