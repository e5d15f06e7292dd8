//! Pinning: one catalog version per statement, and each table it names resolved once to one snapshot.
//! Every row of the answer comes from what is pinned here.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::common::TableReference;
use lakegate_base::Result;
use sqlparser::ast::Statement;

use crate::rewrite::{self, Relation, Shown};
use crate::scan::LakeTable;

/// What one statement may name: schema and table → provider. Bare names have no schema: they were resolved
/// through the search path.
#[derive(Debug, Default)]
pub struct Pinned(HashMap<(String, String), Arc<dyn TableProvider>>);

/// Stands for "no schema named".
const BARE: &str = "";

impl Pinned {
    /// Adds one resolved table.
    pub fn add(&mut self, reference: &TableReference, provider: Arc<dyn TableProvider>) {
        let schema = reference.schema().unwrap_or(BARE);
        self.0.insert((schema.to_string(), reference.table().to_string()), provider);
    }

    pub fn get(&self, reference: &TableReference) -> Option<Arc<dyn TableProvider>> {
        let schema = reference.schema().unwrap_or(BARE);
        self.0.get(&(schema.to_string(), reference.table().to_string())).cloned()
    }

    /// Makes the hidden columns that the statement names columns of tables: each such table is pinned a
    /// second time, at the same snapshot.
    pub fn show_hidden(&mut self, statement: &mut Statement) -> Result<()> {
        if !rewrite::names_hidden(statement) {
            return Ok(());
        }
        let relation = |parts: &[String]| {
            let provider = self.get(&reference(parts)?)?;
            let is_lake = provider.downcast_ref::<LakeTable>().is_some();
            Some(Relation { columns: provider.schema(), is_lake })
        };
        for Shown { mut table, renamed, columns } in rewrite::show_hidden(statement, &relation)? {
            let provider = reference(&table).and_then(|table| self.get(&table));
            if let Some(own) = provider.as_ref().and_then(|p| p.downcast_ref::<LakeTable>()) {
                let shown = Arc::new(own.showing(&columns)?);
                table.pop();
                table.push(renamed);
                reference(&table).into_iter().for_each(|table| self.add(&table, shown.clone()));
            }
        }
        Ok(())
    }
}

/// By the parts of its name, as the statement has it.
fn reference(parts: &[String]) -> Option<TableReference> {
    match parts {
        [.., schema, table] => Some(TableReference::partial(schema.as_str(), table.as_str())),
        [table] => Some(TableReference::bare(table.as_str())),
        [] => None,
    }
}
