//! The port: accepts sockets within limits, gives each a task, and drains them at the end.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lakegate_access::{Tls, Users, listen};
use lakegate_base::{Engine, Error, Result};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::cancel::Registry;
use crate::connection::Connection;
use crate::error::Report;
use crate::link::{Gone, Link};
use crate::options::PgOptions;
use crate::startup::{self, ALPN, Opening};

/// As messages name it.
const FRONT: &str = "Postgres";

/// A bound port that serves nobody yet.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    shared: Arc<Shared>,
}

/// What all connections share.
pub(crate) struct Shared {
    pub options: PgOptions,
    pub engine: Arc<dyn Engine>,
    pub users: Option<Users>,
    pub tls: Option<Tls>,
    pub registry: Arc<Registry>,
    /// Ends idle connections when the server stops.
    pub draining: CancellationToken,
    logins: Arc<Semaphore>,
    sessions: Mutex<HashMap<IpAddr, usize>>,
}

impl Server {
    /// Checks the options and takes the port. Must run inside a Tokio runtime.
    pub fn bind(options: PgOptions, engine: Arc<dyn Engine>) -> Result<Self> {
        let users = lakegate_access::users(FRONT, options.listen, &options.auth)?;
        let tls = options.tls.as_ref().map(|files| Tls::load(files, ALPN)).transpose()?;
        if options.require_tls && tls.is_none() {
            return Err(Error::invalid("TLS is required but no certificate is configured")
                .hint("Set the certificate and key of the Postgres front."));
        }
        let (listener, address) = listen(FRONT, options.listen)?;
        let shared = Shared {
            logins: Arc::new(Semaphore::new(options.limits.max_logins)),
            options,
            engine,
            users,
            tls,
            registry: Arc::default(),
            draining: CancellationToken::new(),
            sessions: Mutex::default(),
        };
        Ok(Self { listener, address, shared: Arc::new(shared) })
    }

    /// Where it listens; tells the port that was chosen for port 0.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` is cancelled, then ends idle connections and gives running statements
    /// the time of `limits.drain`.
    pub async fn run(self, stop: CancellationToken) {
        let Self { listener, shared, .. } = self;
        let mut tasks = JoinSet::new();
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                Some(ended) = tasks.join_next() => log_panic(ended),
                accepted = listener.accept() => match accepted {
                    Ok((tcp, address)) => {
                        // Beyond the limit of half-open sockets, newcomers are closed unheard.
                        if let Ok(turn) = Arc::clone(&shared.logins).try_acquire_owned() {
                            let shared = Arc::clone(&shared);
                            tasks.spawn(async move { serve(tcp, address, shared, turn).await });
                        }
                    }
                    Err(error) => {
                        // Most likely out of file descriptors: wait for some to come back.
                        tracing::warn!(%error, "cannot accept a connection");
                        sleep(Duration::from_millis(50)).await;
                    }
                }
            }
        }
        drop(listener);
        shared.draining.cancel();
        if timeout(shared.options.limits.drain, ended(&mut tasks)).await.is_err() {
            tracing::warn!("statements still running at the drain limit are cancelled");
            shared.registry.cancel_all();
            if timeout(FAREWELL, ended(&mut tasks)).await.is_err() {
                tasks.shutdown().await;
            }
        }
    }
}

/// How long cancelled statements have to tell their clients.
const FAREWELL: Duration = Duration::from_secs(1);

async fn ended(tasks: &mut JoinSet<()>) {
    while let Some(ended) = tasks.join_next().await {
        log_panic(ended);
    }
}

fn log_panic(ended: std::result::Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "a connection panicked");
    }
}

/// One socket, from its first byte to its last.
async fn serve(
    tcp: TcpStream,
    address: SocketAddr,
    shared: Arc<Shared>,
    turn: tokio::sync::OwnedSemaphorePermit,
) {
    if let Err(error) = tcp.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let limits = &shared.options.limits;
    let opened = timeout(limits.login_timeout, open(tcp, address, &shared)).await;
    drop(turn);
    if let Ok(Ok(Some((connection, slot)))) = opened {
        connection.run(&shared).await;
        drop(slot);
    }
}

/// Negotiates and logs in; none when the socket wanted no session, or was refused one.
async fn open(
    tcp: TcpStream,
    address: SocketAddr,
    shared: &Arc<Shared>,
) -> Result<Option<(Connection, Slot)>, Gone> {
    let limits = &shared.options.limits;
    let (stream, packet) = match startup::negotiate(tcp, shared).await? {
        Opening::Session(stream, packet) => (stream, packet),
        Opening::Cancel { pid, secret } => {
            shared.registry.cancel(pid, &secret);
            return Ok(None);
        }
        Opening::Refused(stream, report) => {
            Link::new(stream, limits.clone()).end(&report).await;
            return Ok(None);
        }
    };
    let mut link = Link::new(stream, limits.clone());
    let slot = match Slot::take(shared, address.ip()) {
        Ok(slot) => slot,
        Err(report) => {
            link.end(&report).await;
            return Ok(None);
        }
    };
    match startup::login(&mut link, &packet, address, shared).await? {
        Ok(client) => Ok(Some((Connection::new(link, client), slot))),
        Err(report) => {
            link.end(&report).await;
            Ok(None)
        }
    }
}

/// A session's place within the limits.
struct Slot {
    shared: Arc<Shared>,
    address: IpAddr,
}

impl Slot {
    fn take(shared: &Arc<Shared>, address: IpAddr) -> Result<Self, Report> {
        let limits = &shared.options.limits;
        let mut sessions = shared.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if sessions.values().sum::<usize>() >= limits.max_connections {
            return Err(Report::new("53300", "sorry, too many clients already"));
        }
        let own = sessions.entry(address).or_default();
        if *own >= limits.max_connections_per_address {
            return Err(Report::new("53300", format!("too many connections from {address}")));
        }
        *own += 1;
        Ok(Self { shared: Arc::clone(shared), address })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut sessions = self.shared.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = sessions.get_mut(&self.address) {
            *own -= 1;
            if *own == 0 {
                sessions.remove(&self.address);
            }
        }
    }
}
