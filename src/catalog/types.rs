//! Hive's types, in which a Glue catalog speaks, to and from Arrow's.
//!
//! Arrow knows more types than Hive. Where a Hive type alone would lose something (a time zone, a unit,
//! an unsigned integer, a size), the column's parameters carry Arrow's own text of the type under
//! [`ARROW_TYPE`], but only when that text gives back exactly the same type. The Hive type always stands
//! beside it, for other readers of the catalog.

use std::sync::Arc;

use arrow::datatypes::{
    DECIMAL128_MAX_PRECISION, DataType, Field, FieldRef, Fields, Schema, SchemaRef, TimeUnit,
};
use lakegate_base::{Error, Result, Subject, fold_column_names};
use lakegate_formats::variant::{self, is_variant, keep_mark};

use crate::model::{Column, Table};

/// Column parameter: the Arrow type, where the Hive type says less.
pub const ARROW_TYPE: &str = "arrow.type";
/// Column parameter: the name inside the files, where folding the case changed it.
pub const FILE_NAME: &str = "lakegate.name";

/// Types inside types, in both directions.
const DEPTH_MAX: usize = 64;

/// The columns a catalog stores for a schema: names folded where they stay apart, comments from the fields'
/// metadata `comment`.
pub fn columns<'a>(fields: impl IntoIterator<Item = &'a FieldRef>) -> Result<Vec<Column>> {
    let fields: Vec<&FieldRef> = fields.into_iter().collect();
    let names = fold_column_names(fields.iter().map(|field| field.name().as_str()));
    fields.into_iter().zip(names).map(|(field, name)| column(field, name)).collect()
}

fn column(field: &Field, name: String) -> Result<Column> {
    let of = |e: Error| e.context(format!("column {}", field.name()));
    let hive_type = write_field(field, 0).map_err(of)?;
    let mut column =
        Column { name, comment: field.metadata().get("comment").cloned(), ..Column::default() };
    let bare = without_metadata(field.data_type());
    if arrow_type(&hive_type).ok().as_ref() != Some(&bare) {
        let text = bare.to_string();
        if parse_arrow(&text).as_ref() == Some(&bare) {
            column.parameters.insert(ARROW_TYPE.to_string(), text);
        }
    }
    if column.name != *field.name() {
        column.parameters.insert(FILE_NAME.to_string(), field.name().clone());
    }
    column.hive_type = Some(hive_type);
    Ok(column)
}

/// The columns of a table as Arrow fields, partition keys last. Every column may hold NULL: Glue does not
/// say otherwise. Never opens the table.
pub fn arrow_schema(table: &Table) -> Result<SchemaRef> {
    let fields: Result<Fields> = table.columns().map(field).collect();
    fields
        .map(|f| Arc::new(Schema::new(f)))
        .map_err(|e| e.context(format!("table {}", table.table_name())))
}

/// One column as an Arrow field.
pub fn field(column: &Column) -> Result<Field> {
    let data_type = match column.parameters.get(ARROW_TYPE).and_then(|text| parse_arrow(text)) {
        Some(data_type) => data_type,
        None => {
            let text = column.hive_type.as_deref().unwrap_or("string");
            arrow_type(text).map_err(|e| e.context(format!("column {}", column.name)))?
        }
    };
    let field = Field::new(&column.name, data_type, true);
    let written = column.hive_type.as_deref().unwrap_or_default();
    let field = if is_named_variant(written) { marked(field) } else { field };
    Ok(match &column.comment {
        Some(text) => {
            let mut field = field;
            field.metadata_mut().insert("comment".to_string(), text.clone());
            field
        }
        None => field,
    })
}

/// A variant as Spark names it: here text with a mark.
const VARIANT: &str = "variant";

fn is_named_variant(hive_type: &str) -> bool {
    let word = hive_type.trim_start().get(..VARIANT.len());
    word.is_some_and(|word| word.eq_ignore_ascii_case(VARIANT))
}

fn marked(field: Field) -> Field {
    keep_mark(&variant::field(field.name()), field)
}

/// The columns as the files spell them: what [`columns`] was given.
pub(crate) fn file_schema(columns: &[Column]) -> Result<SchemaRef> {
    let one = |column: &Column| -> Result<Field> {
        let field = field(column)?;
        Ok(match column.parameters.get(FILE_NAME) {
            Some(name) => field.with_name(name),
            None => field,
        })
    };
    let fields: Result<Fields> = columns.iter().map(one).collect();
    Ok(Arc::new(Schema::new(fields?)))
}

