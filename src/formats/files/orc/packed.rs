//! A stream of an ORC file: packed in blocks, each unpacked when it is reached and never to more than the
//! file's block size.

use std::io::Read;

use bytes::{Buf, Bytes};

use super::Decoded;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    None,
    Zlib,
    Snappy,
    Lz4,
    Zstandard,
}

/// How all streams of a file are packed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packing {
    pub codec: Codec,
    pub block_bytes: usize,
}

pub(super) struct Packed {
    bytes: Bytes,
    packing: Packing,
    /// The block being read.
    block: Bytes,
}

impl Codec {
    pub(super) fn of(number: u64) -> Decoded<Self> {
        match number {
            0 => Ok(Self::None),
            1 => Ok(Self::Zlib),
            2 => Ok(Self::Snappy),
            4 => Ok(Self::Lz4),
            5 => Ok(Self::Zstandard),
            3 => Err("it is packed with LZO, not supported"),
            6 => Err("it is packed with Brotli, not supported"),
            _ => Err("it is packed in an unknown way"),
        }
    }

    fn unpack(self, packed: &Bytes, limit: usize) -> Decoded<Bytes> {
        let broken = "a block does not unpack";
        let unpacked = match self {
            Self::None => return Ok(packed.clone()),
            Self::Zlib => inflate(packed, limit)?,
            Self::Snappy => {
                let length = snap::raw::decompress_len(packed).map_err(|_| broken)?;
                if length > limit {
                    return Err("a block unpacks to more than the file's block size");
                }
                snap::raw::Decoder::new().decompress_vec(packed).map_err(|_| broken)?
            }
            Self::Lz4 => {
                let mut block = vec![0; limit];
                let length = lz4_flex::block::decompress_into(packed, &mut block);
                block.truncate(length.map_err(|_| broken)?);
                block
            }
            Self::Zstandard => zstd::bulk::decompress(packed, limit).map_err(|_| broken)?,
        };
        Ok(unpacked.into())
    }
}

fn inflate(packed: &[u8], limit: usize) -> Decoded<Vec<u8>> {
    let mut block = Vec::new();
    let reader = flate2::read::DeflateDecoder::new(packed);
    let read = reader.take(limit as u64 + 1).read_to_end(&mut block);
    read.map_err(|_| "a block does not unpack")?;
    match block.len() > limit {
        true => Err("a block unpacks to more than the file's block size"),
        false => Ok(block),
    }
}

impl Packed {
    pub(super) fn new(bytes: Bytes, packing: Packing) -> Self {
        Self { bytes, packing, block: Bytes::new() }
    }

    /// Makes the next block current; false at the end.
    fn advance(&mut self) -> Decoded<bool> {
        if self.packing.codec == Codec::None {
            self.block = std::mem::take(&mut self.bytes);
            return Ok(!self.block.is_empty());
        }
        while self.block.is_empty() && !self.bytes.is_empty() {
            let header = self.bytes.first_chunk::<3>().ok_or("a block is cut short")?;
            let header = u32::from_le_bytes([header[0], header[1], header[2], 0]);
            let length = usize::try_from(header >> 1).unwrap_or(usize::MAX);
            self.bytes.advance(3);
            if length > self.bytes.len() {
                return Err("a block is cut short");
            }
            let packed = self.bytes.split_to(length);
            self.block = match header & 1 {
                1 => packed,
                _ => self.packing.codec.unpack(&packed, self.packing.block_bytes)?,
            };
        }
        Ok(!self.block.is_empty())
    }

    pub(super) fn byte(&mut self) -> Decoded<u8> {
        if self.block.is_empty() && !self.advance()? {
            return Err("a column ends before its rows do");
        }
        Ok(self.block.get_u8())
    }

    /// Appends exactly so many bytes.
    pub(super) fn take(&mut self, length: usize, into: &mut Vec<u8>) -> Decoded<()> {
        let mut missing = length;
        while missing > 0 {
            if self.block.is_empty() && !self.advance()? {
                return Err("a column ends before its rows do");
            }
            let piece = self.block.split_to(missing.min(self.block.len()));
            into.extend_from_slice(&piece);
            missing -= piece.len();
        }
        Ok(())
    }

    /// All that is left.
    pub(super) fn rest(&mut self, bytes_max: usize) -> Decoded<Vec<u8>> {
        let mut all = Vec::new();
        while !self.block.is_empty() || self.advance()? {
            all.extend_from_slice(&std::mem::take(&mut self.block));
            if all.len() > bytes_max {
                return Err("a part of it unpacks to more than the limit");
            }
        }
        Ok(all)
    }
}
