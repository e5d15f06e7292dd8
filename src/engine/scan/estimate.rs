//! Statistics of tables whose metadata has none (plain Parquet files): taken from the footers, which the
//! scan needs anyway. Without them the optimiser does not know which side of a join is the small one.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, Result as DataFusionResult, Statistics};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
use datafusion::datasource::physical_plan::parquet::metadata::DFParquetMetadata;
use datafusion::parquet::arrow::parquet_to_arrow_schema;
use datafusion::parquet::file::metadata::ParquetMetaData;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::{StreamExt, TryStreamExt, stream};

use super::readers::{LakeReaders, TAIL_BYTES};

/// With more files only some are asked, and the rows are estimated by them.
const FILES_MAX: usize = 256;
const SAMPLE_FILES: usize = 32;
/// Footers read at a time.
const AT_ONCE: usize = 16;
/// Columns of all files together; beyond, only rows are counted, for planning must stay quick.
const COLUMNS_MAX: usize = 1024;

/// Of the files together, over these columns of the scan; others stay unknown. Whatever cannot be read is
/// left to the scan, which says why.
pub async fn estimate(
    readers: &LakeReaders,
    files: &[PartitionedFile],
    scanned: &Schema,
    columns: &BTreeSet<usize>,
) -> Statistics {
    let unknown = || Statistics::new_unknown(scanned);
    let step = if files.len() > FILES_MAX { files.len().div_ceil(SAMPLE_FILES) } else { 1 };
    let asked: Vec<&PartitionedFile> = files.iter().step_by(step).collect();
    let mut requests = Vec::new();
    for file in &asked {
        requests.push(footer(readers, file));
    }
    let footers = stream::iter(requests).buffered(AT_ONCE).try_collect::<Vec<_>>().await;
    let Ok(footers) = footers else { return unknown() };
    if step > 1 {
        let bytes = |files: &mut dyn Iterator<Item = &PartitionedFile>| -> u64 {
            files.map(|file| file.object_meta.size).fold(0, u64::saturating_add)
        };
        let whole = bytes(&mut files.iter());
        let seen = bytes(&mut asked.iter().copied()).max(1);
        let rows = footers.iter().map(|footer| rows(footer)).sum::<Option<u64>>();
        let all = rows.and_then(|rows| rows.checked_mul(whole)).map(|rows| rows / seen);
        let all = all.and_then(|rows| usize::try_from(rows).ok());
        return unknown().with_num_rows(all.map_or(Precision::Absent, Precision::Inexact));
    }
    let columns =
        if columns.len() * files.len() > COLUMNS_MAX { &BTreeSet::new() } else { columns };
    let each = footers.iter().map(|footer| of_file(footer, scanned, columns));
    let Some(each) = each.collect::<Option<Vec<_>>>() else { return unknown() };
    Statistics::try_merge_iter(&each, scanned).unwrap_or_else(|_| unknown())
}

async fn footer(
    readers: &LakeReaders,
    file: &PartitionedFile,
) -> DataFusionResult<Arc<ParquetMetaData>> {
    let metrics = ExecutionPlanMetricsSet::new();
    let mut reader = readers.create_reader(0, file.clone(), Some(TAIL_BYTES), &metrics)?;
    Ok(reader.get_metadata(None).await?)
}

fn rows(footer: &ParquetMetaData) -> Option<u64> {
    let rows = footer.row_groups().iter().map(|group| u64::try_from(group.num_rows()).ok());
    rows.sum()
}

/// None: the footer's statistics are damaged.
fn of_file(
    footer: &ParquetMetaData,
    scanned: &Schema,
    columns: &BTreeSet<usize>,
) -> Option<Statistics> {
    let rows = usize::try_from(rows(footer)?).ok()?;
    let mut whole = Statistics::new_unknown(scanned).with_num_rows(Precision::Exact(rows));
    let wanted: Vec<Field> = columns.iter().map(|column| scanned.field(*column).clone()).collect();
    if wanted.is_empty() {
        return Some(whole);
    }
    let descriptor = footer.file_metadata().schema_descr();
    let held = parquet_to_arrow_schema(descriptor, None).ok()?;
    let wanted = Arc::new(Schema::new(wanted));
    let read = || DFParquetMetadata::statistics_from_parquet_metadata(footer, &wanted).ok();
    let found = catch_unwind(AssertUnwindSafe(read)).ok()??;
    for ((column, field), known) in columns.iter().zip(wanted.fields()).zip(found.column_statistics)
    {
        let mut known = trusted(known, field, &held);
        if !counts_nulls(footer, field.name()) {
            known.null_count = Precision::Absent;
        }
        whole.column_statistics[*column] = known;
    }
    Some(whole)
}

/// DataFusion takes a column it does not find by its exact name for one of NULLs, and bounds in another
/// type for exact.
fn trusted(known: ColumnStatistics, wanted: &Field, held: &Schema) -> ColumnStatistics {
    match held.field_with_name(wanted.name()) {
        Err(_) => ColumnStatistics::new_unknown(),
        Ok(field) if field.data_type() == wanted.data_type() && has_exact_bounds(field) => known,
        Ok(_) => known.to_inexact(),
    }
}

/// DataFusion takes a count that a writer left out for 0.
fn counts_nulls(footer: &ParquetMetaData, name: &str) -> bool {
    let leaves = footer.file_metadata().schema_descr().columns();
    let Some(at) = leaves.iter().position(|leaf| leaf.path().parts() == [name]) else {
        return false;
    };
    footer.row_groups().iter().all(|group| {
        let known = group.column(at).statistics();
        known.is_some_and(|known| known.null_count_opt().is_some())
    })
}

/// Floats have NaN, texts may be cut.
fn has_exact_bounds(field: &Field) -> bool {
    let data_type = field.data_type();
    data_type.is_integer() || matches!(data_type, DataType::Date32 | DataType::Decimal128(..))
}
