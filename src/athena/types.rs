//! Athena's types: from the text in which plans name them to what Arrow has for them.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, TimeUnit};
use lakegate_base::{Error, Result, Subject};

/// Deeper types than this are refused before they are read.
const DEPTH_MAX: usize = 32;
const DECIMAL_DIGITS_MAX: u8 = 38;
/// Fractions of a second are kept as far as Arrow can count them.
const FRACTION_DIGITS_MAX: u8 = 9;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Boolean,
    TinyInt,
    SmallInt,
    Integer,
    BigInt,
    Real,
    Double,
    /// Digits, and how many of them stand behind the point.
    Decimal(u8, u8),
    Text,
    /// What comes as text because nothing else has its meaning: json, uuid, intervals.
    Foreign(String),
    Binary,
    Date,
    /// Digits of its fractions, as of the next two.
    Time(u8),
    Timestamp(u8),
    TimestampTz(u8),
    Array(Box<Type>),
    Map(Box<Type>, Box<Type>),
    Row(Vec<(String, Type)>),
    /// Of a NULL that nothing gives a type.
    Unknown,
}

impl Type {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        parse(text.trim(), 0).ok_or_else(|| {
            Error::unsupported(format!("Athena's type \"{text}\""))
                .about(Subject::Type)
                .hint("Cast the column to a type that is, for example to varchar.")
        })
    }

    pub(crate) fn arrow(&self) -> DataType {
        match self {
            Self::Boolean => DataType::Boolean,
            Self::TinyInt => DataType::Int8,
            Self::SmallInt => DataType::Int16,
            Self::Integer => DataType::Int32,
            Self::BigInt => DataType::Int64,
            Self::Real => DataType::Float32,
            Self::Double => DataType::Float64,
            Self::Decimal(digits, scale) => {
                DataType::Decimal128(*digits, i8::try_from(*scale).unwrap_or(i8::MAX))
            }
            Self::Text | Self::Foreign(_) => DataType::Utf8,
            Self::Binary => DataType::Binary,
            Self::Date => DataType::Date32,
            Self::Time(digits) if *digits <= 6 => DataType::Time64(TimeUnit::Microsecond),
            Self::Time(_) => DataType::Time64(TimeUnit::Nanosecond),
            Self::Timestamp(digits) => DataType::Timestamp(unit(*digits), None),
            Self::TimestampTz(digits) => DataType::Timestamp(unit(*digits), Some("UTC".into())),
            Self::Array(item) => DataType::List(item_field(item)),
            Self::Map(key, value) => DataType::Map(entries_field(key, value), false),
            Self::Row(fields) => DataType::Struct(row_fields(fields)),
            Self::Unknown => DataType::Null,
        }
    }

    pub(crate) fn is_nested(&self) -> bool {
        matches!(self, Self::Array(_) | Self::Map(..) | Self::Row(_))
    }

    /// Whether its values can be told from the text in which Athena writes them. In nested values nothing is
    /// quoted: a comma may belong to a text, and `null` may be one.
    pub(crate) fn is_clear_in_text(&self) -> bool {
        match self {
            Self::Array(item) => item.is_clear_within(),
            Self::Map(key, value) => key.is_clear_within() && value.is_clear_within(),
            Self::Row(fields) => fields.iter().all(|(_, field)| field.is_clear_within()),
            _ => true,
        }
    }

    fn is_clear_within(&self) -> bool {
        let is_open = matches!(self, Self::Text | Self::Foreign(_) | Self::Binary);
        !is_open && self.is_clear_in_text()
    }

    /// Whether UNLOAD can write it as Parquet.
    pub(crate) fn can_unload(&self) -> bool {
        match self {
            Self::Foreign(_) | Self::Time(_) | Self::TimestampTz(_) | Self::Unknown => false,
            Self::Array(item) => item.can_unload(),
            Self::Map(key, value) => key.can_unload() && value.can_unload(),
            Self::Row(fields) => fields.iter().all(|(_, field)| field.can_unload()),
            _ => true,
        }
    }

    /// Whether results that name their type so can be of this one: they name nested types by one word, and
    /// leave precisions out.
    pub(crate) fn agrees(&self, named: &str) -> bool {
        let named = named.to_lowercase();
        let word = named.split(['(', '<']).next().unwrap_or_default().trim();
        match self {
            Self::Array(_) => word == "array",
            Self::Map(..) => word == "map",
            Self::Row(_) => matches!(word, "row" | "struct"),
            Self::Decimal(..) => word == "decimal",
            _ => match (self, parse(&named, 0)) {
                (Self::Time(_), Some(Self::Time(_)))
                | (Self::Timestamp(_), Some(Self::Timestamp(_)))
                | (Self::TimestampTz(_), Some(Self::TimestampTz(_))) => true,
                (_, Some(other)) => *self == other,
                (_, None) => false,
            },
        }
    }
}

