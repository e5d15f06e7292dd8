//! A pinned table as DataFusion sees it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result as DataFusionResult;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use lakegate_base::{Result, TableName};
use lakegate_formats::{FileDeletes, TableSnapshot, Tables};

use super::footers::Footers;
use super::hidden::Hidden;
use super::lower::{Group, Request, lower};
use super::prune::{is_decided, kept};
use super::shape::{Shape, ViewTypes};
use super::survivors::DeletedKeys;
use crate::error::{from_datafusion, into_datafusion};

/// How scans run; the same for all tables of an engine.
#[derive(Clone, Copy, Debug)]
pub struct ScanOptions {
    pub pushdown: Pushdown,
    pub view_types: ViewTypes,
}

impl Default for ScanOptions {
    fn default() -> Self {
        Self { pushdown: Pushdown::Auto, view_types: ViewTypes::On }
    }
}

/// Whether filters run inside the Parquet reader, before the other columns are decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushdown {
    /// Where enough other columns are saved to pay for it.
    Auto,
    On,
    Off,
}

/// One table at one snapshot. Every row of an answer comes from it.
pub struct LakeTable {
    name: TableName,
    pub(super) snapshot: Arc<TableSnapshot>,
    pub(super) shape: Shape,
    pub(super) tables: Arc<Tables>,
    pub(super) footers: Arc<Footers>,
    pub(super) options: ScanOptions,
}

impl LakeTable {
    pub fn new(
        name: TableName,
        snapshot: Arc<TableSnapshot>,
        tables: Arc<Tables>,
        footers: Arc<Footers>,
        options: ScanOptions,
    ) -> Result<Self> {
        let shape = Shape::new(&snapshot, options.view_types, &[]).map_err(|e| e.context(&name))?;
        Ok(Self { name, snapshot, shape, tables, footers, options })
    }

    /// The same snapshot with hidden columns shown, under these names.
    pub fn showing(&self, hidden: &[(Hidden, String)]) -> Result<Self> {
        let shape = Shape::new(&self.snapshot, self.options.view_types, hidden);
        Ok(Self {
            name: self.name.clone(),
            snapshot: Arc::clone(&self.snapshot),
            shape: shape.map_err(|e| e.context(&self.name))?,
            tables: Arc::clone(&self.tables),
            footers: Arc::clone(&self.footers),
            options: self.options,
        })
    }

    /// These files by the equality deletes that concern them, whose keys are read here.
    async fn groups(&self, files: Vec<usize>) -> Result<Vec<Group>> {
        let mut clean = Group { files: Vec::new(), deleted: Vec::new() };
        let mut dirty: HashMap<Vec<usize>, Group> = HashMap::new();
        for file in files {
            let own = self.snapshot.deletes.get(&file).filter(|own| !own.equality.is_empty());
            let Some(own) = own else {
                clean.files.push(file);
                continue;
            };
            let same = own.equality.iter().map(|delete| Arc::as_ptr(delete).addr()).collect();
            let group = match dirty.entry(same) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => {
                    let deleted = self.deleted_keys(own).await?;
                    new.insert(Group { files: Vec::new(), deleted })
                }
            };
            group.files.push(file);
        }
        Ok(std::iter::once(clean).chain(dirty.into_values()).collect())
    }

    async fn deleted_keys(&self, deletes: &FileDeletes) -> Result<Vec<Arc<DeletedKeys>>> {
        let mut all = Vec::new();
        for equality in &deletes.equality {
            let batch = self.tables.deleted_keys(&self.snapshot, equality).await?;
            let keys = DeletedKeys::new(&batch, equality.columns.clone());
            all.push(Arc::new(keys.map_err(from_datafusion)?));
        }
        Ok(all)
    }
}

impl fmt::Debug for LakeTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.snapshot.version)
    }
}

#[async_trait]
impl TableProvider for LakeTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.shape.table)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    /// Inexact: files are pruned by them, rows are filtered above the scan or inside the reader.
    /// Exact where a file's values decide for all its rows.
    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> DataFusionResult<Vec<TableProviderFilterPushDown>> {
        let kind = |filter: &&Expr| match is_decided(filter, &self.shape) {
            true => TableProviderFilterPushDown::Exact,
            false => TableProviderFilterPushDown::Inexact,
        };
        Ok(filters.iter().map(kind).collect())
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        let files = kept(filters, &self.shape, &self.snapshot, session)?;
        let all = || (0..self.shape.table.fields().len()).collect();
        let projection = projection.cloned().unwrap_or_else(all);
        let groups = self.groups(files).await.map_err(into_datafusion)?;
        lower(self, &Request { session, projection, filters, limit }, &groups).await
    }
}
