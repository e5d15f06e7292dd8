//! Variances and standard deviations. Of integers and numerics they are numeric, and exact.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Decimal128Type, Decimal256Type, Field, FieldRef, Float64Type, Int64Type, i256,
};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;

use crate::functions::columns::{invalid, no_such_function};
use crate::functions::dates::as_float;

/// Digits behind the point of a numeric result.
const PLACES: u32 = 16;
const PRECISION: u8 = 38;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Kind {
    is_root: bool,
    is_sample: bool,
}

pub fn functions() -> Vec<AggregateUDF> {
    let kind = |is_root, is_sample| Kind { is_root, is_sample };
    [
        ("variance", kind(false, true)),
        ("var_samp", kind(false, true)),
        ("var_pop", kind(false, false)),
        ("stddev", kind(true, true)),
        ("stddev_samp", kind(true, true)),
        ("stddev_pop", kind(true, false)),
    ]
    .into_iter()
    .map(|(name, kind)| {
        let signature = Signature::user_defined(Volatility::Immutable);
        AggregateUDF::from(Spread { name, kind, signature })
    })
    .collect()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Spread {
    name: &'static str,
    kind: Kind,
    signature: Signature,
}

impl AggregateUDFImpl for Spread {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        match given {
            [float] if float.is_floating() || float.is_null() => Ok(vec![DataType::Float64]),
            [DataType::UInt64] => Ok(vec![DataType::Decimal128(20, 0)]),
            [integer] if integer.is_integer() => Ok(vec![DataType::Int64]),
            [DataType::Decimal256(_, scale)] | [DataType::Decimal128(_, scale)] => {
                Ok(vec![DataType::Decimal128(PRECISION, *scale)])
            }
            [DataType::Decimal32(_, scale)] | [DataType::Decimal64(_, scale)] => {
                Ok(vec![DataType::Decimal128(PRECISION, *scale)])
            }
            _ => Err(no_such_function(self.name, given)),
        }
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        Ok(match given.first() {
            Some(DataType::Float64) | None => DataType::Float64,
            _ => {
                let places = i8::try_from(PLACES).unwrap_or(16);
                DataType::Decimal128(PRECISION, places)
            }
        })
    }

    fn accumulator(&self, call: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        if call.is_distinct {
            let message = format!("{} with DISTINCT", self.name);
            return Err(DataFusionError::NotImplemented(message));
        }
        let input = call.expr_fields.first().map(|field| field.data_type().clone());
        let scale = match input {
            Some(DataType::Decimal128(_, scale)) => u32::try_from(scale).unwrap_or(0),
            _ => 0,
        };
        Ok(match input {
            Some(DataType::Float64) => {
                Box::new(Floats { kind: self.kind, count: 0, mean: 0.0, squares: 0.0 })
            }
            _ => Box::new(Exact {
                kind: self.kind,
                scale,
                count: 0,
                sum: i256::ZERO,
                squares: i256::ZERO,
            }),
        })
    }

    fn state_fields(&self, call: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let input = call.input_fields.first().map(|field| field.data_type().clone());
        let part = match input {
            Some(DataType::Float64) => DataType::Float64,
            _ => DataType::Decimal256(76, 0),
        };
        Ok(vec![
            Field::new("count", DataType::Int64, true).into(),
            Field::new("sum", part.clone(), true).into(),
            Field::new("squares", part, true).into(),
        ])
    }
}

/// Welford's way, which loses no digits.
#[derive(Debug)]
struct Floats {
    kind: Kind,
    count: i64,
    mean: f64,
    /// The sum of squared distances from the mean.
    squares: f64,
}

impl Accumulator for Floats {
    fn update_batch(&mut self, columns: &[ArrayRef]) -> Result<()> {
        for value in columns[0].as_primitive::<Float64Type>().iter().flatten() {
            self.count += 1;
            let distance = value - self.mean;
            self.mean += distance / as_float(self.count);
            self.squares += distance * (value - self.mean);
        }
        Ok(())
    }

    fn retract_batch(&mut self, columns: &[ArrayRef]) -> Result<()> {
        for value in columns[0].as_primitive::<Float64Type>().iter().flatten() {
            self.count -= 1;
            if self.count == 0 {
                (self.mean, self.squares) = (0.0, 0.0);
                continue;
            }
            let distance = value - self.mean;
            self.mean -= distance / as_float(self.count);
            self.squares -= distance * (value - self.mean);
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let rows = if self.kind.is_sample { self.count - 1 } else { self.count };
        let variance = (rows > 0).then(|| self.squares.max(0.0) / as_float(rows));
        let root = |v: f64| if self.kind.is_root { v.sqrt() } else { v };
        Ok(ScalarValue::Float64(variance.map(root)))
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.count.into(), self.mean.into(), self.squares.into()])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let counts = states[0].as_primitive::<Int64Type>();
        let means = states[1].as_primitive::<Float64Type>();
        let squares = states[2].as_primitive::<Float64Type>();
        for row in 0..counts.len() {
            let count = counts.value(row);
            if count == 0 {
                continue;
            }
            let total = as_float(self.count + count);
            let distance = means.value(row) - self.mean;
            self.squares += squares.value(row)
                + distance * distance * as_float(self.count) * as_float(count) / total;
            self.mean += distance * as_float(count) / total;
            self.count += count;
        }
        Ok(())
    }
}

