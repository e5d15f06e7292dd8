//! Lakegate's own relations, in the schema `lakegate`: what it did and what it holds.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use lakegate_base::{Error, Result, TableName};
use lakegate_formats::CacheUsage;

use crate::engine::Shared;
use crate::error::from_datafusion;
use crate::log::QueryLog;

/// The schema they stand in, beside the databases of the catalog.
pub const SCHEMA: &str = "lakegate";

/// One relation, filled when it is read.
pub struct Own {
    pub name: &'static str,
    pub comment: &'static str,
    pub schema: fn() -> SchemaRef,
    fill: fn(&Shared) -> Result<RecordBatch>,
}

pub const RELATIONS: &[Own] = &[
    Own {
        name: "cache",
        comment: "One row per cache: what it holds and how often it helped.",
        schema: cache_schema,
        fill: caches,
    },
    Own {
        name: "query_log",
        comment: "One row per statement that ran since the server started.",
        schema: QueryLog::schema,
        fill: query_log,
    },
];

pub fn table(shared: &Shared, name: &TableName) -> Result<Option<Arc<dyn TableProvider>>> {
    let own = RELATIONS.iter().find(|own| own.name == name.table);
    let Some(own) = own.filter(|_| name.database == SCHEMA) else { return Ok(None) };
    let batches = vec![vec![(own.fill)(shared)?]];
    let table = MemTable::try_new((own.schema)(), batches).map_err(from_datafusion)?;
    Ok(Some(Arc::new(table)))
}

fn query_log(shared: &Shared) -> Result<RecordBatch> {
    shared.log.batch().map_err(|e| Error::internal("the query log is broken").source(e))
}

const CACHE_NUMBERS: [&str; 5] = ["entries", "bytes", "bytes_max", "hits", "misses"];

fn cache_schema() -> SchemaRef {
    let name = Field::new("name", DataType::Utf8, true);
    let numbers = CACHE_NUMBERS.iter().map(|name| Field::new(*name, DataType::Int64, true));
    Arc::new(Schema::new(std::iter::once(name).chain(numbers).collect::<Vec<_>>()))
}

fn caches(shared: &Shared) -> Result<RecordBatch> {
    let mut caches = shared.tables.caches();
    caches.push(("footers", shared.footers.usage()));
    let names = caches.iter().map(|(name, _)| Some(*name));
    let number = |pick: fn(&CacheUsage) -> u64| -> ArrayRef {
        let values = caches.iter().map(|(_, usage)| i64::try_from(pick(usage)).ok());
        Arc::new(values.collect::<Int64Array>())
    };
    let columns = vec![
        Arc::new(names.collect::<StringArray>()) as ArrayRef,
        number(|cache| cache.entries),
        number(|cache| cache.bytes),
        number(|cache| cache.bytes_max),
        number(|cache| cache.hits),
        number(|cache| cache.misses),
    ];
    RecordBatch::try_new(cache_schema(), columns)
        .map_err(|e| Error::internal("the caches cannot be told").source(e))
}
