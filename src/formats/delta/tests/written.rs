//! What `overwrite` writes, `open` reads.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, Decimal128Array, Float64Array, Int32Array, Int64Array,
    RecordBatch, StringArray, StringViewArray, Time64MicrosecondArray, TimestampMicrosecondArray,
    TimestampNanosecondArray, UInt64Array,
};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, TimeUnit, TimestampMicrosecondType};
use futures::stream::BoxStream;
use futures::{StreamExt, stream};
use lakegate_base::{Error, ErrorKind, Location, Result};
use lakegate_store::Stores;

use super::conformance::{actual_rows, check_bounds};
use super::{place, source, stores};
use crate::TableSnapshot;
use crate::delta::{OverwriteOptions, SymlinkManifest, Written, open, open_version, overwrite};

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter(columns).expect("equal lengths")
}

fn numbers(from: i64, to: i64) -> RecordBatch {
    let text = StringArray::from_iter_values((from..to).map(|n| format!("row {n}")));
    batch(vec![("n", Arc::new(Int64Array::from_iter_values(from..to))), ("t", Arc::new(text))])
}

fn stream_of(batches: Vec<Result<RecordBatch>>) -> BoxStream<'static, Result<RecordBatch>> {
    stream::iter(batches).boxed()
}

async fn write(stores: &Stores, location: &Location, batch: RecordBatch) -> Result<Written> {
    overwrite(stores, location, OverwriteOptions::new(batch.schema()), stream_of(vec![Ok(batch)]))
        .await
}

async fn read(stores: &Stores, location: &Location) -> TableSnapshot {
    open(stores, &source(location)).await.expect("the table opens")
}

fn parquet_files(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter(|entry| entry.path().extension().is_some_and(|e| e == "parquet")).count()
}

#[tokio::test]
async fn writes_and_replaces() {
    let folder = tempfile::tempdir().expect("a folder");
    let (stores, location) = (stores(folder.path()), place(&folder.path().join("a b/t%20x")));
    let first = write(&stores, &location, numbers(0, 1000)).await.expect("written");
    assert_eq!((first.version, first.rows, first.files), (0, 1000, 1));
    let second = write(&stores, &location, numbers(5, 10)).await.expect("written");
    assert_eq!((second.version, second.rows), (1, 5));

    let snapshot = read(&stores, &location).await;
    assert_eq!(snapshot.version, "1");
    assert_eq!(actual_rows(&snapshot), Ok(5));
    assert!(check_bounds(&snapshot).expect("bounds hold") >= 20);
    let bounds = &snapshot.files.joined().bounds[0];
    assert_eq!(bounds.min.as_primitive::<Int64Type>().value(0), 5);
    assert_eq!(bounds.max.as_primitive::<Int64Type>().value(0), 9);
    let old = open_version(&stores, &location, 0).await.expect("the old version opens");
    assert_eq!(actual_rows(&old), Ok(1000));
    assert!(open_version(&stores, &location, 2).await.expect_err("no such version").is_not_found());
}

#[tokio::test]
async fn keeps_the_table_when_the_rows_fail() {
    let folder = tempfile::tempdir().expect("a folder");
    let (stores, location) = (stores(folder.path()), place(&folder.path().join("t")));
    write(&stores, &location, numbers(0, 3)).await.expect("written");
    let options =
        OverwriteOptions { target_file_bytes: 1, ..OverwriteOptions::new(numbers(0, 1).schema()) };
    let rows =
        stream_of(vec![Ok(numbers(0, 9)), Ok(numbers(0, 9)), Err(Error::exhausted("memory"))]);
    let error = overwrite(&stores, &location, options, rows).await.expect_err("the stream fails");
    assert_eq!(error.kind(), ErrorKind::Exhausted);
    assert_eq!(read(&stores, &location).await.version, "0");
    assert_eq!(parquet_files(&folder.path().join("t")), 1, "only the committed file is left");
}

#[tokio::test]
async fn an_empty_answer_is_an_empty_table() {
    let folder = tempfile::tempdir().expect("a folder");
    let (stores, location) = (stores(folder.path()), place(&folder.path().join("t")));
    let options = OverwriteOptions::new(numbers(0, 1).schema());
    let written = overwrite(&stores, &location, options, stream_of(vec![])).await.expect("written");
    assert_eq!((written.rows, written.files), (0, 0));
    let snapshot = read(&stores, &location).await;
    assert_eq!((snapshot.files.len(), snapshot.schema.fields().len()), (0, 2));
}

