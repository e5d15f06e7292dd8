//! A logged-in client: takes its messages one by one and answers them in order.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use arrow::datatypes::FieldRef;
use futures::FutureExt;
use lakegate_base::{
    Answer, Error, Parameter, Prepared, Session, Statement, StatementKind, Transaction,
};
use pgwire::messages::PgWireFrontendMessage as Message;
use pgwire::messages::response::{ReadyForQuery, TransactionStatus};
use pgwire::messages::startup::ParameterStatus;
use tokio::time::sleep;

use crate::error::{Report, Result, Severity, clean, notice};
use crate::frame::{Frame, Phase};
use crate::link::{Gone, Link, Received};
use crate::portal::Portal;
use crate::server::Shared;
use crate::startup::Client;
use crate::stored::Stored;

pub(crate) struct Connection {
    pub link: Link,
    pub client: Client,
    pub statements: HashMap<String, Arc<Stored>>,
    pub portals: HashMap<String, Portal>,
    /// After an error in the extended protocol, until Sync.
    skipping: bool,
    /// Inside a series of extended messages that no Sync has ended yet.
    in_series: bool,
    /// How many transactions have ended.
    pub transactions: u64,
}

/// Why a message was not answered as it should.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The client is told, and may go on.
    Report(Report),
    Gone,
}

impl From<Report> for Fault {
    fn from(report: Report) -> Self {
        Self::Report(report)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Report(error.into())
    }
}

impl From<Gone> for Fault {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

#[derive(PartialEq, Eq)]
enum Next {
    Message,
    Close,
}

/// Why waiting for the next message ended without one.
enum Quiet {
    Draining,
    Idle,
}

impl Connection {
    pub fn new(link: Link, client: Client) -> Self {
        let (statements, portals) = (HashMap::new(), HashMap::new());
        Self {
            link,
            client,
            statements,
            portals,
            skipping: false,
            in_series: false,
            transactions: 0,
        }
    }

    /// Serves until the client leaves, breaks the protocol, or the server stops.
    pub async fn run(mut self, shared: &Shared) {
        if self.ready().await.is_err() {
            return;
        }
        loop {
            let frame = match self.next(shared).await {
                Ok(Ok(Received::Frame(frame))) => frame,
                Ok(Ok(Received::Broken(report))) => return self.link.end(&report).await,
                Ok(Err(quiet)) => return self.link.end(&quiet.report()).await,
                Err(Gone) => return,
            };
            match AssertUnwindSafe(self.answer(frame)).catch_unwind().await {
                Ok(Ok(Next::Message)) => {}
                Ok(Ok(Next::Close)) => return,
                Ok(Err(Gone)) => return self.client.session.cancel(),
                Err(panic) => {
                    let text = panic_text(panic.as_ref());
                    tracing::error!(user = self.client.user, panic = text, "a connection panicked");
                    self.portals.clear();
                    let report = Report::new("XX000", "internal error: the connection is closed");
                    return self.link.end(&report).await;
                }
            }
        }
    }

    /// The next message, or why none is waited for any longer. What was sent already is served
    /// first.
    async fn next(&mut self, shared: &Shared) -> Result<Result<Received, Quiet>, Gone> {
        if shared.draining.is_cancelled() && !self.in_series {
            return Ok(Err(Quiet::Draining));
        }
        let limit = self.link.limits.idle_timeout;
        let idle = async {
            match limit {
                Some(limit) => sleep(limit).await,
                None => std::future::pending().await,
            }
        };
        let terminated = self.client.session.terminated();
        tokio::select! {
            biased;
            () = terminated => Ok(Err(Quiet::Draining)),
            received = self.link.receive(Phase::Session) => received.map(Ok),
            () = shared.draining.cancelled() => Ok(Err(Quiet::Draining)),
            () = idle => Ok(Err(Quiet::Idle)),
        }
    }

    async fn answer(&mut self, frame: Frame) -> Result<Next, Gone> {
        let kind = frame.kind;
        if kind == b'X' {
            return Ok(Next::Close);
        }
        if self.skipping && kind != b'S' {
            return Ok(Next::Message);
        }
        let extended = frame.is_extended();
        self.in_series = extended;
        let result = match frame.decode() {
            Ok(message) => self.dispatch(message).await,
            Err(report) => Err(report.into()),
        };
        self.client.session.rest();
        match result {
            Ok(()) => {}
            Err(Fault::Gone) => return Err(Gone),
            Err(Fault::Report(_)) if self.client.session.terminated().now_or_never().is_some() => {
                self.link.end(&Quiet::Draining.report()).await;
                return Ok(Next::Close);
            }
            Err(Fault::Report(report)) => {
                self.fail(&report)?;
                self.skipping = extended;
            }
        }
        match kind {
            b'Q' | b'F' => self.ready().await?,
            b'S' => {
                self.skipping = false;
                self.ready().await?;
            }
            b'H' => self.link.flush().await?,
            // An error ends a series: nothing more is said before Sync, which may be long in
            // coming.
            _ if self.skipping => self.link.flush().await?,
            // A client may send messages without end and no Sync among them.
            _ if self.link.output.is_full() => self.link.flush().await?,
            _ => {}
        }
        Ok(Next::Message)
    }

