//! Statements about the session itself: SET, SHOW, transactions, DISCARD and the like. They touch no table.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use lakegate_base::{Error, Result, Subject, Transaction};
use sqlparser::ast::{
    ContextModifier, Expr, Ident, ObjectName, Reset, Set, SetSessionAuthorizationParamKind,
    Statement as Tree, Value,
};

use crate::session::State;
use crate::settings::Settings;
use crate::system::{DATABASE_OWNER, OWNER};
use crate::transaction;

pub struct Outcome {
    pub tag: String,
    pub batch: Option<RecordBatch>,
    pub notices: Vec<String>,
}

impl Outcome {
    pub fn tag(tag: &str) -> Self {
        Self { tag: tag.to_string(), batch: None, notices: Vec::new() }
    }

    pub fn notice(tag: &str, notice: &str) -> Self {
        Self { notices: vec![notice.to_string()], ..Self::tag(tag) }
    }
}

/// The columns of a session statement that answers rows.
pub fn schema(tree: &Tree) -> Result<Option<SchemaRef>> {
    let Tree::ShowVariable { variable } = tree else {
        return Ok(None);
    };
    let name = show_name(variable);
    let names = match name.as_str() {
        "all" => ["name", "setting", "description"].map(str::to_string).to_vec(),
        _ => vec![Settings::canonical(&name)?.into_owned()],
    };
    let fields = names.into_iter().map(|name| Field::new(name, DataType::Utf8, true));
    Ok(Some(Arc::new(Schema::new(fields.collect::<Vec<_>>()))))
}

pub fn execute(tree: &Tree, state: &mut State) -> Result<Outcome> {
    match tree {
        Tree::Set(set) => set_statement(set, state),
        Tree::ShowVariable { variable } => show(&show_name(variable), state),
        Tree::Reset(statement) => {
            match &statement.reset {
                Reset::ALL => change(state, None, |settings| {
                    settings.reset_all();
                    Ok(())
                })?,
                Reset::ConfigurationParameter(name) => {
                    let name = text(name);
                    change(state, None, |settings| settings.reset(&name))?;
                }
            }
            Ok(Outcome::tag("RESET"))
        }
        Tree::StartTransaction { modes, begin, .. } => {
            let tag = if *begin { "BEGIN" } else { "START TRANSACTION" };
            transaction::begin(tag, modes, state)
        }
        Tree::Commit { chain, .. } => transaction::commit(*chain, state),
        Tree::Rollback { savepoint: None, chain } => transaction::rollback(*chain, state),
        Tree::Rollback { savepoint: Some(name), .. } => transaction::rollback_to(name, state),
        Tree::Savepoint { name } => transaction::savepoint(name, state),
        Tree::ReleaseSavepoint { name } => transaction::release(name, state),
        Tree::Discard { object_type } => {
            if object_type.to_string() == "ALL" {
                if state.transaction != Transaction::Idle {
                    return Err(transaction::not_inside("DISCARD ALL"));
                }
                state.settings.reset_all();
            }
            if ["ALL", "TEMP"].contains(&object_type.to_string().as_str()) {
                state.temporary.clear();
            }
            Ok(Outcome::tag(&format!("DISCARD {object_type}")))
        }
        other => Err(refused(other)),
    }
}

/// Names the statement, so that the reader knows what was refused.
fn refused(tree: &Tree) -> Error {
    let text = tree.to_string();
    let words: Vec<&str> = text.split_whitespace().take(2).collect();
    let what = match words.as_slice() {
        ["INSERT" | "UPDATE" | "DELETE" | "MERGE" | "COPY" | "TRUNCATE", ..] => {
            words[0].to_string()
        }
        _ => words.join(" "),
    };
    Error::unsupported(format!("{what} statements"))
        .about(Subject::Statement)
        .hint("Lakegate answers queries; tables are built by models under sql/ (lakegate run).")
}

fn set_statement(set: &Set, state: &mut State) -> Result<Outcome> {
    match set {
        Set::SingleAssignment { scope, variable, values, .. } => {
            let value = values.iter().map(literal).collect::<Result<Vec<_>>>()?.join(", ");
            assign(state, *scope, &text(variable), &value)
        }
        Set::SetTimeZone { local, value } => {
            let scope = local.then_some(ContextModifier::Local);
            let value = literal(value)?;
            let is_default = ["local", "default"].contains(&value.to_lowercase().as_str());
            assign(state, scope, "TimeZone", if is_default { "default" } else { &value })
        }
        Set::SetNames { charset_name, .. } => {
            assign(state, None, "client_encoding", &charset_name.value)
        }
        Set::SetNamesDefault {} => assign(state, None, "client_encoding", "default"),
        Set::SetTransaction { modes, session, .. } => {
            transaction::characteristics(modes, *session, state)
        }
        Set::SetRole { role_name, .. } => role(state, role_name.as_ref()),
        Set::SetSessionAuthorization(parameter) => match &parameter.kind {
            SetSessionAuthorizationParamKind::Default => Ok(Outcome::tag("SET")),
            SetSessionAuthorizationParamKind::User(user) => same_user(state, &user.value),
        },
        other => Err(Error::unsupported(other).about(Subject::Setting)),
    }
}

