//! The catalog → what the system relations are filled from. Never opens a table.

use datafusion::arrow::datatypes::Field;
use lakegate_catalog::{Snapshot, Table, arrow_schema};

use crate::own::{self, Own};
use crate::system::keys::{FOREIGN_KEYS, Keys, NOT_NULL, PRIMARY_KEY};
use crate::system::types::named_by;
use crate::system::{
    ColumnDescription, LakeDescription, LakeView, RelationDescription, RelationKind,
    SchemaDescription,
};

pub fn lake_view(catalog_name: &str, catalog: &Snapshot) -> LakeView {
    let mut schemas: Vec<SchemaDescription> = catalog
        .databases()
        .map(|d| SchemaDescription { name: d.name.clone(), comment: d.description.clone() })
        .collect();
    for (name, comment) in [("public", None), (own::SCHEMA, Some("What Lakegate did."))] {
        if !schemas.iter().any(|s| s.name == name) {
            let comment = comment.map(str::to_string);
            schemas.push(SchemaDescription { name: name.to_string(), comment });
        }
    }
    let mut relations: Vec<RelationDescription> =
        catalog.all_tables().map(|t| relation(t)).collect();
    relations.extend(own::RELATIONS.iter().map(own_relation));
    LakeView::new(LakeDescription { database: catalog_name.to_string(), schemas, relations })
}

/// A table whose columns cannot be told stays listed, without columns: one broken table breaks no listing.
fn relation(table: &Table) -> RelationDescription {
    let parameter = |name: &str| table.parameters.get(name).map(String::as_str);
    let not_null = parameter(NOT_NULL).unwrap_or_default();
    let not_null: Vec<&str> = not_null.split(',').map(str::trim).collect();
    let columns = arrow_schema(table).map_or_else(
        |_| Vec::new(),
        |schema| schema.fields().iter().map(|f| column(table, f, &not_null)).collect(),
    );
    let kind = match table.view_sql() {
        Some(sql) => RelationKind::View(sql.to_string()),
        None => RelationKind::Table,
    };
    let count = |name: &str| table.parameters.get(name).and_then(|value| value.parse().ok());
    RelationDescription {
        schema: table.database_name.clone(),
        name: table.name.clone(),
        kind,
        comment: table.description.clone(),
        columns,
        rows: count("recordCount").or_else(|| count("numRows")),
        bytes: count("sizeKey").or_else(|| count("totalSize")),
        keys: Keys::parse(parameter(PRIMARY_KEY), parameter(FOREIGN_KEYS), &table.database_name),
    }
}

fn column(table: &Table, field: &Field, not_null: &[&str]) -> ColumnDescription {
    let columns = table.storage_descriptor.columns.iter().chain(&table.partition_keys);
    let comment = columns
        .filter(|column| column.name == *field.name())
        .find_map(|column| column.comment.clone());
    ColumnDescription {
        name: field.name().clone(),
        data_type: field.data_type().clone(),
        pg_type: named_by(field).map(str::to_string),
        nullable: !not_null.contains(&field.name().as_str()),
        comment,
    }
}

fn own_relation(own: &Own) -> RelationDescription {
    let columns = (own.schema)();
    let column = |field: &std::sync::Arc<Field>| ColumnDescription {
        name: field.name().clone(),
        data_type: field.data_type().clone(),
        pg_type: named_by(field).map(str::to_string),
        nullable: true,
        comment: None,
    };
    RelationDescription {
        schema: own::SCHEMA.to_string(),
        name: own.name.to_string(),
        kind: RelationKind::Table,
        comment: Some(own.comment.to_string()),
        columns: columns.fields().iter().map(column).collect(),
        rows: None,
        bytes: None,
        keys: Keys::default(),
    }
}
