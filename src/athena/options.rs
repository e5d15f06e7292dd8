//! What the binary tells this crate: which Athena, with which credentials, and every limit.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use lakegate_base::{Error, Location, Result, Subject};
use url::Url;

/// Athena reuses results for at most seven days.
const REUSE_MAX: Duration = Duration::from_secs(7 * 24 * 60 * 60);

#[derive(Clone)]
pub struct AthenaOptions {
    /// `https://HOST[:PORT]` of a service that speaks Athena's protocol; absent means AWS.
    pub endpoint: Option<String>,
    /// Absent: the AWS chain's; with an endpoint `us-east-1`.
    pub region: Option<String>,
    /// Endpoints without TLS are refused unless this is set.
    pub allow_http: bool,
    /// Without keys, credentials come from the AWS chain.
    pub access_key_id: Option<String>,
    pub secret_access_key: Option<String>,
    pub session_token: Option<String>,
    pub workgroup: String,
    /// Athena's name of the catalog that holds the lake's databases.
    pub catalog: String,
    /// Our name of it, by which statements may qualify their tables.
    pub lake: String,
    /// Where Athena writes results, and UNLOAD its folders below. Absent: the workgroup says. It must lie
    /// within a root of the stores.
    pub output: Option<Location>,
    pub results: Results,
    /// Statements that read more than this are unloaded, as far as `Results::Auto` may choose.
    pub unload_above_bytes: u64,
    pub dollars_per_terabyte: f64,
    /// A statement that may cost more is refused, as is one whose cost nobody knows.
    pub query_dollars: Option<f64>,
    /// The same for what one user spends on one UTC day.
    pub day_dollars: Option<f64>,
    /// The folder of the files that say what was spent, one for each UTC day.
    pub ledger: Option<PathBuf>,
    /// Rows of an earlier execution of the same text may be given again when they are no older. Whole
    /// minutes.
    pub result_reuse: Option<Duration>,
    pub limits: Limits,
}

/// How the rows of an answer come here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Results {
    /// One page by the API; more rows from the CSV; much data and nested types by UNLOAD.
    #[default]
    Auto,
    /// GetQueryResults, 1,000 rows at a time.
    Api,
    /// The CSV file that Athena writes.
    Csv,
    /// Parquet files that UNLOAD writes.
    Unload,
}

#[derive(Clone, Debug)]
pub struct Limits {
    pub connect_timeout: Duration,
    /// Of one request to Athena.
    pub request_timeout: Duration,
    /// Of one request with all its repetitions.
    pub retry_timeout: Duration,
    /// How long a stopped statement is waited for, so that its bill is the last one.
    pub stop_wait: Duration,
    pub poll_first: Duration,
    pub poll_max: Duration,
    /// What is known of a statement's columns is asked again after this.
    pub described_for: Duration,
    pub descriptions: usize,
    /// Of the list of files that UNLOAD wrote, and of a plan.
    pub manifest_bytes: u64,
    pub batch_rows: usize,
    pub batch_bytes: usize,
}

impl Default for AthenaOptions {
    fn default() -> Self {
        Self {
            endpoint: None,
            region: None,
            allow_http: false,
            access_key_id: None,
            secret_access_key: None,
            session_token: None,
            workgroup: "primary".into(),
            catalog: "AwsDataCatalog".into(),
            lake: "lake".into(),
            output: None,
            results: Results::Auto,
            unload_above_bytes: 10 << 30,
            dollars_per_terabyte: 5.0,
            query_dollars: None,
            day_dollars: None,
            ledger: None,
            result_reuse: None,
            limits: Limits::default(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(30),
            retry_timeout: Duration::from_secs(60),
            stop_wait: Duration::from_millis(800),
            poll_first: Duration::from_millis(100),
            poll_max: Duration::from_secs(2),
            described_for: Duration::from_secs(5 * 60),
            descriptions: 256,
            manifest_bytes: 16 << 20,
            batch_rows: 8_192,
            batch_bytes: 4 << 20,
        }
    }
}

impl AthenaOptions {
    /// Refuses what cannot work before anything depends on it.
    pub(crate) fn check(&self) -> Result<()> {
        if let Some(endpoint) = &self.endpoint {
            check_endpoint(endpoint, self.allow_http)?;
        }
        if self.access_key_id.is_some() != self.secret_access_key.is_some() {
            return Err(setting("only one half of Athena's key pair is configured")
                .hint("Set both athena.access_key_id and athena.secret_access_key."));
        }
        if self.output.as_ref().is_some_and(Location::is_local) {
            return Err(setting("athena.output is not a place on S3")
                .hint("Write s3://BUCKET/PREFIX: Athena writes its results there."));
        }
        if self.results == Results::Unload && self.output.is_none() {
            return Err(setting("athena.results = \"unload\" needs athena.output")
                .hint("Set athena.output to s3://BUCKET/PREFIX."));
        }
        let reuse_fits = |reuse: Duration| {
            let minutes = reuse.as_secs() / 60;
            minutes > 0 && reuse <= REUSE_MAX && Duration::from_secs(minutes * 60) == reuse
        };
        if !self.result_reuse.is_none_or(reuse_fits) {
            return Err(setting("athena.result_reuse is no number of minutes up to seven days")
                .hint("Write for example 60m or 7d."));
        }
        self.check_money()
    }

    fn check_money(&self) -> Result<()> {
        let dollars = [
            ("dollars_per_terabyte", Some(self.dollars_per_terabyte)),
            ("query_dollars", self.query_dollars),
            ("day_dollars", self.day_dollars),
        ];
        for (name, amount) in dollars {
            if amount.is_some_and(|amount| !amount.is_finite() || amount < 0.0) {
                return Err(setting(format!("athena.{name} is no amount of dollars"))
                    .hint("Write a number, for example 5.0."));
            }
        }
        if self.day_dollars.is_some() && self.ledger.is_none() {
            return Err(setting("athena.day_dollars needs a folder for its ledger")
                .hint("Without one, the limit would not outlive a restart."));
        }
        Ok(())
    }
}

fn setting(message: impl Into<String>) -> Error {
    Error::invalid(message).about(Subject::Setting)
}

fn check_endpoint(endpoint: &str, allow_http: bool) -> Result<()> {
    let invalid = || {
        setting(format!("athena.endpoint \"{endpoint}\" is not a URL of a service"))
            .hint("Write https://HOST[:PORT].")
    };
    let url = Url::parse(endpoint).map_err(|e| invalid().source(e))?;
    let bare = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    match url.scheme() {
        "https" if bare && url.has_host() => Ok(()),
        "http" if bare && url.has_host() && allow_http => Ok(()),
        "http" if bare && url.has_host() => {
            Err(setting(format!("athena.endpoint \"{endpoint}\" is plain http"))
                .hint("Use https, or set s3.allow_http = true if the network is trusted."))
        }
        _ => Err(invalid()),
    }
}

impl fmt::Debug for AthenaOptions {
    /// Secrets never reach a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AthenaOptions")
            .field("endpoint", &self.endpoint)
            .field("region", &self.region)
            .field("keys", &self.access_key_id.is_some())
            .field("workgroup", &self.workgroup)
            .field("catalog", &self.catalog)
            .field("output", &self.output)
            .field("results", &self.results)
            .finish_non_exhaustive()
    }
}
