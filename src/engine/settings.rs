//! What a session may SET and SHOW: an allow-list, each name with its default and its check.
//!
//! Everything else is refused: DataFusion's own options would let one session leave the shared memory
//! pool or spill to any path.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono_tz::Tz;
use lakegate_base::{Error, ErrorKind, Result, Subject};
use lakegate_formats::AsOf;

use crate::system::Setting;
use crate::travel::version;

/// One settable name.
struct Definition {
    /// As SHOW prints it.
    name: &'static str,
    default: &'static str,
    check: Check,
    description: &'static str,
}

/// How a new value is checked and normalised.
#[derive(Clone, Copy)]
enum Check {
    Any,
    /// Postgres tools set it to what it already is; another value is refused.
    Fixed,
    Boolean,
    Integer {
        min: i64,
        max: i64,
    },
    Milliseconds,
    TimeZone,
    /// ISO with any order of day and month; no other style is printed.
    DateStyle,
    /// A date with or without time, or nothing.
    Moment,
    OneOf(&'static [&'static str]),
}

const fn setting(
    name: &'static str,
    default: &'static str,
    check: Check,
    description: &'static str,
) -> Definition {
    Definition { name, default, check, description }
}

const LEVELS: &[&str] = &[
    "debug5", "debug4", "debug3", "debug2", "debug1", "debug", "log", "info", "notice", "warning",
    "error", "fatal", "panic",
];
const ISOLATION: &[&str] =
    &["read committed", "read uncommitted", "repeatable read", "serializable"];

/// The allow-list, sorted by name without case.
const DEFINITIONS: &[Definition] = &[
    setting("application_name", "", Check::Any, "Name the client gives itself."),
    setting("bytea_output", "hex", Check::OneOf(&["hex"]), "Output format of bytea."),
    setting("check_function_bodies", "on", Check::Boolean, "Accepted for tools."),
    setting("client_encoding", "UTF8", Check::OneOf(&["UTF8", "UTF-8", "unicode"]), "Always UTF8."),
    setting("client_min_messages", "notice", Check::OneOf(LEVELS), "Least level of notices sent."),
    setting("DateStyle", "ISO, MDY", Check::DateStyle, "Dates are always printed in ISO style."),
    setting("default_table_access_method", "heap", Check::Fixed, "Accepted for tools."),
    setting("default_tablespace", "", Check::Any, "Accepted for tools."),
    setting(
        "default_transaction_isolation",
        "read committed",
        Check::OneOf(ISOLATION),
        "Isolation.",
    ),
    setting("default_transaction_read_only", "off", Check::Boolean, "Accepted for tools."),
    setting(
        "extra_float_digits",
        "1",
        Check::Integer { min: -15, max: 3 },
        "Floats are always printed exactly.",
    ),
    setting("idle_in_transaction_session_timeout", "0", Check::Milliseconds, "Accepted for tools."),
    setting("in_hot_standby", "off", Check::Fixed, "Whether this is a standby."),
    setting("integer_datetimes", "on", Check::Fixed, "Always on."),
    setting("IntervalStyle", "postgres", Check::OneOf(&["postgres"]), "Style of intervals."),
    setting("is_superuser", "off", Check::Fixed, "Whether the user is a superuser."),
    setting("jit", "off", Check::Boolean, "Accepted for tools."),
    setting(
        "lakegate.as_of",
        "",
        Check::Moment,
        "Moment as of which tables are read; empty for now.",
    ),
    setting(
        "lakegate.route",
        "auto",
        Check::OneOf(&["auto", "local", "athena"]),
        "Where statements over tables run; auto leaves it to the tables.",
    ),
    setting("lock_timeout", "0", Check::Milliseconds, "Accepted for tools: nothing locks."),
    setting("max_connections", "0", Check::Fixed, "Sessions at one time: limits.max_connections."),
    setting("max_identifier_length", "63", Check::Fixed, "Longest name tools should make."),
    setting("max_index_keys", "32", Check::Fixed, "Most columns of a key."),
    setting("role", "none", Check::Any, "The role taken on."),
    setting("row_security", "on", Check::Boolean, "Accepted for tools."),
    setting("search_path", "\"$user\", public", Check::Any, "Schemas searched for bare names."),
    setting("server_encoding", "UTF8", Check::Fixed, "Always UTF8."),
    setting("server_version", "15.18", Check::Fixed, "The Postgres version tools may assume."),
    setting("server_version_num", "150018", Check::Fixed, "The same as a number."),
    setting("session_authorization", "", Check::Fixed, "The authenticated user."),
    setting("standard_conforming_strings", "on", Check::OneOf(&["on"]), "Always on."),
    setting("statement_timeout", "0", Check::Milliseconds, "Longest time a statement may run."),
    setting("synchronize_seqscans", "on", Check::Boolean, "Accepted for tools."),
    setting("TimeZone", "UTC", Check::TimeZone, "Zone in which timestamps are shown."),
    setting("transaction_isolation", "read committed", Check::OneOf(ISOLATION), "Isolation."),
    setting("transaction_read_only", "off", Check::Boolean, "Accepted for tools."),
    setting("xmloption", "content", Check::Any, "Accepted for tools."),
];

