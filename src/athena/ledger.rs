//! What was spent: one file for each UTC day, one line for each statement. What the lines say is what
//! counts, so a limit outlives a restart and holds for several processes on one folder; what still runs is
//! reserved.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use lakegate_base::{Bill, Error, Result, Subject};
use serde::{Deserialize, Serialize};

use crate::price;

/// Cents of a cent of rounding are no reason to refuse.
const ROUNDING: f64 = 1e-9;

pub(crate) struct Ledger {
    /// Without one nothing is kept, and nothing limited by day.
    folder: Option<PathBuf>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    day: NaiveDate,
    /// How much of the day's file is counted.
    read_bytes: u64,
    spent: HashMap<String, f64>,
    reserved: HashMap<String, f64>,
}

#[derive(Serialize, Deserialize)]
struct Line {
    at: String,
    user: String,
    dollars: f64,
    bytes: u64,
    execution: Option<String>,
}

/// What a statement may cost, until it is settled or dropped.
pub(crate) struct Reservation {
    ledger: Arc<Ledger>,
    user: String,
    pub(crate) dollars: f64,
}

impl Ledger {
    pub(crate) fn new(folder: Option<PathBuf>) -> Self {
        Self { folder, state: Mutex::default() }
    }

    /// Refuses what would go beyond the user's limit of the day, what runs at the moment included.
    pub(crate) fn reserve(
        self: &Arc<Self>,
        user: &str,
        dollars: f64,
        limit: Option<f64>,
    ) -> Result<Reservation> {
        let mut state = self.lock();
        if let Some(limit) = limit {
            self.catch_up(&mut state, Utc::now()).map_err(unreadable)?;
            let of = |amounts: &HashMap<String, f64>| amounts.get(user).copied().unwrap_or(0.0);
            let gone = of(&state.spent) + of(&state.reserved);
            if gone + dollars > limit + ROUNDING {
                let (cost, limit) = (price::amount(dollars), price::amount(limit));
                let gone = price::amount(gone);
                let message = format!(
                    "this statement may cost {cost}; {gone} of the {limit} that {user} may spend \
                     on Athena today are spent or reserved"
                );
                return Err(Error::exhausted(message)
                    .hint("Read less, wait for the next UTC day, or raise athena.day_dollars."));
            }
        }
        *state.reserved.entry(user.to_string()).or_default() += dollars;
        Ok(Reservation { ledger: self.clone(), user: user.to_string(), dollars })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, day: NaiveDate) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| folder.join(format!("athena-{day}.jsonl")))
    }

    /// Counts the lines that were written since, by whomever. One without its end is still being written,
    /// or was cut by a crash: it counts for nothing.
    fn catch_up(&self, state: &mut State, now: DateTime<Utc>) -> io::Result<()> {
        let today = now.date_naive();
        if state.day != today {
            state.day = today;
            state.read_bytes = 0;
            state.spent.clear();
        }
        let Some(path) = self.path(today) else { return Ok(()) };
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(e) => return Err(e),
        };
        file.seek(SeekFrom::Start(state.read_bytes))?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        for line in text[..whole].split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            match serde_json::from_slice::<Line>(line) {
                Ok(line) => *state.spent.entry(line.user).or_default() += line.dollars,
                Err(_) => tracing::warn!("a line of Athena's ledger was cut and is not counted"),
            }
        }
        state.read_bytes += whole as u64;
        Ok(())
    }

    fn append(&self, line: &Line, now: DateTime<Utc>) -> io::Result<()> {
        let Some(path) = self.path(now.date_naive()) else { return Ok(()) };
        if let Some(folder) = &self.folder {
            fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        let mut text = serde_json::to_string(line).map_err(io::Error::other)?;
        text.push('\n');
        if is_cut(&mut file)? {
            text.insert(0, '\n');
        }
        file.write_all(text.as_bytes())?;
        file.sync_data()
    }
}

fn is_cut(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

fn unreadable(error: io::Error) -> Error {
    Error::unavailable("the ledger of what was spent on Athena cannot be read")
        .about(Subject::Disk)
        .hint("Statements with a price are refused until it can be. The log has the reason.")
        .source(error)
}

impl Reservation {
    /// Writes down what it has cost. That it cannot be written is logged: the rows are paid for, and due.
    pub(crate) fn settle(self, bill: &Bill) {
        if bill.dollars <= 0.0 && bill.bytes_scanned == 0 {
            return;
        }
        let now = Utc::now();
        let line = Line {
            at: now.to_rfc3339_opts(SecondsFormat::Secs, true),
            user: self.user.clone(),
            dollars: bill.dollars,
            bytes: bill.bytes_scanned,
            execution: bill.execution.clone(),
        };
        let mut state = self.ledger.lock();
        if let Err(error) = self.ledger.append(&line, now) {
            tracing::error!(%error, "what was spent on Athena cannot be written to its ledger");
            *state.spent.entry(self.user.clone()).or_default() += bill.dollars;
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut state = self.ledger.lock();
        if let Some(reserved) = state.reserved.get_mut(&self.user) {
            *reserved -= self.dollars;
            if *reserved <= ROUNDING {
                state.reserved.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bill(dollars: f64) -> Bill {
        Bill { dollars, bytes_scanned: 1, ..Bill::default() }
    }

    #[test]
    fn a_limit_holds_over_restarts_cut_lines_and_statements_that_run() {
        let folder = tempfile::tempdir().expect("a folder");
        let open = || Arc::new(Ledger::new(Some(folder.path().join("ledger"))));
        let ledger = open();
        let first = ledger.reserve("ana", 4.0, Some(10.0)).expect("within the limit");
        let second = ledger.reserve("ana", 6.0, Some(10.0)).expect("exactly the limit");
        let error = ledger.reserve("ana", 0.1, Some(10.0)).map(drop).expect_err("all reserved");
        assert!(error.message().contains("$10.00 of the $10.00"), "{error}");
        ledger.reserve("ben", 9.0, Some(10.0)).map(drop).expect("another's limit");
        first.settle(&bill(3.0));
        drop(second);

        let path = ledger.path(Utc::now().date_naive()).expect("a path");
        let mut file = OpenOptions::new().append(true).open(&path).expect("the ledger");
        file.write_all(b"{\"at\":\"20").expect("half a line");
        for ledger in [open(), ledger] {
            ledger.reserve("ana", 7.0, Some(10.0)).map(drop).expect("three are spent");
            ledger.reserve("ana", 7.1, Some(10.0)).map(drop).expect_err("three are spent");
        }
        let ledger = open();
        ledger.reserve("ana", 7.0, Some(10.0)).expect("three are spent").settle(&bill(6.0));
        open().reserve("ana", 1.0, Some(10.0)).map(drop).expect("nine are spent");
        open().reserve("ana", 1.1, Some(10.0)).map(drop).expect_err("nine are spent");
    }
}
