//! Casts: to text as Postgres prints it, to the types that name objects, and from array literals.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType as ArrowType, Field, FieldRef};
use datafusion::common::Result;
use datafusion::logical_expr::planner::TypePlanner;
use sqlparser::ast::{
    Array, ArrayElemTypeDef, CastKind, CharacterLength, DataType, ExactNumberInfo, Expr,
    ObjectName, TimezoneInfo, Value,
};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

use super::build;
use crate::functions::{AS_JSON, AS_JSONB, AS_UUID, OBJECT_TYPES, TO_TEXT};
use crate::system::types::{self, PG_TYPE, to_arrow};

/// What a cast to a type becomes.
enum Target {
    /// A function of the value.
    Function(&'static str),
    /// Text, cut to a length where one is given, of a type that is shown under another name.
    Text(Option<u64>, Option<&'static str>),
    /// A type DataFusion knows.
    Type(DataType),
}

/// Rewrites `CAST(x AS t)`, `x::t` and `t 'x'`.
pub fn rewrite(expr: &mut Expr) {
    typed_string(expr);
    let Expr::Cast {
        kind: CastKind::Cast | CastKind::DoubleColon,
        expr: inner,
        data_type,
        array,
        format,
    } = expr
    else {
        return;
    };
    if *array || format.is_some() {
        return;
    }
    if let Some(text) = literal_text(inner)
        && let DataType::Array(ArrayElemTypeDef::SquareBracket(element, _)) = data_type
        && let Some(values) = array_literal(&text)
    {
        *expr = array_of(values, element);
        return;
    }
    let is_parameter =
        matches!(inner.as_ref(), Expr::Value(v) if matches!(v.value, Value::Placeholder(_)));
    if is_parameter && is_list_of_oids(data_type) {
        *data_type = shown_as("_oid");
        return;
    }
    match target(data_type) {
        Target::Type(known) => {
            // By way of a decimal, a large or small number would lose its last digit.
            if is_float(&known)
                && let Some(digits) = literal_number(inner)
            {
                **inner = build::text(&digits);
            }
            *data_type = exact(known, inner);
        }
        // A plain cast tells the type of a parameter.
        Target::Text(None, shown) if is_parameter => {
            *data_type = shown.map_or(DataType::Text, shown_as);
        }
        Target::Text(length, shown) => {
            let value = build::take(inner);
            let text = match literal_text(&value) {
                Some(_) => value,
                None => build::call(TO_TEXT, vec![value]),
            };
            let text = match length.and_then(|n| i64::try_from(n).ok()) {
                Some(length) => build::call("left", vec![text, build::number(length)]),
                None => text,
            };
            *expr = match shown {
                Some(name) => cast(text, shown_as(name)),
                None => text,
            };
        }
        Target::Function(name) if is_parameter => {
            let own = match name {
                AS_JSON => "json",
                AS_JSONB => "jsonb",
                AS_UUID => "uuid",
                _ => OBJECT_TYPES.iter().find(|(_, f)| *f == name).map_or("text", |(own, _)| own),
            };
            *expr = build::call(name, vec![cast(build::take(inner), shown_as(own))]);
        }
        Target::Function(name) => *expr = build::call(name, vec![build::take(inner)]),
    }
}

/// `t 'x'`
fn typed_string(expr: &mut Expr) {
    let Expr::TypedString(typed) = expr else { return };
    match target(&typed.data_type) {
        Target::Type(known) => typed.data_type = known,
        Target::Function(_) | Target::Text(..) => {
            if let Some(value) = typed.value.value.clone().into_string() {
                *expr = cast(build::text(&value), typed.data_type.clone());
            }
        }
    }
}

/// Stands before the name of a Postgres type that is a text to DataFusion; no tool writes it.
const SHOWN: char = '\u{1}';

fn shown_as(name: &str) -> DataType {
    DataType::Custom(ObjectName::from(vec![build::ident(&format!("{SHOWN}{name}"))]), vec![])
}

/// Tells DataFusion's planner what [`shown_as`] means.
#[derive(Debug)]
pub struct Types;

impl TypePlanner for Types {
    fn plan_type_field(&self, data_type: &DataType) -> Result<Option<FieldRef>> {
        let DataType::Custom(name, _) = data_type else { return Ok(None) };
        let name = build::last_part(name);
        let shown = name.strip_prefix(SHOWN).map(|shown| {
            let metadata = HashMap::from([(PG_TYPE.to_string(), shown.to_string())]);
            // Names of objects come as text, and are looked up.
            let kept = match to_arrow(shown).0 {
                list if list.is_list() => list,
                _ => ArrowType::Utf8,
            };
            Arc::new(Field::new("", kept, true).with_metadata(metadata))
        });
        Ok(shown)
    }
}

pub fn cast(expr: Expr, data_type: DataType) -> Expr {
    let kind = CastKind::Cast;
    Expr::Cast { kind, expr: Box::new(expr), data_type, array: false, format: None }
}

fn is_list_of_oids(data_type: &DataType) -> bool {
    let DataType::Array(ArrayElemTypeDef::SquareBracket(element, _)) = data_type else {
        return false;
    };
    matches!(element.as_ref(), DataType::Custom(name, _) if build::last_part(name) == "oid")
}

/// The type of a field, as SQL names it; none where a cast to it means nothing.
pub fn in_sql(field: &FieldRef) -> Option<DataType> {
    let known = types::of_column(types::named_by(field), field.data_type());
    let name = types::format(known.oid, -1);
    let parsed = Parser::new(&PostgreSqlDialect {}).try_with_sql(&name).ok()?.parse_data_type();
    parsed.ok().filter(is_known)
}

/// Whether a cast to it means anything here.
fn is_known(data_type: &DataType) -> bool {
    !matches!(target(data_type), Target::Type(DataType::Custom(..)))
}

fn target(data_type: &DataType) -> Target {
    match data_type {
        DataType::Text => Target::Text(None, None),
        DataType::JSON => Target::Function(AS_JSON),
        DataType::JSONB => Target::Function(AS_JSONB),
        DataType::Uuid => Target::Function(AS_UUID),
        DataType::Varchar(length)
        | DataType::CharacterVarying(length)
        | DataType::CharVarying(length) => {
            Target::Text(length.as_ref().and_then(units), Some("varchar"))
        }
        DataType::Char(length) | DataType::Character(length) => {
            Target::Text(length.as_ref().map_or(Some(1), units), Some("bpchar"))
        }
        DataType::Regclass => Target::Function("pg_regclass"),
        DataType::Custom(name, _) => named(name).unwrap_or_else(|| Target::Type(data_type.clone())),
        DataType::Array(ArrayElemTypeDef::SquareBracket(element, size)) => {
            let element = Box::new(element_type(element));
            Target::Type(DataType::Array(ArrayElemTypeDef::SquareBracket(element, *size)))
        }
        DataType::Timestamp(None, zone) => Target::Type(timestamp(*zone)),
        // In single precision up to 24 bits, to DataFusion always.
        DataType::Float(ExactNumberInfo::Precision(bits)) if *bits < 25 => {
            Target::Type(DataType::Real)
        }
        DataType::Float(_) => Target::Type(DataType::DoublePrecision),
        other => Target::Type(other.clone()),
    }
}

/// As fine as Postgres' own: DataFusion's nanoseconds end in the year 2262, and begin in 1677.
fn timestamp(zone: TimezoneInfo) -> DataType {
    DataType::Timestamp(Some(6), zone)
}

fn units(length: &CharacterLength) -> Option<u64> {
    match length {
        CharacterLength::IntegerLength { length, .. } => Some(*length),
        CharacterLength::Max => None,
    }
}

/// A type by its name alone, `pg_catalog.` or not.
fn named(name: &ObjectName) -> Option<Target> {
    let bare = build::last_part(name);
    if let Some((_, function)) = OBJECT_TYPES.iter().find(|(t, _)| *t == bare) {
        return Some(Target::Function(function));
    }
    let list = |element: DataType| {
        DataType::Array(ArrayElemTypeDef::SquareBracket(Box::new(element), None))
    };
    Some(match bare.as_str() {
        "text" | "citext" => Target::Text(None, None),
        "name" => Target::Text(None, Some("name")),
        "varchar" => Target::Text(None, Some("varchar")),
        "bpchar" => Target::Text(None, Some("bpchar")),
        "json" => Target::Function(AS_JSON),
        "jsonb" => Target::Function(AS_JSONB),
        "uuid" => Target::Function(AS_UUID),
        "char" => Target::Text(Some(1), Some("char")),
        "xid" | "cid" => Target::Function("pg_oid"),
        "bool" => Target::Type(DataType::Boolean),
        "int2" => Target::Type(DataType::SmallInt(None)),
        "int4" => Target::Type(DataType::Integer(None)),
        "int8" => Target::Type(DataType::BigInt(None)),
        "float4" => Target::Type(DataType::Real),
        "float8" => Target::Type(DataType::DoublePrecision),
        "date" => Target::Type(DataType::Date),
        "timestamp" => Target::Type(timestamp(TimezoneInfo::None)),
        "timestamptz" => Target::Type(timestamp(TimezoneInfo::Tz)),
        "int2vector" => Target::Type(list(DataType::SmallInt(None))),
        "oidvector" => Target::Type(list(DataType::BigInt(None))),
        "_text" | "_varchar" | "_name" => Target::Type(list(DataType::Text)),
        "_int4" => Target::Type(list(DataType::Integer(None))),
        _ => return None,
    })
}

fn element_type(element: &DataType) -> DataType {
    match target(element) {
        Target::Type(known) => known,
        Target::Text(..) => DataType::Text,
        // DataFusion has no lists of these types; their elements are shown as text.
        Target::Function(AS_JSON | AS_JSONB | AS_UUID) => DataType::Text,
        Target::Function(_) => DataType::BigInt(None),
    }
}

/// A numeric without a scale has that of the literal: `'1.5'::numeric` is 1.5.
fn exact(data_type: DataType, value: &Expr) -> DataType {
    use ExactNumberInfo::{None as Unsaid, PrecisionAndScale};
    let (DataType::Numeric(Unsaid) | DataType::Decimal(Unsaid) | DataType::Dec(Unsaid)) = data_type
    else {
        return data_type;
    };
    let text = literal_text(value).or_else(|| literal_number(value));
    let Some(digits) = text.as_deref().map(str::trim) else { return data_type };
    let is_plain = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+');
    let scale = digits.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    match i64::try_from(scale) {
        Ok(scale) if scale <= 38 && digits.chars().all(is_plain) => {
            DataType::Numeric(PrecisionAndScale(38, scale))
        }
        _ => data_type,
    }
}

fn is_float(data_type: &DataType) -> bool {
    use DataType::{Double, DoublePrecision, Float, Float4, Float8, Real};
    matches!(data_type, Double(_) | DoublePrecision | Float(_) | Float4 | Float8 | Real)
}

fn literal_number(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::Number(digits, _) => Some(digits.clone()),
            _ => None,
        },
        Expr::Nested(inner) => literal_number(inner),
        _ => None,
    }
}