/// A session's values. Cloned at BEGIN, restored at ROLLBACK.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What the session starts with and RESET returns to.
    initial: BTreeMap<&'static str, String>,
    values: BTreeMap<&'static str, String>,
    /// Names with a dot: Postgres keeps whatever a client puts there.
    custom: BTreeMap<String, String>,
    initial_custom: BTreeMap<String, String>,
    /// A number that no other session and no other values of this one have.
    revision: u64,
}

fn next_revision() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Of all names and values with a dot.
const CUSTOM_BYTES_MAX: usize = 64 << 10;
/// Prefixes that belong to somebody: a name below them that is not on the list is a mistake.
const RESERVED: [&str; 2] = ["lakegate.", "datafusion."];

impl Settings {
    /// Defaults, then the values a client sent at start-up.
    pub fn new(start: &[(String, String)], statement_timeout: Option<Duration>) -> Result<Self> {
        let values = DEFINITIONS.iter().map(|d| (d.name, d.default.to_string())).collect();
        let (initial, custom) = (BTreeMap::new(), BTreeMap::new());
        let mut settings = Self {
            initial,
            values,
            custom,
            initial_custom: BTreeMap::new(),
            revision: next_revision(),
        };
        if let Some(timeout) = statement_timeout {
            settings.values.insert("statement_timeout", timeout.as_millis().to_string());
        }
        for (name, value) in start {
            settings.set(name, value)?;
        }
        settings.initial = settings.values.clone();
        settings.initial_custom = settings.custom.clone();
        Ok(settings)
    }

    pub fn set(&mut self, name: &str, value: &str) -> Result<()> {
        if let Some(name) = custom(name) {
            return self.set_custom(name, value);
        }
        let definition = find(name)?;
        let known = self.values.get(definition.name).map_or("", String::as_str);
        let value = definition.checked(value, known)?;
        if value != known {
            self.values.insert(definition.name, value);
            self.revision = next_revision();
        }
        Ok(())
    }

    fn set_custom(&mut self, name: String, value: &str) -> Result<()> {
        let others = self.custom.iter().filter(|(known, _)| **known != name);
        let bytes: usize = others.map(|(name, value)| name.len() + value.len()).sum();
        if bytes + name.len() + value.len() > CUSTOM_BYTES_MAX {
            let message = format!("custom parameters of more than {CUSTOM_BYTES_MAX} bytes");
            return Err(Error::exhausted(message).about(Subject::Setting).hint("RESET some."));
        }
        self.custom.insert(name, value.to_string());
        self.revision = next_revision();
        Ok(())
    }

    /// For facts the session itself knows: `session_authorization`.
    pub fn fix(&mut self, name: &str, value: &str) {
        if let Ok(definition) = find(name) {
            self.values.insert(definition.name, value.to_string());
            self.initial.insert(definition.name, value.to_string());
        }
    }

    pub fn reset(&mut self, name: &str) -> Result<()> {
        if let Some(name) = custom(name) {
            let initial = self.initial_custom.get(&name).cloned().unwrap_or_default();
            return self.set_custom(name, &initial);
        }
        let definition = find(name)?;
        if let Some(value) = self.initial.get(definition.name) {
            self.values.insert(definition.name, value.clone());
            self.revision = next_revision();
        }
        Ok(())
    }

    pub fn reset_all(&mut self) {
        self.values = self.initial.clone();
        self.custom = self.initial_custom.clone();
        self.revision = next_revision();
    }

    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// As SHOW prints it.
    pub fn show(&self, name: &str) -> Result<String> {
        if let Some(value) = custom(name).and_then(|name| self.custom.get(&name)) {
            return Ok(value.clone());
        }
        let definition = find(name)?;
        let value = self.values.get(definition.name).map_or("", String::as_str);
        Ok(match definition.check {
            Check::Milliseconds => show_milliseconds(value),
            _ => value.to_string(),
        })
    }

