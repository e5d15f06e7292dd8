//! As much of protocol buffers as ORC's metadata needs.

use super::Decoded;

/// The fields of one message, in the order they stand.
pub(super) struct Message<'a> {
    rest: &'a [u8],
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    /// Of a width nobody here wants.
    Other,
}

impl<'a> Message<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The next field and its number.
    pub(super) fn next(&mut self) -> Decoded<Option<(u64, Field<'a>)>> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let key = varint(&mut self.rest)?;
        let field = match key & 7 {
            0 => Field::Number(varint(&mut self.rest)?),
            1 => self.skip(8)?,
            2 => {
                let length = varint(&mut self.rest)?;
                Field::Bytes(self.take(length)?)
            }
            5 => self.skip(4)?,
            _ => return Err("its metadata has a field of no known kind"),
        };
        Ok(Some((key >> 3, field)))
    }

    fn take(&mut self, length: u64) -> Decoded<&'a [u8]> {
        let split = usize::try_from(length).ok().and_then(|at| self.rest.split_at_checked(at));
        let (taken, rest) = split.ok_or("its metadata is cut short")?;
        self.rest = rest;
        Ok(taken)
    }

    fn skip(&mut self, length: u64) -> Decoded<Field<'a>> {
        self.take(length).map(|_| Field::Other)
    }
}

impl<'a> Field<'a> {
    pub(super) fn number(self) -> Decoded<u64> {
        match self {
            Self::Number(value) => Ok(value),
            _ => Err("its metadata lacks a number"),
        }
    }

    pub(super) fn bytes(self) -> Decoded<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err("its metadata lacks a message"),
        }
    }

    pub(super) fn text(self) -> Decoded<String> {
        let text = std::str::from_utf8(self.bytes()?);
        text.map(str::to_string).map_err(|_| "a name in its metadata is no text")
    }

    /// Repeated numbers, packed or one by one.
    pub(super) fn numbers(self, into: &mut Vec<u64>) -> Decoded<()> {
        match self {
            Self::Number(value) => into.push(value),
            Self::Bytes(mut bytes) => {
                while !bytes.is_empty() {
                    into.push(varint(&mut bytes)?);
                }
            }
            Self::Other => return Err("its metadata lacks numbers"),
        }
        Ok(())
    }
}

fn varint(rest: &mut &[u8]) -> Decoded<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, behind) = rest.split_first().ok_or("its metadata is cut short")?;
        *rest = behind;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err("its metadata has an overlong number")
}
