//! Statements about the session itself: SET, SHOW, transactions, DISCARD and the like. They touch no table.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use lakegate_base::{Error, ErrorKind, Result, Subject, Transaction};
use sqlparser::ast::{
    ContextModifier, Expr, ObjectName, Reset, Set, SetSessionAuthorizationParamKind,
    Statement as Tree, TransactionAccessMode, TransactionIsolationLevel, TransactionMode, Value,
};

use crate::session::State;
use crate::settings::Settings;

pub struct Outcome {
    pub tag: String,
    pub batch: Option<RecordBatch>,
    pub notices: Vec<String>,
}

impl Outcome {
    fn tag(tag: &str) -> Self {
        Self { tag: tag.to_string(), batch: None, notices: Vec::new() }
    }

    fn notice(tag: &str, notice: &str) -> Self {
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
        "all" => vec!["name", "setting", "description"],
        _ => vec![Settings::canonical(&name)?],
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
                Reset::ALL => state.settings.reset_all(),
                Reset::ConfigurationParameter(name) => state.settings.reset(&text(name))?,
            }
            Ok(Outcome::tag("RESET"))
        }
        Tree::StartTransaction { modes, .. } => begin(modes, state),
        Tree::Commit { .. } => Ok(commit(state)),
        Tree::Rollback { savepoint: None, .. } => Ok(rollback(state)),
        Tree::Rollback { savepoint: Some(name), .. } => {
            let at = savepoint(state, &name.value)?;
            state.savepoints.truncate(at + 1);
            state.transaction = Transaction::Open;
            Ok(Outcome::tag("ROLLBACK"))
        }
        Tree::Savepoint { name } => {
            in_transaction(state, "SAVEPOINT")?;
            state.savepoints.push(name.value.clone());
            Ok(Outcome::tag("SAVEPOINT"))
        }
        Tree::ReleaseSavepoint { name } => {
            let at = savepoint(state, &name.value)?;
            state.savepoints.truncate(at);
            Ok(Outcome::tag("RELEASE"))
        }
        Tree::Discard { object_type } => {
            if object_type.to_string() == "ALL" {
                if state.transaction != Transaction::Idle {
                    return Err(Error::invalid(
                        "DISCARD ALL cannot run inside a transaction block",
                    )
                    .about(Subject::Transaction));
                }
                state.settings.reset_all();
            }
            Ok(Outcome::tag(&format!("DISCARD {object_type}")))
        }
        Tree::Deallocate { name, .. } if name.value.eq_ignore_ascii_case("all") => {
            Ok(Outcome::tag("DEALLOCATE ALL"))
        }
        Tree::Deallocate { .. } => Ok(Outcome::tag("DEALLOCATE")),
        Tree::Close { .. } => Ok(Outcome::tag("CLOSE CURSOR")),
        Tree::UNLISTEN { .. } => Ok(Outcome::tag("UNLISTEN")),
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
            let value = match literal(value)?.as_str() {
                "local" | "default" => "UTC".to_string(),
                other => other.to_string(),
            };
            assign(state, scope, "TimeZone", &value)
        }
        Set::SetNames { charset_name, .. } => {
            assign(state, None, "client_encoding", &charset_name.value)
        }
        Set::SetNamesDefault {} => assign(state, None, "client_encoding", "default"),
        Set::SetTransaction { modes, session, .. } => {
            let names: [&str; 2] = match session {
                true => ["default_transaction_isolation", "default_transaction_read_only"],
                false => ["transaction_isolation", "transaction_read_only"],
            };
            set_modes(modes, names, state)?;
            Ok(Outcome::tag("SET"))
        }
        Set::SetRole { role_name: None, .. } => Ok(Outcome::tag("SET")),
        Set::SetRole { role_name: Some(role), .. } => same_user(state, &role.value),
        Set::SetSessionAuthorization(parameter) => match &parameter.kind {
            SetSessionAuthorizationParamKind::Default => Ok(Outcome::tag("SET")),
            SetSessionAuthorizationParamKind::User(user) => same_user(state, &user.value),
        },
        other => Err(Error::unsupported(other).about(Subject::Setting)),
    }
}

fn same_user(state: &State, name: &str) -> Result<Outcome> {
    let user = state.settings.show("session_authorization")?;
    if name == user || name.eq_ignore_ascii_case("none") {
        return Ok(Outcome::tag("SET"));
    }
    Err(Error::denied(format!("permission denied to set role \"{name}\"")))
}

