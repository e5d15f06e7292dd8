//! Regular expressions in Postgres' syntax: operators, SIMILAR TO, `substring(x FROM pattern)`.

use lakegate_base::Result;
use sqlparser::ast::{BinaryOperator, Expr, Value};

use super::{build, casts};
use crate::error::from_datafusion;
use crate::functions::{REGEX, SIMILAR, literal_pattern, literal_similar};

/// The pattern of `~` and its like, as the regex crate reads it: literals now, others when they are known.
pub fn operand(op: &BinaryOperator, pattern: &mut Expr) -> Result<()> {
    let is_regex = matches!(
        op,
        BinaryOperator::PGRegexMatch
            | BinaryOperator::PGRegexIMatch
            | BinaryOperator::PGRegexNotMatch
            | BinaryOperator::PGRegexNotIMatch
    );
    if !is_regex {
        return Ok(());
    }
    *pattern = match casts::literal_text(pattern) {
        Some(text) => build::text(&literal_pattern(&text).map_err(from_datafusion)?),
        None => build::call(REGEX, vec![build::take(pattern)]),
    };
    Ok(())
}

/// `x SIMILAR TO pattern ESCAPE e` is `x ~ pattern`; `substring` with a pattern is a function of it.
pub fn rewrite(expr: &mut Expr) -> Result<()> {
    match expr {
        Expr::SimilarTo { negated, expr: value, pattern, escape_char } => {
            let escape = escape_char.take().map(Expr::Value);
            let pattern = similar(build::take(pattern), escape)?;
            let op = match negated {
                true => BinaryOperator::PGRegexNotMatch,
                false => BinaryOperator::PGRegexMatch,
            };
            let left = Box::new(build::take(value));
            let compared = Expr::BinaryOp { left, op, right: Box::new(pattern) };
            *expr = Expr::Nested(Box::new(compared));
        }
        Expr::Substring { expr: value, substring_from: from, substring_for: length, .. } => {
            let mut list = vec![build::take(value)];
            let from = from.take().map_or_else(|| build::number(1), |from| *from);
            list.push(from);
            list.extend(length.take().map(|length| *length));
            *expr = build::call("substring", list);
        }
        _ => {}
    }
    Ok(())
}

fn similar(pattern: Expr, escape: Option<Expr>) -> Result<Expr> {
    let mark = match &escape {
        None => Some(Some('\\')),
        Some(Expr::Value(value)) => match &value.value {
            Value::SingleQuotedString(text) => Some(text.chars().next()),
            _ => None,
        },
        Some(_) => None,
    };
    Ok(match (casts::literal_text(&pattern), mark) {
        (Some(text), Some(mark)) => {
            build::text(&literal_similar(&text, mark).map_err(from_datafusion)?)
        }
        _ => build::call(SIMILAR, [Some(pattern), escape].into_iter().flatten().collect()),
    })
}