    /// The name as SHOW's column is called.
    pub fn canonical(name: &str) -> Result<Cow<'static, str>> {
        match custom(name) {
            Some(name) => Ok(Cow::Owned(name)),
            None => find(name).map(|definition| Cow::Borrowed(definition.name)),
        }
    }

    /// All of them, for SHOW ALL and pg_settings.
    pub fn all(&self) -> Vec<Setting> {
        DEFINITIONS
            .iter()
            .map(|d| Setting {
                name: d.name.to_string(),
                value: self.show(d.name).unwrap_or_default(),
                default: d.default.to_string(),
                description: d.description.to_string(),
            })
            .collect()
    }

    pub fn time_zone(&self) -> &str {
        self.values.get("TimeZone").map_or("UTC", String::as_str)
    }

    /// The version of tables that are named without one.
    pub fn as_of(&self) -> Result<AsOf> {
        match self.values.get("lakegate.as_of").map(String::as_str) {
            None | Some("") => Ok(AsOf::Latest),
            Some(moment) => version(moment, self.time_zone()),
        }
    }

    pub fn route(&self) -> &str {
        self.values.get("lakegate.route").map_or("auto", String::as_str)
    }

    /// Zero or unset: none.
    pub fn statement_timeout(&self) -> Option<Duration> {
        let millis = self.values.get("statement_timeout")?.parse().ok()?;
        (millis > 0).then(|| Duration::from_millis(millis))
    }

    /// The schemas a bare table name is looked up in, in order; `$user` stands for the one called like
    /// the user. Not all of them need exist.
    pub fn search_path(&self, user: &str) -> Vec<String> {
        let text = self.values.get("search_path").map_or("", String::as_str);
        text.split(',')
            .map(|part| part.trim().trim_matches(['"', '\'']).to_lowercase())
            .map(|part| if part == "$user" { user.to_string() } else { part })
            .filter(|part| !part.is_empty())
            .collect()
    }
}

/// A name with a dot that is on no list and below no reserved prefix.
fn custom(name: &str) -> Option<String> {
    let name = name.to_lowercase();
    let is_name = |part: &str| {
        let mut bytes = part.bytes();
        bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
            && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$'))
    };
    let is_custom = name.contains('.')
        && name.split('.').all(is_name)
        && !RESERVED.iter().any(|prefix| name.starts_with(prefix))
        && !DEFINITIONS.iter().any(|definition| definition.name == name);
    is_custom.then_some(name)
}

fn find(name: &str) -> Result<&'static Definition> {
    let name = match name.to_ascii_lowercase().as_str() {
        "time zone" => "timezone".to_string(),
        "names" => "client_encoding".to_string(),
        "transaction isolation level" => "transaction_isolation".to_string(),
        "session authorization" => "session_authorization".to_string(),
        other => other.to_string(),
    };
    DEFINITIONS.iter().find(|d| d.name.eq_ignore_ascii_case(&name)).ok_or_else(|| {
        Error::new(ErrorKind::NotFound, format!("unrecognized configuration parameter \"{name}\""))
            .about(Subject::Setting)
            .hint("SHOW ALL lists the settings of this server.")
    })
}

impl Definition {
    fn checked(&self, value: &str, known: &str) -> Result<String> {
        let value = unquoted(value.trim());
        if value.eq_ignore_ascii_case("default") {
            return Ok(self.default.to_string());
        }
        let checked = match self.check {
            Check::Any => Some(value.to_string()),
            Check::Fixed => (value == self.default).then(|| value.to_string()),
            Check::Boolean => boolean(value).map(str::to_string),
            Check::Integer { min, max } => {
                value.parse().ok().filter(|n| (min..=max).contains(n)).map(|n: i64| n.to_string())
            }
            Check::Milliseconds => milliseconds(value).map(|n| n.to_string()),
            Check::TimeZone => time_zone(value),
            Check::DateStyle => date_style(value, known)?,
            Check::Moment => {
                let is_moment = matches!(version(value, "UTC"), Ok(AsOf::Timestamp(_)));
                (value.is_empty() || is_moment).then(|| value.to_string())
            }
            Check::OneOf(values) => values
                .iter()
                .find(|v| v.eq_ignore_ascii_case(value))
                .map(|v| if self.name == "client_encoding" { "UTF8" } else { v })
                .map(str::to_string),
        };
        checked.ok_or_else(|| {
            let name = self.name;
            match self.check {
                Check::Fixed => Error::invalid(format!("parameter \"{name}\" cannot be changed")),
                _ => Error::invalid(format!("invalid value for parameter \"{name}\": \"{value}\"")),
            }
            .about(Subject::Setting)
        })
    }
}

/// asyncpg sends `'utf-8'` with its quotes at start-up.
fn unquoted(value: &str) -> &str {
    value.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).unwrap_or(value)
}

