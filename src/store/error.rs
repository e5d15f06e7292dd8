//! Store errors in Lakegate's words: what was asked for, how to react, what to do next. The store's own
//! text (host names, request ids) stays in the private source.

use std::error::Error as StdError;
use std::io;

use lakegate_base::{Error, ErrorKind, Location, Subject};
use object_store::Error as StoreError;

const CREDENTIALS_HINT: &str = "Check s3.access_key_id and s3.secret_access_key in \
    lakegate.toml, or the AWS credential chain; the keys need s3:GetObject and s3:ListBucket.";
const REGION_HINT: &str = "Set s3.region in lakegate.toml to the bucket's region.";

/// What went wrong with `location`. Errors of our own inside the store's (a refused path, missing
/// credentials) come out as they went in.
pub fn error(error: StoreError, location: &Location) -> Error {
    let mut known = own(&error)
        .or_else(|| by_code(&error, location))
        .unwrap_or_else(|| by_variant(&error, location));
    if known.subject() == Subject::Other {
        known = known.about(Subject::Object);
    }
    known.source(error)
}

fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |e: &&'a (dyn StdError + 'static)| (**e).source())
}

fn own(error: &StoreError) -> Option<Error> {
    let found = chain(error).find_map(|e| e.downcast_ref::<Error>())?;
    let copy = Error::new(found.kind(), found.message()).about(found.subject());
    Some(match found.hint_text() {
        Some(hint) => copy.hint(hint),
        None => copy,
    })
}

/// By the code in the service's answer, which says more than the HTTP status.
fn by_code(error: &StoreError, location: &Location) -> Option<Error> {
    if location.is_local() {
        return None;
    }
    let text = error.to_string();
    let has = |code: &str| text.contains(&format!("<Code>{code}<"));
    if has("NoSuchBucket") {
        let message = format!("bucket \"{}\" does not exist", location.bucket());
        let hint = "Check the bucket's name, and s3.endpoint in lakegate.toml.";
        return Some(Error::new(ErrorKind::NotFound, message).hint(hint));
    }
    let wrong = ["InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"];
    if let Some(code) = wrong.into_iter().find(|code| has(code)) {
        let message = format!("the credentials for {location} are not valid ({code})");
        return Some(Error::denied(message).about(Subject::Authentication).hint(CREDENTIALS_HINT));
    }
    if has("RequestTimeTooSkewed") {
        let message = format!("access to {location} was refused: this machine's clock is wrong");
        return Some(Error::denied(message).hint("Set the clock, for example with NTP."));
    }
    let moved = ["PermanentRedirect", "AuthorizationHeaderMalformed"].into_iter().any(has);
    if moved || text.contains("incorrectly configured region") {
        let message = format!("bucket \"{}\" is in another region", location.bucket());
        return Some(Error::invalid(message).hint(REGION_HINT));
    }
    None
}

fn by_variant(error: &StoreError, location: &Location) -> Error {
    match error {
        StoreError::NotFound { .. } => Error::not_found(Subject::Object, location),
        StoreError::AlreadyExists { .. } => {
            Error::new(ErrorKind::AlreadyExists, format!("{location} already exists"))
        }
        StoreError::Precondition { .. } | StoreError::NotModified { .. } => {
            let message = format!("{location} was changed by someone else");
            Error::new(ErrorKind::Conflict, message).hint("Read it again and retry.")
        }
        StoreError::PermissionDenied { .. } | StoreError::Unauthenticated { .. } => {
            no_access(location)
        }
        StoreError::InvalidPath { .. } => {
            let message = format!("a name in or below {location} cannot be read");
            Error::invalid(message).hint(
                "Object names must have no control characters, no empty and no `..` segments.",
            )
        }
        StoreError::NotSupported { .. } | StoreError::NotImplemented { .. } => {
            Error::unsupported(format!("this operation on the store of {location}"))
        }
        _ => by_cause(error, location),
    }
}

fn no_access(location: &Location) -> Error {
    let denied = Error::denied(format!("access to {location} was refused"));
    if location.is_local() {
        denied.hint("Give the user that runs lakegate the right to read it.")
    } else {
        denied.hint(CREDENTIALS_HINT)
    }
}

fn by_cause(error: &StoreError, location: &Location) -> Error {
    if let Some(cause) = chain(error).find_map(|e| e.downcast_ref::<io::Error>()) {
        match cause.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                return Error::exhausted(format!("the disk of {location} is full"))
                    .about(Subject::Disk)
                    .hint("Free some space, then try again.");
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                return no_access(location);
            }
            io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => {
                return Error::not_found(Subject::Object, location);
            }
            _ => {}
        }
    }
    if location.is_local() {
        return Error::unavailable(format!("{location} cannot be read or written"))
            .hint("The server's log has the operating system's reason.");
    }
    let text = error.to_string();
    let service = endpoint(&text).unwrap_or("the object storage");
    Error::unavailable(format!("{service} gave no usable answer for {location}"))
        .hint("Check that the service is up and s3.endpoint is right, then try again.")
}

/// `http://host:port` of the request an error text tells of.
fn endpoint(text: &str) -> Option<&str> {
    let start = text.find("http://").or_else(|| text.find("https://"))?;
    let rest = &text[start..];
    let host = rest.find("//")? + 2;
    let end = rest[host..].find(['/', ' ', '?', ')', ',']).map_or(rest.len(), |i| i + host);
    Some(&rest[..end])
}
