//! Running a statement: on the engine's own threads, within the shared memory, until it ends, its
//! deadline passes, someone cancels it, or nobody reads it any more.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use datafusion::arrow::array::{RecordBatch, RecordBatchOptions};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::execute_stream;
use futures::{FutureExt, StreamExt};
use lakegate_base::{BoxFuture, Error, ErrorKind, Result, Rows, Stop, Subject};
use tokio::sync::{Semaphore, SemaphorePermit, mpsc};
use tokio::task::AbortHandle;
use tokio::time::timeout;

use crate::error::from_datafusion;
use crate::log::Entry;
use crate::memory::{Share, Watch};
use crate::remote::Turned;

/// Batches between the query and its reader. Small: a slow reader slows the query.
const BATCHES_AHEAD: usize = 2;

/// Who may run: a bounded number at once, a bounded number waiting.
#[derive(Debug)]
pub struct Admission {
    running: Semaphore,
    /// Running and waiting together.
    present: Semaphore,
}

impl Admission {
    pub fn new(queries_max: usize, queue_max: usize) -> Self {
        let present = queries_max.saturating_add(queue_max).min(Semaphore::MAX_PERMITS);
        Self { running: Semaphore::new(queries_max), present: Semaphore::new(present) }
    }

    /// Waits for a turn; refuses at once when the queue is full.
    pub async fn enter(&self) -> Result<Turn<'_>> {
        let _present = self.present.try_acquire().map_err(|_| {
            Error::exhausted("too many queries are waiting")
                .about(Subject::Connection)
                .hint("Try again in a moment, or raise limits.queue in the configuration.")
        })?;
        let mut turn = Turn { admission: self, _present, running: None };
        turn.take().await?;
        Ok(turn)
    }
}

/// A query's place among those present, and its turn to run.
pub struct Turn<'a> {
    admission: &'a Admission,
    _present: SemaphorePermit<'a>,
    running: Option<SemaphorePermit<'a>>,
}

impl Turn<'_> {
    async fn take(&mut self) -> Result<()> {
        let closed = |_| Error::unavailable("the engine is shutting down");
        self.running = Some(self.admission.running.acquire().await.map_err(closed)?);
        Ok(())
    }

    /// Waits for room for a batch. A reader that is quiet for long, such as a cursor nobody fetches
    /// from, lets others run meanwhile.
    async fn room<'s>(
        &mut self,
        sender: &'s mpsc::Sender<Message>,
    ) -> Result<mpsc::Permit<'s, Message>> {
        let room = match timeout(QUIET, sender.reserve()).await {
            Ok(room) => room,
            Err(_) => {
                self.running = None;
                let room = sender.reserve().await;
                self.take().await?;
                room
            }
        };
        match room {
            Ok(room) => Ok(room),
            // The reader went away, and its `Abort` follows at once: this is no end that counts as well.
            Err(_) => std::future::pending().await,
        }
    }
}

/// How long a reader may be quiet before its query gives its turn away.
const QUIET: Duration = Duration::from_secs(1);

/// One statement ready to run.
pub struct Job {
    /// The columns as the client was told.
    pub schema: SchemaRef,
    pub stop: Stop,
    pub entry: Entry,
    pub work: Box<dyn Work>,
}

/// How a statement comes to its rows. It ends early when the output's stop says so.
#[async_trait]
pub trait Work: Send {
    async fn run(&mut self, output: &mut Output) -> Result<()>;

    /// Whether it ends by itself soon after its stop, and is to: it has something left to write down.
    fn ends_itself(&self) -> bool {
        false
    }
}

/// Where the rows of a statement go.
pub struct Output {
    pub schema: SchemaRef,
    pub stop: Stop,
    pub entry: Entry,
    sender: mpsc::Sender<Message>,
    sent: bool,
}

impl Output {
    /// Waits for the reader; never returns when it went away, as a stop or the end of the task follows at
    /// once.
    pub async fn send(&mut self, batch: RecordBatch) {
        self.note(&batch);
        if self.sender.send(Message::Batch(batch)).await.is_err() {
            std::future::pending().await
        }
    }

    fn note(&mut self, batch: &RecordBatch) {
        self.entry.add(batch.num_rows(), batch.get_array_memory_size());
        self.sent = true;
    }
}

/// A plan on this engine.
pub struct LocalWork {
    pub state: SessionState,
    pub plan: LogicalPlan,
    pub admission: Arc<Admission>,
    pub watch: Arc<Watch>,
    pub again: Option<Again>,
    /// Where it goes when we find that we do not support it.
    pub turned: Option<Turned>,
    /// From the plan's batches to the answer's.
    pub present: Present,
}

/// Plans once more, over the tables' newest versions.
pub type Again =
    Box<dyn FnOnce() -> BoxFuture<'static, Result<(SessionState, LogicalPlan)>> + Send + Sync>;

pub type Present = fn(&RecordBatch, &SchemaRef) -> Result<RecordBatch>;

