//! One client: its engine session, its prepared statements, and the queries whose tickets it holds.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, FieldRef};
use bytes::Bytes;
use futures::{FutureExt, StreamExt};
use lakegate_base::{
    Answer, Error, Parameter, Prepared, Principal, Session, Statement, StatementKind, Subject,
};
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::error::{arrow, status};
use crate::options::Limits;
use crate::parameters::Bound;
use crate::query::Query;
use crate::transaction::Open;

/// Of a list that is read at once.
const LIST_ROWS_MAX: usize = 10_000;

pub(crate) struct Client {
    id: Bytes,
    pub principal: Principal,
    pub session: Arc<dyn Session>,
    pub limits: Limits,
    /// Held while a statement is prepared or starts: the engine takes one at a time.
    pub turn: tokio::sync::Mutex<()>,
    /// Ends what still runs when the session does.
    pub closed: CancellationToken,
    over: OnceLock<Over>,
    kept: Mutex<Kept>,
    activity: Mutex<Activity>,
}

/// A prepared statement. What is bound to it changes, the rest does not.
#[derive(Clone)]
pub(crate) struct Stored {
    pub statement: Statement,
    pub prepared: Arc<dyn Prepared>,
    pub bound: Bound,
}

#[derive(Default)]
struct Kept {
    statements: HashMap<Bytes, Stored>,
    queries: HashMap<Bytes, Arc<Query>>,
    /// The queries' handles, oldest first.
    order: VecDeque<Bytes>,
    transaction: Option<Open>,
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    /// Closed by its client or by somebody with the right to, or idle too long.
    Closed,
    /// The server stops.
    Stopping,
}

struct Activity {
    used: Instant,
    running: usize,
}

impl Stored {
    fn bytes(&self) -> usize {
        self.statement.text.len() + self.bound.bytes()
    }
}

impl Client {
    pub fn new(id: Bytes, principal: Principal, session: Arc<dyn Session>, limits: Limits) -> Self {
        Self {
            id,
            principal,
            session,
            limits,
            turn: tokio::sync::Mutex::default(),
            closed: CancellationToken::new(),
            over: OnceLock::new(),
            kept: Mutex::default(),
            activity: Mutex::new(Activity { used: Instant::now(), running: 0 }),
        }
    }

    pub fn id(&self) -> &Bytes {
        &self.id
    }

    /// The one statement of a text, planned.
    pub async fn prepare(
        &self,
        text: &str,
        declared: &[Option<FieldRef>],
    ) -> Result<Stored, Status> {
        let _turn = self.turn.lock().await;
        let outcome = async {
            let statement = single(self.session.parse(text)?)?;
            let prepared = self.session.prepare(&statement, declared).await?;
            Ok(Stored { statement, prepared, bound: Bound::default() })
        };
        outcome.await.map_err(|error| self.failed(&error))
    }

    /// Starts a statement once, with one row of parameters.
    pub async fn execute(
        &self,
        prepared: &dyn Prepared,
        parameters: &[Parameter],
    ) -> Result<Answer, Status> {
        let _turn = self.turn.lock().await;
        let answer = self.session.execute(prepared, parameters).await;
        answer.map_err(|error| self.failed(&error))
    }

    /// The rows of a statement of ours, as texts. For what is short by nature.
    pub async fn list(&self, text: &str) -> Result<Vec<Vec<Option<String>>>, Status> {
        let stored = self.prepare(text, &[]).await?;
        let answer = self.execute(stored.prepared.as_ref(), &[]).await?;
        let mut list = Vec::new();
        let Some(mut rows) = answer.rows else { return Ok(list) };
        while let Some(batch) = rows.stream.next().await {
            let batch = batch.map_err(|error| self.failed(&error))?;
            let texts = batch.columns().iter().map(|column| cast(column, &DataType::Utf8));
            let texts: Vec<ArrayRef> =
                texts.collect::<Result<_, _>>().map_err(|error| status(&arrow(error)))?;
            let cell = |column: &ArrayRef, row| {
                let text = column.as_string::<i32>();
                text.is_valid(row).then(|| text.value(row).to_string())
            };
            list.extend(
                (0..batch.num_rows()).map(|row| texts.iter().map(|text| cell(text, row)).collect()),
            );
            if list.len() > LIST_ROWS_MAX {
                return Err(Status::resource_exhausted("a list of more rows than are kept"));
            }
        }
        Ok(list)
    }

    /// An error on its way to the client; an open transaction fails by it. What the session's end did to a
    /// statement is told as such: the user cancelled nothing.
    pub fn failed(&self, error: &Error) -> Status {
        self.session.fail();
        match self.over.get() {
            Some(over) => status(&over.error()),
            None => status(error),
        }
    }

    /// Keeps a prepared statement, within the limits; answers its handle.
    pub fn store(&self, stored: Stored) -> Result<Bytes, Status> {
        let handle = handle();
        self.replace(&handle, stored)?;
        Ok(handle)
    }

