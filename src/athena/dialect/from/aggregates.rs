//! Aggregates.

use lakegate_base::{Result, Subject};
use sqlparser::ast::*;

use super::super::Kind;
use super::super::build::{self, *};
use super::super::walk::refused;
use super::functions::unknown;

pub const AGGREGATES: [(&str, &str); 24] = [
    ("any_value", "min"),
    ("arbitrary", "min"),
    ("array_agg", "array_agg"),
    ("approx_distinct", "count"),
    ("bool_and", "bool_and"),
    ("bool_or", "bool_or"),
    ("corr", "corr"),
    ("count", "count"),
    ("covar_pop", "covar_pop"),
    ("covar_samp", "covar_samp"),
    ("every", "bool_and"),
    ("max", "max"),
    ("min", "min"),
    ("regr_intercept", "regr_intercept"),
    ("regr_slope", "regr_slope"),
    ("stddev", "stddev"),
    ("stddev_pop", "stddev_pop"),
    ("stddev_samp", "stddev_samp"),
    ("sum", "sum"),
    ("var_pop", "var_pop"),
    ("var_samp", "var_samp"),
    ("variance", "variance"),
    ("avg", "avg"),
    ("count_if", "count"),
];

pub fn aggregate(
    function: &mut Function,
    name: &str,
    local: &str,
    kinds: &[Option<Kind>],
) -> Result<()> {
    function.name = ObjectName::from(vec![Ident::new(local)]);
    if kinds.len() > if PAIRS.contains(&name) { 2 } else { 1 } {
        return Err(unknown(&format!("{name} of {} arguments", kinds.len())));
    }
    if kinds.contains(&Some(Kind::Real)) && !SAME_OF_REALS.contains(&name) {
        let what = format!("{name} of a real, which Athena reckons in other digits");
        return Err(refused(what, "Cast it: CAST(x AS double).").about(Subject::Type));
    }
    match (name, kinds) {
        ("avg", [Some(Kind::Double)]) => {}
        // Of integers it is a double there.
        ("avg", [Some(Kind::Integer)]) => as_doubles(function),
        (name, [kind]) if SPREADS.contains(&name) && *kind != Some(Kind::Double) => {
            as_doubles(function);
        }
        ("avg", _) => {
            let what = "avg of a decimal or of an unknown type, which Athena rounds to the digits \
            of its input";
            return Err(refused(what, "Cast it: avg(CAST(x AS double)).").about(Subject::Type));
        }
        ("approx_distinct", [_]) => {
            if let FunctionArguments::List(list) = &mut function.args {
                list.duplicate_treatment = Some(DuplicateTreatment::Distinct);
            }
        }
        ("count_if", [_]) if function.filter.is_none() => {
            function.filter = take_args(function).pop().map(Box::new);
            if let FunctionArguments::List(list) = &mut function.args {
                list.args = vec![FunctionArg::Unnamed(FunctionArgExpr::Wildcard)];
            }
        }
        ("count_if", _) => return Err(unknown("count_if with FILTER")),
        _ => {}
    }
    Ok(())
}

const PAIRS: [&str; 5] = ["corr", "covar_pop", "covar_samp", "regr_intercept", "regr_slope"];
const SPREADS: [&str; 6] =
    ["stddev", "stddev_pop", "stddev_samp", "var_pop", "var_samp", "variance"];
const SAME_OF_REALS: [&str; 7] =
    ["any_value", "arbitrary", "array_agg", "approx_distinct", "count", "max", "min"];

fn as_doubles(function: &mut Function) {
    let FunctionArguments::List(list) = &mut function.args else { return };
    for arg in &mut list.args {
        if let FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) = arg {
            *expr = cast(take(expr), named_type("double precision"));
        }
    }
}

/// `listagg(x, ',') WITHIN GROUP (ORDER BY y)`.
pub fn listagg(function: &mut Function) -> Result<()> {
    function.name = ObjectName::from(vec![Ident::new("string_agg")]);
    let keys = std::mem::take(&mut function.within_group);
    match &mut function.args {
        FunctionArguments::List(list) if list.args.len() == 2 => {
            list.clauses.push(FunctionArgumentClause::OrderBy(keys));
            Ok(())
        }
        _ => Err(unknown("listagg without a separator")),
    }
}

fn ascending(expr: Expr, asc: Option<bool>) -> OrderByExpr {
    OrderByExpr { expr, options: OrderByOptions { asc, nulls_first: None }, with_fill: None }
}

/// `max_by(x, y)` is the first of all x, by y; an approximate percentile is an exact one.
pub fn picked(function: &mut Function, name: &str) -> Result<Expr> {
    let mut args = take_args(function);
    if args.len() != 2 || function.over.is_some() || function.filter.is_some() {
        return Err(unknown(name));
    }
    let (Some(second), Some(first)) = (args.pop(), args.pop()) else { return Err(unknown(name)) };
    if name == "approx_percentile" {
        if !matches!(second, Expr::Value(ValueWithSpan { value: Value::Number(..), .. })) {
            return Err(unknown(name));
        }
        let mut exact = build::function("percentile_disc", [second]);
        exact.within_group = vec![ascending(first, None)];
        return Ok(Expr::Function(exact));
    }
    let mut all = build::function("array_agg", [first]);
    let asc = if name == "max_by" { Some(false) } else { None };
    if let FunctionArguments::List(list) = &mut all.args {
        list.clauses.push(FunctionArgumentClause::OrderBy(vec![ascending(second.clone(), asc)]));
    }
    all.filter = Some(Box::new(is_not_null(second)));
    let index = AccessExpr::Subscript(Subscript::Index { index: number(1) });
    let root = Box::new(Expr::Nested(Box::new(Expr::Function(all))));
    Ok(Expr::CompoundFieldAccess { root, access_chain: vec![index] })
}
