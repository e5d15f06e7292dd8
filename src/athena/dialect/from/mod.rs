//! From Athena's SQL to ours.

mod aggregates;
mod arrays;
mod expressions;
mod functions;
mod json;
mod moments;
mod read;

use lakegate_base::{Result, Subject};
use sqlparser::ast::*;

use super::build::{folded, literal_integer};
use super::kinds::{Columns, Kinds, Speech};
use super::walk::{Pass, Walk, check_depth, refused};

/// The tree that Lakegate is to run. `columns` has all columns of the tables that the statement names.
///
/// # Errors
///
/// Syntax errors; unsupported, by name, what Lakegate has not with exactly that meaning.
pub fn from_athena(text: &str, columns: &Columns) -> Result<Statement> {
    let mut tree = read::read(text)?;
    check_depth(&tree)?;
    let mut pass = FromAthena { kinds: Kinds::new(columns, Speech::Athena, &tree) };
    Walk::default().statement(&mut pass, &mut tree)?;
    Ok(tree)
}

struct FromAthena {
    kinds: Kinds,
}

impl Pass for FromAthena {
    fn expr(&mut self, walk: &mut Walk, expr: &mut Expr) -> Result<()> {
        expressions::rewrite(self, walk, expr)
    }

    /// Athena's names have no case.
    fn ident(&mut self, ident: &mut Ident) -> Result<()> {
        write_name(ident);
        Ok(())
    }

    fn query(&mut self, query: &mut Query) -> Result<()> {
        if query.fetch.as_ref().is_some_and(|fetch| fetch.with_ties || fetch.percent) {
            return Err(refused("FETCH … WITH TIES", "Number the rows with rank() in a subquery."));
        }
        sorted_by_outputs(query)?;
        match &query.limit_clause {
            None => Ok(()),
            Some(LimitClause::LimitOffset { limit, offset, limit_by }) if limit_by.is_empty() => {
                let counts = limit.iter().chain(offset.iter().map(|offset| &offset.value));
                match counts.into_iter().all(|count| literal_integer(count).is_some()) {
                    true => Ok(()),
                    false => {
                        Err(refused("LIMIT or OFFSET by an expression", "Write a whole number."))
                    }
                }
            }
            Some(_) => Err(refused("this form of LIMIT", "Write OFFSET m LIMIT n.")),
        }
    }

    /// Names of outputs cannot be grouped by in Athena: a name there is an input's, and here, too, comes
    /// first.
    fn select(&mut self, _: &mut Select) -> Result<()> {
        Ok(())
    }

    fn selected(&mut self, _: &mut Select) -> Result<()> {
        Ok(())
    }

    fn table(&mut self, table: &mut TableFactor) -> Result<()> {
        match table {
            TableFactor::Table { name, sample, .. } => {
                if sample.is_some() {
                    return Err(refused("TABLESAMPLE", "Filter by a hash, or by LIMIT."));
                }
                catalog(name)
            }
            TableFactor::Derived { sample: Some(_), .. } => {
                Err(refused("TABLESAMPLE", "Filter by a hash, or by LIMIT."))
            }
            TableFactor::UNNEST { array_exprs, alias, with_ordinality, .. } => {
                // A map or rows would have more columns.
                let names = if *with_ordinality { 2 } else { 1 };
                let named = alias.as_ref().is_some_and(|alias| alias.columns.len() == names);
                match array_exprs.len() == 1 && named {
                    true => Ok(()),
                    false => Err(refused(
                        "UNNEST of several arrays, of maps or rows, or without names of columns",
                        "Write one array and its column: UNNEST(a) AS t (x).",
                    )),
                }
            }
            _ => Ok(()),
        }
    }

    /// Athena puts NULLs last in either direction.
    fn sort_key(&mut self, key: &mut OrderByExpr) -> Result<()> {
        if key.options.asc == Some(false) && key.options.nulls_first.is_none() {
            key.options.nulls_first = Some(false);
        }
        Ok(())
    }
}

fn write_name(ident: &mut Ident) {
    ident.value = ident.value.to_lowercase();
}

/// `awsdatacatalog.sales.orders` is `sales.orders`.
fn catalog(name: &mut ObjectName) -> Result<()> {
    let parts: Vec<String> = name.0.iter().filter_map(|part| part.as_ident().map(folded)).collect();
    if parts.len() == 3 {
        if !parts[0].eq_ignore_ascii_case("awsdatacatalog") {
            let error = refused(format!("the catalog {}", parts[0]), "Write DATABASE.TABLE.");
            return Err(error.about(Subject::Table));
        }
        name.0.remove(0);
    }
    let schema = parts.iter().rev().nth(1);
    if schema.is_some_and(|schema| schema == "information_schema") {
        let error = refused(
            "Athena's information_schema",
            "Ask for Lakegate's own in a statement of its own.",
        );
        return Err(error.about(Subject::Table));
    }
    for part in &mut name.0 {
        if let ObjectNamePart::Identifier(ident) = part {
            write_name(ident);
        }
    }
    Ok(())
}

/// Athena reads names in ORDER BY as those of outputs first, in expressions, too.
fn sorted_by_outputs(query: &Query) -> Result<()> {
    let SetExpr::Select(select) = &*query.body else { return Ok(()) };
    let Some(OrderBy { kind: OrderByKind::Expressions(keys), .. }) = &query.order_by else {
        return Ok(());
    };
    let aliases = select.projection.iter().filter_map(|item| match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(folded(alias)),
        _ => None,
    });
    let aliases: Vec<String> = aliases.collect();
    for key in keys.iter().filter(|key| !matches!(key.expr, Expr::Identifier(_))) {
        let found = visit_expressions(&key.expr, |expr| match expr {
            Expr::Identifier(ident) if aliases.contains(&folded(ident)) => {
                std::ops::ControlFlow::Break(())
            }
            _ => std::ops::ControlFlow::Continue(()),
        });
        if found.is_break() {
            return Err(refused(
                format!("ORDER BY {}, an expression of an output's name", key.expr),
                "Select the expression, and sort by its number: ORDER BY 2.",
            ));
        }
    }
    Ok(())
}
