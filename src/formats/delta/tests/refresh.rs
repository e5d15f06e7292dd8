//! A table brought up to date is the table opened anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use lakegate_store::Stores;
use serde_json::json;

use super::conformance::{data, folders};
use super::hostile::{Table, metadata, plain};
use super::{place, source, stores};
use crate::delta::apply::apply;
use crate::delta::files::{IndexBuilder, Indexed};
use crate::delta::layout::{Layout, LogColumn};
use crate::delta::log::{LogFile, PartitionValues};
use crate::delta::refresh::{actions, follow};
use crate::delta::{Refreshed, open, refresh};
use crate::index::tests::told;
use crate::{Encoding, FileDeletes, MatchBy, TableSnapshot};

struct Steps {
    versions: usize,
    /// Those that took the new commit alone.
    followed: usize,
}

/// A copy of the table's log grows file by file; after each, refreshing is opening.
async fn grow(stores: &Stores, log: &Path, table: &Path) -> Steps {
    let copy = table.join("_delta_log");
    fs::create_dir_all(&copy).expect("a folder");
    let mut names: Vec<String> = fs::read_dir(log)
        .expect("a log")
        .flatten()
        .filter(|entry| entry.path().is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.as_bytes()[0].is_ascii_digit())
        .collect();
    // A checkpoint comes after its commit.
    names.sort_by_key(|name| (name[..20].to_string(), name.len() != 25, name.clone()));
    let commits: Vec<String> = names.iter().filter(|n| n.len() == 25).cloned().collect();
    names.retain(|name| commits.iter().any(|commit| commit[..20] == name[..20]));
    super::hostile::copy_files(&log.join("_sidecars"), &copy.join("_sidecars"));
    let (location, mut steps) = (place(table), Steps { versions: 0, followed: 0 });
    let mut current: Option<TableSnapshot> = None;
    for name in names {
        fs::write(copy.join(&name), fs::read(log.join(&name)).expect("readable")).expect("written");
        let opened = open(stores, &source(&location)).await;
        let (Some(before), Ok(opened)) = (current.take(), &opened) else {
            current = opened.ok();
            continue;
        };
        steps.versions += usize::from(before.version != opened.version);
        let followed = follow(stores, &before).await;
        steps.followed += usize::from(matches!(followed, Ok(Refreshed::Changed(_))));
        let after = match refresh(stores, &before).await.expect("it opens") {
            Refreshed::Changed(after) => *after,
            Refreshed::Unchanged => before,
        };
        assert_eq!(after.version, opened.version, "{name} of {}", log.display());
        assert_eq!(after.schema, opened.schema);
        assert_eq!(told(&after), told(opened), "{name} of {}", log.display());
        current = Some(after);
    }
    steps
}

