use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::datatypes::{DataType, Field, Schema};
use lakegate_base::{ErrorKind, Location, TableName};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::model::{Column, Database, Partition, Table};
use crate::{Catalog, CatalogOptions, Change, Expected, FolderState, arrow_schema, shapes};

fn open(path: &Path) -> lakegate_base::Result<Catalog> {
    Catalog::open(CatalogOptions { path: Some(path.to_path_buf()) })
}

fn memory() -> Catalog {
    Catalog::open(CatalogOptions { path: None }).expect("opens")
}

fn table(name: &str, columns: usize) -> Table {
    let fields: Vec<Field> =
        (0..columns).map(|i| Field::new(format!("Column_{i}"), DataType::Int64, true)).collect();
    let schema = Schema::new(fields);
    shapes::view(&TableName::new("default", name), "select 1", &schema).expect("shapes")
}

fn put(table: Table, expected: Expected) -> Change {
    Change::PutTable { table: Box::new(table), expected }
}

fn name(text: &str) -> TableName {
    TableName::new("default", text)
}

fn kind<T>(result: lakegate_base::Result<T>) -> Option<ErrorKind> {
    result.err().map(|e| e.kind())
}

#[tokio::test]
async fn versions_grow_and_old_ones_are_kept() {
    let catalog = memory();
    let start = catalog.snapshot().await.expect("reads");
    assert!(start.database("DEFAULT").is_some());
    catalog.apply(vec![put(table("Orders", 1), Expected::Absent)]).await.expect("created");
    catalog.apply(vec![put(table("orders", 2), Expected::Version(0))]).await.expect("updated");
    let stale = catalog.apply(vec![put(table("orders", 3), Expected::Version(0))]).await;
    assert_eq!(kind(stale), Some(ErrorKind::Conflict));
    let again = catalog.apply(vec![put(table("orders", 3), Expected::Absent)]).await;
    assert_eq!(kind(again), Some(ErrorKind::AlreadyExists));
    let snapshot = catalog.snapshot().await.expect("reads");
    assert_eq!(snapshot.version, start.version + 2);
    let orders = snapshot.table(&name("ORDERS")).expect("found");
    assert_eq!(orders.version_id.as_deref(), Some("1"));
    assert_eq!(arrow_schema(orders).expect("typed").field(1).name(), "column_1");
    assert!(start.table(&name("orders")).is_none(), "a snapshot never changes");
    let versions = catalog.table_versions(&name("orders")).await.expect("reads");
    let ids: Vec<&str> = versions.iter().map(|v| v.version_id.as_str()).collect();
    assert_eq!(ids, ["1", "0"]);
    assert_eq!(versions[1].table.storage_descriptor.columns.len(), 1);
}

#[tokio::test]
async fn a_failed_change_set_leaves_nothing() {
    let folder = TempDir::new().expect("folder");
    let catalog = open(&folder.path().join("new/catalog.db")).expect("opens");
    let before = catalog.snapshot().await.expect("reads").version;
    let location = Location::parse("s3://b/x").expect("valid");
    let changes = vec![
        Change::PutDatabase(Database::named("sales")),
        put(table("a", 1), Expected::Absent),
        Change::PutFolder(FolderState {
            location: location.clone(),
            fingerprint: "f".into(),
            learned: "[]".into(),
        }),
        put(table("b", 1), Expected::Version(7)),
    ];
    assert_eq!(kind(catalog.apply(changes).await), Some(ErrorKind::NotFound));
    let after = catalog.snapshot().await.expect("reads");
    assert_eq!(after.version, before);
    assert!(after.database("sales").is_none() && after.table(&name("a")).is_none());
    assert!(catalog.folders(&location).await.expect("reads").is_empty());
}

#[tokio::test]
async fn dropping_takes_partitions_and_versions_along() {
    let catalog = memory();
    let mut partitioned = table("events", 1);
    partitioned.partition_keys = vec![Column { name: "Day".into(), ..Column::default() }];
    let partition = |day: &str| Partition { values: vec![day.into()], ..Partition::default() };
    let partitions = vec![partition("2"), partition("1"), partition("2")];
    let changes = vec![
        put(partitioned.clone(), Expected::Absent),
        Change::PutPartitions { table: name("events"), partitions },
    ];
    catalog.apply(changes).await.expect("applied");
    let drop_one = Change::DropPartitions { table: name("events"), values: vec![vec!["1".into()]] };
    catalog.apply(vec![drop_one]).await.expect("applied");
    assert_eq!(catalog.partitions(&name("events")).await.expect("reads").len(), 1);
    let wrong = Partition { values: vec!["1".into(), "2".into()], ..Partition::default() };
    let wrong = Change::PutPartitions { table: name("events"), partitions: vec![wrong] };
    assert_eq!(kind(catalog.apply(vec![wrong]).await), Some(ErrorKind::InvalidInput));
    let again = vec![
        Change::DropTable { name: name("events"), expected: Expected::Version(0) },
        put(partitioned, Expected::Absent),
    ];
    catalog.apply(again).await.expect("applied");
    assert!(catalog.partitions(&name("events")).await.expect("reads").is_empty());
    assert_eq!(catalog.table_versions(&name("events")).await.expect("reads").len(), 1);
    catalog.apply(vec![Change::DropDatabase { name: "Default".into() }]).await.expect("dropped");
    assert_eq!(catalog.snapshot().await.expect("reads").all_tables().count(), 0);
}

