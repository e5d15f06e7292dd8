//! Names of the tables a crawler finds: the folder's name in letters, digits and underscores, lower case,
//! with the target's prefix. Two folders of one name are told apart by a digest of their place.

use lakegate_base::Location;
use sha2::{Digest, Sha256};

const NAME_CHARS_MAX: usize = 128;
const SUFFIX_BYTES: usize = 4;

/// The name for a table at `location`, unless someone else has it.
pub(crate) fn table_name(prefix: &str, location: &Location) -> String {
    let mut name = sanitise(&format!("{prefix}{}", location.name()));
    name.truncate(NAME_CHARS_MAX);
    name
}

/// The same name, made unique by the place.
pub(crate) fn distinct_name(name: &str, location: &Location) -> String {
    let suffix = hex(&Sha256::digest(location.to_string())[..SUFFIX_BYTES]);
    let room = NAME_CHARS_MAX - suffix.len() - 1;
    format!("{}_{suffix}", &name[..name.len().min(room)])
}

/// ASCII only, so that every byte is a character.
pub(crate) fn sanitise(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let name: String = text.chars().map(plain).collect();
    if name.is_empty() { "_".to_string() } else { name }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_short_and_distinct() {
        let place = |text: &str| Location::parse(text).expect("valid");
        assert_eq!(table_name("raw_", &place("s3://b/x/Ärger & Co.csv")), "raw__rger___co_csv");
        let long = place(&format!("s3://b/{}", "x".repeat(300)));
        let name = table_name("", &long);
        assert_eq!(name.len(), 128);
        let distinct = distinct_name(&name, &long);
        assert_eq!(distinct.len(), 128);
        assert_ne!(distinct, distinct_name(&name, &place("s3://b/other")));
    }
}
