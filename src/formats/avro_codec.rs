//! How the blocks of an Avro file are packed, Iceberg's manifests and tables of Avro files alike. They are
//! unpacked here, never to more than a limit: `arrow-avro` has none, and panics on a Snappy block of under
//! four bytes.

use std::borrow::Cow;
use std::io::Read;

/// One block, unpacked. Writers flush at 16 to 64 KiB; some write a whole file as one block.
pub(crate) const BLOCK_BYTES_MAX: usize = 128 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Codec {
    Null,
    Deflate,
    Snappy,
    Zstandard,
}

impl Codec {
    pub(crate) fn of(name: &[u8]) -> Option<Self> {
        match name {
            b"null" => Some(Self::Null),
            b"deflate" => Some(Self::Deflate),
            b"snappy" => Some(Self::Snappy),
            b"zstandard" => Some(Self::Zstandard),
            _ => None,
        }
    }

    /// The error says what is wrong.
    pub(crate) fn unpack(self, packed: &[u8]) -> Result<Cow<'_, [u8]>, String> {
        match self {
            Self::Null if packed.len() <= BLOCK_BYTES_MAX => Ok(Cow::Borrowed(packed)),
            Self::Null => Err(too_large()),
            Self::Deflate => limited(flate2::read::DeflateDecoder::new(packed)).map(Cow::Owned),
            Self::Snappy => snappy(packed).map(Cow::Owned),
            Self::Zstandard => {
                let decoder = zstd::stream::read::Decoder::new(packed).map_err(broken)?;
                limited(decoder).map(Cow::Owned)
            }
        }
    }
}

fn broken(error: std::io::Error) -> String {
    format!("an Avro block does not unpack: {error}")
}

fn too_large() -> String {
    "an Avro block is larger than the limit".to_string()
}

fn limited(decoder: impl Read) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let limit = BLOCK_BYTES_MAX as u64 + 1;
    decoder.take(limit).read_to_end(&mut bytes).map_err(broken)?;
    if bytes.len() > BLOCK_BYTES_MAX { Err(too_large()) } else { Ok(bytes) }
}

/// Snappy blocks end with the CRC32 of the unpacked bytes, big-endian.
fn snappy(packed: &[u8]) -> Result<Vec<u8>, String> {
    let damaged = || "an Avro block does not unpack (Snappy)".to_string();
    let (data, checksum) = packed.split_last_chunk::<4>().ok_or_else(damaged)?;
    let length = snap::raw::decompress_len(data).map_err(|_| damaged())?;
    if length > BLOCK_BYTES_MAX {
        return Err(too_large());
    }
    let bytes = snap::raw::Decoder::new().decompress_vec(data).map_err(|_| damaged())?;
    let mut crc = flate2::Crc::new();
    crc.update(&bytes);
    if crc.sum() != u32::from_be_bytes(*checksum) {
        return Err("an Avro block fails its checksum (Snappy)".to_string());
    }
    Ok(bytes)
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
}
