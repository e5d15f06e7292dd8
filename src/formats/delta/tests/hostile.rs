//! Damaged and hostile logs: a typed error that names the table, never a panic, never other rows.

use std::fs;
use std::path::{Path, PathBuf};

use arrow::array::AsArray;
use lakegate_base::{Error, ErrorKind};
use serde_json::{Value, json};

use super::{place, source, stores};
use crate::TableSnapshot;
use crate::delta::open;
use crate::index::tests::told;
use crate::variant::is_variant;

pub(super) const PROTOCOL: &str = r#"{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}"#;

pub(super) fn metadata(columns: &[(&str, &str)], partition: &[&str]) -> String {
    let fields: Vec<Value> = columns
        .iter()
        .map(|(name, kind)| json!({"name": name, "type": kind, "nullable": true, "metadata": {}}))
        .collect();
    let schema = json!({"type": "struct", "fields": fields}).to_string();
    json!({"metaData": {
        "id": "x", "format": {"provider": "parquet", "options": {}}, "schemaString": schema,
        "partitionColumns": partition, "configuration": {}, "createdTime": 0,
    }})
    .to_string()
}

pub(super) fn add(path: &str, size: Value, partitions: Value, stats: &str) -> String {
    json!({"add": {
        "path": path, "partitionValues": partitions, "size": size, "modificationTime": 0,
        "dataChange": true, "stats": stats,
    }})
    .to_string()
}

/// A table of these commits in a folder of its own.
pub(super) struct Table {
    pub(super) folder: tempfile::TempDir,
}

impl Table {
    pub(super) fn new(commits: &[&[String]]) -> Self {
        let table = Self { folder: tempfile::tempdir().expect("a folder") };
        fs::create_dir_all(table.log()).expect("a folder");
        for (version, lines) in commits.iter().enumerate() {
            fs::write(table.commit(version), lines.join("\n")).expect("written");
        }
        table
    }

    /// One version, with one column `n` and these files.
    pub(super) fn of(files: &[String]) -> Self {
        let head = [PROTOCOL.to_string(), metadata(&[("n", "long")], &[])];
        Self::new(&[&[&head, files].concat()])
    }

    pub(super) fn log(&self) -> PathBuf {
        self.folder.path().join("t/_delta_log")
    }

    pub(super) fn commit(&self, version: usize) -> PathBuf {
        self.log().join(format!("{version:020}.json"))
    }

    pub(super) async fn open(&self) -> Result<TableSnapshot, Error> {
        let location = place(&self.folder.path().join("t"));
        open(&stores(self.folder.path()), &source(&location)).await
    }

    pub(super) async fn error(&self) -> Error {
        let error = self.open().await.expect_err("it must not open");
        assert!(error.to_string().contains("/t"), "names the table: {error}");
        assert!(!error.to_string().contains("lakegate:///"), "a name of ours inside: {error}");
        error
    }
}

pub(super) fn plain(path: &str) -> String {
    add(path, json!(1), json!({}), "")
}

#[tokio::test]
async fn no_table_is_not_found() {
    let table = Table::new(&[]);
    assert!(table.error().await.is_not_found());
    fs::remove_dir_all(table.log()).expect("removed");
    assert!(table.error().await.is_not_found());
}

#[tokio::test]
async fn a_truncated_line_is_damage() {
    let table = Table::of(&[plain("a"), plain("b")]);
    let text = fs::read(table.commit(0)).expect("a commit");
    for keep in [text.len() - 3, text.len() / 2, 7] {
        fs::write(table.commit(0), &text[..keep]).expect("written");
        assert_eq!(table.error().await.kind(), ErrorKind::Corrupt, "{keep} bytes");
    }
}

/// Other readers stop at the end of a line's action.
#[tokio::test]
async fn what_follows_an_action_is_passed_over() {
    let partitioned = [PROTOCOL.to_string(), metadata(&[("n", "long"), ("p", "string")], &["p"])];
    let stats = r#"{"numRecords":3,"minValues":{"n":1}}"#;
    let file = add("a", json!(1), json!({"p": "x y"}), stats) + "\"}garbage";
    let snapshot = Table::new(&[&partitioned, &[file]]).open().await.expect("the action is whole");
    assert_eq!((snapshot.files.len(), snapshot.files.joined().rows.value(0)), (1, 3));
    assert_eq!(snapshot.files.joined().partitions[0].values.as_string::<i32>().value(0), "x y");
    let two = plain("a") + "x" + &plain("b");
    assert_eq!(Table::of(&[two]).error().await.kind(), ErrorKind::Corrupt);
}

