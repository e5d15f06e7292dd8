//! A query whose ticket a client holds, and its rows on their way. A task of its own reads them from the
//! engine: a client that stops reading slows its query down, and loses it in the end.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use arrow_flight::FlightData;
use arrow_flight::encode::{DictionaryHandling, FlightDataEncoderBuilder};
use arrow_flight::error::FlightError;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt};
use lakegate_base::{Answer, Error, ErrorKind, Result, StatementKind, Stop, Subject};
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use crate::client::{Client, Over, Running, Stored};
use crate::error::{arrow, status};
use crate::gather::{Gather, Next};
use crate::tables::Tables;
use crate::wire::{Form, reshape};

/// Batches that wait for their reader.
const AHEAD: usize = 2;

/// See the module.
pub(crate) struct Query {
    source: Source,
    pub schema: SchemaRef,
    state: Mutex<State>,
}

enum Source {
    Statement { stored: Stored, answer: Shape },
    Ready(RecordBatch),
}

/// What the engine's rows become.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Column by column.
    Columns,
    /// Rows that describe columns become tables with their schema.
    Tables,
}

#[derive(Default)]
struct State {
    started: bool,
    finished: bool,
    cancelled: bool,
    running: Vec<Stop>,
}

impl Query {
    /// A client's statement, with what is bound to it.
    pub fn of(stored: Stored, form: &Form) -> Result<Self> {
        stored.bound.check(stored.prepared.parameters())?;
        let schema = form.schema(&stored.prepared.schema());
        Ok(Self::shaped(stored, schema, Shape::Columns))
    }

    /// A statement of ours, whose columns become those of `schema`.
    pub fn shaped(stored: Stored, schema: SchemaRef, answer: Shape) -> Self {
        let source = Source::Statement { stored, answer };
        Self { source, schema, state: Mutex::default() }
    }

    /// What is known already.
    pub fn ready(batch: RecordBatch) -> Self {
        let schema = batch.schema();
        Self { source: Source::Ready(batch), schema, state: Mutex::default() }
    }

    /// Ends it, whether it runs or waits; whether there was something to end.
    pub fn cancel(&self) -> bool {
        let mut state = self.state();
        state.cancelled = true;
        state.running.iter().for_each(Stop::cancel);
        !state.finished || !state.running.is_empty()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What changes something runs once, however often its ticket is shown.
    fn begin(&self) -> Result<()> {
        let mut state = self.state();
        if state.cancelled {
            return Err(Error::new(
                ErrorKind::Cancelled,
                "canceling statement due to user request",
            ));
        }
        let repeatable = match &self.source {
            Source::Statement { stored, .. } => {
                matches!(stored.prepared.kind(), StatementKind::Rows)
            }
            Source::Ready(_) => true,
        };
        if state.started && !repeatable {
            return Err(Error::invalid("the statement of this ticket ran already")
                .about(Subject::Statement)
                .hint("Ask for a new FlightInfo to run it again."));
        }
        state.started = true;
        Ok(())
    }

    /// Starts it; its first error comes from here.
    pub async fn start(
        self: Arc<Self>,
        client: &Arc<Client>,
    ) -> Result<BoxStream<'static, Result<FlightData, Status>>, Status> {
        self.begin().map_err(|error| status(&error))?;
        let options = Form::of(client.session.as_ref()).and_then(|form| form.options());
        let options = options.map_err(|error| status(&error))?;
        let schema = Arc::clone(&self.schema);
        let rows = self.rows(client).await?;
        let encoder = FlightDataEncoderBuilder::new()
            .with_schema(schema)
            .with_options(options)
            .with_max_flight_data_size(client.limits.batch_bytes)
            .with_dictionary_handling(DictionaryHandling::Resend)
            .build(rows.map(|batch| batch.map_err(FlightError::from)));
        Ok(encoder.map(|data| data.map_err(Status::from)).boxed())
    }

    async fn rows(
        self: Arc<Self>,
        client: &Arc<Client>,
    ) -> Result<BoxStream<'static, Result<RecordBatch, Status>>, Status> {
        let (stored, answer) = match &self.source {
            Source::Ready(batch) => {
                return Ok(futures::stream::iter([Ok(batch.clone())]).boxed());
            }
            Source::Statement { stored, answer } => (stored.clone(), *answer),
        };
        let running = client.run();
        let first = match stored.bound.rows() {
            0 => None,
            _ => Some(client.execute(stored.prepared.as_ref(), &stored.bound.row(0)).await?),
        };
        let (sender, receiver) = mpsc::channel(AHEAD);
        let shaper = match answer {
            Shape::Columns => Shaper::Columns(Arc::clone(&self.schema)),
            Shape::Tables => Shaper::Tables(Box::new(Tables::new(Arc::clone(&self.schema)))),
        };
        let outcome = Arc::new(OnceLock::new());
        let pump = Pump {
            query: self,
            client: Arc::clone(client),
            stored,
            sender,
            shaper,
            _running: running,
        };
        tokio::spawn(pump.run(first, Arc::clone(&outcome)));
        let end = async move { end(&outcome) }.into_stream().filter_map(std::future::ready);
        Ok(ReceiverStream::new(receiver).map(Ok).chain(end).boxed())
    }
}

