//! The gateway as its clients see it: where it listens, how to get in, what it answers to one statement.

use std::error::Error as _;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::pin::pin;
use std::time::Duration;

use bytes::BytesMut;
use futures::TryStreamExt;
use lakegate_base::{Error, Result};
use tokio::time::timeout;
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use super::statements::{Names, Script, Sent, Statement};
use crate::config::{Auth, Config};
use crate::output::thousands;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The gateway's own limit for one statement, and ours for a gateway that does not keep it.
const STATEMENT_TIMEOUT: &str = "30s";
const ANSWER_TIMEOUT: Duration = Duration::from_secs(40);

/// Where trust lets anybody in.
const USER: &str = "lakegate";

const URL: &str = "postgres://USER:PASSWORD@HOST:PORT/DATABASE";

/// A table with a column that can be compared and sorted, and names that need no quotes. A lake without
/// tables has `pg_class`.
const A_TABLE: &str = "\
SELECT n.nspname, c.relname, a.attname, c.oid, n.oid, current_database()
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
WHERE c.relkind = 'r' AND n.nspname NOT IN ('information_schema', 'lakegate')
  AND (n.nspname <> 'pg_catalog' OR c.relname = 'pg_class')
  AND n.nspname ~ '^[a-z_][a-z0-9_]*$' AND c.relname ~ '^[a-z_][a-z0-9_]*$'
  AND a.attname ~ '^[a-z_][a-z0-9_]*$' AND a.attnum > 0
  AND a.atttypid IN (19, 20, 21, 23, 25, 701, 1043, 1082, 1114, 1184, 1700)
ORDER BY n.nspname = 'pg_catalog', n.nspname, c.relname, a.attnum
LIMIT 1";

pub struct Gateway {
    login: tokio_postgres::Config,
    /// `HOST:PORT`, for people.
    pub place: String,
}

/// What a statement got instead of an answer.
#[derive(Debug)]
pub struct Failure {
    /// SQLSTATE; empty when it was not the gateway that complained.
    pub code: String,
    pub message: String,
    pub detail: Option<String>,
    pub hint: Option<String>,
}

impl Gateway {
    /// The one at `url`, or the one that `serve` opens with these settings. What the URL leaves out is
    /// taken from the settings.
    pub fn find(url: Option<&str>, config: &Config) -> Result<Self> {
        let mut login = match url {
            // What the text holds may be a password: it is not repeated.
            Some(url) => url.parse::<tokio_postgres::Config>().map_err(|e| {
                Error::invalid(format!("--url cannot be read: {}", reason(&e)))
                    .hint(format!("Write {URL}."))
            })?,
            None => listening(config)?,
        };
        if login.get_hosts().is_empty() && login.get_hostaddrs().is_empty() {
            return Err(Error::invalid("--url names no host").hint(format!("Write {URL}.")));
        }
        let users = &config.pg.users;
        let scram = config.pg.auth == Auth::Scram;
        let first = users.keys().next().filter(|_| scram).map_or(USER, String::as_str);
        let user = login.get_user().unwrap_or(first).to_string();
        if let (None, Some(password)) = (login.get_password(), users.get(&user)) {
            login.password(password.reveal());
        }
        login.user(&user).connect_timeout(CONNECT_TIMEOUT);
        if login.get_dbname().is_none() {
            login.dbname(&config.lake.name);
        }
        let place = place(&login);
        Ok(Self { login, place })
    }

    /// A session of its own, under the client's name and with its settings.
    pub async fn connect(&self, script: &Script) -> Result<Client> {
        let mut login = self.login.clone();
        let options = format!("{} -c statement_timeout={STATEMENT_TIMEOUT}", script.options);
        login.application_name(&script.application).options(options.trim());
        let connected = timeout(CONNECT_TIMEOUT, login.connect(NoTls)).await;
        let silent = || Error::unavailable(format!("{} does not answer", self.place));
        let (client, connection) =
            connected.map_err(|_| silent())?.map_err(|error| self.refused(&error))?;
        // It ends with the client. What breaks it, the statement under way reports.
        tokio::spawn(connection);
        Ok(client)
    }

