//! An ORC file's own description: postscript, footer and the footers of its stripes.
//!
//! Specification: <https://orc.apache.org/specification/ORCv1/>

use bytes::Bytes;

use super::Decoded;
use super::packed::{Codec, Packed, Packing};
use super::proto::{Field, Message};

const FOOTER_BYTES_MAX: usize = 256 << 20;
const BLOCK_BYTES_DEFAULT: u64 = 256 << 10;
const BLOCK_BYTES_MAX: u64 = 16 << 20;

#[derive(Debug)]
pub(super) struct Postscript {
    pub footer_bytes: u64,
    pub packing: Packing,
}

#[derive(Debug, Default)]
pub(super) struct Footer {
    pub stripes: Vec<Stripe>,
    pub types: Vec<Type>,
    pub rows: u64,
    pub encrypted: bool,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Stripe {
    pub offset: u64,
    pub index_bytes: u64,
    pub data_bytes: u64,
    pub footer_bytes: u64,
    pub rows: u64,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Type {
    pub kind: u64,
    pub children: Vec<u64>,
    pub names: Vec<String>,
    pub precision: u64,
    pub scale: u64,
}

#[derive(Debug, Default)]
pub(super) struct StripeFooter {
    pub streams: Vec<Stream>,
    pub encodings: Vec<Encoding>,
    /// Where the writer stood: timestamps count from its midnight.
    pub zone: String,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Stream {
    pub kind: u64,
    pub column: u64,
    pub bytes: u64,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Encoding {
    pub kind: u64,
    pub dictionary_size: u64,
}

impl Postscript {
    pub(super) fn parse(bytes: &[u8]) -> Decoded<Self> {
        let (mut footer_bytes, mut codec, mut block_bytes) = (0, Codec::None, BLOCK_BYTES_DEFAULT);
        let mut magic = &b""[..];
        let mut message = Message::new(bytes);
        while let Some((number, field)) = message.next()? {
            match number {
                1 => footer_bytes = field.number()?,
                2 => codec = Codec::of(field.number()?)?,
                3 => block_bytes = field.number()?,
                8000 => magic = field.bytes()?,
                _ => {}
            }
        }
        if magic != b"ORC" {
            return Err("its last bytes are no ORC postscript");
        }
        let block_bytes = match usize::try_from(block_bytes) {
            Ok(length) if block_bytes <= BLOCK_BYTES_MAX => length,
            _ => return Err("its blocks are larger than the format allows"),
        };
        Ok(Self { footer_bytes, packing: Packing { codec, block_bytes } })
    }
}

/// Unpacks a footer as a whole.
fn unpacked(bytes: Bytes, packing: Packing) -> Decoded<Vec<u8>> {
    Packed::new(bytes, packing).rest(FOOTER_BYTES_MAX)
}

impl Footer {
    pub(super) fn parse(bytes: Bytes, packing: Packing) -> Decoded<Self> {
        let bytes = unpacked(bytes, packing)?;
        let mut footer = Self::default();
        let mut message = Message::new(&bytes);
        while let Some((number, field)) = message.next()? {
            match number {
                3 => footer.stripes.push(Stripe::parse(field.bytes()?)?),
                4 => footer.types.push(Type::parse(field.bytes()?)?),
                6 => footer.rows = field.number()?,
                10 => footer.encrypted = true,
                _ => {}
            }
        }
        Ok(footer)
    }
}

impl Stripe {
    fn parse(bytes: &[u8]) -> Decoded<Self> {
        let mut stripe = Self::default();
        let mut message = Message::new(bytes);
        while let Some((number, field)) = message.next()? {
            let place = match number {
                1 => &mut stripe.offset,
                2 => &mut stripe.index_bytes,
                3 => &mut stripe.data_bytes,
                4 => &mut stripe.footer_bytes,
                5 => &mut stripe.rows,
                _ => continue,
            };
            *place = field.number()?;
        }
        Ok(stripe)
    }
}

impl Type {
    fn parse(bytes: &[u8]) -> Decoded<Self> {
        let mut found = Self::default();
        let mut message = Message::new(bytes);
        while let Some((number, field)) = message.next()? {
            match number {
                1 => found.kind = field.number()?,
                2 => field.numbers(&mut found.children)?,
                3 => found.names.push(field.text()?),
                5 => found.precision = field.number()?,
                6 => found.scale = field.number()?,
                _ => {}
            }
        }
        Ok(found)
    }
}

impl StripeFooter {
    pub(super) fn parse(bytes: Bytes, packing: Packing) -> Decoded<Self> {
        let bytes = unpacked(bytes, packing)?;
        let mut footer = Self::default();
        let mut message = Message::new(&bytes);
        while let Some((number, field)) = message.next()? {
            match number {
                1 => footer.streams.push(stream(field)?),
                2 => footer.encodings.push(encoding(field)?),
                3 => footer.zone = field.text()?,
                _ => {}
            }
        }
        Ok(footer)
    }
}

fn stream(field: Field<'_>) -> Decoded<Stream> {
    let mut stream = Stream::default();
    let mut message = Message::new(field.bytes()?);
    while let Some((number, field)) = message.next()? {
        match number {
            1 => stream.kind = field.number()?,
            2 => stream.column = field.number()?,
            3 => stream.bytes = field.number()?,
            _ => {}
        }
    }
    Ok(stream)
}

fn encoding(field: Field<'_>) -> Decoded<Encoding> {
    let mut encoding = Encoding::default();
    let mut message = Message::new(field.bytes()?);
    while let Some((number, field)) = message.next()? {
        match number {
            1 => encoding.kind = field.number()?,
            2 => encoding.dictionary_size = field.number()?,
            _ => {}
        }
    }
    Ok(encoding)
}
