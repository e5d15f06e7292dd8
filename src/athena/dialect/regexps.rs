//! Regular expressions that mean the same to Postgres and to Java, whose syntax Athena reads. Postgres finds
//! the longest match and Java the first that fits, `.` and `$` treat line ends differently, and classes by
//! name depend on locales: what is left is translated, the rest refused.

use lakegate_base::Result;

use super::walk::refused;

/// What the match is used for. Whether there is one does not depend on which one is found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Use {
    Test,
    Find,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    ToJava,
    FromJava,
}

/// The pattern in the other syntax.
pub fn translated(pattern: &str, way: Way, wanted: Use) -> Result<String> {
    let letters: Vec<char> = pattern.chars().collect();
    let mut written = String::with_capacity(pattern.len());
    let mut at = 0;
    while at < letters.len() {
        at = match letters[at] {
            '[' => class(&letters, at, &mut written)?,
            '\\' => escape(&letters, at, &mut written)?,
            other => plain(&letters, at, other, (way, wanted), &mut written)?,
        };
    }
    Ok(written)
}

/// The pattern for texts in lower case, when case is ignored.
pub fn lowered(pattern: &str) -> Result<String> {
    let letters: Vec<char> = pattern.chars().collect();
    let alike = |one: char, other: char| {
        one.is_ascii_lowercase() && other.is_ascii_lowercase()
            || one.is_ascii_uppercase() && other.is_ascii_uppercase()
            || one.is_ascii_digit() && other.is_ascii_digit()
    };
    for range in letters.windows(3).filter(|range| range[1] == '-') {
        if pattern.contains('[') && !alike(range[0], range[2]) && range[2] != ']' && range[0] != '['
        {
            return Err(no("a range of letters and others without regard to case"));
        }
    }
    Ok(pattern.to_lowercase())
}

/// How many groups are captured.
pub fn groups(pattern: &str) -> usize {
    let letters: Vec<char> = pattern.chars().collect();
    let opens = |at: usize| {
        let escaped = letters[..at].iter().rev().take_while(|c| **c == '\\').count() % 2 == 1;
        letters[at] == '(' && letters.get(at + 1) != Some(&'?') && !escaped
    };
    (0..letters.len()).filter(|at| opens(*at)).count()
}

fn no(what: &str) -> lakegate_base::Error {
    refused(
        format!("{what} in a regular expression, which Athena and Lakegate read differently"),
        "Write it with plain letters, sets like [0-9], groups, ^, \\., * and +.",
    )
}

fn plain(
    letters: &[char],
    at: usize,
    letter: char,
    way: (Way, Use),
    written: &mut String,
) -> Result<usize> {
    let next = letters.get(at + 1);
    let (way, wanted) = way;
    match letter {
        '(' if next == Some(&'?') && letters.get(at + 2) != Some(&':') => return Err(no("(?…)")),
        '*' if next == Some(&'*') || at == 0 => return Err(no("a leading or double *")),
        '*' | '+' | '?' | '}' if matches!(next, Some('?' | '+')) => {
            let is_group = letter == '?' && at > 0 && letters[at - 1] == '(';
            if !is_group {
                return Err(no("a lazy or possessive repetition"));
            }
            written.push(letter);
        }
        '{' if !next.is_some_and(char::is_ascii_digit) => return Err(no("{ that counts nothing")),
        // By parts, a?(ab)? takes less than the longest.
        ')' if wanted == Use::Find && matches!(next, Some('*' | '+' | '?' | '{')) => {
            return Err(no("a repeated group"));
        }
        '|' if wanted == Use::Find => return Err(no("an alternative (|)")),
        '.' if way == Way::ToJava => written.push_str("(?s:.)"),
        '.' => written.push_str("[^\\n]"),
        '$' if at + 1 < letters.len() => return Err(no("$ before the end")),
        '$' if way == Way::ToJava => written.push_str("\\z"),
        '$' if wanted == Use::Test => written.push_str("\\n?$"),
        '$' => return Err(no("$")),
        _ => written.push(letter),
    }
    Ok(at + 1)
}

/// `[a-z_]`: no named classes, and nothing that Java reads as an operation on sets.
fn class(letters: &[char], start: usize, written: &mut String) -> Result<usize> {
    let mut at = start + 1;
    written.push('[');
    if letters.get(at) == Some(&'^') {
        written.push('^');
        at += 1;
    }
    let mut is_first = true;
    loop {
        match letters.get(at) {
            None => return Err(no("an open [")),
            Some(']') if is_first => return Err(no("[] or []…]")),
            Some(']') => {
                written.push(']');
                return Ok(at + 1);
            }
            Some('[') => return Err(no("a set in a set")),
            Some('&') if letters.get(at + 1) == Some(&'&') => return Err(no("&& in a set")),
            Some('\\') => at = escape(letters, at, written)?,
            Some(other) => {
                written.push(*other);
                at += 1;
            }
        }
        is_first = false;
    }
}

/// Escaped punctuation, and a few letters.
fn escape(letters: &[char], at: usize, written: &mut String) -> Result<usize> {
    let Some(letter) = letters.get(at + 1) else { return Err(no("a \\ at the end")) };
    let in_class = written.rfind('[').is_some_and(|open| !written[open..].contains(']'));
    match letter {
        'd' if in_class => written.push_str("0-9"),
        'd' => written.push_str("[0-9]"),
        's' if in_class => written.push_str(" \\x0B\\t\\n\\r\\f"),
        's' => written.push_str("[ \\x0B\\t\\n\\r\\f]"),
        't' | 'n' | 'r' | 'f' => written.extend(['\\', *letter]),
        other if other.is_ascii_punctuation() => written.extend(['\\', *other]),
        other => return Err(no(&format!("\\{other}"))),
    }
    Ok(at + 2)
}

/// `\1` as Java writes it, `$1`, or the other way round.
pub fn replacement(text: &str, way: Way) -> Result<String> {
    let mut written = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (letter, way) {
            ('\\', Way::ToJava) => match letters.next() {
                Some('&') => written.push_str("$0"),
                Some('\\') => written.push_str("\\\\"),
                Some(digit @ '1'..='9') => written.extend(['$', digit]),
                _ => return Err(no("a \\ in the replacement")),
            },
            ('$', Way::ToJava) => written.push_str("\\$"),
            ('$', Way::FromJava) => match letters.next() {
                Some('0') => written.push_str("\\&"),
                Some(digit @ '1'..='9') => written.extend(['\\', digit]),
                _ => return Err(no("a $ in the replacement")),
            },
            ('\\', Way::FromJava) => match letters.next() {
                Some('\\') => written.push_str("\\\\"),
                Some(other) => written.push(other),
                None => return Err(no("a \\ in the replacement")),
            },
            _ => written.push(letter),
        }
    }
    // Java reads as many digits as there are groups; Postgres reads one.
    let two = |marked: &[char]| {
        matches!(marked[0], '$' | '\\') && marked[1..].iter().all(char::is_ascii_digit)
    };
    let shown: Vec<char> = text.chars().chain(written.chars()).collect();
    match shown.windows(3).any(two) {
        true => Err(no("a digit behind a group's number")),
        false => Ok(written),
    }
}
