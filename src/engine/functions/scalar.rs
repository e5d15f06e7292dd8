//! One shape for every small SQL function: its argument kinds, its result and a body per row. A function
//! is then one entry in a list, and limits, coercion and NULLs are handled once, here.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Float64Array, Int32Array, Int64Array, Int64Builder,
    ListBuilder, StringArray, StringBuilder, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, FieldRef, TimeUnit};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use datafusion::scalar::ScalarValue;
use lakegate_base::Error;

use crate::system::types::PG_TYPE;

/// The most one text value may hold, as a guard against `repeat('x', 1000000000)`.
pub const TEXT_BYTES_MAX: usize = 64 << 20;
/// The most the texts one call makes for one batch may hold together.
pub const BATCH_BYTES_MAX: usize = 256 << 20;

/// What a function takes or gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Any,
    Bool,
    Int,
    Float,
    Text,
    Texts,
    Ints,
    /// An integer of 32 bits, where Postgres' function gives one.
    Int4,
    Bytes,
    Instant,
}

/// A value of one row. `Null` stands for every NULL.
#[derive(Clone, Debug)]
pub enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Texts(Vec<String>),
    Ints(Vec<i64>),
    Bytes(Vec<u8>),
    Timestamp(i64),
    /// What `Kind::Any` could not narrow: lists, dates, decimals, …
    Other(ScalarValue),
}

type Body = dyn Fn(&[Value]) -> Result<Value> + Send + Sync;

/// See the module. Build one with [`function`], change it with the methods, then [`Function::udf`].
pub struct Function {
    name: &'static str,
    arguments: &'static [Kind],
    /// How many of the last arguments may be left out.
    optional: usize,
    /// The last kind may come any number of times.
    variadic: bool,
    result: Kind,
    /// The Postgres type of the result where Arrow's does not tell it.
    pg_type: Option<&'static str>,
    /// NULL in, NULL out, without asking the body.
    strict: bool,
    signature: Signature,
    body: Arc<Body>,
}

/// A stable, strict function with exactly these arguments.
pub fn function(
    name: &'static str,
    arguments: &'static [Kind],
    result: Kind,
    body: impl Fn(&[Value]) -> Result<Value> + Send + Sync + 'static,
) -> Function {
    Function {
        name,
        arguments,
        optional: 0,
        variadic: false,
        result,
        pg_type: None,
        strict: true,
        signature: Signature::user_defined(Volatility::Stable),
        body: Arc::new(body),
    }
}

impl Function {
    pub fn optional(self, optional: usize) -> Self {
        Self { optional, ..self }
    }

    pub fn variadic(self) -> Self {
        Self { variadic: true, ..self }
    }

    pub fn pg_type(self, name: &'static str) -> Self {
        Self { pg_type: Some(name), ..self }
    }

    /// The body sees NULLs.
    pub fn lenient(self) -> Self {
        Self { strict: false, ..self }
    }

    pub fn immutable(self) -> Self {
        Self { signature: Signature::user_defined(Volatility::Immutable), ..self }
    }

    pub fn volatile(self) -> Self {
        Self { signature: Signature::user_defined(Volatility::Volatile), ..self }
    }

    pub fn udf(self) -> ScalarUDF {
        if self.arguments.is_empty() {
            let volatility = self.signature.volatility;
            return ScalarUDF::from(Self { signature: Signature::nullary(volatility), ..self });
        }
        ScalarUDF::from(self)
    }
}

impl Value {
    pub fn text(&self) -> &str {
        if let Self::Text(text) = self { text } else { "" }
    }

    pub fn int(&self) -> i64 {
        match self {
            Self::Int(value) => *value,
            _ => 0,
        }
    }

    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Text(text) => text.as_bytes(),
            _ => &[],
        }
    }

    pub fn is_true(&self) -> bool {
        matches!(self, Self::Bool(true))
    }

    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    pub fn of_text(text: Option<impl Into<String>>) -> Self {
        text.map_or(Self::Null, |text| Self::Text(text.into()))
    }

    pub fn of_int(value: Option<i64>) -> Self {
        value.map_or(Self::Null, Self::Int)
    }

    fn of_scalar(scalar: ScalarValue) -> Self {
        if scalar.is_null() {
            return Self::Null;
        }
        match scalar {
            ScalarValue::Boolean(Some(value)) => Self::Bool(value),
            ScalarValue::Float64(Some(value)) => Self::Float(value),
            ScalarValue::Float32(Some(value)) => Self::Float(f64::from(value)),
            ScalarValue::Utf8(Some(text))
            | ScalarValue::Utf8View(Some(text))
            | ScalarValue::LargeUtf8(Some(text)) => Self::Text(text),
            ScalarValue::Binary(Some(bytes))
            | ScalarValue::BinaryView(Some(bytes))
            | ScalarValue::LargeBinary(Some(bytes)) => Self::Bytes(bytes),
            ScalarValue::TimestampMicrosecond(Some(value), None) => Self::Timestamp(value),
            other if other.data_type().is_integer() => match other.cast_to(&DataType::Int64) {
                Ok(ScalarValue::Int64(Some(value))) => Self::Int(value),
                _ => Self::Other(other),
            },
            other => Self::Other(other),
        }
    }

    fn text_bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Texts(texts) => texts.iter().map(String::len).sum(),
            Self::Ints(values) => values.len() * 8,
            Self::Bytes(bytes) => bytes.len(),
            _ => 0,
        }
    }
}

/// The error for a value that would not fit.
pub fn too_large() -> DataFusionError {
    external(Error::exhausted("requested length too large").hint("Ask for a shorter value."))
}

