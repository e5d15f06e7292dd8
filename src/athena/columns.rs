//! What the dialect must know of the columns that a statement names, from their Arrow types.

use arrow::datatypes::{DataType, Field, FieldRef};

use crate::dialect::{Columns, Kind};

/// Where Postgres' type of a column says more than Arrow's.
const PG_TYPE: &str = "pg.type";

/// A name that has several kinds in several tables is known as a name only.
pub(crate) fn columns(fields: &[FieldRef]) -> Columns {
    let mut columns = Columns::default();
    for field in fields {
        columns.add(field.name(), kind(field));
    }
    columns
}

fn kind(field: &Field) -> Kind {
    match field.metadata().get(PG_TYPE).map(String::as_str) {
        Some("json" | "jsonb") => Kind::Json,
        _ => of_type(field.data_type()),
    }
}

fn of_type(of: &DataType) -> Kind {
    match of {
        DataType::Boolean => Kind::Boolean,
        DataType::Float16 | DataType::Float32 => Kind::Real,
        DataType::Float64 => Kind::Double,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Kind::Text,
        DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView
        | DataType::FixedSizeBinary(_) => Kind::Bytes,
        DataType::Date32 | DataType::Date64 => Kind::Date,
        DataType::Time32(_) | DataType::Time64(_) => Kind::Time,
        DataType::Timestamp(_, None) => Kind::Timestamp,
        DataType::Timestamp(_, Some(_)) => Kind::TimestampTz,
        DataType::Interval(_) | DataType::Duration(_) => Kind::Interval,
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => Kind::Array,
        DataType::Dictionary(_, value) => of_type(value),
        of if of.is_integer() => Kind::Integer,
        of if of.is_decimal() => Kind::Decimal,
        _ => Kind::Other,
    }
}
