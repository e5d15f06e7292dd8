//! Masks of moments: Postgres' (`YYYY-MM-DD`) and MySQL's, which Athena's date_format and date_parse read
//! (`%Y-%m-%d`). Only what prints the same characters in both is translated.

/// Longer words first: the first that fits is taken.
const MASKS: [(&str, &str); 22] = [
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
    ("US", "%f"),
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
            written.push_str(letter);
            rest = &rest[word.len()..];
        } else if let Some(after) = rest.strip_prefix("IW") {
            written.push_str("%v");
            rest = after;
        } else if let Some(quoted) = rest.strip_prefix('"') {
            let (text, after) = quoted.split_once('"')?;
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
        match key.as_str() {
            "%T" => written.push_str("HH24:MI:SS"),
            "%p" => written.push_str("AM"),
            _ => written.push_str(word(&key)?),
        }
    }
    flush(&mut quoted, &mut written);
    Some(written)
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
