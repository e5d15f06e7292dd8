//! Portals: a statement bound to its parameters, and the rows it still has to give.

use std::sync::Arc;

use arrow::array::Array;
use bytes::BufMut;
use futures::{FutureExt, StreamExt};
use lakegate_base::{Parameter, Rows, Session};

use crate::connection::Fault;
use crate::error::{Report, Result};
use crate::extended::Stored;
use crate::link::{Flushed, Link};
use crate::types::{self, Column, Encoder, Format, Zone};

pub(crate) struct Portal {
    pub stored: Arc<Stored>,
    pub parameters: Vec<Parameter>,
    pub formats: Vec<Format>,
    pub state: State,
}

impl Portal {
    /// Bytes of its parameters.
    pub fn bytes(&self) -> usize {
        self.parameters.iter().map(|array| array.get_array_memory_size()).sum()
    }
}

pub(crate) enum State {
    Bound,
    Running { cursor: Cursor, tag: String },
    Done,
}

/// A running query's rows on their way to one client.
pub(crate) struct Cursor {
    rows: Rows,
    columns: Arc<[Column]>,
    formats: Vec<Format>,
    zone: Zone,
    batch: Option<Batch>,
    /// Rows sent by the last run.
    pub sent: u64,
}

/// A batch ready to be encoded, and the first row not yet sent.
struct Batch {
    encoders: Vec<Encoder>,
    rows: usize,
    next: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    Complete,
    /// The row limit was reached; more may follow.
    Suspended,
}

impl Cursor {
    pub fn new(
        rows: Rows,
        columns: Arc<[Column]>,
        formats: Vec<Format>,
        session: &dyn Session,
    ) -> Result<Self> {
        let zone = Zone::parse(&session.show("TimeZone")?)?;
        Ok(Self { rows, columns, formats, zone, batch: None, sent: 0 })
    }

    /// Sends rows until they end or `limit` is reached. At most one batch and one full buffer are
    /// held: a slow client slows the query. On failure the caller drops the cursor, and with it the
    /// query.
    pub async fn run(&mut self, link: &mut Link, limit: Option<u64>) -> Result<Progress, Fault> {
        self.sent = 0;
        loop {
            if limit.is_some_and(|limit| self.sent >= limit) {
                return Ok(Progress::Suspended);
            }
            if self.batch.is_none() && !self.fetch(link).await? {
                return Ok(Progress::Complete);
            }
            self.encode(link, limit)?;
            if link.output.is_full() {
                self.flush(link).await?;
            }
        }
    }

    /// Gets the next batch; false at the end of the rows.
    async fn fetch(&mut self, link: &mut Link) -> Result<bool, Fault> {
        self.rows.stop.check()?;
        let ready = self.rows.stream.next().now_or_never();
        let next = if let Some(next) = ready {
            next
        } else {
            // The query needs time: let the client have what there is.
            self.flush(link).await?;
            let Rows { stream, stop, .. } = &mut self.rows;
            tokio::select! {
                biased;
                next = link.watch(stream.next()) => next?,
                error = stop.stopped() => return Err(error.into()),
            }
        };
        let Some(batch) = next.transpose()? else {
            return Ok(false);
        };
        if batch.num_columns() != self.columns.len() {
            return Err(Report::internal("a batch does not have the columns of its schema").into());
        }
        let encoders = (batch.columns().iter().zip(self.columns.iter()).zip(&self.formats))
            .map(|((array, column), format)| types::encoder(array, column, *format, &self.zone))
            .collect::<Result<Vec<_>>>()?;
        self.batch = Some(Batch { encoders, rows: batch.num_rows(), next: 0 });
        Ok(true)
    }

    /// Encodes rows until the batch or the limit ends, or the buffer is full.
    fn encode(&mut self, link: &mut Link, limit: Option<u64>) -> Result<()> {
        let Some(batch) = &mut self.batch else {
            return Ok(());
        };
        let count = i16::try_from(batch.encoders.len())
            .map_err(|_| Report::new("54011", "a result has more than 32767 columns"))?;
        while batch.next < batch.rows {
            if limit.is_some_and(|limit| self.sent >= limit) || link.output.is_full() {
                return Ok(());
            }
            link.output.frame(b'D', |buffer| {
                buffer.put_i16(count);
                batch.encoders.iter().try_for_each(|encoder| encoder.write(batch.next, buffer))
            })?;
            batch.next += 1;
            self.sent += 1;
        }
        self.batch = None;
        Ok(())
    }

    /// Lets the client read, unless the query must stop first.
    async fn flush(&mut self, link: &mut Link) -> Result<(), Fault> {
        match link.flush_or(self.rows.stop.stopped()).await? {
            Flushed::Done => Ok(()),
            Flushed::Stopped(error) => Err(error.into()),
        }
    }
}

/// `SELECT` and `FETCH` tell how many rows they gave.
pub(crate) fn tag_with_count(tag: &str, count: u64) -> String {
    if matches!(tag, "SELECT" | "FETCH") { format!("{tag} {count}") } else { tag.to_string() }
}
