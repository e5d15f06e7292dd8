//! Reads the config from its sources and explains what is wrong with it: the key, where it was set, and
//! the known key it resembles. The value is never printed: it may be a secret.

use std::path::{Path, PathBuf};

use figment::error::{Actual, Kind};
use figment::providers::{Env, Format, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};
use lakegate_base::{Error, Result};

use super::{Config, DEFAULT_FILE};

const ENVIRONMENT: &str = "LAKEGATE__";

/// What the command line says about the config.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// The file of `--config`. It must exist; the default file need not.
    pub file: Option<PathBuf>,
    /// `--set section.key=value`, and the flags that stand for one.
    pub settings: Vec<(String, String)>,
}

pub fn load(overrides: &Overrides) -> Result<Config> {
    let mut figment = Figment::new();
    let default = Path::new(DEFAULT_FILE);
    match &overrides.file {
        Some(path) if !path.is_file() => return Err(missing(path)),
        Some(path) => figment = figment.merge(Toml::file_exact(path)),
        None if default.exists() => figment = figment.merge(Toml::file_exact(default)),
        None => {}
    }
    figment = figment.merge(Env::prefixed(ENVIRONMENT).split("__"));
    for (key, value) in &overrides.settings {
        figment = figment.merge(Setting { key, value });
    }
    let config: Config = figment.extract().map_err(explain)?;
    check(&config)?;
    Ok(config)
}

/// Rules that span keys.
fn check(config: &Config) -> Result<()> {
    let name = &config.lake.name;
    if name.is_empty() || name.chars().any(|c| c.is_uppercase() || c.is_control() || c == '.') {
        return Err(Error::invalid(format!("\"{name}\" cannot be the lake's name"))
            .hint("lake.name is a lower-case word, as in: psql … lake."));
    }
    let pg = &config.pg;
    if pg.tls_certificate.is_some() != pg.tls_key.is_some() {
        return Err(Error::invalid("pg.tls_certificate and pg.tls_key go together")
            .hint("Set both, or neither."));
    }
    if pg.require_tls && pg.tls_certificate.is_none() {
        return Err(Error::invalid("pg.require_tls needs a certificate")
            .hint("Set pg.tls_certificate and pg.tls_key to PEM files."));
    }
    let flight = &config.flight;
    if flight.tls_certificate.is_some() != flight.tls_key.is_some() {
        return Err(Error::invalid("flight.tls_certificate and flight.tls_key go together")
            .hint("Set both, or neither."));
    }
    let limits = &config.limits;
    if limits.concurrent_queries == 0 || limits.max_connections == 0 || limits.threads == Some(0) {
        return Err(Error::invalid("limits of zero leave nothing to run queries with")
            .hint("limits.concurrent_queries, max_connections and threads start at 1."));
    }
    if config.s3.access_key_id.is_some() != config.s3.secret_access_key.is_some() {
        return Err(Error::invalid("s3.access_key_id and s3.secret_access_key go together")
            .hint("Set both, or neither to use the AWS credential chain."));
    }
    Ok(())
}

fn missing(path: &Path) -> Error {
    Error::invalid(format!("config file \"{}\" does not exist", path.display()))
        .hint("Check --config; lakegate.sample.toml shows what such a file holds.")
}

/// One flag as a config source.
struct Setting<'a> {
    key: &'a str,
    value: &'a str,
}

impl Provider for Setting<'_> {
    fn metadata(&self) -> Metadata {
        Metadata::named("the command line")
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        // Parsing a value cannot fail: what is no number, list, … is a text.
        let value = self.value.parse::<Value>().unwrap_or_else(|_| Value::from(self.value));
        let dict = figment::util::nest(self.key, value).into_dict().unwrap_or_default();
        Ok(Map::from([(Profile::Default, dict)]))
    }
}

fn explain(error: figment::Error) -> Error {
    let key = error.path.join(".");
    let place = place(&error);
    match &error.kind {
        Kind::UnknownField(field, known) => {
            let section = error.path.iter().filter(|part| *part != field);
            let section: Vec<&str> = section.map(String::as_str).collect();
            let whole = |name: &str| [section.as_slice(), &[name]].concat().join(".");
            let hint = match closest(field, known) {
                Some(name) => format!("Did you mean {}?", whole(name)),
                None => format!("Known here: {}.", known.join(", ")),
            };
            Error::invalid(format!("unknown key {} in {place}", whole(field))).hint(hint)
        }
        Kind::UnknownVariant(_, known) => Error::invalid(format!("bad value for {key} in {place}"))
            .hint(format!("Use one of: {}.", known.join(", "))),
        Kind::InvalidType(actual, expected) | Kind::InvalidValue(actual, expected) => {
            let found = type_name(actual);
            Error::invalid(format!("{key} in {place} must be {expected}, and is {found}"))
        }
        Kind::MissingField(field) => {
            Error::invalid(format!("{key} in {place} needs a key {field}", key = or_top(&key)))
        }
        Kind::Message(text) if key.is_empty() => {
            Error::invalid(format!("{place}: {}", one_line(text)))
        }
        Kind::Message(text) => Error::invalid(format!("{key} in {place}: {}", one_line(text))),
        _ => Error::invalid(format!("bad value for {key} in {place}")),
    }
}

/// Where a value was set, as its owner would say it.
fn place(error: &figment::Error) -> String {
    let Some(metadata) = &error.metadata else { return "the config".into() };
    match metadata.source.as_ref().and_then(|source| source.file_path()) {
        Some(path) => {
            let shown = std::env::current_dir().ok();
            let shown = shown.and_then(|here| path.strip_prefix(here).ok());
            shown.unwrap_or(path).display().to_string()
        }
        None if metadata.name.contains("environment") => {
            let key = error.path.join("__").to_uppercase();
            format!("the environment ({ENVIRONMENT}{key})")
        }
        None => metadata.name.to_string(),
    }
}

/// The known name a misspelt one was meant to be, if any is near.
pub fn closest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let near = |name: &&str| strsim::damerau_levenshtein(word, name);
    let best = known.iter().copied().min_by_key(near)?;
    let prefix = best.starts_with(word) || word.starts_with(best);
    (prefix || near(&best) <= word.len().max(3) / 3).then_some(best)
}

fn type_name(actual: &Actual) -> &'static str {
    match actual {
        Actual::Bool(_) => "true or false",
        Actual::Unsigned(_) | Actual::Signed(_) => "a whole number",
        Actual::Float(_) => "a number",
        Actual::Char(_) | Actual::Str(_) => "a text",
        Actual::Seq => "a list",
        Actual::Map => "a section",
        _ => "of another type",
    }
}

fn or_top(key: &str) -> &str {
    if key.is_empty() { "the top level" } else { key }
}

/// A parser's message without its excerpt of the file, whose lines (`2 | key = …`) may show a secret.
fn one_line(text: &str) -> String {
    let lines = text.lines().map(str::trim);
    let told: Vec<&str> = lines.filter(|line| !line.is_empty() && !line.contains('|')).collect();
    told.join(": ")
}
