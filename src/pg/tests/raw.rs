//! A client that sends any bytes and reads message by message.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

pub(crate) struct Raw {
    pub stream: TcpStream,
}

/// A message with a type.
pub(crate) fn frame(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).expect("small");
    [&[kind], length.to_be_bytes().as_slice(), body].concat()
}

/// A packet without one: a start-up packet, a request for TLS, a cancel request.
pub(crate) fn packet(code: u32, rest: &[u8]) -> Vec<u8> {
    let length = u32::try_from(rest.len() + 8).expect("small");
    [length.to_be_bytes().as_slice(), &code.to_be_bytes(), rest].concat()
}

pub(crate) fn startup() -> Vec<u8> {
    packet(196_608, b"user\0ann\0database\0lake\0\0")
}

impl Raw {
    pub async fn connect(address: SocketAddr) -> Self {
        Self { stream: TcpStream::connect(address).await.expect("connects") }
    }

    pub async fn try_connect(address: SocketAddr) -> std::io::Result<TcpStream> {
        TcpStream::connect(address).await
    }

    /// Logged in, up to the first ReadyForQuery; gives process id and secret, too.
    pub async fn session(address: SocketAddr) -> (Self, Vec<u8>) {
        let mut raw = Self::connect(address).await;
        raw.send(&startup()).await;
        let messages = raw.until(b'Z').await;
        let key = messages.into_iter().find(|(kind, _)| *kind == b'K').expect("a key").1;
        (raw, key)
    }

    pub async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("the server reads");
    }

    /// The next message; none when the server has closed.
    pub async fn read(&mut self) -> Option<(u8, Vec<u8>)> {
        let read = async {
            let kind = self.stream.read_u8().await.ok()?;
            let length = self.stream.read_u32().await.ok()?;
            let mut body = vec![0; usize::try_from(length).expect("fits") - 4];
            self.stream.read_exact(&mut body).await.ok()?;
            Some((kind, body))
        };
        timeout(Duration::from_secs(20), read).await.expect("the server answers in time")
    }

    /// All messages up to one of this type, or to the end.
    pub async fn until(&mut self, last: u8) -> Vec<(u8, Vec<u8>)> {
        let mut messages = Vec::new();
        while let Some(message) = self.read().await {
            let kind = message.0;
            messages.push(message);
            if kind == last {
                break;
            }
        }
        messages
    }
}

/// The types of messages, in order.
pub(crate) fn kinds(messages: &[(u8, Vec<u8>)]) -> String {
    messages.iter().map(|(kind, _)| char::from(*kind)).collect()
}

/// The SQLSTATE of the first error among messages.
pub(crate) fn code(messages: &[(u8, Vec<u8>)]) -> Option<String> {
    let (_, body) = messages.iter().find(|(kind, _)| *kind == b'E')?;
    let field = body.split(|byte| *byte == 0).find(|field| field.first() == Some(&b'C'))?;
    Some(String::from_utf8_lossy(&field[1..]).into_owned())
}
