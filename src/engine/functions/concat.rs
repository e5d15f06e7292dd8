//! `a || b` of texts, with a bound: Arrow panics when a column outgrows 2 GiB, and repeated doubling gets
//! there in thirty steps.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::compute::kernels::concat_elements::concat_elements_utf8;
use arrow::datatypes::DataType;
use datafusion::common::internal_err;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;

use super::scalar::{BATCH_BYTES_MAX, too_large};

const NAME: &str = "text_concat";

/// The call that stands for `||` on two texts of one type; of a chain, one call (as [`super::checked`]).
pub fn text_concat(left: Expr, right: Expr) -> Expr {
    let mut args = match left {
        Expr::ScalarFunction(call) if call.name() == NAME => call.args,
        other => vec![other],
    };
    args.push(right);
    let signature = Signature::variadic_any(Volatility::Immutable);
    ScalarUDF::from(TextConcat { signature }).call(args)
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct TextConcat {
    signature: Signature,
}

impl ScalarUDFImpl for TextConcat {
    fn name(&self) -> &'static str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        Ok(given[0].clone())
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = call.args.iter().all(|a| matches!(a, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { call.number_rows };
        let mut bytes = 0_usize;
        for part in &call.args {
            bytes = bytes.saturating_add(match part {
                ColumnarValue::Array(array) => text_bytes(array),
                // Counted before it is repeated for every row.
                ColumnarValue::Scalar(one) => text_bytes(&one.to_array()?).saturating_mul(rows),
            });
        }
        if bytes > BATCH_BYTES_MAX {
            return Err(too_large());
        }
        let utf8 = |part: ColumnarValue| cast(&part.to_array(rows)?, &DataType::Utf8);
        let mut parts = call.args.into_iter().map(utf8);
        let Some(first) = parts.next() else { return internal_err!("{NAME} has no arguments") };
        let joined = parts.try_fold(first?, |left, right| {
            let joined = concat_elements_utf8(left.as_string::<i32>(), right?.as_string::<i32>())?;
            Ok::<_, DataFusionError>(Arc::new(joined) as ArrayRef)
        })?;
        let joined = cast(&joined, call.return_field.data_type())?;
        match constant {
            true => Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&joined, 0)?)),
            false => Ok(ColumnarValue::Array(joined)),
        }
    }
}

fn text_bytes(array: &ArrayRef) -> usize {
    match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().iter().flatten().map(str::len).sum(),
        DataType::LargeUtf8 => array.as_string::<i64>().iter().flatten().map(str::len).sum(),
        DataType::Utf8View => array.as_string_view().iter().flatten().map(str::len).sum(),
        _ => 0,
    }
}
