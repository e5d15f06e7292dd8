//! Who may be cancelled: the sessions by process id and secret key.

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::{Arc, Mutex, PoisonError};

use lakegate_base::Session;
use rand::Rng;

/// All running sessions.
#[derive(Default)]
pub(crate) struct Registry(Mutex<HashMap<i32, Entry>>);

struct Entry {
    secret: Vec<u8>,
    session: Arc<dyn Session>,
}

/// What a client shows to cancel its statement. The session leaves the registry when this is
/// dropped.
pub(crate) struct Key {
    pub pid: i32,
    pub secret: Vec<u8>,
    registry: Arc<Registry>,
}

impl Registry {
    /// Registers a session under a new key with a secret of `length` bytes.
    pub fn add(self: &Arc<Self>, session: Arc<dyn Session>, length: usize) -> Key {
        let mut random = rand::rng();
        let mut secret = vec![0; length];
        random.fill(secret.as_mut_slice());
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // What SQL knows it by. The engine draws it at random: it is part of what must be guessed.
        let pid = session.number();
        entries.insert(pid, Entry { secret: secret.clone(), session });
        Key { pid, secret, registry: Arc::clone(self) }
    }

    /// Cancels what the session runs, if the secret is right. Never says which.
    pub fn cancel(&self, pid: i32, secret: &[u8]) {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let session = entries
            .get(&pid)
            .filter(|entry| same(&entry.secret, secret))
            .map(|entry| Arc::clone(&entry.session));
        drop(entries);
        match session {
            Some(session) => session.cancel(),
            None => tracing::info!(pid, "cancel request with a wrong process id or key"),
        }
    }

    pub fn cancel_all(&self) {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sessions: Vec<_> = entries.values().map(|entry| Arc::clone(&entry.session)).collect();
        drop(entries);
        for session in sessions {
            session.cancel();
        }
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        self.registry.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.pid);
    }
}

/// Compares in a time that does not tell where the keys differ.
fn same(left: &[u8], right: &[u8]) -> bool {
    let differences = left.iter().zip(right).fold(0, |sum, (l, r)| black_box(sum | (l ^ r)));
    left.len() == right.len() && differences == 0
}
