//! The port: serves gRPC on the sockets that `socket` accepts, and drains at the end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arrow_flight::flight_service_server::FlightServiceServer;
use lakegate_access::{Tls, listen};
use lakegate_base::{Engine, Error, Result};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;

use crate::login::Gate;
use crate::options::FlightOptions;
use crate::registry::Registry;
use crate::service::Service;
use crate::socket::{ALPN, Acceptor};
use crate::ticket::Signer;

/// As messages name it.
const FRONT: &str = "Flight SQL";
/// Finds out that a client is gone without a word.
const KEEPALIVE: Duration = Duration::from_secs(30);
/// How long cancelled statements have to tell their clients.
const FAREWELL: Duration = Duration::from_secs(1);
/// Sockets that are ready and wait to be served.
const READY: usize = 64;

/// A bound port that serves nobody yet.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    options: FlightOptions,
    tls: Option<Tls>,
    registry: Arc<Registry>,
}

impl Server {
    /// Checks the options and takes the port. Must run inside a Tokio runtime.
    pub fn bind(options: FlightOptions, engine: Arc<dyn Engine>) -> Result<Self> {
        let is_loopback = options.listen.ip().is_loopback();
        let users = lakegate_access::users(FRONT, options.listen, &options.auth)?.map(Arc::new);
        let tls = options.tls.as_ref().map(|files| Tls::load(files, ALPN)).transpose()?;
        if tls.is_none() && !is_loopback {
            let message = format!("passwords would travel in the clear to {}", options.listen);
            return Err(Error::invalid(message).hint(
                "Set the certificate and key of the Flight SQL front, or listen on 127.0.0.1.",
            ));
        }
        let (listener, address) = listen(FRONT, options.listen)?;
        let (database, limits) = (options.database.clone(), options.limits.clone());
        let registry = Arc::new(Registry::new(engine, Gate(users), database, limits));
        Ok(Self { listener, address, options, tls, registry })
    }

    /// Where it listens; tells the port that was chosen for port 0.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` is cancelled, then gives running statements the time of `limits.drain`.
    pub async fn run(self, stop: CancellationToken) {
        let Self { listener, options, tls, registry, .. } = self;
        let limits = options.limits;
        let (sender, ready) = mpsc::channel(READY);
        let tls = tls.map(|tls| tls.config);
        let acceptor =
            Acceptor { listener, tls, registry: Arc::clone(&registry), stop: stop.clone() };
        let accepting = tokio::spawn(acceptor.run(limits.clone(), sender));
        let sweeper = Arc::clone(&registry);
        let sweeping = tokio::spawn(async move { sweeper.sweep().await });

        let service = Service {
            registry: Arc::clone(&registry),
            signer: Signer::new(limits.ticket_lifetime),
            database: options.database,
        };
        let service =
            FlightServiceServer::new(service).max_decoding_message_size(limits.message_bytes);
        let serving = tonic::transport::Server::builder()
            .tcp_nodelay(true)
            .http2_keepalive_interval(Some(KEEPALIVE))
            .max_concurrent_streams(Some(limits.calls_per_connection))
            .add_service(service)
            .serve_with_incoming_shutdown(
                ReceiverStream::new(ready),
                stop.clone().cancelled_owned(),
            );
        let drained = async {
            stop.cancelled().await;
            sleep(limits.drain).await;
            tracing::warn!("statements still running at the drain limit are cancelled");
            registry.close_all();
            sleep(FAREWELL).await;
        };
        tokio::select! {
            ended = serving => if let Err(error) = ended {
                tracing::error!(%error, "the Flight SQL front ended");
            },
            () = drained => {}
        }
        accepting.abort();
        sweeping.abort();
        registry.close_all();
    }
}
