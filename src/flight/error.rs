//! Errors as gRPC knows them: a status code and a message that says what to do.

use arrow::error::ArrowError;
use lakegate_base::{Error, ErrorKind, Subject};
use tonic::Status;

/// Also the place where a fault of ours is logged, once, with its causes.
pub(crate) fn status(error: &Error) -> Status {
    let status = Status::new(code(error), message(error));
    match error.kind() {
        ErrorKind::Internal => tracing::error!(error = error.full(), "internal error"),
        ErrorKind::Corrupt | ErrorKind::Unavailable => {
            tracing::warn!(error = error.full(), code = ?status.code());
        }
        _ => tracing::debug!(error = error.full(), code = ?status.code()),
    }
    status
}

fn code(error: &Error) -> tonic::Code {
    use tonic::Code;
    match (error.kind(), error.subject()) {
        (ErrorKind::NotFound, _) => Code::NotFound,
        (ErrorKind::AlreadyExists, _) => Code::AlreadyExists,
        (ErrorKind::InvalidInput, Subject::Transaction) => Code::FailedPrecondition,
        (ErrorKind::InvalidInput, _) => Code::InvalidArgument,
        (ErrorKind::Denied, Subject::Authentication) => Code::Unauthenticated,
        (ErrorKind::Denied, _) => Code::PermissionDenied,
        (ErrorKind::Conflict, _) => Code::Aborted,
        (ErrorKind::Unsupported, _) => Code::Unimplemented,
        (ErrorKind::Exhausted, _) => Code::ResourceExhausted,
        (ErrorKind::Cancelled, _) => Code::Cancelled,
        (ErrorKind::Timeout, _) => Code::DeadlineExceeded,
        (ErrorKind::Unavailable, _) => Code::Unavailable,
        (ErrorKind::Corrupt, _) => Code::DataLoss,
        (ErrorKind::Internal, _) => Code::Internal,
    }
}

fn message(error: &Error) -> String {
    let mut text = error.message().to_string();
    if let Some(position) = error.position() {
        text.push_str(&format!(" (at character {position})"));
    }
    if let Some(hint) = error.hint_text() {
        text.push_str(&format!("\nHINT: {hint}"));
    }
    text
}

/// What a client sent cannot be read.
pub(crate) fn malformed(what: &str, cause: impl std::fmt::Display) -> Status {
    Status::invalid_argument(format!("{what} cannot be read: {cause}"))
}

/// Arrow could not do what it always can: ours to look at.
pub(crate) fn arrow(error: ArrowError) -> Error {
    Error::internal("a result cannot be put into Arrow's form").source(error)
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;

    #[test]
    fn a_status_tells_the_place_and_what_to_do() {
        let error = Error::syntax("unexpected word").at(7).hint("Remove it.");
        let told = status(&error);
        assert_eq!(told.code(), Code::InvalidArgument);
        assert_eq!(told.message(), "unexpected word (at character 7)\nHINT: Remove it.");
    }

    #[test]
    fn what_a_transaction_does_not_allow_is_a_matter_of_state() {
        let error = Error::invalid("no transaction").about(Subject::Transaction);
        assert_eq!(status(&error).code(), Code::FailedPrecondition);
    }
}
