//! What is checked of an Avro schema before a library expands it: types that contain themselves, schemas
//! that grow exponentially by naming types, and items that take no bytes, of which a few bytes can hold
//! thousands of millions.

use std::collections::HashMap;

use serde_json::{Map, Value};

/// Types in all, once every name is replaced by its definition.
const TYPES_MAX: u64 = 100_000;
const FIXED_BYTES_MAX: u64 = 1024;

/// The schema as it is given to the library: text that is a UUID stays text.
pub(super) fn checked(text: &str) -> Result<String, Unfit> {
    let mut schema: Value =
        serde_json::from_str(text).map_err(|e| Unfit::Damaged(format!("its schema: {e}")))?;
    let is_record = schema.get("type").and_then(Value::as_str) == Some("record");
    if !is_record {
        return Err(Unfit::Unsupported("Avro files whose rows are no records".to_string()));
    }
    Walker::default().visit(&mut schema, "")?;
    Ok(schema.to_string())
}

#[derive(Debug)]
pub(super) enum Unfit {
    Damaged(String),
    Unsupported(String),
}

/// What a type costs.
#[derive(Clone, Copy)]
struct Cost {
    types: u64,
    /// A value of it takes at least one byte.
    takes_bytes: bool,
}

impl Cost {
    const NONE: Self = Self { types: 1, takes_bytes: false };
    const ONE: Self = Self { types: 1, takes_bytes: true };

    fn and(self, other: Self) -> Self {
        Self {
            types: self.types.saturating_add(other.types),
            takes_bytes: self.takes_bytes || other.takes_bytes,
        }
    }
}

#[derive(Default)]
struct Walker {
    /// None: its definition is not finished.
    named: HashMap<String, Option<Cost>>,
}

impl Walker {
    fn visit(&mut self, schema: &mut Value, space: &str) -> Result<Cost, Unfit> {
        let cost = match schema {
            Value::String(name) => self.name(name, space)?,
            Value::Array(branches) => {
                let mut all = Cost::ONE;
                for branch in branches {
                    all = all.and(self.visit(branch, space)?);
                }
                all
            }
            Value::Object(object) => self.object(object, space)?,
            _ => return Err(Unfit::Damaged("its schema names no type".to_string())),
        };
        match cost.types > TYPES_MAX {
            true => Err(Unfit::Unsupported(format!("Avro schemas of over {TYPES_MAX} types"))),
            false => Ok(cost),
        }
    }

    fn object(&mut self, object: &mut Map<String, Value>, space: &str) -> Result<Cost, Unfit> {
        let Some(kind) = object.get("type").and_then(Value::as_str).map(str::to_string) else {
            let inner = object.get_mut("type");
            let inner = inner.ok_or_else(|| Unfit::Damaged("a type of its schema".to_string()))?;
            return self.visit(inner, space);
        };
        if kind == "string" && object.get("logicalType").is_some_and(|t| t == "uuid") {
            object.remove("logicalType");
        }
        match kind.as_str() {
            "record" | "error" => self.record(object, space),
            "enum" => self.define(object, space, Cost::ONE).map(|()| Cost::ONE),
            "fixed" => self.fixed(object, space),
            "array" => self.items(object, "items", space),
            "map" => self.items(object, "values", space),
            name => self.name(name, space),
        }
    }

    fn record(&mut self, object: &mut Map<String, Value>, space: &str) -> Result<Cost, Unfit> {
        let (full, space) = full_name(object, space);
        self.named.insert(full.clone(), None);
        let mut cost = Cost::NONE;
        if let Some(Value::Array(fields)) = object.get_mut("fields") {
            for field in fields {
                let inner = field.get_mut("type");
                let inner =
                    inner.ok_or_else(|| Unfit::Damaged("a field of its schema".to_string()))?;
                cost = cost.and(self.visit(inner, &space)?);
            }
        }
        self.named.insert(full, Some(cost));
        Ok(cost)
    }

    fn fixed(&mut self, object: &Map<String, Value>, space: &str) -> Result<Cost, Unfit> {
        let size = object.get("size").and_then(Value::as_u64).unwrap_or_default();
        if size > FIXED_BYTES_MAX {
            return Err(Unfit::Unsupported(format!("Avro values of {size} fixed bytes")));
        }
        let cost = if size == 0 { Cost::NONE } else { Cost::ONE };
        self.define(object, space, cost).map(|()| cost)
    }

    fn items(
        &mut self,
        object: &mut Map<String, Value>,
        key: &str,
        space: &str,
    ) -> Result<Cost, Unfit> {
        let inner = object.get_mut(key);
        let inner = inner.ok_or_else(|| Unfit::Damaged(format!("{key} of its schema")))?;
        let cost = self.visit(inner, space)?;
        // A map's entry has a key besides.
        if !cost.takes_bytes && key == "items" {
            return Err(Unfit::Unsupported("Avro arrays of empty items".to_string()));
        }
        Ok(Cost::ONE.and(cost))
    }

    fn define(
        &mut self,
        object: &Map<String, Value>,
        space: &str,
        cost: Cost,
    ) -> Result<(), Unfit> {
        self.named.insert(full_name(object, space).0, Some(cost));
        Ok(())
    }

    fn name(&self, name: &str, space: &str) -> Result<Cost, Unfit> {
        match name {
            "null" => return Ok(Cost::NONE),
            "boolean" | "int" | "long" | "float" | "double" | "bytes" | "string" => {
                return Ok(Cost::ONE);
            }
            _ => {}
        }
        let within = format!("{space}.{name}");
        match self.named.get(&within).or_else(|| self.named.get(name)) {
            Some(Some(cost)) => Ok(*cost),
            Some(None) => {
                Err(Unfit::Unsupported(format!("the Avro type {name}, which contains itself")))
            }
            None => Err(Unfit::Damaged(format!("its schema does not define the type {name}"))),
        }
    }
}

/// The whole name of a definition, and the name space of what is inside it.
fn full_name(object: &Map<String, Value>, space: &str) -> (String, String) {
    let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
    let name = text("name");
    if let Some((inside, _)) = name.rsplit_once('.') {
        return (name.to_string(), inside.to_string());
    }
    let own = object.get("namespace").and_then(Value::as_str).unwrap_or(space);
    let full = if own.is_empty() { name.to_string() } else { format!("{own}.{name}") };
    (full, own.to_string())
}
