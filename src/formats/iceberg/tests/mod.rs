//! The tables of `../shared/conformance/iceberg-duckdb`: each opens with its rows or is refused by name,
//! and damage to its metadata never panics. Skipped where that folder is absent. Tables made here, in
//! `written`, show what none of those does.
#![allow(clippy::print_stderr, reason = "a test's outcome per case is for its reader")]

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::{concat_batches, sum};
use arrow::datatypes::DataType;
use arrow::util::display::array_value_to_string;
use lakegate_base::ErrorKind;
use lakegate_store::{S3Options, StoreOptions};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use roaring::RoaringTreemap;
use serde::Deserialize;

use super::avro::repack;
use super::files::Part;
use super::*;
use crate::delete_files::{PositionCache, deleted_rows, read_keys};
use crate::{FIELD_ID, FileDeletes, TableFormat};

mod damage;
mod made;
mod written;

#[derive(Deserialize)]
struct Case {
    name: String,
    table: String,
    metadata: String,
    rows: Option<u64>,
}

/// Rows of tables for which the cases state none, or wrong ones: DuckDB 1.5.5, which made them, lets equality
/// deletes of one partition reach the others (<https://github.com/duckdb/duckdb-iceberg/pull/1240>).
const ROWS: &[(&str, u64)] = &[
    ("big_query_error", 2),
    ("equality_delete_cross_partition", 3),
    ("iceberg__lineitem_iceberg_gz", 111_968),
    ("iceberg_v1_deprecated", 3),
    ("iceberg_v1_repro", 4),
    ("legacy_bare_deletion_vector", 2),
    ("timestamptz_ns", 0),
];

/// The copy of this table lacks its data file.
const WITHOUT_DATA: &str = "column_mapping";

/// Cases whose metadata file is an older one, or has no number and no hint.
const NOT_CURRENT: &[&str] = &["equality_delete_", "name_mapping"];

/// Cases that must be refused, and the reason they must give. All others must open.
const REFUSED: &[(&str, &str)] = &[("generated_bounds", "data files in another store")];

fn folder() -> Option<PathBuf> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/conformance");
    let conformance = std::env::var("LAKEGATE_CONFORMANCE").unwrap_or(default.to_string());
    let folder = PathBuf::from(conformance).join("iceberg-duckdb").canonicalize().ok();
    if folder.is_none() {
        eprintln!("skipped: conformance data not found");
    }
    folder
}

fn cases(folder: &std::path::Path) -> Vec<Case> {
    let text = std::fs::read(folder.join("cases.json")).expect("readable");
    serde_json::from_slice(&text).expect("cases")
}

fn stores(folder: &std::path::Path) -> Stores {
    let roots = vec![Location::local(folder).expect("a location")];
    Stores::new(StoreOptions {
        roots,
        s3: S3Options::default(),
        retry_timeout: Duration::from_secs(5),
    })
}

fn source(folder: &std::path::Path, case: &Case) -> TableSource {
    let place = |path: &str| Location::local(&folder.join(path)).expect("a location");
    TableSource {
        location: place(&case.table),
        format: TableFormat::Iceberg,
        schema: None,
        partition_keys: Vec::new(),
        metadata_location: Some(place(&case.metadata)),
    }
}

