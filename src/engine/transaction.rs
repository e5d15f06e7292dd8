//! Transactions: nothing is written to the lake, so what they hold together are settings, temporary tables,
//! and a front's cursors.

use lakegate_base::{Error, ErrorKind, Result, Subject, Transaction};
use sqlparser::ast::{Ident, TransactionAccessMode, TransactionIsolationLevel, TransactionMode};

use crate::command::Outcome;
use crate::rewrite::folded;
use crate::session::State;
use crate::settings::Settings;
use crate::temporary::Temporary;

/// A place in a transaction, and what was there.
#[derive(Debug)]
pub struct Savepoint {
    name: String,
    settings: Settings,
    after_local: Option<Settings>,
    temporary: Temporary,
}

/// SET TRANSACTION, and SET SESSION CHARACTERISTICS for those to come.
pub fn characteristics(
    modes: &[TransactionMode],
    for_session: bool,
    state: &mut State,
) -> Result<Outcome> {
    if for_session {
        let names = ["default_transaction_isolation", "default_transaction_read_only"];
        for (name, value) in named(modes, names) {
            state.settings.set(name, value)?;
            if let Some(outer) = state.after_local.as_mut() {
                outer.set(name, value)?;
            }
        }
    } else if state.transaction == Transaction::Idle {
        let notice = "SET TRANSACTION can only be used in transaction blocks";
        return Ok(Outcome::notice("SET", notice));
    } else {
        set_modes(modes, state)?;
    }
    Ok(Outcome::tag("SET"))
}

/// Settings of this transaction alone: they end with it.
fn set_modes(modes: &[TransactionMode], state: &mut State) -> Result<()> {
    for (name, value) in named(modes, ["transaction_isolation", "transaction_read_only"]) {
        state.settings.set(name, value)?;
    }
    Ok(())
}

fn named<'a>(
    modes: &[TransactionMode],
    names: [&'a str; 2],
) -> impl Iterator<Item = (&'a str, &'static str)> {
    modes.iter().map(move |mode| match mode {
        TransactionMode::IsolationLevel(level) => {
            let level = match level {
                TransactionIsolationLevel::ReadUncommitted => "read uncommitted",
                TransactionIsolationLevel::ReadCommitted => "read committed",
                TransactionIsolationLevel::RepeatableRead => "repeatable read",
                TransactionIsolationLevel::Serializable => "serializable",
                TransactionIsolationLevel::Snapshot => "repeatable read",
            };
            (names[0], level)
        }
        TransactionMode::AccessMode(access) => {
            let read_only = matches!(access, TransactionAccessMode::ReadOnly);
            (names[1], if read_only { "on" } else { "off" })
        }
    })
}

pub fn begin(tag: &str, modes: &[TransactionMode], state: &mut State) -> Result<Outcome> {
    match state.transaction {
        Transaction::Open | Transaction::Failed => {
            return Ok(Outcome::notice(tag, "there is already a transaction in progress"));
        }
        // What came before in the same text belongs to it.
        Transaction::Implicit => state.transaction = Transaction::Open,
        Transaction::Idle => start(Transaction::Open, state),
    }
    set_modes(modes, state)?;
    Ok(Outcome::tag(tag))
}

fn start(transaction: Transaction, state: &mut State) {
    state.before = Some((state.settings.clone(), state.temporary.clone()));
    state.after_local = Some(state.settings.clone());
    state.transaction = transaction;
    for name in ["transaction_isolation", "transaction_read_only"] {
        if let Ok(value) = state.settings.show(&format!("default_{name}")) {
            drop(state.settings.set(name, &value));
        }
    }
}

/// Around several statements sent as one; nothing happens inside a transaction.
pub fn begin_implicit(state: &mut State) {
    if state.transaction == Transaction::Idle {
        start(Transaction::Implicit, state);
    }
}

pub fn end_implicit(state: &mut State) {
    if state.transaction == Transaction::Implicit {
        keep(state);
    }
}

/// A statement failed: an open transaction waits for its end, an implicit one ends.
pub fn fail(state: &mut State) {
    match state.transaction {
        Transaction::Open => state.transaction = Transaction::Failed,
        Transaction::Implicit => undo(state),
        Transaction::Idle | Transaction::Failed => {}
    }
}

