//! Statements about the connection's own objects: cursors, prepared statements, COPY.

use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use futures::StreamExt;
use lakegate_base::{
    Declare, Fetch, FrontStatement, Parameter, Scroll, Statement, StatementKind, Transaction,
};

use crate::connection::{Connection, Fault};
use crate::error::{Report, Result};
use crate::extended::check_formats;
use crate::portal::{Life, Portal, State};
use crate::sink::{Shape, Sink};
use crate::stored::{Stored, Work, no_parameter, no_statement};
use crate::types::{self, Format, Zone};

/// How rows are answered.
#[derive(Clone, Copy)]
pub(crate) enum Reply<'a> {
    /// Described before they come, in text.
    Simple,
    /// Described on demand, in the formats of Bind.
    Extended(&'a [Format]),
}

impl Connection {
    /// Carries a statement out; answers its tag.
    pub async fn run_front(
        &mut self,
        stored: &Stored,
        parameters: &[Parameter],
        reply: Reply<'_>,
    ) -> Result<String, Fault> {
        let Work::Front { kind, statement, query } = &stored.work else {
            return Err(Report::internal("a statement of the engine").into());
        };
        self.check_transaction(kind)?;
        let inner = || query.clone().ok_or_else(|| Report::internal("a query was not planned"));
        match statement.as_ref() {
            FrontStatement::Declare(declare) => {
                self.declare(declare, inner()?, parameters.to_vec()).await
            }
            FrontStatement::Fetch(fetch) => self.fetch(fetch, reply).await,
            FrontStatement::Close(name) => Ok(self.close_cursor(name.as_deref())?.to_string()),
            FrontStatement::Prepare { name, types, query } => {
                self.prepare_by_name(name, types, query).await
            }
            FrontStatement::Execute { .. } => {
                Err(Report::internal("EXECUTE is replaced by what it names").into())
            }
            FrontStatement::Deallocate(name) => Ok(self.deallocate(name.as_deref())?.to_string()),
            FrontStatement::Copy(copy) => self.copy(copy, inner()?).await,
        }
    }

    async fn declare(
        &mut self,
        declare: &Declare,
        query: Arc<Stored>,
        parameters: Vec<Parameter>,
    ) -> Result<String, Fault> {
        let session = self.session();
        if !declare.is_held && session.transaction() == Transaction::Idle {
            let message = "DECLARE CURSOR can only be used in transaction blocks";
            return Err(Report::new("25P01", message).into());
        }
        self.check_portal_name(&declare.name)?;
        let savepoints = session.savepoints();
        let life = match declare.is_held {
            true => Life::Hold(savepoints),
            false => Life::Transaction(savepoints),
        };
        let format = if declare.is_binary { Format::Binary } else { Format::Text };
        let formats = vec![format; query.columns.len()];
        let mut portal = Portal { stored: query, parameters, formats, state: State::Bound, life };
        // The query starts now: its rows are those of this moment.
        self.open_portal(&mut portal, declare.scroll).await?;
        portal.parameters = Vec::new();
        self.keep_portal(declare.name.clone(), portal)?;
        Ok("DECLARE CURSOR".to_string())
    }

    async fn fetch(&mut self, fetch: &Fetch, reply: Reply<'_>) -> Result<String, Fault> {
        let name = &fetch.cursor;
        // Taken out while it runs, so that a failure drops it.
        let mut portal = self.portals.remove(name).ok_or_else(|| no_cursor(name))?;
        if let State::Bound = portal.state {
            self.open_portal(&mut portal, Scroll::NoScroll).await?;
        }
        let formats = match reply {
            Reply::Simple => portal.formats.clone(),
            Reply::Extended(formats) => formats.to_vec(),
        };
        let mut sink = self.sink(&formats)?;
        if fetch.is_move {
            sink.shape = Shape::Nothing;
        } else {
            self.describe_rows(&portal.stored, &formats, reply)?;
        }
        let count = match &mut portal.state {
            State::Running { cursor, .. } => {
                self.session().resume(cursor.stop());
                let kept = self.link.limits.kept_row_bytes.saturating_sub(self.portal_bytes());
                cursor.enter(kept, sink);
                cursor.go(&mut self.link, fetch.direction).await?
            }
            State::Bound | State::Done => 0,
        };
        self.portals.insert(name.clone(), portal);
        let verb = if fetch.is_move { "MOVE" } else { "FETCH" };
        Ok(format!("{verb} {count}"))
    }

    /// Simple queries learn the columns with the rows; others asked for them.
    pub fn describe_rows(
        &mut self,
        stored: &Stored,
        formats: &[Format],
        reply: Reply<'_>,
    ) -> Result<()> {
        check_formats(stored, formats)?;
        if let Reply::Simple = reply {
            let description = types::row_description(&stored.columns, formats)?;
            self.link.output.message(&description)?;
        }
        Ok(())
    }