#[tokio::test]
async fn opens_or_refuses_every_conformance_table() {
    let Some(folder) = folder() else { return };
    let stores = stores(&folder);
    let mut wrong = Vec::new();
    for case in cases(&folder) {
        let expected = REFUSED.iter().find(|(name, _)| case.name.starts_with(name));
        let stated = ROWS.iter().find(|(name, _)| case.name.starts_with(name)).map(|known| known.1);
        let outcome = match open(&stores, &uncached(), &source(&folder, &case)).await {
            Ok(snapshot) => {
                let rows = live_rows(&stores, &snapshot).await;
                if expected.is_some() || stated.or(case.rows) != Some(rows) {
                    wrong.push(case.name.clone());
                }
                if !case.name.starts_with(WITHOUT_DATA) {
                    wrong.extend(faults(&snapshot).map(|fault| format!("{}: {fault}", case.name)));
                }
                describe(&snapshot, rows)
            }
            Err(error) => {
                let named = expected.is_some_and(|(_, reason)| error.message().contains(reason));
                if !named || error.kind() != ErrorKind::Unsupported {
                    wrong.push(case.name.clone());
                }
                error.full()
            }
        };
        eprintln!("{:70} {outcome}", case.name);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn uncached() -> ManifestCache {
    ManifestCache::new(0)
}

/// Rows of the snapshot without those that are deleted.
async fn live_rows(stores: &Stores, snapshot: &TableSnapshot) -> u64 {
    let files = snapshot.files.joined();
    let mut rows = sum(&files.rows).unwrap_or(0);
    let positions = PositionCache::new(1 << 20);
    for (file, deletes) in &snapshot.deletes {
        let by_position = deleted_rows(stores, &positions, deletes).await.expect("reads");
        let path = format!("/{}", files.paths.value(*file));
        let by_keys = rows_with_keys(stores, snapshot, &path, deletes).await;
        rows -= (by_position | by_keys).len();
    }
    rows
}

/// Rows of a data file that its equality deletes name, compared as text.
async fn rows_with_keys(
    stores: &Stores,
    snapshot: &TableSnapshot,
    path: &str,
    deletes: &FileDeletes,
) -> RoaringTreemap {
    let file = std::fs::File::open(path).expect("a data file");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet").build();
    let batches: Vec<RecordBatch> =
        reader.expect("Parquet").collect::<Result<_, _>>().expect("reads");
    let data = concat_batches(&batches[0].schema(), &batches).expect("of one schema");
    let mut rows = RoaringTreemap::new();
    for equality in &deletes.equality {
        let keys = read_keys(stores, &snapshot.schema, equality).await.expect("reads");
        let columns = keys.schema();
        let columns = columns.fields().iter().map(|field| {
            let id = field.metadata().get(FIELD_ID);
            let at = data.schema().fields().iter().position(|f| f.metadata().get(FIELD_ID) == id);
            Arc::clone(data.column(at.expect("a column of the key")))
        });
        let keys: HashSet<String> = texts(keys.columns()).collect();
        let hit = texts(&columns.collect::<Vec<_>>()).enumerate();
        rows.extend(hit.filter(|(_, text)| keys.contains(text)).map(|(row, _)| row as u64));
    }
    rows
}

fn texts(columns: &[ArrayRef]) -> std::vec::IntoIter<String> {
    let rows = columns.first().map_or(0, |column| column.len());
    let text = |row| {
        let value = |column: &ArrayRef| array_value_to_string(column, row).expect("shown");
        columns.iter().map(value).collect::<Vec<_>>().join("|")
    };
    (0..rows).map(text).collect::<Vec<_>>().into_iter()
}

fn describe(snapshot: &TableSnapshot, rows: u64) -> String {
    let files = snapshot.files.joined();
    let names = |columns: Vec<usize>| {
        let names = columns.iter().map(|at| snapshot.schema.field(*at).name().as_str());
        names.collect::<Vec<_>>().join(",")
    };
    let partitions = names(files.partitions.iter().map(|p| p.column).collect());
    let bounds = names(files.bounds.iter().map(|b| b.column).collect());
    let required = snapshot.schema.fields().iter().enumerate();
    let required = required.filter(|(_, field)| field.metadata().contains_key(REQUIRED_IN_FILE));
    let required = names(required.map(|(at, _)| at).collect());
    let count = files.len();
    format!(
        "{count} files {rows} rows, partitions [{partitions}] bounds [{bounds}] required [{required}]"
    )
}

/// What every snapshot must fulfil: files that exist, arrays of the columns' types and of one length.
fn faults(snapshot: &TableSnapshot) -> impl Iterator<Item = String> {
    let files = snapshot.files.joined();
    let mut faults = Vec::new();
    let mut check = |column: usize, array: &dyn Array| {
        let field = snapshot.schema.field(column);
        if array.data_type() != field.data_type() || array.len() != files.len() {
            faults.push(format!("{} has a {:?}", field.name(), array.data_type()));
        }
    };
    for bounds in &files.bounds {
        check(bounds.column, &bounds.min);
        check(bounds.column, &bounds.max);
    }
    files.partitions.iter().for_each(|partition| check(partition.column, &partition.values));
    for path in files.paths.iter().flatten() {
        if !PathBuf::from(format!("/{path}")).is_file() {
            faults.push(format!("/{path} is no file"));
        }
    }
    faults.into_iter()
}

#[tokio::test]
async fn finds_the_current_metadata_without_a_catalog() {
    let Some(folder) = folder() else { return };
    let stores = stores(&folder);
    let mut wrong = Vec::new();
    for case in cases(&folder) {
        let mut source = source(&folder, &case);
        let expected = source.metadata_location.take().expect("of every case").to_string();
        let found = locate::current(&stores, &source).await;
        let found = found.map_or_else(|e| e.full(), |found| found.to_string());
        let current = !NOT_CURRENT.iter().any(|name| case.name.starts_with(name));
        if (found == expected) != current {
            wrong.push((case.name, found));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn reads_every_version_of_a_table() {
    let Some(folder) = folder() else { return };
    let stores = stores(&folder);
    let cases = cases(&folder);
    let case = cases.iter().find(|case| case.name.ends_with("mydb__mytable")).expect("a case");
    let (source, cache) = (source(&folder, case), ManifestCache::new(1 << 20));
    let history = history(&stores, &source).await.expect("reads");
    let mut rows = Vec::new();
    for revision in &history {
        let as_of = AsOf::Version(revision.version);
        match open_as_of(&stores, &cache, &source, &as_of).await {
            Ok(snapshot) => rows.push(Some(live_rows(&stores, &snapshot).await)),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::NotFound);
                rows.push(None);
            }
        }
    }
    // The copy of this table lacks the manifest list of its second snapshot.
    assert_eq!(rows, [Some(2), Some(3), Some(1), Some(2), None, Some(4)]);
    let usage = cache.usage();
    assert_eq!((usage.misses, usage.entries), (6, 6), "one manifest a commit");
}

#[tokio::test]
async fn reads_partitions_bounds_defaults_and_mappings() {
    let Some(folder) = folder() else { return };
    let stores = stores(&folder);
    let cases = cases(&folder);
    let open = async |name: &str| {
        let case = cases.iter().find(|case| case.name.starts_with(name)).expect("a case");
        open(&stores, &uncached(), &source(&folder, case)).await.expect("opens")
    };

    let table = open("partition_decimal_integer").await;
    let files = table.files.joined();
    let partition = files.partitions.first().expect("an identity partition");
    assert_eq!(partition.values.data_type(), &DataType::Decimal128(8, 4));
    assert_eq!(partition.values.null_count(), 0);

    let table = open("add_columns_with_defaults__").await;
    assert_eq!(table.defaults.len(), 14);
    let column = table.schema.index_of("col_time").expect("a column");
    let time = table.defaults[&column].as_primitive::<arrow::datatypes::Time64MicrosecondType>();
    assert_eq!(time.value(0), 12_345);

    let table = open("column_mapping").await;
    let field = table.schema.field_with_name("attributes").expect("a column");
    let DataType::Map(entries, _) = field.data_type() else { unreachable!("a map") };
    let DataType::Struct(parts) = entries.data_type() else { unreachable!("a struct") };
    assert_eq!(parts[1].metadata()[FIELD_ID], "8");
    assert_eq!(parts[1].metadata()[NAME_MAPPING], r#"["value"]"#);
}
