//! An array as a file holds it → as the table wants it: nested fields found by id, physical name or name,
//! renamed without copying, missing ones filled with their default or NULL, leaves widened by casts that
//! lose nothing, variants as JSON.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, LargeListArray, ListArray, MapArray, StructArray, UInt32Array,
    new_null_array,
};
use datafusion::arrow::compute::{CastOptions, cast, cast_with_options, take};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields, TimeUnit};
use datafusion::arrow::error::ArrowError;
use lakegate_base::{Error, Result};
use lakegate_formats::iceberg::{initial_default, mapped_names};
use lakegate_formats::variant::{self, has_variant, is_variant};
use lakegate_formats::{FIELD_ID, MatchBy, PHYSICAL_NAME};

use super::shape::{plain, typed};

/// How the columns of one file are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// As the table's files are.
    By(MatchBy),
    /// The table goes by field ids and the file has none: by the names that the table maps to its ids.
    MappedNames,
}

/// A default carries the format's metadata at every level, which columns of a scan do not.
pub const OF_DEFAULTS: Lookup = Lookup::By(MatchBy::FieldId);

/// Files that are no Parquet.
pub const BY_NAME: Lookup = Lookup::By(MatchBy::Name);

/// Where in a file's fields the wanted field stands.
fn find(fields: &Fields, wanted: &Field, lookup: Lookup) -> Option<usize> {
    let match_by = match lookup {
        Lookup::By(match_by) => match_by,
        Lookup::MappedNames => {
            let names = mapped_names(wanted)?;
            return fields.iter().position(|f| names.contains(f.name()));
        }
    };
    match match_by {
        MatchBy::FieldId => {
            let id = wanted.metadata().get(FIELD_ID)?;
            fields.iter().position(|f| f.metadata().get(FIELD_ID) == Some(id))
        }
        MatchBy::PhysicalName => {
            let name = wanted.metadata().get(PHYSICAL_NAME).unwrap_or_else(|| wanted.name());
            fields.iter().position(|f| f.name() == name)
        }
        MatchBy::Name => fields
            .iter()
            .position(|f| f.name() == wanted.name())
            .or_else(|| only_by_case(fields, wanted.name())),
    }
}

/// Where a field stands that is wanted among others: ignoring case only if none of them is as close.
pub fn find_among(
    fields: &Fields,
    wanted: &Field,
    others: &Fields,
    lookup: Lookup,
) -> Option<usize> {
    let at = find(fields, wanted, lookup)?;
    let folded = wanted.name().to_lowercase();
    let is_alike = |other: &FieldRef| other.name().to_lowercase() == folded;
    let is_close = lookup == BY_NAME && fields[at].name() != wanted.name();
    let is_doubtful = is_close && others.iter().filter(|other| is_alike(other)).count() > 1;
    (!is_doubtful).then_some(at)
}

fn only_by_case(fields: &Fields, name: &str) -> Option<usize> {
    let mut found =
        fields.iter().enumerate().filter(|(_, f)| f.name().to_lowercase() == name.to_lowercase());
    match (found.next(), found.next()) {
        (Some((index, _)), None) => Some(index),
        _ => None,
    }
}

/// True when the file's column can be used as it is.
pub fn is_same(file: &DataType, wanted: &Field, lookup: Lookup) -> bool {
    if has_variant(wanted) {
        return false;
    }
    let wanted = wanted.data_type();
    if file.is_nested() || wanted.is_nested() {
        // By name, equal types mean equal names; by id or physical name the names must be restored.
        return lookup == Lookup::By(MatchBy::Name) && *file == plain(wanted);
    }
    file == wanted
}

