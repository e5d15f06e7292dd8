//! DECLARE, FETCH, MOVE, CLOSE, PREPARE, EXECUTE and DEALLOCATE, as Postgres writes them.

use lakegate_base::{
    Declare, Direction, Error, Fetch, FrontStatement, Result, Scroll, Statement, StatementKind,
};
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::copy::copy;
use super::words::Words;

/// Parses a part of the statement, a query, as a statement of its own.
pub type ParsePart<'a> = dyn Fn(&[TokenWithSpan]) -> Result<Statement> + 'a;

/// The statement, if it is one about a front's objects.
pub fn front(mut words: Words<'_>, part: &ParsePart<'_>) -> Result<Option<FrontStatement>> {
    let Some(verb) = words.word() else {
        return Ok(None);
    };
    let parse: fn(&mut Words<'_>, &ParsePart<'_>) -> Result<FrontStatement> = match verb.as_str() {
        "DECLARE" => declare,
        "FETCH" => |words, _| fetch(words, false),
        "MOVE" => |words, _| fetch(words, true),
        "CLOSE" => |words, _| Ok(FrontStatement::Close(name_or_all(words)?)),
        "PREPARE" => prepare,
        "EXECUTE" => execute,
        "DEALLOCATE" => |words, _| {
            // PREPARE may be the name itself.
            let start = words.rest().len();
            if words.accept(&["PREPARE"]) && words.is_at_end() && start > 0 {
                return Ok(FrontStatement::Deallocate(Some("prepare".to_string())));
            }
            Ok(FrontStatement::Deallocate(name_or_all(words)?))
        },
        "COPY" => copy,
        _ => return Ok(None),
    };
    words.next();
    parse(&mut words, part).map(Some)
}

/// A query, and nothing that changes anything.
pub fn query(tokens: &[TokenWithSpan], part: &ParsePart<'_>) -> Result<Statement> {
    let statement = part(tokens)?;
    match statement.kind {
        StatementKind::Rows => Ok(statement),
        _ => Err(Error::unsupported("anything but a query in this place")),
    }
}

fn name_or_all(words: &mut Words<'_>) -> Result<Option<String>> {
    let name = match words.accept(&["ALL"]) {
        true => None,
        false => Some(words.name()?),
    };
    words.expect_end()?;
    Ok(name)
}

fn declare(words: &mut Words<'_>, part: &ParsePart<'_>) -> Result<FrontStatement> {
    let name = words.name()?;
    let (mut scroll, mut is_binary) = (Scroll::Unsaid, false);
    loop {
        if words.accept(&["BINARY"]) {
            is_binary = true;
        } else if words.accept(&["NO", "SCROLL"]) {
            scroll = Scroll::NoScroll;
        } else if words.accept(&["SCROLL"]) {
            scroll = Scroll::Scroll;
        } else if !words.accept(&["INSENSITIVE"]) && !words.accept(&["ASENSITIVE"]) {
            break;
        }
    }
    words.expect(&["CURSOR"])?;
    let is_held = words.accept(&["WITH", "HOLD"]);
    if !is_held {
        words.accept(&["WITHOUT", "HOLD"]);
    }
    words.expect(&["FOR"])?;
    let query = query(words.rest(), part)?;
    Ok(FrontStatement::Declare(Declare { name, query, scroll, is_held, is_binary }))
}

fn fetch(words: &mut Words<'_>, is_move: bool) -> Result<FrontStatement> {
    // A direction's word that ends the statement is a cursor's name.
    let is_name = words.rest().iter().filter(|token| is_visible(token)).count() == 1;
    let direction = if is_name { None } else { direction(words)? };
    if !words.accept(&["FROM"]) {
        words.accept(&["IN"]);
    }
    let cursor = words.name()?;
    words.expect_end()?;
    let direction = direction.unwrap_or(Direction::Forward(Some(1)));
    Ok(FrontStatement::Fetch(Fetch { cursor, direction, is_move }))
}

fn is_visible(token: &TokenWithSpan) -> bool {
    !matches!(token.token, Token::Whitespace(_) | Token::EOF)
}

