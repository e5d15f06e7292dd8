//! What `--table NAME=URL` makes of a location.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};
use lakegate_base::{ErrorKind, Location};

use super::{Folder, parquet, schema, show};
use crate::files::recognise;
use crate::{TableFormat, TableSource};

fn describe(source: &TableSource) -> String {
    let columns = source.schema.as_ref().map_or("-".to_string(), |s| show(s));
    let keys = source.partition_keys.iter();
    let keys: Vec<String> = keys.map(|k| format!("{} {}", k.name(), k.data_type())).collect();
    format!("{}: {columns} by [{}]", source.format.name(), keys.join(", "))
}

async fn recognised(files: &[(&str, &[u8])], name: &str) -> String {
    let folder = Folder::new(files);
    let source = recognise(&folder.stores, &folder.place(name)).await;
    source.map_or_else(|e| e.to_string(), |source| describe(&source))
}

#[tokio::test]
async fn tables_by_their_log() {
    assert_eq!(
        recognised(&[("_delta_log/0.json", b"{}"), ("x.parquet", b"1")], "").await,
        "delta: - by []"
    );
    let iceberg: [(&str, &[u8]); 1] = [("t/metadata/v1.metadata.json", b"{}")];
    assert_eq!(recognised(&iceberg, "t").await, "iceberg: - by []");
    let folder = Folder::new(&iceberg);
    let file = folder.place("t/metadata/v1.metadata.json");
    let source = recognise(&folder.stores, &file).await.expect("recognised");
    assert_eq!(source.location, folder.place("t"));
    assert_eq!(source.metadata_location, Some(file));
}

#[tokio::test]
async fn files_by_name_or_bytes_with_typed_keys() {
    let numbers = parquet(vec![("n", Arc::new(Int64Array::from(vec![1])) as ArrayRef)]);
    let found = recognised(
        &[
            ("Year=2024/code=01/day=2024-01-01/part-0", &numbers),
            ("Year=2025/code=02/day=__HIVE_DEFAULT_PARTITION__/part-0", &numbers),
        ],
        "",
    )
    .await;
    assert_eq!(found, "parquet: n Int64 by [year Int64, code Utf8, day Date32]");
    let csv: &[u8] = b"a;b\n1;x\n";
    assert_eq!(recognised(&[("in/x.csv", csv)], "in/x.csv").await, "csv: a Int64, b Utf8 by []");
    assert_eq!(recognised(&[("in/x.txt", csv)], "in").await, "csv: a Int64, b Utf8 by []");
    assert_eq!(recognised(&[("x.log", b"GET /\nGET /a\n")], "").await, "text: line Utf8 by []");
    let json: &[u8] = b"{\"a\":1}\n";
    assert_eq!(recognised(&[("2024/x", json), ("y", json)], "").await, "json: a Int64 by []");
}

#[tokio::test]
async fn manifests_lead_to_their_files() {
    let numbers = parquet(vec![("n", Arc::new(Int64Array::from(vec![1])) as ArrayRef)]);
    let folder = Folder::new(&[("data/x", &numbers)]);
    let line = format!("file:///{}/data/x\n", folder.root.path());
    folder.put("links/symlink.txt", line.as_bytes());
    let source = recognise(&folder.stores, &folder.place("links")).await.expect("recognised");
    assert_eq!(describe(&source), "parquet: n Int64 by []");
    assert_eq!(source.format, TableFormat::Linked(Box::new(TableFormat::Parquet)));
    let snapshot = crate::open(&folder.stores, &source).await.expect("opened");
    assert_eq!(
        (snapshot.schema, snapshot.files.len()),
        (schema(&[("n", arrow::datatypes::DataType::Int64)]), 1)
    );
}

#[tokio::test]
async fn what_is_no_single_table_is_refused() {
    let json: &[u8] = b"{\"a\":1}\n";
    for (files, part) in [
        (vec![("x.csv", &b"a,b\n1,2\n"[..]), ("y.json", json)], "files of different kinds"),
        (vec![("k=1/x.json", json), ("y.json", json)], "not in partitions of the same keys"),
        (vec![("k=1/x.json", json), ("j=1/y.json", json)], "not in partitions of the same keys"),
        (vec![("x.csv", &b"a,b\n1,2\n"[..]), ("y.csv", b"a;b\n1;2\n")], "written differently"),
        (vec![("x.orc", &b"ORC"[..])], "x.orc is damaged: it is too short to be an ORC file"),
        (vec![("x.bin", &b"\x00\x01"[..])], "not supported: the format of"),
        (vec![("_SUCCESS", &b"x"[..])], "holds no data files"),
        (vec![("a/_delta_log/0.json", json), ("b/x.json", json)], "holds a table in Delta format"),
    ] {
        let found = recognised(&files, "").await;
        assert!(found.contains(part), "{found}");
    }
}

#[tokio::test]
async fn locations_outside_the_roots_are_refused() {
    let folder = Folder::new(&[]);
    for text in ["file:///etc/hostname", "s3://bucket/x.metadata.json"] {
        let place = Location::parse(text).expect("valid");
        let error = recognise(&folder.stores, &place).await.expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
    }
}
