//! The rows of pg_catalog that come from the lake: schemas, relations, columns, comments.

use arrow::array::RecordBatch;
use datafusion::error::Result;

use super::columns::Columns;
use super::definitions::Definition;
use super::keys::BTREE_OID;
use super::lake::PUBLIC_OID;
use super::types::{self, PgType};
use super::{
    Column, DATABASE_OWNER, DATABASE_OWNER_OID, LakeView, OWNER, OWNER_OID, Relation, bootstrap,
    indexes,
};

/// pg_class, as pg_description.classoid names what a comment belongs to.
pub const PG_CLASS_OID: i64 = 1259;
pub const PG_NAMESPACE_OID: i64 = 2615;
/// Access method `heap`.
const HEAP_OID: i64 = 2;
/// UTF8, as pg_database.encoding has it.
const UTF8: i64 = 6;
const PAGE_BYTES: u64 = 8192;

pub fn pg_namespace(lake: &LakeView, definition: &Definition) -> Result<RecordBatch> {
    Columns::of(&lake.schemas)
        .number("oid", |s| s.oid)
        .text("nspname", |s| &s.name)
        .number("nspowner", |s| if s.oid == PUBLIC_OID { DATABASE_OWNER_OID } else { OWNER_OID })
        .maybe_texts("nspacl", |s| privileges(s.oid))
        .finish(definition)
}

/// What PostgreSQL grants in a new database: everyone may use these schemas.
fn privileges(schema: i64) -> Option<Vec<String>> {
    let owner = match schema {
        PUBLIC_OID => DATABASE_OWNER,
        11 | 13_207 => OWNER,
        _ => return None,
    };
    Some(vec![format!("{owner}=UC/{owner}"), format!("=U/{owner}")])
}

pub fn pg_database(lake: &LakeView, definition: &Definition) -> Result<RecordBatch> {
    Columns::of(std::slice::from_ref(lake))
        .number("oid", |l| l.database_oid)
        .text("datname", |l| &l.database)
        .number("datdba", |_| OWNER_OID)
        .number("encoding", |_| UTF8)
        .text("datlocprovider", |_| "c")
        .flag("datallowconn", |_| true)
        .number("datconnlimit", |_| -1)
        .number("dattablespace", |_| 1663)
        .text("datcollate", |_| "C.UTF-8")
        .text("datctype", |_| "C.UTF-8")
        .finish(definition)
}

pub fn pg_class(lake: &LakeView, definition: &Definition) -> Result<RecordBatch> {
    Columns::of(&lake.relations)
        .number("oid", |r| r.oid)
        .text("relname", |r| &r.name)
        .number("relnamespace", |r| r.schema_oid)
        .number("reltype", |r| r.row_type.map_or(0, |row| row.oid))
        .number("relowner", |_| OWNER_OID)
        .number("relam", access_method)
        .number("relfilenode", |r| if r.is_view() { 0 } else { r.oid })
        .number("relpages", |r| small(r.bytes.unwrap_or(0).div_ceil(PAGE_BYTES)))
        .float("reltuples", |r| estimate(r.rows))
        .text("relpersistence", |_| "p")
        .text("relkind", |r| r.kind)
        .number("relnatts", |r| length(&r.columns))
        .flag("relisshared", is_shared)
        .number("reltablespace", |r| if is_shared(r) { GLOBAL_OID } else { 0 })
        .flag("relhasindex", |r| lake.has_index(r.oid))
        .flag("relhasrules", Relation::is_view)
        .flag("relhastriggers", |r| lake.has_foreign_key(r.oid))
        .flag("relispopulated", |_| true)
        .text("relreplident", |r| if r.is_system() || !r.is_table() { "n" } else { "d" })
        .finish(definition)
}

/// Catalogs that all databases of a server share, with their indexes.
const SHARED: [i64; 11] = [1213, 1214, 1260, 1261, 1262, 2396, 2964, 3592, 6000, 6100, 6243];
/// Tablespace `pg_global`.
const GLOBAL_OID: i64 = 1664;

fn is_shared(relation: &Relation) -> bool {
    if !relation.is_system() {
        return false;
    }
    let table = match relation.kind {
        "i" => indexes::all().iter().find(|index| index.oid == relation.oid).map(|i| i.table),
        _ => Some(relation.oid),
    };
    table.is_some_and(|table| SHARED.contains(&table))
}

fn access_method(relation: &Relation) -> i64 {
    match relation.kind {
        "r" => HEAP_OID,
        "i" => BTREE_OID,
        _ => 0,
    }
}

