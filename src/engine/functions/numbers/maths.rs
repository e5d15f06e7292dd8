//! Functions whose result is numeric for numerics and floating for all else.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Decimal128Array, Float64Array, Int32Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, Float64Type, Int32Type, Int64Type};
use datafusion::error::{DataFusionError, Result};
use lakegate_base::{Error, ErrorKind, Subject};

use crate::functions::columns::{Call, Columns, Given, columns, invalid, plain};
use crate::functions::scalar::external;

const PRECISION: u8 = 38;
/// Digits behind the point of roots, logarithms and powers: what a double tells.
const PLACES: i8 = 16;
const FLOAT: DataType = DataType::Float64;

pub fn functions() -> Vec<Columns> {
    let like = |g: &Given<'_>| plain(g.data_type(0).clone());
    let mut functions = vec![
        columns("sign", one, like, |call| {
            each(call, f64::signum_or_zero, |value, scale| Ok(value.signum() * power(scale)?))
        }),
        columns("ceil", one, whole_type, ceil),
        columns("ceiling", one, whole_type, ceil),
        columns("floor", one, whole_type, floor),
        columns("round", one_or_two, places_type, |call| to_places(call, Rounding::HalfAway)),
        columns("trunc", one_or_two, places_type, |call| to_places(call, Rounding::Down)),
        columns("div", two_numerics, div_type, div),
        columns("scale", numeric, |_| plain(DataType::Int32), scales),
        columns("min_scale", numeric, |_| plain(DataType::Int32), scales),
        columns("trim_scale", numeric, like, |call| Ok(Arc::clone(call.column(0)?))),
        columns("width_bucket", buckets, |_| plain(DataType::Int32), width_bucket),
        columns(
            "factorial",
            |g| (g.len() == 1).then(|| vec![DataType::Int64]),
            |_| plain(DataType::Decimal128(PRECISION, 0)),
            factorial,
        ),
        columns(
            "cbrt",
            |g| (g.len() == 1).then(|| vec![FLOAT]),
            |_| plain(FLOAT),
            |call| float(call, |x| Ok(x.cbrt())),
        ),
    ];
    for name in ["sqrt", "exp", "ln", "log10"] {
        functions.push(columns(name, one, real_type, real));
    }
    functions.push(columns("log", one_or_two_real, real_type, log));
    for name in ["power", "pow"] {
        functions.push(columns(name, two_real, real_type, raise));
    }
    functions
}

trait SignumOrZero {
    fn signum_or_zero(self) -> f64;
}

impl SignumOrZero for f64 {
    fn signum_or_zero(self) -> f64 {
        if self == 0.0 { 0.0 } else { self.signum() }
    }
}

/// Numerics stay as they are; other numbers, and text without a type, are doubles.
fn kind(given: &DataType) -> Option<DataType> {
    match given {
        DataType::Decimal128(..) => Some(given.clone()),
        DataType::Decimal32(p, s) | DataType::Decimal64(p, s) => Some(DataType::Decimal128(*p, *s)),
        DataType::Decimal256(_, scale) => Some(DataType::Decimal128(PRECISION, *scale)),
        DataType::UInt64 => Some(DataType::Decimal128(20, 0)),
        DataType::Null => Some(FLOAT),
        other if other.is_numeric() || other.is_string() => Some(FLOAT),
        _ => None,
    }
}

fn one(given: &[DataType]) -> Option<Vec<DataType>> {
    let [one] = given else { return None };
    Some(vec![kind(one)?])
}

/// Postgres knows places of numerics alone; those of doubles are what every other engine of a lake gives.
fn one_or_two(given: &[DataType]) -> Option<Vec<DataType>> {
    match given {
        [one] => Some(vec![kind(one)?]),
        [value, places] if places.is_integer() || *places == DataType::Null => {
            let value = if value.is_floating() { FLOAT } else { numeric_kind(value)? };
            Some(vec![value, DataType::Int32])
        }
        _ => None,
    }
}

