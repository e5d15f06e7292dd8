//! Functions, by lists: those of the same meaning, and those that are said otherwise.

use lakegate_base::{Error, Result, Subject};
use sqlparser::ast::*;

use super::super::Kind;
use super::super::build::*;
use super::super::patterns;
use super::super::regexps::{self, Use, Way};
use super::super::walk::{Walk, refused};
use super::{ToAthena, moments, or_else};

/// Name here, name there, and how many arguments both understand alike.
const SAME: [(&str, &str, usize, usize); 53] = [
    ("abs", "abs", 1, 1),
    ("acos", "acos", 1, 1),
    ("array_remove", "array_remove", 2, 2),
    ("asin", "asin", 1, 1),
    ("atan", "atan", 1, 1),
    ("atan2", "atan2", 2, 2),
    ("cardinality", "cardinality", 1, 1),
    ("cbrt", "cbrt", 1, 1),
    ("char_length", "length", 1, 1),
    ("character_length", "length", 1, 1),
    ("chr", "chr", 1, 1),
    ("coalesce", "coalesce", 1, 99),
    ("cos", "cos", 1, 1),
    ("cosh", "cosh", 1, 1),
    ("current_date", "current_date", 0, 0),
    ("current_timestamp", "current_timestamp", 0, 0),
    ("degrees", "degrees", 1, 1),
    ("exp", "exp", 1, 1),
    ("json_array_length", "json_array_length", 1, 1),
    ("length", "length", 1, 1),
    ("ln", "ln", 1, 1),
    ("localtimestamp", "localtimestamp", 0, 0),
    ("log", "log10", 1, 1),
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
    ("reverse", "reverse", 1, 1),
    ("rpad", "rpad", 3, 3),
    ("sha256", "sha256", 1, 1),
    ("sha512", "sha512", 1, 1),
    ("sign", "sign", 1, 1),
    ("sin", "sin", 1, 1),
    ("sinh", "sinh", 1, 1),
    ("sqrt", "sqrt", 1, 1),
    ("starts_with", "starts_with", 2, 2),
    ("strpos", "strpos", 2, 2),
    ("tan", "tan", 1, 1),
    ("tanh", "tanh", 1, 1),
    ("translate", "translate", 3, 3),
    ("trunc", "truncate", 1, 2),
    ("upper", "upper", 1, 1),
    ("width_bucket", "width_bucket", 4, 4),
    ("grouping", "grouping", 1, 9),
    ("sequence", "sequence", 3, 3),
    ("concat_ws", "concat_ws", 2, 99),
];

