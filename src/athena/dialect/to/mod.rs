//! From our SQL to Athena's.

mod arrays;
mod expressions;
mod functions;
mod json;
mod masks;
mod moments;
mod numbers;
mod tables;
mod texts;

use lakegate_base::{Result, Subject};
use sqlparser::ast::*;

use super::build::{binary, call, folded, literal_integer, number, take};
use super::kinds::{Columns, Kinds, Speech};
use super::names;
use super::walk::{Pass, Walk, check_depth, refused};

/// Athena's limit (https://docs.aws.amazon.com/athena/latest/ug/service-limits.html).
const TEXT_BYTES_MAX: usize = 262_144;

/// The text that Athena is to run. `lake` is the catalog's name, which Athena does not know; `columns` has
/// all columns of the tables that the statement names.
///
/// # Errors
///
/// Unsupported, by name, when Athena has nothing that means exactly the same.
pub fn to_athena(tree: &Statement, lake: &str, columns: &Columns) -> Result<String> {
    check_depth(tree)?;
    let kinds = Kinds::new(columns, Speech::Local, tree);
    let mut tree = tree.clone();
    let mut pass = ToAthena { kinds, lake: lake.to_string() };
    Walk::default().statement(&mut pass, &mut tree)?;
    let text = tree.to_string();
    match text.len() > TEXT_BYTES_MAX {
        true => Err(refused(
            format!("a statement of {} bytes for Athena", text.len()),
            "Athena takes 262144: write shorter lists, or join a table of the values.",
        )),
        false => Ok(text),
    }
}

struct ToAthena {
    kinds: Kinds,
    lake: String,
}

impl Pass for ToAthena {
    fn expr(&mut self, walk: &mut Walk, expr: &mut Expr) -> Result<()> {
        expressions::rewrite(self, walk, expr)
    }

    fn ident(&mut self, ident: &mut Ident) -> Result<()> {
        names::write(ident);
        Ok(())
    }

    fn query(&mut self, query: &mut Query) -> Result<()> {
        if let Some(with) = &mut query.with {
            with_clause(with)?;
        }
        sorted_by_outputs(query)?;
        limits(query)
    }

    fn select(&mut self, select: &mut Select) -> Result<()> {
        self.group_by_outputs(select)
    }

    fn selected(&mut self, select: &mut Select) -> Result<()> {
        tables::cross_joins(select);
        Ok(())
    }

    fn table(&mut self, table: &mut TableFactor) -> Result<()> {
        tables::rewrite(self, table)
    }

    /// Descending, Postgres puts NULLs first and Athena last.
    fn sort_key(&mut self, key: &mut OrderByExpr) -> Result<()> {
        if key.options.asc == Some(false) && key.options.nulls_first.is_none() {
            key.options.nulls_first = Some(true);
        }
        Ok(())
    }
}

fn with_clause(with: &mut With) -> Result<()> {
    for cte in &mut with.cte_tables {
        cte.materialized = None;
        if with.recursive && cte.alias.columns.is_empty() {
            return Err(refused(
                "WITH RECURSIVE without names of columns",
                "Name them: WITH RECURSIVE t (a, b) AS (…).",
            ));
        }
    }
    Ok(())
}

/// Athena takes OFFSET before LIMIT. The tree has no place for that, but any operator.
fn limits(query: &mut Query) -> Result<()> {
    let fetched = query.fetch.take().map(fetched).transpose()?;
    let (limit, offset) = match query.limit_clause.take() {
        None => (None, None),
        Some(LimitClause::LimitOffset { limit, offset, limit_by }) if limit_by.is_empty() => {
            (limit, offset.map(|offset| offset.value))
        }
        Some(_) => return Err(refused("this form of LIMIT", "Write LIMIT n OFFSET m.")),
    };
    let limit = limit.or(fetched).filter(|limit| !is_null(limit));
    let offset = offset.filter(|offset| !is_null(offset));
    for count in limit.iter().chain(&offset) {
        if literal_integer(count).is_none_or(|count| count < 0) {
            return Err(refused(format!("LIMIT or OFFSET {count}"), "Write a whole number."));
        }
    }
    let (limit, offset) = match (limit, offset) {
        (Some(limit), Some(offset)) => {
            (None, Some(binary(offset, BinaryOperator::Custom("LIMIT".to_string()), limit)))
        }
        either => either,
    };
    let offset = offset.map(|value| Offset { value, rows: OffsetRows::None });
    if limit.is_some() || offset.is_some() {
        query.limit_clause = Some(LimitClause::LimitOffset { limit, offset, limit_by: Vec::new() });
    }
    Ok(())
}

