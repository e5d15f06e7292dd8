//! Lists as Postgres arrays of one dimension.

use bytes::{BufMut, BytesMut};

use crate::error::{Report, Result};
use crate::output::{IncludeLength, sized};
use crate::types::oid::{self, Kind};
use crate::types::source::Values;
use crate::types::{Zone, binary, text};

/// The items of one list.
pub(crate) struct Span<'a> {
    pub items: &'a Values,
    pub start: usize,
    pub end: usize,
}

/// `{a,"b c",NULL}`; the vectors of the system catalog have spaces and no braces.
pub(crate) fn write_text(
    span: &Span<'_>,
    kind: Kind,
    zone: &Zone,
    out: &mut BytesMut,
) -> Result<()> {
    let vector = vector_item(kind);
    let item = vector.unwrap_or(Kind::scalar(kind.base));
    let separator = if vector.is_some() { b" " } else { b"," };
    if vector.is_none() {
        out.extend_from_slice(b"{");
    }
    let mut scratch = BytesMut::new();
    for row in span.start..span.end {
        if row > span.start {
            out.extend_from_slice(separator);
        }
        match span.items.get(row)? {
            None => out.extend_from_slice(b"NULL"),
            Some(value) => {
                scratch.clear();
                text::write(&value, item, zone, &mut scratch)?;
                quote(&scratch, out);
            }
        }
    }
    if vector.is_none() {
        out.extend_from_slice(b"}");
    }
    Ok(())
}

fn quote(item: &[u8], out: &mut BytesMut) {
    let special = |byte: &u8| matches!(byte, b'{' | b'}' | b',' | b'"' | b'\\' | b' ' | 9..=13);
    if !item.is_empty() && !item.iter().any(special) && !item.eq_ignore_ascii_case(b"null") {
        out.extend_from_slice(item);
        return;
    }
    out.put_u8(b'"');
    for byte in item {
        if matches!(byte, b'"' | b'\\') {
            out.put_u8(b'\\');
        }
        out.put_u8(*byte);
    }
    out.put_u8(b'"');
}

pub(crate) fn write_binary(
    span: &Span<'_>,
    kind: Kind,
    zone: &Zone,
    out: &mut BytesMut,
) -> Result<()> {
    let vector = vector_item(kind);
    let item = vector.unwrap_or(Kind::scalar(kind.base));
    let count = i32::try_from(span.end - span.start)
        .map_err(|_| Report::new("54000", "array size exceeds the maximum allowed"))?;
    let mut has_null = false;
    for row in span.start..span.end {
        has_null |= span.items.get(row)?.is_none();
    }
    // An empty array has no dimension at all; a vector always has one, counted from 0.
    out.put_i32(i32::from(count > 0 || vector.is_some()));
    out.put_i32(i32::from(has_null));
    out.put_u32(item.oid());
    if count > 0 || vector.is_some() {
        out.put_i32(count);
        out.put_i32(i32::from(vector.is_none()));
    }
    for row in span.start..span.end {
        match span.items.get(row)? {
            None => out.put_i32(-1),
            Some(value) => {
                sized(out, IncludeLength::No, |out| binary::write(&value, item, zone, out))?;
            }
        }
    }
    Ok(())
}

fn vector_item(kind: Kind) -> Option<Kind> {
    match kind.base.oid {
        _ if kind.is_array => None,
        22 => Some(Kind::scalar(&oid::INT2)),
        30 => Some(Kind::scalar(&oid::OID)),
        _ => None,
    }
}

/// A vector given as text: `1 2 3`.
pub(crate) fn write_vector_text(text: &str, kind: Kind, out: &mut BytesMut) -> Result<()> {
    let item = vector_item(kind).ok_or_else(|| Report::internal("not a vector type"))?;
    let words: Vec<&str> = text.split_whitespace().collect();
    let count = i32::try_from(words.len())
        .map_err(|_| Report::new("54000", "array size exceeds the maximum allowed"))?;
    out.put_i32(1);
    out.put_i32(0);
    out.put_u32(item.oid());
    out.put_i32(count);
    out.put_i32(0);
    for word in words {
        let invalid = || Report::new("22P02", format!("invalid input syntax: \"{word}\""));
        if item.base == &oid::INT2 {
            out.put_i32(2);
            out.put_i16(word.parse().map_err(|_| invalid())?);
        } else {
            out.put_i32(4);
            out.put_u32(word.parse().map_err(|_| invalid())?);
        }
    }
    Ok(())
}
