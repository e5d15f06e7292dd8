//! The statement of a model: one SELECT, and the tables it reads.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use lakegate_base::TableName;
use sqlparser::ast::{
    Ident, ObjectName, Query, Select, SetExpr, Spanned, Statement, TableFactor, Visit, Visitor,
};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer, Whitespace};

use crate::Fault;

/// Long flat chains (`1 + 1 + …`) nest one level per term in the tree, whose walk and drop use the
/// stack: a cap on tokens and a stack that holds the longest chain keep a bad file from ending the
/// process.
const TOKENS_MAX: usize = 20_000;
const STACK_BYTES: usize = 256 << 20;

const ONE_SELECT: &str = "Write exactly one SELECT (or WITH … SELECT) after the header.";

pub(crate) struct ModelStatement {
    pub sql: String,
    pub line: usize,
    pub references: Vec<TableName>,
}

/// Reads a whole model file: the header is only comments to SQL, so that lines are the file's
/// lines.
pub(crate) fn parse(text: &str) -> Result<ModelStatement, Fault> {
    let tokens = tokens(text)?;
    let code = |t: &&TokenWithSpan| !matches!(t.token, Token::Whitespace(_) | Token::EOF);
    let Some(first) = tokens.iter().find(code) else {
        return Err(Fault::new(1, "the file holds no statement", ONE_SELECT));
    };
    let start = first.span.start;
    let end = tokens.iter().rfind(code).filter(|last| last.token == Token::SemiColon);
    let sql = slice(text, start, end.map(|token| token.span.start));
    let references = on_large_stack(|| references(tokens))?;
    Ok(ModelStatement { sql, line: number(start), references })
}

fn tokens(text: &str) -> Result<Vec<TokenWithSpan>, Fault> {
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, text)
        .tokenize_with_location()
        .map_err(|e| Fault::new(number(e.location), e.message, "Correct the SQL."))?;
    let blank = |t: &TokenWithSpan| {
        matches!(
            t.token,
            Token::Whitespace(Whitespace::Space | Whitespace::Newline | Whitespace::Tab)
        )
    };
    if tokens.iter().filter(|t| !blank(t)).count() > TOKENS_MAX {
        let message = format!("the statement has more than {TOKENS_MAX} words and signs");
        return Err(Fault::new(1, message, "Split the model into smaller ones."));
    }
    Ok(tokens)
}

fn references(tokens: Vec<TokenWithSpan>) -> Result<Vec<TableName>, Fault> {
    let statements = Parser::new(&PostgreSqlDialect {})
        .with_tokens_with_locations(tokens)
        .parse_statements()
        .map_err(syntax)?;
    let query = match statements.as_slice() {
        [Statement::Query(query)] => query,
        [other] | [Statement::Query(_), other, ..] | [other, ..] => {
            let line = number(other.span().start);
            return Err(Fault::new(line, "a model is one SELECT statement", ONE_SELECT));
        }
        [] => return Err(Fault::new(1, "the file holds no statement", ONE_SELECT)),
    };
    let mut finder = Finder::default();
    if let ControlFlow::Break(fault) = query.visit(&mut finder) {
        return Err(*fault);
    }
    Ok(finder.found.into_iter().collect())
}

/// Collects the tables of a query; stops at the first thing a model may not hold.
#[derive(Default)]
struct Finder {
    /// The names of the CTEs in scope, innermost query last.
    scopes: Vec<BTreeSet<String>>,
    /// A table function's name, which the walk is about to report as a relation.
    function: Option<ObjectName>,
    found: BTreeSet<TableName>,
}