    fn close_cursor(&mut self, name: Option<&str>) -> Result<&'static str> {
        let Some(name) = name else {
            self.portals.clear();
            return Ok("CLOSE CURSOR ALL");
        };
        self.portals.remove(name).ok_or_else(|| no_cursor(name))?;
        Ok("CLOSE CURSOR")
    }

    fn deallocate(&mut self, name: Option<&str>) -> Result<&'static str> {
        let Some(name) = name else {
            self.statements.clear();
            return Ok("DEALLOCATE ALL");
        };
        self.statements.remove(name).ok_or_else(|| no_statement(name))?;
        Ok("DEALLOCATE")
    }

    async fn prepare_by_name(
        &mut self,
        name: &str,
        types: &[String],
        query: &Statement,
    ) -> Result<String, Fault> {
        self.check_statement_name(name)?;
        let oids = types.iter().map(|name| {
            types::oid_of_name(name)
                .ok_or_else(|| Report::new("42704", format!("type \"{name}\" does not exist")))
        });
        let oids = oids.collect::<Result<Vec<_>>>()?;
        let stored = self.store_query(query.clone(), &oids).await?;
        self.keep(name.to_string(), stored)?;
        Ok("PREPARE".to_string())
    }

    /// What EXECUTE runs: the statement and its arguments.
    pub async fn executed(
        &mut self,
        name: &str,
        arguments: Option<&Statement>,
    ) -> Result<(Arc<Stored>, Vec<Parameter>), Fault> {
        let kind = arguments.map_or(&StatementKind::Rows, |arguments| &arguments.kind);
        self.check_transaction(kind)?;
        let stored = self.stored(name)?;
        if !matches!(stored.work, Work::Query(_)) {
            let message = "not supported: EXECUTE of a statement that is no query";
            return Err(Report::new("0A000", message).into());
        }
        let values = match arguments {
            Some(arguments) => self.one_row(arguments).await?,
            None => Vec::new(),
        };
        if values.len() != stored.types().len() {
            let message = format!("wrong number of parameters for prepared statement \"{name}\"");
            let (expected, given) = (stored.types().len(), values.len());
            return Err(Report::new("42601", message)
                .hint(format!("Expected {expected} parameters but got {given}."))
                .into());
        }
        let zone = Zone::parse(&self.session().show("TimeZone")?)?;
        let values = values.iter().zip(stored.types());
        let values = values.map(|(value, target)| argument(value, target, &zone));
        let values = values.collect::<Result<Vec<_>>>()?;
        Ok((stored, values))
    }

    /// The values of a query that answers one row, each as an array of length 1.
    async fn one_row(&mut self, query: &Statement) -> Result<Vec<Parameter>, Fault> {
        let prepared = self.prepare(query, &[]).await?;
        if !prepared.parameters().is_empty() {
            return Err(no_parameter().into());
        }
        let answer = self.start(prepared.as_ref(), &[]).await?;
        let Some(mut rows) = answer.rows else {
            return Err(Report::internal("arguments gave no row").into());
        };
        while let Some(batch) = self.link.watch(rows.stream.next()).await? {
            let batch: RecordBatch = batch?;
            if batch.num_rows() > 0 {
                return Ok(batch.columns().iter().map(|array| array.slice(0, 1)).collect());
            }
        }
        Err(Report::internal("arguments gave no row").into())
    }

    /// Runs a query to its end; answers its tag.
    pub async fn run_query(
        &mut self,
        stored: &Arc<Stored>,
        parameters: Vec<Parameter>,
    ) -> Result<String, Fault> {
        let formats = vec![Format::Text; stored.columns.len()];
        let life = Life::Transaction(0);
        let state = State::Bound;
        let mut portal = Portal { stored: Arc::clone(stored), parameters, formats, state, life };
        if let Some(tag) = self.open_portal(&mut portal, Scroll::NoScroll).await? {
            return Ok(tag);
        }
        let State::Running { mut cursor, tag } = portal.state else {
            return Err(Report::internal("a query gave no rows").into());
        };
        self.describe_rows(stored, &portal.formats, Reply::Simple)?;
        let sink: Sink = self.sink(&portal.formats)?;
        let sent = self.run_cursor(&mut cursor, None, sink).await?;
        let tag = crate::portal::tag_with_count(&tag, sent);
        if let Work::Query(planned) = &stored.work {
            self.finish(&planned.statement.kind, &tag)?;
        }
        Ok(tag)
    }
}

/// Text stands for a literal of whatever type is needed; the engine casts the rest.
fn argument(value: &Parameter, target: &DataType, zone: &Zone) -> Result<Parameter> {
    let is_text = |data_type: &DataType| {
        matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
    };
    if value.is_null(0) || !is_text(value.data_type()) || is_text(target) {
        return Ok(Arc::clone(value));
    }
    let plain = cast(value, &DataType::Utf8).map_err(|_| Report::internal("text is no text"))?;
    let text = plain.as_string::<i32>().value(0);
    types::decode(Some(text.as_bytes()), Format::Text, types::TEXT_OID, target, zone)
}

fn no_cursor(name: &str) -> Report {
    Report::new("34000", format!("cursor \"{name}\" does not exist"))
}