pub fn literal_text(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) | Value::EscapedStringLiteral(text) => {
                Some(text.clone())
            }
            _ => None,
        },
        Expr::Nested(inner) => literal_text(inner),
        _ => None,
    }
}

fn array_of(values: Vec<Option<String>>, element: &DataType) -> Expr {
    let to = element_type(element);
    let is_text = matches!(to, DataType::Text);
    let item = |value: Option<String>| match value {
        Some(text) if is_text => build::text(&text),
        Some(text) => cast(build::text(&text), to.clone()),
        None => cast(Expr::value(Value::Null), to.clone()),
    };
    let empty = values.is_empty();
    let array = Expr::Array(Array { elem: values.into_iter().map(item).collect(), named: true });
    if !empty {
        return array;
    }
    cast(array, DataType::Array(ArrayElemTypeDef::SquareBracket(Box::new(to), None)))
}

/// The elements of `{a,"b c",NULL}`; none for nested or malformed ones.
pub fn array_literal(text: &str) -> Option<Vec<Option<String>>> {
    let inner = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    let mut values = Vec::new();
    if inner.trim().is_empty() {
        return Some(values);
    }
    let mut chars = inner.chars().peekable();
    loop {
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        let quoted = chars.next_if_eq(&'"').is_some();
        let mut value = String::new();
        loop {
            match chars.peek().copied() {
                Some('"') if quoted => break,
                Some(',') | None if !quoted => break,
                Some('{' | '}' | '"') if !quoted => return None,
                None => return None,
                Some(c) => {
                    chars.next();
                    value.push(if c == '\\' { chars.next()? } else { c });
                }
            }
        }
        if quoted {
            chars.next();
            while chars.next_if(|c| c.is_whitespace()).is_some() {}
            values.push(Some(value));
        } else {
            let bare = value.trim();
            values.push((!bare.eq_ignore_ascii_case("null")).then(|| bare.to_string()));
        }
        match chars.next() {
            Some(',') => {}
            None => return Some(values),
            Some(_) => return None,
        }
    }
}
