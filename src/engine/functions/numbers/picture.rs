//! Patterns of numbers: `to_char(number, '9,999.99')` and `to_number`. The steps are Postgres' own, whose
//! results follow no simpler rule.

use std::sync::Arc;

use arrow::array::{ArrayRef, Decimal128Array};
use arrow::datatypes::DataType;
use datafusion::error::Result;
use lakegate_base::{Error, ErrorKind};

use super::digits::{Digits, Kind};
use super::printer::Printer;
use crate::functions::columns::{Call, Columns, Memo, columns, invalid, plain};
use crate::functions::scalar::external;

const PATTERN_BYTES_MAX: usize = 1024;
/// Digits of numerics here.
const PRECISION: u8 = 38;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Nine,
    Zero,
    Point,
    Comma,
    Group,
    Sign,
    Minus,
    Plus,
    MinusPlus,
    Bracket,
    Roman,
    RomanLower,
    Scientific,
    Shift,
    Ordinal,
    OrdinalLower,
    Currency,
    Fill,
    Blank,
}

/// Longest first where one begins another.
const KEYS: [(&str, Key); 22] = [
    ("EEEE", Key::Scientific),
    ("FM", Key::Fill),
    ("MI", Key::Minus),
    ("PL", Key::Plus),
    ("PR", Key::Bracket),
    ("RN", Key::Roman),
    ("rn", Key::RomanLower),
    ("SG", Key::MinusPlus),
    ("TH", Key::Ordinal),
    ("th", Key::OrdinalLower),
    (",", Key::Comma),
    (".", Key::Point),
    ("0", Key::Zero),
    ("9", Key::Nine),
    ("B", Key::Blank),
    ("C", Key::Currency),
    ("D", Key::Point),
    ("G", Key::Group),
    ("L", Key::Currency),
    ("S", Key::Sign),
    ("V", Key::Shift),
    ("E", Key::Scientific),
];

