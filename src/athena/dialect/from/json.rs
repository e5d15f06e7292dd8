//! Scalars of JSON.

use lakegate_base::Result;
use sqlparser::ast::*;

use super::super::build::*;
use super::super::walk::refused;

/// Scalars only: of an object Athena says NULL and we its text.
pub fn scalar(mut args: Vec<Expr>) -> Result<Expr> {
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