/// A failed transaction ends in a rollback, and says so.
pub fn commit(chain: bool, state: &mut State) -> Result<Outcome> {
    match state.transaction {
        Transaction::Idle | Transaction::Implicit => {
            refuse_chain(chain, "COMMIT AND CHAIN")?;
            keep(state);
            Ok(Outcome::notice("COMMIT", "there is no transaction in progress"))
        }
        Transaction::Failed => rollback(chain, state),
        Transaction::Open => {
            let modes = modes(state);
            keep(state);
            follow(chain, modes, state);
            Ok(Outcome::tag("COMMIT"))
        }
    }
}

pub fn rollback(chain: bool, state: &mut State) -> Result<Outcome> {
    if matches!(state.transaction, Transaction::Idle | Transaction::Implicit) {
        refuse_chain(chain, "ROLLBACK AND CHAIN")?;
        undo(state);
        return Ok(Outcome::notice("ROLLBACK", "there is no transaction in progress"));
    }
    let modes = modes(state);
    undo(state);
    follow(chain, modes, state);
    Ok(Outcome::tag("ROLLBACK"))
}

fn refuse_chain(chain: bool, what: &str) -> Result<()> {
    if chain { Err(only_inside(what)) } else { Ok(()) }
}

fn modes(state: &State) -> [(&'static str, String); 2] {
    ["transaction_isolation", "transaction_read_only"]
        .map(|name| (name, state.settings.show(name).unwrap_or_default()))
}

/// AND CHAIN: the next transaction begins at once, with the modes of the last.
fn follow(chain: bool, modes: [(&'static str, String); 2], state: &mut State) {
    if chain {
        start(Transaction::Open, state);
        for (name, value) in &modes {
            drop(state.settings.set(name, value));
        }
    }
}

fn keep(state: &mut State) {
    if let Some(settings) = state.after_local.take() {
        state.settings = settings;
    }
    end(state);
}

fn undo(state: &mut State) {
    if let Some((settings, temporary)) = state.before.take() {
        state.settings = settings;
        state.temporary = temporary;
    }
    end(state);
}

fn end(state: &mut State) {
    state.before = None;
    state.after_local = None;
    state.savepoints.clear();
    state.transaction = Transaction::Idle;
}

pub fn savepoint(name: &Ident, state: &mut State) -> Result<Outcome> {
    check_inside(state, "SAVEPOINT")?;
    if state.savepoints.len() >= SAVEPOINTS_MAX {
        return Err(Error::exhausted(format!("more than {SAVEPOINTS_MAX} savepoints"))
            .about(Subject::Transaction)
            .hint("Release some."));
    }
    state.savepoints.push(Savepoint {
        name: folded(name),
        settings: state.settings.clone(),
        after_local: state.after_local.clone(),
        temporary: state.temporary.clone(),
    });
    Ok(Outcome::tag("SAVEPOINT"))
}

/// Each keeps a copy of the settings.
const SAVEPOINTS_MAX: usize = 1_000;

pub fn release(name: &Ident, state: &mut State) -> Result<Outcome> {
    let at = find(state, name, "RELEASE SAVEPOINT")?;
    state.savepoints.truncate(at);
    Ok(Outcome::tag("RELEASE"))
}

pub fn rollback_to(name: &Ident, state: &mut State) -> Result<Outcome> {
    let at = find(state, name, "ROLLBACK TO SAVEPOINT")?;
    state.savepoints.truncate(at + 1);
    if let Some(savepoint) = state.savepoints.last() {
        state.settings = savepoint.settings.clone();
        state.after_local = savepoint.after_local.clone();
        state.temporary = savepoint.temporary.clone();
    }
    state.transaction = Transaction::Open;
    Ok(Outcome::tag("ROLLBACK"))
}

fn find(state: &State, name: &Ident, what: &str) -> Result<usize> {
    check_inside(state, what)?;
    let name = folded(name);
    state.savepoints.iter().rposition(|savepoint| savepoint.name == name).ok_or_else(|| {
        Error::new(ErrorKind::NotFound, format!("savepoint \"{name}\" does not exist"))
            .about(Subject::Transaction)
    })
}

/// Several statements sent as one are no block: Postgres wants BEGIN here.
fn check_inside(state: &State, what: &str) -> Result<()> {
    match state.transaction {
        Transaction::Idle | Transaction::Implicit => Err(only_inside(what)),
        Transaction::Open | Transaction::Failed => Ok(()),
    }
}

pub fn only_inside(what: &str) -> Error {
    Error::invalid(format!("{what} can only be used in transaction blocks"))
        .about(Subject::Transaction)
}

pub fn not_inside(what: &str) -> Error {
    let message = format!("{what} cannot run inside a transaction block");
    Error::new(ErrorKind::AlreadyExists, message).about(Subject::Transaction)
}
