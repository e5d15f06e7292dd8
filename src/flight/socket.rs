//! Sockets: accepted within limits, encrypted if configured, and known by a number as long as they live.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tonic::transport::server::Connected;

use crate::options::Limits;
use crate::registry::Registry;

/// The protocol's name in ALPN.
pub(crate) const ALPN: &[u8] = b"h2";

trait Io: AsyncRead + AsyncWrite + Send + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + 'static> Io for T {}

/// A socket that is ready for HTTP/2.
pub(crate) struct Socket {
    io: Pin<Box<dyn Io>>,
    peer: Peer,
}

/// The other end of a socket. Calls carry it; when the last clone goes, so do the sessions that lived by it.
#[derive(Clone)]
pub(crate) struct Peer(Arc<Inner>);

struct Inner {
    number: u64,
    address: SocketAddr,
    registry: Weak<Registry>,
    _slot: OwnedSemaphorePermit,
}

impl Peer {
    pub fn number(&self) -> u64 {
        self.0.number
    }

    pub fn address(&self) -> SocketAddr {
        self.0.address
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(registry) = self.registry.upgrade() {
            registry.disconnected(self.number);
        }
    }
}

/// Accepts until `stop`, within the limit of sockets.
pub(crate) struct Acceptor {
    pub listener: TcpListener,
    pub tls: Option<Arc<ServerConfig>>,
    pub registry: Arc<Registry>,
    pub stop: CancellationToken,
}

impl Acceptor {
    /// Sends what is ready. Handshakes go on side by side: a slow one delays nobody.
    pub async fn run(self, limits: Limits, ready: mpsc::Sender<io::Result<Socket>>) {
        static NUMBERS: AtomicU64 = AtomicU64::new(1);
        let slots = Arc::new(Semaphore::new(limits.max_connections));
        loop {
            let accepted = tokio::select! {
                () = self.stop.cancelled() => return,
                accepted = self.listener.accept() => accepted,
            };
            let (tcp, address) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Most likely out of file descriptors: wait for some to come back.
                    tracing::warn!(%error, "cannot accept a connection");
                    sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            // Beyond the limit, newcomers are closed unheard.
            let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else { continue };
            let peer = Peer(Arc::new(Inner {
                number: NUMBERS.fetch_add(1, Ordering::Relaxed),
                address,
                registry: Arc::downgrade(&self.registry),
                _slot: slot,
            }));
            let (tls, ready) = (self.tls.clone(), ready.clone());
            let time = limits.handshake_timeout;
            tokio::spawn(async move {
                if let Some(io) = timeout(time, opened(tcp, tls)).await.ok().flatten() {
                    // Fails when the server has stopped: then nobody wants it.
                    let _ = ready.send(Ok(Socket { io, peer })).await;
                }
            });
        }
    }
}

async fn opened(tcp: TcpStream, tls: Option<Arc<ServerConfig>>) -> Option<Pin<Box<dyn Io>>> {
    if let Err(error) = tcp.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let Some(config) = tls else { return Some(Box::pin(tcp)) };
    match TlsAcceptor::from(config).accept(tcp).await {
        Ok(stream) => Some(Box::pin(stream)),
        Err(error) => {
            tracing::debug!(%error, "TLS handshake failed");
            None
        }
    }
}

impl Connected for Socket {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer.clone()
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.io.as_mut().poll_read(cx, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.io.as_mut().poll_write(cx, buffer)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.io.as_mut().poll_write_vectored(cx, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.as_mut().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.as_mut().poll_shutdown(cx)
    }
}
