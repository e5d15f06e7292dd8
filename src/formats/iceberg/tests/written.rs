//! Tables made for what no conformance table shows: the rules by which deletes find their data, refreshes,
//! hidden partitions, changed specs.

use arrow::array::{Int32Array, StringArray};
use arrow::datatypes::Int64Type;

use super::made::{File, Made};
use super::manifest::ManifestFile;
use super::*;
use crate::delete_files::read_positions;
use crate::index::tests::told;
use crate::{EqualityDeletes, PositionDeletes};

async fn opened(made: &Made) -> TableSnapshot {
    open(&made.stores(), &uncached(), &made.source()).await.expect("opens")
}

async fn refused(made: &Made) -> String {
    let outcome = open(&made.stores(), &uncached(), &made.source()).await;
    outcome.map(|_| ()).expect_err("refused").to_string()
}

/// By data file: the rows that vectors and positions delete.
async fn deleted(made: &Made, snapshot: &TableSnapshot) -> Vec<Vec<u64>> {
    let cache = PositionCache::new(1 << 20);
    let mut rows = Vec::new();
    for file in 0..snapshot.files.len() {
        let deletes = snapshot.deletes.get(&file).cloned().unwrap_or_default();
        let of_file = deleted_rows(&made.stores(), &cache, &deletes).await.expect("reads");
        rows.push(of_file.iter().collect());
    }
    rows
}

/// By data file: how many delete files concern it.
fn counts(snapshot: &TableSnapshot) -> Vec<(usize, usize)> {
    let count = |file| {
        let deletes: Option<&FileDeletes> = snapshot.deletes.get(&file);
        deletes.map_or((0, 0), |deletes| (deletes.positions.len(), deletes.equality.len()))
    };
    (0..snapshot.files.len()).map(count).collect()
}

#[tokio::test]
async fn positions_reach_data_that_is_not_younger() {
    let mut made = Made::new(&[None]);
    let (a, b) = (made.data("a.parquet", 10), made.data("b.parquet", 10));
    made.manifest(0, 1, &[a, File { sequence: Some(3), ..b }]);
    let both = made.positions("p1", &[("a.parquet", 1), ("a.parquet", 2), ("b.parquet", 0)]);
    let same_commit = made.positions("p2", &[("b.parquet", 5)]);
    let referenced = Some(made.path("b.parquet"));
    let only_b = File { referenced, sequence: Some(3), ..same_commit };
    let elsewhere = made.positions("p3", &[("a.parquet", 9)]);
    let bounds = Some((i32::MAX - 101, b"file:///x".to_vec(), b"file:///y".to_vec()));
    made.manifest(0, 2, &[both, only_b, File { bounds, ..elsewhere }]);
    made.commit();

    let snapshot = opened(&made).await;
    assert_eq!(counts(&snapshot), [(1, 0), (1, 0)]);
    assert_eq!(deleted(&made, &snapshot).await, [vec![1, 2], vec![5]]);
    assert_eq!(live_rows(&made.stores(), &snapshot).await, 17);
}

#[tokio::test]
async fn deletes_stay_in_their_partition() {
    let mut made = Made::new(&[Some(("identity", 1)), None]);
    let mut data = Vec::new();
    for (name, partition) in [("0.parquet", Some(0)), ("1.parquet", Some(1)), ("n", None)] {
        data.push(File { partition, ..made.data(name, 4) });
    }
    made.manifest(0, 1, &data);
    let positions = made.positions("p", &[("0.parquet", 3), ("1.parquet", 3), ("n", 3)]);
    let keys = File { partition: Some(1), ..made.keys("k1", &[2]) };
    let of_null = File { partition: None, ..made.keys("k2", &[2]) };
    made.manifest(0, 2, &[File { partition: Some(0), ..positions }, keys, of_null]);
    made.commit();
    let snapshot = opened(&made).await;
    assert_eq!(counts(&snapshot), [(1, 0), (0, 1), (0, 1)]);
    assert_eq!(deleted(&made, &snapshot).await, [vec![3], vec![], vec![]]);
    assert_eq!(live_rows(&made.stores(), &snapshot).await, 9);

    // Keys without a partition are for the whole table, but not for data of the same commit.
    let (everywhere, younger) = (made.keys("k3", &[0, 1]), made.data("y", 4));
    made.manifest(1, 3, &[everywhere, younger]);
    made.commit();
    let snapshot = opened(&made).await;
    assert_eq!(counts(&snapshot), [(1, 1), (0, 2), (0, 2), (0, 0)]);
    assert_eq!(live_rows(&made.stores(), &snapshot).await, 9 - 6 + 4);
}

