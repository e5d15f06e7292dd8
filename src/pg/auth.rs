//! SCRAM-SHA-256 (RFC 5802, RFC 7677) over SASL. pgwire does the arithmetic; this decides who is
//! known and what a stranger learns, which is nothing: an unknown user gets as far as a wrong
//! password does.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lakegate_base::{Error, Result as BaseResult};
use pgwire::api::auth::sasl::scram::{
    SCRAM_ITERATIONS, ScramSecret, ScramServerAuth, gen_salted_password,
};
use pgwire::messages::startup::Authentication;
use rand::random;
use sha2::{Digest, Sha256};

use crate::error::{Report, Result};
use crate::frame::Phase;
use crate::link::{Gone, Link, Received};
use crate::options::{Secret, User};

const PLAIN: &str = "SCRAM-SHA-256";
const PLUS: &str = "SCRAM-SHA-256-PLUS";

/// Everyone who may log in.
pub(crate) struct Users {
    verifiers: HashMap<String, Verifier>,
    /// Makes the salt of a stranger the same at each try, as a real user's is.
    mock_key: [u8; 32],
    mock_iterations: usize,
}

#[derive(Clone)]
struct Verifier {
    salt: Vec<u8>,
    iterations: usize,
    stored_key: Vec<u8>,
    server_key: Vec<u8>,
}

impl Users {
    pub fn new(users: &[User]) -> BaseResult<Self> {
        let mut verifiers = HashMap::new();
        for user in users {
            let verifier = match &user.secret {
                Secret::Password(password) => Verifier::of_password(password),
                Secret::Verifier(text) => Verifier::parse(text).ok_or_else(|| {
                    Error::invalid(format!("user \"{}\" has no valid SCRAM verifier", user.name))
                        .hint("Copy rolpassword from Postgres's pg_authid, or give a password.")
                })?,
            };
            if verifiers.insert(user.name.clone(), verifier).is_some() {
                let message = format!("user \"{}\" is configured twice", user.name);
                return Err(Error::invalid(message).hint("Remove one of them."));
            }
        }
        let mock_iterations = verifiers.values().next().map_or(SCRAM_ITERATIONS, |v| v.iterations);
        Ok(Self { verifiers, mock_key: random(), mock_iterations })
    }

    fn verifier(&self, user: &str) -> Verifier {
        self.verifiers.get(user).cloned().unwrap_or_else(|| {
            let digest = Sha256::new().chain_update(self.mock_key).chain_update(user).finalize();
            Verifier {
                salt: digest.iter().take(16).copied().collect(),
                iterations: self.mock_iterations,
                // Of no password: a proof would have to hash to random bytes.
                stored_key: random::<[u8; 32]>().to_vec(),
                server_key: random::<[u8; 32]>().to_vec(),
            }
        })
    }
}

impl Verifier {
    fn of_password(password: &str) -> Self {
        let salt: [u8; 16] = random();
        let salted = gen_salted_password(password, &salt, SCRAM_ITERATIONS);
        match ScramSecret::verifier_from_salted_password(salt.to_vec(), salted, SCRAM_ITERATIONS) {
            ScramSecret::Verifier { salt, iterations, stored_key, server_key } => {
                Self { salt, iterations, stored_key, server_key }
            }
            ScramSecret::SaltedPassword { .. } => unreachable!("the constructor of verifiers"),
        }
    }

    /// `SCRAM-SHA-256$4096:salt$stored key:server key`.
    fn parse(text: &str) -> Option<Self> {
        let (counted, keys) = text.strip_prefix("SCRAM-SHA-256$")?.split_once('$')?;
        let (iterations, salt) = counted.split_once(':')?;
        let (stored_key, server_key) = keys.split_once(':')?;
        let key = |text| STANDARD.decode(text).ok().filter(|key| key.len() == 32);
        Some(Self {
            salt: STANDARD.decode(salt).ok().filter(|salt| !salt.is_empty())?,
            iterations: iterations.parse().ok().filter(|count| (1..=10_000_000).contains(count))?,
            stored_key: key(stored_key)?,
            server_key: key(server_key)?,
        })
    }

    fn secret(self) -> ScramSecret {
        let Self { salt, iterations, stored_key, server_key } = self;
        ScramSecret::Verifier { salt, iterations, stored_key, server_key }
    }
}

/// Runs the exchange. `certificate` is the server's, when the connection is encrypted: the login
/// can then be bound to it.
pub(crate) async fn scram(
    link: &mut Link,
    users: &Users,
    user: &str,
    certificate: Option<&[u8]>,
) -> Result<Result<()>, Gone> {
    let mut server = ScramServerAuth::new();
    let mut mechanisms = vec![PLAIN.to_string()];
    if let Some(certificate) = certificate {
        match server.configure_certificate(certificate) {
            Ok(()) => mechanisms.insert(0, PLUS.to_string()),
            Err(error) => tracing::warn!(%error, "no channel binding with this certificate"),
        }
    }
    if let Err(report) = link.output.message(&Authentication::SASL(mechanisms.clone())) {
        return Ok(Err(report));
    }
    link.flush().await?;

    let frame = match link.receive(Phase::Login).await? {
        Received::Frame(frame) => frame,
        Received::Broken(report) => return Ok(Err(report)),
    };
    let first = frame.sasl_initial().and_then(|initial| {
        let data = initial.data.unwrap_or_default();
        // The mechanism must be one we offered, and agree with the channel binding flag.
        let bound = initial.auth_method == PLUS;
        if !mechanisms.contains(&initial.auth_method) || bound != data.starts_with(b"p=") {
            return Err(Report::protocol(
                "client selected an invalid SASL authentication mechanism",
            ));
        }
        server
            .on_client_first_message_with_secret(&data, users.verifier(user).secret())
            .map_err(|error| malformed(&error))
    });
    let (challenge, waiting) = match first {
        Ok(first) => first,
        Err(report) => return Ok(Err(report)),
    };
    if let Err(report) = link.output.message(&Authentication::SASLContinue(challenge.into())) {
        return Ok(Err(report));
    }
    link.flush().await?;

    let frame = match link.receive(Phase::Login).await? {
        Received::Frame(frame) => frame,
        Received::Broken(report) => return Ok(Err(report)),
    };
    Ok(match waiting.on_client_final_message(frame.body()) {
        Ok(signature) => link.output.message(&Authentication::SASLFinal(signature.into())),
        Err(error) => {
            tracing::info!(user, %error, "login refused");
            let message = format!("password authentication failed for user \"{user}\"");
            Err(Report::new("28P01", message))
        }
    })
}

fn malformed(error: &pgwire::error::PgWireError) -> Report {
    tracing::info!(%error, "malformed SCRAM message");
    Report::protocol("malformed SCRAM message")
}
