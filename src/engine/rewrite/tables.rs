//! Names of tables, and forms of a query that only name one.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use lakegate_base::{Error, Result};
use sqlparser::ast::{
    Expr, Ident, LimitClause, ObjectName, Query, Select, SelectItem, SetExpr, Statement,
    TableAlias, TableFactor, TableWithJoins, Visit, VisitMut, Visitor, VisitorMut,
    WildcardAdditionalOptions,
};

use super::{build, table_functions};
use crate::system::definitions::{PG_CATALOG, find};

/// What a name without a schema may mean in this statement.
pub struct Names {
    /// Names of WITH queries, anywhere in the statement: never taken for tables.
    common: HashSet<String>,
}

impl Names {
    pub fn new(statement: &Statement) -> Self {
        let mut common = CommonNames(HashSet::new());
        let ControlFlow::Continue(()) = Visit::visit(statement, &mut common);
        Self { common: common.0 }
    }

    pub fn table_factor(&self, factor: &mut TableFactor) {
        match factor {
            TableFactor::Table { name, alias, args: None, .. } => self.qualify(name, alias),
            other => table_functions::rewrite(other),
        }
    }

    /// System relations come before the search path, so their bare names are theirs. Other bare names
    /// are looked up when the tables are opened: a view's search path is its own.
    fn qualify(&self, name: &mut ObjectName, alias: &mut Option<TableAlias>) {
        let [part] = name.0.as_slice() else { return };
        let Some(written) = part.as_ident().cloned() else { return };
        let bare = build::folded(&written);
        if self.common.contains(&bare) || find(PG_CATALOG, &bare).is_none() {
            return;
        }
        *name = ObjectName::from(vec![build::ident(PG_CATALOG), build::ident(&bare)]);
        // Other parts of the statement go on using the bare name.
        alias.get_or_insert_with(|| table_alias(written));
    }
}

pub(super) fn table_alias(name: Ident) -> TableAlias {
    TableAlias { explicit: true, name, columns: vec![], at: None }
}

/// A table by its name.
pub(super) fn relation(parts: Vec<Ident>, alias: Option<TableAlias>) -> TableFactor {
    TableFactor::Table {
        name: ObjectName::from(parts),
        alias,
        args: None,
        with_hints: vec![],
        version: None,
        with_ordinality: false,
        partitions: vec![],
        json_path: None,
        sample: None,
        index_hints: vec![],
    }
}

struct CommonNames(HashSet<String>);

impl Visitor for CommonNames {
    type Break = std::convert::Infallible;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Self::Break> {
        let tables = query.with.iter().flat_map(|with| &with.cte_tables);
        self.0.extend(tables.map(|table| build::folded(&table.alias.name)));
        ControlFlow::Continue(())
    }
}

/// `(SELECT …)` alone is the same query without parentheses; then the rules for its columns see it.
pub fn unwrap_parentheses(query: &mut Query) {
    let bare = |q: &Query| {
        q.with.is_none() && q.order_by.is_none() && q.limit_clause.is_none() && q.fetch.is_none()
    };
    if bare(query)
        && let SetExpr::Query(inner) = query.body.as_mut()
    {
        let inner = std::mem::replace(inner.as_mut(), build::select(build::number(1), None));
        *query = inner;
    }
}

/// `TABLE t` is `SELECT * FROM t`.
pub fn whole_table(query: &mut Query) {
    let SetExpr::Table(table) = query.body.as_mut() else { return };
    let parts = [table.schema_name.take(), table.table_name.take()];
    let name = parts.into_iter().flatten().map(Ident::new).collect::<Vec<_>>();
    let mut whole = build::select(build::number(1), None);
    if let Some(select) = build::select_of(&mut whole) {
        let relation = relation(name, None);
        select.projection = vec![SelectItem::Wildcard(WildcardAdditionalOptions::default())];
        select.from = vec![TableWithJoins { relation, joins: vec![] }];
    }
    query.body = whole.body;
}

/// The planner would leave it out, and answer with all rows.
pub fn refuse_sample(factor: &TableFactor) -> Result<()> {
    match factor {
        TableFactor::Table { sample: Some(_), .. }
        | TableFactor::Derived { sample: Some(_), .. } => {
            Err(Error::unsupported("TABLESAMPLE").hint("Write WHERE random() < 0.1 for a tenth."))
        }
        _ => Ok(()),
    }
}

/// `FETCH FIRST n ROWS ONLY` is `LIMIT n`; ties and percentages are not known.
pub fn fetch_first(query: &mut Query) {
    let Some(fetch) = &query.fetch else { return };
    if fetch.with_ties || fetch.percent {
        return;
    }
    let rows = fetch.quantity.clone().unwrap_or_else(|| build::number(1));
    query.fetch = None;
    match &mut query.limit_clause {
        Some(LimitClause::LimitOffset { limit, .. }) => *limit = Some(rows),
        clause => {
            let (limit, limit_by) = (Some(rows), vec![]);
            *clause = Some(LimitClause::LimitOffset { limit, offset: None, limit_by });
        }
    }
}

/// `x.tableoid` of a system relation: the relation's own OID, a constant.
pub fn table_oids(select: &mut Select) {
    let mut oids: HashMap<String, i64> = HashMap::new();
    for from in &select.from {
        let joined = from.joins.iter().map(|join| &join.relation);
        for factor in std::iter::once(&from.relation).chain(joined) {
            let TableFactor::Table { name, alias, .. } = factor else { continue };
            let bare = build::last_part(name);
            if let Some(definition) = find(PG_CATALOG, &bare) {
                let alias = alias.as_ref().map_or(bare, |a| build::folded(&a.name));
                oids.insert(alias, definition.oid);
            }
        }
    }
    if !oids.is_empty() {
        let ControlFlow::Continue(()) = VisitMut::visit(select, &mut TableOids(oids));
    }
}

struct TableOids(HashMap<String, i64>);

impl VisitorMut for TableOids {
    type Break = std::convert::Infallible;

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Self::Break> {
        if let Expr::CompoundIdentifier(parts) = expr
            && let [.., table, column] = parts.as_slice()
            && column.value.eq_ignore_ascii_case("tableoid")
            && let Some(oid) = self.0.get(&build::folded(table))
        {
            *expr = build::number(*oid);
        }
        ControlFlow::Continue(())
    }
}
