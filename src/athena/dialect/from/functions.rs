//! Functions, by lists: those of the same meaning, and those that are said otherwise.

use lakegate_base::{Error, Result, Subject};
use sqlparser::ast::*;

use super::super::Kind;
use super::super::build::*;
use super::super::regexps::{self, Use, Way};
use super::super::walk::{Walk, refused};
use super::aggregates::{self, AGGREGATES};
use super::{FromAthena, arrays, json, moments};

/// Name there, name here, and how many arguments both understand alike.
const SAME: [(&str, &str, usize, usize); 33] = [
    ("abs", "abs", 1, 1),
    ("acos", "acos", 1, 1),
    ("asin", "asin", 1, 1),
    ("atan", "atan", 1, 1),
    ("atan2", "atan2", 2, 2),
    ("cardinality", "cardinality", 1, 1),
    ("cbrt", "cbrt", 1, 1),
    ("chr", "chr", 1, 1),
    ("coalesce", "coalesce", 1, 99),
    ("cos", "cos", 1, 1),
    ("cosh", "cosh", 1, 1),
    ("current_date", "current_date", 0, 0),
    ("current_timestamp", "current_timestamp", 0, 0),
    ("degrees", "degrees", 1, 1),
    ("length", "length", 1, 1),
    ("localtimestamp", "localtimestamp", 0, 0),
    ("lower", "lower", 1, 1),
    ("lpad", "lpad", 3, 3),
    ("mod", "mod", 2, 2),
    ("now", "now", 0, 0),
    ("nullif", "nullif", 2, 2),
    ("pi", "pi", 0, 0),
    ("radians", "radians", 1, 1),
    ("random", "random", 0, 0),
    ("rand", "random", 0, 0),
    ("rpad", "rpad", 3, 3),
    ("sin", "sin", 1, 1),
    ("sinh", "sinh", 1, 1),
    ("starts_with", "starts_with", 2, 2),
    ("strpos", "strpos", 2, 2),
    ("tan", "tan", 1, 1),
    ("tanh", "tanh", 1, 1),
    ("upper", "upper", 1, 1),
];

const WINDOW: [&str; 11] = [
    "row_number",
    "rank",
    "dense_rank",
    "percent_rank",
    "cume_dist",
    "ntile",
    "lag",
    "lead",
    "first_value",
    "last_value",
    "nth_value",
];

/// What to do where Lakegate has nothing of that meaning.
const HINTS: [(&str, &str); 25] = [
    ("try", "Test the operand first: CASE WHEN b <> 0 THEN a / b END."),
    ("map", "Select the entries as columns, or keep them as JSON."),
    ("map_agg", "Select keys and values as columns."),
    ("histogram", "Write GROUP BY with count(*)."),
    ("transform", "Unnest the array, and compute in a subquery."),
    ("filter", "Unnest the array, and filter in a subquery."),
    ("reduce", "Unnest the array, and aggregate in a subquery."),
    ("array_join", "Write listagg, or array_join(array_agg(x), ',') of texts."),
    ("array_remove", "Write the element as a literal, or filter in a subquery."),
    ("array_sort", "Write array_agg(x ORDER BY x)."),
    ("array_distinct", "Write array_agg(DISTINCT x)."),
    ("flatten", "Unnest twice."),
    ("format_datetime", "Write date_format(x, '%Y-%m-%d')."),
    ("parse_datetime", "Write date_parse(s, '%Y-%m-%d')."),
    ("sequence", "Unnest generate_series in Lakegate itself."),
    ("from_unixtime", "Give it whole seconds: Athena rounds to milliseconds."),
    ("round", "Write floor(x * 100 + 0.5) / 100."),
    ("split_part", "Write element_at(split(x, ','), 1)."),
    (
        "to_unixtime",
        "Write date_diff('day', …) of dates, or ask in Lakegate: extract(epoch FROM x).",
    ),
    ("approx_percentile", "Write approx_percentile(x, 0.5), with a literal fraction only."),
    ("json_parse", "Cast it in Lakegate itself: x::json."),
    ("json_format", "Read its scalars by json_extract_scalar."),
    ("json_extract", "Read its scalars by json_extract_scalar."),
    ("at_timezone", "Shift it in Lakegate itself: x AT TIME ZONE 'Europe/Paris'."),
    ("format", "Join the parts with ||."),
];

pub fn unknown(name: &str) -> Error {
    let hint = HINTS.iter().find(|(known, _)| *known == name).map(|(_, hint)| *hint);
    let hint = hint.unwrap_or("Leave it out, or run the statement in Athena.");
    refused(
        format!("Athena's function {name}, which Lakegate does not have with this meaning"),
        hint,
    )
    .about(Subject::Function)
}

