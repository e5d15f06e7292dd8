//! Expressions whose Postgres form DataFusion does not plan.

use lakegate_base::{Error, Result, Subject};
use sqlparser::ast::{
    AccessExpr, Array, ArrayElemTypeDef, BinaryOperator, DataType, Expr, Function, FunctionArg,
    FunctionArgExpr, FunctionArgumentClause, FunctionArguments, ObjectName, Select, SelectItem,
    Subscript, UnaryOperator, Value,
};

use super::sort_keys::has_subquery;
use super::table_functions::names_columns;
use super::{build, casts, moments, patterns};
use crate::functions::{
    AS_JSON_ROW, AS_JSONB_ROW, AT_TIME_ZONE, EMPTY_ARRAY, INTERVAL_TIMES, JSON_OF_LIST,
    JSONB_OF_LIST, STRING_AGG_BY, TO_TEXT,
};

/// Functions that Postgres calls without parentheses.
pub const WITHOUT_PARENTHESES: [&str; 10] = [
    "current_catalog",
    "current_database",
    "current_role",
    "current_schema",
    "current_user",
    "session_user",
    "user",
    "localtime",
    "localtimestamp",
    "current_time",
];

/// Names DataFusion has under another name.
const RENAMED: [(&str, &str); 5] = [
    ("statement_timestamp", "now"),
    ("transaction_timestamp", "now"),
    ("every", "bool_and"),
    // DataFusion's own means the first of them alone.
    ("array_remove", "array_remove_all"),
    ("array_replace", "array_replace_all"),
];

/// Before the children are visited: what would mislead their rewriting.
pub fn before(expr: &mut Expr) {
    if let Expr::Collate { expr: inner, .. } = expr {
        *expr = build::take(inner);
        return before(expr);
    }
    if let Expr::Identifier(ident) = expr
        && ident.quote_style.is_none()
        && WITHOUT_PARENTHESES.contains(&ident.value.to_lowercase().as_str())
    {
        *expr = build::call(&ident.value.to_lowercase(), vec![]);
    }
}

/// After the children were rewritten.
pub fn after(expr: &mut Expr) -> Result<()> {
    if let Expr::Function(call) = expr
        && let Some(cast) = moments::cast_by_name(call)
    {
        *expr = cast;
    }
    moments::interval_literal(expr)?;
    casts::rewrite(expr);
    match expr {
        Expr::Function(call) => {
            function(call);
            moments::named_arguments(call)?;
            if let Some(list) = ordered_json(call)? {
                *expr = list;
            } else if let Some(clock) = moments::clock(call) {
                *expr = clock;
            } else if let Some(remainder) = remainder(call) {
                *expr = remainder;
            }
        }
        Expr::AtTimeZone { timestamp, time_zone } => {
            let list = vec![build::take(time_zone), build::take(timestamp)];
            *expr = build::call(AT_TIME_ZONE, list);
        }
        Expr::BinaryOp { left, op, right } => {
            operator(op)?;
            compare_array(left, op, right);
            patterns::operand(op, right)?;
            if let Some(call) = moments::overlaps(left, op, right) {
                *expr = call;
            }
        }
        Expr::Like { pattern, escape_char, .. } | Expr::ILike { pattern, escape_char, .. } => {
            if let Some(escape) = escape_char.take()
                && escape.value != Value::SingleQuotedString("\\".to_string())
            {
                let text = build::take(pattern);
                **pattern = build::call("like_escape", vec![text, Expr::Value(escape)]);
            }
        }
        Expr::Extract { field, expr: inner, .. } => {
            *expr = moments::extract(field, inner);
        }
        Expr::SimilarTo { .. } | Expr::Substring { .. } => patterns::rewrite(expr)?,
        Expr::UnaryOp { op, expr: inner } => {
            if let Some(changed) = unary(*op, inner) {
                *expr = changed;
            }
        }
        // DataFusion 55 plans the elements of ARRAY[…] without the columns of the queries around it.
        Expr::Array(array) if !array.elem.is_empty() && array.elem.iter().any(names_columns) => {
            *expr = build::call("make_array", std::mem::take(&mut array.elem));
        }
        // DataFusion plans tuples of names and of literals only.
        Expr::Tuple(values) if values.len() > 1 => {
            *expr = build::call("struct", std::mem::take(values));
        }
        Expr::AnyOp { .. } | Expr::AllOp { .. } => array_comparison(expr)?,
        Expr::Value(value) => literal(&mut value.value)?,
        Expr::CompoundFieldAccess { .. } => field_access(expr),
        _ => {}
    }
    Ok(())
}

