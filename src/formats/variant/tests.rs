//! Variants made by hand: every type, and everything that can be wrong with them.

use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, Int32Array, StructArray, UInt32Array};
use lakegate_base::{Error, ErrorKind};

use super::to_json;

/// Two names, `a` and `bé`.
const NAMES: &[u8] = &[0x01, 2, 0, 1, 4, b'a', b'b', 0xc3, 0xa9];

fn binary(values: &[Option<&[u8]>]) -> ArrayRef {
    Arc::new(values.iter().copied().collect::<BinaryArray>())
}

fn group(columns: Vec<(&str, ArrayRef)>) -> StructArray {
    StructArray::try_from(columns).expect("a group")
}

fn read(names: &[u8], value: &[u8]) -> Result<String, Error> {
    let columns = vec![("metadata", binary(&[Some(names)])), ("value", binary(&[Some(value)]))];
    to_json(&group(columns)).map(|texts| texts.value(0).to_string())
}

fn json(value: &[u8]) -> String {
    read(NAMES, value).expect("it reads")
}

fn primitive(kind: u8, bytes: &[u8]) -> Vec<u8> {
    [&[kind << 2], bytes].concat()
}

#[test]
fn every_type_has_its_json() {
    let micros = 1_704_070_923_456_000_i64;
    let long = [&7_u32.to_le_bytes()[..], b"a\"\n\\\x01\xc3\xa9"].concat();
    for (kind, bytes, expected) in [
        (0, vec![], "null"),
        (1, vec![], "true"),
        (2, vec![], "false"),
        (3, vec![0x80], "-128"),
        (4, (-2_i16).to_le_bytes().to_vec(), "-2"),
        (5, i32::MAX.to_le_bytes().to_vec(), "2147483647"),
        (6, i64::MIN.to_le_bytes().to_vec(), "-9223372036854775808"),
        (7, 1e300_f64.to_le_bytes().to_vec(), "1e+300"),
        (7, 1.0_f64.to_le_bytes().to_vec(), "1.0"),
        (7, f64::NAN.to_le_bytes().to_vec(), "\"NaN\""),
        (7, f64::NEG_INFINITY.to_le_bytes().to_vec(), "\"-Infinity\""),
        (14, 0.1_f32.to_le_bytes().to_vec(), "0.1"),
        (8, [&[2][..], &150_i32.to_le_bytes()].concat(), "1.50"),
        (9, [&[18][..], &(-5_i64).to_le_bytes()].concat(), "-0.000000000000000005"),
        (10, [&[0][..], &(10_i128.pow(38) - 1).to_le_bytes()].concat(), &"9".repeat(38)),
        (11, (-1_i32).to_le_bytes().to_vec(), "\"1969-12-31\""),
        (12, micros.to_le_bytes().to_vec(), "\"2024-01-01T01:02:03.456+00:00\""),
        (13, micros.to_le_bytes().to_vec(), "\"2024-01-01T01:02:03.456\""),
        (15, vec![2, 0, 0, 0, 0, 0xff], "\"AP8=\""),
        (16, long, r#""a\"\n\\\u0001é""#),
        (17, 86_399_000_001_i64.to_le_bytes().to_vec(), "\"23:59:59.000001\""),
        (18, 1_i64.to_le_bytes().to_vec(), "\"1970-01-01T00:00:00.000000001+00:00\""),
        (19, (-1_i64).to_le_bytes().to_vec(), "\"1969-12-31T23:59:59.999999999\""),
        (20, (0..16).collect(), "\"00010203-0405-0607-0809-0a0b0c0d0e0f\""),
    ] {
        let value = primitive(kind, &bytes);
        assert_eq!(json(&value), expected, "type {kind}");
        for cut in 0..value.len() {
            let error = read(NAMES, &value[..cut]).expect_err("cut short");
            assert_eq!(error.kind(), ErrorKind::Corrupt, "type {kind}, {cut} bytes: {error}");
        }
    }
    assert_eq!(json(&[1 | 2 << 2, b'h', b'i']), "\"hi\"");
}

#[test]
fn what_no_clock_or_type_has_is_refused() {
    for (kind, bytes, expected) in [
        (11, i32::MAX.to_le_bytes().to_vec(), ErrorKind::Unsupported),
        (12, i64::MAX.to_le_bytes().to_vec(), ErrorKind::Unsupported),
        (17, (-1_i64).to_le_bytes().to_vec(), ErrorKind::Unsupported),
        (17, 86_400_000_000_i64.to_le_bytes().to_vec(), ErrorKind::Unsupported),
        (8, vec![39, 0, 0, 0, 0], ErrorKind::Corrupt),
        (16, vec![1, 0, 0, 0, 0xff], ErrorKind::Corrupt),
        (21, vec![], ErrorKind::Unsupported),
    ] {
        let error = read(NAMES, &primitive(kind, &bytes)).expect_err("refused");
        assert_eq!(error.kind(), expected, "type {kind}: {error}");
    }
    for names in [&[][..], &[2, 0, 0], &[1, 9], &[1, 1, 0, 9, b'a'], &[1, 1, 0, 1, 0xff]] {
        let object = [2, 1, 0, 0, 1, 0];
        assert_eq!(read(names, &object).expect_err("damaged").kind(), ErrorKind::Corrupt);
    }
}

/// `{"a": [1, null, "x"], "bé": {}}`, the fields stored in the other order.
const OBJECT: &[u8] = &[2, 2, 0, 1, 3, 0, 13, 2, 0, 0, 3, 3, 0, 2, 3, 5, 0x0c, 1, 0, 5, b'x'];

#[test]
fn changed_bytes_never_panic() {
    let mut object = OBJECT.to_vec();
    object[6] = u8::try_from(object.len() - 7).expect("small");
    assert_eq!(json(&object), r#"{"a":[1,null,"x"],"bé":{}}"#);
    for at in 0..object.len() {
        let _ = read(NAMES, &object[..at]).expect_err("cut short");
        for byte in 0..=255 {
            let mut changed = object.clone();
            changed[at] = byte;
            if let Ok(text) = read(NAMES, &changed) {
                serde_json::from_str::<serde_json::Value>(&text).expect("JSON");
            }
        }
    }
    for at in 0..NAMES.len() {
        for byte in 0..=255 {
            let mut changed = NAMES.to_vec();
            changed[at] = byte;
            let _ = read(&changed, &object);
        }
    }
}

/// A list of one list of one list …, and so on.
fn nested(levels: usize) -> Vec<u8> {
    let mut value = vec![0];
    for _ in 0..levels {
        let length = u32::try_from(value.len()).expect("small").to_le_bytes();
        value = [&[3 | 3 << 2, 1, 0, 0, 0, 0], &length[..], &value].concat();
    }
    value
}

#[test]
fn depth_is_bounded() {
    assert_eq!(json(&nested(1000)), format!("{}null{}", "[".repeat(1000), "]".repeat(1000)));
    for levels in [1001, 20_000] {
        let error = read(NAMES, &nested(levels)).expect_err("too deep");
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        assert!(error.to_string().contains("1000 levels"), "{error}");
    }
}

/// Each level refers twice to the next one: 2^40 values in 200 bytes.
#[test]
fn parts_are_read_once() {
    let mut value = vec![0];
    for _ in 0..40 {
        let length = u8::try_from(value.len()).expect("small");
        value = [&[3, 2, 0, 0, length], &value[..]].concat();
    }
    let error = read(NAMES, &value).expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    assert!(error.to_string().contains("lie in each other"), "{error}");
}

/// One long name, used so often that its text would not fit into memory.
#[test]
fn text_is_bounded() {
    let length = 1_u32 << 20;
    let names = [&[0xc1, 1, 0, 0, 0, 0, 0, 0, 0], &length.to_le_bytes()[..], &vec![b'n'; 1 << 20]];
    let count = 4000_u32;
    let mut value = [&[2 | 0x13 << 2], &count.to_le_bytes()[..]].concat();
    value.extend(vec![0; 4000]);
    (0..=count).for_each(|start| value.extend(start.to_le_bytes()));
    value.extend(vec![0; 4000]);
    let error = read(&names.concat(), &value).expect_err("too long");
    assert_eq!(error.kind(), ErrorKind::Exhausted, "{error}");
}

#[test]
fn shredded_fields_stand_among_the_others() {
    let names: &[u8] = NAMES;
    let typed = |numbers: Vec<Option<i32>>, values: &[Option<&[u8]>]| -> ArrayRef {
        let numbers: ArrayRef = Arc::new(Int32Array::from(numbers));
        Arc::new(group(vec![("value", binary(values)), ("typed_value", numbers)]))
    };
    let field = typed(vec![Some(7), None, None], &[None, Some(&[0]), None]);
    let fields: ArrayRef = Arc::new(group(vec![("a", field)]));
    // {"bé": true} beside each; the second field of the dictionary is not shredded.
    let rest: &[u8] = &[2, 1, 1, 0, 1, 4];
    let columns = vec![
        ("metadata", binary(&[Some(names); 3])),
        ("value", binary(&[Some(rest), None, Some(rest)])),
        ("typed_value", fields),
    ];
    let texts = to_json(&group(columns)).expect("it reads");
    let texts: Vec<&str> = texts.iter().flatten().collect();
    assert_eq!(texts, [r#"{"a":7,"bé":true}"#, r#"{"a":null}"#, r#"{"bé":true}"#]);

    // A shredded field that stands among the others as well.
    let twice = vec![
        ("metadata", binary(&[Some(names)])),
        ("value", binary(&[Some(&[2, 1, 0, 0, 1, 4])])),
        ("typed_value", Arc::new(group(vec![("a", typed(vec![Some(7)], &[None]))]))),
    ];
    let error = to_json(&group(twice)).expect_err("twice");
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    let unsigned: ArrayRef = Arc::new(UInt32Array::from(vec![1]));
    let unsigned = vec![("metadata", binary(&[Some(names)])), ("typed_value", unsigned)];
    assert_eq!(to_json(&group(unsigned)).expect_err("no such type").kind(), ErrorKind::Unsupported);
}

#[test]
fn null_and_nothing_differ() {
    let columns = vec![
        ("metadata", binary(&[Some(NAMES), None, Some(NAMES)])),
        ("value", binary(&[Some(&[0]), None, None])),
    ];
    let (fields, arrays, _) = group(columns).into_parts();
    let nulls = arrow::buffer::NullBuffer::from(vec![true, false, true]);
    let texts = to_json(&StructArray::new(fields, arrays, Some(nulls))).expect("it reads");
    // The third has no value where one must be: the specification has a null for it.
    assert_eq!(texts.iter().collect::<Vec<_>>(), [Some("null"), None, Some("null")]);
}
