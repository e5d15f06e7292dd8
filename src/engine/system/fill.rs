//! Which system relations have rows, and where the rows come from.

use arrow::array::RecordBatch;
use datafusion::error::{DataFusionError, Result};

use super::definitions::{Definition, INFORMATION_SCHEMA};
use super::{LakeView, SessionFacts, bootstrap, information, keys, objects, session};

/// What a relation's rows depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Empty,
    /// The catalog version alone.
    Lake,
    /// The session too.
    Session,
}

type OfLake = fn(&LakeView, &Definition) -> Result<RecordBatch>;
type OfSession = fn(&dyn SessionFacts, &Definition) -> Result<RecordBatch>;

enum Rows {
    Lake(OfLake),
    Session(OfSession),
}

pub fn scope(definition: &Definition) -> Scope {
    match source(definition) {
        None => Scope::Empty,
        Some(Rows::Lake(_)) => Scope::Lake,
        Some(Rows::Session(_)) => Scope::Session,
    }
}

pub fn rows(
    definition: &Definition,
    lake: &LakeView,
    facts: &dyn SessionFacts,
) -> Result<RecordBatch> {
    match source(definition) {
        Some(Rows::Lake(of_lake)) => of_lake(lake, definition),
        Some(Rows::Session(of_session)) => of_session(facts, definition),
        None => Err(DataFusionError::Internal(format!("{} has no rows", definition.name))),
    }
}

/// The list: one line per relation with rows.
fn source(definition: &Definition) -> Option<Rows> {
    if definition.schema == INFORMATION_SCHEMA {
        return information_source(definition.name);
    }
    Some(match definition.name {
        "pg_am" => Rows::Lake(bootstrap::pg_am),
        "pg_attribute" => Rows::Lake(objects::pg_attribute),
        "pg_authid" | "pg_roles" => Rows::Session(session::pg_roles),
        "pg_class" => Rows::Lake(objects::pg_class),
        "pg_collation" => Rows::Lake(bootstrap::pg_collation),
        "pg_constraint" => Rows::Lake(keys::pg_constraint),
        "pg_database" => Rows::Lake(objects::pg_database),
        "pg_description" => Rows::Lake(objects::pg_description),
        "pg_get_keywords" => Rows::Lake(bootstrap::keywords),
        "pg_index" => Rows::Lake(keys::pg_index),
        "pg_language" => Rows::Lake(bootstrap::pg_language),
        "pg_namespace" => Rows::Lake(objects::pg_namespace),
        "pg_opclass" => Rows::Lake(keys::pg_opclass),
        "pg_proc" => Rows::Lake(bootstrap::pg_proc),
        "pg_range" => Rows::Lake(bootstrap::pg_range),
        "pg_settings" => Rows::Session(session::pg_settings),
        "pg_stat_activity" => Rows::Session(session::pg_stat_activity),
        "pg_stat_all_tables" | "pg_stat_user_tables" => Rows::Lake(objects::pg_stat_user_tables),
        "pg_tables" => Rows::Lake(objects::pg_tables),
        "pg_tablespace" => Rows::Lake(bootstrap::pg_tablespace),
        "pg_type" => Rows::Lake(bootstrap::pg_type),
        "pg_shadow" | "pg_user" => Rows::Session(session::pg_user),
        "pg_views" => Rows::Lake(objects::pg_views),
        _ => return None,
    })
}

fn information_source(name: &str) -> Option<Rows> {
    Some(match name {
        "applicable_roles" | "enabled_roles" => Rows::Session(session::enabled_roles),
        "character_sets" => Rows::Lake(information::character_sets),
        "column_privileges" | "role_column_grants" => Rows::Session(session::column_privileges),
        "columns" => Rows::Lake(information::columns),
        "constraint_column_usage" => Rows::Lake(keys::constraint_column_usage),
        "information_schema_catalog_name" => Rows::Lake(information::catalog_name),
        "key_column_usage" => Rows::Lake(keys::key_column_usage),
        "referential_constraints" => Rows::Lake(keys::referential_constraints),
        "role_table_grants" | "table_privileges" => Rows::Session(session::table_privileges),
        "schemata" => Rows::Lake(information::schemata),
        "table_constraints" => Rows::Lake(keys::table_constraints),
        "tables" => Rows::Lake(information::tables),
        "views" => Rows::Lake(information::views),
        _ => return None,
    })
}
