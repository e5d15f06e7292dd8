//! Prepared statements of a connection: what Parse and PREPARE leave behind. Both share one name space.

use std::sync::Arc;

use arrow::datatypes::DataType;
use lakegate_base::{FrontStatement, Parameter, Prepared, Statement, StatementKind};
use pgwire::messages::extendedquery::Bind;

use crate::connection::{Connection, Fault};
use crate::error::{Report, Result};
use crate::types::{self, Column, Format, Zone};

/// A prepared statement of this connection.
pub(crate) struct Stored {
    pub work: Work,
    /// The parameters' types as the client knows them.
    pub oids: Vec<u32>,
    /// Of the rows of a query.
    pub columns: Arc<[Column]>,
}

/// What running it means.
pub(crate) enum Work {
    /// An empty text.
    Nothing,
    Query(Planned),
    /// With the query inside, if it has one.
    Front {
        kind: StatementKind,
        statement: Arc<FrontStatement>,
        query: Option<Arc<Stored>>,
    },
}

pub(crate) struct Planned {
    pub statement: Statement,
    pub prepared: Arc<dyn Prepared>,
}

impl Connection {
    /// Plans a statement, or the query inside it; none stands for an empty text.
    pub async fn store(
        &mut self,
        statement: Option<Statement>,
        oids: &[u32],
    ) -> Result<Stored, Fault> {
        let Some(statement) = statement else {
            return Ok(Stored { work: Work::Nothing, oids: oids.to_vec(), columns: Arc::new([]) });
        };
        let kind = statement.kind.clone();
        let StatementKind::Front(front) = &kind else {
            return self.store_query(statement, oids).await;
        };
        self.check_transaction(&kind)?;
        let query = match front.as_ref() {
            FrontStatement::Declare(declare) => Some(&declare.query),
            FrontStatement::Copy(copy) => Some(&copy.query),
            _ => None,
        };
        let query = match query {
            Some(query) => Some(Arc::new(self.store_query(query.clone(), oids).await?)),
            None => None,
        };
        let oids = query.as_ref().map_or_else(|| oids.to_vec(), |query| query.oids.clone());
        if matches!(front.as_ref(), FrontStatement::Copy(_)) && !oids.is_empty() {
            return Err(no_parameter().into());
        }
        let statement = Arc::clone(front);
        let work = Work::Front { kind, statement, query };
        Ok(Stored { work, oids, columns: Arc::new([]) })
    }

    pub async fn store_query(
        &mut self,
        statement: Statement,
        oids: &[u32],
    ) -> Result<Stored, Fault> {
        let prepared = self.plan(&statement, oids).await?;
        Ok(Stored::query(Planned { statement, prepared }, oids)?)
    }

    /// Plans with the declared types, but lets the engine infer what was declared as text: compared
    /// as text, the number 9 would be more than 10. Text is what stays when nothing can be
    /// inferred.
    async fn plan(
        &mut self,
        statement: &Statement,
        oids: &[u32],
    ) -> Result<Arc<dyn Prepared>, Fault> {
        let declared: Vec<_> = oids.iter().map(|oid| types::declared(*oid)).collect();
        if oids.iter().any(|oid| types::is_text(*oid)) {
            let without_text: Vec<_> = oids
                .iter()
                .map(|oid| types::declared(*oid).filter(|_| !types::is_text(*oid)))
                .collect();
            match self.prepare(statement, &without_text).await {
                Ok(prepared) if !prepared.parameters().contains(&DataType::Null) => {
                    return Ok(prepared);
                }
                Err(Fault::Gone) => return Err(Fault::Gone),
                Ok(_) | Err(Fault::Report(_)) => {}
            }
        }
        self.prepare(statement, &declared).await
    }

    /// Keeps a statement under its name, within the limits.
    pub fn keep(&mut self, name: String, stored: Stored) -> Result<()> {
        let limit = self.link.limits.statements;
        if self.statements.len() >= limit {
            return Err(Report::new("53400", format!("more than {limit} prepared statements"))
                .hint("Close some, or use DEALLOCATE."));
        }
        let texts = self.statements.values().map(|stored| stored.bytes()).sum::<usize>();
        self.check_bytes(texts + stored.bytes())?;
        self.statements.insert(name, Arc::new(stored));
        Ok(())
    }

    /// What a session keeps between messages is bounded in bytes, too.
    pub fn check_bytes(&self, bytes: usize) -> Result<()> {
        let limit = self.link.limits.object_bytes;
        if bytes <= limit {
            return Ok(());
        }
        let message = format!("prepared statements or portals of more than {limit} bytes");
        Err(Report::new("53400", message).hint("Close some, or use DEALLOCATE."))
    }

    /// Refuses a name that is taken, before anything is planned under it.
    pub fn check_statement_name(&self, name: &str) -> Result<()> {
        if self.statements.contains_key(name) {
            let message = format!("prepared statement \"{name}\" already exists");
            return Err(Report::new("42P05", message));
        }
        Ok(())
    }

