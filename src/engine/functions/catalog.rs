//! Functions over the catalog: names, descriptions, definitions and sizes of objects.

use std::sync::Arc;

use super::scalar::{Function, Kind, Value, function};
use super::text::quote_ident;
use crate::system::definitions::{self, PG_CATALOG};
use crate::system::keys::index_definition;
use crate::system::{
    DATABASE_OWNER, DATABASE_OWNER_OID, LakeView, OWNER, OWNER_OID, Relation, SessionFacts,
    bootstrap, types,
};

/// Definitions of objects that a lake does not have: there is none to print.
const NOTHING: [&str; 11] = [
    "pg_get_ruledef",
    "pg_get_triggerdef",
    "pg_get_functiondef",
    "pg_get_partkeydef",
    "pg_get_partition_constraintdef",
    "pg_get_statisticsobjdef_columns",
    "pg_get_serial_sequence",
    "pg_get_function_sqlbody",
    "pg_describe_object",
    "shobj_description",
    "pg_get_function_arg_default",
];

/// `*_is_visible` of objects that all live in pg_catalog, which is always on the path.
const BUILT_IN: [&str; 11] = [
    "pg_function_is_visible",
    "pg_operator_is_visible",
    "pg_opclass_is_visible",
    "pg_opfamily_is_visible",
    "pg_collation_is_visible",
    "pg_conversion_is_visible",
    "pg_statistics_obj_is_visible",
    "pg_ts_config_is_visible",
    "pg_ts_dict_is_visible",
    "pg_ts_parser_is_visible",
    "pg_ts_template_is_visible",
];

/// Sizes and counts that are zero here: no indexes, no scans counted.
const ZERO: [&str; 4] =
    ["pg_indexes_size", "pg_tablespace_size", "pg_stat_get_numscans", "pg_my_temp_schema"];

const NEVER: [&str; 3] =
    ["pg_relation_is_publishable", "pg_is_other_temp_schema", "pg_column_is_updatable"];

pub fn functions() -> Vec<Function> {
    let mut functions = Vec::new();
    for name in NOTHING {
        functions.push(function(name, &[Kind::Any], Kind::Text, |_| Ok(Value::Null)).variadic());
    }
    for name in BUILT_IN {
        functions
            .push(function(name, &[Kind::Int], Kind::Bool, |a| Ok(Value::Bool(a[0].int() > 0))));
    }
    for name in ZERO {
        let zero = function(name, &[Kind::Any], Kind::Int, |_| Ok(Value::Int(0)));
        functions.push(zero.variadic().optional(1).lenient());
    }
    for name in NEVER {
        functions
            .push(function(name, &[Kind::Any], Kind::Bool, |_| Ok(Value::Bool(false))).variadic());
    }
    functions.extend([
        function("pg_get_expr", &[Kind::Text, Kind::Int, Kind::Bool], Kind::Text, |a| {
            Ok(a[0].clone())
        })
        .optional(1),
        function("format_type", &[Kind::Int, Kind::Int], Kind::Text, |a| {
            let modifier = if a[1].is_null() { -1 } else { a[1].int() };
            Ok(if a[0].is_null() {
                Value::Null
            } else {
                Value::Text(types::format(a[0].int(), modifier))
            })
        })
        .lenient()
        .immutable(),
        function("pg_type_is_visible", &[Kind::Int], Kind::Bool, |a| {
            Ok(types::by_oid(a[0].int()).map_or(Value::Null, |_| Value::Bool(true)))
        }),
        function("pg_encoding_to_char", &[Kind::Int], Kind::Text, |a| {
            Ok(Value::Text(if a[0].int() == 6 { "UTF8".into() } else { String::new() }))
        })
        .pg_type("name"),
        // Built-in ones have no place of their own.
        function("pg_tablespace_location", &[Kind::Int], Kind::Text, |_| {
            Ok(Value::Text(String::new()))
        }),
        function("getdatabaseencoding", &[], Kind::Text, |_| Ok(Value::Text("UTF8".into())))
            .pg_type("name"),
        function("pg_char_to_encoding", &[Kind::Text], Kind::Int, |a| {
            let utf8 = ["utf8", "utf-8", "unicode"].contains(&a[0].text().to_lowercase().as_str());
            Ok(Value::Int(if utf8 { 6 } else { -1 }))
        }),
        function("pg_get_function_result", &[Kind::Int], Kind::Text, |a| {
            Ok(Value::of_text(bootstrap::function(a[0].int()).map(|f| {
                let set = if f.returns_set { "SETOF " } else { "" };
                format!("{set}{}", types::format(f.result, -1))
            })))
        }),
        arguments("pg_get_function_arguments"),
        arguments("pg_get_function_identity_arguments"),
        function("pg_is_in_recovery", &[], Kind::Bool, |_| Ok(Value::Bool(false))),
    ]);
    functions
}

