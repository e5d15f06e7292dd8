//! `x::uuid`: text in the one form Postgres prints, refused where it is none.

use uuid::Uuid;

use datafusion::error::Result;
use lakegate_base::{Error, Subject};

use super::scalar::{Function, Kind, Value, external, function};

pub const AS_UUID: &str = "pg_uuid";

pub fn functions() -> Vec<Function> {
    vec![
        function(AS_UUID, &[Kind::Text], Kind::Text, |values| uuid(values[0].text()))
            .pg_type("uuid")
            .immutable(),
    ]
}

/// Hyphens are where they are, in braces or not; Postgres takes them after any four digits.
fn uuid(text: &str) -> Result<Value> {
    let bare = text.trim();
    let bare = bare.strip_prefix('{').and_then(|t| t.strip_suffix('}')).unwrap_or(bare);
    let digits: String = bare.chars().filter(|c| *c != '-').collect();
    let known = Uuid::try_parse(bare).or_else(|_| Uuid::try_parse(&digits));
    match known {
        Ok(uuid) => Ok(Value::Text(uuid.to_string())),
        Err(_) => {
            let message = format!("invalid input syntax for type uuid: \"{text}\"");
            Err(external(Error::invalid(message).about(Subject::Value)))
        }
    }
}
