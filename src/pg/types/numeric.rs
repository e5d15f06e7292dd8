//! Numbers of any precision, as decimal digits.

use arrow::datatypes::i256;
use bytes::{BufMut, BytesMut};

use crate::error::{Report, Result};
use crate::frame::Reader;

/// No client sends more digits than Postgres's numeric may hold.
const DIGITS_MAX: usize = 131_072;
const POSITIVE: u16 = 0;
const NEGATIVE: u16 = 0x4000;

/// A decimal number: sign, digits (`0`–`9`, at least one), and how many of them follow the point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    negative: bool,
    digits: String,
    scale: i32,
}

/// Inserts the decimal point: `-5`, 2 → `-0.05`; `5`, -2 → `500`.
pub(crate) fn place_point(integer: &str, scale: i8) -> String {
    let (sign, digits) = match integer.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", integer),
    };
    let places = usize::from(scale.unsigned_abs());
    if scale <= 0 {
        let zeros = if digits == "0" { 0 } else { places };
        return format!("{sign}{digits}{}", "0".repeat(zeros));
    }
    let padded = format!("{digits:0>width$}", width = places + 1);
    let (whole, fraction) = padded.split_at(padded.len() - places);
    format!("{sign}{whole}.{fraction}")
}

/// Writes the binary form: groups of four digits, the weight of the first, sign, and digits shown.
pub(crate) fn write_binary(unscaled: i256, scale: i8, out: &mut BytesMut) -> Result<()> {
    if let (Some(number), Ok(places)) = (unscaled.to_i128(), u16::try_from(scale))
        && write_small_binary(number, places, out)
    {
        return Ok(());
    }
    let text = place_point(&unscaled.to_string(), scale);
    write_text_binary(&text, out)
}

/// The usual case, by whole numbers alone; false when the number is too large for it.
fn write_small_binary(number: i128, places: u16, out: &mut BytesMut) -> bool {
    let aligned = places.next_multiple_of(4);
    let factor = 10_u128.pow(u32::from(aligned - places));
    let Some(mut rest) = number.unsigned_abs().checked_mul(factor) else {
        return false;
    };
    // The last group first.
    let (mut groups, mut count) = ([0_u16; GROUPS_MAX], 0_usize);
    while rest > 0 {
        let (quotient, group) = match u64::try_from(rest) {
            Ok(small) => (u128::from(small / 10_000), small % 10_000),
            Err(_) => (rest / 10_000, u64::try_from(rest % 10_000).unwrap_or_default()),
        };
        groups[count] = u16::try_from(group).unwrap_or_default();
        (rest, count) = (quotient, count + 1);
    }
    let trailing = groups[..count].iter().take_while(|group| **group == 0).count();
    let weight = i16::try_from(count).unwrap_or_default() - (aligned / 4).cast_signed() - 1;
    out.put_u16(u16::try_from(count - trailing).unwrap_or_default());
    out.put_i16(if count == 0 { 0 } else { weight });
    out.put_u16(if number < 0 { NEGATIVE } else { POSITIVE });
    out.put_u16(places);
    groups[trailing..count].iter().rev().for_each(|group| out.put_u16(*group));
    true
}

/// Groups of four digits that 128 bits have.
const GROUPS_MAX: usize = 10;

/// As [`write_binary`], from plain decimal text such as `-12.50`.
pub(crate) fn write_text_binary(text: &str, out: &mut BytesMut) -> Result<()> {
    let range = || Report::new("22003", "value overflows numeric format");
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (NEGATIVE, rest),
        None => (POSITIVE, text),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let whole = format!("{whole:0>width$}", width = whole.len().next_multiple_of(4));
    let digits = format!("{fraction:0<width$}", width = fraction.len().next_multiple_of(4));
    let mut groups = Vec::new();
    for chunk in whole.as_bytes().chunks(4).chain(digits.as_bytes().chunks(4)) {
        groups.push(chunk.iter().fold(0u16, |sum, digit| sum * 10 + u16::from(digit - b'0')));
    }
    let mut weight = i16::try_from(whole.len() / 4).map_err(|_| range())? - 1;
    let leading = groups.iter().take_while(|group| **group == 0).count();
    weight -= i16::try_from(leading).map_err(|_| range())?;
    let last = groups.iter().rposition(|group| *group != 0).map_or(leading, |last| last + 1);
    let groups = groups.get(leading..last).unwrap_or_default();
    let is_zero = groups.is_empty();
    out.put_u16(u16::try_from(groups.len()).map_err(|_| range())?);
    out.put_i16(if is_zero { 0 } else { weight });
    out.put_u16(if is_zero { POSITIVE } else { sign });
    out.put_u16(u16::try_from(fraction.len()).map_err(|_| range())?);
    groups.iter().for_each(|group| out.put_u16(*group));
    Ok(())
}

