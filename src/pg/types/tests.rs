//! The expected spellings and bytes were taken from PostgreSQL 15.18.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Decimal256Array,
    DictionaryArray, DurationSecondArray, FixedSizeBinaryArray, Float32Array, Float64Array,
    Int8Array, Int16Array, Int32Array, Int64Array, IntervalMonthDayNanoArray, ListArray,
    MapBuilder, NullArray, StringArray, StringBuilder, StringViewArray, StructArray,
    Time64MicrosecondArray, TimestampMicrosecondArray, TimestampNanosecondArray,
    TimestampSecondArray, UInt8Array, UInt32Array, UInt64Array,
};
use arrow::datatypes::{DataType, Field, Int32Type, Int64Type, IntervalMonthDayNano, i256};
use bytes::BytesMut;
use proptest::prelude::*;

use super::{Column, Format, Zone, column, decode, encoder};

const MICRO: i64 = 1_000_000;

fn encode(array: &ArrayRef, column: &Column, format: Format, zone: &Zone) -> Vec<Option<Vec<u8>>> {
    let encoder = encoder(array, column, format, zone).expect("a type we know");
    let mut values = Vec::new();
    for row in 0..array.len() {
        let mut out = BytesMut::new();
        encoder.write(row, &mut out).expect("a value in range");
        let length = i32::from_be_bytes(out[..4].try_into().expect("four bytes"));
        assert_eq!(usize::try_from(length.max(0)).expect("positive"), out.len() - 4);
        values.push((length >= 0).then(|| out[4..].to_vec()));
    }
    values
}

fn marked(array: &ArrayRef, pg_type: Option<&str>) -> Column {
    let metadata: HashMap<String, String> =
        pg_type.map(|name| ("pg.type".to_string(), name.to_string())).into_iter().collect();
    let field = Field::new("c", array.data_type().clone(), true).with_metadata(metadata);
    column(&field).expect("a type we know")
}

/// Checks type, text and, where given, binary of every value.
fn check(array: impl Array + 'static, pg_type: Option<&str>, oid: u32, expected: &[(&str, &str)]) {
    let array: ArrayRef = Arc::new(array);
    let column = marked(&array, pg_type);
    assert_eq!(column.kind.oid(), oid, "{:?}", array.data_type());
    let zone = Zone::parse("Europe/Berlin").expect("a zone");
    let texts = encode(&array, &column, Format::Text, &zone);
    let texts: Vec<String> = texts
        .into_iter()
        .map(|text| text.map_or("NULL".into(), |text| String::from_utf8(text).expect("UTF-8")))
        .collect();
    assert_eq!(texts, expected.iter().map(|(text, _)| *text).collect::<Vec<_>>());
    if expected.iter().any(|(_, binary)| *binary == "none") {
        return;
    }
    let binaries = encode(&array, &column, Format::Binary, &zone);
    let binaries: Vec<String> =
        binaries.into_iter().map(|bytes| bytes.map_or("NULL".into(), hex::encode)).collect();
    assert_eq!(binaries, expected.iter().map(|(_, binary)| *binary).collect::<Vec<_>>());
}

#[test]
fn numbers_are_spelled_as_postgres_spells_them() {
    check(BooleanArray::from(vec![Some(true), None]), None, 16, &[("t", "01"), ("NULL", "NULL")]);
    check(Int8Array::from(vec![-1]), None, 21, &[("-1", "ffff")]);
    check(UInt8Array::from(vec![255]), None, 21, &[("255", "00ff")]);
    check(Int16Array::from(vec![7]), None, 21, &[("7", "0007")]);
    check(Int32Array::from(vec![i32::MIN]), None, 23, &[("-2147483648", "80000000")]);
    check(UInt32Array::from(vec![u32::MAX]), None, 20, &[("4294967295", "00000000ffffffff")]);
    check(Int64Array::from(vec![1]), None, 20, &[("1", "0000000000000001")]);
    check(UInt64Array::from(vec![u64::MAX]), None, 1700, &[("18446744073709551615", "none")]);
    check(UInt64Array::from(vec![10_000]), None, 1700, &[("10000", "00010001000000000001")]);
    let floats = [
        (1e15, "1e+15"),
        (123_456_789_012_345.0, "123456789012345"),
        (1e-5, "1e-05"),
        (0.0001, "0.0001"),
        (-0.0, "-0"),
        (1e300, "1e+300"),
        (f64::NAN, "NaN"),
        (f64::NEG_INFINITY, "-Infinity"),
        (0.1, "0.1"),
        (-1.25e-7, "-1.25e-07"),
        (100.0, "100"),
    ];
    let expected: Vec<_> = floats.iter().map(|(_, text)| (*text, "none")).collect();
    check(Float64Array::from(floats.map(|(value, _)| value).to_vec()), None, 701, &expected);
    check(Float64Array::from(vec![1.5]), None, 701, &[("1.5", "3ff8000000000000")]);
    let floats = [(1e6, "1e+06"), (123_456.0, "123456"), (1.5e-7, "1.5e-07"), (0.1, "0.1")];
    let expected: Vec<_> = floats.iter().map(|(_, text)| (*text, "none")).collect();
    check(Float32Array::from(floats.map(|(value, _)| value).to_vec()), None, 700, &expected);
}

