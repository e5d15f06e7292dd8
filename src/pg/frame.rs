//! The validating reader: cuts exactly one message off the input, checks its every count, length
//! and terminator, and only then lets pgwire decode it.
//!
//! A wrong type or length breaks the framing: the connection ends. A wrong body inside a right
//! frame is one failed message, as in Postgres.

use bytes::{Buf, Bytes, BytesMut};
use pgwire::messages::startup::SASLInitialResponse;
use pgwire::messages::{DecodeContext, PgWireFrontendMessage, ProtocolVersion};

use crate::error::{Report, Result};
use crate::options::Limits;

/// Postgres's own limit for messages that carry no data.
const SMALL_BYTES: usize = 10_000;

/// How far a connection is; each phase admits its own message types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Login,
    Session,
}

/// One message, whole, its body not yet checked.
#[derive(Debug)]
pub(crate) struct Frame {
    pub kind: u8,
    bytes: BytesMut,
}

/// Cuts the next message off `input`; none when more bytes are needed.
pub(crate) fn take(input: &mut BytesMut, phase: Phase, limits: &Limits) -> Result<Option<Frame>> {
    let Some(&kind) = input.first() else {
        return Ok(None);
    };
    let limit = length_limit(kind, phase, limits)?;
    let Some(header) = input.get(1..5) else {
        return Ok(None);
    };
    let length = Reader(header).u32()?;
    let length = usize::try_from(length).map_err(|_| Report::protocol("invalid message length"))?;
    if length < 4 {
        return Err(Report::protocol("invalid message length"));
    }
    if length > limit {
        let message = format!("invalid message length: {length} bytes, at most {limit} are read");
        return Err(Report::protocol(message));
    }
    if input.len() <= length {
        return Ok(None);
    }
    Ok(Some(Frame { kind, bytes: input.split_to(length + 1) }))
}

fn length_limit(kind: u8, phase: Phase, limits: &Limits) -> Result<usize> {
    match (phase, kind) {
        (Phase::Login, b'p') => Ok(limits.frame_bytes_before_login),
        (Phase::Login, _) => {
            Err(Report::protocol(format!("expected SASL response, got message type {kind}")))
        }
        (Phase::Session, b'Q' | b'P' | b'B' | b'F' | b'd') => Ok(limits.frame_bytes),
        (Phase::Session, b'C' | b'D' | b'E' | b'H' | b'S' | b'X' | b'c' | b'f') => Ok(SMALL_BYTES),
        (Phase::Session, _) => {
            Err(Report::protocol(format!("invalid frontend message type {kind}")))
        }
    }
}

impl Frame {
    /// True for the messages after whose failure everything up to Sync is skipped.
    pub fn is_extended(&self) -> bool {
        matches!(self.kind, b'P' | b'B' | b'D' | b'E' | b'C' | b'H')
    }

    /// Checks the body and decodes it.
    pub fn decode(mut self) -> Result<PgWireFrontendMessage> {
        check(self.kind, self.body())?;
        let mut context = DecodeContext::new(ProtocolVersion::PROTOCOL3_2);
        context.awaiting_frontend_ssl = false;
        context.awaiting_frontend_startup = false;
        let message = PgWireFrontendMessage::decode(&mut self.bytes, &context)
            .map_err(|error| Report::protocol(format!("invalid message format: {error}")))?;
        match message {
            Some(message) if self.bytes.is_empty() => Ok(message),
            _ => Err(Report::protocol("invalid message format")),
        }
    }

    /// The first answer of SASL: a mechanism, and its data if any.
    pub fn sasl_initial(&self) -> Result<SASLInitialResponse> {
        let mut reader = Reader(self.body());
        let mechanism = reader.text()?.to_string();
        let data = reader.value()?.map(Bytes::copy_from_slice);
        reader.finish()?;
        Ok(SASLInitialResponse::new(mechanism, data))
    }

    /// What follows type and length.
    pub fn body(&self) -> &[u8] {
        self.bytes.get(5..).unwrap_or_default()
    }
}

fn check(kind: u8, body: &[u8]) -> Result<()> {
    let mut reader = Reader(body);
    match kind {
        b'Q' => drop(reader.text()?),
        b'P' => {
            reader.text()?;
            reader.text()?;
            let types = reader.u16()?;
            reader.skip(usize::from(types) * 4)?;
        }
        b'B' => check_bind(&mut reader)?,
        b'D' | b'C' => {
            let target = reader.u8()?;
            if !matches!(target, b'S' | b'P') {
                let name = if kind == b'D' { "DESCRIBE" } else { "CLOSE" };
                return Err(Report::protocol(format!("invalid {name} message subtype {target}")));
            }
            reader.text()?;
        }
        b'E' => {
            reader.text()?;
            reader.u32()?;
        }
        b'f' => drop(reader.text()?),
        b'd' => return Ok(()),
        b'F' => return Err(Report::new("0A000", "not supported: function calls by message")),
        _ => {}
    }
    reader.finish()
}

fn check_bind(reader: &mut Reader<'_>) -> Result<()> {
    reader.text()?;
    reader.text()?;
    let formats = reader.u16()?;
    reader.skip(usize::from(formats) * 2)?;
    let parameters = reader.u16()?;
    for _ in 0..parameters {
        reader.value()?;
    }
    let formats = reader.u16()?;
    reader.skip(usize::from(formats) * 2)
}

/// Reads the parts of a message; nothing can be read past its end.
pub(crate) struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let short = || Report::protocol("insufficient data left in message");
        let (head, rest) = self.0.split_at_checked(count).ok_or_else(short)?;
        self.0 = rest;
        Ok(head)
    }

    pub fn skip(&mut self, count: usize) -> Result<()> {
        self.take(count).map(drop)
    }

    pub fn u8(&mut self) -> Result<u8> {
        Ok(self.take(1)?.get_u8())
    }

    pub fn u16(&mut self) -> Result<u16> {
        Ok(self.take(2)?.get_u16())
    }

    pub fn u32(&mut self) -> Result<u32> {
        Ok(self.take(4)?.get_u32())
    }

    /// Four bytes of length, -1 for NULL, and so many bytes.
    pub fn value(&mut self) -> Result<Option<&'a [u8]>> {
        match self.take(4)?.get_i32() {
            -1 => Ok(None),
            length => {
                let length = usize::try_from(length)
                    .map_err(|_| Report::protocol("insufficient data left in message"))?;
                self.take(length).map(Some)
            }
        }
    }

    /// A string in UTF-8, ended by NUL.
    pub fn text(&mut self) -> Result<&'a str> {
        let missing = || Report::protocol("invalid string in message");
        let end = self.0.iter().position(|byte| *byte == 0).ok_or_else(missing)?;
        let text = self.take(end)?;
        self.skip(1)?;
        std::str::from_utf8(text).map_err(|error| {
            let bad = text.get(error.valid_up_to()).copied().unwrap_or_default();
            let message = format!("invalid byte sequence for encoding \"UTF8\": 0x{bad:02x}");
            Report::new("22021", message)
        })
    }

    pub fn finish(&self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Report::protocol("invalid message format")) }
    }
}