    pub fn stored(&self, name: &str) -> Result<Arc<Stored>> {
        self.statements.get(name).cloned().ok_or_else(|| no_statement(name))
    }

    /// The columns a statement answers; none when it answers no rows. Those of FETCH and EXECUTE
    /// are those of what they name, as of now.
    pub fn answered(&self, stored: &Stored) -> Option<Arc<[Column]>> {
        let own = |stored: &Stored| match &stored.work {
            Work::Query(planned) => {
                let is_query = matches!(planned.statement.kind, StatementKind::Rows);
                (is_query || !stored.columns.is_empty()).then(|| Arc::clone(&stored.columns))
            }
            Work::Nothing | Work::Front { .. } => None,
        };
        let Work::Front { statement, .. } = &stored.work else {
            return own(stored);
        };
        match statement.as_ref() {
            FrontStatement::Fetch(fetch) if !fetch.is_move => {
                self.portals.get(&fetch.cursor).and_then(|portal| own(&portal.stored))
            }
            FrontStatement::Execute { name, .. } => {
                self.statements.get(name).and_then(|stored| own(stored))
            }
            _ => None,
        }
    }
}

pub(crate) fn no_statement(name: &str) -> Report {
    let message = if name.is_empty() {
        "unnamed prepared statement does not exist".to_string()
    } else {
        format!("prepared statement \"{name}\" does not exist")
    };
    Report::new("26000", message)
}

pub(crate) fn no_parameter() -> Report {
    Report::new("42P02", "there is no parameter $1")
}

impl Stored {
    fn query(planned: Planned, declared: &[u32]) -> Result<Self> {
        let inferred = planned.prepared.parameters();
        let count = inferred.len().max(declared.len());
        let mut oids = Vec::with_capacity(count);
        for index in 0..count {
            let declared = declared.get(index).copied().filter(|oid| types::is_known(*oid));
            let named = planned.prepared.parameter_name(index).and_then(types::oid_named);
            let oid = match (declared.or(named), inferred.get(index)) {
                (Some(oid), _) => oid,
                (None, Some(inferred)) => types::parameter_oid(inferred).ok_or_else(|| {
                    let number = index + 1;
                    let message = format!("could not determine data type of parameter ${number}");
                    Report::new("42P18", message)
                })?,
                (None, None) => types::TEXT_OID,
            };
            oids.push(oid);
        }
        let columns = types::columns(&planned.prepared.schema())?.into();
        Ok(Self { work: Work::Query(planned), oids, columns })
    }

    /// None for an empty text.
    pub fn kind(&self) -> Option<&StatementKind> {
        match &self.work {
            Work::Nothing => None,
            Work::Query(planned) => Some(&planned.statement.kind),
            Work::Front { kind, .. } => Some(kind),
        }
    }

    fn bytes(&self) -> usize {
        match &self.work {
            Work::Nothing => 0,
            Work::Query(planned) => planned.statement.text.len(),
            Work::Front { query, .. } => query.as_ref().map_or(0, |query| query.bytes()),
        }
    }

    /// The types of its parameters as the engine knows them.
    pub fn types(&self) -> &[DataType] {
        match &self.work {
            Work::Nothing => &[],
            Work::Query(planned) => planned.prepared.parameters(),
            Work::Front { query, .. } => query.as_ref().map_or(&[], |query| query.types()),
        }
    }

    /// Decodes the values of Bind into arrays of the prepared types.
    pub fn parameters(&self, bind: &Bind, zone: &Zone) -> Result<Vec<Parameter>> {
        let count = bind.parameters.len();
        if count != self.oids.len() {
            let name = bind.statement_name.as_deref().unwrap_or_default();
            let required = self.oids.len();
            return Err(Report::protocol(format!(
                "bind message supplies {count} parameters, but prepared statement \"{name}\" \
                 requires {required}"
            )));
        }
        let codes = &bind.parameter_format_codes;
        if codes.len() > 1 && codes.len() != count {
            let formats = codes.len();
            return Err(Report::protocol(format!(
                "bind message has {formats} parameter formats but {count} parameters"
            )));
        }
        let formats = formats(codes, count)?;
        let values = bind.parameters.iter().zip(&formats).zip(&self.oids);
        values
            .zip(self.types())
            .map(|(((value, format), oid), target)| {
                types::decode(value.as_deref(), *format, *oid, target, zone)
            })
            .collect()
    }
}

/// No code means text, one code stands for all.
pub(crate) fn formats(codes: &[i16], count: usize) -> Result<Vec<Format>> {
    match codes {
        [] => Ok(vec![Format::Text; count]),
        [one] => Ok(vec![Format::parse(*one)?; count]),
        many if many.len() == count => many.iter().map(|code| Format::parse(*code)).collect(),
        many => {
            let formats = many.len();
            Err(Report::protocol(format!(
                "bind message has {formats} result formats but query has {count} columns"
            )))
        }
    }
}
