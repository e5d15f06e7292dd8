//! The binary encoding of variants. Lists and objects wait on a stack of ours, not the thread's; every part
//! pays with its own bytes, so that one stored once and referred to many times is found out.

use super::text::Texts;
use super::{DEPTH_MAX, damaged, too_deep};
use lakegate_base::Result;

/// The names that the fields of one variant have, by their number.
#[derive(Clone, Copy)]
pub struct Names<'a> {
    ends: Numbers<'a>,
    texts: &'a [u8],
}

impl<'a> Names<'a> {
    pub fn parse(bytes: &'a [u8]) -> Result<Self> {
        let (head, rest) = split(bytes, 1)?;
        if head[0] & 0x0f != 1 {
            return Err(damaged("its metadata is of another version"));
        }
        let width = usize::from(head[0] >> 6) + 1;
        let (count, rest) = split(rest, width)?;
        let (ends, texts) = numbers(rest, number(count), width, 1)?;
        Ok(Self { ends, texts })
    }

    fn get(&self, at: usize) -> Result<&'a str> {
        let bytes = self.texts.get(self.ends.get(at)?..self.ends.get(at + 1)?);
        let bytes = bytes.ok_or_else(|| damaged("the name of a field lies outside"))?;
        std::str::from_utf8(bytes).map_err(|e| damaged("the name of a field is no text").source(e))
    }
}

/// Little-endian numbers of one width.
#[derive(Clone, Copy)]
struct Numbers<'a> {
    bytes: &'a [u8],
    width: usize,
}

impl Numbers<'_> {
    fn get(&self, at: usize) -> Result<usize> {
        let start = at.checked_mul(self.width);
        let bytes = start.and_then(|start| self.bytes.get(start..start.checked_add(self.width)?));
        bytes.map(number).ok_or_else(|| damaged("it refers to a part that it lacks"))
    }
}

/// `count + extra` numbers, and what follows them.
fn numbers(bytes: &[u8], count: usize, width: usize, extra: usize) -> Result<(Numbers<'_>, &[u8])> {
    let length = count.checked_add(extra).and_then(|count| count.checked_mul(width));
    let (bytes, rest) = split(bytes, length.unwrap_or(usize::MAX))?;
    Ok((Numbers { bytes, width }, rest))
}

/// At most four bytes.
fn number(bytes: &[u8]) -> usize {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte))
}

fn split(bytes: &[u8], length: usize) -> Result<(&[u8], &[u8])> {
    bytes.split_at_checked(length).ok_or_else(|| damaged("it is cut short"))
}

/// The first bytes as an array, for numbers of fixed width.
fn first<const N: usize>(bytes: &[u8]) -> Result<[u8; N]> {
    bytes.first_chunk().copied().ok_or_else(|| damaged("it is cut short"))
}

/// A list or an object, some of its parts read.
pub struct Parts<'a> {
    /// By part: the number of its name. None for a list.
    names: Option<Numbers<'a>>,
    starts: Numbers<'a>,
    bytes: &'a [u8],
    count: usize,
    next: usize,
}

impl<'a> Parts<'a> {
    pub fn count(&self) -> usize {
        self.count
    }

    pub fn name(&self, names: &Names<'a>, at: usize) -> Result<Option<&'a str>> {
        self.names.map(|numbers| names.get(numbers.get(at)?)).transpose()
    }

    /// The bytes from a part's start; where it ends, it says itself.
    pub fn part(&self, at: usize) -> Result<&'a [u8]> {
        let part = self.bytes.get(self.starts.get(at)?..);
        part.ok_or_else(|| damaged("a part of it lies outside"))
    }
}

/// Reads one `value`.
pub struct Reader<'a> {
    names: Names<'a>,
    /// Bytes that no part has paid for.
    left: usize,
}

impl<'a> Reader<'a> {
    pub fn new(names: Names<'a>, value: &[u8]) -> Self {
        Self { names, left: value.len() }
    }

    /// Writes the variant that begins here, in lists and objects of so many levels.
    pub fn write(&mut self, value: &'a [u8], depth: usize, out: &mut Texts) -> Result<()> {
        let mut open: Vec<Parts<'a>> = Vec::new();
        let mut next = Some(value);
        loop {
            if let Some(value) = next.take()
                && let Some(parts) = self.step(value, out)?
            {
                if depth + open.len() >= DEPTH_MAX {
                    return Err(too_deep());
                }
                out.push(if parts.names.is_some() { b"{" } else { b"[" })?;
                open.push(parts);
            }
            let Some(parts) = open.last_mut() else { return Ok(()) };
            if parts.next == parts.count {
                out.push(if parts.names.is_some() { b"}" } else { b"]" })?;
                open.pop();
                continue;
            }
            if parts.next > 0 {
                out.push(b",")?;
            }
            if let Some(name) = parts.name(&self.names, parts.next)? {
                out.string(name)?;
                out.push(b":")?;
            }
            next = Some(parts.part(parts.next)?);
            parts.next += 1;
        }
    }

