//! One client's socket. Whatever waits here — for a statement, a batch or the client's own reading
//! — keeps watching the socket, so that a client that left frees its query at once.

use std::future::Future;
use std::io;
use std::pin::pin;

use bytes::BytesMut;
use lakegate_base::Error;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::time::{sleep, timeout};

use crate::error::{Report, Severity};
use crate::frame::{self, Frame, Phase};
use crate::options::Limits;
use crate::output::Output;

/// A plain or a TLS socket.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

pub(crate) struct Link {
    reader: ReadHalf<Box<dyn Stream>>,
    writer: WriteHalf<Box<dyn Stream>>,
    input: BytesMut,
    pub output: Output,
    pub limits: Limits,
}

/// The connection is over: the client left, or stopped reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gone;

/// How waiting for the client ended.
#[derive(Debug)]
pub(crate) enum Flushed {
    Done,
    /// The statement had to stop first; bytes may still wait.
    Stopped(Error),
}

/// What to do with the next bytes of the client.
#[derive(Debug)]
pub(crate) enum Received {
    Frame(Frame),
    /// The framing is broken: nothing after it can be trusted.
    Broken(Report),
}

const READ_BYTES: usize = 8 << 10;

impl Link {
    pub fn new(stream: Box<dyn Stream>, limits: Limits) -> Self {
        let (reader, writer) = tokio::io::split(stream);
        Self { reader, writer, input: BytesMut::new(), output: Output::default(), limits }
    }

    /// The next whole message. Cancel-safe.
    pub async fn receive(&mut self, phase: Phase) -> Result<Received, Gone> {
        loop {
            match frame::take(&mut self.input, phase, &self.limits) {
                Ok(Some(frame)) => return Ok(Received::Frame(frame)),
                Ok(None) => {}
                Err(report) => return Ok(Received::Broken(report)),
            }
            if self.input.is_empty() {
                self.input = BytesMut::new();
                self.output.shrink();
            }
            fill(&mut self.reader, &mut self.input).await?;
        }
    }

    /// Runs `work` while watching the socket.
    pub async fn watch<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Gone> {
        let closed = closed(&mut self.reader, &mut self.input, self.limits.pipelined_bytes);
        tokio::select! {
            biased;
            result = work => Ok(result),
            gone = closed => Err(gone),
        }
    }

    /// Writes all that waits, unless `stopped` comes first.
    pub async fn flush_or(
        &mut self,
        stopped: impl Future<Output = Error>,
    ) -> Result<Flushed, Gone> {
        let Self { reader, writer, input, output, limits } = self;
        let mut closed = pin!(closed(reader, input, limits.pipelined_bytes));
        let mut stopped = pin!(stopped);
        while !output.is_empty() {
            tokio::select! {
                biased;
                written = writer.write(output.bytes()) => match written {
                    Ok(count) if count > 0 => output.taken(count),
                    _ => return Err(Gone),
                },
                error = &mut stopped => return Ok(Flushed::Stopped(error)),
                gone = &mut closed => return Err(gone),
                () = sleep(limits.write_timeout) => {
                    tracing::info!("client closed: it read nothing for {:?}", limits.write_timeout);
                    return Err(Gone);
                }
            }
        }
        match timeout(limits.write_timeout, writer.flush()).await {
            Ok(Ok(())) => Ok(Flushed::Done),
            _ => Err(Gone),
        }
    }

    pub async fn flush(&mut self) -> Result<(), Gone> {
        self.flush_or(std::future::pending()).await.map(drop)
    }

    /// Says why, then closes. Best effort: the client may have left.
    pub async fn end(&mut self, report: &Report) {
        self.output.discard_partial();
        if self.output.message(&report.message(Severity::Fatal)).is_ok() {
            let Self { writer, output, limits, .. } = self;
            let farewell = async {
                writer.write_all(output.bytes()).await?;
                writer.shutdown().await
            };
            if !matches!(timeout(limits.write_timeout, farewell).await, Ok(Ok(()))) {
                tracing::debug!("a client left before its last message");
            }
        }
    }
}

async fn fill(reader: &mut ReadHalf<Box<dyn Stream>>, input: &mut BytesMut) -> Result<(), Gone> {
    input.reserve(READ_BYTES);
    read(reader.read_buf(input).await)
}

fn read(count: io::Result<usize>) -> Result<(), Gone> {
    match count {
        Ok(count) if count > 0 => Ok(()),
        _ => Err(Gone),
    }
}

/// Resolves when the client is gone. Keeps what arrives meanwhile, up to `limit`.
async fn closed(
    reader: &mut ReadHalf<Box<dyn Stream>>,
    input: &mut BytesMut,
    limit: usize,
) -> Gone {
    loop {
        if input.len() >= limit {
            return std::future::pending().await;
        }
        if let Err(gone) = fill(reader, input).await {
            return gone;
        }
    }
}
