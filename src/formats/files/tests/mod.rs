//! Tables of plain files on the local disk, odd and hostile ones included.

mod avro;
mod infer;
mod open;
mod recognise;

use std::fs;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use ::parquet::arrow::ArrowWriter;
use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, Schema, SchemaRef, TimeUnit};
use flate2::Compression as Level;
use flate2::write::GzEncoder;
use lakegate_base::{Error, Location, Result};
use lakegate_store::{S3Options, StoreOptions, Stores};
use tempfile::TempDir;

use super::{FileRef, InferredFile, detect};

pub(super) const MICROS: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

/// A folder with files in it, and the stores that may open it.
pub(super) struct Folder {
    dir: TempDir,
    pub root: Location,
    pub stores: Stores,
}

impl Folder {
    pub fn new(files: &[(&str, &[u8])]) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let root = Location::local(&dir.path().join("table")).expect("valid");
        let roots = vec![root.clone()];
        let retry_timeout = Duration::from_secs(5);
        let options = StoreOptions { roots, s3: S3Options::default(), retry_timeout };
        let folder = Self { dir, root, stores: Stores::new(options) };
        for (name, bytes) in files {
            folder.put(name, bytes);
        }
        folder
    }

    pub fn put(&self, name: &str, bytes: &[u8]) {
        let path = self.dir.path().join("table").join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("created");
        fs::write(path, bytes).expect("written");
    }

    pub fn place(&self, name: &str) -> Location {
        self.root.join(name).expect("valid")
    }

    /// What one file says, its kind found as the crawler does.
    pub async fn infer(&self, name: &str) -> Result<InferredFile> {
        let location = self.place(name);
        let size = self.stores.head(&location).await?.size;
        let file = FileRef { location, size };
        let kind = detect(&self.stores, &file).await?.ok_or_else(|| Error::invalid("no kind"))?;
        super::infer(&self.stores, &file, kind).await
    }
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Level::fast());
    encoder.write_all(bytes).expect("written");
    encoder.finish().expect("finished")
}

pub(super) fn parquet(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter(columns).expect("a batch");
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).expect("a writer");
    writer.write(&batch).expect("written");
    writer.close().expect("closed");
    bytes
}

/// `name type, …`
pub(super) fn show(schema: &Schema) -> String {
    let columns = schema.fields().iter().map(|f| format!("{} {}", f.name(), f.data_type()));
    columns.collect::<Vec<_>>().join(", ")
}

pub(super) fn schema(columns: &[(&str, DataType)]) -> SchemaRef {
    let fields =
        columns.iter().map(|(name, t)| arrow::datatypes::Field::new(*name, t.clone(), true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}
