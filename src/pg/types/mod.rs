//! Arrow on the wire: which Postgres type a column has, and its values in text and binary.
//!
//! Encoding reads each value as a [`source::Scalar`] and writes it by the column's Postgres type,
//! so that text, binary, arrays and JSON share one reader of Arrow.

mod array;
mod binary;
mod build;
mod decode;
mod digits;
mod encoder;
mod json;
mod numeric;
pub(crate) mod oid;
mod source;
mod text;
mod time;
mod zone;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use pgwire::messages::data::{FieldDescription, RowDescription};

use crate::error::{Report, Result, clean};
pub(crate) use decode::decode;
pub(crate) use encoder::{Encoder, encoder};
use oid::Kind;
pub(crate) use zone::Zone;

/// Field metadata: the name of a Postgres type that replaces the one its Arrow type stands for.
const PG_TYPE: &str = "pg.type";

pub(crate) const TEXT_OID: u32 = oid::TEXT.oid;

/// How a client wants or sends a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Text,
    Binary,
}

impl Format {
    pub fn parse(code: i16) -> Result<Self> {
        match code {
            0 => Ok(Self::Text),
            1 => Ok(Self::Binary),
            other => Err(Report::new("22023", format!("unsupported format code: {other}"))),
        }
    }
}

/// A column as the client knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    name: String,
    kind: Kind,
    /// Precision and scale of a numeric; -1 for none, as of one that was computed.
    modifier: i32,
}

impl Column {
    pub fn name(&self) -> &str {
        &self.name
    }
}

pub(crate) fn columns(schema: &Schema) -> Result<Vec<Column>> {
    schema.fields().iter().map(|field| column(field)).collect()
}

fn column(field: &Field) -> Result<Column> {
    let kind = match marked(field) {
        Some(kind) => kind,
        None => kind_of(field.data_type())?,
    };
    let modifier = match field.data_type() {
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale)
            if kind == Kind::scalar(&oid::NUMERIC) && marked(field).is_none() =>
        {
            // As Postgres packs it: eleven bits of scale, and four for its own header.
            (i32::from(*precision) << 16 | (i32::from(*scale) & 0x7ff)) + 4
        }
        _ => -1,
    };
    Ok(Column { name: clean(field.name()), kind, modifier })
}

fn marked(field: &Field) -> Option<Kind> {
    field.metadata().get(PG_TYPE).and_then(|name| Kind::of_name(name))
}

/// The Postgres type an Arrow type stands for.
fn kind_of(data_type: &DataType) -> Result<Kind> {
    let base = match data_type {
        DataType::Null | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => &oid::TEXT,
        DataType::Boolean => &oid::BOOL,
        DataType::Int8 | DataType::UInt8 | DataType::Int16 => &oid::INT2,
        DataType::UInt16 | DataType::Int32 => &oid::INT4,
        DataType::UInt32 | DataType::Int64 => &oid::INT8,
        DataType::UInt64 => &oid::NUMERIC,
        DataType::Float16 | DataType::Float32 => &oid::FLOAT4,
        DataType::Float64 => &oid::FLOAT8,
        DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView
        | DataType::FixedSizeBinary(_) => &oid::BYTEA,
        DataType::Date32 | DataType::Date64 => &oid::DATE,
        DataType::Time32(_) | DataType::Time64(_) => &oid::TIME,
        DataType::Timestamp(_, None) => &oid::TIMESTAMP,
        DataType::Timestamp(_, Some(_)) => &oid::TIMESTAMPTZ,
        DataType::Duration(_) | DataType::Interval(_) => &oid::INTERVAL,
        DataType::Decimal32(..)
        | DataType::Decimal64(..)
        | DataType::Decimal128(..)
        | DataType::Decimal256(..) => &oid::NUMERIC,
        DataType::Struct(_) | DataType::Map(..) => &oid::JSONB,
        DataType::Dictionary(_, values) => return kind_of(values),
        DataType::RunEndEncoded(_, values) => return column(values).map(|column| column.kind),
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::FixedSizeList(item, _)
        | DataType::ListView(item)
        | DataType::LargeListView(item) => {
            let item = column(item)?.kind;
            // Postgres's arrays are rectangular, Arrow's lists are not: nested ones become JSON.
            let is_flat = !item.is_array && item.base != &oid::JSONB && item.base.array != 0;
            return Ok(if is_flat { Kind::array(item.base) } else { Kind::scalar(&oid::JSONB) });
        }
        DataType::Union(..) => {
            return Err(lakegate_base::Error::unsupported("columns of a union type").into());
        }
    };
    Ok(Kind::scalar(base))
}

