//! The relations of pg_catalog and information_schema, read from one data file: adding one is one line
//! there, and one entry in `fill` when it has rows.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use arrow::datatypes::{Field, Schema, SchemaRef};

use super::types;

const RELATIONS: &str = include_str!("data/relations.tsv");

pub const PG_CATALOG: &str = "pg_catalog";
pub const INFORMATION_SCHEMA: &str = "information_schema";

/// One relation as Postgres has it.
#[derive(Debug)]
pub struct Definition {
    pub schema: &'static str,
    pub name: &'static str,
    pub oid: i64,
    /// `r`, `v`, or `f`: a function without arguments that answers these rows.
    pub kind: &'static str,
    pub columns: Vec<DefinedColumn>,
    pub arrow: SchemaRef,
}

#[derive(Debug)]
pub struct DefinedColumn {
    pub name: &'static str,
    pub type_name: &'static str,
    /// Rows that do not say otherwise hold zero, false or the empty text here, not NULL.
    pub not_null: bool,
}

static ALL: LazyLock<Vec<Definition>> =
    LazyLock::new(|| types::data_lines(RELATIONS).filter_map(|fields| parse(&fields)).collect());

static BY_NAME: LazyLock<HashMap<(&'static str, &'static str), usize>> =
    LazyLock::new(|| ALL.iter().enumerate().map(|(i, d)| ((d.schema, d.name), i)).collect());

pub fn all() -> &'static [Definition] {
    &ALL
}

pub fn find(schema: &str, name: &str) -> Option<&'static Definition> {
    BY_NAME.get(&(schema, name)).map(|i| &ALL[*i])
}

fn parse(fields: &[&'static str]) -> Option<Definition> {
    let [schema, name, oid, kind, columns] = fields else { return None };
    let columns: Vec<DefinedColumn> = columns.split(' ').filter_map(column).collect();
    let arrow = Arc::new(Schema::new(columns.iter().map(arrow_field).collect::<Vec<_>>()));
    Some(Definition { schema, name, oid: oid.parse().ok()?, kind, columns, arrow })
}

fn column(text: &'static str) -> Option<DefinedColumn> {
    let (name, type_name) = text.split_once(':')?;
    let bare = type_name.trim_end_matches('!');
    Some(DefinedColumn { name, type_name: bare, not_null: bare.len() < type_name.len() })
}

fn arrow_field(column: &DefinedColumn) -> Field {
    let (data_type, metadata) = types::to_arrow(column.type_name);
    // Always nullable for the planner: what Postgres promises of its own tables is not ours to prove.
    let field = Field::new(column.name, data_type, true);
    match metadata {
        Some(name) => {
            field.with_metadata(HashMap::from([(types::PG_TYPE.to_string(), name.to_string())]))
        }
        None => field,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn reads_the_whole_file() {
        assert_eq!(
            super::all().len(),
            super::RELATIONS.lines().filter(|l| !l.starts_with('#')).count()
        );
        let class = super::find("pg_catalog", "pg_class").expect("pg_class is defined");
        assert_eq!((class.oid, class.columns.len()), (1259, 33));
    }
}