/// Checks that `reshape` can work, before any row is read.
pub fn check(file: &DataType, wanted: &Field, lookup: Lookup) -> Result<()> {
    if is_variant(wanted) {
        return variant::check(file);
    }
    let wanted = wanted.data_type();
    match (file, wanted) {
        (DataType::Struct(from), DataType::Struct(to)) => {
            to.iter().try_for_each(|field| match find_among(from, field, to, lookup) {
                Some(at) => check(from[at].data_type(), field, lookup),
                None => Ok(()),
            })
        }
        (DataType::List(from) | DataType::LargeList(from), DataType::List(to))
        | (DataType::LargeList(from), DataType::LargeList(to)) => {
            check(from.data_type(), to, lookup)
        }
        (DataType::Map(from, _), DataType::Map(to, _)) => {
            let (DataType::Struct(from), DataType::Struct(to)) = (from.data_type(), to.data_type())
            else {
                return Err(Error::corrupt("a map column has no keys and values"));
            };
            let mut pairs = from.iter().zip(to.iter());
            pairs.try_for_each(|(f, t)| check(f.data_type(), t, lookup))
        }
        _ if loses_nothing(file, wanted) => Ok(()),
        _ => Err(Error::unsupported(format!("reading a file's {file} as the table's {wanted}"))),
    }
}

/// Casts between leaf types that keep every value.
fn loses_nothing(from: &DataType, to: &DataType) -> bool {
    use DataType::{
        Binary, BinaryView, Date32, Date64, Decimal128, Decimal256, Dictionary, FixedSizeBinary,
        Float32, Float64, Int8, Int16, Int32, Int64, LargeBinary, LargeUtf8, Null, Timestamp,
        UInt8, UInt16, UInt32, UInt64, Utf8, Utf8View,
    };
    if from == to {
        return true;
    }
    match (from, to) {
        (Dictionary(_, value), to) => loses_nothing(value, to),
        (Null, _) => true,
        (Utf8 | LargeUtf8 | Utf8View, Utf8 | LargeUtf8 | Utf8View) => true,
        (
            Binary | LargeBinary | BinaryView | FixedSizeBinary(_),
            Binary | LargeBinary | BinaryView,
        ) => true,
        // Old writers store text without marking it; invalid UTF-8 is an error when read.
        (Binary | LargeBinary | BinaryView, Utf8 | LargeUtf8 | Utf8View) => true,
        (Binary | BinaryView, FixedSizeBinary(_)) => true,
        (Int8, Int16 | Int32 | Int64) | (Int16, Int32 | Int64) | (Int32, Int64) => true,
        (UInt8, Int16 | Int32 | Int64 | UInt16 | UInt32 | UInt64) => true,
        (UInt16, Int32 | Int64 | UInt32 | UInt64) | (UInt32, Int64 | UInt64) => true,
        // A value that does not fit is an error when read, never a wrong row.
        (Int64 | Int32 | Int16, Int8 | Int16 | Int32) | (UInt64, Int64) => true,
        (Int8 | Int16 | Int32, Float64) | (Int8 | Int16, Float32) | (Float32, Float64) => true,
        (Int8 | Int16 | Int32 | Int64, Decimal128(..) | Decimal256(..)) => true,
        (
            Decimal128(p, s) | Decimal256(p, s),
            Decimal128(wider, scale) | Decimal256(wider, scale),
        ) => scale >= s && i32::from(*wider) - i32::from(*scale) >= i32::from(*p) - i32::from(*s),
        (Date32, Date64 | Timestamp(_, None)) => true,
        (Timestamp(unit, _), Timestamp(to, _)) => {
            unit == to || finer(*to, *unit) || is_int96(*unit)
        }
        _ => false,
    }
}

fn finer(to: TimeUnit, from: TimeUnit) -> bool {
    let digits = |unit| match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 3,
        TimeUnit::Microsecond => 6,
        TimeUnit::Nanosecond => 9,
    };
    digits(to) >= digits(from)
}

/// Files with nanoseconds under a table of microseconds: Spark's INT96 and pandas. The table's precision
/// is what its format promises.
fn is_int96(unit: TimeUnit) -> bool {
    unit == TimeUnit::Nanosecond
}