const AGGREGATES: [(&str, &str); 22] = [
    ("any_value", "any_value"),
    ("array_agg", "array_agg"),
    ("bool_and", "bool_and"),
    ("bool_or", "bool_or"),
    ("corr", "corr"),
    ("count", "count"),
    ("covar_pop", "covar_pop"),
    ("covar_samp", "covar_samp"),
    ("every", "every"),
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
    ("string_agg", "array_agg"),
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

/// What to do where Athena has nothing.
const HINTS: [(&str, &str); 14] = [
    ("age", "Subtract the moments, or count months with date_diff in Athena itself."),
    ("array_append", "Write a || ARRAY[x] in Athena itself."),
    ("array_cat", "Write a || b in Athena itself."),
    ("date_bin", "Write date_trunc."),
    ("format", "Join the parts with ||."),
    ("initcap", "Ask Lakegate for it."),
    ("json_agg", "Write array_agg, and build the JSON where the rows are read."),
    ("jsonb_agg", "Write array_agg, and build the JSON where the rows are read."),
    ("make_date", "Write DATE '2024-01-31'."),
    ("mode", "Count each value in a subquery, and take the first."),
    ("percentile_cont", "Ask Lakegate for it: Athena only approximates."),
    ("percentile_disc", "Ask Lakegate for it: Athena only approximates."),
    ("repeat", "Ask Lakegate for it: Athena's repeat gives an array."),
    ("unnest", "Write it in FROM: FROM t, unnest(t.a) AS u (x)."),
];

fn unknown(name: &str) -> Error {
    let hint = HINTS.iter().find(|(known, _)| *known == name).map(|(_, hint)| *hint);
    let hint = hint.unwrap_or("Leave it out, or run the statement in Lakegate.");
    refused(format!("the function {name}, which Athena does not have with this meaning"), hint)
        .about(Subject::Function)
}

pub fn rewrite(pass: &mut ToAthena, walk: &mut Walk, expr: &mut Expr) -> Result<()> {
    let Expr::Function(function) = expr else { return Ok(()) };
    let name = plain_name(&function.name).ok_or_else(|| unknown(&function.name.to_string()))?;
    let kinds: Vec<Option<Kind>> =
        plain_args(function).unwrap_or_default().iter().map(|arg| pass.kinds.of(arg)).collect();
    parts(pass, walk, function)?;
    if let Some((_, athena)) = AGGREGATES.iter().find(|(local, _)| *local == name) {
        return aggregate(expr, &name, athena, &kinds);
    }
    if WINDOW.contains(&name.as_str()) && function.over.is_some() {
        function.name = ObjectName::from(vec![Ident::new(name)]);
        return Ok(());
    }
    let is_plain =
        function.over.is_none() && function.filter.is_none() && is_scalar(&function.args);
    if !is_plain {
        return Err(unknown(&name));
    }
    let count = kinds.len();
    let same = SAME
        .iter()
        .find(|(local, _, least, most)| *local == name && (*least..=*most).contains(&count));
    if let Some((_, athena, ..)) = same {
        if name == "concat_ws" && kinds.iter().any(|kind| *kind != Some(Kind::Text)) {
            return Err(refused("concat_ws of other values than text", "Cast each to text."));
        }
        function.name = ObjectName::from(vec![Ident::new(*athena)]);
        return Ok(());
    }
    let args = take_args(function);
    *expr = otherwise(pass, &name, args, &kinds)?;
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

fn parts(pass: &mut ToAthena, walk: &mut Walk, function: &mut Function) -> Result<()> {
    let odd = function.uses_odbc_syntax || function.null_treatment.is_some();
    if odd
        || !matches!(function.parameters, FunctionArguments::None)
        || !function.within_group.is_empty()
    {
        let name = function.name.to_string().to_lowercase();
        return Err(unknown(&name));
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
                other => return Err(refused(format!("{other} in a function"), "Leave it out.")),
            }
        }
    }
    if let Some(condition) = &mut function.filter {
        walk.expr(pass, condition)?;
    }
    match &mut function.over {
        Some(WindowType::WindowSpec(window)) => walk.window(pass, window),
        Some(WindowType::NamedWindow(name)) => {
            super::names::write(name);
            Ok(())
        }
        None => Ok(()),
    }
}

fn aggregate(expr: &mut Expr, name: &str, athena: &str, kinds: &[Option<Kind>]) -> Result<()> {
    let Expr::Function(function) = expr else { return Ok(()) };
    function.name = ObjectName::from(vec![Ident::new(athena)]);
    match (name, kinds) {
        ("avg", [Some(Kind::Double | Kind::Interval)]) => {}
        ("avg", [Some(Kind::Integer)]) => {
            // As many digits as a numeric's average has; a double would round otherwise.
            let mut sum = function.clone();
            sum.name = ObjectName::from(vec![Ident::new("sum")]);
            function.name = ObjectName::from(vec![Ident::new("count")]);
            let exact = cast(Expr::Function(sum), named_type("decimal(38, 16)"));
            *expr = operand(binary(exact, BinaryOperator::Divide, take(expr)));
        }
        ("avg", _) => {
            return Err(refused(
                "avg of a numeric or of an unknown type, which Athena rounds to the digits of its input",
                "Cast it: avg(x::double precision).",
            )
            .about(Subject::Type));
        }
        ("string_agg", [Some(Kind::Text), Some(_)]) => *expr = joined(function)?,
        ("string_agg", _) => {
            return Err(refused("string_agg of other values than text", "Cast it to text.")
                .about(Subject::Type));
        }
        _ => {}
    }
    Ok(())
}

/// Of no values it is NULL, and NULLs are no values.
fn joined(function: &mut Function) -> Result<Expr> {
    let FunctionArguments::List(list) = &mut function.args else {
        return Err(unknown("string_agg"));
    };
    if list.args.len() != 2 || function.over.is_some() {
        return Err(refused("string_agg over a window", "Group in a subquery."));
    }
    let (Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(separator))), Some(value)) =
        (list.args.pop(), list.args.first().cloned())
    else {
        return Err(unknown("string_agg"));
    };
    let FunctionArg::Unnamed(FunctionArgExpr::Expr(value)) = value else {
        return Err(unknown("string_agg"));
    };
    if literal_text(&separator).is_none() {
        return Err(refused(
            "string_agg with a separator that is no literal",
            "Write the separator as a string.",
        ));
    }
    let known = is_not_null(value);
    let filter = match function.filter.take() {
        Some(condition) => binary(*condition, BinaryOperator::And, known),
        None => known,
    };
    function.filter = Some(Box::new(filter));
    Ok(call("array_join", [Expr::Function(function.clone()), separator]))
}

