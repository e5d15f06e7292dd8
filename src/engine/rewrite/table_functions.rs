//! Functions in the place of a table. One that is a relation here loses its parentheses; `generate_series`
//! of literals streams as DataFusion's table function; others become a subquery that unnests lists, for
//! every row beside it where its arguments name columns.

use sqlparser::ast::{
    DataType, Expr, FunctionArg, FunctionArgExpr, Ident, ObjectName, Query, SelectItem, TableAlias,
    TableAliasColumnDef, TableFactor, TableWithJoins, Value,
};

use super::casts::cast;
use super::tables::{relation, table_alias};
use super::{build, expressions, literals, output, visit};
use crate::functions::JSON_EACH;
use crate::system::definitions::{PG_CATALOG, find};

/// `f(a, b) WITH ORDINALITY AS alias(…)`
struct Call {
    function: String,
    arguments: Vec<Expr>,
    alias: Option<TableAlias>,
    with_ordinality: bool,
}

pub fn rewrite(factor: &mut TableFactor) {
    let Some(call) = call(factor) else { return };
    let is_relation = call.arguments.is_empty() && find(PG_CATALOG, &call.function).is_some();
    if is_relation && !call.with_ordinality {
        let name = build::ident(&call.function);
        let alias = call.alias.or_else(|| Some(table_alias(name.clone())));
        *factor = relation(vec![build::ident(PG_CATALOG), name], alias);
    } else if matches!(call.function.as_str(), "generate_series" | "range")
        && !call.with_ordinality
        && call.arguments.iter().all(is_literal)
    {
        series(factor, call);
    } else if let Some(lists) = lists(&call.function, &call.arguments) {
        *factor = unnested(call, lists);
    } else {
        *factor = one_row(call);
    }
}

/// Any other function is a table of one row.
fn one_row(call: Call) -> TableFactor {
    let Call { function, arguments, alias, .. } = call;
    let mut alias = alias.unwrap_or_else(|| table_alias(Ident::new(&function)));
    let column = alias.columns.first().map_or_else(|| alias.name.clone(), |c| c.name.clone());
    alias.columns.clear();
    let lateral = arguments.iter().any(names_columns);
    derived(build::select(build::call(&function, arguments), Some(column)), alias, lateral)
}

fn call(factor: &TableFactor) -> Option<Call> {
    let (function, arguments, alias, with_ordinality) = match factor {
        TableFactor::Table { name, args: Some(call), alias, with_ordinality, .. } => {
            (build::last_part(name), plain(&call.args)?, alias, *with_ordinality)
        }
        TableFactor::Function { name, args, alias, .. } => {
            (build::last_part(name), plain(args)?, alias, false)
        }
        TableFactor::UNNEST { array_exprs, alias, with_ordinality, with_offset: false, .. } => {
            ("unnest".to_string(), array_exprs.clone(), alias, *with_ordinality)
        }
        _ => return None,
    };
    Some(Call { function, arguments, alias: alias.clone(), with_ordinality })
}

fn plain(arguments: &[FunctionArg]) -> Option<Vec<Expr>> {
    let expr = |argument: &FunctionArg| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
        _ => None,
    };
    arguments.iter().map(expr).collect()
}

/// A function of one column names it after its table's alias, or after itself.
fn series(factor: &mut TableFactor, call: Call) {
    let mut alias = call.alias.unwrap_or_else(|| table_alias(Ident::new(&call.function)));
    if alias.columns.is_empty() {
        alias.columns = vec![TableAliasColumnDef::from_name(alias.name.value.clone())];
    }
    if let TableFactor::Table { name, alias: own, .. } = factor {
        *name = ObjectName::from(vec![Ident::new(&call.function)]);
        *own = Some(alias);
    }
}

/// DataFusion's series are `bigint`, Postgres' of the type of their arguments. Goes after the factor was
/// visited: what it wraps must not be wrapped again.
pub fn type_series(factor: &mut TableFactor) {
    let TableFactor::Table { args: Some(call), alias: Some(alias), .. } = factor else { return };
    let [column] = alias.columns.as_slice() else { return };
    if !plain(&call.args).is_some_and(|list| list.iter().all(literals::is_integer)) {
        return;
    }
    let (column, alias) = (column.name.clone(), alias.clone());
    let value = cast(Expr::Identifier(column.clone()), DataType::Integer(None));
    let mut query = build::select(value, Some(column));
    if let Some(select) = build::select_of(&mut query) {
        let relation = std::mem::replace(factor, relation(vec![], None));
        select.from = vec![TableWithJoins { relation, joins: vec![] }];
    }
    *factor = derived(query, alias, false);
}

