//! Schemas of single files, and of files together.

use std::io::Write;
use std::sync::Arc;

use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::schema::parser::parse_message_type;
use arrow::array::{ArrayRef, Int32Array, StringArray};
use arrow::datatypes::DataType;
use lakegate_base::ErrorKind;

use super::{Folder, MICROS, gzip, parquet, schema, show};
use crate::files::{Compression, FileKind, merge_schemas};
use crate::{CsvOptions, TableFormat};

async fn csv(bytes: &[u8]) -> (CsvOptions, String) {
    let folder = Folder::new(&[("x.csv", bytes)]);
    let file = folder.infer("x.csv").await.expect("inferred");
    let TableFormat::Csv(options) = file.format else { unreachable!("not CSV: {:?}", file.format) };
    (options, show(&file.schema))
}

#[tokio::test]
async fn csv_types_lose_nothing() {
    let (_, columns) = csv(
        b"i,f,b,d,t,z,zip,big,mix,digits,none\n\
          1,1.5,true,2024-01-31,2024-01-31 10:00:00,2024-01-31T10:00:00.5Z,00123,9223372036854775808,1,0.12345678901234567890,\n\
          -2,2,FALSE,2024-02-29,2024-02-29T10:00:00.123456,2024-01-31 10:00:00,12345,1,x,1.5,\n",
    )
    .await;
    let expected = format!(
        "i Int64, f Float64, b Boolean, d Date32, t {MICROS}, z {MICROS}, zip Utf8, big Utf8, mix Utf8, \
         digits Utf8, none Null"
    );
    assert_eq!(columns, expected);
    let (_, columns) = csv(b"a,b\n9007199254740993,2023-02-30\n1.5,2024-01-01\n").await;
    assert_eq!(columns, "a Utf8, b Utf8", "no integer is rounded, no wrong date is a date");
}

#[tokio::test]
async fn csv_headers_follow_glue() {
    let header = |bytes| async move {
        let (options, columns) = csv(bytes).await;
        (options.header, columns)
    };
    let found = header(b"id,name\n1,x\n").await;
    assert_eq!(found, (true, "id Int64, name Utf8".to_string()));
    let found = header(b"1,x\n2,y\n").await;
    assert_eq!(found, (false, "col0 Int64, col1 Utf8".to_string()));
    let found = header(b"a,b\nc,d\n").await;
    assert_eq!(found, (false, "col0 Utf8, col1 Utf8".to_string()), "all text: no header to tell");
    let found = header(b",x,X,x\n0,1,2,3\n").await;
    assert_eq!(found.1, "col0 Int64, x Int64, X_2 Int64, x_3 Int64");
    let found = header(b"id,name\n").await;
    assert_eq!(found, (true, "id Null, name Null".to_string()));
}

#[tokio::test]
async fn csv_delimiters_quotes_and_line_ends() {
    for (delimiter, text) in [
        (b'|', "a|b\n1|x,y\n"),
        (b'\t', "a\tb\n1\tx\n"),
        (b';', "a;b\n1;2,5\n"),
        (1, "a\x01b\n1\x01x\n"),
    ] {
        let (options, columns) = csv(text.as_bytes()).await;
        assert_eq!(
            (options.delimiter, columns.as_str()),
            (delimiter, "a Int64, b Utf8"),
            "{text:?}"
        );
    }
    let bom = "\u{feff}größe,\"a \"\"b\"\"\"\r\n1,\"line\r\nbreak, and comma\"\r\n2,z\r\n";
    assert_eq!(csv(bom.as_bytes()).await.1, "größe Int64, a \"b\" Utf8");
    assert_eq!(csv(b"n\n1\n2\n").await.1, "n Int64", "one column");
}

#[tokio::test]
async fn a_cut_head_ends_at_a_whole_record() {
    let mut text = b"id,note\n".to_vec();
    for id in 0..900 {
        text.extend(format!("{id},\"line\nbreak {}\"\n", "x".repeat(2000)).bytes());
    }
    assert!(text.len() > 1 << 20);
    assert_eq!(csv(&text).await.1, "id Int64, note Utf8");
}

