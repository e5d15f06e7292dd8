//! The gateway's life: bind, announce, run, drain.

use std::net::SocketAddr;
use std::sync::Arc;

use futures::future::{OptionFuture, join};
use lakegate_base::{Error, ErrorKind, Result};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::lake::Lake;
use crate::output::Screen;

/// The ports that clients come to.
pub struct Fronts {
    pg: lakegate_pg::Server,
    flight: Option<lakegate_flight::Server>,
}

impl Fronts {
    /// Of the Postgres front.
    pub fn address(&self) -> SocketAddr {
        self.pg.address()
    }
}

/// Takes the ports before any long work is done in vain.
pub fn bind(config: &Config, lake: &Lake) -> Result<Fronts> {
    let flight = config
        .flight_options()?
        .map(|options| lakegate_flight::Server::bind(options, Arc::clone(&lake.engine) as _));
    Ok(Fronts { pg: bind_pg(config, lake)?, flight: flight.transpose()? })
}

fn bind_pg(config: &Config, lake: &Lake) -> Result<lakegate_pg::Server> {
    let options = config.pg_options()?;
    let listen = options.listen;
    lakegate_pg::Server::bind(options, Arc::clone(&lake.engine) as _).map_err(|error| {
        let taken = error.kind() == ErrorKind::Unavailable;
        let other = SocketAddr::new(listen.ip(), listen.port().wrapping_add(1).max(1024));
        match taken {
            true => error.hint(format!("Choose another port: --listen {other}.")),
            false => error,
        }
    })
}

/// Announces the addresses on standard output, Postgres' last, and serves until SIGINT or SIGTERM. Running
/// statements may finish within the drain limit; a second signal ends the process at once.
pub async fn run(fronts: Fronts, screen: &Screen) -> Result<()> {
    let failed = |e| Error::internal("signals cannot be watched").source(e);
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let Fronts { pg, flight } = fronts;
    if let Some(flight) = &flight {
        screen.line(format!("listening on {} (flight sql)", flight.address()))?;
    }
    screen.line(format!("listening on {} (postgres)", pg.address()))?;

    let stop = CancellationToken::new();
    let flight = OptionFuture::from(flight.map(|flight| flight.run(stop.clone())));
    let mut serving = std::pin::pin!(join(pg.run(stop.clone()), flight));
    for first in [true, false] {
        tokio::select! {
            _ = &mut serving => return Ok(()),
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
