//! Patterns of `to_char`, `to_date` and `to_timestamp`: keywords with their modifiers, and text between.

use datafusion::error::Result;

use crate::functions::columns::invalid;

/// Patterns longer than this are refused.
const PATTERN_BYTES_MAX: usize = 1024;

/// The keywords, longest first where one begins another.
const KEYWORDS: [&str; 53] = [
    "Y,YYY", "YYYY", "YYY", "YY", "Y", "IYYY", "IYY", "IY", "IDDD", "ID", "IW", "I", "MONTH",
    "MON", "MM", "MI", "MS", "DDD", "DAY", "DD", "DY", "D", "HH24", "HH12", "HH", "SSSSS", "SSSS",
    "SS", "US", "FF1", "FF2", "FF3", "FF4", "FF5", "FF6", "A.M.", "P.M.", "AM", "PM", "A.D.",
    "B.C.", "AD", "BC", "WW", "W", "Q", "CC", "J", "RM", "TZH", "TZM", "TZ", "OF",
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    Field(Field),
    /// A character that stands for itself.
    Separator(char),
    /// A letter or digit, or what stood in quotes.
    Text(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub keyword: &'static str,
    pub case: Case,
    /// `FM`: no padding.
    pub is_bare: bool,
    /// `TH` or `th`: an ordinal's ending.
    pub ordinal: Option<Case>,
}

/// How the keyword is written, which is how its text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    Upper,
    Capital,
    Lower,
}

#[derive(Debug)]
pub struct Pattern {
    pub nodes: Vec<Node>,
    /// `FX`: what is read must be just as the pattern says.
    pub is_exact: bool,
}

pub fn parse(pattern: &str) -> Result<Pattern> {
    if pattern.len() > PATTERN_BYTES_MAX {
        return Err(invalid("the pattern is too long"));
    }
    let mut nodes = Vec::new();
    let mut is_exact = false;
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        if let Some(quoted) = rest.strip_prefix('"') {
            let (text, after) = until_quote(quoted);
            nodes.push(Node::Text(text));
            rest = after;
            continue;
        }
        if let Some(escaped) = rest.strip_prefix("\\\"") {
            nodes.push(Node::Text("\"".to_string()));
            rest = escaped;
            continue;
        }
        if matches!(rest.get(..2), Some("FX" | "fx")) {
            is_exact = true;
            rest = &rest[2..];
            continue;
        }
        let mut is_bare = false;
        let mut after = rest;
        while let Some(modifier @ ("FM" | "fm" | "TM" | "tm")) = after.get(..2) {
            is_bare |= modifier.eq_ignore_ascii_case("FM");
            after = &after[2..];
        }
        if let Some((keyword, case)) = keyword(after) {
            rest = &after[keyword.len()..];
            let ordinal = match rest.get(..2) {
                Some("TH") => Some(Case::Upper),
                Some("th") => Some(Case::Lower),
                _ => None,
            };
            rest = if ordinal.is_some() { &rest[2..] } else { rest };
            nodes.push(Node::Field(Field { keyword, case, is_bare, ordinal }));
        } else if after.len() < rest.len() {
            rest = after;
        } else {
            rest = &rest[first.len_utf8()..];
            nodes.push(match first.is_alphanumeric() {
                true => Node::Text(first.to_string()),
                false => Node::Separator(first),
            });
        }
    }
    Ok(Pattern { nodes, is_exact })
}

fn until_quote(quoted: &str) -> (String, &str) {
    let mut text = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (text, &quoted[at + 1..]),
            '\\' => text.extend(chars.next().map(|(_, c)| c)),
            c => text.push(c),
        }
    }
    (text, "")
}

/// Keywords are written in capitals or small letters; names of days and months also with one capital.
fn keyword(text: &str) -> Option<(&'static str, Case)> {
    KEYWORDS.into_iter().find_map(|keyword| {
        let head = text.get(..keyword.len()).filter(|h| h.eq_ignore_ascii_case(keyword))?;
        let is_name = matches!(keyword, "MONTH" | "MON" | "DAY" | "DY");
        let is_upper = |c: char| !c.is_ascii_lowercase();
        if head.chars().all(is_upper) {
            return Some((keyword, Case::Upper));
        }
        if head.chars().all(|c| !c.is_ascii_uppercase()) {
            return Some((keyword, Case::Lower));
        }
        let is_capital = is_name
            && head.starts_with(|c: char| c.is_ascii_uppercase())
            && head[1..].chars().all(|c| c.is_ascii_lowercase());
        is_capital.then_some((keyword, Case::Capital))
    })
}

impl Case {
    pub fn apply(self, text: &str) -> String {
        match self {
            Self::Upper => text.to_uppercase(),
            Self::Capital => text.to_string(),
            Self::Lower => text.to_lowercase(),
        }
    }
}

/// The ending of an ordinal number.
pub fn ordinal(digits: &str) -> &'static str {
    let tail = digits.as_bytes();
    let teen = tail.len() > 1 && tail[tail.len() - 2] == b'1';
    match tail.last() {
        Some(b'1') if !teen => "st",
        Some(b'2') if !teen => "nd",
        Some(b'3') if !teen => "rd",
        _ => "th",
    }
}
