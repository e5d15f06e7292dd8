//! `lakegate doctor --client`: say to the running gateway what a client says, and report what fails.

use std::time::Instant;

use lakegate_base::{Error, Result};

use super::gateway::{Failure, Gateway, say};
use super::statements::{CLIENTS, Client, Names, Script, Sent, Statement};
use crate::cli;
use crate::config::Config;
use crate::output::{Report, Screen, short_duration};

/// Stands for every client.
pub const ALL: &str = "all";

/// What each statement of one client got, in their order.
struct Played<'a> {
    client: &'a Client,
    script: &'a Script,
    answers: Vec<Answer>,
}

type Answer = std::result::Result<String, Failure>;

pub async fn clients(arguments: &cli::Doctor, name: &str, config: &Config) -> Result<()> {
    let gateway = Gateway::find(arguments.url.as_deref(), config)?;
    let asked: Vec<&Client> =
        CLIENTS.iter().filter(|c| name == ALL || c.names.contains(&name)).collect();
    let names = gateway.names().await?;
    let screen = Screen;
    match (arguments.sql, &asked[..]) {
        (Some(number), [client]) => show(&gateway, client, number, &names, &screen).await,
        (Some(_), _) => Err(Error::invalid("--sql shows a statement of one client")
            .hint("Name it: --client psql --sql 1.")),
        (None, _) => play_all(&gateway, &asked, &names, &screen).await,
    }
}

async fn play_all(
    gateway: &Gateway,
    asked: &[&Client],
    names: &Names,
    screen: &Screen,
) -> Result<()> {
    screen.heading(&format!(
        "{}, with {}.{} as the table",
        gateway.place, names.schema, names.table
    ))?;
    let (mut count, mut failed_count, mut first_failed) = (0, 0, None);
    for client in asked {
        let script = client.script(names)?;
        let answers = play(gateway, &script, script.statements.len()).await?;
        let failed = answers.iter().filter(|answer| answer.is_err()).count();
        let first = answers.iter().position(|answer| answer.is_err());
        first_failed = first_failed.or(first.map(|index| (client.name(), index + 1)));
        count += answers.len();
        failed_count += failed;
        let played = Played { client, script: &script, answers };
        match asked.len() {
            1 => table(&played, screen)?,
            _ => summary(&played, failed, screen)?,
        }
    }
    let Some((name, number)) = first_failed else {
        return screen.line(format!("\nAll {count} statements are answered."));
    };
    Err(Error::invalid(format!("{failed_count} of {count} statements failed")).hint(format!(
        "With --client {name} --sql {number} it shows one in full: report that with its error."
    )))
}

/// All statements of one client, a line each.
fn table(played: &Played, screen: &Screen) -> Result<()> {
    for index in 0..played.answers.len() {
        line(played, index, screen)?;
    }
    Ok(())
}

/// A line for the client, and one for each statement that failed.
fn summary(played: &Played, failed: usize, screen: &Screen) -> Result<()> {
    let count = played.answers.len();
    let said = format!("{} of {count} statements are answered", count - failed);
    let sign = if failed == 0 { Report::Good } else { Report::Bad };
    screen.report(sign, played.client.name(), &said)?;
    for index in (0..count).filter(|index| played.answers[*index].is_err()) {
        line(played, index, screen)?;
    }
    Ok(())
}

fn line(played: &Played, index: usize, screen: &Screen) -> Result<()> {
    let what = format!("{:>4}  {:<44}", index + 1, played.script.statements[index].purpose);
    match &played.answers[index] {
        Ok(said) => screen.report(Report::Good, &what, said),
        Err(failure) => screen.report(Report::Bad, &what, &failure.to_string()),
    }
}

/// Says the first `count` statements in one session. A failure may leave a transaction that answers nothing
/// any more, or a connection that is gone: the next statement is judged by itself.
async fn play(gateway: &Gateway, script: &Script, count: usize) -> Result<Vec<Answer>> {
    let mut client = gateway.connect(script).await?;
    let mut answers = Vec::with_capacity(count);
    for statement in &script.statements[..count] {
        let started = Instant::now();
        let answer = say(&client, statement).await;
        let answer = answer.map(|said| format!("{said}, {}", short_duration(started.elapsed())));
        let broken = match &answer {
            Ok(_) => statement.fails.is_some(),
            Err(failure) if failure.code.is_empty() || client.is_closed() => {
                client = gateway.connect(script).await?;
                false
            }
            Err(_) => true,
        };
        if broken {
            let end = Statement { sql: "ROLLBACK".into(), ..Statement::default() };
            // Outside of a transaction it is only warned of; a broken session shows at the next one.
            drop(say(&client, &end).await);
        }
        answers.push(answer);
    }
    Ok(answers)
}

/// One statement as it is sent, and its answer after those before it were said.
async fn show(
    gateway: &Gateway,
    client: &Client,
    number: usize,
    names: &Names,
    screen: &Screen,
) -> Result<()> {
    let script = client.script(names)?;
    let count = script.statements.len();
    let index = number.checked_sub(1).filter(|index| *index < count).ok_or_else(|| {
        Error::invalid(format!("{} has no statement {number}", client.name()))
            .hint(format!("They are numbered from 1 to {count}."))
    })?;
    let statement = &script.statements[index];
    screen.heading(&format!("{}, {number} of {count}: {}", client.name(), statement.purpose))?;
    screen.line(match statement.sent {
        Sent::Simple => "a simple query",
        Sent::Text => "prepared, its results as text",
        Sent::Binary => "prepared, its results in binary",
    })?;
    for (index, value) in statement.values.iter().enumerate() {
        screen.line(format!("${} = {}", index + 1, value.as_deref().unwrap_or("NULL")))?;
    }
    screen.line(format!("\n{}\n", statement.sql))?;
    let mut answers = play(gateway, &script, number).await?;
    match answers.pop() {
        Some(Err(failure)) => {
            screen.report(Report::Bad, "failed", &failure.to_string())?;
            for more in [&failure.detail, &failure.hint].into_iter().flatten() {
                screen.hint(more)?;
            }
            Err(Error::invalid("the statement failed")
                .hint("Report this: the statement above, its error, and lakegate --version."))
        }
        Some(Ok(said)) => screen.report(Report::Good, "answered", &said),
        None => Ok(()),
    }
}
