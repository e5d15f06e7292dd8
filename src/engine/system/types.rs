//! Postgres types: the built-in ones by OID and name, and the one each Arrow type is shown as.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, IntervalUnit, TimeUnit};
use lakegate_formats::variant::is_variant;

/// Field metadata: the Postgres type of a column whose Arrow type alone does not tell it, e.g. `oid`,
/// `name`, `char`, `int2vector`, `regclass`, `_text`. A front turns it into a wire type.
pub const PG_TYPE: &str = "pg.type";

const TYPES: &str = include_str!("data/types.tsv");

/// One row of pg_type, as `data/types.tsv` has it.
#[derive(Debug)]
pub struct PgType {
    pub oid: i64,
    pub name: &'static str,
    pub length: i64,
    pub by_value: bool,
    pub kind: &'static str,
    pub category: &'static str,
    pub preferred: bool,
    pub delimiter: &'static str,
    /// Subscript, input, output, receive, send, modin and modout functions by name; `-` for none.
    pub functions: [&'static str; 7],
    pub element: i64,
    pub array: i64,
    pub align: &'static str,
    pub storage: &'static str,
    pub collation: i64,
    /// The name `format_type` prints, e.g. `timestamp with time zone`.
    pub sql_name: &'static str,
}

/// A type with its modifier, as pg_attribute keeps them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeRef {
    pub oid: i64,
    /// -1 when there is none.
    pub modifier: i64,
}

struct Types {
    all: Vec<PgType>,
    by_oid: HashMap<i64, usize>,
    by_name: HashMap<&'static str, usize>,
}

static ALL: LazyLock<Types> = LazyLock::new(|| {
    let all: Vec<PgType> = data_lines(TYPES).filter_map(parse).collect();
    let by_oid = all.iter().enumerate().map(|(i, t)| (t.oid, i)).collect();
    let by_name =
        all.iter().enumerate().flat_map(|(i, t)| [(t.sql_name, i), (t.name, i)]).collect();
    Types { all, by_oid, by_name }
});

pub fn all() -> &'static [PgType] {
    &ALL.all
}

pub fn by_oid(oid: i64) -> Option<&'static PgType> {
    ALL.by_oid.get(&oid).map(|i| &ALL.all[*i])
}

/// By internal name or SQL name, in lower case: `int4`, `integer`, `_text`, `text[]`.
pub fn by_name(name: &str) -> Option<&'static PgType> {
    let name = match name {
        "int" => "int4",
        "decimal" => "numeric",
        "float" => "float8",
        "string" => "text",
        other => other,
    };
    ALL.by_name.get(name).map(|i| &ALL.all[*i])
}

/// Rows of a data file: tab-separated fields, `#` starts a comment line.
pub fn data_lines(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines().filter(|l| !l.starts_with('#') && !l.is_empty()).map(|l| l.split('\t').collect())
}

fn parse(fields: Vec<&'static str>) -> Option<PgType> {
    let number = |i: usize| fields.get(i).and_then(|f| f.parse::<i64>().ok());
    let text = |i: usize| fields.get(i).copied();
    Some(PgType {
        oid: number(0)?,
        name: text(1)?,
        length: number(2)?,
        by_value: text(3)? == "t",
        kind: text(4)?,
        category: text(5)?,
        preferred: text(6)? == "t",
        delimiter: text(7)?,
        functions: [text(8)?, text(11)?, text(12)?, text(13)?, text(14)?, text(15)?, text(16)?],
        element: number(9)?,
        array: number(10)?,
        align: text(17)?,
        storage: text(18)?,
        collation: number(19)?,
        sql_name: text(20)?,
    })
}

/// The Postgres type that a field says it has, where its Arrow type alone does not tell.
pub fn named_by(field: &Field) -> Option<&str> {
    match is_variant(field) {
        true => Some("json"),
        false => field.metadata().get(PG_TYPE).map(String::as_str),
    }
}

/// The Postgres type a column is shown as, by what [`named_by`] says of it, else by its Arrow type.
pub fn of_column(named: Option<&str>, data_type: &DataType) -> TypeRef {
    match named.and_then(by_name) {
        Some(known) => TypeRef { oid: known.oid, modifier: -1 },
        None => of_arrow(data_type),
    }
}

/// The Postgres type a column of this Arrow type is shown as. Structs and maps are `jsonb`: a type of
/// our own would send drivers into introspection.
pub fn of_arrow(data_type: &DataType) -> TypeRef {
    if let DataType::Decimal32(p, s)
    | DataType::Decimal64(p, s)
    | DataType::Decimal128(p, s)
    | DataType::Decimal256(p, s) = data_type
    {
        return numeric(i64::from(*p), i64::from(*s));
    }
    if matches!(data_type, DataType::UInt64) {
        return numeric(20, 0);
    }
    let oid = by_name(arrow_name(data_type)).map_or(25, |t| t.oid);
    match data_type {
        DataType::List(f)
        | DataType::LargeList(f)
        | DataType::FixedSizeList(f, _)
        | DataType::ListView(f)
        | DataType::LargeListView(f) => of_list(f),
        DataType::Dictionary(_, value) => of_arrow(value),
        _ => TypeRef { oid, modifier: -1 },
    }
}

