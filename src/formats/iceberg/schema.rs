//! Iceberg schemas: from their JSON, and to Arrow with a field id at every level.
//!
//! Specification: <https://iceberg.apache.org/spec/#schemas-and-data-types>

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields, TimeUnit};
use lakegate_base::{Error, Result, Subject};
use serde_json::Value as Json;

use crate::FIELD_ID;
use crate::variant::VARIANT;

use super::{INITIAL_DEFAULT, NAME_MAPPING};

const EXTENSION_NAME: &str = "ARROW:extension:name";
const UUID_EXTENSION: &str = "arrow.uuid";

/// Columns of a table, nested ones included.
const COLUMNS_MAX: usize = 100_000;
/// Levels of nested types.
const DEPTH_MAX: usize = 64;

#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    pub id: i32,
    pub name: String,
    pub required: bool,
    pub kind: Type,
    /// What files older than the column hold in it.
    pub initial_default: Option<Json>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    Primitive(Primitive),
    Variant,
    /// Always NULL; files need not have the column.
    Unknown,
    Struct(Vec<Column>),
    List(Box<Column>),
    Map(Box<[Column; 2]>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Primitive {
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Decimal { precision: u8, scale: i8 },
    Date,
    Time,
    Timestamp(TimeUnit),
    TimestampTz(TimeUnit),
    String,
    Uuid,
    Fixed(i32),
    Binary,
}

/// The top-level columns of a schema.
pub fn parse(schema: &Json) -> Result<Vec<Column>> {
    let mut parser = Parser { ids: HashSet::new() };
    match parser.parse(schema, "", 0)? {
        Type::Struct(columns) => Ok(columns),
        _ => Err(Error::corrupt("the schema is not a struct")),
    }
}

struct Parser {
    ids: HashSet<i32>,
}

impl Parser {
    /// `path` is the column's, for errors.
    fn parse(&mut self, json: &Json, path: &str, depth: usize) -> Result<Type> {
        if depth > DEPTH_MAX {
            return Err(Error::corrupt(format!("column {path} is nested too deeply")));
        }
        if let Some(name) = json.as_str() {
            return plain(name, path);
        }
        let kind = json.get("type");
        match kind.and_then(Json::as_str) {
            Some("struct") => self.columns(json, path, depth).map(Type::Struct),
            Some("list") => {
                let element = self.part(json, "element", path, depth)?;
                Ok(Type::List(Box::new(element)))
            }
            Some("map") => {
                let key = self.part(json, "key", path, depth)?;
                let value = self.part(json, "value", path, depth)?;
                if key.kind == Type::Variant {
                    let what = format!("variants as the keys of a map (column {path})");
                    return Err(Error::unsupported(what).about(Subject::Column));
                }
                Ok(Type::Map(Box::new([key, value])))
            }
            // v1 writers may wrap a primitive as {"type": "int"}.
            Some(name) => plain(name, path),
            None => Err(Error::corrupt(format!("the type of column {path} is not readable"))),
        }
    }

    fn columns(&mut self, json: &Json, path: &str, depth: usize) -> Result<Vec<Column>> {
        let fields = json.get("fields").and_then(Json::as_array);
        let fields =
            fields.ok_or_else(|| Error::corrupt("a struct in the schema has no fields"))?;
        let mut names = HashSet::new();
        let mut columns = Vec::with_capacity(fields.len());
        for field in fields {
            let name = field.get("name").and_then(Json::as_str);
            let name = name.ok_or_else(|| Error::corrupt("a column in the schema has no name"))?;
            let path = if path.is_empty() { name.to_string() } else { format!("{path}.{name}") };
            if !names.insert(name) {
                return Err(Error::corrupt(format!("the schema has two columns {path}")));
            }
            let id = self.id(field.get("id"), &path)?;
            let kind = field.get("type");
            let kind = kind.ok_or_else(|| Error::corrupt(format!("column {path} has no type")))?;
            let kind = self.parse(kind, &path, depth + 1)?;
            let required = field.get("required").and_then(Json::as_bool).unwrap_or(false);
            let required = required && kind != Type::Unknown;
            let initial_default = field.get("initial-default").filter(|json| !json.is_null());
            refuse_composed_default(&path, &kind, initial_default)?;
            let initial_default = initial_default.cloned();
            columns.push(Column { id, name: name.to_string(), required, kind, initial_default });
        }
        Ok(columns)
    }

    /// The element of a list, or the key or value of a map.
    fn part(&mut self, json: &Json, name: &str, path: &str, depth: usize) -> Result<Column> {
        let path = format!("{path}.{name}");
        let id = self.id(json.get(format!("{name}-id")), &path)?;
        let kind = json.get(name);
        let kind = kind.ok_or_else(|| Error::corrupt(format!("column {path} has no type")))?;
        let kind = self.parse(kind, &path, depth + 1)?;
        let required = json.get(format!("{name}-required")).and_then(Json::as_bool);
        let required = name == "key" || required.unwrap_or(false);
        Ok(Column { id, name: name.to_string(), required, kind, initial_default: None })
    }

    fn id(&mut self, json: Option<&Json>, path: &str) -> Result<i32> {
        let id = json.and_then(Json::as_i64).and_then(|id| i32::try_from(id).ok());
        let id = id.ok_or_else(|| Error::corrupt(format!("column {path} has no field id")))?;
        if !self.ids.insert(id) {
            return Err(Error::corrupt(format!("field id {id} of column {path} is used twice")));
        }
        if self.ids.len() > COLUMNS_MAX {
            return Err(Error::exhausted(format!("the table has more than {COLUMNS_MAX} columns")));
        }
        Ok(id)
    }
}

/// A struct's own default may only be null or `{}`, which says that its columns have theirs; lists, maps,
/// variants and unknown columns have none.
fn refuse_composed_default(path: &str, kind: &Type, default: Option<&Json>) -> Result<()> {
    let what = match (kind, default) {
        (_, None) | (Type::Primitive(_), _) => return Ok(()),
        (Type::Struct(_), Some(Json::Object(fields))) if fields.is_empty() => return Ok(()),
        (Type::Struct(_), _) => "struct",
        (Type::List(_), _) => "list",
        (Type::Map(_), _) => "map",
        (Type::Variant, _) => "variant",
        (Type::Unknown, _) => "column of type unknown",
    };
    let what = format!("initial defaults of a whole {what} (column {path})");
    Err(Error::unsupported(what).about(Subject::Column))
}

/// Adds the types of all columns of a schema, nested ones too, by field id. What is not readable is left out.
pub fn collect_kinds(schema: &Json, kinds: &mut HashMap<i32, Primitive>) {
    let mut open = vec![(schema, 0)];
    while let Some((json, depth)) = open.pop() {
        if depth > DEPTH_MAX || kinds.len() > COLUMNS_MAX {
            return;
        }
        let fields = json.get("fields").and_then(Json::as_array).into_iter().flatten();
        let fields = fields.map(|field| (field.get("id"), field.get("type")));
        let parts = ["element", "key", "value"];
        let parts = parts.map(|part| (json.get(format!("{part}-id")), json.get(part)));
        for (id, kind) in fields.chain(parts) {
            let id = id.and_then(Json::as_i64).and_then(|id| i32::try_from(id).ok());
            let (Some(id), Some(kind)) = (id, kind) else { continue };
            let name = kind.as_str().or_else(|| kind.get("type").and_then(Json::as_str));
            match name.and_then(|name| primitive(name, "").ok()) {
                Some(kind) => drop(kinds.insert(id, kind)),
                None => open.push((kind, depth + 1)),
            }
        }
    }
}

/// A type without parts.
fn plain(name: &str, path: &str) -> Result<Type> {
    match name.trim() {
        "variant" => Ok(Type::Variant),
        "unknown" => Ok(Type::Unknown),
        name => primitive(name, path).map(Type::Primitive),
    }
}

fn primitive(name: &str, path: &str) -> Result<Primitive> {
    Ok(match name.trim() {
        "boolean" => Primitive::Boolean,
        "int" => Primitive::Int,
        "long" => Primitive::Long,
        "float" => Primitive::Float,
        "double" => Primitive::Double,
        "date" => Primitive::Date,
        "time" => Primitive::Time,
        "timestamp" => Primitive::Timestamp(TimeUnit::Microsecond),
        "timestamptz" => Primitive::TimestampTz(TimeUnit::Microsecond),
        "timestamp_ns" => Primitive::Timestamp(TimeUnit::Nanosecond),
        "timestamptz_ns" => Primitive::TimestampTz(TimeUnit::Nanosecond),
        "string" => Primitive::String,
        "uuid" => Primitive::Uuid,
        "binary" => Primitive::Binary,
        other => {
            let parsed = parameters(other, "fixed").and_then(fixed);
            let parsed = parsed.or_else(|| parameters(other, "decimal").and_then(decimal));
            return parsed.ok_or_else(|| unreadable(other, path));
        }
    })
}

/// A type of the specification that is not read here is unsupported; any other name is damage.
fn unreadable(name: &str, path: &str) -> Error {
    let base = name.split(['(', '[']).next().unwrap_or(name).trim();
    match base {
        "geometry" | "geography" => Error::unsupported(format!("{base} columns (column {path})")),
        _ => Error::corrupt(format!("column {path} has the unknown type \"{name}\"")),
    }
    .about(Subject::Column)
}

/// What stands in the brackets: `fixed[5]`, `decimal(9, 2)`.
fn parameters<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let rest = text.strip_prefix(name)?.trim().strip_prefix(['(', '['])?;
    rest.strip_suffix([')', ']'])
}

