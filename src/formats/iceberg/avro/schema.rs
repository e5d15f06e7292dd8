//! The writer's Avro schema, reduced to what decoding needs.
//!
//! A field keeps its Iceberg field id (`field-id`), because names are free to differ between writers, and
//! a mark that says whether anyone wants it: the others are skipped without building values.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value as Json;

/// Deeper schemas are refused. Manifests need 6.
const DEPTH_MAX: usize = 32;
/// Nodes of one schema; a manifest has about 100 and one per partition field.
const NODES_MAX: usize = 10_000;

#[derive(Clone, Debug)]
pub enum Schema {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    String,
    Fixed(usize),
    Enum,
    Array(Arc<Schema>),
    Map(Arc<Schema>),
    Union(Arc<[Schema]>),
    Record(Arc<Record>),
}

#[derive(Debug)]
pub struct Record {
    pub fields: Vec<Field>,
}

#[derive(Debug)]
pub struct Field {
    pub id: Option<i32>,
    pub name: String,
    pub schema: Schema,
    pub wanted: bool,
}

/// A field to read, by its id in the Iceberg specification, or by name in files without ids.
#[derive(Debug)]
pub struct Keep {
    pub id: i32,
    pub name: &'static str,
    /// Of a record, only these fields; all, when empty.
    pub inner: &'static [Keep],
}

impl Keep {
    pub const fn all(id: i32, name: &'static str) -> Self {
        Self { id, name, inner: &[] }
    }
}

impl Field {
    fn is(&self, id: i32, name: &str) -> bool {
        self.id.map_or(self.name == name, |own| own == id)
    }
}

impl Record {
    /// The position of the field with this id; with this name, where fields have no ids.
    pub fn position(&self, id: i32, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.is(id, name))
    }
}

/// Parses the schema of a container file, which must be a record. The error says what is wrong with it.
pub fn parse(json: &[u8], keep: &'static [Keep]) -> Result<Arc<Record>, String> {
    let json: Json = serde_json::from_slice(json).map_err(|e| format!("its Avro schema: {e}"))?;
    let mut parser = Parser { names: HashMap::new(), nodes: 0 };
    match parser.schema(&json, keep, 0)? {
        Schema::Record(record) => Ok(record),
        _ => Err("its Avro schema is not a record".to_string()),
    }
}

struct Parser {
    /// Types that are complete, so that a type never contains itself: Iceberg has no recursive types.
    names: HashMap<String, Schema>,
    nodes: usize,
}

impl Parser {
    fn schema(
        &mut self,
        json: &Json,
        keep: &'static [Keep],
        depth: usize,
    ) -> Result<Schema, String> {
        self.nodes += 1;
        if depth > DEPTH_MAX || self.nodes > NODES_MAX {
            return Err("its Avro schema is too deep or too large".to_string());
        }
        match json {
            Json::String(name) => self.named(name),
            Json::Array(branches) => {
                let branches: Result<Vec<_>, _> =
                    branches.iter().map(|branch| self.schema(branch, keep, depth + 1)).collect();
                Ok(Schema::Union(branches?.into()))
            }
            Json::Object(object) => match object.get("type") {
                Some(Json::String(kind)) => self.complex(kind, json, keep, depth),
                Some(inner) => self.schema(inner, keep, depth + 1),
                None => Err("its Avro schema has a type without \"type\"".to_string()),
            },
            _ => Err("its Avro schema has a type that is no type".to_string()),
        }
    }

    fn named(&self, name: &str) -> Result<Schema, String> {
        Ok(match name {
            "null" => Schema::Null,
            "boolean" => Schema::Boolean,
            "int" => Schema::Int,
            "long" => Schema::Long,
            "float" => Schema::Float,
            "double" => Schema::Double,
            "bytes" => Schema::Bytes,
            "string" => Schema::String,
            other => {
                let known = self.names.get(short(other));
                known.cloned().ok_or_else(|| format!("its Avro schema has no type \"{other}\""))?
            }
        })
    }

    fn complex(
        &mut self,
        kind: &str,
        json: &Json,
        keep: &'static [Keep],
        depth: usize,
    ) -> Result<Schema, String> {
        let part =
            |key: &str| json.get(key).ok_or_else(|| format!("its Avro {kind} lacks \"{key}\""));
        let schema = match kind {
            "array" => Schema::Array(Arc::new(self.schema(part("items")?, &[], depth + 1)?)),
            "map" => Schema::Map(Arc::new(self.schema(part("values")?, &[], depth + 1)?)),
            "fixed" => {
                let size = part("size")?.as_u64().and_then(|size| usize::try_from(size).ok());
                Schema::Fixed(size.ok_or("its Avro schema has a fixed type of no size")?)
            }
            "enum" => Schema::Enum,
            "record" => {
                let fields = part("fields")?.as_array().ok_or("its Avro record has no fields")?;
                let fields: Result<Vec<_>, _> =
                    fields.iter().map(|field| self.field(field, keep, depth)).collect();
                Schema::Record(Arc::new(Record { fields: fields? }))
            }
            primitive => return self.named(primitive),
        };
        if let Some(name) = json.get("name").and_then(Json::as_str) {
            self.names.insert(short(name).to_string(), schema.clone());
        }
        Ok(schema)
    }

    fn field(&mut self, json: &Json, keep: &'static [Keep], depth: usize) -> Result<Field, String> {
        let name = json.get("name").and_then(Json::as_str).ok_or("its Avro field has no name")?;
        let id = json.get("field-id").and_then(Json::as_i64).and_then(|id| i32::try_from(id).ok());
        let kind = json.get("type").ok_or("its Avro field has no type")?;
        let mut field =
            Field { id, name: name.to_string(), schema: Schema::Null, wanted: keep.is_empty() };
        let kept = keep.iter().find(|keep| field.is(keep.id, keep.name));
        field.wanted |= kept.is_some();
        field.schema = self.schema(kind, kept.map_or(&[], |keep| keep.inner), depth + 1)?;
        Ok(field)
    }
}

/// Namespaces do not matter in manifests.
fn short(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}
