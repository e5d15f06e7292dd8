//! Data files that our own readers turn into Arrow batches: Avro and ORC. They are read forward, a bounded
//! piece at a time, and only the columns that are asked for. What is wrong with a file, panics of a
//! library included, is an error that names the file.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use futures::stream::BoxStream;
use lakegate_base::{Error, Location, Result};
use lakegate_store::Stores;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use super::infer::FileRef;

/// Rows in one batch, at most.
pub(super) const BATCH_ROWS: usize = 8192;

pub type Batches = BoxStream<'static, Result<RecordBatch>>;

/// An opened file: its columns are known, its rows not read yet.
pub trait RowFile: Send {
    /// The columns as the file has them.
    fn schema(&self) -> &SchemaRef;

    /// Where the file says so without being read.
    fn rows(&self) -> Option<u64>;

    /// The rows with these columns, in this order; without any column the batches still count rows.
    fn read(self: Box<Self>, columns: Vec<usize>) -> Batches;
}

/// One object in a store, and its name for errors.
#[derive(Clone, Debug)]
pub struct DataObject {
    pub store: Arc<dyn ObjectStore>,
    pub location: Location,
    pub size: u64,
}

impl DataObject {
    pub(super) async fn of(stores: &Stores, file: &FileRef) -> Result<Self> {
        stores.check(&file.location)?;
        let store = stores.store(&file.location).await?;
        Ok(Self { store, location: file.location.clone(), size: file.size })
    }

    pub(super) fn path(&self) -> Path {
        lakegate_store::path(&self.location)
    }

    /// Exactly these bytes.
    pub(super) async fn read(&self, range: Range<u64>) -> Result<Bytes> {
        let wanted = range.end.saturating_sub(range.start);
        if wanted == 0 {
            // Stores refuse a range of nothing.
            return Ok(Bytes::new());
        }
        let read = self.store.get_range(&self.path(), range).await;
        let bytes = read.map_err(|e| lakegate_store::error(e, &self.location))?;
        match u64::try_from(bytes.len()).is_ok_and(|length| length == wanted) {
            true => Ok(bytes),
            false => Err(self.damaged("it is shorter than listed")),
        }
    }

    pub(super) fn damaged(&self, what: impl std::fmt::Display) -> Error {
        Error::corrupt(format!("{} is damaged: {what}", self.location))
            .hint("Restore the file, or remove it from the table's folder.")
    }

    pub(super) fn unsupported(&self, what: impl std::fmt::Display) -> Error {
        Error::unsupported(format!("{what} ({})", self.location))
    }

    /// Runs a step of decoding. A panic of a decoder on bytes nobody foresaw is damage, too.
    pub(super) fn decode<T>(&self, step: impl FnOnce() -> Result<T>) -> Result<T> {
        let caught = catch_unwind(AssertUnwindSafe(step));
        caught.unwrap_or_else(|_| Err(self.damaged("its decoder panicked")))
    }
}
