//! Where a path of the log leads: the log has URLs, relative to the table or absolute.

use lakegate_base::{Location, Result};
use percent_encoding::percent_decode_str;

use super::error;

/// The place of a file, decoded. It may lie outside the table, but not in another store.
pub(super) fn place(table: &Location, path: &str) -> Result<Location> {
    let refused = |what: &str| error::unsupported(table, format!("file {path} {what}"));
    let decoded = percent_decode_str(path).decode_utf8();
    let decoded = decoded.map_err(|e| error::corrupt(table, format!("file {path}")).source(e))?;
    if !is_absolute(&decoded) {
        return table.join(&decoded).map_err(|e| refused("outside the table").source(e));
    }
    let place = match decoded.strip_prefix("file:") {
        Some(rest) => {
            let rest = rest.strip_prefix("//").unwrap_or(rest);
            Location::parse("file:///").and_then(|root| root.join(rest))
        }
        None if decoded.starts_with('/') => table.with_path(&decoded),
        None => Location::parse(&decoded),
    };
    let place = place.map_err(|e| refused("at a place Lakegate cannot read").source(e))?;
    if place.store_url() != table.store_url() {
        return Err(refused("in another bucket than its table"));
    }
    Ok(place)
}

pub(super) fn is_absolute(path: &str) -> bool {
    path.starts_with('/') || has_scheme(path)
}

/// `s3://…`, `file:/…`: a URL scheme before any slash. A colon alone may be part of a name.
fn has_scheme(path: &str) -> bool {
    path.split_once(":/").is_some_and(|(scheme, _)| {
        scheme.len() > 1 && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    })
}
