//! A number as its decimal digits, for what is done digit by digit.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use datafusion::error::Result;

/// `-0012.50` is negative, 0012 and 50.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digits {
    pub negative: bool,
    pub whole: String,
    pub fraction: String,
    pub kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Exact,
    /// Only fifteen digits count.
    Float,
    NaN,
    Infinite,
}

/// The number of a row; none for NULL.
pub fn at(column: &ArrayRef, row: usize) -> Result<Option<Digits>> {
    if column.is_null(row) {
        return Ok(None);
    }
    let one = column.slice(row, 1);
    if one.data_type().is_floating() {
        let wide = cast(&one, &DataType::Float64)?;
        return Ok(Some(of_float(wide.as_primitive::<Float64Type>().value(0))));
    }
    let text = cast(&one, &DataType::Utf8)?;
    Ok(Some(of_text(text.as_string::<i32>().value(0))))
}

fn of_float(value: f64) -> Digits {
    let kind = match value {
        value if value.is_nan() => Kind::NaN,
        value if value.is_infinite() => Kind::Infinite,
        _ => Kind::Float,
    };
    let shown = if kind == Kind::Float { format!("{value:.20}") } else { "0".to_string() };
    Digits { negative: value < 0.0, kind, ..of_text(&shown) }
}

/// Of plain decimal notation.
pub fn of_text(text: &str) -> Digits {
    let negative = text.starts_with('-');
    let bare = text.trim_start_matches(['-', '+']);
    let (whole, fraction) = bare.split_once('.').unwrap_or((bare, ""));
    let trimmed = whole.trim_start_matches('0');
    let whole = if trimmed.is_empty() { "0" } else { trimmed };
    Digits { negative, whole: whole.to_string(), fraction: fraction.to_string(), kind: Kind::Exact }
}

impl Digits {
    /// With so many digits behind the point, half away from zero.
    pub fn rounded(&self, places: usize) -> Self {
        let mut all: Vec<u8> = self.whole.bytes().chain(self.fraction.bytes()).collect();
        let kept = self.whole.len() + places;
        let up = all.get(kept).is_some_and(|digit| *digit >= b'5');
        all.resize(kept, b'0');
        let mut whole = self.whole.len();
        if up && increment(&mut all) {
            all.insert(0, b'1');
            whole += 1;
        }
        let text: String = all.iter().map(|digit| char::from(*digit)).collect();
        let (whole, fraction) = text.split_at(whole);
        let zero = text.bytes().all(|digit| digit == b'0');
        Self {
            negative: self.negative && !zero,
            whole: whole.to_string(),
            fraction: fraction.to_string(),
            kind: self.kind,
        }
    }

    /// A double is printed with fifteen digits; Postgres rounds its binary value half to even, which differs
    /// from half away from zero only where the value is exactly half, as few are.
    pub fn of_double(&self, places: usize) -> Self {
        let places = places.min(15_usize.saturating_sub(self.rounded(0).whole.len()));
        self.rounded(places)
    }

    /// The point moved to the right.
    pub fn shifted(&self, places: usize) -> Self {
        let fraction = format!("{:0<places$}", self.fraction);
        let (moved, rest) = fraction.split_at(places);
        let text = format!("{}{moved}.{rest}", self.whole);
        Self { negative: self.negative, kind: self.kind, ..of_text(&text) }
    }
}

/// One more; whether it outgrew its digits.
fn increment(digits: &mut [u8]) -> bool {
    for digit in digits.iter_mut().rev() {
        if *digit == b'9' {
            *digit = b'0';
        } else {
            *digit += 1;
            return false;
        }
    }
    true
}
