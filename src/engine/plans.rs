//! Plans kept from one execution to the next, for as long as what they were made of stands: planning costs
//! more than many a query. Each is one session's: its settings and temporary tables decide what names mean.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use datafusion::arrow::datatypes::FieldRef;
use hashlink::LruCache;
use lakegate_base::TableName;
use lakegate_formats::{AsOf, TableSnapshot};

use crate::plan::Planned;
use crate::sessions::lock;
use crate::statement::Shape;

/// Of all sessions together.
const PLANS_MAX: usize = 1_000;
/// A plan holds the versions of its tables in memory: those nobody asks for any more leave.
const IDLE_MAX: Duration = Duration::from_secs(60);
/// Longer texts are written by programs, and never the same again.
const TEXT_BYTES_MAX: usize = 64 << 10;

/// What a plan was made of; noted while planning.
#[derive(Debug)]
pub struct Basis {
    pub catalog_version: u64,
    tables: Mutex<Vec<Source>>,
    is_passing: AtomicBool,
    is_remote: AtomicBool,
}

/// One table at one version.
#[derive(Clone, Debug)]
pub struct Source {
    pub name: TableName,
    pub as_of: AsOf,
    pub snapshot: Arc<TableSnapshot>,
}

impl Basis {
    pub fn new(catalog_version: u64) -> Self {
        let (tables, is_passing) = (Mutex::default(), AtomicBool::new(false));
        Self { catalog_version, tables, is_passing, is_remote: AtomicBool::new(false) }
    }

    pub fn read(&self, source: Source) {
        lock(&self.tables).push(source);
    }

    /// The plan holds something of this moment: it is for one execution.
    pub fn pass(&self) {
        self.is_passing.store(true, Ordering::Relaxed);
    }

    /// A table in it is read elsewhere, so that all of it runs there.
    pub fn leave(&self) {
        self.is_remote.store(true, Ordering::Relaxed);
    }

    pub fn is_remote(&self) -> bool {
        self.is_remote.load(Ordering::Relaxed)
    }

    pub fn tables(&self) -> Vec<Source> {
        lock(&self.tables).clone()
    }

    fn is_passing(&self) -> bool {
        self.is_passing.load(Ordering::Relaxed)
    }

    /// Whether the other has a table of this one at another version.
    fn outdates(&self, other: &Self) -> bool {
        let mine = lock(&self.tables);
        lock(&other.tables).iter().any(|old| {
            let is_other = |own: &Source| !Arc::ptr_eq(&own.snapshot, &old.snapshot);
            mine.iter().any(|own| own.name == old.name && own.as_of == old.as_of && is_other(own))
        })
    }
}

/// Whose plan, and of what.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub session: i32,
    /// Which values the session's settings have.
    pub settings: u64,
    pub text: String,
    pub declared: Vec<Option<FieldRef>>,
}

#[derive(Clone)]
pub struct Kept {
    pub planned: Planned,
    /// What clients are told of it; none when it was planned anew for one who had been told before.
    pub shape: Option<Arc<Shape>>,
}

/// The plans of all sessions, the one that was used last at the end.
pub struct Plans(Mutex<LruCache<Key, (Kept, Instant)>>);

impl Default for Plans {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(PLANS_MAX)))
    }
}

impl Plans {
    pub fn get(&self, key: &Key) -> Option<Kept> {
        let mut plans = lock(&self.0);
        let (kept, used) = plans.get_mut(key)?;
        *used = Instant::now();
        Some(kept.clone())
    }

    /// Plans over older versions of its tables leave, and those nobody used for long.
    pub fn keep(&self, key: Key, kept: Kept) {
        if kept.planned.basis.is_passing() || key.text.len() > TEXT_BYTES_MAX {
            return;
        }
        let mut plans = lock(&self.0);
        let now = Instant::now();
        let left = |(known, used): &(Kept, Instant)| {
            now.duration_since(*used) > IDLE_MAX
                || kept.planned.basis.outdates(&known.planned.basis)
        };
        plans.retain(|_, known| !left(known));
        plans.insert(key, (kept, now));
    }

    /// The session ended.
    pub fn forget(&self, session: i32) {
        lock(&self.0).retain(|key, _| key.session != session);
    }
}
