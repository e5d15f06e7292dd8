//! The header of an Avro file: its schema, its codec and the marker that ends every block.
//!
//! Specification: <https://avro.apache.org/docs/1.12.0/specification/#object-container-files>

use crate::avro_codec::Codec;

const MAGIC: &[u8] = b"Obj\x01";
pub(super) const SYNC_BYTES: usize = 16;
/// Entries of the key-value metadata.
const ENTRIES_MAX: u64 = 1000;

#[derive(Clone, Debug)]
pub(super) struct Header {
    pub schema: String,
    pub codec: Codec,
    pub sync: [u8; SYNC_BYTES],
    /// Its own length: the first block starts here.
    pub bytes: u64,
}

#[derive(Debug)]
pub(super) enum Failure {
    /// The header goes on behind these bytes.
    Short,
    Damaged(String),
    Unsupported(String),
}

impl Header {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Failure> {
        let known = &bytes[..bytes.len().min(MAGIC.len())];
        if !MAGIC.starts_with(known) {
            return Err(Failure::Damaged("it is no Avro file".to_string()));
        }
        let mut rest = bytes.get(MAGIC.len()..).ok_or(Failure::Short)?;
        let (mut schema, mut codec) = (None, Codec::Null);
        for (key, value) in entries(&mut rest)? {
            match key {
                b"avro.schema" => schema = Some(text(value)?),
                b"avro.codec" => {
                    codec = Codec::of(value).ok_or_else(|| {
                        let name = String::from_utf8_lossy(value);
                        Failure::Unsupported(format!("Avro files packed with codec \"{name}\""))
                    })?;
                }
                _ => {}
            }
        }
        let schema = schema.ok_or_else(|| Failure::Damaged("it has no schema".to_string()))?;
        let sync = *rest.first_chunk().ok_or(Failure::Short)?;
        let used = bytes.len() - rest.len() + SYNC_BYTES;
        Ok(Self { schema, codec, sync, bytes: used as u64 })
    }
}

fn text(value: &[u8]) -> Result<String, Failure> {
    let text = std::str::from_utf8(value);
    text.map(str::to_string).map_err(|_| Failure::Damaged("its schema is no text".to_string()))
}

type Entry<'a> = (&'a [u8], &'a [u8]);

fn entries<'a>(rest: &mut &'a [u8]) -> Result<Vec<Entry<'a>>, Failure> {
    let mut found = Vec::new();
    loop {
        let count = long(rest)?;
        if count == 0 {
            return Ok(found);
        }
        if count < 0 {
            long(rest)?;
        }
        if count.unsigned_abs() > ENTRIES_MAX || found.len() as u64 > ENTRIES_MAX {
            return Err(Failure::Damaged("its header has too many entries".to_string()));
        }
        for _ in 0..count.unsigned_abs() {
            found.push((bytes(rest)?, bytes(rest)?));
        }
    }
}

fn bytes<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], Failure> {
    let length = usize::try_from(long(rest)?)
        .map_err(|_| Failure::Damaged("its header has a negative length".to_string()))?;
    let (value, behind) = rest.split_at_checked(length).ok_or(Failure::Short)?;
    *rest = behind;
    Ok(value)
}

fn long(rest: &mut &[u8]) -> Result<i64, Failure> {
    match read_long(rest) {
        Some(Ok((value, used))) => {
            *rest = &rest[used..];
            Ok(value)
        }
        Some(Err(())) => Err(Failure::Damaged("its header has an overlong number".to_string())),
        None => Err(Failure::Short),
    }
}

/// A zigzag number and its length; none when the bytes end inside it.
pub(in crate::files) fn read_long(bytes: &[u8]) -> Option<Result<(i64, usize), ()>> {
    let mut value = 0_u64;
    for (at, byte) in bytes.iter().enumerate() {
        if at == 10 || (at == 9 && *byte > 1) {
            return Some(Err(()));
        }
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some(Ok(((value >> 1).cast_signed() ^ -(value & 1).cast_signed(), at + 1)));
        }
    }
    None
}

/// Zigzag, as [`read_long`] reads it.
pub(in crate::files) fn write_long(out: &mut Vec<u8>, value: usize) {
    let mut rest = (value as u64) << 1;
    loop {
        let low = u8::try_from(rest & 0x7f).unwrap_or_default();
        rest >>= 7;
        if rest == 0 {
            return out.push(low);
        }
        out.push(low | 0x80);
    }
}

/// A header without compression, for blocks that are unpacked already.
pub(super) fn plain(schema: &str, sync: &[u8; SYNC_BYTES]) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    write_long(&mut out, 2);
    for part in ["avro.schema", schema, "avro.codec", "null"] {
        write_long(&mut out, part.len());
        out.extend_from_slice(part.as_bytes());
    }
    out.push(0);
    out.extend_from_slice(sync);
    out
}
