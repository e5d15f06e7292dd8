//! S3 and what speaks its protocol. The endpoint comes from the configuration only, never from a table or
//! the environment; credentials from the configuration or the AWS chain.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use lakegate_base::{Error, Result, Subject};
use object_store::aws::{AmazonS3, AmazonS3Builder, AwsCredential};
use object_store::client::SpawnedReqwestConnector;
use object_store::{BackoffConfig, ClientOptions, CredentialProvider, HeaderValue, RetryConfig};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, OnceCell};
use url::Url;

use crate::S3Options;

const DEFAULT_REGION: &str = "us-east-1";
const MILLISECOND: Duration = Duration::from_millis(1);
const RETRIES_MAX: usize = 10;
const REQUEST_TIMEOUT_MAX: Duration = Duration::from_secs(30);
const BACKOFF_MAX: Duration = Duration::from_secs(15);
const CONNECT_TIMEOUT_MAX: Duration = Duration::from_secs(5);
/// Credentials are renewed this long before they expire; a request with retries fits in.
const RENEW_BEFORE: Duration = Duration::from_secs(300);

/// Builds the stores of buckets; they share one credential cache.
pub(crate) struct S3 {
    options: S3Options,
    retry_timeout: Duration,
    chain: Arc<Chain>,
    /// The runtime the stores were made on. Requests run there, apart from queries: a thread busy with
    /// a query would leave sockets unread.
    network: Option<Handle>,
}

impl S3 {
    pub(crate) fn new(options: S3Options, retry_timeout: Duration) -> Self {
        Self { options, retry_timeout, chain: Arc::default(), network: Handle::try_current().ok() }
    }

    pub(crate) async fn bucket(&self, bucket: &str) -> Result<AmazonS3> {
        let options = &self.options;
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(bucket)
            .with_retry(retry(self.retry_timeout))
            .with_client_options(client(self.retry_timeout))
            .with_region(self.region().await?);
        if let Some(network) = &self.network {
            builder = builder.with_http_connector(SpawnedReqwestConnector::new(network.clone()));
        }
        if let Some(endpoint) = &options.endpoint {
            let plain = is_plain(endpoint, options.allow_http)?;
            builder = builder.with_endpoint(endpoint.trim_end_matches('/')).with_allow_http(plain);
        } else {
            // A certificate for `*.s3.amazonaws.com` does not cover names with dots.
            builder = builder
                .with_virtual_hosted_style_request(!options.path_style && !bucket.contains('.'));
        }
        builder = match (&options.access_key_id, &options.secret_access_key) {
            (Some(id), Some(secret)) => {
                let builder = builder.with_access_key_id(id).with_secret_access_key(secret);
                match &options.session_token {
                    Some(token) => builder.with_token(token),
                    None => builder,
                }
            }
            (None, None) => builder.with_credentials(self.chain.clone()),
            _ => {
                return Err(Error::invalid("only one half of the S3 key pair is configured")
                    .about(Subject::Setting)
                    .hint("Set both s3.access_key_id and s3.secret_access_key."));
            }
        };
        builder.build().map_err(|e| {
            Error::invalid(format!("bucket \"{bucket}\" cannot be opened with this configuration"))
                .hint("Check [s3] in lakegate.toml.")
                .source(e)
        })
    }

    async fn region(&self) -> Result<String> {
        if let Some(region) = &self.options.region {
            return Ok(region.clone());
        }
        if self.options.endpoint.is_some() {
            return Ok(DEFAULT_REGION.to_string());
        }
        let region = self.chain.config().await.region().map(ToString::to_string);
        region.ok_or_else(|| {
            Error::invalid("no AWS region is configured")
                .about(Subject::Setting)
                .hint("Set s3.region in lakegate.toml, AWS_REGION, or a region in ~/.aws/config.")
        })
    }
}

/// Whether the endpoint is without TLS, when that is allowed.
fn is_plain(endpoint: &str, allow_http: bool) -> Result<bool> {
    let invalid = || {
        Error::invalid(format!("s3.endpoint \"{endpoint}\" is not a URL of a service"))
            .about(Subject::Setting)
            .hint("Write https://HOST[:PORT].")
    };
    let url = Url::parse(endpoint).map_err(|e| invalid().source(e))?;
    let bare = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    match url.scheme() {
        "https" if bare && url.has_host() => Ok(false),
        "http" if bare && url.has_host() && allow_http => Ok(true),
        "http" if bare && url.has_host() => {
            Err(Error::invalid(format!("s3.endpoint \"{endpoint}\" is plain http"))
                .about(Subject::Setting)
                .hint("Use https, or set s3.allow_http = true if the network is trusted."))
        }
        _ => Err(invalid()),
    }
}

