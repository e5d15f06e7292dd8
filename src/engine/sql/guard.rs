//! Limits on a statement's shape, checked on its tokens before it is parsed.
//!
//! Long flat chains (`1 + 1 + …`) build a tree as deep as they are long; walking or dropping it overflows
//! the stack, which no recursion limit of the parser counts.

use lakegate_base::{Error, ErrorKind, Result, Subject};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan};

/// Limits of one text; generous for people and BI tools, small for bombs.
#[derive(Clone, Copy, Debug)]
pub struct SqlLimits {
    pub text_bytes_max: usize,
    pub tokens_max: usize,
    /// Operators chained at one level, e.g. `a + b + c` has two.
    pub chain_max: usize,
    pub set_operations_max: usize,
    pub joins_max: usize,
    /// Nested parentheses and CASEs.
    pub depth_max: usize,
}

impl Default for SqlLimits {
    fn default() -> Self {
        Self {
            text_bytes_max: 4 << 20,
            tokens_max: 500_000,
            chain_max: 500,
            set_operations_max: 200,
            joins_max: 200,
            depth_max: 64,
        }
    }
}

impl SqlLimits {
    pub fn check_text(&self, text: &str) -> Result<()> {
        if text.len() > self.text_bytes_max {
            return Err(too_complex(format!(
                "statement is {} bytes long; the limit is {}",
                text.len(),
                self.text_bytes_max
            )));
        }
        if text.contains('\0') {
            return Err(Error::syntax("invalid byte sequence for encoding \"UTF8\": 0x00"));
        }
        Ok(())
    }

    pub fn check_tokens(&self, tokens: &[TokenWithSpan]) -> Result<()> {
        if tokens.len() > self.tokens_max {
            return Err(too_complex(format!("statement has more than {} tokens", self.tokens_max)));
        }
        let mut shape = Shape::new(*self);
        tokens.iter().try_for_each(|token| shape.visit(&token.token))
    }
}

/// Counters while walking the tokens: one operator count per nesting level.
struct Shape {
    limits: SqlLimits,
    levels: Vec<Level>,
    set_operations: usize,
    joins: usize,
}

struct Level {
    chain: usize,
    is_case: bool,
}

impl Shape {
    fn new(limits: SqlLimits) -> Self {
        let levels = vec![Level { chain: 0, is_case: false }];
        Self { limits, levels, set_operations: 0, joins: 0 }
    }

    fn visit(&mut self, token: &Token) -> Result<()> {
        match token {
            Token::LParen | Token::LBrace => self.open(false),
            Token::LBracket => self.operator().and_then(|()| self.open(false)),
            Token::RParen | Token::RBrace | Token::RBracket => {
                self.close_cases();
                self.close();
                Ok(())
            }
            Token::Comma | Token::SemiColon => {
                self.reset();
                Ok(())
            }
            Token::Word(word) if word.quote_style.is_none() => self.keyword(word.keyword),
            Token::Word(_)
            | Token::Number(..)
            | Token::SingleQuotedString(_)
            | Token::Period
            | Token::Placeholder(_)
            | Token::Whitespace(_)
            | Token::EOF => Ok(()),
            _ => self.operator(),
        }
    }

    fn keyword(&mut self, keyword: Keyword) -> Result<()> {
        match keyword {
            Keyword::CASE => self.open(true),
            Keyword::WHEN | Keyword::THEN | Keyword::ELSE if self.in_case() => {
                self.reset();
                Ok(())
            }
            Keyword::END if self.in_case() => {
                self.close();
                Ok(())
            }
            Keyword::UNION | Keyword::INTERSECT | Keyword::EXCEPT => {
                self.set_operations += 1;
                self.limit(self.set_operations, self.limits.set_operations_max, "set operations")
            }
            Keyword::JOIN => {
                self.joins += 1;
                self.limit(self.joins, self.limits.joins_max, "joins")
            }
            Keyword::AND
            | Keyword::OR
            | Keyword::XOR
            | Keyword::NOT
            | Keyword::IS
            | Keyword::IN
            | Keyword::BETWEEN
            | Keyword::LIKE
            | Keyword::ILIKE
            | Keyword::SIMILAR
            | Keyword::COLLATE
            | Keyword::DIV
            | Keyword::AT
            | Keyword::NOTNULL
            | Keyword::OPERATOR => self.operator(),
            _ => Ok(()),
        }
    }

    fn in_case(&self) -> bool {
        self.levels.last().is_some_and(|level| level.is_case)
    }

    fn open(&mut self, is_case: bool) -> Result<()> {
        self.levels.push(Level { chain: 0, is_case });
        self.limit(self.levels.len(), self.limits.depth_max, "nested levels")
    }

    fn close(&mut self) {
        if self.levels.len() > 1 {
            self.levels.pop();
        }
    }

    /// A closing bracket ends the CASEs left open inside it.
    fn close_cases(&mut self) {
        while self.in_case() {
            self.close();
        }
    }

    fn reset(&mut self) {
        if let Some(level) = self.levels.last_mut() {
            level.chain = 0;
        }
    }

    fn operator(&mut self) -> Result<()> {
        let chain = self.levels.last_mut().map_or(0, |level| {
            level.chain += 1;
            level.chain
        });
        self.limit(chain, self.limits.chain_max, "chained operators")
    }

    fn limit(&self, count: usize, max: usize, what: &str) -> Result<()> {
        if count > max {
            return Err(too_complex(format!("statement has more than {max} {what}")));
        }
        Ok(())
    }
}

pub fn too_complex(message: String) -> Error {
    Error::new(ErrorKind::Exhausted, message)
        .about(Subject::Complexity)
        .hint("Split the statement, or use IN (…), VALUES or a join instead of a long chain.")
}
