//! The command line: what can be typed, and what it says about the config.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Args, Parser, Subcommand};
use lakegate_base::{Error, Result};

use crate::commands::client_names;
use crate::config::Overrides;
use crate::output::Format;

/// One program between a data lake and the people who ask it questions.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, max_term_width = 100, after_help = EXAMPLES)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,

    #[command(flatten)]
    settings: Settings,
}

/// Accepted before and after the command's name. Not clap's `global`: that forgets what stands before
/// the name when something stands after it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Settings")]
pub struct Settings {
    /// Settings file [env: LAKEGATE_CONFIG] [default: lakegate.toml, if there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Override one setting, e.g. --set limits.memory=2GiB
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

const EXAMPLES: &str = "\
Examples:
  lakegate demo                                        build an example lake and serve it
  lakegate crawl s3://bucket/sales/                    find the tables below a prefix
  lakegate sql -c 'select * from sales.orders limit 5'
  lakegate serve                                       then: psql -h 127.0.0.1 -U lakegate lake

Exit codes: 0 done, 1 failed, 2 wrong usage or settings.";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open the gateway: psql, BI tools and any Postgres driver can connect
    Serve(Serve),
    /// Find tables in the lake and record them in the catalog
    Crawl(Crawl),
    /// Run SQL here, with no server
    Sql(Sql),
    /// Build the SQL models
    Run(Run),
    /// Build a complete example lake on this disk, then serve it
    Demo(Demo),
    /// Check settings, storage, credentials, port and tables, or what a client needs; say what to fix
    Doctor(Doctor),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lakegate doctor
  lakegate doctor --client psql                        what psql asks, of the gateway that runs here
  lakegate doctor --client all --url postgres://ana@lake.example.com:5432/lake
  lakegate doctor --client psql --sql 8                its eighth statement in full, and the answer")]
pub struct Doctor {
    /// Say to the running gateway what a client says when it starts and browses; report what fails
    #[arg(long, value_name = "NAME", value_parser = clients())]
    pub client: Option<String>,

    /// The gateway to ask [default: where `serve` would listen]
    #[arg(long, value_name = "URL", requires = "client")]
    pub url: Option<String>,

    /// Show one statement in full, and its answer
    #[arg(long, value_name = "N", requires = "client")]
    pub sql: Option<usize>,

    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lakegate serve --listen 127.0.0.1:5433
  lakegate serve --table trips=s3://bucket/trips/      a table with no crawl: public.trips")]
pub struct Serve {
    /// Where to listen for Postgres clients; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,

    #[command(flatten)]
    pub tables: Tables,

    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lakegate crawl                                       every [crawl.NAME] of the settings
  lakegate crawl sales --plan                          what would change, changing nothing
  lakegate crawl s3://bucket/landing/ --database landing")]
pub struct Crawl {
    /// A [crawl.NAME] of the settings, or a location; all of the settings when absent
    #[arg(value_name = "NAME|URL")]
    pub target: Option<String>,

    /// The database the tables go to [default: the crawl's name, or the location's last folder]
    #[arg(long, value_name = "NAME")]
    pub database: Option<String>,

    /// Print the differences and stop
    #[arg(long)]
    pub plan: bool,

    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lakegate sql -c 'select count(*) from landing.customers'
  lakegate sql -f report.sql --format csv > report.csv
  lakegate sql -c 'table gold.customers_credit' --format parquet --output credit.parquet
  echo 'select * from trips limit 3' | lakegate sql --table trips=./trips.parquet

A table shows NULL as \u{2205}.")]
pub struct Sql {
    /// SQL text; several statements are separated by semicolons
    #[arg(short, long, value_name = "SQL", conflicts_with = "file")]
    pub command: Option<String>,

    /// Read the SQL from a file [default: standard input]
    #[arg(short, long, value_name = "FILE")]
    pub file: Option<PathBuf>,

    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,

    /// Write the result to a file; parquet needs one
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    #[command(flatten)]
    pub tables: Tables,

    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lakegate run                                         every model, each after those it reads
  lakegate run gold                                    those of one database
  lakegate run +gold.customers_credit                  this one and all it reads
  lakegate run --plan                                  the order, building nothing")]
pub struct Run {
    /// DATABASE.TABLE or DATABASE; a leading + adds what it reads; all models when absent
    #[arg(value_name = "MODEL")]
    pub models: Vec<String>,

