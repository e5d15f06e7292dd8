//! One shape for functions that work on whole columns, and choose their types by those of their arguments:
//! what an analyst runs over millions of rows. [`super::scalar`] is for the rest.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, TimeUnit};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::interval_arithmetic::Interval;
use datafusion::logical_expr::preimage::PreimageResult;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use datafusion::scalar::ScalarValue;
use lakegate_base::{Error, ErrorKind, Subject};

use super::scalar::external;
use crate::system::types::{self, PG_TYPE};

/// The types the arguments become; none where Postgres has no such function.
pub type Accept = fn(&[DataType]) -> Option<Vec<DataType>>;
/// The result's type, and its Postgres type where Arrow's does not tell it.
pub type Give = fn(&Given<'_>) -> Result<(DataType, Option<String>)>;
pub type Body = fn(&Call<'_>) -> Result<ArrayRef>;
/// Which argument lies in which range, and only then, if the function gives this value. With it a comparison
/// of the function becomes one of the argument, whose bounds files know.
pub type Range = fn(&Given<'_>, &ScalarValue) -> Option<(usize, Interval)>;

/// What is known of a call before it runs: its arguments' fields, and their values where constant.
pub struct Given<'a> {
    pub name: &'static str,
    pub fields: &'a [FieldRef],
    pub constants: &'a [Option<&'a ScalarValue>],
}

/// One call over a batch. Arguments are columns, constants included.
pub struct Call<'a> {
    pub name: &'static str,
    pub columns: &'a [ArrayRef],
    pub fields: &'a [FieldRef],
    pub rows: usize,
    /// The session's time zone.
    pub zone: &'a str,
    pub result: &'a DataType,
}

/// See the module.
pub struct Columns {
    name: &'static str,
    accept: Accept,
    give: Give,
    body: Body,
    range: Option<Range>,
    signature: Signature,
}

/// An immutable function.
pub fn columns(name: &'static str, accept: Accept, give: Give, body: Body) -> Columns {
    let signature = Signature::user_defined(Volatility::Immutable);
    Columns { name, accept, give, body, range: None, signature }
}

impl Columns {
    /// Its answer depends on the session, or the time.
    pub fn stable(self) -> Self {
        Self { signature: Signature::user_defined(Volatility::Stable), ..self }
    }

    pub fn range(self, range: Range) -> Self {
        Self { range: Some(range), ..self }
    }

    pub fn udf(self) -> ScalarUDF {
        ScalarUDF::from(self)
    }
}

impl Given<'_> {
    pub fn data_type(&self, at: usize) -> &DataType {
        self.fields.get(at).map_or(&DataType::Null, |field| field.data_type())
    }

    /// A constant text among the arguments.
    pub fn text(&self, at: usize) -> Option<&str> {
        self.constants.get(at).copied().flatten()?.try_as_str().flatten()
    }

    pub fn pg_type(&self, at: usize) -> Option<&str> {
        types::named_by(self.fields.get(at)?)
    }
}

impl Call<'_> {
    /// An argument as text; of missing ones, no row.
    pub fn text(&self, at: usize) -> Result<StringArray> {
        match self.columns.get(at) {
            Some(column) => Ok(cast(column, &DataType::Utf8)?.as_string::<i32>().clone()),
            None => Ok(StringArray::new_null(self.rows)),
        }
    }

    pub fn pg_type(&self, at: usize) -> Option<&str> {
        types::named_by(self.fields.get(at)?)
    }

    pub fn field(&self, at: usize) -> Result<&Field> {
        self.fields
            .get(at)
            .map(AsRef::as_ref)
            .ok_or_else(|| DataFusionError::Internal(format!("{} lacks argument {at}", self.name)))
    }

    /// The argument cast to the type that [`Accept`] gave, or as it is.
    pub fn column(&self, at: usize) -> Result<&ArrayRef> {
        self.columns
            .get(at)
            .ok_or_else(|| DataFusionError::Internal(format!("{} lacks argument {at}", self.name)))
    }
}

/// The value of the last key, made anew when the key changes: patterns and units are mostly constant.
pub struct Memo<T> {
    known: Option<(String, T)>,
}

impl<T> Memo<T> {
    pub fn new() -> Self {
        Self { known: None }
    }