/// Sums of digits: nothing is rounded before the end.
#[derive(Debug)]
struct Exact {
    kind: Kind,
    scale: u32,
    count: i64,
    sum: i256,
    squares: i256,
}

fn overflow() -> DataFusionError {
    invalid("value overflows numeric format")
}

impl Exact {
    fn add(&mut self, column: &ArrayRef, sign: i64) -> Result<()> {
        let wide = cast(
            column,
            &match column.data_type() {
                DataType::Int64 => DataType::Decimal128(PRECISION, 0),
                other => other.clone(),
            },
        )?;
        for value in wide.as_primitive::<Decimal128Type>().iter().flatten() {
            let value = i256::from_i128(value);
            let square = value.checked_mul(value).ok_or_else(overflow)?;
            let (sum, squares) = match sign > 0 {
                true => (self.sum.checked_add(value), self.squares.checked_add(square)),
                false => (self.sum.checked_sub(value), self.squares.checked_sub(square)),
            };
            self.sum = sum.ok_or_else(overflow)?;
            self.squares = squares.ok_or_else(overflow)?;
            self.count += sign;
        }
        Ok(())
    }

    /// The variance, or its root, with [`PLACES`] digits.
    fn result(&self) -> Option<i128> {
        let count = i256::from_i128(self.count.into());
        let less = if self.kind.is_sample { self.count - 1 } else { self.count };
        let divisor = count.checked_mul(i256::from_i128(less.into()))?;
        let whole =
            count.checked_mul(self.squares)?.checked_sub(self.sum.checked_mul(self.sum)?)?;
        let scale = 2 * self.scale;
        if self.kind.is_root {
            // Twice the digits under the root.
            let shifted = shift(whole, i64::from(2 * PLACES) - i64::from(scale), divisor)?;
            return root(shifted).to_i128();
        }
        shift(whole, i64::from(PLACES) - i64::from(scale), divisor)?.to_i128()
    }
}

/// A quotient moved by some digits and rounded half up.
fn shift(value: i256, digits: i64, divisor: i256) -> Option<i256> {
    let power = |n: i64| {
        let mut result = i256::ONE;
        for _ in 0..n {
            result = result.checked_mul(i256::from_i128(10))?;
        }
        Some(result)
    };
    let (value, divisor) = match digits >= 0 {
        true => (value.checked_mul(power(digits)?)?, divisor),
        false => (value, divisor.checked_mul(power(-digits)?)?),
    };
    let half = divisor.checked_div(i256::from_i128(2))?;
    value.checked_add(half)?.checked_div(divisor)
}

/// The whole part of a square root, rounded to the nearest.
fn root(value: i256) -> i256 {
    if value <= i256::ZERO {
        return i256::ZERO;
    }
    // From above, so that the steps only fall.
    let two = i256::from_i128(2);
    let mut guess = i256::ONE;
    while guess.checked_mul(guess).is_some_and(|square| square < value) {
        guess = guess.wrapping_mul(two);
    }
    loop {
        let next = guess.wrapping_add(value.wrapping_div(guess)).wrapping_div(two);
        if next >= guess {
            break;
        }
        guess = next;
    }
    let rest = value.wrapping_sub(guess.wrapping_mul(guess));
    if rest > guess { guess.wrapping_add(i256::ONE) } else { guess }
}

impl Accumulator for Exact {
    fn update_batch(&mut self, columns: &[ArrayRef]) -> Result<()> {
        self.add(&columns[0], 1)
    }

    fn retract_batch(&mut self, columns: &[ArrayRef]) -> Result<()> {
        self.add(&columns[0], -1)
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let least = if self.kind.is_sample { 2 } else { 1 };
        let places = i8::try_from(PLACES).unwrap_or(16);
        let value = match self.count >= least {
            true => Some(self.result().ok_or_else(overflow)?),
            false => None,
        };
        Ok(ScalarValue::Decimal128(value, PRECISION, places))
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let part = |value: i256| ScalarValue::Decimal256(Some(value), 76, 0);
        Ok(vec![self.count.into(), part(self.sum), part(self.squares)])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let counts = states[0].as_primitive::<Int64Type>();
        let sums = states[1].as_primitive::<Decimal256Type>();
        let squares = states[2].as_primitive::<Decimal256Type>();
        for row in 0..counts.len() {
            self.count += counts.value(row);
            self.sum = self.sum.checked_add(sums.value(row)).ok_or_else(overflow)?;
            self.squares = self.squares.checked_add(squares.value(row)).ok_or_else(overflow)?;
        }
        Ok(())
    }
}
