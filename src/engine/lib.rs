//! The query engine: the only crate that sees DataFusion. Sessions, planning over pinned tables, the lake
//! scan, functions, limits, and building models. Nothing here knows a wire protocol.

mod asked;
mod aspect;
mod command;
mod constant;
mod context;
mod cooperate;
mod engine;
mod error;
mod explain;
mod functions;
mod join_keys;
mod log;
mod materialize;
mod meaning;
mod memory;
mod names;
mod operators;
mod options;
mod own;
mod pin;
mod place;
mod plan;
mod plans;
mod remote;
mod rewrite;
mod run;
mod scan;
mod session;
mod sessions;
mod settings;
mod sql;
mod statement;
mod system;
mod temporary;
mod transaction;
mod travel;
mod view;

#[cfg(test)]
mod tests;

pub use engine::LakeEngine;
pub use lakegate_formats::CacheOptions;
pub use materialize::Built;
pub use options::{EngineLimits, EngineOptions, Freshness};
pub use remote::RemoteOptions;
pub use scan::{Pushdown, ScanOptions, ViewTypes};
pub use sql::SqlLimits;
