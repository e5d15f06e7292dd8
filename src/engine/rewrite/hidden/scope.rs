//! What the tables of each SELECT are called, and which of them a name means.

use lakegate_base::{Error, Result, Subject};
use sqlparser::ast::{
    Expr, Ident, JoinOperator, SelectItem, SelectItemQualifiedWildcardKind, TableAlias,
    TableFactor, TableWithJoins,
};

use super::super::build;
use super::super::output::MARK;
use super::Relations;
use crate::scan::Hidden;

/// By hidden column: whether a real column of that name is there, or may be.
pub type Exposed = [bool; 2];

/// One table or subquery after FROM.
pub struct Factor {
    /// Its name, folded; an alias hides it.
    pub parts: Vec<String>,
    alias: Option<String>,
    /// What columns can be qualified with.
    pub ident: Ident,
    is_lake: bool,
    exposed: Exposed,
    /// By hidden column: the name under which it is shown.
    names: [Option<String>; 2],
}

impl Factor {
    /// A qualifier may have fewer parts than the name, or more.
    pub fn is_called(&self, qualifier: &[String]) -> bool {
        match &self.alias {
            Some(alias) => qualifier == [alias.as_str()],
            None => {
                !self.parts.is_empty()
                    && !qualifier.is_empty()
                    && (self.parts.ends_with(qualifier) || qualifier.ends_with(&self.parts))
            }
        }
    }

    pub fn shown(&self) -> Vec<(Hidden, String)> {
        let pairs = Hidden::ALL.into_iter().zip(&self.names);
        pairs.filter_map(|(hidden, name)| Some((hidden, name.clone()?))).collect()
    }

    fn hides(&self, hidden: Hidden) -> bool {
        self.is_lake && !self.exposed[hidden as usize]
    }
}

pub struct Scopes<'a> {
    relations: &'a Relations<'a>,
    /// Queries after WITH, as far as they are in sight, and what they expose.
    pub common: Vec<(String, Exposed)>,
    /// One per SELECT around, the innermost last.
    scopes: Vec<Vec<Factor>>,
    /// Hidden columns shown so far.
    count: usize,
}

impl<'a> Scopes<'a> {
    pub fn new(relations: &'a Relations<'a>) -> Self {
        Self { relations, common: Vec::new(), scopes: Vec::new(), count: 0 }
    }

    pub fn enter(&mut self, factors: Vec<Factor>) {
        self.scopes.push(factors);
    }

    pub fn leave(&mut self) -> Vec<Factor> {
        self.scopes.pop().unwrap_or_default()
    }

    pub fn expose(&mut self, at: usize, exposed: Exposed) {
        if let Some(factor) = self.scopes.last_mut().and_then(|scope| scope.get_mut(at)) {
            factor.exposed = exposed;
        }
    }

    /// `exposed` is what a subquery exposes.
    pub fn factor(&self, leaf: &TableFactor, exposed: Exposed) -> Factor {
        let alias = alias(leaf);
        let mut factor = Factor {
            parts: Vec::new(),
            alias: alias.map(|alias| build::folded(&alias.name)),
            ident: Ident::new(""),
            is_lake: false,
            exposed,
            names: [None, None],
        };
        if let TableFactor::Table { name, args: None, .. } = leaf {
            factor.parts = build::folded_parts(name).unwrap_or_default();
            let common = match factor.parts.as_slice() {
                [bare] => self.common.iter().rev().find(|(name, _)| name == bare),
                _ => None,
            };
            if let Some((_, exposed)) = common {
                factor.exposed = *exposed;
            } else if let Some(relation) = (self.relations)(&factor.parts) {
                factor.is_lake = relation.is_lake;
                let has = |hidden: Hidden| relation.columns.index_of(hidden.name()).is_ok();
                factor.exposed = Hidden::ALL.map(has);
            }
        }
        factor.exposed = renamed(factor.exposed, alias);
        let bare = || build::ident(factor.parts.last().map_or("", String::as_str));
        factor.ident = alias.map_or_else(bare, |alias| alias.name.clone());
        factor
    }

    /// The hidden column that a name means, as it is called from now on; none where it means something else.
    pub fn find(&mut self, qualifier: &[String], hidden: Hidden) -> Result<Option<(Ident, Ident)>> {
        for level in (0..self.scopes.len()).rev() {
            let scope = &self.scopes[level];
            let found = match qualifier {
                [] => unqualified(scope, hidden)?,
                qualifier => scope.iter().position(|factor| factor.is_called(qualifier)),
            };
            if let Some(at) = found {
                return Ok(scope[at].hides(hidden).then(|| self.mark(level, at, hidden)));
            }
        }
        Ok(None)
    }

