//! A syntax tree → a logical plan over pinned tables.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::common::TableReference;
use datafusion::datasource::ViewTable;
use datafusion::execution::SessionState;
use datafusion::execution::context::SQLOptions;
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::parser::Statement as PlannerStatement;
use futures::future::try_join_all;
use lakegate_base::{BoxFuture, Error, Result, Subject, TableName, fold_column_names};
use lakegate_catalog::{Snapshot, Table, arrow_schema};
use lakegate_formats::AsOf;
use sqlparser::ast::{ObjectName, Statement as Tree};

use crate::aspect;
use crate::engine::Shared;
use crate::error::from_datafusion;
use crate::explain;
use crate::names::{Names, SessionFunctions};
use crate::own;
use crate::pin::Pinned;
use crate::plans::{Basis, Source};
use crate::remote::{RemoteTable, Route};
use crate::rewrite::{self, folded_parts};
use crate::scan::LakeTable;
use crate::sql::parse;
use crate::system::definitions::PG_CATALOG;
use crate::system::{self, SessionFacts};
use crate::temporary::{self, Temporary};
use crate::travel;

/// Views on views on views: deeper is a cycle or a mistake.
const VIEW_DEPTH_MAX: usize = 32;

/// Everything a plan depends on, pinned for one statement.
#[derive(Clone)]
pub struct Planner {
    pub shared: Arc<Shared>,
    pub catalog: Arc<Snapshot>,
    pub facts: Arc<dyn SessionFacts>,
    /// What plans are optimised and run in: the session's options, without the functions.
    pub state: SessionState,
    pub functions: Arc<SessionFunctions>,
    /// What the plan is made of, views included.
    pub basis: Arc<Basis>,
    pub search_path: Vec<String>,
    pub temporary: Temporary,
    /// The version of tables that are named without one.
    pub as_of: AsOf,
    pub time_zone: String,
    pub route: Route,
}

/// A plan and the state it was made with.
#[derive(Clone)]
pub struct Planned {
    pub state: SessionState,
    pub plan: LogicalPlan,
    /// The names the client expects, where the planner's differ (duplicates).
    pub names: Option<Vec<String>>,
    pub basis: Arc<Basis>,
}

impl Planner {
    pub async fn plan(&self, tree: &Tree) -> Result<Planned> {
        let form = explain::form(tree)?;
        let mut planned = self.plan_at(tree.clone(), 0).await?;
        explain::set_form(&mut planned.plan, form);
        let plan = rewrite::readable(planned.plan, &self.facts).map_err(from_datafusion)?;
        Ok(Planned { plan, ..planned })
    }

