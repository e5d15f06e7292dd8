//! A front's port, who may log in there, and how it proves who it is: what every front needs, whatever its
//! protocol. Nothing here knows how a login travels.

#![deny(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_possible_wrap)]

mod options;
mod port;
mod tls;
mod users;

pub use options::{Auth, Secret, TlsFiles, User};
pub use port::{listen, users};
pub use tls::Tls;
pub use users::{Users, Verifier};