fn assign(
    state: &mut State,
    scope: Option<ContextModifier>,
    name: &str,
    value: &str,
) -> Result<Outcome> {
    if matches!(scope, Some(ContextModifier::Local)) {
        if state.transaction == Transaction::Idle {
            Settings::canonical(name)?;
            let notice = "SET LOCAL can only be used in transaction blocks";
            return Ok(Outcome::notice("SET", notice));
        }
        let outer = state.settings.clone();
        state.settings.set(name, value)?;
        state.after_local.get_or_insert(outer);
        return Ok(Outcome::tag("SET"));
    }
    state.settings.set(name, value)?;
    if let Some(outer) = state.after_local.as_mut() {
        outer.set(name, value)?;
    }
    Ok(Outcome::tag("SET"))
}

fn set_modes(modes: &[TransactionMode], names: [&str; 2], state: &mut State) -> Result<()> {
    for mode in modes {
        match mode {
            TransactionMode::IsolationLevel(level) => {
                let level = match level {
                    TransactionIsolationLevel::ReadUncommitted => "read uncommitted",
                    TransactionIsolationLevel::ReadCommitted => "read committed",
                    TransactionIsolationLevel::RepeatableRead => "repeatable read",
                    TransactionIsolationLevel::Serializable => "serializable",
                    TransactionIsolationLevel::Snapshot => "repeatable read",
                };
                state.settings.set(names[0], level)?;
            }
            TransactionMode::AccessMode(access) => {
                let read_only = matches!(access, TransactionAccessMode::ReadOnly);
                state.settings.set(names[1], if read_only { "on" } else { "off" })?;
            }
        }
    }
    Ok(())
}

fn begin(modes: &[TransactionMode], state: &mut State) -> Result<Outcome> {
    if state.transaction != Transaction::Idle {
        return Ok(Outcome::notice("BEGIN", "there is already a transaction in progress"));
    }
    state.before = Some(state.settings.clone());
    state.transaction = Transaction::Open;
    // Settings of this transaction alone end with it.
    state.after_local = Some(state.settings.clone());
    set_modes(modes, ["transaction_isolation", "transaction_read_only"], state)?;
    Ok(Outcome::tag("BEGIN"))
}

/// A failed transaction ends in a rollback, and says so.
fn commit(state: &mut State) -> Outcome {
    match state.transaction {
        Transaction::Idle => Outcome::notice("COMMIT", "there is no transaction in progress"),
        Transaction::Failed => rollback(state),
        Transaction::Open => {
            if let Some(settings) = state.after_local.take() {
                state.settings = settings;
            }
            end(state);
            Outcome::tag("COMMIT")
        }
    }
}

fn rollback(state: &mut State) -> Outcome {
    if state.transaction == Transaction::Idle {
        return Outcome::notice("ROLLBACK", "there is no transaction in progress");
    }
    if let Some(settings) = state.before.take() {
        state.settings = settings;
    }
    end(state);
    Outcome::tag("ROLLBACK")
}

fn end(state: &mut State) {
    state.before = None;
    state.after_local = None;
    state.savepoints.clear();
    state.transaction = Transaction::Idle;
}

fn in_transaction(state: &State, what: &str) -> Result<()> {
    if state.transaction == Transaction::Idle {
        return Err(Error::invalid(format!("{what} can only be used in transaction blocks"))
            .about(Subject::Transaction));
    }
    Ok(())
}

fn savepoint(state: &State, name: &str) -> Result<usize> {
    in_transaction(state, "SAVEPOINT")?;
    state.savepoints.iter().rposition(|s| s == name).ok_or_else(|| {
        Error::new(ErrorKind::NotFound, format!("savepoint \"{name}\" does not exist"))
            .about(Subject::Transaction)
    })
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
        _ => vec![Arc::new(StringArray::from(vec![state.settings.show(name)?]))],
    };
    let names: Vec<&str> = match name {
        "all" => vec!["name", "setting", "description"],
        _ => vec![Settings::canonical(name)?],
    };
    let fields = names.into_iter().map(|name| Field::new(name, DataType::Utf8, true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let batch = RecordBatch::try_new(schema, columns)
        .map_err(|e| Error::internal("a setting cannot be shown").source(e))?;
    Ok(Outcome { batch: Some(batch), ..Outcome::tag("SHOW") })
}

fn show_name(variable: &[sqlparser::ast::Ident]) -> String {
    let words: Vec<String> = variable.iter().map(|word| word.value.to_lowercase()).collect();
    words.join(" ")
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
