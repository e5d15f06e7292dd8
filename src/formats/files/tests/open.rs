//! Tables opened with what a catalog knows of them.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int32Array, cast::AsArray};
use arrow::datatypes::{DataType, Date32Type, Field, Int32Type};
use lakegate_base::{ErrorKind, Result};

use super::{Folder, parquet, schema, show};
use crate::{CsvOptions, Encoding, MatchBy, TableFormat, TableSnapshot, TableSource};

fn source(folder: &Folder, format: TableFormat, keys: &[(&str, DataType)]) -> TableSource {
    let key = |(name, t): &(&str, DataType)| Arc::new(Field::new(*name, t.clone(), true));
    TableSource {
        location: folder.root.clone(),
        format,
        schema: Some(schema(&[("n", DataType::Int32)])),
        partition_keys: keys.iter().map(key).collect(),
        metadata_location: None,
    }
}

async fn open(folder: &Folder, keys: &[(&str, DataType)]) -> Result<TableSnapshot> {
    crate::open(&folder.stores, &source(folder, TableFormat::Parquet, keys)).await
}

fn names(folder: &Folder, snapshot: &TableSnapshot) -> Vec<String> {
    let prefix = format!("{}/", folder.root.path());
    let files = snapshot.files.joined();
    let paths = files.paths.iter().flatten();
    paths.map(|path| path.strip_prefix(&prefix).expect("below").to_string()).collect()
}

#[tokio::test]
async fn hidden_and_empty_files_do_not_count() {
    let folder = Folder::new(&[
        ("b.parquet", b"1"),
        ("a/c d.parquet", b"22"),
        ("_SUCCESS", b"x"),
        (".a.crc", b"x"),
        ("_tmp/x.parquet", b"x"),
        ("empty.parquet", b""),
    ]);
    let snapshot = open(&folder, &[]).await.expect("opened");
    assert_eq!(names(&folder, &snapshot), ["a/c d.parquet", "b.parquet"]);
    let files = snapshot.files.joined();
    assert_eq!(files.sizes.values(), &[2, 1]);
    assert_eq!(snapshot.encoding, Encoding::Parquet(MatchBy::Name));
    assert_eq!((files.rows.null_count(), files.modified.null_count()), (2, 0));
    let again = open(&folder, &[]).await.expect("opened");
    assert_eq!(again.version, snapshot.version, "the same files are the same version");
    folder.put("b.parquet", b"33");
    assert_ne!(open(&folder, &[]).await.expect("opened").version, snapshot.version);
}

#[tokio::test]
async fn partition_values_are_decoded_and_typed() {
    let folder = Folder::new(&[
        ("Day=2024-02-29/place=a%2Fb%20%C3%BC/x", b"1"),
        ("day=__HIVE_DEFAULT_PARTITION__/place=__HIVE_DEFAULT_PARTITION__/x", b"1"),
        ("day=2024-03-01/place=c=d/x", b"1"),
    ]);
    let keys = [("day", DataType::Date32), ("place", DataType::Utf8)];
    let snapshot = open(&folder, &keys).await.expect("opened");
    assert_eq!(show(&snapshot.schema), "n Int32, day Date32, place Utf8");
    let partitions = snapshot.files.joined().partitions;
    let [day, place] = &partitions[..] else { unreachable!("two keys") };
    assert_eq!((day.column, place.column), (1, 2));
    let days: Vec<Option<i32>> = day.values.as_primitive::<Date32Type>().iter().collect();
    let places: Vec<Option<&str>> = place.values.as_string::<i32>().iter().collect();
    assert_eq!(days, [Some(19782), Some(19783), None]);
    assert_eq!(places, [Some("a/b ü"), Some("c=d"), None]);
}

#[tokio::test]
async fn partition_values_by_position() {
    let folder = Folder::new(&[("2024/01/x", b"1"), ("2024/12/y", b"1")]);
    let keys = [("year", DataType::Int32), ("month", DataType::Int32)];
    let snapshot = open(&folder, &keys).await.expect("opened");
    let partitions = snapshot.files.joined().partitions;
    let months: &Int32Array = partitions[1].values.as_primitive::<Int32Type>();
    assert_eq!(months.values(), &[1, 12]);
}

#[tokio::test]
async fn files_in_wrong_folders_are_named() {
    let keys = [("day", DataType::Date32)];
    for (name, part) in [
        ("day=soon/x", "\"day=soon\" is no value of partition key day of type Date32"),
        ("day=2024-01-01/more/x", "is 2 folders deep, the table has 1 partition keys (day)"),
        ("x", "is 0 folders deep"),
        ("hour=1/x", "folder \"hour=1\" is not of partition key day"),
        ("day=%FF/x", "not percent-encoded UTF-8"),
    ] {
        let folder = Folder::new(&[(name, b"1"), ("day=2024-01-02/x", b"1")]);
        let error = open(&folder, &keys).await.expect_err(name);
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
        assert!(error.message().contains(part) && error.message().contains(name), "{error}");
    }
}

#[tokio::test]
async fn tables_with_a_log_are_not_plain_files() {
    for (log, format) in [
        ("_delta_log/00000000000000000000.json", "in Delta format"),
        ("sub/_delta_log/00000000000000000000.json", "in Delta format"),
        ("metadata/v1.metadata.json", "in Iceberg format"),
        (".hoodie/hoodie.properties", "in Hudi format"),
    ] {
        let folder = Folder::new(&[("x.parquet", b"1"), (log, b"{}")]);
        let error = open(&folder, &[]).await.expect_err(log);
        assert!(error.message().contains(format), "{error}");
    }
    let folder = Folder::new(&[("x.parquet", b"1"), ("_old/_delta_log/0.json", b"{}")]);
    assert_eq!(open(&folder, &[]).await.expect("hidden tables do not count").files.len(), 1);
}