/// The last try may start just before the limit and then take a whole request timeout: together they
/// stay within `whole`.
fn retry(whole: Duration) -> RetryConfig {
    let max_backoff = (whole / 4).clamp(MILLISECOND, BACKOFF_MAX);
    let init_backoff = BackoffConfig::default().init_backoff.min(max_backoff);
    let backoff = BackoffConfig { init_backoff, max_backoff, ..BackoffConfig::default() };
    let retry_timeout = whole.saturating_sub(request_timeout(whole)) / 2;
    RetryConfig { backoff, max_retries: RETRIES_MAX, retry_timeout }
}

fn request_timeout(whole: Duration) -> Duration {
    (whole / 3).clamp(MILLISECOND, REQUEST_TIMEOUT_MAX)
}

fn client(whole: Duration) -> ClientOptions {
    let request = request_timeout(whole);
    let agent = HeaderValue::from_static(concat!("lakegate/", env!("CARGO_PKG_VERSION")));
    ClientOptions::new()
        .with_timeout(request)
        .with_connect_timeout(CONNECT_TIMEOUT_MAX.min(request))
        .with_user_agent(agent)
}

/// The AWS credential chain, asked at first use and again shortly before its answer expires.
#[derive(Debug, Default)]
struct Chain {
    config: OnceCell<SdkConfig>,
    current: Mutex<Option<Cached>>,
}

#[derive(Debug)]
struct Cached {
    credential: Arc<AwsCredential>,
    expiry: Option<SystemTime>,
}

impl Chain {
    async fn config(&self) -> &SdkConfig {
        self.config.get_or_init(|| aws_config::load_defaults(BehaviorVersion::latest())).await
    }

    async fn load(&self) -> Result<Credentials> {
        let provider = self.config().await.credentials_provider().ok_or_else(|| missing(None))?;
        provider.provide_credentials().await.map_err(|e| missing(Some(e)))
    }
}

fn missing(cause: Option<CredentialsError>) -> Error {
    let error = Error::denied("no AWS credentials were found").about(Subject::Authentication).hint(
        "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name an AWS_PROFILE from ~/.aws, run \
             where an instance or container role gives them, or set s3.access_key_id and \
             s3.secret_access_key in lakegate.toml.",
    );
    match cause {
        Some(cause) => error.source(cause),
        None => error,
    }
}

#[async_trait]
impl CredentialProvider for Chain {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let mut current = self.current.lock().await;
        if let Some(cached) = current.as_ref() {
            let renew = cached.expiry.and_then(|at| at.checked_sub(RENEW_BEFORE));
            if renew.is_none_or(|at| SystemTime::now() < at) {
                return Ok(cached.credential.clone());
            }
        }
        let loaded = self
            .load()
            .await
            .map_err(|e| object_store::Error::Generic { store: "S3", source: Box::new(e) })?;
        let credential = Arc::new(AwsCredential {
            key_id: loaded.access_key_id().to_string(),
            secret_key: loaded.secret_access_key().to_string(),
            token: loaded.session_token().map(ToString::to_string),
        });
        *current = Some(Cached { credential: credential.clone(), expiry: loaded.expiry() });
        Ok(credential)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{is_plain, request_timeout, retry};

    #[test]
    fn plain_http_needs_permission() {
        let text = |e: &str, allow| {
            is_plain(e, allow).map_err(|e| e.hint_text().unwrap_or("").to_string())
        };
        assert!(
            text("http://127.0.0.1:9000", false)
                .expect_err("refused")
                .contains("s3.allow_http = true")
        );
        assert_eq!(text("http://127.0.0.1:9000", true), Ok(true));
        assert_eq!(text("https://s3.example.com", false), Ok(false));
        for wrong in ["ftp://x", "s3.example.com", "http://user:pw@host", "https://h/?x=1", ""] {
            assert!(is_plain(wrong, true).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_request_with_retries_stays_within_the_limit() {
        for whole in [1, 5, 60, 600].map(Duration::from_secs) {
            let retry = retry(whole);
            let worst = retry.retry_timeout + retry.backoff.max_backoff + request_timeout(whole);
            assert!(worst <= whole, "{whole:?}: {worst:?}");
        }
    }
}