impl Decimal {
    /// `-12.5`, `1e3`, `.5`. NaN and infinities are refused: Arrow's decimals have none.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (negative, unsigned) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
        };
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let digits = format!("{whole}{fraction}");
        let valid = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !valid || digits.len() > DIGITS_MAX || exponent.unsigned_abs() > 16_383 {
            return None;
        }
        let scale = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
        Some(Self { negative, digits, scale })
    }

    pub fn from_binary(bytes: &[u8]) -> Result<Self> {
        let invalid = || Report::new("22P03", "invalid binary representation of a numeric");
        let mut reader = Reader(bytes);
        let count = usize::from(reader.u16()?);
        let weight = reader.u16()?.cast_signed();
        let sign = reader.u16()?;
        let scale = i32::from(reader.u16()?);
        if !matches!(sign, POSITIVE | NEGATIVE) {
            return Err(Report::new(
                "0A000",
                "not supported: NaN and infinity in numeric parameters",
            ));
        }
        let mut digits = String::new();
        for _ in 0..count {
            let group = reader.u16()?;
            if group > 9_999 {
                return Err(invalid());
            }
            digits.push_str(&format!("{group:04}"));
        }
        reader.finish().map_err(|_| invalid())?;
        // The digits end four times (groups after the first, minus weight) places after the point.
        let places = (i32::try_from(count).map_err(|_| invalid())? - 1 - i32::from(weight)) * 4;
        if digits.is_empty() {
            return Ok(Self { negative: false, digits: "0".to_string(), scale });
        }
        let number = Self { negative: sign == NEGATIVE, digits, scale: places };
        // Short only: a few bytes must not become a page of zeros.
        let shown = (scale - places < 100).then(|| number.at_scale(scale)).flatten();
        Ok(shown.unwrap_or(number))
    }

    /// The same number with so many digits after the point; none when digits would be lost.
    fn at_scale(&self, scale: i32) -> Option<Self> {
        let mut digits = self.digits.clone();
        let missing = scale.checked_sub(self.scale)?;
        if missing >= 0 {
            let zeros = usize::try_from(missing).ok().filter(|zeros| *zeros <= DIGITS_MAX)?;
            digits.push_str(&"0".repeat(zeros));
        } else {
            for _ in missing..0 {
                match digits.pop() {
                    None | Some('0') => {}
                    Some(_) => return None,
                }
            }
        }
        if digits.is_empty() {
            digits.push('0');
        }
        Some(Self { digits, scale, negative: self.negative })
    }

    /// The unscaled integer at a scale; none when it does not fit the precision or loses digits.
    pub fn unscaled(&self, precision: u8, scale: i8) -> Option<i256> {
        let exact = self.at_scale(scale.into())?;
        let digits = exact.digits.trim_start_matches('0');
        if digits.len() > usize::from(precision) {
            return None;
        }
        let text = if digits.is_empty() { "0" } else { digits };
        let value = i256::from_string(text)?;
        if self.negative { value.checked_neg() } else { Some(value) }
    }

    pub fn to_i128(&self) -> Option<i128> {
        self.unscaled(39, 0)?.to_i128()
    }

    pub fn to_text(&self) -> Option<String> {
        let sign = if self.negative && self.digits.bytes().any(|d| d != b'0') { "-" } else { "" };
        let number = if self.scale < 0 { self.at_scale(0)? } else { self.clone() };
        let places = usize::try_from(number.scale).ok().filter(|places| *places <= DIGITS_MAX)?;
        let padded = format!("{:0>width$}", number.digits, width = places + 1);
        let (whole, fraction) = padded.split_at(padded.len() - places);
        let trimmed = whole.trim_start_matches('0');
        let whole = if trimmed.is_empty() { "0" } else { trimmed };
        Some(if places == 0 {
            format!("{sign}{whole}")
        } else {
            format!("{sign}{whole}.{fraction}")
        })
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::i256;
    use bytes::BytesMut;
    use proptest::prelude::*;

    use super::{place_point, write_binary, write_text_binary};

    proptest! {
        /// Whole numbers and text lead to the same bytes.
        #[test]
        fn both_ways_write_the_same(wide: i128, small in -20_000_i128..20_000, scale in 0_i8..45) {
            for number in [wide, small, wide % 1_000_000_000_000, small * 10_000] {
                let (mut one, mut other) = (BytesMut::new(), BytesMut::new());
                write_binary(i256::from_i128(number), scale, &mut one).expect("fits");
                let text = place_point(&number.to_string(), scale);
                write_text_binary(&text, &mut other).expect("fits");
                prop_assert_eq!(one, other);
            }
        }
    }
}
