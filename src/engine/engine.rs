//! The engine: what all sessions share, and nothing else.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{FieldRef, Schema};
use datafusion::execution::SessionStateDefaults;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::object_store::{
    DefaultObjectStoreRegistry, ObjectStoreRegistry, ObjectStoreUrl,
};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::{FunctionRegistry, SessionState, SessionStateBuilder};
use datafusion::functions_aggregate::first_last::first_value_udaf;
use datafusion::logical_expr::planner::ExprPlanner;
use datafusion::prelude::SessionConfig;
use lakegate_base::{Engine, Error, Location, Result, Session, SessionOptions, Subject, TableName};
use lakegate_catalog::{Catalog, Snapshot, Table, shapes};
use lakegate_formats::{AsOf, TableSnapshot, TableSource, Tables};
use lakegate_store::Stores;

use crate::cooperate::CooperativeJoins;
use crate::error::from_datafusion;
use crate::functions;
use crate::join_keys::optimizer_rules;
use crate::log::QueryLog;
use crate::meaning;
use crate::memory::{HeldInputs, Watch};
use crate::operators::Operators;
use crate::options::EngineOptions;
use crate::plans::Plans;
use crate::rewrite;
use crate::run::Admission;
use crate::scan::{Footers, ViewTypes};
use crate::session::LakeSession;
use crate::sessions::Sessions;
use crate::system::LakeView;
use crate::view::lake_view;

/// Planning walks deep trees; the default 2 MiB would overflow on what the limits allow.
const THREAD_STACK_BYTES: usize = 8 << 20;
/// How many of the greediest consumers an out-of-memory error names in the log.
const CONSUMERS_NAMED: usize = 5;

pub struct LakeEngine {
    shared: Arc<Shared>,
    /// Queries run here, apart from network I/O. None only while dropping.
    runtime: Option<tokio::runtime::Runtime>,
}

struct Attached {
    table: Arc<Table>,
    source: TableSource,
}

/// What every session and statement needs; caches included.
pub struct Shared {
    pub options: EngineOptions,
    pub stores: Arc<Stores>,
    pub catalog: Arc<Catalog>,
    pub log: Arc<QueryLog>,
    pub tables: Arc<Tables>,
    pub footers: Arc<Footers>,
    pub admission: Arc<Admission>,
    /// Of statements that run elsewhere.
    pub remote_admission: Arc<Admission>,
    pub watch: Arc<Watch>,
    pub queries: tokio::runtime::Handle,
    pub sessions: Arc<Sessions>,
    pub plans: Plans,
    /// The functions, operators and types that statements of every session may name.
    pub dictionary: SessionState,
    /// What plans are optimised and run in; cloned, never changed.
    pub template: SessionState,
    /// Tables named on the command line: in the catalog's shape, but in no store.
    attached: Mutex<BTreeMap<TableName, Attached>>,
    view: Mutex<Option<(u64, Arc<LakeView>)>>,
}

impl LakeEngine {
    pub fn new(
        options: EngineOptions,
        stores: Arc<Stores>,
        catalog: Arc<Catalog>,
    ) -> Result<Arc<Self>> {
        let dictionary = dictionary(&options, runtime_env(&options)?);
        let limits = &options.limits;
        // Last of what can fail: a runtime must not be dropped inside another one.
        let runtime = query_runtime(limits.threads)?;
        let tables = Arc::new(Tables::new(Arc::clone(&stores), options.caches));
        let footers = Arc::new(Footers::new(limits.footer_cache_bytes));
        let cached = {
            let (tables, footers) = (Arc::clone(&tables), Arc::clone(&footers));
            move || {
                tables.caches().iter().map(|(_, usage)| usage.bytes).sum::<u64>()
                    + footers.usage().bytes
            }
        };
        let shared = Shared {
            tables,
            stores,
            catalog,
            log: Arc::new(QueryLog::new(limits.query_log_rows)),
            footers,
            admission: Arc::new(Admission::new(limits.queries_max, limits.queue_max)),
            remote_admission: Arc::new(Admission::new(
                options.remote.as_ref().map_or(0, |remote| remote.queries_max),
                limits.queue_max,
            )),
            watch: Watch::start(limits.memory_bytes, cached),
            queries: runtime.handle().clone(),
            sessions: Arc::default(),
            plans: Plans::default(),
            template: without_functions(&dictionary),
            dictionary,
            attached: Mutex::default(),
            view: Mutex::default(),
            options,
        };
        Ok(Arc::new(Self { shared: Arc::new(shared), runtime: Some(runtime) }))
    }

