//! Tickets: what a client shows to get the rows of one statement. Signed, so that nobody makes one up; bound
//! to who asked, so that nobody else can use it; and valid for a while only.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arrow_flight::sql::{Any, ProstMessageExt, TicketStatementQuery};
use aws_lc_rs::hmac;
use bytes::Bytes;
use lakegate_base::Principal;
use prost::Message;
use tonic::Status;

use crate::error::malformed;

const MAC_BYTES: usize = 32;

/// What a ticket stands for. Its encoding is nobody's business but ours.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Claim {
    #[prost(string, tag = "1")]
    pub principal: String,
    /// The session the statement belongs to.
    #[prost(bytes = "bytes", tag = "2")]
    pub session: Bytes,
    /// Seconds since 1970.
    #[prost(uint64, tag = "3")]
    pub expires_s: u64,
    /// A query of the session.
    #[prost(bytes = "bytes", tag = "4")]
    pub statement: Bytes,
}

/// Signs tickets with a key of this process: none outlives it.
pub(crate) struct Signer {
    key: hmac::Key,
    lifetime: Duration,
}

impl Signer {
    pub fn new(lifetime: Duration) -> Self {
        let secret: [u8; MAC_BYTES] = rand::random();
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, &secret), lifetime }
    }

    /// When a ticket signed now ends, in seconds since 1970.
    pub fn expiry(&self) -> u64 {
        now_s().saturating_add(self.lifetime.as_secs())
    }

    pub fn sign(&self, claim: &Claim) -> Bytes {
        let mut handle = claim.encode_to_vec();
        let mac = hmac::sign(&self.key, &handle);
        handle.extend_from_slice(mac.as_ref());
        let ticket = TicketStatementQuery { statement_handle: handle.into() };
        ticket.as_any().encode_to_vec().into()
    }

    /// The claim, if we signed it, it has not expired and belongs to the one who shows it.
    pub fn open(&self, ticket: &[u8], principal: &Principal) -> Result<Claim, Status> {
        let claim = self.read(ticket)?;
        if claim.principal != principal.name {
            return Err(Status::permission_denied(
                "the ticket belongs to someone else: ask for a FlightInfo of your own",
            ));
        }
        if claim.expires_s <= now_s() {
            return Err(Status::not_found(
                "the ticket has expired: ask for the statement's FlightInfo again",
            ));
        }
        Ok(claim)
    }

    fn read(&self, ticket: &[u8]) -> Result<Claim, Status> {
        let any = Any::decode(ticket).map_err(|e| malformed("the ticket", e))?;
        let ticket: Option<TicketStatementQuery> =
            any.unpack().map_err(|e| malformed("the ticket", e))?;
        let handle = ticket.map(|ticket| ticket.statement_handle).ok_or_else(|| {
            Status::invalid_argument("the ticket is of no kind that this server gives out")
        })?;
        let forged = || {
            Status::unauthenticated(
                "the ticket is not signed by this server: ask for the statement's FlightInfo again",
            )
        };
        let length = handle.len().checked_sub(MAC_BYTES).ok_or_else(forged)?;
        let (claim, mac) = handle.split_at(length);
        hmac::verify(&self.key, claim, mac).map_err(|_| forged())?;
        Claim::decode(claim).map_err(|e| malformed("the ticket", e))
    }
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;

    fn claim(signer: &Signer) -> Claim {
        Claim {
            principal: "ann".into(),
            session: Bytes::from_static(b"s"),
            expires_s: signer.expiry(),
            statement: Bytes::from_static(b"q"),
        }
    }

    fn principal(name: &str) -> Principal {
        Principal { name: name.into() }
    }

    #[test]
    fn a_ticket_is_good_for_its_owner_only() {
        let signer = Signer::new(Duration::from_secs(60));
        let (claim, ann, bob) = (claim(&signer), principal("ann"), principal("bob"));
        let ticket = signer.sign(&claim);
        assert_eq!(signer.open(&ticket, &ann).expect("good"), claim);
        assert_eq!(signer.open(&ticket, &bob).expect_err("denied").code(), Code::PermissionDenied);
    }

    #[test]
    fn a_changed_or_foreign_ticket_is_refused() {
        let (signer, other) = (Signer::new(Duration::from_secs(60)), Signer::new(Duration::ZERO));
        let ticket = signer.sign(&claim(&signer)).to_vec();
        for at in 0..ticket.len() {
            let mut changed = ticket.clone();
            changed[at] ^= 1;
            assert!(signer.open(&changed, &principal("ann")).is_err(), "byte {at} changed");
        }
        let foreign = other.open(&ticket, &principal("ann")).expect_err("foreign");
        assert_eq!(foreign.code(), Code::Unauthenticated);
    }

    #[test]
    fn a_ticket_expires() {
        let signer = Signer::new(Duration::ZERO);
        let ticket = signer.sign(&claim(&signer));
        let expired = signer.open(&ticket, &principal("ann")).expect_err("expired");
        assert_eq!(expired.code(), Code::NotFound);
    }
}