    /// Print what would be built, in order, and stop
    #[arg(long)]
    pub plan: bool,

    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  lakegate demo
  lakegate demo --listen 127.0.0.1:5433                when port 5432 is taken
  lakegate demo --directory /tmp/lake --no-serve       build it and stop")]
pub struct Demo {
    /// Where the lake is kept; a second start reuses what is there [default: lake]
    #[arg(long, value_name = "DIR")]
    pub directory: Option<PathBuf>,

    /// Seed of the generated data: the same seed gives the same rows
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub seed: u64,

    /// Where to listen for Postgres clients; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,

    /// Build the lake, but open no gateway
    #[arg(long)]
    pub no_serve: bool,

    #[command(flatten)]
    settings: Settings,
}

/// Tables that no crawl recorded.
#[derive(Debug, Args)]
pub struct Tables {
    /// Add a table for this process: Delta, Iceberg, Parquet, ORC, Avro, CSV, JSON or text at a location
    #[arg(long = "table", value_name = "NAME=URL")]
    pub list: Vec<String>,
}

impl Cli {
    /// The settings this command line holds; a command's own flags win over `--set`.
    pub fn overrides(&self) -> Result<Overrides> {
        let (before, after) = (&self.settings, self.command.settings());
        let mut settings = Vec::new();
        for text in before.set.iter().chain(&after.set) {
            let (key, value) = split(text, "--set", "SECTION.KEY=VALUE")?;
            settings.push((key.to_string(), value.to_string()));
        }
        let file = after.config.clone().or_else(|| before.config.clone());
        let file = file.or_else(|| std::env::var_os("LAKEGATE_CONFIG").map(PathBuf::from));
        let mut flag = |key: &str, value: String| settings.push((key.to_string(), quoted(&value)));
        match &self.command {
            Command::Serve(Serve { listen: Some(listen), .. }) => flag("pg.listen", listen.clone()),
            Command::Demo(demo) => {
                if let Some(directory) = &demo.directory {
                    flag("lake.directory", directory.display().to_string());
                }
                if let Some(listen) = &demo.listen {
                    flag("pg.listen", listen.clone());
                }
            }
            _ => {}
        }
        Ok(Overrides { file, settings })
    }
}

impl Command {
    fn settings(&self) -> &Settings {
        match self {
            Self::Serve(arguments) => &arguments.settings,
            Self::Crawl(arguments) => &arguments.settings,
            Self::Sql(arguments) => &arguments.settings,
            Self::Run(arguments) => &arguments.settings,
            Self::Demo(arguments) => &arguments.settings,
            Self::Doctor(arguments) => &arguments.settings,
        }
    }
}

fn clients() -> PossibleValuesParser {
    client_names().filter_map(<[_]>::split_first).map(possible).collect::<Vec<_>>().into()
}

fn possible((name, aliases): (&'static &'static str, &'static [&'static str])) -> PossibleValue {
    PossibleValue::new(*name).aliases(aliases.iter().copied())
}

/// So that a directory named `1` stays a text.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Splits `NAME=VALUE`.
pub fn split<'a>(text: &'a str, flag: &str, shape: &str) -> Result<(&'a str, &'a str)> {
    let parts = text.split_once('=').filter(|(name, value)| !name.is_empty() && !value.is_empty());
    parts.ok_or_else(|| {
        Error::invalid(format!("{flag} \"{text}\" is not of the form {shape}"))
            .hint(format!("Write {flag} {shape}."))
    })
}

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::{CommandFactory, Parser};

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_become_settings() {
        let typed = "lakegate --set lake.name=b demo --directory 1 --set pg.listen=a:1";
        let cli = Cli::try_parse_from(typed.split(' ')).expect("valid");
        let settings = cli.overrides().expect("valid").settings;
        let expected = [("lake.name", "b"), ("pg.listen", "a:1"), ("lake.directory", "\"1\"")];
        assert_eq!(settings, expected.map(|(k, v)| (k.into(), v.into())));
        let cli = Cli::try_parse_from(["lakegate", "doctor", "--set", "oops"]).expect("valid");
        assert!(cli.overrides().is_err());
    }
}
