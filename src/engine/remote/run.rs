//! A statement on its way: sent, awaited, its rows passed on.

use std::sync::Arc;

use async_trait::async_trait;
use futures::StreamExt;
use lakegate_base::{Bill, BoxFuture, Remote, RemoteQuery, Result};

use super::answer::told;
use crate::run::{Admission, Output, Work};

/// Turns a statement that we do not support after all into one for the remote.
pub type Turned = Box<dyn FnOnce() -> BoxFuture<'static, Result<RemoteWork>> + Send + Sync>;

pub struct RemoteWork {
    pub remote: Arc<dyn Remote>,
    pub query: RemoteQuery,
    /// The remote has a limit of its own; ours keeps a queue of it.
    pub admission: Arc<Admission>,
}

#[async_trait]
impl Work for RemoteWork {
    async fn run(&mut self, output: &mut Output) -> Result<()> {
        let admission = Arc::clone(&self.admission);
        let stop = output.stop.clone();
        let _turn = tokio::select! {
            biased;
            error = stop.stopped() => return Err(error),
            turn = admission.enter() => turn?,
        };
        let mut bill = Bill::default();
        // It stops the statement there itself, and says what that cost.
        let ran = self.remote.run(self.query.clone(), &stop, &mut bill).await;
        output.entry.ran_elsewhere(self.remote.name(), &bill);
        let mut rows = ran?;
        loop {
            let batch = tokio::select! {
                biased;
                error = stop.stopped() => return Err(error),
                batch = rows.stream.next() => batch,
            };
            let Some(batch) = batch else { return Ok(()) };
            let batch = told(&batch?, &output.schema, self.remote.name())?;
            tokio::select! {
                biased;
                error = stop.stopped() => return Err(error),
                () = output.send(batch) => {}
            }
        }
    }

    /// What it has cost is known a moment after the stop.
    fn ends_itself(&self) -> bool {
        true
    }
}
