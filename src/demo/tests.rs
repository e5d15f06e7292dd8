//! The generator is deterministic, restartable, and keeps what the workloads state.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int32Type;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::{DemoOptions, RetailOptions, generate};

fn small(directory: &Path) -> DemoOptions {
    let retail = RetailOptions { people: 50, items: 120, days: 3, visits_min: 200 };
    DemoOptions { customer_rows: 500, retail, ..DemoOptions::new(directory.to_path_buf()) }
}

/// Every file below a folder with its bytes.
fn contents(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).expect("a folder").map(|e| e.expect("an entry").path()) {
        let name = entry.file_name().and_then(|n| n.to_str()).expect("a name").to_string();
        if entry.is_dir() {
            let inner = contents(&entry).into_iter();
            found.extend(inner.map(|(inner, bytes)| (format!("{name}/{inner}"), bytes)));
        } else {
            found.insert(name, fs::read(&entry).expect("a file"));
        }
    }
    found
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let [one, two, other] = std::array::from_fn(|_| tempfile::tempdir().expect("a directory"));
    generate(&small(one.path()), &|_, _, _| {}).expect("generated");
    generate(&small(two.path()), &|_, _, _| {}).expect("generated");
    generate(&DemoOptions { seed: 7, ..small(other.path()) }, &|_, _, _| {}).expect("generated");
    let (one, two, other) = (contents(one.path()), contents(two.path()), contents(other.path()));
    assert_eq!(one.len(), 3 + 3 + 1);
    assert!(one == two, "two runs of one seed differ");
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    assert!(one.iter().all(|(name, bytes)| other[name] != *bytes), "the seed changes every file");
}

#[test]
fn a_second_start_reuses_and_an_interrupted_one_completes() {
    let dir = tempfile::tempdir().expect("a directory");
    let first = generate(&small(dir.path()), &|_, _, _| {}).expect("generated");
    let wrote = Cell::new(0);
    let second = generate(&small(dir.path()), &|_, _, _| wrote.set(1)).expect("reused");
    assert!(!first.reused && second.reused && wrote.get() == 0);
    assert_eq!((first.files, first.rows), (second.files, second.rows));

    let whole = contents(dir.path());
    let landing = dir.path().join("landing");
    fs::remove_file(landing.join("_generated.json")).expect("removed");
    fs::remove_file(landing.join("retail/visits/visits-2026-06-29.csv")).expect("removed");
    fs::write(landing.join("mysql/creditcard/music/part-0000.parquet"), "half").expect("written");
    assert!(!generate(&small(dir.path()), &|_, _, _| {}).expect("completed").reused);
    assert!(contents(dir.path()) == whole, "the completed lake differs");

    let other = DemoOptions { seed: 7, ..small(dir.path()) };
    let error = generate(&other, &|_, _, _| {}).expect_err("other options");
    assert!(error.to_string().contains("other options") && error.hint_text().is_some());
}

#[test]
fn keeps_what_the_workloads_state() {
    let dir = tempfile::tempdir().expect("a directory");
    let options = DemoOptions { customer_rows: 10_000, ..small(dir.path()) };
    generate(&options, &|_, _, _| {}).expect("generated");
    let table = |name: &str| {
        let path = format!("landing/mysql/creditcard/{name}/part-0000.parquet");
        let file = fs::File::open(dir.path().join(path)).expect("a file");
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet");
        let mut batches = reader.with_batch_size(10_000).build().expect("a reader");
        batches.next().expect("one batch").expect("rows")
    };
    let columns = |name: &str| {
        let schema = table(name).schema();
        schema.fields().iter().map(|f| f.name().as_str()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        columns("customers"),
        "id nome sexo endereco telefone email foto nascimento profissao dt_update"
    );
    assert_eq!(columns("credit_score"), "id customer_id nome provedor credit_score dt_update");
    assert_eq!(columns("music"), "id customer_id genero instrumento categoria dt_update");

    let music = table("music");
    let genres = music.column_by_name("genero").expect("genero").as_string::<i32>();
    let anime = genres.iter().flatten().filter(|g| *g == "Anime").count();
    assert!((150..=250).contains(&anime), "{anime} of 10,000 are Anime");

    let scores = table("credit_score");
    let score = scores.column_by_name("credit_score").expect("score").as_string::<i32>();
    assert!(
        score.iter().flatten().all(|s| (300..=850).contains(&s.parse::<i32>().expect("a number")))
    );
    let ids = scores.column_by_name("customer_id").expect("ids").as_primitive::<Int32Type>();
    assert!(ids.values().iter().all(|id| (0..10_000).contains(id)));
    assert_eq!(ids.null_count(), 0);
}

#[test]
fn visits_are_mostly_good_and_the_first_day_shows_every_fault() {
    let dir = tempfile::tempdir().expect("a directory");
    generate(&small(dir.path()), &|_, _, _| {}).expect("generated");
    let path = dir.path().join("landing/retail/visits/visits-2026-06-28.csv");
    let mut reader = csv::Reader::from_path(path).expect("a file");
    let rows: Vec<csv::StringRecord> = reader.records().map(|r| r.expect("eight fields")).collect();
    assert!(rows.len() >= 200);
    let anonymous = rows.iter().filter(|r| r[0].is_empty()).count() * 100 / rows.len();
    assert!((5..=30).contains(&anonymous), "{anonymous} % are anonymous");
    for (field, value) in super::retail::BAD_ROWS {
        assert!(rows.iter().any(|r| r[field] == *value), "no row with {value:?} in field {field}");
    }
    let good_date = rows.iter().filter(|r| &r[4] == "2026-06-28").count();
    assert!(good_date > rows.len() * 9 / 10 && good_date < rows.len());
}
