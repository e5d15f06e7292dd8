//! Athena: its SQL beside ours ([`dialect`]), and statements run there in our stead.
//!
//! ```text
//! translate:  tree → Athena's text
//! describe:   EXPLAIN → plan → columns
//! run:        columns → way → limits → start → poll → pages, CSV or unloaded Parquet → Arrow
//! ```
//!
//! A task of its own keeps each statement (`execution.rs`): it outlives the client that asked, stops the
//! statement when the client is gone, and writes down what it has cost.

// Sizes and counts come from outside: a cast that loses bits is a bug or an attack.
#![deny(clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::cast_sign_loss)]

mod answer;
mod cells;
mod client;
mod columns;
mod csv;
pub mod dialect;
mod execution;
mod failure;
mod known;
mod ledger;
mod moments;
mod nested;
mod options;
mod plan;
mod poll;
mod price;
mod quota;
mod types;
mod unload;
mod unloaded;
mod values;
mod way;
mod zone;

use std::any::Any;
use std::future::Future;
use std::sync::Arc;

use arrow::datatypes::{FieldRef, SchemaRef};
use async_trait::async_trait;
use futures::stream::{self, StreamExt};
use lakegate_base::{Bill, Error, ErrorKind, Remote, RemoteQuery, Result, Rows, Stop};
use lakegate_store::Stores;
use sqlparser::ast::Statement;

use crate::answer::{Answers, Batches};
use crate::cells::Shape;
use crate::client::{Client, PAGE_ROWS_MAX, Start};
use crate::execution::{Executions, Finished};
use crate::known::Known;
use crate::ledger::{Ledger, Reservation};
use crate::unload::Folder;
use crate::way::Way;

pub use options::{AthenaOptions, Limits, Results};

/// An Athena of one AWS account and region.
pub struct Athena {
    options: Arc<AthenaOptions>,
    stores: Arc<Stores>,
    client: Arc<Client>,
    executions: Executions,
    answers: Answers,
    ledger: Arc<Ledger>,
    known: Known,
}

impl Athena {
    /// Nothing is asked of AWS before the first statement. Requests run on the runtime this is called on.
    ///
    /// # Errors
    ///
    /// A setting that cannot work.
    pub fn new(options: AthenaOptions, stores: Arc<Stores>) -> Result<Self> {
        options.check()?;
        let options = Arc::new(options);
        let client = Arc::new(Client::new(options.clone()));
        let answers = Answers {
            client: client.clone(),
            stores: stores.clone(),
            results: options.results,
            limits: options.limits.clone(),
        };
        Ok(Self {
            executions: Executions::new(client.clone(), options.clone()),
            ledger: Arc::new(Ledger::new(options.ledger.clone())),
            known: Known::new(options.limits.described_for, options.limits.descriptions),
            client,
            answers,
            stores,
            options,
        })
    }

    /// The columns, from what is known or from a plan.
    async fn shape(&self, query: &RemoteQuery, stop: &Stop) -> Result<Shape> {
        let key = (query.database.clone(), query.text.clone());
        if let Some(shape) = self.known.get(&key) {
            return Ok(shape);
        }
        let start = Start {
            text: plan::question(&query.text),
            database: query.database.clone(),
            reuse: None,
        };
        let running = self.executions.launch(start, None, None);
        let explained = running.wait(stop, &self.options.limits, &mut Bill::default()).await?;
        let text = until(stop, self.lines(&explained)).await?;
        let shape = plan::shape(&text)?;
        self.known.put(key, shape.clone());
        Ok(shape)
    }

    /// The first column of all rows, as lines.
    async fn lines(&self, finished: &Finished) -> Result<String> {
        let id = finished.execution.query_execution_id().unwrap_or_default();
        let (mut text, mut token) = (String::new(), None::<String>);
        loop {
            let page = self.client.page(id, token.as_deref(), PAGE_ROWS_MAX).await?;
            let rows = page.result_set().map_or(&[][..], |set| set.rows());
            for value in rows.iter().filter_map(|row| row.data().first()) {
                text.push_str(value.var_char_value().unwrap_or_default());
                text.push('\n');
            }
            if text.len() as u64 > self.options.limits.manifest_bytes {
                return Err(Error::exhausted("the statement's plan in Athena is too long")
                    .hint("Split the statement, or name fewer tables in it."));
            }
            match page.next_token {
                Some(next) => token = Some(next),
                None => return Ok(text),
            }
        }
    }

