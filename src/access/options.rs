//! What the binary tells a front of its users and its certificate.

use std::fmt;
use std::path::PathBuf;

/// PEM files: the certificate chain, and its private key (PKCS#1, PKCS#8 or SEC1).
#[derive(Clone, Debug)]
pub struct TlsFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

#[derive(Clone, Debug)]
pub enum Auth {
    /// Anyone who can connect is who they say. Refused unless the address is a loopback address.
    TrustLoopback,
    /// These users, and no others. Over Postgres' protocol by SCRAM-SHA-256.
    Scram(Vec<User>),
}

#[derive(Clone, Debug)]
pub struct User {
    pub name: String,
    pub secret: Secret,
}

/// What a user's password is checked against. Never printed.
#[derive(Clone)]
pub enum Secret {
    Password(String),
    /// As Postgres stores it: `SCRAM-SHA-256$4096:salt$stored key:server key`, in base64.
    Verifier(String),
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Password(_) => "Password(…)",
            Self::Verifier(_) => "Verifier(…)",
        })
    }
}
