//! Lists: bounds and subscripts as Postgres counts them, and a bound on lists made from nothing.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, ListArray, StringArray, StructArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::error::{DataFusionError, Result};
use datafusion::functions_nested::{range, repeat};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use datafusion::scalar::ScalarValue;

use super::bounded::bounded;
use super::scalar::{self, Function, Kind, Value, function};

/// The most elements one row's list may get, and all rows of a batch together.
const ELEMENTS_MAX: u128 = 1 << 20;

pub fn functions() -> Vec<ScalarUDF> {
    let mut functions: Vec<ScalarUDF> = lists().into_iter().map(Function::udf).collect();
    for inner in [range::range_udf(), repeat::array_repeat_udf()] {
        functions.push(bounded(inner, bounded_list));
    }
    let signature = Signature::any(1, Volatility::Immutable);
    functions.push(ScalarUDF::from(EmptyArray { signature: signature.clone() }));
    functions.push(ScalarUDF::from(ExpandArray { signature }));
    functions
}

/// A list, the empty one for NULL: what `ARRAY(SELECT …)` gives for no rows.
pub const EMPTY_ARRAY: &str = "pg_empty_array";

#[derive(Debug, PartialEq, Eq, Hash)]
struct EmptyArray {
    signature: Signature,
}

impl ScalarUDFImpl for EmptyArray {
    fn name(&self) -> &str {
        EMPTY_ARRAY
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        Ok(given[0].clone())
    }

    fn return_field_from_args(&self, call: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        Ok(call.arg_fields[0].as_ref().clone().with_name(EMPTY_ARRAY).into())
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [list] = datafusion::common::utils::take_function_args(EMPTY_ARRAY, call.args)?;
        let array = list.to_array(call.number_rows)?;
        // The values of a NULL row are not part of any list, so dropping the mask may bring some back:
        // rebuild such lists.
        let Some(lists) = array.as_list_opt::<i32>() else {
            return empty_text(&array).map(ColumnarValue::Array);
        };
        let (field, offsets, values, nulls) = lists.clone().into_parts();
        let hidden = |row: usize| lists.is_null(row) && offsets[row + 1] != offsets[row];
        if nulls.is_some() && (0..lists.len()).any(hidden) {
            let message = "a list with values behind NULL".to_string();
            return Err(DataFusionError::Internal(message));
        }
        Ok(ColumnarValue::Array(Arc::new(ListArray::try_new(field, offsets, values, None)?)))
    }
}

/// A column of text that is meant as an array: the empty one is `{}`.
fn empty_text(array: &ArrayRef) -> Result<ArrayRef> {
    if !array.data_type().is_string() {
        let message = format!("{} is no array", array.data_type());
        return Err(DataFusionError::Plan(message));
    }
    let text = cast(array, &DataType::Utf8)?;
    let filled: StringArray =
        text.as_string::<i32>().iter().map(|t| Some(t.unwrap_or("{}"))).collect();
    Ok(cast(&(Arc::new(filled) as ArrayRef), array.data_type())?)
}

/// `_pg_expandarray(list)`: its elements `x` with their numbers `n`, as one list.
#[derive(Debug, PartialEq, Eq, Hash)]
struct ExpandArray {
    signature: Signature,
}

impl ExpandArray {
    fn fields(element: &DataType) -> Fields {
        let x = Field::new("x", element.clone(), true);
        vec![x, Field::new("n", DataType::Int32, true)].into()
    }
}

impl ScalarUDFImpl for ExpandArray {
    fn name(&self) -> &str {
        "_pg_expandarray"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        let DataType::List(element) = &given[0] else {
            let message = format!("_pg_expandarray of {}, which is no array", given[0]);
            return Err(DataFusionError::Plan(message));
        };
        Ok(DataType::new_list(DataType::Struct(Self::fields(element.data_type())), true))
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [list] = datafusion::common::utils::take_function_args(self.name(), call.args)?;
        let array = list.to_array(call.number_rows)?;
        let lists = array.as_list::<i32>();
        let mut numbers = vec![0; lists.values().len()];
        for row in lists.offsets().windows(2) {
            for (number, place) in (1..).zip(row[0]..row[1]) {
                if let Some(slot) = usize::try_from(place).ok().and_then(|i| numbers.get_mut(i)) {
                    *slot = number;
                }
            }
        }
        let fields = Self::fields(&lists.value_type());
        let columns: Vec<ArrayRef> =
            vec![lists.values().clone(), Arc::new(Int32Array::from(numbers))];
        let rows = StructArray::try_new(fields.clone(), columns, None)?;
        let field = Arc::new(Field::new_list_field(DataType::Struct(fields), true));
        let nulls = lists.nulls().cloned();
        let list = ListArray::try_new(field, lists.offsets().clone(), Arc::new(rows), nulls)?;
        Ok(ColumnarValue::Array(Arc::new(list)))
    }
}

