//! Functions, by lists: those of the same meaning, and those that are said otherwise.

use lakegate_base::{Error, Result, Subject};
use sqlparser::ast::*;

use super::super::Kind;
use super::super::build::*;
use super::super::regexps::Use;
use super::super::walk::{Walk, refused};
use super::{ToAthena, masks, moments, numbers, texts};

/// Name here, name there, and how many arguments both understand alike.
const SAME: [(&str, &str, usize, usize); 41] = [
    ("abs", "abs", 1, 1),
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
    ("reverse", "reverse", 1, 1),
    ("rpad", "rpad", 3, 3),
    ("sha256", "sha256", 1, 1),
    ("sha512", "sha512", 1, 1),
    ("sign", "sign", 1, 1),
    ("sin", "sin", 1, 1),
    ("sinh", "sinh", 1, 1),
    ("starts_with", "starts_with", 2, 2),
    ("strpos", "strpos", 2, 2),
    ("tan", "tan", 1, 1),
    ("tanh", "tanh", 1, 1),
    ("translate", "translate", 3, 3),
    ("trunc", "truncate", 1, 2),
    ("upper", "upper", 1, 1),
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
const HINTS: [(&str, &str); 17] = [
    ("age", "Subtract the moments, or count months with date_diff in Athena itself."),
    ("array_append", "Write a || ARRAY[x] in Athena itself."),
    ("array_cat", "Write a || b in Athena itself."),
    ("date_bin", "Write date_trunc."),
    ("format", "Join the parts with ||."),
    ("initcap", "Ask Lakegate for it."),
    ("json_agg", "Write array_agg, and build the JSON where the rows are read."),
    ("jsonb_agg", "Write array_agg, and build the JSON where the rows are read."),
    ("make_date", "Write DATE '2024-01-31'."),
    ("array_remove", "Write the element as a literal, or filter in a subquery."),
    ("mode", "Count each value in a subquery, and take the first."),
    ("percentile_cont", "Ask Lakegate for it: Athena only approximates."),
    ("percentile_disc", "Ask Lakegate for it: Athena only approximates."),
    ("regexp_replace", "Replace all: regexp_replace(x, 'a', 'b', 'g')."),
    ("repeat", "Ask Lakegate for it: Athena's repeat gives an array."),
    ("to_timestamp", "Give it whole seconds: Athena rounds to milliseconds."),
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
    let elements = plain_args(function).unwrap_or_default();
    let elements = elements.first().and_then(|array| pass.kinds.elements(array));
    parts(pass, walk, function, &name)?;
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
    *expr = match name.as_str() {
        "array_to_string" => texts::array_to_string(args, elements)?,
        _ => otherwise(&name, args, &kinds)?,
    };
    Ok(())
}

pub fn is_scalar(args: &FunctionArguments) -> bool {
    match args {
        FunctionArguments::List(list) => {
            list.duplicate_treatment.is_none() && list.clauses.is_empty()
        }
        FunctionArguments::None => true,
        FunctionArguments::Subquery(_) => false,
    }
}

fn parts(pass: &mut ToAthena, walk: &mut Walk, function: &mut Function, name: &str) -> Result<()> {
    let odd = function.uses_odbc_syntax || function.null_treatment.is_some();
    if odd
        || !matches!(function.parameters, FunctionArguments::None)
        || !function.within_group.is_empty()
    {
        return Err(unknown(name));
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
        ("avg", [Some(Kind::Double)]) => {}
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
                "avg of a numeric or of an unknown type, which Athena rounds to the digits of its \
                input",
                "Cast it: avg(x::double precision).",
            )
            .about(Subject::Type));
        }
        ("sum", [Some(Kind::Real)]) => {
            let what = "sum of a real, which Athena reckons in other digits";
            return Err(refused(what, "Cast it: sum(x::double precision).").about(Subject::Type));
        }
        (name, kinds) if STATISTICS.contains(&name) => statistic(name, kinds)?,
        ("string_agg", [Some(Kind::Text), Some(_)]) => *expr = joined(function)?,
        ("string_agg", _) => {
            return Err(refused("string_agg of other values than text", "Cast it to text.")
                .about(Subject::Type));
        }
        _ => {}
    }
    Ok(())
}

const STATISTICS: [&str; 11] = [
    "corr",
    "covar_pop",
    "covar_samp",
    "regr_intercept",
    "regr_slope",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "var_pop",
    "var_samp",
    "variance",
];

