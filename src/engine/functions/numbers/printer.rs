//! How a number is written into its picture: Postgres' number processor, step by step.

use super::picture::{Key, Node, Picture, SignPlace};
use crate::functions::dates::ordinal;

/// The state of Postgres' number processor.
pub struct Printer<'a> {
    picture: &'a Picture,
    digits: Vec<char>,
    /// The next digit, and how many elements were written.
    at: usize,
    current: usize,
    spaces: usize,
    count: usize,
    after: usize,
    negative: bool,
    sign_written: bool,
    sign: SignPlace,
    has_bracket: bool,
    /// The last digit that FM keeps.
    last: Option<usize>,
    is_inside: bool,
    out: String,
}

impl<'a> Printer<'a> {
    pub fn new(
        picture: &'a Picture,
        digits: &str,
        before: usize,
        after: usize,
        spaces: usize,
        negative: bool,
    ) -> Self {
        let digits: Vec<char> = digits.chars().collect();
        let (mut sign, mut has_bracket) = (picture.sign, picture.has_bracket);
        // PL, MI and SG write the sign themselves; PL leaves a place for it all the same.
        let sign_written = if picture.has_plus || picture.has_minus {
            picture.has_minus
        } else {
            if !negative && picture.is_bare {
                has_bracket = false;
            }
            if sign == SignPlace::Before && before == picture.before_sign {
                sign = SignPlace::After;
            }
            !negative && picture.is_bare && picture.sign == SignPlace::None
        };
        let mut count = (after + before).saturating_sub(1);
        let last = last_relevant(picture, &digits, spaces);
        if !sign_written && spaces == 0 {
            count += 1;
        }
        Self {
            picture,
            digits,
            at: 0,
            current: 0,
            spaces,
            count,
            after,
            negative,
            sign_written,
            sign,
            has_bracket,
            last,
            is_inside: false,
            out: String::new(),
        }
    }

    pub fn run(mut self) -> String {
        let bare = self.picture.is_bare;
        for node in &self.picture.nodes {
            let key = match node {
                Node::Text(text) => {
                    self.out.push_str(text);
                    continue;
                }
                Node::Key(key) => *key,
            };
            match key {
                Key::Nine | Key::Zero | Key::Point => self.digit(key),
                Key::Comma | Key::Group if self.is_inside => self.out.push(','),
                Key::Comma | Key::Group | Key::Currency if bare && key != Key::Currency => {}
                Key::Comma | Key::Group | Key::Currency => self.out.push(' '),
                Key::Minus if self.negative => self.out.push('-'),
                Key::Plus if !self.negative => self.out.push('+'),
                Key::Minus | Key::Plus if bare => {}
                Key::Minus | Key::Plus => self.out.push(' '),
                Key::MinusPlus => self.out.push(if self.negative { '-' } else { '+' }),
                Key::Ordinal | Key::OrdinalLower => self.ordinal(key),
                _ => {}
            }
        }
        self.out
    }

    fn ordinal(&mut self, key: Key) {
        let is_number = self.digits.first().is_some_and(char::is_ascii_digit);
        if self.negative || self.picture.has_point || !is_number {
            return;
        }
        let digits: String = self.digits.iter().collect();
        let suffix = ordinal(&digits);
        match key {
            Key::Ordinal => self.out.push_str(&suffix.to_uppercase()),
            _ => self.out.push_str(suffix),
        }
    }

    /// A lone zero before the point, which `9.9` shows as a space.
    fn is_space_before_point(&self) -> bool {
        self.picture.zero_start.is_none()
            && self.at == 0
            && self.digits.first() == Some(&'0')
            && self.after != 0
    }

    fn ends_at_point(&self) -> bool {
        self.last.is_some_and(|last| self.digits.get(last) == Some(&'.'))
    }

    fn sign(&mut self) {
        let bare = self.picture.is_bare;
        if self.picture.sign != SignPlace::None {
            if self.sign == SignPlace::Before {
                self.out.push(if self.negative { '-' } else { '+' });
                self.sign_written = true;
            }
        } else if self.has_bracket {
            self.out.push(if self.negative { '<' } else { ' ' });
            self.sign_written = true;
        } else {
            match (self.negative, bare) {
                (true, _) => self.out.push('-'),
                (false, false) => self.out.push(' '),
                (false, true) => {}
            }
            self.sign_written = true;
        }
    }

    fn digit(&mut self, key: Key) {
        let zero_start = self.picture.zero_start;
        let bare = self.picture.is_bare;
        let begins = self.current >= self.spaces || zero_start == Some(self.current);
        if !self.sign_written && begins && (!self.is_space_before_point() || self.ends_at_point()) {
            self.sign();
        }
        let is_before = self.current < self.spaces;
        if is_before && zero_start.is_none_or(|start| start > self.current) {
            if !bare {
                self.out.push(' ');
            }
        } else if is_before {
            self.out.push('0');
            self.is_inside = true;
        } else {
            self.real_digit(key);
        }
        self.finish();
        self.current += 1;
    }

    fn real_digit(&mut self, key: Key) {
        let bare = self.picture.is_bare;
        let Some(digit) = self.digits.get(self.at).copied() else { return };
        if digit == '.' {
            self.out.push('.');
        } else if self.last.is_some_and(|last| self.at > last) && key != Key::Zero {
            // FM leaves out what does not count.
        } else if self.is_space_before_point() {
            if !bare {
                self.out.push(' ');
            } else if self.ends_at_point() {
                self.out.push('0');
            }
        } else {
            self.out.push(digit);
            self.is_inside = true;
        }
        self.at += 1;
    }

    /// What closes the number: a bracket, or the sign behind it.
    fn finish(&mut self) {
        let mut end =
            self.count + usize::from(self.spaces > 0) + usize::from(self.picture.has_point);
        if self.last == Some(self.at) {
            end = self.current;
        }
        if self.current + 1 != end {
            return;
        }
        if self.sign_written && self.has_bracket {
            self.out.push(if self.negative { '>' } else { ' ' });
        } else if self.picture.sign != SignPlace::None && self.sign == SignPlace::After {
            self.out.push(if self.negative { '-' } else { '+' });
        }
    }
}

fn last_relevant(picture: &Picture, digits: &[char], spaces: usize) -> Option<usize> {
    if !picture.is_bare || !picture.has_point {
        return None;
    }
    let point = digits.iter().position(|c| *c == '.')?;
    let mut last = (point..digits.len()).rev().find(|at| digits[*at] != '0').unwrap_or(point);
    if picture.zero_end > spaces {
        let zero = (digits.len() - 1).min(picture.zero_end - spaces);
        last = last.max(zero);
    }
    Some(last)
}