fn fixed(length: &str) -> Option<Primitive> {
    let length = length.trim().parse().ok()?;
    (length > 0).then_some(Primitive::Fixed(length))
}

fn decimal(text: &str) -> Option<Primitive> {
    let (precision, scale) = text.split_once(',')?;
    let (precision, scale) = (precision.trim().parse().ok()?, scale.trim().parse().ok()?);
    let valid = (1..=38).contains(&precision) && (0..=38).contains(&scale);
    let valid = valid && u8::try_from(scale).is_ok_and(|scale| scale <= precision);
    valid.then_some(Primitive::Decimal { precision, scale })
}

impl Primitive {
    /// The other way than [`arrow_field`].
    pub fn of(field: &Field) -> Option<Self> {
        let extension = field.metadata().get(EXTENSION_NAME).map(String::as_str);
        Some(match field.data_type() {
            DataType::Boolean => Self::Boolean,
            DataType::Int32 => Self::Int,
            DataType::Int64 => Self::Long,
            DataType::Float32 => Self::Float,
            DataType::Float64 => Self::Double,
            DataType::Decimal128(precision, scale) => {
                Self::Decimal { precision: *precision, scale: *scale }
            }
            DataType::Date32 => Self::Date,
            DataType::Time64(_) => Self::Time,
            DataType::Timestamp(unit, None) => Self::Timestamp(*unit),
            DataType::Timestamp(unit, Some(_)) => Self::TimestampTz(*unit),
            DataType::Utf8 => Self::String,
            DataType::FixedSizeBinary(16) if extension == Some(UUID_EXTENSION) => Self::Uuid,
            DataType::FixedSizeBinary(length) => Self::Fixed(*length),
            DataType::Binary => Self::Binary,
            _ => return None,
        })
    }

