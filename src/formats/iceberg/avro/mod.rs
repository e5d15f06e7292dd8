//! A small, bounded reader of Avro object container files, for manifest lists and manifests.
//!
//! Rejected: `arrow-avro` 59.3. Besides what `avro_codec` says of it, it would turn every map of every
//! column into Arrow arrays, although a plan needs a few of them. Manifests use a small part of Avro, so
//! this module decodes by the writer's schema, borrows from the block, and skips what nobody asked for.
//!
//! Specification: <https://avro.apache.org/docs/1.12.0/specification/#object-container-files>

#[cfg(test)]
pub mod repack;
mod schema;
mod value;

use std::sync::Arc;

use lakegate_base::{Error, Location, Result};

pub use schema::{Keep, Record};
pub use value::{Fields, Value};

use value::Cursor;

use crate::avro_codec::Codec;

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
        let name = get("avro.codec").unwrap_or(b"null");
        let codec = Codec::of(name).ok_or_else(|| {
            let name = String::from_utf8_lossy(name);
            Error::unsupported(format!("Avro codec \"{name}\" ({location})"))
        })?;
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

/// Names the file in front of what is wrong with it.
fn corrupt(location: &Location, what: &str) -> Error {
    Error::corrupt(format!("{location}: {what}")).hint(
        "The file is damaged or not Iceberg metadata: restore it, or point to another snapshot.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

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