fn literal(value: &mut Value) -> Result<()> {
    match value {
        Value::UnicodeStringLiteral(text) => {
            *value = Value::SingleQuotedString(std::mem::take(text));
        }
        // DataFusion reads bytes where Postgres reads bits.
        Value::HexStringLiteral(_) | Value::SingleQuotedByteStringLiteral(_) => {
            return Err(Error::unsupported("literals of bits").about(Subject::Type));
        }
        _ => {}
    }
    Ok(())
}

/// `list = '{1,2}'` compares what the list prints as, which is the same for a column of text.
fn compare_array(left: &mut Expr, op: &BinaryOperator, right: &mut Expr) {
    if !matches!(op, BinaryOperator::Eq | BinaryOperator::NotEq) {
        return;
    }
    let is_array = |e: &Expr| {
        let text = casts::literal_text(e);
        text.is_some_and(|t| t.starts_with('{') && casts::array_literal(&t).is_some())
    };
    let (array, other) = if is_array(right) { (right, left) } else { (left, right) };
    if is_array(array) && !is_array(other) {
        *other = build::call(TO_TEXT, vec![build::take(other)]);
    }
}

/// `coalesce(list, '{}')` is the empty list for NULL.
fn empty_array(call: &mut Function) {
    if let Some(list) = build::plain_arguments(&call.args)
        && let [first, second] = list.as_slice()
        && casts::literal_text(second).as_deref() == Some("{}")
    {
        *call = build::function(EMPTY_ARRAY, vec![first.clone()]);
    }
}

fn function(call: &mut Function) {
    let name = build::last_part(&call.name);
    let qualifier = match call.name.0.as_slice() {
        [schema, _] => schema.as_ident().map(build::folded),
        _ => None,
    };
    if matches!(qualifier.as_deref(), Some("pg_catalog" | "information_schema")) {
        let last = call.name.0.pop();
        call.name = ObjectName(last.into_iter().collect());
    }
    if matches!(call.args, FunctionArguments::None) && WITHOUT_PARENTHESES.contains(&name.as_str())
    {
        call.args = build::arguments(vec![]);
    }
    if let Some((_, known)) = RENAMED.iter().find(|(from, _)| *from == name) {
        call.name = build::function(known, vec![]).name;
    }
    if name == "coalesce" {
        empty_array(call);
    }
    if name == "string_agg" && !has_literal_delimiter(call) {
        call.name = build::function(STRING_AGG_BY, vec![]).name;
    }
}

/// DataFusion drops the ORDER BY of an aggregate that cannot be reversed, as ours cannot
/// (`get_finer_aggregate_exprs_requirement`, 55). `json_agg(x ORDER BY y)` is written of a list in that
/// order.
fn ordered_json(call: &mut Function) -> Result<Option<Expr>> {
    let FunctionArguments::List(list) = &call.args else { return Ok(None) };
    let is_order = |c: &FunctionArgumentClause| matches!(c, FunctionArgumentClause::OrderBy(_));
    if !list.clauses.iter().any(is_order) {
        return Ok(None);
    }
    let name = build::last_part(&call.name);
    let of_list = match name.as_str() {
        "json_agg" => JSON_OF_LIST,
        "jsonb_agg" => JSONB_OF_LIST,
        "json_object_agg" | "jsonb_object_agg" | STRING_AGG_BY => {
            return Err(Error::unsupported(format!("ORDER BY within {name}"))
                .about(Subject::Function)
                .hint("Sort in a subquery's array_agg, or leave ORDER BY out."));
        }
        _ => return Ok(None),
    };
    let mut ordered = call.clone();
    ordered.name = build::function("array_agg", vec![]).name;
    Ok(Some(build::call(of_list, vec![Expr::Function(ordered)])))
}

fn has_literal_delimiter(call: &Function) -> bool {
    let FunctionArguments::List(list) = &call.args else { return true };
    match list.args.get(1) {
        Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(delimiter))) => {
            casts::literal_text(delimiter).is_some() || matches!(delimiter, Expr::Value(_))
        }
        _ => true,
    }
}

/// `mod(a, b)` is `a % b`.
fn remainder(call: &Function) -> Option<Expr> {
    if build::last_part(&call.name) != "mod" {
        return None;
    }
    let [left, right]: [Expr; 2] = build::plain_arguments(&call.args)?.try_into().ok()?;
    let [left, right] = [left, right].map(|e| Box::new(Expr::Nested(Box::new(e))));
    let op = BinaryOperator::Modulo;
    Some(Expr::Nested(Box::new(Expr::BinaryOp { left, op, right })))
}

