//! Portals: a statement bound to its parameters, and the rows it still has to give. SQL's cursors are
//! portals, too: they share one name space, and each can be read in both ways.

use std::sync::Arc;

use arrow::array::Array;
use lakegate_base::{Parameter, Scroll, Transaction};

use crate::connection::{Connection, Fault};
use crate::cursor::Cursor;
use crate::error::{Report, Result};
use crate::sink::{Shape, Sink};
use crate::stored::{Stored, Work};
use crate::types::{self, Format, Zone};

pub(crate) struct Portal {
    pub stored: Arc<Stored>,
    pub parameters: Vec<Parameter>,
    pub formats: Vec<Format>,
    pub state: State,
    pub life: Life,
}

pub(crate) enum State {
    Bound,
    Running { cursor: Box<Cursor>, tag: String },
    Done,
}

/// How long a portal lives. The number is that of the savepoints it was made under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    Transaction(usize),
    /// WITH HOLD, its transaction still open.
    Hold(usize),
    /// WITH HOLD, committed.
    Session,
}

impl Life {
    /// Whether it was made before the last of so many savepoints.
    fn outlives(self, savepoints: usize) -> bool {
        match self {
            Self::Transaction(made) | Self::Hold(made) => made < savepoints,
            Self::Session => true,
        }
    }

    /// After RELEASE, what was made under a savepoint belongs to what is around it.
    fn released(self, savepoints: usize) -> Self {
        match self {
            Self::Transaction(made) => Self::Transaction(made.min(savepoints)),
            Self::Hold(made) => Self::Hold(made.min(savepoints)),
            Self::Session => Self::Session,
        }
    }
}

impl Portal {
    /// Bytes of its parameters, and of the rows kept to go back to.
    pub fn bytes(&self) -> usize {
        let parameters: usize =
            self.parameters.iter().map(|array| array.get_array_memory_size()).sum();
        match &self.state {
            State::Running { cursor, .. } => parameters + cursor.kept_bytes(),
            State::Bound | State::Done => parameters,
        }
    }
}

impl Connection {
    pub fn check_portal_name(&self, name: &str) -> Result<()> {
        if self.portals.contains_key(name) {
            return Err(Report::new("42P03", format!("cursor \"{name}\" already exists")));
        }
        Ok(())
    }

    /// Keeps a portal under its name, within the limits.
    pub fn keep_portal(&mut self, name: String, portal: Portal) -> Result<()> {
        let limit = self.link.limits.portals;
        if self.portals.len() >= limit {
            return Err(Report::new("53400", format!("more than {limit} portals"))
                .hint("Close some, or end the transaction."));
        }
        self.check_bytes(self.portal_bytes() + portal.bytes())?;
        self.portals.insert(name, portal);
        Ok(())
    }

    pub fn portal_bytes(&self) -> usize {
        self.portals.values().map(Portal::bytes).sum()
    }

    /// Starts a query. A statement that answers no rows is over with that: its tag.
    pub async fn open_portal(
        &mut self,
        portal: &mut Portal,
        scroll: Scroll,
    ) -> Result<Option<String>, Fault> {
        let stored = Arc::clone(&portal.stored);
        let Work::Query(planned) = &stored.work else {
            return Err(Report::new("34000", "the portal has no rows").into());
        };
        let answer = self.start(planned.prepared.as_ref(), &portal.parameters).await?;
        let Some(rows) = answer.rows else {
            portal.state = State::Done;
            self.finish(&planned.statement.kind, &answer.tag)?;
            return Ok(Some(answer.tag));
        };
        types::check_shape(&planned.prepared.schema(), &rows.schema)?;
        let cursor = Box::new(Cursor::new(rows, Arc::clone(&stored.columns), scroll));
        portal.state = State::Running { cursor, tag: answer.tag };
        Ok(None)
    }

    /// Where the rows of a query go.
    pub fn sink(&self, formats: &[Format]) -> Result<Sink> {
        let zone = Zone::parse(&self.session().show("TimeZone")?)?;
        Ok(Sink { formats: formats.into(), zone, shape: Shape::Rows })
    }

    /// Sends rows from where the cursor stands: all of them, or so many.
    pub async fn run_cursor(
        &mut self,
        cursor: &mut Cursor,
        limit: Option<u64>,
        sink: Sink,
    ) -> Result<u64, Fault> {
        self.session().resume(cursor.stop());
        let kept = self.link.limits.kept_row_bytes.saturating_sub(self.portal_bytes());
        cursor.enter(kept, sink);
        cursor.forward(&mut self.link, limit).await
    }

    /// What belongs to a transaction that is over goes. Whatever failed is gone already.
    pub fn end_transaction(&mut self) {
        if self.client.session.transaction() == Transaction::Idle {
            self.committed();
        }
    }

    pub fn committed(&mut self) {
        self.portals.retain(|_, portal| !matches!(portal.life, Life::Transaction(_)));
        for portal in self.portals.values_mut() {
            portal.life = Life::Session;
        }
    }

    pub fn rolled_back(&mut self) {
        self.portals.retain(|_, portal| portal.life == Life::Session);
    }

    pub fn rolled_back_to_savepoint(&mut self) {
        let savepoints = self.client.session.savepoints();
        self.portals.retain(|_, portal| portal.life.outlives(savepoints));
    }

    pub fn released(&mut self) {
        let savepoints = self.client.session.savepoints();
        for portal in self.portals.values_mut() {
            portal.life = portal.life.released(savepoints);
        }
    }
}

/// `SELECT` and `FETCH` tell how many rows they gave.
pub(crate) fn tag_with_count(tag: &str, count: u64) -> String {
    if matches!(tag, "SELECT" | "FETCH") { format!("{tag} {count}") } else { tag.to_string() }
}