    pub fn arrow(self) -> DataType {
        match self {
            Self::Boolean => DataType::Boolean,
            Self::Int => DataType::Int32,
            Self::Long => DataType::Int64,
            Self::Float => DataType::Float32,
            Self::Double => DataType::Float64,
            Self::Decimal { precision, scale } => DataType::Decimal128(precision, scale),
            Self::Date => DataType::Date32,
            Self::Time => DataType::Time64(TimeUnit::Microsecond),
            Self::Timestamp(unit) => DataType::Timestamp(unit, None),
            Self::TimestampTz(unit) => DataType::Timestamp(unit, Some("UTC".into())),
            Self::String => DataType::Utf8,
            Self::Uuid => DataType::FixedSizeBinary(16),
            Self::Fixed(length) => DataType::FixedSizeBinary(length),
            Self::Binary => DataType::Binary,
        }
    }
}

/// The names that `schema.name-mapping.default` gives each field id, for files without field ids.
/// Ids are unique in it, so the levels need not be kept.
pub type NameMapping = HashMap<i32, Vec<String>>;

pub fn parse_name_mapping(text: &str) -> Result<NameMapping> {
    let damaged = || Error::corrupt("the property schema.name-mapping.default is damaged");
    let json: Json = serde_json::from_str(text).map_err(|e| damaged().source(e))?;
    let mut names = NameMapping::new();
    let mut open: Vec<&Json> = vec![&json];
    while let Some(fields) = open.pop() {
        for field in fields.as_array().ok_or_else(damaged)? {
            open.extend(field.get("fields").filter(|fields| !fields.is_null()));
            let id = field.get("field-id").and_then(Json::as_i64);
            // A mapping without an id says that the column is to be ignored.
            let Some(id) = id.and_then(|id| i32::try_from(id).ok()) else { continue };
            let list = field.get("names").and_then(Json::as_array).ok_or_else(damaged)?;
            let list: Option<Vec<_>> =
                list.iter().map(|n| n.as_str().map(str::to_string)).collect();
            if names.insert(id, list.ok_or_else(damaged)?).is_some() {
                return Err(damaged());
            }
        }
    }
    Ok(names)
}

