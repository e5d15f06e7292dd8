//! What an engine is told at start: limits, names, places.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use lakegate_base::Location;
use lakegate_formats::CacheOptions;

use crate::remote::RemoteOptions;
use crate::scan::ScanOptions;
use crate::sql::SqlLimits;

#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// The one catalog, as clients name their database: `lake`.
    pub catalog_name: String,
    /// Below it, models write their tables: `<warehouse>/<database>/<table>`.
    pub warehouse: Location,
    pub limits: EngineLimits,
    pub scan: ScanOptions,
    pub caches: CacheOptions,
    pub freshness: Freshness,
    pub remote: Option<RemoteOptions>,
}

/// How old what is known of a table may be before it is looked at again; by database.
#[derive(Clone, Debug, Default)]
pub struct Freshness {
    pub default: Duration,
    pub databases: BTreeMap<String, Duration>,
}

impl Freshness {
    pub fn of(&self, database: &str) -> Duration {
        self.databases.get(database).copied().unwrap_or(self.default)
    }
}

/// Everything has a limit.
#[derive(Clone, Debug)]
pub struct EngineLimits {
    /// Memory of all running queries together; beyond it they spill, then fail alone.
    pub memory_bytes: usize,
    pub spill_directory: PathBuf,
    pub spill_bytes: u64,
    /// Sessions at one time, as the `max_connections` setting shows; the front holds it.
    pub connections_max: usize,
    /// Threads a query uses; also the engine's worker threads.
    pub threads: usize,
    /// Queries running at once; more wait.
    pub queries_max: usize,
    /// Queries waiting; more are refused.
    pub queue_max: usize,
    /// Default of the `statement_timeout` setting.
    pub statement_timeout: Option<Duration>,
    /// Parquet footers kept per store.
    pub footer_cache_bytes: usize,
    /// Rows kept in `lakegate.query_log`.
    pub query_log_rows: usize,
    pub sql: SqlLimits,
}

impl EngineOptions {
    pub fn new(warehouse: Location) -> Self {
        Self {
            catalog_name: "lake".to_string(),
            warehouse,
            limits: EngineLimits::default(),
            scan: ScanOptions::default(),
            caches: CacheOptions::default(),
            freshness: Freshness::default(),
            remote: None,
        }
    }
}

impl Default for EngineLimits {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self {
            memory_bytes: 4 << 30,
            spill_directory: std::env::temp_dir(),
            spill_bytes: 20 << 30,
            connections_max: 200,
            threads,
            queries_max: 64,
            queue_max: 1_000,
            statement_timeout: None,
            footer_cache_bytes: 128 << 20,
            query_log_rows: 10_000,
            sql: SqlLimits::default(),
        }
    }
}