#[test]
fn decimals_keep_every_digit() {
    let decimal = |values: Vec<i128>, precision, scale| {
        Decimal128Array::from(values).with_precision_and_scale(precision, scale).expect("valid")
    };
    check(
        decimal(vec![0, 1, -5, 12_345_678], 38, 3),
        None,
        1700,
        &[
            ("0.000", "0000000000000003"),
            ("0.001", "0001ffff00000003000a"),
            ("-0.005", "0001ffff400000030032"),
            ("12345.678", "0003000100000003000109291a7c"),
        ],
    );
    check(
        decimal(vec![5, 0], 10, -2),
        None,
        1700,
        &[("500", "000100000000000001f4"), ("0", "0000000000000000")],
    );
    let huge = i256::from_string("12345678901234567890123456789012345").expect("a number");
    let huge = Decimal256Array::from(vec![huge]).with_precision_and_scale(76, 5).expect("valid");
    let bytes = "000a000700000005000c0d801ed204d2162e23340d801ed204d21388";
    check(huge, None, 1700, &[("123456789012345678901234567890.12345", bytes)]);
    let column = marked(&(Arc::new(decimal(vec![1], 10, 2)) as ArrayRef), None);
    assert_eq!(column.modifier, (10 << 16 | 2) + 4);
}

#[test]
fn times_are_spelled_as_postgres_spells_them() {
    check(
        Date32Array::from(vec![10_957, 0, -735_160, -719_528]),
        None,
        1082,
        &[
            ("2000-01-01", "00000000"),
            ("1970-01-01", "ffffd533"),
            ("0044-03-15 BC", "fff49d7b"),
            ("0001-01-01 BC", "fff4da8b"),
        ],
    );
    check(
        Time64MicrosecondArray::from(vec![1_500_000, 86_400 * MICRO]),
        None,
        1083,
        &[("00:00:01.5", "000000000016e360"), ("24:00:00", "000000141dd76000")],
    );
    check(
        TimestampSecondArray::from(vec![946_684_800]),
        None,
        1114,
        &[("2000-01-01 00:00:00", "0000000000000000")],
    );
    check(
        TimestampNanosecondArray::from(vec![-1]),
        None,
        1114,
        &[("1969-12-31 23:59:59.999999", "fffca2fec4c81fff")],
    );
    let instants = vec![1_711_848_600 * MICRO, 1_711_846_800 * MICRO - 1, 0];
    check(
        TimestampMicrosecondArray::from(instants).with_timezone("UTC"),
        None,
        1184,
        &[
            ("2024-03-31 03:30:00+02", "none"),
            ("2024-03-31 01:59:59.999999+01", "none"),
            ("1970-01-01 01:00:00+01", "none"),
        ],
    );
    let interval = |months, days, nanos| IntervalMonthDayNano::new(months, days, nanos);
    let hour = 3_600_000_000_000;
    check(
        IntervalMonthDayNanoArray::from(vec![
            interval(14, -3, 4 * hour + 306_700_000_000),
            interval(-12, 2, -hour),
            interval(0, 0, 0),
            interval(0, -1, hour),
            interval(1, -1, 1_000),
        ]),
        None,
        1186,
        &[
            ("1 year 2 mons -3 days +04:05:06.7", "none"),
            ("-1 years +2 days -01:00:00", "none"),
            ("00:00:00", "none"),
            ("-1 days +01:00:00", "none"),
            ("1 mon -1 days +00:00:00.000001", "none"),
        ],
    );
    check(
        DurationSecondArray::from(vec![90_000]),
        None,
        1186,
        &[("1 day 01:00:00", "00000000d693a4000000000100000000")],
    );
}

