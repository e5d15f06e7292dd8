//! Tables other programs wrote: each opens, with the rows it must have and bounds that hold, or is refused.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use arrow::array::{Array, ArrayRef, UInt64Array};
use arrow::compute::{cast, concat, kernels::cmp};
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use lakegate_store::Stores;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::{place, source, stores};
use crate::{AsOf, Encoding, MatchBy, PHYSICAL_NAME, TableSnapshot, bitmap};

/// Its instants are written without a zone and meant in the writer's, which the log does not tell.
const OF_ANOTHER_ZONE: &str = "data-reader-partition-values";

pub(super) fn data() -> Option<PathBuf> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance");
    let root = std::env::var_os("LAKEGATE_CONFORMANCE").map_or(default, PathBuf::from);
    root.join("delta-golden").is_dir().then(|| root.canonicalize().expect("it exists"))
}

pub(super) fn folders(parent: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries.map(|e| e.path()).filter(|p| p.is_dir()).collect();
    folders.sort();
    folders
}

fn parquet_rows(path: &Path) -> i64 {
    let file = File::open(path).expect("every file of a table is there");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("a Parquet file");
    reader.metadata().file_metadata().num_rows()
}

/// Rows of all Parquet files in a folder of expected content; none when there is no such folder.
fn expected_rows(folder: &Path) -> Option<i64> {
    let files = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    let files = files.filter(|path| path.extension().is_some_and(|e| e == "parquet"));
    Some(files.map(|path| parquet_rows(&path)).sum())
}

fn disk(path: &str) -> PathBuf {
    Path::new("/").join(path)
}

/// Every file is there and has the rows the index says; answers their sum.
pub(super) fn actual_rows(snapshot: &TableSnapshot) -> Result<i64, String> {
    let (mut sum, files) = (0, snapshot.files.joined());
    for (path, rows) in files.paths.iter().zip(&files.rows) {
        let path = disk(path.expect("paths are never null"));
        let found = parquet_rows(&path);
        if rows.is_some_and(|rows| i64::try_from(rows) != Ok(found)) {
            return Err(format!("{} has {found} rows, the index says {rows:?}", path.display()));
        }
        sum += found;
    }
    Ok(sum)
}

/// The rows of every file that are not deleted.
pub(super) async fn live_rows(
    stores: &Stores,
    snapshot: &TableSnapshot,
) -> Result<Vec<i64>, String> {
    let mut live = Vec::new();
    for (file, path) in snapshot.files.joined().paths.iter().enumerate() {
        let rows = parquet_rows(&disk(path.expect("paths are never null")));
        let mut deleted = 0;
        for vector in snapshot.deletes.get(&file).iter().flat_map(|deletes| &deletes.positions) {
            let positions = bitmap::read(stores, vector).await.map_err(|e| e.full())?;
            deleted += i64::try_from(positions.len()).expect("few");
            if positions.max().is_some_and(|last| i64::try_from(last).expect("few") >= rows) {
                return Err(format!("a row deleted behind the end of {path:?}"));
            }
        }
        live.push(rows - deleted);
    }
    Ok(live)
}

/// Whether the bounds of a column hold for every value of every file; the number of values checked.
pub(super) fn check_bounds(snapshot: &TableSnapshot) -> Result<usize, String> {
    let (mut checked, files) = (0, snapshot.files.joined());
    for bounds in &files.bounds {
        let field = snapshot.schema.field(bounds.column);
        let name = field.metadata().get(PHYSICAL_NAME).unwrap_or(field.name());
        for (row, path) in files.paths.iter().enumerate() {
            let Some(values) = read_column(&disk(path.expect("never null")), name) else {
                continue;
            };
            let values = cast(&values, field.data_type()).map_err(|e| e.to_string())?;
            let nulls: &UInt64Array = &bounds.nulls;
            if nulls.is_valid(row) && nulls.value(row) != values.null_count() as u64 {
                return Err(format!(
                    "{name}: {} nulls, not {}",
                    values.null_count(),
                    nulls.value(row)
                ));
            }
            for (bound, least) in [(&bounds.min, true), (&bounds.max, false)] {
                let bound = arrow::array::Scalar::new(bound.slice(row, 1));
                let holds =
                    if least { cmp::gt_eq(&values, &bound) } else { cmp::lt_eq(&values, &bound) };
                let holds = holds.map_err(|e| e.to_string())?;
                if holds.false_count() > 0 {
                    return Err(format!("{name}: a value outside its bounds in {path:?}"));
                }
                checked += holds.true_count();
            }
        }
    }
    Ok(checked)
}

fn read_column(path: &Path, name: &str) -> Option<ArrayRef> {
    let reader =
        ParquetRecordBatchReaderBuilder::try_new(File::open(path).ok()?).ok()?.build().ok()?;
    let batches: Vec<_> = reader.map(|batch| batch.expect("a readable file")).collect();
    let columns: Option<Vec<ArrayRef>> =
        batches.iter().map(|batch| batch.column_by_name(name).cloned()).collect();
    let columns = columns.filter(|columns| !columns.is_empty())?;
    let columns: Vec<&dyn Array> = columns.iter().map(|column| &**column).collect();
    Some(concat(&columns).expect("one type"))
}

