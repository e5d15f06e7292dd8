//! DataFusion's `regexp_replace` with a bound: a short pattern and a long replacement make terabytes of a
//! megabyte, in one call that nothing can stop.

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::{cast, concat};
use arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF};
use datafusion::scalar::ScalarValue;

use super::bounded::bounded;
use super::scalar::{BATCH_BYTES_MAX, TEXT_BYTES_MAX, too_large};

pub fn udf() -> ScalarUDF {
    bounded(datafusion::functions::regex::regexp_replace(), in_portions)
}

fn in_portions(inner: &ScalarUDF, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
    let constant = call.args.iter().all(|a| matches!(a, ColumnarValue::Scalar(_)));
    let rows = if constant { 1 } else { call.number_rows };
    let bounds = bounds(&call.args, rows)?;
    if bounds.iter().fold(0, |sum: usize, bytes| sum.saturating_add(*bytes)) <= BATCH_BYTES_MAX {
        return inner.invoke_with_args(call);
    }
    // The bounds are generous: what is really made counts, a few rows at a time.
    let mut made = 0;
    let mut parts: Vec<ArrayRef> = Vec::new();
    for (from, length) in portions(&bounds)? {
        let args = call.args.iter().map(|argument| slice(argument, from, length)).collect();
        let part = ScalarFunctionArgs { args, number_rows: length, ..call.clone() };
        let part = inner.invoke_with_args(part)?.to_array(length)?;
        made += text(&part)?.values().len();
        if made > BATCH_BYTES_MAX {
            return Err(too_large());
        }
        parts.push(part);
    }
    let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
    let whole = concat(&parts)?;
    match constant {
        true => Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&whole, 0)?)),
        false => Ok(ColumnarValue::Array(whole)),
    }
}

/// Successive rows, as (first, count), whose results together are no longer than one text may be.
fn portions(bounds: &[usize]) -> Result<Vec<(usize, usize)>> {
    let mut portions = Vec::new();
    let (mut from, mut bytes) = (0, 0_usize);
    for (row, bound) in bounds.iter().enumerate() {
        if *bound > TEXT_BYTES_MAX {
            return Err(too_large());
        }
        if bytes.saturating_add(*bound) > TEXT_BYTES_MAX {
            portions.push((from, row - from));
            (from, bytes) = (row, 0);
        }
        bytes += bound;
    }
    portions.push((from, bounds.len() - from));
    Ok(portions)
}

fn slice(argument: &ColumnarValue, from: usize, length: usize) -> ColumnarValue {
    match argument {
        ColumnarValue::Array(array) => ColumnarValue::Array(array.slice(from, length)),
        scalar @ ColumnarValue::Scalar(_) => scalar.clone(),
    }
}

/// By row: how long the result may be at most.
fn bounds(arguments: &[ColumnarValue], rows: usize) -> Result<Vec<usize>> {
    let column = |at: usize| match arguments.get(at) {
        Some(argument) => text(&argument.to_array(rows)?).map(Some),
        None => Ok(None),
    };
    let (sources, replacements, flags) = (column(0)?, column(2)?, column(3)?);
    let value = |column: &Option<StringArray>, row: usize| match column {
        Some(array) if array.is_valid(row) => array.value(row).to_string(),
        _ => String::new(),
    };
    let bound = |row: usize| {
        let source = sources.as_ref().filter(|s| s.is_valid(row)).map_or(0, |s| s.value(row).len());
        let replacement = value(&replacements, row);
        let matches = if value(&flags, row).contains('g') { source + 1 } else { 1 };
        // Matches do not overlap: each reference repeats the source once at most.
        let references = replacement.matches(['\\', '$']).count();
        matches
            .saturating_mul(replacement.len())
            .saturating_add(references.saturating_add(1).saturating_mul(source))
    };
    Ok((0..rows).map(bound).collect())
}

fn text(array: &ArrayRef) -> Result<StringArray> {
    Ok(cast(array, &DataType::Utf8)?.as_string::<i32>().clone())
}
