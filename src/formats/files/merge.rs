//! One schema for the files of a table: types widen as long as no value is lost by it.

use std::convert::Infallible;

use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef, TimeUnit};
use lakegate_base::{Error, Result, Subject};

use super::json;
use crate::TableFormat;
use crate::variant::{is_variant, keep_mark};

/// The columns of all files, in order of first appearance, all nullable; columns that have no value in
/// any file (type `Null`) become text. Call it for one file, too.
///
/// Columns of Parquet, ORC and Avro match by name, and ignoring case where that leaves no doubt; types
/// without a common one are an error that names the column and both types. JSON keys match by name, and such
/// a column becomes text. CSV columns match as they are read: by the names in the headers, without headers
/// by position.
pub fn merge_schemas(schemas: &[SchemaRef], format: &TableFormat) -> Result<SchemaRef> {
    let mut merged = Fields::empty();
    for schema in schemas {
        merged = match format {
            TableFormat::Csv(options) if options.header => by_header(&merged, schema.fields()),
            TableFormat::Csv(_) => by_position(&merged, schema.fields()),
            TableFormat::Json => json::merge_fields(&merged, schema.fields()),
            _ => by_name(&merged, schema.fields(), "")?,
        };
    }
    let columns: Vec<Field> = merged.iter().map(|field| without_null(field)).collect();
    Ok(Schema::new(columns).into())
}

/// Null types as text, at every level.
fn without_null(field: &Field) -> Field {
    let data_type = match field.data_type() {
        DataType::Null => DataType::Utf8,
        DataType::List(item) => DataType::List(without_null(item).into()),
        DataType::LargeList(item) => DataType::LargeList(without_null(item).into()),
        DataType::Struct(fields) => {
            DataType::Struct(fields.iter().map(|field| without_null(field)).collect())
        }
        other => other.clone(),
    };
    keep_mark(field, Field::new(field.name(), data_type, true))
}

fn by_position(known: &Fields, file: &Fields) -> Fields {
    let (longer, shorter) = if known.len() >= file.len() { (known, file) } else { (file, known) };
    let mut columns: Vec<Field> = longer.iter().map(|field| field.as_ref().clone()).collect();
    for (column, field) in columns.iter_mut().zip(shorter) {
        column.set_data_type(json::widen(column.data_type(), field.data_type()));
    }
    columns.into()
}

fn by_header(known: &Fields, file: &Fields) -> Fields {
    let widened = |column: &Field, field: &Field| {
        Ok::<_, Infallible>(json::widen(column.data_type(), field.data_type()))
    };
    let Ok(columns) = by_folded_name(known, file, widened);
    columns
}

fn by_name(known: &Fields, file: &Fields, parent: &str) -> Result<Fields> {
    by_folded_name(known, file, |column, field| {
        let name = format!("{parent}{}", column.name());
        if is_variant(column) != is_variant(field) {
            let kind = |field: &Field| match is_variant(field) {
                true => "a variant".to_string(),
                false => field.data_type().to_string(),
            };
            return Err(differs(&name, kind(column), kind(field)));
        }
        widen(column.data_type(), field.data_type(), &name)
    })
}

/// The known columns, each as wide as both need, then the file's new ones.
fn by_folded_name<E>(
    known: &Fields,
    file: &Fields,
    widened: impl Fn(&Field, &Field) -> Result<DataType, E>,
) -> Result<Fields, E> {
    let mut columns: Vec<Field> = known.iter().map(|field| field.as_ref().clone()).collect();
    for field in file {
        match place(known, file, field.name()) {
            None => columns.push(field.as_ref().clone()),
            Some(at) => {
                let wide = widened(&columns[at], field)?;
                columns[at].set_data_type(wide);
            }
        }
    }
    Ok(columns.into())
}

/// The known column that a file's column is: of its name, or the only one that differs by case alone, where
/// the file has no second such column either.
fn place(known: &Fields, file: &Fields, name: &str) -> Option<usize> {
    let exact = known.iter().position(|column| column.name() == name);
    let alike = |fields: &Fields| {
        let alike =
            |(at, field): (usize, &FieldRef)| field.name().eq_ignore_ascii_case(name).then_some(at);
        let mut found = fields.iter().enumerate().filter_map(alike);
        (found.next(), found.next())
    };
    exact.or_else(|| match (alike(known), alike(file)) {
        ((Some(at), None), (_, None)) => Some(at),
        _ => None,
    })
}

