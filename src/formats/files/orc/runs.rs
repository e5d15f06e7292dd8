//! ORC's run-length encodings: of bytes, of booleans, and of integers in two versions.

use super::Decoded;
use super::packed::Packed;

/// Bytes: runs of one byte, or literals.
pub(super) struct ByteRuns {
    stream: Packed,
    left: usize,
    /// The repeated byte; none in a run of literals.
    repeated: Option<u8>,
}

impl ByteRuns {
    pub(super) fn new(stream: Packed) -> Self {
        Self { stream, left: 0, repeated: None }
    }

    pub(super) fn next(&mut self) -> Decoded<u8> {
        if self.left == 0 {
            let control = self.stream.byte()?;
            if control < 0x80 {
                self.left = usize::from(control) + 3;
                self.repeated = Some(self.stream.byte()?);
            } else {
                self.left = 256 - usize::from(control);
                self.repeated = None;
            }
        }
        self.left -= 1;
        self.repeated.map_or_else(|| self.stream.byte(), Ok)
    }
}

/// Booleans: the bits of such bytes, the highest first.
pub(super) struct Bits {
    bytes: ByteRuns,
    byte: u8,
    left: u8,
}

impl Bits {
    pub(super) fn new(stream: Packed) -> Self {
        Self { bytes: ByteRuns::new(stream), byte: 0, left: 0 }
    }

    pub(super) fn next(&mut self) -> Decoded<bool> {
        if self.left == 0 {
            self.byte = self.bytes.next()?;
            self.left = 8;
        }
        self.left -= 1;
        Ok(self.byte >> self.left & 1 == 1)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    One,
    Two,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    Signed,
    Unsigned,
}

/// Integers of up to 64 bits.
pub(super) struct IntRuns {
    stream: Packed,
    version: Version,
    sign: Sign,
    run: Vec<i64>,
    at: usize,
}

impl IntRuns {
    pub(super) fn new(stream: Packed, version: Version, sign: Sign) -> Self {
        Self { stream, version, sign, run: Vec::new(), at: 0 }
    }

    pub(super) fn next(&mut self) -> Decoded<i64> {
        if self.at == self.run.len() {
            self.run.clear();
            self.at = 0;
            match self.version {
                Version::One => self.first_version()?,
                Version::Two => self.second_version()?,
            }
        }
        let value = self.run.get(self.at).copied().ok_or("a run of numbers is empty")?;
        self.at += 1;
        Ok(value)
    }

    pub(super) fn take(&mut self, count: usize) -> Decoded<Vec<i64>> {
        (0..count).map(|_| self.next()).collect()
    }

    fn first_version(&mut self) -> Decoded<()> {
        let control = self.stream.byte()?;
        if control >= 0x80 {
            for _ in 0..256 - usize::from(control) {
                let value = self.varint()?;
                self.run.push(value);
            }
            return Ok(());
        }
        let delta = i64::from(self.stream.byte()?.cast_signed());
        let mut value = self.varint()?;
        for _ in 0..usize::from(control) + 3 {
            self.run.push(value);
            value = value.wrapping_add(delta);
        }
        Ok(())
    }

    fn second_version(&mut self) -> Decoded<()> {
        let first = self.stream.byte()?;
        match first >> 6 {
            0 => self.short_repeat(first),
            1 => self.direct(first),
            2 => self.patched_base(first),
            _ => self.delta(first),
        }
    }

    fn short_repeat(&mut self, first: u8) -> Decoded<()> {
        let width = (first >> 3 & 7) + 1;
        let value = self.big_endian(width)?;
        let value = self.signed(value);
        self.run.resize(usize::from(first & 7) + 3, value);
        Ok(())
    }

    /// The number of values, of which the first byte's last bit is a part.
    fn length(&mut self, first: u8) -> Decoded<usize> {
        Ok((usize::from(first & 1) << 8 | usize::from(self.stream.byte()?)) + 1)
    }

    fn direct(&mut self, first: u8) -> Decoded<()> {
        let width = width(first >> 1 & 31);
        let length = self.length(first)?;
        let mut bits = BitReader::default();
        for _ in 0..length {
            let value = bits.read(&mut self.stream, width)?;
            let value = self.signed(value);
            self.run.push(value);
        }
        Ok(())
    }

    fn patched_base(&mut self, first: u8) -> Decoded<()> {
        let value_width = width(first >> 1 & 31);
        let length = self.length(first)?;
        let (third, fourth) = (self.stream.byte()?, self.stream.byte()?);
        let base_bytes = (third >> 5) + 1;
        let patch_width = width(third & 31);
        let gap_width = u32::from(fourth >> 5) + 1;
        let patches = fourth & 31;
        let base = self.big_endian(base_bytes)?;
        let sign = 1_u64 << (u32::from(base_bytes) * 8 - 1);
        let magnitude = (base & (sign - 1)).cast_signed();
        let base = if base & sign == 0 { magnitude } else { magnitude.wrapping_neg() };
        let mut values = Vec::with_capacity(length);
        let mut bits = BitReader::default();
        for _ in 0..length {
            values.push(bits.read(&mut self.stream, value_width)?);
        }
        if patch_width + gap_width > 64 || patch_width + value_width > 64 {
            return Err("a patch of a run of numbers is too wide");
        }
        let (mut bits, mut at) = (BitReader::default(), 0_usize);
        for _ in 0..patches {
            let entry = bits.read(&mut self.stream, closest(patch_width + gap_width))?;
            let gap = entry.checked_shr(patch_width).unwrap_or_default();
            let patch = entry & (u64::MAX >> (64 - patch_width));
            at += usize::try_from(gap).map_err(|_| "a patch of a run of numbers is damaged")?;
            if patch != 0 {
                let value = values.get_mut(at).ok_or("a patch of a run of numbers is damaged")?;
                *value |= patch.checked_shl(value_width).unwrap_or_default();
            }
        }
        self.run.extend(values.into_iter().map(|value| base.wrapping_add(value.cast_signed())));
        Ok(())
    }

