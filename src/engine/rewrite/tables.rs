//! Names of tables: the search path, and functions in the place of a table.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use sqlparser::ast::{
    DataType, Expr, FunctionArg, FunctionArgExpr, Ident, ObjectName, Query, Select, SelectItem,
    SetExpr, Statement, TableAlias, TableAliasColumnDef, TableFactor, Value, Visit, VisitMut,
    Visitor, VisitorMut,
};

use super::{build, expressions};
use crate::functions::JSON_EACH;
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
            TableFactor::Table { args: Some(_), .. } => table_function(factor),
            TableFactor::Table { name, alias, args: None, .. } => self.qualify(name, alias),
            TableFactor::UNNEST { alias: Some(alias), .. } if alias.columns.is_empty() => {
                alias.columns = vec![TableAliasColumnDef::from_name(alias.name.value.clone())];
            }
            _ => {}
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

fn table_alias(name: Ident) -> TableAlias {
    TableAlias { explicit: true, name, columns: vec![], at: None }
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

/// A function in FROM. One that is a relation here loses its parentheses; `generate_series` of literals
/// streams as DataFusion's table function; others become a subquery with `unnest`.
fn table_function(factor: &mut TableFactor) {
    let TableFactor::Table { name, alias, args: Some(call), with_ordinality: false, .. } = factor
    else {
        return;
    };
    let function = build::last_part(name);
    let list: Option<Vec<Expr>> = call
        .args
        .iter()
        .map(|a| match a {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(e)) => Some(e.clone()),
            _ => None,
        })
        .collect();
    let Some(list) = list else { return };
    if list.is_empty() && find(PG_CATALOG, &function).is_some() {
        *factor = relation(&function, alias.take());
        return;
    }
    // A function with one column names it after itself, or after its table alias.
    let shown = alias.as_ref().map_or_else(|| Ident::new(&function), |a| a.name.clone());
    // Only numbers stream: of moments, ours knows months and zones.
    let streams = matches!(function.as_str(), "generate_series" | "range");
    if streams && list.iter().all(is_literal) {
        *name = ObjectName::from(vec![Ident::new(&function)]);
        let alias = alias.get_or_insert_with(|| table_alias(shown.clone()));
        if alias.columns.is_empty() {
            alias.columns = vec![TableAliasColumnDef::from_name(shown.value)];
        }
        return;
    }
    if let Some((_, keys, values)) = JSON_EACH.iter().find(|(name, ..)| *name == function) {
        *factor = key_and_value(keys, values, list, alias.take(), &function);
        return;
    }
    let rows = match function.as_str() {
        "unnest" => build::call("unnest", list),
        known if expressions::gives_rows(known) => {
            expressions::rows_of(build::call(&function, list))
        }
        _ => return,
    };
    // Elements of JSON have a name of their own.
    let shown = match alias {
        None if function.contains("array_elements") => Ident::new("value"),
        _ => shown,
    };
    let column = alias.as_ref().and_then(|a| a.columns.first()).map(|c| c.name.clone());
    let mut alias = alias.take().unwrap_or_else(|| table_alias(shown.clone()));
    alias.columns.clear();
    *factor = TableFactor::Derived {
        lateral: false,
        subquery: Box::new(build::select(rows, Some(column.unwrap_or(shown)))),
        alias: Some(alias),
        sample: None,
    };
}

/// `json_each(x)` in FROM: two lists side by side.
fn key_and_value(
    keys: &str,
    values: &str,
    list: Vec<Expr>,
    alias: Option<TableAlias>,
    function: &str,
) -> TableFactor {
    let mut alias = alias.unwrap_or_else(|| table_alias(Ident::new(function)));
    let mut names = std::mem::take(&mut alias.columns).into_iter().map(|column| column.name);
    let mut name = |missing: &str| names.next().unwrap_or_else(|| Ident::new(missing));
    let (key, value) = (name("key"), name("value"));
    let mut query = build::select(expressions::rows_of(build::call(keys, list.clone())), Some(key));
    if let Some(select) = build::select_of(&mut query) {
        let expr = expressions::rows_of(build::call(values, list));
        select.projection.push(SelectItem::ExprWithAlias { expr, alias: value });
    }
    TableFactor::Derived {
        lateral: false,
        subquery: Box::new(query),
        alias: Some(alias),
        sample: None,
    }
}

fn is_literal(expr: &Expr) -> bool {
    match expr {
        Expr::Value(value) => matches!(value.value, Value::Number(..) | Value::Null),
        Expr::UnaryOp { expr, .. } | Expr::Nested(expr) => is_literal(expr),
        Expr::Cast { expr, data_type, .. } => {
            is_literal(expr)
                && matches!(
                    data_type,
                    DataType::BigInt(_)
                        | DataType::Integer(_)
                        | DataType::Int(_)
                        | DataType::Int8(_)
                )
        }
        _ => false,
    }
}

fn relation(name: &str, alias: Option<TableAlias>) -> TableFactor {
    TableFactor::Table {
        name: ObjectName::from(vec![build::ident(PG_CATALOG), build::ident(name)]),
        alias: alias.or_else(|| Some(table_alias(build::ident(name)))),
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