fn arguments(name: &'static str) -> Function {
    function(name, &[Kind::Int], Kind::Text, |a| {
        Ok(Value::of_text(bootstrap::function(a[0].int()).map(|f| {
            f.arguments.iter().map(|t| types::format(*t, -1)).collect::<Vec<_>>().join(", ")
        })))
    })
}

pub fn of_lake(facts: &Arc<dyn SessionFacts>) -> Vec<Function> {
    let with = |name, arguments, result, body: fn(&dyn SessionFacts, &[Value]) -> Value| {
        let facts = Arc::clone(facts);
        function(name, arguments, result, move |a: &[Value]| Ok(body(facts.as_ref(), a)))
    };
    vec![
        with("pg_table_is_visible", &[Kind::Int], Kind::Bool, |f, a| {
            let lake = f.lake();
            let relation = lake.relation(a[0].int());
            relation.map_or(Value::Null, |r| Value::Bool(lake.is_visible(r, &f.search_path())))
        }),
        with("obj_description", &[Kind::Int, Kind::Text], Kind::Text, |f, a| {
            let catalog = a.get(1).map_or("", Value::text);
            Value::of_text(comment(&f.lake(), a[0].int(), catalog))
        })
        .optional(1),
        with("col_description", &[Kind::Int, Kind::Int], Kind::Text, |f, a| {
            let lake = f.lake();
            let index = usize::try_from(a[1].int() - 1).ok();
            let column =
                lake.relation(a[0].int()).and_then(|r| r.columns.get(index.unwrap_or(usize::MAX)));
            Value::of_text(column.and_then(|c| c.comment.clone()))
        }),
        with("pg_get_userbyid", &[Kind::Int], Kind::Text, |f, a| {
            let oid = a[0].int();
            let user = f.user();
            Value::Text(match oid {
                OWNER_OID => OWNER.to_string(),
                DATABASE_OWNER_OID => DATABASE_OWNER.to_string(),
                _ if oid == crate::system::role_oid(&user) => user,
                _ => format!("unknown (OID={oid})"),
            })
        })
        .pg_type("name"),
        with("pg_get_viewdef", &[Kind::Any, Kind::Any], Kind::Text, |f, a| {
            let lake = f.lake();
            let relation = relation_oid(f, &a[0]).and_then(|oid| lake.relation(oid));
            Value::of_text(relation.and_then(|r| r.view_sql.clone()))
        })
        .optional(1),
        with("pg_get_constraintdef", &[Kind::Int, Kind::Bool], Kind::Text, |f, a| {
            let lake = f.lake();
            let name = |relation: &Relation| shown(f, &lake, relation);
            Value::of_text(lake.constraint(a[0].int()).and_then(|c| c.definition(&lake, name)))
        })
        .optional(1),
        with("pg_get_indexdef", &[Kind::Int, Kind::Int, Kind::Bool], Kind::Text, |f, a| {
            let lake = f.lake();
            let pretty = matches!(a.get(2), Some(Value::Bool(true)));
            let name = |relation: &Relation| match pretty {
                true => shown(f, &lake, relation),
                false => qualified(relation),
            };
            let number = a.get(1).map_or(0, Value::int);
            Value::of_text(index_definition(&lake, a[0].int(), number, name))
        })
        .optional(2),
        with("pg_relation_size", &[Kind::Any, Kind::Text], Kind::Int, size).optional(1),
        with("pg_table_size", &[Kind::Any], Kind::Int, size),
        with("pg_total_relation_size", &[Kind::Any], Kind::Int, size),
        with("pg_database_size", &[Kind::Any], Kind::Int, |f, _| {
            let bytes =
                f.lake().relations.iter().fold(0, |sum: u64, r| sum.saturating_add(bytes(r)));
            Value::Int(i64::try_from(bytes).unwrap_or(i64::MAX))
        }),
    ]
}

