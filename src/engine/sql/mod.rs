//! From text to syntax tree, within limits.

mod dialect;
mod guard;
mod parse;
mod versions;

pub use guard::SqlLimits;
pub use parse::{ends_transaction, is_session_command, parse};

#[cfg(test)]
mod tests;
