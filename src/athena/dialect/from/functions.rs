//! Functions, by lists: those of the same meaning, and those that are said otherwise.

use lakegate_base::{Error, Result, Subject};
use sqlparser::ast::*;

use super::super::Kind;
use super::super::build::*;
use super::super::patterns;
use super::super::regexps::{self, Use, Way};
use super::super::walk::{Walk, refused};
use super::FromAthena;

/// Name there, name here, and how many arguments both understand alike.
const SAME: [(&str, &str, usize, usize); 42] = [
    ("abs", "abs", 1, 1),
    ("acos", "acos", 1, 1),
    ("array_remove", "array_remove", 2, 2),
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
    ("exp", "exp", 1, 1),
    ("from_unixtime", "to_timestamp", 1, 1),
    ("length", "length", 1, 1),
    ("ln", "ln", 1, 1),
    ("localtimestamp", "localtimestamp", 0, 0),
    ("log10", "log10", 1, 1),
    ("lower", "lower", 1, 1),
    ("lpad", "lpad", 3, 3),
    ("mod", "mod", 2, 2),
    ("now", "now", 0, 0),
    ("nullif", "nullif", 2, 2),
    ("pi", "pi", 0, 0),
    ("pow", "power", 2, 2),
    ("power", "power", 2, 2),
    ("radians", "radians", 1, 1),
    ("random", "random", 0, 0),
    ("rand", "random", 0, 0),
    ("reverse", "reverse", 1, 1),
    ("rpad", "rpad", 3, 3),
    ("sin", "sin", 1, 1),
    ("sinh", "sinh", 1, 1),
    ("sqrt", "sqrt", 1, 1),
    ("starts_with", "starts_with", 2, 2),
    ("strpos", "strpos", 2, 2),
    ("tan", "tan", 1, 1),
    ("tanh", "tanh", 1, 1),
    ("upper", "upper", 1, 1),
];

