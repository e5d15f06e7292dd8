//! Session options: Flight's words for SET and SHOW. `arrow-flight` has no messages for them, so they stand
//! here, as `Flight.proto` defines them (https://arrow.apache.org/docs/format/Flight.html).

use std::collections::HashMap;

use prost::{Enumeration, Message, Oneof};
use tonic::Status;

use crate::client::Client;

/// Every setting, and the names that Flight clients know: `catalog` and `schema`.
const OPTIONS: &str = include_str!("metadata/options.sql");

#[derive(Clone, PartialEq, Message)]
pub(crate) struct SessionOptionValue {
    #[prost(oneof = "OptionValue", tags = "1, 2, 3, 4, 5")]
    pub option_value: Option<OptionValue>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(crate) enum OptionValue {
    #[prost(string, tag = "1")]
    Text(String),
    #[prost(bool, tag = "2")]
    Flag(bool),
    #[prost(sfixed64, tag = "3")]
    Whole(i64),
    #[prost(double, tag = "4")]
    Real(f64),
    #[prost(message, tag = "5")]
    List(StringListValue),
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct StringListValue {
    #[prost(string, repeated, tag = "1")]
    pub values: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct SetSessionOptionsRequest {
    #[prost(map = "string, message", tag = "1")]
    pub session_options: HashMap<String, SessionOptionValue>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct SetSessionOptionsResult {
    #[prost(map = "string, message", tag = "1")]
    pub errors: HashMap<String, OptionError>,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub(crate) struct OptionError {
    #[prost(enumeration = "ErrorValue", tag = "1")]
    pub value: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub(crate) enum ErrorValue {
    Unspecified = 0,
    InvalidName = 1,
    InvalidValue = 2,
    Error = 3,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct GetSessionOptionsResult {
    #[prost(map = "string, message", tag = "1")]
    pub session_options: HashMap<String, SessionOptionValue>,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub(crate) struct CloseSessionResult {
    #[prost(enumeration = "CloseStatus", tag = "1")]
    pub status: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub(crate) enum CloseStatus {
    Unspecified = 0,
    Closed = 1,
    Closing = 2,
    NotCloseable = 3,
}

/// Sets what can be set, and says of the rest why not.
pub(crate) async fn set(
    request: SetSessionOptionsRequest,
    client: &Client,
    database: &str,
) -> SetSessionOptionsResult {
    let mut errors = HashMap::new();
    for (name, value) in request.session_options {
        if let Err(value) = set_one(&name, value.option_value, client, database).await {
            errors.insert(name, OptionError { value: value as i32 });
        }
    }
    SetSessionOptionsResult { errors }
}

async fn set_one(
    name: &str,
    value: Option<OptionValue>,
    client: &Client,
    database: &str,
) -> Result<(), ErrorValue> {
    let value = value.map(text);
    if name == "catalog" {
        // One session, one catalog: only the one it has can be asked for.
        let same = value.is_none_or(|value| value == database);
        return if same { Ok(()) } else { Err(ErrorValue::InvalidValue) };
    }
    let setting = if name == "schema" { "search_path" } else { name };
    if !is_name(setting) {
        return Err(ErrorValue::InvalidName);
    }
    let statement = match value {
        None => format!("RESET {setting}"),
        Some(value) if name == "schema" => {
            format!("SET search_path TO \"{}\"", value.replace('"', "\"\""))
        }
        Some(value) => format!("SET {setting} TO '{}'", value.replace('\'', "''")),
    };
    let is_known = setting.contains('.') || client.session.show(setting).is_ok();
    match run(client, &statement).await {
        Ok(()) => Ok(()),
        Err(_) if !is_known => Err(ErrorValue::InvalidName),
        Err(_) => Err(ErrorValue::InvalidValue),
    }
}

async fn run(client: &Client, statement: &str) -> Result<(), Status> {
    let stored = client.prepare(statement, &[]).await?;
    client.execute(stored.prepared.as_ref(), &[]).await?;
    Ok(())
}

/// A name with or without prefix, which needs no quotes.
fn is_name(text: &str) -> bool {
    let is_word = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    text.len() <= 128 && text.split('.').all(is_word)
}

fn text(value: OptionValue) -> String {
    match value {
        OptionValue::Text(text) => text,
        OptionValue::Flag(flag) => if flag { "on" } else { "off" }.to_string(),
        OptionValue::Whole(number) => number.to_string(),
        OptionValue::Real(number) => number.to_string(),
        OptionValue::List(list) => list.values.join(","),
    }
}

pub(crate) async fn get(client: &Client) -> Result<GetSessionOptionsResult, Status> {
    let mut session_options = HashMap::new();
    for row in client.list(OPTIONS).await? {
        let [Some(name), Some(value)] = row.as_slice() else { continue };
        let value = SessionOptionValue { option_value: Some(OptionValue::Text(value.clone())) };
        session_options.insert(name.clone(), value);
    }
    Ok(GetSessionOptionsResult { session_options })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_put_into_statements() {
        for name in ["TimeZone", "flight.compression", "_x"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "a b", "a;b", "a'", "1a", "a..b", "é"] {
            assert!(!is_name(name), "{name}");
        }
    }
}