fn boolean(value: &str) -> Option<&'static str> {
    match value.to_ascii_lowercase().as_str() {
        "on" | "true" | "t" | "yes" | "1" => Some("on"),
        "off" | "false" | "f" | "no" | "0" => Some("off"),
        _ => None,
    }
}

/// A style, an order of day and month, or both; what is not said stays.
fn date_style(value: &str, known: &str) -> Result<Option<String>> {
    let mut order = known.rsplit(", ").next().unwrap_or("MDY").to_string();
    for word in value.split([',', ' ']).map(str::trim).filter(|word| !word.is_empty()) {
        match word.to_lowercase().as_str() {
            "iso" => {}
            "default" => order = "MDY".to_string(),
            "mdy" | "us" | "noneuropean" | "noneuro" => order = "MDY".to_string(),
            "dmy" | "euro" | "european" => order = "DMY".to_string(),
            "ymd" => order = "YMD".to_string(),
            style @ ("sql" | "postgres" | "german") => {
                return Err(Error::unsupported(format!("DateStyle \"{style}\""))
                    .about(Subject::Setting)
                    .hint("Dates are printed in ISO style; to_char prints any other."));
            }
            _ => return Ok(None),
        }
    }
    Ok(Some(format!("ISO, {order}")))
}

/// `1500`, `1500ms`, `30s`, `5min`, `1h`, `1d`.
fn milliseconds(value: &str) -> Option<u64> {
    let split = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
    let (number, unit) = value.split_at(split);
    let factor = match unit.trim() {
        "" | "ms" => 1,
        "s" => 1_000,
        "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor).filter(|ms| *ms <= 2_147_483_647)
}

fn show_milliseconds(value: &str) -> String {
    let millis: u64 = value.parse().unwrap_or(0);
    match millis {
        0 => "0".to_string(),
        ms if ms % 3_600_000 == 0 => format!("{}h", ms / 3_600_000),
        ms if ms % 60_000 == 0 => format!("{}min", ms / 60_000),
        ms if ms % 1_000 == 0 => format!("{}s", ms / 1_000),
        ms => format!("{ms}ms"),
    }
}

/// A zone name, or a fixed offset: hours east of UTC such as `-3`, or as POSIX has it, `+02:00` west of it.
fn time_zone(value: &str) -> Option<String> {
    if let Ok(zone) = value.parse::<Tz>() {
        return Some(zone.name().to_string());
    }
    let lower = value.to_ascii_lowercase();
    if ["utc", "gmt", "z", "zulu", "etc/utc"].contains(&lower.as_str()) {
        return Some("UTC".to_string());
    }
    let named = chrono_tz::TZ_VARIANTS.iter().find(|z| z.name().eq_ignore_ascii_case(value));
    if let Some(zone) = named {
        return Some(zone.name().to_string());
    }
    fixed_offset(value)
}

fn fixed_offset(value: &str) -> Option<String> {
    let (sign, rest) = match value.as_bytes().first()? {
        b'-' => ('-', value.get(1..)?),
        b'+' => ('+', value.get(1..)?),
        b'0'..=b'9' => ('+', value),
        _ => return None,
    };
    let sign = match (sign, rest.contains(':')) {
        ('+', true) => '-',
        ('-', true) => '+',
        (sign, _) => sign,
    };
    let (hours, minutes) = rest.split_once(':').unwrap_or((rest, "0"));
    let (hours, minutes): (u8, u8) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours <= 15 && minutes < 60).then(|| format!("{sign}{hours:02}:{minutes:02}"))
}

#[cfg(test)]
mod tests {
    use super::Settings;

    #[test]
    fn allows_only_listed_names_and_values() {
        let mut settings = Settings::new(&[], None).expect("defaults");
        assert!(settings.set("datafusion.runtime.memory_limit", "1G").is_err());
        assert!(settings.set("statement_timeout", "soon").is_err());
        settings.set("STATEMENT_TIMEOUT", "90s").expect("known");
        assert_eq!(settings.show("statement_timeout").expect("known"), "90s");
        settings.set("timezone", "america/sao_paulo").expect("a zone");
        assert_eq!(settings.time_zone(), "America/Sao_Paulo");
        settings.set("TimeZone", "-3").expect("an offset");
        assert_eq!(settings.time_zone(), "-03:00");
        settings.reset_all();
        assert_eq!(settings.time_zone(), "UTC");
        assert_eq!(settings.search_path("ada"), ["ada", "public"]);
        settings.set("search_path", "\"gold\", silver").expect("a path");
        assert_eq!(settings.search_path("ada"), ["gold", "silver"]);
    }
}