    /// Asks the gateway itself for a table to talk about.
    pub async fn names(&self) -> Result<Names> {
        let script = Script { application: "lakegate doctor".into(), ..Script::default() };
        let client = self.connect(&script).await?;
        let failed = |failure: Failure| {
            Error::unavailable(format!("{} cannot be asked for a table: {failure}", self.place))
                .hint("Report this with the gateway's version.")
        };
        let asked = timeout(ANSWER_TIMEOUT, client.simple_query(A_TABLE)).await;
        let messages = asked.map_err(|_| failed(Failure::silence()))?;
        let messages = messages.map_err(|error| failed(Failure::new(&error)))?;
        let row = messages.into_iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        let none = || Error::unavailable(format!("{} lists no relation at all", self.place));
        let row = row.ok_or_else(none)?;
        let text = |index: usize| row.get(index).unwrap_or_default().to_string();
        Ok(Names {
            schema: text(0),
            table: text(1),
            column: text(2),
            oid: text(3),
            schema_oid: text(4),
            database: text(5),
        })
    }

    fn refused(&self, error: &tokio_postgres::Error) -> Error {
        let place = &self.place;
        let user = self.login.get_user().unwrap_or_default();
        let password = format!("Give name and password: --url {URL}; or set them in pg.users.");
        let no_password = self.login.get_password().is_none();
        if let Some(code) = error.code().map(|code| code.code()) {
            let said = Failure::new(error);
            let hint = match code {
                _ if said.message.contains("TLS") || said.message.contains("SSL") => {
                    "Doctor speaks no TLS: ask a gateway with pg.require_tls = false.".into()
                }
                "28P01" | "28000" => password,
                "3D000" => format!("The name after the last slash of --url is the lake's: {URL}."),
                _ => "See the gateway's log.".into(),
            };
            let message = format!("{place} does not let {user} in: {said}");
            return Error::denied(message).hint(hint);
        }
        match error.source().and_then(|source| source.downcast_ref::<io::Error>()) {
            Some(cause) if cause.kind() == io::ErrorKind::ConnectionRefused => Error::unavailable(
                format!("nothing listens at {place}"),
            )
            .hint(format!("Start the gateway with lakegate serve, or name another: --url {URL}.")),
            None if no_password && reason(error).contains("password") => {
                Error::denied(format!("{place} wants a password of {user}")).hint(password)
            }
            _ => Error::unavailable(format!("{place} cannot be reached: {}", reason(error)))
                .hint(format!("Check the address: --url {URL}.")),
        }
    }
}

/// Where `serve` listens; an address that stands for all is reached at this machine's own.
fn listening(config: &Config) -> Result<tokio_postgres::Config> {
    let listen = config.pg_options()?.listen;
    if listen.port() == 0 {
        return Err(Error::invalid("pg.listen has port 0, which is another one at every start")
            .hint(format!("Say where the gateway listens: --url {URL}.")));
    }
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    let mut login = tokio_postgres::Config::new();
    login.host(ip.to_string()).port(listen.port());
    Ok(login)
}

fn place(login: &tokio_postgres::Config) -> String {
    const DEFAULT_PORT: u16 = 5432;
    let host = match login.get_hosts().first() {
        Some(tokio_postgres::config::Host::Tcp(host)) => host.clone(),
        #[cfg(unix)]
        Some(tokio_postgres::config::Host::Unix(path)) => path.display().to_string(),
        None => login.get_hostaddrs().first().map(IpAddr::to_string).unwrap_or_default(),
    };
    format!("{host}:{}", login.get_ports().first().unwrap_or(&DEFAULT_PORT))
}

