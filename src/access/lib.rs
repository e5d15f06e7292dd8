//! Who may log in, and how a front proves who it is: what every front needs, whatever its protocol. Nothing
//! here knows how a login travels.

#![deny(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_possible_wrap)]

mod options;
mod tls;
mod users;

pub use options::{Auth, Secret, TlsFiles, User};
pub use tls::Tls;
pub use users::{Users, Verifier};