#[tokio::test]
async fn compressed_files_are_known_by_name_and_the_rest_refused() {
    let zstd = |bytes: &[u8]| zstd::encode_all(bytes, 1).expect("packed");
    let bzip2 = |bytes: &[u8]| {
        let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        encoder.write_all(bytes).expect("packed");
        encoder.finish().expect("packed")
    };
    let (csv, json) = (&b"a,b\n1,x\n"[..], &b"{\"a\":1}\n"[..]);
    let folder = Folder::new(&[
        ("x.csv.gz", &gzip(csv)),
        ("x.csv.GZ", &gzip(csv)),
        ("x.csv.bz2", &bzip2(csv)),
        ("x.csv.zst", &[zstd(b"a,b\n1,"), zstd(b"x\n")].concat()),
        ("y.json.gz", &gzip(json)),
        ("z.csv.gz", b"not gzip"),
        ("z.csv.bz2", b"BZh9"),
        ("z.csv.zst", b"not zstd"),
        ("w.csv.lz4", b"x"),
        ("w.csv.snappy", b"x"),
        ("w.orc.gz", &gzip(b"ORC")),
    ]);
    for (name, compression) in [
        ("x.csv.gz", Compression::Gzip),
        ("x.csv.GZ", Compression::Gzip),
        ("x.csv.bz2", Compression::Bzip2),
        ("x.csv.zst", Compression::Zstandard),
    ] {
        let file = folder.infer(name).await.expect(name);
        assert_eq!(
            (file.compression, show(&file.schema).as_str()),
            (compression, "a Int64, b Utf8")
        );
    }
    assert_eq!(show(&folder.infer("y.json.gz").await.expect("inferred").schema), "a Int64");
    for name in ["z.csv.gz", "z.csv.bz2", "z.csv.zst"] {
        let error = folder.infer(name).await.expect_err("damaged");
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    }
    for name in ["w.csv.lz4", "w.csv.snappy", "w.orc.gz"] {
        let error = folder.infer(name).await.expect_err(name);
        assert!(error.message().starts_with("not supported: "), "{error}");
        assert!(error.message().contains(name), "{error}");
    }
}

#[tokio::test]
async fn files_that_do_not_fit_are_named() {
    let folder = Folder::new(&[
        ("ragged.csv", b"a,b\n1,x\n2,y,z\n"),
        ("latin.csv", b"a,b\n1,caf\xe9\n"),
        ("array.json", b"[{\"a\":1}]\n"),
        ("pretty.json", b"{\n  \"a\": 1\n}\n"),
        ("word.json", b"1\n"),
        ("empty.json", b"\n"),
    ]);
    for (name, kind, part) in [
        ("ragged.csv", ErrorKind::Corrupt, "record 3 has 3 cells"),
        ("latin.csv", ErrorKind::Unsupported, "not UTF-8"),
        ("array.json", ErrorKind::Unsupported, "JSON arrays"),
        ("pretty.json", ErrorKind::Corrupt, "line 1 is not valid JSON"),
        ("word.json", ErrorKind::Corrupt, "line 1 is no JSON object"),
        ("empty.json", ErrorKind::Corrupt, "no JSON object"),
    ] {
        let error = folder.infer(name).await.expect_err(name);
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.message().contains(part) && error.message().contains(name), "{error}");
    }
}

#[tokio::test]
async fn json_types_widen_and_nest() {
    let folder = Folder::new(&[(
        "x.json",
        "\u{feff}{\"i\":1,\"f\":1,\"s\":\"2024-01-01\",\"l\":[1,2.5],\"o\":{\"a\":null}}\r\n\n\
         {\"f\":1.5,\"i\":-3,\"m\":1,\"o\":{\"b\":true},\"ü\":null}\n{\"m\":\"x\"}"
            .as_bytes(),
    )]);
    let file = folder.infer("x.json").await.expect("inferred");
    let merged = merge_schemas(&[file.schema], &file.format).expect("merged");
    let types: Vec<(String, String)> =
        merged.fields().iter().map(|f| (f.name().clone(), f.data_type().to_string())).collect();
    let simple: Vec<(&str, &str)> = types
        .iter()
        .filter(|(name, _)| name != "l" && name != "o")
        .map(|(name, t)| (name.as_str(), t.as_str()))
        .collect();
    let expected = [("i", "Int64"), ("f", "Float64"), ("s", "Utf8"), ("m", "Utf8"), ("ü", "Utf8")];
    assert_eq!(simple, expected);
    assert_eq!(
        merged.field_with_name("l").expect("l").data_type(),
        &DataType::new_list(DataType::Float64, true)
    );
    let DataType::Struct(inner) = merged.field_with_name("o").expect("o").data_type().clone()
    else {
        unreachable!("o is no struct")
    };
    let inner: Vec<&DataType> = inner.iter().map(|f| f.data_type()).collect();
    assert_eq!(inner, [&DataType::Utf8, &DataType::Boolean]);
}

