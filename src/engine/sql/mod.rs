//! From text to syntax tree, within limits.

mod copy;
mod dialect;
mod formality;
mod front;
mod guard;
mod parse;
mod versions;
mod words;

pub use formality::{Formality, Place};
pub use guard::SqlLimits;
pub use parse::{ends_transaction, is_session_command, parse};

#[cfg(test)]
mod tests;
