//! Arithmetic that fails as Postgres' does: where an integer does not fit, and where a float is divided by
//! zero.

use arrow::array::{Array, AsArray};
use arrow::compute::kernels::numeric::{add, div, mul, sub};
use arrow::datatypes::{DataType, Float32Type, Float64Type};
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

/// The call that stands for an operator on integers of one type, or a division of floats. A chain of
/// operators is one call: DataFusion works out names and types of nested calls again and again, which takes
/// seconds for some hundred terms.
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
        let rows = call.number_rows;
        self.operators.iter().zip(args).try_fold(first, |left, (operator, right)| {
            let kernel = match operator {
                Operator::Divide => {
                    not_by_zero(&left, &right, rows)?;
                    div
                }
                Operator::Plus => add,
                Operator::Minus => sub,
                _ => mul,
            };
            apply(&left, &right, kernel).map_err(|error| overflow(error, name))
        })
    }
}

/// Where both sides have a value.
fn not_by_zero(left: &ColumnarValue, right: &ColumnarValue, rows: usize) -> Result<()> {
    let (left, right) = (left.to_array(rows)?, right.to_array(rows)?);
    let zeroes: Box<dyn Iterator<Item = bool>> = match right.data_type() {
        DataType::Float64 => {
            Box::new(right.as_primitive::<Float64Type>().values().iter().map(|v| *v == 0.0))
        }
        DataType::Float32 => {
            Box::new(right.as_primitive::<Float32Type>().values().iter().map(|v| *v == 0.0))
        }
        _ => return Ok(()),
    };
    let has_value = |row: usize| !left.is_null(row) && !right.is_null(row);
    match zeroes.enumerate().any(|(row, is_zero)| is_zero && has_value(row)) {
        true => Err(external(Error::invalid("division by zero").about(Subject::DivisionByZero))),
        false => Ok(()),
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