/// Arrow's own text of a type, read back; none when it is no such text or nested too deeply.
fn parse_arrow(text: &str) -> Option<DataType> {
    let mut depth = 0_usize;
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_MAX {
            return None;
        }
    }
    text.parse().ok()
}

/// The type without the metadata of its nested fields: the catalog keeps names and types only, of which the
/// variant is one.
fn without_metadata(data_type: &DataType) -> DataType {
    let bare = |field: &FieldRef| -> FieldRef {
        let inner = without_metadata(field.data_type());
        Arc::new(keep_mark(field, Field::new(field.name(), inner, field.is_nullable())))
    };
    match data_type {
        DataType::List(f) => DataType::List(bare(f)),
        DataType::LargeList(f) => DataType::LargeList(bare(f)),
        DataType::ListView(f) => DataType::ListView(bare(f)),
        DataType::LargeListView(f) => DataType::LargeListView(bare(f)),
        DataType::FixedSizeList(f, size) => DataType::FixedSizeList(bare(f), *size),
        DataType::Map(f, sorted) => DataType::Map(bare(f), *sorted),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(bare).collect()),
        other => other.clone(),
    }
}

/// The nearest Hive type: one that holds every value of the Arrow type.
pub fn hive_type(data_type: &DataType) -> Result<String> {
    write_hive(data_type, 0)
}

fn write_field(field: &Field, depth: usize) -> Result<String> {
    if is_variant(field) { Ok(VARIANT.to_string()) } else { write_hive(field.data_type(), depth) }
}

fn write_hive(data_type: &DataType, depth: usize) -> Result<String> {
    use DataType as T;
    if depth > DEPTH_MAX {
        return Err(too_deep());
    }
    let text = match data_type {
        T::Boolean => "boolean".to_string(),
        T::Int8 => "tinyint".to_string(),
        T::Int16 | T::UInt8 => "smallint".to_string(),
        T::Int32 | T::UInt16 => "int".to_string(),
        T::Int64 | T::UInt32 => "bigint".to_string(),
        T::UInt64 => "decimal(20,0)".to_string(),
        T::Float16 | T::Float32 => "float".to_string(),
        T::Float64 => "double".to_string(),
        T::Decimal32(p, s) | T::Decimal64(p, s) | T::Decimal128(p, s) | T::Decimal256(p, s)
            if *s >= 0 && *p <= DECIMAL128_MAX_PRECISION =>
        {
            format!("decimal({p},{s})")
        }
        // A decimal wider than Hive's, times and intervals are kept as text; `arrow.type` knows better.
        T::Decimal256(..) | T::Time32(_) | T::Time64(_) | T::Interval(_) | T::Null => {
            "string".into()
        }
        T::Utf8 | T::LargeUtf8 | T::Utf8View => "string".to_string(),
        T::Binary | T::LargeBinary | T::BinaryView | T::FixedSizeBinary(_) => "binary".to_string(),
        T::Date32 | T::Date64 => "date".to_string(),
        T::Timestamp(..) => "timestamp".to_string(),
        T::Duration(_) => "bigint".to_string(),
        T::Dictionary(_, values) => write_hive(values, depth + 1)?,
        T::List(f)
        | T::LargeList(f)
        | T::ListView(f)
        | T::LargeListView(f)
        | T::FixedSizeList(f, _) => {
            format!("array<{}>", write_field(f, depth + 1)?)
        }
        T::Map(entries, _) => match entries.data_type() {
            T::Struct(pair) if pair.len() == 2 => {
                let side = |i: usize| write_field(&pair[i], depth + 1);
                format!("map<{},{}>", side(0)?, side(1)?)
            }
            _ => return Err(Error::unsupported("a map without key and value").about(Subject::Type)),
        },
        T::Struct(fields) => {
            let part = |f: &FieldRef| {
                let name = plain_name(f.name())?;
                Ok(format!("{name}:{}", write_field(f, depth + 1)?))
            };
            let parts: Result<Vec<String>> = fields.iter().map(part).collect();
            format!("struct<{}>", parts?.join(","))
        }
        other => {
            return Err(
                Error::unsupported(format!("the type {other} in a table")).about(Subject::Type)
            );
        }
    };
    Ok(text)
}

