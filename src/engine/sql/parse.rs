//! Text → statements: limits, tokens, one parse each. Nothing is parsed twice and no text is rewritten.

use lakegate_base::{Error, Result, Statement, StatementKind};
use sqlparser::ast::Statement as Tree;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{
    Location, Span, Token, TokenWithSpan, Tokenizer, TokenizerError, Whitespace,
};
use std::sync::Arc;

use super::dialect::BoundedDialect;
use super::formality::{formality, spelled};
use super::front::front;
use super::guard::{SqlLimits, too_complex};
use super::versions::name_versions;
use super::words::Words;

/// Nested expressions and queries the parser follows before it refuses.
const RECURSION_MAX: usize = 400;

/// Splits a text at its semicolons and parses each statement.
pub fn parse(text: &str, limits: SqlLimits) -> Result<Vec<Statement>> {
    limits.check_text(text)?;
    let tokenize_dialect = BoundedDialect::for_tokens(0);
    let tokens = Tokenizer::new(&tokenize_dialect, text)
        .tokenize_with_location()
        .map_err(|error| token_error(text, &error))?;
    limits.check_tokens(&tokens)?;
    let lines = Lines::new(text);
    let texts: Vec<Option<&str>> = groups(&tokens).map(|group| lines.own(group)).collect();
    let tokens = lines.placed(tokens);
    let mut statements = Vec::new();
    for (group, own) in groups(&tokens).zip(texts) {
        if let Some(own) = own {
            statements.push(statement(group, own, &lines)?);
        }
    }
    Ok(statements)
}

/// The tokens of each statement.
fn groups(tokens: &[TokenWithSpan]) -> impl Iterator<Item = &[TokenWithSpan]> {
    tokens.split(|token| token.token == Token::SemiColon)
}

/// The statement these tokens are, under the text `own`.
fn statement(tokens: &[TokenWithSpan], own: &str, lines: &Lines<'_>) -> Result<Statement> {
    let part = |tokens: &[TokenWithSpan]| plain(tokens, own, lines);
    if let Some(front) = front(Words::new(tokens, lines), &part)? {
        let kind = StatementKind::Front(Arc::new(front));
        return Ok(Statement { kind, text: own.to_string(), tree: Arc::new(()) });
    }
    if let Some(formality) = formality(Words::new(tokens, lines))? {
        let kind = StatementKind::Command;
        return Ok(Statement { kind, text: own.to_string(), tree: Arc::new(formality) });
    }
    match spelled(tokens) {
        Some(tokens) => plain(&tokens, own, lines),
        None => plain(tokens, own, lines),
    }
}

/// `/*+ route(athena) */`
fn is_hint(token: &Token) -> bool {
    matches!(token, Token::Whitespace(Whitespace::MultiLineComment(text)) if text.starts_with('+'))
}

/// What the parser knows.
fn plain(tokens: &[TokenWithSpan], own: &str, lines: &Lines<'_>) -> Result<Statement> {
    let tree = parse_one(tokens, lines)?;
    Ok(Statement { kind: kind(&tree), text: own.to_string(), tree: Arc::new(tree) })
}

fn parse_one(tokens: &[TokenWithSpan], lines: &Lines<'_>) -> Result<Tree> {
    let dialect = BoundedDialect::for_tokens(tokens.len());
    let mut parser = Parser::new(&dialect)
        .with_recursion_limit(RECURSION_MAX)
        .with_tokens_with_locations(name_versions(tokens)?);
    let begins_with_table = parser.peek_keyword(Keyword::TABLE);
    let tree = match begins_with_table {
        // sqlparser knows `TABLE t` within a query only.
        true => parser.parse_query().map(Tree::Query),
        false => parser.parse_statement(),
    };
    let tree = tree.map_err(|e| parse_error(&e, &parser, lines))?;
    let next = parser.peek_token();
    if next.token != Token::EOF {
        return Err(near(Some(&next), lines));
    }
    Ok(tree)
}

/// What a front must know of the statement.
fn kind(tree: &Tree) -> StatementKind {
    match tree {
        Tree::Query(_)
        | Tree::Explain { .. }
        | Tree::ExplainTable { .. }
        | Tree::ShowVariable { .. }
        | Tree::ShowTables { .. } => StatementKind::Rows,
        Tree::StartTransaction { .. } => StatementKind::Begin,
        Tree::Commit { .. } => StatementKind::Commit,
        Tree::Rollback { savepoint: Some(_), .. } => StatementKind::RollbackTo,
        Tree::Rollback { .. } => StatementKind::Rollback,
        _ => StatementKind::Command,
    }
}

/// True for statements that stand outside the lake: they need no tables and no permit.
pub fn is_session_command(tree: &Tree) -> bool {
    !matches!(tree, Tree::Query(_) | Tree::Explain { .. } | Tree::ExplainTable { .. })
}

