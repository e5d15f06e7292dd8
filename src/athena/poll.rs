//! One task asks how all running statements stand, fifty at a time: each soon at first, then less often. It
//! ends when none is left.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_sdk_athena::types::{QueryExecution, QueryExecutionState};
use lakegate_base::Error;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::client::{BATCH_MAX, Client};

const SLOWER: f64 = 1.5;
/// What is due so soon is asked for at once, with the others.
const TOGETHER: Duration = Duration::from_millis(50);

/// How a statement stands, as far as anybody knows.
pub(crate) type Standing = Option<Result<Arc<QueryExecution>, Arc<Error>>>;

pub(crate) struct Poller {
    client: Arc<Client>,
    first: Duration,
    max: Duration,
    watched: Mutex<Watched>,
    changed: Notify,
}

#[derive(Default)]
struct Watched {
    statements: HashMap<String, Statement>,
    is_running: bool,
}

struct Statement {
    due: Instant,
    delay: Duration,
    standing: watch::Sender<Standing>,
}

impl Poller {
    pub(crate) fn new(client: Arc<Client>, first: Duration, max: Duration) -> Self {
        Self { client, first, max, watched: Mutex::default(), changed: Notify::new() }
    }

    pub(crate) fn watch(self: &Arc<Self>, id: &str) -> watch::Receiver<Standing> {
        let (standing, receiver) = watch::channel(None);
        let statement = Statement { due: Instant::now() + self.first, delay: self.first, standing };
        let mut watched = self.lock();
        watched.statements.insert(id.to_string(), statement);
        if !std::mem::replace(&mut watched.is_running, true) {
            self.client.spawn(self.clone().run());
        }
        drop(watched);
        self.changed.notify_one();
        receiver
    }

    /// It will end soon: ask often again.
    pub(crate) fn hurry(&self, id: &str) {
        if let Some(statement) = self.lock().statements.get_mut(id) {
            statement.due = Instant::now();
            statement.delay = self.first;
        }
        self.changed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn run(self: Arc<Self>) {
        loop {
            let Some(next) = self.next_due() else { return };
            tokio::select! {
                () = tokio::time::sleep_until(next) => {}
                () = self.changed.notified() => continue,
            }
            let due = self.take_due();
            for ids in due.chunks(BATCH_MAX) {
                match self.client.executions(ids).await {
                    Ok(executions) => self.tell(executions),
                    Err(error) => self.fail(ids, &Arc::new(error)),
                }
            }
        }
    }

    /// None, and the task is no more, when nobody waits for anything.
    fn next_due(&self) -> Option<Instant> {
        let mut watched = self.lock();
        watched.statements.retain(|_, statement| !statement.standing.is_closed());
        let next = watched.statements.values().map(|statement| statement.due).min();
        watched.is_running = next.is_some();
        next
    }

    fn take_due(&self) -> Vec<String> {
        let soon = Instant::now() + TOGETHER;
        let mut due = Vec::new();
        for (id, statement) in &mut self.lock().statements {
            if statement.due <= soon {
                statement.delay = statement.delay.mul_f64(SLOWER).min(self.max);
                statement.due = Instant::now() + statement.delay;
                due.push(id.clone());
            }
        }
        due
    }

    /// One that the answer leaves out is asked for again.
    fn tell(&self, executions: Vec<QueryExecution>) {
        let mut watched = self.lock();
        for execution in executions {
            let Some(id) = execution.query_execution_id().map(ToString::to_string) else {
                continue;
            };
            let Some(statement) = watched.statements.get(&id) else { continue };
            let has_ended = has_ended(&execution);
            statement.standing.send_replace(Some(Ok(Arc::new(execution))));
            if has_ended {
                watched.statements.remove(&id);
            }
        }
    }

    fn fail(&self, ids: &[String], error: &Arc<Error>) {
        let mut watched = self.lock();
        for statement in ids.iter().filter_map(|id| watched.statements.remove(id)) {
            statement.standing.send_replace(Some(Err(error.clone())));
        }
    }
}

pub(crate) fn has_ended(execution: &QueryExecution) -> bool {
    matches!(
        execution.status().and_then(|status| status.state()),
        Some(
            QueryExecutionState::Succeeded
                | QueryExecutionState::Failed
                | QueryExecutionState::Cancelled
        )
    )
}
