//! The gateway's life: bind, announce, run, drain.

use std::sync::Arc;

use lakegate_base::{Error, ErrorKind, Result};
use lakegate_pg::Server;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::lake::Lake;
use crate::output::Screen;

/// Takes the port before any long work is done in vain.
pub fn bind(config: &Config, lake: &Lake) -> Result<Server> {
    let options = config.pg_options()?;
    let listen = options.listen;
    Server::bind(options, Arc::clone(&lake.engine) as _).map_err(|error| {
        let taken = error.kind() == ErrorKind::Unavailable;
        let other = std::net::SocketAddr::new(listen.ip(), listen.port().wrapping_add(1).max(1024));
        match taken {
            true => error.hint(format!("Choose another port: --listen {other}.")),
            false => error,
        }
    })
}

/// Announces the address on standard output and serves until SIGINT or SIGTERM. Running statements may
/// finish within the drain limit; a second signal ends the process at once.
pub async fn run(server: Server, screen: &Screen) -> Result<()> {
    let failed = |e| Error::internal("signals cannot be watched").source(e);
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    screen.line(format!("listening on {} (postgres)", server.address()))?;

    let stop = CancellationToken::new();
    let mut serving = std::pin::pin!(server.run(stop.clone()));
    for first in [true, false] {
        tokio::select! {
            () = &mut serving => return Ok(()),
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        if first {
            tracing::info!("stopping: running statements may finish");
            stop.cancel();
        }
    }
    Err(Error::new(ErrorKind::Cancelled, "stopped before all statements had finished"))
}