#[test]
fn texts_bytes_and_marked_columns() {
    check(StringArray::from(vec!["a\"b", ""]), None, 25, &[("a\"b", "612262"), ("", "")]);
    check(StringViewArray::from(vec!["é"]), None, 25, &[("é", "c3a9")]);
    check(NullArray::new(1), None, 25, &[("NULL", "NULL")]);
    check(BinaryArray::from(vec![b"\0\xff".as_slice()]), None, 17, &[("\\x00ff", "00ff")]);
    let words: DictionaryArray<Int32Type> = [Some("x"), None, Some("x")].into_iter().collect();
    check(words, None, 25, &[("x", "78"), ("NULL", "NULL"), ("x", "78")]);
    check(StringArray::from(vec!["t"]), Some("name"), 19, &[("t", "74")]);
    check(StringArray::from(vec!["r", ""]), Some("char"), 18, &[("r", "72"), ("", "")]);
    check(Int64Array::from(vec![16_384]), Some("oid"), 26, &[("16384", "00004000")]);
    check(UInt32Array::from(vec![1]), Some("xid"), 28, &[("1", "00000001")]);
    check(StringArray::from(vec!["pg_class"]), Some("regclass"), 2205, &[("pg_class", "none")]);
    check(StringArray::from(vec!["-"]), Some("regproc"), 24, &[("-", "00000000")]);
    check(
        StringArray::from(vec!["1 2"]),
        Some("int2vector"),
        22,
        &[("1 2", "0000000100000000000000150000000200000000000000020001000000020002")],
    );
    check(StringArray::from(vec!["[]"]), Some("json"), 114, &[("[]", "5b5d")]);
    check(StringArray::from(vec!["[]"]), Some("jsonb"), 3802, &[("[]", "015b5d")]);
    let uuid = "00112233-4455-6677-8899-aabbccddeeff";
    let bytes = "00112233445566778899aabbccddeeff";
    check(StringArray::from(vec![uuid]), Some("uuid"), 2950, &[(uuid, bytes)]);
    let fixed = FixedSizeBinaryArray::try_from_iter([hex::decode(bytes).expect("hex")].into_iter())
        .expect("fits");
    check(fixed, Some("uuid"), 2950, &[(uuid, bytes)]);
}

