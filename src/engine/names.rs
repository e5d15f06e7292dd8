//! What a statement may name, as DataFusion's SQL planner asks for it: the tables pinned for it, the
//! functions of every session and those of its own.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::catalog::TableFunctionArgs;
use datafusion::catalog::cte_worktable::CteWorkTable;
use datafusion::common::config::ConfigOptions;
use datafusion::common::{DFSchema, TableReference, plan_datafusion_err};
use datafusion::datasource::provider_as_source;
use datafusion::error::Result;
use datafusion::execution::SessionState;
use datafusion::logical_expr::planner::{ContextProvider, ExprPlanner, TypePlanner};
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{
    AggregateUDF, Expr, HigherOrderUDF, LogicalPlan, ScalarUDF, TableSource, WindowUDF,
};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::sql::parser::Statement;
use datafusion::sql::planner::{ParserOptions, SqlToRel};

use crate::error::missing_relation;
use crate::functions::{self, external};
use crate::pin::Pinned;
use crate::plans::Basis;
use crate::rewrite;
use crate::system::SessionFacts;

/// The functions that ask the session, built when a statement names one: most name none.
#[derive(Debug)]
pub struct SessionFunctions {
    facts: Arc<dyn SessionFacts>,
    built: OnceLock<HashMap<String, Arc<ScalarUDF>>>,
}

impl SessionFunctions {
    pub fn new(facts: Arc<dyn SessionFacts>) -> Self {
        Self { facts, built: OnceLock::new() }
    }

    fn get(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        /// They are the same in every session.
        static NAMES: OnceLock<HashSet<String>> = OnceLock::new();
        let names = NAMES.get_or_init(|| self.built().keys().cloned().collect());
        names.contains(name).then(|| self.built().get(name).cloned()).flatten()
    }

    fn built(&self) -> &HashMap<String, Arc<ScalarUDF>> {
        self.built.get_or_init(|| {
            let mut built = HashMap::new();
            for function in functions::session(&self.facts).into_iter().map(Arc::new) {
                let aliases = function.aliases().iter().cloned();
                for name in aliases.chain([function.name().to_string()]) {
                    built.insert(name, Arc::clone(&function));
                }
            }
            built
        })
    }
}

pub struct Names<'a> {
    /// The functions of every session.
    pub shared: &'a SessionState,
    pub own: &'a SessionFunctions,
    pub tables: &'a Pinned,
    pub basis: &'a Basis,
    /// The options of the session, and what table functions run in.
    pub state: &'a SessionState,
}

impl Names<'_> {
    pub fn plan(&self, statement: Statement) -> Result<LogicalPlan> {
        let sql = &self.options().sql_parser;
        let options = ParserOptions {
            parse_float_as_decimal: sql.parse_float_as_decimal,
            enable_ident_normalization: sql.enable_ident_normalization,
            enable_options_value_normalization: sql.enable_options_value_normalization,
            support_varchar_with_length: sql.support_varchar_with_length,
            map_string_types_to_utf8view: sql.map_string_types_to_utf8view,
            collect_spans: sql.collect_spans,
            default_null_ordering: sql.default_null_ordering.as_str().into(),
        };
        SqlToRel::new_with_options(self, options).statement_to_plan(statement)
    }

    fn constant(&self, argument: Expr) -> Result<Expr> {
        let start = self.state.execution_props().query_execution_start_time;
        let context = SimplifyContext::builder()
            .with_config_options(Arc::clone(self.state.config_options()))
            .with_query_execution_start_time(start)
            .build();
        let simplifier = ExprSimplifier::new(context);
        simplifier.simplify(simplifier.coerce(argument, &DFSchema::empty())?)
    }
}

impl ContextProvider for Names<'_> {
    fn get_table_source(&self, name: TableReference) -> Result<Arc<dyn TableSource>> {
        let found = self.tables.get(&name).map(provider_as_source);
        found.ok_or_else(|| {
            let schema = name.schema().map(|schema| format!("{schema}."));
            let shown = format!("{}{}", schema.unwrap_or_default(), name.table());
            external(missing_relation(&shown))
        })
    }

    fn get_table_function_source(
        &self,
        name: &str,
        arguments: Vec<Expr>,
    ) -> Result<Arc<dyn TableSource>> {
        let function = self.shared.table_functions().get(name);
        let function =
            function.ok_or_else(|| plan_datafusion_err!("table function '{name}' not found"))?;
        if !arguments.iter().all(|argument| matches!(argument, Expr::Literal(..))) {
            self.basis.pass();
        }
        let arguments = arguments.into_iter().map(|argument| self.constant(argument));
        let arguments = arguments.collect::<Result<Vec<_>>>()?;
        let arguments = TableFunctionArgs::new(&arguments, self.state);
        Ok(provider_as_source(function.create_table_provider_with_args(arguments)?))
    }

    fn create_cte_work_table(&self, name: &str, schema: SchemaRef) -> Result<Arc<dyn TableSource>> {
        Ok(provider_as_source(Arc::new(CteWorkTable::new(name, schema))))
    }

    fn get_expr_planners(&self) -> &[Arc<dyn ExprPlanner>] {
        self.shared.expr_planners()
    }

    fn get_type_planner(&self) -> Option<Arc<dyn TypePlanner>> {
        Some(Arc::new(rewrite::Types))
    }

    fn get_function_meta(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        self.own.get(name).or_else(|| self.shared.scalar_functions().get(name).cloned())
    }

    fn get_higher_order_meta(&self, name: &str) -> Option<Arc<HigherOrderUDF>> {
        self.shared.higher_order_functions().get(name).cloned()
    }

    fn get_aggregate_meta(&self, name: &str) -> Option<Arc<AggregateUDF>> {
        self.shared.aggregate_functions().get(name).cloned()
    }

    fn get_window_meta(&self, name: &str) -> Option<Arc<WindowUDF>> {
        self.shared.window_functions().get(name).cloned()
    }

    fn get_variable_type(&self, _: &[String]) -> Option<DataType> {
        None
    }

    fn options(&self) -> &ConfigOptions {
        self.state.config_options()
    }

    fn udf_names(&self) -> Vec<String> {
        let shared = self.shared.scalar_functions().keys();
        shared.chain(self.own.built().keys()).cloned().collect()
    }

    fn higher_order_function_names(&self) -> Vec<String> {
        self.shared.higher_order_functions().keys().cloned().collect()
    }

    fn udaf_names(&self) -> Vec<String> {
        self.shared.aggregate_functions().keys().cloned().collect()
    }

    fn udwf_names(&self) -> Vec<String> {
        self.shared.window_functions().keys().cloned().collect()
    }
}
