//! Temporary tables: what tools make to see whether they may, and to keep a selection by. They live in
//! memory, in one session, within a bound of bytes; a rollback takes back what happened to them.

mod statements;

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use lakegate_base::{Error, ErrorKind, Result, Subject};

use crate::error::from_datafusion;

pub use statements::{Request, may_concern, request};

/// The schema they stand in, as clients may name it.
pub const SCHEMA: &str = "pg_temp";
/// All that one session may keep.
const BYTES_MAX: usize = 64 << 20;

/// One session's tables, by name. Copies share their rows.
#[derive(Clone, Debug, Default)]
pub struct Temporary {
    tables: BTreeMap<String, Arc<Kept>>,
}

#[derive(Debug)]
struct Kept {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

/// What a statement does to them, once the rows of its query are there.
#[derive(Clone, Debug)]
pub enum Change {
    Create { name: String, if_not_exists: bool, has_rows: bool },
    Insert { name: String },
    Drop { names: Vec<String>, missing: Vec<String> },
}

/// What the client is told.
pub struct Told {
    pub tag: String,
    pub notices: Vec<String>,
}

impl Temporary {
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    pub fn has(&self, name: &str) -> bool {
        self.tables.contains_key(name)
    }

    pub fn schema(&self, name: &str) -> Option<&SchemaRef> {
        self.tables.get(name).map(|kept| &kept.schema)
    }

    pub fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let Some(kept) = self.tables.get(name) else { return Ok(None) };
        let table = MemTable::try_new(Arc::clone(&kept.schema), vec![kept.batches.clone()]);
        Ok(Some(Arc::new(table.map_err(from_datafusion)?)))
    }

    pub fn clear(&mut self) {
        self.tables.clear();
    }

    /// `batches` are the rows of the statement's query, of the type `schema`.
    pub fn change(
        &mut self,
        change: &Change,
        schema: &SchemaRef,
        batches: Vec<RecordBatch>,
    ) -> Result<Told> {
        let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
        let mut notices = Vec::new();
        let tag = match change {
            Change::Create { name, if_not_exists: true, .. } if self.has(name) => {
                notices.push(format!("relation \"{name}\" already exists, skipping"));
                "CREATE TABLE".to_string()
            }
            Change::Create { name, .. } if self.has(name) => {
                let message = format!("relation \"{name}\" already exists");
                return Err(Error::new(ErrorKind::AlreadyExists, message).about(Subject::Table));
            }
            Change::Create { name, has_rows, .. } => {
                self.keep(name, nullable(schema), batches)?;
                if *has_rows { format!("SELECT {rows}") } else { "CREATE TABLE".to_string() }
            }
            Change::Insert { name } => {
                self.append(name, batches)?;
                format!("INSERT 0 {rows}")
            }
            Change::Drop { names, missing } => {
                self.tables.retain(|name, _| !names.contains(name));
                let told = |name| format!("table \"{name}\" does not exist, skipping");
                notices.extend(missing.iter().map(told));
                "DROP TABLE".to_string()
            }
        };
        Ok(Told { tag, notices })
    }

    fn append(&mut self, name: &str, batches: Vec<RecordBatch>) -> Result<()> {
        let Some(kept) = self.tables.get(name) else {
            return Err(Error::not_found(Subject::Table, name));
        };
        let schema = Arc::clone(&kept.schema);
        let all = kept.batches.iter().cloned().chain(batches).collect();
        self.keep(name, schema, all)
    }

    fn keep(&mut self, name: &str, schema: SchemaRef, batches: Vec<RecordBatch>) -> Result<()> {
        let typed = |batch: RecordBatch| {
            RecordBatch::try_new(Arc::clone(&schema), batch.columns().to_vec())
                .map_err(|e| Error::internal("a temporary table's rows have other types").source(e))
        };
        let batches = batches.into_iter().map(typed).collect::<Result<Vec<_>>>()?;
        let others = self.tables.iter().filter(|(other, _)| *other != name).map(|(_, kept)| kept);
        let bytes: usize = others.flat_map(|kept| &kept.batches).chain(&batches).map(size).sum();
        if bytes > BYTES_MAX {
            return Err(too_large("temporary tables of this session are"));
        }
        self.tables.insert(name.to_string(), Arc::new(Kept { schema, batches }));
        Ok(())
    }
}

fn size(batch: &RecordBatch) -> usize {
    batch.get_array_memory_size()
}

/// Refuses what would outgrow the bound before all of it is read.
pub fn check_size(batches: &[RecordBatch]) -> Result<()> {
    match batches.iter().map(size).sum::<usize>() > BYTES_MAX {
        true => Err(too_large("the rows of a temporary table are")),
        false => Ok(()),
    }
}

fn too_large(what: &str) -> Error {
    Error::exhausted(format!("{what} too large"))
        .about(Subject::Memory)
        .hint(format!("They may hold {} MiB together.", BYTES_MAX >> 20))
}

/// Rows that come later may be NULL where the first were not.
fn nullable(schema: &SchemaRef) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}
