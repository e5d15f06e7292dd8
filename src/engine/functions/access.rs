//! Who may do what: everyone who sees a relation may read it, and nobody changes one by SQL.

use std::sync::Arc;

use super::scalar::{Function, Kind, Value, function};
use crate::system::SessionFacts;

/// Privileges that reading needs; all others are refused.
const READING: [&str; 4] = ["select", "usage", "connect", "execute"];

/// How many arguments follow the object, at most: a column, then the privilege.
const ARGUMENTS: &[Kind] = &[Kind::Any, Kind::Any, Kind::Any, Kind::Text];

pub fn functions(facts: &Arc<dyn SessionFacts>) -> Vec<Function> {
    let names = ["has_table_privilege", "has_any_column_privilege"];
    let mut functions: Vec<Function> =
        names.into_iter().map(|name| of_relation(name, Arc::clone(facts), 1)).collect();
    functions.push(of_relation("has_column_privilege", Arc::clone(facts), 2));
    functions.push(of_schema(Arc::clone(facts)));
    let always = ["has_database_privilege", "has_function_privilege", "has_type_privilege"];
    for name in always.into_iter().chain(["has_language_privilege", "has_tablespace_privilege"]) {
        let body = |a: &[Value]| Ok(Value::Bool(allows(a.last())));
        functions.push(function(name, ARGUMENTS, Kind::Bool, body).optional(2));
    }
    functions.push(
        function("has_sequence_privilege", ARGUMENTS, Kind::Bool, |_| Ok(Value::Bool(false)))
            .optional(2),
    );
    functions.push(has_role(Arc::clone(facts)));
    functions
}

/// The last argument is the privilege; `after` arguments, it included, follow the relation.
fn of_relation(name: &'static str, facts: Arc<dyn SessionFacts>, after: usize) -> Function {
    let body = move |arguments: &[Value]| {
        let object = arguments.len().checked_sub(after + 1).and_then(|i| arguments.get(i));
        let known = object.map(|object| super::catalog::relation_oid(facts.as_ref(), object));
        Ok(match known {
            Some(Some(_)) => Value::Bool(allows(arguments.last())),
            _ => Value::Null,
        })
    };
    function(name, ARGUMENTS, Kind::Bool, body).optional(2)
}

fn of_schema(facts: Arc<dyn SessionFacts>) -> Function {
    let body = move |arguments: &[Value]| {
        let object = arguments.len().checked_sub(2).and_then(|i| arguments.get(i));
        let lake = facts.lake();
        let known = match object {
            Some(Value::Int(oid)) => lake.schema(*oid).is_some(),
            Some(Value::Text(name)) => lake.schema_named(name.trim_matches('"')).is_some(),
            _ => false,
        };
        Ok(if known { Value::Bool(allows(arguments.last())) } else { Value::Null })
    };
    function("has_schema_privilege", ARGUMENTS, Kind::Bool, body).optional(2)
}

fn has_role(facts: Arc<dyn SessionFacts>) -> Function {
    let body = move |arguments: &[Value]| {
        let object = arguments.len().checked_sub(2).and_then(|i| arguments.get(i));
        Ok(Value::Bool(match object {
            Some(Value::Text(name)) => *name == facts.user(),
            Some(Value::Int(oid)) => *oid == crate::system::role_oid(&facts.user()),
            _ => false,
        }))
    };
    function("pg_has_role", ARGUMENTS, Kind::Bool, body).optional(2)
}

/// `SELECT, INSERT` asks for either.
fn allows(privilege: Option<&Value>) -> bool {
    let Some(Value::Text(list)) = privilege else { return false };
    list.split(',').any(|p| READING.contains(&p.trim().to_lowercase().as_str()))
}
