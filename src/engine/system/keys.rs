//! Declared keys, as Postgres shows them: constraints, and the index under each primary key. A lake enforces
//! none of them; they are what the catalog's parameters say, for tools that draw joins from them.

use std::collections::HashMap;

use arrow::array::RecordBatch;
use datafusion::error::Result;

use super::columns::Columns;
use super::definitions::Definition;
use super::lake::{LakeView, Relation};
use super::{indexes, types};
use crate::functions::quote_ident;

/// Parameters of a table that declare its keys, and the columns that are never NULL.
pub const PRIMARY_KEY: &str = "primary_key";
pub const FOREIGN_KEYS: &str = "foreign_keys";
pub const NOT_NULL: &str = "not_null";
/// Access method `btree`.
pub const BTREE_OID: i64 = 403;

/// The keys of one table, by the names of columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    pub primary: Vec<String>,
    pub foreign: Vec<ForeignKey>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    pub columns: Vec<String>,
    /// Schema and table.
    pub table: (String, String),
    /// The primary key of that table where empty.
    pub referenced: Vec<String>,
}

/// One row of pg_constraint.
#[derive(Clone, Debug)]
pub struct Constraint {
    pub oid: i64,
    pub name: String,
    /// `p`, `u` or `f`, as pg_constraint.contype.
    pub kind: &'static str,
    pub relation_oid: i64,
    /// Numbers of columns, from 1.
    pub columns: Vec<i64>,
    /// The index of the primary key that it is, or refers to; zero for none.
    pub index_oid: i64,
    pub reference: Option<Reference>,
}

#[derive(Clone, Debug)]
pub struct Reference {
    pub relation_oid: i64,
    pub columns: Vec<i64>,
}

impl Keys {
    /// From a table's parameters: `primary_key = "id"`,
    /// `foreign_keys = "customer_id -> shop.customers (id); product_id -> shop.products"`.
    pub fn parse(primary: Option<&str>, foreign: Option<&str>, schema: &str) -> Self {
        let foreign = foreign.unwrap_or_default().split(';');
        Self {
            primary: names(primary.unwrap_or_default()),
            foreign: foreign.filter_map(|text| ForeignKey::parse(text, schema)).collect(),
        }
    }
}

impl ForeignKey {
    fn parse(text: &str, schema: &str) -> Option<Self> {
        let (columns, target) = text.split_once("->")?;
        let (table, referenced) = match target.split_once('(') {
            Some((table, columns)) => (table, names(columns.trim_end().trim_end_matches(')'))),
            None => (target, Vec::new()),
        };
        let table = match table.trim().split_once('.') {
            Some((schema, table)) => (schema.to_string(), table.to_string()),
            None => (schema.to_string(), table.trim().to_string()),
        };
        Some(Self { columns: names(columns.trim().trim_matches(['(', ')'])), table, referenced })
    }
}

fn names(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_string).collect()
}

pub fn primary_name(table: &str) -> String {
    format!("{table}_pkey")
}

pub fn foreign_name(table: &str, key: &ForeignKey) -> String {
    format!("{table}_{}_fkey", key.columns.join("_"))
}

/// The numbers of columns; none where one is not there: such a key is not shown.
pub fn numbers(relation: &Relation, names: &[String]) -> Option<Vec<i64>> {
    let place: HashMap<&str, i64> =
        relation.columns.iter().zip(1..).map(|(c, number)| (c.name.as_str(), number)).collect();
    let found = names.iter().map(|name| place.get(name.as_str()).copied());
    found.collect::<Option<Vec<_>>>().filter(|numbers| !numbers.is_empty())
}

impl Constraint {
    /// `PRIMARY KEY (id)`, `FOREIGN KEY (customer_id) REFERENCES customers(id)`.
    pub fn definition(
        &self,
        lake: &LakeView,
        name: impl Fn(&Relation) -> String,
    ) -> Option<String> {
        let columns = list(lake.relation(self.relation_oid)?, &self.columns);
        let Some(reference) = &self.reference else {
            let what = if self.kind == "u" { "UNIQUE" } else { "PRIMARY KEY" };
            return Some(format!("{what} ({columns})"));
        };
        let other = lake.relation(reference.relation_oid)?;
        let referenced = list(other, &reference.columns);
        Some(format!("FOREIGN KEY ({columns}) REFERENCES {}({referenced})", name(other)))
    }
}

