//! The types of an ORC file, as Arrow has them.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Schema, TimeUnit, UnionFields, UnionMode};

use super::tail::Type;

const DEPTH_MAX: usize = 64;
const DECIMAL_DIGITS_MAX: u64 = 38;

pub(super) const BOOLEAN: u64 = 0;
pub(super) const BYTE: u64 = 1;
pub(super) const SHORT: u64 = 2;
pub(super) const LONG: u64 = 4;
pub(super) const FLOAT: u64 = 5;
pub(super) const DOUBLE: u64 = 6;
pub(super) const STRING: u64 = 7;
pub(super) const BINARY: u64 = 8;
pub(super) const TIMESTAMP: u64 = 9;
pub(super) const LIST: u64 = 10;
pub(super) const MAP: u64 = 11;
pub(super) const STRUCT: u64 = 12;
const UNION: u64 = 13;
pub(super) const DECIMAL: u64 = 14;
pub(super) const DATE: u64 = 15;
pub(super) const VARCHAR: u64 = 16;
pub(super) const CHAR: u64 = 17;
pub(super) const INSTANT: u64 = 18;

/// What Hive adds around the rows of its transactional tables.
const ACID: [&str; 6] =
    ["operation", "originalTransaction", "bucket", "rowId", "currentTransaction", "row"];

/// One column with those inside it.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// Its number, by which streams name it.
    pub id: usize,
    pub kind: u64,
    pub data_type: DataType,
    pub children: Vec<Node>,
}

pub(super) enum Unfit {
    Damaged(&'static str),
    Unsupported(String),
}

/// The rows' own type, and the columns in it.
pub(super) fn root(types: &[Type]) -> Result<(Node, Schema), Unfit> {
    let mut used = vec![false; types.len()];
    let root = node(types, 0, &mut used, 0)?;
    let DataType::Struct(fields) = &root.data_type else {
        return Err(Unfit::Unsupported("ORC files whose rows are no structs".to_string()));
    };
    let names: Vec<&str> = fields.iter().map(|field| field.name().as_str()).collect();
    if names == ACID {
        return Err(Unfit::Unsupported("Hive's transactional (ACID) tables".to_string()));
    }
    let schema = Schema::new(fields.clone());
    Ok((root, schema))
}

fn node(types: &[Type], id: usize, used: &mut [bool], depth: usize) -> Result<Node, Unfit> {
    let own = types.get(id).ok_or(Unfit::Damaged("a type of its footer is missing"))?;
    if depth > DEPTH_MAX {
        return Err(Unfit::Unsupported(format!("ORC types nested over {DEPTH_MAX} levels")));
    }
    if std::mem::replace(&mut used[id], true) {
        return Err(Unfit::Damaged("a type of its footer is used twice"));
    }
    let mut children = Vec::with_capacity(own.children.len());
    for child in &own.children {
        let child = usize::try_from(*child).unwrap_or(usize::MAX);
        children.push(node(types, child, used, depth + 1)?);
    }
    let data_type = data_type(own, &children)?;
    Ok(Node { id, kind: own.kind, data_type, children })
}

fn data_type(own: &Type, children: &[Node]) -> Result<DataType, Unfit> {
    let count = |expected: usize| match children.len() == expected {
        true => Ok(()),
        false => Err(Unfit::Damaged("a type of its footer has the wrong number of parts")),
    };
    if !matches!(own.kind, LIST | MAP | STRUCT | UNION) {
        count(0)?;
    }
    let micros = |zone: Option<Arc<str>>| DataType::Timestamp(TimeUnit::Microsecond, zone);
    Ok(match own.kind {
        BOOLEAN => DataType::Boolean,
        BYTE => DataType::Int8,
        SHORT => DataType::Int16,
        3 => DataType::Int32,
        LONG => DataType::Int64,
        FLOAT => DataType::Float32,
        DOUBLE => DataType::Float64,
        STRING | VARCHAR | CHAR => DataType::Utf8,
        BINARY => DataType::Binary,
        DATE => DataType::Date32,
        TIMESTAMP => micros(None),
        INSTANT => micros(Some("UTC".into())),
        DECIMAL => decimal(own)?,
        LIST => {
            count(1)?;
            DataType::new_list(children[0].data_type.clone(), true)
        }
        MAP => {
            count(2)?;
            map(children[0].data_type.clone(), children[1].data_type.clone())
        }
        STRUCT => {
            count(own.names.len())?;
            let field = |(name, child): (&String, &Node)| -> FieldRef {
                Field::new(name, child.data_type.clone(), true).into()
            };
            DataType::Struct(own.names.iter().zip(children).map(field).collect())
        }
        UNION => DataType::Union(UnionFields::empty(), UnionMode::Dense),
        other => return Err(Unfit::Unsupported(format!("the ORC type of number {other}"))),
    })
}

fn decimal(own: &Type) -> Result<DataType, Unfit> {
    let precision = Some(own.precision).filter(|p| (1..=DECIMAL_DIGITS_MAX).contains(p));
    let scale = Some(own.scale).filter(|s| *s <= own.precision);
    let sizes = precision.and_then(|p| u8::try_from(p).ok());
    let sizes = sizes.zip(scale.and_then(|s| i8::try_from(s).ok()));
    if own.precision == 0 {
        return Err(Unfit::Unsupported("ORC decimals without a precision (Hive 0.11)".to_string()));
    }
    let (precision, scale) = sizes
        .ok_or_else(|| Unfit::Unsupported(format!("ORC decimals of {} digits", own.precision)))?;
    Ok(DataType::Decimal128(precision, scale))
}

fn map(key: DataType, value: DataType) -> DataType {
    let pair = vec![Field::new("key", key, false), Field::new("value", value, true)];
    let entries = Field::new("entries", DataType::Struct(pair.into()), false);
    DataType::Map(Arc::new(entries), false)
}