/// The rows must have the types the client was told. Names and metadata are the plan's: an engine
/// may lose them on the way, and may give a text or binary column in another layout.
pub(crate) fn check_shape(planned: &Schema, given: &Schema) -> Result<()> {
    let same = planned.fields().len() == given.fields().len();
    let mut pairs = planned.fields().iter().zip(given.fields());
    let same = same
        && pairs.try_fold(true, |same, (planned, given)| -> Result<bool> {
            Ok(same && kind_of(planned.data_type())? == kind_of(given.data_type())?)
        })?;
    if same { Ok(()) } else { Err(Report::new("0A000", "cached plan must not change result type")) }
}

/// Table and column numbers stay 0: that saves drivers a look-up per result.
pub(crate) fn row_description(columns: &[Column], formats: &[Format]) -> Result<RowDescription> {
    if i16::try_from(columns.len()).is_err() {
        return Err(Report::new("54011", "a result has more than 32767 columns"));
    }
    let fields = columns.iter().zip(formats).map(|(column, format)| {
        let Column { name, kind, modifier } = column;
        let format = if *format == Format::Binary { 1 } else { 0 };
        FieldDescription::new(name.clone(), 0, 0, kind.oid(), kind.len(), *modifier, format)
    });
    Ok(RowDescription::new(fields.collect()))
}

/// The type SQL calls by a name, in lower case and without modifiers: `int`, `double precision[]`.
pub(crate) fn oid_of_name(name: &str) -> Option<u32> {
    let (base, is_array) = match name.strip_suffix("[]") {
        Some(base) => (base, true),
        None => (name, false),
    };
    let base = match base {
        "int" | "integer" => "int4",
        "smallint" => "int2",
        "bigint" => "int8",
        "real" => "float4",
        "double precision" | "float" => "float8",
        "decimal" | "dec" => "numeric",
        "boolean" => "bool",
        "character varying" | "char varying" => "varchar",
        "character" | "char" => "bpchar",
        "\"char\"" => "char",
        "timestamp without time zone" => "timestamp",
        "timestamp with time zone" => "timestamptz",
        "time without time zone" => "time",
        "time with time zone" => "timetz",
        other => other,
    };
    let kind = Kind::of_name(base)?;
    Some(if is_array { Kind::array(kind.base).oid() } else { kind.oid() })
}

/// False for types we do not know, and for "unknown": they are inferred instead.
pub(crate) fn is_known(oid: u32) -> bool {
    oid != 705 && Kind::of_oid(oid).is_some()
}

/// Types that drivers declare for want of a better one: pgjdbc's setString does it for everything.
pub(crate) fn is_text(oid: u32) -> bool {
    matches!(oid, TEXT_OID | 1042 | 1043)
}

/// A parameter of the type that the client declared; none leaves it to the engine.
pub(crate) fn declared(oid: u32) -> Option<FieldRef> {
    if !is_known(oid) {
        return None;
    }
    let kind = Kind::of_oid(oid)?;
    let field = Field::new("", build::natural(kind)?, true);
    let named = HashMap::from([(PG_TYPE.to_string(), kind.catalog_name())]);
    Some(Arc::new(field.with_metadata(named)))
}

pub(crate) fn oid_named(name: &str) -> Option<u32> {
    Kind::of_name(name).map(Kind::oid)
}

/// The type to tell a client for a parameter of an Arrow type; none when it is not determined.
pub(crate) fn parameter_oid(data_type: &DataType) -> Option<u32> {
    match data_type {
        DataType::Null => None,
        other => kind_of(other).ok().map(Kind::oid),
    }
}
