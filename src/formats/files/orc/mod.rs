//! ORC files, read by a small reader of our own.
//!
//! Rejected: `orc-rust` 0.9. It fits our Arrow, but switches features of crates that everything else is
//! built on, and reads what a file claims without limits. The format has been stable for years; ours reads
//! all of it but encryption, unions, LZO and Brotli, which are refused by name.
//!
//! Specification: <https://orc.apache.org/specification/ORCv1/>

mod column;
mod packed;
mod proto;
mod runs;
mod schema;
mod stripe;
mod tail;
mod time;

use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Schema, SchemaRef};
use futures::{StreamExt, stream};
use lakegate_base::{Error, Result};

use super::avro::counted;
use super::rows::{BATCH_ROWS, Batches, DataObject, RowFile};
use column::Column;
use packed::Packing;
use schema::{Node, Unfit};
use tail::{Footer, Postscript, Stripe};

/// What is wrong with a file. The file's name is added where it is known.
type Decoded<T> = std::result::Result<T, &'static str>;

/// Read at once from the end: most footers fit, which saves a request.
const TAIL_GUESS_BYTES: u64 = 64 << 10;
const FOOTER_BYTES_MAX: u64 = 64 << 20;
/// Packed bytes that make a batch of a good size.
const BATCH_PACKED_BYTES: u64 = 2 << 20;
/// Rows of one stripe: writers make stripes of some megabytes.
const STRIPE_ROWS_MAX: u64 = u32::MAX as u64;

struct OrcFile {
    object: DataObject,
    packing: Packing,
    stripes: Vec<Stripe>,
    rows: u64,
    root: Node,
    schema: SchemaRef,
}

/// Reads a file's footer.
pub async fn open_orc(object: DataObject) -> Result<Box<dyn RowFile>> {
    let (postscript, footer) = read_tail(&object).await?;
    if footer.encrypted {
        return Err(object.unsupported("encrypted ORC files"));
    }
    let (root, schema) = schema::root(&footer.types).map_err(|unfit| match unfit {
        Unfit::Damaged(what) => object.damaged(what),
        Unfit::Unsupported(what) => object.unsupported(what),
    })?;
    let total = footer.stripes.iter().map(|stripe| stripe.rows).fold(0, u64::saturating_add);
    let too_long = footer.stripes.iter().any(|stripe| stripe.rows > STRIPE_ROWS_MAX);
    if total != footer.rows || too_long {
        return Err(object.damaged("its stripes do not have the rows it claims"));
    }
    Ok(Box::new(OrcFile {
        object,
        packing: postscript.packing,
        stripes: footer.stripes,
        rows: footer.rows,
        root,
        schema: Arc::new(schema),
    }))
}

/// What is not read, rather than damaged, is known by how the decoder ends its sentence.
fn footer_damage(object: &DataObject, what: &'static str) -> Error {
    match what.strip_suffix(", not supported") {
        Some(feature) => object.unsupported(format!("this ORC file: {feature}")),
        None => object.damaged(what),
    }
}

async fn read_tail(object: &DataObject) -> Result<(Postscript, Footer)> {
    let short = || object.damaged("it is too short to be an ORC file");
    let mut start = object.size.saturating_sub(TAIL_GUESS_BYTES);
    let mut tail = object.read(start..object.size).await?;
    let length = usize::from(*tail.last().ok_or_else(short)?);
    let end = tail.len().checked_sub(1 + length).ok_or_else(short)?;
    let postscript = Postscript::parse(&tail[end..end + length]);
    let postscript = postscript.map_err(|what| footer_damage(object, what))?;
    let footer_bytes = postscript.footer_bytes;
    if footer_bytes > FOOTER_BYTES_MAX {
        return Err(object.unsupported(format!("an ORC footer of {footer_bytes} bytes")));
    }
    let footer_end = start + end as u64;
    let footer_start = footer_end.checked_sub(footer_bytes).ok_or_else(short)?;
    if footer_start < start {
        tail = object.read(footer_start..footer_end).await?;
        start = footer_start;
    }
    let from = usize::try_from(footer_start - start).map_err(|_| short())?;
    let to = usize::try_from(footer_end - start).map_err(|_| short())?;
    let footer = object.decode(|| Ok(Footer::parse(tail.slice(from..to), postscript.packing)))?;
    let footer = footer.map_err(|what| footer_damage(object, what))?;
    Ok((postscript, footer))
}

