//! Postgres' regular expressions (ARE) as those of the regex crate. Back references and look-ahead have no
//! counterpart there and are refused; alternatives are tried from left to right, not by length.

use datafusion::error::{DataFusionError, Result};
use lakegate_base::Error;

use crate::functions::columns::invalid;
use crate::functions::scalar::external;

/// Patterns longer than this are refused.
const PATTERN_BYTES_MAX: usize = 16 << 10;

/// How flags change a match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    pub ignores_case: bool,
    /// `n`: the point and `[^…]` stop at line ends, `^` and `$` know lines.
    pub knows_lines: bool,
    pub is_expanded: bool,
    pub is_global: bool,
    /// `q`: the pattern is plain text.
    pub is_literal: bool,
}

impl Flags {
    pub fn parse(text: &str) -> Result<Self> {
        let mut flags = Self::default();
        for flag in text.chars() {
            match flag {
                'i' => flags.ignores_case = true,
                'c' => flags.ignores_case = false,
                'n' | 'm' => flags.knows_lines = true,
                's' => flags.knows_lines = false,
                'x' => flags.is_expanded = true,
                't' => flags.is_expanded = false,
                'g' => flags.is_global = true,
                'q' => flags.is_literal = true,
                'p' | 'w' | 'b' | 'e' => {
                    let what = format!("regular expression option \"{flag}\"");
                    return Err(external(Error::unsupported(what)));
                }
                _ => {
                    let message = format!("invalid regular expression option: \"{flag}\"");
                    return Err(invalid(message));
                }
            }
        }
        Ok(flags)
    }
}

/// The pattern for the regex crate.
pub fn translate(pattern: &str, mut flags: Flags) -> Result<String> {
    if pattern.len() > PATTERN_BYTES_MAX {
        return Err(wrong("regular expression is too complex"));
    }
    let mut rest = pattern;
    if let Some(literal) = rest.strip_prefix("***=") {
        (rest, flags.is_literal) = (literal, true);
    } else if let Some(advanced) = rest.strip_prefix("***:") {
        rest = advanced;
    }
    // Options in front hold for all of it.
    if let Some(options) = rest.strip_prefix("(?")
        && let Some((letters, after)) = options.split_once(')')
        && !letters.is_empty()
        && letters.chars().all(|c| c.is_ascii_lowercase())
    {
        let inner = Flags::parse(letters)?;
        flags.ignores_case |= inner.ignores_case;
        flags.knows_lines |= inner.knows_lines;
        flags.is_expanded |= inner.is_expanded;
        flags.is_literal |= inner.is_literal;
        rest = after;
    }
    let body = if flags.is_literal { regex::escape(rest) } else { body(rest, flags)? };
    let mut options = String::new();
    for (is_on, letter) in [
        (flags.ignores_case, 'i'),
        (!flags.knows_lines && body.contains('.'), 's'),
        (flags.knows_lines, 'm'),
        (flags.is_expanded, 'x'),
    ] {
        if is_on {
            options.push(letter);
        }
    }
    Ok(if options.is_empty() { body } else { format!("(?{options}){body}") })
}

fn wrong(what: &str) -> DataFusionError {
    invalid(format!("invalid regular expression: {what}"))
}

fn body(pattern: &str, flags: Flags) -> Result<String> {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '\\' => rest = escape(rest, &mut out, Place::Outside)?,
            '[' => {
                if let Some(after) = rest.strip_prefix("[:<:]]") {
                    out.push_str(r"\b{start}");
                    rest = after;
                } else if let Some(after) = rest.strip_prefix("[:>:]]") {
                    out.push_str(r"\b{end}");
                    rest = after;
                } else {
                    rest = bracket(rest, &mut out, flags)?;
                }
            }
            '(' => {
                if let Some(after) = rest.strip_prefix("?#") {
                    rest = after.split_once(')').map_or("", |(_, after)| after);
                } else if rest.starts_with("?=") || rest.starts_with("?!") || rest.starts_with("?<")
                {
                    let what = "look-ahead and look-behind in regular expressions";
                    return Err(external(Error::unsupported(what)));
                } else {
                    out.push('(');
                }
            }
            // A brace that begins no count stands for itself.
            '{' if !rest.starts_with(|c: char| c.is_ascii_digit()) => out.push_str(r"\{"),
            // Possessive and doubled quantifiers are errors there, not something else.
            '*' | '+' | '?' if rest.starts_with(['*', '+']) => {
                return Err(wrong("quantifier operand invalid"));
            }
            c => out.push(c),
        }
    }
    Ok(out)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Outside,
    Bracket,
}

/// What follows a backslash.
fn escape<'a>(rest: &'a str, out: &mut String, place: Place) -> Result<&'a str> {
    let Some(c) = rest.chars().next() else {
        return Err(wrong("invalid escape \\ sequence"));
    };
    let after = &rest[c.len_utf8()..];
    let translated = match (c, place) {
        ('y', Place::Outside) => r"\b",
        ('Y', Place::Outside) => r"\B",
        ('m', Place::Outside) => r"\b{start}",
        ('M', Place::Outside) => r"\b{end}",
        ('Z', Place::Outside) => r"\z",
        ('A', Place::Outside) => r"\A",
        ('b', _) => r"\x08",
        ('B', _) => r"\\",
        ('e', _) => r"\x1B",
        ('0', _) => r"\x00",
        ('u' | 'U' | 'x', _) => return hexadecimal(c, after, out),
        ('c', _) => {
            let control = after.chars().next().map_or(0, |c| u32::from(c) & 31);
            out.push_str(&format!("\\x{control:02X}"));
            return Ok(after.get(1..).unwrap_or(""));
        }
        ('1'..='9', Place::Outside) => {
            return Err(external(Error::unsupported("back references in regular expressions")));
        }
        ('a' | 'f' | 'n' | 'r' | 't' | 'v' | 'd' | 'D' | 's' | 'S' | 'w' | 'W', _) => {
            out.push('\\');
            out.push(c);
            return Ok(after);
        }
        (c, _) if c.is_ascii_alphanumeric() => {
            return Err(wrong("invalid escape \\ sequence"));
        }
        (c, _) => {
            out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
            return Ok(after);
        }
    };
    out.push_str(translated);
    Ok(after)
}