/// The lists that a function's columns are made from.
fn lists(function: &str, arguments: &[Expr]) -> Option<Vec<Expr>> {
    if let Some(columns) = expressions::rowless(function) {
        return Some(columns.into_iter().map(|(_, t)| expressions::empty_list(t)).collect());
    }
    match (function, arguments) {
        ("unnest", [_, ..]) => Some(arguments.to_vec()),
        ("_pg_expandarray", [list]) => Some(vec![list.clone(), numbers(list)]),
        (known, _) if expressions::gives_rows(known) => {
            Some(vec![build::call(function, arguments.to_vec())])
        }
        (known, _) => {
            let (_, keys, values) = JSON_EACH.iter().find(|(name, ..)| *name == known)?;
            Some([keys, values].map(|list| build::call(list, arguments.to_vec())).to_vec())
        }
    }
}

fn numbers(list: &Expr) -> Expr {
    build::call("generate_subscripts", vec![list.clone(), build::number(1)])
}

fn unnested(call: Call, lists: Vec<Expr>) -> TableFactor {
    let Call { function, arguments, alias, with_ordinality } = call;
    let is_aliased = alias.is_some();
    let mut alias = alias.unwrap_or_else(|| table_alias(Ident::new(&function)));
    let rowless = expressions::rowless(&function);
    let lateral = rowless.is_none() && arguments.iter().any(names_columns);
    let of_rowless =
        rowless.map(|columns| columns.iter().map(|(name, _)| Ident::new(*name)).collect());
    let own: Vec<Ident> = match (function.as_str(), lists.len()) {
        ("_pg_expandarray", _) => vec![Ident::new("x"), Ident::new("n")],
        // Of JSON, columns have names of their own.
        (json, 2) if json.contains("_each") => vec![Ident::new("key"), Ident::new("value")],
        (json, 1) if json.contains("array_elements") && !is_aliased => vec![Ident::new("value")],
        (_, 1) => vec![alias.name.clone()],
        (_, count) => (1..=count).map(|at| output::numbered(&function, at)).collect(),
    };
    let own = of_rowless.unwrap_or(own);
    let given = alias.columns.iter().map(|column| column.name.clone());
    let mut names = given.collect::<Vec<_>>();
    names.extend(own.into_iter().skip(names.len()));
    let ordinality = with_ordinality.then(|| ordinality(&lists));
    let mut items: Vec<Expr> = lists.into_iter().map(expressions::rows_of).collect();
    if let Some(ordinality) = ordinality {
        names.truncate(items.len() + 1);
        if names.len() == items.len() {
            names.push(Ident::new("ordinality"));
        }
        items.push(ordinality);
    }
    let mut query = build::select(build::number(1), None);
    if let Some(select) = build::select_of(&mut query) {
        let named = items.into_iter().zip(names);
        let named = named.map(|(expr, alias)| SelectItem::ExprWithAlias { expr, alias });
        select.projection = named.collect();
    }
    alias.columns.clear();
    derived(query, alias, lateral)
}

/// Numbers up to the end of the longest list.
fn ordinality(lists: &[Expr]) -> Expr {
    let numbers = match lists {
        [list] => numbers(list),
        lists => {
            let length = |list: &Expr| build::call("cardinality", vec![list.clone()]);
            let longest = build::call("greatest", lists.iter().map(length).collect());
            build::call("generate_series", vec![build::number(1), longest])
        }
    };
    cast(build::call("unnest", vec![numbers]), DataType::BigInt(None))
}

fn derived(query: Query, alias: TableAlias, lateral: bool) -> TableFactor {
    TableFactor::Derived { lateral, subquery: Box::new(query), alias: Some(alias), sample: None }
}

/// Only numbers stream: of moments, our own function knows months and zones.
fn is_literal(expr: &Expr) -> bool {
    use DataType::{BigInt, Int, Int8, Integer};
    match expr {
        Expr::Value(value) => matches!(value.value, Value::Number(..) | Value::Null),
        Expr::UnaryOp { expr, .. } | Expr::Nested(expr) => is_literal(expr),
        Expr::Cast { expr, data_type: BigInt(_) | Integer(_) | Int(_) | Int8(_), .. } => {
            is_literal(expr)
        }
        _ => false,
    }
}

pub fn names_columns(expr: &Expr) -> bool {
    visit::any(expr, &|e| matches!(e, Expr::Identifier(_) | Expr::CompoundIdentifier(_)))
}