fn unit(digits: u8) -> TimeUnit {
    match digits {
        0..=3 => TimeUnit::Millisecond,
        4..=6 => TimeUnit::Microsecond,
        _ => TimeUnit::Nanosecond,
    }
}

pub(crate) fn item_field(item: &Type) -> Arc<Field> {
    Arc::new(Field::new("item", item.arrow(), true))
}

pub(crate) fn entries_field(key: &Type, value: &Type) -> Arc<Field> {
    let fields = Fields::from(vec![
        Field::new("key", key.arrow(), false),
        Field::new("value", value.arrow(), true),
    ]);
    Arc::new(Field::new("entries", DataType::Struct(fields), false))
}

pub(crate) fn row_fields(fields: &[(String, Type)]) -> Fields {
    fields.iter().map(|(name, field)| Field::new(name, field.arrow(), true)).collect()
}

fn parse(text: &str, depth: usize) -> Option<Type> {
    if depth > DEPTH_MAX {
        return None;
    }
    let (word, arguments, rest) = split(text)?;
    let word = word.to_lowercase();
    let rest = rest.to_lowercase();
    let plain = arguments.is_none() && rest.is_empty();
    Some(match (word.as_str(), rest.as_str()) {
        ("boolean", "") if plain => Type::Boolean,
        ("tinyint", "") if plain => Type::TinyInt,
        ("smallint", "") if plain => Type::SmallInt,
        ("integer" | "int", "") if plain => Type::Integer,
        ("bigint", "") if plain => Type::BigInt,
        ("real" | "float", "") if plain => Type::Real,
        ("double", "") if plain => Type::Double,
        ("double", "precision") if arguments.is_none() => Type::Double,
        ("decimal", "") => decimal(arguments)?,
        ("varchar" | "char", "") => Type::Text,
        ("string", "") if plain => Type::Text,
        ("varbinary" | "binary", "") if plain => Type::Binary,
        ("date", "") if plain => Type::Date,
        ("time", "") => Type::Time(fraction(arguments)?),
        ("time", "with time zone") => Type::Foreign("time with time zone".to_string()),
        ("timestamp", "") => Type::Timestamp(fraction(arguments)?),
        ("timestamp", "with time zone") => Type::TimestampTz(fraction(arguments)?),
        ("interval", "day to second" | "year to month") => {
            Type::Foreign(format!("interval {rest}"))
        }
        ("json" | "uuid" | "ipaddress", "") if plain => Type::Foreign(word),
        ("unknown", "") if plain => Type::Unknown,
        ("array", "") => Type::Array(Box::new(parse(arguments?, depth + 1)?)),
        ("map", "") => match listed(arguments?)?.as_slice() {
            [key, value] => {
                Type::Map(Box::new(parse(key, depth + 1)?), Box::new(parse(value, depth + 1)?))
            }
            _ => return None,
        },
        ("row", "") => Type::Row(fields(arguments?, depth)?),
        _ => return None,
    })
}

/// `word(arguments) rest`.
fn split(text: &str) -> Option<(&str, Option<&str>, &str)> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    match rest.strip_prefix('(') {
        Some(inner) => {
            let close = closing(inner)?;
            Some((word, Some(inner[..close].trim()), inner[close + 1..].trim()))
        }
        None if rest.is_empty() || rest.starts_with(' ') => Some((word, None, rest.trim())),
        None => None,
    }
}

/// Where the bracket closes that was opened before this text.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    let mut is_quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' => is_quoted = !is_quoted,
            '(' if !is_quoted => depth += 1,
            ')' if !is_quoted && depth == 0 => return Some(at),
            ')' if !is_quoted => depth -= 1,
            _ => {}
        }
    }
    None
}