#[tokio::test]
async fn a_vector_replaces_positions() {
    let mut made = Made::new(&[None]);
    let data = [made.data("a.parquet", 10), made.data("b.parquet", 10)];
    made.manifest(0, 1, &data);
    let positions = made.positions("p", &[("a.parquet", 1), ("b.parquet", 2)]);
    made.manifest(0, 2, &[positions, made.vector("v.puffin", "a.parquet", &[7, 8, 9])]);
    made.commit();
    let snapshot = opened(&made).await;
    assert_eq!(deleted(&made, &snapshot).await, [vec![7, 8, 9], vec![2]]);
    assert_eq!(snapshot.deletes[&0].rows(), Some(3));

    made.manifest(0, 3, &[made.vector("w.puffin", "a.parquet", &[1])]);
    made.commit();
    assert!(refused(&made).await.contains("has two deletion vectors"));
}

#[tokio::test]
async fn what_is_not_certain_is_refused() {
    let mut made = Made::new(&[None]);
    let (data, keys) = (made.data("a.parquet", 10), made.keys("k", &[1]));
    made.manifest(0, 2, &[File { status: 0, ..data }]);
    made.commit();
    assert_eq!(counts(&opened(&made).await), [(0, 0)]);
    made.manifest(0, 3, &[keys]);
    made.commit();
    assert!(refused(&made).await.contains("a.parquet has no sequence number"));

    let with_keys = async |change: fn(&mut File)| {
        let mut made = Made::new(&[None]);
        let (data, mut keys) = (made.data("a.parquet", 10), made.keys("k", &[1]));
        change(&mut keys);
        made.manifest(0, 1, &[data]);
        made.manifest(0, 2, &[keys]);
        made.commit();
        refused(&made).await
    };
    let message = with_keys(|keys| keys.equality_ids = Some(vec![7])).await;
    assert!(message.contains("not supported: equality deletes by field 7"), "{message}");
    let message = with_keys(|keys| keys.equality_ids = None).await;
    assert!(message.contains("have no columns"), "{message}");
    let message = with_keys(|keys| keys.format = "orc").await;
    assert!(message.contains("not supported: delete files in ORC"), "{message}");
    let message = with_keys(|keys| keys.path = "/elsewhere/k".to_string()).await;
    assert!(message.contains("outside the configured roots"), "{message}");
}

#[tokio::test]
async fn keys_outside_a_files_bounds_do_not_concern_it() {
    let mut made = Made::new(&[None]);
    let bounds = |lower: i64, upper: i64| {
        Some((1, lower.to_le_bytes().to_vec(), upper.to_le_bytes().to_vec()))
    };
    let (low, high) = (made.data("a.parquet", 10), made.data("b.parquet", 10));
    let data = [File { bounds: bounds(0, 9), ..low }, File { bounds: bounds(10, 19), ..high }];
    made.manifest(0, 1, &data);
    made.manifest(0, 2, &[File { bounds: bounds(5, 9), ..made.keys("k", &[5, 9]) }]);
    made.commit();
    assert_eq!(counts(&opened(&made).await), [(0, 1), (0, 0)]);
}

