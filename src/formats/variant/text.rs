//! The texts of one batch, value by value. Times are ISO 8601, as Postgres has them in JSON; binary is
//! base64; decimals keep their digits; numbers that JSON has no word for are strings.

use std::fmt::{Debug, Write};

use arrow::array::{NullBufferBuilder, StringArray};
use arrow::buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta};
use lakegate_base::{Error, Result, Subject};

use super::damaged;

/// The text of a batch may have as many bytes, or [`GROWTH_MAX`] times those of the variants in it.
const BYTES_MAX: usize = 256 << 20;
const GROWTH_MAX: usize = 16;
/// What Arrow's texts reach.
const OFFSET_MAX: usize = 0x7fff_ffff;
const SCALE_MAX: u8 = 38;

pub struct Texts {
    text: Vec<u8>,
    bytes_max: usize,
    ends: Vec<i32>,
    valid: NullBufferBuilder,
}

impl Texts {
    /// `bytes` is what the variants take.
    pub fn new(rows: usize, bytes: usize) -> Self {
        let bytes_max = bytes.saturating_mul(GROWTH_MAX).clamp(BYTES_MAX, OFFSET_MAX);
        let mut ends = Vec::with_capacity(rows + 1);
        ends.push(0);
        Self { text: Vec::new(), bytes_max, ends, valid: NullBufferBuilder::new(rows) }
    }

    pub fn end(&mut self) {
        self.valid.append_non_null();
        self.mark();
    }

    pub fn end_null(&mut self) {
        self.valid.append_null();
        self.mark();
    }

    fn mark(&mut self) {
        self.ends.push(i32::try_from(self.text.len()).unwrap_or(i32::MAX));
    }

    pub fn finish(mut self) -> Result<StringArray> {
        let offsets = OffsetBuffer::new(ScalarBuffer::from(self.ends));
        StringArray::try_new(offsets, Buffer::from_vec(self.text), self.valid.finish())
            .map_err(|e| Error::internal("variants made no texts").source(e))
    }

    pub fn push(&mut self, text: &[u8]) -> Result<()> {
        if text.len() > self.bytes_max - self.text.len() {
            let text = format!("variants of more than {} bytes of JSON at once", self.bytes_max);
            return Err(Error::exhausted(text)
                .about(Subject::Memory)
                .hint("Leave the column out of the query, or ask for fewer rows."));
        }
        self.text.extend_from_slice(text);
        Ok(())
    }

    fn show(&mut self, text: impl std::fmt::Display) -> Result<()> {
        self.push(text.to_string().as_bytes())
    }

    /// What needs no escapes, between quotes.
    fn quoted(&mut self, text: impl std::fmt::Display) -> Result<()> {
        self.push(format!("\"{text}\"").as_bytes())
    }

    pub fn string(&mut self, text: &str) -> Result<()> {
        let plain = text.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\');
        if plain {
            self.push(b"\"")?;
            self.push(text.as_bytes())?;
            return self.push(b"\"");
        }
        let escaped = serde_json::to_vec(text);
        self.push(&escaped.map_err(|e| Error::internal("a text has no JSON").source(e))?)
    }

    pub fn bool(&mut self, value: bool) -> Result<()> {
        self.show(value)
    }

    pub fn whole(&mut self, value: i64) -> Result<()> {
        self.show(value)
    }

    pub fn float(&mut self, value: f32) -> Result<()> {
        if value.is_finite() { self.number(value) } else { self.special(value.into()) }
    }

    pub fn double(&mut self, value: f64) -> Result<()> {
        if value.is_finite() { self.number(value) } else { self.special(value) }
    }

    /// The shortest digits that give the same number back.
    fn number(&mut self, value: impl serde::Serialize) -> Result<()> {
        let text = serde_json::to_vec(&value);
        self.push(&text.map_err(|e| Error::internal("a number has no JSON").source(e))?)
    }

    fn special(&mut self, value: f64) -> Result<()> {
        self.quoted(match value {
            value if value.is_nan() => "NaN",
            value if value > 0.0 => "Infinity",
            _ => "-Infinity",
        })
    }

    pub fn decimal(&mut self, unscaled: i128, scale: u8) -> Result<()> {
        if scale > SCALE_MAX {
            return Err(damaged("a decimal of it has too large a scale"));
        }
        let scale = usize::from(scale);
        let digits = format!("{:0>width$}", unscaled.unsigned_abs(), width = scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        let (sign, point) = (if unscaled < 0 { "-" } else { "" }, if scale > 0 { "." } else { "" });
        self.show(format_args!("{sign}{whole}{point}{fraction}"))
    }

    pub fn binary(&mut self, bytes: &[u8]) -> Result<()> {
        self.quoted(STANDARD.encode(bytes))
    }

    pub fn uuid(&mut self, bytes: [u8; 16]) -> Result<()> {
        self.quoted(uuid::Uuid::from_bytes(bytes))
    }

    /// Days since 1970.
    pub fn date(&mut self, days: i32) -> Result<()> {
        let date = NaiveDate::default().checked_add_signed(TimeDelta::days(days.into()));
        self.quoted(date.ok_or_else(out_of_range)?)
    }

    /// Microseconds since midnight.
    pub fn time(&mut self, micros: i64) -> Result<()> {
        let seconds = u32::try_from(micros.div_euclid(1_000_000)).ok();
        let nanos = u32::try_from(micros.rem_euclid(1_000_000) * 1_000).ok();
        let time = seconds.zip(nanos);
        let time = time.and_then(|(s, n)| NaiveTime::from_num_seconds_from_midnight_opt(s, n));
        self.quoted(time.ok_or_else(out_of_range)?)
    }

    /// Since 1970; an instant has its offset beside it.
    pub fn micros(&mut self, micros: i64, is_instant: bool) -> Result<()> {
        let time = DateTime::from_timestamp_micros(micros);
        self.moment(time.ok_or_else(out_of_range)?.naive_utc(), is_instant)
    }

    pub fn nanos(&mut self, nanos: i64, is_instant: bool) -> Result<()> {
        self.moment(DateTime::from_timestamp_nanos(nanos).naive_utc(), is_instant)
    }

    fn moment(&mut self, time: impl Debug, is_instant: bool) -> Result<()> {
        let mut text = String::new();
        let offset = if is_instant { "+00:00" } else { "" };
        write!(text, "\"{time:?}{offset}\"")
            .map_err(|e| Error::internal("a time has no text").source(e))?;
        self.push(text.as_bytes())
    }
}

fn out_of_range() -> Error {
    Error::unsupported("dates and times in variants beyond the year 262142").about(Subject::Value)
}
