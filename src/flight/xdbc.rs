//! The SQL types a client may meet, as ODBC and JDBC number them.

use std::sync::OnceLock;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow_flight::error::FlightError;
use arrow_flight::sql::metadata::{XdbcTypeInfo, XdbcTypeInfoData, XdbcTypeInfoDataBuilder};
use arrow_flight::sql::{
    CommandGetXdbcTypeInfo, Nullable, Searchable, XdbcDataType, XdbcDatetimeSubcode,
};
use tonic::Status;

/// A type as clients are told of it.
struct Kind {
    name: &'static str,
    code: XdbcDataType,
    /// Digits, characters or bytes at most.
    size: Option<i32>,
    form: Form,
}

enum Form {
    /// With its radix, and the most digits after the point.
    Number {
        radix: i32,
        scale: i32,
    },
    Text,
    Moment(XdbcDatetimeSubcode),
    Other,
}

const fn kind(name: &'static str, code: XdbcDataType, size: Option<i32>, form: Form) -> Kind {
    Kind { name, code, size, form }
}

/// The specification gives the year and the date one number.
const SUBCODE_DATE: XdbcDatetimeSubcode = XdbcDatetimeSubcode::XdbcSubcodeYear;

use Form::{Moment, Number, Other, Text};
use XdbcDataType as Code;

const KINDS: [Kind; 17] = [
    kind("bool", Code::XdbcBit, Some(1), Other),
    kind("int2", Code::XdbcSmallint, Some(5), Number { radix: 10, scale: 0 }),
    kind("int4", Code::XdbcInteger, Some(10), Number { radix: 10, scale: 0 }),
    kind("int8", Code::XdbcBigint, Some(19), Number { radix: 10, scale: 0 }),
    kind("float4", Code::XdbcReal, Some(24), Number { radix: 2, scale: 0 }),
    kind("float8", Code::XdbcDouble, Some(53), Number { radix: 2, scale: 0 }),
    kind("numeric", Code::XdbcNumeric, Some(38), Number { radix: 10, scale: 38 }),
    kind("text", Code::XdbcVarchar, None, Text),
    kind("varchar", Code::XdbcVarchar, None, Text),
    kind("json", Code::XdbcVarchar, None, Text),
    kind("jsonb", Code::XdbcVarchar, None, Text),
    kind("uuid", Code::XdbcVarchar, Some(36), Text),
    kind("bytea", Code::XdbcVarbinary, None, Other),
    kind("date", Code::XdbcDate, Some(10), Moment(SUBCODE_DATE)),
    kind("time", Code::XdbcTime, Some(15), Moment(XdbcDatetimeSubcode::XdbcSubcodeTime)),
    kind(
        "timestamp",
        Code::XdbcTimestamp,
        Some(26),
        Moment(XdbcDatetimeSubcode::XdbcSubcodeTimestamp),
    ),
    kind(
        "timestamptz",
        Code::XdbcTimestamp,
        Some(32),
        Moment(XdbcDatetimeSubcode::XdbcSubcodeTimestampWithTimezone),
    ),
];

impl Kind {
    fn info(&self) -> XdbcTypeInfo {
        let quote = match self.form {
            Text | Moment(_) => Some("'".to_string()),
            Number { .. } | Other => (self.name == "bytea").then(|| "'".to_string()),
        };
        let number = match self.form {
            Number { radix, scale } => Some((radix, scale)),
            _ => None,
        };
        let is_numeric = self.name == "numeric";
        let params = || vec!["precision".to_string(), "scale".to_string()];
        XdbcTypeInfo {
            type_name: self.name.to_string(),
            data_type: self.code,
            column_size: self.size,
            literal_prefix: quote.clone(),
            literal_suffix: quote,
            create_params: is_numeric.then(params),
            nullable: Nullable::NullabilityNullable,
            case_sensitive: matches!(self.form, Text),
            searchable: Searchable::Full,
            unsigned_attribute: number.map(|_| false),
            fixed_prec_scale: false,
            auto_increment: number.map(|_| false),
            local_type_name: Some(self.name.to_string()),
            minimum_scale: number.map(|_| 0),
            maximum_scale: number.map(|(_, scale)| scale),
            sql_data_type: match self.form {
                Moment(_) => Code::XdbcDatetime,
                _ => self.code,
            },
            datetime_subcode: match self.form {
                Moment(subcode) => Some(subcode),
                _ => None,
            },
            num_prec_radix: number.map(|(radix, _)| radix),
            interval_precision: None,
        }
    }
}

fn data() -> Result<&'static XdbcTypeInfoData, FlightError> {
    static DATA: OnceLock<XdbcTypeInfoData> = OnceLock::new();
    if let Some(data) = DATA.get() {
        return Ok(data);
    }
    let mut builder = XdbcTypeInfoDataBuilder::new();
    KINDS.iter().for_each(|kind| builder.append(kind.info()));
    let built = builder.build()?;
    Ok(DATA.get_or_init(|| built))
}

pub(crate) fn answer(command: &CommandGetXdbcTypeInfo) -> Result<RecordBatch, Status> {
    Ok(data()?.record_batch(command.data_type)?)
}

pub(crate) fn schema() -> SchemaRef {
    XdbcTypeInfoDataBuilder::new().schema()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_type_or_all() {
        let all = answer(&CommandGetXdbcTypeInfo { data_type: None }).expect("all");
        assert_eq!(all.num_rows(), KINDS.len());
        let code = Some(Code::XdbcVarchar as i32);
        let texts = answer(&CommandGetXdbcTypeInfo { data_type: code }).expect("texts");
        assert_eq!(texts.num_rows(), 5);
    }
}
