//! Reads what deletes point to: deletion vectors, Parquet files of positions, Parquet files of keys.
//!
//! Delete files are small beside the data, so one is read whole. That takes one request, needs no size that
//! somebody wrote down (sizes in manifests are wrong in some tables), and makes a limit simple.
//!
//! A file that is damaged is an error with its name: rows that were deleted must not come back.

mod keys;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use arrow::error::ArrowError;
use bytes::Bytes;
use lakegate_base::{Error, ErrorKind, Location, Result, Subject};
use lakegate_store::Stores;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use roaring::RoaringTreemap;

use crate::cache::{ByteCache, CacheUsage};
use crate::{FIELD_ID, FileDeletes, PositionDeletes, bitmap};

pub use keys::read_keys;

/// A delete file, packed.
const FILE_BYTES_MAX: u64 = 1 << 30;
/// Rows of one file of positions. They are deleted rows, and become bits.
const POSITIONS_MAX: u64 = 2_000_000_000;
/// Data files that one delete file is about.
const PATHS_MAX: usize = 1_000_000;
const BATCH_ROWS: usize = 8192;

/// The columns of a file of positions, by field id and name.
const PATH: (i32, &str) = (2_147_483_546, "file_path");
const POSITION: (i32, &str) = (2_147_483_545, "pos");

/// By path, as the delete file has it: the rows deleted from that data file.
pub type Positions = HashMap<String, RoaringTreemap>;

/// Files of positions as they were read: one mostly is about many data files.
pub struct PositionCache {
    files: ByteCache<Location, Positions>,
}

impl PositionCache {
    /// With 0 bytes it keeps nothing.
    pub fn new(bytes_max: u64) -> Self {
        Self { files: ByteCache::new(bytes_max) }
    }

    pub fn usage(&self) -> CacheUsage {
        self.files.usage()
    }
}

/// All rows of a data file that its vectors and positions delete. Equality deletes are not among them.
pub async fn deleted_rows(
    stores: &Stores,
    cache: &PositionCache,
    deletes: &FileDeletes,
) -> Result<RoaringTreemap> {
    let mut rows = RoaringTreemap::new();
    for positions in &deletes.positions {
        match positions.as_ref() {
            PositionDeletes::File { location, data_path, .. } => {
                let load = async {
                    let positions = read_positions(stores, location).await?;
                    let bytes = size(&positions);
                    Ok((positions, bytes))
                };
                let file = cache.files.get_or_load(location.clone(), load).await?;
                if let Some(of_data) = file.get(data_path) {
                    rows |= of_data;
                }
            }
            vector => rows |= bitmap::read(stores, vector).await?,
        }
    }
    Ok(rows)
}

fn size(positions: &Positions) -> u64 {
    let one = |(path, rows): (&String, &RoaringTreemap)| {
        path.len() as u64 + rows.serialized_size() as u64 + 128
    };
    positions.iter().map(one).sum()
}

/// Reads a Parquet file of (path, position).
pub async fn read_positions(stores: &Stores, location: &Location) -> Result<Positions> {
    read(stores, location, |bytes| {
        let builder = open(bytes)?;
        let rows = builder.metadata().file_metadata().num_rows();
        if u64::try_from(rows).is_ok_and(|rows| rows > POSITIONS_MAX) {
            return Err(too_large(format!("it deletes {rows} rows, more than {POSITIONS_MAX}")));
        }
        let (path, position) = (column(&builder, PATH)?, column(&builder, POSITION)?);
        let reader = project(builder, &[path, position])?;
        // The reader keeps the order of the file.
        let at = |column: usize, other: usize| usize::from(column > other);
        let (path, position) = (at(path, position), at(position, path));
        let mut positions = Positions::new();
        for batch in reader {
            collect(&batch.map_err(damaged)?, path, position, &mut positions)?;
        }
        Ok(positions)
    })
    .await
}

