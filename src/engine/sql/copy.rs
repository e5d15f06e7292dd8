//! COPY … TO STDOUT, with its options in both of Postgres's spellings.

use lakegate_base::{
    Copy, CopyForm, Csv, Error, ErrorKind, ForceQuote, FrontStatement, Result, Subject,
};
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::front::{ParsePart, query};
use super::words::Words;

/// What was said of the form, before it is known to fit together.
#[derive(Default)]
struct Options {
    format: Option<String>,
    delimiter: Option<String>,
    null: Option<String>,
    header: Option<bool>,
    quote: Option<String>,
    escape: Option<String>,
    force_quote: Option<ForceQuote>,
}

/// What follows the word COPY.
pub fn copy(words: &mut Words<'_>, part: &ParsePart<'_>) -> Result<FrontStatement> {
    let mut options = Options::default();
    if words.accept(&["BINARY"]) {
        options.format = Some("binary".to_string());
    }
    let source = match words.peek() {
        Some(Token::LParen) => words.parenthesised()?.to_vec(),
        _ => table(words)?,
    };
    let is_from = words.accept(&["FROM"]);
    if !is_from {
        words.expect(&["TO"])?;
    }
    target(words, is_from)?;
    read_options(words, &mut options)?;
    let form = options.form()?;
    Ok(FrontStatement::Copy(Copy { query: query(&source, part)?, form }))
}

/// `name (columns)` as the tokens of a query.
fn table(words: &mut Words<'_>) -> Result<Vec<TokenWithSpan>> {
    let word = |text: &str| TokenWithSpan::wrap(Token::make_keyword(text));
    let mut name = Vec::new();
    loop {
        name.extend(words.rest().first().cloned());
        words.name()?;
        if !words.accept_token(&Token::Period) {
            break;
        }
        name.push(TokenWithSpan::wrap(Token::Period));
    }
    let columns = match words.peek() {
        Some(Token::LParen) => words.parenthesised()?.to_vec(),
        _ => vec![TokenWithSpan::wrap(Token::Mul)],
    };
    let mut tokens = vec![word("SELECT")];
    tokens.extend(columns);
    tokens.push(word("FROM"));
    tokens.extend(name);
    Ok(tokens)
}

/// Only the client's own end is a target.
fn target(words: &mut Words<'_>, is_from: bool) -> Result<()> {
    let way = if is_from { "FROM" } else { "TO" };
    if words.accept(&["STDOUT"]) || words.accept(&["STDIN"]) {
        if !is_from {
            return Ok(());
        }
        return Err(Error::unsupported("COPY FROM STDIN")
            .about(Subject::Statement)
            .hint("Lakegate answers queries; tables are built by models under sql/."));
    }
    if words.accept(&["PROGRAM"]) {
        let message = format!("permission denied to COPY {way} an external program");
        return Err(Error::denied(message).hint("COPY … TO STDOUT works for anyone."));
    }
    words.string()?;
    Err(Error::denied(format!("permission denied to COPY {way} a file"))
        .hint("COPY … TO STDOUT works for anyone; psql's \\copy writes files of its own."))
}

fn read_options(words: &mut Words<'_>, options: &mut Options) -> Result<()> {
    words.accept(&["WITH"]);
    if words.accept_token(&Token::LParen) {
        loop {
            option(words, options)?;
            if !words.accept_token(&Token::Comma) {
                break;
            }
        }
        words.expect_token(&Token::RParen)?;
        return words.expect_end();
    }
    while !words.is_at_end() {
        old_option(words, options)?;
    }
    Ok(())
}

