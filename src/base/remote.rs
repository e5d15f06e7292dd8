//! The seam to an engine elsewhere that answers a statement in our stead, for a price: Athena. The engine
//! decides what goes there, and sees nothing but Arrow.

use std::any::Any;

use arrow::datatypes::{FieldRef, SchemaRef};
use async_trait::async_trait;

use crate::{Result, Rows, Stop};

/// A statement in the words of the remote, and what is known of it before it costs anything.
#[derive(Clone, Debug)]
pub struct RemoteQuery {
    pub text: String,
    /// Where it looks up names without a schema.
    pub database: Option<String>,
    /// Who asks: limits hold by user.
    pub user: String,
    /// Bytes it reads at most. None where nobody knows.
    pub estimate: Option<u64>,
    /// Whether the order of the rows is part of the answer.
    pub is_ordered: bool,
    /// The columns that the asker was told, where they are known. What comes may be of other types that are
    /// like them.
    pub columns: Option<SchemaRef>,
}

/// What a statement has cost there, as far as it came.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bill {
    /// The remote's own name of the execution.
    pub execution: Option<String>,
    pub bytes_scanned: u64,
    pub dollars: f64,
    /// The rows of an earlier execution were given again.
    pub is_reused: bool,
}

#[async_trait]
pub trait Remote: Send + Sync {
    /// As settings, hints and the query log name it: `athena`.
    fn name(&self) -> &'static str;

    /// The statement in the remote's words; refused as unsupported where it cannot be said exactly. `tree`
    /// is what `Session::parse` made of it, with its parameters in place; `columns` are those of all tables
    /// it names, and `zone` is the session's.
    fn translate(
        &self,
        tree: &(dyn Any + Send + Sync),
        columns: &[FieldRef],
        zone: &str,
    ) -> Result<String>;

    /// What reading so much costs at most, for people.
    fn price(&self, bytes: Option<u64>) -> String;

    /// The columns of the answer. Nothing runs and nothing is billed.
    async fn describe(&self, query: &RemoteQuery, stop: &Stop) -> Result<SchemaRef>;

    /// Refuses what goes beyond a limit, runs the rest to its end and gives the rows, in the remote's own
    /// types. The bill is written whatever becomes of the statement. A stop, or dropping the future, stops
    /// it there, too.
    async fn run(&self, query: RemoteQuery, stop: &Stop, bill: &mut Bill) -> Result<Rows>;
}
