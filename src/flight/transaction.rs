//! Transactions and savepoints: Flight SQL's actions as the engine's statements. A session has one
//! transaction at a time, and everything it runs belongs to it.

use arrow_flight::sql::EndTransaction;
use bytes::Bytes;
use lakegate_base::Transaction;
use tonic::Status;

use crate::client::{Client, handle};

/// The transaction a client began by an action.
pub(crate) struct Open {
    id: Bytes,
    savepoints: Vec<Savepoint>,
}

#[derive(Clone)]
struct Savepoint {
    id: Bytes,
    name: String,
}

/// What becomes of a transaction, or of what came after a savepoint.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Keep,
    Undo,
}

impl End {
    /// The numbers are the same for transactions and savepoints.
    pub fn of(action: i32) -> Result<Self, Status> {
        match EndTransaction::try_from(action) {
            Ok(EndTransaction::Commit) => Ok(Self::Keep),
            Ok(EndTransaction::Rollback) => Ok(Self::Undo),
            Ok(EndTransaction::Unspecified) | Err(_) => Err(Status::invalid_argument(
                "the action must be to commit (or release) or to roll back",
            )),
        }
    }
}

pub(crate) async fn begin(client: &Client) -> Result<Bytes, Status> {
    if client.session.transaction() != Transaction::Idle {
        return Err(Status::failed_precondition(
            "a transaction is open in this session: end it first, or open another session",
        ));
    }
    run(client, "BEGIN").await?;
    let id = handle();
    let open = Open { id: id.clone(), savepoints: Vec::new() };
    client.with_transaction(|known| *known = Some(open));
    Ok(id)
}

pub(crate) async fn end(client: &Client, id: &[u8], end: End) -> Result<(), Status> {
    check(client, Some(id))?;
    let text = if end == End::Keep { "COMMIT" } else { "ROLLBACK" };
    client.with_transaction(|known| *known = None);
    // SQL may have ended it already.
    match client.session.transaction() {
        Transaction::Idle => Ok(()),
        _ => run(client, text).await,
    }
}

/// Refuses a transaction that is not the session's.
pub(crate) fn check(client: &Client, id: Option<&[u8]>) -> Result<(), Status> {
    let Some(id) = id.filter(|id| !id.is_empty()) else { return Ok(()) };
    let is_open = client.with_transaction(|known| known.as_ref().is_some_and(|open| open.id == id));
    if is_open {
        return Ok(());
    }
    Err(Status::not_found("the transaction does not exist, or has ended: begin a new one"))
}

pub(crate) async fn savepoint(client: &Client, id: &[u8], name: &str) -> Result<Bytes, Status> {
    check(client, Some(id))?;
    if name.is_empty() {
        return Err(Status::invalid_argument("a savepoint needs a name"));
    }
    run(client, &format!("SAVEPOINT {}", quoted(name))).await?;
    let (id, name) = (handle(), name.to_string());
    let savepoint = Savepoint { id: id.clone(), name };
    client.with_transaction(|known| {
        if let Some(open) = known {
            open.savepoints.push(savepoint);
        }
    });
    Ok(id)
}

pub(crate) async fn end_savepoint(client: &Client, id: &[u8], end: End) -> Result<(), Status> {
    let savepoint = client.with_transaction(|known| {
        let savepoints = known.as_ref().map(|open| open.savepoints.as_slice());
        savepoints.unwrap_or_default().iter().find(|savepoint| savepoint.id == id).cloned()
    });
    let Some(savepoint) = savepoint else {
        return Err(Status::not_found(
            "the savepoint does not exist, or its transaction has ended",
        ));
    };
    let verb = if end == End::Keep { "RELEASE SAVEPOINT" } else { "ROLLBACK TO SAVEPOINT" };
    run(client, &format!("{verb} {}", quoted(&savepoint.name))).await
}

async fn run(client: &Client, text: &str) -> Result<(), Status> {
    let stored = client.prepare(text, &[]).await?;
    client.execute(stored.prepared.as_ref(), &[]).await?;
    Ok(())
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
