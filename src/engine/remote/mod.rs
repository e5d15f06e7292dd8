//! Statements that an engine elsewhere answers (`base/remote.rs`): which do, in what words, and their rows.
//!
//! A statement goes as a whole, or not at all: because its session or its own hint says so, because it
//! names a table that only the remote reads, or, where the operator allows it, because it is valid and we
//! do not support it. Statements that read no table of the catalog stay here whatever is asked: clients
//! browse.

mod answer;
mod estimate;
mod parameters;
mod route;
mod run;
mod statement;
mod table;

pub use answer::lines;
pub use estimate::bytes as estimated;
pub use route::{RemoteOptions, Route};
pub use run::{RemoteWork, Turned};
pub use statement::Abroad;
pub use table::RemoteTable;