#[tokio::test]
async fn a_vector_must_be_whole_and_fit_its_file() {
    let file = |vector: Value| {
        let stats = r#"{"numRecords":3}"#;
        let mut action: Value =
            serde_json::from_str(&add("a", json!(1), json!({}), stats)).expect("JSON");
        action["add"]["deletionVector"] = vector;
        Table::of(&[action.to_string()])
    };
    let vector = |storage: &str, path: &str, cardinality: i64| {
        json!({"storageType": storage, "pathOrInlineDv": path, "offset": 1, "sizeInBytes": 34,
            "cardinality": cardinality})
    };
    let name = "vBn[lx{q8@P<9BNH/isA";
    let snapshot = file(vector("u", name, 3)).open().await.expect("it opens");
    assert_eq!(snapshot.deletes[&0].rows(), Some(3));
    assert_eq!(snapshot.files.joined().rows.value(0), 3, "deleted rows are rows of the file");
    for (vector, kind) in [
        (vector("u", name, 4), ErrorKind::Corrupt),
        (vector("u", "x", 3), ErrorKind::Corrupt),
        (json!({"storageType": "u", "pathOrInlineDv": name}), ErrorKind::Corrupt),
        (vector("p", "file:///etc/x.bin", 3), ErrorKind::Denied),
        (vector("p", "s3://elsewhere/x.bin", 3), ErrorKind::Unsupported),
        (vector("q", name, 3), ErrorKind::Unsupported),
    ] {
        let error = file(vector.clone()).error().await;
        assert_eq!(error.kind(), kind, "{vector}: {error}");
    }
}

#[tokio::test]
async fn a_missing_version_is_damage() {
    let table = Table::new(&[
        &[PROTOCOL.to_string(), metadata(&[("n", "long")], &[])],
        &[plain("a")],
        &[plain("b")],
    ]);
    assert_eq!(table.open().await.expect("whole").files.len(), 2);
    fs::remove_file(table.commit(1)).expect("removed");
    let error = table.error().await;
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.to_string().contains("version is missing"), "{error}");
    fs::remove_file(table.commit(0)).expect("removed");
    assert_eq!(table.error().await.kind(), ErrorKind::Corrupt);
}

#[tokio::test]
async fn hints_may_be_garbage() {
    let table = Table::of(&[plain("a")]);
    for hint in [
        "",
        "{",
        "null",
        "\u{0}\u{1}",
        r#"{"version":99999999999999999999,"size":1}"#,
        r#"{"version":7,"size":1}"#,
    ] {
        fs::write(table.log().join("_last_checkpoint"), hint).expect("written");
        assert_eq!(table.open().await.expect("the log is whole").files.len(), 1, "hint {hint:?}");
    }
    for name in ["x.json", "00000000000000000000.crc", "99999999999999999999.json.tmp", "_sidecars"]
    {
        fs::write(table.log().join(name), "{").expect("written");
        assert_eq!(table.open().await.expect("the log is whole").files.len(), 1, "file {name}");
    }
}

#[tokio::test]
async fn files_are_named_by_urls_and_stay_inside() {
    let table = Table::of(&[plain("a%20b/x=1%252F2"), plain("c%3Ad:/e")]);
    let snapshot = table.open().await.expect("it opens");
    let files = snapshot.files.joined();
    let paths: Vec<&str> = files.paths.iter().flatten().collect();
    let has = |end: &str| paths.iter().any(|path| path.ends_with(end));
    assert!(has("/t/a b/x=1%2F2") && has("/t/c:d:/e"), "{paths:?}");

    for (path, kind) in [
        ("../x", ErrorKind::Unsupported),
        ("%2e%2e/x", ErrorKind::Unsupported),
        ("/etc/passwd", ErrorKind::Denied),
        ("file:///etc/passwd", ErrorKind::Denied),
        ("file:/etc/passwd", ErrorKind::Denied),
        ("s3://elsewhere/x", ErrorKind::Unsupported),
        ("http://169.254.169.254/x", ErrorKind::Unsupported),
        ("a%FF", ErrorKind::Corrupt),
    ] {
        let error = Table::of(&[plain(path)]).error().await;
        assert_eq!(error.kind(), kind, "{path}: {error}");
    }
}