fn list(relation: &Relation, numbers: &[i64]) -> String {
    let names = numbers.iter().map(|number| column(relation, *number).unwrap_or_default());
    names.collect::<Vec<_>>().join(", ")
}

fn column(relation: &Relation, number: i64) -> Option<String> {
    let index = usize::try_from(number - 1).ok()?;
    relation.columns.get(index).map(|column| quote_ident(&column.name))
}

/// `CREATE UNIQUE INDEX …`, or the name of one of its columns.
pub fn index_definition(
    lake: &LakeView,
    oid: i64,
    number: i64,
    name: impl Fn(&Relation) -> String,
) -> Option<String> {
    let row = match indexes::all().iter().find(|index| index.oid == oid) {
        Some(own) => own_row(own),
        None => {
            let declared = lake.constraints.iter().find(|c| c.index_oid == oid && c.kind == "p")?;
            declared_row(lake, declared)
        }
    };
    let (index, table) = (lake.relation(oid)?, lake.relation(row.relation_oid)?);
    if number > 0 {
        return column(index, number);
    }
    let columns = list(table, &row.columns);
    let index = quote_ident(&index.name);
    let what = if row.is_unique { "UNIQUE INDEX" } else { "INDEX" };
    Some(format!("CREATE {what} {index} ON {} USING btree ({columns})", name(table)))
}

/// One row of pg_index.
struct IndexRow {
    index_oid: i64,
    relation_oid: i64,
    is_unique: bool,
    is_primary: bool,
    columns: Vec<i64>,
    classes: Vec<i64>,
    collations: Vec<i64>,
}

/// Those of the declared primary keys, then PostgreSQL's own.
fn index_rows(lake: &LakeView) -> Vec<IndexRow> {
    let is_declared = |c: &&Constraint| c.kind == "p" && c.oid >= super::oid::FIRST;
    let declared = lake.constraints.iter().filter(is_declared).map(|c| declared_row(lake, c));
    declared.chain(indexes::all().iter().map(own_row)).collect()
}

fn own_row(index: &indexes::OwnIndex) -> IndexRow {
    IndexRow {
        index_oid: index.oid,
        relation_oid: index.table,
        is_unique: index.is_unique,
        is_primary: index.is_primary,
        columns: index.columns.clone(),
        classes: index.classes.clone(),
        collations: index.collations.clone(),
    }
}

fn declared_row(lake: &LakeView, constraint: &Constraint) -> IndexRow {
    let relation = lake.relation(constraint.relation_oid);
    let each = |value: fn(&types::PgType) -> i64| {
        let of = |number: &i64| {
            let index = usize::try_from(number - 1).ok()?;
            types::by_oid(relation?.columns.get(index)?.type_ref.oid).map(value)
        };
        constraint.columns.iter().map(|number| of(number).unwrap_or(0)).collect::<Vec<i64>>()
    };
    IndexRow {
        index_oid: constraint.index_oid,
        relation_oid: constraint.relation_oid,
        is_unique: true,
        is_primary: true,
        columns: constraint.columns.clone(),
        classes: each(|t| operator_class(t.name).map_or(0, |class| class.0)),
        collations: each(|t| t.collation),
    }
}

pub fn pg_constraint(lake: &LakeView, definition: &Definition) -> Result<RecordBatch> {
    let schema = |c: &Constraint| lake.relation(c.relation_oid).map_or(0, |r| r.schema_oid);
    let action = |c: &Constraint| if c.reference.is_some() { "a" } else { " " };
    let equal = |c: &Constraint| match (&c.reference, lake.relation(c.relation_oid)) {
        (Some(_), Some(relation)) => c.columns.iter().map(|n| equality(relation, *n)).collect(),
        _ => Vec::new(),
    };
    let referenced = |c: &Constraint| c.reference.as_ref().map(|r| r.columns.clone());
    let operators = |c: &Constraint| Some(equal(c)).filter(|operators| !operators.is_empty());
    Columns::of(&lake.constraints)
        .number("oid", |c| c.oid)
        .text("conname", |c| &c.name)
        .number("connamespace", schema)
        .text("contype", |c| c.kind)
        .flag("convalidated", |_| true)
        .number("conrelid", |c| c.relation_oid)
        .number("conindid", |c| c.index_oid)
        .number("confrelid", |c| c.reference.as_ref().map_or(0, |r| r.relation_oid))
        .text("confupdtype", action)
        .text("confdeltype", action)
        .text("confmatchtype", |c| if c.reference.is_some() { "s" } else { " " })
        .flag("conislocal", |_| true)
        .flag("connoinherit", |_| true)
        .maybe_numbers("conkey", |c| Some(c.columns.clone()))
        .maybe_numbers("confkey", referenced)
        .maybe_numbers("conpfeqop", operators)
        .maybe_numbers("conppeqop", operators)
        .maybe_numbers("conffeqop", operators)
        .finish(definition)
}

