//! Errors as Postgres clients know them: a severity, a SQLSTATE and a message.

use lakegate_base::{Error, ErrorKind, Subject};
use pgwire::messages::response::{ErrorResponse, NoticeResponse};

pub(crate) type Result<T, E = Report> = std::result::Result<T, E>;

/// An error on its way to a client. Made from `base::Error` by [`sqlstate`], or of the protocol's
/// own.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub code: &'static str,
    pub message: String,
    hint: Option<String>,
    position: Option<u32>,
}

/// How Postgres ranks a message: an ERROR ends the statement, a FATAL the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Severity {
    Error,
    Fatal,
}

impl Report {
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None, position: None }
    }

    /// The client broke the protocol.
    pub fn protocol(message: impl Into<String>) -> Self {
        Self::new("08P01", message)
    }

    pub fn internal(message: impl Into<String>) -> Self {
        Error::internal(message).into()
    }

    pub fn aborted() -> Self {
        let text =
            "current transaction is aborted, commands ignored until end of transaction block";
        Self::new("25P02", text)
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub fn message(&self, severity: Severity) -> ErrorResponse {
        let severity = match severity {
            Severity::Error => "ERROR",
            Severity::Fatal => "FATAL",
        };
        let mut fields = vec![
            (b'S', severity.to_string()),
            (b'V', severity.to_string()),
            (b'C', self.code.to_string()),
            (b'M', clean(&self.message)),
        ];
        if let Some(hint) = &self.hint {
            fields.push((b'H', clean(hint)));
        }
        if let Some(position) = self.position {
            fields.push((b'P', position.to_string()));
        }
        ErrorResponse::new(fields)
    }
}

/// A notice, which is no error.
pub(crate) fn notice(text: &str) -> NoticeResponse {
    NoticeResponse::new(vec![
        (b'S', "NOTICE".to_string()),
        (b'V', "NOTICE".to_string()),
        (b'C', "00000".to_string()),
        (b'M', clean(text)),
    ])
}

/// Strings on the wire end at the first NUL: one inside would shift the rest of the message.
pub(crate) fn clean(text: &str) -> String {
    text.replace('\0', "")
}

impl From<Error> for Report {
    /// Also the place where a fault of ours is logged, once, with its causes.
    fn from(error: Error) -> Self {
        let code = sqlstate(&error);
        match error.kind() {
            ErrorKind::Internal => tracing::error!(error = error.full(), "internal error"),
            ErrorKind::Corrupt | ErrorKind::Unavailable => {
                tracing::warn!(error = error.full(), code)
            }
            _ => tracing::debug!(error = error.full(), code),
        }
        Self {
            code,
            message: error.message().to_string(),
            hint: error.hint_text().map(str::to_string),
            position: error.position(),
        }
    }
}

/// The codes of https://www.postgresql.org/docs/15/errcodes-appendix.html.
fn sqlstate(error: &Error) -> &'static str {
    let subject = error.subject();
    match error.kind() {
        ErrorKind::NotFound => not_found(subject),
        ErrorKind::AlreadyExists => already_exists(subject),
        ErrorKind::InvalidInput => invalid(subject, error.message()),
        ErrorKind::Denied => match subject {
            Subject::Authentication => "28P01",
            Subject::Connection => "28000",
            Subject::Transaction => "25006",
            Subject::Setting => "55P02",
            _ => "42501",
        },
        ErrorKind::Conflict => "40001",
        ErrorKind::Unsupported => "0A000",
        ErrorKind::Exhausted => match subject {
            Subject::Memory => "53200",
            Subject::Disk => "53100",
            Subject::Connection => "53300",
            Subject::Complexity => "54001",
            Subject::Value => "22003",
            Subject::Syntax | Subject::Statement => "54000",
            _ => "53400",
        },
        ErrorKind::Cancelled | ErrorKind::Timeout => "57014",
        ErrorKind::Unavailable if subject == Subject::Connection => "08006",
        ErrorKind::Unavailable => "58000",
        ErrorKind::Corrupt => "XX001",
        ErrorKind::Internal => "XX000",
    }
}

