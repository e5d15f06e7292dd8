//! When a running query must end early: its deadline passed, someone cancelled it, or it takes the memory
//! that others need.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{Error, ErrorKind, Subject};

/// Why a query was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    Cancelled,
    Deadline,
    Memory,
}

/// One query's stop signal. Clones share it: the engine checks it per batch, a front races it against
/// writes to a slow client, so that a stalled reader cannot outlive its deadline.
#[derive(Clone, Debug)]
pub struct Stop {
    token: CancellationToken,
    /// It moves: an answer that waits for its reader to come back has none.
    deadline: watch::Sender<Option<Instant>>,
    /// Why the token was cancelled; the first reason stays.
    why: Arc<OnceLock<StopReason>>,
}

impl Stop {
    /// Starts the clock now; no timeout means no deadline.
    pub fn after(timeout: Option<Duration>) -> Self {
        let deadline = watch::Sender::new(timeout.and_then(|t| Instant::now().checked_add(t)));
        Self { token: CancellationToken::new(), deadline, why: Arc::default() }
    }

    /// Starts the clock anew; no timeout lifts the deadline.
    /// What stopped already stays stopped.
    pub fn restart(&self, timeout: Option<Duration>) {
        if let Some(reason) = self.reason() {
            self.end(reason);
        }
        let deadline = timeout.and_then(|t| Instant::now().checked_add(t));
        self.deadline.send_if_modified(|known| std::mem::replace(known, deadline) != deadline);
    }

    /// Whether both are the signal of one query.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.why, &other.why)
    }

    fn deadline(&self) -> Option<Instant> {
        *self.deadline.borrow()
    }

    pub fn cancel(&self) {
        self.end(StopReason::Cancelled);
    }

    pub fn end(&self, reason: StopReason) {
        self.why.get_or_init(|| reason);
        self.token.cancel();
    }

    fn why(&self) -> StopReason {
        self.why.get().copied().unwrap_or(StopReason::Cancelled)
    }

    pub fn reason(&self) -> Option<StopReason> {
        if self.token.is_cancelled() {
            return Some(self.why());
        }
        self.deadline().is_some_and(|d| Instant::now() >= d).then_some(StopReason::Deadline)
    }

    /// The error to report, when the query must stop now.
    pub fn check(&self) -> Result<(), Error> {
        self.reason().map_or(Ok(()), |reason| Err(reason.error()))
    }

    /// Resolves when the query must stop; never, when nothing stops it.
    pub async fn stopped(&self) -> Error {
        let deadline = async {
            let mut moved = self.deadline.subscribe();
            loop {
                let at = *moved.borrow_and_update();
                let passes = async {
                    match at {
                        Some(at) => tokio::time::sleep_until(at.into()).await,
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    () = passes => return,
                    // This signal holds the sender: it cannot be gone.
                    _ = moved.changed() => {}
                }
            }
        };
        tokio::select! {
            () = self.token.cancelled() => self.why().error(),
            () = deadline => StopReason::Deadline.error(),
        }
    }
}

impl Default for Stop {
    fn default() -> Self {
        Self::after(None)
    }
}

impl StopReason {
    pub fn error(self) -> Error {
        match self {
            Self::Cancelled => {
                Error::new(ErrorKind::Cancelled, "canceling statement due to user request")
            }
            Self::Deadline => {
                Error::new(ErrorKind::Timeout, "canceling statement due to statement timeout")
            }
            Self::Memory => Error::exhausted("out of memory: this query took more than its share")
                .about(Subject::Memory)
                .hint(
                    "Ask for fewer rows or columns, or raise limits.memory in the configuration.",
                ),
        }
    }
}