/// Starts the query on `runtime`; it runs as its rows are read.
pub fn start(job: Job, runtime: &tokio::runtime::Handle) -> Rows {
    let (sender, receiver) = mpsc::channel(BATCHES_AHEAD);
    let (schema, stop) = (Arc::clone(&job.schema), job.stop.clone());
    let lets_end = job.work.ends_itself();
    let task = runtime.spawn(run(job, sender)).abort_handle();
    let task = Abort { task, stop: lets_end.then(|| stop.clone()) };
    let stream = futures::stream::unfold(Some((receiver, task)), |state| async move {
        let (mut receiver, task) = state?;
        match receiver.recv().await {
            Some(Message::Batch(batch)) => Some((Ok(batch), Some((receiver, task)))),
            Some(Message::Failed(error)) => Some((Err(error), None)),
            Some(Message::End) => None,
            // The task died without a word: a panic in an operator. Never report that as complete.
            None => Some((Err(Error::internal("the query ended unexpectedly")), None)),
        }
    });
    Rows { schema, stream: Box::pin(stream), stop }
}

enum Message {
    Batch(RecordBatch),
    Failed(Error),
    End,
}

/// Dropping the reader's end stops the query and frees its memory.
struct Abort {
    task: AbortHandle,
    /// Of one that ends itself.
    stop: Option<Stop>,
}

impl Drop for Abort {
    fn drop(&mut self) {
        match &self.stop {
            Some(stop) => stop.cancel(),
            None => self.task.abort(),
        }
    }
}

async fn run(job: Job, sender: mpsc::Sender<Message>) {
    let Job { schema, stop, entry, mut work } = job;
    let mut output = Output { schema, stop, entry, sender, sent: false };
    let outcome = AssertUnwindSafe(work.run(&mut output)).catch_unwind().await;
    let outcome = outcome.unwrap_or_else(|panic| Err(panicked(panic.as_ref())));
    let Output { entry, sender, .. } = output;
    match outcome {
        Ok(()) => {
            entry.finish(None);
            drop(sender.send(Message::End).await);
        }
        Err(error) => {
            entry.finish(Some(&error));
            drop(sender.send(Message::Failed(error)).await);
        }
    }
}

/// A panic ends its own query. Arrow panics when a column of one batch outgrows its 32-bit offsets.
fn panicked(panic: &(dyn Any + Send)) -> Error {
    let text = panic.downcast_ref::<&str>().copied().map(str::to_string);
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    if text.contains("offset overflow") || text.contains("capacity overflow") {
        return Error::exhausted("out of memory: one column of a batch exceeds 2 GiB")
            .about(Subject::Memory)
            .hint("Build shorter values, or aggregate fewer of them at once.");
    }
    Error::internal("the query ended unexpectedly").source(text)
}

#[async_trait]
impl Work for LocalWork {
    async fn run(&mut self, output: &mut Output) -> Result<()> {
        let stop = output.stop.clone();
        let ran = tokio::select! {
            biased;
            error = stop.stopped() => Err(error),
            ran = self.pump(output) => ran,
        };
        match (ran, self.turned.take()) {
            (Err(error), Some(turned))
                if error.kind() == ErrorKind::Unsupported && !output.sent =>
            {
                turned().await?.run(output).await
            }
            (ran, _) => ran,
        }
    }
}

impl LocalWork {
    async fn pump(&mut self, output: &mut Output) -> Result<()> {
        let admission = Arc::clone(&self.admission);
        let mut turn = admission.enter().await?;
        match self.stream(&mut turn, output).await {
            // A writer cleaned up between planning and reading. Nobody saw a row of the old version yet.
            Err(error) if is_vanished(&error) && !output.sent => {
                let Some(again) = self.again.take() else { return Err(error) };
                (self.state, self.plan) = again().await?;
                self.stream(&mut turn, output).await
            }
            outcome => outcome,
        }
    }

    async fn stream(&self, turn: &mut Turn<'_>, output: &mut Output) -> Result<()> {
        let (mut stream, share) = self.open().await?;
        self.watch.add(&output.stop, &share);
        while let Some(batch) = stream.next().await {
            let batch = (self.present)(&batch.map_err(from_datafusion)?, &output.schema)?;
            output.note(&batch);
            turn.room(&output.sender).await?.send(Message::Batch(batch));
        }
        Ok(())
    }

    async fn open(&self) -> Result<(SendableRecordBatchStream, Arc<Share>)> {
        let plan = self.state.create_physical_plan(&self.plan).await.map_err(from_datafusion)?;
        let (context, share) = Share::of(&self.state);
        Ok((execute_stream(plan, context).map_err(from_datafusion)?, share))
    }
}

fn is_vanished(error: &Error) -> bool {
    error.is_not_found() && error.subject() == Subject::Object
}

/// The names the client was told: the planner needs unique ones inside.
pub fn named(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    if batch.num_columns() != schema.fields().len() {
        return Err(Error::internal("the answer's columns are not those announced"));
    }
    if batch.schema_ref() == schema {
        return Ok(batch.clone());
    }
    let other = |e| Error::internal("the answer's columns are not those announced").source(e);
    let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    // Optimising may widen a decimal after its type was told.
    let columns = batch.columns().iter().zip(schema.fields());
    let columns = columns.map(|(array, field)| cast(array, field.data_type()));
    let columns = columns.collect::<Result<Vec<_>, _>>().map_err(other)?;
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &rows).map_err(other)
}
