//! What time it is.

use arrow::datatypes::DataType;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;

use crate::functions::columns::instant;
use crate::functions::scalar::{Function, Kind, Value, function};

pub fn functions() -> Vec<ScalarUDF> {
    let now = |_: &[Value]| Ok(Value::Timestamp(chrono::Utc::now().timestamp_micros()));
    let text = |_: &[Value]| {
        let now = chrono::Utc::now().format("%a %b %d %H:%M:%S%.6f %Y UTC");
        Ok(Value::Text(now.to_string()))
    };
    vec![
        ScalarUDF::from(Now::new()),
        Function::volatile(function("clock_timestamp", &[], Kind::Instant, now)).udf(),
        Function::volatile(function("timeofday", &[], Kind::Text, text)).udf(),
    ]
}

/// `now()`, the same all over a statement. DataFusion's has no zone unless its own setting names one when
/// functions are made, which is long before a session has its zone.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Now {
    signature: Signature,
    aliases: Vec<String>,
}

impl Now {
    fn new() -> Self {
        let signature = Signature::nullary(Volatility::Stable);
        Self { signature, aliases: vec!["current_timestamp".to_string()] }
    }
}

impl ScalarUDFImpl for Now {
    fn name(&self) -> &str {
        "now"
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(instant())
    }

    fn simplify(&self, args: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        let Some(now) = info.query_execution_start_time() else {
            return Ok(ExprSimplifyResult::Original(args));
        };
        let micros =
            ScalarValue::TimestampMicrosecond(Some(now.timestamp_micros()), Some("UTC".into()));
        Ok(ExprSimplifyResult::Simplified(Expr::Literal(micros, None)))
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Err(DataFusionError::Internal("now() is known before a query runs".to_string()))
    }
}
