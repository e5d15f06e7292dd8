//! What each kind of client says, as data: a file of `clients/` each.
//!
//! A file begins with comments. From its first `--!` line on, a statement ends at a line that is a single
//! semicolon, and its first comment says what it is for. `--! simple`, `--! text` and `--! binary` say how
//! it and those after it are sent; `--! values` are its parameters, `--! fails` the SQLSTATE that is right.
//! `{schema}`, `{table}` and their like stand for a table of the gateway that is asked.

use lakegate_base::{Error, Result};

/// A kind of client, by what people call it.
pub struct Client {
    /// The first is shown.
    pub names: &'static [&'static str],
    text: &'static str,
}

pub static CLIENTS: [Client; 16] = [
    Client { names: &["psql"], text: include_str!("clients/psql.sql") },
    Client { names: &["pgjdbc", "jdbc"], text: include_str!("clients/pgjdbc.sql") },
    Client { names: &["dbeaver"], text: include_str!("clients/dbeaver.sql") },
    Client { names: &["metabase"], text: include_str!("clients/metabase.sql") },
    Client { names: &["superset"], text: include_str!("clients/superset.sql") },
    Client { names: &["grafana"], text: include_str!("clients/grafana.sql") },
    Client { names: &["powerbi", "npgsql"], text: include_str!("clients/powerbi.sql") },
    Client { names: &["psycopg"], text: include_str!("clients/psycopg.sql") },
    Client { names: &["sqlalchemy"], text: include_str!("clients/sqlalchemy.sql") },
    Client { names: &["asyncpg"], text: include_str!("clients/asyncpg.sql") },
    Client { names: &["node-pg"], text: include_str!("clients/node-pg.sql") },
    Client { names: &["psqlodbc", "odbc"], text: include_str!("clients/psqlodbc.sql") },
    Client { names: &["adbc"], text: include_str!("clients/adbc.sql") },
    Client { names: &["connectorx"], text: include_str!("clients/connectorx.sql") },
    Client { names: &["dbt"], text: include_str!("clients/dbt.sql") },
    Client { names: &["pgcli"], text: include_str!("clients/pgcli.sql") },
];

/// How a statement reaches the gateway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sent {
    #[default]
    Simple,
    /// Prepared; its results are asked for as text.
    Text,
    /// Prepared; its results are asked for in binary.
    Binary,
}

#[derive(Debug, Default)]
pub struct Statement {
    pub purpose: String,
    pub sql: String,
    pub sent: Sent,
    /// In the text form of the parameters' types.
    pub values: Vec<Option<String>>,
    /// A probe: the answer must be this SQLSTATE.
    pub fails: Option<String>,
}

/// One client's session.
#[derive(Debug, Default)]
pub struct Script {
    pub application: String,
    /// Settings of its start-up packet, as `-c name=value`.
    pub options: String,
    pub statements: Vec<Statement>,
}

/// What the placeholders stand for.
#[derive(Debug)]
pub struct Names {
    pub database: String,
    pub schema: String,
    pub table: String,
    pub column: String,
    pub oid: String,
    pub schema_oid: String,
}

impl Names {
    fn fill(&self, text: &str) -> String {
        let places = [
            ("{database}", &self.database),
            ("{schema}", &self.schema),
            ("{table}", &self.table),
            ("{column}", &self.column),
            ("{oid}", &self.oid),
            ("{schema_oid}", &self.schema_oid),
        ];
        places.iter().fold(text.to_string(), |text, (place, name)| text.replace(place, name))
    }
}

impl Client {
    pub fn name(&self) -> &'static str {
        self.names[0]
    }

    /// Its statements over the tables of one gateway.
    pub fn script(&self, names: &Names) -> Result<Script> {
        let mut script = read(self.text).map_err(|error| error.context(self.name()))?;
        for statement in &mut script.statements {
            statement.sql = names.fill(&statement.sql);
            for value in statement.values.iter_mut().flatten() {
                *value = names.fill(value);
            }
        }
        Ok(script)
    }
}

fn read(text: &str) -> Result<Script> {
    let mut script = Script::default();
    let mut next = Statement::default();
    for line in text.lines().skip_while(|line| !line.starts_with("--! ")) {
        match (line.strip_prefix("--! "), line.strip_prefix("-- ")) {
            _ if line == ";" => {
                let following = Statement { sent: next.sent, ..Statement::default() };
                next.sql.truncate(next.sql.trim_end().len());
                script.statements.push(std::mem::replace(&mut next, following));
            }
            (Some(said), _) if next.sql.is_empty() => direct(said, &mut script, &mut next)?,
            (_, Some(purpose)) if next.purpose.is_empty() => next.purpose = purpose.to_string(),
            _ => {
                next.sql.push_str(line);
                next.sql.push('\n');
            }
        }
    }
    Ok(script)
}

fn direct(said: &str, script: &mut Script, next: &mut Statement) -> Result<()> {
    let wrong = || Error::internal(format!("\"--! {said}\" says nothing that is known"));
    let (word, rest) = said.split_once(' ').unwrap_or((said, ""));
    match word {
        "application" => script.application = rest.to_string(),
        "options" => script.options = rest.to_string(),
        "simple" => next.sent = Sent::Simple,
        "text" => next.sent = Sent::Text,
        "binary" => next.sent = Sent::Binary,
        "values" => next.values = serde_json::from_str(rest).map_err(|e| wrong().source(e))?,
        "fails" => next.fails = Some(rest.to_string()),
        _ => return Err(wrong()),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{CLIENTS, Names, Sent};

    fn names() -> Names {
        let name = |text: &str| text.to_string();
        Names {
            database: name("lake"),
            schema: name("sales"),
            table: name("orders"),
            column: name("id"),
            oid: name("20001"),
            schema_oid: name("20000"),
        }
    }

    #[test]
    fn every_client_says_something_with_all_its_parameters() {
        for client in &CLIENTS {
            let script = client.script(&names()).expect("a script");
            assert!(!script.application.is_empty(), "{}", client.name());
            assert!(script.statements.len() > 5, "{}", client.name());
            for statement in &script.statements {
                let shown = format!("{}: {statement:?}", client.name());
                assert!(!statement.purpose.is_empty(), "{shown}");
                for place in ["{database", "{schema", "{table", "{column", "{oid", "{{"] {
                    assert!(!statement.sql.contains(place), "{shown}");
                }
                // `COPY … $$` and dollar quotes do not occur.
                let numbers = statement.sql.split('$').skip(1);
                let asked = numbers.filter_map(|rest| {
                    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
                    rest[..end].parse::<usize>().ok()
                });
                assert_eq!(asked.max().unwrap_or(0), statement.values.len(), "{shown}");
                let simple = statement.sent == Sent::Simple;
                assert!(!simple || statement.values.is_empty(), "{shown}");
            }
        }
    }

    #[test]
    fn names_are_each_clients_own() {
        let mut names: Vec<_> = CLIENTS.iter().flat_map(|client| client.names).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