#[tokio::test]
async fn keys_come_as_todays_columns() {
    let mut made = Made::new(&[None]);
    made.schema = serde_json::json!([
        {"id": 4, "name": "late", "required": false, "type": "int", "initial-default": 7},
        {"id": 1, "name": "renamed", "required": true, "type": "long"},
    ]);
    let data = made.data("a.parquet", 3);
    made.manifest(0, 1, &[data]);
    let ids: ArrayRef = Arc::new(Int32Array::from(vec![Some(2), None]));
    let other: ArrayRef = Arc::new(StringArray::from(vec!["x", "y"]));
    let keys = made.parquet("k", &[("other", 9, other), ("id", 1, ids)], 2);
    made.manifest(0, 2, &[File { equality_ids: Some(vec![4, 1]), ..keys }]);
    made.commit();
    let snapshot = opened(&made).await;
    let equality: &EqualityDeletes = &snapshot.deletes[&0].equality[0];
    assert_eq!(equality.columns, [0, 1]);
    let keys = read_keys(&made.stores(), &snapshot.schema, equality).await.expect("reads");
    let expected = ["7|2", "7|"];
    assert_eq!(texts(keys.columns()).collect::<Vec<_>>(), expected);
    assert_eq!(keys.schema().field(1).name(), "renamed");
    assert_eq!(keys.column(1).data_type(), &DataType::Int64);
}

#[tokio::test]
async fn hidden_partitions_bound_their_columns() {
    let mut made = Made::new(&[Some(("truncate[10]", 1)), Some(("identity", 1)), None]);
    let (a, b) = (made.data("a.parquet", 1), made.data("b.parquet", 1));
    let (c, d) = (made.data("c.parquet", 1), made.data("d.parquet", 1));
    made.manifest(0, 1, &[File { partition: Some(20), ..a }, b]);
    made.manifest(1, 1, &[File { partition: Some(5), ..c }]);
    made.manifest(2, 1, &[d]);
    made.commit();
    let snapshot = opened(&made).await;
    let bounds = &snapshot.files.joined().bounds[0];
    let values =
        |array: &ArrayRef| array.as_primitive::<Int64Type>().iter().collect::<Vec<Option<i64>>>();
    assert_eq!(values(&bounds.min), [Some(20), None, Some(5), None]);
    assert_eq!(values(&bounds.max), [Some(29), None, Some(5), None]);
    assert_eq!(bounds.nulls.iter().collect::<Vec<_>>(), [Some(0), Some(1), Some(0), None]);
    // One spec carries the value itself: there the file may lack the column.
    assert!(snapshot.files.partitions.is_empty());
    assert_eq!(snapshot.files.constants, [0]);
    let constants = snapshot.files.chunks().map(|(_, chunk)| chunk.partition(0).map(values));
    assert_eq!(constants.collect::<Vec<_>>(), [None, Some(vec![Some(5)]), None]);
    assert!(snapshot.schema.field(0).metadata().contains_key(REQUIRED_IN_FILE));
}

#[tokio::test]
async fn a_refresh_reads_only_new_manifests() {
    let mut made = Made::new(&[None]);
    for name in ["a.parquet", "b.parquet", "c.parquet"] {
        made.manifest(0, 1, &[made.data(name, 2)]);
    }
    made.commit();
    let (stores, source, cache) = (made.stores(), made.source(), ManifestCache::new(1 << 20));
    let first = open(&stores, &cache, &source).await.expect("opens");
    assert!(refresh(&stores, &cache, &source, &first).await.expect("reads").is_none());
    assert_eq!((cache.usage().hits, cache.usage().misses), (0, 3));

    made.manifest(0, 2, &[made.vector("v.puffin", "c.parquet", &[1])]);
    made.commit();
    let second = refresh(&stores, &cache, &source, &first).await.expect("reads").expect("changed");
    assert_eq!((second.files.len(), counts(&second)[2]), (3, (1, 0)));
    let usage = cache.usage();
    assert_eq!((usage.hits, usage.misses, usage.entries), (3, 4, 4));
    assert!(usage.bytes > 1000 && usage.bytes < usage.bytes_max);
}

/// One commit; the function makes a data file.
type Step = fn(&mut Made, &dyn Fn(&Made, &str) -> File);

