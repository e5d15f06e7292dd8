//! When a running query must end early: its deadline passed, or someone cancelled it.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::{Error, ErrorKind};

/// Why a query was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    Cancelled,
    Deadline,
}

/// One query's stop signal. Clones share it: the engine checks it per batch, a front races it against
/// writes to a slow client, so that a stalled reader cannot outlive its deadline.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    token: CancellationToken,
    deadline: Option<Instant>,
}

impl Stop {
    /// Starts the clock now; no timeout means no deadline.
    pub fn after(timeout: Option<Duration>) -> Self {
        let deadline = timeout.and_then(|t| Instant::now().checked_add(t));
        Self { token: CancellationToken::new(), deadline }
    }

    pub fn cancel(&self) {
        self.token.cancel();
    }

    pub fn reason(&self) -> Option<StopReason> {
        if self.token.is_cancelled() {
            return Some(StopReason::Cancelled);
        }
        self.deadline.is_some_and(|d| Instant::now() >= d).then_some(StopReason::Deadline)
    }

    /// The error to report, when the query must stop now.
    pub fn check(&self) -> Result<(), Error> {
        self.reason().map_or(Ok(()), |reason| Err(reason.error()))
    }

    /// Resolves when the query must stop; never, when nothing stops it.
    pub async fn stopped(&self) -> Error {
        let deadline = async {
            match self.deadline {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.token.cancelled() => StopReason::Cancelled.error(),
            () = deadline => StopReason::Deadline.error(),
        }
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
        }
    }
}
