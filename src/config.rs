//! What an operator can set, with its defaults. Read once, at the start, from (weakest first) defaults,
//! `lakegate.toml`, the environment (`LAKEGATE__SECTION__KEY`) and flags; then handed down as the small
//! Options of each crate (`options.rs`). Nothing below the binary knows that a config file exists.

mod load;
mod options;
mod units;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

pub use load::{Overrides, closest, load};
pub use units::{ByteSize, Secret, Span};

/// The file read from the working directory when `--config` names no other.
pub const DEFAULT_FILE: &str = "lakegate.toml";

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub lake: Lake,
    pub catalog: Catalog,
    /// By the name `lakegate crawl NAME` takes.
    pub crawl: BTreeMap<String, Crawl>,
    pub models: Models,
    pub s3: S3,
    pub pg: Pg,
    pub flight: Flight,
    pub athena: Athena,
    pub scan: Scan,
    pub cache: Cache,
    pub limits: Limits,
    pub log: Log,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Lake {
    /// The database name Postgres clients connect to.
    pub name: String,
    pub directory: PathBuf,
    /// Places that may be opened besides `directory`, crawled locations and the warehouse.
    pub roots: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Catalog {
    /// Default: `catalog.sqlite` in the lake's directory.
    pub path: Option<PathBuf>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crawl {
    pub location: String,
    /// The database its tables go to. Default: the crawl's own name.
    pub database: Option<String>,
    /// Put in front of every table name.
    #[serde(default)]
    pub prefix: String,
    /// Glob patterns of paths to leave out.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// How many folders below `location` tables are; found out when absent.
    pub level: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Models {
    pub directory: PathBuf,
    /// Where built tables are written. Default: `warehouse` in the lake's directory.
    pub warehouse: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct S3 {
    pub endpoint: Option<String>,
    pub region: Option<String>,
    pub path_style: bool,
    pub allow_http: bool,
    /// Without keys, credentials come from the AWS chain.
    pub access_key_id: Option<Secret>,
    pub secret_access_key: Option<Secret>,
    pub session_token: Option<Secret>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pg {
    pub listen: String,
    pub auth: Auth,
    /// Passwords by user name, for `auth = "scram"`.
    pub users: BTreeMap<String, Secret>,
    pub tls_certificate: Option<PathBuf>,
    pub tls_key: Option<PathBuf>,
    pub require_tls: bool,
}

/// Who may log in is what `[pg]` says.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Flight {
    /// Without it, the gateway has no Flight SQL port.
    pub listen: Option<String>,
    pub tls_certificate: Option<PathBuf>,
    pub tls_key: Option<PathBuf>,
}

/// What is passed on to Athena, and for how much. The S3 of its results is that of `[s3]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Athena {
    pub enabled: bool,
    pub endpoint: Option<String>,
    pub region: Option<String>,
    /// Without keys, credentials come from the AWS chain.
    pub access_key_id: Option<Secret>,
    pub secret_access_key: Option<Secret>,
    pub session_token: Option<Secret>,
    pub workgroup: String,
    pub catalog: String,
    /// Where Athena writes results. Default: where its workgroup says.
    pub output: Option<String>,
    pub results: Results,
    pub unload_above: ByteSize,
    /// Tables that only Athena reads: `database.table` or `database.*`.
    pub tables: Vec<String>,
    /// Passes on what is valid SQL and not supported here.
    pub fallback: bool,
    pub concurrent_queries: usize,
    pub dollars_per_terabyte: f64,
    /// A statement that may cost more is refused.
    pub query_dollars: Option<f64>,
    /// Of one user on one day (UTC).
    pub day_dollars: Option<f64>,
    /// How old the result of an earlier run may be to be given again.
    pub result_reuse: Option<Span>,
}

/// How Athena's rows come here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Results {
    /// By their size and types.
    #[default]
    Auto,
    Api,
    Csv,
    Unload,
}

/// How clients prove who they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Auth {
    /// No password, loopback only.
    #[default]
    Trust,
    Scram,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scan {
    pub pushdown: Pushdown,
    /// Reads text and binary columns as Arrow views.
    pub view_types: bool,
}

/// What is remembered of tables, and for how long it counts as current.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cache {
    pub snapshots: ByteSize,
    pub manifests: ByteSize,
    pub deletes: ByteSize,
    /// Of each object store.
    pub footers: ByteSize,
    /// Zero: every query looks for a newer version.
    pub staleness: Span,
    pub staleness_by_database: BTreeMap<String, Span>,
}

/// Whether filters run inside the Parquet reader, before the other columns are decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pushdown {
    /// Where it saves enough.
    #[default]
    Auto,
    On,
    Off,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Memory of all queries together. Default: half of the machine's.
    pub memory: Option<ByteSize>,
    /// Default: `spill` in the lake's directory.
    pub spill_directory: Option<PathBuf>,
    pub spill: ByteSize,
    /// Threads that queries run on. Default: one per processor.
    pub threads: Option<usize>,
    pub concurrent_queries: usize,
    pub queue: usize,
    /// Zero: no timeout.
    pub statement_timeout: Span,
    pub max_connections: usize,
    /// A storage request's whole time, retries included.
    pub retry_timeout: Span,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,lakegate_pg=debug`.
    pub level: String,
}

impl Default for Lake {
    fn default() -> Self {
        Self { name: "lake".into(), directory: "lake".into(), roots: Vec::new() }
    }
}

impl Default for Models {
    fn default() -> Self {
        Self { directory: "sql".into(), warehouse: None }
    }
}

impl Default for Pg {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:5432".into(),
            auth: Auth::Trust,
            users: BTreeMap::new(),
            tls_certificate: None,
            tls_key: None,
            require_tls: false,
        }
    }
}

impl Default for Athena {
    fn default() -> Self {
        Self {
            enabled: false,
            endpoint: None,
            region: None,
            access_key_id: None,
            secret_access_key: None,
            session_token: None,
            workgroup: "primary".into(),
            catalog: "AwsDataCatalog".into(),
            output: None,
            results: Results::Auto,
            unload_above: ByteSize::gib(10),
            tables: Vec::new(),
            fallback: false,
            concurrent_queries: 20,
            dollars_per_terabyte: 5.0,
            query_dollars: None,
            day_dollars: None,
            result_reuse: None,
        }
    }
}

impl Default for Scan {
    fn default() -> Self {
        Self { pushdown: Pushdown::Auto, view_types: true }
    }
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            snapshots: ByteSize::mib(512),
            manifests: ByteSize::mib(256),
            deletes: ByteSize::mib(128),
            footers: ByteSize::mib(128),
            staleness: Span::seconds(0),
            staleness_by_database: BTreeMap::new(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: None,
            spill_directory: None,
            spill: ByteSize::gib(20),
            threads: None,
            concurrent_queries: 64,
            queue: 1_000,
            statement_timeout: Span::seconds(300),
            max_connections: 200,
            retry_timeout: Span::seconds(20),
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "warn".into() }
    }
}