/// Everything that commits do, one after the other: a refreshed snapshot is the one opened afresh.
#[tokio::test]
async fn a_refresh_is_an_open() {
    let mut made = Made::new(&[None]);
    let data = |made: &Made, name: &str| File { sequence: Some(1), ..made.data(name, 4) };
    let steps: [Step; 9] = [
        |made, data| made.manifest(0, 2, &[data(made, "e")]),
        |made, _| {
            let positions = made.positions("p", &[("a", 1), ("e", 2)]);
            let vector = made.vector("v", "c", &[0, 3]);
            made.manifest(0, 3, &[positions, vector, made.keys("k", &[1, 2])]);
        },
        // `b` and `c` go, and with them the vector.
        |made, data| {
            made.drop_manifest(0);
            made.manifest(0, 4, &[File { status: 0, ..data(made, "a") }]);
        },
        |made, data| made.manifest(0, 5, &[File { sequence: None, ..data(made, "b") }]),
        |made, _| {
            made.schema = serde_json::json!([
                {"id": 3, "name": "new", "required": false, "type": "string"},
                {"id": 1, "name": "renamed", "required": false, "type": "long"},
            ]);
        },
        |made, data| {
            made.specs.push(Some(("identity", 1)));
            let (f, g) = (data(made, "f"), data(made, "g"));
            made.manifest(1, 6, &[File { partition: Some(7), ..f }, File { partition: None, ..g }]);
        },
        // Only files that carry the column are left.
        |made, _| (0..5).for_each(|_| made.drop_manifest(0)),
        |made, data| {
            for file in 0..70 {
                let own = File { partition: Some(file), ..data(made, &format!("h{file}")) };
                made.manifest(1, 7, &[own]);
            }
        },
        |made, data| {
            (0..71).for_each(|_| made.drop_manifest(0));
            made.manifest(1, 8, &[File { partition: Some(1), ..data(made, "i") }]);
        },
    ];
    made.manifest(0, 1, &["a", "b", "c"].map(|name| data(&made, name)));
    made.manifest(0, 1, &[data(&made, "d")]);
    made.commit();
    let (stores, source, cache) = (made.stores(), made.source(), ManifestCache::new(1 << 20));
    let mut current = open(&stores, &cache, &source).await.expect("opens");
    let mut files = Vec::new();
    for step in steps {
        step(&mut made, &data);
        made.commit();
        let after = refresh(&stores, &cache, &source, &current).await;
        current = after.expect("reads").expect("changed");
        let opened = opened(&made).await;
        assert_eq!((&current.version, &current.schema), (&opened.version, &opened.schema));
        let columns =
            |of: &TableSnapshot| (of.files.partitions.clone(), of.files.constants.clone());
        assert_eq!(columns(&current), columns(&opened));
        assert_eq!(told(&current), told(&opened));
        files.push((current.files.len(), current.files.chunks().count(), columns(&current)));
    }
    let (none, carried, mixed) = ((vec![], vec![]), (vec![1], vec![]), (vec![], vec![1]));
    let expected = [
        (5, 3, none.clone()),
        (5, 3, none.clone()),
        (3, 3, none.clone()),
        (4, 4, none.clone()),
        (4, 4, none),
        (6, 5, mixed),
        (2, 1, carried.clone()),
        (72, 1, carried.clone()),
        (1, 1, carried),
    ];
    assert_eq!(files, expected);
}

/// A chunk of files is kept once, whoever has it.
#[tokio::test]
async fn snapshots_and_the_cache_share_what_is_read() {
    let mut made = Made::new(&[None]);
    made.manifest(0, 1, &[made.data("a", 2)]);
    made.commit();
    let (stores, source, cache) = (made.stores(), made.source(), ManifestCache::new(1 << 20));
    let before = open(&stores, &cache, &source).await.expect("opens");
    made.manifest(0, 2, &[made.data("b", 2)]);
    made.commit();
    let after = open(&stores, &cache, &source).await.expect("opens");
    let first =
        |snapshot: &TableSnapshot| Arc::clone(snapshot.files.chunks().next().expect("one").1);
    assert!(Arc::ptr_eq(&first(&before), &first(&after)));
}