#[tokio::test]
async fn numbers_out_of_range_are_damage_or_unknown() {
    for size in [json!(-1), json!(99_999_999_999_999_999_999_f64), json!("x"), Value::Null] {
        let table = Table::of(&[add("a", size.clone(), json!({}), "")]);
        assert_eq!(table.error().await.kind(), ErrorKind::Corrupt, "size {size}");
    }
    let stats = r#"{"numRecords":-5,"minValues":{"n":99999999999999999999},"maxValues":{"n":[1]},"nullCount":{"n":-1}}"#;
    for stats in [stats, "null", "\"null\"", "[]", "{", r#"{"minValues":7,"nullCount":"x"}"#] {
        let snapshot =
            Table::of(&[add("a", json!(1), json!({}), stats)]).open().await.expect("a hint");
        assert_eq!(snapshot.files.joined().rows.iter().flatten().count(), 0, "{stats}");
        assert!(snapshot.files.joined().bounds.is_empty(), "{stats}");
    }
}

#[tokio::test]
async fn partition_values_must_fit() {
    let open = |kind: &'static str, value: Value| async move {
        let head = [PROTOCOL.to_string(), metadata(&[("n", "long"), ("p", kind)], &["p"])];
        let file = add("a", json!(1), json!({ "p": value }), "");
        Table::new(&[&[&head[..], &[file]].concat()]).open().await
    };
    for (kind, value) in [
        ("byte", "300"),
        ("integer", "1.0"),
        ("date", "2020-13-01"),
        ("decimal(4,2)", "123.45"),
        ("decimal(4,2)", "1.234"),
        ("boolean", "yes"),
        ("timestamp", "now"),
    ] {
        let error = open(kind, json!(value)).await.expect_err("it does not fit");
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{kind} {value}: {error}");
        assert!(error.to_string().contains(value), "{error}");
    }
    for (kind, value) in [
        ("byte", "-128"),
        ("decimal(4,2)", "-12.3"),
        ("decimal(9,7)", "1E-7"),
        ("timestamp", "2020-01-01 00:00:00.5"),
        ("double", "NaN"),
        ("binary", "\u{1}"),
    ] {
        let snapshot = open(kind, json!(value)).await.expect("it fits");
        assert_eq!(snapshot.files.joined().partitions[0].values.null_count(), 0, "{kind} {value}");
    }
    for value in [json!(null), json!(""), json!("__HIVE_DEFAULT_PARTITION__")] {
        let snapshot = open("integer", value.clone()).await.expect("NULL");
        assert_eq!(snapshot.files.joined().partitions[0].values.null_count(), 1, "{value}");
    }
    let error = open("string", json!({"no": "text"})).await;
    assert!(error.is_err());
}

#[tokio::test]
async fn features_are_refused_by_name() {
    let commit = |features: Value| {
        let protocol = json!({"protocol": {
            "minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": features, "writerFeatures": features,
        }});
        Table::new(&[&[protocol.to_string(), metadata(&[("n", "long")], &[])]])
    };
    for feature in ["madeUp", "catalogManaged", "geospatial"] {
        let error = commit(json!([feature])).error().await;
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{}", error.full());
        assert!(error.to_string().contains(feature), "{error}");
    }
    let fine = commit(json!([
        "typeWidening",
        "vacuumProtocolCheck",
        "v2Checkpoint",
        "deletionVectors",
        "variantType",
        "variantShredding-preview"
    ]));
    assert_eq!(fine.open().await.expect("it opens").files.len(), 0);
    let future = r#"{"protocol":{"minReaderVersion":9,"minWriterVersion":9}}"#.to_string();
    let error = Table::new(&[&[future, metadata(&[("n", "long")], &[])]]).error().await;
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
}