    /// Makes the table at a location known to this engine alone, under a name, without the catalog.
    pub async fn attach(&self, name: TableName, location: &Location) -> Result<()> {
        let shared = &self.shared;
        let source = lakegate_formats::files::recognise(&shared.stores, location).await?;
        let snapshot = shared.tables.open(&source, &AsOf::Latest, Duration::ZERO).await?;
        // A type that has no name in Glue's terms costs the listing its columns, not the table.
        let bare = || Table {
            database_name: name.database.clone(),
            name: name.table.clone(),
            ..Table::default()
        };
        let is_key =
            |field: &FieldRef| source.partition_keys.iter().any(|k| k.name() == field.name());
        let columns = snapshot.schema.fields().iter().filter(|field| !is_key(field)).cloned();
        let columns = Schema::new(columns.collect::<Vec<_>>());
        let table = shapes::table(&name, &source, &columns).unwrap_or_else(|_| bare());
        let mut attached = shared.attached.lock().unwrap_or_else(PoisonError::into_inner);
        attached.insert(name, Attached { table: Arc::new(table), source });
        Ok(())
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    pub(crate) fn session(&self, options: SessionOptions) -> Result<Arc<LakeSession>> {
        if options.database != self.shared.options.catalog_name {
            return Err(Error::not_found(Subject::Database, &options.database)
                .hint(format!("Connect to \"{}\".", self.shared.options.catalog_name)));
        }
        Ok(Arc::new(LakeSession::new(Arc::clone(&self.shared), options)?))
    }
}

#[async_trait]
impl Engine for LakeEngine {
    async fn open(&self, options: SessionOptions) -> Result<Arc<dyn Session>> {
        Ok(self.session(options)?)
    }
}

impl Drop for LakeEngine {
    /// A runtime must not be waited for inside another one.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Shared {
    /// The catalog as of now, with the attached tables.
    pub async fn catalog(&self) -> Result<Arc<Snapshot>> {
        let snapshot = self.catalog.snapshot().await?;
        let attached = self.attached.lock().unwrap_or_else(PoisonError::into_inner);
        if attached.is_empty() {
            return Ok(snapshot);
        }
        Ok(Arc::new(snapshot.with_tables(attached.values().map(|a| Arc::clone(&a.table)))))
    }

    /// The system catalog's view of a catalog version, built once.
    pub fn lake_view(&self, catalog: &Snapshot) -> Arc<LakeView> {
        let mut cached = self.view.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((version, view)) = cached.as_ref()
            && *version == catalog.version
        {
            return Arc::clone(view);
        }
        let view = Arc::new(lake_view(&self.options.catalog_name, catalog));
        *cached = Some((catalog.version, Arc::clone(&view)));
        view
    }

    /// Opens a catalogued table at a version, and makes its store known to DataFusion: the only
    /// stores a query can reach are those of catalogued tables.
    pub async fn open(
        &self,
        name: &TableName,
        table: &Table,
        as_of: &AsOf,
    ) -> Result<Arc<TableSnapshot>> {
        let open = async {
            let source = self.source(name, table)?;
            let staleness = self.options.freshness.of(&name.database);
            let snapshot = self.tables.open(&source, as_of, staleness).await?;
            self.register_store(&snapshot.location).await?;
            Ok(snapshot)
        };
        open.await.map_err(|e: Error| e.context(format!("table {name}")))
    }

    pub fn source(&self, name: &TableName, table: &Table) -> Result<TableSource> {
        let attached = self.attached.lock().unwrap_or_else(PoisonError::into_inner);
        attached.get(name).map_or_else(|| lakegate_catalog::source(table), |a| Ok(a.source.clone()))
    }

