//! Text files: one column, one row a line. A CSV reader would drop empty lines and stumble over quotes.

use std::sync::Arc;

use bytes::BytesMut;
use datafusion::arrow::array::{ArrayRef, RecordBatch, StringBuilder};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::SchemaRef;
use lakegate_base::{Error, Result};
use lakegate_formats::files::{Batches, DataObject};

use super::push::{Content, Decode, from_arrow};
use super::rows::{Wanted, assembled};

/// A longer line is refused: it is not a text file.
const LINE_BYTES_MAX: usize = 64 << 20;
const BATCH_ROWS: usize = 8192;
/// A batch ends early when its lines are long.
const BATCH_BYTES: usize = 4 << 20;

pub async fn open(object: DataObject, wanted: Wanted) -> Result<Batches> {
    let content = Content::open(&object).await?;
    Ok(content.batches(Lines::new(wanted.columns)))
}

struct Lines {
    schema: SchemaRef,
    rest: BytesMut,
    built: StringBuilder,
    rows: usize,
}

impl Lines {
    fn new(schema: SchemaRef) -> Self {
        Self { schema, rest: BytesMut::new(), built: StringBuilder::new(), rows: 0 }
    }

    fn is_full(&self) -> bool {
        self.rows >= BATCH_ROWS || self.built.values_slice().len() >= BATCH_BYTES
    }

    fn line(&mut self) -> Result<()> {
        let line = std::mem::take(&mut self.rest);
        let text = std::str::from_utf8(&line)
            .map_err(|e| Error::corrupt("the text is not valid UTF-8").source(e))?;
        self.built.append_value(text.strip_suffix('\r').unwrap_or(text));
        self.rows += 1;
        Ok(())
    }
}

impl Decode for Lines {
    fn push(&mut self, text: &[u8]) -> Result<usize> {
        if text.is_empty() {
            // The last line may lack its line break.
            return if self.rest.is_empty() { Ok(0) } else { self.line().map(|()| 0) };
        }
        let mut used = 0;
        while let Some(end) = text[used..].iter().position(|byte| *byte == b'\n') {
            if self.is_full() {
                return Ok(used);
            }
            self.rest.extend_from_slice(&text[used..used + end]);
            self.line()?;
            used += end + 1;
        }
        self.rest.extend_from_slice(&text[used..]);
        if self.rest.len() > LINE_BYTES_MAX {
            return Err(Error::unsupported(format!("a line of more than {LINE_BYTES_MAX} bytes")));
        }
        Ok(text.len())
    }

    /// A query that reads no column still counts rows.
    fn take(&mut self) -> Result<Option<RecordBatch>> {
        let rows = std::mem::take(&mut self.rows);
        if rows == 0 {
            return Ok(None);
        }
        let lines: ArrayRef = Arc::new(self.built.finish());
        let columns = self.schema.fields().iter().map(|field| cast(&lines, field.data_type()));
        let columns = columns.collect::<Result<Vec<_>, _>>().map_err(from_arrow)?;
        assembled(&self.schema, columns, rows).map(Some)
    }
}