#[tokio::test]
async fn splits_files_and_lists_them_in_the_manifest() {
    let folder = tempfile::tempdir().expect("a folder");
    let (stores, location) = (stores(folder.path()), place(&folder.path().join("t")));
    let stale = folder.path().join("t/_symlink_format_manifest/p=1");
    fs::create_dir_all(&stale).expect("a folder");
    fs::write(stale.join("manifest"), "file:///old").expect("written");
    let options = OverwriteOptions {
        target_file_bytes: 1,
        symlink_manifest: SymlinkManifest::Write,
        ..OverwriteOptions::new(numbers(0, 1).schema())
    };
    let rows = stream_of(vec![Ok(numbers(0, 10)), Ok(numbers(10, 30))]);
    let written = overwrite(&stores, &location, options, rows).await.expect("written");
    assert_eq!((written.files, written.rows), (2, 30));
    let manifest = folder.path().join("t/_symlink_format_manifest/manifest");
    let manifest = fs::read_to_string(manifest).expect("a manifest");
    let snapshot = read(&stores, &location).await;
    let mut listed: Vec<&str> = manifest.lines().map(|line| &line["file:///".len()..]).collect();
    let joined = snapshot.files.joined();
    let mut files: Vec<&str> = joined.paths.iter().flatten().collect();
    listed.sort_unstable();
    files.sort_unstable();
    assert_eq!(listed, files);
    assert!(!stale.join("manifest").exists());
}

/// More rows than one row group takes: its statistics are those of all groups.
#[tokio::test]
async fn statistics_cover_all_row_groups() {
    let folder = tempfile::tempdir().expect("a folder");
    let (stores, location) = (stores(folder.path()), place(&folder.path().join("t")));
    let nulls: ArrayRef =
        Arc::new(Int32Array::from_iter((0..1_000_500).map(|n| (n > 1_000_400).then_some(n))));
    let falling: ArrayRef = Arc::new(Int64Array::from_iter_values((0..1_000_500).rev()));
    write(&stores, &location, batch(vec![("late", nulls), ("falling", falling)]))
        .await
        .expect("written");
    let snapshot = read(&stores, &location).await;
    assert_eq!((snapshot.files.len(), actual_rows(&snapshot)), (1, Ok(1_000_500)));
    check_bounds(&snapshot).expect("bounds hold");
    let falling = &snapshot.files.joined().bounds[1];
    assert_eq!(falling.min.as_primitive::<Int64Type>().value(0), 0);
    assert_eq!(falling.max.as_primitive::<Int64Type>().value(0), 1_000_499);
    assert_eq!(snapshot.files.joined().bounds[0].nulls.value(0), 1_000_401);
}

#[tokio::test]
async fn a_place_that_cannot_hold_a_table_is_a_clear_error() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("file"), "x").expect("written");
    let (stores, location) = (stores(folder.path()), place(&folder.path().join("file/t")));
    let error = write(&stores, &location, numbers(0, 3)).await.expect_err("a file is in the way");
    assert!(
        error.kind() != ErrorKind::Internal && error.kind() != ErrorKind::Corrupt,
        "{}",
        error.full()
    );
    assert!(error.to_string().contains("file"), "{error}");
}

/// A caller that goes away stops the replay: the kernel's thread ends with it.
#[tokio::test]
async fn an_abandoned_open_ends() {
    let folder = tempfile::tempdir().expect("a folder");
    let (stores, location) = (stores(folder.path()), place(&folder.path().join("t")));
    write(&stores, &location, numbers(0, 3)).await.expect("written");
    let (sender, ended) = std::sync::mpsc::channel();
    let work = move |engine: &crate::delta::kernel::TableEngine| {
        while !engine.cancel.is_cancelled() {
            std::thread::sleep(Duration::from_millis(1));
        }
        sender.send(()).map_err(|_| Error::internal("nobody listens"))
    };
    let open = crate::delta::kernel::run(&stores, &location, work);
    assert!(tokio::time::timeout(Duration::from_millis(50), open).await.is_err());
    let received = tokio::task::spawn_blocking(move || ended.recv_timeout(Duration::from_secs(10)));
    assert_eq!(received.await.expect("no panic"), Ok(()));
}

#[tokio::test]
async fn casts_to_the_types_delta_has() {
    let folder = tempfile::tempdir().expect("a folder");
    let (stores, location) = (stores(folder.path()), place(&folder.path().join("t")));
    let instant =
        TimestampNanosecondArray::from(vec![Some(1_234_567_891), None]).with_timezone("+02:00");
    let decimal =
        Decimal128Array::from(vec![Some(-12345), Some(7)]).with_precision_and_scale(30, 4);
    let rows = batch(vec![
        ("u", Arc::new(UInt64Array::from(vec![u64::MAX, 1]))),
        ("v", Arc::new(StringViewArray::from(vec![Some("é".repeat(60)), None]))),
        ("at", Arc::new(instant)),
        ("local", Arc::new(TimestampMicrosecondArray::from(vec![1_500, -1_500]))),
        ("d", Arc::new(decimal.expect("it fits"))),
        ("day", Arc::new(Date32Array::from(vec![-1, 19_000]))),
        ("f", Arc::new(Float64Array::from(vec![f64::NAN, 1.0]))),
    ]);
    write(&stores, &location, rows).await.expect("written");
    let snapshot = read(&stores, &location).await;
    let types: Vec<&DataType> =
        snapshot.schema.fields().iter().map(|field| field.data_type()).collect();
    let micros =
        |zone: Option<&str>| DataType::Timestamp(TimeUnit::Microsecond, zone.map(Into::into));
    let (utc, local) = (micros(Some("UTC")), micros(None));
    let expected = [
        &DataType::Decimal128(20, 0),
        &DataType::Utf8,
        &utc,
        &local,
        &DataType::Decimal128(30, 4),
        &DataType::Date32,
        &DataType::Float64,
    ];
    assert_eq!(types, expected);
    assert!(check_bounds(&snapshot).expect("bounds hold") > 0);
    let files = snapshot.files.joined();
    let bounded: Vec<usize> = files.bounds.iter().map(|bounds| bounds.column).collect();
    assert!(bounded.contains(&2), "instants have bounds: {bounded:?}");
    let at = files.bounds(2).expect("just seen");
    assert_eq!(at.min.as_primitive::<TimestampMicrosecondType>().value(0), 1_234_567);
    let floats = files.bounds(6).expect("null counts");
    assert!(floats.min.is_null(0) && floats.max.is_null(0), "NaN would be pruned away");
}