fn lists() -> Vec<Function> {
    const ARGUMENTS: &[Kind] = &[Kind::Any, Kind::Int];
    vec![function("generate_subscripts", ARGUMENTS, Kind::Ints, |a| {
        Ok(Value::Ints((1..=upper(&a[0], &a[1]).unwrap_or(0)).collect()))
    })]
}

/// The number of elements; none for an empty list or a dimension other than the first.
fn upper(list: &Value, dimension: &Value) -> Option<i64> {
    let Value::Other(ScalarValue::List(list)) = list else { return None };
    let length = i64::from(list.value_length(0));
    (dimension.int() == 1 && length > 0).then_some(length)
}

/// Makes a list as long as the arguments say, asked first how long.
fn bounded_list(inner: &ScalarUDF, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
    let mut total: u128 = 0;
    for row in 0..call.number_rows {
        total += elements(inner.name(), &call.args, row)?;
        if total > ELEMENTS_MAX {
            return Err(scalar::too_large());
        }
        if call.args.iter().all(|a| matches!(a, ColumnarValue::Scalar(_))) {
            break;
        }
    }
    inner.invoke_with_args(call)
}

/// How many elements this row's list would have. Steps of days and months are counted as days, which is
/// never too few by more than a factor that the limit leaves room for.
fn elements(name: &str, arguments: &[ColumnarValue], row: usize) -> Result<u128> {
    let number = |i: usize| -> Result<Option<i128>> {
        let Some(argument) = arguments.get(i) else { return Ok(None) };
        let scalar = match argument {
            ColumnarValue::Scalar(scalar) => scalar.clone(),
            ColumnarValue::Array(array) => ScalarValue::try_from_array(array, row)?,
        };
        Ok(as_number(&scalar))
    };
    if name == "array_repeat" {
        return Ok(number(1)?.map_or(0, |count| count.max(0).unsigned_abs()));
    }
    let (start, stop) = match (number(0)?, number(1)?) {
        (Some(start), Some(stop)) => (start, stop),
        (Some(stop), None) if arguments.len() == 1 => (0, stop),
        _ => return Ok(0),
    };
    let step = number(2)?.unwrap_or(1);
    if step == 0 {
        return Err(DataFusionError::Execution("step size cannot equal zero".to_string()));
    }
    let span = stop - start;
    if (span < 0) != (step < 0) && span != 0 {
        return Ok(0);
    }
    Ok((span / step).unsigned_abs() + 1)
}

/// Integers as they are; dates and times in nanoseconds, as are the steps between them.
fn as_number(scalar: &ScalarValue) -> Option<i128> {
    const DAY: i128 = 86_400_000_000_000;
    match scalar {
        ScalarValue::Date32(Some(days)) => Some(i128::from(*days) * DAY),
        ScalarValue::TimestampSecond(Some(v), _) => Some(i128::from(*v) * 1_000_000_000),
        ScalarValue::TimestampMillisecond(Some(v), _) => Some(i128::from(*v) * 1_000_000),
        ScalarValue::TimestampMicrosecond(Some(v), _) => Some(i128::from(*v) * 1_000),
        ScalarValue::TimestampNanosecond(Some(v), _) => Some(i128::from(*v)),
        ScalarValue::IntervalMonthDayNano(Some(v)) => {
            let days = i128::from(v.months) * 28 + i128::from(v.days);
            Some(days * DAY + i128::from(v.nanoseconds))
        }
        other => match other.cast_to(&DataType::Int64) {
            Ok(ScalarValue::Int64(value)) => value.map(i128::from),
            _ => None,
        },
    }
}