#[tokio::test]
async fn parquet_comes_from_the_footer_and_damage_is_named() {
    let column = Arc::new(Int32Array::from(vec![1, 2, 3])) as ArrayRef;
    let good = parquet(vec![
        ("n", column.clone()),
        ("s", Arc::new(StringArray::from(vec!["a", "b", "c"]))),
    ]);
    // A footer whose list claims two thousand million elements.
    let mut hostile = vec![0x15, 0x02, 0x19, 0xfc, 0x80, 0xa8, 0xd6, 0xb9, 0x07];
    let length = u32::try_from(hostile.len()).expect("small").to_le_bytes();
    hostile.splice(0..0, *b"PAR1");
    hostile.extend(length.iter().chain(b"PAR1"));
    assert_eq!(hostile.len(), 21);
    let mut huge = good.clone();
    let at = huge.len() - 8;
    huge[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    let folder = Folder::new(&[
        ("good", &good),
        ("hostile.parquet", &hostile),
        ("huge.parquet", &huge),
        ("cut.parquet", &good[..good.len() - 20]),
        ("short.parquet", b"PAR1"),
        ("text.parquet", b"not a parquet file at all"),
        ("zero.parquet", &[0; 64]),
    ]);
    let file = folder.infer("good").await.expect("inferred by its magic");
    assert_eq!((show(&file.schema).as_str(), file.rows), ("n Int32, s Utf8", Some(3)));
    for name in ["hostile", "huge", "cut", "short", "text", "zero"] {
        let name = format!("{name}.parquet");
        let error = folder.infer(&name).await.expect_err(&name);
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
        assert!(error.message().contains(&name), "{error}");
    }
}

#[tokio::test]
async fn int96_holds_microseconds() {
    let message = "message rows { optional int96 at; optional int64 n; }";
    let message = parse_message_type(message).expect("a schema");
    let mut bytes = Vec::new();
    let writer = SerializedFileWriter::new(&mut bytes, Arc::new(message), Arc::default());
    writer.expect("a writer").close().expect("closed");
    let folder = Folder::new(&[("x.parquet", &bytes)]);
    let file = folder.infer("x.parquet").await.expect("inferred");
    assert_eq!(show(&file.schema), format!("at {MICROS}, n Int64"));
}

#[test]
fn kinds_by_name_and_by_bytes() {
    let of = |name| FileKind::of(name);
    assert_eq!(of("a.snappy.parquet"), Some(FileKind::Parquet));
    assert_eq!(of("A.CSV.GZ"), Some(FileKind::Csv));
    assert_eq!((of("part-00000"), of("notes.txt"), of("a.gz")), (None, None, None));
    let sniff = |text: &[u8]| FileKind::sniff(text);
    assert_eq!(sniff(b"PAR1..."), Some(FileKind::Parquet));
    assert_eq!(sniff(b"ORC..."), Some(FileKind::Orc));
    assert_eq!(sniff(b"Obj\x01"), Some(FileKind::Avro));
    assert_eq!(sniff(b" {\"a\":1}"), Some(FileKind::Json));
    assert_eq!(sniff(b"a;b\n1;2\n"), Some(FileKind::Csv));
    assert_eq!(sniff("one line\nanother, line\nü".as_bytes()), Some(FileKind::Text));
    assert_eq!(sniff("cut ü".as_bytes().split_last().expect("bytes").1), Some(FileKind::Text));
    assert_eq!((sniff(b"\xff\xfe\x00"), sniff(b"a\x00b"), sniff(b"")), (None, None, None));
}

#[test]
fn schemas_merge_only_where_no_value_is_lost() {
    use DataType::{
        Boolean, Date32, Decimal128, Float64, Int32, Int64, Null, UInt32, UInt64, Utf8,
    };
    let merge = |format: &TableFormat, a: &[(&str, DataType)], b: &[(&str, DataType)]| {
        merge_schemas(&[schema(a), schema(b)], format).map(|s| show(&s))
    };
    let parquet = TableFormat::Parquet;
    let merged = merge(
        &parquet,
        &[("Id", Int32), ("x", Int64), ("u", UInt32), ("d", Decimal128(5, 2)), ("n", Null)],
        &[("x", Float64), ("id", Int64), ("u", Int32), ("d", Decimal128(9, 4)), ("new", Date32)],
    );
    let expected = "Id Int64, x Float64, u Int64, d Decimal128(9, 4), n Utf8, new Date32";
    assert_eq!(merged.expect("merged"), expected);
    for (a, b) in [(Int64, Utf8), (Date32, MICROS), (Boolean, Int32), (UInt64, Int64)] {
        let error = merge(&parquet, &[("c", a.clone())], &[("C", b.clone())]).expect_err("refused");
        let text = format!("column \"c\" is {a} in one file and {b} in another");
        assert_eq!(error.message(), text);
    }
    let csv = TableFormat::Csv(CsvOptions::default());
    let merged =
        merge(&csv, &[("a", Int64), ("b", Date32)], &[("a", Float64), ("b", Int64), ("c", Null)]);
    assert_eq!(merged.expect("merged"), "a Float64, b Utf8, c Utf8");
    let merged = merge(&csv, &[("a", Int64), ("b", Utf8)], &[("B", Utf8), ("a", Int64)]);
    assert_eq!(merged.expect("by header"), "a Int64, b Utf8");
    let plain = TableFormat::Csv(CsvOptions { header: false, ..CsvOptions::default() });
    let merged = merge(&plain, &[("col0", Int64)], &[("col0", Float64), ("col1", Date32)]);
    assert_eq!(merged.expect("by position"), "col0 Float64, col1 Date32");
}