impl RowFile for OrcFile {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn rows(&self) -> Option<u64> {
        Some(self.rows)
    }

    fn read(self: Box<Self>, columns: Vec<usize>) -> Batches {
        let rows =
            Rows { stripes: self.stripes.clone().into_iter(), columns, current: None, file: *self };
        let next =
            |mut rows: Rows| async move { Ok(rows.next().await?.map(|batch| (batch, rows))) };
        stream::try_unfold(rows, next).boxed()
    }
}

struct Rows {
    file: OrcFile,
    columns: Vec<usize>,
    stripes: std::vec::IntoIter<Stripe>,
    current: Option<Open>,
}

/// A stripe being read.
struct Open {
    root: Column,
    rows_left: usize,
    batch_rows: usize,
}

impl Rows {
    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(batch) = self.decode()? {
                return Ok(Some(batch));
            }
            let Some(stripe) = self.stripes.next() else { return Ok(None) };
            let rows = usize::try_from(stripe.rows).unwrap_or(usize::MAX);
            if self.columns.is_empty() && rows > 0 {
                return counted(rows).map(Some);
            }
            if rows > 0 {
                self.current = Some(self.open(&stripe, rows).await?);
            }
        }
    }

    async fn open(&self, stripe: &Stripe, rows: usize) -> Result<Open> {
        let file = &self.file;
        let root = stripe::open(&file.object, file.packing, stripe, &self.wanted()?).await?;
        let row_bytes = (stripe.data_bytes / stripe.rows.max(1)).max(1);
        let batch_rows = usize::try_from(BATCH_PACKED_BYTES / row_bytes).unwrap_or(BATCH_ROWS);
        Ok(Open { root, rows_left: rows, batch_rows: batch_rows.clamp(16, BATCH_ROWS) })
    }

    /// The rows' type with the wanted columns only.
    fn wanted(&self) -> Result<Node> {
        let root = &self.file.root;
        let missing = || Error::internal("a column that the file does not have");
        let pick = |at: &usize| root.children.get(*at).cloned().ok_or_else(missing);
        let children = self.columns.iter().map(pick).collect::<Result<Vec<Node>>>()?;
        let fields = self.columns.iter().map(|at| self.file.schema.field(*at).clone());
        let data_type = DataType::Struct(fields.collect());
        Ok(Node { children, data_type, ..root.clone() })
    }

    /// The next batch of the current stripe, if it has rows left.
    fn decode(&mut self) -> Result<Option<RecordBatch>> {
        let Some(open) = self.current.as_mut().filter(|open| open.rows_left > 0) else {
            self.current = None;
            return Ok(None);
        };
        let rows = open.batch_rows.min(open.rows_left);
        let object = &self.file.object;
        let read = object.decode(|| Ok(open.root.read(rows, None)))?;
        let read = read.map_err(|what| footer_damage(object, what))?;
        open.rows_left -= rows;
        if read.null_count() > 0 {
            return Err(object.unsupported("ORC rows that are null as a whole"));
        }
        let columns = read.as_struct().columns().to_vec();
        let fields: Vec<_> =
            self.columns.iter().map(|at| self.file.schema.field(*at).clone()).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let schema = Arc::new(Schema::new(fields));
        let batch = RecordBatch::try_new_with_options(schema, columns, &options);
        batch.map(Some).map_err(|e| object.damaged(e))
    }
}
