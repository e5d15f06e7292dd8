//! Pinning: one catalog version per statement, and each table it names resolved once to one snapshot.
//! Every row of the answer comes from what is pinned here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use datafusion::catalog::{CatalogProvider, CatalogProviderList, SchemaProvider, TableProvider};
use datafusion::error::DataFusionError;
use lakegate_base::Result;
use sqlparser::ast::Statement;

use crate::rewrite::{self, Relation, Shown};
use crate::scan::LakeTable;

/// The schema that stands for "no schema named": bare names are resolved through the search path.
pub const BARE: &str = "__path";

/// What one statement may name: schema → table → provider.
#[derive(Debug, Default)]
pub struct Pinned {
    schemas: HashMap<String, Arc<dyn SchemaProvider>>,
}

impl Pinned {
    /// Adds one resolved table.
    pub fn add(&mut self, schema: &str, table: &str, provider: Arc<dyn TableProvider>) {
        let entry = self.schemas.entry(schema.to_string());
        let schema = entry.or_insert_with(|| Arc::new(PinnedSchema::default()));
        if let Some(schema) = schema.downcast_ref::<PinnedSchema>() {
            schema.tables().insert(table.to_string(), provider);
        }
    }

    /// Adds a whole schema that answers by itself.
    pub fn add_schema(&mut self, name: &str, schema: Arc<dyn SchemaProvider>) {
        self.schemas.insert(name.to_string(), schema);
    }

    /// Makes the hidden columns that the statement names columns of tables: each such table is pinned a
    /// second time, at the same snapshot.
    pub fn show_hidden(&mut self, statement: &mut Statement) -> Result<()> {
        if !rewrite::names_hidden(statement) {
            return Ok(());
        }
        let relation = |parts: &[String]| {
            let provider = self.find(parts)?;
            let is_lake = provider.downcast_ref::<LakeTable>().is_some();
            Some(Relation { columns: provider.schema(), is_lake })
        };
        for Shown { table, renamed, columns } in rewrite::show_hidden(statement, &relation)? {
            let provider = self.find(&table);
            if let Some(own) = provider.as_ref().and_then(|p| p.downcast_ref::<LakeTable>()) {
                self.add(schema_of(&table), &renamed, Arc::new(own.showing(&columns)?));
            }
        }
        Ok(())
    }

    /// By the parts of its name, as the statement has it.
    fn find(&self, parts: &[String]) -> Option<Arc<dyn TableProvider>> {
        let schema = self.schemas.get(schema_of(parts))?.downcast_ref::<PinnedSchema>()?;
        schema.tables().get(parts.last()?).cloned()
    }

    pub fn into_catalogs(self, catalog_name: &str) -> Arc<dyn CatalogProviderList> {
        Arc::new(OneCatalog { name: catalog_name.to_string(), catalog: Arc::new(self) })
    }
}

fn schema_of(parts: &[String]) -> &str {
    match parts {
        [.., schema, _] => schema,
        _ => BARE,
    }
}

impl CatalogProvider for Pinned {
    fn schema_names(&self) -> Vec<String> {
        self.schemas.keys().cloned().collect()
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        self.schemas.get(name).cloned()
    }
}

#[derive(Debug)]
struct OneCatalog {
    name: String,
    catalog: Arc<dyn CatalogProvider>,
}

impl CatalogProviderList for OneCatalog {
    /// Nothing registers catalogs from SQL.
    fn register_catalog(
        &self,
        _name: String,
        _catalog: Arc<dyn CatalogProvider>,
    ) -> Option<Arc<dyn CatalogProvider>> {
        None
    }

    fn catalog_names(&self) -> Vec<String> {
        vec![self.name.clone()]
    }

    fn catalog(&self, name: &str) -> Option<Arc<dyn CatalogProvider>> {
        (name == self.name).then(|| Arc::clone(&self.catalog))
    }
}

#[derive(Debug, Default)]
struct PinnedSchema {
    tables: Mutex<HashMap<String, Arc<dyn TableProvider>>>,
}

impl PinnedSchema {
    fn tables(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<dyn TableProvider>>> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl SchemaProvider for PinnedSchema {
    fn table_names(&self) -> Vec<String> {
        self.tables().keys().cloned().collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, DataFusionError> {
        Ok(self.tables().get(name).cloned())
    }

    fn table_exist(&self, name: &str) -> bool {
        self.tables().contains_key(name)
    }
}
