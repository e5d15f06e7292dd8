//! Masks of moments: Postgres' (`YYYY-MM-DD`) and MySQL's, which Athena's date_format and date_parse read
//! (`%Y-%m-%d`). Only what prints the same characters in both is translated.

/// Longer words first: the first that fits is taken.
const MASKS: [(&str, &str); 21] = [
    ("FMMonth", "%M"),
    ("FMHH24", "%k"),
    ("FMHH12", "%l"),
    ("FMDay", "%W"),
    ("FMMM", "%c"),
    ("FMDD", "%e"),
    ("FMHH", "%l"),
    ("YYYY", "%Y"),
    ("IYYY", "%x"),
    ("HH24", "%H"),
    ("HH12", "%h"),
    ("DDD", "%j"),
    ("Mon", "%b"),
    ("MM", "%m"),
    ("DD", "%d"),
    ("HH", "%h"),
    ("MI", "%i"),
    ("SS", "%s"),
    ("Dy", "%a"),
    ("AM", "%p"),
    ("PM", "%p"),
];

/// Masks that Athena spells in two ways.
const ATHENA_ALSO: [(&str, &str); 3] = [("%I", "HH12"), ("%S", "SS"), ("%v", "IW")];

/// A mask in MySQL's letters; None when a part has no exact counterpart.
pub fn to_mysql(mask: &str) -> Option<String> {
    let mut rest = mask;
    let mut written = String::new();
    while let Some(first) = rest.chars().next() {
        if let Some((word, letter)) = MASKS.iter().find(|(word, _)| rest.starts_with(word)) {
            // Four S are the seconds of the day.
            if rest.starts_with("SSSS") {
                return None;
            }
            written.push_str(letter);
            rest = &rest[word.len()..];
        } else if let Some(after) = rest.strip_prefix("IW") {
            written.push_str("%v");
            rest = after;
        } else if let Some(quoted) = rest.strip_prefix('"') {
            let (text, after) = quoted.split_once('"').filter(|(text, _)| !text.contains('\\'))?;
            written.push_str(&text.replace('%', "%%"));
            rest = after;
        } else if first.is_alphanumeric() || matches!(first, '\\' | '%') {
            return None;
        } else {
            written.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    Some(written)
}

/// A mask in Postgres' words; None when a part has no exact counterpart.
pub fn from_mysql(mask: &str) -> Option<String> {
    let mut written = String::new();
    let mut quoted = String::new();
    let mut letters = mask.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            match letter {
                '"' | '\\' => return None,
                _ if letter.is_alphanumeric() => quoted.push(letter),
                _ => {
                    flush(&mut quoted, &mut written);
                    written.push(letter);
                }
            }
            continue;
        }
        let key = format!("%{}", letters.next()?);
        if key == "%%" {
            quoted.push('%');
            continue;
        }
        flush(&mut quoted, &mut written);
        let next = if key == "%T" { "HH24:MI:SS" } else { word(&key)? };
        // DD and DDD side by side would be read as DDD and DD.
        if written.chars().last().is_some_and(|last| last.is_alphabetic() && next.starts_with(last))
        {
            return None;
        }
        written.push_str(next);
    }
    flush(&mut quoted, &mut written);
    Some(written)
}

/// Whether a mask in MySQL's letters says which day it reads: what is left out is 1970 there and 1 BC here,
/// and weeks and names of days are read by one side only.
pub fn reads_days(mask: &str) -> bool {
    let has = |letters: &[&str]| letters.iter().any(|letter| mask.contains(letter));
    has(&["%Y"]) && !has(&["%x", "%v", "%a", "%W", "%%"])
}

fn flush(quoted: &mut String, written: &mut String) {
    if !quoted.is_empty() {
        written.push_str(&format!("\"{quoted}\""));
        quoted.clear();
    }
}

/// `HH12` and not `HH`, and never a word that prints padded.
fn word(key: &str) -> Option<&'static str> {
    let also = ATHENA_ALSO.iter().find(|(letter, _)| *letter == key).map(|(_, word)| *word);
    also.or_else(|| MASKS.iter().find(|(_, letter)| *letter == key).map(|(word, _)| *word))
}
