//! Who is calling: the `authorization` header, or the handshake's payload, checked against the users that
//! all fronts share.

use std::sync::Arc;

use arrow_flight::BasicAuth;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use lakegate_access::Users;
use lakegate_base::Principal;
use prost::Message;
use tonic::Status;
use tonic::metadata::MetadataMap;

use crate::error::malformed;

/// Who calls without a name, where anyone may.
const ANONYMOUS: &str = "anonymous";

/// Go's clients leave out the padding, others do not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a client shows.
pub(crate) enum Credentials {
    Nothing,
    Basic { user: String, password: String },
    Bearer(String),
}

/// Knows everyone who may log in; none means that anyone is who they say.
pub(crate) struct Gate(pub Option<Arc<Users>>);

impl Credentials {
    pub fn of(metadata: &MetadataMap) -> Result<Self, Status> {
        let Some(header) = metadata.get("authorization") else { return Ok(Self::Nothing) };
        let header = header.to_str().map_err(|e| malformed("the authorization header", e))?;
        let (scheme, rest) = header.trim().split_once(' ').unwrap_or((header, ""));
        let rest = rest.trim();
        match scheme.to_ascii_lowercase().as_str() {
            "bearer" => Ok(Self::Bearer(rest.to_string())),
            "basic" => Self::basic(rest),
            _ => Err(Status::unauthenticated(
                "the authorization header must be Basic (user and password) or Bearer (a token)",
            )),
        }
    }

    fn basic(encoded: &str) -> Result<Self, Status> {
        let unreadable = |_| Status::unauthenticated("Basic takes the base64 of user:password");
        let text = BASE64.decode(encoded).map_err(|e| unreadable(e.to_string()))?;
        let text = String::from_utf8(text).map_err(|e| unreadable(e.to_string()))?;
        let (user, password) = text.split_once(':').unwrap_or((&text, ""));
        Ok(Self::Basic { user: user.to_string(), password: password.to_string() })
    }

    /// What clients of the first Flight versions send instead of a header.
    pub fn of_payload(payload: &[u8]) -> Result<Self, Status> {
        if payload.is_empty() {
            return Ok(Self::Nothing);
        }
        let BasicAuth { username: user, password } =
            BasicAuth::decode(payload).map_err(|e| malformed("the handshake's payload", e))?;
        Ok(Self::Basic { user, password })
    }
}

impl Gate {
    /// The one who shows a name and a password.
    pub async fn login(&self, user: String, password: String) -> Result<Principal, Status> {
        let Some(users) = &self.0 else { return Ok(named(user)) };
        let (users, name) = (Arc::clone(users), user.clone());
        // Milliseconds of hashing: not on the threads that carry bytes.
        let check =
            tokio::task::spawn_blocking(move || users.verifier(&name).accepts(&password)).await;
        match check {
            Ok(true) => Ok(Principal { name: user }),
            Ok(false) => {
                tracing::info!(user, "login refused");
                let message = format!("password authentication failed for user \"{user}\"");
                Err(Status::unauthenticated(message))
            }
            Err(error) => {
                tracing::error!(%error, "a password could not be checked");
                Err(Status::internal("the password could not be checked"))
            }
        }
    }

    /// The one who shows nothing.
    pub fn stranger(&self) -> Result<Principal, Status> {
        match self.0 {
            None => Ok(named(String::new())),
            Some(_) => Err(Status::unauthenticated(
                "log in first: a Handshake with user and password gives a bearer token",
            )),
        }
    }
}

fn named(user: String) -> Principal {
    Principal { name: if user.is_empty() { ANONYMOUS.to_string() } else { user } }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_ana(found: &Credentials) -> bool {
        matches!(found, Credentials::Basic { user, password } if user == "ana" && password == "x")
    }

    #[test]
    fn basic_takes_base64_with_and_without_padding() {
        for encoded in ["YW5hOng=", "YW5hOng"] {
            let found = Credentials::basic(encoded).expect("readable");
            assert!(is_ana(&found), "{encoded}");
        }
        assert!(Credentials::basic("!").is_err());
    }
}