#[tokio::test]
async fn a_file_of_positions_is_read_once() {
    let made = Made::new(&[None]);
    made.positions("p", &[("a", 1), ("b", 1 << 33), ("b", 2), ("a", 4)]);
    let location = Location::parse(&made.path("p")).expect("a location");
    let cache = PositionCache::new(1 << 20);
    for (data_path, rows) in [("a", vec![1, 4]), ("b", vec![2, 1 << 33]), ("c", vec![])] {
        let data_path = made.path(data_path);
        let file = PositionDeletes::File { location: location.clone(), bytes: 1, data_path };
        let deletes = FileDeletes { positions: vec![Arc::new(file)], equality: Vec::new() };
        let found = deleted_rows(&made.stores(), &cache, &deletes).await.expect("reads");
        assert_eq!(found.iter().collect::<Vec<_>>(), rows);
    }
    assert_eq!((cache.usage().misses, cache.usage().hits), (1, 2));

    made.positions("negative", &[("a", -1)]);
    let location = Location::parse(&made.path("negative")).expect("a location");
    let error = read_positions(&made.stores(), &location).await.expect_err("refused");
    assert!(error.message().contains("negative: it is damaged: a position is negative"), "{error}");
}

/// A table that grew by one manifest a commit, joined from what the cache keeps.
#[test]
fn many_files_are_joined_quickly() {
    let made = Made::new(&[None]);
    let metadata = serde_json::json!({
        "format-version": 2,
        "location": made.path("").trim_end_matches('/'),
        "schema": {"type": "struct", "fields": made.schema},
        "partition-specs": [{"spec-id": 0, "fields": []}],
    });
    let location = Location::parse("/metadata.json").expect("a location");
    let metadata = metadata::parse(metadata.to_string().as_bytes(), &location).expect("valid");
    let version = metadata.version(&AsOf::Latest).expect("a version");
    let paths = Paths::new(&made.source().location, &metadata.location);
    let layout = Layout::new(&metadata, &version.columns, paths);
    let part = |number: i64| {
        let file = |at: i64| File {
            path: made.path(&format!("data/part-{number:05}-{at:05}-c000.snappy.parquet")),
            format: "PARQUET",
            rows: 1000,
            bytes: 1 << 20,
            status: 1,
            bounds: Some((1, at.to_le_bytes().to_vec(), (at + 9).to_le_bytes().to_vec())),
            ..File::default()
        };
        let files: Vec<File> = (0..1000).map(file).collect();
        let bytes = made::manifest_of(&files, false);
        let manifest =
            ManifestFile { path: String::new(), spec_id: Some(0), entries: None, sequence: 1 };
        Arc::new(Part::read(&layout, &manifest, &location, &bytes).expect("reads"))
    };
    let parts: Vec<Arc<Part>> = (0..300).map(part).collect();
    let start = Instant::now();
    let index = Index::new(&layout, &parts).expect("joins");
    let deletes = deletes::assign(&layout, &version.columns, &parts).expect("none");
    let took = start.elapsed();
    let bytes: u64 = parts.iter().map(|part| part.bytes()).sum();
    eprintln!("300,000 files: joined in {took:?}, {} bytes a file kept", bytes / 300_000);
    assert!(index.files.len() == 300_000 && deletes.is_empty());
    assert!(took < Duration::from_secs(1), "took {took:?}");
}

#[test]
fn survives_damaged_delete_files() {
    let made = Made::new(&[None]);
    made.positions("p", &[("a", 1), ("b", 2)]);
    made.keys("k", &[1, 2, 3]);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let (stores, source) = (made.stores(), made.source());
    let place = source.location.join("damaged").expect("a location");
    let id = Field::new("id", DataType::Int64, true)
        .with_metadata([(FIELD_ID.to_string(), "1".to_string())].into());
    let schema = Arc::new(Schema::new(vec![id]));
    let equality = EqualityDeletes { location: place.clone(), bytes: 1, columns: vec![0] };
    for name in ["p", "k"] {
        let intact = std::fs::read(made.folder.path().join(name)).expect("readable");
        damage::damage(&intact, |bytes| {
            std::fs::write(made.folder.path().join("damaged"), bytes).expect("written");
            let error = runtime.block_on(async {
                match name {
                    "p" => read_positions(&stores, &place).await.err(),
                    _ => read_keys(&stores, &schema, &equality).await.err(),
                }
            });
            assert!(bytes.len() == intact.len() || error.is_some(), "a cut file was read");
            if let Some(error) = error {
                assert!(error.message().starts_with("delete file file:///"), "{error}");
            }
        });
    }
}