fn numeric_kind(given: &DataType) -> Option<DataType> {
    match kind(given)? {
        DataType::Float64 if given.is_floating() => None,
        DataType::Float64 if given.is_integer() => Some(DataType::Decimal128(20, 0)),
        DataType::Float64 => Some(DataType::Decimal128(PRECISION, 10)),
        numeric => Some(numeric),
    }
}

fn two_numerics(given: &[DataType]) -> Option<Vec<DataType>> {
    let [a, b] = given else { return None };
    let (a, b) = (numeric_kind(a)?, numeric_kind(b)?);
    let (DataType::Decimal128(_, x), DataType::Decimal128(_, y)) = (a, b) else { return None };
    // One scale for both, so that their quotient is that of their digits.
    let scale = x.max(y);
    Some(vec![DataType::Decimal128(PRECISION, scale); 2])
}

fn two_real(given: &[DataType]) -> Option<Vec<DataType>> {
    let [a, b] = given else { return None };
    let (a_kind, b_kind) = (kind(a)?, kind(b)?);
    let is_numeric = |t: &DataType| t.is_decimal();
    // One numeric makes the other an exact number, too, unless it floats.
    let floats =
        a.is_floating() || b.is_floating() || !(is_numeric(&a_kind) || is_numeric(&b_kind));
    match floats {
        true => Some(vec![FLOAT, FLOAT]),
        false => Some(vec![numeric_kind(a)?, numeric_kind(b)?]),
    }
}

fn one_or_two_real(given: &[DataType]) -> Option<Vec<DataType>> {
    match given {
        [_] => one(given),
        [a, b] => Some(vec![numeric_kind(a)?, numeric_kind(b)?]),
        _ => None,
    }
}

fn numeric(given: &[DataType]) -> Option<Vec<DataType>> {
    let [one] = given else { return None };
    Some(vec![numeric_kind(one)?])
}

fn real_type(given: &Given<'_>) -> Result<(DataType, Option<String>)> {
    plain(match given.data_type(0) {
        DataType::Decimal128(..) => DataType::Decimal128(PRECISION, PLACES),
        _ => FLOAT,
    })
}

fn whole_type(given: &Given<'_>) -> Result<(DataType, Option<String>)> {
    plain(match given.data_type(0) {
        DataType::Decimal128(..) => DataType::Decimal128(PRECISION, 0),
        other => other.clone(),
    })
}

fn div_type(_: &Given<'_>) -> Result<(DataType, Option<String>)> {
    plain(DataType::Decimal128(PRECISION, 0))
}

/// As many places as are asked for, if that is known; else those the number has.
fn places_type(given: &Given<'_>) -> Result<(DataType, Option<String>)> {
    let DataType::Decimal128(precision, scale) = given.data_type(0) else {
        return plain(given.data_type(0).clone());
    };
    let places = match given.fields.len() {
        1 => Some(0),
        _ => given.constants.get(1).copied().flatten().and_then(|v| match v {
            datafusion::scalar::ScalarValue::Int32(Some(places)) => Some(*places),
            datafusion::scalar::ScalarValue::Int64(Some(places)) => i32::try_from(*places).ok(),
            _ => None,
        }),
    };
    let places = places.map_or(*scale, |p| i8::try_from(p.clamp(0, 30)).unwrap_or(*scale));
    let whole = i16::from(*precision) - i16::from(*scale) + 1 + i16::from(places);
    let precision = u8::try_from(whole.clamp(1, 38)).unwrap_or(PRECISION);
    plain(DataType::Decimal128(precision, places))
}

fn power(scale: i8) -> Result<i128> {
    let exponent = u32::try_from(scale.max(0)).unwrap_or(0);
    10_i128.checked_pow(exponent).ok_or_else(overflow)
}

fn overflow() -> DataFusionError {
    invalid("value overflows numeric format")
}

fn scale_of(array: &ArrayRef) -> i8 {
    match array.data_type() {
        DataType::Decimal128(_, scale) => *scale,
        _ => 0,
    }
}

