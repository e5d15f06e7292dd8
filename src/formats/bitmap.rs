//! Deletion vectors: sets of row positions, as Delta and Iceberg keep them. Both write the same thing, a
//! portable 64-bit roaring bitmap behind a magic number, and frame it alike.
//!
//! A bitmap comes from outside, so nothing of it is trusted: a vector read wrong is deleted rows that come
//! back, or rows that vanish.

use lakegate_base::{Error, Location, Result, Subject};
use lakegate_store::Stores;
use roaring::{RoaringBitmap, RoaringTreemap};

use crate::{Framing, PositionDeletes};

/// 1681511377, little-endian: Delta writes it as a number, Iceberg as these bytes.
const MAGIC: [u8; 4] = [0xD1, 0xD3, 0x39, 0x64];
/// The smallest part of a bitmap: its key, a cookie and a count.
const PART_BYTES_MIN: u64 = 12;
/// Positions have 63 bits.
const KEY_MAX: u32 = u32::MAX >> 1;
/// Enough for a file of a thousand million rows, every other one deleted.
const VECTOR_BYTES_MAX: u64 = 128 << 20;

/// The positions of a vector that stands in the metadata or in a file. (Iceberg's Parquet files of positions
/// are no vectors.)
pub async fn read(stores: &Stores, deletes: &PositionDeletes) -> Result<RoaringTreemap> {
    match deletes {
        PositionDeletes::Inline { bitmap, rows } => decode_inline(bitmap)
            .and_then(|positions| counted(positions, *rows))
            .map_err(|e| e.context("inline deletion vector")),
        PositionDeletes::Vector { location, offset, bytes, framing, rows } => {
            let part = read_part(stores, location, *offset, *bytes).await?;
            decode(*framing, &part)
                .and_then(|positions| counted(positions, *rows))
                .map_err(|e| e.context(format!("{location} at byte {offset}")))
        }
        PositionDeletes::File { location, .. } => {
            Err(Error::internal(format!("{location} is no deletion vector")))
        }
    }
}

async fn read_part(
    stores: &Stores,
    location: &Location,
    offset: u64,
    bytes: u64,
) -> Result<bytes::Bytes> {
    if bytes > VECTOR_BYTES_MAX {
        let text = format!(
            "{location} has a deletion vector of {bytes} bytes, more than {VECTOR_BYTES_MAX}"
        );
        return Err(Error::exhausted(text).about(Subject::Object));
    }
    let end = offset.checked_add(bytes).ok_or_else(|| corrupt("it ends beyond any file"))?;
    stores.read_range(location, offset..end).await
}

/// The metadata says how many rows go; counts of rows were made with it.
fn counted(positions: RoaringTreemap, rows: u64) -> Result<RoaringTreemap> {
    let found = positions.len();
    if found == rows {
        return Ok(positions);
    }
    Err(corrupt(format!("it has {found} positions, its metadata says {rows}")))
}

/// A vector with its frame, as it stands in a file: the length of what follows (big-endian), magic and
/// bitmap, and their CRC-32 (big-endian). `bytes` is the whole frame and nothing else.
pub fn decode(framing: Framing, bytes: &[u8]) -> Result<RoaringTreemap> {
    let framed = |what: &str| match framing {
        Framing::Delta => corrupt(what),
        Framing::Puffin => corrupt(format!("{what} (deletion-vector-v1)")),
    };
    let (length, rest) = bytes.split_first_chunk().ok_or_else(|| framed("it is cut short"))?;
    let (vector, sum) = rest.split_last_chunk().ok_or_else(|| framed("it is cut short"))?;
    if u64::try_from(vector.len()) != Ok(u32::from_be_bytes(*length).into()) {
        return Err(framed("its length is not what it says"));
    }
    let mut crc = flate2::Crc::new();
    crc.update(vector);
    if crc.sum() != u32::from_be_bytes(*sum) {
        return Err(framed("its checksum is wrong"));
    }
    decode_inline(vector)
}

/// A vector without its frame, as Delta keeps it in the log: magic and bitmap.
pub fn decode_inline(bytes: &[u8]) -> Result<RoaringTreemap> {
    let Some(bitmap) = bytes.strip_prefix(&MAGIC) else {
        return Err(corrupt("it does not begin as a portable bitmap"));
    };
    parts(bitmap).ok_or_else(|| corrupt("its bitmap cannot be read"))
}