/// How many rows have which partition value, by the index and by the expected rows.
fn check_partitions(snapshot: &TableSnapshot, live: &[i64], folder: &Path) -> Result<(), String> {
    for partition in &snapshot.files.joined().partitions {
        let field = snapshot.schema.field(partition.column);
        let instant = matches!(field.data_type(), DataType::Timestamp(_, Some(_)));
        if instant && folder.parent().is_some_and(|case| case.ends_with(OF_ANOTHER_ZONE)) {
            continue;
        }
        let (mut here, mut there) = (BTreeMap::new(), BTreeMap::new());
        for (file, rows) in live.iter().enumerate() {
            *here.entry(shown(&partition.values, file)).or_insert(0) += rows;
        }
        for path in fs::read_dir(folder).map_err(|e| e.to_string())?.flatten().map(|e| e.path()) {
            let Some(values) = read_column(&path, field.name()) else { continue };
            let values = cast(&values, field.data_type()).map_err(|e| e.to_string())?;
            (0..values.len()).for_each(|row| *there.entry(shown(&values, row)).or_insert(0) += 1);
        }
        here.retain(|_, rows| *rows > 0);
        if here != there {
            return Err(format!("partitions by {}: {here:?}, expected {there:?}", field.name()));
        }
    }
    Ok(())
}

pub(super) fn shown(values: &ArrayRef, row: usize) -> String {
    let options = FormatOptions::default().with_null("NULL");
    ArrayFormatter::try_new(values, &options).expect("a printable type").value(row).to_string()
}

async fn check(root: &Path, table: &Path, version: Option<i64>, content: &Path) -> Outcome {
    let stores = stores(root);
    let location = place(table);
    let as_of = version.map_or(AsOf::Latest, AsOf::Version);
    let opened = crate::delta::open_as_of(&stores, &source(&location), &as_of).await;
    let snapshot = match opened {
        Ok(snapshot) => snapshot,
        Err(e) => return Outcome::Refused(format!("{:?}: {e}", e.kind())),
    };
    let Some(expected) = expected_rows(content) else {
        return Outcome::Opened(format!("{} files, no expected rows", snapshot.files.len()));
    };
    let checked = match snapshot.encoding {
        Encoding::Parquet(MatchBy::FieldId) => Ok(0),
        _ => check_bounds(&snapshot),
    };
    let live = match actual_rows(&snapshot) {
        Ok(_) => live_rows(&stores, &snapshot).await,
        Err(e) => Err(e),
    };
    let rows = live.and_then(|live| {
        check_partitions(&snapshot, &live, content)?;
        Ok((live.iter().sum::<i64>(), checked?))
    });
    match rows {
        Ok((rows, checked)) if rows == expected => Outcome::Right(format!(
            "{rows} rows, {} files, {} with deletes, {checked} bounded",
            snapshot.files.len(),
            snapshot.deletes.len()
        )),
        Ok((rows, _)) => Outcome::Wrong(format!("{rows} rows, expected {expected}")),
        Err(e) => Outcome::Wrong(e),
    }
}

enum Outcome {
    Right(String),
    Opened(String),
    Refused(String),
    Wrong(String),
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Right(what) => write!(f, "right: {what}"),
            Self::Opened(what) => write!(f, "opened: {what}"),
            Self::Refused(why) => write!(f, "refused: {why}"),
            Self::Wrong(what) => write!(f, "WRONG: {what}"),
        }
    }
}

#[tokio::test]
async fn conformance() {
    let Some(root) = data() else {
        println!("skipped: conformance data not found");
        return;
    };
    let mut outcomes = Vec::new();
    for case in folders(&root.join("delta-golden")) {
        let content = case.join("expected");
        let outcome = check(&root, &case.join("delta"), None, &content).await;
        outcomes.push((name(&case), content.is_dir(), outcome));
    }
    for case in folders(&root.join("delta-dat")) {
        for version in folders(&case.join("expected")) {
            let content = version.join("table_content");
            let label = name(&version);
            let number = label.strip_prefix('v').and_then(|digits| digits.parse().ok());
            let outcome = check(&root, &case.join("delta"), number, &content).await;
            outcomes.push((format!("{}/{label}", name(&case)), content.is_dir(), outcome));
        }
    }
    for (case, _, outcome) in &outcomes {
        println!("{case:70} {outcome}");
    }
    let count = |keep: fn(&Outcome) -> bool| outcomes.iter().filter(|(_, _, o)| keep(o)).count();
    let wrong = count(|o| matches!(o, Outcome::Wrong(_)));
    let right = count(|o| matches!(o, Outcome::Right(_)));
    println!("{} cases: {right} right, {wrong} wrong", outcomes.len());
    for (case, expected, outcome) in &outcomes {
        if let Outcome::Refused(why) = outcome {
            assert!(!why.starts_with("Internal"), "{case}: {why}");
            assert!(!expected || why.starts_with("Unsupported"), "{case} has rows: {why}");
        }
    }
    assert_eq!(wrong, 0);
    assert!(right > 0, "the data is there, yet no case was compared");
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
