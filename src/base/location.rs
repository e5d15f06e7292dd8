//! A place in the lake: `s3://bucket/key` or `file:///absolute/path`, normalised.

use std::fmt;
use std::path::{Component, Path, PathBuf};

use percent_encoding::percent_decode_str;

use crate::{Error, Result};

/// A normalised place: no `..`, no empty segments, no trailing slash. The path is decoded text, not a URL:
/// `s3://b/a b` stays `a b`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Location {
    scheme: Scheme,
    /// The bucket; empty for local files.
    authority: String,
    /// Without a leading slash.
    path: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Scheme {
    File,
    S3,
}

impl Location {
    /// Accepts `s3://`, `s3a://`, `s3n://`, `file:` URLs and plain local paths (made absolute against the
    /// working directory). Only `file:` URLs are percent-decoded: object keys are taken as they stand.
    pub fn parse(text: &str) -> Result<Self> {
        for prefix in ["s3://", "s3a://", "s3n://"] {
            if let Some(rest) = text.strip_prefix(prefix) {
                return Self::s3(rest).ok_or_else(|| invalid(text));
            }
        }
        if let Some(rest) = text.strip_prefix("file:") {
            let path = rest.strip_prefix("//").unwrap_or(rest);
            let path = path.strip_prefix("localhost").unwrap_or(path);
            let path = percent_decode_str(path).decode_utf8().map_err(|_| invalid(text))?;
            return Self::local(Path::new(path.as_ref()));
        }
        if text.contains("://") || text.is_empty() {
            return Err(invalid(text));
        }
        Self::local(Path::new(text))
    }

    fn s3(rest: &str) -> Option<Self> {
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        let path = normalise(key)?;
        let valid = !bucket.is_empty() && !bucket.contains(['@', ':', '?', '#']);
        valid.then(|| Self { scheme: Scheme::S3, authority: bucket.to_string(), path })
    }

    /// A local path, made absolute; `.` and `..` are resolved without touching the disk.
    pub fn local(path: &Path) -> Result<Self> {
        let shown = path.display().to_string();
        let absolute = std::path::absolute(path).map_err(|e| invalid(&shown).source(e))?;
        let mut clean = PathBuf::new();
        for component in absolute.components() {
            match component {
                Component::ParentDir => drop(clean.pop()),
                Component::CurDir => {}
                other => clean.push(other),
            }
        }
        let text = clean.to_str().ok_or_else(|| invalid(&shown))?;
        let path = text.trim_matches('/').to_string();
        Ok(Self { scheme: Scheme::File, authority: String::new(), path })
    }

    pub fn is_local(&self) -> bool {
        self.scheme == Scheme::File
    }

    /// `s3` or `file`.
    pub fn scheme(&self) -> &'static str {
        match self.scheme {
            Scheme::File => "file",
            Scheme::S3 => "s3",
        }
    }

    /// The bucket; empty for local files.
    pub fn bucket(&self) -> &str {
        &self.authority
    }

    /// The key in the bucket, or the absolute local path without its leading slash.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The store this place lives in: `s3://bucket` or `file://`.
    pub fn store_url(&self) -> String {
        format!("{}://{}", self.scheme(), self.authority)
    }

    /// The last segment of the path, or the bucket.
    pub fn name(&self) -> &str {
        let last = self.path.rsplit('/').next().unwrap_or_default();
        if last.is_empty() { &self.authority } else { last }
    }

    /// The local path, for local places.
    pub fn local_path(&self) -> Option<PathBuf> {
        self.is_local().then(|| PathBuf::from(format!("/{}", self.path)))
    }

    /// A place below this one. Refuses `..`.
    pub fn join(&self, relative: &str) -> Result<Self> {
        let path =
            normalise(&format!("{}/{relative}", self.path)).ok_or_else(|| invalid(relative))?;
        Ok(Self { path, ..self.clone() })
    }

    /// Another place in the same store, by its whole path.
    pub fn with_path(&self, path: &str) -> Result<Self> {
        Ok(Self { path: normalise(path).ok_or_else(|| invalid(path))?, ..self.clone() })
    }

    pub fn parent(&self) -> Option<Self> {
        if self.path.is_empty() {
            return None;
        }
        let path = self.path.rsplit_once('/').map_or("", |(parent, _)| parent).to_string();
        Some(Self { path, ..self.clone() })
    }

    /// True when this place is `root` or below it, by whole segments.
    pub fn is_within(&self, root: &Self) -> bool {
        self.below(root).is_some()
    }

    /// The path relative to `root`, when within it.
    pub fn below<'a>(&'a self, root: &Self) -> Option<&'a str> {
        if self.scheme != root.scheme || self.authority != root.authority {
            return None;
        }
        if root.path.is_empty() {
            return Some(&self.path);
        }
        let rest = self.path.strip_prefix(&root.path)?;
        if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
    }
}

/// Joins segments with single slashes; none when a segment is `..`.
fn normalise(path: &str) -> Option<String> {
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => return None,
            _ if segment.contains('\0') => return None,
            other => segments.push(other),
        }
    }
    Some(segments.join("/"))
}

fn invalid(text: &str) -> Error {
    Error::invalid(format!("\"{text}\" is not a location Lakegate can read"))
        .hint("Use s3://BUCKET/PREFIX, file:///PATH or a local path.")
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.scheme {
            Scheme::File => write!(f, "file:///{}", self.path),
            Scheme::S3 if self.path.is_empty() => write!(f, "s3://{}", self.authority),
            Scheme::S3 => write!(f, "s3://{}/{}", self.authority, self.path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Location;

    fn show(text: &str) -> String {
        Location::parse(text).map_or_else(|e| e.to_string(), |l| l.to_string())
    }

    #[test]
    fn parses_and_normalises() {
        assert_eq!(show("s3a://b//k/./x/"), "s3://b/k/x");
        assert_eq!(show("file:///a%20b/c"), "file:///a b/c");
        assert_eq!(show("file:/a/../c"), "file:///c");
        assert_eq!(show("s3://b"), "s3://b");
        assert!(show("s3://b/../x").contains("not a location"));
        assert!(show("http://169.254.169.254/").contains("not a location"));
    }

    #[test]
    fn contains_by_whole_segments() {
        let root = Location::parse("s3://b/lake").expect("valid");
        let inside = |text: &str| Location::parse(text).expect("valid").is_within(&root);
        assert!(inside("s3://b/lake") && inside("s3://b/lake/x"));
        assert!(!inside("s3://b/lake2/x") && !inside("s3://c/lake/x"));
    }
}