fn collect(batch: &RecordBatch, path: usize, position: usize, into: &mut Positions) -> Result<()> {
    let broken = |why: &str| Error::corrupt(format!("it is damaged: {why}"));
    let paths = cast(batch.column(path), &DataType::Utf8).map_err(damaged)?;
    let paths = paths.as_string::<i32>();
    let rows = batch.column(position);
    let rows = rows
        .as_primitive_opt::<Int64Type>()
        .ok_or_else(|| broken("its positions are no whole numbers"))?;
    if paths.null_count() + rows.null_count() > 0 {
        return Err(broken("a path or position is NULL"));
    }
    let mut at = 0;
    while at < batch.num_rows() {
        // Rows are in order of their paths, so one look-up does for many.
        let path = paths.value(at);
        let run = (at..batch.num_rows()).take_while(|row| paths.value(*row) == path).count();
        if !into.contains_key(path) {
            if into.len() == PATHS_MAX {
                return Err(too_large(format!("it is about more than {PATHS_MAX} data files")));
            }
            into.insert(path.to_string(), RoaringTreemap::new());
        }
        let Some(deleted) = into.get_mut(path) else { continue };
        for position in &rows.values()[at..at + run] {
            let position = u64::try_from(*position);
            deleted.insert(position.map_err(|_| broken("a position is negative"))?);
        }
        at += run;
    }
    Ok(())
}

/// A column by its id; by its name, in files of writers that leave ids out.
fn column(
    builder: &ParquetRecordBatchReaderBuilder<Bytes>,
    (id, name): (i32, &str),
) -> Result<usize> {
    let fields = builder.schema().fields();
    let with_id = fields.iter().position(|f| f.metadata().get(FIELD_ID) == Some(&id.to_string()));
    let with_name =
        || fields.iter().position(|f| f.name() == name && !f.metadata().contains_key(FIELD_ID));
    with_id.or_else(with_name).ok_or_else(|| {
        Error::corrupt(format!("it has no column {name}, so it holds no position deletes"))
    })
}

/// Reads a file whole and makes something of it, on a thread of its own. The file's name is in all errors.
async fn read<T: Send + 'static>(
    stores: &Stores,
    location: &Location,
    make: impl FnOnce(Bytes) -> Result<T> + Send + 'static,
) -> Result<T> {
    let bytes = stores.read(location, FILE_BYTES_MAX).await?;
    // A damaged file can make the Parquet reader panic.
    let guarded = move || {
        catch_unwind(AssertUnwindSafe(|| make(bytes)))
            .unwrap_or_else(|_| Err(Error::corrupt("it is damaged: its reader panicked")))
    };
    let made = tokio::task::spawn_blocking(guarded).await;
    let made = made.map_err(|e| Error::internal("reading a delete file failed").source(e))?;
    made.map_err(|e| {
        let hint = match e.kind() {
            ErrorKind::Corrupt => {
                "Nothing was read: deleted rows would come back. Restore the file, or restore the \
                 table to a snapshot without it."
            }
            _ => "Rewrite the table without deletes (rewrite_data_files) to read it.",
        };
        e.context(format!("delete file {location}")).about(Subject::Object).hint(hint)
    })
}

fn open(bytes: Bytes) -> Result<ParquetRecordBatchReaderBuilder<Bytes>> {
    // The Arrow schema that some writers embed says nothing that the Parquet types do not.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    ParquetRecordBatchReaderBuilder::try_new_with_options(bytes, options)
        .map_err(|e| Error::corrupt("its footer is damaged").source(e))
}

fn project(
    builder: ParquetRecordBatchReaderBuilder<Bytes>,
    columns: &[usize],
) -> Result<ParquetRecordBatchReader> {
    let mask = ProjectionMask::roots(builder.parquet_schema(), columns.iter().copied());
    let reader = builder.with_projection(mask).with_batch_size(BATCH_ROWS).build();
    reader.map_err(|e| Error::corrupt("it is damaged").source(e))
}

fn damaged(error: ArrowError) -> Error {
    Error::corrupt("it is damaged").source(error)
}

fn too_large(why: String) -> Error {
    Error::exhausted(why).about(Subject::Memory)
}
