//! The Flight SQL front: Arrow over gRPC. It sees the engine only through `base`'s seam.
//!
//! A call's life: `server` serves gRPC on the sockets of `socket` → `service` finds the caller's session in
//! `registry`, by the bearer token a `login` gave, or by its connection → a statement is planned by
//! `client` and becomes a `query` with a `ticket`; `metadata` commands become statements of ours → DoGet
//! redeems the ticket: a task reads the rows from the engine, and `wire` puts them into the form the client
//! reads. `actions` and `put` are the rest: prepared statements and their `parameters`, transactions,
//! cancelling, session options.
//!
//! `arrow-flight` supplies the messages, their encoding and the gRPC service. Its `FlightSqlService` is not
//! used: it has no GetSchema, and answers what it cannot read as faults of the server.

#![deny(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_possible_wrap)]

mod actions;
mod client;
mod error;
mod gather;
mod login;
mod metadata;
mod options;
mod parameters;
mod put;
mod query;
mod registry;
mod server;
mod service;
mod session_options;
mod socket;
mod sql_info;
mod tables;
mod ticket;
mod transaction;
mod types;
mod wire;
mod xdbc;

pub use options::{FlightOptions, Limits};
pub use server::Server;
