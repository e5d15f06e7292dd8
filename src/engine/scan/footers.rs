//! Cached Parquet footers and page indexes, one cache per store: DataFusion's cache is keyed by path
//! alone, and two buckets may hold the same path.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::execution::cache::cache_manager::{
    CacheManager, CacheManagerConfig, FileMetadataCache,
};
use lakegate_formats::CacheUsage;

use super::ahead::Budget;

/// All stores' footer caches.
#[derive(Debug)]
pub struct Footers {
    bytes_max: usize,
    by_store: Mutex<HashMap<String, Arc<FileMetadataCache>>>,
    /// Where scans hold what they read ahead.
    pub budget: Budget,
}

impl Footers {
    /// `bytes_max` bounds each store's cache.
    pub fn new(bytes_max: usize) -> Self {
        Self { bytes_max, by_store: Mutex::default(), budget: Budget::default() }
    }

    pub fn of(&self, store_url: &str) -> datafusion::error::Result<Arc<FileMetadataCache>> {
        let mut by_store = self.by_store.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cache) = by_store.get(store_url) {
            return Ok(Arc::clone(cache));
        }
        let config = CacheManagerConfig::default().with_metadata_cache_limit(self.bytes_max);
        let cache = CacheManager::try_new(&config)?.get_file_metadata_cache();
        by_store.insert(store_url.to_string(), Arc::clone(&cache));
        Ok(cache)
    }

    /// All stores together. An entry was read once: evicted ones are not counted.
    pub fn usage(&self) -> CacheUsage {
        let by_store = self.by_store.lock().unwrap_or_else(PoisonError::into_inner);
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let mut held = CacheUsage {
            entries: 0,
            bytes: 0,
            bytes_max: number(self.bytes_max.saturating_mul(by_store.len().max(1))),
            hits: 0,
            misses: 0,
        };
        for entry in by_store.values().flat_map(|cache| cache.list_entries().into_values()) {
            held.entries += 1;
            held.misses += 1;
            held.bytes += number(entry.size_bytes);
            held.hits += number(entry.hits);
        }
        held
    }
}