/// Hive's type text has no quoting: a name that would read as something else cannot be written.
fn plain_name(name: &str) -> Result<&str> {
    let valid = !name.is_empty()
        && name.trim() == name
        && !name.contains(['<', '>', ',', ':', '(', ')', '`'])
        && !name.contains(char::is_control);
    let error =
        || Error::unsupported(format!("the struct field name {name:?}")).about(Subject::Type);
    if valid { Ok(name) } else { Err(error()) }
}

/// Reads a Hive type, e.g. `map<string,array<struct<a:int,b:decimal(10,2)>>>`.
pub fn arrow_type(text: &str) -> Result<DataType> {
    let mut reader = HiveReader { text, rest: text };
    let data_type = reader.read(0)?;
    if reader.rest.trim().is_empty() { Ok(data_type) } else { Err(reader.unknown()) }
}

struct HiveReader<'a> {
    text: &'a str,
    rest: &'a str,
}

impl HiveReader<'_> {
    fn read(&mut self, depth: usize) -> Result<DataType> {
        if depth > DEPTH_MAX {
            return Err(too_deep());
        }
        let word = self.until(['<', '>', '(', ')', ',', ':']).to_ascii_lowercase();
        let data_type = match word.as_str() {
            "boolean" => DataType::Boolean,
            "tinyint" => DataType::Int8,
            "smallint" => DataType::Int16,
            "int" | "integer" => DataType::Int32,
            "bigint" | "long" => DataType::Int64,
            "float" | "real" => DataType::Float32,
            "double" | "double precision" => DataType::Float64,
            "string" | VARIANT => DataType::Utf8,
            "varchar" | "char" => {
                self.arguments()?;
                DataType::Utf8
            }
            "binary" | "varbinary" => DataType::Binary,
            "date" => DataType::Date32,
            "timestamp" => DataType::Timestamp(TimeUnit::Microsecond, None),
            "timestamptz" | "timestamp with time zone" | "timestamp with local time zone" => {
                DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
            }
            "decimal" | "numeric" => self.decimal()?,
            "array" | "list" => {
                self.expect('<')?;
                let item = self.field(Field::LIST_FIELD_DEFAULT_NAME, depth)?;
                self.expect('>')?;
                DataType::List(Arc::new(item))
            }
            "map" => self.map(depth)?,
            "struct" => self.structure(depth)?,
            _ => return Err(self.unknown()),
        };
        Ok(data_type)
    }

    /// What stands inside another type.
    fn field(&mut self, name: &str, depth: usize) -> Result<Field> {
        let is_variant = is_named_variant(self.rest);
        let field = Field::new(name, self.read(depth + 1)?, true);
        Ok(if is_variant { marked(field) } else { field })
    }

    fn decimal(&mut self) -> Result<DataType> {
        let numbers = self.arguments()?;
        // Hive's default; Athena's too.
        let (precision, scale) = match numbers.as_slice() {
            [] => (10, 0),
            [precision] => (*precision, 0),
            [precision, scale] => (*precision, *scale),
            _ => return Err(self.unknown()),
        };
        let (Ok(precision), Ok(scale)) = (u8::try_from(precision), i8::try_from(scale)) else {
            return Err(self.unknown());
        };
        let valid = (1..=DECIMAL128_MAX_PRECISION).contains(&precision)
            && scale.unsigned_abs() <= precision;
        if valid { Ok(DataType::Decimal128(precision, scale)) } else { Err(self.unknown()) }
    }

    fn map(&mut self, depth: usize) -> Result<DataType> {
        self.expect('<')?;
        let key = self.read(depth + 1)?;
        self.expect(',')?;
        let value = self.field("value", depth)?;
        self.expect('>')?;
        let pair = [Field::new("key", key, false), value];
        let entries = Field::new("entries", DataType::Struct(Fields::from_iter(pair)), false);
        Ok(DataType::Map(Arc::new(entries), false))
    }

    fn structure(&mut self, depth: usize) -> Result<DataType> {
        self.expect('<')?;
        let mut fields = Vec::new();
        while !self.accept('>') {
            if !fields.is_empty() {
                self.expect(',')?;
            }
            let name = self.until([':', '<', '>', '(', ')', ',']).to_string();
            self.expect(':')?;
            if name.is_empty() {
                return Err(self.unknown());
            }
            fields.push(self.field(&name, depth)?);
        }
        Ok(DataType::Struct(fields.into()))
    }

    /// The text up to one of the marks, trimmed.
    fn until(&mut self, marks: [char; 6]) -> String {
        let (word, rest) = self.rest.split_at(self.rest.find(marks).unwrap_or(self.rest.len()));
        self.rest = rest;
        word.trim().to_string()
    }

    /// `(10,2)`; none without brackets.
    fn arguments(&mut self) -> Result<Vec<u32>> {
        if !self.accept('(') {
            return Ok(Vec::new());
        }
        let (inside, rest) = self.rest.split_once(')').ok_or_else(|| self.unknown())?;
        self.rest = rest;
        let numbers: Option<Vec<u32>> = inside.split(',').map(|n| n.trim().parse().ok()).collect();
        numbers.ok_or_else(|| self.unknown())
    }

    fn accept(&mut self, mark: char) -> bool {
        let found = self.rest.trim_start().strip_prefix(mark);
        if let Some(rest) = found {
            self.rest = rest;
        }
        found.is_some()
    }

    fn expect(&mut self, mark: char) -> Result<()> {
        if self.accept(mark) { Ok(()) } else { Err(self.unknown()) }
    }

    fn unknown(&self) -> Error {
        let shown: String = self.text.chars().take(100).collect();
        Error::unsupported(format!("the Hive type \"{shown}\"")).about(Subject::Type)
    }
}