const AGGREGATES: [(&str, &str); 24] = [
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
const HINTS: [(&str, &str); 16] = [
    ("try", "Test the operand first: CASE WHEN b <> 0 THEN a / b END."),
    ("map", "Select the entries as columns, or keep them as JSON."),
    ("map_agg", "Select keys and values as columns."),
    ("histogram", "Write GROUP BY with count(*)."),
    ("transform", "Unnest the array, and compute in a subquery."),
    ("filter", "Unnest the array, and filter in a subquery."),
    ("reduce", "Unnest the array, and aggregate in a subquery."),
    ("array_sort", "Write array_agg(x ORDER BY x)."),
    ("array_distinct", "Write array_agg(DISTINCT x)."),
    ("flatten", "Unnest twice."),
    ("approx_percentile", "Write approx_percentile(x, 0.5), with a literal fraction only."),
    ("json_parse", "Cast it in Lakegate itself: x::json."),
    ("json_format", "Read its scalars by json_extract_scalar."),
    ("json_extract", "Read its scalars by json_extract_scalar."),
    ("at_timezone", "Shift it in Lakegate itself: x AT TIME ZONE 'Europe/Paris'."),
    ("format", "Join the parts with ||."),
];

fn unknown(name: &str) -> Error {
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
    parts(pass, walk, function, &name)?;
    if name == "listagg" {
        return listagg(function);
    }
    if let Some((_, local)) = AGGREGATES.iter().find(|(athena, _)| *athena == name) {
        aggregate(function, &name, local, &kinds)?;
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
        *expr = picked(function, &name)?;
        return Ok(());
    }
    let is_plain = function.over.is_none() && function.filter.is_none();
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
    *expr = otherwise(&name, args, &kinds)?;
    Ok(())
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
                FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => {}
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

fn aggregate(
    function: &mut Function,
    name: &str,
    local: &str,
    kinds: &[Option<Kind>],
) -> Result<()> {
    function.name = ObjectName::from(vec![Ident::new(local)]);
    match (name, kinds) {
        ("avg", [Some(Kind::Double | Kind::Integer)]) => {}
        ("avg", _) => {
            let what = "avg of a decimal or of an unknown type, which Athena rounds to the digits of its input";
            return Err(refused(what, "Cast it: avg(CAST(x AS double)).").about(Subject::Type));
        }
        ("approx_distinct", [_]) => {
            if let FunctionArguments::List(list) = &mut function.args {
                list.duplicate_treatment = Some(DuplicateTreatment::Distinct);
            }
        }
        ("approx_distinct", _) => return Err(unknown("approx_distinct with an error bound")),
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

/// `listagg(x, ',') WITHIN GROUP (ORDER BY y)`.
fn listagg(function: &mut Function) -> Result<()> {
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
fn picked(function: &mut Function, name: &str) -> Result<Expr> {
    let mut args = take_args(function);
    if args.len() != 2 || function.over.is_some() || function.filter.is_some() {
        return Err(unknown(name));
    }
    let (Some(second), Some(first)) = (args.pop(), args.pop()) else { return Err(unknown(name)) };
    if name == "approx_percentile" {
        if !matches!(second, Expr::Value(ValueWithSpan { value: Value::Number(..), .. })) {
            return Err(unknown(name));
        }
        let mut exact = super::super::build::function("percentile_disc", [second]);
        exact.within_group = vec![ascending(first, None)];
        return Ok(Expr::Function(exact));
    }
    let mut all = super::super::build::function("array_agg", [first]);
    let asc = if name == "max_by" { Some(false) } else { None };
    if let FunctionArguments::List(list) = &mut all.args {
        list.clauses.push(FunctionArgumentClause::OrderBy(vec![ascending(second.clone(), asc)]));
    }
    all.filter = Some(Box::new(is_not_null(second)));
    let index = AccessExpr::Subscript(Subscript::Index { index: number(1) });
    let root = Box::new(Expr::Nested(Box::new(Expr::Function(all))));
    Ok(Expr::CompoundFieldAccess { root, access_chain: vec![index] })
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
        ("contains", 2) => {
            let (array, value) = pair(&mut args);
            Expr::AnyOp {
                left: Box::new(operand(value)),
                compare_op: BinaryOperator::Eq,
                right: Box::new(array),
                is_some: false,
            }
        }
        ("element_at", 2) if literal_integer(&args[1]).is_some_and(|at| at > 0) => {
            let (array, index) = pair(&mut args);
            let root = Box::new(match array {
                Expr::Identifier(_) | Expr::CompoundIdentifier(_) => array,
                other => Expr::Nested(Box::new(other)),
            });
            let access = AccessExpr::Subscript(Subscript::Index { index });
            Expr::CompoundFieldAccess { root, access_chain: vec![access] }
        }
        ("substr" | "substring", 2 | 3)
            if literal_integer(&args[1]).is_some_and(|from| from > 0) =>
        {
            call("substr", args)
        }
        ("split", 2) if literal_text(&args[1]).is_some_and(|said| !said.is_empty()) => {
            let empty = Expr::Array(Array { elem: vec![text("")], named: true });
            let is_empty = binary(args[0].clone(), BinaryOperator::Eq, text(""));
            case(is_empty, empty, Some(call("string_to_array", args)))
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
        ("array_join", 2) => call("array_to_string", args),
        ("array_position", 2) => {
            let place = call("coalesce", [call(name, args.clone()), number(0)]);
            any_null(place, args)
        }
        ("round", 1 | 2) if matches!(kinds[0], Some(Kind::Decimal | Kind::Integer)) => {
            call(name, args)
        }
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
        ("json_extract_scalar", 2) => json_scalar(args)?,
        ("date_format", 2) => call("to_char", [take(&mut args[0]), mask(&args[1])?]),
        ("date_parse", 2) => {
            let moment = call("to_timestamp", [take(&mut args[0]), mask(&args[1])?]);
            cast(moment, named_type("timestamp"))
        }
        ("date", 1) => cast(take(&mut args[0]), named_type("date")),
        _ => return moments(name, args, kinds),
    })
}

/// Java's white space, which Athena's trim takes off.
const WHITE_SPACE: &str = "\t\n\u{b}\u{c}\r\u{1c}\u{1d}\u{1e}\u{1f} \u{1680}\u{2000}\u{2001}\u{2002}\u{2003}\u{2004}\u{2005}\u{2006}\u{2008}\u{2009}\u{200a}\u{2028}\u{2029}\u{205f}\u{3000}";

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

/// NULL when any is: here functions leave NULLs out.
fn any_null(value: Expr, args: Vec<Expr>) -> Expr {
    let mut tests = args.into_iter().map(is_not_null);
    let first = tests.next().unwrap_or_else(|| boolean(true));
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

/// Scalars only: of an object Athena says NULL and we its text.
fn json_scalar(mut args: Vec<Expr>) -> Result<Expr> {
    let steps = literal_text(&args[1]).and_then(steps).ok_or_else(|| {
        refused(format!("the JSON path {}", args[1]), "Write names and numbers: '$.a.b[0]'.")
    })?;
    let document = cast(take(&mut args[0]), named_type("json"));
    let path: Vec<Expr> = steps.iter().map(|step| text(step)).collect();
    let with_path = |name: &str| {
        let args = std::iter::once(document.clone()).chain(path.iter().cloned());
        call(name, args)
    };
    let kind = call("json_typeof", [with_path("json_extract_path")]);
    let nested = vec![text("object"), text("array")];
    let scalar = Expr::InList { expr: Box::new(kind), list: nested, negated: true };
    Ok(case(scalar, with_path("json_extract_path_text"), None))
}

/// `$.a["b"][0]` as its steps.
fn steps(path: &str) -> Option<Vec<String>> {
    let mut rest = path.strip_prefix('$')?;
    let mut steps = Vec::new();
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let (name, next) = after.split_at(end);
            // A number may be a key of an object or an index.
            if !is_name(name) || name.parse::<i64>().is_ok() {
                return None;
            }
            steps.push(name.to_string());
            rest = next;
            continue;
        }
        let (inner, next) = rest.strip_prefix('[')?.split_once(']')?;
        let quoted = inner.strip_prefix('"').and_then(|name| name.strip_suffix('"'));
        match quoted {
            Some(name) if is_name(name) && name.parse::<i64>().is_err() => {
                steps.push(name.to_string())
            }
            None if inner.parse::<u32>().is_ok() => steps.push(inner.to_string()),
            _ => return None,
        }
        rest = next;
    }
    (!steps.is_empty()).then_some(steps)
}

fn mask(expr: &Expr) -> Result<Expr> {
    let said = literal_text(expr)
        .ok_or_else(|| refused("a mask that is no literal", "Write the mask as a string."))?;
    patterns::from_mysql(said).map(|mask| text(&mask)).ok_or_else(|| {
        refused(
            format!("the mask '{said}'"),
            "Use %Y, %m, %d, %H, %h, %i, %s, %f, %p, %b, %M, %a, %W, %j, %x and %v.",
        )
    })
}

fn moments(name: &str, mut args: Vec<Expr>, kinds: &[Option<Kind>]) -> Result<Expr> {
    const FIELDS: [(&str, &str); 10] = [
        ("year", "year"),
        ("quarter", "quarter"),
        ("month", "month"),
        ("week", "week"),
        ("week_of_year", "week"),
        ("day", "day"),
        ("day_of_month", "day"),
        ("day_of_week", "dow"),
        ("day_of_year", "doy"),
        ("hour", "hour"),
    ];
    if let Some((_, field)) = FIELDS.iter().find(|(athena, _)| *athena == name) {
        return field_of(field, kinds.first().copied().flatten(), take(&mut args[0]));
    }
    match (name, args.len()) {
        ("date_trunc", 2) if matches!(kinds[1], Some(Kind::Timestamp | Kind::TimestampTz)) => {
            Ok(call(name, args))
        }
        ("date_trunc", 2) if kinds[1] == Some(Kind::Date) => {
            Ok(cast(call(name, args), named_type("date")))
        }
        ("date_add", 3) => date_add(args, kinds[2]),
        ("date_diff", 3)
            if literal_text(&args[0]) == Some("day") && kinds[1..] == [Some(Kind::Date); 2] =>
        {
            let (from, to) = (take(&mut args[1]), take(&mut args[2]));
            Ok(Expr::Nested(Box::new(binary(to, BinaryOperator::Minus, from))))
        }
        ("date_diff", 3) => Err(refused(
            "date_diff but of days between dates",
            "Cast both to date, and take 'day'.",
        )),
        _ => Err(unknown(name)),
    }
}

fn date_add(mut args: Vec<Expr>, kind: Option<Kind>) -> Result<Expr> {
    const UNITS: [&str; 7] = ["second", "minute", "hour", "day", "week", "month", "year"];
    let unit = literal_text(&args[0]).unwrap_or_default().to_string();
    let (Some(count), true, Some(kind)) =
        (literal_integer(&args[1]), UNITS.contains(&unit.as_str()), kind)
    else {
        return Err(refused(
            "date_add of other than a literal count",
            "Write a number, a unit, and a date or timestamp.",
        ));
    };
    if !kind.is_moment() {
        return Err(refused("date_add to no moment", "Cast it to date or timestamp."));
    }
    let interval = Expr::Interval(Interval {
        value: Box::new(text(&format!("{count} {unit}"))),
        leading_field: None,
        leading_precision: None,
        last_field: None,
        fractional_seconds_precision: None,
    });
    let moved = Expr::Nested(Box::new(binary(take(&mut args[2]), BinaryOperator::Plus, interval)));
    Ok(if kind == Kind::Date { cast(moved, named_type("date")) } else { moved })
}

/// A field as a whole number, which it is in Athena. The operand is rewritten already.
pub fn field_of(field: &str, kind: Option<Kind>, inner: Expr) -> Result<Expr> {
    let field = match field {
        "year" => DateTimeField::Year,
        "quarter" => DateTimeField::Quarter,
        "month" => DateTimeField::Month,
        "week" => DateTimeField::Week(None),
        "day" | "day_of_month" => DateTimeField::Day,
        "dow" | "day_of_week" => DateTimeField::Isodow,
        "doy" | "day_of_year" => DateTimeField::Doy,
        "hour" if kind != Some(Kind::Date) => DateTimeField::Hour,
        "minute" if kind != Some(Kind::Date) => DateTimeField::Minute,
        other => {
            return Err(refused(
                format!("the field {other}"),
                "Take year, quarter, month, week, day, dow, doy, hour or minute.",
            ));
        }
    };
    if !kind.is_some_and(Kind::is_moment) {
        let error = refused(
            format!("the field {field} of an unknown type"),
            "Cast it to date or timestamp.",
        );
        return Err(error.about(Subject::Type));
    }
    let taken = Expr::Extract { field, syntax: ExtractSyntax::From, expr: Box::new(inner) };
    Ok(cast(taken, named_type("bigint")))
}
