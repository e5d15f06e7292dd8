//! `orders FOR VERSION AS OF 5` → `"orders@v5"`: the parser knows no version of a table, but any name. What
//! the name then means is decided where tables are opened (`travel.rs`).

use lakegate_base::{Error, Result};
use sqlparser::keywords::{Keyword, RESERVED_FOR_TABLE_ALIAS};
use sqlparser::tokenizer::{Token, TokenWithSpan, Word};

/// Rewrites every such clause of a statement's tokens.
pub fn name_versions(tokens: &[TokenWithSpan]) -> Result<Vec<TokenWithSpan>> {
    let mut named: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let Some(clause) = clause(&tokens[at..]) else {
            named.push(token.clone());
            at += 1;
            continue;
        };
        let suffix = clause.suffix?;
        let table = named.iter_mut().rev().find(|token| is_visible(token));
        let Some(TokenWithSpan { token: Token::Word(word), .. }) = table else {
            return Err(Error::syntax("FOR … AS OF follows the name of a table"));
        };
        let bare = match word.quote_style {
            Some(_) => word.value.clone(),
            None => word.value.to_lowercase(),
        };
        *word = quoted(format!("{bare}@{suffix}"));
        at += clause.tokens;
        // The rest of the statement goes on using the table's own name.
        if !has_alias(&tokens[at..]) {
            named.push(TokenWithSpan::wrap(Token::make_keyword("AS")));
            named.push(TokenWithSpan::wrap(Token::Word(quoted(bare))));
        }
    }
    Ok(named)
}

fn quoted(value: String) -> Word {
    Word { value, quote_style: Some('"'), keyword: Keyword::NoKeyword }
}

fn has_alias(tokens: &[TokenWithSpan]) -> bool {
    match tokens.iter().find(|token| is_visible(token)).map(|token| &token.token) {
        Some(Token::Word(word)) => {
            word.keyword == Keyword::AS
                || word.quote_style.is_some()
                || !RESERVED_FOR_TABLE_ALIAS.contains(&word.keyword)
        }
        _ => false,
    }
}

struct Clause {
    suffix: Result<String>,
    /// How many tokens it takes.
    tokens: usize,
}

fn is_visible(token: &TokenWithSpan) -> bool {
    !matches!(token.token, Token::Whitespace(_))
}

/// `FOR VERSION AS OF number | 'name'`,
/// `FOR TIMESTAMP | SYSTEM_TIME AS OF [TIMESTAMP | TIMESTAMPTZ | DATE] 'text'`.
fn clause(tokens: &[TokenWithSpan]) -> Option<Clause> {
    let mut visible = tokens.iter().enumerate().filter(|(_, token)| is_visible(token));
    let mut word = || match visible.next() {
        Some((_, TokenWithSpan { token: Token::Word(word), .. })) if word.quote_style.is_none() => {
            Some(word.value.to_uppercase())
        }
        _ => None,
    };
    if word()? != "FOR" {
        return None;
    }
    let kind = word()?;
    if !["VERSION", "TIMESTAMP", "SYSTEM_TIME", "SYSTEM_VERSION"].contains(&kind.as_str())
        || word()? != "AS"
        || word()? != "OF"
    {
        return None;
    }
    let is_version = kind.ends_with("VERSION");
    let mut value = visible.next()?;
    if let Token::Word(word) = &value.1.token
        && !is_version
        && ["TIMESTAMP", "TIMESTAMPTZ", "DATE"].contains(&word.value.to_uppercase().as_str())
    {
        value = visible.next()?;
    }
    let suffix = match &value.1.token {
        Token::Number(digits, _) if is_version => Ok(format!("v{digits}")),
        Token::SingleQuotedString(name) if is_version => Ok(format!("ref:{name}")),
        Token::SingleQuotedString(moment) => Ok(moment.clone()),
        _ if is_version => Err(Error::syntax("FOR VERSION AS OF takes a number or a 'name'")),
        _ => {
            Err(Error::syntax("FOR TIMESTAMP AS OF takes a literal: TIMESTAMP '2026-01-31 12:00'"))
        }
    };
    Some(Clause { suffix, tokens: value.0 + 1 })
}

#[cfg(test)]
mod tests {
    use sqlparser::dialect::PostgreSqlDialect;
    use sqlparser::tokenizer::Tokenizer;

    use super::name_versions;

    fn named(sql: &str) -> Result<String, String> {
        let tokens = Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize_with_location();
        let named = name_versions(&tokens.expect("tokens")).map_err(|e| e.to_string())?;
        let words: Vec<String> = named.iter().map(|token| token.token.to_string()).collect();
        Ok(words.join(" ").split_whitespace().collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn versions_become_names() {
        for (sql, expected) in [
            ("FROM T FOR VERSION AS OF 5", r#"FROM "t@v5" AS "t""#),
            ("FROM a.t FOR VERSION AS OF 'main' x", r#"FROM a . "t@ref:main" x"#),
            (
                "FROM t FOR TIMESTAMP AS OF TIMESTAMP '2026-01-31' WHERE t.a > 1",
                r#"FROM "t@2026-01-31" AS "t" WHERE t . a > 1"#,
            ),
            ("FROM t FOR SYSTEM_TIME AS OF '2026-01-31' AS y", r#"FROM "t@2026-01-31" AS y"#),
            ("SELECT for version FROM t", "SELECT for version FROM t"),
        ] {
            assert_eq!(named(sql).as_deref(), Ok(expected), "{sql}");
        }
        assert!(named("FROM t FOR VERSION AS OF now()").is_err_and(|e| e.contains("a number")));
        assert!(named("FROM t FOR TIMESTAMP AS OF now()").is_err_and(|e| e.contains("a literal")));
    }
}