fn otherwise(
    pass: &ToAthena,
    name: &str,
    mut args: Vec<Expr>,
    kinds: &[Option<Kind>],
) -> Result<Expr> {
    let first_two = |args: &mut Vec<Expr>| (take(&mut args[0]), take(&mut args[1]));
    Ok(match (name, args.len()) {
        ("concat", 1..) => concatenated(args, kinds)?,
        ("btrim" | "ltrim" | "rtrim", 1 | 2) => trimmed(name, args),
        ("left" | "right", 2) => side(name, args)?,
        ("substr" | "substring", 2 | 3) => substring(args, kinds)?,
        ("lpad" | "rpad", 2) => {
            args.push(text(" "));
            call(name, args)
        }
        ("replace", 3) if literal_text(&args[1]).is_some_and(|said| !said.is_empty()) => {
            call(name, args)
        }
        ("replace", 3) => {
            return Err(refused("replace of a text that may be empty", "Write it as a string."));
        }
        ("split_part", 3) => split_part(args)?,
        ("string_to_array", 2) => string_to_array(args)?,
        ("array_to_string", 2) => call("array_join", args),
        ("array_length", 2) if literal_integer(&args[1]) == Some(1) => {
            let count = call("cardinality", [take(&mut args[0])]);
            call("nullif", [count, number(0)])
        }
        ("array_position", 2) => call("nullif", [call(name, args), number(0)]),
        ("md5", 1) => {
            let hashed = call("md5", [call("to_utf8", args)]);
            call("lower", [call("to_hex", [hashed])])
        }
        ("encode", 2) if literal_text(&args[1]) == Some("hex") => {
            call("lower", [call("to_hex", [take(&mut args[0])])])
        }
        ("regexp_replace", 4) => regexp_replace(args)?,
        ("greatest" | "least", 1 | 2) => {
            let mut picked = call(name, args.iter().cloned());
            if args.len() == 1 {
                take(&mut args[0])
            } else {
                let (one, other) = first_two(&mut args);
                call("coalesce", [take(&mut picked), one, other])
            }
        }
        ("greatest" | "least", _) => {
            return Err(refused(
                format!("{name} of more than two values"),
                "Nest it: greatest(greatest(a, b), c).",
            ));
        }
        ("round", 1 | 2) => rounded(args, kinds)?,
        ("ceil" | "ceiling", 1) => whole("ceiling", args, kinds),
        ("floor", 1) => whole("floor", args, kinds),
        ("date_trunc", 2) => date_trunc(pass, args, kinds)?,
        ("date_part", 2) => {
            let (field, inner) = first_two(&mut args);
            let field = literal_text(&field).map(str::to_lowercase);
            let field = field.ok_or_else(|| {
                refused("date_part of a field that is no literal", "Write the field as a string.")
            })?;
            cast(moments::field_of(&field, kinds[1], inner)?, named_type("double"))
        }
        ("to_char", 2) => to_char(args, kinds)?,
        ("to_date", 2) => cast(date_parse(args)?, named_type("date")),
        ("to_timestamp", 2) => cast(date_parse(args)?, named_type("timestamp(3) with time zone")),
        ("to_timestamp", 1) => call("from_unixtime", args),
        ("regexp_like", 2) => {
            let (value, pattern) = first_two(&mut args);
            call(name, [value, regexp_literal(&pattern, Use::Test)?])
        }
        _ => return Err(unknown(name)),
    })
}

fn regexp_literal(pattern: &Expr, wanted: Use) -> Result<Expr> {
    match literal_text(pattern) {
        Some(said) => Ok(text(&regexps::translated(said, Way::ToJava, wanted)?)),
        None => Err(refused(
            "a regular expression that is no literal",
            "Write the pattern as a string.",
        )),
    }
}

/// Postgres leaves NULLs out; Athena makes all of it NULL.
fn concatenated(args: Vec<Expr>, kinds: &[Option<Kind>]) -> Result<Expr> {
    let mut parts = Vec::with_capacity(args.len());
    for (mut arg, kind) in args.into_iter().zip(kinds) {
        let is_literal = literal_text(&arg).is_some();
        parts.push(match kind {
            _ if is_literal => arg,
            Some(Kind::Text) => or_else(&mut arg, text("")),
            Some(Kind::Integer | Kind::Date | Kind::Decimal) => {
                or_else(&mut cast(arg, named_type("varchar")), text(""))
            }
            _ => {
                let error = refused(
                    format!("concat of {arg}, of another type than text"),
                    "Cast it to text.",
                );
                return Err(error.about(Subject::Type));
            }
        });
    }
    // Athena's takes two at least.
    Ok(if parts.len() == 1 { parts.remove(0) } else { call("concat", parts) })
}

