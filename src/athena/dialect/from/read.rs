//! Athena's text → tree: sqlparser has no Trino, so its generic dialect reads it, told what to leave out.

use std::any::TypeId;
use std::sync::atomic::{AtomicU64, Ordering};

use lakegate_base::{Error, Result, Subject};
use sqlparser::ast::{Expr, Statement};
use sqlparser::dialect::{Dialect, GenericDialect};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, Tokenizer, Word};

use super::super::walk::{refused, too_deep};

/// How often an expression may be begun: sqlparser 0.62 parses calls within calls in exponential time, as
/// `engine/sql/dialect.rs` tells. Remove it with the one there.
const PREFIXES_PER_TOKEN: u64 = 60;
const PREFIXES_MIN: u64 = 10_000;

#[derive(Debug)]
struct Trino {
    prefixes_left: AtomicU64,
}

impl Trino {
    fn for_tokens(tokens: usize) -> Self {
        let tokens = u64::try_from(tokens).unwrap_or(u64::MAX);
        let budget = tokens.saturating_mul(PREFIXES_PER_TOKEN).max(PREFIXES_MIN);
        Self { prefixes_left: AtomicU64::new(budget) }
    }
}

impl Dialect for Trino {
    fn dialect(&self) -> TypeId {
        TypeId::of::<GenericDialect>()
    }

    fn parse_prefix(&self, _: &mut Parser) -> Option<std::result::Result<Expr, ParserError>> {
        let spent = self
            .prefixes_left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
            .is_err();
        // The one error that ends the parser's other attempts, too.
        spent.then_some(Err(ParserError::RecursionLimitExceeded))
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        ch.is_ascii_alphabetic() || ch == '_'
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        ch.is_ascii_alphanumeric() || ch == '_'
    }

    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        ch == '"'
    }

    fn supports_filter_during_aggregation(&self) -> bool {
        true
    }

    fn supports_group_by_expr(&self) -> bool {
        true
    }

    fn supports_lambda_functions(&self) -> bool {
        true
    }

    fn supports_unicode_string_literal(&self) -> bool {
        true
    }

    fn supports_window_clause_named_window_reference(&self) -> bool {
        true
    }
}

/// Words that begin what is no query.
const OTHERS: [&str; 17] = [
    "alter",
    "create",
    "deallocate",
    "delete",
    "describe",
    "drop",
    "execute",
    "insert",
    "merge",
    "msck",
    "optimize",
    "prepare",
    "show",
    "unload",
    "update",
    "vacuum",
    "call",
];

pub fn read(text: &str) -> Result<Statement> {
    let tokens = Tokenizer::new(&Trino::for_tokens(0), text).tokenize().map_err(syntax)?;
    let tokens: Vec<Token> =
        tokens.into_iter().filter(|token| !matches!(token, Token::Whitespace(_))).collect();
    refuse_by_words(&tokens)?;
    let tokens = arrays(versions(tokens)?);
    let dialect = Trino::for_tokens(tokens.len());
    let mut parser = Parser::new(&dialect).with_tokens(tokens);
    let parsed = parser.parse_statements();
    let mut statements = parsed.map_err(|error| match error {
        ParserError::RecursionLimitExceeded => too_deep(),
        other => syntax(other),
    })?;
    match (statements.pop(), statements.is_empty()) {
        (Some(statement), true) => Ok(statement),
        _ => Err(Error::syntax("one statement is expected").hint("Send statements one by one.")),
    }
}

fn syntax(error: impl std::fmt::Display) -> Error {
    let said = error.to_string();
    let said = said.split_once(": ").map_or(said.as_str(), |(_, said)| said);
    Error::syntax(format!("syntax error: {said}"))
}

fn is_word(token: Option<&Token>, word: &str) -> bool {
    let Some(Token::Word(found)) = token else { return false };
    found.quote_style.is_none() && found.value.eq_ignore_ascii_case(word)
}

