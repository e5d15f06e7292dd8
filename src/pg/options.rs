//! What the binary tells this front: where to listen, whom to trust, and every limit.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use lakegate_access::{Auth, TlsFiles};

/// One Postgres port.
#[derive(Clone, Debug)]
pub struct PgOptions {
    pub listen: SocketAddr,
    /// Without it, clients that ask for TLS are told there is none.
    pub tls: Option<TlsFiles>,
    /// Refuses clients that do not speak TLS.
    pub require_tls: bool,
    pub auth: Auth,
    pub limits: Limits,
}

#[derive(Clone, Debug)]
pub struct Limits {
    /// Sessions at one time.
    pub max_connections: usize,
    pub max_connections_per_address: usize,
    /// Sockets at one time that have not logged in yet.
    pub max_logins: usize,
    /// From accepting the socket to the end of the login.
    pub login_timeout: Duration,
    pub frame_bytes_before_login: usize,
    pub frame_bytes: usize,
    /// Messages kept that arrive while a statement runs; beyond it the socket is not read.
    pub pipelined_bytes: usize,
    /// A client that accepts no byte for this long is closed.
    pub write_timeout: Duration,
    /// A client that sends no message for this long is closed; none means never.
    pub idle_timeout: Option<Duration>,
    pub portals: usize,
    pub statements: usize,
    /// Of all statement texts of a session, and of all its portals' parameters.
    pub object_bytes: usize,
    /// Of the rows a session's cursors keep to go back to; beyond it they go forward only.
    pub kept_row_bytes: usize,
    /// How long running statements may go on when the server stops.
    pub drain: Duration,
}

impl Default for PgOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 5432),
            tls: None,
            require_tls: false,
            auth: Auth::TrustLoopback,
            limits: Limits::default(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 1_000,
            max_connections_per_address: 500,
            max_logins: 4_096,
            login_timeout: Duration::from_secs(15),
            frame_bytes_before_login: 64 << 10,
            frame_bytes: 16 << 20,
            pipelined_bytes: 1 << 20,
            write_timeout: Duration::from_secs(60),
            idle_timeout: None,
            portals: 256,
            statements: 1_024,
            object_bytes: 64 << 20,
            kept_row_bytes: 32 << 20,
            drain: Duration::from_secs(25),
        }
    }
}
