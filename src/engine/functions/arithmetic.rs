//! Integer arithmetic that fails where the result does not fit, as Postgres' does.

use arrow::compute::kernels::numeric::{add, mul, sub};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, Operator, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::physical_expr_common::datum::apply;
use lakegate_base::{Error, Subject};

use super::scalar::external;

/// The function that stands for an operator on integers of one type; only `+`, `-` and `*` overflow silently.
pub fn checked(operator: Operator) -> Option<ScalarUDF> {
    let name = match operator {
        Operator::Plus => "int_add",
        Operator::Minus => "int_subtract",
        Operator::Multiply => "int_multiply",
        _ => return None,
    };
    let signature = Signature::any(2, Volatility::Immutable);
    Some(ScalarUDF::from(Checked { name, operator, signature }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Checked {
    name: &'static str,
    operator: Operator,
    signature: Signature,
}

impl ScalarUDFImpl for Checked {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        Ok(given[0].clone())
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [left, right] = datafusion::common::utils::take_function_args(self.name, call.args)?;
        let kernel = match self.operator {
            Operator::Plus => add,
            Operator::Minus => sub,
            _ => mul,
        };
        let name = integer_name(&left.data_type());
        apply(&left, &right, kernel).map_err(|error| overflow(error, name))
    }
}

fn integer_name(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Int8 | DataType::Int16 | DataType::UInt8 => "smallint",
        DataType::Int32 | DataType::UInt16 => "integer",
        _ => "bigint",
    }
}

fn overflow(error: DataFusionError, name: &str) -> DataFusionError {
    match &error {
        DataFusionError::ArrowError(inner, _)
            if matches!(inner.as_ref(), ArrowError::ArithmeticOverflow(_)) =>
        {
            external(Error::invalid(format!("{name} out of range")).about(Subject::Value))
        }
        _ => error,
    }
}