fn widen(a: &DataType, b: &DataType, name: &str) -> Result<DataType> {
    use DataType::{Binary, LargeBinary, LargeUtf8, List, Map, Null, Struct, Timestamp, Utf8};
    let wide = match (a, b) {
        (a, b) if a == b => Some(a.clone()),
        (Null, other) | (other, Null) => Some(other.clone()),
        (List(a), List(b)) => {
            let item = widen(a.data_type(), b.data_type(), &format!("{name}.{}", a.name()))?;
            Some(List(a.as_ref().clone().with_data_type(item).into()))
        }
        (Map(a, sorted), Map(b, _)) => Some(Map(entries(a, b, name)?, *sorted)),
        (Struct(a), Struct(b)) => Some(Struct(by_name(a, b, &format!("{name}."))?)),
        (Utf8 | LargeUtf8, Utf8 | LargeUtf8) => Some(Utf8),
        (Binary | LargeBinary, Binary | LargeBinary) => Some(Binary),
        (Timestamp(a, zone_a), Timestamp(b, zone_b)) if zone_a == zone_b => {
            Some(Timestamp(finer(*a, *b), zone_a.clone()))
        }
        _ => number(a, b),
    };
    wide.ok_or_else(|| differs(name, a, b))
}

fn differs(name: &str, a: impl std::fmt::Display, b: impl std::fmt::Display) -> Error {
    Error::corrupt(format!("column \"{name}\" is {a} in one file and {b} in another"))
        .about(Subject::Column)
        .hint("Put files with different types into folders of their own, or rewrite them.")
}

/// Keys and values stand first and second, whatever their names.
fn entries(a: &FieldRef, b: &FieldRef, name: &str) -> Result<FieldRef> {
    let (DataType::Struct(first), DataType::Struct(second)) = (a.data_type(), b.data_type()) else {
        return Err(Error::corrupt(format!("column \"{name}\" is a map without entries")));
    };
    let sides = first.iter().zip(second).map(|(a, b)| {
        let wide = widen(a.data_type(), b.data_type(), &format!("{name}.{}", a.name()))?;
        Ok(a.as_ref().clone().with_data_type(wide))
    });
    let sides: Result<Vec<Field>> = sides.collect();
    Ok(a.as_ref().clone().with_data_type(DataType::Struct(sides?.into())).into())
}

fn finer(a: TimeUnit, b: TimeUnit) -> TimeUnit {
    let order = [TimeUnit::Nanosecond, TimeUnit::Microsecond, TimeUnit::Millisecond];
    order.into_iter().find(|unit| *unit == a || *unit == b).unwrap_or(TimeUnit::Second)
}

/// Bits of an integer type as a signed one.
fn signed_bits(data_type: &DataType) -> Option<u8> {
    match data_type {
        DataType::Int8 => Some(8),
        DataType::Int16 | DataType::UInt8 => Some(16),
        DataType::Int32 | DataType::UInt16 => Some(32),
        DataType::Int64 | DataType::UInt32 => Some(64),
        _ => None,
    }
}

fn number(a: &DataType, b: &DataType) -> Option<DataType> {
    use DataType::{Decimal128, Float16, Float32, Float64};
    let float = |t: &DataType| matches!(t, Float16 | Float32 | Float64);
    match (signed_bits(a), signed_bits(b)) {
        (Some(a), Some(b)) => Some(match a.max(b) {
            8 => DataType::Int8,
            16 => DataType::Int16,
            32 => DataType::Int32,
            _ => DataType::Int64,
        }),
        (Some(_), None) if float(b) => Some(Float64),
        (None, Some(_)) if float(a) => Some(Float64),
        (None, None) if float(a) && float(b) => Some(Float64),
        _ => match (a, b) {
            (Decimal128(p1, s1), Decimal128(p2, s2)) => {
                let (p1, s1, p2, s2) =
                    (i16::from(*p1), i16::from(*s1), i16::from(*p2), i16::from(*s2));
                let scale = s1.max(s2);
                let precision = u8::try_from((p1 - s1).max(p2 - s2) + scale).ok()?;
                let scale = i8::try_from(scale).ok()?;
                (precision <= 38).then_some(Decimal128(precision, scale))
            }
            _ => None,
        },
    }
}
