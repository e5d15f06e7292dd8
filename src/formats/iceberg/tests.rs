//! The tables of `../shared/conformance/iceberg-duckdb`: each opens with its rows or is refused by name,
//! and damage to its metadata never panics. Skipped where that folder is absent.
#![allow(clippy::print_stderr, reason = "a test's outcome per case is for its reader")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use arrow::array::{Array, AsArray};
use arrow::compute::sum;
use arrow::datatypes::DataType;
use lakegate_base::ErrorKind;
use lakegate_store::{S3Options, StoreOptions};
use serde::Deserialize;

use super::avro::repack;
use super::*;
use crate::{FIELD_ID, TableFormat};

#[derive(Deserialize)]
struct Case {
    name: String,
    table: String,
    metadata: String,
    rows: Option<u64>,
}

/// The copy of this table lacks its data file.
const WITHOUT_DATA: &str = "column_mapping";

/// Cases whose metadata file is an older one, or has no number and no hint.
const NOT_CURRENT: &[&str] = &["equality_delete_", "name_mapping"];

/// Cases that must be refused, and the reason they must give. All others must open.
const REFUSED: &[(&str, &str)] = &[
    ("add_columns_with_defaults_in_struct", "initial defaults in nested columns"),
    ("equality_delete", "equality deletes"),
    ("generated_bounds", "data files in another store"),
    ("legacy_bare_deletion_vector", "deletion vectors"),
];

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
        let outcome = match open(&stores, &source(&folder, &case)).await {
            Ok(snapshot) => {
                let rows = sum(&snapshot.files.rows).unwrap_or(0);
                if expected.is_some() || case.rows.is_some_and(|expected| expected != rows) {
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

fn describe(snapshot: &TableSnapshot, rows: u64) -> String {
    let files = &snapshot.files;
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
    let files = &snapshot.files;
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
async fn reads_partitions_bounds_defaults_and_mappings() {
    let Some(folder) = folder() else { return };
    let stores = stores(&folder);
    let cases = cases(&folder);
    let open = async |name: &str| {
        let case = cases.iter().find(|case| case.name.starts_with(name)).expect("a case");
        open(&stores, &source(&folder, case)).await.expect("opens")
    };

    let table = open("partition_decimal_integer").await;
    let partition = table.files.partitions.first().expect("an identity partition");
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

#[test]
fn survives_damaged_metadata() {
    let Some(folder) = folder() else { return };
    for name in ["partition_time", "hive_partitioned_table", "iceberg__lineitem_iceberg_gz_no_hint"]
    {
        let cases = cases(&folder);
        let case = cases.iter().find(|case| case.name.starts_with(name)).expect("a case");
        let source = source(&folder, case);
        let location = source.metadata_location.as_ref().expect("of every case");
        let intact = std::fs::read(folder.join(&case.metadata)).expect("readable");
        let metadata = metadata::parse(&intact, location).expect("intact");
        damage(&intact, |bytes| drop(metadata::parse(bytes, location)));

        let paths = Paths::new(&source.location, &metadata.location);
        let layout = Layout::new(&metadata, paths);
        let snapshot = metadata.snapshot.as_ref().expect("a snapshot");
        let list = layout.paths.resolve(snapshot.manifest_list.as_ref().expect("a list"));
        let list = list.expect("a location");
        let read = |location: &Location| {
            std::fs::read(location.local_path().expect("local")).expect("readable")
        };
        let intact = read(&list);
        let manifests = manifest::read_list(&list, &intact).expect("intact");
        for bytes in [&intact, &repack::unpacked(&list, &intact)] {
            assert_eq!(manifest::read_list(&list, bytes).expect("intact"), manifests);
            damage(bytes, |bytes| drop(manifest::read_list(&list, bytes)));
        }
        let manifest = manifests.first().expect("a manifest");
        let location = layout.paths.resolve(&manifest.path).expect("a location");
        let intact = read(&location);
        for bytes in [&intact, &repack::unpacked(&location, &intact)] {
            let parts = [layout.read(manifest, &location, bytes).expect("intact")];
            assert!(!layout.index(&parts).expect("intact").files.is_empty());
            damage(bytes, |damaged| match layout.read(manifest, &location, damaged) {
                Ok(part) => {
                    assert_eq!(
                        damaged.len(),
                        bytes.len(),
                        "a cut manifest was taken for a whole one"
                    );
                    let _ = layout.index(&[part]);
                }
                Err(error) => assert!(error.message().contains(".avro"), "{error}"),
            });
        }
    }
}

/// About 600 cuts and 1,200 flipped bits, spread over the bytes. Panics pass through; each takes under 2 s.
fn damage(intact: &[u8], read: impl Fn(&[u8])) {
    let timed = |bytes: &[u8]| {
        let start = Instant::now();
        read(bytes);
        assert!(start.elapsed() < Duration::from_secs(2), "took {:?}", start.elapsed());
    };
    let step = |count: usize| (intact.len() / count).max(1);
    (0..intact.len()).step_by(step(600)).for_each(|end| timed(&intact[..end]));
    let mut bytes = intact.to_vec();
    for at in (0..intact.len()).step_by(step(400)) {
        for bit in [0, 6, 7] {
            bytes[at] ^= 1 << bit;
            timed(&bytes);
            bytes[at] ^= 1 << bit;
        }
    }
}
