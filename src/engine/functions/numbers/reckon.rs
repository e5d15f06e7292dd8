//! Small functions around numbers that are called once, or on any type.

use datafusion::logical_expr::ScalarUDF;

use crate::functions::scalar::{Function, Kind, Value, function};

pub fn functions() -> Vec<ScalarUDF> {
    let count = |wanted: fn(&Value) -> bool| {
        move |arguments: &[Value]| {
            let found = arguments.iter().filter(|a| wanted(a)).count();
            Ok(Value::of_int(i64::try_from(found).ok()))
        }
    };
    let functions = [
        function("num_nulls", &[Kind::Any], Kind::Int4, count(Value::is_null)).variadic().lenient(),
        function("num_nonnulls", &[Kind::Any], Kind::Int4, count(|v| !v.is_null()))
            .variadic()
            .lenient(),
        // Random numbers have no seed here: the call is accepted and without effect.
        function("setseed", &[Kind::Float], Kind::Text, |_| Ok(Value::Text(String::new())))
            .pg_type("void")
            .volatile(),
    ];
    functions.into_iter().map(Function::udf).collect()
}
