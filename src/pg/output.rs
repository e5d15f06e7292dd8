//! The bytes on their way to a client: whole messages, encoded in place.

use bytes::{Buf, BufMut, BytesMut};
use pgwire::messages::Message;

use crate::error::{Report, Result};

/// Encoding pauses for a write at this size.
pub(crate) const FULL_BYTES: usize = 64 << 10;
/// An idle connection keeps no larger buffer than this.
const KEPT_BYTES: usize = 4 << 10;

#[derive(Debug, Default)]
pub(crate) struct Output {
    buffer: BytesMut,
    /// Bytes of whole messages; what follows belongs to a message being written.
    complete: usize,
    /// Goes in front of the next frame's body.
    prefix: &'static [u8],
}

impl Output {
    /// Bytes that belong to the next frame.
    pub fn prefix(&mut self, bytes: &'static [u8]) {
        self.prefix = bytes;
    }

    /// Appends one message of pgwire's.
    pub fn message(&mut self, message: &impl Message) -> Result<()> {
        let start = self.buffer.len();
        match message.encode(&mut self.buffer) {
            Ok(()) => {
                self.complete = self.buffer.len();
                Ok(())
            }
            Err(error) => {
                self.buffer.truncate(start);
                Err(Report::internal(format!("a message cannot be sent: {error}")))
            }
        }
    }

    /// Writes one message of `kind`, its body by `body`; nothing stays of it when that fails.
    pub fn frame(
        &mut self,
        kind: u8,
        body: impl FnOnce(&mut BytesMut) -> Result<()>,
    ) -> Result<()> {
        let start = self.buffer.len();
        self.buffer.put_u8(kind);
        let prefix = std::mem::take(&mut self.prefix);
        let result = sized(&mut self.buffer, IncludeLength::Yes, |buffer| {
            buffer.extend_from_slice(prefix);
            body(buffer)
        });
        if result.is_err() {
            self.buffer.truncate(start);
        }
        self.complete = self.buffer.len();
        result
    }

    /// Drops the message that a panic left half written.
    pub fn discard_partial(&mut self) {
        self.buffer.truncate(self.complete);
    }

    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    pub fn is_full(&self) -> bool {
        self.buffer.len() >= FULL_BYTES
    }

    pub fn bytes(&self) -> &[u8] {
        &self.buffer
    }

    /// The socket took `count` bytes.
    pub fn taken(&mut self, count: usize) {
        self.buffer.advance(count);
        self.complete = self.complete.saturating_sub(count);
        if self.buffer.is_empty() && self.buffer.capacity() > FULL_BYTES * 2 {
            self.buffer = BytesMut::new();
        }
    }

    pub fn shrink(&mut self) {
        if self.buffer.is_empty() && self.buffer.capacity() > KEPT_BYTES {
            self.buffer = BytesMut::new();
        }
    }
}

/// Whether a length counts its own four bytes: that of a message does, that of a value does not.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum IncludeLength {
    Yes,
    No,
}

/// Writes a four-byte length and what `body` writes.
pub(crate) fn sized(
    buffer: &mut BytesMut,
    include: IncludeLength,
    body: impl FnOnce(&mut BytesMut) -> Result<()>,
) -> Result<()> {
    let start = buffer.len();
    buffer.put_i32(0);
    body(buffer)?;
    let counted = if include == IncludeLength::Yes { start } else { start + 4 };
    // Clients refuse messages over 1 GiB, as Postgres does.
    let length = i32::try_from(buffer.len() - counted)
        .ok()
        .filter(|length| *length < 1 << 30)
        .ok_or_else(|| Report::new("54000", "a row is larger than 1 GiB"))?;
    buffer[start..start + 4].copy_from_slice(&length.to_be_bytes());
    Ok(())
}
