//! A running query's rows on their way to one client: forward as they come, and back over what was kept.

use std::sync::Arc;

use arrow::array::RecordBatch;
use futures::{FutureExt, StreamExt};
use lakegate_base::{Direction, Rows, Scroll, Stop};

use crate::connection::Fault;
use crate::error::{Report, Result};
use crate::link::{Flushed, Link};
use crate::sink::{Shape, Sink};
use crate::types::{self, Column, Encoder};

pub(crate) struct Cursor {
    rows: Rows,
    columns: Arc<[Column]>,
    /// Where rows go, as of the last run.
    sink: Option<Sink>,
    /// The batch last read from.
    window: Option<Window>,
    kept: Kept,
    /// Bytes of rows it may keep.
    kept_bytes_max: usize,
    /// Rows the query gave so far.
    received: u64,
    /// The query gave its last row.
    is_complete: bool,
    /// Rows are counted from 1: 0 is before the first, `received + 1` after the last.
    position: u64,
}

/// A batch, and where it stands among the rows.
#[derive(Clone)]
struct Window {
    batch: RecordBatch,
    /// Rows before it.
    before: u64,
    /// Made for the sink, when something is written.
    encoders: Option<Arc<[Encoder]>>,
}

/// The batches a cursor can go back to.
enum Kept {
    /// All so far, oldest first, and their bytes.
    All(Vec<(u64, RecordBatch)>, usize),
    /// It cannot go back.
    None(&'static str),
}

const FORWARD_ONLY: &str = "cursor can only scan forward";
const TOO_MUCH: &str = "cursor can only scan forward: its rows outgrew what is kept to go back to";

impl Window {
    fn end(&self) -> u64 {
        self.before + rows(&self.batch)
    }

    /// Whether it holds the row after so many.
    fn holds(&self, index: u64) -> bool {
        (self.before..self.end()).contains(&index)
    }
}

fn rows(batch: &RecordBatch) -> u64 {
    u64::try_from(batch.num_rows()).unwrap_or(u64::MAX)
}

impl Cursor {
    pub fn new(rows: Rows, columns: Arc<[Column]>, scroll: Scroll) -> Self {
        let kept = match scroll {
            Scroll::NoScroll => Kept::None(FORWARD_ONLY),
            Scroll::Scroll | Scroll::Unsaid => Kept::All(Vec::new(), 0),
        };
        Self {
            rows,
            columns,
            sink: None,
            window: None,
            kept,
            kept_bytes_max: 0,
            received: 0,
            is_complete: false,
            position: 0,
        }
    }

    pub fn stop(&self) -> &Stop {
        &self.rows.stop
    }

    pub fn kept_bytes(&self) -> usize {
        match &self.kept {
            Kept::All(_, bytes) => *bytes,
            Kept::None(_) => 0,
        }
    }

    /// Before each run: how many bytes of rows may be kept, and where rows go.
    pub fn enter(&mut self, kept_bytes_max: usize, sink: Sink) {
        self.kept_bytes_max = kept_bytes_max;
        if self.sink.as_ref() != Some(&sink)
            && let Some(window) = &mut self.window
        {
            window.encoders = None;
        }
        self.sink = Some(sink);
    }

    /// What FETCH and MOVE do, as Postgres's DoPortalRunFetch has it. Answers how many rows were
    /// passed.
    pub async fn go(&mut self, link: &mut Link, direction: Direction) -> Result<u64, Fault> {
        match direction {
            Direction::Forward(count) => self.forward(link, count).await,
            Direction::Backward(count) => self.backward(link, count).await,
            Direction::Absolute(0) => {
                self.check_back()?;
                self.position = 0;
                Ok(0)
            }
            Direction::Absolute(number) if number > 0 => {
                let before = number.unsigned_abs() - 1;
                if before < self.position {
                    self.check_back()?;
                    self.position = before;
                } else {
                    self.skip(link, Some(before - self.position)).await?;
                }
                self.forward(link, Some(1)).await
            }
            Direction::Absolute(number) => {
                self.skip(link, None).await?;
                self.skip_back(number.unsigned_abs() - 1)?;
                self.backward(link, Some(1)).await
            }
            Direction::Relative(0) => self.again(link).await,
            Direction::Relative(number) if number > 0 => {
                self.skip(link, Some(number.unsigned_abs() - 1)).await?;
                self.forward(link, Some(1)).await
            }
            Direction::Relative(number) => {
                self.skip_back(number.unsigned_abs() - 1)?;
                self.backward(link, Some(1)).await
            }
        }
    }

    /// Sends rows until they end or `limit` is reached. At most one batch and one full buffer are
    /// held beside what is kept: a slow client slows the query. On failure the caller drops the
    /// cursor, and with it the query.
    pub async fn forward(&mut self, link: &mut Link, limit: Option<u64>) -> Result<u64, Fault> {
        let mut passed = 0;
        while limit.is_none_or(|limit| passed < limit) {
            if !self.find(link).await? {
                self.position = self.received + 1;
                break;
            }
            let left = limit.map_or(u64::MAX, |limit| limit - passed);
            let sent = self.write(link, left)?;
            (self.position, passed) = (self.position + sent, passed + sent);
            if link.output.is_full() {
                self.flush(link).await?;
            }
        }
        Ok(passed)
    }