impl Visitor for Finder {
    type Break = Box<Fault>;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Self::Break> {
        if let Some(line) = not_a_select(&query.body) {
            return refuse(
                line,
                "a model only reads: no INSERT, UPDATE, DELETE, MERGE or TABLE",
                ONE_SELECT,
            );
        }
        let names = query.with.iter().flat_map(|with| &with.cte_tables);
        self.scopes.push(names.map(|cte| fold(&cte.alias.name)).collect());
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &Query) -> ControlFlow<Self::Break> {
        self.scopes.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Self::Break> {
        if select.into.is_some() {
            return refuse(number(select.span().start), "SELECT INTO writes", ONE_SELECT);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<Self::Break> {
        if let TableFactor::Table { name, args: Some(_), .. } = factor {
            self.function = Some(name.clone());
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<Self::Break> {
        if self.function.take_if(|function| function == relation).is_some() {
            return ControlFlow::Continue(());
        }
        let line = number(relation.span().start);
        let parts: Option<Vec<&Ident>> = relation.0.iter().map(|part| part.as_ident()).collect();
        match parts.as_deref() {
            Some([table]) if self.scopes.iter().any(|scope| scope.contains(&fold(table))) => {}
            Some([table]) => {
                let message = format!("table \"{}\" names no database", table.value);
                return refuse(line, &message, "Write DATABASE.TABLE, or name a CTE above it.");
            }
            Some([database, table]) => {
                self.found.insert(TableName::new(&database.value, &table.value));
            }
            _ => {
                let message = format!("\"{relation}\" is not DATABASE.TABLE");
                return refuse(line, &message, "Write DATABASE.TABLE.");
            }
        }
        ControlFlow::Continue(())
    }
}

fn refuse(line: usize, message: &str, hint: &str) -> ControlFlow<Box<Fault>> {
    ControlFlow::Break(Box::new(Fault::new(line, message, hint)))
}

/// The line of the part that is not a SELECT, if any.
fn not_a_select(body: &SetExpr) -> Option<usize> {
    match body {
        SetExpr::Select(_) | SetExpr::Query(_) | SetExpr::Values(_) => None,
        SetExpr::SetOperation { left, right, .. } => {
            not_a_select(left).or_else(|| not_a_select(right))
        }
        other => Some(number(other.span().start)),
    }
}

/// Names fold to lower case, quoted or not: the catalog has no others.
fn fold(name: &Ident) -> String {
    lakegate_base::fold_name(&name.value)
}

/// The parser puts the place into its message: `… at Line: 3, Column: 5`.
fn syntax(error: ParserError) -> Fault {
    let message = match error {
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => message,
        ParserError::RecursionLimitExceeded => "nested too deeply".to_string(),
    };
    let (text, place) = message.rsplit_once(" at Line: ").unwrap_or((&message, ""));
    let digits: String = place.chars().take_while(char::is_ascii_digit).collect();
    Fault::new(digits.parse().unwrap_or(1), text, "Correct the SQL.")
}

fn number(location: Location) -> usize {
    usize::try_from(location.line).unwrap_or(usize::MAX)
}

/// The text between two places; lines and columns count from 1, columns in characters.
fn slice(text: &str, start: Location, end: Option<Location>) -> String {
    let from = offset(text, start);
    let to = end.map_or(text.len(), |end| offset(text, end));
    text.get(from..to).unwrap_or_default().trim_end().to_string()
}

fn offset(text: &str, place: Location) -> usize {
    let mut rest = text;
    for _ in 1..place.line {
        rest = rest.split_once('\n').map_or("", |(_, after)| after);
    }
    let column = usize::try_from(place.column).unwrap_or(usize::MAX).saturating_sub(1);
    let inside = rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at);
    text.len() - rest.len() + inside
}

fn on_large_stack<T: Send>(work: impl FnOnce() -> Result<T, Fault> + Send) -> Result<T, Fault> {
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().stack_size(STACK_BYTES);
        let thread = builder.spawn_scoped(scope, work);
        let failed = |_| Fault::new(1, "the SQL parser failed", "Simplify the statement.");
        thread
            .map_err(|_| Fault::new(1, "no thread to parse on", "Try again."))?
            .join()
            .map_err(failed)?
    })
}
