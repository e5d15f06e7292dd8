//! From the settings to the small Options of each crate.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

use lakegate_access::{TlsFiles, User};
use lakegate_athena::AthenaOptions;
use lakegate_base::{Error, Location, Result};
use lakegate_catalog::CatalogOptions;
use lakegate_engine::{
    CacheOptions, EngineLimits, EngineOptions, Freshness, ScanOptions, ViewTypes,
};
use lakegate_flight::FlightOptions;
use lakegate_pg::PgOptions;
use lakegate_store::{S3Options, StoreOptions};

use super::{Auth, Config, Pushdown, Results, Secret, Span};

impl Config {
    /// With the places a command opens besides the configured ones.
    pub fn store_options(&self, more_roots: Vec<Location>) -> Result<StoreOptions> {
        let mut roots = more_roots;
        roots.push(Location::local(&self.lake.directory)?);
        roots.push(self.warehouse()?);
        let crawled = self.crawl.values().map(|crawl| &crawl.location);
        let results = self.athena.output.iter().filter(|_| self.athena.enabled);
        for text in self.lake.roots.iter().chain(crawled).chain(results) {
            roots.push(Location::parse(text)?);
        }
        roots.sort();
        roots.dedup();
        let s3 = &self.s3;
        let s3 = S3Options {
            endpoint: s3.endpoint.clone(),
            region: s3.region.clone(),
            path_style: s3.path_style,
            allow_http: s3.allow_http,
            access_key_id: reveal(&s3.access_key_id),
            secret_access_key: reveal(&s3.secret_access_key),
            session_token: reveal(&s3.session_token),
        };
        Ok(StoreOptions { roots, s3, retry_timeout: self.limits.retry_timeout.0 })
    }

    pub fn catalog_options(&self) -> CatalogOptions {
        let path = self.catalog.path.clone();
        CatalogOptions {
            path: Some(path.unwrap_or_else(|| self.lake.directory.join("catalog.sqlite"))),
        }
    }

    /// Where models write their tables.
    pub fn warehouse(&self) -> Result<Location> {
        match &self.models.warehouse {
            Some(text) => Location::parse(text),
            None => Location::local(&self.lake.directory.join("warehouse")),
        }
    }

    pub fn engine_options(&self) -> Result<EngineOptions> {
        let limits = &self.limits;
        let defaults = EngineLimits::default();
        let memory_bytes = limits.memory.map_or_else(memory_share, |size| size.0);
        let mut options = EngineOptions::new(self.warehouse()?);
        options.catalog_name = self.lake.name.clone();
        options.limits = EngineLimits {
            memory_bytes: usize::try_from(memory_bytes).unwrap_or(usize::MAX),
            spill_directory: self.spill_directory(),
            spill_bytes: limits.spill.0,
            connections_max: limits.max_connections,
            threads: limits.threads.unwrap_or(defaults.threads),
            queries_max: limits.concurrent_queries,
            queue_max: limits.queue,
            statement_timeout: timeout(limits.statement_timeout),
            footer_cache_bytes: usize::try_from(self.cache.footers.0).unwrap_or(usize::MAX),
            ..defaults
        };
        options.scan = self.scan_options();
        options.caches = self.cache_options();
        options.freshness = self.freshness();
        Ok(options)
    }

    fn cache_options(&self) -> CacheOptions {
        CacheOptions {
            snapshot_bytes: self.cache.snapshots.0,
            manifest_bytes: self.cache.manifests.0,
            delete_bytes: self.cache.deletes.0,
        }
    }

    fn freshness(&self) -> Freshness {
        let databases = self.cache.staleness_by_database.iter();
        Freshness {
            default: self.cache.staleness.0,
            databases: databases.map(|(name, span)| (name.clone(), span.0)).collect(),
        }
    }

    fn scan_options(&self) -> ScanOptions {
        ScanOptions {
            pushdown: match self.scan.pushdown {
                Pushdown::Auto => lakegate_engine::Pushdown::Auto,
                Pushdown::On => lakegate_engine::Pushdown::On,
                Pushdown::Off => lakegate_engine::Pushdown::Off,
            },
            view_types: match self.scan.view_types {
                true => ViewTypes::On,
                false => ViewTypes::Off,
            },
        }
    }

    pub fn spill_directory(&self) -> PathBuf {
        let configured = self.limits.spill_directory.clone();
        configured.unwrap_or_else(|| self.lake.directory.join("spill"))
    }

