//! `->` and `->>`: a chain of them is one path.

use lakegate_base::Result;
use sqlparser::ast::*;

use super::super::build::*;
use super::super::walk::{Walk, refused};
use super::{ToAthena, or_else};

pub fn rewrite(pass: &mut ToAthena, walk: &mut Walk, expr: &mut Expr) -> Result<()> {
    let mut path = String::new();
    let as_text = matches!(
        expr,
        Expr::BinaryOp { op: BinaryOperator::LongArrow | BinaryOperator::HashLongArrow, .. }
    );
    let mut document = take(expr);
    while let Expr::BinaryOp { mut left, op, right } = document {
        let step = match op {
            BinaryOperator::Arrow | BinaryOperator::LongArrow => step(&right)?,
            BinaryOperator::HashArrow | BinaryOperator::HashLongArrow => steps(&right)?,
            _ => return Err(refused(format!("{op} below ->"), "Write it in parentheses.")),
        };
        path.insert_str(0, &step);
        document = take(&mut left);
        while let Expr::Nested(inner) = document {
            document = *inner;
        }
    }
    // Athena finds nothing in a text that is no JSON, and fails to parse it, as we do; parsed, numbers lose
    // digits.
    if let Expr::Cast { expr: inner, data_type: DataType::JSON | DataType::JSONB, .. } =
        &mut document
    {
        let mut said = take(inner);
        walk.expr(pass, &mut said)?;
        document = case(is_not_null(call("json_parse", [said.clone()])), said, None);
    } else {
        walk.expr(pass, &mut document)?;
    }
    let path = text(&format!("${path}"));
    let mut found = call("json_extract", [document.clone(), path.clone()]);
    *expr = match as_text {
        false => found,
        // A scalar; NULL for null; an error, and never NULL, for what Postgres would print.
        true => {
            let mut scalar = call("json_extract_scalar", [document, path]);
            or_else(&mut scalar, cast(take(&mut found), named_type("varchar")))
        }
    };
    Ok(())
}

fn step(key: &Expr) -> Result<String> {
    if let Some(index) = literal_integer(key).filter(|index| *index >= 0) {
        return Ok(format!("[{index}]"));
    }
    literal_text(key).map_or_else(
        || {
            Err(refused(
                "a step into JSON that is no literal",
                "Write the key as a string or a number from 0.",
            ))
        },
        named,
    )
}

fn named(key: &str) -> Result<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    match key {
        key if !key.is_empty()
            && key.chars().all(plain)
            && !key.starts_with(|c: char| c.is_ascii_digit()) =>
        {
            Ok(format!(".{key}"))
        }
        // Athena takes it for an index, too.
        key if key.parse::<i64>().is_ok() => Err(refused(
            format!("the JSON key {key}, which may be an index in Athena"),
            "Write an index without quotes: x -> 0.",
        )),
        key if key.contains(['"', '\\', '\'']) => {
            Err(refused(format!("the JSON key {key}"), "Athena's paths have no quotes in keys."))
        }
        key => Ok(format!("[\"{key}\"]")),
    }
}

/// `'{a,b}'`: names only, as a number may be a key or an index.
fn steps(path: &Expr) -> Result<String> {
    let no = || refused("this path into JSON", "Write the steps one by one: x -> 'a' -> 0.");
    let said = literal_text(path)
        .and_then(|said| said.strip_prefix('{')?.strip_suffix('}'))
        .ok_or_else(no)?;
    let mut written = String::new();
    for key in said.split(',') {
        let key = key.trim();
        if key.is_empty() || key.contains('"') || key.parse::<i64>().is_ok() {
            return Err(no());
        }
        written.push_str(&named(key)?);
    }
    Ok(written)
}
