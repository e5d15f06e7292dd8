//! What system relations and functions ask of the session that runs them.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lakegate_base::Result;

use crate::command;
use crate::session::State;
use crate::sessions::{Present, Sessions};
use crate::system::{Activity, LakeView, SessionFacts, Setting};

/// The session as they see it during one statement.
pub struct Asked {
    pub present: Arc<Present>,
    pub sessions: Arc<Sessions>,
    pub database: String,
    pub state: Arc<Mutex<State>>,
    pub lake: Arc<LakeView>,
}

impl Asked {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "session {}", self.present.number)
    }
}

impl SessionFacts for Asked {
    fn user(&self) -> String {
        self.present.user.clone()
    }

    fn database(&self) -> String {
        self.database.clone()
    }

    fn search_path(&self) -> Vec<String> {
        self.state().settings.search_path(&self.present.user)
    }

    fn settings(&self) -> Vec<Setting> {
        self.state().settings.all()
    }

    fn setting(&self, name: &str) -> Option<String> {
        self.state().show(name).ok()
    }

    fn set(&self, name: &str, value: &str) -> Result<String> {
        let mut state = self.state();
        command::assign(&mut state, None, name, value)?;
        state.settings.show(name)
    }

    fn backend_pid(&self) -> i32 {
        self.present.number
    }

    fn lake(&self) -> Arc<LakeView> {
        Arc::clone(&self.lake)
    }

    fn activities(&self) -> Vec<Activity> {
        self.sessions.activities(&self.present.user)
    }

    fn cancel_session(&self, number: i32) -> bool {
        self.sessions.cancel(&self.present.user, number)
    }

    fn terminate_session(&self, number: i32) -> bool {
        self.sessions.terminate(&self.present.user, number)
    }
}
