//! The two system schemas as DataFusion sees them. Relations are built on first use and kept with the
//! lake view they were built over; those that speak of the session are built each time.

use std::sync::{Arc, PoisonError};

use async_trait::async_trait;
use datafusion::catalog::view::ViewTable;
use datafusion::catalog::{MemTable, SchemaProvider, TableProvider};
use datafusion::common::DFSchema;
use datafusion::error::Result;
use datafusion::logical_expr::{EmptyRelation, LogicalPlan};

use super::definitions::{self, Definition, INFORMATION_SCHEMA, PG_CATALOG};
use super::fill::{self, Scope};
use super::{LakeView, SessionFacts};

/// `pg_catalog` and `information_schema`, to be registered in the session's catalog.
pub fn schemas(facts: &Arc<dyn SessionFacts>) -> Vec<(String, Arc<dyn SchemaProvider>)> {
    [PG_CATALOG, INFORMATION_SCHEMA]
        .into_iter()
        .map(|name| {
            let schema = SystemSchema { name, facts: Arc::clone(facts) };
            (name.to_string(), Arc::new(schema) as Arc<dyn SchemaProvider>)
        })
        .collect()
}

#[derive(Debug)]
struct SystemSchema {
    name: &'static str,
    facts: Arc<dyn SessionFacts>,
}

#[async_trait]
impl SchemaProvider for SystemSchema {
    fn table_names(&self) -> Vec<String> {
        let mine = definitions::all().iter().filter(|d| d.schema == self.name);
        mine.map(|d| d.name.to_string()).collect()
    }

    fn table_exist(&self, name: &str) -> bool {
        definitions::find(self.name, name).is_some()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        match definitions::find(self.name, name) {
            Some(definition) => table(definition, self.facts.as_ref()).map(Some),
            None => Ok(None),
        }
    }
}

fn table(
    definition: &'static Definition,
    facts: &dyn SessionFacts,
) -> Result<Arc<dyn TableProvider>> {
    let lake = facts.lake();
    match fill::scope(definition) {
        Scope::Empty => empty(definition),
        Scope::Session => build(definition, &lake, facts),
        Scope::Lake => {
            let key = definition.name;
            let known = lake.built.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
            if let Some(table) = known {
                return Ok(table);
            }
            let table = build(definition, &lake, facts)?;
            let mut built = lake.built.lock().unwrap_or_else(PoisonError::into_inner);
            built.insert(key, Arc::clone(&table));
            Ok(table)
        }
    }
}

fn build(
    definition: &'static Definition,
    lake: &LakeView,
    facts: &dyn SessionFacts,
) -> Result<Arc<dyn TableProvider>> {
    let batch = fill::rows(definition, lake, facts)?;
    Ok(Arc::new(MemTable::try_new(definition.arrow.clone(), vec![vec![batch]])?))
}

/// A plan of no rows, not a table of none: the optimiser then removes what is joined to it, and with it
/// subqueries it could not decorrelate.
fn empty(definition: &'static Definition) -> Result<Arc<dyn TableProvider>> {
    let schema = Arc::new(DFSchema::try_from(definition.arrow.as_ref().clone())?);
    let plan = LogicalPlan::EmptyRelation(EmptyRelation { produce_one_row: false, schema });
    Ok(Arc::new(ViewTable::new(plan, None)))
}
