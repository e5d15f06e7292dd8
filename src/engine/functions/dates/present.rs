//! What time it is.

use datafusion::logical_expr::ScalarUDF;

use crate::functions::scalar::{Function, Kind, Value, function};

pub fn functions() -> Vec<ScalarUDF> {
    let now = |_: &[Value]| Ok(Value::Timestamp(chrono::Utc::now().timestamp_micros()));
    let text = |_: &[Value]| {
        let now = chrono::Utc::now().format("%a %b %d %H:%M:%S%.6f %Y UTC");
        Ok(Value::Text(now.to_string()))
    };
    vec![
        Function::volatile(function("clock_timestamp", &[], Kind::Instant, now)).udf(),
        Function::volatile(function("timeofday", &[], Kind::Text, text)).udf(),
    ]
}
