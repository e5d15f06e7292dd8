//! A small, bounded reader of Avro object container files, for manifest lists and manifests.
//!
//! Rejected: `arrow-avro` 59.3. It unpacks blocks without a limit (a 1 MB manifest may ask for 1 GB), its
//! Snappy path panics on a block of under four bytes, and it would turn every map of every column into
//! Arrow arrays, although a plan needs a few of them. Manifests use a small part of Avro, so this module
//! decodes by the writer's schema, borrows from the block, and skips what nobody asked for.
//!
//! Specification: <https://avro.apache.org/docs/1.12.0/specification/#object-container-files>

#[cfg(test)]
pub mod repack;
mod schema;
mod value;

use std::borrow::Cow;
use std::io::Read;
use std::sync::Arc;

use lakegate_base::{Error, Location, Result};

pub use schema::{Keep, Record};
pub use value::{Fields, Value};

use value::Cursor;

/// One block, unpacked. Writers flush at 64 KiB; some write a whole manifest as one block.
const BLOCK_BYTES_MAX: usize = 128 << 20;
/// All blocks of a file, unpacked.
const FILE_BYTES_MAX: usize = 1 << 30;
/// Entries of the file's own key-value metadata.
const METADATA_ENTRIES_MAX: i64 = 1_000;
/// Values per unpacked byte: a union with null takes one byte and makes at most a few values.
const VALUES_PER_BYTE_MAX: u64 = 8;

/// An open container file.
pub struct Container<'a> {
    /// For errors.
    location: &'a Location,
    metadata: Vec<(&'a str, &'a [u8])>,
    record: Arc<Record>,
    codec: Codec,
    sync: &'a [u8],
    blocks: &'a [u8],
}

#[derive(Clone, Copy)]
enum Codec {
    Null,
    Deflate,
    Snappy,
    Zstandard,
}

impl<'a> Container<'a> {
    /// Reads the header. Of the records, only the fields in `keep` will have values.
    pub fn open(location: &'a Location, bytes: &'a [u8], keep: &'static [Keep]) -> Result<Self> {
        let damaged = || corrupt(location, "its Avro header is damaged");
        let body = bytes
            .strip_prefix(b"Obj\x01")
            .ok_or_else(|| corrupt(location, "it is no Avro file"))?;
        let mut cursor = Cursor::new(body, 0);
        let metadata = read_metadata(&mut cursor).ok_or_else(damaged)?;
        let sync = cursor.take(16).ok_or_else(damaged)?;
        let blocks = cursor.take(cursor.remaining()).ok_or_else(damaged)?;

        let get = |key: &str| metadata.iter().find(|entry| entry.0 == key).map(|entry| entry.1);
        let schema =
            get("avro.schema").ok_or_else(|| corrupt(location, "it has no Avro schema"))?;
        let record = schema::parse(schema, keep).map_err(|why| corrupt(location, &why))?;
        let codec = match get("avro.codec").unwrap_or(b"null") {
            b"null" => Codec::Null,
            b"deflate" => Codec::Deflate,
            b"snappy" => Codec::Snappy,
            b"zstandard" => Codec::Zstandard,
            other => {
                let name = String::from_utf8_lossy(other);
                return Err(Error::unsupported(format!("Avro codec \"{name}\" ({location})")));
            }
        };
        Ok(Self { location, metadata, record, codec, sync, blocks })
    }

    /// An entry of the file's key-value metadata.
    pub fn metadata(&self, key: &str) -> Option<&'a [u8]> {
        self.metadata.iter().find(|entry| entry.0 == key).map(|entry| entry.1)
    }

    /// Calls `visit` for every record, and stops at its first error.
    pub fn for_each(&self, mut visit: impl FnMut(&Fields) -> Result<()>) -> Result<()> {
        let damaged = |what: &str| corrupt(self.location, what);
        let mut cursor = Cursor::new(self.blocks, 0);
        let mut unpacked_bytes = 0usize;
        let mut fuel = 10_000;
        while cursor.remaining() > 0 {
            let count = cursor.long().and_then(|count| usize::try_from(count).ok());
            let count = count.ok_or_else(|| damaged("an Avro block has no valid count"))?;
            let packed = cursor.bytes().ok_or_else(|| damaged("an Avro block is cut short"))?;
            if cursor.take(16) != Some(self.sync) {
                return Err(damaged("an Avro block does not end with the sync marker"));
            }
            let block = self.codec.unpack(packed).map_err(|why| damaged(&why))?;
            unpacked_bytes = unpacked_bytes.saturating_add(block.len());
            if unpacked_bytes > FILE_BYTES_MAX || count > block.len() {
                return Err(damaged(
                    "an Avro block is larger than the limit, or has too many records",
                ));
            }
            fuel += block.len() as u64 * VALUES_PER_BYTE_MAX;
            let mut values = Cursor::new(&block, fuel);
            for _ in 0..count {
                let fields = values.record(&self.record);
                visit(&fields.ok_or_else(|| damaged("an Avro record is damaged"))?)?;
            }
            if values.remaining() > 0 {
                return Err(damaged("an Avro block has more bytes than records"));
            }
            fuel = values.fuel();
        }
        Ok(())
    }
}