/// A stream ends well only if its task says so: one that broke must not pass for a complete answer.
fn end(outcome: &OnceLock<Result<(), Status>>) -> Option<Result<RecordBatch, Status>> {
    match outcome.get() {
        Some(Ok(())) => None,
        Some(Err(status)) => Some(Err(status.clone())),
        None => Some(Err(Status::internal("the query ended before its last row"))),
    }
}

/// Carries rows from the engine to the client.
struct Pump {
    query: Arc<Query>,
    client: Arc<Client>,
    stored: Stored,
    sender: mpsc::Sender<RecordBatch>,
    shaper: Shaper,
    _running: Running,
}

enum Shaper {
    Columns(SchemaRef),
    Tables(Box<Tables>),
}

impl Pump {
    async fn run(mut self, first: Option<Answer>, outcome: Arc<OnceLock<Result<(), Status>>>) {
        let (closed, reader) = (self.client.closed.clone(), self.sender.clone());
        let (query, client) = (Arc::clone(&self.query), Arc::clone(&self.client));
        let ended = tokio::select! {
            biased;
            () = closed.cancelled() => Err(Over::Closed.error()),
            // Nobody reads any more: the rows are dropped, which stops the query.
            () = reader.closed() => Err(Error::new(ErrorKind::Cancelled, "the client has gone")),
            ended = self.all(first) => ended,
        };
        query.finish();
        let told = ended.map_err(|error| client.failed(&error));
        // Nobody else sets it.
        let _ = outcome.set(told);
        drop(reader);
    }

    /// Once for each row of parameters.
    async fn all(&mut self, first: Option<Answer>) -> Result<()> {
        let Some(first) = first else { return Ok(()) };
        self.forward(first).await?;
        for index in 1..self.stored.bound.rows() {
            let parameters = self.stored.bound.row(index);
            let answer = {
                let _turn = self.client.turn.lock().await;
                let prepared = self.stored.prepared.as_ref();
                self.client.session.execute(prepared, &parameters).await?
            };
            self.forward(answer).await?;
        }
        Ok(())
    }

    async fn forward(&mut self, answer: Answer) -> Result<()> {
        for notice in &answer.notices {
            tracing::debug!(notice, "a notice, which Flight SQL has no place for");
        }
        let Some(mut rows) = answer.rows else { return Ok(()) };
        self.query.running(&rows.stop);
        let mut gather = Gather::default();
        loop {
            let ready = match gather.next(&mut rows.stream).await {
                Next::Batch(batch) => {
                    let shaped = self.shaper.take(&batch?)?;
                    shaped.map(|batch| gather.add(batch)).unwrap_or_default()
                }
                Next::Pause => gather.take(),
                Next::End => break,
            };
            self.send_all(ready, &rows.stop).await?;
        }
        let rest = self.shaper.rest()?.map(|batch| gather.add(batch)).unwrap_or_default();
        self.send_all(rest, &rows.stop).await?;
        self.send_all(gather.take(), &rows.stop).await
    }

    async fn send_all(&self, batches: Vec<RecordBatch>, stop: &Stop) -> Result<()> {
        for batch in batches {
            self.send(batch, stop).await?;
        }
        Ok(())
    }

    /// Waits for a slow client, but not for ever.
    async fn send(&self, batch: RecordBatch, stop: &Stop) -> Result<()> {
        let patience = self.client.limits.write_timeout;
        tokio::select! {
            permit = self.sender.reserve() => {
                // Fails when the client has gone: `run` sees to that.
                permit.map(|permit| permit.send(batch)).unwrap_or_default();
                Ok(())
            }
            error = stop.stopped() => Err(error),
            () = sleep(patience) => Err(Error::new(
                ErrorKind::Timeout,
                format!("the client has read no row for {} s", patience.as_secs()),
            )),
        }
    }
}

impl Query {
    fn running(&self, stop: &Stop) {
        let mut state = self.state();
        state.running.push(stop.clone());
        if state.cancelled {
            stop.cancel();
        }
    }

    fn finish(&self) {
        let mut state = self.state();
        state.finished = true;
        state.running.clear();
    }
}

impl Shaper {
    fn take(&mut self, batch: &RecordBatch) -> Result<Option<RecordBatch>> {
        match self {
            Self::Columns(schema) => reshape(batch, schema).map(Some),
            Self::Tables(tables) => tables.take(batch),
        }
    }

    fn rest(&mut self) -> Result<Option<RecordBatch>> {
        match self {
            Self::Columns(_) => Ok(None),
            Self::Tables(tables) => tables.rest(),
        }
    }
}

/// A schema as it stands in a reply: an IPC message. Nothing for a statement without rows.
pub(crate) fn encoded(schema: &Schema) -> Result<bytes::Bytes> {
    let options = arrow::ipc::writer::IpcWriteOptions::default();
    let message = arrow_flight::SchemaAsIpc::new(schema, &options);
    let arrow_flight::IpcMessage(bytes) = message.try_into().map_err(arrow)?;
    Ok(bytes)
}
