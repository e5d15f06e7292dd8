//! Building models: run the SELECT, write the rows, register the relation. The catalog learns of a table
//! only after its commit, so a reader sees the old rows or the new ones.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use lakegate_base::{Error, Location, Principal, Result, Session, SessionOptions};
use lakegate_catalog::{Change, Database, Expected, Table, shapes};
use lakegate_formats::delta::{OverwriteOptions, SymlinkManifest, Written, overwrite};
use lakegate_formats::{AsOf, TableFormat, TableSource};
use lakegate_models::{Materialized, Model};

use crate::LakeEngine;
use crate::system::keys::{FOREIGN_KEYS, PRIMARY_KEY};

/// What building a model did.
#[derive(Clone, Debug)]
pub struct Built {
    pub kind: Materialized,
    /// Rows written; none for a view.
    pub rows: Option<u64>,
    pub bytes: Option<u64>,
    /// False when the catalog already had exactly this relation.
    pub changed: bool,
}

impl LakeEngine {
    /// Builds one model and registers it. The models it names must have been built before.
    pub async fn build(&self, model: &Model) -> Result<Built> {
        let built = async {
            match model.materialized {
                Materialized::View => self.build_view(model).await,
                Materialized::Delta => self.build_delta(model).await,
            }
        };
        built
            .await
            .map_err(|e| e.context(format!("model {} ({})", model.name, model.file.display())))
    }

    /// Where a model's table stands.
    pub fn model_location(&self, model: &Model) -> Result<Location> {
        let name = &model.name;
        self.shared().options.warehouse.join(&format!("{}/{}", name.database, name.table))
    }

    async fn build_view(&self, model: &Model) -> Result<Built> {
        let session = self.builder()?;
        let statement = only_statement(session.as_ref(), &model.sql)?;
        let prepared = session.prepare(&statement, &[]).await?;
        let schema = commented(&prepared.schema(), model);
        let view = shapes::view(&model.name, &model.sql, &schema)?;
        let changed = self.register(model, view).await?;
        Ok(Built { kind: Materialized::View, rows: None, bytes: None, changed })
    }

    async fn build_delta(&self, model: &Model) -> Result<Built> {
        let location = self.model_location(model)?;
        let session = self.builder()?;
        let statement = only_statement(session.as_ref(), &model.sql)?;
        let prepared = session.prepare(&statement, &[]).await?;
        let answer = session.execute(prepared.as_ref(), &[]).await?;
        let rows = answer.rows.ok_or_else(|| Error::invalid("the model answers no rows"))?;
        let mut options = OverwriteOptions::new(commented(&rows.schema, model));
        options.description = Some(model.description.clone());
        if model.symlink_manifest {
            options.symlink_manifest = SymlinkManifest::Write;
        }
        let stores = &self.shared().stores;
        let Written { rows, bytes, .. } =
            overwrite(stores, &location, options, rows.stream).await?;
        let changed = self.register_delta(model, location, rows).await?;
        Ok(Built { kind: Materialized::Delta, rows: Some(rows), bytes: Some(bytes), changed })
    }

    async fn register_delta(&self, model: &Model, location: Location, rows: u64) -> Result<bool> {
        let source = TableSource {
            location,
            format: TableFormat::Delta,
            schema: None,
            partition_keys: Vec::new(),
            metadata_location: None,
        };
        let tables = &self.shared().tables;
        let snapshot = tables.open(&source, &AsOf::Latest, Duration::ZERO).await?;
        let schema = commented(&snapshot.schema, model);
        let mut table = shapes::table(&model.name, &source, &schema)?;
        table.parameters.insert(ROWS.to_string(), rows.to_string());
        self.register(model, table).await
    }

    /// Puts the relation into the catalog, unless it is there already just so.
    async fn register(&self, model: &Model, mut table: Table) -> Result<bool> {
        table.description = Some(model.description.clone());
        for (name, keys) in [(PRIMARY_KEY, &model.primary_key), (FOREIGN_KEYS, &model.foreign_keys)]
        {
            table.parameters.extend(keys.clone().map(|keys| (name.to_string(), keys)));
        }
        let catalog = &self.shared().catalog;
        let snapshot = catalog.snapshot().await?;
        let mut changes = Vec::new();
        if snapshot.database(&model.name.database).is_none() {
            let database = Database { name: model.name.database.clone(), ..Database::default() };
            changes.push(Change::PutDatabase(database));
        }
        if let Some(known) = snapshot.table(&model.name) {
            if is_same(known, &table) {
                return Ok(false);
            }
            // What a crawl learned since stays.
            let mut parameters = known.parameters.clone();
            parameters.retain(|name, _| name != PRIMARY_KEY && name != FOREIGN_KEYS);
            parameters.extend(table.parameters);
            table.parameters = parameters;
        }
        changes.push(Change::PutTable { table: Box::new(table), expected: Expected::Anything });
        catalog.apply(changes).await?;
        Ok(true)
    }

    fn builder(&self) -> Result<Arc<crate::session::LakeSession>> {
        self.session(SessionOptions {
            principal: Principal { name: "lakegate".to_string() },
            database: self.shared().options.catalog_name.clone(),
            settings: Vec::new(),
            client: "run".to_string(),
        })
    }
}

/// The parameter by which Glue's crawler tells a table's rows.
const ROWS: &str = "recordCount";

/// What a build says of a relation; other parameters a crawl added do not count.
fn is_same(known: &Table, built: &Table) -> bool {
    let (a, b) = (&known.storage_descriptor, &built.storage_descriptor);
    a.columns == b.columns
        && a.location == b.location
        && known.view_original_text == built.view_original_text
        && known.description == built.description
        && known.table_type == built.table_type
        && [PRIMARY_KEY, FOREIGN_KEYS, ROWS]
            .iter()
            .all(|name| known.parameters.get(*name) == built.parameters.get(*name))
}

fn only_statement(session: &dyn Session, sql: &str) -> Result<lakegate_base::Statement> {
    let mut statements = session.parse(sql)?;
    match (statements.pop(), statements.pop()) {
        (Some(statement), None) => Ok(statement),
        _ => Err(Error::invalid("a model is exactly one SELECT statement")),
    }
}

/// The columns with the model's comments.
fn commented(schema: &Schema, model: &Model) -> SchemaRef {
    let field = |field: &Arc<Field>| {
        let comment = model.columns.get(field.name());
        let metadata = comment.map(|text| ("comment".to_string(), text.clone()));
        Field::new(field.name(), field.data_type().clone(), true)
            .with_metadata(metadata.into_iter().collect::<HashMap<_, _>>())
    };
    Arc::new(Schema::new(schema.fields().iter().map(field).collect::<Vec<_>>()))
}