/// One 32-bit bitmap for each value of the upper half of the positions. Not the library's own reader of
/// this: it lets a repeated key replace the part before it.
fn parts(mut bytes: &[u8]) -> Option<RoaringTreemap> {
    let (count, rest) = bytes.split_first_chunk()?;
    let count = u64::from_le_bytes(*count);
    bytes = rest;
    if count > u64::try_from(bytes.len()).ok()? / PART_BYTES_MIN {
        return None;
    }
    let mut parts = Vec::new();
    let mut last = None;
    for _ in 0..count {
        let (key, rest) = bytes.split_first_chunk()?;
        let key = u32::from_le_bytes(*key);
        bytes = rest;
        if key > KEY_MAX || last.is_some_and(|last| key <= last) {
            return None;
        }
        last = Some(key);
        // Takes what it needs of the slice, and checks order and counts within.
        let part = RoaringBitmap::deserialize_from(&mut bytes).ok()?;
        if !part.is_empty() {
            parts.push((key, part));
        }
    }
    bytes.is_empty().then(|| RoaringTreemap::from_bitmaps(parts))
}

fn corrupt(what: impl std::fmt::Display) -> Error {
    Error::corrupt(format!("a deletion vector is damaged: {what}")).hint(
        "Nothing was read: deleted rows would come back. Restore the file from a backup, or \
         restore the table to a version without it.",
    )
}

#[cfg(test)]
mod tests {
    use lakegate_base::ErrorKind;

    use super::*;

    fn unframed(positions: &RoaringTreemap) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        positions.serialize_into(&mut bytes).expect("a Vec takes all");
        bytes
    }

    fn framed(vector: &[u8]) -> Vec<u8> {
        let mut crc = flate2::Crc::new();
        crc.update(vector);
        let length = u32::try_from(vector.len()).expect("small");
        [&length.to_be_bytes(), vector, &crc.sum().to_be_bytes()].concat()
    }

    fn samples() -> Vec<RoaringTreemap> {
        let mut runs: RoaringTreemap = (10..200_000).collect();
        runs.optimize();
        vec![
            RoaringTreemap::new(),
            [0, 3, 7, 1 << 40].into_iter().collect(),
            (0..100_000).filter(|n| n % 3 == 0).collect(),
            runs,
        ]
    }

    #[test]
    fn reads_what_was_written() {
        for positions in samples() {
            let vector = unframed(&positions);
            assert_eq!(decode_inline(&vector).expect("readable"), positions);
            for framing in [Framing::Delta, Framing::Puffin] {
                assert_eq!(decode(framing, &framed(&vector)).expect("readable"), positions);
            }
        }
    }

    /// Every cut and every changed byte is found out; where the checksum is made to fit, nothing panics.
    #[test]
    fn damage_is_found() {
        for positions in samples() {
            let vector = unframed(&positions);
            let whole = framed(&vector);
            let step = (whole.len() / 200).max(1);
            for at in (0..whole.len()).step_by(step) {
                let cut = decode(Framing::Delta, &whole[..at]).expect_err("cut");
                assert_eq!(cut.kind(), ErrorKind::Corrupt);
                let mut bytes = whole.clone();
                bytes[at] ^= 0x55;
                decode(Framing::Puffin, &bytes).expect_err("a changed byte");
            }
            for at in (0..vector.len()).step_by(step) {
                let mut bytes = vector.clone();
                bytes[at] ^= 0xFF;
                drop(decode(Framing::Delta, &framed(&bytes)));
                decode_inline(&vector[..at]).expect_err("cut");
            }
            decode_inline(&[&vector[..], &[0]].concat()).expect_err("bytes left over");
        }
    }

    #[test]
    fn parts_must_rise_and_be_there() {
        let mut part = Vec::new();
        RoaringBitmap::from([1, 2]).serialize_into(&mut part).expect("a Vec takes all");
        let vector = |count: u64, keys: &[u32]| {
            let mut bytes = [&MAGIC[..], &count.to_le_bytes()].concat();
            keys.iter().for_each(|key| bytes.extend([&key.to_le_bytes()[..], &part].concat()));
            bytes
        };
        assert_eq!(decode_inline(&vector(2, &[0, 1])).expect("readable").len(), 4);
        for (count, keys) in
            [(2, &[0, 0][..]), (2, &[1, 0]), (1, &[u32::MAX]), (3, &[0, 1]), (u64::MAX, &[0])]
        {
            decode_inline(&vector(count, keys)).expect_err("refused");
        }
    }
}