/// Postgres takes off spaces, Athena's trim all white space.
fn trimmed(name: &str, mut args: Vec<Expr>) -> Expr {
    let side = match name {
        "ltrim" => TrimWhereField::Leading,
        "rtrim" => TrimWhereField::Trailing,
        _ => TrimWhereField::Both,
    };
    let what = if args.len() == 2 { take(&mut args[1]) } else { text(" ") };
    trim(side, what, take(&mut args[0]))
}

pub fn text_syntax(pass: &mut ToAthena, walk: &mut Walk, expr: &mut Expr) -> Result<()> {
    match expr {
        Expr::Trim { trim_where, trim_what, expr: inner, trim_characters } => {
            let mut what = match (trim_what, trim_characters.take()) {
                (Some(what), None) => take(what),
                (None, None) => text(" "),
                (None, Some(mut list)) if list.len() == 1 => take(&mut list[0]),
                _ => return Err(refused("this form of TRIM", "Write TRIM(BOTH 'x' FROM s).")),
            };
            walk.expr(pass, inner)?;
            walk.expr(pass, &mut what)?;
            *expr = trim(trim_where.unwrap_or(TrimWhereField::Both), what, take(inner));
        }
        Expr::Substring { expr: inner, substring_from, substring_for, .. } => {
            let from = substring_from.take().map_or_else(|| number(1), |from| *from);
            let mut args = vec![take(inner), from];
            args.extend(substring_for.take().map(|length| *length));
            let kinds: Vec<Option<Kind>> = args.iter().map(|arg| pass.kinds.of(arg)).collect();
            walk.exprs(pass, &mut args)?;
            *expr = substring(args, &kinds)?;
        }
        _ => {}
    }
    Ok(())
}

/// From a place before the first letter both count differently.
fn substring(args: Vec<Expr>, kinds: &[Option<Kind>]) -> Result<Expr> {
    if kinds.get(1) == Some(&Some(Kind::Text)) {
        return Err(refused(
            "substring by a regular expression",
            "Test it with ~, or cut by position.",
        ));
    }
    if !is_positive(&args[1]) {
        return Err(refused(
            format!("substring from {}, which may be less than 1", args[1]),
            "Write a number from 1, strpos(…) + 1, or greatest(…, 1).",
        ));
    }
    Ok(call("substr", args))
}

fn is_positive(expr: &Expr) -> bool {
    if let Some(value) = literal_integer(expr) {
        return value > 0;
    }
    match bare(expr) {
        Expr::BinaryOp { left, op: BinaryOperator::Plus, right } => {
            is_positive(left) && is_natural(right) || is_natural(left) && is_positive(right)
        }
        Expr::Function(function) if plain_name(&function.name).as_deref() == Some("coalesce") => {
            plain_args(function).unwrap_or_default().iter().any(|arg| is_positive(arg))
        }
        _ => false,
    }
}

/// At least zero.
fn is_natural(expr: &Expr) -> bool {
    const COUNTS: [&str; 5] = ["strpos", "length", "position", "cardinality", "count"];
    match bare(expr) {
        Expr::Position { .. } => true,
        Expr::Function(function) => {
            plain_name(&function.name).is_some_and(|name| COUNTS.contains(&name.as_str()))
        }
        other => literal_integer(other).is_some_and(|value| value >= 0) || is_positive(other),
    }
}

fn side(name: &str, mut args: Vec<Expr>) -> Result<Expr> {
    let Some(count) = literal_integer(&args[1]).filter(|count| *count >= 0) else {
        return Err(refused(
            format!("{name} by a count that is no number from 0"),
            "Write substr.",
        ));
    };
    let value = take(&mut args[0]);
    if name == "left" {
        return Ok(call("substr", [value, number(1), number(count)]));
    }
    let length = call("length", [value.clone()]);
    let from = binary(length, BinaryOperator::Minus, number(count - 1));
    Ok(call("substr", [value, call("greatest", [from, number(1)])]))
}