#[tokio::test]
async fn symlink_manifests_name_the_files() {
    let folder = Folder::new(&[("data/a b.parquet", b"1"), ("data/old.parquet", b"1")]);
    let file = |name: &str| format!("file:///{}/{name}\n", folder.root.path());
    let manifest = file("data/a%20b.parquet");
    folder.put("_symlink_format_manifest/day=2024-01-01/manifest", manifest.as_bytes());
    let mut source = source(&folder, TableFormat::Parquet, &[("day", DataType::Utf8)]);
    source.location = folder.place("_symlink_format_manifest");
    let snapshot = crate::open(&folder.stores, &source).await.expect("opened");
    assert_eq!(names(&folder, &snapshot), ["data/a b.parquet"]);
    assert_eq!(
        snapshot.files.joined().partitions[0].values.as_string::<i32>().value(0),
        "2024-01-01"
    );
    for (line, kind, part) in [
        ("file:///etc/passwd\n".to_string(), ErrorKind::Denied, "outside the configured roots"),
        ("s3://other/x.parquet\n".to_string(), ErrorKind::Denied, "outside the configured roots"),
        (file("../secret"), ErrorKind::Denied, "outside the configured roots"),
        (file("data/gone.parquet"), ErrorKind::NotFound, "does not exist"),
        ("data/old.parquet\n".to_string(), ErrorKind::Corrupt, "not a whole path"),
        (format!("{manifest}{manifest}"), ErrorKind::Corrupt, "named twice"),
    ] {
        folder.put("_symlink_format_manifest/day=2024-01-01/manifest", line.as_bytes());
        let error = crate::open(&folder.stores, &source).await.expect_err(&line);
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.message().contains(part), "{error}");
    }
}

/// The catalog says that the files are manifests: their names and their format are free.
#[tokio::test]
async fn manifests_of_any_name_and_format() {
    let folder = Folder::new(&[("data/a.csv", b"n\n1\n"), ("data/b.csv", b"n\n2\n")]);
    let file = |name: &str| format!("file:///{}/{name}\n", folder.root.path());
    folder.put("links/list-0", file("data/b.csv").as_bytes());
    let format = TableFormat::Linked(Box::new(TableFormat::Csv(CsvOptions::default())));
    let mut source = source(&folder, format, &[]);
    source.location = folder.place("links");
    let snapshot = crate::open(&folder.stores, &source).await.expect("opened");
    assert_eq!(names(&folder, &snapshot), ["data/b.csv"]);
    assert_eq!(snapshot.encoding, Encoding::Csv(CsvOptions::default()));
    folder.put("links/list-0", file("data").as_bytes());
    let error = crate::open(&folder.stores, &source).await.expect_err("a folder");
    assert!(error.message().contains("links/list-0"), "{error}");
}

#[tokio::test]
async fn a_link_out_of_the_table_is_not_read() {
    let folder = Folder::new(&[("x.parquet", b"1")]);
    let outside = tempfile::tempdir().expect("a folder");
    fs::write(outside.path().join("y.parquet"), "1").expect("written");
    let link = folder.root.local_path().expect("local").join("more");
    symlink(outside.path(), link).expect("linked");
    let snapshot = open(&folder, &[]).await.expect("opened");
    assert_eq!(
        names(&folder, &snapshot),
        ["more", "x.parquet"],
        "reading the first one is refused"
    );
    let error = folder.stores.read(&folder.place("more"), 9).await.expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Denied);
}

#[tokio::test]
async fn schemas_are_inferred_when_the_catalog_has_none() {
    let column = |values: Vec<i32>| Arc::new(Int32Array::from(values)) as ArrayRef;
    let folder = Folder::new(&[
        ("day=1/a.parquet", &parquet(vec![("n", column(vec![1])), ("day", column(vec![9]))])),
        ("day=2/b.parquet", &parquet(vec![("m", column(vec![1]))])),
    ]);
    let source = TableSource {
        schema: None,
        ..source(&folder, TableFormat::Parquet, &[("day", DataType::Int64)])
    };
    let snapshot = crate::open(&folder.stores, &source).await.expect("opened");
    assert_eq!(
        show(&snapshot.schema),
        "n Int32, m Int32, day Int64",
        "a key is not read from files"
    );
    let empty = Folder::new(&[("_SUCCESS", b"x")]);
    let source = TableSource { location: empty.root.clone(), ..source };
    let error = crate::open(&empty.stores, &source).await.expect_err("nothing to infer from");
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    let known = TableSource { schema: Some(schema(&[("n", DataType::Int32)])), ..source };
    assert!(crate::open(&empty.stores, &known).await.expect("an empty table").files.is_empty());
}

#[tokio::test]
async fn a_csv_table_as_the_catalog_describes_it() {
    let folder = Folder::new(&[("x", b"1|a\n2|b\n"), ("y.gz", b"never opened")]);
    let options = CsvOptions { header: false, delimiter: b'|', ..CsvOptions::default() };
    let source = source(&folder, TableFormat::Csv(options.clone()), &[]);
    let snapshot = crate::open(&folder.stores, &source).await.expect("opened");
    assert_eq!(snapshot.encoding, Encoding::Csv(options));
    folder.put("z.zip", b"1");
    let error = crate::open(&folder.stores, &source).await.expect_err("refused");
    assert!(error.message().contains("z.zip"), "{error}");
}