    /// Writes a value that has no parts; answers the parts of another.
    fn step(&mut self, value: &'a [u8], out: &mut Texts) -> Result<Option<Parts<'a>>> {
        let (head, rest) = split(value, 1)?;
        let (kind, detail) = (head[0] & 3, head[0] >> 2);
        let length = match kind {
            0 => primitive(detail, rest, out)?,
            1 => {
                let length = usize::from(detail);
                out.string(utf8(split(rest, length)?.0)?)?;
                length
            }
            _ => return self.parts(value).map(Some),
        };
        self.pay(1 + length)?;
        Ok(None)
    }

    /// The parts of an object; none of any other value.
    pub fn object(&mut self, value: &'a [u8]) -> Result<Option<Parts<'a>>> {
        if value.first().is_some_and(|head| head & 3 == 2) {
            self.parts(value).map(Some)
        } else {
            Ok(None)
        }
    }

    fn parts(&mut self, value: &'a [u8]) -> Result<Parts<'a>> {
        let (head, rest) = split(value, 1)?;
        let detail = head[0] >> 2;
        let is_object = head[0] & 3 == 2;
        let start_width = usize::from(detail & 3) + 1;
        let name_width = usize::from(detail >> 2 & 3) + 1;
        let is_large = detail & (if is_object { 0x10 } else { 4 }) != 0;
        let (count, rest) = split(rest, if is_large { 4 } else { 1 })?;
        let count = number(count);
        let (names, rest) = match is_object {
            true => numbers(rest, count, name_width, 0).map(|(ids, rest)| (Some(ids), rest))?,
            false => (None, rest),
        };
        let (starts, bytes) = numbers(rest, count, start_width, 1)?;
        self.pay(value.len() - bytes.len())?;
        let bytes = bytes.get(..starts.get(count)?);
        let bytes = bytes.ok_or_else(|| damaged("it is cut short"))?;
        Ok(Parts { names, starts, bytes, count, next: 0 })
    }

    fn pay(&mut self, bytes: usize) -> Result<()> {
        let left = self.left.checked_sub(bytes);
        self.left = left.ok_or_else(|| damaged("parts of it lie in each other"))?;
        Ok(())
    }
}

fn utf8(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(|e| damaged("a string in it is not UTF-8").source(e))
}

/// Writes a primitive and answers its length.
fn primitive(kind: u8, bytes: &[u8], out: &mut Texts) -> Result<usize> {
    let long = |bytes| first(bytes).map(i64::from_le_bytes);
    match kind {
        0 => out.push(b"null").map(|()| 0),
        1 => out.push(b"true").map(|()| 0),
        2 => out.push(b"false").map(|()| 0),
        3 => out.whole(i8::from_le_bytes(first(bytes)?).into()).map(|()| 1),
        4 => out.whole(i16::from_le_bytes(first(bytes)?).into()).map(|()| 2),
        5 => out.whole(i32::from_le_bytes(first(bytes)?).into()).map(|()| 4),
        6 => out.whole(long(bytes)?).map(|()| 8),
        7 => out.double(f64::from_le_bytes(first(bytes)?)).map(|()| 8),
        8..=10 => decimal(kind, bytes, out),
        11 => out.date(i32::from_le_bytes(first(bytes)?)).map(|()| 4),
        12 => out.micros(long(bytes)?, true).map(|()| 8),
        13 => out.micros(long(bytes)?, false).map(|()| 8),
        14 => out.float(f32::from_le_bytes(first(bytes)?)).map(|()| 4),
        15 | 16 => {
            let (length, rest) = split(bytes, 4)?;
            let (bytes, _) = split(rest, number(length))?;
            match kind {
                15 => out.binary(bytes)?,
                _ => out.string(utf8(bytes)?)?,
            }
            Ok(4 + bytes.len())
        }
        17 => out.time(long(bytes)?).map(|()| 8),
        18 => out.nanos(long(bytes)?, true).map(|()| 8),
        19 => out.nanos(long(bytes)?, false).map(|()| 8),
        20 => out.uuid(first(bytes)?).map(|()| 16),
        other => Err(lakegate_base::Error::unsupported(format!("variants of type {other}"))),
    }
}

/// A byte of scale, then the unscaled number.
fn decimal(kind: u8, bytes: &[u8], out: &mut Texts) -> Result<usize> {
    let (scale, rest) = split(bytes, 1)?;
    let (unscaled, length) = match kind {
        8 => (i32::from_le_bytes(first(rest)?).into(), 5),
        9 => (i64::from_le_bytes(first(rest)?).into(), 9),
        _ => (i128::from_le_bytes(first(rest)?), 17),
    };
    out.decimal(unscaled, scale[0]).map(|()| length)
}