/// Of one column they are numerics here unless it is a double; of two, doubles in both unless they are reals.
fn statistic(name: &str, kinds: &[Option<Kind>]) -> Result<()> {
    let exact = match kinds {
        [one] => *one == Some(Kind::Double),
        kinds => kinds.iter().all(|kind| kind.is_some_and(Kind::is_number)),
    };
    match exact {
        true => Ok(()),
        false => Err(refused(
            format!("{name} of other values than doubles, which has other digits in Athena"),
            "Cast them: x::double precision.",
        )
        .about(Subject::Type)),
    }
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

fn otherwise(name: &str, mut args: Vec<Expr>, kinds: &[Option<Kind>]) -> Result<Expr> {
    let first_two = |args: &mut Vec<Expr>| (take(&mut args[0]), take(&mut args[1]));
    Ok(match (name, args.len()) {
        ("concat", 1..) => texts::concatenated(args, kinds)?,
        ("btrim" | "ltrim" | "rtrim", 1 | 2) => texts::trimmed(name, args),
        ("left" | "right", 2) => texts::side(name, args)?,
        ("substr" | "substring", 2 | 3) => texts::substring(args, kinds)?,
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
        ("split_part", 3) => texts::split_part(args)?,
        ("string_to_array", 2) => texts::string_to_array(args)?,
        ("array_length", 2) if literal_integer(&args[1]) == Some(1) => {
            let count = call("cardinality", [take(&mut args[0])]);
            call("nullif", [count, number(0)])
        }
        // Postgres finds NULLs, too.
        ("array_position", 2) if super::expressions::is_literal(&args[1]) => {
            call("nullif", [call(name, args), number(0)])
        }
        ("array_remove", 2) if super::expressions::is_literal(&args[1]) => call(name, args),
        // Of what is no array, json_array_length is NULL there and an error here, as is this cast.
        ("json_array_length", 1) if kinds[0] == Some(Kind::Json) => {
            call("cardinality", [cast(take(&mut args[0]), named_type("array(json)"))])
        }
        ("md5", 1) => {
            let hashed = call("md5", [call("to_utf8", args)]);
            call("lower", [call("to_hex", [hashed])])
        }
        ("encode", 2) if literal_text(&args[1]) == Some("hex") => {
            call("lower", [call("to_hex", [take(&mut args[0])])])
        }
        ("regexp_replace", 4) => texts::regexp_replace(args)?,
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
        ("regexp_like", 2) => {
            let (value, pattern) = first_two(&mut args);
            call(name, [value, texts::regexp_literal(&pattern, Use::Test)?])
        }
        _ => return measured(name, args, kinds),
    })
}

/// Of numbers and moments.
fn measured(name: &str, mut args: Vec<Expr>, kinds: &[Option<Kind>]) -> Result<Expr> {
    Ok(match (name, args.len()) {
        ("round", 1 | 2) => numbers::rounded(args, kinds)?,
        ("ceil" | "ceiling", 1) => numbers::whole("ceiling", args, kinds),
        ("sqrt" | "exp" | "ln" | "log" | "log10", 1) | ("power" | "pow", 2) => {
            numbers::inexact(name, args, kinds)?
        }
        ("acos" | "asin", 1) => {
            let outside = binary(call("abs", args.clone()), BinaryOperator::Gt, number(1));
            call(name, [failing_if(outside, take(&mut args[0]))])
        }
        ("floor", 1) => numbers::whole("floor", args, kinds),
        ("date_trunc", 2) => masks::date_trunc(args, kinds)?,
        ("date_part", 2) => {
            let (field, inner) = (take(&mut args[0]), take(&mut args[1]));
            let field = literal_text(&field).map(str::to_lowercase);
            let field = field.ok_or_else(|| {
                refused("date_part of a field that is no literal", "Write the field as a string.")
            })?;
            cast(moments::field_of(&field, kinds[1], inner)?, named_type("double"))
        }
        ("to_char", 2) => masks::to_char(args, kinds)?,
        ("to_date", 2) => cast(masks::date_parse(args)?, named_type("date")),
        ("to_timestamp", 2) => {
            cast(masks::date_parse(args)?, named_type("timestamp(3) with time zone"))
        }
        ("to_timestamp", 1) if kinds[0] == Some(Kind::Integer) => call("from_unixtime", args),
        _ => return Err(unknown(name)),
    })
}
