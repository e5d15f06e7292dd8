//! The sessions that are open: what each is doing, for those who may know, and how to end it.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use chrono::{DateTime, Utc};
use lakegate_base::{Stop, Transaction};
use tokio_util::sync::CancellationToken;

use crate::session::State;
use crate::system::Activity;

/// Longer statements are cut, as Postgres's `track_activity_query_size` does.
const TEXT_CHARACTERS_MAX: usize = 4_000;

/// All open sessions, by number.
#[derive(Debug, Default)]
pub struct Sessions(Mutex<BTreeMap<i32, Weak<Present>>>);

/// One open session. It is listed until this is dropped.
#[derive(Debug)]
pub struct Present {
    pub number: i32,
    pub user: String,
    pub client: String,
    opened: DateTime<Utc>,
    state: Arc<Mutex<State>>,
    doing: Mutex<Doing>,
    ended: CancellationToken,
    sessions: Arc<Sessions>,
}

#[derive(Debug, Default)]
struct Doing {
    running: Option<Stop>,
    is_active: bool,
    query: String,
    query_start: Option<DateTime<Utc>>,
    state_change: Option<DateTime<Utc>>,
    transaction_start: Option<DateTime<Utc>>,
}

impl Sessions {
    /// Lists a session under a number nobody can guess: it is part of what a cancel request shows.
    pub fn enter(
        self: &Arc<Self>,
        user: &str,
        client: &str,
        state: &Arc<Mutex<State>>,
    ) -> Arc<Present> {
        let mut open = lock(&self.0);
        let number = loop {
            // Above the numbers of a system's own processes, and positive.
            let drawn = RandomState::new().build_hasher().finish() >> 33;
            let number = i32::try_from(drawn).unwrap_or_default();
            if number > 0 && !open.contains_key(&number) {
                break number;
            }
        };
        let present = Arc::new(Present {
            number,
            user: user.to_string(),
            client: client.to_string(),
            opened: Utc::now(),
            state: Arc::clone(state),
            doing: Mutex::default(),
            ended: CancellationToken::new(),
            sessions: Arc::clone(self),
        });
        open.insert(number, Arc::downgrade(&present));
        present
    }

    /// The user's sessions: what others do is theirs.
    fn of(&self, user: &str) -> Vec<Arc<Present>> {
        let open = lock(&self.0);
        open.values().filter_map(Weak::upgrade).filter(|present| present.user == user).collect()
    }

    pub fn activities(&self, user: &str) -> Vec<Activity> {
        self.of(user).iter().map(|present| present.activity()).collect()
    }

    fn find(&self, user: &str, number: i32) -> Option<Arc<Present>> {
        self.of(user).into_iter().find(|present| present.number == number)
    }

    /// False when the user has no such session.
    pub fn cancel(&self, user: &str, number: i32) -> bool {
        self.find(user, number).map(|present| present.cancel()).is_some()
    }

    /// False when the user has no such session.
    pub fn terminate(&self, user: &str, number: i32) -> bool {
        let found = self.find(user, number);
        if let Some(present) = &found {
            present.ended.cancel();
            present.cancel();
        }
        found.is_some()
    }
}

impl Present {
    /// A statement starts; its signal, when it can be stopped.
    pub fn begin(&self, query: &str, stop: Option<&Stop>) {
        let now = Some(Utc::now());
        let mut doing = lock(&self.doing);
        doing.running = stop.cloned();
        doing.is_active = true;
        doing.query = query.chars().take(TEXT_CHARACTERS_MAX).collect();
        doing.query_start = now;
        doing.state_change = now;
        doing.transaction_start = doing.transaction_start.or(now);
    }

    /// Takes up a suspended query; false when it is the one that runs already.
    pub fn resume(&self, stop: &Stop) -> bool {
        let mut doing = lock(&self.doing);
        let runs = doing.running.as_ref().is_some_and(|running| running.is(stop));
        if !runs {
            doing.running = Some(stop.clone());
            doing.is_active = true;
            doing.state_change = Some(Utc::now());
        }
        !runs
    }

    /// Nothing runs any more: what ran last, if it is not over.
    pub fn rest(&self) -> Option<Stop> {
        let is_idle = lock(&self.state).transaction == Transaction::Idle;
        let mut doing = lock(&self.doing);
        if doing.is_active {
            doing.is_active = false;
            doing.state_change = Some(Utc::now());
        }
        if is_idle {
            doing.transaction_start = None;
        }
        doing.running.take()
    }

    pub fn cancel(&self) {
        if let Some(stop) = &lock(&self.doing).running {
            stop.cancel();
        }
    }

    pub fn ended(&self) -> CancellationToken {
        self.ended.clone()
    }

    fn activity(&self) -> Activity {
        let (transaction, application_name) = {
            let state = lock(&self.state);
            (state.transaction, state.settings.show("application_name").unwrap_or_default())
        };
        let doing = lock(&self.doing);
        let state = match transaction {
            _ if doing.is_active => "active",
            Transaction::Idle | Transaction::Implicit => "idle",
            Transaction::Open => "idle in transaction",
            Transaction::Failed => "idle in transaction (aborted)",
        };
        let address = self.client.parse::<std::net::SocketAddr>().ok();
        Activity {
            number: self.number,
            user: self.user.clone(),
            application_name,
            client_address: address.map(|address| address.ip().to_string()),
            client_port: address.map(|address| address.port()),
            opened: self.opened,
            transaction_start: doing.transaction_start,
            query_start: doing.query_start,
            state_change: doing.state_change,
            state,
            query: doing.query.clone(),
        }
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        lock(&self.sessions.0).remove(&self.number);
    }
}

pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
