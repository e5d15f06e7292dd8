//! The log: one version of the table as the kernel replays it, and its active files one by one.

use std::collections::BTreeMap;

use arrow::array::{
    Array, AsArray, Int32Array, Int64Array, MapArray, RecordBatch, StringArray, StructArray,
};
use arrow::datatypes::Int64Type;
use delta_kernel::engine::arrow_data::ArrowEngineData;
use delta_kernel::scan::{ScanMetadata, StatsOptions};
use delta_kernel::table_features::{ColumnMappingMode, TableFeature};
use delta_kernel::{DeltaResult, Snapshot, SnapshotRef};
use lakegate_base::{Error, ErrorKind, Location, Result, Subject};

use super::error;
use super::kernel::{ROOT, TableEngine};
use super::origin::Listed;
use super::vectors::Descriptor;

/// Beyond this a table is refused before it fills the memory.
pub(super) const FILES_MAX: usize = 20_000_000;

/// Reader features this crate reads right. Everything else is refused by its name.
const READER_FEATURES: [TableFeature; 11] = [
    TableFeature::ColumnMapping,
    TableFeature::DeletionVectors,
    TableFeature::TimestampWithoutTimezone,
    TableFeature::TypeWidening,
    TableFeature::TypeWideningPreview,
    TableFeature::V2Checkpoint,
    TableFeature::VacuumProtocolCheck,
    TableFeature::VariantType,
    TableFeature::VariantTypePreview,
    TableFeature::VariantShredding,
    TableFeature::VariantShreddingPreview,
];

/// The table at its latest version, or at the one asked for.
pub(super) fn snapshot(
    engine: &TableEngine,
    location: &Location,
    version: Option<u64>,
) -> Result<SnapshotRef> {
    let snapshot = build(engine, location, version).map_err(|error| match version {
        Some(version)
            if build(engine, location, None).is_ok_and(|last| last.version() < version) =>
        {
            let text = format!("Delta table {location} has no version {version}");
            Error::new(ErrorKind::NotFound, text).about(Subject::Table).source(error)
        }
        _ => error,
    })?;
    let features = snapshot.table_configuration().protocol().reader_features().unwrap_or_default();
    if let Some(feature) = features.iter().find(|feature| !READER_FEATURES.contains(feature)) {
        return Err(error::unsupported(location, format!("table feature \"{feature}\"")));
    }
    Ok(snapshot)
}

fn build(engine: &TableEngine, location: &Location, version: Option<u64>) -> Result<SnapshotRef> {
    let mut builder = Snapshot::builder_for(ROOT).with_cancellation_token(engine.cancel.clone());
    if let Some(version) = version {
        builder = builder.at_version(version);
    }
    builder.build(engine).map_err(|kernel| {
        let error = error::from_kernel(location, kernel);
        let absent = error.kind() == ErrorKind::Corrupt && !engine.found_log();
        if absent { error::missing(location).source(error) } else { error }
    })
}

pub(super) fn mapping(snapshot: &Snapshot) -> ColumnMappingMode {
    snapshot.table_configuration().column_mapping_mode()
}

/// The commit file of the version itself. A table can stand on a checkpoint alone.
pub(super) fn last_commit(snapshot: &Snapshot) -> Option<Listed> {
    let commit = snapshot.log_segment().listed.latest_commit_file.as_ref()?;
    let file = &commit.location;
    let listed = Listed { bytes: file.size, modified_ms: file.last_modified };
    (commit.version == snapshot.version()).then_some(listed)
}

/// Since when commits tell their own time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clock {
    /// They do not: the times of their files count.
    Files,
    /// From this version on, made at this time (milliseconds since 1970).
    Commits { version: u64, time_ms: i64 },
}

pub(super) fn clock(snapshot: &Snapshot) -> Clock {
    let enabled =
        snapshot.table_configuration().is_feature_enabled(&TableFeature::InCommitTimestamp);
    let properties = snapshot.table_properties();
    let since = properties
        .in_commit_timestamp_enablement_version
        .zip(properties.in_commit_timestamp_enablement_timestamp);
    match since {
        _ if !enabled => Clock::Files,
        Some((version, time_ms)) => Clock::Commits { version, time_ms },
        None => Clock::Commits { version: 0, time_ms: i64::MIN },
    }
}

/// Names of the partition columns, in the table's schema.
pub(super) fn partition_columns(snapshot: &Snapshot) -> &[String] {
    snapshot.table_configuration().metadata().partition_columns()
}

/// One active file as the log has it.
pub(super) struct LogFile<'a> {
    /// Relative to the table or absolute; percent-encoded.
    pub path: &'a str,
    pub size: Option<i64>,
    pub modified_ms: Option<i64>,
    /// JSON text.
    pub stats: Option<&'a str>,
    pub deletes: Option<Descriptor>,
    pub partitions: PartitionValues<'a>,
}

/// The raw partition values of one file, by physical column name.
#[derive(Clone, Copy)]
pub(super) enum PartitionValues<'a> {
    Replayed { keys: &'a StringArray, values: &'a StringArray, start: usize, end: usize },
    Committed(&'a BTreeMap<String, Option<String>>),
}

impl<'a> PartitionValues<'a> {
    /// None: the log has no such key. Some(None): the value is NULL.
    pub(super) fn get(self, name: &str) -> Option<Option<&'a str>> {
        match self {
            Self::Replayed { keys, values, start, end } => {
                let index = (start..end).find(|&index| keys.value(index) == name)?;
                Some(values.is_valid(index).then(|| values.value(index)))
            }
            Self::Committed(values) => values.get(name).map(Option::as_deref),
        }
    }

    /// As an action has them.
    pub(super) fn to_json(self) -> serde_json::Value {
        match self {
            Self::Replayed { keys, values, start, end } => {
                let value = |i: usize| values.is_valid(i).then(|| values.value(i));
                let pairs = (start..end).map(|i| (keys.value(i).to_string(), value(i).into()));
                serde_json::Value::Object(pairs.collect())
            }
            Self::Committed(values) => serde_json::json!(values),
        }
    }
}