/// The same change for doubles and for the digits of numerics, whose scale stays.
fn each(
    call: &Call<'_>,
    of_float: impl Fn(f64) -> f64,
    of_digits: impl Fn(i128, i8) -> Result<i128>,
) -> Result<ArrayRef> {
    let column = call.column(0)?;
    if *column.data_type() == FLOAT {
        return float(call, |x| Ok(of_float(x)));
    }
    let scale = scale_of(column);
    decimals(
        call,
        column
            .as_primitive::<Decimal128Type>()
            .iter()
            .map(|value| value.map(|value| of_digits(value, scale)).transpose()),
    )
}

fn float(call: &Call<'_>, of: impl Fn(f64) -> Result<f64>) -> Result<ArrayRef> {
    let column = cast(call.column(0)?, &FLOAT)?;
    let values = column.as_primitive::<Float64Type>().iter();
    let values = values.map(|value| value.map(&of).transpose());
    Ok(Arc::new(values.collect::<Result<Float64Array>>()?))
}

fn decimals(
    call: &Call<'_>,
    values: impl Iterator<Item = Result<Option<i128>>>,
) -> Result<ArrayRef> {
    let DataType::Decimal128(precision, scale) = *call.result else { return Err(overflow()) };
    let limit = 10_i128.checked_pow(u32::from(precision)).unwrap_or(i128::MAX);
    let bounded = values.map(|value| match value? {
        Some(value) if value.abs() >= limit => Err(overflow()),
        value => Ok(value),
    });
    let array = bounded.collect::<Result<Decimal128Array>>()?;
    Ok(Arc::new(array.with_precision_and_scale(precision, scale)?))
}

fn ceil(call: &Call<'_>) -> Result<ArrayRef> {
    each(call, f64::ceil, |value, scale| {
        let unit = power(scale)?;
        Ok(value.div_euclid(unit) + i128::from(value.rem_euclid(unit) != 0))
    })
}