/// Behind the last part is an empty text here and NULL there.
fn split_part(mut args: Vec<Expr>) -> Result<Expr> {
    let is_whole = literal_integer(&args[2]).is_some_and(|at| at > 0);
    if !is_whole || literal_text(&args[1]).is_none_or(str::is_empty) {
        return Err(refused(
            "split_part by other than a literal text and a number from 1",
            "Write both as literals.",
        ));
    }
    let value = args[0].clone();
    let part = or_else(&mut call("split_part", args.drain(..)), text(""));
    Ok(case(is_not_null(value), part, None))
}

/// Of an empty text there are no parts here, and one there.
fn string_to_array(mut args: Vec<Expr>) -> Result<Expr> {
    if literal_text(&args[1]).is_none_or(str::is_empty) {
        return Err(refused(
            "string_to_array by a text that is no literal",
            "Write the separator as a string.",
        ));
    }
    let value = args[0].clone();
    let none =
        cast(Expr::Array(Array { elem: Vec::new(), named: true }), named_type("array(varchar)"));
    Ok(case(binary(value, BinaryOperator::Eq, text("")), none, Some(call("split", args.drain(..)))))
}

fn regexp_replace(mut args: Vec<Expr>) -> Result<Expr> {
    let (Some(replacement), Some("g")) = (literal_text(&args[2]), literal_text(&args[3])) else {
        return Err(refused(
            "regexp_replace of the first match only",
            "Replace all, regexp_replace(x, 'a', 'b', 'g'), with a literal replacement.",
        ));
    };
    let replacement = text(&regexps::replacement(replacement, Way::ToJava)?);
    let pattern = regexp_literal(&args[1], Use::Find)?;
    Ok(call("regexp_replace", [take(&mut args[0]), pattern, replacement]))
}

/// A double's halves round to even here and up there.
fn rounded(args: Vec<Expr>, kinds: &[Option<Kind>]) -> Result<Expr> {
    match kinds[0] {
        Some(Kind::Decimal | Kind::Integer) => Ok(call("round", args)),
        _ => Err(refused(
            "round of a double or of an unknown type, whose halves Athena rounds otherwise",
            "Cast it: round(x::numeric(38, 10), 2).",
        )
        .about(Subject::Type)),
    }
}

fn whole(name: &str, mut args: Vec<Expr>, kinds: &[Option<Kind>]) -> Expr {
    match kinds[0] {
        Some(Kind::Integer) => call(name, [cast(take(&mut args[0]), named_type("double"))]),
        _ => call(name, args),
    }
}

fn date_trunc(_: &ToAthena, mut args: Vec<Expr>, kinds: &[Option<Kind>]) -> Result<Expr> {
    const UNITS: [&str; 9] =
        ["millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year"];
    let unit = literal_text(&args[0]).map(str::to_lowercase).unwrap_or_default();
    if !UNITS.contains(&unit.as_str()) {
        return Err(refused(
            format!("date_trunc to {}", args[0]),
            "Write a unit from second to year.",
        ));
    }
    let moment = take(&mut args[1]);
    let moment = match kinds[1] {
        Some(Kind::Date) => cast(moment, named_type("timestamp(3) with time zone")),
        Some(Kind::Timestamp | Kind::TimestampTz) => moment,
        _ => {
            let error = refused("date_trunc of an unknown type", "Cast it to date or timestamp.");
            return Err(error.about(Subject::Type));
        }
    };
    Ok(call("date_trunc", [text(&unit), moment]))
}

fn mask(expr: &Expr) -> Result<Expr> {
    let said = literal_text(expr)
        .ok_or_else(|| refused("a mask that is no literal", "Write the mask as a string."))?;
    patterns::to_mysql(said).map(|mask| text(&mask)).ok_or_else(|| {
        refused(
            format!("the mask '{said}'"),
            "Use YYYY, MM, DD, HH24, HH12, MI, SS, US, AM, Mon, FMMonth, Dy, FMDay, DDD, IYYY and IW.",
        )
    })
}

fn to_char(mut args: Vec<Expr>, kinds: &[Option<Kind>]) -> Result<Expr> {
    if !kinds[0].is_some_and(Kind::is_moment) {
        return Err(refused(
            "to_char of a number or of an unknown type",
            "Cast it to date or timestamp.",
        )
        .about(Subject::Type));
    }
    let mask = mask(&args[1])?;
    Ok(call("date_format", [take(&mut args[0]), mask]))
}

fn date_parse(mut args: Vec<Expr>) -> Result<Expr> {
    let mask = mask(&args[1])?;
    Ok(call("date_parse", [take(&mut args[0]), mask]))
}
