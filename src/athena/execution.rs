//! The life of one statement in Athena. A task of its own keeps it: it starts the statement, watches it to
//! its end and writes down what it has cost, whatever becomes of the client that asked. When the client
//! goes, or says stop, the task stops the statement there.

use std::sync::Arc;

use aws_sdk_athena::types::{QueryExecution, QueryExecutionState};
use lakegate_base::{Bill, Error, Result, Stop};
use tokio::sync::{oneshot, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::client::{Client, Start};
use crate::failure;
use crate::ledger::Reservation;
use crate::poll::{Poller, Standing, has_ended};
use crate::price;
use crate::unload::Folder;
use crate::{AthenaOptions, Limits};

pub(crate) struct Executions {
    client: Arc<Client>,
    poller: Arc<Poller>,
    options: Arc<AthenaOptions>,
}

/// A statement that succeeded.
pub(crate) struct Finished {
    pub(crate) execution: Arc<QueryExecution>,
    /// What UNLOAD wrote; deleted when this is dropped.
    pub(crate) folder: Option<Folder>,
}

/// A statement that runs. Dropping this stops it.
pub(crate) struct Running {
    outcome: oneshot::Receiver<(Result<Finished>, Bill)>,
    progress: watch::Receiver<Bill>,
    cancel: CancellationToken,
    _guard: DropGuard,
}

impl Executions {
    pub(crate) fn new(client: Arc<Client>, options: Arc<AthenaOptions>) -> Self {
        let Limits { poll_first, poll_max, .. } = options.limits;
        let poller = Arc::new(Poller::new(client.clone(), poll_first, poll_max));
        Self { client, poller, options }
    }

    /// Without a reservation it is one of the statements that cost nothing.
    pub(crate) fn launch(
        &self,
        start: Start,
        reservation: Option<Reservation>,
        folder: Option<Folder>,
    ) -> Running {
        let (sender, outcome) = oneshot::channel();
        let (progress, receiver) = watch::channel(Bill::default());
        let cancel = CancellationToken::new();
        let keeper = Keeper {
            client: self.client.clone(),
            poller: self.poller.clone(),
            options: self.options.clone(),
            is_free: reservation.is_none(),
            cancel: cancel.clone(),
            progress,
        };
        self.client.spawn(async move {
            let Ended { result, bill, is_unknown } = keeper.keep(&start).await;
            settle(reservation, bill.clone(), is_unknown).await;
            let finished = result.map(|execution| Finished { execution, folder });
            // Nobody may be there to take it: then its folder goes, too.
            let _ = sender.send((finished, bill));
        });
        Running { outcome, progress: receiver, cancel: cancel.clone(), _guard: cancel.drop_guard() }
    }
}

impl Running {
    /// Waits for the end. A stop is passed on; the bill is then the last one known after a short while.
    pub(crate) async fn wait(
        mut self,
        stop: &Stop,
        limits: &Limits,
        bill: &mut Bill,
    ) -> Result<Finished> {
        let error = tokio::select! {
            biased;
            outcome = &mut self.outcome => {
                let (result, last) = outcome.map_err(|e| lost().source(e))?;
                *bill = last;
                return result;
            }
            error = stop.stopped() => error,
        };
        self.cancel.cancel();
        match tokio::time::timeout(limits.stop_wait, &mut self.outcome).await {
            Ok(Ok((_, last))) => *bill = last,
            _ => *bill = self.progress.borrow().clone(),
        }
        Err(error)
    }
}

fn lost() -> Error {
    Error::internal("the task that watches a statement in Athena is gone")
}

/// On a thread that may wait for a disk. What nobody knows counts as much as was reserved for it.
async fn settle(reservation: Option<Reservation>, mut bill: Bill, is_unknown: bool) {
    if let Some(reservation) = reservation {
        if is_unknown {
            bill.dollars = bill.dollars.max(reservation.dollars);
        }
        let settled = tokio::task::spawn_blocking(move || reservation.settle(&bill));
        if let Err(error) = settled.await {
            tracing::error!(%error, "what was spent on Athena could not be written down");
        }
    }
}

struct Ended {
    result: Result<Arc<QueryExecution>>,
    bill: Bill,
    /// It may have cost more than the bill says: its end was not seen.
    is_unknown: bool,
}

struct Keeper {
    client: Arc<Client>,
    poller: Arc<Poller>,
    options: Arc<AthenaOptions>,
    is_free: bool,
    cancel: CancellationToken,
    progress: watch::Sender<Bill>,
}

impl Keeper {
    async fn keep(&self, start: &Start) -> Ended {
        let id = match self.client.start(start, &self.cancel).await {
            Ok(id) => id,
            Err(unstarted) => {
                let mut error = unstarted.error;
                if unstarted.may_run {
                    let error_text = error.full();
                    tracing::warn!(error = %error_text, "a statement may run in Athena unwatched");
                    error = error.hint(
                        "No answer came when the statement was started: it may run all the same. \
                         Athena's history of queries tells.",
                    );
                }
                return Ended {
                    result: Err(error),
                    bill: Bill::default(),
                    is_unknown: unstarted.may_run,
                };
            }
        };
        tracing::debug!(execution = %id, "a statement runs in Athena");
        self.progress.send_modify(|bill| bill.execution = Some(id.clone()));
        let ended = self.follow(&id).await;
        let (bill, is_unknown) = (self.progress.borrow().clone(), ended.is_err());
        let result = ended.and_then(|execution| {
            let state = execution.status().and_then(|status| status.state());
            match state {
                Some(QueryExecutionState::Succeeded) => Ok(execution),
                _ => Err(failure::of_execution(&execution)),
            }
        });
        Ended { result, bill, is_unknown }
    }

    async fn follow(&self, id: &str) -> Result<Arc<QueryExecution>> {
        let mut standing = self.poller.watch(id);
        let mut is_stopped = false;
        loop {
            tokio::select! {
                changed = standing.changed() => {
                    changed.map_err(|e| lost().source(e))?;
                    let known: Standing = standing.borrow_and_update().clone();
                    match known {
                        None => {}
                        Some(Ok(execution)) => {
                            self.note(&execution);
                            if has_ended(&execution) {
                                return Ok(execution);
                            }
                        }
                        Some(Err(error)) => {
                            // Nobody can tell its end any more: at least it shall have one.
                            let _ = self.client.stop(id).await;
                            return Err(error.copy());
                        }
                    }
                }
                () = self.cancel.cancelled(), if !is_stopped => {
                    is_stopped = true;
                    if let Err(error) = self.client.stop(id).await {
                        tracing::warn!(execution = %id, error = %error.full(), "Athena does not stop");
                    }
                    self.poller.hurry(id);
                }
            }
        }
    }

    fn note(&self, execution: &QueryExecution) {
        let bill = bill(execution, self.options.dollars_per_terabyte, self.is_free);
        self.progress.send_replace(bill);
    }
}

/// Failed statements are free; of cancelled ones, what they have read is billed.
fn bill(execution: &QueryExecution, per_terabyte: f64, is_free: bool) -> Bill {
    let statistics = execution.statistics();
    let scanned = statistics.and_then(|statistics| statistics.data_scanned_in_bytes());
    let bytes_scanned = scanned.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0);
    let reuse = statistics.and_then(|statistics| statistics.result_reuse_information());
    let is_reused = reuse.is_some_and(|reuse| reuse.reused_previous_result());
    let state = execution.status().and_then(|status| status.state());
    let is_billed = match state {
        Some(QueryExecutionState::Succeeded) => true,
        Some(QueryExecutionState::Failed) => false,
        _ => bytes_scanned > 0,
    };
    let dollars = match is_billed && !is_reused && !is_free {
        true => price::dollars(bytes_scanned, per_terabyte),
        false => 0.0,
    };
    let execution = execution.query_execution_id().map(ToString::to_string);
    Bill { execution, bytes_scanned, dollars, is_reused }
}