    fn mark(&mut self, level: usize, at: usize, hidden: Hidden) -> (Ident, Ident) {
        let factor = &mut self.scopes[level][at];
        let count = &mut self.count;
        let name = factor.names[hidden as usize].get_or_insert_with(|| {
            *count += 1;
            format!("{}{MARK}{count}", hidden.name())
        });
        (factor.ident.clone(), build::ident(name))
    }
}

/// The one that has such a column, hidden or not.
fn unqualified(scope: &[Factor], hidden: Hidden) -> Result<Option<usize>> {
    let has = |factor: &Factor| factor.is_lake || factor.exposed[hidden as usize];
    let mut found = scope.iter().enumerate().filter(|(_, factor)| has(factor)).map(|(at, _)| at);
    match (found.next(), found.next()) {
        (first, None) => Ok(first),
        // Real columns among each other are the planner's business.
        (Some(first), Some(_)) if !scope.iter().any(|factor| factor.hides(hidden)) => {
            Ok(Some(first))
        }
        _ => {
            let name = hidden.name();
            Err(Error::invalid(format!("column reference \"{name}\" is ambiguous"))
                .about(Subject::Column)
                .hint(format!("Every table has it: write TABLE.\"{name}\".")))
        }
    }
}

/// The tables of FROM in order, and the joins between them. A join with an alias is one table, and nothing
/// in it is in sight.
pub fn parts<'t>(
    from: &'t mut TableWithJoins,
    leaves: &mut Vec<&'t mut TableFactor>,
    joins: &mut Vec<&'t mut JoinOperator>,
) {
    leaf(&mut from.relation, leaves, joins);
    for join in &mut from.joins {
        leaf(&mut join.relation, leaves, joins);
        joins.push(&mut join.join_operator);
    }
}

fn leaf<'t>(
    factor: &'t mut TableFactor,
    leaves: &mut Vec<&'t mut TableFactor>,
    joins: &mut Vec<&'t mut JoinOperator>,
) {
    match factor {
        TableFactor::NestedJoin { table_with_joins, alias: None } => {
            parts(table_with_joins, leaves, joins);
        }
        other => leaves.push(other),
    }
}

fn alias(leaf: &TableFactor) -> Option<&TableAlias> {
    match leaf {
        TableFactor::Table { alias, .. }
        | TableFactor::Derived { alias, .. }
        | TableFactor::TableFunction { alias, .. }
        | TableFactor::Function { alias, .. }
        | TableFactor::UNNEST { alias, .. }
        | TableFactor::JsonTable { alias, .. }
        | TableFactor::OpenJsonTable { alias, .. }
        | TableFactor::NestedJoin { alias, .. }
        | TableFactor::Pivot { alias, .. }
        | TableFactor::Unpivot { alias, .. }
        | TableFactor::MatchRecognize { alias, .. } => alias.as_ref(),
        _ => None,
    }
}

/// What a relation exposes under an alias that may rename its columns.
pub fn renamed(exposed: Exposed, alias: Option<&TableAlias>) -> Exposed {
    match alias {
        Some(alias) if !alias.columns.is_empty() => Hidden::ALL.map(|hidden| {
            alias.columns.iter().any(|column| build::folded(&column.name) == hidden.name())
        }),
        _ => exposed,
    }
}

/// The names among a select list's columns. What `*` brings was there before.
pub fn exposed(projection: &[SelectItem], factors: &[Factor]) -> Exposed {
    Hidden::ALL.map(|hidden| {
        let is_real = |factor: &&Factor| factor.exposed[hidden as usize];
        projection.iter().any(|item| match item {
            SelectItem::ExprWithAlias { alias, .. } => is_name(alias, hidden),
            SelectItem::UnnamedExpr(Expr::Identifier(ident)) => is_name(ident, hidden),
            SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => {
                parts.last().is_some_and(|ident| is_name(ident, hidden))
            }
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                let qualifier = build::folded_parts(name).unwrap_or_default();
                factors.iter().filter(|factor| factor.is_called(&qualifier)).any(|f| is_real(&f))
            }
            SelectItem::Wildcard(_) => factors.iter().any(|factor| is_real(&factor)),
            _ => false,
        })
    })
}

/// Under its own name, or with the number that keeps repeated names apart.
fn is_name(ident: &Ident, hidden: Hidden) -> bool {
    ident.value.split(MARK).next() == Some(hidden.name())
}