    fn delta(&mut self, first: u8) -> Decoded<()> {
        let code = first >> 1 & 31;
        let length = self.length(first)?;
        let mut value = self.varint()?;
        let step = zigzag(self.unsigned_varint()?);
        self.run.push(value);
        if length > 1 {
            value = value.wrapping_add(step);
            self.run.push(value);
        }
        let mut bits = BitReader::default();
        for _ in 2..length {
            let delta = match code {
                0 => step,
                code => {
                    let delta = bits.read(&mut self.stream, width(code))?.cast_signed();
                    if step < 0 { delta.wrapping_neg() } else { delta }
                }
            };
            value = value.wrapping_add(delta);
            self.run.push(value);
        }
        Ok(())
    }

    fn big_endian(&mut self, bytes: u8) -> Decoded<u64> {
        (0..bytes).try_fold(0, |value, _| Ok(value << 8 | u64::from(self.stream.byte()?)))
    }

    fn signed(&self, value: u64) -> i64 {
        if self.sign == Sign::Signed { zigzag(value) } else { value.cast_signed() }
    }

    fn varint(&mut self) -> Decoded<i64> {
        let value = self.unsigned_varint()?;
        Ok(self.signed(value))
    }

    fn unsigned_varint(&mut self) -> Decoded<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.stream.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err("a number is overlong")
    }
}

fn zigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ (value & 1).cast_signed().wrapping_neg()
}

/// Bits of a value, by its code of five bits.
fn width(code: u8) -> u32 {
    match code {
        0..=23 => u32::from(code) + 1,
        24..=27 => u32::from(code - 24) * 2 + 26,
        _ => u32::from(code - 28) * 8 + 40,
    }
}

/// The next width that has a code.
fn closest(bits: u32) -> u32 {
    match bits {
        0..=24 => bits.max(1),
        25..=32 => bits.next_multiple_of(2),
        _ => bits.next_multiple_of(8),
    }
}

/// Values of some bits each, the highest first; what is left of the last byte is filling.
#[derive(Default)]
struct BitReader {
    byte: u8,
    left: u32,
}

impl BitReader {
    fn read(&mut self, stream: &mut Packed, bits: u32) -> Decoded<u64> {
        let (mut value, mut missing) = (0_u64, bits);
        while missing > 0 {
            if self.left == 0 {
                self.byte = stream.byte()?;
                self.left = 8;
            }
            let taken = missing.min(self.left);
            let piece = u64::from(self.byte) >> (self.left - taken) & ((1 << taken) - 1);
            value = value << taken | piece;
            self.left -= taken;
            missing -= taken;
        }
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::super::packed::{Codec, Packing};
    use super::*;

    fn decode(bytes: &[u8], version: Version, sign: Sign, count: usize) -> Vec<i64> {
        let packing = Packing { codec: Codec::None, block_bytes: 0 };
        let stream = Packed::new(Bytes::copy_from_slice(bytes), packing);
        IntRuns::new(stream, version, sign).take(count).expect("decodes")
    }

    /// The examples of the specification.
    #[test]
    fn runs_of_the_specification() {
        let two = |bytes, count| decode(bytes, Version::Two, Sign::Unsigned, count);
        assert_eq!(two(&[0x0a, 0x27, 0x10], 5), [10000; 5]);
        let direct = [0x5e, 0x03, 0x5c, 0xa1, 0xab, 0x1e, 0xde, 0xad, 0xbe, 0xef];
        assert_eq!(two(&direct, 4), [23713, 43806, 57005, 48879]);
        let patched = [
            0x8e, 0x13, 0x2b, 0x21, 0x07, 0xd0, 0x1e, 0x00, 0x14, 0x70, 0x28, 0x32, 0x3c, 0x46,
            0x50, 0x5a, 0x64, 0x6e, 0x78, 0x82, 0x8c, 0x96, 0xa0, 0xaa, 0xb4, 0xbe, 0xfc, 0xe8,
        ];
        let mut expected = vec![2030, 2000, 2020, 1_000_000];
        expected.extend((2040..=2190).step_by(10));
        assert_eq!(two(&patched, 20), expected);
        let delta = [0xc6, 0x09, 0x02, 0x02, 0x22, 0x42, 0x42, 0x46];
        assert_eq!(two(&delta, 10), [2, 3, 5, 7, 11, 13, 17, 19, 23, 29]);
        let one = |bytes, count| decode(bytes, Version::One, Sign::Unsigned, count);
        assert_eq!(one(&[0x61, 0x00, 0x07], 100), [7; 100]);
        assert_eq!(one(&[0x61, 0xff, 0x64], 100), (1..=100).rev().collect::<Vec<_>>());
        assert_eq!(one(&[0xfb, 2, 3, 6, 7, 0xb], 5), [2, 3, 6, 7, 11]);
    }
}
