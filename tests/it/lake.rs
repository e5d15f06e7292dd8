//! A small lake of plain files, the same for every test.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use tempfile::TempDir;

/// A working directory of its own, with the tables below `files/`.
pub fn directory_with_lake() -> TempDir {
    let directory = TempDir::new().expect("a temporary directory");
    write(&directory.path().join("files"));
    directory
}

/// - `orders`: Parquet by `day=…`, two days of three rows
/// - `items`: CSV with a header and quoted text
/// - `events`: JSON lines
pub fn write(files: &Path) {
    for (day, first) in [("2026-01-01", 1), ("2026-01-02", 4)] {
        let folder = files.join("orders").join(format!("day={day}"));
        write_parquet(&folder.join("part-0.parquet"), &orders(first));
    }
    write_text(
        &files.join("items/items.csv"),
        "id,title,price\n1,\"Café, small\",2.5\n2,Tea,3.0\n3,\"The \"\"best\"\" cake\",4.25\n",
    );
    write_text(
        &files.join("events/events.json"),
        "{\"id\":1,\"kind\":\"view\"}\n{\"id\":2,\"kind\":\"buy\"}\n{\"id\":3,\"kind\":null}\n",
    );
}

/// Queries over the lake, crawled into the database `files`, and their rows as CSV.
pub const ANSWERS: [(&str, &[&str]); 4] = [
    (
        "SELECT count(*), sum(amount), min(day), max(day) FROM files.orders",
        &["6,21.0,2026-01-01,2026-01-02"],
    ),
    (
        "SELECT day, count(*) FROM files.orders WHERE id > 2 GROUP BY day ORDER BY day",
        &["2026-01-01,1", "2026-01-02,3"],
    ),
    (
        "SELECT o.id, i.title FROM files.orders o JOIN files.items i ON i.id = o.item_id \
         WHERE o.id IN (1, 3) ORDER BY o.id",
        &["1,\"Café, small\"", "3,\"The \"\"best\"\" cake\""],
    ),
    (
        "SELECT kind, count(*) FROM files.events GROUP BY kind ORDER BY kind NULLS LAST",
        &["buy,1", "view,1", ",1"],
    ),
];

pub fn orders(first: i64) -> RecordBatch {
    let ids: Vec<i64> = (first..first + 3).collect();
    let amounts = Float64Array::from_iter_values((first..first + 3).map(|id| id as f64));
    let items = Int64Array::from_iter_values(ids.iter().map(|id| (id - 1) % 3 + 1));
    RecordBatch::try_from_iter([
        ("id", Arc::new(Int64Array::from(ids)) as ArrayRef),
        ("item_id", Arc::new(items)),
        ("amount", Arc::new(amounts)),
        ("note", Arc::new(StringArray::from(vec![Some("á"), None, Some("")]))),
    ])
    .expect("a batch")
}

pub fn write_parquet(path: &Path, batch: &RecordBatch) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("created");
    let file = File::create(path).expect("created");
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).expect("a writer");
    writer.write(batch).expect("written");
    writer.close().expect("closed");
}

pub fn write_text(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("created");
    fs::write(path, text).expect("written");
}
