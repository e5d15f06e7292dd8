//! What system relations and session functions ask of a session. The engine's session implements it.

use std::fmt::Debug;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use lakegate_base::Result;

use super::LakeView;

/// One session, as its catalogs and functions see it. Every answer may change between statements (a
/// `SET`, a newer catalog version), none within one.
pub trait SessionFacts: Debug + Send + Sync {
    /// The authenticated user.
    fn user(&self) -> String;
    fn database(&self) -> String;
    /// Schemas in the order names are looked up; without `pg_catalog`.
    fn search_path(&self) -> Vec<String>;
    fn settings(&self) -> Vec<Setting>;
    /// `None` for an unknown name.
    fn setting(&self, name: &str) -> Option<String>;
    /// Sets as `SET` would and answers the new value.
    fn set(&self, name: &str, value: &str) -> Result<String>;
    fn backend_pid(&self) -> i32;
    /// The catalog version this statement is pinned to.
    fn lake(&self) -> Arc<LakeView>;
    /// The open sessions of the same user, this one included.
    fn activities(&self) -> Vec<Activity> {
        Vec::new()
    }
    /// Cancels what a session of the same user runs; false when there is none of that number.
    fn cancel_session(&self, _number: i32) -> bool {
        false
    }
    /// Ends a session of the same user; false when there is none of that number.
    fn terminate_session(&self, _number: i32) -> bool {
        false
    }
}

/// One row of pg_stat_activity.
#[derive(Clone, Debug)]
pub struct Activity {
    pub number: i32,
    pub user: String,
    pub application_name: String,
    pub client_address: Option<String>,
    pub client_port: Option<u16>,
    pub opened: DateTime<Utc>,
    pub transaction_start: Option<DateTime<Utc>>,
    pub query_start: Option<DateTime<Utc>>,
    pub state_change: Option<DateTime<Utc>>,
    pub state: &'static str,
    pub query: String,
}

/// One row of pg_settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    pub name: String,
    pub value: String,
    pub default: String,
    pub description: String,
}
