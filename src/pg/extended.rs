//! The extended protocol: Parse, Bind, Describe, Execute, Close.

use std::sync::Arc;

use lakegate_base::{FrontStatement, Scroll};
use pgwire::messages::data::{NoData, ParameterDescription};
use pgwire::messages::extendedquery::{
    Bind, BindComplete, Close, CloseComplete, Describe, Execute, Parse, ParseComplete,
    PortalSuspended, TARGET_TYPE_BYTE_STATEMENT,
};
use pgwire::messages::response::{CommandComplete, EmptyQueryResponse};

use crate::connection::{Connection, Fault};
use crate::error::{Report, clean};
use crate::front::Reply;
use crate::portal::{Life, Portal, State, tag_with_count};
use crate::stored::{Stored, Work, formats};
use crate::types::{self, Format, Zone};

impl Connection {
    pub async fn parse(&mut self, parse: Parse) -> Result<(), Fault> {
        let name = parse.name.unwrap_or_default();
        if name.is_empty() {
            self.statements.remove("");
        } else {
            self.check_statement_name(&name)?;
        }
        let mut statements = self.session().parse(&parse.query)?.into_iter();
        let statement = statements.next();
        if statements.next().is_some() {
            let message = "cannot insert multiple commands into a prepared statement";
            return Err(Report::new("42601", message).into());
        }
        let stored = self.store(statement, &parse.type_oids).await?;
        self.keep(name, stored)?;
        self.link.output.message(&ParseComplete::new())?;
        Ok(())
    }

    pub async fn bind(&mut self, bind: &Bind) -> Result<(), Fault> {
        let name = bind.portal_name.as_deref().unwrap_or_default();
        let stored = self.stored(bind.statement_name.as_deref().unwrap_or_default())?;
        if name.is_empty() {
            self.portals.remove("");
        }
        if let Some(kind) = stored.kind() {
            self.check_transaction(kind)?;
        }
        self.check_portal_name(name)?;
        let zone = Zone::parse(&self.session().show("TimeZone")?)?;
        let parameters = stored.parameters(bind, &zone)?;
        let columns = self.answered(&stored).map_or(0, |columns| columns.len());
        let formats = formats(&bind.result_column_format_codes, columns)?;
        let life = Life::Transaction(self.session().savepoints());
        let portal = Portal { stored, parameters, formats, state: State::Bound, life };
        self.keep_portal(name.to_string(), portal)?;
        self.link.output.message(&BindComplete::new())?;
        Ok(())
    }

    pub fn describe(&mut self, describe: &Describe) -> Result<(), Fault> {
        let name = describe.name.as_deref().unwrap_or_default();
        let (stored, formats) = if describe.target_type == TARGET_TYPE_BYTE_STATEMENT {
            let stored = self.stored(name)?;
            self.link.output.message(&ParameterDescription::new(stored.oids.clone()))?;
            (stored, None)
        } else {
            let portal = self.portals.get(name).ok_or_else(|| no_portal(name))?;
            (Arc::clone(&portal.stored), Some(portal.formats.clone()))
        };
        match self.answered(&stored) {
            None => self.link.output.message(&NoData::new())?,
            Some(columns) => {
                let formats = formats.unwrap_or_else(|| vec![Format::Text; columns.len()]);
                self.link.output.message(&types::row_description(&columns, &formats)?)?;
            }
        }
        Ok(())
    }

    pub async fn execute(&mut self, execute: Execute) -> Result<(), Fault> {
        let name = execute.name.unwrap_or_default();
        // Taken out while it runs, so that a failure drops it.
        let mut portal = self.portals.remove(&name).ok_or_else(|| no_portal(&name))?;
        let limit = u64::try_from(execute.max_rows).ok().filter(|limit| *limit > 0);
        let transactions = self.transactions;
        self.run_portal(&mut portal, limit).await?;
        // The end of a transaction is the end of its portals, this one's, too.
        if transactions == self.transactions {
            self.portals.insert(name, portal);
        }
        Ok(())
    }

    async fn run_portal(&mut self, portal: &mut Portal, limit: Option<u64>) -> Result<(), Fault> {
        if let (State::Bound, Work::Front { statement, .. }) = (&portal.state, &portal.stored.work)
            && let FrontStatement::Execute { name, arguments } = statement.as_ref()
        {
            // EXECUTE becomes what it names: its rows can be read in parts as well.
            let (stored, parameters) = self.executed(name, arguments.as_ref()).await?;
            check_formats(&stored, &portal.formats)?;
            (portal.stored, portal.parameters) = (stored, parameters);
        }
        let stored = Arc::clone(&portal.stored);
        match (&stored.work, &portal.state) {
            (Work::Nothing, _) => {
                self.link.output.message(&EmptyQueryResponse::new())?;
                Ok(())
            }
            (Work::Front { .. }, State::Bound) => {
                portal.state = State::Done;
                let reply = Reply::Extended(&portal.formats);
                let tag = self.run_front(&stored, &portal.parameters, reply).await?;
                self.complete(&tag)
            }
            (Work::Front { .. }, _) => Err(cannot_run().into()),
            (Work::Query(_), _) => self.run_rows(portal, limit).await,
        }
    }

    async fn run_rows(&mut self, portal: &mut Portal, limit: Option<u64>) -> Result<(), Fault> {
        let stored = Arc::clone(&portal.stored);
        let Work::Query(planned) = &stored.work else {
            return Err(cannot_run().into());
        };
        if let State::Bound = portal.state
            && let Some(tag) = self.open_portal(portal, Scroll::NoScroll).await?
        {
            return self.complete(&tag);
        }
        let tag = match &mut portal.state {
            State::Running { cursor, tag, .. } => {
                let sink = self.sink(&portal.formats)?;
                let sent = self.run_cursor(cursor, limit, sink).await?;
                if limit.is_some_and(|limit| sent >= limit) {
                    self.link.output.message(&PortalSuspended::new())?;
                    return Ok(());
                }
                tag_with_count(tag, sent)
            }
            State::Bound | State::Done if self.answered(&stored).is_none() => {
                return Err(cannot_run().into());
            }
            State::Bound | State::Done => tag_with_count("SELECT", 0),
        };
        portal.state = State::Done;
        self.finish(&planned.statement.kind, &tag)?;
        self.complete(&tag)
    }

    pub fn complete(&mut self, tag: &str) -> Result<(), Fault> {
        self.link.output.message(&CommandComplete::new(clean(tag)))?;
        Ok(())
    }

    /// Closing what does not exist is no error.
    pub fn close(&mut self, close: &Close) -> Result<(), Fault> {
        let name = close.name.as_deref().unwrap_or_default();
        if close.target_type == TARGET_TYPE_BYTE_STATEMENT {
            self.statements.remove(name);
        } else {
            self.portals.remove(name);
        }
        self.link.output.message(&CloseComplete::new())?;
        Ok(())
    }
}

/// The client chose formats for the columns it was told.
pub(crate) fn check_formats(stored: &Stored, formats: &[Format]) -> Result<(), Report> {
    if stored.columns.len() == formats.len() {
        return Ok(());
    }
    Err(Report::new("0A000", "cached plan must not change result type"))
}

fn cannot_run() -> Report {
    Report::new("55000", "portal cannot be run anymore")
}

fn no_portal(name: &str) -> Report {
    Report::new("34000", format!("portal \"{name}\" does not exist"))
}