    /// `depth` counts the views around this statement.
    fn plan_at(&self, mut tree: Tree, depth: usize) -> BoxFuture<'_, Result<Planned>> {
        Box::pin(async move {
            if depth > VIEW_DEPTH_MAX {
                return Err(Error::invalid("views are nested too deeply or name each other")
                    .hint("Check the views' definitions for a cycle."));
            }
            rewrite::statement(&mut tree, &self.facts)?;
            let mut statement = PlannerStatement::Statement(Box::new(tree));
            let references =
                self.state.resolve_table_references(&statement).map_err(from_datafusion)?;
            let mut pinned = self.pin(references, depth).await?;
            if let PlannerStatement::Statement(tree) = &mut statement {
                pinned.show_hidden(tree)?;
            }
            let mut state = self.state.clone();
            state.mark_start_execution();
            let names = Names {
                shared: &self.shared.dictionary,
                own: &self.functions,
                tables: &pinned,
                basis: &self.basis,
                state: &state,
            };
            let plan = names.plan(statement).map_err(from_datafusion)?;
            reads_only().verify_plan(&plan).map_err(from_datafusion)?;
            let names = rewrite::names(&plan);
            Ok(Planned { state, plan, names, basis: Arc::clone(&self.basis) })
        })
    }

    /// Resolves every table the statement names, at once.
    async fn pin(&self, references: Vec<TableReference>, depth: usize) -> Result<Pinned> {
        let mut pinned = Pinned::default();
        let distinct: HashSet<TableReference> = references.into_iter().collect();
        let resolved = distinct.iter().map(|reference| self.resolve(reference, depth));
        for (reference, provider) in distinct.iter().zip(try_join_all(resolved).await?) {
            if let Some(provider) = provider {
                pinned.add(reference, provider);
            }
        }
        Ok(pinned)
    }

    /// None when nothing of that name exists.
    async fn resolve(
        &self,
        reference: &TableReference,
        depth: usize,
    ) -> Result<Option<Arc<dyn TableProvider>>> {
        let catalog_name = &self.shared.options.catalog_name;
        if reference.catalog().is_some_and(|catalog| catalog != catalog_name) {
            return Err(Error::unsupported(format!("cross-database references: \"{reference}\"")));
        }
        if matches!(reference.schema(), None | Some(temporary::SCHEMA))
            && let Some(table) = self.temporary.table(reference.table())?
        {
            return Ok(Some(table));
        }
        if let Some(schema) = reference.schema() {
            return match self.system_table(schema, reference.table())? {
                Some(system) => Ok(Some(system)),
                None => self.table(&TableName::new(schema, reference.table()), depth).await,
            };
        }
        for schema in &self.search_path {
            let name = TableName::new(schema, reference.table());
            if let Some(table) = self.table(&name, depth).await? {
                return Ok(Some(table));
            }
        }
        self.system_table(PG_CATALOG, reference.table())
    }

    /// Whether the lake has a table, or a view, of that name.
    pub fn has_table(&self, name: &ObjectName) -> bool {
        let parts = folded_parts(name).unwrap_or_default();
        match parts.as_slice() {
            [.., schema, table] => self.catalog.table(&TableName::new(schema, table)).is_some(),
            [table] => self
                .search_path
                .iter()
                .any(|schema| self.catalog.table(&TableName::new(schema, table)).is_some()),
            [] => false,
        }
    }

    /// `pg_catalog` is on every search path.
    fn system_table(&self, schema: &str, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        if system::is_of_session(schema, name) {
            self.basis.pass();
        }
        system::table(schema, name, self.facts.as_ref()).map_err(from_datafusion)
    }

    async fn table(
        &self,
        name: &TableName,
        depth: usize,
    ) -> Result<Option<Arc<dyn TableProvider>>> {
        if let Some(own) = own::table(&self.shared, name)? {
            self.basis.pass();
            return Ok(Some(own));
        }
        let Some(table) = self.catalog.table(name) else {
            return self.version_or_aspect(name).await;
        };
        if self.is_elsewhere(table) {
            return self.remote_table(table).map(Some);
        }
        if let Some(sql) = table.view_sql() {
            return self.view(name, sql, depth).await.map(Some);
        }
        self.lake_table(name, table, &self.as_of).await.map(Some)
    }

    fn is_elsewhere(&self, table: &Table) -> bool {
        let Some(remote) = &self.shared.options.remote else { return false };
        match self.route {
            Route::Local => false,
            Route::Remote => true,
            Route::Auto => remote.owns(table, &self.catalog),
        }
    }

    fn remote_table(&self, table: &Table) -> Result<Arc<dyn TableProvider>> {
        if self.as_of != AsOf::Latest {
            return Err(Error::unsupported("lakegate.as_of in another engine")
                .about(Subject::Setting)
                .hint("RESET lakegate.as_of, or SET lakegate.route = 'local'."));
        }
        self.basis.leave();
        Ok(Arc::new(RemoteTable { name: table.table_name(), schema: arrow_schema(table)? }))
    }

    /// The table of the catalog that a name means; none when it means anything else.
    pub fn catalogued(&self, reference: &TableReference) -> Result<Option<&Table>> {
        let (schema, name) = (reference.schema(), reference.table());
        if schema.is_none() && self.temporary.table(name)?.is_some() {
            return Ok(None);
        }
        let table = |schema: &str| self.catalog.table(&TableName::new(schema, name));
        let found = match schema {
            Some(schema) => table(schema),
            None => self.search_path.iter().find_map(|schema| table(schema)),
        };
        Ok(found.map(Arc::as_ref))
    }

    /// `orders@v5`, `orders$files`: see `travel.rs`.
    async fn version_or_aspect(&self, name: &TableName) -> Result<Option<Arc<dyn TableProvider>>> {
        let Some(wanted) = travel::wanted(name, &self.time_zone)? else { return Ok(None) };
        let Some(table) = self.catalog.table(&wanted.table) else { return Ok(None) };
        if table.view_sql().is_some() {
            return Err(Error::unsupported(format!("versions of a view: \"{name}\""))
                .about(Subject::Table)
                .hint("Name the versions of the tables it reads."));
        }
        let as_of = if wanted.as_of == AsOf::Latest { &self.as_of } else { &wanted.as_of };
        match wanted.aspect {
            None => self.lake_table(name, table, as_of).await,
            Some(aspect) => {
                self.basis.pass();
                aspect::table(&self.shared, name, table, as_of, aspect).await
            }
        }
        .map(Some)
    }

    async fn lake_table(
        &self,
        name: &TableName,
        table: &Table,
        as_of: &AsOf,
    ) -> Result<Arc<dyn TableProvider>> {
        let shared = &self.shared;
        let snapshot = shared.open(name, table, as_of).await?;
        self.basis.read(Source {
            name: TableName::new(&table.database_name, &table.name),
            as_of: as_of.clone(),
            snapshot: Arc::clone(&snapshot),
        });
        let (tables, footers) = (Arc::clone(&shared.tables), Arc::clone(&shared.footers));
        let table = LakeTable::new(name.clone(), snapshot, tables, footers, shared.options.scan)?;
        Ok(Arc::new(table))
    }

    /// A view's own bare names mean its own database first.
    async fn view(
        &self,
        name: &TableName,
        sql: &str,
        depth: usize,
    ) -> Result<Arc<dyn TableProvider>> {
        let planned = async {
            let mut statements = parse(sql, self.shared.options.limits.sql)?;
            let tree = match (statements.pop(), statements.pop()) {
                (Some(statement), None) => statement.tree.downcast::<Tree>().ok(),
                _ => None,
            };
            let tree = tree.ok_or_else(|| Error::corrupt("the view is not one statement"))?;
            let planner = Self {
                search_path: vec![name.database.clone()],
                temporary: Temporary::default(),
                ..self.clone()
            };
            planner.plan_at(tree.as_ref().clone(), depth + 1).await
        };
        let planned = planned.await.map_err(|e| e.context(format!("view {name}")))?;
        let plan = with_folded_names(planned)?;
        Ok(Arc::new(ViewTable::new(plan, Some(sql.to_string()))))
    }
}

/// A view's columns carry folded names, as the catalog lists them.
fn with_folded_names(planned: Planned) -> Result<LogicalPlan> {
    use datafusion::logical_expr::{Expr, LogicalPlanBuilder};
    let fields = planned.plan.schema().clone();
    let names: Vec<String> = match planned.names {
        Some(names) => names,
        None => fields.fields().iter().map(|f| f.name().clone()).collect(),
    };
    let names = fold_column_names(names.iter().map(String::as_str));
    let columns = fields.columns().into_iter().zip(names);
    let aliased = columns.map(|(column, name)| Expr::Column(column).alias(name));
    LogicalPlanBuilder::from(planned.plan)
        .project(aliased.collect::<Vec<_>>())
        .and_then(LogicalPlanBuilder::build)
        .map_err(from_datafusion)
}

/// No DDL, no DML, no COPY, no SET through DataFusion, whatever the parser let through.
fn reads_only() -> SQLOptions {
    SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false)
}
