//! What clients ask of a server, and what there is nothing of here: locks, transactions, addresses.

use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, Int64Array};
use arrow::datatypes::DataType;
use datafusion::logical_expr::ScalarUDF;

use super::columns::{Columns, columns};
use super::scalar::{Function, Kind, Value, function};
use crate::system::types;

/// When the process began, as near as the first question after it tells.
static STARTED: LazyLock<i64> = LazyLock::new(|| chrono::Utc::now().timestamp_micros());

/// Locks of a server that has nothing to lock: taking one succeeds.
const LOCKS: [(&str, Kind); 13] = [
    ("pg_advisory_lock", Kind::Text),
    ("pg_advisory_lock_shared", Kind::Text),
    ("pg_advisory_xact_lock", Kind::Text),
    ("pg_advisory_xact_lock_shared", Kind::Text),
    ("pg_try_advisory_lock", Kind::Bool),
    ("pg_try_advisory_lock_shared", Kind::Bool),
    ("pg_try_advisory_xact_lock", Kind::Bool),
    ("pg_try_advisory_xact_lock_shared", Kind::Bool),
    ("pg_advisory_unlock", Kind::Bool),
    ("pg_advisory_unlock_shared", Kind::Bool),
    ("pg_advisory_unlock_all", Kind::Text),
    ("pg_stat_clear_snapshot", Kind::Text),
    ("pg_notify", Kind::Text),
];

pub fn functions() -> Vec<ScalarUDF> {
    LazyLock::force(&STARTED);
    let mut functions = Vec::new();
    for (name, kind) in LOCKS {
        let body = move |_: &[Value]| {
            Ok(if kind == Kind::Bool { Value::Bool(true) } else { Value::Text(String::new()) })
        };
        let lock = match name {
            "pg_advisory_unlock_all" | "pg_stat_clear_snapshot" => function(name, &[], kind, body),
            _ => function(name, &[Kind::Any, Kind::Any], kind, body).optional(1),
        };
        let lock = if kind == Kind::Text { lock.pg_type("void") } else { lock };
        functions.push(lock.volatile());
    }
    functions.push(function("pg_postmaster_start_time", &[], Kind::Instant, |_| {
        Ok(Value::Timestamp(*STARTED))
    }));
    functions.push(function("pg_conf_load_time", &[], Kind::Instant, |_| {
        Ok(Value::Timestamp(*STARTED))
    }));
    for name in ["txid_current", "pg_current_xact_id"] {
        functions.push(function(name, &[], Kind::Int, |_| Ok(Value::Int(1))));
    }
    for name in ["inet_server_addr", "inet_client_addr"] {
        functions.push(function(name, &[], Kind::Text, |_| Ok(Value::Null)));
    }
    for name in ["inet_server_port", "inet_client_port"] {
        functions.push(function(name, &[], Kind::Int4, |_| Ok(Value::Null)));
    }
    functions.push(
        function("gen_random_uuid", &[], Kind::Text, |_| {
            Ok(Value::Text(uuid::Uuid::new_v4().to_string()))
        })
        .pg_type("uuid")
        .volatile(),
    );
    let mut functions: Vec<ScalarUDF> = functions.into_iter().map(Function::udf).collect();
    functions.push(type_of().udf());
    functions
}

/// The type of a literal without one.
const UNKNOWN: i64 = 705;

/// `pg_typeof(x)`.
fn type_of() -> Columns {
    columns(
        "pg_typeof",
        |given| (given.len() == 1).then(|| given.to_vec()),
        |_| Ok((DataType::Int64, Some("regtype".to_string()))),
        |call| {
            let field = call.field(0)?;
            let oid = match field.data_type() {
                DataType::Null => UNKNOWN,
                known => types::of_column(types::named_by(field), known).oid,
            };
            let oids: ArrayRef = Arc::new(Int64Array::from(vec![oid; call.rows]));
            Ok(oids)
        },
    )
}
