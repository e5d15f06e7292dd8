//! The simple protocol: a text of statements, each answered in text format.

use std::sync::Arc;

use lakegate_base::{FrontStatement, Statement};
use pgwire::messages::response::EmptyQueryResponse;

use crate::connection::{Connection, Fault};
use crate::front::Reply;
use crate::stored::{Work, no_parameter};

impl Connection {
    /// Runs the statements of a text in order. The first failure ends it, and undoes what those
    /// before it changed: together they are one transaction.
    pub async fn simple(&mut self, text: &str) -> Result<(), Fault> {
        // Postgres, too, drops the unnamed statement and portal here.
        self.statements.remove("");
        self.portals.remove("");
        let statements = self.session().parse(text)?;
        if statements.is_empty() {
            self.link.output.message(&EmptyQueryResponse::new())?;
        }
        for statement in &statements {
            if statements.len() > 1 {
                self.session().begin_implicit();
            }
            let tag = self.simple_statement(statement).await?;
            self.complete(&tag)?;
            if self.link.output.is_full() {
                self.link.flush().await?;
            }
        }
        self.session().end_implicit();
        Ok(())
    }

    async fn simple_statement(&mut self, statement: &Statement) -> Result<String, Fault> {
        let stored = Arc::new(self.store(Some(statement.clone()), &[]).await?);
        if !stored.oids.is_empty() {
            return Err(no_parameter().into());
        }
        if let Work::Front { statement, .. } = &stored.work {
            let FrontStatement::Execute { name, arguments } = statement.as_ref() else {
                return self.run_front(&stored, &[], Reply::Simple).await;
            };
            let (executed, parameters) = self.executed(name, arguments.as_ref()).await?;
            return self.run_query(&executed, parameters).await;
        }
        self.run_query(&stored, Vec::new()).await
    }
}
