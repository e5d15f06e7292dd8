//! Names of types in both dialects.

use lakegate_base::{Result, Subject};
use sqlparser::ast::*;

use super::build::{named_type, plain_name};
use super::walk::refused;

/// What Athena calls a local type. Arrays of what it knows, too.
pub fn to_athena(data_type: &DataType) -> Result<DataType> {
    use DataType as T;
    Ok(match data_type {
        T::Boolean | T::Bool => named_type("boolean"),
        T::SmallInt(None) | T::Int2(None) => named_type("smallint"),
        T::Int(None) | T::Integer(None) | T::Int4(None) => named_type("integer"),
        T::BigInt(None) | T::Int8(None) => named_type("bigint"),
        T::Real | T::Float4 => named_type("real"),
        T::Float8 | T::DoublePrecision | T::Float(ExactNumberInfo::None) => named_type("double"),
        T::Numeric(info) | T::Decimal(info) | T::Dec(info) => decimal(info)?,
        T::Text | T::Varchar(None) | T::CharacterVarying(None) => named_type("varchar"),
        T::Varchar(Some(CharacterLength::IntegerLength { length, unit: None }))
        | T::CharacterVarying(Some(CharacterLength::IntegerLength { length, unit: None })) => {
            sized("varchar", &[*length])
        }
        T::Date => named_type("date"),
        T::Time(None, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => sized("time", &[6]),
        // Ours have microseconds; Athena's, unless it is told, have milliseconds.
        T::Timestamp(None | Some(6), TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => {
            sized("timestamp", &[6])
        }
        T::Timestamp(Some(3), TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => {
            sized("timestamp", &[3])
        }
        T::Timestamp(None | Some(6), TimezoneInfo::Tz | TimezoneInfo::WithTimeZone) => {
            named_type("timestamp(6) with time zone")
        }
        T::Timestamp(Some(3), TimezoneInfo::Tz | TimezoneInfo::WithTimeZone) => {
            named_type("timestamp(3) with time zone")
        }
        T::Bytea => named_type("varbinary"),
        T::Uuid => named_type("uuid"),
        T::Array(ArrayElemTypeDef::SquareBracket(inner, None)) => {
            named_type(&format!("array({})", to_athena(inner)?))
        }
        other => return Err(unknown(other)),
    })
}

fn decimal(info: &ExactNumberInfo) -> Result<DataType> {
    match info {
        ExactNumberInfo::PrecisionAndScale(precision, scale)
            if *precision <= 38 && (0..=i64::try_from(*precision).unwrap_or(0)).contains(scale) =>
        {
            Ok(named_type(&format!("decimal({precision}, {scale})")))
        }
        ExactNumberInfo::Precision(precision) if *precision <= 38 => {
            Ok(named_type(&format!("decimal({precision}, 0)")))
        }
        ExactNumberInfo::None => Err(refused(
            "numeric without a precision, which Athena would round",
            "Write how many digits it has: numeric(38, 10).",
        )
        .about(Subject::Type)),
        _ => Err(refused("numeric of more than 38 digits", "Write numeric(38, 10).")
            .about(Subject::Type)),
    }
}

fn sized(name: &str, sizes: &[u64]) -> DataType {
    let sizes = sizes.iter().map(u64::to_string).collect();
    DataType::Custom(ObjectName::from(vec![Ident::new(name)]), sizes)
}

fn unknown(data_type: &DataType) -> lakegate_base::Error {
    let hint = match data_type {
        DataType::Char(_) | DataType::Character(_) => {
            "Write varchar(n): only char pads with spaces."
        }
        DataType::Timestamp(..) => "Write timestamp, of microseconds, or timestamp(3).",
        DataType::TinyInt(_) => "Write smallint.",
        _ => {
            "Cast to boolean, smallint, integer, bigint, real, double precision, \
            numeric(p, s), text, date, timestamp or an array of them."
        }
    };
    refused(format!("the type {data_type}, which has no exact counterpart"), hint)
        .about(Subject::Type)
}

/// What we call a type of Athena's.
pub fn from_athena(data_type: &DataType) -> Result<DataType> {
    use DataType as T;
    Ok(match data_type {
        T::Boolean => named_type("boolean"),
        T::SmallInt(None) => named_type("smallint"),
        T::Int(None) | T::Integer(None) => named_type("integer"),
        T::BigInt(None) => named_type("bigint"),
        T::Real => named_type("real"),
        T::Double(ExactNumberInfo::None) | T::DoublePrecision => named_type("double precision"),
        T::Decimal(ExactNumberInfo::None) | T::Dec(ExactNumberInfo::None) => {
            named_type("numeric(38, 0)")
        }
        T::Decimal(info) | T::Dec(info) => match decimal(info)? {
            T::Custom(name, _) => named_type(&name.to_string().replacen("decimal", "numeric", 1)),
            other => other,
        },
        T::Varchar(None) => named_type("text"),
        T::Varchar(Some(CharacterLength::IntegerLength { length, unit: None })) => {
            sized("varchar", &[*length])
        }
        T::Date => named_type("date"),
        T::Time(None, TimezoneInfo::None) => named_type("time"),
        T::Timestamp(None | Some(3), TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => {
            named_type("timestamp(3)")
        }
        T::Timestamp(Some(6), TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => {
            named_type("timestamp")
        }
        T::Timestamp(None | Some(3), TimezoneInfo::WithTimeZone) => {
            named_type("timestamp(3) with time zone")
        }
        T::Timestamp(Some(6), TimezoneInfo::WithTimeZone) => named_type("timestamp with time zone"),
        T::Varbinary(None) => named_type("bytea"),
        T::Uuid => named_type("uuid"),
        T::Array(ArrayElemTypeDef::AngleBracket(inner)) => {
            named_type(&format!("{}[]", from_athena(inner)?))
        }
        T::Custom(name, _) if plain_name(name).as_deref() == Some("string") => {
            return Err(
                refused("the type string, which is Hive's", "Write varchar.").about(Subject::Type)
            );
        }
        other => return Err(unknown(other)),
    })
}