#[tokio::test]
async fn another_process_is_seen_and_survives_reopening() {
    let folder = TempDir::new().expect("folder");
    let path = folder.path().join("catalog.db");
    let (serve, crawl) = (open(&path).expect("opens"), open(&path).expect("opens"));
    assert!(serve.snapshot().await.expect("reads").table(&name("a")).is_none());
    crawl.apply(vec![put(table("a", 1), Expected::Absent)]).await.expect("applied");
    let first = serve.snapshot().await.expect("reads");
    assert!(first.table(&name("a")).is_some());
    crawl.apply(vec![put(table("b", 1), Expected::Absent)]).await.expect("applied");
    let second = serve.snapshot().await.expect("reads");
    let same = |s: &crate::Snapshot| Arc::clone(s.table(&name("a")).expect("there"));
    assert!(Arc::ptr_eq(&same(&first), &same(&second)), "only what changed is read again");
    drop((serve, crawl));
    let reopened = open(&path).expect("opens").snapshot().await.expect("reads");
    assert_eq!(reopened.all_tables().count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_concurrent_writers_one_wins_each_version() {
    let folder = TempDir::new().expect("folder");
    let path = folder.path().join("catalog.db");
    let first = Arc::new(open(&path).expect("opens"));
    let second = Arc::new(open(&path).expect("opens"));
    first.apply(vec![put(table("t", 1), Expected::Absent)]).await.expect("created");
    let mut tasks = Vec::new();
    for i in 0..8 {
        let catalog = Arc::clone(if i % 2 == 0 { &first } else { &second });
        tasks.push(tokio::spawn(async move {
            let mut won = 0;
            while won < 5 {
                let snapshot = catalog.snapshot().await.expect("reads");
                let current = snapshot.table(&name("t")).expect("there");
                let expected = Expected::Version(current.version().expect("numbered"));
                match catalog.apply(vec![put(table("t", 2), expected)]).await {
                    Ok(_) => won += 1,
                    Err(e) => assert_eq!(e.kind(), ErrorKind::Conflict, "{}", e.full()),
                }
            }
        }));
    }
    for task in tasks {
        task.await.expect("finishes");
    }
    let snapshot = first.snapshot().await.expect("reads");
    assert_eq!(snapshot.table(&name("t")).expect("there").version(), Some(40));
}

#[tokio::test]
async fn ten_thousand_tables_list_without_opening_one() {
    let folder = TempDir::new().expect("folder");
    let path = folder.path().join("catalog.db");
    let catalog = open(&path).expect("opens");
    let changes = (0..10_000).map(|i| put(table(&format!("t{i}"), 50), Expected::Absent)).collect();
    catalog.apply(changes).await.expect("applied");
    catalog.snapshot().await.expect("reads");
    let start = Instant::now();
    let snapshot = catalog.snapshot().await.expect("reads");
    let columns: usize = snapshot.tables("default").map(|t| t.columns().count()).sum();
    assert_eq!(columns, 500_000);
    assert!(start.elapsed() < Duration::from_millis(500), "listing took {:?}", start.elapsed());
    catalog.apply(vec![put(table("t5", 1), Expected::Version(0))]).await.expect("applied");
    let start = Instant::now();
    let next = catalog.snapshot().await.expect("reads");
    assert_eq!(next.table(&name("t5")).expect("there").version(), Some(1));
    assert!(start.elapsed() < Duration::from_millis(500), "one change took {:?}", start.elapsed());
}

#[test]
fn bad_files_are_refused_untouched() {
    let folder = TempDir::new().expect("folder");
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("garbage.db"), "this is not a database, but long enough".repeat(100))
        .expect("writes");
    let error = open(&at("garbage.db")).err().expect("refused");
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.message().contains("garbage.db") && error.hint_text().is_some());

    let foreign = Connection::open(at("foreign.db")).expect("opens");
    foreign.execute_batch("CREATE TABLE mine (x)").expect("writes");
    let error = open(&at("foreign.db")).err().expect("refused");
    assert!(error.message().contains("another program"), "{error}");

    drop(open(&at("newer.db")).expect("opens"));
    let newer = Connection::open(at("newer.db")).expect("opens");
    newer.pragma_update(None, "user_version", 99).expect("writes");
    drop(newer);
    let error = open(&at("newer.db")).err().expect("refused");
    assert!(error.message().contains("newer Lakegate (schema 99"), "{error}");

    std::fs::create_dir(at("folder.db")).expect("creates");
    let error = open(&at("folder.db")).err().expect("refused");
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(!error.message().contains('\n') && error.message().contains("folder.db"));
}

#[tokio::test]
async fn folders_are_found_by_whole_segments() {
    let catalog = memory();
    let place = |text: &str| Location::parse(text).expect("valid");
    let state = |text: &str| {
        Change::PutFolder(FolderState {
            location: place(text),
            fingerprint: String::new(),
            learned: String::new(),
        })
    };
    let all = ["/lake/a", "/lake/a/100%25", "/lake/a b/c", "/lake/a-b", "s3://lake/a"];
    let version = catalog.snapshot().await.expect("reads").version;
    catalog.apply(all.iter().map(|text| state(text)).collect()).await.expect("applied");
    let found = catalog.folders(&place("/lake/a")).await.expect("reads");
    let found: Vec<Location> = found.into_iter().map(|f| f.location).collect();
    assert_eq!(found, [place("/lake/a"), place("/lake/a/100%25")]);
    assert_eq!(catalog.snapshot().await.expect("reads").version, version, "no visible change");
}
