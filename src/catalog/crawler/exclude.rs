//! Exclusion patterns as Glue has them: globs on the path below the crawl's root. `*` stays within a
//! folder, `**` crosses folders, `?` is one character, `[a-c]` and `[!a-c]` are sets, `{a,b}` is either.
//! A name that starts with a dot is an ordinary name.

use lakegate_base::{Error, Result};

const PATTERNS_MAX: usize = 1_000;
const PATTERN_CHARS_MAX: usize = 1_000;

#[derive(Clone, Debug, Default)]
pub(crate) struct Exclusions {
    patterns: Vec<Vec<Token>>,
}

#[derive(Clone, Debug)]
enum Token {
    Literal(char),
    One,
    Many,
    ManyFolders,
    Set { negated: bool, ranges: Vec<(char, char)> },
}

impl Exclusions {
    pub(crate) fn parse(patterns: &[String]) -> Result<Self> {
        let mut parsed = Vec::new();
        for pattern in patterns {
            if pattern.chars().count() > PATTERN_CHARS_MAX {
                return Err(invalid(pattern));
            }
            for plain in alternatives(pattern)? {
                parsed.push(tokens(&plain).ok_or_else(|| invalid(pattern))?);
            }
            if parsed.len() > PATTERNS_MAX {
                return Err(Error::exhausted(format!(
                    "more than {PATTERNS_MAX} exclusion patterns"
                )));
            }
        }
        Ok(Self { patterns: parsed })
    }

    /// `path` is relative to the crawl's root, without a leading slash.
    pub(crate) fn exclude(&self, path: &str) -> bool {
        self.patterns.iter().any(|pattern| matches(pattern, path))
    }
}

fn invalid(pattern: &str) -> Error {
    let shown: String = pattern.chars().take(100).collect();
    Error::invalid(format!("{shown:?} is not an exclusion pattern"))
        .hint("Use * ** ? [a-z] [!a-z] {a,b}; braces do not nest.")
}

/// Writes out `{a,b}`: one pattern per choice.
fn alternatives(pattern: &str) -> Result<Vec<String>> {
    let mut done = vec![String::new()];
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        let (choices, tail) = after.split_once('}').ok_or_else(|| invalid(pattern))?;
        let choices: Vec<&str> = choices.split(',').collect();
        let combined = done.len().saturating_mul(choices.len());
        if choices.iter().any(|c| c.contains('{')) || combined > PATTERNS_MAX {
            return Err(invalid(pattern));
        }
        let extend = |head: &String| -> Vec<String> {
            choices.iter().map(|choice| format!("{head}{before}{choice}")).collect()
        };
        done = done.iter().flat_map(extend).collect();
        rest = tail;
    }
    Ok(done.into_iter().map(|head| head + rest).collect())
}

fn tokens(pattern: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        tokens.push(match c {
            '?' => Token::One,
            '*' if rest.next_if_eq(&'*').is_some() => Token::ManyFolders,
            '*' => Token::Many,
            '\\' => Token::Literal(rest.next()?),
            '[' => {
                let negated = rest.next_if_eq(&'!').is_some();
                let mut ranges = Vec::new();
                loop {
                    let low = match rest.next()? {
                        ']' if !ranges.is_empty() => break,
                        low => low,
                    };
                    let high = if rest.next_if_eq(&'-').is_some() { rest.next()? } else { low };
                    ranges.push((low, high));
                }
                Token::Set { negated, ranges }
            }
            other => Token::Literal(other),
        });
    }
    Some(tokens)
}

/// Follows all possible positions at once: time is pattern times path, whatever the pattern.
fn matches(pattern: &[Token], path: &str) -> bool {
    let mut live = vec![false; pattern.len() + 1];
    live[0] = true;
    skip_empty(pattern, &mut live);
    for c in path.chars() {
        let mut next = vec![false; live.len()];
        for (at, token) in pattern.iter().enumerate().filter(|(at, _)| live[*at]) {
            match token {
                Token::Many if c != '/' => next[at] = true,
                Token::ManyFolders => next[at] = true,
                Token::Many => {}
                single => next[at + 1] |= accepts(single, c),
            }
        }
        live = next;
        skip_empty(pattern, &mut live);
    }
    live[pattern.len()]
}

/// A star may stand for nothing.
fn skip_empty(pattern: &[Token], live: &mut [bool]) {
    for (at, token) in pattern.iter().enumerate() {
        if matches!(token, Token::Many | Token::ManyFolders) && live[at] {
            live[at + 1] = true;
        }
    }
}

fn accepts(token: &Token, c: char) -> bool {
    match token {
        Token::Literal(literal) => *literal == c,
        Token::One => c != '/',
        Token::Set { negated, ranges } => {
            c != '/' && ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *negated
        }
        Token::Many | Token::ManyFolders => false,
    }
}

#[cfg(test)]
mod tests {
    use super::Exclusions;

    fn excluded(pattern: &str, path: &str) -> bool {
        Exclusions::parse(&[pattern.to_string()]).expect("valid").exclude(path)
    }

    #[test]
    fn globs_as_glue_reads_them() {
        assert!(excluded("*.csv", "a.csv") && !excluded("*.csv", "x/a.csv"));
        assert!(excluded("**.csv", "x/a.csv") && excluded("x/**", "x/y/z"));
        assert!(excluded("d?/[!a-c]*.{csv,tsv}", "d1/x.tsv"));
        assert!(!excluded("d?/[!a-c]*.{csv,tsv}", "d1/b.tsv"));
        assert!(!excluded("a?b", "a/b") && excluded(".*", ".hidden"));
        assert!(Exclusions::parse(&["{a,{b}}".to_string()]).is_err());
        assert!(Exclusions::parse(&["[a".to_string()]).is_err());
    }

    #[test]
    fn a_pattern_made_of_stars_is_fast() {
        let path = "a".repeat(2_000);
        assert!(!excluded(&format!("{}b", "*a".repeat(400)), &path));
    }
}
