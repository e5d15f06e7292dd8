//! The extended protocol: Parse, Bind, Describe, Execute, Close.

use std::sync::Arc;

use arrow::datatypes::DataType;
use lakegate_base::{Parameter, Prepared, Statement, StatementKind};
use pgwire::messages::data::{NoData, ParameterDescription};
use pgwire::messages::extendedquery::{
    Bind, BindComplete, Close, CloseComplete, Describe, Execute, Parse, ParseComplete,
    PortalSuspended, TARGET_TYPE_BYTE_STATEMENT,
};
use pgwire::messages::response::{CommandComplete, EmptyQueryResponse};

use crate::connection::{Connection, Fault};
use crate::error::{Report, Result, clean};
use crate::portal::{Cursor, Portal, Progress, State, tag_with_count};
use crate::types::{self, Column, Format, Zone};

/// A prepared statement of this connection.
pub(crate) struct Stored {
    /// None for an empty text.
    planned: Option<Planned>,
    /// The parameters' types as the client knows them.
    oids: Vec<u32>,
    columns: Arc<[Column]>,
}

struct Planned {
    statement: Statement,
    prepared: Arc<dyn Prepared>,
}

impl Connection {
    pub async fn parse(&mut self, parse: Parse) -> Result<(), Fault> {
        let name = parse.name.unwrap_or_default();
        if name.is_empty() {
            self.statements.remove("");
        } else if self.statements.contains_key(&name) {
            let message = format!("prepared statement \"{name}\" already exists");
            return Err(Report::new("42P05", message).into());
        }
        if self.statements.len() >= self.link.limits.statements {
            let message = format!("more than {} prepared statements", self.link.limits.statements);
            return Err(Report::new("53400", message)
                .hint("Close some, or use DEALLOCATE.")
                .into());
        }
        let mut statements = self.session().parse(&parse.query)?.into_iter();
        let statement = statements.next();
        if statements.next().is_some() {
            let message = "cannot insert multiple commands into a prepared statement";
            return Err(Report::new("42601", message).into());
        }
        let planned = match statement {
            Some(statement) => {
                let prepared = self.plan(&statement, &parse.type_oids).await?;
                Some(Planned { statement, prepared })
            }
            None => None,
        };
        let stored = Stored::new(planned, &parse.type_oids)?;
        let texts = self.statements.values().map(|stored| stored.bytes()).sum::<usize>();
        self.check_bytes(texts + stored.bytes())?;
        self.statements.insert(name, Arc::new(stored));
        self.link.output.message(&ParseComplete::new())?;
        Ok(())
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

    /// What a session keeps between messages is bounded in bytes, too.
    fn check_bytes(&self, bytes: usize) -> Result<()> {
        let limit = self.link.limits.object_bytes;
        if bytes <= limit {
            return Ok(());
        }
        let message = format!("prepared statements or portals of more than {limit} bytes");
        Err(Report::new("53400", message).hint("Close some, or use DEALLOCATE."))
    }

    pub async fn bind(&mut self, bind: &Bind) -> Result<(), Fault> {
        let name = bind.portal_name.as_deref().unwrap_or_default();
        let stored = self.stored(bind.statement_name.as_deref().unwrap_or_default())?;
        if name.is_empty() {
            self.portals.remove("");
        } else if self.portals.contains_key(name) {
            return Err(Report::new("42P03", format!("cursor \"{name}\" already exists")).into());
        }
        if self.portals.len() >= self.link.limits.portals {
            let message = format!("more than {} portals", self.link.limits.portals);
            return Err(Report::new("53400", message)
                .hint("Close some, or end the transaction.")
                .into());
        }
        if let Some(planned) = &stored.planned {
            self.check_transaction(planned.statement.kind)?;
        }
        let zone = Zone::parse(&self.session().show("TimeZone")?)?;
        let parameters = stored.parameters(bind, &zone)?;
        let formats = formats(&bind.result_column_format_codes, stored.columns.len())?;
        let portal = Portal { stored, parameters, formats, state: State::Bound };
        let bytes = self.portals.values().map(Portal::bytes).sum::<usize>();
        self.check_bytes(bytes + portal.bytes())?;
        self.portals.insert(name.to_string(), portal);
        self.link.output.message(&BindComplete::new())?;
        Ok(())
    }

    pub fn describe(&mut self, describe: &Describe) -> Result<(), Fault> {
        let name = describe.name.as_deref().unwrap_or_default();
        let (stored, formats) = if describe.target_type == TARGET_TYPE_BYTE_STATEMENT {
            let stored = self.stored(name)?;
            self.link.output.message(&ParameterDescription::new(stored.oids.clone()))?;
            let formats = vec![Format::Text; stored.columns.len()];
            (stored, formats)
        } else {
            let portal = self.portals.get(name).ok_or_else(|| no_portal(name))?;
            (Arc::clone(&portal.stored), portal.formats.clone())
        };
        if stored.answers_no_rows() {
            self.link.output.message(&NoData::new())?;
        } else {
            self.link.output.message(&types::row_description(&stored.columns, &formats)?)?;
        }
        Ok(())
    }

    pub async fn execute(&mut self, execute: Execute) -> Result<(), Fault> {
        let name = execute.name.unwrap_or_default();
        // Taken out while it runs, so that a failure drops it.
        let mut portal = self.portals.remove(&name).ok_or_else(|| no_portal(&name))?;
        let limit = u64::try_from(execute.max_rows).ok().filter(|limit| *limit > 0);
        self.run_portal(&mut portal, limit).await?;
        let kind = portal.stored.planned.as_ref().map(|planned| planned.statement.kind);
        // The end of a transaction is the end of its portals, this one's, too.
        if !matches!(kind, Some(StatementKind::Commit | StatementKind::Rollback)) {
            self.portals.insert(name, portal);
        }
        Ok(())
    }

    async fn run_portal(&mut self, portal: &mut Portal, limit: Option<u64>) -> Result<(), Fault> {
        let stored = Arc::clone(&portal.stored);
        let Some(planned) = &stored.planned else {
            self.link.output.message(&EmptyQueryResponse::new())?;
            return Ok(());
        };
        if let State::Bound = portal.state {
            let answer = self.start(planned.prepared.as_ref(), &portal.parameters).await?;
            let Some(rows) = answer.rows else {
                portal.state = State::Done;
                self.finish(&planned.statement, &answer.tag)?;
                self.link.output.message(&CommandComplete::new(clean(&answer.tag)))?;
                return Ok(());
            };
            types::check_shape(&planned.prepared.schema(), &rows.schema)?;
            let formats = portal.formats.clone();
            let columns = Arc::clone(&stored.columns);
            let cursor = Cursor::new(rows, columns, formats, self.session())?;
            portal.state = State::Running { cursor, tag: answer.tag };
        }
        let tag = match &mut portal.state {
            State::Running { cursor, tag } => match cursor.run(&mut self.link, limit).await? {
                Progress::Suspended => {
                    self.link.output.message(&PortalSuspended::new())?;
                    return Ok(());
                }
                Progress::Complete => tag_with_count(tag, cursor.sent),
            },
            State::Bound | State::Done if stored.answers_no_rows() => {
                return Err(Report::new("55000", "portal cannot be run anymore").into());
            }
            State::Bound | State::Done => tag_with_count("SELECT", 0),
        };
        portal.state = State::Done;
        self.finish(&planned.statement, &tag)?;
        self.link.output.message(&CommandComplete::new(clean(&tag)))?;
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

    /// The SQL statements DEALLOCATE and CLOSE.
    pub fn deallocate(&mut self, text: &str) -> Result<()> {
        let Some(target) = Target::parse(text) else {
            return Err(Report::new("42601", "syntax error in DEALLOCATE or CLOSE"));
        };
        match target {
            Target::AllStatements => self.statements.clear(),
            Target::AllPortals => self.portals.clear(),
            Target::Statement(name) => {
                self.statements.remove(&name).ok_or_else(|| no_statement(&name))?;
            }
            Target::Portal(name) => {
                let missing = || Report::new("34000", format!("cursor \"{name}\" does not exist"));
                self.portals.remove(&name).ok_or_else(missing)?;
            }
        }
        Ok(())
    }

    fn stored(&self, name: &str) -> Result<Arc<Stored>> {
        self.statements.get(name).cloned().ok_or_else(|| no_statement(name))
    }
}

fn no_statement(name: &str) -> Report {
    let message = if name.is_empty() {
        "unnamed prepared statement does not exist".to_string()
    } else {
        format!("prepared statement \"{name}\" does not exist")
    };
    Report::new("26000", message)
}

fn no_portal(name: &str) -> Report {
    Report::new("34000", format!("portal \"{name}\" does not exist"))
}

impl Stored {
    fn new(planned: Option<Planned>, declared: &[u32]) -> Result<Self> {
        let Some(planned) = planned else {
            return Ok(Self { planned, oids: declared.to_vec(), columns: Arc::new([]) });
        };
        let inferred = planned.prepared.parameters();
        let count = inferred.len().max(declared.len());
        let mut oids = Vec::with_capacity(count);
        for index in 0..count {
            let declared = declared.get(index).copied().filter(|oid| types::is_known(*oid));
            let oid = match (declared, inferred.get(index)) {
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
        Ok(Self { planned: Some(planned), oids, columns })
    }

    fn answers_no_rows(&self) -> bool {
        let kind = self.planned.as_ref().map(|planned| planned.statement.kind);
        self.columns.is_empty() && kind != Some(StatementKind::Rows)
    }

    fn bytes(&self) -> usize {
        self.planned.as_ref().map_or(0, |planned| planned.statement.text.len())
    }

    /// Decodes the values of Bind into arrays of the prepared types.
    fn parameters(&self, bind: &Bind, zone: &Zone) -> Result<Vec<Parameter>> {
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
        let types = self.planned.as_ref().map_or(&[][..], |planned| planned.prepared.parameters());
        let values = bind.parameters.iter().zip(&formats).zip(&self.oids);
        values
            .zip(types)
            .map(|(((value, format), oid), target)| {
                types::decode(value.as_deref(), *format, *oid, target, zone)
            })
            .collect()
    }
}

/// No code means text, one code stands for all.
fn formats(codes: &[i16], count: usize) -> Result<Vec<Format>> {
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

#[derive(Debug, PartialEq, Eq)]
enum Target {
    AllStatements,
    AllPortals,
    Statement(String),
    Portal(String),
}

impl Target {
    /// `DEALLOCATE [PREPARE] name | ALL`, `CLOSE name | ALL`. Quoted names keep their case.
    fn parse(text: &str) -> Option<Self> {
        let text = without_comments(text).trim_end().trim_end_matches(';').trim_end();
        let (verb, mut rest) = text.split_once(char::is_whitespace)?;
        let statement = verb.eq_ignore_ascii_case("deallocate");
        if !statement && !verb.eq_ignore_ascii_case("close") {
            return None;
        }
        rest = rest.trim_start();
        if statement
            && let Some((word, name)) = rest.split_once(char::is_whitespace)
            && word.eq_ignore_ascii_case("prepare")
        {
            rest = name.trim_start();
        }
        if rest.eq_ignore_ascii_case("all") {
            return Some(if statement { Self::AllStatements } else { Self::AllPortals });
        }
        let name = match rest.strip_prefix('"') {
            Some(quoted) => quoted.strip_suffix('"')?.replace("\"\"", "\""),
            None if rest.contains(char::is_whitespace) => return None,
            None => rest.to_lowercase(),
        };
        Some(if statement { Self::Statement(name) } else { Self::Portal(name) })
    }
}

/// What follows the comments that tools put in front of a statement.
fn without_comments(text: &str) -> &str {
    let mut text = text.trim_start();
    loop {
        let rest = match (text.strip_prefix("/*"), text.strip_prefix("--")) {
            (Some(block), _) => block.split_once("*/"),
            (None, Some(line)) => line.split_once('\n'),
            (None, None) => return text,
        };
        text = rest.map_or("", |(_, rest)| rest.trim_start());
    }
}

#[cfg(test)]
mod tests {
    use super::Target;

    #[test]
    fn deallocate_names_what_to_drop() {
        let parse = Target::parse;
        assert_eq!(parse("DEALLOCATE ALL"), Some(Target::AllStatements));
        assert_eq!(parse("deallocate prepare S_1 ;"), Some(Target::Statement("s_1".into())));
        assert_eq!(parse("DEALLOCATE \"S_1\""), Some(Target::Statement("S_1".into())));
        assert_eq!(parse("/* dbt */ -- x\n CLOSE ALL"), Some(Target::AllPortals));
        assert_eq!(parse("close all"), Some(Target::AllPortals));
        assert_eq!(parse("CLOSE c\n"), Some(Target::Portal("c".into())));
        assert_eq!(parse("CLOSE a b"), None);
    }
}