/// One of `(FORMAT csv, HEADER true, …)`.
fn option(words: &mut Words<'_>, options: &mut Options) -> Result<()> {
    let name = words.name()?;
    match name.as_str() {
        "format" => {
            let format = value(words)?.unwrap_or_default();
            set(&mut options.format, format.to_lowercase())
        }
        "delimiter" => set(&mut options.delimiter, words.string()?),
        "null" => set(&mut options.null, words.string()?),
        "quote" => set(&mut options.quote, words.string()?),
        "escape" => set(&mut options.escape, words.string()?),
        "header" => {
            let header = value(words)?;
            set(&mut options.header, truth(header.as_deref())?)
        }
        "force_quote" => {
            let columns = match words.accept_token(&Token::Mul) {
                true => ForceQuote::All,
                false => ForceQuote::Columns(words.names()?),
            };
            set(&mut options.force_quote, columns)
        }
        "encoding" => encoding(&words.string()?),
        "freeze" => truth(value(words)?.as_deref()).map(drop),
        "force_not_null" | "force_null" => {
            Err(syntax("COPY force not null only available using COPY FROM"))
        }
        other => Err(syntax(&format!("option \"{other}\" not recognized"))),
    }
}

/// One of `BINARY CSV HEADER DELIMITER AS ',' …`.
fn old_option(words: &mut Words<'_>, options: &mut Options) -> Result<()> {
    let as_string = |words: &mut Words<'_>| {
        words.accept(&["AS"]);
        words.string()
    };
    if words.accept(&["BINARY"]) {
        set(&mut options.format, "binary".to_string())
    } else if words.accept(&["CSV"]) {
        set(&mut options.format, "csv".to_string())
    } else if words.accept(&["HEADER"]) {
        set(&mut options.header, true)
    } else if words.accept(&["DELIMITER"]) || words.accept(&["USING", "DELIMITERS"]) {
        let text = as_string(words)?;
        set(&mut options.delimiter, text)
    } else if words.accept(&["NULL"]) {
        let text = as_string(words)?;
        set(&mut options.null, text)
    } else if words.accept(&["QUOTE"]) {
        let text = as_string(words)?;
        set(&mut options.quote, text)
    } else if words.accept(&["ESCAPE"]) {
        let text = as_string(words)?;
        set(&mut options.escape, text)
    } else if words.accept(&["FORCE", "QUOTE"]) {
        let columns = if words.accept_token(&Token::Mul) {
            ForceQuote::All
        } else {
            let mut names = vec![words.name()?];
            while words.accept_token(&Token::Comma) {
                names.push(words.name()?);
            }
            ForceQuote::Columns(names)
        };
        set(&mut options.force_quote, columns)
    } else if words.accept(&["ENCODING"]) {
        encoding(&words.string()?)
    } else {
        Err(words.unexpected())
    }
}

/// A word, a number or a text; none when the option stands alone.
fn value(words: &mut Words<'_>) -> Result<Option<String>> {
    if matches!(words.peek(), Some(Token::Comma | Token::RParen)) {
        return Ok(None);
    }
    if let Some(number) = words.number() {
        return Ok(Some(number.to_string()));
    }
    match words.peek() {
        Some(Token::Word(_)) => words.name().map(Some),
        _ => words.string().map(Some),
    }
}

fn truth(value: Option<&str>) -> Result<bool> {
    match value.map(str::to_lowercase).as_deref() {
        None | Some("true" | "on" | "1") => Ok(true),
        Some("false" | "off" | "0") => Ok(false),
        Some("match") => Err(syntax("cannot use \"match\" with HEADER in COPY TO")),
        Some(_) => Err(syntax("header requires a Boolean value or \"match\"")),
    }
}

fn encoding(name: &str) -> Result<()> {
    match name.to_uppercase().as_str() {
        "UTF8" | "UTF-8" | "UNICODE" => Ok(()),
        _ => Err(Error::unsupported(format!("COPY in encoding \"{name}\": only UTF8"))),
    }
}

fn set<T>(option: &mut Option<T>, value: T) -> Result<()> {
    if option.is_some() {
        return Err(syntax("conflicting or redundant options"));
    }
    *option = Some(value);
    Ok(())
}