/// Says one statement, reads all of its answer, and tells how much that was.
pub async fn say(client: &Client, statement: &Statement) -> std::result::Result<String, Failure> {
    let answered = match timeout(ANSWER_TIMEOUT, answer(client, statement)).await {
        Ok(answered) => answered.map_err(|error| Failure::new(&error)),
        Err(_) => Err(Failure::silence()),
    };
    match (&statement.fails, answered) {
        (None, answered) => answered,
        (Some(code), Err(failure)) if failure.code == *code => Ok(format!("{code}, as it should")),
        (Some(_), Err(failure)) => Err(failure),
        (Some(code), Ok(said)) => {
            Err(Failure::own(format!("{said} where PostgreSQL fails with {code}")))
        }
    }
}

async fn answer(
    client: &Client,
    statement: &Statement,
) -> std::result::Result<String, tokio_postgres::Error> {
    let sql = statement.sql.as_str();
    if sql.get(..5).is_some_and(|word| word.eq_ignore_ascii_case("copy ")) {
        let mut chunks = pin!(client.copy_out(sql).await?);
        let mut byte_count = 0;
        while let Some(chunk) = chunks.try_next().await? {
            byte_count += chunk.len();
        }
        return Ok(format!("{} bytes", thousands(byte_count)));
    }
    match statement.sent {
        Sent::Simple => simple(client, sql).await,
        // The client library asks for binary results only: once it is prepared with its parameters, the
        // statement is said again with their values in it, for results as text.
        Sent::Text => {
            client.prepare(sql).await?;
            simple(client, &with_values(statement)).await
        }
        Sent::Binary => {
            let values = statement.values.iter().cloned().map(TextValue);
            let values: Vec<TextValue> = values.collect();
            let mut rows = pin!(client.query_raw(sql, values).await?);
            let mut row_count = 0;
            while rows.try_next().await?.is_some() {
                row_count += 1;
            }
            Ok(counted(row_count))
        }
    }
}

async fn simple(client: &Client, sql: &str) -> std::result::Result<String, tokio_postgres::Error> {
    let mut messages = pin!(client.simple_query_raw(sql).await?);
    let mut row_count = 0;
    while let Some(message) = messages.try_next().await? {
        row_count += usize::from(matches!(message, SimpleQueryMessage::Row(_)));
    }
    Ok(counted(row_count))
}

fn counted(row_count: usize) -> String {
    format!("{} {}", thousands(row_count), if row_count == 1 { "row" } else { "rows" })
}

/// The last parameter first: `$1` is how `$10` begins.
fn with_values(statement: &Statement) -> String {
    let mut sql = statement.sql.clone();
    for (index, value) in statement.values.iter().enumerate().rev() {
        let literal = match value {
            Some(text) => format!("'{}'", text.replace('\'', "''")),
            None => "NULL".into(),
        };
        sql = sql.replace(&format!("${}", index + 1), &literal);
    }
    sql
}

/// A parameter in the text form of whatever type the gateway gave it.
#[derive(Debug)]
struct TextValue(Option<String>);

impl ToSql for TextValue {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        let Some(text) = &self.0 else { return Ok(IsNull::Yes) };
        out.extend_from_slice(text.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

impl Failure {
    fn new(error: &tokio_postgres::Error) -> Self {
        let Some(said) = error.as_db_error() else { return Self::own(reason(error)) };
        Self {
            code: said.code().code().to_string(),
            message: said.message().to_string(),
            detail: said.detail().map(str::to_string),
            hint: said.hint().map(str::to_string),
        }
    }

    fn own(message: String) -> Self {
        Self { code: String::new(), message, detail: None, hint: None }
    }

    fn silence() -> Self {
        Self::own(format!("no answer within {} s", ANSWER_TIMEOUT.as_secs()))
    }
}

/// `SQLSTATE message`, in one line.
impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words: Vec<&str> = self.message.split_whitespace().collect();
        f.write_str(format!("{} {}", self.code, words.join(" ")).trim_start())
    }
}

/// The library's own words, and what is behind them.
fn reason(error: &tokio_postgres::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