/// The name that finds the relation in this session.
fn shown(facts: &dyn SessionFacts, lake: &LakeView, relation: &Relation) -> String {
    match lake.is_visible(relation, &facts.search_path()) {
        true => quote_ident(&relation.name),
        false => qualified(relation),
    }
}

fn qualified(relation: &Relation) -> String {
    format!("{}.{}", quote_ident(&relation.schema), quote_ident(&relation.name))
}

fn size(facts: &dyn SessionFacts, arguments: &[Value]) -> Value {
    let lake = facts.lake();
    let relation = relation_oid(facts, &arguments[0]).and_then(|oid| lake.relation(oid));
    Value::of_int(relation.map(|r| i64::try_from(bytes(r)).unwrap_or(i64::MAX)))
}

fn bytes(relation: &Relation) -> u64 {
    relation.bytes.unwrap_or(0)
}

fn comment(lake: &LakeView, oid: i64, catalog: &str) -> Option<String> {
    let of_relation = || lake.relation(oid).and_then(|r| r.comment.clone());
    let of_schema = || lake.schema(oid).and_then(|s| s.comment.clone());
    match catalog {
        "pg_class" => of_relation(),
        "pg_namespace" => of_schema(),
        "" => of_relation().or_else(of_schema).or_else(|| built_in(oid, None)),
        other => built_in(oid, Some(definitions::find(PG_CATALOG, other)?.oid)),
    }
}

fn built_in(oid: i64, catalog: Option<i64>) -> Option<String> {
    let mut all = bootstrap::descriptions().iter();
    let found = all.find(|d| d.object == oid && catalog.is_none_or(|catalog| d.catalog == catalog));
    found.map(|d| d.text.to_string())
}

/// The relation an argument of type regclass means: an OID, or a name to look up.
pub fn relation_oid(facts: &dyn SessionFacts, object: &Value) -> Option<i64> {
    let lake = facts.lake();
    match object {
        Value::Int(oid) => lake.relation(*oid).map(|r| r.oid),
        Value::Text(text) => {
            let parts = identifier_parts(text)?;
            let found = match parts.as_slice() {
                [name] => lake.resolve(name, &facts.search_path()),
                [schema, name] => lake.relation_named(schema, name),
                [database, schema, name] if *database == facts.database() => {
                    lake.relation_named(schema, name)
                }
                _ => None,
            };
            found.map(|r| r.oid)
        }
        _ => None,
    }
}

/// Splits `"My Schema".orders` into its parts: quoted ones as they are, others in lower case.
pub fn identifier_parts(text: &str) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    loop {
        let (part, after) = identifier(rest)?;
        parts.push(part);
        match after.strip_prefix('.') {
            Some(next) => rest = next,
            None if after.is_empty() => return Some(parts),
            None => return None,
        }
    }
}

fn identifier(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find('.').unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        return (!name.is_empty()).then(|| (name.to_lowercase(), rest));
    };
    let mut name = String::new();
    let mut chars = quoted.char_indices();
    while let Some((index, c)) = chars.next() {
        if c != '"' {
            name.push(c);
        } else if quoted[index + 1..].starts_with('"') {
            name.push('"');
            chars.next();
        } else {
            return Some((name, &quoted[index + 1..]));
        }
    }
    None
}