pub fn pg_index(lake: &LakeView, definition: &Definition) -> Result<RecordBatch> {
    let rows = index_rows(lake);
    let count = |row: &IndexRow| i64::try_from(row.columns.len()).unwrap_or(i64::MAX);
    Columns::of(&rows)
        .number("indexrelid", |row| row.index_oid)
        .number("indrelid", |row| row.relation_oid)
        .number("indnatts", count)
        .number("indnkeyatts", count)
        .flag("indisunique", |row| row.is_unique)
        .flag("indisprimary", |row| row.is_primary)
        .flag("indimmediate", |_| true)
        .flag("indisvalid", |_| true)
        .flag("indisready", |_| true)
        .flag("indislive", |_| true)
        .numbers("indkey", |row| row.columns.clone())
        .numbers("indcollation", |row| row.collations.clone())
        .numbers("indclass", |row| row.classes.clone())
        .numbers("indoption", |row| vec![0; row.columns.len()])
        .finish(definition)
}

/// The `=` of a column's type, as Postgres numbers it.
fn equality(relation: &Relation, number: i64) -> i64 {
    let index = usize::try_from(number - 1).unwrap_or(usize::MAX);
    let name = relation.columns.get(index).and_then(|c| types::by_oid(c.type_ref.oid));
    name.and_then(|t| operator_class(t.name)).map_or(0, |class| class.2)
}

/// OID and name of a type's default class for btree, and the OID of its `=`.
type OperatorClass = (i64, &'static str, i64);

const OPERATOR_CLASSES: [(&str, OperatorClass); 18] = [
    ("bool", (10003, "bool_ops", 91)),
    ("bytea", (10006, "bytea_ops", 1955)),
    ("char", (10007, "char_ops", 92)),
    ("date", (3122, "date_ops", 1093)),
    ("float4", (10012, "float4_ops", 620)),
    ("float8", (3123, "float8_ops", 670)),
    ("int2", (1979, "int2_ops", 94)),
    ("int4", (1978, "int4_ops", 96)),
    ("int8", (3124, "int8_ops", 410)),
    ("name", (10028, "name_ops", 93)),
    ("numeric", (3125, "numeric_ops", 1752)),
    ("oid", (1981, "oid_ops", 607)),
    ("oidvector", (10032, "oidvector_ops", 649)),
    ("text", (3126, "text_ops", 98)),
    ("time", (10038, "time_ops", 1108)),
    ("timestamp", (3128, "timestamp_ops", 2060)),
    ("timestamptz", (3127, "timestamptz_ops", 1320)),
    ("uuid", (10065, "uuid_ops", 2972)),
];

fn operator_class(type_name: &str) -> Option<OperatorClass> {
    OPERATOR_CLASSES.iter().find(|(name, _)| *name == type_name).map(|(_, class)| *class)
}

pub fn pg_opclass(_: &LakeView, definition: &Definition) -> Result<RecordBatch> {
    Columns::of(&OPERATOR_CLASSES)
        .number("oid", |(_, class)| class.0)
        .number("opcmethod", |_| BTREE_OID)
        .text("opcname", |(_, class)| class.1)
        .number("opcnamespace", |_| 11)
        .number("opcowner", |_| super::OWNER_OID)
        .number("opcintype", |(name, _)| types::by_name(name).map_or(0, |t| t.oid))
        .flag("opcdefault", |_| true)
        .finish(definition)
}

/// A constraint with one of its columns, as information_schema lists them.
struct KeyColumn<'a> {
    constraint: &'a Constraint,
    relation: &'a Relation,
    column: &'a str,
    ordinal: i64,
}