/// The array as the table wants it. Values that do not fit are errors.
pub fn reshape(array: &ArrayRef, wanted: &Field, lookup: Lookup) -> Result<ArrayRef> {
    if is_variant(wanted) {
        return json(array, wanted.data_type());
    }
    match (array.data_type(), wanted.data_type()) {
        (DataType::Struct(from), DataType::Struct(to)) => {
            reshape_struct(array.as_struct(), from, to, lookup)
        }
        (DataType::List(_), DataType::List(item)) => {
            let list = array.as_list::<i32>();
            let values = reshape(list.values(), item, lookup)?;
            let item = item_field(item, &values);
            let built =
                ListArray::try_new(item, list.offsets().clone(), values, list.nulls().cloned());
            Ok(Arc::new(built.map_err(broken)?))
        }
        (DataType::LargeList(_), DataType::LargeList(item)) => {
            let list = array.as_list::<i64>();
            let values = reshape(list.values(), item, lookup)?;
            let item = item_field(item, &values);
            let built = LargeListArray::try_new(
                item,
                list.offsets().clone(),
                values,
                list.nulls().cloned(),
            );
            Ok(Arc::new(built.map_err(broken)?))
        }
        (DataType::Map(_, _), DataType::Map(entries, sorted)) => {
            reshape_map(array.as_map(), entries, *sorted, lookup)
        }
        (from, to) if from == to => Ok(Arc::clone(array)),
        (_, to) => {
            let strict = CastOptions { safe: false, ..CastOptions::default() };
            cast_with_options(array, to, &strict).map_err(|e| {
                Error::corrupt(format!("a file holds a value that does not fit {to}: {e}"))
            })
        }
    }
}

/// A variant's text, in the layout that is wanted.
fn json(array: &ArrayRef, wanted: &DataType) -> Result<ArrayRef> {
    let group = array.as_struct_opt();
    let group = group.ok_or_else(|| Error::corrupt("a variant in a file is no group"))?;
    cast(&variant::to_json(group)?, wanted).map_err(broken)
}

fn reshape_struct(
    array: &StructArray,
    from: &Fields,
    to: &Fields,
    lookup: Lookup,
) -> Result<ArrayRef> {
    let mut columns = Vec::with_capacity(to.len());
    let mut fields = Vec::with_capacity(to.len());
    for field in to {
        let column = match find_among(from, field, to, lookup) {
            Some(at) => reshape(array.column(at), field, lookup)?,
            None => absent(field, array.len())?,
        };
        fields.push(item_field(field, &column));
        columns.push(column);
    }
    let nulls = array.nulls().cloned();
    if columns.is_empty() {
        return Ok(Arc::new(StructArray::new_empty_fields(array.len(), nulls)));
    }
    Ok(Arc::new(StructArray::try_new(fields.into(), columns, nulls).map_err(broken)?))
}

/// A nested column that the file is too old for: its initial default (Iceberg), or NULL. Where the struct
/// itself is NULL, it hides the value.
fn absent(wanted: &Field, rows: usize) -> Result<ArrayRef> {
    let Some(default) = initial_default(wanted)? else {
        return Ok(new_null_array(&plain(wanted.data_type()), rows));
    };
    let default = reshape(&default, wanted, OF_DEFAULTS)?;
    take(&default, &UInt32Array::from(vec![0; rows]), None).map_err(broken)
}

/// Keys and values stand first and second, whatever their names.
fn reshape_map(
    array: &MapArray,
    entries: &FieldRef,
    sorted: bool,
    lookup: Lookup,
) -> Result<ArrayRef> {
    let DataType::Struct(to) = entries.data_type() else {
        return Err(Error::corrupt("a map column has no keys and values"));
    };
    let [key, value] = to.iter().collect::<Vec<_>>()[..] else {
        return Err(Error::corrupt("a map column has no keys and values"));
    };
    let keys = reshape(array.keys(), key, lookup)?;
    let values = reshape(array.values(), value, lookup)?;
    let key = Arc::new(Field::new(key.name(), keys.data_type().clone(), false));
    let value = item_field(value, &values);
    let fields = Fields::from(vec![key, value]);
    let pairs = StructArray::try_new(fields.clone(), vec![keys, values], None).map_err(broken)?;
    let entries = Arc::new(Field::new(entries.name(), DataType::Struct(fields), false));
    let built =
        MapArray::try_new(entries, array.offsets().clone(), pairs, array.nulls().cloned(), sorted);
    Ok(Arc::new(built.map_err(broken)?))
}

/// The wanted name over the type that was built, without the format's metadata.
fn item_field(wanted: &Field, built: &ArrayRef) -> FieldRef {
    Arc::new(typed(Field::new(wanted.name(), built.data_type().clone(), true), wanted))
}

fn broken(error: ArrowError) -> Error {
    Error::corrupt("a nested column in a file is damaged").source(error)
}
