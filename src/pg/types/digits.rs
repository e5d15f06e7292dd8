//! Whole numbers and bytes as digits, written without the formatter: most of what a result is.

use bytes::BufMut;

const PAIRS: &[u8; 200] = b"0001020304050607080910111213141516171819\
2021222324252627282930313233343536373839\
4041424344454647484950515253545556575859\
6061626364656667686970717273747576777879\
8081828384858687888990919293949596979899";

/// The decimal digits of a number, at least one.
pub(crate) struct Digits {
    bytes: [u8; LENGTH],
    start: usize,
}

/// As many as a number of 128 bits has.
const LENGTH: usize = 39;
/// What a word of 64 bits holds whole.
const WORD: u128 = 10_000_000_000_000_000_000;
const WORD_DIGITS: usize = 19;

impl Digits {
    pub fn of(number: u64) -> Self {
        let mut digits = Self { bytes: [b'0'; LENGTH], start: LENGTH };
        digits.push(number);
        if digits.start == LENGTH {
            digits.start -= 1;
        }
        digits
    }

    pub fn of_wide(number: u128) -> Self {
        if let Ok(number) = u64::try_from(number) {
            return Self::of(number);
        }
        let mut digits = Self { bytes: [b'0'; LENGTH], start: LENGTH };
        let (mut rest, mut end) = (number, LENGTH);
        while rest > 0 {
            digits.push(u64::try_from(rest % WORD).unwrap_or_default());
            rest /= WORD;
            end = end.saturating_sub(WORD_DIGITS);
            if rest > 0 {
                // What the word lacks are zeros, which stand there already.
                digits.start = end;
            }
        }
        digits
    }

    /// Writes the number in front of what is there; nothing for 0.
    fn push(&mut self, mut number: u64) {
        while number >= 10 {
            let pair = usize::try_from(number % 100).unwrap_or_default() * 2;
            number /= 100;
            self.start -= 2;
            self.bytes[self.start..self.start + 2].copy_from_slice(&PAIRS[pair..pair + 2]);
        }
        if number > 0 {
            self.start -= 1;
            self.bytes[self.start] = b'0' + u8::try_from(number).unwrap_or_default();
        } else if self.start < LENGTH && self.bytes[self.start] == b'0' {
            // The last pair began with a zero.
            self.start += 1;
        }
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[self.start..]
    }
}

pub(crate) fn put_int(number: i64, out: &mut impl BufMut) {
    if number < 0 {
        out.put_u8(b'-');
    }
    out.put_slice(Digits::of(number.unsigned_abs()).as_bytes());
}

pub(crate) fn put_unsigned(number: u64, out: &mut impl BufMut) {
    out.put_slice(Digits::of(number).as_bytes());
}

/// At least `width` digits.
pub(crate) fn put_padded(number: u64, width: usize, out: &mut impl BufMut) {
    let digits = Digits::of(number);
    let digits = digits.as_bytes();
    out.put_bytes(b'0', width.saturating_sub(digits.len()));
    out.put_slice(digits);
}

/// Two digits of a number below 100.
pub(crate) fn put_two(number: i64, out: &mut impl BufMut) {
    let pair = usize::try_from(number).ok().and_then(|n| PAIRS.get(n * 2..n * 2 + 2));
    match pair {
        Some(pair) => out.put_slice(pair),
        None => put_int(number, out),
    }
}

/// A number with its decimal point `scale` digits from the end.
pub(crate) fn put_decimal(unscaled: i128, scale: i8, out: &mut impl BufMut) {
    if unscaled < 0 {
        out.put_u8(b'-');
    }
    let digits = Digits::of_wide(unscaled.unsigned_abs());
    let digits = digits.as_bytes();
    let places = usize::from(scale.unsigned_abs());
    if scale <= 0 {
        out.put_slice(digits);
        out.put_bytes(b'0', if unscaled == 0 { 0 } else { places });
        return;
    }
    let (whole, fraction) = digits.split_at(digits.len().saturating_sub(places));
    out.put_slice(if whole.is_empty() { b"0" } else { whole });
    out.put_u8(b'.');
    out.put_bytes(b'0', places - fraction.len());
    out.put_slice(fraction);
}

pub(crate) fn put_hex(bytes: &[u8], out: &mut impl BufMut) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        out.put_u8(DIGITS[usize::from(byte >> 4)]);
        out.put_u8(DIGITS[usize::from(byte & 15)]);
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use proptest::prelude::*;

    use super::{Digits, put_decimal, put_hex, put_int, put_padded};
    use crate::types::numeric::place_point;

    fn written(write: impl FnOnce(&mut BytesMut)) -> String {
        let mut out = BytesMut::new();
        write(&mut out);
        String::from_utf8(out.to_vec()).expect("digits")
    }

    #[test]
    fn borders() {
        for number in [0, 1, 9, 10, 11, 99, 100, 101, 1_000, i64::MAX, i64::MIN, -1, -10] {
            assert_eq!(written(|out| put_int(number, out)), number.to_string());
        }
        let ten = |power: u32| 10_u128.pow(power);
        let wide =
            [ten(19) - 1, ten(19), ten(19) + 1, ten(20), ten(38), 5 * ten(37) + 7, u128::MAX];
        for number in wide {
            assert_eq!(Digits::of_wide(number).as_bytes(), number.to_string().as_bytes());
        }
        assert_eq!(written(|out| put_padded(7, 4, out)), "0007");
        assert_eq!(written(|out| put_hex(b"\x00\xfa", out)), "00fa");
    }

    proptest! {
        #[test]
        fn as_the_formatter_writes(number: i64, wide: i128, scale in -20_i8..60) {
            prop_assert_eq!(written(|out| put_int(number, out)), number.to_string());
            let expected = place_point(&wide.to_string(), scale);
            prop_assert_eq!(written(|out| put_decimal(wide, scale, out)), expected);
            let small = i128::from(number % 1_000);
            let expected = place_point(&small.to_string(), scale);
            prop_assert_eq!(written(|out| put_decimal(small, scale, out)), expected);
        }
    }
}
