//! Bodies of functions against what PostgreSQL 15 printed for the same arguments.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, TimestampMicrosecondArray};
use arrow::datatypes::Field;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs};
use datafusion::scalar::ScalarValue;

use super::print;

fn call(name: &str, values: &[ScalarValue]) -> String {
    let functions = super::all();
    let udf = functions.iter().find(|f| f.name() == name).expect("a function of this name");
    let field = |v: &ScalarValue| Arc::new(Field::new("x", v.data_type(), true));
    let types: Vec<_> = values.iter().map(ScalarValue::data_type).collect();
    let return_field = Arc::new(Field::new("r", udf.return_type(&types).expect("a type"), true));
    let args = ScalarFunctionArgs {
        args: values.iter().cloned().map(ColumnarValue::Scalar).collect(),
        arg_fields: values.iter().map(field).collect(),
        number_rows: 1,
        return_field,
        config_options: Arc::default(),
    };
    match udf.invoke_with_args(args) {
        Ok(ColumnarValue::Scalar(value)) => value.to_string(),
        Ok(ColumnarValue::Array(array)) => format!("{array:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn texts() {
    let text = |s: &str| ScalarValue::from(s);
    for (name, values, expected) in [
        (
            "format",
            vec![text("%I.%s %L %%"), text("My Table"), text("x"), text("it's")],
            "\"My Table\".x 'it''s' %",
        ),
        ("quote_ident", vec![text("order")], "\"order\""),
        ("quote_ident", vec![text("a1")], "a1"),
        ("lpad", vec![text("abc"), 5_i64.into(), text("xy")], "xyabc"),
        ("rpad", vec![text("abcdef"), 3_i64.into()], "abc"),
        ("pg_size_pretty", vec![10_239_i64.into()], "10239 bytes"),
        ("pg_size_pretty", vec![10_240_i64.into()], "10 kB"),
        ("pg_size_pretty", vec![10_485_247_i64.into()], "10239 kB"),
        ("pg_size_pretty", vec![10_485_248_i64.into()], "10 MB"),
        ("pg_size_pretty", vec![1_234_567_890_i64.into()], "1177 MB"),
        (
            "repeat",
            vec![text("ab"), 40_000_000_i64.into()],
            "External error: requested length too large",
        ),
    ] {
        assert_eq!(call(name, &values), expected, "{name} {values:?}");
    }
}

#[test]
fn prints_numbers_and_times() {
    let show = |array: ArrayRef| {
        let text = print::to_text(&array).expect("a printable array");
        text.as_string::<i32>().iter().flatten().collect::<Vec<_>>().join(" ")
    };
    let floats = [1e6, 1e15, 1e14, 123_456_789_012_345_678.0, 0.0001, 0.00001, 1.5, f64::NAN];
    assert_eq!(
        show(Arc::new(Float64Array::from(floats.to_vec()))),
        "1000000 1e+15 100000000000000 1.2345678901234568e+17 0.0001 1e-05 1.5 NaN"
    );
    let times = TimestampMicrosecondArray::from(vec![0, 1_704_164_645_600_000]);
    assert_eq!(
        show(Arc::new(times.clone().with_timezone("Asia/Kolkata"))),
        "1970-01-01 05:30:00+05:30 2024-01-02 08:34:05.6+05:30"
    );
    assert_eq!(show(Arc::new(times)), "1970-01-01 00:00:00 2024-01-02 03:04:05.6");
}
