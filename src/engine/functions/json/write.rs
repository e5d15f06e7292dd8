//! Values of any type as JSON.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field};
use datafusion::error::Result;

use super::tree::quote;
use crate::functions::print::to_text;
use crate::functions::scalar::{TEXT_BYTES_MAX, too_large};
use crate::system::types;

/// A column, ready to be written row by row.
pub enum Column {
    /// Texts that are JSON already, and numbers.
    Bare(ArrayRef),
    Quoted(ArrayRef),
    List {
        column: ArrayRef,
        element: Box<Column>,
    },
    Struct {
        column: ArrayRef,
        fields: Vec<(String, Column)>,
    },
    Null,
}

/// `zone` is the session's: instants are shown on its clocks.
pub fn column(array: &ArrayRef, field: &Field, zone: &str) -> Result<Column> {
    let is_json = matches!(types::named_by(field), Some("json" | "jsonb"));
    Ok(match array.data_type() {
        DataType::Null => Column::Null,
        text if text.is_string() && is_json => Column::Bare(cast(array, &DataType::Utf8)?),
        text if text.is_string() => Column::Quoted(cast(array, &DataType::Utf8)?),
        DataType::Boolean => Column::Bare(cast(array, &DataType::Utf8)?),
        number if number.is_floating() => Column::Bare(to_text(array)?),
        number if number.is_numeric() => Column::Bare(cast(array, &DataType::Utf8)?),
        DataType::Timestamp(..) => Column::Quoted(moments(array, zone)?),
        DataType::List(element) => {
            let lists = array.as_list::<i32>();
            let element = Box::new(column(lists.values(), element, zone)?);
            Column::List { column: array.clone(), element }
        }
        DataType::LargeList(element)
        | DataType::FixedSizeList(element, _)
        | DataType::ListView(element)
        | DataType::LargeListView(element) => {
            let list = cast(array, &DataType::List(element.clone()))?;
            return column(&list, field, zone);
        }
        DataType::Struct(fields) => {
            let rows = array.as_struct();
            let parts = fields
                .iter()
                .zip(rows.columns())
                .map(|(field, values)| Ok((field.name().clone(), column(values, field, zone)?)));
            Column::Struct { column: array.clone(), fields: parts.collect::<Result<_>>()? }
        }
        DataType::Dictionary(_, value) => {
            let plain = cast(array, value)?;
            return column(&plain, field, zone);
        }
        _ => Column::Quoted(to_text(array)?),
    })
}

/// With a T between date and time, and the zone's minutes: as ISO has it.
fn moments(array: &ArrayRef, zone: &str) -> Result<ArrayRef> {
    let is_instant = matches!(array.data_type(), DataType::Timestamp(_, Some(_)));
    let here = match array.data_type() {
        DataType::Timestamp(unit, Some(_)) => {
            cast(array, &DataType::Timestamp(*unit, Some(zone.into())))?
        }
        _ => array.clone(),
    };
    let texts = to_text(&here)?;
    let values = texts.as_string::<i32>().iter().map(|text| {
        text.map(|text| {
            let iso = text.replacen(' ', "T", 1);
            let has_minutes = iso.rfind(':').is_some_and(|at| iso.rfind(['+', '-']) < Some(at));
            match is_instant && !has_minutes {
                true => format!("{iso}:00"),
                false => iso,
            }
        })
    });
    let array: arrow::array::StringArray = values.collect();
    Ok(std::sync::Arc::new(array))
}

impl Column {
    fn is_null(&self, row: usize) -> bool {
        match self {
            Self::Null => true,
            Self::Bare(array) | Self::Quoted(array) => array.is_null(row),
            Self::List { column, .. } | Self::Struct { column, .. } => column.is_null(row),
        }
    }

    /// NULL is `null`.
    pub fn write(&self, row: usize, out: &mut String) -> Result<()> {
        if self.is_null(row) {
            out.push_str("null");
            return Ok(());
        }
        match self {
            Self::Null => out.push_str("null"),
            Self::Bare(texts) => match texts.as_string::<i32>().value(row) {
                // Not numbers of JSON.
                odd @ ("NaN" | "Infinity" | "-Infinity") => quote(odd, out),
                text => out.push_str(text),
            },
            Self::Quoted(texts) => quote(texts.as_string::<i32>().value(row), out),
            Self::List { column, element } => {
                let offsets = column.as_list::<i32>().value_offsets();
                out.push('[');
                let ends = (offsets.get(row).copied(), offsets.get(row + 1).copied());
                let (from, to) = (ends.0.unwrap_or(0), ends.1.unwrap_or(0));
                for at in from..to {
                    out.push_str(if at > from { "," } else { "" });
                    element.write(usize::try_from(at).unwrap_or(0), out)?;
                }
                out.push(']');
            }
            Self::Struct { fields, .. } => {
                out.push('{');
                for (index, (name, values)) in fields.iter().enumerate() {
                    out.push_str(if index > 0 { "," } else { "" });
                    quote(name, out);
                    out.push(':');
                    values.write(row, out)?;
                }
                out.push('}');
            }
        }
        if out.len() > TEXT_BYTES_MAX { Err(too_large()) } else { Ok(()) }
    }
}