pub fn rewrite(pass: &mut FromAthena, walk: &mut Walk, expr: &mut Expr) -> Result<()> {
    let Expr::Function(function) = expr else { return Ok(()) };
    let name = plain_name(&function.name).ok_or_else(|| unknown(&function.name.to_string()))?;
    let kinds: Vec<Option<Kind>> =
        plain_args(function).unwrap_or_default().iter().map(|arg| pass.kinds.of(arg)).collect();
    let elements = plain_args(function).unwrap_or_default();
    let elements = elements.first().and_then(|array| pass.kinds.elements(array));
    parts(pass, walk, function, &name)?;
    if name == "listagg" {
        return aggregates::listagg(function);
    }
    if let Some((_, local)) = AGGREGATES.iter().find(|(athena, _)| *athena == name) {
        aggregates::aggregate(function, &name, local, &kinds)?;
        // A bigint there, a numeric here, which divides otherwise.
        if name == "sum" && kinds == [Some(Kind::Integer)] {
            *expr = cast(take(expr), named_type("bigint"));
        }
        return Ok(());
    }
    if WINDOW.contains(&name.as_str()) && function.over.is_some() {
        function.name = ObjectName::from(vec![Ident::new(name)]);
        return Ok(());
    }
    if matches!(name.as_str(), "max_by" | "min_by" | "approx_percentile") {
        *expr = aggregates::picked(function, &name)?;
        return Ok(());
    }
    let is_plain = function.over.is_none()
        && function.filter.is_none()
        && function.within_group.is_empty()
        && is_scalar(&function.args);
    if !is_plain {
        return Err(unknown(&name));
    }
    let count = kinds.len();
    if let Some((_, local, least, most)) = SAME.iter().find(|(athena, ..)| *athena == name) {
        if count < *least || count > *most {
            return Err(unknown(&format!("{name} of {count} arguments")));
        }
        function.name = ObjectName::from(vec![Ident::new(*local)]);
        return Ok(());
    }
    let args = take_args(function);
    *expr = match arrays::rewrite(&name, args, &kinds, elements) {
        Ok(written) => written,
        Err(args) => otherwise(&name, args, &kinds)?,
    };
    Ok(())
}

fn is_scalar(args: &FunctionArguments) -> bool {
    match args {
        FunctionArguments::List(list) => {
            list.duplicate_treatment.is_none() && list.clauses.is_empty()
        }
        FunctionArguments::None => true,
        FunctionArguments::Subquery(_) => false,
    }
}

fn parts(
    pass: &mut FromAthena,
    walk: &mut Walk,
    function: &mut Function,
    name: &str,
) -> Result<()> {
    if function.null_treatment.is_some() || function.uses_odbc_syntax {
        return Err(refused(format!("IGNORE NULLS in {name}"), "Filter the NULLs in a subquery."));
    }
    if let FunctionArguments::List(list) = &mut function.args {
        for arg in &mut list.args {
            match arg {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => walk.expr(pass, expr)?,
                FunctionArg::Unnamed(FunctionArgExpr::Wildcard) if name == "count" => {}
                other => {
                    return Err(refused(
                        format!("the argument {other}"),
                        "Give arguments by position.",
                    ));
                }
            }
        }
        for clause in &mut list.clauses {
            match clause {
                FunctionArgumentClause::OrderBy(keys) => walk.sort_keys(pass, keys)?,
                other => return Err(refused(format!("{other} in {name}"), "Leave it out.")),
            }
        }
    }
    if let Some(condition) = &mut function.filter {
        walk.expr(pass, condition)?;
    }
    walk.sort_keys(pass, &mut function.within_group)?;
    match &mut function.over {
        Some(WindowType::WindowSpec(window)) => walk.window(pass, window),
        Some(WindowType::NamedWindow(name)) => {
            super::write_name(name);
            Ok(())
        }
        None => Ok(()),
    }
}

