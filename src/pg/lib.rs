//! The Postgres front: sockets, start-up, the simple and the extended protocol, and Arrow on the
//! wire. It sees the engine only through `base`'s seam.
//!
//! A connection's life: `server` accepts → `startup` negotiates TLS, reads the start-up packet,
//! logs in by `auth` and opens a session → `connection` takes one message at a time, which `frame`
//! validated before pgwire decoded it → `simple` or `extended` runs it, with `front` for cursors,
//! prepared statements and COPY → `cursor` streams batches, encoded by `types`, through `link`,
//! which watches the socket, the stop signal and the write timeout while anything waits.
//!
//! pgwire supplies message types, their encoding, and SCRAM. Its server loop is not used: it
//! collects whole results in the extended protocol, buffers frames of 1 GiB before login, and its
//! decoder panics on short frames and reads past them; `frame` hands it exactly one checked frame
//! at a time.

#![deny(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_possible_wrap)]

mod auth;
mod cancel;
mod connection;
mod copy;
mod cursor;
mod error;
mod extended;
mod frame;
mod front;
mod link;
mod options;
mod output;
mod portal;
mod server;
mod simple;
mod sink;
mod startup;
mod stored;
mod types;

#[cfg(test)]
mod tests;

pub use lakegate_access::{Auth, Secret, TlsFiles, User};
pub use options::{Limits, PgOptions};
pub use server::Server;
