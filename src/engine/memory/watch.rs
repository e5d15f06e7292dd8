//! Watches the memory of the whole process. Accounts are estimates, and functions and operators of others
//! keep none: when the process has outgrown what all accounts together may reach, the query that holds most
//! ends, then the next.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use lakegate_base::{Stop, StopReason};

use super::Share;

const INTERVAL: Duration = Duration::from_millis(20);
/// An ended query gives its memory back within this time; until then no other is ended.
const PATIENCE: Duration = Duration::from_millis(500);
/// Beyond the queries' own memory and the caches: catalogs, result batches, what accounts round away.
const OVERHEAD_BYTES: usize = 512 << 20;

/// The queries that run. Dropping it ends the watch.
#[derive(Debug, Default)]
pub struct Watch {
    running: Mutex<Vec<Running>>,
}

#[derive(Debug)]
struct Running {
    stop: Stop,
    started: Instant,
    share: Weak<Share>,
}

impl Watch {
    /// `pool_bytes` is what the accounted memory of all queries may reach, `cached_bytes` tells what the
    /// caches hold: no query is to blame for that.
    pub fn start(pool_bytes: usize, cached_bytes: impl Fn() -> u64 + Send + 'static) -> Arc<Self> {
        let watch = Arc::new(Self::default());
        let watched = Arc::downgrade(&watch);
        let Some(idle) = resident_bytes() else { return watch };
        let limit = idle.saturating_add(pool_bytes / 4 * 5).saturating_add(OVERHEAD_BYTES);
        let thread = std::thread::Builder::new().name("lakegate-memory".to_string());
        let started = thread.spawn(move || {
            while let Some(watch) = watched.upgrade() {
                let pause = if watch.look(limit, &cached_bytes) { PATIENCE } else { INTERVAL };
                drop(watch);
                std::thread::sleep(pause);
            }
        });
        if let Err(error) = started {
            tracing::warn!(%error, "memory is not watched");
        }
        watch
    }

    /// Until its share is dropped, the query may be chosen.
    pub fn add(&self, stop: &Stop, share: &Arc<Share>) {
        let running =
            Running { stop: stop.clone(), started: Instant::now(), share: Arc::downgrade(share) };
        let mut all = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|query| query.share.strong_count() > 0);
        all.push(running);
    }

    /// True when a query was ended.
    fn look(&self, limit: usize, cached_bytes: impl Fn() -> u64) -> bool {
        let Some(resident) = resident_bytes().filter(|resident| *resident > limit) else {
            return false;
        };
        // Asked late: adding the caches up takes longer than a look. Twice: a snapshot that is renewed is
        // there in both versions.
        let cached = usize::try_from(cached_bytes().saturating_mul(2)).unwrap_or(usize::MAX);
        if resident <= limit.saturating_add(cached) {
            return false;
        }
        let all = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let alive = all.iter().filter(|query| query.stop.reason().is_none());
        let alive = alive.filter_map(|query| Some((query, query.share.upgrade()?.bytes())));
        let greediest = alive.max_by_key(|(query, bytes)| (*bytes, query.started.elapsed()));
        let Some((query, held)) = greediest else { return false };
        tracing::warn!(resident, limit, cached, held, "a query ends: the process needs its memory");
        query.stop.end(StopReason::Memory);
        true
    }
}

/// None where the system does not tell.
fn resident_bytes() -> Option<usize> {
    const PAGE_BYTES: usize = 4096;
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    let resident: usize = pages.split_whitespace().nth(1)?.parse().ok()?;
    resident.checked_mul(PAGE_BYTES)
}