/// The user's own role, or none: there is no other that could be taken on.
fn role(state: &mut State, role: Option<&Ident>) -> Result<Outcome> {
    let name = match role {
        Some(role) if !(role.quote_style.is_none() && role.value.eq_ignore_ascii_case("none")) => {
            same_user(state, &role.value)?;
            role.value.clone()
        }
        _ => "none".to_string(),
    };
    change(state, None, |settings| settings.set("role", &name))?;
    Ok(Outcome::tag("SET"))
}

fn same_user(state: &State, name: &str) -> Result<Outcome> {
    if name == state.settings.show("session_authorization")? {
        return Ok(Outcome::tag("SET"));
    }
    if ![OWNER, DATABASE_OWNER].contains(&name) {
        return Err(Error::invalid(format!("role \"{name}\" does not exist"))
            .about(Subject::Setting)
            .hint("Connect as the other user."));
    }
    Err(Error::denied(format!("permission denied to set role \"{name}\""))
        .hint("Connect as the other user."))
}

/// Sets as SET does: for the transaction alone (LOCAL), or if it commits for the session.
pub fn assign(
    state: &mut State,
    scope: Option<ContextModifier>,
    name: &str,
    value: &str,
) -> Result<Outcome> {
    let is_default = value.trim().eq_ignore_ascii_case("default");
    let set = |settings: &mut Settings| match is_default {
        true => settings.reset(name),
        false => settings.set(name, value),
    };
    if scope == Some(ContextModifier::Local) && state.transaction == Transaction::Idle {
        Settings::canonical(name)?;
        let notice = "SET LOCAL can only be used in transaction blocks";
        return Ok(Outcome::notice("SET", notice));
    }
    change(state, scope, set)?;
    Ok(Outcome::tag("SET"))
}

/// Changes the settings, and unless it is for the transaction alone those to return to after it.
fn change(
    state: &mut State,
    scope: Option<ContextModifier>,
    change: impl Fn(&mut Settings) -> Result<()>,
) -> Result<()> {
    change(&mut state.settings)?;
    match state.after_local.as_mut() {
        Some(outer) if scope != Some(ContextModifier::Local) => change(outer),
        _ => Ok(()),
    }
}

fn show(name: &str, state: &State) -> Result<Outcome> {
    let columns: Vec<ArrayRef> = match name {
        "all" => {
            let all = state.settings.all();
            let column = |get: fn(&crate::system::Setting) -> &String| -> ArrayRef {
                Arc::new(StringArray::from_iter_values(all.iter().map(get)))
            };
            vec![column(|s| &s.name), column(|s| &s.value), column(|s| &s.description)]
        }
        _ => vec![Arc::new(StringArray::from(vec![state.show(name)?]))],
    };
    let names: Vec<String> = match name {
        "all" => ["name", "setting", "description"].map(str::to_string).to_vec(),
        _ => vec![Settings::canonical(name)?.into_owned()],
    };
    let fields = names.into_iter().map(|name| Field::new(name, DataType::Utf8, true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let batch = RecordBatch::try_new(schema, columns)
        .map_err(|e| Error::internal("a setting cannot be shown").source(e))?;
    Ok(Outcome { batch: Some(batch), ..Outcome::tag("SHOW") })
}

fn show_name(variable: &[Ident]) -> String {
    let words: Vec<String> = variable.iter().map(|word| word.value.to_lowercase()).collect();
    // The parser drops the points of a name: what is no phrase of Postgres's is one.
    let phrase = words.join(" ");
    match phrase.as_str() {
        "time zone" | "transaction isolation level" | "session authorization" => phrase,
        _ => words.join("."),
    }
}

fn text(name: &ObjectName) -> String {
    name.0
        .iter()
        .map(|part| part.as_ident().map_or_else(|| part.to_string(), |ident| ident.value.clone()))
        .collect::<Vec<_>>()
        .join(".")
}

/// The text of a value in SET: a literal, a bare word, or a signed number.
fn literal(value: &Expr) -> Result<String> {
    match value {
        Expr::Value(value) => Ok(match &value.value {
            Value::SingleQuotedString(text)
            | Value::DoubleQuotedString(text)
            | Value::EscapedStringLiteral(text)
            | Value::Number(text, _) => text.clone(),
            other => other.to_string(),
        }),
        Expr::Identifier(ident) => Ok(ident.value.clone()),
        Expr::Interval(interval) => literal(&interval.value),
        Expr::UnaryOp { op, expr } => Ok(format!("{op}{}", literal(expr)?)),
        other => Err(Error::syntax(format!("\"{other}\" is not a value for SET"))),
    }
}