fn refuse_by_words(tokens: &[Token]) -> Result<()> {
    if let Some(word) = OTHERS.iter().find(|word| is_word(tokens.first(), word)) {
        let error = refused(
            format!("{} in Athena's dialect", word.to_uppercase()),
            "Only SELECT, VALUES and EXPLAIN are translated.",
        );
        return Err(error.about(Subject::Statement));
    }
    for (at, token) in tokens.iter().enumerate() {
        let opens = tokens.get(at + 1) == Some(&Token::LParen);
        if matches!(token, Token::Char('`')) {
            return Err(refused(
                "names in backticks, which belong to Athena's DDL",
                "Quote names with \".",
            ));
        }
        if is_word(Some(token), "row") && opens {
            return Err(refused("ROW values and types", "Select their fields as columns."));
        }
        if is_word(Some(token), "map") && opens {
            return Err(refused(
                "MAP values and types",
                "Select their entries as columns, or keep them as JSON.",
            ));
        }
        if *token == Token::Arrow {
            return Err(refused(
                "lambda functions (x -> …)",
                "Unnest the array, and filter or compute in a subquery.",
            ));
        }
        if matches!(token, Token::Placeholder(_)) {
            return Err(refused("the parameter ?", "Put its value in.").about(Subject::Parameter));
        }
    }
    Ok(())
}

fn quoted(value: String) -> Token {
    Token::Word(Word { value, quote_style: Some('"'), keyword: Keyword::NoKeyword })
}

/// `orders FOR VERSION AS OF 5` → `"orders@v5"`, which is how Lakegate names a version of a table.
fn versions(tokens: Vec<Token>) -> Result<Vec<Token>> {
    let mut written: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        let kind =
            ["version", "timestamp"].into_iter().find(|kind| is_word(tokens.get(at + 1), kind));
        let is_clause = is_word(tokens.get(at), "for")
            && is_word(tokens.get(at + 2), "as")
            && is_word(tokens.get(at + 3), "of");
        let (Some(kind), true) = (kind, is_clause) else {
            written.push(tokens[at].clone());
            at += 1;
            continue;
        };
        let no = || {
            refused(
                format!("FOR {} AS OF an expression", kind.to_uppercase()),
                "Write a number, or a literal: TIMESTAMP '2026-01-31 12:00:00 UTC'.",
            )
        };
        let (suffix, length) = match (kind, tokens.get(at + 4), tokens.get(at + 5)) {
            ("version", Some(Token::Number(number, _)), _) => (format!("v{number}"), 5),
            ("timestamp", word, Some(Token::SingleQuotedString(said)))
                if is_word(word, "timestamp") =>
            {
                let zoned = super::super::kinds::split_offset(said).ok_or_else(no)?;
                let offset = if zoned.1 == "UTC" { "+00:00" } else { &zoned.1 };
                (format!("{}{offset}", zoned.0), 6)
            }
            _ => return Err(no()),
        };
        let Some(Token::Word(table)) = written.pop() else { return Err(no()) };
        let bare = table.value.to_lowercase();
        written.push(quoted(format!("{bare}@{suffix}")));
        at += length;
        let next = tokens.get(at);
        let ends = [
            "where",
            "join",
            "on",
            "cross",
            "inner",
            "left",
            "right",
            "full",
            "group",
            "order",
            "limit",
            "offset",
            "having",
            "union",
            "except",
            "intersect",
            "window",
            "natural",
            "using",
            "fetch",
        ];
        let has_alias = is_word(next, "as")
            || matches!(next, Some(Token::Word(_))) && !ends.iter().any(|word| is_word(next, word));
        if !has_alias {
            written.push(Token::make_keyword("AS"));
            written.push(quoted(bare));
        }
    }
    Ok(written)
}

/// The type `array(varchar)` → `ARRAY<varchar>`, which the parser reads.
fn arrays(tokens: Vec<Token>) -> Vec<Token> {
    let mut written: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut closing: Vec<usize> = Vec::new();
    let mut depth = 0_usize;
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let opens_array = is_word(Some(&token), "array") && tokens.peek() == Some(&Token::LParen);
        match token {
            _ if opens_array => {
                tokens.next();
                depth += 1;
                closing.push(depth);
                written.extend([token, Token::Lt]);
            }
            Token::LParen => {
                depth += 1;
                written.push(token);
            }
            Token::RParen => {
                let closed = closing.last() == Some(&depth);
                depth = depth.saturating_sub(1);
                if closed {
                    closing.pop();
                }
                written.push(if closed { Token::Gt } else { token });
            }
            _ => written.push(token),
        }
    }
    written
}