fn otherwise(name: &str, mut args: Vec<Expr>, kinds: &[Option<Kind>]) -> Result<Expr> {
    let pair = |args: &mut Vec<Expr>| (take(&mut args[0]), take(&mut args[1]));
    Ok(match (name, args.len()) {
        ("if", 2 | 3) => {
            let otherwise = args.get_mut(2).map(take);
            let (condition, result) = pair(&mut args);
            case(condition, result, otherwise)
        }
        ("concat", 2..) if kinds.iter().all(|kind| *kind == Some(Kind::Text)) => joined(args),
        ("greatest" | "least", 1..) => any_null(call(name, args.clone()), args),
        ("substr" | "substring", 2 | 3)
            if literal_integer(&args[1]).is_some_and(|from| from > 0) =>
        {
            call("substr", args)
        }
        ("replace", 3) if literal_text(&args[1]).is_some_and(|said| !said.is_empty()) => {
            call(name, args)
        }
        ("replace", 2) if literal_text(&args[1]).is_some_and(|said| !said.is_empty()) => {
            args.push(text(""));
            call(name, args)
        }
        ("trim" | "ltrim" | "rtrim", 1) => {
            let name = if name == "trim" { "btrim" } else { name };
            call(name, [take(&mut args[0]), text(WHITE_SPACE)])
        }
        ("round", 1) if kinds[0] == Some(Kind::Integer) => take(&mut args[0]),
        ("round", 2) if kinds[0] == Some(Kind::Integer) => {
            cast(call(name, args), named_type("bigint"))
        }
        ("round", 1 | 2) if kinds[0] == Some(Kind::Decimal) => call(name, args),
        ("sqrt" | "exp" | "ln" | "log10", 1) | ("power" | "pow", 2) => {
            of_doubles(name, args, kinds)
        }
        ("reverse", 1) if kinds[0] == Some(Kind::Text) => call(name, args),
        ("truncate", 1) if kinds[0] == Some(Kind::Double) => call("trunc", args),
        ("ceil" | "ceiling" | "floor", 1) => match kinds[0] {
            Some(Kind::Integer) => take(&mut args[0]),
            _ => call(name, args),
        },
        ("regexp_like", 2) => {
            let (value, pattern) = pair(&mut args);
            let pattern = regexp(&pattern, Use::Test)?;
            Expr::Nested(Box::new(binary(value, BinaryOperator::PGRegexMatch, pattern)))
        }
        ("regexp_extract", 2 | 3) => regexp_extract(args)?,
        ("regexp_replace", 2 | 3) => regexp_replace(args)?,
        ("json_extract_scalar", 2) => json::scalar(args)?,
        ("date", 1) => cast(take(&mut args[0]), named_type("date")),
        _ => return moments::rewrite(name, args, kinds),
    })
}

/// Java's white space, which Athena's trim takes off.
const WHITE_SPACE: &str = "\t\n\u{b}\u{c}\r\u{1c}\u{1d}\u{1e}\u{1f} \u{1680}\
    \u{2000}\u{2001}\u{2002}\u{2003}\u{2004}\u{2005}\u{2006}\u{2008}\u{2009}\u{200a}\
    \u{2028}\u{2029}\u{205f}\u{3000}";

fn joined(args: Vec<Expr>) -> Expr {
    let mut args = args.into_iter().map(operand);
    let first = args.next().unwrap_or_else(null);
    let all = args.fold(first, |left, right| Expr::BinaryOp {
        left: Box::new(left),
        op: BinaryOperator::StringConcat,
        right: Box::new(right),
    });
    Expr::Nested(Box::new(all))
}

/// Of numerics they have a numeric's digits here, and a double's there.
fn of_doubles(name: &str, args: Vec<Expr>, kinds: &[Option<Kind>]) -> Expr {
    let as_double = |(arg, kind): (Expr, &Option<Kind>)| match kind {
        Some(Kind::Integer | Kind::Double) => arg,
        _ => cast(arg, named_type("double precision")),
    };
    let name = if name == "pow" { "power" } else { name };
    call(name, args.into_iter().zip(kinds).map(as_double).collect::<Vec<_>>())
}

/// NULL when any is: here functions leave NULLs out.
pub fn any_null(value: Expr, args: Vec<Expr>) -> Expr {
    let is_literal = |arg: &Expr| literal_text(arg).is_some() || literal_integer(arg).is_some();
    let mut tests = args.into_iter().filter(|arg| !is_literal(arg)).map(is_not_null);
    let Some(first) = tests.next() else { return value };
    let all = tests.fold(first, |left, right| Expr::BinaryOp {
        left: Box::new(left),
        op: BinaryOperator::And,
        right: Box::new(right),
    });
    case(all, value, None)
}

fn regexp(pattern: &Expr, wanted: Use) -> Result<Expr> {
    match literal_text(pattern) {
        Some(said) => Ok(text(&regexps::translated(said, Way::FromJava, wanted)?)),
        None => Err(refused(
            "a regular expression that is no literal",
            "Write the pattern as a string.",
        )),
    }
}

/// Ours gives the only group, if there is one.
fn regexp_extract(mut args: Vec<Expr>) -> Result<Expr> {
    let groups = literal_text(&args[1]).map_or(0, regexps::groups);
    let wanted = args.get(2).map_or(Some(0), literal_integer);
    if !matches!((groups, wanted), (0, Some(0)) | (1, Some(1))) {
        return Err(refused(
            "regexp_extract of one among several groups",
            "Keep one group, and make the others (?:…).",
        ));
    }
    let pattern = regexp(&args[1], Use::Find)?;
    Ok(call("substring", [take(&mut args[0]), pattern]))
}

fn regexp_replace(mut args: Vec<Expr>) -> Result<Expr> {
    let pattern = regexp(&args[1], Use::Find)?;
    let replacement = match args.get(2).map(literal_text) {
        None => String::new(),
        Some(Some(said)) => regexps::replacement(said, Way::FromJava)?,
        Some(None) => {
            return Err(refused("a replacement that is no literal", "Write it as a string."));
        }
    };
    Ok(call("regexp_replace", [take(&mut args[0]), pattern, text(&replacement), text("g")]))
}
