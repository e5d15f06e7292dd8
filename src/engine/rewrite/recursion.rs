//! `(WITH RECURSIVE r AS (SELECT … WHERE x = outside UNION ALL SELECT … FROM r …) SELECT … FROM r)` looks
//! outside where it starts, which DataFusion cannot plan. So the recursion starts for every `x`, which goes
//! along as a column, and the outermost SELECT keeps what began with the outside value.

use sqlparser::ast::{
    BinaryOperator, Expr, Ident, Query, Select, SelectItem, SetExpr, SetOperator, TableAlias,
    TableAliasColumnDef, TableFactor,
};

use super::build;
use super::subqueries::{and, conjuncts, has_outer, inner_names, is_outer_column};

/// The column that goes along; no tool writes it.
const KEY: &str = "\u{1}start";

pub fn lift(query: &mut Query) {
    if let Some(lifted) = lifted(query) {
        *query = lifted;
    }
}

fn lifted(query: &Query) -> Option<Query> {
    let mut query = query.clone();
    let with = query.with.as_mut().filter(|with| with.recursive)?;
    let [cte] = with.cte_tables.as_mut_slice() else { return None };
    let name = build::folded(&cte.alias.name);
    let SetExpr::SetOperation { op: SetOperator::Union, left, right, .. } = cte.query.body.as_mut()
    else {
        return None;
    };
    let (SetExpr::Select(start), SetExpr::Select(step)) = (left.as_mut(), right.as_mut()) else {
        return None;
    };
    let outside = start_everywhere(start)?;
    carry(step, &name)?;
    if !cte.alias.columns.is_empty() {
        cte.alias.columns.push(TableAliasColumnDef::from_name(KEY));
    }
    let SetExpr::Select(last) = query.body.as_mut() else { return None };
    let began = Expr::BinaryOp {
        left: Box::new(key(alias_of(last, &name)?)),
        op: BinaryOperator::Eq,
        right: Box::new(outside),
    };
    last.selection = last.selection.take().into_iter().chain([began]).reduce(and);
    Some(query)
}

/// Takes `x = outside` out of WHERE, and adds `x` to the columns.
fn start_everywhere(start: &mut Select) -> Option<Expr> {
    let inner = inner_names(start)?;
    let mut conditions = Vec::new();
    conjuncts(start.selection.take(), &mut conditions);
    let at = conditions.iter().position(|condition| has_outer(condition, &inner))?;
    let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = conditions.remove(at) else {
        return None;
    };
    let (own, outside) = match is_outer_column(&left, &inner) {
        true => (right, left),
        false => (left, right),
    };
    let is_only = is_outer_column(&outside, &inner)
        && !has_outer(&own, &inner)
        && !conditions.iter().any(|condition| has_outer(condition, &inner));
    start.selection = conditions.into_iter().reduce(and);
    let alias = Ident::with_quote('"', KEY);
    start.projection.push(SelectItem::ExprWithAlias { expr: *own, alias });
    is_only.then_some(*outside)
}

fn carry(step: &mut Select, name: &str) -> Option<()> {
    let inner = inner_names(step)?;
    if step.selection.as_ref().is_some_and(|condition| has_outer(condition, &inner)) {
        return None;
    }
    let alias = alias_of(step, name)?;
    step.projection.push(SelectItem::UnnamedExpr(key(alias)));
    Some(())
}

/// What a SELECT calls the recursion it reads.
fn alias_of(select: &Select, name: &str) -> Option<Ident> {
    let factors = select.from.iter().flat_map(|table| {
        std::iter::once(&table.relation).chain(table.joins.iter().map(|join| &join.relation))
    });
    factors.into_iter().find_map(|factor| match factor {
        TableFactor::Table { name: table, alias, .. } if build::last_part(table) == name => {
            let own = || build::ident(name);
            Some(alias.as_ref().map_or_else(own, |TableAlias { name, .. }| name.clone()))
        }
        _ => None,
    })
}

fn key(relation: Ident) -> Expr {
    Expr::CompoundIdentifier(vec![relation, Ident::with_quote('"', KEY)])
}