fn not_found(subject: Subject) -> &'static str {
    match subject {
        Subject::Table | Subject::Object => "42P01",
        Subject::Column => "42703",
        Subject::Function => "42883",
        Subject::Schema => "3F000",
        Subject::Database => "3D000",
        Subject::Setting | Subject::Type => "42704",
        Subject::Statement => "26000",
        Subject::Cursor => "34000",
        Subject::Parameter => "42P02",
        Subject::Transaction => "3B001",
        Subject::Authentication => "28P01",
        Subject::Other
        | Subject::Syntax
        | Subject::Value
        | Subject::DivisionByZero
        | Subject::Grouping
        | Subject::Memory
        | Subject::Disk
        | Subject::Connection
        | Subject::Complexity => "42704",
    }
}

fn already_exists(subject: Subject) -> &'static str {
    match subject {
        Subject::Schema => "42P06",
        Subject::Database => "42P04",
        Subject::Column => "42701",
        Subject::Function => "42723",
        Subject::Statement => "42P05",
        Subject::Cursor => "42P03",
        Subject::Transaction => "25001",
        Subject::Type | Subject::Setting => "42710",
        _ => "42P07",
    }
}

fn invalid(subject: Subject, message: &str) -> &'static str {
    match subject {
        Subject::Table | Subject::Object => "42P01",
        Subject::Column => "42702",
        Subject::Function => "42883",
        Subject::Schema => "3F000",
        Subject::Database => "3D000",
        Subject::Type => "42804",
        Subject::Setting => "22023",
        Subject::Syntax => "42601",
        Subject::Value => of_value(message),
        Subject::DivisionByZero => "22012",
        Subject::Grouping => "42803",
        Subject::Parameter => "42P18",
        Subject::Statement => of_statement(message),
        Subject::Cursor => "34000",
        Subject::Transaction if message.contains("only be used in transaction blocks") => "25P01",
        Subject::Transaction => "25P02",
        Subject::Complexity => "54001",
        Subject::Authentication => "28P01",
        Subject::Connection => "08P01",
        Subject::Memory => "53200",
        Subject::Disk => "53100",
        Subject::Other => "42000",
    }
}

/// What planning refuses.
fn of_statement(message: &str) -> &'static str {
    match message {
        m if m.contains("more than one row returned") => "21000",
        m if m.contains("cannot be matched") || m.contains("coerc") => "42804",
        _ => "42601",
    }
}

/// One subject for Postgres's codes of values: its own wording tells them apart.
fn of_value(message: &str) -> &'static str {
    const WORDINGS: [(&str, &str); 37] = [
        ("date/time field value out of range", "22008"),
        ("date field value out of range", "22008"),
        ("time field value out of range", "22008"),
        ("interval field value out of range", "22015"),
        ("interval out of range", "22008"),
        ("timestamp out of range", "22008"),
        ("timestamp cannot be NaN", "22008"),
        ("date out of range", "22008"),
        ("invalid input syntax for type date", "22007"),
        ("invalid input syntax for type time", "22007"),
        ("invalid input syntax for type interval", "22007"),
        ("invalid value \"", "22007"),
        ("is invalid for the 12-hour clock", "22007"),
        ("invalid format specification for an interval", "22007"),
        ("time zone \"", "22023"),
        ("not recognized for type", "22023"),
        ("step size cannot equal zero", "22023"),
        ("stride must be greater than zero", "22008"),
        ("invalid regular expression option", "22023"),
        ("does not support the \"global\" option", "22023"),
        ("invalid regular expression", "2201B"),
        ("invalid byte sequence for encoding", "22021"),
        ("cannot get array length", "22023"),
        ("cannot extract elements", "22023"),
        ("is not between 0 and 1", "22003"),
        ("factorial of a negative number", "22003"),
        ("cannot take logarithm", "2201E"),
        ("cannot take square root", "2201F"),
        ("raised to a negative power", "2201F"),
        ("complex result", "2201F"),
        ("bucket", "2201G"),
        ("count must be greater than zero", "2201G"),
        ("bound cannot equal", "2201G"),
        ("bounds must be finite", "2201G"),
        ("field position must not be zero", "22023"),
        ("out of range", "22003"),
        ("verflow", "22003"),
    ];
    let known = WORDINGS.iter().find(|(wording, _)| message.contains(wording));
    known.map_or("22P02", |(_, code)| code)
}