    async fn register_store(&self, location: &Location) -> Result<()> {
        let store = self.stores.store(location).await?;
        let url = ObjectStoreUrl::parse(location.store_url()).map_err(from_datafusion)?;
        self.template.runtime_env().register_object_store(url.as_ref(), store);
        Ok(())
    }
}

fn query_runtime(threads: usize) -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads.max(1))
        .thread_name("lakegate-query")
        .thread_stack_size(THREAD_STACK_BYTES)
        .enable_all()
        .build()
        .map_err(|e| Error::unavailable("cannot start the query threads").source(e))
}

/// Bounded memory, bounded spill, and no object store until a catalogued table brings one.
fn runtime_env(options: &EngineOptions) -> Result<Arc<RuntimeEnv>> {
    let limits = &options.limits;
    let pool = FairSpillPool::new(limits.memory_bytes);
    let consumers = std::num::NonZeroUsize::new(CONSUMERS_NAMED).expect("five is not zero");
    let pool = TrackConsumersPool::new(pool, consumers);
    let disk = DiskManagerBuilder::default()
        .with_mode(DiskManagerMode::Directories(vec![limits.spill_directory.clone()]))
        .with_max_temp_directory_size(limits.spill_bytes);
    RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(pool))
        .with_disk_manager_builder(disk)
        .with_object_store_registry(no_stores())
        .build_arc()
        .map_err(from_datafusion)
}

/// DataFusion registers the local disk by default; SQL must not reach it.
fn no_stores() -> Arc<dyn ObjectStoreRegistry> {
    let registry = DefaultObjectStoreRegistry::new();
    if let Ok(url) = ObjectStoreUrl::parse("file://") {
        drop(registry.deregister_store(url.as_ref()));
    }
    Arc::new(registry)
}

/// A function of the same name is replaced on purpose; registering never fails.
pub fn replace<T>(previous: datafusion::error::Result<Option<Arc<T>>>) {
    drop(previous);
}

/// Ours is asked first.
fn expr_planners() -> Vec<Arc<dyn ExprPlanner>> {
    let mut planners: Vec<Arc<dyn ExprPlanner>> =
        vec![Arc::new(rewrite::Literals), Arc::new(rewrite::Words), Arc::new(Operators::new())];
    planners.extend(SessionStateDefaults::default_expr_planners());
    planners
}

/// Each statement has a copy of its own, and functions are many. Plans hold theirs; only the optimiser asks
/// for one by its name, for DISTINCT ON.
fn without_functions(dictionary: &SessionState) -> SessionState {
    SessionStateBuilder::new_from_existing(dictionary.clone())
        .with_scalar_functions(Vec::new())
        .with_higher_order_functions(Vec::new())
        .with_aggregate_functions(vec![first_value_udaf()])
        .with_window_functions(Vec::new())
        .with_table_function_list(Vec::new())
        .build()
}

/// All that SQL knows, and how it is planned and run.
pub fn dictionary(options: &EngineOptions, runtime: Arc<RuntimeEnv>) -> SessionState {
    let mut config = SessionConfig::new()
        .with_create_default_catalog_and_schema(false)
        .with_information_schema(false)
        .with_target_partitions(options.limits.threads.max(1));
    let settings = config.options_mut();
    settings.execution.parquet.schema_force_view_types = options.scan.view_types == ViewTypes::On;
    // Postgres: 1.5 is numeric, not a float; and NULLs sort last when ascending.
    settings.sql_parser.parse_float_as_decimal = true;
    settings.execution.time_zone = Some("UTC".to_string());
    settings.sql_parser.dialect = datafusion::config::Dialect::PostgreSQL;
    settings.sql_parser.map_string_types_to_utf8view = options.scan.view_types == ViewTypes::On;
    let mut state = SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(runtime)
        .with_default_features()
        .with_expr_planners(expr_planners())
        .with_type_planner(Arc::new(rewrite::Types))
        .with_analyzer_rules(meaning::rules())
        .with_optimizer_rules(optimizer_rules())
        .with_physical_optimizer_rule(Arc::new(CooperativeJoins))
        .with_physical_optimizer_rule(Arc::new(HeldInputs))
        .build();
    for function in functions::all() {
        replace(state.register_udf(Arc::new(function)));
    }
    for function in functions::aggregates() {
        replace(state.register_udaf(Arc::new(function)));
    }
    state
}