/// The Arrow field of a column: field id, and the names of the mapping if the table has one (none for a
/// column that is not in it), at every level.
pub fn arrow_field(column: &Column, mapping: Option<&NameMapping>) -> FieldRef {
    let kind = match &column.kind {
        Type::Primitive(primitive) => primitive.arrow(),
        Type::Variant | Type::Unknown => DataType::Utf8,
        Type::Struct(columns) => DataType::Struct(
            columns.iter().map(|column| arrow_field(column, mapping)).collect::<Fields>(),
        ),
        Type::List(element) => DataType::List(arrow_field(element, mapping)),
        Type::Map(parts) => {
            let entry = parts.iter().map(|part| arrow_field(part, mapping)).collect::<Fields>();
            let entries = Field::new("key_value", DataType::Struct(entry), false);
            DataType::Map(Arc::new(entries), false)
        }
    };
    let mut metadata = HashMap::from([(FIELD_ID.to_string(), column.id.to_string())]);
    if let Some(default) = &column.initial_default {
        metadata.insert(INITIAL_DEFAULT.to_string(), default.to_string());
    }
    if let Some(mapping) = mapping {
        let names = mapping.get(&column.id).map_or(&[][..], Vec::as_slice);
        metadata.insert(NAME_MAPPING.to_string(), Json::from(names).to_string());
    }
    if column.kind == Type::Primitive(Primitive::Uuid) {
        metadata.insert(EXTENSION_NAME.to_string(), UUID_EXTENSION.to_string());
    }
    if column.kind == Type::Variant {
        metadata.insert(VARIANT.to_string(), "true".to_string());
    }
    Arc::new(Field::new(&column.name, kind, !column.required).with_metadata(metadata))
}

/// The names that a column has in files without field ids. None: the table has no mapping.
pub fn mapped_names(field: &Field) -> Option<Vec<String>> {
    serde_json::from_str(field.metadata().get(NAME_MAPPING)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(kind: &str) -> String {
        let json = format!(
            r#"{{"type": "struct", "fields": [{{"id": 1, "name": "c", "required": true, "type": {kind}}}]}}"#
        );
        let json = serde_json::from_str(&json).expect("valid JSON");
        let parsed = parse(&json);
        parsed.map_or_else(|e| e.to_string(), |c| arrow_field(&c[0], None).data_type().to_string())
    }

    #[test]
    fn reads_types_or_names_them() {
        assert_eq!(outcome(r#""decimal(9, 2)""#), "Decimal128(9, 2)");
        assert_eq!(outcome(r#""timestamptz_ns""#), "Timestamp(ns, \"UTC\")");
        assert_eq!(outcome(r#""variant""#), "Utf8");
        assert_eq!(outcome(r#""unknown""#), "Utf8");
        assert_eq!(
            outcome(r#""geometry(EPSG:4326)""#),
            "not supported: geometry columns (column c)"
        );
        assert_eq!(
            outcome(r#""decimal(39, 2)""#),
            "column c has the unknown type \"decimal(39, 2)\""
        );
        assert_eq!(outcome(r#""fixed[0]""#), "column c has the unknown type \"fixed[0]\"");
        let list = r#"{"type": "list", "element-id": 1, "element": "int"}"#;
        assert_eq!(outcome(list), "field id 1 of column c.element is used twice");
    }

    #[test]
    fn reads_name_mappings_of_every_level() {
        let names = r#"[{"field-id": 1, "names": ["a", "b"], "fields": [{"field-id": 2, "names": []}]},
            {"names": ["ignored"]}]"#;
        let mapping = parse_name_mapping(names).expect("valid");
        assert_eq!(mapping[&1], ["a", "b"]);
        assert!(mapping[&2].is_empty() && mapping.len() == 2);
        assert!(parse_name_mapping(r#"[{"field-id": 1}]"#).is_err());
        assert!(parse_name_mapping(r#"[{"field-id": 1, "names": [1]}]"#).is_err());
    }
}