pub fn pg_attribute(lake: &LakeView, definition: &Definition) -> Result<RecordBatch> {
    let attributes: Vec<Attribute<'_>> = lake.relations.iter().flat_map(attributes).collect();
    Columns::of(&attributes)
        .number("attrelid", |a| a.relation.oid)
        .text("attname", |a| &a.column.name)
        .number("atttypid", |a| a.column.type_ref.oid)
        .number("attstattarget", |_| -1)
        .number("attlen", |a| a.pg_type.map_or(-1, |t| t.length))
        .number("attnum", |a| a.number)
        .number("attndims", |a| i64::from(a.pg_type.is_some_and(|t| t.category == "A")))
        .number("attcacheoff", |_| -1)
        .number("atttypmod", |a| a.column.type_ref.modifier)
        .flag("attbyval", |a| a.pg_type.is_some_and(|t| t.by_value))
        .text("attalign", |a| a.pg_type.map_or("i", |t| t.align))
        .text("attstorage", |a| a.pg_type.map_or("x", |t| t.storage))
        .flag("attnotnull", |a| a.column.not_null)
        .flag("attislocal", |_| true)
        .number("attcollation", collation)
        .finish(definition)
}

/// PostgreSQL's own tables compare text by its bytes, whatever the database does.
fn collation(attribute: &Attribute<'_>) -> i64 {
    let relation = attribute.relation;
    let is_own_table = relation.is_system() && relation.schema_oid == 11 && !relation.is_view();
    match attribute.pg_type.map_or(0, |t| t.collation) {
        100 if is_own_table => 950,
        other => other,
    }
}

struct Attribute<'a> {
    relation: &'a Relation,
    column: &'a Column,
    number: i64,
    pg_type: Option<&'static PgType>,
}

fn attributes(relation: &Relation) -> impl Iterator<Item = Attribute<'_>> {
    relation.columns.iter().zip(1..).map(move |(column, number)| Attribute {
        relation,
        column,
        number,
        pg_type: types::by_oid(column.type_ref.oid),
    })
}

pub fn pg_description(lake: &LakeView, definition: &Definition) -> Result<RecordBatch> {
    let mut comments: Vec<(i64, i64, i64, &str)> = Vec::new();
    for schema in &lake.schemas {
        comments
            .extend(schema.comment.iter().map(|c| (schema.oid, PG_NAMESPACE_OID, 0, c.as_str())));
    }
    for relation in &lake.relations {
        let own = relation.comment.as_deref();
        comments.extend(own.map(|c| (relation.oid, PG_CLASS_OID, 0, c)));
        comments.extend(attributes(relation).filter_map(|a| {
            Some((relation.oid, PG_CLASS_OID, a.number, a.column.comment.as_deref()?))
        }));
    }
    let built_in = bootstrap::descriptions().iter();
    comments.extend(built_in.map(|d| (d.object, d.catalog, 0, d.text)));
    Columns::of(&comments)
        .number("objoid", |c| c.0)
        .number("classoid", |c| c.1)
        .number("objsubid", |c| c.2)
        .text("description", |c| c.3)
        .finish(definition)
}

pub fn pg_tables(lake: &LakeView, definition: &Definition) -> Result<RecordBatch> {
    let tables: Vec<&Relation> = lake.relations.iter().filter(|r| r.is_table()).collect();
    Columns::of(&tables)
        .text("schemaname", |r| &r.schema)
        .text("tablename", |r| &r.name)
        .text("tableowner", |_| OWNER)
        .flag("hasindexes", |r| lake.has_index(r.oid))
        .flag("hasrules", |_| false)
        .flag("hastriggers", |r| lake.has_foreign_key(r.oid))
        .flag("rowsecurity", |_| false)
        .finish(definition)
}

pub fn pg_views(lake: &LakeView, definition: &Definition) -> Result<RecordBatch> {
    let views: Vec<&Relation> = lake.relations.iter().filter(|r| r.is_view()).collect();
    Columns::of(&views)
        .text("schemaname", |r| &r.schema)
        .text("viewname", |r| &r.name)
        .text("viewowner", |_| OWNER)
        .maybe_text("definition", |r| r.view_sql.as_deref())
        .finish(definition)
}

pub fn pg_stat_user_tables(lake: &LakeView, definition: &Definition) -> Result<RecordBatch> {
    let mine = |r: &&Relation| !r.is_system() && r.is_table();
    let tables: Vec<&Relation> = lake.relations.iter().filter(mine).collect();
    Columns::of(&tables)
        .number("relid", |r| r.oid)
        .text("schemaname", |r| &r.schema)
        .text("relname", |r| &r.name)
        .maybe_number("n_live_tup", |r| r.rows.map(small))
        .number("n_dead_tup", |_| 0)
        .finish(definition)
}

/// Numbers too great for their column stop at its end: these are estimates.
fn small(value: u64) -> i64 {
    i64::from(i32::try_from(value).unwrap_or(i32::MAX))
}

/// -1 means never counted.
fn estimate(rows: Option<u64>) -> f64 {
    rows.map_or(-1.0, |rows| f64::from(u32::try_from(rows).unwrap_or(u32::MAX)))
}

fn length<T>(items: &[T]) -> i64 {
    i64::from(i16::try_from(items.len()).unwrap_or(i16::MAX))
}
