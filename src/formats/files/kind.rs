//! What a file is, by its name or by its first bytes.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use lakegate_base::{Error, Location, Result};

use super::csv;

/// A kind of data file. Orc and Avro are known so that they are refused by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileKind {
    Parquet,
    Csv,
    Json,
    Text,
    Orc,
    Avro,
}

/// How a file is compressed as a whole, by its name. Parquet's own compression is not meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compression {
    None,
    Gzip,
}

impl FileKind {
    /// By extension, compression suffix aside. `.txt` and names without an extension say nothing: their
    /// bytes decide.
    pub fn of(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let stem = COMPRESSED.iter().find_map(|suffix| name.strip_suffix(suffix));
        let (_, extension) = stem.unwrap_or(&name).rsplit_once('.')?;
        match extension {
            "parquet" | "parq" | "pq" => Some(Self::Parquet),
            "csv" | "tsv" | "psv" => Some(Self::Csv),
            "json" | "jsonl" | "ndjson" => Some(Self::Json),
            "log" => Some(Self::Text),
            "orc" => Some(Self::Orc),
            "avro" => Some(Self::Avro),
            _ => None,
        }
    }

    /// By the first bytes, decompressed. `None`: neither a known format nor text.
    pub fn sniff(head: &[u8]) -> Option<Self> {
        for (magic, kind) in
            [(&b"PAR1"[..], Self::Parquet), (b"ORC", Self::Orc), (b"Obj\x01", Self::Avro)]
        {
            if head.starts_with(magic) {
                return Some(kind);
            }
        }
        let text = text_of(head)?;
        match text.trim_start().as_bytes().first()? {
            b'{' | b'[' => Some(Self::Json),
            _ if csv::delimiter(text.as_bytes()).is_some() => Some(Self::Csv),
            _ => Some(Self::Text),
        }
    }
}

/// The head as text; a character cut at its end is left out. `None` for binary data.
fn text_of(head: &[u8]) -> Option<&str> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(e) if e.error_len().is_none() => std::str::from_utf8(&head[..e.valid_up_to()]).ok()?,
        Err(_) => return None,
    };
    (!text.contains('\0')).then_some(text)
}

/// Suffixes of compressed files.
const COMPRESSED: [&str; 8] = [".gz", ".gzip", ".bz2", ".zst", ".zip", ".lz4", ".snappy", ".xz"];

impl Compression {
    /// By the name of a CSV, JSON or text file; any other compression than gzip is refused by name, and
    /// `.GZ`, too: readers tell by the small letters.
    pub fn of(location: &Location) -> Result<Self> {
        if location.name().ends_with(".gz") {
            return Ok(Self::Gzip);
        }
        let name = location.name().to_ascii_lowercase();
        match COMPRESSED.iter().find(|suffix| name.ends_with(**suffix)) {
            None => Ok(Self::None),
            Some(suffix) => {
                let what = format!("files compressed as \"{suffix}\" ({location})");
                Err(Error::unsupported(what).hint("Use gzip (.gz) or no compression."))
            }
        }
    }

    /// The name Glue gives it in `compressionType`.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
        }
    }

    /// The first `bytes_max` bytes of the content behind `head`, the first bytes of a file.
    pub(super) fn decode(
        self,
        head: &[u8],
        bytes_max: u64,
        location: &Location,
    ) -> Result<Vec<u8>> {
        if self == Self::None {
            let end = usize::try_from(bytes_max).map_or(head.len(), |max| max.min(head.len()));
            return Ok(head[..end].to_vec());
        }
        let mut content = Vec::new();
        let mut reader = MultiGzDecoder::new(head).take(bytes_max);
        match reader.read_to_end(&mut content) {
            Ok(_) => Ok(content),
            // The head ends in the middle of the stream: what came out so far is right.
            Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof && !content.is_empty() => {
                Ok(content)
            }
            Err(e) => Err(Error::corrupt(format!("{location} is not a gzip file")).source(e)),
        }
    }
}
