//! Deletion vectors as the log has them: where the bitmap of a file's deleted rows stands.

use bytes::Bytes;
use lakegate_base::{Location, Result};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::error;
use super::place::{is_absolute, place};
use crate::{Framing, PositionDeletes};

/// What stands around a vector in a file: its length and its checksum.
const FRAME_BYTES: u64 = 8;
/// The first byte of a file of vectors is its version; the first vector follows.
const FIRST_OFFSET: i64 = 1;
/// A UUID in base 85.
const UUID_CHARS: usize = 20;

const ALPHABET: &[u8; 85] =
    b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

/// The `deletionVector` of an action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Descriptor {
    pub storage_type: String,
    pub path_or_inline_dv: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<i64>,
    pub size_in_bytes: i64,
    pub cardinality: i64,
}

impl Descriptor {
    /// What it deletes from `file`, a path for messages.
    pub(super) fn deletes(&self, table: &Location, file: &str) -> Result<PositionDeletes> {
        let damaged =
            |what: &str| error::corrupt(table, format!("the deletion vector of {file} {what}"));
        let rows = u64::try_from(self.cardinality).map_err(|_| damaged("has no count"))?;
        let size = u64::try_from(self.size_in_bytes).map_err(|_| damaged("has no size"))?;
        let location = match self.storage_type.as_str() {
            "i" => {
                let bitmap = self.inline(size).ok_or_else(|| damaged("cannot be read"))?;
                return Ok(PositionDeletes::Inline { bitmap, rows });
            }
            "u" => {
                let name = self.relative_path().ok_or_else(|| damaged("has no valid name"))?;
                table.join(&name).map_err(|e| damaged("has no valid name").source(e))?
            }
            "p" if is_absolute(&self.path_or_inline_dv) => place(table, &self.path_or_inline_dv)?,
            "p" => return Err(damaged("has no absolute path")),
            other => {
                let what = format!("deletion vectors of storage type \"{other}\"");
                return Err(error::unsupported(table, what));
            }
        };
        let offset = self.offset.unwrap_or(FIRST_OFFSET);
        let offset = u64::try_from(offset).map_err(|_| damaged("has no valid offset"))?;
        let bytes = size.checked_add(FRAME_BYTES).ok_or_else(|| damaged("has no valid size"))?;
        Ok(PositionDeletes::Vector { location, offset, bytes, framing: Framing::Delta, rows })
    }

    /// The bytes themselves. Base 85 fills them up to a multiple of four.
    fn inline(&self, size: u64) -> Option<Bytes> {
        let size = usize::try_from(size).ok()?;
        let mut bytes = base85(self.path_or_inline_dv.as_bytes())?;
        if bytes.len() != size.checked_next_multiple_of(4)? {
            return None;
        }
        bytes.truncate(size);
        Some(bytes.into())
    }

    /// A folder, when there is one, and the UUID the file is named by.
    fn relative_path(&self) -> Option<String> {
        let split = self.path_or_inline_dv.len().checked_sub(UUID_CHARS)?;
        let (prefix, id) = self.path_or_inline_dv.split_at_checked(split)?;
        let id = Uuid::from_slice(&base85(id.as_bytes())?).ok()?;
        let name = format!("deletion_vector_{id}.bin");
        Some(if prefix.is_empty() { name } else { format!("{prefix}/{name}") })
    }
}

/// ZeroMQ's base 85 (<https://rfc.zeromq.org/spec/32/>): five characters are four bytes.
fn base85(text: &[u8]) -> Option<Vec<u8>> {
    let (chunks, []) = text.as_chunks::<5>() else { return None };
    let mut bytes = Vec::with_capacity(chunks.len() * 4);
    for chunk in chunks {
        let mut value = 0u32;
        for char in chunk {
            let digit = ALPHABET.iter().position(|known| known == char)?;
            value = value.checked_mul(85)?.checked_add(u32::try_from(digit).ok()?)?;
        }
        bytes.extend(value.to_be_bytes());
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use lakegate_base::ErrorKind;

    use super::*;

    fn of(storage: &str, path: &str, size: i64) -> Descriptor {
        Descriptor {
            storage_type: storage.to_string(),
            path_or_inline_dv: path.to_string(),
            offset: None,
            size_in_bytes: size,
            cardinality: 6,
        }
    }

    fn table() -> Location {
        Location::parse("s3://b/t").expect("a location")
    }

    /// Names as in the examples of Delta's protocol, and a vector its own readers are tested with.
    #[test]
    fn names_and_bytes_are_as_the_protocol_says() {
        let vector = of("u", "ab^-aqEH.-t@S}K{vb[*k^", 40);
        let PositionDeletes::Vector { location, offset, bytes, .. } =
            vector.deletes(&table(), "f").expect("a place")
        else {
            unreachable!("in a file");
        };
        let name = "s3://b/t/ab/deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin";
        assert_eq!((location.to_string().as_str(), offset, bytes), (name, 1, 48));
        let inline = "^Bg9^0rr910000000000iXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L";
        let PositionDeletes::Inline { bitmap, rows } =
            of("i", inline, 44).deletes(&table(), "f").expect("bytes")
        else {
            unreachable!("inline");
        };
        let positions = crate::bitmap::decode_inline(&bitmap).expect("a bitmap");
        assert_eq!(positions.into_iter().collect::<Vec<_>>(), [3, 4, 7, 11, 18, 29]);
        assert_eq!(rows, 6);
        // The protocol's own example is of a form that no reader takes.
        let native = "wi5b=000010000siXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L";
        let bytes = of("i", native, 40).inline(40).expect("bytes");
        crate::bitmap::decode_inline(&bytes).expect_err("another form");
    }

    #[test]
    fn hostile_vectors_are_refused() {
        let uuid = "vBn[lx{q8@P<9BNH/isA";
        let cases = [
            (of("u", "short", 40), ErrorKind::Corrupt),
            (of("u", &format!("../x{uuid}"), 40), ErrorKind::Corrupt),
            (of("u", "ääääääääääääääääääää", 40), ErrorKind::Corrupt),
            (of("u", uuid, -1), ErrorKind::Corrupt),
            (of("i", "%%%%%", 4), ErrorKind::Corrupt),
            (of("i", "00000", 400), ErrorKind::Corrupt),
            (of("p", "relative.bin", 40), ErrorKind::Corrupt),
            (of("p", "s3://other/x.bin", 40), ErrorKind::Unsupported),
            (of("x", uuid, 40), ErrorKind::Unsupported),
            (Descriptor { offset: Some(-1), ..of("u", uuid, 40) }, ErrorKind::Corrupt),
            (Descriptor { cardinality: -1, ..of("u", uuid, 40) }, ErrorKind::Corrupt),
        ];
        for (vector, kind) in cases {
            let error = vector.deletes(&table(), "f").expect_err("refused");
            assert_eq!(error.kind(), kind, "{vector:?}: {error}");
        }
    }
}