/// Signs of functions: `|/ 25`, `@ -5`; and what DataFusion lacks, or applies to a part only.
fn unary(op: UnaryOperator, operand: &mut Expr) -> Option<Expr> {
    let name = match op {
        UnaryOperator::PGSquareRoot => "sqrt",
        UnaryOperator::PGCubeRoot => "cbrt",
        UnaryOperator::PGAbs => "abs",
        UnaryOperator::BitwiseNot => {
            return Some(Expr::Nested(Box::new(Expr::BinaryOp {
                left: Box::new(build::take(operand)),
                op: BinaryOperator::PGBitwiseXor,
                right: Box::new(build::number(-1)),
            })));
        }
        UnaryOperator::Minus if matches!(operand, Expr::Interval(_)) => {
            return Some(build::call(
                INTERVAL_TIMES,
                vec![build::take(operand), build::number(-1)],
            ));
        }
        _ => return None,
    };
    Some(build::call(name, vec![build::take(operand)]))
}

/// `OPERATOR(pg_catalog.~)` is the operator itself.
fn operator(op: &mut BinaryOperator) -> Result<()> {
    let BinaryOperator::PGCustomBinaryOperator(parts) = op else { return Ok(()) };
    let symbol = parts.last().map_or("", String::as_str);
    *op = match symbol {
        "=" => BinaryOperator::Eq,
        "<>" | "!=" => BinaryOperator::NotEq,
        "<" => BinaryOperator::Lt,
        "<=" => BinaryOperator::LtEq,
        ">" => BinaryOperator::Gt,
        ">=" => BinaryOperator::GtEq,
        "+" => BinaryOperator::Plus,
        "-" => BinaryOperator::Minus,
        "*" => BinaryOperator::Multiply,
        "/" => BinaryOperator::Divide,
        "%" => BinaryOperator::Modulo,
        "||" => BinaryOperator::StringConcat,
        "~" => BinaryOperator::PGRegexMatch,
        "~*" => BinaryOperator::PGRegexIMatch,
        "!~" => BinaryOperator::PGRegexNotMatch,
        "!~*" => BinaryOperator::PGRegexNotIMatch,
        "~~" => BinaryOperator::PGLikeMatch,
        "~~*" => BinaryOperator::PGILikeMatch,
        "!~~" => BinaryOperator::PGNotLikeMatch,
        "!~~*" => BinaryOperator::PGNotILikeMatch,
        other => {
            return Err(Error::unsupported(format!("operator {other}")).about(Subject::Function));
        }
    };
    Ok(())
}

/// `x = ANY('{a,b}')` and `x <> ALL(ARRAY[…])` are lists.
fn array_comparison(expr: &mut Expr) -> Result<()> {
    if let Expr::AnyOp { compare_op, .. } | Expr::AllOp { compare_op, .. } = expr {
        operator(compare_op)?;
    }
    let (left, right, negated) = match expr {
        Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, .. } => (left, right, false),
        Expr::AllOp { left, compare_op: BinaryOperator::NotEq, right } => (left, right, true),
        _ => return Ok(()),
    };
    if let Some(list) = elements(right) {
        *expr = if list.is_empty() {
            build::boolean(negated)
        } else {
            Expr::InList { expr: Box::new(build::take(left)), list, negated }
        };
    }
    Ok(())
}

fn elements(array: &Expr) -> Option<Vec<Expr>> {
    match array {
        Expr::Nested(inner) => elements(inner),
        Expr::Array(array) => Some(array.elem.clone()),
        // What the cast of an empty literal became.
        Expr::Cast { expr, .. } if matches!(expr.as_ref(), Expr::Array(a) if a.elem.is_empty()) => {
            Some(vec![])
        }
        other => {
            let values = casts::array_literal(&casts::literal_text(other)?)?;
            let item = |v: Option<String>| v.map_or(Expr::value(Value::Null), |v| build::text(&v));
            Some(values.into_iter().map(item).collect())
        }
    }
}

/// `(f(x)).n` reads a field, as `f(x)['n']` does.
fn field_access(expr: &mut Expr) {
    let Expr::CompoundFieldAccess { root, access_chain } = expr else { return };
    if !matches!(root.as_ref(), Expr::Nested(_) | Expr::Function(_)) {
        return;
    }
    for access in access_chain.iter_mut() {
        if let AccessExpr::Dot(Expr::Identifier(field)) = access {
            let index = build::text(&build::folded(field));
            *access = AccessExpr::Subscript(Subscript::Index { index });
        }
    }
}

/// Functions that give a row per element in a select list; ours give one list, so `unnest` them.
const SET_RETURNING: [&str; 11] = [
    "generate_series",
    "generate_subscripts",
    "_pg_expandarray",
    "regexp_matches",
    "regexp_split_to_table",
    "json_array_elements",
    "jsonb_array_elements",
    "json_array_elements_text",
    "jsonb_array_elements_text",
    "json_object_keys",
    "jsonb_object_keys",
];

/// Whether a function gives a row per element; ours give one list.
pub fn gives_rows(name: &str) -> bool {
    SET_RETURNING.contains(&name)
}

