use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray};

use super::Lake;

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, a)| (n, a, true)))
        .expect("a batch")
}

fn ints(values: &[i32]) -> ArrayRef {
    Arc::new(Int32Array::from(values.to_vec()))
}

fn longs(values: &[i64]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

fn texts(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

#[tokio::test]
async fn files_of_one_table_may_differ() {
    let lake = Lake::new();
    let old = batch(vec![("id", ints(&[1, 2])), ("name", texts(&["a", "b"]))]);
    let new = batch(vec![
        ("extra", texts(&["x", "y"])),
        ("name", texts(&["c", "d"])),
        ("id", longs(&[3, 5_000_000_000])),
    ]);
    lake.table("t", &[old, new]).await;
    let rows = lake.query("SELECT id, name, extra FROM t ORDER BY id").await;
    let rows: Vec<Vec<&str>> =
        rows.lines().map(|row| row.split('|').map(str::trim).collect()).collect();
    assert_eq!(rows[0], ["1", "a", ""]);
    assert_eq!(rows[3], ["5000000000", "d", "y"]);
    assert_eq!(lake.query("SELECT count(*) FROM t WHERE id > 2 AND extra = 'y'").await, "1");
    assert_eq!(lake.query("SELECT count(*) FROM t WHERE extra IS NULL").await, "2");
}

#[tokio::test]
async fn partitions_come_from_folders() {
    let lake = Lake::new();
    for (day, id) in [("2024-01-01", 1), ("2024-01-02", 2), ("__HIVE_DEFAULT_PARTITION__", 3)] {
        let folder = lake.path("p").join(format!("day={day}"));
        std::fs::create_dir_all(&folder).expect("a folder");
        super::write(&folder.join("f.parquet"), &batch(vec![("id", ints(&[id]))]));
    }
    lake.attach("p").await.expect("a table");
    assert_eq!(lake.query("SELECT id FROM p WHERE day = DATE '2024-01-02'").await, "2");
    assert_eq!(lake.query("SELECT id FROM p WHERE day IS NULL").await, "3");
    assert_eq!(lake.query("SELECT max(day) FROM p").await, "2024-01-02");
}

#[tokio::test]
async fn text_csv_and_json_keep_every_row() {
    let lake = Lake::new();
    let file = |table: &str, name: &str, content: &str| {
        std::fs::create_dir_all(lake.path(table)).expect("a folder");
        std::fs::write(lake.path(table).join(name), content).expect("written");
    };
    file("lines", "a.txt", "one\n\n\"two, three\r\nlast");
    file("rows", "a.csv", "id,note\n1,\"a\nb\"\n2,\n3,\"x\"\"y\"\n");
    file("objects", "a.json", "{\"a\":1,\"b\":{\"c\":\"x\"}}\n{\"a\":2}\n");
    for table in ["lines", "rows", "objects"] {
        lake.attach(table).await.expect("a table");
    }
    assert_eq!(lake.query("SELECT count(*), max(length(line)) FROM lines").await, "4 | 11");
    assert_eq!(
        lake.query("SELECT count(*), sum(id), max(length(note)) FROM rows").await,
        "3 | 6 | 3"
    );
    assert_eq!(lake.query("SELECT sum(a) FROM objects WHERE b['c'] = 'x'").await, "1");
}

#[tokio::test]
async fn a_damaged_file_is_an_error_with_its_name() {
    let lake = Lake::new();
    lake.table("t", &[batch(vec![("id", ints(&[1]))])]).await;
    std::fs::write(lake.path("t").join("part-1.parquet"), b"PAR1 this is no footer PAR1")
        .expect("written");
    let answer = lake.query("SELECT sum(id) FROM t").await;
    assert!(answer.starts_with("Corrupt"), "{answer}");
}
