//! Where a file of the table is now. Metadata names whole paths as they were when written; a table that
//! was copied, mounted elsewhere or written with relative paths is read where it stands.
//!
//! The rule: a path below the metadata's own `location` is below the table's real location. Any other must
//! be a whole URL, or a relative path from a folder above the table: the one where the metadata's location
//! (or the path itself, as far as possible) leads to the table. Paths are plain text, never
//! percent-decoded: a folder called `time=08%3A21` has that name.

use std::path::Path;

use lakegate_base::{Error, Location, Result};

#[derive(Debug)]
pub struct Paths {
    table: Location,
    /// The scheme and segments of the metadata's own location.
    written: (Option<String>, Vec<String>),
}

/// A path in segments. A scheme is absent where the text is a plain path; `file` counts as that.
struct Parts<'a> {
    scheme: Option<&'a str>,
    absolute: bool,
    segments: Vec<&'a str>,
}

impl Paths {
    /// `written` is the location in the metadata.
    pub fn new(table: &Location, written: &str) -> Self {
        let written = parts(written);
        let segments = written.segments.iter().map(|segment| (*segment).to_string()).collect();
        Self { table: table.clone(), written: (written.scheme.map(str::to_string), segments) }
    }

    pub fn table(&self) -> &Location {
        &self.table
    }

    pub fn resolve(&self, path: &str) -> Result<Location> {
        let parts = parts(path);
        if parts.segments.contains(&"..") {
            return Err(Error::corrupt(format!("the path {path} leads upwards")));
        }
        if let Some(below) = self.below(&parts) {
            return self.table.join(&below.join("/"));
        }
        match (parts.scheme, parts.absolute) {
            (None, true) => Location::local(Path::new(&format!("/{}", parts.segments.join("/")))),
            (None, false) => self.relative(path, &parts.segments),
            (Some("s3"), _) => Location::parse(&format!("s3://{}", parts.segments.join("/"))),
            (Some(scheme), _) => {
                Err(Error::unsupported(format!("files at {scheme}:// (the table names {path})")))
            }
        }
    }

    /// The place of a data file, which must be in the table's own store.
    pub fn resolve_data(&self, path: &str) -> Result<Location> {
        let location = self.resolve(path)?;
        if location.store_url() != self.table.store_url() {
            let what = format!("data files in another store than the table's ({location})");
            return Err(Error::unsupported(what));
        }
        Ok(location)
    }

    /// The segments below the written location. A table at the root of a store has no such prefix.
    fn below<'p>(&self, parts: &'p Parts<'p>) -> Option<&'p [&'p str]> {
        let (scheme, written) = &self.written;
        if parts.scheme != scheme.as_deref() || written.is_empty() {
            return None;
        }
        let (head, below) = parts.segments.split_at_checked(written.len())?;
        (!below.is_empty() && head == written.as_slice()).then_some(below)
    }

    fn relative(&self, path: &str, segments: &[&str]) -> Result<Location> {
        let table: Vec<&str> = self.table.path().split('/').collect();
        let (scheme, written) = &self.written;
        let written: Vec<&str> = written.iter().map(String::as_str).collect();
        let overlap = if scheme.is_none() && table.ends_with(&written) {
            Some(written.len())
        } else {
            (1..segments.len()).rev().find(|count| table.ends_with(&segments[..*count]))
        };
        let Some(overlap) = overlap.filter(|overlap| *overlap > 0) else {
            let message =
                format!("the relative path {path} is not below the table at {}", self.table);
            return Err(Error::corrupt(message)
                .hint("The table was moved, and its metadata does not say from where."));
        };
        let above = table[..table.len() - overlap].join("/");
        self.table.with_path(&above)?.join(&segments.join("/"))
    }
}

fn parts(text: &str) -> Parts<'_> {
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (Some(scheme), rest),
        None => text.strip_prefix("file:").map_or((None, text), |rest| (Some("file"), rest)),
    };
    let (scheme, rest) = match scheme {
        Some("file") => (None, rest.strip_prefix("localhost/").map_or(rest, |_| &rest[9..])),
        Some("s3a" | "s3n") => (Some("s3"), rest),
        other => (other, rest),
    };
    let segments = rest.split('/').filter(|segment| !matches!(*segment, "" | ".")).collect();
    Parts { scheme, absolute: rest.starts_with('/'), segments }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(table: &str, written: &str, path: &str) -> String {
        let table = Location::parse(table).expect("valid");
        let resolved = Paths::new(&table, written).resolve_data(path);
        resolved.map_or_else(|e| e.to_string(), |location| location.to_string())
    }

    #[test]
    fn rebases_paths_below_the_written_location() {
        let copied = |path| resolve("s3://new/t", "s3a://old/w/t/", path);
        assert_eq!(copied("s3://old/w/t/data/a.parquet"), "s3://new/t/data/a.parquet");
        assert_eq!(copied("s3n://new/other/a.parquet"), "s3://new/other/a.parquet");
        assert!(copied("s3://old/w/t2/a.parquet").contains("not supported: data files in another"));
        assert!(copied("gs://old/w/t/a.parquet").contains("not supported: files at gs://"));
        assert!(copied("s3://old/w/t/../x").contains("leads upwards"));
    }

    #[test]
    fn resolves_relative_paths() {
        let table = "/lake/db/t";
        assert_eq!(resolve(table, "./t", "t/data/a"), "file:///lake/db/t/data/a");
        assert_eq!(resolve(table, "file://db/t", "file://db/t/data/a"), "file:///lake/db/t/data/a");
        assert_eq!(resolve(table, "gs://bucket/x", "db/t/data/a"), "file:///lake/db/t/data/a");
        assert_eq!(resolve(table, "db/t", "db/other/a"), "file:///lake/db/other/a");
        assert!(resolve(table, "x", "elsewhere/a").contains("not below the table"));
    }

    #[test]
    fn takes_paths_as_they_stand() {
        let local = |path| resolve("/lake/t", "file:///lake/t", path);
        assert_eq!(local("file:/lake/t/at=08%3A21/a b"), "file:///lake/t/at=08%3A21/a b");
        assert_eq!(local("/elsewhere/a%20b"), "file:///elsewhere/a%20b");
        assert_eq!(local("file://localhost/lake/t/a"), "file:///lake/t/a");
    }
}
