//! The open sessions, by what their clients show: a bearer token, or the connection they call on. Each is
//! one session of the engine, so that settings and transactions are a client's own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use lakegate_base::{Engine, Principal, SessionOptions};
use tokio::time::sleep;
use tonic::Status;
use tonic::metadata::MetadataMap;

use crate::client::{Client, Over};
use crate::error::status;
use crate::login::{Credentials, Gate};
use crate::options::Limits;
use crate::socket::Peer;

/// How often idle sessions are looked for.
const SWEEP: Duration = Duration::from_secs(5);

pub(crate) struct Registry {
    engine: Arc<dyn Engine>,
    gate: Gate,
    database: String,
    limits: Limits,
    clients: Mutex<HashMap<Key, Arc<Client>>>,
    /// Held while a session opens, so that two first calls on a connection share one.
    opening: tokio::sync::Mutex<()>,
}

/// What a session is found by. Tokens and passwords are kept as digests only.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Token([u8; 32]),
    Connection { number: u64, credentials: [u8; 32] },
}

impl Registry {
    pub fn new(engine: Arc<dyn Engine>, gate: Gate, database: String, limits: Limits) -> Self {
        let (clients, opening) = Default::default();
        Self { engine, gate, database, limits, clients, opening }
    }

    /// Logs in and opens a session of its own; answers the token to call with.
    pub async fn handshake(&self, credentials: Credentials, peer: &Peer) -> Result<String, Status> {
        let principal = match credentials {
            Credentials::Nothing => self.gate.stranger()?,
            Credentials::Basic { user, password } => self.gate.login(user, password).await?,
            // Who has a session keeps it.
            Credentials::Bearer(token) => return self.of_token(&token).map(|_| token),
        };
        let secret: [u8; 32] = rand::random();
        let token = hex::encode(secret);
        self.open(Key::Token(hashed(token.as_bytes())), principal, peer).await?;
        Ok(token)
    }

    /// The session a call belongs to.
    pub async fn client(&self, metadata: &MetadataMap, peer: &Peer) -> Result<Arc<Client>, Status> {
        let (principal, login) = match Credentials::of(metadata)? {
            Credentials::Bearer(token) => return self.of_token(&token),
            Credentials::Nothing => (self.gate.stranger()?, String::new()),
            Credentials::Basic { user, password } => {
                let login = format!("{user}:{password}");
                (self.gate.login(user, password).await?, login)
            }
        };
        let credentials = hashed(login.as_bytes());
        let key = Key::Connection { number: peer.number(), credentials };
        let _turn = self.opening.lock().await;
        match self.known(&key) {
            Some(client) => Ok(client),
            None => self.open(key, principal, peer).await,
        }
    }

    fn of_token(&self, token: &str) -> Result<Arc<Client>, Status> {
        self.known(&Key::Token(hashed(token.as_bytes()))).ok_or_else(|| {
            Status::unauthenticated(
                "the token is unknown, or its session was closed or idle too long: log in again",
            )
        })
    }

    fn known(&self, key: &Key) -> Option<Arc<Client>> {
        let client = self.clients().get(key).filter(|client| !client.is_over()).cloned()?;
        client.touch();
        Some(client)
    }

    /// The session with this number, whoever calls: tickets name it.
    pub fn by_id(&self, id: &[u8]) -> Option<Arc<Client>> {
        let clients = self.clients();
        clients.values().find(|client| client.id() == id).cloned()
    }

    async fn open(
        &self,
        key: Key,
        principal: Principal,
        peer: &Peer,
    ) -> Result<Arc<Client>, Status> {
        self.check_room()?;
        let options = SessionOptions {
            principal: principal.clone(),
            database: self.database.clone(),
            settings: Vec::new(),
            client: peer.address().to_string(),
        };
        let session = self.engine.open(options).await.map_err(|error| status(&error))?;
        let id: [u8; 16] = rand::random();
        let client =
            Client::new(Bytes::copy_from_slice(&id), principal, session, self.limits.clone());
        let client = Arc::new(client);
        self.clients().insert(key, Arc::clone(&client));
        Ok(client)
    }

    fn check_room(&self) -> Result<(), Status> {
        if self.clients().len() < self.limits.max_sessions {
            return Ok(());
        }
        Err(Status::resource_exhausted(format!(
            "{} sessions are open, which is the limit: close some, or try again later",
            self.limits.max_sessions
        )))
    }

    pub fn close(&self, closed: &Arc<Client>) {
        self.retain(Over::Closed, |_, client| !Arc::ptr_eq(client, closed));
    }

    /// Ends the sessions that lived by a connection.
    pub fn disconnected(&self, gone: u64) {
        self.retain(
            Over::Closed,
            |key, _| !matches!(key, Key::Connection { number, .. } if *number == gone),
        );
    }

    /// Ends everything that runs, at the end of the drain.
    pub fn close_all(&self) {
        self.retain(Over::Stopping, |_, _| false);
    }

    /// Ends sessions that idle too long, and those that somebody with the right to has ended.
    pub async fn sweep(&self) {
        loop {
            sleep(SWEEP).await;
            self.retain(Over::Closed, |_, client| !client.is_over());
        }
    }

    fn retain(&self, why: Over, keep: impl Fn(&Key, &Arc<Client>) -> bool) {
        let mut gone = Vec::new();
        self.clients().retain(|key, client| {
            let kept = keep(key, client);
            if !kept {
                gone.push(Arc::clone(client));
            }
            kept
        });
        // Without the lock: ending a session may take a while.
        gone.iter().for_each(|client| client.end(why));
    }

    fn clients(&self) -> MutexGuard<'_, HashMap<Key, Arc<Client>>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hashed(secret: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, secret).as_ref());
    hash
}