#[tokio::test]
async fn refuses_what_delta_cannot_have() {
    let folder = tempfile::tempdir().expect("a folder");
    let (stores, location) = (stores(folder.path()), place(&folder.path().join("t")));
    let one: ArrayRef = Arc::new(Int32Array::from(vec![1]));
    let time: ArrayRef = Arc::new(Time64MicrosecondArray::from(vec![1]));
    let cases: [(Vec<(&str, ArrayRef)>, &str); 3] = [
        (vec![("at", time)], "type Time64(µs) in a Delta table (column \"at\")"),
        (vec![("a", one.clone()), ("A", one.clone())], "column \"A\" is there twice"),
        (vec![("sum(x)", one)], "column \"sum(x)\" has a name"),
    ];
    for (columns, message) in cases {
        let error = write(&stores, &location, batch(columns)).await.expect_err("refused");
        assert!(error.to_string().contains(message), "{error}");
    }
    assert!(!folder.path().join("t").exists(), "nothing was written");
}

#[tokio::test]
async fn outside_the_roots_nothing_is_written() {
    let (inside, outside) =
        (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let (stores, location) = (stores(inside.path()), place(&outside.path().join("t")));
    let error = write(&stores, &location, numbers(0, 3)).await.expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert!(!outside.path().join("t").exists());
}

#[tokio::test]
async fn makes_way_for_others_and_stays_one_commit_each() {
    let folder = tempfile::tempdir().expect("a folder");
    let (stores, location) = (stores(folder.path()), place(&folder.path().join("t")));
    let writers = (1..=4).map(|n| write(&stores, &location, numbers(0, n)));
    let mut versions: Vec<u64> = futures::future::join_all(writers)
        .await
        .into_iter()
        .map(|w| w.expect("written").version)
        .collect();
    versions.sort_unstable();
    assert_eq!(versions, [0, 1, 2, 3]);
    assert_eq!(read(&stores, &location).await.files.len(), 1, "each replaces the one before");
}

#[tokio::test]
async fn schema_and_description_change_on_overwrite() {
    let folder = tempfile::tempdir().expect("a folder");
    let (stores, location) = (stores(folder.path()), place(&folder.path().join("t")));
    write(&stores, &location, numbers(0, 3)).await.expect("written");
    let comment = [("comment".to_string(), "the name".to_string())].into();
    let field = Field::new("name", DataType::Utf8, false).with_metadata(comment);
    let schema = Arc::new(Schema::new(vec![field]));
    let names: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
    let rows = RecordBatch::try_new(schema.clone(), vec![names]).expect("it fits");
    let options = OverwriteOptions {
        description: Some("one row per name".into()),
        ..OverwriteOptions::new(schema)
    };
    overwrite(&stores, &location, options, stream_of(vec![Ok(rows)])).await.expect("written");
    let snapshot = read(&stores, &location).await;
    let field = snapshot.schema.field(0);
    assert_eq!((field.name().as_str(), field.metadata()["comment"].as_str()), ("name", "the name"));
    let log = folder.path().join("t/_delta_log/00000000000000000001.json");
    assert!(fs::read_to_string(log).expect("a commit").contains("one row per name"));
    let old = open_version(&stores, &location, 0).await.expect("the old version opens");
    assert_eq!(old.schema.fields().len(), 2);
}

/// Files go together with their deletion vectors: left behind, their rows would come back.
#[tokio::test]
async fn deleted_rows_do_not_outlive_an_overwrite() {
    let Some(root) = super::conformance::data() else {
        println!("skipped: conformance data not found");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    super::hostile::copy(&root.join("delta-dat/deletion_vectors/delta"), &folder.path().join("t"));
    let (stores, location) = (stores(folder.path()), place(&folder.path().join("t")));
    let before = read(&stores, &location).await;
    assert!(!before.deletes.is_empty());
    write(&stores, &location, numbers(0, 3)).await.expect("written");
    let after = read(&stores, &location).await;
    assert_eq!((after.files.len(), after.deletes.len(), actual_rows(&after)), (1, 0, Ok(3)));
    let old = before.version.parse().expect("a number");
    let old = open_version(&stores, &location, old).await.expect("the old version opens");
    assert_eq!(old.deletes.len(), before.deletes.len());
}