/// What stands between the commas, outside of brackets and quotes.
fn listed(text: &str) -> Option<Vec<&str>> {
    let (mut parts, mut start, mut depth, mut is_quoted) = (Vec::new(), 0, 0i32, false);
    for (at, c) in text.char_indices() {
        match c {
            '"' => is_quoted = !is_quoted,
            '(' if !is_quoted => depth += 1,
            ')' if !is_quoted => depth -= 1,
            ',' if !is_quoted && depth == 0 => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    (depth == 0 && !is_quoted).then_some(parts)
}

/// `a integer, "b c" varchar`; or types alone, which get the names that Athena gives them.
fn fields(text: &str, depth: usize) -> Option<Vec<(String, Type)>> {
    let parts = listed(text)?;
    let parsed = parts.iter().enumerate().map(|(index, part)| {
        if let Some(of) = parse(part, depth + 1) {
            return Some((format!("field{index}"), of));
        }
        let (name, of) = match part.strip_prefix('"') {
            Some(quoted) => {
                let end = quoted_end(quoted)?;
                (quoted[..end].replace("\"\"", "\""), &quoted[end + 1..])
            }
            None => {
                let (name, of) = part.split_once(' ')?;
                (name.to_string(), of)
            }
        };
        Some((name, parse(of.trim(), depth + 1)?))
    });
    parsed.collect()
}

/// Where a quoted name ends; two quotes stand for one.
fn quoted_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], bytes.get(at + 1)) {
            (b'"', Some(b'"')) => at += 2,
            (b'"', _) => return Some(at),
            _ => at += 1,
        }
    }
    None
}

fn decimal(arguments: Option<&str>) -> Option<Type> {
    let (digits, scale) = arguments?.split_once(',').unwrap_or((arguments?, "0"));
    let (digits, scale) = (digits.trim().parse().ok()?, scale.trim().parse().ok()?);
    ((1..=DECIMAL_DIGITS_MAX).contains(&digits) && scale <= digits)
        .then_some(Type::Decimal(digits, scale))
}

/// Three digits unless it says otherwise.
fn fraction(arguments: Option<&str>) -> Option<u8> {
    let digits = arguments.map_or(Ok(3), str::parse).ok()?;
    (digits <= FRACTION_DIGITS_MAX).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::Type::{self, *};

    fn parsed(text: &str) -> Type {
        Type::parse(text).expect(text)
    }

    #[test]
    fn types_are_read_as_plans_write_them() {
        assert_eq!(parsed("decimal(38,10)"), Decimal(38, 10));
        assert_eq!(parsed("varchar(25)"), Text);
        assert_eq!(parsed("timestamp(6) with time zone"), TimestampTz(6));
        assert_eq!(parsed("interval day to second"), Foreign("interval day to second".into()));
        assert_eq!(parsed("array(row(a integer, \"b, (\"\"c\" map(varchar, decimal(5, 2))))"), {
            let map = Map(Box::new(Text), Box::new(Decimal(5, 2)));
            Array(Box::new(Row(vec![("a".into(), Integer), ("b, (\"c".into(), map)])))
        });
        assert_eq!(parsed("row(date date, time time(3) with time zone)"), {
            let time = Foreign("time with time zone".into());
            Row(vec![("date".into(), Date), ("time".into(), time)])
        });
        assert_eq!(parsed("row(integer, timestamp(3))"), {
            Row(vec![("field0".into(), Integer), ("field1".into(), Timestamp(3))])
        });
    }

    #[test]
    fn what_is_no_type_is_refused() {
        let deep = format!("{}integer{}", "array(".repeat(40), ")".repeat(40));
        for text in ["", "hyperloglog", "decimal(39,0)", "array(integer", "map(integer)", &deep] {
            let error = Type::parse(text).expect_err(text);
            assert!(error.message().starts_with("not supported"), "{error}");
        }
    }

    #[test]
    fn results_name_their_types_shorter() {
        assert!(parsed("real").agrees("float"));
        assert!(parsed("varchar(3)").agrees("varchar"));
        assert!(parsed("timestamp(6) with time zone").agrees("timestamp with time zone"));
        assert!(parsed("row(a integer)").agrees("row"));
        assert!(!parsed("integer").agrees("bigint"));
        assert!(!parsed("timestamp(3)").agrees("timestamp with time zone"));
    }
}