    fn replace(&self, handle: &Bytes, stored: Stored) -> Result<(), Status> {
        let mut kept = self.kept();
        let others = kept.statements.iter().filter(|(known, _)| *known != handle);
        let (count, bytes) = others.fold((1, stored.bytes()), |(count, bytes), (_, other)| {
            (count + 1, bytes + other.bytes())
        });
        if count > self.limits.statements {
            let message = format!("{} prepared statements", self.limits.statements);
            return Err(Status::resource_exhausted(format!("{message} are the limit: close some")));
        }
        self.check_bytes(bytes)?;
        kept.statements.insert(handle.clone(), stored);
        Ok(())
    }

    pub fn check_bytes(&self, bytes: usize) -> Result<(), Status> {
        let limit = self.limits.object_bytes;
        if bytes <= limit {
            return Ok(());
        }
        Err(Status::resource_exhausted(format!(
            "statements and parameters of more than {limit} bytes: close some, or bind fewer rows"
        )))
    }

    /// Puts parameters in the place of those bound before.
    pub fn bind(&self, handle: &Bytes, bound: Bound) -> Result<(), Status> {
        let stored = self.stored(handle)?;
        self.replace(handle, Stored { bound, ..stored })
    }

    pub fn stored(&self, handle: &Bytes) -> Result<Stored, Status> {
        self.kept().statements.get(handle).cloned().ok_or_else(|| {
            Status::not_found("the prepared statement does not exist in this session: prepare it")
        })
    }

    /// Nothing happens when it is gone already.
    pub fn forget(&self, handle: &Bytes) {
        self.kept().statements.remove(handle);
    }

    /// Keeps a query until its ticket is redeemed; the oldest makes room.
    pub fn expect(&self, query: Query) -> Bytes {
        let handle = handle();
        let mut kept = self.kept();
        while kept.queries.len() >= self.limits.statements
            && let Some(oldest) = kept.order.pop_front()
        {
            kept.queries.remove(&oldest);
        }
        kept.order.push_back(handle.clone());
        kept.queries.insert(handle.clone(), Arc::new(query));
        handle
    }

    pub fn query(&self, handle: &Bytes) -> Result<Arc<Query>, Status> {
        self.kept().queries.get(handle).cloned().ok_or_else(|| {
            Status::not_found("the statement of this ticket is gone: ask for its FlightInfo again")
        })
    }

    pub fn drop_query(&self, handle: &Bytes) {
        let mut kept = self.kept();
        kept.queries.remove(handle);
        kept.order.retain(|known| known != handle);
    }

    pub fn with_transaction<T>(&self, look: impl FnOnce(&mut Option<Open>) -> T) -> T {
        look(&mut self.kept().transaction)
    }

    pub fn touch(&self) {
        self.activity().used = Instant::now();
    }

    /// Counts as running until the guard is dropped.
    pub fn run(self: &Arc<Self>) -> Running {
        self.activity().running += 1;
        Running(Arc::clone(self))
    }

    /// Idle too long, or ended by somebody with the right to.
    pub fn is_over(&self) -> bool {
        let idle = {
            let activity = self.activity();
            activity.running == 0 && activity.used.elapsed() >= self.limits.session_idle
        };
        idle || self.closed.is_cancelled() || self.session.terminated().now_or_never().is_some()
    }

    pub fn end(&self, why: Over) {
        // The first reason counts, and stands before anything ends by it.
        let _ = self.over.set(why);
        self.closed.cancel();
        self.session.cancel();
        *self.kept() = Kept::default();
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn activity(&self) -> MutexGuard<'_, Activity> {
        self.activity.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Over {
    pub fn error(self) -> Error {
        match self {
            Self::Closed => Error::denied("the session has ended")
                .about(Subject::Authentication)
                .hint("Log in again."),
            Self::Stopping => Error::unavailable("the server is stopping")
                .hint("Connect again, and ask for the whole result anew."),
        }
    }
}

/// A query of this client runs.
pub(crate) struct Running(Arc<Client>);

impl Drop for Running {
    fn drop(&mut self) {
        let mut activity = self.0.activity();
        activity.used = Instant::now();
        activity.running -= 1;
        if activity.running == 0 {
            self.0.session.rest();
        }
    }
}

/// What nobody guesses.
pub(crate) fn handle() -> Bytes {
    Bytes::copy_from_slice(&rand::random::<[u8; 16]>())
}

fn single(mut statements: Vec<Statement>) -> Result<Statement, Error> {
    let count = statements.len();
    match statements.pop() {
        Some(statement) if matches!(statement.kind, StatementKind::Front(_)) => {
            let what = "cursors, PREPARE and COPY over Flight SQL";
            Err(Error::unsupported(what).about(Subject::Statement).hint(
                "Use Flight SQL's own prepared statements and streams, or the Postgres port.",
            ))
        }
        Some(statement) if count == 1 => Ok(statement),
        Some(_) => {
            let message = format!("one statement is expected, and the text has {count}");
            Err(Error::invalid(message).about(Subject::Statement).hint("Send one at a time."))
        }
        None => Err(Error::invalid("the text has no statement").about(Subject::Statement)),
    }
}