    async fn backward(&mut self, link: &mut Link, limit: Option<u64>) -> Result<u64, Fault> {
        self.check_back()?;
        let mut passed = 0;
        while limit.is_none_or(|limit| passed < limit) {
            if self.position <= 1 {
                self.position = 0;
                break;
            }
            // To before the row, over it, and back onto it.
            self.position -= 2;
            self.find(link).await?;
            self.write(link, 1)?;
            (self.position, passed) = (self.position + 1, passed + 1);
            if link.output.is_full() {
                self.flush(link).await?;
            }
        }
        Ok(passed)
    }

    /// The row it stands on, once more.
    async fn again(&mut self, link: &mut Link) -> Result<u64, Fault> {
        let is_on_row = self.position > 0 && self.position <= self.received;
        if !is_on_row {
            return Ok(0);
        }
        if self.is_silent() {
            return Ok(1);
        }
        self.check_back()?;
        self.position -= 1;
        self.forward(link, Some(1)).await
    }

    /// Forward without sending.
    async fn skip(&mut self, link: &mut Link, count: Option<u64>) -> Result<(), Fault> {
        let sink = self.sink.take();
        let result = self.forward(link, count).await;
        self.sink = sink;
        result.map(drop)
    }

    fn skip_back(&mut self, count: u64) -> Result<()> {
        self.check_back()?;
        self.position = self.position.saturating_sub(count);
        Ok(())
    }

    fn check_back(&self) -> Result<()> {
        let why = match &self.kept {
            Kept::All(..) => return Ok(()),
            Kept::None(why) => *why,
        };
        let report = Report::new("55000", why);
        Err(match why {
            FORWARD_ONLY => report.hint("Declare it with SCROLL option to enable backward scan."),
            _ => report.hint("Select fewer rows or columns."),
        })
    }

    fn is_silent(&self) -> bool {
        self.sink.as_ref().is_none_or(|sink| sink.shape == Shape::Nothing)
    }

    /// Makes the window hold the row after the position; false when there is none.
    async fn find(&mut self, link: &mut Link) -> Result<bool, Fault> {
        loop {
            if self.window.as_ref().is_some_and(|window| window.holds(self.position)) {
                return Ok(true);
            }
            if self.position < self.received {
                self.window = Some(self.kept(self.position)?);
                return Ok(true);
            }
            if self.is_complete || self.position > self.received {
                return Ok(false);
            }
            self.fetch(link).await?;
        }
    }

    fn kept(&self, index: u64) -> Result<Window> {
        let Kept::All(batches, _) = &self.kept else {
            return self.check_back().and(Err(Report::internal("a cursor went back")));
        };
        let at = batches.partition_point(|(before, _)| *before <= index);
        let (before, batch) = at
            .checked_sub(1)
            .and_then(|at| batches.get(at))
            .ok_or_else(|| Report::internal("a row that was kept is gone"))?;
        Ok(Window { batch: batch.clone(), before: *before, encoders: None })
    }

    /// Gets the next batch from the query.
    async fn fetch(&mut self, link: &mut Link) -> Result<(), Fault> {
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
            self.is_complete = true;
            return Ok(());
        };
        if batch.num_columns() != self.columns.len() {
            return Err(Report::internal("a batch does not have the columns of its schema").into());
        }
        self.keep(&batch);
        let before = self.received;
        self.received += rows(&batch);
        self.window = Some(Window { batch, before, encoders: None });
        Ok(())
    }

    fn keep(&mut self, batch: &RecordBatch) {
        let Kept::All(batches, bytes) = &mut self.kept else {
            return;
        };
        *bytes += batch.get_array_memory_size();
        if *bytes > self.kept_bytes_max {
            self.kept = Kept::None(TOO_MUCH);
        } else if batch.num_rows() > 0 {
            batches.push((self.received, batch.clone()));
        }
    }

    /// Writes rows from the window, until it or `limit` ends, or the buffer is full.
    fn write(&mut self, link: &mut Link, limit: u64) -> Result<u64> {
        let Some(window) = &mut self.window else {
            return Ok(0);
        };
        let count = limit.min(window.end().saturating_sub(self.position));
        let Some(sink) = self.sink.as_ref().filter(|sink| sink.shape != Shape::Nothing) else {
            return Ok(count);
        };
        let encoders = match &window.encoders {
            Some(encoders) => Arc::clone(encoders),
            None => {
                let arrays = window.batch.columns().iter().zip(self.columns.iter());
                let encoders = arrays
                    .zip(sink.formats.iter())
                    .map(|((array, column), format)| {
                        types::encoder(array, column, *format, &sink.zone)
                    })
                    .collect::<Result<Arc<[Encoder]>>>()?;
                window.encoders = Some(Arc::clone(&encoders));
                encoders
            }
        };
        let first = usize::try_from(self.position - window.before)
            .map_err(|_| Report::internal("a row lies beyond its batch"))?;
        let last = first.saturating_add(usize::try_from(count).unwrap_or(usize::MAX));
        let written = sink.write(&encoders, first..last, &mut link.output)?;
        Ok(u64::try_from(written).unwrap_or(u64::MAX))
    }

    /// Lets the client read, unless the query must stop first.
    async fn flush(&mut self, link: &mut Link) -> Result<(), Fault> {
        match link.flush_or(self.rows.stop.stopped()).await? {
            Flushed::Done => Ok(()),
            Flushed::Stopped(error) => Err(error.into()),
        }
    }
}