pub fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

impl Kind {
    fn arrow(self) -> DataType {
        match self {
            Self::Bool => DataType::Boolean,
            Self::Int => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Any | Self::Text => DataType::Utf8,
            Self::Texts => DataType::new_list(DataType::Utf8, true),
            Self::Ints => DataType::new_list(DataType::Int64, true),
            Self::Int4 => DataType::Int32,
            Self::Bytes => DataType::Binary,
            Self::Instant => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        }
    }

    fn coerce(self, given: &DataType) -> DataType {
        match (self, given) {
            (Self::Any, DataType::Null) => DataType::Utf8,
            (Self::Any, given) => given.clone(),
            (kind, _) => kind.arrow(),
        }
    }

    fn build(self, values: &[Value]) -> Result<ArrayRef> {
        Ok(match self {
            Self::Bool => Arc::new(BooleanArray::from(pick(values, |v| match v {
                Value::Bool(value) => Some(*value),
                _ => None,
            })?)),
            Self::Int => Arc::new(Int64Array::from(pick(values, |v| match v {
                Value::Int(value) => Some(*value),
                _ => None,
            })?)),
            Self::Float => Arc::new(Float64Array::from(pick(values, |v| match v {
                Value::Float(value) => Some(*value),
                _ => None,
            })?)),
            Self::Any | Self::Text => Arc::new(StringArray::from(pick(values, |v| match v {
                Value::Text(value) => Some(value.as_str()),
                _ => None,
            })?)),
            Self::Texts => {
                let mut builder = ListBuilder::new(StringBuilder::new());
                builder.extend(pick(values, |v| match v {
                    Value::Texts(texts) => Some(texts.iter().map(Some)),
                    _ => None,
                })?);
                Arc::new(builder.finish())
            }
            Self::Ints => {
                let mut builder = ListBuilder::new(Int64Builder::new());
                builder.extend(pick(values, |v| match v {
                    Value::Ints(numbers) => Some(numbers.iter().copied().map(Some)),
                    _ => None,
                })?);
                Arc::new(builder.finish())
            }
            Self::Int4 => {
                let wide = pick(values, |v| match v {
                    Value::Int(value) => i32::try_from(*value).ok(),
                    _ => None,
                })?;
                Arc::new(Int32Array::from(wide))
            }
            Self::Bytes => Arc::new(BinaryArray::from(pick(values, |v| match v {
                Value::Bytes(bytes) => Some(bytes.as_slice()),
                _ => None,
            })?)),
            Self::Instant => {
                let micros = pick(values, |v| match v {
                    Value::Timestamp(micros) => Some(*micros),
                    _ => None,
                })?;
                Arc::new(TimestampMicrosecondArray::from(micros).with_timezone("UTC"))
            }
        })
    }
}

/// The values of one kind, `None` for NULL.
fn pick<'a, T>(
    values: &'a [Value],
    get: impl Fn(&'a Value) -> Option<T>,
) -> Result<Vec<Option<T>>> {
    let wrong = || DataFusionError::Internal("a function gave a value of another kind".to_string());
    let one = |value: &'a Value| match value {
        Value::Null => Ok(None),
        other => get(other).map(Some).ok_or_else(wrong),
    };
    values.iter().map(one).collect()
}

impl ScalarUDFImpl for Function {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let most = if self.variadic { usize::MAX } else { self.arguments.len() };
        let least = self.arguments.len() - self.optional;
        if given.len() < least || given.len() > most {
            let types: Vec<String> = given.iter().map(ToString::to_string).collect();
            let message = format!("function {}({}) does not exist", self.name, types.join(", "));
            return Err(DataFusionError::Plan(message));
        }
        let kind = |i: usize| self.arguments.get(i).or(self.arguments.last()).copied();
        Ok(given.iter().enumerate().map(|(i, t)| kind(i).unwrap_or(Kind::Any).coerce(t)).collect())
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.result.arrow())
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let field = Field::new(self.name, self.result.arrow(), true);
        Ok(Arc::new(match self.pg_type {
            Some(name) => field.with_metadata([(PG_TYPE.to_string(), name.to_string())].into()),
            None => field,
        }))
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = call.args.iter().all(|a| matches!(a, ColumnarValue::Scalar(_)));
        let constant = constant && self.signature.volatility != Volatility::Volatile;
        let rows = if constant { 1 } else { call.number_rows };
        let mut values = Vec::with_capacity(rows);
        let mut bytes = 0_usize;
        for row in 0..rows {
            let arguments =
                call.args.iter().map(|a| argument(a, row)).collect::<Result<Vec<_>>>()?;
            let missing = self.strict && arguments.iter().any(Value::is_null);
            let value = if missing { Value::Null } else { (self.body)(&arguments)? };
            bytes = bytes.saturating_add(value.text_bytes());
            if bytes > BATCH_BYTES_MAX {
                return Err(too_large());
            }
            values.push(value);
        }
        let array = self.result.build(&values)?;
        if constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?));
        }
        Ok(ColumnarValue::Array(array))
    }
}

fn argument(value: &ColumnarValue, row: usize) -> Result<Value> {
    Ok(Value::of_scalar(match value {
        ColumnarValue::Scalar(scalar) => scalar.clone(),
        ColumnarValue::Array(array) => ScalarValue::try_from_array(array, row)?,
    }))
}

// DataFusion compares functions to recognise equal expressions: two of one name are one, as a session
// has one body per name.
impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && Arc::ptr_eq(&self.body, &other.body)
    }
}

impl Eq for Function {}

impl Hash for Function {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
