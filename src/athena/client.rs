//! Requests to Athena: each within a quota and a time, again while that may help. Starting is done once,
//! however often it is asked for: every repetition carries the token of the first.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_sdk_athena::Client as Sdk;
use aws_sdk_athena::config::retry::RetryConfig;
use aws_sdk_athena::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_athena::operation::get_query_results::GetQueryResultsOutput;
use aws_sdk_athena::types::{
    QueryExecution, QueryExecutionContext, ResultConfiguration, ResultReuseByAgeConfiguration,
    ResultReuseConfiguration,
};
use lakegate_base::{Error, ErrorKind, Result, StopReason, Subject};
use tokio::runtime::Handle;
use tokio::sync::OnceCell;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use crate::AthenaOptions;
use crate::failure::{self, Failure};
use crate::quota::{Operation, Quotas};

const DEFAULT_REGION: &str = "us-east-1";
const BACKOFF_FIRST: Duration = Duration::from_millis(100);
const BACKOFF_MAX: Duration = Duration::from_secs(5);
/// Athena takes no longer statements.
const TEXT_BYTES_MAX: usize = 262_144;
/// How many executions one request can ask for.
pub(crate) const BATCH_MAX: usize = 50;
/// How many rows one page can have.
pub(crate) const PAGE_ROWS_MAX: i32 = 1_000;

pub(crate) struct Client {
    options: Arc<AthenaOptions>,
    sdk: OnceCell<Sdk>,
    quotas: Quotas,
    /// The runtime this was made on. Requests run there, apart from queries: a thread busy with a query would
    /// leave sockets unread.
    network: Option<Handle>,
}

/// A statement to start.
#[derive(Clone, Debug)]
pub(crate) struct Start {
    pub(crate) text: String,
    pub(crate) database: Option<String>,
    pub(crate) reuse: Option<Duration>,
}

/// A statement that is not known to run.
#[derive(Debug)]
pub(crate) struct Unstarted {
    pub(crate) error: Error,
    /// No answer ever came: it may run all the same, under a name nobody knows.
    pub(crate) may_run: bool,
}

impl Client {
    pub(crate) fn new(options: Arc<AthenaOptions>) -> Self {
        let network = Handle::try_current().ok();
        Self { options, sdk: OnceCell::new(), quotas: Quotas::default(), network }
    }