#[tokio::test]
async fn growing_tables_are_followed() {
    let Some(root) = data() else {
        println!("skipped: conformance data not found");
        return;
    };
    let (mut tables, mut versions, mut followed) = (0, 0, 0);
    for case in ["delta-golden", "delta-dat"].iter().flat_map(|set| folders(&root.join(set))) {
        let log = case.join("delta/_delta_log");
        // Their checkpoints know less than the commits they stand for.
        let forgetful = ["no_stats", "stats_as_struct"].iter().any(|name| case.ends_with(name));
        if !log.is_dir() || forgetful {
            continue;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let steps = grow(&stores(folder.path()), &log, &folder.path().join("t")).await;
        tables += usize::from(steps.versions > 0);
        versions += steps.versions;
        followed += steps.followed;
    }
    println!("{tables} tables grew by {versions} versions, {followed} of them followed");
    assert!(followed * 2 > versions, "{followed} of {versions}");
}

async fn opened(table: &Table) -> (Stores, TableSnapshot) {
    let snapshot = table.open().await.expect("it opens");
    (stores(table.folder.path()), snapshot)
}

async fn changed(stores: &Stores, before: &TableSnapshot) -> TableSnapshot {
    match refresh(stores, before).await.expect("it opens") {
        Refreshed::Changed(after) => *after,
        Refreshed::Unchanged => unreachable!("it did change"),
    }
}

#[tokio::test]
async fn a_table_made_anew_is_seen() {
    let table = Table::of(&[plain("a")]);
    fs::write(table.commit(1), plain("b")).expect("written");
    let (stores, before) = opened(&table).await;
    assert!(matches!(refresh(&stores, &before).await, Ok(Refreshed::Unchanged)));
    // The same versions, sizes and all, but other files; then fewer versions.
    fs::remove_file(table.commit(1)).expect("removed");
    fs::write(table.commit(1), plain("c")).expect("written");
    let after = changed(&stores, &before).await;
    assert!(after.files.joined().paths.iter().flatten().any(|path| path.ends_with("/c")));
    fs::remove_file(table.commit(1)).expect("removed");
    assert_eq!(changed(&stores, &after).await.version, "0");
    fs::remove_dir_all(table.log()).expect("removed");
    assert!(refresh(&stores, &after).await.expect_err("it is gone").is_not_found());
}

/// Whether a commit on top of files `a` and `b` is applied alone; either way the table is as if opened.
async fn follows(lines: &[String]) -> bool {
    let table = Table::of(&[plain("a"), plain("b")]);
    let (stores, before) = opened(&table).await;
    fs::write(table.commit(1), lines.join("\n")).expect("written");
    let followed = follow(&stores, &before).await.is_ok();
    match (refresh(&stores, &before).await, table.open().await) {
        (Ok(Refreshed::Changed(after)), Ok(opened)) => assert_eq!(told(&after), told(&opened)),
        (Err(after), Err(opened)) => assert_eq!(after.to_string(), opened.to_string()),
        (after, opened) => unreachable!("{lines:?}: {after:?}, not {opened:?}"),
    }
    followed
}

fn remove(path: &str) -> String {
    json!({"remove": {"path": path, "dataChange": true, "deletionTimestamp": 1}}).to_string()
}

#[tokio::test]
async fn only_plain_commits_are_applied_alone() {
    let vector = json!({"storageType": "u", "pathOrInlineDv": "vBn[lx{q8@P<9BNH/isA", "offset": 1,
        "sizeInBytes": 34, "cardinality": 1});
    let with_vector = |action: String, name: &str| {
        let mut action: serde_json::Value = serde_json::from_str(&action).expect("JSON");
        action[name]["deletionVector"] = vector.clone();
        action.to_string()
    };
    let plainly: [&[String]; 6] = [
        &[plain("c")],
        &[remove("a"), plain("c%20d")],
        &[remove("a"), remove("b")],
        &[with_vector(plain("a"), "add"), remove("a")],
        // The same file again tells its statistics anew.
        &[plain("b")],
        &[r#"{"txn":{"appId":"x","version":1}}"#.to_string(), String::new()],
    ];
    for lines in plainly {
        assert!(follows(lines).await, "{lines:?}");
    }
    let doubtful: [&[String]; 11] = [
        &[remove("x")],
        &[with_vector(remove("a"), "remove")],
        &[plain("a"), remove("a")],
        &[plain("c"), plain("c")],
        &[plain("./c")],
        &[plain("../c")],
        &[plain("/etc/c")],
        &[metadata(&[("n", "long"), ("m", "long")], &[])],
        &[r#"{"madeUp":{}}"#.to_string()],
        &[plain("c")[..9].to_string()],
        &[plain("c") + "garbage"],
    ];
    for lines in doubtful {
        assert!(!follows(lines).await, "{lines:?}");
    }
}

/// Several commits at once, which take back what the ones before did.
#[tokio::test]
async fn news_are_told_in_order() {
    let table = Table::of(&[plain("a"), plain("b"), plain("c")]);
    let (stores, before) = opened(&table).await;
    let commits = [
        vec![remove("a"), plain("d"), plain("b")],
        vec![plain("a"), remove("d"), remove("b")],
        vec![remove("a"), plain("e"), plain("d")],
    ];
    for (version, lines) in commits.iter().enumerate() {
        fs::write(table.commit(version + 1), lines.join("\n")).expect("written");
    }
    let Ok(Refreshed::Changed(after)) = follow(&stores, &before).await else {
        unreachable!("plain commits");
    };
    assert_eq!((after.version.as_str(), after.files.len()), ("3", 3));
    assert_eq!(told(&after), told(&table.open().await.expect("it opens")));
}

/// A table of many files with a partition column and the statistics of four columns.
fn many(files: usize) -> (TableSnapshot, Layout) {
    let types = [
        ("day", DataType::Date32),
        ("id", DataType::Int64),
        ("name", DataType::Utf8),
        ("at", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))),
        ("n", DataType::Int32),
    ];
    let fields: Vec<Field> = types.into_iter().map(|(n, t)| Field::new(n, t, true)).collect();
    let columns = fields
        .iter()
        .map(|f| LogColumn { name: f.name().clone(), partition: f.name() == "day" })
        .collect();
    let layout = Layout { schema: Arc::new(Schema::new(fields)), columns };
    let location = lakegate_base::Location::parse("s3://lake/warehouse/sales/orders").expect("one");
    let mut index = IndexBuilder::new(&location, &layout);
    for file in 0..files {
        let (day, id) =
            (file % 28 + 1, uuid::Uuid::from_u128(file as u128 * 0x1234_5678_9ABC_DEF1));
        let path = format!("day=2024-02-{day:02}/part-{:05}-{id}.c000.snappy.parquet", file % 200);
        let stats = format!(
            r#"{{"numRecords":9,"minValues":{{"id":{file},"name":"a{file}","at":"2024-02-01T00:00:00.000Z","n":1}},"maxValues":{{"id":{file},"name":"z{file}","at":"2024-02-28T00:00:00.000Z","n":2}},"nullCount":{{"id":0,"name":1,"at":0,"n":0}}}}"#
        );
        let values = [("day".to_string(), Some(format!("2024-02-{day:02}")))].into();
        let partitions = PartitionValues::Committed(&values);
        let (size, modified_ms, stats) = (Some(7), Some(1), Some(stats.as_str()));
        let file = LogFile { path: &path, size, modified_ms, stats, deletes: None, partitions };
        index.push(&file).expect("a plain file");
    }
    let Indexed { files, deletes, .. } = index.finish().expect("plain files");
    let snapshot = TableSnapshot {
        location: location.clone(),
        version: "1".to_string(),
        schema: layout.schema.clone(),
        encoding: Encoding::Parquet(MatchBy::Name),
        files,
        deletes,
        defaults: BTreeMap::new(),
        origin: None,
    };
    (snapshot, layout)
}

/// Each commit comes as a chunk; many are merged, and removing empties them.
#[tokio::test]
async fn many_small_commits_stay_few_chunks() {
    let table = Table::of(&[plain("first")]);
    let (stores, mut current) = opened(&table).await;
    let mut most = 0;
    for version in 1..150 {
        let mut lines = vec![plain(&format!("f{version}"))];
        if version % 3 == 0 {
            lines.push(remove(&format!("f{}", version / 3)));
        }
        fs::write(table.commit(version), lines.join("\n")).expect("written");
        let Ok(Refreshed::Changed(after)) = follow(&stores, &current).await else {
            unreachable!("plain commits");
        };
        current = *after;
        most = most.max(current.files.chunks().count());
    }
    assert!((20..70).contains(&most), "{most} chunks");
    assert_eq!(told(&current), told(&table.open().await.expect("it opens")));
}

#[test]
fn one_commit_on_many_files_is_little_work() {
    let (mut before, layout) = many(300_000);
    let paths = before.files.joined().paths;
    let path = |file: usize| paths.value(file)["warehouse/sales/orders/".len()..].to_string();
    let mut lines: Vec<String> = [7, 150_000, 299_999].map(|file| remove(&path(file))).to_vec();
    let add = |n: usize| {
        json!({"add": {"path": format!("day=2024-02-01/new-{n}.parquet"), "size": 1, "dataChange": true,
            "partitionValues": {"day": "2024-02-01"}, "modificationTime": 5, "stats": "{\"numRecords\":1}"}})
    };
    lines.extend((0..5).map(|n| add(n).to_string()));
    let commit = lines.join("\n");
    before.deletes = [6, 8, 150_001].map(|file| (file, FileDeletes::default())).into();
    let mut least = Duration::MAX;
    for _ in 0..15 {
        let start = Instant::now();
        let actions = actions(commit.as_bytes()).expect("plain actions");
        let (files, deletes) = apply(&before, &layout, vec![actions]).expect("plain actions");
        least = least.min(start.elapsed());
        assert_eq!(deletes.into_keys().collect::<Vec<_>>(), [6, 7, 149_999]);
        let shared = before
            .files
            .chunks()
            .filter(|(_, old)| files.chunks().any(|(_, new)| Arc::ptr_eq(old, new)));
        assert_eq!(shared.count(), before.files.chunks().count() - 3);
        let joined = files.joined();
        assert_eq!((joined.len(), joined.rows.value(299_997)), (300_002, 1));
        assert_eq!(joined.paths.value(7), paths.value(8));
        assert_eq!(joined.paths.value(149_999), paths.value(150_001));
    }
    println!("300,000 files, one commit: {least:?}");
    assert!(least < Duration::from_millis(50), "{least:?}");
}