fn direction(words: &mut Words<'_>) -> Result<Option<Direction>> {
    if let Some(count) = words.number() {
        return Ok(Some(so_many(count)));
    }
    let Some(word) = words.word() else {
        return Ok(None);
    };
    let is_known = matches!(
        word.as_str(),
        "NEXT"
            | "PRIOR"
            | "FIRST"
            | "LAST"
            | "ABSOLUTE"
            | "RELATIVE"
            | "ALL"
            | "FORWARD"
            | "BACKWARD"
    );
    if !is_known {
        return Ok(None);
    }
    words.next();
    Ok(Some(match word.as_str() {
        "NEXT" => Direction::Forward(Some(1)),
        "PRIOR" => Direction::Backward(Some(1)),
        "FIRST" => Direction::Absolute(1),
        "LAST" => Direction::Absolute(-1),
        "ABSOLUTE" => Direction::Absolute(words.number().ok_or_else(|| words.unexpected())?),
        "RELATIVE" => Direction::Relative(words.number().ok_or_else(|| words.unexpected())?),
        "ALL" => Direction::Forward(None),
        way => {
            let is_forward = way == "FORWARD";
            if words.accept(&["ALL"]) {
                return Ok(Some(match is_forward {
                    true => Direction::Forward(None),
                    false => Direction::Backward(None),
                }));
            }
            let count = words.number().unwrap_or(1);
            so_many(if is_forward { count } else { -count })
        }
    }))
}

/// Forward when positive, backward when negative, the same row again for 0.
fn so_many(count: i64) -> Direction {
    match count {
        0 => Direction::Relative(0),
        count if count > 0 => Direction::Forward(Some(count.unsigned_abs())),
        count => Direction::Backward(Some(count.unsigned_abs())),
    }
}

fn prepare(words: &mut Words<'_>, part: &ParsePart<'_>) -> Result<FrontStatement> {
    if words.accept(&["TRANSACTION"]) {
        return Err(Error::unsupported("prepared transactions"));
    }
    let name = words.name()?;
    let types = match words.peek() {
        Some(Token::LParen) => types(words.parenthesised()?),
        _ => Vec::new(),
    };
    words.expect(&["AS"])?;
    let query = part(words.rest())?;
    match query.kind {
        StatementKind::Rows => Ok(FrontStatement::Prepare { name, types, query }),
        _ => Err(Error::unsupported("PREPARE of a statement that is no query")),
    }
}

/// Each type in lower case, its modifiers left out: `numeric(10, 2)[]` is `numeric[]`.
fn types(tokens: &[TokenWithSpan]) -> Vec<String> {
    let (mut types, mut depth) = (vec![String::new()], 0_usize);
    for token in tokens.iter().filter(|token| is_visible(token)) {
        match (&token.token, types.last_mut()) {
            (Token::LParen, _) => depth += 1,
            (Token::RParen, _) => depth = depth.saturating_sub(1),
            (_, _) if depth > 0 => {}
            (Token::Comma, _) => types.push(String::new()),
            (Token::Word(word), Some(name)) => {
                if !name.is_empty() && !name.ends_with('.') {
                    name.push(' ');
                }
                name.push_str(&word.to_string().to_lowercase());
            }
            (other, Some(name)) => name.push_str(&other.to_string()),
            (_, None) => {}
        }
    }
    types.into_iter().map(|name| name.trim_start_matches("pg_catalog.").to_string()).collect()
}

fn execute(words: &mut Words<'_>, part: &ParsePart<'_>) -> Result<FrontStatement> {
    let name = words.name()?;
    let arguments = match words.peek() {
        Some(Token::LParen) => {
            let inside = words.parenthesised()?;
            match inside.iter().any(is_visible) {
                true => Some(part(&selected(inside))?),
                false => None,
            }
        }
        _ => None,
    };
    words.expect_end()?;
    Ok(FrontStatement::Execute { name, arguments })
}

/// `SELECT` and these tokens.
fn selected(tokens: &[TokenWithSpan]) -> Vec<TokenWithSpan> {
    let select = TokenWithSpan::wrap(Token::make_keyword("SELECT"));
    std::iter::once(select).chain(tokens.iter().cloned()).collect()
}
