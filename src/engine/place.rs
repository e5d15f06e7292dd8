//! Where in its text a statement names what an error is about, as Postgres' errors point at it.

use std::ops::ControlFlow;

use lakegate_base::{Error, Subject};
use sqlparser::ast::{DataType, Expr, Ident, ObjectName, Statement, Visit, Visitor};

use crate::rewrite::folded;

/// The error with its place, where it has none yet and the statement shows one.
pub fn pointed(error: Error, tree: &Statement) -> Error {
    if error.position().is_some() {
        return error;
    }
    match wanted(&error).and_then(|wanted| find(&wanted, tree)) {
        Some(position) => error.at(position),
        None => error,
    }
}

/// What an error names.
struct Wanted {
    subject: Subject,
    /// From the outside in: schema, table, column.
    parts: Vec<String>,
}

/// The names in our messages: `relation "a.b" does not exist`, `column a.b does not exist`,
/// `function f does not exist`, `type "t" does not exist`.
fn wanted(error: &Error) -> Option<Wanted> {
    let (subject, message) = (error.subject(), error.message());
    let (what, rest) = message.split_once(' ')?;
    let is_known = matches!(
        (subject, what),
        (Subject::Table, "relation")
            | (Subject::Column, "column")
            | (Subject::Function, "function")
            | (Subject::Type, "type")
    );
    let name = rest.trim_start_matches("reference ");
    let name = match name.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"')?.0,
        None => name.split([' ', '(']).next()?,
    };
    let parts = name.split('.').map(str::to_string).collect();
    is_known.then_some(Wanted { subject, parts })
}

fn find(wanted: &Wanted, tree: &Statement) -> Option<u32> {
    let mut search = Search { wanted, loose: None };
    match tree.visit(&mut search) {
        ControlFlow::Break(position) => Some(position),
        ControlFlow::Continue(()) => search.loose,
    }
}

struct Search<'a> {
    wanted: &'a Wanted,
    /// The first that is named alike, though with other parts before it.
    loose: Option<u32>,
}

impl Search<'_> {
    fn see<'n>(&mut self, names: impl DoubleEndedIterator<Item = &'n Ident>) -> ControlFlow<u32> {
        let names: Vec<&Ident> = names.collect();
        let (Some(first), Some(last)) = (names.first(), names.last()) else {
            return ControlFlow::Continue(());
        };
        let Some(position) = position(first) else { return ControlFlow::Continue(()) };
        if self.wanted.parts.last() != Some(&folded(last)) {
            return ControlFlow::Continue(());
        }
        let written = names.iter().rev().map(|name| folded(name));
        let is_same = written.eq(self.wanted.parts.iter().rev().cloned());
        match is_same {
            true => ControlFlow::Break(position),
            false => {
                self.loose = self.loose.or(Some(position));
                ControlFlow::Continue(())
            }
        }
    }

    fn see_name(&mut self, name: &ObjectName) -> ControlFlow<u32> {
        self.see(name.0.iter().filter_map(|part| part.as_ident()))
    }
}

/// The parser's tokens carry their place as a column of one line; what was made up has none.
fn position(name: &Ident) -> Option<u32> {
    u32::try_from(name.span.start.column).ok().filter(|column| *column > 0)
}

impl Visitor for Search<'_> {
    type Break = u32;

    fn pre_visit_relation(&mut self, name: &ObjectName) -> ControlFlow<u32> {
        match self.wanted.subject {
            Subject::Table | Subject::Function => self.see_name(name),
            _ => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<u32> {
        match (self.wanted.subject, expr) {
            (Subject::Column, Expr::Identifier(name)) => self.see(std::iter::once(name)),
            (Subject::Column, Expr::CompoundIdentifier(names)) => self.see(names.iter()),
            (Subject::Function, Expr::Function(call)) => self.see_name(&call.name),
            (Subject::Type, Expr::Cast { data_type: DataType::Custom(name, _), .. }) => {
                self.see_name(name)
            }
            _ => ControlFlow::Continue(()),
        }
    }
}