/// Functions that give a row per thing of a kind that a lake has none of, and their columns.
pub fn rowless(name: &str) -> Option<Vec<(&'static str, DataType)>> {
    use DataType::{BigInt, Boolean, Integer, Text};
    Some(match name {
        // A lake's tables are no partitions of others.
        "pg_partition_ancestors" => vec![("relid", BigInt(None))],
        "pg_partition_tree" => vec![
            ("relid", BigInt(None)),
            ("parentrelid", BigInt(None)),
            ("isleaf", Boolean),
            ("level", Integer(None)),
        ],
        "pg_options_to_table" => vec![("option_name", Text), ("option_value", Text)],
        "ts_token_type" => vec![("tokid", Integer(None)), ("alias", Text), ("description", Text)],
        _ => return None,
    })
}

/// The empty list of a type. DataFusion knows lists by a name that leaves casts out, so each is made of
/// something else.
pub fn empty_list(element: DataType) -> Expr {
    let name = build::text(&element.to_string());
    let one = Expr::Array(Array { elem: vec![name.clone()], named: true });
    let list = build::call("array_remove", vec![one, name]);
    let element = ArrayElemTypeDef::SquareBracket(Box::new(element), None);
    casts::cast(list, DataType::Array(element))
}

/// In a select list, a function of one column: no rows.
fn no_rows(expr: &Expr) -> Option<Expr> {
    let Expr::Function(call) = expr else { return None };
    let [(_, column)]: [_; 1] = rowless(&build::last_part(&call.name))?.try_into().ok()?;
    Some(build::call("unnest", vec![empty_list(column)]))
}

pub fn set_returning(select: &mut Select) {
    for item in &mut select.projection {
        let (SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) = item else {
            continue;
        };
        if let Some(nothing) = no_rows(expr) {
            *expr = nothing;
        } else if is_set_returning(expr) {
            *expr = rows_of(build::take(expr));
        } else if let Expr::CompoundFieldAccess { root, access_chain } = expr {
            let Expr::Nested(inner) = root.as_mut() else { continue };
            if !is_set_returning(inner) {
                continue;
            }
            // A field of each element: take the field of the list that the function is made from.
            match expanded_field(inner, access_chain) {
                Some(list) => *expr = rows_of(list),
                // An element of each, as of `(regexp_matches(…))[1]`.
                None => **inner = build::call("unnest", vec![build::take(inner)]),
            }
        }
    }
}

/// DataFusion knows what it unnests by name, and every subquery has the same: of `unnest((SELECT …))`, all
/// would be the first. So each gets another name.
pub fn tell_unnested_apart(select: &mut Select) {
    let mut seen = 0;
    for item in &mut select.projection {
        let (SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) = item else {
            continue;
        };
        let Expr::Function(call) = expr else { continue };
        if build::last_part(&call.name) != "unnest" || !has_subquery(&Expr::Function(call.clone()))
        {
            continue;
        }
        if let Some(arguments) = build::plain_arguments(&call.args) {
            let named = |list| (0..seen).fold(list, |list, _| build::call("coalesce", vec![list]));
            call.args = build::arguments(arguments.into_iter().map(named).collect());
            seen += 1;
        }
    }
}

/// A row per element of the list that a function gives. Elements lose what their list says of their type,
/// and subscripts are `integer`: ours are made of what DataFusion counts with.
pub fn rows_of(list: Expr) -> Expr {
    let name = match &list {
        Expr::Function(call) => build::last_part(&call.name),
        _ => String::new(),
    };
    let rows = build::call("unnest", vec![list]);
    match name.as_str() {
        "generate_subscripts" => casts::cast(rows, DataType::Integer(None)),
        "json_array_elements" | "json_each_values" => build::call(AS_JSON_ROW, vec![rows]),
        "jsonb_array_elements" | "jsonb_each_values" => build::call(AS_JSONB_ROW, vec![rows]),
        _ => rows,
    }
}

fn is_set_returning(expr: &Expr) -> bool {
    let Expr::Function(call) = expr else { return false };
    call.over.is_none() && gives_rows(&build::last_part(&call.name))
}

/// `(_pg_expandarray(a)).x` is the elements of `a`, `.n` their numbers.
fn expanded_field(expand: &Expr, chain: &[AccessExpr]) -> Option<Expr> {
    let Expr::Function(call) = expand else { return None };
    let mut list = build::plain_arguments(&call.args)?;
    let [AccessExpr::Subscript(Subscript::Index { index })] = chain else { return None };
    match casts::literal_text(index)?.as_str() {
        "x" => list.pop(),
        "n" => {
            list.push(build::number(1));
            Some(build::call("generate_subscripts", list))
        }
        _ => None,
    }
}
