//! A Parquet file's footer, read from its last bytes. Files cannot be trusted: nothing is computed with a
//! length before it was checked.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::datasource::physical_plan::parquet::CachedParquetMetaData;
use datafusion::execution::cache::cache_manager::{CachedFileMetadataEntry, FileMetadataCache};
use datafusion::parquet::DecodeResult;
use datafusion::parquet::arrow::async_reader::AsyncFileReader;
use datafusion::parquet::errors::ParquetError;
use datafusion::parquet::file::metadata::{
    PageIndexPolicy, ParquetMetaData, ParquetMetaDataPushDecoder,
};
use lakegate_base::Error;
use object_store::ObjectMeta;

/// The footer's length and `PAR1`.
const END_BYTES: usize = 8;

/// The last bytes of a file: the footer, and often more.
#[derive(Clone, Debug)]
pub struct Tail {
    pub start: u64,
    pub bytes: Bytes,
}

impl Tail {
    /// Where it lies in a file of that size.
    pub fn range(size: u64, hint: Option<usize>) -> Range<u64> {
        let wanted = hint.unwrap_or_default().max(END_BYTES);
        size.saturating_sub(wanted as u64)..size
    }

    /// None: the range is not wholly in it.
    pub fn get(&self, range: &Range<u64>) -> Option<Bytes> {
        let from = usize::try_from(range.start.checked_sub(self.start)?).ok()?;
        let to = usize::try_from(range.end.checked_sub(self.start)?).ok()?;
        Some(self.bytes.slice_ref(self.bytes.get(from..to)?))
    }

    /// parquet 59.3 subtracts a footer's length from the file's size unchecked.
    fn check(&self, meta: &ObjectMeta) -> Result<(), ParquetError> {
        let name = meta.location.as_ref();
        if self.bytes.len() as u64 != meta.size - self.start {
            return Err(damaged(name, "the file is shorter than it should be".to_string()));
        }
        let Some(end) = self.bytes.last_chunk::<END_BYTES>() else {
            return Err(damaged(name, format!("{} bytes hold no footer", meta.size)));
        };
        let [a, b, c, d, magic @ ..] = end;
        let length = u64::from(u32::from_le_bytes([*a, *b, *c, *d]));
        match magic == b"PAR1" && length <= meta.size.saturating_sub(END_BYTES as u64) {
            true => Ok(()),
            false => Err(damaged(name, "the last bytes are no footer".to_string())),
        }
    }
}

/// Reads the footer out of the tail, and from the file what the tail does not hold; keeps it in the cache.
pub async fn read(
    meta: &ObjectMeta,
    tail: &Tail,
    policy: PageIndexPolicy,
    reader: &mut dyn AsyncFileReader,
    cache: &FileMetadataCache,
) -> Result<Arc<ParquetMetaData>, ParquetError> {
    tail.check(meta)?;
    let decoder = ParquetMetaDataPushDecoder::try_new(meta.size)?;
    let mut decoder = decoder.with_page_index_policy(policy);
    decoder.push_range(tail.start..meta.size, tail.bytes.clone())?;
    loop {
        match decoder.try_decode()? {
            DecodeResult::NeedsData(ranges) => {
                let bytes = reader.get_byte_ranges(ranges.clone()).await?;
                decoder.push_ranges(ranges, bytes)?;
            }
            DecodeResult::Data(footer) => {
                let footer = Arc::new(footer);
                let cached = Arc::new(CachedParquetMetaData::new(Arc::clone(&footer)));
                cache.put(&meta.location, CachedFileMetadataEntry::new(meta.clone(), cached));
                return Ok(footer);
            }
            DecodeResult::Finished => {
                let name = meta.location.as_ref();
                return Err(damaged(name, "the footer has no end".to_string()));
            }
        }
    }
}

pub fn damaged(name: &str, cause: String) -> ParquetError {
    let error =
        Error::corrupt(format!("Parquet file \"{name}\" is damaged: its footer cannot be read"))
            .source(cause)
            .hint("Restore the file, or remove it and crawl again.");
    ParquetError::External(Box::new(error))
}