fn floor(call: &Call<'_>) -> Result<ArrayRef> {
    each(call, f64::floor, |value, scale| Ok(value.div_euclid(power(scale)?)))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Rounding {
    /// Doubles round half to even, as in Postgres.
    HalfAway,
    Down,
}

fn to_places(call: &Call<'_>, rounding: Rounding) -> Result<ArrayRef> {
    let column = call.column(0)?;
    if *column.data_type() == FLOAT && call.columns.len() == 2 {
        return float_to_places(call, rounding);
    }
    if *column.data_type() == FLOAT {
        return float(call, |x| {
            Ok(if rounding == Rounding::Down { x.trunc() } else { x.round_ties_even() })
        });
    }
    let scale = i32::from(scale_of(column));
    let result = i32::from(match call.result {
        DataType::Decimal128(_, scale) => *scale,
        _ => 0,
    });
    let places = match call.columns.get(1) {
        Some(places) => places.as_primitive::<Int32Type>().clone(),
        None => Int32Array::from(vec![0; call.rows]),
    };
    let values = column.as_primitive::<Decimal128Type>().iter().zip(places.iter());
    decimals(
        call,
        values.map(|(value, places)| {
            let (Some(value), Some(places)) = (value, places) else { return Ok(None) };
            // First to the places asked for, then to those of the result.
            let cut = scale.saturating_sub(places).max(0);
            if cut > 38 {
                return Ok(Some(0));
            }
            let unit = power(i8::try_from(cut).unwrap_or(38))?;
            let half = if rounding == Rounding::HalfAway { unit / 2 } else { 0 };
            let rounded = (value + if value < 0 { -half } else { half }) / unit;
            let shift = result - (scale - cut);
            match shift {
                0.. => rounded.checked_mul(power(i8::try_from(shift).unwrap_or(38))?),
                _ => Some(rounded / power(i8::try_from(-shift).unwrap_or(38))?),
            }
            .map(Some)
            .ok_or_else(overflow)
        }),
    )
}

fn float_to_places(call: &Call<'_>, rounding: Rounding) -> Result<ArrayRef> {
    let values = call.column(0)?.as_primitive::<Float64Type>();
    let places = call.column(1)?.as_primitive::<Int32Type>();
    let rounded = values.iter().zip(places).map(|pair| {
        let (Some(value), Some(places)) = pair else { return None };
        let unit = 10_f64.powi(places);
        let moved = value * unit;
        // Where the unit is lost, so are the digits to round.
        if !moved.is_finite() || unit == 0.0 {
            return Some(value);
        }
        Some(if rounding == Rounding::Down { moved.trunc() } else { moved.round() } / unit)
    });
    Ok(Arc::new(rounded.collect::<Float64Array>()))
}

fn div(call: &Call<'_>) -> Result<ArrayRef> {
    let (a, b) = (call.column(0)?, call.column(1)?);
    let pairs = a.as_primitive::<Decimal128Type>().iter().zip(b.as_primitive::<Decimal128Type>());
    decimals(
        call,
        pairs.map(|pair| match pair {
            (Some(_), Some(0)) => Err(division_by_zero()),
            (Some(a), Some(b)) => a.checked_div(b).map(Some).ok_or_else(overflow),
            _ => Ok(None),
        }),
    )
}

fn division_by_zero() -> DataFusionError {
    external(Error::invalid("division by zero").about(Subject::DivisionByZero))
}

/// Trailing zeroes are not kept apart here: the scale is the column's.
fn scales(call: &Call<'_>) -> Result<ArrayRef> {
    let column = call.column(0)?;
    let scale = scale_of(column);
    let is_least = call.name == "min_scale";
    let values = column.as_primitive::<Decimal128Type>().iter().map(|value| {
        value.map(|mut value| {
            let mut scale = i32::from(scale);
            while is_least && scale > 0 && value % 10 == 0 {
                value /= 10;
                scale -= 1;
            }
            scale
        })
    });
    Ok(Arc::new(Int32Array::from_iter(values)))
}

fn buckets(given: &[DataType]) -> Option<Vec<DataType>> {
    match given {
        [a, b, c, _] if [a, b, c].iter().all(|t| kind(t).is_some()) => {
            Some(vec![FLOAT, FLOAT, FLOAT, DataType::Int64])
        }
        [value, DataType::List(_)] if kind(value).is_some() => {
            Some(vec![FLOAT, DataType::new_list(FLOAT, true)])
        }
        _ => None,
    }
}

fn width_bucket(call: &Call<'_>) -> Result<ArrayRef> {
    let floats = |at: usize| call.column(at).map(|c| c.as_primitive::<Float64Type>());
    let wrong = |what: &str| Err(invalid(what.to_string()));
    let values = floats(0)?;
    if call.columns.len() == 2 {
        let lists = call.column(1)?.as_list::<i32>();
        let rows = values.iter().zip(lists.iter()).map(|(value, list)| {
            let (value, list) = (value?, list?);
            let bounds = list.as_primitive::<Float64Type>();
            let below = bounds.iter().flatten().filter(|bound| *bound <= value).count();
            i32::try_from(below).ok()
        });
        return Ok(Arc::new(Int32Array::from_iter(rows)));
    }
    let (lows, highs) = (floats(1)?, floats(2)?);
    let counts = call.column(3)?.as_primitive::<Int64Type>();
    let bounds = lows.iter().zip(highs.iter()).zip(counts.iter());
    let rows = values.iter().zip(bounds).map(|(value, ((low, high), count))| {
        let (Some(value), Some(low), Some(high), Some(count)) = (value, low, high, count) else {
            return Ok(None);
        };
        if count <= 0 || count > i64::from(i32::MAX - 1) {
            return wrong("count must be greater than zero");
        }
        if low == high {
            return wrong("lower bound cannot equal upper bound");
        }
        if !low.is_finite() || !high.is_finite() {
            return wrong("lower and upper bounds must be finite");
        }
        let forward = low < high;
        let (from, to) = if forward { (low, high) } else { (high, low) };
        let (before, after) = if forward { (0, count + 1) } else { (count + 1, 0) };
        let bucket = match value {
            value if value < from || (!forward && value == from) => before,
            value if (forward && value >= to) || value > to => after,
            value => {
                let distance = if forward { value - low } else { low - value };
                let part = super::super::dates::as_float(count) * distance / (to - from);
                whole(part.floor()) + 1
            }
        };
        Ok(i32::try_from(bucket).ok())
    });
    Ok(Arc::new(rows.collect::<Result<Int32Array>>()?))
}

fn whole(value: f64) -> i64 {
    value as i64
}

fn factorial(call: &Call<'_>) -> Result<ArrayRef> {
    let values = call.column(0)?.as_primitive::<Int64Type>();
    decimals(
        call,
        values.iter().map(|value| {
            let Some(value) = value else { return Ok(None) };
            if value < 0 {
                return Err(invalid("factorial of a negative number is undefined"));
            }
            let mut product: i128 = 1;
            for factor in 2..=value.min(40) {
                product = product.checked_mul(i128::from(factor)).ok_or_else(overflow)?;
            }
            if value > 33 { Err(overflow()) } else { Ok(Some(product)) }
        }),
    )
}

/// A domain error in Postgres' words.
fn domain(what: &str) -> DataFusionError {
    external(Error::new(ErrorKind::InvalidInput, what).about(Subject::Value))
}

fn of_name(name: &str, x: f64) -> Result<f64> {
    Ok(match name {
        "sqrt" if x < 0.0 => return Err(domain("cannot take square root of a negative number")),
        "sqrt" => x.sqrt(),
        "exp" => {
            let result = x.exp();
            if result.is_infinite() && x.is_finite() {
                return Err(invalid("value out of range: overflow"));
            }
            result
        }
        _ if x == 0.0 => return Err(domain("cannot take logarithm of zero")),
        _ if x < 0.0 => return Err(domain("cannot take logarithm of a negative number")),
        "ln" => x.ln(),
        _ => x.log10(),
    })
}

/// One result per row, floating or rounded to a numeric.
fn real_values(
    call: &Call<'_>,
    values: impl Iterator<Item = Result<Option<f64>>>,
) -> Result<ArrayRef> {
    if *call.result == FLOAT {
        return Ok(Arc::new(values.collect::<Result<Float64Array>>()?));
    }
    decimals(call, values.map(|value| value?.map(to_digits).transpose()))
}

/// Fifteen digits are what a double is sure of.
fn to_digits(value: f64) -> Result<i128> {
    if !value.is_finite() || value.abs() >= 1e22 {
        return Err(overflow());
    }
    let text = format!("{value:.16}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    format!("{whole}{fraction}").parse().map_err(|_| overflow())
}

fn doubles(array: &ArrayRef) -> Result<Float64Array> {
    Ok(cast(array, &FLOAT)?.as_primitive::<Float64Type>().clone())
}

fn real(call: &Call<'_>) -> Result<ArrayRef> {
    let values = doubles(call.column(0)?)?;
    real_values(call, values.iter().map(|v| v.map(|v| of_name(call.name, v)).transpose()))
}

fn log(call: &Call<'_>) -> Result<ArrayRef> {
    if call.columns.len() == 1 {
        return real(call);
    }
    let (bases, values) = (doubles(call.column(0)?)?, doubles(call.column(1)?)?);
    real_values(
        call,
        bases.iter().zip(values.iter()).map(|pair| match pair {
            (Some(base), Some(value)) => {
                let (base, value) = (of_name("ln", base)?, of_name("ln", value)?);
                if base == 0.0 {
                    return Err(division_by_zero());
                }
                Ok(Some(value / base))
            }
            _ => Ok(None),
        }),
    )
}

fn raise(call: &Call<'_>) -> Result<ArrayRef> {
    let (bases, exponents) = (doubles(call.column(0)?)?, doubles(call.column(1)?)?);
    real_values(
        call,
        bases.iter().zip(exponents.iter()).map(|pair| match pair {
            (Some(0.0), Some(exponent)) if exponent < 0.0 => {
                Err(domain("zero raised to a negative power is undefined"))
            }
            (Some(base), Some(exponent)) if base < 0.0 && exponent.fract() != 0.0 => Err(domain(
                "a negative number raised to a non-integer power yields a complex result",
            )),
            (Some(base), Some(exponent)) => {
                let result = base.powf(exponent);
                match result.is_infinite() && base.is_finite() && exponent.is_finite() {
                    true => Err(invalid("value out of range: overflow")),
                    false => Ok(Some(result)),
                }
            }
            _ => Ok(None),
        }),
    )
}