/// True for the statements a failed transaction still accepts.
pub fn ends_transaction(tree: &Tree) -> bool {
    matches!(tree, Tree::Commit { .. } | Tree::Rollback { .. })
}

fn parse_error(error: &ParserError, parser: &Parser<'_>, lines: &Lines<'_>) -> Error {
    match error {
        ParserError::RecursionLimitExceeded => {
            too_complex("statement is nested too deeply or too ambiguous to parse".to_string())
        }
        ParserError::TokenizerError(text) | ParserError::ParserError(text) => {
            // The parser's own words name what it expected; Postgres's wording is what tools look for.
            let error = match found(text) {
                Some((token, at)) => {
                    Error::syntax(format!("syntax error at or near \"{token}\"")).at(place(at))
                }
                None => near(Some(&parser.peek_token()), lines),
            };
            error.hint(text.split(" at Line:").next().unwrap_or(text))
        }
    }
}

/// The token and the place in the parser's text `…, found: TOKEN at Line: L, Column: C`.
fn found(text: &str) -> Option<(&str, Location)> {
    let (before, place) = text.rsplit_once(" at Line: ")?;
    let (line, column) = place.split_once(", Column: ")?;
    let token = before.rsplit_once("found: ")?.1;
    Some((token, Location { line: line.parse().ok()?, column: column.parse().ok()? }))
}

/// Postgres's syntax error at a token; none stands for the end of the text.
pub fn near(token: Option<&TokenWithSpan>, lines: &Lines<'_>) -> Error {
    match token {
        None | Some(TokenWithSpan { token: Token::EOF, .. }) => {
            Error::syntax("syntax error at end of input").at(lines.characters())
        }
        Some(TokenWithSpan { token, span }) => {
            Error::syntax(format!("syntax error at or near \"{token}\"")).at(place(span.start))
        }
    }
}

fn token_error(text: &str, error: &TokenizerError) -> Error {
    Error::syntax(format!("syntax error: {}", error.message.to_lowercase()))
        .at(Lines::new(text).position(error.location))
}

/// Of a token that was [`Lines::placed`].
fn place(at: Location) -> u32 {
    u32::try_from(at.column).unwrap_or(u32::MAX)
}

/// Turns the tokenizer's lines and columns into offsets.
pub struct Lines<'a> {
    text: &'a str,
    /// Byte offset of each line's start.
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(breaks).collect() }
    }

    fn offset(&self, at: Location) -> usize {
        let line = usize::try_from(at.line.saturating_sub(1)).unwrap_or(usize::MAX);
        let start = self.starts.get(line).copied().unwrap_or(self.text.len());
        let column = usize::try_from(at.column.saturating_sub(1)).unwrap_or(usize::MAX);
        let rest = self.text.get(start..).unwrap_or_default();
        start + rest.char_indices().nth(column).map_or(rest.len(), |(offset, _)| offset)
    }

    fn slice(&self, span: Span) -> &'a str {
        self.text.get(self.offset(span.start)..self.offset(span.end)).unwrap_or(self.text)
    }

    /// 1-based, in characters, as Postgres counts.
    fn position(&self, at: Location) -> u32 {
        let before = self.text.get(..self.offset(at)).unwrap_or_default();
        u32::try_from(before.chars().count() + 1).unwrap_or(u32::MAX)
    }

    /// The text of a statement, with a hint in front of it; none where there is nothing but space.
    fn own(&self, tokens: &[TokenWithSpan]) -> Option<&'a str> {
        let visible = |token: &&TokenWithSpan| !matches!(token.token, Token::Whitespace(_));
        tokens.iter().find(visible)?;
        let first = tokens.iter().find(|token| visible(token) || is_hint(&token.token))?;
        let last = tokens.iter().rev().find(visible)?;
        Some(self.slice(Span { start: first.span.start, end: last.span.end }))
    }

    /// Each token's place in characters, as the column of one line: what the parser makes of them keeps it,
    /// and errors of planning can point there.
    fn placed(&self, tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
        let mut characters = self.text.chars();
        let (mut here, mut column) = (Location { line: 1, column: 1 }, 1);
        let mut place = |at: Location| {
            while here < at {
                match characters.next() {
                    Some('\n') => here = Location { line: here.line + 1, column: 1 },
                    Some(_) => here.column += 1,
                    None => break,
                }
                column += 1;
            }
            Location { line: 1, column }
        };
        let placed = |TokenWithSpan { token, span }| {
            let (start, end) = (place(span.start), place(span.end));
            TokenWithSpan { token, span: Span { start, end } }
        };
        tokens.into_iter().map(placed).collect()
    }

    fn characters(&self) -> u32 {
        u32::try_from(self.text.trim_end().chars().count() + 1).unwrap_or(u32::MAX)
    }
}
