//! The rows that speak of the session: its user, settings and privileges.

use arrow::array::RecordBatch;
use datafusion::error::Result;

use super::columns::Columns;
use super::definitions::Definition;
use super::{DATABASE_OWNER, DATABASE_OWNER_OID, OWNER, OWNER_OID, Relation, SessionFacts, oid};

/// A role of pg_roles.
struct Role {
    oid: i64,
    name: String,
}

/// The owners of all objects, and the user who asks when that is another.
fn roles(facts: &dyn SessionFacts) -> Vec<Role> {
    let role = |oid, name: &str| Role { oid, name: name.to_string() };
    let mut roles = vec![role(OWNER_OID, OWNER), role(DATABASE_OWNER_OID, DATABASE_OWNER)];
    if facts.user() != OWNER {
        roles.push(Role { oid: role_oid(&facts.user()), name: facts.user() });
    }
    roles
}

pub fn role_oid(name: &str) -> i64 {
    if name == OWNER {
        return OWNER_OID;
    }
    let key = ["role", "", "", name].map(str::to_string);
    oid::assign(&[key])[0]
}

pub fn pg_roles(facts: &dyn SessionFacts, definition: &Definition) -> Result<RecordBatch> {
    let roles = roles(facts);
    let columns = Columns::of(&roles)
        .number("oid", |r| r.oid)
        .text("rolname", |r| &r.name)
        .flag("rolsuper", |_| false)
        .flag("rolinherit", |_| true)
        .flag("rolcreaterole", |_| false)
        .flag("rolcreatedb", |_| false)
        .flag("rolcanlogin", |r| r.oid != DATABASE_OWNER_OID)
        .flag("rolreplication", |_| false)
        .flag("rolbypassrls", |_| false)
        .number("rolconnlimit", |_| -1);
    let shows_password = definition.name == "pg_roles";
    let columns =
        if shows_password { columns.text("rolpassword", |_| "********") } else { columns };
    columns.finish(definition)
}

pub fn pg_user(facts: &dyn SessionFacts, definition: &Definition) -> Result<RecordBatch> {
    // Those that may log in.
    let mut roles = roles(facts);
    roles.retain(|r| r.oid != DATABASE_OWNER_OID);
    let columns = Columns::of(&roles)
        .text("usename", |r| &r.name)
        .number("usesysid", |r| r.oid)
        .flag("usecreatedb", |_| false)
        .flag("usesuper", |_| false)
        .flag("userepl", |_| false)
        .flag("usebypassrls", |_| false);
    let shows_password = definition.name == "pg_user";
    let columns = if shows_password { columns.text("passwd", |_| "********") } else { columns };
    columns.finish(definition)
}

pub fn pg_settings(facts: &dyn SessionFacts, definition: &Definition) -> Result<RecordBatch> {
    let settings = facts.settings();
    Columns::of(&settings)
        .text("name", |s| &s.name)
        .text("setting", |s| &s.value)
        .text("category", |_| "Lakegate")
        .text("short_desc", |s| &s.description)
        .text("context", |_| "user")
        .text("vartype", |s| value_type(&s.default))
        .text("source", |s| if s.value == s.default { "default" } else { "session" })
        .text("boot_val", |s| &s.default)
        .text("reset_val", |s| &s.default)
        .flag("pending_restart", |_| false)
        .finish(definition)
}

/// Told from the default: settings that are on or off have one, and numbers have a number.
fn value_type(default: &str) -> &'static str {
    match default {
        "on" | "off" => "bool",
        number if number.parse::<i64>().is_ok() => "integer",
        _ => "string",
    }
}

/// The user's own sessions: what others run is theirs.
pub fn pg_stat_activity(facts: &dyn SessionFacts, definition: &Definition) -> Result<RecordBatch> {
    let (lake, activities) = (facts.lake(), facts.activities());
    let database = facts.database();
    Columns::of(&activities)
        .number("datid", |_| lake.database_oid)
        .text("datname", |_| database.as_str())
        .number("pid", |a| i64::from(a.number))
        .number("usesysid", |a| role_oid(&a.user))
        .text("usename", |a| &a.user)
        .text("application_name", |a| &a.application_name)
        .maybe_text("client_addr", |a| a.client_address.as_deref())
        .maybe_number("client_port", |a| a.client_port.map(i64::from))
        .moment("backend_start", |a| Some(a.opened))
        .moment("xact_start", |a| a.transaction_start)
        .moment("query_start", |a| a.query_start)
        .moment("state_change", |a| a.state_change)
        .text("state", |a| a.state)
        .text("query", |a| &a.query)
        .text("backend_type", |_| "client backend")
        .finish(definition)
}

pub fn enabled_roles(facts: &dyn SessionFacts, definition: &Definition) -> Result<RecordBatch> {
    let user = [facts.user()];
    if definition.name == "enabled_roles" {
        return Columns::of(&user).text("role_name", |u| u).finish(definition);
    }
    Columns::of(&[] as &[()]).finish(definition)
}

/// Everyone who sees a relation may read it, and nothing else.
pub fn table_privileges(facts: &dyn SessionFacts, definition: &Definition) -> Result<RecordBatch> {
    let lake = facts.lake();
    let relations: Vec<&Relation> = lake.readable().collect();
    Columns::of(&relations)
        .text("grantor", |_| OWNER)
        .text("grantee", |_| facts.user())
        .text("table_catalog", |_| &lake.database)
        .text("table_schema", |r| &r.schema)
        .text("table_name", |r| &r.name)
        .text("privilege_type", |_| "SELECT")
        .text("is_grantable", |_| "NO")
        .text("with_hierarchy", |_| "YES")
        .finish(definition)
}

pub fn column_privileges(facts: &dyn SessionFacts, definition: &Definition) -> Result<RecordBatch> {
    let lake = facts.lake();

    let columns: Vec<(&Relation, &str)> =
        lake.readable().flat_map(|r| r.columns.iter().map(move |c| (r, c.name.as_str()))).collect();
    Columns::of(&columns)
        .text("grantor", |_| OWNER)
        .text("grantee", |_| facts.user())
        .text("table_catalog", |_| &lake.database)
        .text("table_schema", |(r, _)| &r.schema)
        .text("table_name", |(r, _)| &r.name)
        .text("column_name", |(_, c)| c)
        .text("privilege_type", |_| "SELECT")
        .text("is_grantable", |_| "NO")
        .finish(definition)
}
