//! Athena's errors as ours: of its API, and of statements that failed there.

use std::error::Error as StdError;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_athena::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_athena::types::{QueryExecution, QueryExecutionState};
use lakegate_base::{Error, ErrorKind, StopReason, Subject};

const CREDENTIALS_HINT: &str = "Check athena.access_key_id and athena.secret_access_key in \
    lakegate.toml, or renew the credentials of the AWS chain (aws sso login, an instance's role).";
const RIGHTS_HINT: &str = "The credentials need athena:StartQueryExecution, GetQueryExecution, \
    BatchGetQueryExecution, GetQueryResults and StopQueryExecution on the workgroup, glue:GetTable \
    and GetPartitions, and S3 access to the tables and to athena.output.";
const OUTPUT_HINT: &str = "Set athena.output to s3://BUCKET/PREFIX of a bucket that exists in \
    Athena's region and that the credentials may write to.";
const AGAIN_HINT: &str = "Check that athena.endpoint can be reached, then try again.";
const THROTTLED: [&str; 6] = [
    "ThrottlingException",
    "Throttling",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "SlowDown",
];
const BAD_CREDENTIALS: [&str; 9] = [
    "ExpiredToken",
    "ExpiredTokenException",
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "IncompleteSignature",
    "MissingAuthenticationTokenException",
    "MissingAuthenticationToken",
];

/// What became of one request.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    /// The same request may succeed a little later.
    pub(crate) is_passing: bool,
    /// The request may have been carried out: no answer came that says it was not.
    pub(crate) may_be_done: bool,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, is_passing: false, may_be_done: false }
    }
}

pub(crate) fn of_request<E>(error: SdkError<E>) -> Failure
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    let status = error.raw_response().map(|response| response.status().as_u16());
    let code = error.code().unwrap_or_default().to_string();
    let is_throttled = THROTTLED.contains(&code.as_str()) || status == Some(429);
    let answered = matches!(error, SdkError::ServiceError(_));
    let is_refused = answered && status.is_some_and(|status| status < 500);
    let was_sent = !matches!(error, SdkError::ConstructionFailure(_));
    let no_credentials = names_credentials(&error);
    let is_passing = was_sent && !no_credentials && (is_throttled || !is_refused);
    let known = if no_credentials {
        Error::denied("no AWS credentials were found for Athena")
            .about(Subject::Authentication)
            .hint(CREDENTIALS_HINT)
    } else if is_throttled {
        Error::unavailable("Athena takes no more requests at the moment")
            .hint("Run fewer statements at a time, or have the account's Athena quotas raised.")
    } else if is_refused {
        of_code(&code, error.message().unwrap_or_default())
    } else if was_sent {
        Error::unavailable("Athena gave no usable answer").hint(AGAIN_HINT)
    } else {
        Error::internal("a request to Athena could not be made")
            .hint("Check athena.endpoint and athena.region in lakegate.toml.")
    };
    Failure { error: known.source(error), is_passing, may_be_done: was_sent && !is_refused }
}

