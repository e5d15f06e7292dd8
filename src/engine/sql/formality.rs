//! Statements that have nothing to do here, and small differences of spelling the parser does not take.

use lakegate_base::{Error, Result};
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::words::Words;

/// A statement that changes nothing: tools send it, and go on when it succeeds.
#[derive(Clone, Copy, Debug)]
pub struct Formality {
    pub tag: &'static str,
    pub notice: Option<&'static str>,
    pub place: Place,
}

/// Where a statement may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Anywhere,
    /// Inside a transaction only.
    Inside,
    /// Outside of transactions only.
    Outside,
}

const NOTHING_TO_DO: Option<&str> =
    Some("nothing was done: tables of the lake need no maintenance by SQL");
const NO_MESSAGES: Option<&str> = Some("nothing will ever be delivered: no session sends messages");

/// The statement, if it is one of these.
pub fn formality(mut words: Words<'_>) -> Result<Option<Formality>> {
    let Some(verb) = words.word() else {
        return Ok(None);
    };
    let of = |tag, notice, place| Some(Formality { tag, notice, place });
    Ok(match verb.as_str() {
        "VACUUM" => of("VACUUM", NOTHING_TO_DO, Place::Outside),
        "ANALYZE" | "ANALYSE" => of("ANALYZE", NOTHING_TO_DO, Place::Anywhere),
        "CHECKPOINT" => of("CHECKPOINT", NOTHING_TO_DO, Place::Anywhere),
        "REINDEX" => of("REINDEX", NOTHING_TO_DO, Place::Anywhere),
        "CLUSTER" => of("CLUSTER", NOTHING_TO_DO, Place::Anywhere),
        "LOCK" => of("LOCK TABLE", None, Place::Inside),
        "LISTEN" => of("LISTEN", NO_MESSAGES, Place::Anywhere),
        "UNLISTEN" => of("UNLISTEN", None, Place::Anywhere),
        "NOTIFY" => of("NOTIFY", NO_MESSAGES, Place::Anywhere),
        "SET" => {
            words.next();
            match words.accept(&["CONSTRAINTS"]) {
                true => of("SET CONSTRAINTS", None, Place::Anywhere),
                false => None,
            }
        }
        "DO" => {
            return Err(Error::unsupported("DO blocks")
                .hint("Lakegate runs SQL, and no procedural language."));
        }
        _ => None,
    })
}

/// The tokens as the parser takes them: ABORT is ROLLBACK, transactions that only read need not be
/// deferred, and a phrase of words is the parameter it stands for.
pub fn spelled(tokens: &[TokenWithSpan]) -> Option<Vec<TokenWithSpan>> {
    let visible: Vec<(usize, String)> = tokens
        .iter()
        .enumerate()
        .filter_map(|(at, token)| match &token.token {
            Token::Word(word) if word.quote_style.is_none() => {
                Some((at, word.value.to_uppercase()))
            }
            Token::Whitespace(_) => None,
            other => Some((at, other.to_string())),
        })
        .take(WORDS_READ)
        .collect();
    let words: Vec<&str> = visible.iter().map(|(_, word)| word.as_str()).collect();
    let keywords = |text: &str| {
        let words = text.split(' ').map(|word| TokenWithSpan::wrap(Token::make_keyword(word)));
        Some(words.collect::<Vec<_>>())
    };
    match words.as_slice() {
        ["ABORT", rest @ ..] => {
            let rest = rest.iter().filter(|word| !matches!(**word, "WORK" | "TRANSACTION"));
            let text: Vec<&str> = std::iter::once("ROLLBACK").chain(rest.copied()).collect();
            keywords(&text.join(" "))
        }
        ["RESET", "SESSION", "AUTHORIZATION"] => keywords("RESET SESSION_AUTHORIZATION"),
        ["RESET", "TIME", "ZONE"] => keywords("RESET TIMEZONE"),
        ["RESET", "TRANSACTION", "ISOLATION", "LEVEL"] => keywords("RESET TRANSACTION_ISOLATION"),
        ["BEGIN" | "START", ..] | ["SET", "TRANSACTION" | "SESSION" | "LOCAL", ..] => {
            let at = words.iter().position(|word| *word == "DEFERRABLE")?;
            let mut gone = vec![visible.get(at)?.0];
            let mut before = at;
            for word in ["NOT", ","] {
                if before > 0 && words.get(before - 1) == Some(&word) {
                    before -= 1;
                    gone.push(visible.get(before)?.0);
                }
            }
            let kept = tokens.iter().enumerate().filter(|(at, _)| !gone.contains(at));
            Some(kept.map(|(_, token)| token.clone()).collect())
        }
        _ => None,
    }
}

/// No such statement is longer.
const WORDS_READ: usize = 24;
