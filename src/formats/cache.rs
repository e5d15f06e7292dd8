//! A cache that counts bytes: what was read of immutable files, kept until others need the room.
//!
//! Rejected: `moka`. Its sizes are told late and in 32 bits, and a dozen more crates would come with it.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lakegate_base::Result;

/// What a cache holds and how it did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheUsage {
    pub hits: u64,
    pub misses: u64,
    pub entries: u64,
    pub bytes: u64,
    pub bytes_max: u64,
}

/// Values by key, the least recently used leaving first. A key is loaded by one caller at a time; the
/// others wait for its value.
pub(crate) struct ByteCache<K, V> {
    bytes_max: u64,
    hits: AtomicU64,
    misses: AtomicU64,
    state: Mutex<State<K, V>>,
}

struct State<K, V> {
    entries: HashMap<Arc<K>, Entry<V>>,
    /// By time of last use.
    order: BTreeMap<u64, Arc<K>>,
    clock: u64,
    bytes: u64,
    loading: HashMap<Arc<K>, Arc<tokio::sync::Mutex<()>>>,
}

struct Entry<V> {
    value: Arc<V>,
    bytes: u64,
    used: u64,
}

impl<K: Eq + Hash, V> ByteCache<K, V> {
    /// With 0 bytes it keeps nothing.
    pub fn new(bytes_max: u64) -> Self {
        let state = State {
            entries: HashMap::new(),
            order: BTreeMap::new(),
            clock: 0,
            bytes: 0,
            loading: HashMap::new(),
        };
        let (hits, misses) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { bytes_max, hits, misses, state: Mutex::new(state) }
    }

    /// The value of a key; where it is not kept, `load` makes it and says how many bytes it has.
    pub async fn get_or_load(
        &self,
        key: K,
        load: impl Future<Output = Result<(V, u64)>>,
    ) -> Result<Arc<V>> {
        self.get_or_renew(key, |_| true, |_| load).await
    }

    /// The value of a key, if it is still good; else `load` makes it, from the old one where there is one.
    pub async fn get_or_renew<F: Future<Output = Result<(V, u64)>>>(
        &self,
        key: K,
        is_good: impl Fn(&V) -> bool,
        load: impl FnOnce(Option<Arc<V>>) -> F,
    ) -> Result<Arc<V>> {
        let key = Arc::new(key);
        let turn = {
            let mut state = self.state();
            if let Some(value) = state.get(&key).filter(|value| is_good(value)) {
                self.hits.fetch_add(1, Ordering::Relaxed);
                return Ok(value);
            }
            Arc::clone(state.loading.entry(Arc::clone(&key)).or_default())
        };
        let _turn = turn.lock().await;
        // Whoever had the turn before may just have loaded it.
        let old = self.state().get(&key);
        if let Some(value) = old.clone().filter(|value| is_good(value)) {
            self.hits.fetch_add(1, Ordering::Relaxed);
            return Ok(value);
        }
        self.misses.fetch_add(1, Ordering::Relaxed);
        let loaded = load(old).await;
        let mut state = self.state();
        state.loading.remove(&key);
        let (value, bytes) = loaded?;
        let value = Arc::new(value);
        if bytes <= self.bytes_max {
            state.insert(key, Arc::clone(&value), bytes);
            state.shrink(self.bytes_max);
        }
        Ok(value)
    }

    pub fn usage(&self) -> CacheUsage {
        let state = self.state();
        CacheUsage {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            entries: state.entries.len() as u64,
            bytes: state.bytes,
            bytes_max: self.bytes_max,
        }
    }

    fn state(&self) -> MutexGuard<'_, State<K, V>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash, V> State<K, V> {
    fn get(&mut self, key: &Arc<K>) -> Option<Arc<V>> {
        let entry = self.entries.get_mut(key)?;
        self.clock += 1;
        if let Some(key) = self.order.remove(&entry.used) {
            self.order.insert(self.clock, key);
        }
        entry.used = self.clock;
        Some(Arc::clone(&entry.value))
    }

    fn insert(&mut self, key: Arc<K>, value: Arc<V>, bytes: u64) {
        self.clock += 1;
        let used = self.clock;
        self.order.insert(used, Arc::clone(&key));
        self.bytes += bytes;
        if let Some(old) = self.entries.insert(key, Entry { value, bytes, used }) {
            self.order.remove(&old.used);
            self.bytes -= old.bytes;
        }
    }

    fn shrink(&mut self, bytes_max: u64) {
        while self.bytes > bytes_max {
            let Some((_, key)) = self.order.pop_first() else { return };
            if let Some(entry) = self.entries.remove(&key) {
                self.bytes -= entry.bytes;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use lakegate_base::Error;

    use super::*;

    async fn put(cache: &ByteCache<&'static str, u64>, key: &'static str, bytes: u64) -> u64 {
        *cache.get_or_load(key, async move { Ok((bytes, bytes)) }).await.expect("loads")
    }

    #[tokio::test]
    async fn the_least_recently_used_leaves() {
        let cache = ByteCache::new(100);
        put(&cache, "a", 40).await;
        put(&cache, "b", 40).await;
        put(&cache, "a", 0).await;
        put(&cache, "c", 40).await;
        assert_eq!(put(&cache, "a", 1).await, 40, "kept: it was used last");
        assert_eq!(put(&cache, "b", 2).await, 2, "gone");
        assert_eq!(put(&cache, "huge", 101).await, 101);
        let usage = cache.usage();
        assert_eq!((usage.hits, usage.misses, usage.entries, usage.bytes), (2, 5, 3, 82));
    }

    #[tokio::test]
    async fn a_failed_load_is_tried_again() {
        let cache: ByteCache<&str, u64> = ByteCache::new(100);
        let failed = cache.get_or_load("a", async { Err(Error::unavailable("no")) }).await;
        failed.expect_err("as the load says");
        assert_eq!(put(&cache, "a", 7).await, 7);
    }

    #[tokio::test]
    async fn one_caller_loads_and_the_others_wait() {
        let cache: ByteCache<&str, u64> = ByteCache::new(100);
        let load = || {
            cache.get_or_load("a", async {
                tokio::task::yield_now().await;
                Ok((5, 5))
            })
        };
        let all = futures::future::join_all((0..10).map(|_| load())).await;
        assert!(all.into_iter().all(|value| *value.expect("loads") == 5));
        assert_eq!((cache.usage().misses, cache.usage().hits), (1, 9));
    }
}