    pub fn pg_options(&self) -> Result<PgOptions> {
        let pg = &self.pg;
        let tls = pg.tls_certificate.clone().zip(pg.tls_key.clone());
        Ok(PgOptions {
            listen: address("pg.listen", &pg.listen)?,
            tls: tls.map(|(certificate, key)| TlsFiles { certificate, key }),
            require_tls: pg.require_tls,
            auth: self.auth()?,
            limits: lakegate_pg::Limits {
                max_connections: self.limits.max_connections,
                max_connections_per_address: self.limits.max_connections,
                ..Default::default()
            },
        })
    }

    /// None when it is not asked for.
    pub fn athena_options(&self) -> Result<Option<AthenaOptions>> {
        let athena = &self.athena;
        if !athena.enabled {
            return Ok(None);
        }
        Ok(Some(AthenaOptions {
            endpoint: athena.endpoint.clone(),
            region: athena.region.clone(),
            allow_http: self.s3.allow_http,
            access_key_id: reveal(&athena.access_key_id),
            secret_access_key: reveal(&athena.secret_access_key),
            session_token: reveal(&athena.session_token),
            workgroup: athena.workgroup.clone(),
            catalog: athena.catalog.clone(),
            lake: self.lake.name.clone(),
            output: athena.output.as_deref().map(Location::parse).transpose()?,
            results: match athena.results {
                Results::Auto => lakegate_athena::Results::Auto,
                Results::Api => lakegate_athena::Results::Api,
                Results::Csv => lakegate_athena::Results::Csv,
                Results::Unload => lakegate_athena::Results::Unload,
            },
            unload_above_bytes: athena.unload_above.0,
            dollars_per_terabyte: athena.dollars_per_terabyte,
            query_dollars: athena.query_dollars,
            day_dollars: athena.day_dollars,
            ledger: Some(self.lake.directory.join("athena")),
            result_reuse: athena.result_reuse.map(|span| span.0),
            limits: lakegate_athena::Limits::default(),
        }))
    }

    /// None when it is not asked for.
    pub fn flight_options(&self) -> Result<Option<FlightOptions>> {
        let flight = &self.flight;
        let Some(listen) = &flight.listen else { return Ok(None) };
        let tls = flight.tls_certificate.clone().zip(flight.tls_key.clone());
        Ok(Some(FlightOptions {
            listen: address("flight.listen", listen)?,
            database: self.lake.name.clone(),
            tls: tls.map(|(certificate, key)| TlsFiles { certificate, key }),
            auth: self.auth()?,
            limits: lakegate_flight::Limits {
                max_connections: self.limits.max_connections,
                max_sessions: self.limits.max_connections,
                ..Default::default()
            },
        }))
    }

    /// Who may log in, on every port.
    fn auth(&self) -> Result<lakegate_access::Auth> {
        let pg = &self.pg;
        let user = |(name, password): (&String, &Secret)| User {
            name: name.clone(),
            secret: lakegate_access::Secret::Password(password.reveal().to_string()),
        };
        Ok(match pg.auth {
            Auth::Trust => lakegate_access::Auth::TrustLoopback,
            Auth::Scram if pg.users.is_empty() => {
                return Err(Error::invalid("pg.auth is \"scram\", and pg.users names nobody")
                    .hint("Add users under [pg.users], as NAME = \"PASSWORD\"."));
            }
            Auth::Scram => lakegate_access::Auth::Scram(pg.users.iter().map(user).collect()),
        })
    }
}

fn reveal(secret: &Option<Secret>) -> Option<String> {
    secret.as_ref().map(|secret| secret.reveal().to_string())
}

fn timeout(span: Span) -> Option<Duration> {
    Some(span.0).filter(|time| !time.is_zero())
}

/// `HOST:PORT`, by name or number.
fn address(key: &str, text: &str) -> Result<SocketAddr> {
    let wrong = || {
        Error::invalid(format!("{key} \"{text}\" is not an address to listen on"))
            .hint("Write HOST:PORT, e.g. 127.0.0.1:5433.")
    };
    let found = text.to_socket_addrs().map_err(|e| wrong().source(e))?.next();
    found.ok_or_else(wrong)
}

/// Half of the machine's memory; 2 GiB where it cannot be told.
fn memory_share() -> u64 {
    const UNKNOWN_BYTES: u64 = 4 << 30;
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib = total.and_then(|rest| rest.trim().split(' ').next()?.parse::<u64>().ok());
    kib.map_or(UNKNOWN_BYTES, |kib| kib.saturating_mul(1024)) / 2
}
