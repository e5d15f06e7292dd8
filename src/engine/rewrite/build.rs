//! Small pieces of syntax tree.

use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident,
    ObjectName, Query, Select, SelectItem, SetExpr, Statement, Value,
};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

/// A name that is taken as it is written.
pub fn ident(name: &str) -> Ident {
    Ident::with_quote('"', name)
}

pub fn text(value: &str) -> Expr {
    Expr::value(Value::SingleQuotedString(value.to_string()))
}

pub fn number(value: i64) -> Expr {
    Expr::value(Value::Number(value.to_string(), false))
}

pub fn boolean(value: bool) -> Expr {
    Expr::value(Value::Boolean(value))
}

pub fn arguments(list: Vec<Expr>) -> FunctionArguments {
    let args = list.into_iter().map(|e| FunctionArg::Unnamed(FunctionArgExpr::Expr(e))).collect();
    FunctionArguments::List(FunctionArgumentList {
        duplicate_treatment: None,
        args,
        clauses: vec![],
    })
}

pub fn function(name: &str, list: Vec<Expr>) -> Function {
    Function {
        name: ObjectName::from(vec![Ident::new(name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: arguments(list),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: vec![],
    }
}

pub fn call(name: &str, list: Vec<Expr>) -> Expr {
    Expr::Function(function(name, list))
}

/// Takes an expression out of its place.
pub fn take(expr: &mut Expr) -> Expr {
    std::mem::replace(expr, Expr::value(Value::Null))
}

/// `SELECT expr AS alias`.
pub fn select(expr: Expr, alias: Option<Ident>) -> Query {
    let mut query = template();
    if let Some(select) = select_of(&mut query) {
        select.projection = vec![match alias {
            Some(alias) => SelectItem::ExprWithAlias { expr, alias },
            None => SelectItem::UnnamedExpr(expr),
        }];
    }
    query
}

pub fn select_of(query: &mut Query) -> Option<&mut Select> {
    match query.body.as_mut() {
        SetExpr::Select(select) => Some(select),
        _ => None,
    }
}

/// The arguments of a call without names, wildcards, DISTINCT or ORDER BY.
pub fn plain_arguments(arguments: &FunctionArguments) -> Option<Vec<Expr>> {
    let FunctionArguments::List(list) = arguments else { return None };
    if list.duplicate_treatment.is_some() || !list.clauses.is_empty() {
        return None;
    }
    let plain = |argument: &FunctionArg| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
        _ => None,
    };
    list.args.iter().map(plain).collect()
}

/// The last part of a name, folded unless quoted.
pub fn last_part(name: &ObjectName) -> String {
    name.0.last().and_then(|p| p.as_ident()).map(folded).unwrap_or_default()
}

/// None when a part is no plain name.
pub fn folded_parts(name: &ObjectName) -> Option<Vec<String>> {
    name.0.iter().map(|part| part.as_ident().map(folded)).collect()
}

pub fn folded(ident: &Ident) -> String {
    match ident.quote_style {
        Some(_) => ident.value.clone(),
        None => ident.value.to_lowercase(),
    }
}

fn template() -> Query {
    let parsed = Parser::parse_sql(&PostgreSqlDialect {}, "SELECT 1");
    match parsed.ok().and_then(|mut list| list.pop()) {
        Some(Statement::Query(query)) => *query,
        _ => unreachable!("the text is constant and valid"),
    }
}
