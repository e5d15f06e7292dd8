//! A file of text as a stream of batches: unpacked on the way, all members of it, and handed piece by piece
//! to a decoder. Rows of a file may be long: batches then have fewer of them.

use std::panic::{AssertUnwindSafe, catch_unwind};

use async_compression::tokio::bufread::{BzDecoder, GzipDecoder, XzDecoder, ZstdDecoder};
use bytes::{Buf, Bytes};
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::error::ArrowError;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use lakegate_base::{Error, Location, Result};
use lakegate_formats::files::{Batches, Compression, DataObject};
use object_store::ObjectStoreExt;
use tokio_util::io::{ReaderStream, StreamReader};

const BATCH_ROWS: usize = 8192;
/// Text in one batch: wanted, and most.
const BATCH_BYTES: usize = 8 << 20;
const BATCH_BYTES_MAX: usize = 256 << 20;
const READ_BYTES: usize = 256 << 10;

/// Makes batches from text that comes in pieces, cut anywhere.
pub trait Decode: Send + 'static {
    /// Takes text until a batch is full, and says how much it took. No text at all: the file ends.
    fn push(&mut self, text: &[u8]) -> Result<usize>;

    /// The rows so far.
    fn take(&mut self) -> Result<Option<RecordBatch>>;
}

/// The content of a file, unpacked.
pub struct Content {
    location: Location,
    bytes: BoxStream<'static, std::io::Result<Bytes>>,
    /// Read, but not decoded yet.
    rest: Bytes,
    ended: bool,
}

impl Content {
    pub async fn open(object: &DataObject) -> Result<Self> {
        let location = object.location.clone();
        let compression = Compression::of(&location)?;
        let found = object.store.get(&lakegate_store::path(&location)).await;
        let found = found.map_err(|e| lakegate_store::error(e, &location))?;
        let packed = found.into_stream().map_err(std::io::Error::other);
        let bytes = unpacked(packed.boxed(), compression);
        Ok(Self { location, bytes, rest: Bytes::new(), ended: false })
    }

    /// The next piece; none at the end.
    async fn next(&mut self) -> Result<Option<Bytes>> {
        let next = self.bytes.try_next().await;
        next.map_err(|e| unreadable(e, &self.location))
    }

    /// Reads on until `enough` is satisfied or the file ends, and shows what was read so far.
    pub async fn head(&mut self, enough: impl Fn(&[u8]) -> bool) -> Result<(&[u8], bool)> {
        let mut read = Vec::from(std::mem::take(&mut self.rest));
        while !self.ended && !enough(&read) {
            if read.len() > BATCH_BYTES {
                let what = format!("a first row of more than {BATCH_BYTES} bytes");
                return Err(Error::unsupported(format!("{what} ({})", self.location)));
            }
            match self.next().await? {
                Some(bytes) => read.extend_from_slice(&bytes),
                None => self.ended = true,
            }
        }
        self.rest = Bytes::from(read);
        Ok((&self.rest, self.ended))
    }

    /// Rows in a batch, so that it is of a good size.
    pub fn batch_rows(&self) -> usize {
        let lines = self.rest.iter().filter(|byte| **byte == b'\n').count();
        let line_bytes = self.rest.len() / lines.max(1);
        (BATCH_BYTES / line_bytes.max(1)).clamp(16, BATCH_ROWS)
    }

    pub fn batches(self, decoder: impl Decode) -> Batches {
        let state = Pushing { content: self, decoder, pushed_bytes: 0 };
        let next = |mut state: Pushing<_>| async move {
            Ok(state.next().await?.map(|batch| (batch, state)))
        };
        futures::stream::try_unfold(state, next).boxed()
    }
}