/// The map of metadata in the header.
fn read_metadata<'a>(cursor: &mut Cursor<'a>) -> Option<Vec<(&'a str, &'a [u8])>> {
    let mut entries = Vec::new();
    loop {
        let count = cursor.long()?;
        if count == 0 {
            return Some(entries);
        }
        if count < 0 {
            cursor.long()?;
        }
        for _ in 0..count.checked_abs().filter(|count| *count <= METADATA_ENTRIES_MAX)? {
            entries.push((cursor.string()?, cursor.bytes()?));
        }
    }
}

impl Codec {
    /// Unpacks a block, never to more than the limit. The error says what is wrong.
    fn unpack<'a>(self, packed: &'a [u8]) -> Result<Cow<'a, [u8]>, String> {
        match self {
            Self::Null if packed.len() <= BLOCK_BYTES_MAX => Ok(Cow::Borrowed(packed)),
            Self::Null => Err("an Avro block is larger than the limit".to_string()),
            Self::Deflate => {
                read_limited(flate2::read::DeflateDecoder::new(packed)).map(Cow::Owned)
            }
            Self::Snappy => unpack_snappy(packed).map(Cow::Owned),
            Self::Zstandard => {
                let decoder = zstd::stream::read::Decoder::new(packed);
                let decoder = decoder.map_err(|e| format!("an Avro block does not unpack: {e}"))?;
                read_limited(decoder).map(Cow::Owned)
            }
        }
    }
}

fn read_limited(decoder: impl Read) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let limit = BLOCK_BYTES_MAX as u64 + 1;
    let read = decoder.take(limit).read_to_end(&mut bytes);
    read.map_err(|e| format!("an Avro block does not unpack: {e}"))?;
    if bytes.len() > BLOCK_BYTES_MAX {
        return Err("an Avro block is larger than the limit".to_string());
    }
    Ok(bytes)
}

/// Snappy blocks end with the CRC32 of the unpacked bytes, big-endian.
fn unpack_snappy(packed: &[u8]) -> Result<Vec<u8>, String> {
    let damaged = || "an Avro block does not unpack (Snappy)".to_string();
    let (data, checksum) = packed.split_last_chunk::<4>().ok_or_else(damaged)?;
    let length = snap::raw::decompress_len(data).map_err(|_| damaged())?;
    if length > BLOCK_BYTES_MAX {
        return Err("an Avro block is larger than the limit".to_string());
    }
    let bytes = snap::raw::Decoder::new().decompress_vec(data).map_err(|_| damaged())?;
    let mut crc = flate2::Crc::new();
    crc.update(&bytes);
    if crc.sum() != u32::from_be_bytes(*checksum) {
        return Err("an Avro block fails its checksum (Snappy)".to_string());
    }
    Ok(bytes)
}

/// Names the file in front of what is wrong with it.
fn corrupt(location: &Location, what: &str) -> Error {
    Error::corrupt(format!("{location}: {what}")).hint(
        "The file is damaged or not Iceberg metadata: restore it, or point to another snapshot.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unpacks_every_codec_within_the_limit() {
        let data = b"the same bytes ".repeat(100);
        let mut snappy = snap::raw::Encoder::new().compress_vec(&data).expect("compresses");
        let mut crc = flate2::Crc::new();
        crc.update(&data);
        snappy.extend_from_slice(&crc.sum().to_be_bytes());
        assert_eq!(Codec::Snappy.unpack(&snappy).expect("unpacks"), data);
        *snappy.last_mut().expect("a checksum") ^= 1;
        assert!(Codec::Snappy.unpack(&snappy).is_err() && Codec::Snappy.unpack(b"abc").is_err());

        let zstd = zstd::encode_all(&*data, 1).expect("compresses");
        assert_eq!(Codec::Zstandard.unpack(&zstd).expect("unpacks"), data);
        let bomb = zstd::encode_all(std::io::repeat(0).take(BLOCK_BYTES_MAX as u64 + 1), 1);
        let unpacked = Codec::Zstandard.unpack(&bomb.expect("compresses")).map(drop);
        assert_eq!(unpacked.expect_err("too large"), "an Avro block is larger than the limit");
    }

    /// An array of nulls costs no bytes, so its length is only limited by the fuel.
    #[test]
    fn refuses_records_that_unfold() {
        let schema = br#"{"type":"record","name":"r","fields":[
            {"name":"a","type":{"type":"array","items":"null"}}]}"#;
        let sync = [7; 16];
        let mut file = b"Obj\x01\x02\x16avro.schema".to_vec();
        let length = schema.len() * 2;
        assert!((128..1 << 14).contains(&length));
        file.extend([u8::try_from(length & 0x7f).expect("seven bits") | 0x80]);
        file.extend([u8::try_from(length >> 7).expect("seven bits")]);
        file.extend_from_slice(schema);
        file.push(0);
        file.extend(sync);
        // One record of six bytes: an array with 2^33 items.
        file.extend([2, 12, 0x80, 0x80, 0x80, 0x80, 0x40, 0]);
        file.extend(sync);
        let location = Location::parse("/m.avro").expect("valid");
        let container = Container::open(&location, &file, &[]).expect("a valid header");
        let error = container.for_each(|_| Ok(())).expect_err("refused");
        assert_eq!(error.message(), "file:///m.avro: an Avro record is damaged");
    }
}