fn hexadecimal<'a>(kind: char, rest: &'a str, out: &mut String) -> Result<&'a str> {
    let length = match kind {
        'u' => 4,
        'U' => 8,
        _ => rest.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(rest.len()),
    };
    let digits = rest.get(..length).filter(|d| !d.is_empty());
    let digits = digits.filter(|d| d.chars().all(|c| c.is_ascii_hexdigit()));
    let digits = digits.ok_or_else(|| wrong("invalid escape \\ sequence"))?;
    out.push_str(&format!("\\x{{{digits}}}"));
    Ok(&rest[length..])
}

/// A bracket expression, after its opening bracket.
fn bracket<'a>(rest: &'a str, out: &mut String, flags: Flags) -> Result<&'a str> {
    let unbalanced = || wrong("brackets [] not balanced");
    out.push('[');
    let mut rest = rest;
    if let Some(after) = rest.strip_prefix('^') {
        out.push('^');
        if flags.knows_lines {
            out.push_str(r"\n");
        }
        rest = after;
    }
    if let Some(after) = rest.strip_prefix(']') {
        out.push_str(r"\]");
        rest = after;
    }
    loop {
        let c = rest.chars().next().ok_or_else(unbalanced)?;
        let after = &rest[c.len_utf8()..];
        rest = match c {
            ']' => {
                out.push(']');
                return Ok(after);
            }
            '[' if after.starts_with([':', '.', '=']) => {
                let kind = after.chars().next().unwrap_or(':');
                let close = format!("{kind}]");
                let (name, after) = after[1..].split_once(&close).ok_or_else(unbalanced)?;
                match kind {
                    ':' => out.push_str(&format!("[:{name}:]")),
                    _ => out.push_str(&regex::escape(name)),
                }
                after
            }
            '\\' => escape(after, out, Place::Bracket)?,
            // Characters that mean a set operation in the regex crate.
            '[' | '&' | '~' => {
                out.push('\\');
                out.push(c);
                after
            }
            '-' if after.starts_with('-') => {
                out.push_str(r"\-");
                after
            }
            c => {
                out.push(c);
                after
            }
        };
    }
}

/// A pattern of SIMILAR TO as a regular expression that matches the whole; of `substring(x FROM p FOR e)`
/// with one group, that gives what stands between two marks.
pub fn similar(pattern: &str, escape: Option<char>) -> Result<String> {
    let mut out = String::from("^(?:");
    let mut chars = pattern.chars();
    let mut in_bracket = false;
    let mut marks = 0;
    while let Some(c) = chars.next() {
        if Some(c) == escape {
            match chars.next() {
                Some('"') if !in_bracket => {
                    out.push_str(match marks {
                        0 => ")((?:",
                        1 => "))(?:",
                        _ => {
                            let message = "SQL regular expression may not contain more than two \
                                 escape-double-quote separators";
                            return Err(invalid(message));
                        }
                    });
                    marks += 1;
                }
                Some(c) => {
                    out.push('\\');
                    out.push(c);
                }
                None => return Err(invalid("invalid escape sequence")),
            }
            continue;
        }
        match c {
            '[' => {
                in_bracket = true;
                out.push('[');
            }
            ']' => {
                in_bracket = false;
                out.push(']');
            }
            '\\' => out.push_str(r"\\"),
            c if in_bracket => out.push(c),
            '%' => out.push_str(if marks == 0 && pattern.contains('"') { ".*?" } else { ".*" }),
            '_' => out.push('.'),
            '(' => out.push_str("(?:"),
            '.' | '^' | '$' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out.push_str(")$");
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::{Flags, similar, translate};

    #[test]
    fn means_the_same() {
        for (pattern, text, expected) in [
            (r"\yfoo\y", "a foo b", true),
            (r"\mfoo", "xfoo", false),
            (r"foo\M", "foox", false),
            ("[[:<:]]foo[[:>:]]", "a foo b", true),
            ("a.b", "a\nb", true),
            ("^[]a]+$", "]a", true),
            ("[[:alpha:]]+", "12", false),
            ("[a&&b]", "&", true),
            ("x{,2}", "x{,2}", true),
            (r"a\Z", "a\n", false),
            ("(?i)ABC", "abc", true),
            ("***=a.b", "axb", false),
            (r"\u0041", "A", true),
        ] {
            let translated = translate(pattern, Flags::default()).expect("a pattern");
            let regex = regex::Regex::new(&translated).expect("a regular expression");
            assert_eq!(regex.is_match(text), expected, "{pattern} → {translated}");
        }
        for pattern in [r"(a)\1", "(?=a)", "a**", r"\q", "[a"] {
            assert!(translate(pattern, Flags::default()).is_err(), "{pattern}");
        }
        for (pattern, text, expected) in [
            ("(a|x)bc", "abc", true),
            ("x%", "abc", false),
            ("a_c", "abc", true),
            ("b", "abc", false),
        ] {
            let regex = translate(&similar(pattern, Some('\\')).expect("one"), Flags::default());
            let regex = regex::Regex::new(&regex.expect("one")).expect("one");
            assert_eq!(regex.is_match(text), expected, "{pattern}");
        }
    }
}