/// DataFusion's own converter stops after the first member of bzip2 and Zstandard files.
fn unpacked(
    packed: BoxStream<'static, std::io::Result<Bytes>>,
    compression: Compression,
) -> BoxStream<'static, std::io::Result<Bytes>> {
    let reader = StreamReader::new(packed);
    match compression {
        Compression::None => reader.into_inner().boxed(),
        Compression::Gzip => {
            let mut decoder = GzipDecoder::new(reader);
            decoder.multiple_members(true);
            ReaderStream::with_capacity(decoder, READ_BYTES).boxed()
        }
        Compression::Bzip2 => {
            let mut decoder = BzDecoder::new(reader);
            decoder.multiple_members(true);
            ReaderStream::with_capacity(decoder, READ_BYTES).boxed()
        }
        Compression::Zstandard => {
            let mut decoder = ZstdDecoder::new(reader);
            decoder.multiple_members(true);
            ReaderStream::with_capacity(decoder, READ_BYTES).boxed()
        }
        Compression::Xz => {
            let mut decoder = XzDecoder::new(reader);
            decoder.multiple_members(true);
            ReaderStream::with_capacity(decoder, READ_BYTES).boxed()
        }
    }
}

/// A store's error travels inside the decoder's.
fn unreadable(error: std::io::Error, location: &Location) -> Error {
    match error.downcast::<object_store::Error>() {
        Ok(store) => lakegate_store::error(store, location),
        Err(other) => {
            Error::corrupt(format!("{location} is damaged: it does not unpack")).source(other)
        }
    }
}

struct Pushing<D> {
    content: Content,
    decoder: D,
    /// Since the last batch.
    pushed_bytes: usize,
}

impl<D: Decode> Pushing<D> {
    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if self.content.rest.is_empty() && !self.content.ended {
                match self.content.next().await? {
                    Some(bytes) => self.content.rest = bytes,
                    None => self.content.ended = true,
                }
                if self.content.rest.is_empty() && !self.content.ended {
                    continue;
                }
            }
            let used = self.push()?;
            let stuck = used == 0 && !self.content.rest.is_empty();
            // At its end the decoder is told so, by a push of nothing.
            if self.content.rest.is_empty() && (!self.content.ended || used > 0) {
                continue;
            }
            let batch = self.take()?;
            self.pushed_bytes = 0;
            match batch {
                Some(batch) => return Ok(Some(batch)),
                None if stuck => return Err(self.damaged("its rows cannot be told apart")),
                None if self.content.rest.is_empty() => return Ok(None),
                None => {}
            }
        }
    }

    fn push(&mut self) -> Result<usize> {
        let rest = self.content.rest.clone();
        let used = self.guarded(|decoder| decoder.push(&rest))?;
        self.content.rest.advance(used.min(rest.len()));
        self.pushed_bytes = self.pushed_bytes.saturating_add(used);
        if self.pushed_bytes > BATCH_BYTES_MAX {
            let what = format!("rows of more than {BATCH_BYTES_MAX} bytes together");
            return Err(Error::unsupported(format!("{what} ({})", self.content.location)));
        }
        Ok(used)
    }

    fn take(&mut self) -> Result<Option<RecordBatch>> {
        self.guarded(Decode::take)
    }

    /// Errors get the file's name; a panic of a decoder is damage, too.
    fn guarded<T>(&mut self, step: impl FnOnce(&mut D) -> Result<T>) -> Result<T> {
        let decoder = &mut self.decoder;
        match catch_unwind(AssertUnwindSafe(|| step(decoder))) {
            Ok(done) => done.map_err(|e| e.context(&self.content.location)),
            Err(_) => Err(self.damaged("its decoder panicked")),
        }
    }

    fn damaged(&self, what: &str) -> Error {
        Error::corrupt(format!("{} is damaged: {what}", self.content.location))
    }
}

/// What Arrow's decoders say of a file's text.
pub fn from_arrow(error: ArrowError) -> Error {
    match error {
        ArrowError::NotYetImplemented(what) => Error::unsupported(what),
        ArrowError::ParseError(what) | ArrowError::CsvError(what) | ArrowError::JsonError(what) => {
            Error::corrupt(what)
        }
        other => Error::corrupt("a row that does not fit the table").source(other),
    }
}
