//! The rows of information_schema that come from the lake, in the standard's shape and Postgres' words.

use arrow::array::RecordBatch;
use datafusion::error::Result;

use super::columns::Columns;
use super::definitions::Definition;
use super::lake::PUBLIC_OID;
use super::types::{self, PgType};
use super::{Column, DATABASE_OWNER, LakeView, OWNER, Relation};

pub fn catalog_name(lake: &LakeView, definition: &Definition) -> Result<RecordBatch> {
    Columns::of(std::slice::from_ref(lake)).text("catalog_name", |l| &l.database).finish(definition)
}

pub fn schemata(lake: &LakeView, definition: &Definition) -> Result<RecordBatch> {
    Columns::of(&lake.schemas)
        .text("catalog_name", |_| &lake.database)
        .text("schema_name", |s| &s.name)
        .text("schema_owner", |s| if s.oid == PUBLIC_OID { DATABASE_OWNER } else { OWNER })
        .finish(definition)
}

pub fn tables(lake: &LakeView, definition: &Definition) -> Result<RecordBatch> {
    let readable: Vec<&Relation> = lake.readable().collect();
    Columns::of(&readable)
        .text("table_catalog", |_| &lake.database)
        .text("table_schema", |r| &r.schema)
        .text("table_name", |r| &r.name)
        .text("table_type", |r| if r.is_view() { "VIEW" } else { "BASE TABLE" })
        .text("is_insertable_into", |_| "NO")
        .text("is_typed", |_| "NO")
        .finish(definition)
}

pub fn views(lake: &LakeView, definition: &Definition) -> Result<RecordBatch> {
    let views: Vec<&Relation> = lake.relations.iter().filter(|r| r.is_view()).collect();
    Columns::of(&views)
        .text("table_catalog", |_| &lake.database)
        .text("table_schema", |r| &r.schema)
        .text("table_name", |r| &r.name)
        .maybe_text("view_definition", |r| r.view_sql.as_deref())
        .text("check_option", |_| "NONE")
        .text("is_updatable", |_| "NO")
        .text("is_insertable_into", |_| "NO")
        .text("is_trigger_updatable", |_| "NO")
        .text("is_trigger_deletable", |_| "NO")
        .text("is_trigger_insertable_into", |_| "NO")
        .finish(definition)
}

pub fn character_sets(lake: &LakeView, definition: &Definition) -> Result<RecordBatch> {
    Columns::of(std::slice::from_ref(lake))
        .text("character_set_name", |_| "UTF8")
        .text("character_repertoire", |_| "UCS")
        .text("form_of_use", |_| "UTF8")
        .text("default_collate_catalog", |l| &l.database)
        .text("default_collate_schema", |_| "pg_catalog")
        .text("default_collate_name", |_| "C.UTF-8")
        .finish(definition)
}

/// A column with what the view `columns` says of it.
struct Row<'a> {
    relation: &'a Relation,
    column: &'a Column,
    ordinal: i64,
    pg_type: Option<&'static PgType>,
}

impl Row<'_> {
    fn name(&self) -> &'static str {
        self.pg_type.map_or("text", |t| t.name)
    }

    fn data_type(&self) -> &'static str {
        match self.pg_type {
            Some(t) if t.category == "A" => "ARRAY",
            Some(t) => t.sql_name,
            None => "text",
        }
    }

    fn numeric_precision(&self) -> Option<i64> {
        match self.name() {
            "int2" => Some(16),
            "int4" => Some(32),
            "int8" => Some(64),
            "float4" => Some(24),
            "float8" => Some(53),
            "numeric" => self.modifier().map(|m| m >> 16),
            _ => None,
        }
    }

    fn numeric_radix(&self) -> Option<i64> {
        match self.name() {
            "int2" | "int4" | "int8" | "float4" | "float8" => Some(2),
            "numeric" => Some(10),
            _ => None,
        }
    }

    fn numeric_scale(&self) -> Option<i64> {
        match self.name() {
            "int2" | "int4" | "int8" => Some(0),
            "numeric" => self.modifier().map(|m| m & 0x7ff),
            _ => None,
        }
    }

    fn datetime_precision(&self) -> Option<i64> {
        match self.name() {
            "date" => Some(0),
            "timestamp" | "timestamptz" | "time" | "timetz" | "interval" => Some(6),
            _ => None,
        }
    }

    fn octet_length(&self) -> Option<i64> {
        matches!(self.name(), "text" | "varchar").then_some(1_073_741_824)
    }

    /// A numeric's precision and scale, packed.
    fn modifier(&self) -> Option<i64> {
        (self.column.type_ref.modifier >= 4).then(|| self.column.type_ref.modifier - 4)
    }
}

pub fn columns(lake: &LakeView, definition: &Definition) -> Result<RecordBatch> {
    let rows: Vec<Row<'_>> = lake.readable().flat_map(rows).collect();
    Columns::of(&rows)
        .text("table_catalog", |_| &lake.database)
        .text("table_schema", |r| &r.relation.schema)
        .text("table_name", |r| &r.relation.name)
        .text("column_name", |r| &r.column.name)
        .number("ordinal_position", |r| r.ordinal)
        .text("is_nullable", |r| if r.column.not_null { "NO" } else { "YES" })
        .text("data_type", Row::data_type)
        .maybe_number("character_octet_length", Row::octet_length)
        .maybe_number("numeric_precision", Row::numeric_precision)
        .maybe_number("numeric_precision_radix", Row::numeric_radix)
        .maybe_number("numeric_scale", Row::numeric_scale)
        .maybe_number("datetime_precision", Row::datetime_precision)
        .text("udt_catalog", |_| &lake.database)
        .text("udt_schema", |_| "pg_catalog")
        .text("udt_name", Row::name)
        .text("dtd_identifier", |r| r.ordinal.to_string())
        .text("is_self_referencing", |_| "NO")
        .text("is_identity", |_| "NO")
        .text("identity_cycle", |_| "NO")
        .text("is_generated", |_| "NEVER")
        .text("is_updatable", |_| "NO")
        .finish(definition)
}

fn rows(relation: &Relation) -> impl Iterator<Item = Row<'_>> {
    relation.columns.iter().zip(1..).map(move |(column, ordinal)| Row {
        relation,
        column,
        ordinal,
        pg_type: types::by_oid(column.type_ref.oid),
    })
}
