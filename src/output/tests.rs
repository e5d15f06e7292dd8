use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{
    ArrayRef, BinaryArray, Float64Array, Int64Array, ListArray, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::Int32Type;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::{Format, result_writer};

fn batch() -> RecordBatch {
    let lists = ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1), None]), None]);
    RecordBatch::try_from_iter([
        ("nome", Arc::new(StringArray::from(vec!["João, \"o\"\n", ""])) as ArrayRef),
        ("n", Arc::new(Int64Array::from(vec![None, Some(1234)]))),
        ("x", Arc::new(Float64Array::from(vec![0.5, -2.0]))),
        ("at", Arc::new(TimestampMicrosecondArray::from(vec![Some(1_500_000), None]))),
        ("bytes", Arc::new(BinaryArray::from(vec![&b"\x00\xff"[..], b""]))),
        ("list", Arc::new(lists)),
    ])
    .expect("a batch")
}

fn write(format: Format, batches: &[RecordBatch], path: &Path) -> Result<(), lakegate_base::Error> {
    let mut writer = result_writer(format, Some(path), &batches[0].schema())?;
    for batch in batches {
        writer.write(batch)?;
    }
    writer.finish(Duration::from_millis(7))
}

fn text(format: Format) -> String {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("out");
    write(format, &[batch()], &path).expect("written");
    std::fs::read_to_string(&path).expect("readable")
}

#[test]
fn csv_tells_null_from_empty() {
    let expected = "nome,n,x,at,bytes,list\n\
        \"João, \"\"o\"\"\n\",,0.5,1970-01-01 00:00:01.500,\\x00ff,\"[1,null]\"\n\
        \"\",1234,-2.0,,\\x,\n";
    assert_eq!(text(Format::Csv), expected);
}

#[test]
fn json_is_one_object_a_line() {
    let expected = concat!(
        r#"{"nome":"João, \"o\"\n","n":null,"x":0.5,"at":"1970-01-01T00:00:01.500","#,
        r#""bytes":"00ff","list":[1,null]}"#,
        "\n",
        r#"{"nome":"","n":1234,"x":-2.0,"at":null,"bytes":"","list":null}"#,
        "\n"
    );
    assert_eq!(text(Format::Json), expected);
}

#[test]
fn tables_align() {
    let expected = "
 nome       │    n │    x │ at                      │ bytes  │ list
────────────┼──────┼──────┼─────────────────────────┼────────┼──────────
 João, \"o\"⏎ │    ∅ │  0.5 │ 1970-01-01 00:00:01.500 │ \\x00ff │ [1,null]
            │ 1234 │ -2.0 │ ∅                       │ \\x     │ ∅
(2 rows, 7 ms)
";
    assert_eq!(text(Format::Table), expected[1..]);
}

#[test]
fn control_characters_do_not_reach_the_terminal() {
    let hostile = StringArray::from(vec!["\u{1b}[2Jgone"]);
    let batch = RecordBatch::try_from_iter([("a", Arc::new(hostile) as ArrayRef)]).expect("valid");
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("out");
    write(Format::Table, &[batch], &path).expect("written");
    let shown = std::fs::read_to_string(&path).expect("readable");
    assert!(shown.contains("\\u{1b}[2Jgone") && !shown.contains('\u{1b}'), "{shown}");
}

#[test]
fn long_results_stream_with_the_widths_of_the_first_rows() {
    let wide = StringArray::from_iter_values((0..1200).map(|i| "w".repeat(1 + i / 600)));
    let batch = RecordBatch::try_from_iter([("a", Arc::new(wide) as ArrayRef)]).expect("valid");
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("out");
    write(Format::Table, &[batch], &path).expect("written");
    let shown = std::fs::read_to_string(&path).expect("readable");
    assert_eq!(shown.lines().filter(|line| line.starts_with(" w")).count(), 1200);
    assert!(shown.ends_with("(1,200 rows, 7 ms)\n"), "{shown}");
}

#[test]
fn parquet_comes_back_equal() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("out.parquet");
    write(Format::Parquet, &[batch(), batch()], &path).expect("written");
    let file = std::fs::File::open(&path).expect("there");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("a Parquet file");
    let read: Vec<RecordBatch> =
        reader.build().expect("readable").collect::<Result<_, _>>().expect("readable");
    assert_eq!(read.iter().map(RecordBatch::num_rows).sum::<usize>(), 4);
    assert_eq!(read[0].slice(0, 2).columns(), batch().columns());
}

#[test]
fn an_unfinished_file_is_not_kept() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("out.csv");
    let mut writer = result_writer(Format::Csv, Some(&path), &batch().schema()).expect("opened");
    writer.write(&batch()).expect("written");
    drop(writer);
    assert_eq!(std::fs::read_dir(directory.path()).expect("listed").count(), 0);
}

#[test]
fn repeated_names_are_refused_where_they_would_be_lost() {
    let column = Arc::new(Int64Array::from(vec![1])) as ArrayRef;
    let twice = RecordBatch::try_from_iter([("a", column.clone()), ("a", column)]).expect("valid");
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("out");
    let error = write(Format::Json, std::slice::from_ref(&twice), &path).expect_err("refused");
    assert!(error.message().contains("\"a\""), "{error}");
    write(Format::Csv, &[twice], &path).expect("written");
}