fn too_deep() -> Error {
    Error::exhausted(format!("a type nested more than {DEPTH_MAX} levels"))
        .about(Subject::Complexity)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn round_trip(data_type: &DataType) -> DataType {
        let written =
            column(&Field::new("c", data_type.clone(), true), "c".to_string()).expect("writes");
        field(&written).expect("reads").data_type().clone()
    }

    #[test]
    fn plain_types_need_no_arrow_text() {
        let text = "map<string,array<struct<a:int,b_c:decimal(10,2),d:timestamp>>>";
        let data_type = arrow_type(text).expect("reads");
        let written = column(&Field::new("c", data_type, true), "c".to_string()).expect("writes");
        assert_eq!(written.hive_type.as_deref(), Some(text));
        assert!(written.parameters.is_empty(), "{:?}", written.parameters);
    }

    #[test]
    fn what_hive_cannot_say_is_kept_beside() {
        use DataType as T;
        let zoned = T::Timestamp(TimeUnit::Nanosecond, Some("Europe/Zurich".into()));
        let nested = T::Struct(Fields::from_iter([
            Field::new("Zone d", zoned.clone(), false),
            Field::new("l", T::LargeList(Arc::new(Field::new("element", T::UInt64, false))), true),
        ]));
        let entries = Field::new(
            "key_value",
            T::Struct(Fields::from_iter([
                Field::new("k", T::Utf8View, false),
                Field::new("v", nested.clone(), true),
            ])),
            false,
        );
        let map = T::Map(Arc::new(entries), false);
        let small = [T::UInt8, T::UInt64, T::Date64, T::Time64(TimeUnit::Microsecond), T::Float16];
        let wide = [T::Decimal256(76, 10), T::FixedSizeBinary(16), T::Decimal128(10, -2)];
        let others = [zoned, nested, map, T::Null];
        for data_type in small.into_iter().chain(wide).chain(others) {
            if data_type == T::Decimal128(10, -2) {
                assert!(hive_type(&data_type).is_err());
                continue;
            }
            assert_eq!(round_trip(&data_type), data_type);
        }
    }

    #[test]
    fn hostile_types_are_refused() {
        for text in
            ["", "array<", "struct<a>", "decimal(99,1)", "map<int>", "int>", "uniontype<int>"]
        {
            assert!(arrow_type(text).is_err(), "{text}");
        }
        let deep = format!("{}int{}", "array<".repeat(100_000), ">".repeat(100_000));
        assert!(arrow_type(&deep).is_err());
        assert_eq!(parse_arrow(&format!("{}Int8{}", "List(".repeat(5000), ")".repeat(5000))), None);
        let name = Field::new("a:int,b", DataType::Int8, true);
        assert!(hive_type(&DataType::Struct(Fields::from_iter([name]))).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(array<|map<|struct<|a:|int|decimal|\\(|[0-9]|,|>|\\)|é| ){0,20}") {
            if let Ok(data_type) = arrow_type(&text) {
                prop_assert_eq!(arrow_type(&hive_type(&data_type).expect("writes")).expect("reads"), data_type);
            }
        }
    }
}
