//! Casts of values that Postgres does otherwise than Arrow: to integers by rounding, and never out of range;
//! from text to bytes as a literal of bytes is read.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BinaryArray};
use arrow::compute::{CastOptions, cast, cast_with_options, unary};
use arrow::datatypes::{DataType, Float64Type};
use datafusion::common::utils::take_function_args;
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;
use lakegate_base::{Error, Subject, bytes_from_text};

use super::scalar::external;

/// A cast from any number to an integer type.
pub fn rounded(to: &DataType) -> ScalarUDF {
    let (name, shown) = match to {
        DataType::Int8 | DataType::Int16 => ("int2", "smallint"),
        DataType::Int32 => ("int4", "integer"),
        _ => ("int8", "bigint"),
    };
    let convert = move |array: &ArrayRef, to: &DataType, _: &str| {
        let whole = whole(array)?;
        let strict = CastOptions { safe: false, ..CastOptions::default() };
        cast_with_options(&whole, to, &strict).map_err(|_| {
            external(Error::invalid(format!("{shown} out of range")).about(Subject::Value))
        })
    };
    function(name, to, Arc::new(convert))
}

/// Decimals round half away from zero, floating point half to even, as in Postgres.
fn whole(array: &ArrayRef) -> Result<ArrayRef> {
    Ok(match array.data_type() {
        DataType::Decimal128(precision, scale) if *scale > 0 => {
            cast(array, &DataType::Decimal128(*precision, 0))?
        }
        DataType::Decimal256(precision, scale) if *scale > 0 => {
            cast(array, &DataType::Decimal256(*precision, 0))?
        }
        float if float.is_floating() => {
            let doubles = cast(array, &DataType::Float64)?;
            Arc::new(unary::<_, _, Float64Type>(
                doubles.as_primitive::<Float64Type>(),
                f64::round_ties_even,
            ))
        }
        _ => Arc::clone(array),
    })
}

/// A cast from text to bytes: `\x4a4b`, or characters with `\\` and `\112` for what is none.
pub fn bytea(to: &DataType) -> ScalarUDF {
    let convert = |array: &ArrayRef, to: &DataType, _: &str| {
        let texts = cast(array, &DataType::Utf8)?;
        let values = texts.as_string::<i32>().iter().map(|text| text.map(bytes).transpose());
        let values = values.collect::<Result<Vec<_>>>()?;
        let binary: BinaryArray = values.iter().map(Option::as_deref).collect();
        Ok(cast(&(Arc::new(binary) as ArrayRef), to)?)
    };
    function("bytea", to, Arc::new(convert))
}

/// A cast from text to a date, a time, a moment or an interval, as Postgres reads them. Words like `today`
/// and clocks without a zone depend on the session.
pub fn moment(to: &DataType) -> ScalarUDF {
    let name = match to {
        DataType::Date32 | DataType::Date64 => "date",
        DataType::Time32(_) | DataType::Time64(_) => "time",
        DataType::Timestamp(_, None) => "timestamp",
        DataType::Timestamp(..) => "timestamptz",
        _ => "interval",
    };
    function(name, to, Arc::new(super::dates::from_text))
}

fn bytes(text: &str) -> Result<Vec<u8>> {
    bytes_from_text(text).ok_or_else(|| {
        let error = Error::invalid("invalid input syntax for type bytea").about(Subject::Value);
        external(error.hint(r"Write '\x4a4b', or double each backslash."))
    })
}

/// Given the values, the type they become, and the session's zone.
type Convert = Arc<dyn Fn(&ArrayRef, &DataType, &str) -> Result<ArrayRef> + Send + Sync>;

fn function(name: &'static str, to: &DataType, convert: Convert) -> ScalarUDF {
    let signature = Signature::any(1, Volatility::Immutable);
    ScalarUDF::from(ValueCast { name, to: to.clone(), signature, convert })
}

struct ValueCast {
    name: &'static str,
    to: DataType,
    signature: Signature,
    convert: Convert,
}

impl ScalarUDFImpl for ValueCast {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.to.clone())
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let zone = call.config_options.execution.time_zone.as_deref().unwrap_or("UTC");
        let [value] = take_function_args(self.name, call.args)?;
        match value {
            ColumnarValue::Array(array) => {
                Ok(ColumnarValue::Array((self.convert)(&array, &self.to, zone)?))
            }
            ColumnarValue::Scalar(one) => {
                let array = (self.convert)(&one.to_array()?, &self.to, zone)?;
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?))
            }
        }
    }
}

// Name and type say all: there is one conversion for each.
impl PartialEq for ValueCast {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.to == other.to
    }
}

impl Eq for ValueCast {}

impl std::hash::Hash for ValueCast {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.name.hash(state);
        self.to.hash(state);
    }
}

impl std::fmt::Debug for ValueCast {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} to {}", self.name, self.to)
    }
}