#[derive(Clone, Debug)]
pub(super) enum Node {
    Key(Key),
    Text(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SignPlace {
    None,
    Before,
    After,
}

#[derive(Clone, Debug)]
pub struct Picture {
    pub(super) nodes: Vec<Node>,
    pub(super) before: usize,
    pub(super) after: usize,
    pub(super) shift: usize,
    pub(super) sign: SignPlace,
    pub(super) before_sign: usize,
    pub(super) zero_start: Option<usize>,
    pub(super) zero_end: usize,
    pub(super) has_point: bool,
    pub(super) is_bare: bool,
    pub(super) has_plus: bool,
    pub(super) has_minus: bool,
    pub(super) has_bracket: bool,
    pub(super) is_roman: bool,
    pub(super) is_scientific: bool,
    pub(super) is_shifted: bool,
}

impl Picture {
    pub fn parse(pattern: &str) -> Result<Self> {
        if pattern.len() > PATTERN_BYTES_MAX {
            return Err(invalid("the pattern is too long"));
        }
        let mut picture = Self {
            nodes: Vec::new(),
            before: 0,
            after: 0,
            shift: 0,
            sign: SignPlace::None,
            before_sign: 0,
            zero_start: None,
            zero_end: 0,
            has_point: false,
            is_bare: false,
            has_plus: false,
            has_minus: false,
            has_bracket: false,
            is_roman: false,
            is_scientific: false,
            is_shifted: false,
        };
        let mut rest = pattern;
        while let Some(first) = rest.chars().next() {
            if first == '"' {
                let end = rest[1..].find('"').map_or(rest.len(), |end| end + 1);
                picture.nodes.push(Node::Text(rest[1..end].to_string()));
                rest = rest.get(end + 1..).unwrap_or("");
                continue;
            }
            let known = KEYS.iter().find(|(word, _)| {
                let head = rest.get(..word.len());
                let is_ordinal = matches!(*word, "TH" | "th" | "RN" | "rn");
                head.is_some_and(
                    |h| if is_ordinal { h == *word } else { h.eq_ignore_ascii_case(word) },
                )
            });
            match known {
                Some((word, key)) => {
                    rest = &rest[word.len()..];
                    picture.note(*key)?;
                    picture.nodes.push(Node::Key(*key));
                }
                None => {
                    rest = &rest[first.len_utf8()..];
                    picture.nodes.push(Node::Text(first.to_string()));
                }
            }
        }
        Ok(picture)
    }

    /// What an element says of the whole.
    fn note(&mut self, key: Key) -> Result<()> {
        let wrong = |what: &str| Err(external(syntax(what)));
        if self.is_scientific && key != Key::Scientific {
            return wrong("\"EEEE\" must be the last pattern used");
        }
        match key {
            Key::Nine | Key::Zero if self.has_bracket => {
                return wrong("\"9\" must be ahead of \"PR\"");
            }
            Key::Nine if self.is_shifted => self.shift += 1,
            Key::Nine if self.has_point => self.after += 1,
            Key::Nine => self.before += 1,
            Key::Zero => {
                if self.zero_start.is_none() && !self.has_point {
                    self.zero_start = Some(self.before);
                }
                match self.has_point {
                    true => self.after += 1,
                    false => self.before += 1,
                }
                self.zero_end = self.before + self.after;
            }
            Key::Point if self.has_point => return wrong("multiple decimal points"),
            Key::Point if self.is_shifted => {
                return wrong("cannot use \"V\" and decimal point together");
            }
            Key::Point => self.has_point = true,
            Key::Fill => self.is_bare = true,
            Key::Sign if self.sign != SignPlace::None => return wrong("cannot use \"S\" twice"),
            Key::Sign if self.has_plus || self.has_minus || self.has_bracket => {
                return wrong("cannot use \"S\" and \"PL\"/\"MI\"/\"SG\"/\"PR\" together");
            }
            Key::Sign if self.has_point => self.sign = SignPlace::After,
            Key::Sign => {
                self.sign = SignPlace::Before;
                self.before_sign = self.before;
            }
            Key::Minus | Key::Plus | Key::MinusPlus if self.sign != SignPlace::None => {
                return wrong("cannot use \"S\" and \"MI\" together");
            }
            Key::Minus => self.has_minus = true,
            Key::Plus => self.has_plus = true,
            Key::MinusPlus => (self.has_minus, self.has_plus) = (true, true),
            Key::Bracket => self.has_bracket = true,
            Key::Roman | Key::RomanLower => self.is_roman = true,
            Key::Shift if self.has_point => {
                return wrong("cannot use \"V\" and decimal point together");
            }
            Key::Shift => self.is_shifted = true,
            Key::Scientific => self.is_scientific = true,
            _ => {}
        }
        Ok(())
    }

    pub fn print(&self, number: &Digits) -> Result<String> {
        if self.is_roman {
            return Ok(self.roman(number));
        }
        if self.is_scientific {
            return Ok(self.scientific(number));
        }
        let shifted = if self.is_shifted { number.shifted(self.shift) } else { number.clone() };
        let before = self.before + if self.is_shifted { self.shift } else { 0 };
        let rounded = match number.kind {
            Kind::Float => shifted.of_double(self.after),
            _ => shifted.rounded(self.after),
        };
        let mut digits = rounded.whole.clone();
        let after = rounded.fraction.len();
        if after > 0 {
            digits.push('.');
            digits.push_str(&rounded.fraction);
        }
        let is_odd = matches!(number.kind, Kind::NaN | Kind::Infinite);
        let width = if is_odd { before } else { rounded.whole.len() };
        if is_odd || width > before {
            let hashes = |count: usize| "#".repeat(count);
            digits = hashes(before);
            if self.after > 0 {
                digits.push('.');
                digits.push_str(&hashes(after.max(self.after)));
            }
        }
        let spaces = before.saturating_sub(width);
        Ok(Printer::new(self, &digits, before, after, spaces, rounded.negative).run())
    }

    fn roman(&self, number: &Digits) -> String {
        let value = number.rounded(0);
        let value: u32 = if value.negative { 0 } else { value.whole.parse().unwrap_or(0) };
        let text = if (1..4000).contains(&value) { roman(value) } else { "#".repeat(15) };
        let is_lower = self.nodes.iter().any(|n| matches!(n, Node::Key(Key::RomanLower)));
        let text = if is_lower { text.to_lowercase() } else { text };
        if self.is_bare { text } else { format!("{text:>15}") }
    }

    fn scientific(&self, number: &Digits) -> String {
        if matches!(number.kind, Kind::NaN | Kind::Infinite) {
            return format!(" {}", "#".repeat(self.before + self.after + 5));
        }
        let all = format!("{}{}", number.whole, number.fraction);
        let first = all.find(|c| c != '0');
        let mut exponent: i64 = 0;
        let mut mantissa = "0".to_string();
        if let Some(first) = first {
            mantissa = all[first..].to_string();
            let whole = i64::try_from(number.whole.len()).unwrap_or(0);
            exponent = whole - 1 - i64::try_from(first).unwrap_or(0);
        }
        let (head, tail) = mantissa.split_at(1);
        let rounded = super::digits::of_text(&format!("{head}.{tail}")).rounded(self.after);
        let (head, carried) = match rounded.whole.len() {
            1 => (rounded.whole.clone(), 0),
            _ => ("1".to_string(), 1),
        };
        exponent += carried;
        let sign = if number.negative { '-' } else { ' ' };
        let point = if self.after > 0 { format!(".{}", rounded.fraction) } else { String::new() };
        let exponent_sign = if exponent < 0 { '-' } else { '+' };
        format!("{sign}{head}{point}e{exponent_sign}{:02}", exponent.unsigned_abs())
    }
}

fn syntax(message: &str) -> Error {
    Error::new(ErrorKind::InvalidInput, message).about(lakegate_base::Subject::Syntax)
}

fn roman(mut value: u32) -> String {
    const PARTS: [(u32, &str); 13] = [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    let mut out = String::new();
    for (worth, letters) in PARTS {
        while value >= worth {
            out.push_str(letters);
            value -= worth;
        }
    }
    out
}

/// `to_number(text, pattern)`, with as many digits behind the point as the pattern has.
pub fn to_number() -> Columns {
    columns(
        "to_number",
        |given| (given.len() == 2).then(|| vec![DataType::Utf8; 2]),
        |given| {
            let pattern = given.text(1).and_then(|p| Picture::parse(p).ok());
            let scale = pattern.map_or(Ok(10), |p| i8::try_from(p.after));
            plain(DataType::Decimal128(PRECISION, scale.unwrap_or(10)))
        },
        read,
    )
}

fn read(call: &Call<'_>) -> Result<ArrayRef> {
    let (texts, patterns) = (call.text(0)?, call.text(1)?);
    let DataType::Decimal128(precision, scale) = *call.result else {
        return Err(invalid("to_number gives a numeric"));
    };
    let mut memo = Memo::new();
    let values = texts.iter().zip(patterns.iter()).map(|pair| match pair {
        (Some(text), Some(pattern)) => {
            let picture = memo.get(pattern, Picture::parse)?;
            let places = usize::try_from(scale).unwrap_or(0);
            let number = picture.read(text)?.rounded(places);
            let digits = format!("{}{}", number.whole, number.fraction);
            let value: i128 = digits.parse().map_err(|_| invalid("numeric field overflow"))?;
            Ok(Some(if number.negative { -value } else { value }))
        }
        _ => Ok(None),
    });
    let array = values.collect::<Result<Decimal128Array>>()?;
    Ok(Arc::new(array.with_precision_and_scale(precision, scale)?))
}

impl Picture {
    /// Digits where the pattern has them; signs, points and groups as it allows.
    fn read(&self, text: &str) -> Result<Digits> {
        if self.is_roman || self.is_scientific {
            let what = if self.is_roman { "RN" } else { "EEEE" };
            return Err(external(Error::unsupported(format!("\"{what}\" in to_number"))));
        }
        let mut chars = text.chars().peekable();
        let (mut negative, mut number, mut seen_point) = (false, String::new(), false);
        for node in &self.nodes {
            match node {
                Node::Key(Key::Nine | Key::Zero | Key::Point) => {
                    while let Some(c) = chars.next_if(|c| matches!(c, ' ' | '-' | '+' | '<')) {
                        negative |= matches!(c, '-' | '<');
                    }
                    if let Some(digit) = chars.next_if(char::is_ascii_digit) {
                        number.push(digit);
                    } else if !seen_point && self.has_point && chars.next_if_eq(&'.').is_some() {
                        seen_point = true;
                        number.push('.');
                    }
                }
                Node::Key(Key::Comma | Key::Group) => drop(chars.next_if_eq(&',')),
                Node::Key(Key::Sign | Key::Minus | Key::Plus | Key::MinusPlus) => {
                    let sign = chars.next_if(|c| matches!(c, '-' | '+' | ' '));
                    negative |= sign == Some('-');
                }
                Node::Key(Key::Bracket) => drop(chars.next_if_eq(&'>')),
                Node::Key(Key::Currency | Key::Ordinal | Key::OrdinalLower) | Node::Text(_) => {
                    let _ = chars.next_if(|c| !c.is_ascii_digit() && !matches!(c, '.' | '-' | '+'));
                }
                Node::Key(_) => {}
            }
        }
        negative |= chars.next() == Some('-') && self.sign != SignPlace::None;
        if !number.bytes().any(|b| b.is_ascii_digit()) {
            let message = format!("invalid input syntax for type numeric: \"{text}\"");
            return Err(invalid(message));
        }
        Ok(Digits { negative, ..super::digits::of_text(&number) })
    }
}

#[cfg(test)]
mod tests {
    use super::Picture;
    use crate::functions::numbers::digits;

    // Expected values were printed by PostgreSQL 15.
    #[test]
    fn prints_as_postgres_does() {
        for (number, pattern, expected) in [
            ("1234567.891", "9,999,999.99", " 1,234,567.89"),
            ("12", "000", " 012"),
            ("-5", "S99", " -5"),
            ("0.5", "FM0.00", "0.50"),
            ("5", "RN", "              V"),
            ("-0.1", "99.99", "  -.10"),
            ("-0.1", "FM9.99", "-.1"),
            ("0.1", "0.9", " 0.1"),
            ("12", "9990999.9", "    0012.0"),
            ("12", "FM9990999.9", "0012."),
            ("485", "999", " 485"),
            ("-485", "999", "-485"),
            ("485", "9 9 9", " 4 8 5"),
            ("1485", "9,999", " 1,485"),
            ("148.5", "999.999", " 148.500"),
            ("148.5", "FM999.999", "148.5"),
            ("-485", "999S", "485-"),
            ("-485", "999MI", "485-"),
            ("485", "999MI", "485 "),
            ("485", "FM999MI", "485"),
            ("485", "PL999", "+ 485"),
            ("485", "SG999", "+485"),
            ("-485", "9SG99", "4-85"),
            ("-485", "999PR", "<485>"),
            ("485", "999th", " 485th"),
            ("12", "99V999", " 12000"),
            ("0.0004859", "9.99EEEE", " 4.86e-04"),
            ("1485", "99", " ##"),
        ] {
            let picture = Picture::parse(pattern).expect("a pattern");
            let printed = picture.print(&digits::of_text(number)).ok();
            assert_eq!(printed.as_deref(), Some(expected), "{number} {pattern}");
        }
    }
}
