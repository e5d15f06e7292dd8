//! Statements between Lakegate's SQL, which is PostgreSQL's, and Athena's, which is Trino's with a few
//! limits: on the syntax tree, never on the text.
//!
//! ```text
//! to_athena:    tree → kinds of its columns → one walk that rewrites or refuses → text
//! from_athena:  text → tokens → tree → one walk that rewrites or refuses → tree
//! ```
//!
//! What cannot be said exactly is refused by name, with a hint: functions are known by lists, and what stands
//! on no list is refused, too. Where the dialects differ by the type of an operand (`avg` of a numeric, a day
//! less a day) the caller's [`Columns`] decide, and what stays unknown is refused.
//!
//! An answer may still differ in how it looks, not in what it says: Athena names unnamed columns `_col0`,
//! gives `extract` and `avg` of integers other numeric types, and moments of its Hive tables have
//! milliseconds.
//!
//! Taken as given: the session's time zone is UTC, which is Athena's; others are for the caller to refuse.
//! Where one side fails on a row the other may fail, too, or read a text more kindly, but it never makes up a
//! value: a division of doubles by zero is guarded. Two things are left, as no type tells of them: doubles
//! that overflow, an error here and infinite there, and NaN, which Postgres takes for equal to itself and
//! greater than the rest.
//!
//! Passes of our own and not polyglot-sql: it translates through a tree of its own, which would be parsed
//! from printed text a second time, maps functions by name without knowing types, and passes on what it does
//! not know. Here exactly that must be refused, so all of the work below would remain.

mod build;
mod from;
mod intervals;
mod kinds;
mod names;
mod outputs;
mod patterns;
mod regexps;
mod to;
mod types;
mod walk;

#[cfg(test)]
mod tests;

pub use from::from_athena;
pub use kinds::{Columns, Kind};
pub use to::to_athena;