    /// Lets something run on, whatever becomes of who asked for it.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        match self.network.clone().or_else(|| Handle::try_current().ok()) {
            Some(network) => drop(network.spawn(task)),
            None => tracing::warn!("nothing can be tidied up in Athena: the runtime is gone"),
        }
    }

    /// The execution's name. Once `cancel` fires nothing is started any more; what may have been is asked
    /// for until its name is known, so that it can be stopped.
    pub(crate) async fn start(
        &self,
        start: &Start,
        cancel: &CancellationToken,
    ) -> Result<String, Unstarted> {
        let unstarted = |error| Unstarted { error, may_run: false };
        if start.text.len() > TEXT_BYTES_MAX {
            let message = format!("the statement is longer than Athena's {TEXT_BYTES_MAX} bytes");
            return Err(unstarted(
                Error::exhausted(message)
                    .about(Subject::Statement)
                    .hint("Put long lists of values into a table, and join it."),
            ));
        }
        let token = Uuid::new_v4().to_string();
        let mut patience = Patience::new(self.options.limits.retry_timeout);
        let mut may_run = false;
        loop {
            if cancel.is_cancelled() && !may_run {
                return Err(unstarted(StopReason::Cancelled.error()));
            }
            let sent = self.once(Operation::Start, |sdk| {
                sdk.start_query_execution()
                    .query_string(&start.text)
                    .client_request_token(&token)
                    .query_execution_context(self.context(start))
                    .work_group(&self.options.workgroup)
                    .set_result_configuration(self.result_configuration())
                    .set_result_reuse_configuration(start.reuse.map(reuse))
                    .send()
            });
            let failure = match sent.await {
                Ok(started) => match started.query_execution_id {
                    Some(id) => return Ok(id),
                    None => Error::unavailable("Athena gave no usable answer").into(),
                },
                Err(failure) => failure,
            };
            may_run |= failure.may_be_done;
            let wait = patience.next().filter(|_| failure.is_passing);
            let Some(wait) = wait else {
                return Err(Unstarted { error: failure.error, may_run });
            };
            tracing::debug!(error = %failure.error.full(), "starting a statement in Athena again");
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = cancel.cancelled(), if !may_run => {}
            }
        }
    }

    fn context(&self, start: &Start) -> QueryExecutionContext {
        QueryExecutionContext::builder()
            .catalog(&self.options.catalog)
            .set_database(start.database.clone())
            .build()
    }

    fn result_configuration(&self) -> Option<ResultConfiguration> {
        let output = self.options.output.as_ref()?;
        Some(ResultConfiguration::builder().output_location(format!("{output}/")).build())
    }

    /// Asks for an end. A statement that has ended already is no error.
    pub(crate) async fn stop(&self, id: &str) -> Result<()> {
        let stopped = self
            .again(Operation::Stop, |sdk| sdk.stop_query_execution().query_execution_id(id).send());
        match stopped.await {
            Err(error) if error.kind() == ErrorKind::InvalidInput => Ok(()),
            other => other.map(drop),
        }
    }

    /// How these executions stand. Fewer requests and fewer rights are needed for one alone.
    pub(crate) async fn executions(&self, ids: &[String]) -> Result<Vec<QueryExecution>> {
        if let [id] = ids {
            let found = self.again(Operation::Get, |sdk| {
                sdk.get_query_execution().query_execution_id(id).send()
            });
            return Ok(found.await?.query_execution.into_iter().collect());
        }
        let found = self.again(Operation::Batch, |sdk| {
            sdk.batch_get_query_execution().set_query_execution_ids(Some(ids.to_vec())).send()
        });
        Ok(found.await?.query_executions.unwrap_or_default())
    }

    /// A page of rows; the same token gives the same page.
    pub(crate) async fn page(
        &self,
        id: &str,
        token: Option<&str>,
        rows: i32,
    ) -> Result<GetQueryResultsOutput> {
        let page = self.again(Operation::Results, |sdk| {
            sdk.get_query_results()
                .query_execution_id(id)
                .set_next_token(token.map(ToString::to_string))
                .max_results(rows)
                .send()
        });
        page.await
    }

    /// Repeats what may succeed a little later. Only for requests that change nothing a second time.
    async fn again<T, E, F>(&self, operation: Operation, send: impl Fn(Sdk) -> F) -> Result<T>
    where
        F: Future<Output = Result<T, SdkError<E>>> + Send + 'static,
        T: Send + 'static,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let mut patience = Patience::new(self.options.limits.retry_timeout);
        loop {
            let failure = match self.once(operation, &send).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let Some(wait) = patience.next().filter(|_| failure.is_passing) else {
                return Err(failure.error);
            };
            tokio::time::sleep(wait).await;
        }
    }

    async fn once<T, E, F>(
        &self,
        operation: Operation,
        send: impl FnOnce(Sdk) -> F,
    ) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, SdkError<E>>> + Send + 'static,
        T: Send + 'static,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let sdk = self.sdk().await?;
        self.quotas.take(operation).await;
        let request = send(sdk);
        let answer = match &self.network {
            None => request.await,
            Some(network) => {
                let joined = AbortOnDropHandle::new(network.spawn(request)).await;
                joined.map_err(|e| Failure {
                    error: Error::internal("a request to Athena ended early").source(e),
                    is_passing: false,
                    may_be_done: true,
                })?
            }
        };
        answer.map_err(failure::of_request)
    }

    async fn sdk(&self) -> Result<Sdk> {
        self.sdk.get_or_try_init(|| self.connect()).await.cloned()
    }

    /// By hand, and not from the chain's whole configuration: that may name an endpoint of its own.
    async fn connect(&self) -> Result<Sdk> {
        let (options, limits) = (&self.options, &self.options.limits);
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(limits.connect_timeout)
            .operation_attempt_timeout(limits.request_timeout)
            .build();
        let mut config = aws_sdk_athena::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts);
        if let Some(endpoint) = &options.endpoint {
            config = config.endpoint_url(endpoint.trim_end_matches('/'));
        }
        let keys = options.access_key_id.as_ref().zip(options.secret_access_key.as_ref());
        let mut region = options.region.clone();
        if region.is_none() && options.endpoint.is_some() {
            region = Some(DEFAULT_REGION.to_string());
        }
        if keys.is_none() || region.is_none() {
            let chain = aws_config::load_defaults(BehaviorVersion::latest()).await;
            region = region.or_else(|| chain.region().map(ToString::to_string));
            config.set_credentials_provider(chain.credentials_provider());
        }
        if let Some((id, secret)) = keys {
            let token = options.session_token.clone();
            let keys = Credentials::new(id, secret, token, None, "lakegate.toml");
            config = config.credentials_provider(keys);
        }
        let region = region.ok_or_else(|| {
            Error::invalid("no AWS region is configured for Athena").about(Subject::Setting).hint(
                "Set athena.region in lakegate.toml, AWS_REGION, or a region in ~/.aws/config.",
            )
        })?;
        Ok(Sdk::from_conf(config.region(Region::new(region)).build()))
    }
}

fn reuse(age: Duration) -> ResultReuseConfiguration {
    let minutes = i32::try_from(age.as_secs() / 60).unwrap_or(i32::MAX);
    let by_age =
        ResultReuseByAgeConfiguration::builder().enabled(true).max_age_in_minutes(minutes).build();
    ResultReuseConfiguration::builder().result_reuse_by_age_configuration(by_age).build()
}

/// How long to wait before each repetition: longer and longer, never all at the same moment.
struct Patience {
    until: Instant,
    backoff: Duration,
}

impl Patience {
    fn new(whole: Duration) -> Self {
        Self { until: Instant::now() + whole, backoff: BACKOFF_FIRST }
    }

    /// None once there is no time for another one.
    fn next(&mut self) -> Option<Duration> {
        let wait = self.backoff.mul_f64(rand::random_range(0.5..1.0));
        self.backoff = (self.backoff * 2).min(BACKOFF_MAX);
        (Instant::now() + wait < self.until).then_some(wait)
    }
}