/// Calls `each` with every active file of the version.
pub(super) fn replay(
    engine: &TableEngine,
    location: &Location,
    snapshot: SnapshotRef,
    mut each: impl FnMut(LogFile<'_>) -> Result<()>,
) -> Result<()> {
    let fail = |kernel| error::from_kernel(location, kernel);
    let builder =
        snapshot.scan_builder().with_stats(StatsOptions::json_only()).without_row_transforms();
    let builder = builder.with_cancellation_token(engine.cancel.clone());
    let scan = builder.build().map_err(fail)?;
    let mut files = 0usize;
    for batch in scan.scan_metadata(engine).map_err(fail)? {
        let batch = selected(batch).map_err(fail)?;
        files = files.saturating_add(batch.num_rows());
        if files > FILES_MAX {
            let text = format!("Delta table {location} has more than {FILES_MAX} files");
            return Err(Error::exhausted(text).hint("Compact it with its writer's OPTIMIZE."));
        }
        let columns = Columns::of(&batch)
            .ok_or_else(|| error::corrupt(location, "its log has an action of another shape"))?;
        for row in 0..batch.num_rows() {
            each(columns.file(row).ok_or_else(|| {
                error::corrupt(location, "a file without a path, or with half a deletion vector")
            })?)?;
        }
    }
    Ok(())
}

/// Only the rows that are active files.
fn selected(batch: DeltaResult<ScanMetadata>) -> DeltaResult<RecordBatch> {
    let data = batch?.scan_files.apply_selection_vector()?;
    Ok(ArrowEngineData::try_from_engine_data(data)?.into())
}

/// The kernel's scan rows, column by column.
struct Columns<'a> {
    path: &'a StringArray,
    size: &'a Int64Array,
    modified: &'a Int64Array,
    stats: &'a StringArray,
    deletes: VectorColumns<'a>,
    partitions: &'a MapArray,
    keys: &'a StringArray,
    values: &'a StringArray,
}

impl<'a> Columns<'a> {
    fn of(batch: &'a RecordBatch) -> Option<Self> {
        let constants = batch.column_by_name("fileConstantValues")?.as_struct_opt()?;
        let partitions = constants.column_by_name("partitionValues")?.as_map_opt()?;
        Some(Self {
            path: batch.column_by_name("path")?.as_string_opt()?,
            size: batch.column_by_name("size")?.as_primitive_opt::<Int64Type>()?,
            modified: batch.column_by_name("modificationTime")?.as_primitive_opt::<Int64Type>()?,
            stats: batch.column_by_name("stats")?.as_string_opt()?,
            deletes: VectorColumns::of(batch.column_by_name("deletionVector")?.as_struct_opt()?)?,
            keys: partitions.keys().as_string_opt()?,
            values: partitions.values().as_string_opt()?,
            partitions,
        })
    }

    fn file(&self, row: usize) -> Option<LogFile<'a>> {
        let offset = |row: usize| {
            self.partitions.value_offsets().get(row).and_then(|&o| usize::try_from(o).ok())
        };
        let start = offset(row)?;
        let end = if self.partitions.is_valid(row) { offset(row + 1)? } else { start };
        Some(LogFile {
            path: self.path.is_valid(row).then(|| self.path.value(row))?,
            size: self.size.is_valid(row).then(|| self.size.value(row)),
            modified_ms: self.modified.is_valid(row).then(|| self.modified.value(row)),
            stats: self.stats.is_valid(row).then(|| self.stats.value(row)),
            deletes: self.deletes.file(row)?,
            partitions: PartitionValues::Replayed {
                keys: self.keys,
                values: self.values,
                start,
                end,
            },
        })
    }
}

/// The deletion vectors of those rows, column by column.
struct VectorColumns<'a> {
    vector: &'a StructArray,
    storage: &'a StringArray,
    path: &'a StringArray,
    offset: &'a Int32Array,
    size: &'a Int32Array,
    cardinality: &'a Int64Array,
}

impl<'a> VectorColumns<'a> {
    fn of(vector: &'a StructArray) -> Option<Self> {
        Some(Self {
            vector,
            storage: vector.column_by_name("storageType")?.as_string_opt()?,
            path: vector.column_by_name("pathOrInlineDv")?.as_string_opt()?,
            offset: vector.column_by_name("offset")?.as_primitive_opt()?,
            size: vector.column_by_name("sizeInBytes")?.as_primitive_opt()?,
            cardinality: vector.column_by_name("cardinality")?.as_primitive_opt()?,
        })
    }

    /// None: its vector lacks something. Some(None): it has no vector.
    fn file(&self, row: usize) -> Option<Option<Descriptor>> {
        if !self.vector.is_valid(row) {
            return Some(None);
        }
        let required: [&dyn Array; 4] = [self.storage, self.path, self.size, self.cardinality];
        required.iter().all(|column| column.is_valid(row)).then(|| {
            Some(Descriptor {
                storage_type: self.storage.value(row).to_string(),
                path_or_inline_dv: self.path.value(row).to_string(),
                offset: self.offset.is_valid(row).then(|| self.offset.value(row).into()),
                size_in_bytes: self.size.value(row).into(),
                cardinality: self.cardinality.value(row),
            })
        })
    }
}
