//! Reads a statement's tokens one by one, for what the parser does not know as Postgres has it.

use lakegate_base::{Error, Result};
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::parse::{Lines, near};

/// The tokens of one statement; spaces and comments are passed over.
pub struct Words<'a> {
    tokens: &'a [TokenWithSpan],
    at: usize,
    lines: &'a Lines<'a>,
}

impl<'a> Words<'a> {
    pub fn new(tokens: &'a [TokenWithSpan], lines: &'a Lines<'a>) -> Self {
        Self { tokens, at: 0, lines }.past_spaces()
    }

    fn past_spaces(mut self) -> Self {
        self.skip_spaces();
        self
    }

    fn skip_spaces(&mut self) {
        while matches!(self.tokens.get(self.at), Some(t) if matches!(t.token, Token::Whitespace(_)))
        {
            self.at += 1;
        }
    }

    /// What is left.
    pub fn rest(&self) -> &'a [TokenWithSpan] {
        self.tokens.get(self.at..).unwrap_or_default()
    }

    pub fn peek(&self) -> Option<&'a Token> {
        self.rest().first().map(|token| &token.token)
    }

    pub fn next(&mut self) -> Option<&'a Token> {
        let token = self.peek();
        self.at += usize::from(token.is_some());
        self.skip_spaces();
        token
    }

    pub fn is_at_end(&self) -> bool {
        self.peek().is_none_or(|token| *token == Token::EOF)
    }

    /// The next token as a bare word, in upper case.
    pub fn word(&self) -> Option<String> {
        match self.peek()? {
            Token::Word(word) if word.quote_style.is_none() => Some(word.value.to_uppercase()),
            _ => None,
        }
    }

    /// Takes the words if they all come next.
    pub fn accept(&mut self, words: &[&str]) -> bool {
        let start = self.at;
        for word in words {
            if self.word().as_deref() != Some(*word) {
                self.at = start;
                return false;
            }
            self.next();
        }
        true
    }

    pub fn expect(&mut self, words: &[&str]) -> Result<()> {
        if self.accept(words) { Ok(()) } else { Err(self.unexpected()) }
    }

    pub fn accept_token(&mut self, token: &Token) -> bool {
        let found = self.peek() == Some(token);
        if found {
            self.next();
        }
        found
    }

    pub fn expect_token(&mut self, token: &Token) -> Result<()> {
        if self.accept_token(token) { Ok(()) } else { Err(self.unexpected()) }
    }

    pub fn expect_end(&self) -> Result<()> {
        if self.is_at_end() { Ok(()) } else { Err(self.unexpected()) }
    }

    /// Postgres's syntax error at this place.
    pub fn unexpected(&self) -> Error {
        near(self.rest().first(), self.lines)
    }

    /// A name: bare ones in lower case, quoted ones as they stand.
    pub fn name(&mut self) -> Result<String> {
        let name = match self.peek() {
            Some(Token::Word(word)) if word.quote_style.is_some() => word.value.clone(),
            Some(Token::Word(word)) => word.value.to_lowercase(),
            _ => return Err(self.unexpected()),
        };
        self.next();
        Ok(name)
    }

    /// `a, "B"` in parentheses.
    pub fn names(&mut self) -> Result<Vec<String>> {
        self.expect_token(&Token::LParen)?;
        let mut names = vec![self.name()?];
        while self.accept_token(&Token::Comma) {
            names.push(self.name()?);
        }
        self.expect_token(&Token::RParen)?;
        Ok(names)
    }

    /// A whole number with or without a sign; none when something else comes next.
    pub fn number(&mut self) -> Option<i64> {
        let start = self.at;
        let sign = match self.peek() {
            Some(Token::Minus) => -1,
            _ => 1,
        };
        if matches!(self.peek(), Some(Token::Minus | Token::Plus)) {
            self.next();
        }
        if let Some(Token::Number(digits, _)) = self.peek()
            && let Ok(number) = digits.parse::<i64>()
        {
            self.next();
            return Some(sign * number);
        }
        self.at = start;
        None
    }

    pub fn string(&mut self) -> Result<String> {
        let text = match self.peek() {
            Some(
                Token::SingleQuotedString(text)
                | Token::EscapedStringLiteral(text)
                | Token::UnicodeStringLiteral(text),
            ) => text.clone(),
            Some(Token::DollarQuotedString(text)) => text.value.clone(),
            _ => return Err(self.unexpected()),
        };
        self.next();
        Ok(text)
    }

    /// What stands in the parentheses that come next.
    pub fn parenthesised(&mut self) -> Result<&'a [TokenWithSpan]> {
        self.expect_token(&Token::LParen)?;
        let start = self.at;
        let mut depth = 1_usize;
        loop {
            match self.peek() {
                Some(Token::LParen) => depth += 1,
                Some(Token::RParen) => depth -= 1,
                Some(Token::EOF) | None => return Err(self.unexpected()),
                Some(_) => {}
            }
            let end = self.at;
            self.next();
            if depth == 0 {
                return Ok(self.tokens.get(start..end).unwrap_or_default());
            }
        }
    }
}