fn key_columns<'a>(
    lake: &'a LakeView,
    of: impl Fn(&'a Constraint) -> (i64, &'a [i64]),
) -> Vec<KeyColumn<'a>> {
    let mut all = Vec::new();
    for constraint in &lake.constraints {
        let (oid, numbers) = of(constraint);
        let Some(relation) = lake.relation(oid) else { continue };
        for (ordinal, number) in (1..).zip(numbers) {
            let column = usize::try_from(number - 1).ok().and_then(|i| relation.columns.get(i));
            if let Some(column) = column {
                all.push(KeyColumn { constraint, relation, column: &column.name, ordinal });
            }
        }
    }
    all
}

pub fn key_column_usage(lake: &LakeView, definition: &Definition) -> Result<RecordBatch> {
    let rows = key_columns(lake, |c| (c.relation_oid, &c.columns));
    Columns::of(&rows)
        .text("constraint_catalog", |_| &lake.database)
        .text("constraint_schema", |r| &r.relation.schema)
        .text("constraint_name", |r| &r.constraint.name)
        .text("table_catalog", |_| &lake.database)
        .text("table_schema", |r| &r.relation.schema)
        .text("table_name", |r| &r.relation.name)
        .text("column_name", |r| r.column)
        .number("ordinal_position", |r| r.ordinal)
        .maybe_number("position_in_unique_constraint", |r| {
            r.constraint.reference.as_ref().map(|_| r.ordinal)
        })
        .finish(definition)
}

/// The columns a key is unique over: its own, or those it refers to.
pub fn constraint_column_usage(lake: &LakeView, definition: &Definition) -> Result<RecordBatch> {
    let rows = key_columns(lake, |c| match &c.reference {
        Some(reference) => (reference.relation_oid, &reference.columns),
        None => (c.relation_oid, &c.columns),
    });
    let own = |r: &KeyColumn<'_>| lake.relation(r.constraint.relation_oid).map(|r| &r.schema);
    Columns::of(&rows)
        .text("table_catalog", |_| &lake.database)
        .text("table_schema", |r| &r.relation.schema)
        .text("table_name", |r| &r.relation.name)
        .text("column_name", |r| r.column)
        .text("constraint_catalog", |_| &lake.database)
        .maybe_text("constraint_schema", own)
        .text("constraint_name", |r| &r.constraint.name)
        .finish(definition)
}

pub fn table_constraints(lake: &LakeView, definition: &Definition) -> Result<RecordBatch> {
    let relation = |c: &&Constraint| lake.relation(c.relation_oid);
    let all: Vec<&Constraint> = lake.constraints.iter().collect();
    Columns::of(&all)
        .text("constraint_catalog", |_| &lake.database)
        .maybe_text("constraint_schema", |c| relation(c).map(|r| &r.schema))
        .text("constraint_name", |c| &c.name)
        .text("table_catalog", |_| &lake.database)
        .maybe_text("table_schema", |c| relation(c).map(|r| &r.schema))
        .maybe_text("table_name", |c| relation(c).map(|r| &r.name))
        .text("constraint_type", |c| match c.kind {
            "f" => "FOREIGN KEY",
            "u" => "UNIQUE",
            _ => "PRIMARY KEY",
        })
        .text("is_deferrable", |_| "NO")
        .text("initially_deferred", |_| "NO")
        .text("enforced", |_| "YES")
        .finish(definition)
}

pub fn referential_constraints(lake: &LakeView, definition: &Definition) -> Result<RecordBatch> {
    let foreign: Vec<&Constraint> =
        lake.constraints.iter().filter(|c| c.reference.is_some()).collect();
    let own = |c: &&Constraint| lake.relation(c.relation_oid).map(|r| &r.schema);
    let unique = |c: &&Constraint| lake.relation(c.index_oid);
    Columns::of(&foreign)
        .text("constraint_catalog", |_| &lake.database)
        .maybe_text("constraint_schema", own)
        .text("constraint_name", |c| &c.name)
        .maybe_text("unique_constraint_catalog", |c| unique(c).map(|_| &lake.database))
        .maybe_text("unique_constraint_schema", |c| unique(c).map(|r| &r.schema))
        .maybe_text("unique_constraint_name", |c| unique(c).map(|r| &r.name))
        .text("match_option", |_| "NONE")
        .text("update_rule", |_| "NO ACTION")
        .text("delete_rule", |_| "NO ACTION")
        .finish(definition)
}
