//! What the binary tells this front: where to listen, whom to trust, and every limit.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use lakegate_access::{Auth, TlsFiles};

/// One Flight SQL port.
#[derive(Clone, Debug)]
pub struct FlightOptions {
    pub listen: SocketAddr,
    /// The catalog that sessions open.
    pub database: String,
    /// With it, clients must speak TLS: gRPC has no way to ask for it later.
    pub tls: Option<TlsFiles>,
    pub auth: Auth,
    pub limits: Limits,
}

#[derive(Clone, Debug)]
pub struct Limits {
    /// Sockets at one time.
    pub max_connections: usize,
    /// Sessions at one time.
    pub max_sessions: usize,
    /// From accepting the socket to the end of the TLS handshake.
    pub handshake_timeout: Duration,
    /// Of one message from a client: a statement, or a batch of parameters.
    pub message_bytes: usize,
    /// Of one message to a client, about: larger batches are split between rows.
    pub batch_bytes: usize,
    /// Calls at one time on one connection.
    pub calls_per_connection: u32,
    /// A session that asks for nothing this long is closed.
    pub session_idle: Duration,
    /// How long a ticket may be redeemed.
    pub ticket_lifetime: Duration,
    /// Prepared statements of a session, and statements that wait for their ticket to be redeemed.
    pub statements: usize,
    /// Of all statement texts and bound parameters of a session.
    pub object_bytes: usize,
    /// Rows of parameters bound at once: the statement runs for each.
    pub bound_rows: usize,
    /// A client that takes no batch for this long loses its query.
    pub write_timeout: Duration,
    /// How long running statements may go on when the server stops.
    pub drain: Duration,
}

impl Default for FlightOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 32010),
            database: "lake".into(),
            tls: None,
            auth: Auth::TrustLoopback,
            limits: Limits::default(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 1_000,
            max_sessions: 1_000,
            handshake_timeout: Duration::from_secs(15),
            message_bytes: 16 << 20,
            batch_bytes: 2 << 20,
            calls_per_connection: 256,
            session_idle: Duration::from_secs(30 * 60),
            ticket_lifetime: Duration::from_secs(10 * 60),
            statements: 1_024,
            object_bytes: 64 << 20,
            bound_rows: 10_000,
            write_timeout: Duration::from_secs(60),
            drain: Duration::from_secs(25),
        }
    }
}
