//! A result as one Parquet file.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use lakegate_base::{Error, Result};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use super::ResultWriter;
use super::target::{Target, write_error};

pub struct ParquetFileWriter {
    writer: ArrowWriter<Target>,
}

impl ParquetFileWriter {
    pub fn new(target: Target, schema: &Schema) -> Result<Self> {
        let compression = Compression::ZSTD(ZstdLevel::default());
        let properties = WriterProperties::builder().set_compression(compression).build();
        let writer = ArrowWriter::try_new(target, Arc::new(schema.clone()), Some(properties));
        Ok(Self { writer: writer.map_err(parquet_error)? })
    }
}

impl ResultWriter for ParquetFileWriter {
    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.writer.write(batch).map_err(parquet_error)
    }

    fn finish(self: Box<Self>, _elapsed: Duration) -> Result<()> {
        self.writer.into_inner().map_err(parquet_error)?.finish()
    }
}

fn parquet_error(error: ParquetError) -> Error {
    match error {
        ParquetError::External(cause) => match cause.downcast::<std::io::Error>() {
            Ok(io) => write_error(*io),
            Err(cause) => refused(cause),
        },
        other => refused(Box::new(other)),
    }
}

fn refused(cause: Box<dyn std::error::Error + Send + Sync>) -> Error {
    Error::invalid(format!("the result cannot be written as Parquet: {cause}")).source(cause)
}
