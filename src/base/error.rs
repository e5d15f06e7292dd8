//! One error for the whole program: a kind named by how the caller must react, what it concerns, a
//! message fit for the client, and a private source for the log.

use std::fmt;

pub type Result<T, E = Error> = std::result::Result<T, E>;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// How the caller must react.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The named thing is not there, or the caller may not see it: the same answer.
    NotFound,
    AlreadyExists,
    /// The request is wrong: change it.
    InvalidInput,
    /// The caller is not who they say, or may not do this.
    Denied,
    /// Someone else changed the same thing: read again and retry.
    Conflict,
    /// Valid, but Lakegate does not do it (yet). The message starts "not supported: ".
    Unsupported,
    /// A limit was reached (memory, rows, sessions, disk): ask for less, or raise the limit.
    Exhausted,
    /// The caller, or an operator, cancelled it.
    Cancelled,
    /// The deadline passed.
    Timeout,
    /// A service we depend on does not answer: try again later.
    Unavailable,
    /// Stored data is damaged or does not follow its format.
    Corrupt,
    /// A fault in Lakegate.
    Internal,
}

/// What the error concerns; fronts choose their finer codes by it (SQLSTATE, gRPC status, Glue names).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Subject {
    #[default]
    Other,
    Database,
    Schema,
    Table,
    Column,
    Function,
    Type,
    Setting,
    Syntax,
    /// A value that does not fit its type or range.
    Value,
    DivisionByZero,
    Grouping,
    Parameter,
    Statement,
    Cursor,
    Transaction,
    Object,
    Memory,
    Disk,
    Connection,
    /// Nested too deeply or too many terms.
    Complexity,
    Authentication,
}

/// See the module. Build one with [`Error::new`] or the constructors named after the kinds.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    subject: Subject,
    message: String,
    hint: Option<String>,
    /// 1-based character position in the statement's text.
    position: Option<u32>,
    source: Option<Source>,
}

impl Error {
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let message = message.into();
        let inner = Inner {
            kind,
            subject: Subject::Other,
            message,
            hint: None,
            position: None,
            source: None,
        };
        Self(Box::new(inner))
    }

    /// `not_found(Subject::Table, "orders")` reads `table "orders" does not exist`.
    pub fn not_found(subject: Subject, name: impl fmt::Display) -> Self {
        let what = format!("{subject:?}").to_lowercase();
        Self::new(ErrorKind::NotFound, format!("{what} \"{name}\" does not exist")).about(subject)
    }

    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidInput, message)
    }

    pub fn syntax(message: impl Into<String>) -> Self {
        Self::invalid(message).about(Subject::Syntax)
    }

    /// `unsupported("deletion vectors")` reads `not supported: deletion vectors`.
    pub fn unsupported(what: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Unsupported, format!("not supported: {what}"))
    }

    pub fn denied(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Denied, message)
    }

    pub fn exhausted(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Exhausted, message)
    }

    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unavailable, message)
    }

    pub fn corrupt(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Corrupt, message)
    }

    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    #[must_use]
    pub fn about(mut self, subject: Subject) -> Self {
        self.0.subject = subject;
        self
    }

    /// What the reader can do next, as a full sentence.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    #[must_use]
    pub fn at(mut self, position: u32) -> Self {
        self.0.position = Some(position);
        self
    }

    /// The cause, for the log only: clients never see it.
    #[must_use]
    pub fn source(mut self, source: impl Into<Source>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The same error once more, for another who waits; the causes become text.
    #[must_use]
    pub fn copy(&self) -> Self {
        let source = Some(Source::from(self.full()));
        let (message, hint) = (self.0.message.clone(), self.0.hint.clone());
        let Inner { kind, subject, position, .. } = *self.0;
        Self(Box::new(Inner { kind, subject, message, hint, position, source }))
    }

    /// Puts the name of the thing in front: `context("table sales.orders")`.
    #[must_use]
    pub fn context(mut self, name: impl fmt::Display) -> Self {
        self.0.message = format!("{name}: {}", self.0.message);
        self
    }

    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    pub fn subject(&self) -> Subject {
        self.0.subject
    }

    pub fn message(&self) -> &str {
        &self.0.message
    }

    pub fn hint_text(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    pub fn position(&self) -> Option<u32> {
        self.0.position
    }

    pub fn is_not_found(&self) -> bool {
        self.kind() == ErrorKind::NotFound
    }

    /// Message and all causes on one line, for the log.
    pub fn full(&self) -> String {
        let mut text = self.0.message.clone();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        text.replace('\n', " ")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|s| &**s as &(dyn std::error::Error + 'static))
    }
}
