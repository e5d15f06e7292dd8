//! Functions that end what other sessions of the same user do.

use std::sync::Arc;

use super::scalar::{Function, Kind, Value, function};
use crate::system::SessionFacts;

pub fn functions(facts: &Arc<dyn SessionFacts>) -> Vec<Function> {
    vec![
        of("pg_cancel_backend", facts, |facts, number| facts.cancel_session(number)),
        of("pg_terminate_backend", facts, |facts, number| facts.terminate_session(number)),
    ]
}

/// Another's session is answered as one that is not there.
fn of(
    name: &'static str,
    facts: &Arc<dyn SessionFacts>,
    act: fn(&dyn SessionFacts, i32) -> bool,
) -> Function {
    let facts = Arc::clone(facts);
    let body = move |arguments: &[Value]| {
        let number = match arguments.first() {
            Some(Value::Int(number)) => i32::try_from(*number).ok(),
            _ => None,
        };
        Ok(Value::Bool(number.is_some_and(|number| act(facts.as_ref(), number))))
    };
    function(name, &[Kind::Int, Kind::Int], Kind::Bool, body).optional(1).volatile()
}