    /// Refuses what may cost too much, and what may cost anything where that is limited.
    async fn reserve(&self, query: &RemoteQuery) -> Result<Reservation> {
        let options = &self.options;
        let is_limited = options.query_dollars.is_some() || options.day_dollars.is_some();
        if is_limited && query.estimate.is_none() {
            return Err(Error::exhausted(
                "nobody knows what this statement would cost on Athena, and its cost is limited",
            )
            .hint(
                "Crawl the tables it names so that their sizes are known, or lift \
                 athena.query_dollars and athena.day_dollars.",
            ));
        }
        let bytes = query.estimate.unwrap_or(0);
        let dollars = price::dollars(bytes, options.dollars_per_terabyte);
        if let Some(limit) = options.query_dollars.filter(|limit| dollars > *limit) {
            let (cost, limit) = (price::amount(dollars), price::amount(limit));
            let size = price::size(bytes);
            let message = format!(
                "this statement may read {size} and cost {cost} on Athena, more than the {limit} \
                 that one statement may"
            );
            return Err(Error::exhausted(message)
                .hint("Read fewer columns or partitions, or raise athena.query_dollars."));
        }
        let (ledger, user, limit) = (self.ledger.clone(), query.user.clone(), options.day_dollars);
        let reserved = tokio::task::spawn_blocking(move || ledger.reserve(&user, dollars, limit));
        reserved.await.map_err(|e| Error::internal("the ledger's task is gone").source(e))?
    }

    fn start(&self, query: &RemoteQuery, folder: Option<&Folder>) -> Start {
        // A statement with a folder of its own never has the text of an earlier one.
        Start {
            text: folder.map_or_else(|| query.text.clone(), |folder| folder.statement(&query.text)),
            database: query.database.clone(),
            reuse: self.options.result_reuse.filter(|_| folder.is_none()),
        }
    }

    async fn rows(&self, finished: Finished, shape: Option<Shape>) -> Result<(SchemaRef, Batches)> {
        let Finished { execution, folder } = finished;
        match (folder, shape) {
            (Some(folder), Some(shape)) => {
                let schema = shape.schema.clone();
                Ok((schema, unload::rows(&execution, folder, shape, &self.options.limits).await?))
            }
            (_, shape) => self.answers.rows(&execution, shape).await,
        }
    }
}

#[async_trait]
impl Remote for Athena {
    fn name(&self) -> &'static str {
        "athena"
    }

    fn translate(
        &self,
        tree: &(dyn Any + Send + Sync),
        fields: &[FieldRef],
        zone: &str,
    ) -> Result<String> {
        let Some(query @ Statement::Query(_)) = tree.downcast_ref::<Statement>() else {
            return Err(Error::unsupported("this statement on Athena")
                .hint("Only queries run there: SELECT, VALUES and WITH."));
        };
        let text = dialect::to_athena(query, &self.options.lake, &columns::columns(fields))?;
        zone::check(zone, fields, &text)?;
        Ok(text)
    }

    fn price(&self, bytes: Option<u64>) -> String {
        price::text(bytes, self.options.dollars_per_terabyte)
    }

    async fn describe(&self, query: &RemoteQuery, stop: &Stop) -> Result<SchemaRef> {
        Ok(self.shape(query, stop).await?.schema)
    }

    async fn run(&self, query: RemoteQuery, stop: &Stop, bill: &mut Bill) -> Result<Rows> {
        // A plan costs a round trip: only what results do not tell of their columns is worth it.
        let shape = match way::is_plain(&self.options, &query) {
            true => None,
            false => Some(self.shape(&query, stop).await?),
        };
        let way =
            shape.as_ref().map(|shape| way::choose(&self.options, &self.stores, shape, &query));
        let folder = match way.transpose()? {
            None | Some(Way::Text) => None,
            Some(Way::Unload(output)) => {
                Some(Folder::new(&output, self.stores.clone(), self.client.clone())?)
            }
        };
        let reservation = self.reserve(&query).await?;
        stop.check()?;
        let start = self.start(&query, folder.as_ref());
        let running = self.executions.launch(start, Some(reservation), folder);
        let finished = running.wait(stop, &self.options.limits, bill).await?;
        let rows = until(stop, self.rows(finished, shape)).await;
        if rows.as_ref().is_err_and(|error| error.kind() == ErrorKind::Conflict) {
            self.known.forget(&(query.database, query.text));
        }
        let (schema, batches) = rows?;
        let stream = stopping(batches, stop.clone());
        Ok(Rows { schema, stream: Box::pin(stream), stop: stop.clone() })
    }
}

async fn until<T>(stop: &Stop, work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        biased;
        error = stop.stopped() => Err(error),
        done = work => done,
    }
}

/// The batches until the stop: then its error, and no more.
fn stopping(
    batches: Batches,
    stop: Stop,
) -> impl futures::Stream<Item = Result<arrow::array::RecordBatch>> + Send {
    stream::unfold(Some((batches, stop)), |state| async move {
        let (mut batches, stop) = state?;
        match until(&stop, async { batches.next().await.transpose() }).await {
            Ok(batch) => batch.map(|batch| (Ok(batch), Some((batches, stop)))),
            Err(error) => Some((Err(error), None)),
        }
    })
}
