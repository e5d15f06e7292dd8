//! Functions about the session itself.

use std::sync::Arc;

use datafusion::error::Result;
use lakegate_base::{Error, ErrorKind, Subject};

use super::scalar::{Function, Kind, Value, external, function};
use crate::system::SessionFacts;

/// What `version()` answers: tools read the first word and number.
pub const VERSION: &str =
    concat!("PostgreSQL 15.0 (Lakegate ", env!("CARGO_PKG_VERSION"), ") on DataFusion, 64-bit");

pub fn functions(facts: &Arc<dyn SessionFacts>) -> Vec<Function> {
    let of = |name, ask: fn(&dyn SessionFacts) -> Option<String>| {
        let facts = Arc::clone(facts);
        let body = move |_: &[Value]| Ok(Value::of_text(ask(facts.as_ref())));
        function(name, &[], Kind::Text, body).pg_type("name")
    };
    let user = |facts: &dyn SessionFacts| Some(facts.user());
    vec![
        function("version", &[], Kind::Text, |_| Ok(Value::Text(VERSION.to_string()))),
        of("current_database", |f| Some(f.database())),
        of("current_catalog", |f| Some(f.database())),
        of("current_schema", current_schema),
        of("current_user", user),
        of("session_user", user),
        of("user", user),
        of("current_role", user),
        current_schemas(Arc::clone(facts)),
        current_setting(Arc::clone(facts)),
        set_config(Arc::clone(facts)),
        backend_pid(Arc::clone(facts)),
    ]
}

/// The first schema of the search path that exists.
fn current_schema(facts: &dyn SessionFacts) -> Option<String> {
    existing(facts).into_iter().next()
}

fn existing(facts: &dyn SessionFacts) -> Vec<String> {
    let lake = facts.lake();
    facts.search_path().into_iter().filter(|s| lake.schema_named(s).is_some()).collect()
}

fn current_schemas(facts: Arc<dyn SessionFacts>) -> Function {
    let body = move |arguments: &[Value]| {
        let mut schemas = existing(facts.as_ref());
        if arguments[0].is_true() && !schemas.iter().any(|s| s == "pg_catalog") {
            schemas.insert(0, "pg_catalog".to_string());
        }
        Ok(Value::Texts(schemas))
    };
    function("current_schemas", &[Kind::Bool], Kind::Texts, body).pg_type("_name")
}

fn current_setting(facts: Arc<dyn SessionFacts>) -> Function {
    let body = move |arguments: &[Value]| {
        let name = arguments[0].text().to_lowercase();
        let missing_ok = arguments.get(1).is_some_and(Value::is_true);
        match facts.setting(&name) {
            None if !missing_ok => Err(unknown_setting(&name)),
            value => Ok(Value::of_text(value)),
        }
    };
    function("current_setting", &[Kind::Text, Kind::Bool], Kind::Text, body).optional(1)
}

fn unknown_setting(name: &str) -> datafusion::error::DataFusionError {
    let message = format!("unrecognized configuration parameter \"{name}\"");
    external(Error::new(ErrorKind::NotFound, message).about(Subject::Setting))
}

fn set_config(facts: Arc<dyn SessionFacts>) -> Function {
    let body = move |arguments: &[Value]| -> Result<Value> {
        let (name, value) = (arguments[0].text(), arguments[1].text());
        facts.set(&name.to_lowercase(), value).map(Value::Text).map_err(external)
    };
    function("set_config", &[Kind::Text, Kind::Text, Kind::Bool], Kind::Text, body).volatile()
}

fn backend_pid(facts: Arc<dyn SessionFacts>) -> Function {
    let body = move |_: &[Value]| Ok(Value::Int(i64::from(facts.backend_pid())));
    function("pg_backend_pid", &[], Kind::Int, body)
}
