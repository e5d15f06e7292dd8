//! Finds the current metadata file of a table that no catalog points to.
//!
//! Writers without a catalog name a version in `metadata/version-hint.text` and number their files
//! (`v3.metadata.json`); tables of a catalog have `00003-<uuid>.metadata.json` and no hint. A hint may be
//! late: its writer died between the two files, so newer numbers win.

use futures::StreamExt;
use lakegate_base::{Error, Location, Result, Subject};
use lakegate_store::Stores;

use crate::TableSource;

const HINT_BYTES_MAX: u64 = 1024;
/// Commits that a hint may be late by.
const HINT_LATE_MAX: u64 = 1000;
/// Objects in the metadata folder that are looked at.
const LISTING_MAX: usize = 1_000_000;

/// The forms of a metadata file's name around its version.
const FORMS: [(&str, &str); 6] = [
    ("v", ".metadata.json"),
    ("v", ".gz.metadata.json"),
    ("v", ".metadata.json.gz"),
    ("", ".metadata.json"),
    ("", ".gz.metadata.json"),
    ("", ".metadata.json.gz"),
];

/// The current metadata file.
pub async fn current(stores: &Stores, source: &TableSource) -> Result<Location> {
    if let Some(location) = &source.metadata_location {
        return Ok(location.clone());
    }
    let folder = source.location.join("metadata")?;
    if let Some(hint) = read_hint(stores, &folder).await?
        && let Some(found) = by_hint(stores, &folder, &hint).await?
    {
        return Ok(found);
    }
    newest(stores, &folder).await
}

/// The word in the hint file, if there is one and it can be part of a file name.
async fn read_hint(stores: &Stores, folder: &Location) -> Result<Option<String>> {
    let bytes = match stores.read(&folder.join("version-hint.text")?, HINT_BYTES_MAX).await {
        Err(e) if e.is_not_found() => return Ok(None),
        read => read?,
    };
    let hint = String::from_utf8_lossy(&bytes).trim().to_string();
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    Ok((!hint.is_empty() && hint.chars().all(safe) && !hint.contains("..")).then_some(hint))
}

async fn by_hint(stores: &Stores, folder: &Location, hint: &str) -> Result<Option<Location>> {
    let Some((mut found, form)) = existing(stores, folder, hint).await? else { return Ok(None) };
    if let Ok(version) = hint.parse::<u64>() {
        for later in version.saturating_add(1)..version.saturating_add(HINT_LATE_MAX) {
            let next = folder.join(&format!("{}{later}{}", form.0, form.1))?;
            if !stores.exists(&next).await? {
                break;
            }
            found = next;
        }
    }
    Ok(Some(found))
}

/// The file that a hint names, and the form of its name.
async fn existing(
    stores: &Stores,
    folder: &Location,
    hint: &str,
) -> Result<Option<(Location, (&'static str, &'static str))>> {
    if version(hint).is_some() {
        let whole = folder.join(hint)?;
        if stores.exists(&whole).await? {
            return Ok(Some((whole, ("", ""))));
        }
    }
    for form in FORMS {
        let candidate = folder.join(&format!("{}{hint}{}", form.0, form.1))?;
        if stores.exists(&candidate).await? {
            return Ok(Some((candidate, form)));
        }
    }
    Ok(None)
}

/// The metadata file with the highest version in the folder.
async fn newest(stores: &Stores, folder: &Location) -> Result<Location> {
    let mut best: Option<(u64, String)> = None;
    let mut rival = None;
    let mut listing = stores.list(folder).await?.take(LISTING_MAX + 1).enumerate();
    while let Some((count, object)) = listing.next().await {
        if count == LISTING_MAX {
            let message = format!("{folder} has more than {LISTING_MAX} objects");
            return Err(Error::exhausted(message).hint("Name the metadata file in the catalog."));
        }
        let place = folder.with_path(object?.location.as_ref())?;
        let Some(name) = place.below(folder).filter(|name| !name.contains('/')) else { continue };
        let Some(version) = version(name) else { continue };
        match &best {
            Some((known, _)) if version < *known => {}
            Some((known, _)) if version == *known => rival = Some((version, name.to_string())),
            _ => best = Some((version, name.to_string())),
        }
    }
    let Some((version, name)) = best else {
        let message = format!("{folder} has no Iceberg metadata file");
        return Err(Error::new(lakegate_base::ErrorKind::NotFound, message)
            .about(Subject::Table)
            .hint("An Iceberg table has files like v3.metadata.json there: check the location."));
    };
    if let Some((same, other)) = rival
        && same == version
    {
        let message =
            format!("{folder} has two metadata files of version {version}: {name}, {other}");
        return Err(Error::corrupt(message).hint("Name the current metadata file in the catalog."));
    }
    folder.join(&name)
}

/// The version in a metadata file's name: 3 for `v3.metadata.json`, `00003-<uuid>.metadata.json` and their
/// gzip forms.
fn version(name: &str) -> Option<u64> {
    let stem = name.strip_suffix(".metadata.json.gz").or_else(|| {
        let stem = name.strip_suffix(".metadata.json")?;
        Some(stem.strip_suffix(".gz").unwrap_or(stem))
    })?;
    let (digits, _) = stem.split_once('-').unwrap_or((stem, ""));
    let digits = digits.strip_prefix('v').unwrap_or(digits);
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn reads_versions_of_every_form() {
        assert_eq!(version("v12.metadata.json"), Some(12));
        assert_eq!(version("00003-9c5e-aa.metadata.json"), Some(3));
        assert_eq!(version("v2.gz.metadata.json"), Some(2));
        assert_eq!(version("00007-9c5e.metadata.json.gz"), Some(7));
        for other in [
            "v3.1.metadata.json",
            "vfinal.metadata.json",
            "v3.json",
            ".metadata.json",
            "+3.metadata.json",
        ] {
            assert_eq!(version(other), None, "{other}");
        }
    }
}
