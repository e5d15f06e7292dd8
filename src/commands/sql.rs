//! `lakegate sql`: the engine without a server. Results stream to standard output or into a file.

use std::io::{IsTerminal, Read, Write};
use std::path::Path;
use std::time::Instant;

use futures::StreamExt;
use lakegate_base::{
    Engine, Error, Principal, Result, Rows, Session, SessionOptions, Statement, StatementKind,
};

use crate::cli::Sql;
use crate::config::Config;
use crate::lake::{Lake, LakeOptions, extra_tables};
use crate::output::{Format, result_writer};

/// Longest SQL text that is read from a file or from standard input.
const SQL_BYTES_MAX: u64 = 16 << 20;

pub async fn sql(arguments: &Sql, config: &Config) -> Result<()> {
    if arguments.format == Format::Parquet && arguments.output.is_none() {
        return Err(Error::invalid("parquet is no format for the screen")
            .hint("Name a file: --format parquet --output result.parquet."));
    }
    let text = text(arguments)?;
    let tables = extra_tables(&arguments.tables.list)?;
    let options = LakeOptions { tables, read_only: true, ..Default::default() };
    let lake = Lake::open(config, options).await?;
    let session = lake.engine.open(session_options(config)).await?;
    let statements = session.parse(&text)?;
    check(&statements, arguments)?;
    for statement in &statements {
        let running = execute(session.as_ref(), statement, arguments);
        tokio::select! {
            result = running => result.map_err(|error| placed(error, statement))?,
            _ = tokio::signal::ctrl_c() => {
                session.cancel();
                return Err(Error::new(lakegate_base::ErrorKind::Cancelled, "cancelled"));
            }
        }
    }
    Ok(())
}

pub fn session_options(config: &Config) -> SessionOptions {
    SessionOptions {
        principal: Principal { name: "lakegate".into() },
        database: config.lake.name.clone(),
        settings: vec![("application_name".into(), "lakegate".into())],
        client: "cli".into(),
    }
}

async fn execute(session: &dyn Session, statement: &Statement, arguments: &Sql) -> Result<()> {
    let started = Instant::now();
    let prepared = session.prepare(statement, &[]).await?;
    if !prepared.parameters().is_empty() {
        return Err(Error::invalid("a statement on the command line has no parameters")
            .hint("Write values in place of $1, $2, …"));
    }
    let answer = session.execute(prepared.as_ref(), &[]).await?;
    for notice in &answer.notices {
        // A closed standard error leaves nobody to tell.
        drop(writeln!(std::io::stderr(), "notice: {notice}"));
    }
    match answer.rows {
        Some(rows) => {
            write_rows(rows, arguments.format, arguments.output.as_deref(), started).await
        }
        None => Ok(()),
    }
}

async fn write_rows(
    mut rows: Rows,
    format: Format,
    path: Option<&Path>,
    started: Instant,
) -> Result<()> {
    let mut writer = result_writer(format, path, &rows.schema)?;
    while let Some(batch) = rows.stream.next().await {
        writer.write(&batch?)?;
    }
    writer.finish(started.elapsed())
}

/// Files hold one answer, and so do formats that programs read.
fn check(statements: &[Statement], arguments: &Sql) -> Result<()> {
    if statements.is_empty() {
        return Err(Error::invalid("there is no SQL to run")
            .hint("Write it: lakegate sql -c 'SELECT 1', or lakegate sql -f FILE."));
    }
    let answers = statements.iter().filter(|s| matches!(s.kind, StatementKind::Rows)).count();
    let single = arguments.format != Format::Table || arguments.output.is_some();
    if single && answers > 1 {
        return Err(Error::invalid(format!(
            "{answers} statements answer rows: one output takes one"
        ))
        .hint("Run them one by one, or use --format table without --output."));
    }
    Ok(())
}

fn text(arguments: &Sql) -> Result<String> {
    if let Some(command) = &arguments.command {
        return Ok(command.clone());
    }
    match &arguments.file {
        Some(path) if path.as_os_str() != "-" => {
            let shown = format!("\"{}\"", path.display());
            let file = std::fs::File::open(path)
                .map_err(|e| Error::invalid(format!("cannot read {shown}: {e}")).source(e))?;
            read(file, &shown)
        }
        _ if std::io::stdin().is_terminal() => Err(Error::invalid("there is no SQL to run")
            .hint("Write it: lakegate sql -c 'SELECT 1', or lakegate sql -f FILE.")),
        _ => read(std::io::stdin(), "standard input"),
    }
}

fn read(source: impl Read, name: &str) -> Result<String> {
    let mut text = String::new();
    let read = source.take(SQL_BYTES_MAX + 1).read_to_string(&mut text);
    read.map_err(|e| Error::invalid(format!("cannot read {name}: {e}")).source(e))?;
    if text.len() as u64 > SQL_BYTES_MAX {
        return Err(Error::exhausted(format!("{name} holds more than 16 MiB of SQL")));
    }
    Ok(text)
}

/// Says on which line of the statement an error stands, where it is known.
fn placed(error: Error, statement: &Statement) -> Error {
    let Some(position) = error.position() else { return error };
    let before: String = statement.text.chars().take(position.saturating_sub(1) as usize).collect();
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    error.context(format!("line {line}, column {column}"))
}