    pub fn get(&mut self, key: &str, make: impl FnOnce(&str) -> Result<T>) -> Result<&mut T> {
        if self.known.as_ref().is_none_or(|(known, _)| known != key) {
            self.known = Some((key.to_string(), make(key)?));
        }
        let lost = || DataFusionError::Internal("a memo forgot its value".to_string());
        self.known.as_mut().map(|(_, value)| value).ok_or_else(lost)
    }
}

/// Timestamps as Postgres keeps them: microseconds, instants in UTC.
pub fn timestamp() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, None)
}

pub fn instant() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// The result has this type.
pub fn plain(data_type: DataType) -> Result<(DataType, Option<String>)> {
    Ok((data_type, None))
}

/// The result is text that is meant as another type.
pub fn text_as(pg_type: &str) -> Result<(DataType, Option<String>)> {
    Ok((DataType::Utf8, Some(pg_type.to_string())))
}

/// A type in Postgres' words, for messages.
pub fn shown(data_type: &DataType) -> String {
    match data_type {
        DataType::Null => "unknown".to_string(),
        known => {
            let known = types::of_arrow(known);
            types::format(known.oid, -1)
        }
    }
}

pub fn no_such_function(name: &str, given: &[DataType]) -> DataFusionError {
    let list: Vec<String> = given.iter().map(shown).collect();
    let message = format!("function {name}({}) does not exist", list.join(", "));
    let error = Error::new(ErrorKind::NotFound, message).about(Subject::Function);
    external(error.hint("No function matches the given name and argument types."))
}

/// A value that Postgres refuses.
pub fn invalid(message: impl Into<String>) -> DataFusionError {
    external(Error::invalid(message).about(Subject::Value))
}

impl ScalarUDFImpl for Columns {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        (self.accept)(given).ok_or_else(|| no_such_function(self.name, given))
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        let field = |t: &DataType| Arc::new(Field::new("x", t.clone(), true));
        let fields: Vec<FieldRef> = given.iter().map(field).collect();
        let constants = vec![None; given.len()];
        Ok((self.give)(&Given { name: self.name, fields: &fields, constants: &constants })?.0)
    }

    fn return_field_from_args(&self, call: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let (fields, constants) = (call.arg_fields, call.scalar_arguments);
        let given = Given { name: self.name, fields, constants };
        let (data_type, pg_type) = (self.give)(&given)?;
        let field = Field::new(self.name, data_type, true);
        Ok(Arc::new(match pg_type {
            Some(name) => field.with_metadata([(PG_TYPE.to_string(), name)].into()),
            None => field,
        }))
    }

    fn preimage(
        &self,
        args: &[Expr],
        value: &Expr,
        info: &SimplifyContext,
    ) -> Result<PreimageResult> {
        let (Some(range), Expr::Literal(value, _)) = (self.range, value) else {
            return Ok(PreimageResult::None);
        };
        let field = |arg: &Expr| -> Result<FieldRef> {
            Ok(Arc::new(Field::new("x", info.get_data_type(arg)?, true)))
        };
        let fields = args.iter().map(field).collect::<Result<Vec<_>>>()?;
        let constant = |arg: &'_ Expr| match arg {
            Expr::Literal(value, _) => Some(value.clone()),
            _ => None,
        };
        let constants: Vec<Option<ScalarValue>> = args.iter().map(constant).collect();
        let constants: Vec<Option<&ScalarValue>> = constants.iter().map(Option::as_ref).collect();
        let given = Given { name: self.name, fields: &fields, constants: &constants };
        let Some((at, interval)) = range(&given, value) else { return Ok(PreimageResult::None) };
        let interval = Box::new(interval);
        let expr = args.get(at).cloned();
        Ok(expr.map_or(PreimageResult::None, |expr| PreimageResult::Range { expr, interval }))
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = call.args.iter().all(|a| matches!(a, ColumnarValue::Scalar(_)));
        let constant = constant && self.signature.volatility != Volatility::Volatile;
        let rows = if constant { 1 } else { call.number_rows };
        let columns =
            call.args.iter().map(|a| a.to_array(rows)).collect::<Result<Vec<ArrayRef>>>()?;
        let array = (self.body)(&Call {
            name: self.name,
            columns: &columns,
            fields: &call.arg_fields,
            rows,
            zone: call.config_options.execution.time_zone.as_deref().unwrap_or("UTC"),
            result: call.return_field.data_type(),
        })?;
        if constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?));
        }
        Ok(ColumnarValue::Array(array))
    }
}

// A session has one function of each name.
impl PartialEq for Columns {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Columns {}

impl Hash for Columns {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl fmt::Debug for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
