//! Users and what their passwords are checked against: SCRAM-SHA-256 verifiers (RFC 5802, RFC 7677), as
//! Postgres keeps them, so that no password stays in memory. A stranger learns nothing: an unknown user gets
//! as far as a wrong password does.

use std::borrow::Cow;
use std::collections::HashMap;
use std::num::NonZeroU32;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::{digest, hmac, pbkdf2};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lakegate_base::{Error, Result};
use rand::random;

use crate::options::{Secret, User};

/// As Postgres counts for new passwords.
const ITERATIONS: NonZeroU32 = NonZeroU32::new(4096).expect("not zero");

/// Everyone who may log in.
pub struct Users {
    verifiers: HashMap<String, Verifier>,
    /// Makes the salt of a stranger the same at each try, as a real user's is.
    mock_key: [u8; 32],
    mock_iterations: NonZeroU32,
}

/// What a password is checked against.
#[derive(Clone)]
pub struct Verifier {
    pub salt: Vec<u8>,
    pub iterations: NonZeroU32,
    pub stored_key: Vec<u8>,
    pub server_key: Vec<u8>,
}

impl Users {
    pub fn new(users: &[User]) -> Result<Self> {
        let mut verifiers = HashMap::new();
        for user in users {
            let verifier = match &user.secret {
                Secret::Password(password) => Verifier::of_password(password),
                Secret::Verifier(text) => Verifier::parse(text).ok_or_else(|| {
                    Error::invalid(format!("user \"{}\" has no valid SCRAM verifier", user.name))
                        .hint("Copy rolpassword from Postgres's pg_authid, or give a password.")
                })?,
            };
            if verifiers.insert(user.name.clone(), verifier).is_some() {
                let message = format!("user \"{}\" is configured twice", user.name);
                return Err(Error::invalid(message).hint("Remove one of them."));
            }
        }
        let mock_iterations = verifiers.values().next().map_or(ITERATIONS, |v| v.iterations);
        Ok(Self { verifiers, mock_key: random(), mock_iterations })
    }

    /// A stranger's is made up.
    pub fn verifier(&self, user: &str) -> Verifier {
        self.verifiers.get(user).cloned().unwrap_or_else(|| {
            let text = [self.mock_key.as_slice(), user.as_bytes()].concat();
            let salt = digest::digest(&digest::SHA256, &text);
            Verifier {
                salt: salt.as_ref().iter().take(16).copied().collect(),
                iterations: self.mock_iterations,
                // Of no password: a proof would have to hash to random bytes.
                stored_key: random::<[u8; 32]>().to_vec(),
                server_key: random::<[u8; 32]>().to_vec(),
            }
        })
    }
}

impl Verifier {
    fn of_password(password: &str) -> Self {
        let salt: [u8; 16] = random();
        let salted = salted(password, &salt, ITERATIONS);
        Self {
            salt: salt.to_vec(),
            iterations: ITERATIONS,
            stored_key: stored_key(&salted),
            server_key: keyed(&salted, b"Server Key"),
        }
    }

    /// `SCRAM-SHA-256$4096:salt$stored key:server key`.
    fn parse(text: &str) -> Option<Self> {
        let (counted, keys) = text.strip_prefix("SCRAM-SHA-256$")?.split_once('$')?;
        let (iterations, salt) = counted.split_once(':')?;
        let (stored_key, server_key) = keys.split_once(':')?;
        let key = |text| STANDARD.decode(text).ok().filter(|key| key.len() == 32);
        Some(Self {
            salt: STANDARD.decode(salt).ok().filter(|salt| !salt.is_empty())?,
            iterations: iterations
                .parse()
                .ok()
                .filter(|count: &NonZeroU32| count.get() <= 10_000_000)?,
            stored_key: key(stored_key)?,
            server_key: key(server_key)?,
        })
    }

    /// For protocols that carry the password itself. Takes milliseconds, on purpose.
    pub fn accepts(&self, password: &str) -> bool {
        let salted = salted(password, &self.salt, self.iterations);
        verify_slices_are_equal(&stored_key(&salted), &self.stored_key).is_ok()
    }
}

/// A password that cannot be normalised is taken as it is, as Postgres does.
fn salted(password: &str, salt: &[u8], iterations: NonZeroU32) -> [u8; 32] {
    let normalised = stringprep::saslprep(password).unwrap_or(Cow::Borrowed(password));
    let mut salted = [0; 32];
    let secret = normalised.as_bytes();
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, salt, secret, &mut salted);
    salted
}

fn stored_key(salted: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, &keyed(salted, b"Client Key")).as_ref().to_vec()
}

fn keyed(key: &[u8], text: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users(secret: Secret) -> Users {
        Users::new(&[User { name: "ann".into(), secret }]).expect("valid")
    }

    #[test]
    fn only_the_right_password_of_a_known_user_is_accepted() {
        let users = users(Secret::Password("pencil".into()));
        assert!(users.verifier("ann").accepts("pencil"));
        assert!(!users.verifier("ann").accepts("Pencil"));
        assert!(!users.verifier("bob").accepts("pencil"));
    }

    /// The exchange of RFC 7677, section 3, has this salt, count and password.
    #[test]
    fn a_verifier_is_what_the_rfc_computes() {
        let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").expect("base64");
        let salted = salted("pencil", &salt, ITERATIONS);
        let server_key = STANDARD.encode(keyed(&salted, b"Server Key"));
        assert_eq!(server_key, "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=");
        let text = format!(
            "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==${}:{server_key}",
            STANDARD.encode(stored_key(&salted))
        );
        assert!(users(Secret::Verifier(text)).verifier("ann").accepts("pencil"));
    }
}