impl Options {
    /// Refuses what does not fit together, as Postgres's ProcessCopyOptions does.
    fn form(self) -> Result<CopyForm> {
        match self.format.as_deref().unwrap_or("text") {
            "binary" => self.binary(),
            "text" => self.text(),
            "csv" => self.csv(),
            other => Err(Error::invalid(format!("COPY format \"{other}\" not recognized"))
                .about(Subject::Setting)),
        }
    }

    fn binary(self) -> Result<CopyForm> {
        if self.delimiter.is_some() {
            return Err(syntax("cannot specify DELIMITER in BINARY mode"));
        }
        if self.null.is_some() {
            return Err(syntax("cannot specify NULL in BINARY mode"));
        }
        if self.header == Some(true) {
            return Err(Error::unsupported("HEADER in COPY's binary format"));
        }
        self.only_csv()?;
        Ok(CopyForm::Binary)
    }

    fn text(self) -> Result<CopyForm> {
        self.only_csv()?;
        let delimiter = self.delimiter("\t")?;
        if b"\\.abcdefghijklmnopqrstuvwxyz0123456789".contains(&delimiter) {
            let shown = char::from(delimiter);
            return Err(setting(&format!("COPY delimiter cannot be \"{shown}\"")));
        }
        let null = self.null("\\N", delimiter)?;
        Ok(CopyForm::Text { delimiter, null, header: self.header.unwrap_or(false) })
    }

    fn csv(self) -> Result<CopyForm> {
        let delimiter = self.delimiter(",")?;
        let null = self.null("", delimiter)?;
        let quote = one_byte(self.quote.as_deref().unwrap_or("\""), "quote")?;
        let escape = match &self.escape {
            Some(escape) => one_byte(escape, "escape")?,
            None => quote,
        };
        if quote == delimiter {
            return Err(setting("COPY delimiter and quote must be different"));
        }
        if null.as_bytes().contains(&quote) {
            return Err(setting("CSV quote character must not appear in the NULL specification"));
        }
        Ok(CopyForm::Csv(Csv {
            delimiter,
            null,
            header: self.header.unwrap_or(false),
            quote,
            escape,
            force_quote: self.force_quote.unwrap_or(ForceQuote::Columns(Vec::new())),
        }))
    }

    fn only_csv(&self) -> Result<()> {
        let said = [
            (self.quote.is_some(), "quote"),
            (self.escape.is_some(), "escape"),
            (self.force_quote.is_some(), "force quote"),
        ];
        match said.into_iter().find(|(said, _)| *said) {
            Some((_, name)) => {
                Err(Error::unsupported(format!("COPY {name} available only in CSV mode")))
            }
            None => Ok(()),
        }
    }

    fn delimiter(&self, usual: &str) -> Result<u8> {
        let delimiter = one_byte(self.delimiter.as_deref().unwrap_or(usual), "delimiter")?;
        if matches!(delimiter, b'\n' | b'\r') {
            return Err(setting("COPY delimiter cannot be newline or carriage return"));
        }
        Ok(delimiter)
    }

    fn null(&self, usual: &str, delimiter: u8) -> Result<String> {
        let null = self.null.as_deref().unwrap_or(usual);
        if null.contains(['\n', '\r']) {
            return Err(setting("COPY null representation cannot use newline or carriage return"));
        }
        if null.as_bytes().contains(&delimiter) {
            return Err(setting("COPY delimiter must not appear in the NULL specification"));
        }
        Ok(null.to_string())
    }
}

fn one_byte(text: &str, what: &str) -> Result<u8> {
    match text.as_bytes() {
        [byte] => Ok(*byte),
        _ => {
            let message = format!("COPY {what} must be a single one-byte character");
            Err(Error::new(ErrorKind::Unsupported, message))
        }
    }
}

fn syntax(message: &str) -> Error {
    Error::syntax(message)
}

fn setting(message: &str) -> Error {
    Error::invalid(message).about(Subject::Setting)
}
