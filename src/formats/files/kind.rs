//! What a file is, by its name or by its first bytes.

use std::io::Read;

use bzip2::read::MultiBzDecoder;
use flate2::read::MultiGzDecoder;
use lakegate_base::{Error, Location, Result};
use liblzma::read::XzDecoder;

use super::csv;

const PACKED_HEAD_BYTES: u64 = 1 << 20;

/// A kind of data file.
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
    Bzip2,
    Zstandard,
    Xz,
}

impl FileKind {
    /// By extension, compression suffix aside. `.txt` and names without an extension say nothing: their
    /// bytes decide.
    pub fn of(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let stem = COMPRESSED.iter().find_map(|(suffix, _)| name.strip_suffix(suffix));
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

/// Suffixes of compressed files; the compression of those that are read.
const COMPRESSED: [(&str, Option<Compression>); 11] = [
    (".gz", Some(Compression::Gzip)),
    (".gzip", Some(Compression::Gzip)),
    (".bz2", Some(Compression::Bzip2)),
    (".zst", Some(Compression::Zstandard)),
    (".zstd", Some(Compression::Zstandard)),
    (".xz", Some(Compression::Xz)),
    (".zip", None),
    (".lz4", None),
    (".snappy", None),
    (".lzo", None),
    (".br", None),
];

impl Compression {
    /// By the name of a CSV, JSON or text file; compressions that are not read are refused by name.
    pub fn of(location: &Location) -> Result<Self> {
        let name = location.name().to_ascii_lowercase();
        match COMPRESSED.iter().find(|(suffix, _)| name.ends_with(suffix)) {
            None => Ok(Self::None),
            Some((_, Some(compression))) => Ok(*compression),
            Some((suffix, None)) => {
                let what = format!("files compressed as \"{suffix}\" ({location})");
                Err(Error::unsupported(what)
                    .hint("Use gzip (.gz), bzip2 (.bz2), Zstandard (.zst), xz or no compression."))
            }
        }
    }

    /// The name Glue gives it in `compressionType`.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Bzip2 => "bzip2",
            Self::Zstandard => "zstd",
            Self::Xz => "xz",
        }
    }

    /// Bytes of a file that give at least the first `bytes_max` of its content, or a good part of them: a
    /// block of bzip2 shows nothing before its end.
    pub(super) fn head_bytes(self, bytes_max: u64) -> u64 {
        if self == Self::None { bytes_max } else { bytes_max.max(PACKED_HEAD_BYTES) }
    }

    /// The first `bytes_max` bytes of the content behind `head`, the first bytes of a file.
    pub(super) fn decode(
        self,
        head: &[u8],
        bytes_max: u64,
        location: &Location,
    ) -> Result<Vec<u8>> {
        let damaged = |e: std::io::Error| {
            Error::corrupt(format!("{location} is not a {} file", self.name())).source(e)
        };
        let reader: Box<dyn Read + '_> = match self {
            Self::None => Box::new(head),
            Self::Gzip => Box::new(MultiGzDecoder::new(head)),
            Self::Bzip2 => Box::new(MultiBzDecoder::new(head)),
            Self::Zstandard => Box::new(zstd::stream::read::Decoder::new(head).map_err(damaged)?),
            Self::Xz => Box::new(XzDecoder::new_multi_decoder(head)),
        };
        let mut content = Vec::new();
        match reader.take(bytes_max).read_to_end(&mut content) {
            Ok(_) => Ok(content),
            // The head ends in the middle of the stream: what came out so far is right.
            Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof && !content.is_empty() => {
                Ok(content)
            }
            Err(e) => Err(damaged(e)),
        }
    }
}
