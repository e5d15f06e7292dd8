//! Integer arithmetic that fails where the result does not fit, as Postgres' does.

use arrow::compute::kernels::numeric::{add, mul, sub};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use datafusion::common::internal_err;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, Expr, Operator, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use datafusion::physical_expr_common::datum::apply;
use lakegate_base::{Error, Subject};

use super::scalar::external;

/// Whether an operator on integers needs [`checked`]: only these overflow silently.
pub fn overflows(operator: Operator) -> bool {
    matches!(operator, Operator::Plus | Operator::Minus | Operator::Multiply)
}

/// The call that stands for an operator on integers of one type. A chain of operators is one call: DataFusion
/// works out names and types of nested calls again and again, which takes seconds for some hundred terms.
pub fn checked(left: Expr, operator: Operator, right: Expr) -> Expr {
    let mut operators = chain(&left);
    let mut args = match left {
        Expr::ScalarFunction(call) if !operators.is_empty() => call.args,
        other => vec![other],
    };
    operators.push(operator);
    args.push(right);
    let signs: String = operators.iter().map(ToString::to_string).collect();
    let signature = Signature::variadic_any(Volatility::Immutable);
    let function = Checked { name: format!("int{signs}"), operators, signature };
    ScalarUDF::from(function).call(args)
}

/// The operators of a call that stands for some already.
fn chain(expr: &Expr) -> Vec<Operator> {
    let known = match expr {
        Expr::ScalarFunction(call) => call.func.inner().downcast_ref::<Checked>(),
        _ => None,
    };
    known.map(|known| known.operators.clone()).unwrap_or_default()
}

/// From left to right: one argument more than there are operators.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Checked {
    /// Tells chains apart: columns of a plan are told by name.
    name: String,
    operators: Vec<Operator>,
    signature: Signature,
}

impl ScalarUDFImpl for Checked {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        Ok(given[0].clone())
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let mut args = call.args.into_iter();
        let Some(first) = args.next() else {
            return internal_err!("{} has no arguments", self.name);
        };
        let name = integer_name(&first.data_type());
        self.operators.iter().zip(args).try_fold(first, |left, (operator, right)| {
            let kernel = match operator {
                Operator::Plus => add,
                Operator::Minus => sub,
                _ => mul,
            };
            apply(&left, &right, kernel).map_err(|error| overflow(error, name))
        })
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