/// Variants are text with a mark, and what the log says of their bounds is not asked.
#[tokio::test]
async fn variants_are_marked_and_have_no_bounds() {
    let columns = [("n", "long"), ("v", "variant")];
    let protocol = json!({"protocol": {
        "minReaderVersion": 3, "minWriterVersion": 7,
        "readerFeatures": ["variantType"], "writerFeatures": ["variantType"],
    }});
    let stats = r#"{"numRecords":1,"minValues":{"n":1,"v":"0S"},"maxValues":{"n":1,"v":"0S"},"nullCount":{"n":0,"v":0}}"#;
    let file = add("a.parquet", json!(1), json!({}), stats);
    let table = Table::new(&[&[protocol.to_string(), metadata(&columns, &[]), file]]);
    let snapshot = table.open().await.expect("it opens");
    assert!(is_variant(snapshot.schema.field(1)) && !is_variant(snapshot.schema.field(0)));
    let bounded: Vec<usize> =
        snapshot.files.joined().bounds.iter().map(|bounds| bounds.column).collect();
    assert_eq!(bounded, [0]);
    let map = r#"{"type":"map","keyType":"variant","valueType":"long","valueContainsNull":true}"#;
    let keyed = metadata(&[("m", "long")], &[]).replace(r#"\"long\""#, &map.replace('"', r#"\""#));
    let error = Table::new(&[&[protocol.to_string(), keyed]]).error().await;
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
}

/// Every version of a table with a checkpoint, with one byte of the checkpoint changed at a time.
#[tokio::test]
async fn a_damaged_checkpoint_never_panics_or_lies() {
    let Some(root) = super::conformance::data() else {
        println!("skipped: conformance data not found");
        return;
    };
    let table = Table::new(&[]);
    copy(&root.join("delta-dat/with_checkpoint/delta"), &table.folder.path().join("t"));
    let whole = table.open().await.expect("it opens");
    let names = fs::read_dir(table.log()).expect("a log").flatten().map(|entry| entry.path());
    let checkpoint = names.filter(|p| p.to_string_lossy().ends_with(".checkpoint.parquet"));
    let checkpoint = checkpoint.max().expect("the table has a checkpoint");
    let bytes = fs::read(&checkpoint).expect("readable");
    let mut refused = 0;
    for position in (0..bytes.len()).step_by(bytes.len() / 150 + 1) {
        let mut damaged = bytes.clone();
        damaged[position] ^= 0x55;
        fs::write(&checkpoint, &damaged).expect("written");
        match table.open().await {
            // Parquet pages carry no checksum here, so a flipped byte of a text can go unseen: the
            // table's shape may not change.
            Ok(snapshot) => assert_eq!(snapshot.files.len(), whole.files.len(), "byte {position}"),
            Err(error) => {
                refused += 1;
                let expected = [ErrorKind::Corrupt, ErrorKind::Unsupported, ErrorKind::Unavailable];
                assert!(expected.contains(&error.kind()), "byte {position}: {error}");
            }
        }
    }
    // Cut short, the commits before it answer when they are all there.
    fs::write(&checkpoint, &bytes[..bytes.len() / 2]).expect("written");
    let cut = table.open().await.expect("the commits are all there");
    assert_eq!(cut.files.joined().paths, whole.files.joined().paths);
    fs::remove_file(table.commit(1)).expect("removed");
    assert_eq!(table.error().await.kind(), ErrorKind::Corrupt);
    println!("{refused} changed bytes were refused, all others read around");
}

/// Of two checkpoints the older one answers, together with the commits after it.
#[tokio::test]
async fn an_older_checkpoint_stands_in_for_a_damaged_one() {
    let Some(root) = super::conformance::data() else {
        println!("skipped: conformance data not found");
        return;
    };
    let table = Table::new(&[]);
    copy(&root.join("delta-dat/no_replay/delta"), &table.folder.path().join("t"));
    let whole = table.open().await.expect("it opens");
    let names = fs::read_dir(table.log()).expect("a log").flatten().map(|entry| entry.path());
    let mut checkpoints: Vec<PathBuf> =
        names.filter(|p| p.to_string_lossy().ends_with(".checkpoint.parquet")).collect();
    checkpoints.sort();
    let newest = checkpoints.pop().expect("two checkpoints");
    let name = checkpoints.pop().expect("two checkpoints");
    let name = name.file_name().and_then(|name| name.to_str()).expect("a name");
    let older: usize = name[..20].parse().expect("a version");
    fs::write(&newest, "PAR1 no more PAR1").expect("written");
    (0..=older).for_each(|version| drop(fs::remove_file(table.commit(version))));
    let snapshot = table.open().await.expect("the older checkpoint and the commits after it");
    assert_eq!(snapshot.version, whole.version);
    assert_eq!(told(&snapshot), told(&whole));
}

/// The files of a folder, when there is one.
pub(super) fn copy_files(from: &Path, to: &Path) {
    if from.is_dir() {
        copy(from, to);
    }
}

pub(super) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copied");
        }
    }
}

/// `remove` with one bit flipped names another action: the rows of its file would be back.
#[tokio::test]
async fn a_control_character_in_a_text_is_damage() {
    let remove = json!({"remove": {"path": "a", "dataChange": true}}).to_string();
    let head = [PROTOCOL.to_string(), metadata(&[("n", "long")], &[]), plain("a")];
    assert_eq!(
        Table::new(&[&head, std::slice::from_ref(&remove)])
            .open()
            .await
            .expect("it opens")
            .files
            .len(),
        0
    );
    for control in ['\u{16}', '\n', '\t'] {
        let damaged = remove.replacen("remo", &format!("rem{control}"), 1);
        let error = Table::new(&[&head, &[damaged]]).error().await;
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{}", error.full());
    }
}
