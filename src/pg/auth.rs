//! SCRAM-SHA-256 (RFC 5802, RFC 7677) over SASL, against the verifiers of `access`. pgwire does the
//! arithmetic of the exchange.

use lakegate_access::{Users, Verifier};
use pgwire::api::auth::sasl::scram::{ScramSecret, ScramServerAuth};
use pgwire::messages::startup::Authentication;

use crate::error::{Report, Result};
use crate::frame::Phase;
use crate::link::{Gone, Link, Received};

const PLAIN: &str = "SCRAM-SHA-256";
const PLUS: &str = "SCRAM-SHA-256-PLUS";

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
            .on_client_first_message_with_secret(&data, secret(users.verifier(user)))
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

fn secret(verifier: Verifier) -> ScramSecret {
    let Verifier { salt, iterations, stored_key, server_key } = verifier;
    let iterations = iterations.get() as usize;
    ScramSecret::Verifier { salt, iterations, stored_key, server_key }
}

fn malformed(error: &pgwire::error::PgWireError) -> Report {
    tracing::info!(%error, "malformed SCRAM message");
    Report::protocol("malformed SCRAM message")
}
