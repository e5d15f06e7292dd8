//! The seam between fronts and engine. A front sees `Arc<dyn Engine>` and Arrow, nothing else: it can be
//! tested against a fake, and changing it recompiles no query engine.
//!
//! The life of a statement: `Session::parse` splits a text (limits first, then parsed once) →
//! `Session::prepare` plans it (schema and parameter types known) → `Session::execute` binds parameters
//! and answers with a tag and, for rows, an Arrow stream. The stream runs as it is polled: a slow reader
//! slows the query, not the process.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, FieldRef, SchemaRef};
use async_trait::async_trait;
use futures::Stream;

use crate::{FrontStatement, Result, Stop};

pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Who is asking. Authenticated by a front, authorised by the engine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Principal {
    pub name: String,
}

/// What a front knows when a session opens.
#[derive(Clone, Debug)]
pub struct SessionOptions {
    pub principal: Principal,
    /// The catalog asked for, e.g. `lake`; unknown ones are refused.
    pub database: String,
    /// Start-up settings, e.g. `application_name`, `TimeZone`. Applied as `SET` would, unknown refused.
    pub settings: Vec<(String, String)>,
    /// Where the client comes from, for the query log: `127.0.0.1:5000`, `cli`.
    pub client: String,
}

#[async_trait]
pub trait Engine: Send + Sync {
    /// Opens a session of its own: sessions share nothing but caches.
    async fn open(&self, options: SessionOptions) -> Result<Arc<dyn Session>>;
}

/// One client's session. Statements run one at a time; `cancel` may come from any task.
#[async_trait]
pub trait Session: Send + Sync {
    /// Splits a text into statements, in order. An empty text gives no statement.
    fn parse(&self, text: &str) -> Result<Vec<Statement>>;

    /// Plans one statement. `declared` holds the parameter types the client gave, by position, with
    /// the name of a Postgres type in `pg.type` where Arrow's does not tell it; `None`
    /// means inferred. Planning errors (unknown table, type mismatch) come from here.
    async fn prepare(
        &self,
        statement: &Statement,
        declared: &[Option<FieldRef>],
    ) -> Result<Arc<dyn Prepared>>;

    /// Runs a prepared statement. `parameters` has one array of length 1 per parameter, of the prepared
    /// types. Settings, BEGIN, COMMIT and the like take effect here. Statement timeout starts here.
    async fn execute(&self, prepared: &dyn Prepared, parameters: &[Parameter]) -> Result<Answer>;

    /// A front reads on from an answer it had left suspended: `cancel` reaches it again, and the statement
    /// timeout starts anew.
    fn resume(&self, rows: &Stop);

    /// Nothing runs for now. An answer that is left suspended has no deadline, and `cancel` spares it.
    fn rest(&self);

    /// Stops the running statement, if any: its stream ends with `Cancelled`.
    fn cancel(&self);

    /// Resolves when somebody with the right to has ended this session.
    fn terminated(&self) -> BoxFuture<'static, ()>;

    /// The number by which other sessions know this one: `pg_backend_pid()`.
    fn number(&self) -> i32;

    /// The value `SHOW name` would print; unknown names are refused.
    fn show(&self, name: &str) -> Result<String>;

    fn transaction(&self) -> Transaction;

    /// How many savepoints the open transaction has.
    fn savepoints(&self) -> usize;

    /// What follows belongs to several statements sent as one: together they succeed or fail. Nothing
    /// happens inside a transaction.
    fn begin_implicit(&self);

    /// Ends what `begin_implicit` began.
    fn end_implicit(&self);

    /// Tells the session that a statement failed outside `execute`'s own result (while streaming, in the
    /// protocol, …). An open transaction becomes `Failed`.
    fn fail(&self);
}

/// A bound parameter: an array of length 1.
pub type Parameter = ArrayRef;

/// One parsed statement.
#[derive(Clone)]
pub struct Statement {
    pub kind: StatementKind,
    /// Its own text, without the neighbours of a multi-statement query.
    pub text: String,
    /// The engine's syntax tree.
    pub tree: Arc<dyn Any + Send + Sync>,
}

/// What a front must know of a statement before it runs.
#[derive(Clone)]
pub enum StatementKind {
    /// Answers rows: SELECT, VALUES, EXPLAIN, SHOW.
    Rows,
    /// Changes the session or data, answers only a tag: SET, DISCARD, …
    Command,
    Begin,
    Commit,
    Rollback,
    /// ROLLBACK TO a savepoint.
    RollbackTo,
    /// About the front's own objects: it carries this out itself, and prepares the queries inside.
    Front(Arc<FrontStatement>),
}

/// A planned statement.
pub trait Prepared: Send + Sync {
    fn kind(&self) -> StatementKind;
    /// The columns of the answer; no fields when it answers no rows. Names may repeat.
    fn schema(&self) -> SchemaRef;
    /// The types of `$1`, `$2`, …
    fn parameters(&self) -> &[DataType];
    /// The Postgres type of the parameter at this index, from 0, where its Arrow type does not tell it.
    fn parameter_name(&self, _index: usize) -> Option<&str> {
        None
    }
    fn as_any(&self) -> &dyn Any;
}

/// What a statement answered.
pub struct Answer {
    /// The command tag without counts: `SELECT`, `SHOW`, `SET`, `BEGIN`, …
    pub tag: String,
    pub rows: Option<Rows>,
    /// Messages for the client that are no error: notice texts.
    pub notices: Vec<String>,
}

/// A stream of batches, all of one schema, and the signal that ends it early. Dropping it stops the query
/// and frees its memory.
pub struct Rows {
    pub schema: SchemaRef,
    pub stream: Pin<Box<dyn Stream<Item = Result<RecordBatch>> + Send>>,
    pub stop: Stop,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transaction {
    Idle,
    /// Around several statements sent as one, see `Session::begin_implicit`.
    Implicit,
    Open,
    /// A statement in it failed: everything but ROLLBACK and COMMIT is refused.
    Failed,
}
