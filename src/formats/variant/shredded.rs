//! Shredded variants: at each level, what fits a type stands in `typed_value`, the rest in `value`; of an
//! object some fields may stand here and some there.
//!
//! Writers must not put one thing into both. Where one did, readers differ on what it means: it is refused.

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryViewArray, BooleanArray, FixedSizeBinaryArray, StringViewArray,
    StructArray,
};
use arrow::buffer::{NullBuffer, ScalarBuffer};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int64Type,
    Time64MicrosecondType, TimeUnit, TimestampMicrosecondType, TimestampNanosecondType,
};
use lakegate_base::{Error, Result};

use super::text::Texts;
use super::{Names, Reader, damaged};

/// Levels of `typed_value` in each other.
const LEVELS_MAX: usize = 100;
const UUID_BYTES: i32 = 16;

/// A group of `value` and `typed_value`; it may lack either.
pub struct Level {
    /// Of a field or an element that must have a group, and has none.
    nulls: Option<NullBuffer>,
    value: Option<BinaryViewArray>,
    typed: Option<Typed>,
}

struct Typed {
    nulls: Option<NullBuffer>,
    kind: Kind,
}

enum Kind {
    Bool(BooleanArray),
    Whole(ScalarBuffer<i64>),
    Float(ScalarBuffer<f32>),
    Double(ScalarBuffer<f64>),
    Decimal(ScalarBuffer<i128>, u8),
    Date(ScalarBuffer<i32>),
    Time(ScalarBuffer<i64>),
    /// True for instants.
    Micros(ScalarBuffer<i64>, bool),
    Nanos(ScalarBuffer<i64>, bool),
    Text(StringViewArray),
    Binary(BinaryViewArray),
    Uuid(FixedSizeBinaryArray),
    /// Sorted by name.
    Object(Vec<(String, Level)>),
    List {
        starts: Vec<usize>,
        element: Box<Level>,
    },
}

/// One field of an object.
enum Part<'a> {
    Typed(&'a Level),
    Value(&'a [u8]),
}

/// Any binary column.
pub fn binary(array: &ArrayRef) -> Result<BinaryViewArray> {
    match array.data_type() {
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => {
            Ok(as_kind(array, &DataType::BinaryView)?.as_binary_view().clone())
        }
        other => Err(Error::unsupported(format!("variants in columns of type {other}"))),
    }
}

fn as_kind(array: &ArrayRef, kind: &DataType) -> Result<ArrayRef> {
    cast(array, kind).map_err(|e| damaged("its columns have other types").source(e))
}

impl Level {
    pub fn of(group: &StructArray, depth: usize) -> Result<Self> {
        if depth > LEVELS_MAX {
            let what = format!("variants shredded into more than {LEVELS_MAX} levels");
            return Err(Error::unsupported(what));
        }
        let value = group.column_by_name("value").map(binary).transpose()?;
        let typed = group.column_by_name("typed_value");
        let typed = typed.map(|array| Typed::of(array, depth)).transpose()?;
        Ok(Self { nulls: group.nulls().cloned(), value, typed })
    }

    /// In an object: the field is not there.
    fn is_missing(&self, row: usize) -> bool {
        self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row))
            || self.value(row).is_none() && self.typed(row).is_none()
    }

    fn value(&self, row: usize) -> Option<&[u8]> {
        self.value.as_ref().filter(|value| value.is_valid(row)).map(|value| value.value(row))
    }

    fn typed(&self, row: usize) -> Option<&Kind> {
        let typed = self.typed.as_ref()?;
        let is_null = typed.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
        (!is_null).then_some(&typed.kind)
    }

    /// Where a value must be and is not, the specification has a null.
    pub fn write<'a>(
        &'a self,
        names: Names<'a>,
        row: usize,
        depth: usize,
        out: &mut Texts,
    ) -> Result<()> {
        if self.is_missing(row) {
            return out.push(b"null");
        }
        match (self.typed(row), self.value(row)) {
            (None, None) => out.push(b"null"),
            (None, Some(value)) => Reader::new(names, value).write(value, depth, out),
            (Some(Kind::Object(fields)), value) => object(fields, value, names, row, depth, out),
            (Some(_), Some(_)) => Err(damaged("a value is there twice, shredded and not")),
            (Some(Kind::List { starts, element }), None) => {
                out.push(b"[")?;
                for (count, at) in (starts[row]..starts[row + 1]).enumerate() {
                    if count > 0 {
                        out.push(b",")?;
                    }
                    element.write(names, at, depth + 1, out)?;
                }
                out.push(b"]")
            }
            (Some(kind), None) => scalar(kind, row, out),
        }
    }
}

/// The shredded fields and the others, sorted by name: as they would stand in an object that is not shredded.
fn object<'a>(
    fields: &'a [(String, Level)],
    value: Option<&'a [u8]>,
    names: Names<'a>,
    row: usize,
    depth: usize,
    out: &mut Texts,
) -> Result<()> {
    let there = fields.iter().filter(|(_, level)| !level.is_missing(row));
    let mut parts: Vec<(&str, Part)> =
        there.map(|(name, level)| (name.as_str(), Part::Typed(level))).collect();
    let mut reader = Reader::new(names, value.unwrap_or_default());
    if let Some(value) = value {
        let rest = reader.object(value)?;
        let rest = rest.ok_or_else(|| damaged("it is an object, and something else"))?;
        for at in 0..rest.count() {
            let name = rest.name(&names, at)?.unwrap_or_default();
            if fields.binary_search_by(|(field, _)| field.as_str().cmp(name)).is_ok() {
                return Err(damaged("a field is there twice, shredded and not"));
            }
            parts.push((name, Part::Value(rest.part(at)?)));
        }
        parts.sort_by_key(|(name, _)| *name);
    }
    out.push(b"{")?;
    for (count, (name, part)) in parts.into_iter().enumerate() {
        if count > 0 {
            out.push(b",")?;
        }
        out.string(name)?;
        out.push(b":")?;
        match part {
            Part::Typed(level) => level.write(names, row, depth + 1, out)?,
            Part::Value(value) => reader.write(value, depth + 1, out)?,
        }
    }
    out.push(b"}")
}

