//! Lower and upper bounds in their binary form. Whatever is not certainly a bound is unknown: a missing
//! bound costs time, a wrong one costs rows.
//!
//! A column may have been promoted since the file was written (int to long, float to double, decimal to a
//! wider one), so the width of the bytes decides, not the column's type.
//!
//! Specification: <https://iceberg.apache.org/spec/#binary-single-value-serialization>

use super::scalar::Scalar;
use super::schema::Primitive;

/// Writers cut strings to 16 characters; longer ones than this are not worth the memory.
const BYTES_MAX: usize = 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Lower,
    Upper,
}

/// A bound of a column; none where unknown.
pub fn from_bytes(kind: Primitive, bytes: &[u8], side: Side) -> Option<Scalar> {
    use Primitive as P;
    if bytes.len() > BYTES_MAX {
        return None;
    }
    Some(match kind {
        P::Boolean => match bytes {
            [0] => Scalar::Boolean(false),
            [1] => Scalar::Boolean(true),
            _ => return None,
        },
        P::Int | P::Date => Scalar::Integer(i64::from(int(bytes)?)),
        P::Long => Scalar::Integer(int(bytes).map(i64::from).or_else(|| long(bytes))?),
        P::Time | P::Timestamp(_) | P::TimestampTz(_) => Scalar::Integer(long(bytes)?),
        // Zero has two signs, which are equal to some writers and differ in Arrow's total order: the bound
        // becomes the outer one.
        P::Float => {
            let value = single(bytes)?;
            let zero = if side == Side::Lower { -0.0 } else { 0.0 };
            Scalar::Float(if value == 0.0 { zero } else { value })
        }
        P::Double => {
            let value = single(bytes).map(f64::from).or_else(|| double(bytes))?;
            let zero = if side == Side::Lower { -0.0 } else { 0.0 };
            Scalar::Double(if value == 0.0 { zero } else { value })
        }
        P::Decimal { precision, .. } => decimal(bytes, precision)?,
        P::String => Scalar::String(std::str::from_utf8(bytes).ok()?.to_string()),
        P::Binary => Scalar::Bytes(bytes.to_vec()),
        P::Fixed(length) => {
            Scalar::Bytes((usize::try_from(length) == Ok(bytes.len())).then(|| bytes.to_vec())?)
        }
        // Writers compare UUIDs as two signed longs or as bytes: which one, nobody says.
        P::Uuid => return None,
    })
}

fn int(bytes: &[u8]) -> Option<i32> {
    Some(i32::from_le_bytes(bytes.try_into().ok()?))
}

fn long(bytes: &[u8]) -> Option<i64> {
    Some(i64::from_le_bytes(bytes.try_into().ok()?))
}

/// NaN bounds nothing.
fn single(bytes: &[u8]) -> Option<f32> {
    Some(f32::from_le_bytes(bytes.try_into().ok()?)).filter(|value| !value.is_nan())
}

fn double(bytes: &[u8]) -> Option<f64> {
    Some(f64::from_le_bytes(bytes.try_into().ok()?)).filter(|value| !value.is_nan())
}

/// An unscaled decimal: two's complement, big-endian, in any width that holds it.
pub fn decimal(bytes: &[u8], precision: u8) -> Option<Scalar> {
    let negative = *bytes.first()? & 0x80 != 0;
    let fill = if negative { 0xff } else { 0 };
    let excess = bytes.len().saturating_sub(16);
    let (head, tail) = bytes.split_at(excess);
    if head.iter().any(|byte| *byte != fill) {
        return None;
    }
    let mut wide = [fill; 16];
    wide[16 - tail.len()..].copy_from_slice(tail);
    let value = i128::from_be_bytes(wide);
    let fits = value.unsigned_abs() < 10u128.pow(u32::from(precision));
    (fits && (value < 0) == negative).then_some(Scalar::Decimal(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lower(kind: Primitive, bytes: &[u8]) -> Option<Scalar> {
        from_bytes(kind, bytes, Side::Lower)
    }

    #[test]
    fn decodes_by_width() {
        assert_eq!(lower(Primitive::Long, &[0xff; 4]), Some(Scalar::Integer(-1)));
        assert_eq!(lower(Primitive::Long, &7i64.to_le_bytes()), Some(Scalar::Integer(7)));
        assert_eq!(lower(Primitive::Double, &1.5f32.to_le_bytes()), Some(Scalar::Double(1.5)));
        assert_eq!(lower(Primitive::Int, &7i64.to_le_bytes()), None);
        // A date bound of a column that became a timestamp is in days.
        assert_eq!(
            lower(Primitive::Timestamp(arrow::datatypes::TimeUnit::Microsecond), &[1; 4]),
            None
        );
        assert_eq!(lower(Primitive::String, &[0xff]), None);
        assert_eq!(lower(Primitive::Binary, &[0xff; BYTES_MAX + 1]), None);
    }

    #[test]
    fn decodes_decimals_of_any_width() {
        let decode = |bytes: &[u8]| match decimal(bytes, 5) {
            Some(Scalar::Decimal(value)) => Some(value),
            _ => None,
        };
        assert_eq!(decode(&[0xff, 0x85]), Some(-123));
        assert_eq!(decode(&[0; 20]), Some(0));
        assert_eq!(decode(&[0xff; 17]), Some(-1));
        assert_eq!(decode(&[0x7f; 16]), None);
        let mut wide = [0xff; 17];
        wide[1] = 0;
        assert_eq!(decode(&wide), None);
        assert_eq!(decode(&[]), None);
    }

    #[test]
    fn treats_zero_and_nan_with_care() {
        let zero = |side| from_bytes(Primitive::Double, &0f64.to_le_bytes(), side);
        let Some(Scalar::Double(value)) = zero(Side::Lower) else { unreachable!("a double") };
        assert!(value.is_sign_negative());
        assert_eq!(lower(Primitive::Float, &f32::NAN.to_le_bytes()), None);
    }
}