    async fn dispatch(&mut self, message: Message) -> Result<(), Fault> {
        match message {
            Message::Query(query) => self.simple(&query.query).await,
            Message::Parse(parse) => self.parse(parse).await,
            Message::Bind(bind) => self.bind(&bind).await,
            Message::Describe(describe) => self.describe(&describe),
            Message::Execute(execute) => self.execute(execute).await,
            Message::Close(close) => self.close(&close),
            Message::Flush(_) | Message::Sync(_) => Ok(()),
            // Left over from a COPY that failed: Postgres ignores them, too.
            Message::CopyData(_) | Message::CopyDone(_) | Message::CopyFail(_) => Ok(()),
            _ => Err(Report::protocol("unexpected message").into()),
        }
    }

    /// Tells client and session that a statement failed. Of its portals, only those live on that an
    /// earlier transaction or savepoint keeps.
    fn fail(&mut self, report: &Report) -> Result<(), Gone> {
        self.client.session.fail();
        match self.client.session.transaction() {
            Transaction::Failed => self.rolled_back_to_savepoint(),
            _ => self.rolled_back(),
        }
        self.link.output.message(&report.message(Severity::Error)).map_err(|_| Gone)
    }

    /// Ends a round: what belongs to a transaction that is over goes, the client may speak again.
    async fn ready(&mut self) -> Result<(), Gone> {
        self.end_transaction();
        let status = match self.client.session.transaction() {
            Transaction::Idle => TransactionStatus::Idle,
            Transaction::Implicit | Transaction::Open => TransactionStatus::Transaction,
            Transaction::Failed => TransactionStatus::Error,
        };
        self.link.output.message(&ReadyForQuery::new(status)).map_err(|_| Gone)?;
        self.link.flush().await
    }

    /// In a failed transaction, only its end is allowed.
    pub fn check_transaction(&self, kind: &StatementKind) -> Result<()> {
        use StatementKind::{Commit, Rollback, RollbackTo};
        let ends = matches!(kind, Commit | Rollback | RollbackTo);
        if self.client.session.transaction() == Transaction::Failed && !ends {
            return Err(Report::aborted());
        }
        Ok(())
    }

    /// Plans a statement while watching the socket.
    pub async fn prepare(
        &mut self,
        statement: &Statement,
        declared: &[Option<FieldRef>],
    ) -> Result<Arc<dyn Prepared>, Fault> {
        self.check_transaction(&statement.kind)?;
        let session = Arc::clone(&self.client.session);
        Ok(self.link.watch(session.prepare(statement, declared)).await??)
    }

    /// Starts a statement while watching the socket, and passes its notices on.
    pub async fn start(
        &mut self,
        prepared: &dyn Prepared,
        parameters: &[Parameter],
    ) -> Result<Answer, Fault> {
        self.check_transaction(&prepared.kind())?;
        let session = Arc::clone(&self.client.session);
        let answer = self.link.watch(session.execute(prepared, parameters)).await??;
        for text in &answer.notices {
            self.link.output.message(&notice(text))?;
        }
        Ok(answer)
    }

    /// What a finished statement means for this front: its objects, and the settings a client is
    /// told.
    pub fn finish(&mut self, kind: &StatementKind, tag: &str) -> Result<()> {
        match kind {
            StatementKind::Rows | StatementKind::Begin | StatementKind::Front(_) => return Ok(()),
            StatementKind::Command if tag == "DISCARD ALL" => {
                self.statements.clear();
                self.portals.clear();
            }
            StatementKind::Command => self.released(),
            StatementKind::RollbackTo => self.rolled_back_to_savepoint(),
            StatementKind::Commit | StatementKind::Rollback => {
                self.transactions += 1;
                // A failed transaction that is to be committed is rolled back.
                if tag == "COMMIT" { self.committed() } else { self.rolled_back() }
            }
        }
        self.report_settings()
    }

    fn report_settings(&mut self) -> Result<()> {
        for (name, known) in &mut self.client.reported {
            match self.client.session.show(name) {
                Ok(value) if value != *known => {
                    let status = ParameterStatus::new((*name).to_string(), clean(&value));
                    self.link.output.message(&status)?;
                    *known = value;
                }
                _ => {}
            }
        }
        Ok(())
    }

    pub fn session(&self) -> &dyn Session {
        self.client.session.as_ref()
    }
}

impl Quiet {
    fn report(&self) -> Report {
        match self {
            Self::Draining => {
                Report::new("57P01", "terminating connection due to administrator command")
            }
            Self::Idle => {
                Report::new("57P05", "terminating connection due to idle-session timeout")
            }
        }
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("unknown")
}
