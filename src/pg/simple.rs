//! The simple protocol: a text of statements, each answered in text format.

use lakegate_base::Statement;
use pgwire::messages::response::{CommandComplete, EmptyQueryResponse};

use crate::connection::{Connection, Fault};
use crate::error::{Report, clean};
use crate::portal::{Cursor, Progress, tag_with_count};
use crate::types::{self, Format};

impl Connection {
    /// Runs the statements of a text in order. The first failure ends it.
    pub async fn simple(&mut self, text: &str) -> Result<(), Fault> {
        // Postgres, too, drops the unnamed statement and portal here.
        self.statements.remove("");
        self.portals.remove("");
        let statements = self.session().parse(text)?;
        if statements.is_empty() {
            self.link.output.message(&EmptyQueryResponse::new())?;
        }
        for statement in &statements {
            self.simple_statement(statement).await?;
            if self.link.output.is_full() {
                self.link.flush().await?;
            }
        }
        Ok(())
    }

    async fn simple_statement(&mut self, statement: &Statement) -> Result<(), Fault> {
        let prepared = self.prepare(statement, &[]).await?;
        if !prepared.parameters().is_empty() {
            return Err(Report::new("42P02", "there is no parameter $1").into());
        }
        let answer = self.start(prepared.as_ref(), &[]).await?;
        let mut tag = answer.tag;
        if let Some(rows) = answer.rows {
            types::check_shape(&prepared.schema(), &rows.schema)?;
            let columns = types::columns(&prepared.schema())?;
            let formats = vec![Format::Text; columns.len()];
            self.link.output.message(&types::row_description(&columns, &formats)?)?;
            let mut cursor = Cursor::new(rows, columns.into(), formats, self.session())?;
            let progress = cursor.run(&mut self.link, None).await?;
            debug_assert_eq!(progress, Progress::Complete, "no row limit was set");
            tag = tag_with_count(&tag, cursor.sent);
        }
        self.finish(statement, &tag)?;
        self.link.output.message(&CommandComplete::new(clean(&tag)))?;
        Ok(())
    }
}