fn names_credentials(error: &(dyn StdError + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.downcast_ref::<CredentialsError>().is_some() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// What the API refused, by its code and, where many things share one, by its words.
fn of_code(code: &str, message: &str) -> Error {
    if BAD_CREDENTIALS.contains(&code) {
        return Error::denied(format!("the credentials for Athena are not valid ({code})"))
            .about(Subject::Authentication)
            .hint(CREDENTIALS_HINT);
    }
    if code.starts_with("AccessDenied") {
        return Error::denied(said(message)).hint(RIGHTS_HINT);
    }
    let lower = message.to_lowercase();
    let has = |part: &str| lower.contains(part);
    if has("output bucket") || has("output location") || has("no such bucket") {
        return Error::new(ErrorKind::NotFound, said(message))
            .about(Subject::Object)
            .hint(OUTPUT_HINT);
    }
    if has("workgroup") {
        return Error::invalid(said(message))
            .about(Subject::Setting)
            .hint("Set athena.workgroup to a workgroup that exists and is enabled.");
    }
    if code == "ResourceNotFoundException" {
        return Error::new(ErrorKind::NotFound, said(message))
            .hint("Check athena.catalog and athena.workgroup in lakegate.toml.");
    }
    of_message(message, refused(message))
}

/// A statement that came to its end there without rows.
pub(crate) fn of_execution(execution: &QueryExecution) -> Error {
    let status = execution.status();
    let known = status.and_then(|status| status.athena_error());
    let reason = known
        .and_then(|error| error.error_message())
        .or_else(|| status.and_then(|status| status.state_change_reason()))
        .unwrap_or("it gives no reason");
    if status.and_then(|status| status.state()) == Some(&QueryExecutionState::Cancelled) {
        return StopReason::Cancelled.error().hint(format!("Athena says: {reason}"));
    }
    // https://docs.aws.amazon.com/athena/latest/ug/error-reference.html
    let category = known.and_then(|error| error.error_category());
    match known.and_then(|error| error.error_type()) {
        Some(0..=8) => exhausted(reason),
        Some(206 | 210) => Error::new(ErrorKind::Timeout, said(reason))
            .hint("Read less, or have the account's DML timeout raised."),
        Some(234) => Error::denied(said(reason)).hint("Ask for grants in Lake Formation."),
        Some(401 | 402) => Error::unavailable(said(reason)).hint(OUTPUT_HINT),
        Some(1006) => of_message(reason, syntax(reason)),
        Some(1110) => missing_table(reason),
        Some(1011 | 1014) => StopReason::Cancelled.error(),
        _ if category == Some(1) => {
            let failed = Error::unavailable(said(reason)).hint("Run the statement again.");
            of_message(reason, failed)
        }
        _ => of_message(reason, refused(reason)),
    }
}

fn said(message: &str) -> String {
    format!("Athena: {}", message.trim())
}

fn exhausted(message: &str) -> Error {
    Error::exhausted(said(message)).hint("Ask for fewer rows, columns or groups.")
}

fn missing_table(message: &str) -> Error {
    Error::new(ErrorKind::NotFound, said(message))
        .about(Subject::Table)
        .hint("Athena knows the tables of its own catalog: see athena.catalog in lakegate.toml.")
}

fn refused(message: &str) -> Error {
    Error::invalid(said(message)).hint(LOCAL_HINT)
}

fn syntax(message: &str) -> Error {
    refused(message).about(Subject::Syntax)
}

/// By the words with which Athena's engine, which is Trino, begins or explains its messages.
fn of_message(message: &str, otherwise: Error) -> Error {
    let has = |parts: &[&str]| parts.iter().any(|part| message.contains(part));
    let invalid = |subject: Subject| Error::invalid(said(message)).about(subject);
    if has(&["Bytes scanned limit"]) {
        return Error::exhausted(said(message)).hint(
            "The workgroup limits what a statement may read: read less, or raise its limit.",
        );
    }
    if has(&["EXCEEDED_", "INSUFFICIENT_RESOURCES", "exhausted resources", "NO_NODES_AVAILABLE"]) {
        return exhausted(message);
    }
    if has(&["NoSuchBucket", "bucket does not exist"]) {
        return Error::new(ErrorKind::NotFound, said(message))
            .about(Subject::Object)
            .hint("Check the tables' buckets and athena.output.");
    }
    if has(&[
        "PERMISSION_DENIED",
        "Access Denied",
        "AccessDenied",
        "Insufficient",
        "not authorized",
    ]) {
        return Error::denied(said(message)).hint(RIGHTS_HINT);
    }
    if has(&["TABLE_NOT_FOUND"]) || (has(&["Table '"]) && has(&["does not exist"])) {
        return missing_table(message);
    }
    if has(&["SCHEMA_NOT_FOUND"]) || (has(&["Schema '"]) && has(&["does not exist"])) {
        return Error::new(ErrorKind::NotFound, said(message))
            .about(Subject::Schema)
            .hint("Athena knows the databases of its own catalog: see athena.catalog.");
    }
    if has(&["COLUMN_NOT_FOUND", "cannot be resolved"]) {
        let hint = "Athena's table may have other columns than ours: compare them.";
        return Error::new(ErrorKind::NotFound, said(message)).about(Subject::Column).hint(hint);
    }
    if has(&["HIVE_BAD_DATA", "HIVE_CURSOR_ERROR", "HIVE_CANNOT_OPEN_SPLIT", "ICEBERG_BAD_DATA"]) {
        return Error::corrupt(said(message)).hint("Check the table's files and its column types.");
    }
    let rules: [(&[&str], Subject, &str); 5] = [
        (&["DIVISION_BY_ZERO", "Division by zero"], Subject::DivisionByZero, VALUE_HINT),
        (&["INVALID_CAST_ARGUMENT", "INVALID_FUNCTION_ARGUMENT"], Subject::Value, VALUE_HINT),
        (&["NUMERIC_VALUE_OUT_OF_RANGE", "out of range"], Subject::Value, VALUE_HINT),
        (&["FUNCTION_NOT_FOUND", "not registered"], Subject::Function, LOCAL_HINT),
        (&["TYPE_MISMATCH", "mismatched input", "SYNTAX_ERROR"], Subject::Syntax, LOCAL_HINT),
    ];
    match rules.into_iter().find(|(parts, ..)| has(parts)) {
        Some((_, subject, hint)) => invalid(subject).hint(hint),
        None => otherwise,
    }
}

const VALUE_HINT: &str = "Guard the value with nullif, CASE or a condition.";
const LOCAL_HINT: &str = "SET lakegate.route = 'local' runs the statement here.";
