//! CASE and functions that answer one of their arguments keep the Postgres type of those: an OID stays an
//! OID, where DataFusion sees a number. Told before type coercion, which tells the types of what is above.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::{Field, FieldRef};
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr::Cast;
use datafusion::logical_expr::{Expr, ExprSchemable};

use super::choices::CHOOSERS;
use crate::system::types::PG_TYPE;

pub(super) fn in_expr(expr: Expr, schema: &DFSchema, _: &str) -> Result<Transformed<Expr>> {
    let choices: Vec<&Expr> = match &expr {
        Expr::Case(case) => {
            let then = case.when_then_expr.iter().map(|(_, then)| then.as_ref());
            then.chain(case.else_expr.as_deref()).collect()
        }
        Expr::ScalarFunction(call) if CHOOSERS.contains(&call.name()) => match call.name() {
            "nullif" => call.args.iter().take(1).collect(),
            _ => call.args.iter().collect(),
        },
        _ => return Ok(Transformed::no(expr)),
    };
    match shared(&choices, schema) {
        Some(field) => {
            Ok(Transformed::yes(Expr::Cast(Cast::new_from_field(Box::new(expr), field))))
        }
        None => Ok(Transformed::no(expr)),
    }
}

/// The type that all have; literals take that of the others.
fn shared(choices: &[&Expr], schema: &DFSchema) -> Option<FieldRef> {
    let mut shared: Option<FieldRef> = None;
    for choice in choices.iter().filter(|choice| !matches!(choice, Expr::Literal(..))) {
        let (_, field) = choice.to_field(schema).ok()?;
        let name = field.metadata().get(PG_TYPE)?;
        match &shared {
            Some(known) if known.metadata().get(PG_TYPE) != Some(name) => return None,
            Some(_) => {}
            None => {
                let metadata = HashMap::from([(PG_TYPE.to_string(), name.clone())]);
                let kept = Field::new("", field.data_type().clone(), true);
                shared = Some(Arc::new(kept.with_metadata(metadata)));
            }
        }
    }
    shared
}