fn scalar(kind: &Kind, row: usize, out: &mut Texts) -> Result<()> {
    match kind {
        Kind::Bool(values) => out.bool(values.value(row)),
        Kind::Whole(values) => out.whole(values[row]),
        Kind::Float(values) => out.float(values[row]),
        Kind::Double(values) => out.double(values[row]),
        Kind::Decimal(values, scale) => out.decimal(values[row], *scale),
        Kind::Date(values) => out.date(values[row]),
        Kind::Time(values) => out.time(values[row]),
        Kind::Micros(values, is_instant) => out.micros(values[row], *is_instant),
        Kind::Nanos(values, is_instant) => out.nanos(values[row], *is_instant),
        Kind::Text(values) => out.string(values.value(row)),
        Kind::Binary(values) => out.binary(values.value(row)),
        Kind::Uuid(values) => {
            let bytes = values.value(row).first_chunk().copied();
            out.uuid(bytes.ok_or_else(|| damaged("a UUID of it is cut short"))?)
        }
        Kind::Object(_) | Kind::List { .. } => {
            Err(Error::internal("a nested variant was read as a plain one"))
        }
    }
}

impl Typed {
    fn of(array: &ArrayRef, depth: usize) -> Result<Self> {
        Ok(Self { nulls: array.logical_nulls(), kind: Kind::of(array, depth)? })
    }
}

impl Kind {
    /// The types that the specification names; any other is refused.
    fn of(array: &ArrayRef, depth: usize) -> Result<Self> {
        use DataType as T;
        Ok(match array.data_type() {
            T::Boolean => Self::Bool(array.as_boolean().clone()),
            T::Int8 | T::Int16 | T::Int32 | T::Int64 => {
                let array = as_kind(array, &T::Int64)?;
                Self::Whole(array.as_primitive::<Int64Type>().values().clone())
            }
            T::Float32 => Self::Float(array.as_primitive::<Float32Type>().values().clone()),
            T::Float64 => Self::Double(array.as_primitive::<Float64Type>().values().clone()),
            T::Decimal32(precision, scale)
            | T::Decimal64(precision, scale)
            | T::Decimal128(precision, scale) => {
                let array = as_kind(array, &T::Decimal128(*precision, *scale))?;
                let scale = u8::try_from(*scale).map_err(|_| unsupported(array.data_type()))?;
                Self::Decimal(array.as_primitive::<Decimal128Type>().values().clone(), scale)
            }
            T::Date32 => Self::Date(array.as_primitive::<Date32Type>().values().clone()),
            T::Time64(TimeUnit::Microsecond) => {
                Self::Time(array.as_primitive::<Time64MicrosecondType>().values().clone())
            }
            T::Timestamp(TimeUnit::Microsecond, zone) => {
                let values = array.as_primitive::<TimestampMicrosecondType>().values();
                Self::Micros(values.clone(), zone.is_some())
            }
            T::Timestamp(TimeUnit::Nanosecond, zone) => {
                let values = array.as_primitive::<TimestampNanosecondType>().values();
                Self::Nanos(values.clone(), zone.is_some())
            }
            T::Utf8 | T::LargeUtf8 | T::Utf8View => {
                Self::Text(as_kind(array, &T::Utf8View)?.as_string_view().clone())
            }
            T::Binary | T::LargeBinary | T::BinaryView => Self::Binary(binary(array)?),
            T::FixedSizeBinary(UUID_BYTES) => Self::Uuid(array.as_fixed_size_binary().clone()),
            T::Dictionary(_, values) => return Self::of(&as_kind(array, values)?, depth),
            T::Struct(_) => Self::object(array.as_struct(), depth)?,
            T::List(_) | T::LargeList(_) => Self::list(array, depth)?,
            other => return Err(unsupported(other)),
        })
    }

    fn object(group: &StructArray, depth: usize) -> Result<Self> {
        let mut fields = Vec::with_capacity(group.num_columns());
        for (field, column) in group.fields().iter().zip(group.columns()) {
            fields.push((field.name().clone(), of_group(column, depth)?));
        }
        fields.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(Self::Object(fields))
    }

    fn list(array: &ArrayRef, depth: usize) -> Result<Self> {
        let start = |offset: i64| {
            usize::try_from(offset).map_err(|e| damaged("a list of it has no start").source(e))
        };
        let (starts, values): (Result<Vec<usize>>, &ArrayRef) = match array.data_type() {
            DataType::LargeList(_) => {
                let list = array.as_list::<i64>();
                (list.offsets().iter().map(|at| start(*at)).collect(), list.values())
            }
            _ => {
                let list = array.as_list::<i32>();
                (list.offsets().iter().map(|at| start((*at).into())).collect(), list.values())
            }
        };
        Ok(Self::List { starts: starts?, element: Box::new(of_group(values, depth)?) })
    }
}

fn of_group(array: &ArrayRef, depth: usize) -> Result<Level> {
    let group = array.as_struct_opt().ok_or_else(|| unsupported(array.data_type()))?;
    Level::of(group, depth + 1)
}

fn unsupported(kind: &DataType) -> Error {
    Error::unsupported(format!("variants shredded into {kind}"))
}