fn numeric(precision: i64, scale: i64) -> TypeRef {
    TypeRef { oid: 1700, modifier: (precision << 16 | (scale & 0x7ff)) + 4 }
}

fn of_list(element: &Arc<Field>) -> TypeRef {
    let inner = of_column(named_by(element), element.data_type());
    match by_oid(inner.oid) {
        // Postgres has one array type for every number of dimensions.
        Some(t) if t.category == "A" => inner,
        Some(t) if t.array != 0 => TypeRef { oid: t.array, modifier: inner.modifier },
        _ => TypeRef { oid: 3802, modifier: -1 },
    }
}

fn arrow_name(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Boolean => "bool",
        DataType::Int8 | DataType::Int16 | DataType::UInt8 => "int2",
        DataType::Int32 | DataType::UInt16 => "int4",
        DataType::Int64 | DataType::UInt32 => "int8",
        DataType::Float16 | DataType::Float32 => "float4",
        DataType::Float64 => "float8",
        DataType::Date32 | DataType::Date64 => "date",
        DataType::Time32(_) | DataType::Time64(_) => "time",
        DataType::Timestamp(_, None) => "timestamp",
        DataType::Timestamp(_, Some(_)) => "timestamptz",
        DataType::Interval(_) | DataType::Duration(_) => "interval",
        DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView
        | DataType::FixedSizeBinary(_) => "bytea",
        DataType::Struct(_) | DataType::Map(_, _) | DataType::Union(_, _) => "jsonb",
        _ => "text",
    }
}

/// The Arrow type that carries a Postgres type in our own relations, and the metadata it needs.
pub fn to_arrow(name: &str) -> (DataType, Option<&'static str>) {
    let list = |item: DataType| DataType::List(Arc::new(Field::new_list_field(item, true)));
    let known = by_name(name).map(|t| t.name);
    match name {
        "bool" => (DataType::Boolean, None),
        "int2" => (DataType::Int16, None),
        "int4" => (DataType::Int32, None),
        "int8" => (DataType::Int64, None),
        "float4" => (DataType::Float32, None),
        "float8" | "numeric" => (DataType::Float64, None),
        "oid" | "xid" | "regproc" | "regtype" | "regclass" => (DataType::Int64, known),
        "name" | "char" | "varchar" => (DataType::Utf8, known),
        "bytea" => (DataType::Binary, None),
        "timestamptz" => (DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), None),
        "int2vector" | "_int2" => (list(DataType::Int16), known),
        "oidvector" | "_oid" => (list(DataType::Int64), known),
        "_regtype" => (list(DataType::Int64), known),
        "_float4" => (list(DataType::Float32), None),
        "_float8" => (list(DataType::Float64), None),
        "_bool" => (list(DataType::Boolean), None),
        "_text" => (list(DataType::Utf8), None),
        "_name" | "_char" | "_aclitem" => (list(DataType::Utf8), known),
        "text" => (DataType::Utf8, None),
        "interval" => (DataType::Interval(IntervalUnit::MonthDayNano), None),
        // pg_node_tree, anyarray, inet and the like: nothing here has a value of them.
        _ => (DataType::Utf8, known),
    }
}

/// A type as `format_type` prints it: `numeric(10,2)`, `character varying(20)`, `text[]`.
pub fn format(oid: i64, modifier: i64) -> String {
    let Some(t) = by_oid(oid) else {
        return if oid == 0 { "-".to_string() } else { "???".to_string() };
    };
    if let Some(element) =
        by_oid(t.element).filter(|_| t.category == "A" && t.name.starts_with('_'))
    {
        return format!("{}[]", format(element.oid, modifier));
    }
    if modifier < 0 {
        return t.sql_name.to_string();
    }
    match t.name {
        "numeric" if modifier >= 4 => {
            format!("numeric({},{})", (modifier - 4) >> 16, (modifier - 4) & 0x7ff)
        }
        "varchar" | "bpchar" if modifier >= 4 => format!("{}({})", t.sql_name, modifier - 4),
        "timestamp" | "timestamptz" | "time" | "timetz" => {
            let (head, tail) = t.sql_name.split_once(' ').unwrap_or((t.sql_name, ""));
            format!("{head}({modifier}) {tail}").trim_end().to_string()
        }
        _ => t.sql_name.to_string(),
    }
}
