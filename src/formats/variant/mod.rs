//! Variants as JSON text. A variant is a group of `metadata` (the names of its fields), `value` (the rest of
//! it in bytes) and, when shredded, `typed_value` (what writers found to be of one type, as columns).
//!
//! Rejected: `parquet-variant`, `-compute` and `-json` of Arrow's. Of hostile bytes, version 59.3 recurses as
//! deep as they are nested, visits parts that are referred to from many places once for each, panics on a cut
//! UUID and a far date, and writes NaN where JSON has no such word. Here nothing recurses over bytes, no byte
//! is visited twice, and the text of a batch is bounded.
//!
//! Specifications: <https://parquet.apache.org/docs/file-format/types/variantencoding/> and
//! <https://parquet.apache.org/docs/file-format/types/variantshredding/>

mod bytes;
mod shredded;
#[cfg(test)]
mod tests;
mod text;

use arrow::array::{Array, BinaryViewArray, StringArray, StructArray};
use arrow::datatypes::{DataType, Field};
use lakegate_base::{Error, Result, Subject};

use bytes::{Names, Reader};
use shredded::Level;
use text::Texts;

/// Field metadata, value `true`: the column holds variants. Its type is text, which is JSON; in the files it
/// is a group that [`to_json`] reads.
pub const VARIANT: &str = "lakegate.variant";

/// Lists and objects in each other, as deep as Spark's `parse_json` goes.
const DEPTH_MAX: usize = 1000;

pub fn is_variant(field: &Field) -> bool {
    field.metadata().get(VARIANT).is_some_and(|value| value == "true")
}

/// True when the field is a variant or has one inside.
pub fn has_variant(field: &Field) -> bool {
    let below = match field.data_type() {
        DataType::Struct(fields) => fields.iter().any(|field| has_variant(field)),
        DataType::List(item) | DataType::LargeList(item) | DataType::Map(item, _) => {
            has_variant(item)
        }
        _ => false,
    };
    below || is_variant(field)
}

/// A column of variants, without other metadata.
pub fn field(name: &str) -> Field {
    let mark = [(VARIANT.to_string(), "true".to_string())];
    Field::new(name, DataType::Utf8, true).with_metadata(mark.into())
}

/// The new field is a variant if the old one was.
pub fn keep_mark(old: &Field, mut new: Field) -> Field {
    if is_variant(old) {
        new.metadata_mut().insert(VARIANT.to_string(), "true".to_string());
    }
    new
}

/// Whether a file's column can be one of variants, as far as its type tells.
pub fn check(file: &DataType) -> Result<()> {
    let is_group = match file {
        DataType::Struct(fields) => fields.find("metadata").is_some(),
        _ => false,
    };
    if is_group {
        Ok(())
    } else {
        Err(Error::unsupported(format!("reading a file's {file} as a variant")))
    }
}

/// The JSON of each variant. A variant that is null is the text `null`; where there is none, there is NULL.
/// Names are sorted as the encoding sorts them, wherever a field was stored.
pub fn to_json(group: &StructArray) -> Result<StringArray> {
    let names = group.column_by_name("metadata").ok_or_else(|| damaged("it has no metadata"))?;
    let names = shredded::binary(names)?;
    let level = Level::of(group, 0)?;
    let mut texts = Texts::new(group.len(), group.get_array_memory_size());
    for row in 0..group.len() {
        if group.is_valid(row) {
            write(&names, &level, row, &mut texts)?;
            texts.end();
        } else {
            texts.end_null();
        }
    }
    texts.finish()
}

fn write(names: &BinaryViewArray, level: &Level, row: usize, out: &mut Texts) -> Result<()> {
    if names.is_null(row) {
        return Err(damaged("a value has no metadata"));
    }
    let names = Names::parse(names.value(row))?;
    level.write(names, row, 0, out)
}

fn damaged(what: &str) -> Error {
    Error::corrupt(format!("a variant is damaged: {what}"))
        .about(Subject::Column)
        .hint("Leave the column out of the query, or have its writer write the file again.")
}

fn too_deep() -> Error {
    Error::unsupported(format!("variants nested more than {DEPTH_MAX} levels deep"))
        .about(Subject::Complexity)
}
