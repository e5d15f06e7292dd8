//! A table as a statement for the remote is planned over it: its columns, as the catalog has them. It is
//! opened and read there.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result as DataFusionResult;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use lakegate_base::{Error, TableName};

use crate::error::into_datafusion;

#[derive(Debug)]
pub struct RemoteTable {
    pub name: TableName,
    pub schema: SchemaRef,
}

#[async_trait]
impl TableProvider for RemoteTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _: &dyn Session,
        _: Option<&Vec<usize>>,
        _: &[Expr],
        _: Option<usize>,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        let message = format!("table {} was planned for another engine", self.name);
        Err(into_datafusion(Error::internal(message)))
    }
}
