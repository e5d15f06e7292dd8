//! The relations of the two system schemas as DataFusion sees them. They are built on first use and kept with
//! the lake view they were built over; those that speak of the session are built each time.

use std::sync::{Arc, PoisonError};

use datafusion::catalog::view::ViewTable;
use datafusion::catalog::{MemTable, TableProvider};
use datafusion::common::DFSchema;
use datafusion::error::Result;
use datafusion::logical_expr::{EmptyRelation, LogicalPlan};

use super::definitions::{self, Definition};
use super::fill::{self, Scope};
use super::{LakeView, SessionFacts};

/// None when `pg_catalog` or `information_schema` has none of that name.
pub fn table(
    schema: &str,
    name: &str,
    facts: &dyn SessionFacts,
) -> Result<Option<Arc<dyn TableProvider>>> {
    definitions::find(schema, name).map(|definition| relation(definition, facts)).transpose()
}

/// Whether a relation's rows are told as it is planned, of the session and its moment.
pub fn is_of_session(schema: &str, name: &str) -> bool {
    definitions::find(schema, name).is_some_and(|d| matches!(fill::scope(d), Scope::Session))
}

fn relation(
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