fn is_null(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(ValueWithSpan { value: Value::Null, .. }))
}

fn fetched(fetch: Fetch) -> Result<Expr> {
    match fetch {
        Fetch { with_ties: false, percent: false, quantity } => {
            Ok(quantity.unwrap_or_else(|| number(1)))
        }
        _ => Err(refused("FETCH … WITH TIES", "Number the rows with rank() in a subquery.")),
    }
}

/// In an expression, Postgres reads names as those of input columns, Athena as those of outputs first.
fn sorted_by_outputs(query: &Query) -> Result<()> {
    let SetExpr::Select(select) = &*query.body else { return Ok(()) };
    let Some(OrderBy { kind: OrderByKind::Expressions(keys), .. }) = &query.order_by else {
        return Ok(());
    };
    for key in keys.iter().filter(|key| !matches!(key.expr, Expr::Identifier(_))) {
        for (expr, alias) in aliased(select) {
            let is_itself = matches!(expr, Expr::Identifier(name) if folded(name) == folded(alias));
            if !is_itself && mentions(&key.expr, &folded(alias)) {
                return Err(refused(
                    format!("ORDER BY an expression of {alias}, which names an output"),
                    "Select the expression, and sort by its number: ORDER BY 2.",
                ));
            }
        }
    }
    Ok(())
}

fn aliased(select: &Select) -> impl Iterator<Item = (&Expr, &Ident)> {
    select.projection.iter().filter_map(|item| match item {
        SelectItem::ExprWithAlias { expr, alias } => Some((expr, alias)),
        _ => None,
    })
}

/// Whether an unqualified column of that name stands in an expression.
fn mentions(expr: &Expr, name: &str) -> bool {
    let found = visit_expressions(expr, |expr| match expr {
        Expr::Identifier(ident) if folded(ident) == name => std::ops::ControlFlow::Break(()),
        _ => std::ops::ControlFlow::Continue(()),
    });
    found.is_break()
}

impl ToAthena {
    /// `GROUP BY month` may mean an output, which Athena takes by its number only. An input column of that
    /// name comes first, in both.
    fn group_by_outputs(&self, select: &mut Select) -> Result<()> {
        let outputs: Vec<(String, Expr, usize)> = numbered(&select.projection);
        let wild = select.projection.iter().position(|item| {
            matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..))
        });
        let GroupByExpr::Expressions(exprs, _) = &mut select.group_by else { return Ok(()) };
        for expr in exprs {
            let Expr::Identifier(ident) = &*expr else { continue };
            let name = folded(ident);
            let Some((_, output, at)) = outputs.iter().find(|(alias, ..)| *alias == name) else {
                continue;
            };
            if matches!(output, Expr::Identifier(input) if folded(input) == name)
                || mentions(output, &name)
            {
                continue;
            }
            if !self.kinds.is_only_output(&name) || wild.is_some_and(|wild| wild < *at) {
                return Err(refused(
                    format!("GROUP BY {name}, which may be a column or an output"),
                    "Group by its number, GROUP BY 1, or by the table's column, t.name.",
                )
                .about(Subject::Grouping));
            }
            *expr = number(*at);
        }
        Ok(())
    }
}

fn numbered(items: &[SelectItem]) -> Vec<(String, Expr, usize)> {
    let aliased = items.iter().zip(1..).filter_map(|(item, at)| match item {
        SelectItem::ExprWithAlias { expr, alias } => Some((folded(alias), expr.clone(), at)),
        _ => None,
    });
    aliased.collect()
}

/// `coalesce(expr, otherwise)`.
fn or_else(expr: &mut Expr, otherwise: Expr) -> Expr {
    call("coalesce", [take(expr), otherwise])
}
