//! Tests of the whole front against a fake engine, over real sockets.

#![expect(clippy::panic, reason = "tests fail by panicking")]

mod cursors;
mod fake;
mod frames;
mod limits;
mod login;
mod raw;
mod session;
mod stream;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio_postgres::{Client, NoTls};
use tokio_util::sync::CancellationToken;

use crate::{PgOptions, Server};
use fake::Fake;

/// A running server with its fake engine.
pub(crate) struct Running {
    pub address: SocketAddr,
    pub fake: Arc<Fake>,
    pub stop: CancellationToken,
    pub task: JoinHandle<()>,
}

pub(crate) fn options() -> PgOptions {
    PgOptions { listen: SocketAddr::from(([127, 0, 0, 1], 0)), ..PgOptions::default() }
}

pub(crate) fn start(options: PgOptions) -> Running {
    let fake = Arc::new(Fake::default());
    let server = Server::bind(options, fake.clone()).expect("a free port");
    let (address, stop) = (server.address(), CancellationToken::new());
    let task = tokio::spawn(server.run(stop.clone()));
    Running { address, fake, stop, task }
}

impl Running {
    pub fn config(&self, rest: &str) -> String {
        format!("host=127.0.0.1 port={} user=ann dbname=lake {rest}", self.address.port())
    }

    pub async fn client(&self) -> Client {
        let (client, connection) =
            tokio_postgres::connect(&self.config(""), NoTls).await.expect("connects");
        tokio::spawn(connection);
        client
    }
}

/// For trying clients by hand: `LAKEGATE_PG_PORT=5499 cargo test -p lakegate-pg by_hand --
/// --ignored`; with `LAKEGATE_PG_SCRAM=1` encrypted, for ann (s3cret) and bob (pencil).
#[tokio::test]
#[ignore = "serves until killed"]
async fn by_hand() {
    let port = std::env::var("LAKEGATE_PG_PORT").ok().and_then(|port| port.parse().ok());
    let listen = SocketAddr::from(([127, 0, 0, 1], port.unwrap_or(5499)));
    let base = PgOptions { listen, ..options() };
    let running = match std::env::var("LAKEGATE_PG_SCRAM") {
        Ok(_) => login::with_tls(PgOptions { listen, ..login::scram() }).0,
        Err(_) => start(base),
    };
    running.task.await.expect("the server ends well");
}