#[test]
fn lists_are_arrays_and_nested_values_json() {
    let numbers = || {
        ListArray::from_iter_primitive::<Int64Type, _, _>(vec![
            Some(vec![Some(1), None]),
            Some(vec![]),
            None,
        ])
    };
    check(
        numbers(),
        None,
        1016,
        &[
            (
                "{1,NULL}",
                "0000000100000001000000140000000200000001000000080000000000000001ffffffff",
            ),
            ("{}", "000000000000000000000014"),
            ("NULL", "NULL"),
        ],
    );
    let mut words = arrow::array::ListBuilder::new(StringBuilder::new());
    words.append_value([Some("a"), Some("b c"), None, Some("null"), Some(""), Some("x\"y\\z")]);
    let words = words.finish();
    check(words, None, 1009, &[("{a,\"b c\",NULL,\"null\",\"\",\"x\\\"y\\\\z\"}", "none")]);
    check(
        numbers().slice(1, 1),
        Some("oidvector"),
        30,
        &[("", "00000001000000000000001a0000000000000000")],
    );
    let fields = vec![
        (
            Arc::new(Field::new("a", DataType::Int64, true)),
            Arc::new(Int64Array::from(vec![1])) as ArrayRef,
        ),
        (
            Arc::new(Field::new("b \"", DataType::Utf8, true)),
            Arc::new(StringArray::from(vec![Some("x\n")])),
        ),
        (
            Arc::new(Field::new("l", numbers().data_type().clone(), true)),
            Arc::new(numbers().slice(0, 1)),
        ),
        (
            Arc::new(Field::new("n", DataType::Float64, true)),
            Arc::new(Float64Array::from(vec![f64::NAN])),
        ),
    ];
    let expected = r#"{"a": 1, "b \"": "x\n", "l": [1, null], "n": "NaN"}"#;
    check(StructArray::from(fields), None, 3802, &[(expected, "none")]);
    let mut map = MapBuilder::new(None, StringBuilder::new(), arrow::array::Int64Builder::new());
    map.keys().append_value("k");
    map.values().append_null();
    map.append(true).expect("appends");
    check(map.finish(), None, 3802, &[(r#"{"k": null}"#, "none")]);
}

#[test]
fn values_without_a_binary_form_are_refused() {
    let array: ArrayRef = Arc::new(StringArray::from(vec!["pg_class"]));
    let column = marked(&array, Some("regclass"));
    let encoder = encoder(&array, &column, Format::Binary, &Zone::Fixed(0)).expect("known");
    let error = encoder.write(0, &mut BytesMut::new()).expect_err("a name has no number here");
    assert_eq!(error.code, "42883");
}

/// Text of a parameter of a declared type → text of the value bound, or the SQLSTATE.
fn bound(oid: u32, text: &str, target: &DataType) -> String {
    let zone = Zone::parse("Europe/Berlin").expect("a zone");
    match decode(Some(text.as_bytes()), Format::Text, oid, target, &zone) {
        Err(report) => report.code.to_string(),
        Ok(array) => {
            assert_eq!(array.data_type(), target);
            let column = marked(&array, None);
            let value = encode(&array, &column, Format::Text, &zone).remove(0).expect("not NULL");
            String::from_utf8(value).expect("UTF-8")
        }
    }
}

#[test]
fn parameters_fit_exactly_or_are_refused() {
    use DataType::{Boolean, Date32, Decimal128, Float64, Int32, Int64, Timestamp, Utf8};
    let micros = |zone: Option<&str>| {
        Timestamp(arrow::datatypes::TimeUnit::Microsecond, zone.map(Into::into))
    };
    let texts = || DataType::new_list(Utf8, true);
    for (oid, text, target, expected) in [
        (23, " 42 ", Int32, "42"),
        (23, "4x", Int32, "22P02"),
        (23, "2147483648", Int32, "22003"),
        (20, "42", Utf8, "42"),
        (25, "42", Int64, "42"),
        (25, "x", Int64, "22P02"),
        (1700, "12.50", Decimal128(10, 2), "12.50"),
        (1700, "12.345", Decimal128(10, 2), "22003"),
        (1700, "1e3", Int64, "1000"),
        (1700, "1.5", Int64, "42804"),
        (1700, "1.5", Float64, "1.5"),
        (1700, "NaN", Decimal128(10, 2), "22P02"),
        (701, "0.1", Decimal128(10, 2), "0.10"),
        (701, "1e400", Float64, "22003"),
        (701, "2.5", Int64, "42804"),
        (16, "of", Boolean, "f"),
        (16, "o", Boolean, "22P02"),
        (1009, "{\"p\", \"f\" ,  t u , \" v\",NULL}", texts(), "{p,f,\"t u\",\" v\",NULL}"),
        (1009, "{\"p\" f}", texts(), "22P02"),
        (1009, "{p \"f\"}", texts(), "22P02"),
        (1082, "2024-02-29", Date32, "2024-02-29"),
        (1082, "2023-02-29", Date32, "22007"),
        (1082, "now", Date32, "22007"),
        (1114, "2024-02-29T12:30:00.5", micros(None), "2024-02-29 12:30:00.5"),
        (1114, "2024-02-29 12:30:00.5", Date32, "42804"),
        (1114, "2024-02-29 00:00:00", Date32, "2024-02-29"),
        (1184, "2024-02-29 12:00:00Z", micros(Some("UTC")), "2024-02-29 13:00:00+01"),
        (1184, "2024-07-01 12:00", micros(Some("UTC")), "2024-07-01 12:00:00+02"),
        (1184, "2024-03-31 02:30", micros(Some("UTC")), "2024-03-31 03:30:00+02"),
        (1184, "2024-10-27 02:30", micros(Some("UTC")), "2024-10-27 02:30:00+01"),
        (1184, "2024-07-01 12:00Z", micros(None), "2024-07-01 14:00:00"),
        (1082, "2024-07-01", micros(Some("UTC")), "2024-07-01 00:00:00+02"),
        (2950, "{00112233445566778899AABBCCDDEEFF}", Utf8, "00112233-4455-6677-8899-aabbccddeeff"),
        (2950, "0011", Utf8, "22P02"),
        (17, "\\x4a4B", DataType::Binary, "\\x4a4b"),
        (17, "a\\\\\\112", DataType::Binary, "\\x615c4a"),
        (
            1009,
            r#"{a,"b c",NULL,"n\"u"}"#,
            DataType::new_list(Utf8, true),
            r#"{a,"b c",NULL,"n\"u"}"#,
        ),
        (1009, "{ a ,\u{a0}b}", DataType::new_list(Utf8, true), "{a,\u{a0}b}"),
        (1007, "{1,2}", DataType::new_list(Int64, true), "{1,2}"),
        (1007, "{1,,2}", DataType::new_list(Int64, true), "22P02"),
        (1007, "{1", DataType::new_list(Int64, true), "22P02"),
    ] {
        assert_eq!(bound(oid, text, &target), expected, "{oid} {text} {target}");
    }
    for (oid, bytes) in [
        (23, b"abc".as_slice()),
        (701, b""),
        (1700, b"\0\x01"),
        (1007, b"\0\0\0\x01"),
        (2950, b"x"),
    ] {
        let refused = decode(Some(bytes), Format::Binary, oid, &Int64, &Zone::Fixed(0));
        assert!(matches!(refused.expect_err("short").code, "22P03" | "08P01" | "0A000"), "{oid}");
    }
}

/// Encodes in both formats and reads back as a parameter of the same type.
fn returns(array: ArrayRef) {
    let column = marked(&array, None);
    let zone = Zone::parse("America/New_York").expect("a zone");
    for format in [Format::Text, Format::Binary] {
        let values = encode(&array, &column, format, &zone);
        for (row, value) in values.iter().enumerate() {
            let oid = column.kind.oid();
            let back = decode(value.as_deref(), format, oid, array.data_type(), &zone);
            assert_eq!(&back.expect("reads back"), &array.slice(row, 1), "{format:?}");
        }
    }
}

proptest! {
    #[test]
    fn whatever_is_written_reads_back(
        ints in prop::collection::vec(any::<Option<i64>>(), 1..5),
        floats in prop::collection::vec(any::<f64>(), 1..5),
        singles in prop::collection::vec(any::<f32>(), 1..5),
        text in "[^\\x00]{0,12}",
        items in prop::collection::vec(prop::option::of("[^\\x00]{0,6}"), 0..5),
        bytes in prop::collection::vec(any::<u8>(), 0..9),
        decimal in -99_999_999_999_999_999_999_999_999_999_999_999_999i128
            ..99_999_999_999_999_999_999_999_999_999_999_999_999,
        scale in 0i8..38,
        micros in -60_000_000_000_000_000i64..60_000_000_000_000_000,
        days in -1_000_000i32..2_000_000,
        interval in any::<(i32, i32)>(),
    ) {
        returns(Arc::new(Int64Array::from(ints)));
        returns(Arc::new(Float64Array::from(floats)));
        returns(Arc::new(Float32Array::from(singles)));
        returns(Arc::new(StringArray::from(vec![text])));
        returns(Arc::new(BinaryArray::from(vec![bytes.as_slice()])));
        let number = Decimal128Array::from(vec![decimal]).with_precision_and_scale(38, scale);
        returns(Arc::new(number.expect("in range")));
        returns(Arc::new(TimestampMicrosecondArray::from(vec![micros])));
        returns(Arc::new(Date32Array::from(vec![days])));
        returns(Arc::new(Time64MicrosecondArray::from(vec![micros.rem_euclid(86_400 * MICRO)])));
        let interval = IntervalMonthDayNano::new(interval.0, interval.1, micros / 1_000 * 1_000);
        returns(Arc::new(IntervalMonthDayNanoArray::from(vec![interval])));
        let mut words = arrow::array::ListBuilder::new(StringBuilder::new());
        words.append_value(items);
        returns(Arc::new(words.finish()));
    }
}
