//! JSON. Values of json and jsonb are text whose field says which: json as it was written, jsonb in one form.

mod aggregate;
mod change;
mod tree;
mod write;

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int32Array, ListBuilder, StringArray, StringBuilder,
};
use arrow::datatypes::{DataType, Field, Int64Type};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::ScalarUDF;
use datafusion::scalar::ScalarValue;
use lakegate_base::{Error, Subject};

use self::tree::{Kind, Tree};
use super::columns::{Call, Columns, Given, columns, invalid, plain, text_as};
use super::scalar::{BATCH_BYTES_MAX, external, too_large};
use crate::system::types::PG_TYPE;

pub use aggregate::functions as aggregates;
pub use change::{CONCAT, CONTAINS, DELETE, DELETE_PATH, EXISTS, EXISTS_ALL, EXISTS_ANY};

/// Casts to the two types.
pub const AS_JSON: &str = "pg_json";
pub const AS_JSONB: &str = "pg_jsonb";
/// What elements of a list of JSON become, which know nothing of their type.
pub const AS_JSON_ROW: &str = "json_row";
pub const AS_JSONB_ROW: &str = "jsonb_row";
/// What `json_agg(x ORDER BY y)` becomes, of a list in that order.
pub const OF_LIST: &str = "json_of_list";
pub const B_OF_LIST: &str = "jsonb_of_list";
/// What the operators become: `->`, `->>`, `#>`, `#>>`.
pub const GET: &str = "json_get";
pub const GET_TEXT: &str = "json_get_text";
pub const PATH: &str = "json_extract_path_of";
pub const PATH_TEXT: &str = "json_extract_path_text_of";

const TEXT: DataType = DataType::Utf8;

pub fn functions() -> Vec<ScalarUDF> {
    let json = |_: &Given<'_>| text_as("json");
    let jsonb = |_: &Given<'_>| text_as("jsonb");
    let text = |_: &Given<'_>| plain(TEXT);
    let any = |given: &[DataType]| Some(given.to_vec());
    let one = |given: &[DataType]| (given.len() == 1).then(|| given.to_vec());
    let count = |_: &Given<'_>| plain(DataType::Int32);
    let mut functions = vec![
        columns(AS_JSON, one, json, cast_json).stable(),
        columns(AS_JSONB, one, jsonb, cast_jsonb).stable(),
        columns(AS_JSON_ROW, one, json, |call| Ok(Arc::clone(call.column(0)?))),
        columns(AS_JSONB_ROW, one, jsonb, |call| Ok(Arc::clone(call.column(0)?))),
        columns(OF_LIST, one, json, of_list).stable(),
        columns(B_OF_LIST, one, jsonb, of_list).stable(),
        columns("to_json", one, json, to_json).stable(),
        columns("row_to_json", one, json, to_json).stable(),
        columns("array_to_json", one, json, to_json).stable(),
        columns("to_jsonb", one, jsonb, to_json).stable(),
        columns("json_build_object", any, json, build_object).stable(),
        columns("jsonb_build_object", any, jsonb, build_object).stable(),
        columns("json_build_array", any, json, build_array).stable(),
        columns("jsonb_build_array", any, jsonb, build_array).stable(),
        columns(GET, accept_get, like_first, get),
        columns(GET_TEXT, accept_get, text, get),
        columns(PATH, accept_path, like_first, path),
        columns(PATH_TEXT, accept_path, text, path),
    ];
    for is_b in [false, true] {
        let own = |json: &'static str, jsonb: &'static str| if is_b { jsonb } else { json };
        functions.extend([
            columns(own("json_typeof", "jsonb_typeof"), one, text, type_of),
            columns(own("json_array_length", "jsonb_array_length"), one, count, array_length),
            columns(own("json_extract_path", "jsonb_extract_path"), any, like_first, steps),
            columns(own("json_extract_path_text", "jsonb_extract_path_text"), any, text, steps),
            columns(
                own("json_array_elements", "jsonb_array_elements"),
                one,
                list_like_first,
                elements,
            ),
            columns(
                own("json_array_elements_text", "jsonb_array_elements_text"),
                one,
                list_of_text,
                elements,
            ),
            columns(own("json_object_keys", "jsonb_object_keys"), one, list_of_text, elements),
            columns(own("json_each_keys", "jsonb_each_keys"), one, list_of_text, elements),
            columns(own("json_each_values", "jsonb_each_values"), one, list_like_first, elements),
            columns(
                own("json_each_text_values", "jsonb_each_text_values"),
                one,
                list_of_text,
                elements,
            ),
        ]);
    }
    functions.extend(change::functions());
    functions.into_iter().map(Columns::udf).collect()
}

/// The functions of a row's members: in FROM they give a key and a value.
pub const EACH: [(&str, &str, &str); 4] = [
    ("json_each", "json_each_keys", "json_each_values"),
    ("jsonb_each", "jsonb_each_keys", "jsonb_each_values"),
    ("json_each_text", "json_each_keys", "json_each_text_values"),
    ("jsonb_each_text", "jsonb_each_keys", "jsonb_each_text_values"),
];

fn list_of(pg_type: Option<&str>) -> DataType {
    let item = Field::new_list_field(TEXT, true);
    DataType::List(Arc::new(match pg_type {
        Some(name) => item.with_metadata([(PG_TYPE.to_string(), name.to_string())].into()),
        None => item,
    }))
}

fn list_like_first(given: &Given<'_>) -> Result<(DataType, Option<String>)> {
    let element = if given.name.starts_with("jsonb") { "jsonb" } else { "json" };
    Ok((list_of(Some(element)), Some(format!("_{element}"))))
}

fn list_of_text(_: &Given<'_>) -> Result<(DataType, Option<String>)> {
    plain(list_of(None))
}

/// By the function's name, or its argument's type: of json, json; else jsonb.
fn like_first(given: &Given<'_>) -> Result<(DataType, Option<String>)> {
    let by_name = !matches!(given.name, GET | PATH);
    let is_json = match by_name {
        true => !given.name.starts_with("jsonb"),
        false => given.pg_type(0) == Some("json"),
    };
    text_as(if is_json { "json" } else { "jsonb" })
}

fn accept_get(given: &[DataType]) -> Option<Vec<DataType>> {
    let [value, key] = given else { return None };
    let key = match key {
        number if number.is_integer() => DataType::Int64,
        _ => TEXT,
    };
    Some(vec![value.clone(), key])
}

/// A path is an array, or its text.
fn accept_path(given: &[DataType]) -> Option<Vec<DataType>> {
    let [value, path] = given else { return None };
    let path = match path {
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => list_of(None),
        _ => TEXT,
    };
    Some(vec![value.clone(), path])
}

/// An argument as JSON text: structs and lists are written out.
pub(super) fn argument(call: &Call<'_>, at: usize) -> Result<StringArray> {
    let column = call.column(at)?;
    if column.data_type().is_string() || *column.data_type() == DataType::Null {
        let texts = call.text(at)?;
        // What is called for jsonb has its one form.
        if !call.name.starts_with("jsonb") || call.pg_type(at) == Some("jsonb") {
            return Ok(texts);
        }
        let values = texts.iter().map(|text| text.map(|t| Ok(tree::parse(t)?.print())).transpose());
        return values.collect();
    }
    let written = write::column(column, call.field(at)?, call.zone)?;
    let mut out = StringBuilder::new();
    let mut made = Made::default();
    for row in 0..call.rows {
        if column.is_null(row) {
            out.append_null();
            continue;
        }
        let mut text = String::new();
        written.write(row, &mut text)?;
        made.add(text.len())?;
        out.append_value(text);
    }
    Ok(out.finish())
}

/// Counts what is made, and stops before it is too much.
#[derive(Default)]
pub(super) struct Made(usize);

impl Made {
    pub(super) fn add(&mut self, bytes: usize) -> Result<()> {
        self.0 = self.0.saturating_add(bytes);
        if self.0 > BATCH_BYTES_MAX { Err(too_large()) } else { Ok(()) }
    }
}

/// One text per row, or NULL.
pub(super) fn texts<T: AsRef<str>>(
    values: impl Iterator<Item = Result<Option<T>>>,
) -> Result<ArrayRef> {
    let mut out = StringBuilder::new();
    let mut made = Made::default();
    for value in values {
        let value = value?;
        made.add(value.as_ref().map_or(0, |text| text.as_ref().len()))?;
        out.append_option(value);
    }
    Ok(Arc::new(out.finish()))
}

fn cast_json(call: &Call<'_>) -> Result<ArrayRef> {
    let values = argument(call, 0)?;
    let is_json = matches!(call.pg_type(0), Some("json" | "jsonb"));
    texts(values.iter().map(|text| match text {
        Some(text) if !is_json => tree::parse(text).map(|_| Some(text)),
        text => Ok(text),
    }))
}

fn cast_jsonb(call: &Call<'_>) -> Result<ArrayRef> {
    let values = argument(call, 0)?;
    let is_jsonb = call.pg_type(0) == Some("jsonb");
    texts(values.iter().map(|text| match text {
        Some(text) if is_jsonb => Ok(Some(text.to_string())),
        Some(text) => tree::parse(text).map(|tree| Some(tree.print())),
        None => Ok(None),
    }))
}

/// A client's value of type json or jsonb, checked; jsonb has one form, by which it is compared.
pub fn json_value(value: ScalarValue, type_name: Option<&str>) -> Result<ScalarValue> {
    let (Some(name @ ("json" | "jsonb")), ScalarValue::Utf8(Some(text))) = (type_name, &value)
    else {
        return Ok(value);
    };
    let tree = tree::parse(text)?;
    match name {
        "jsonb" => Ok(ScalarValue::Utf8(Some(tree.print()))),
        _ => Ok(value),
    }
}

/// Whether a function's result is jsonb, which has one form.
fn finished(call: &Call<'_>, text: String) -> Result<String> {
    match call.name.contains("jsonb") {
        true => tree::parse(&text).map(|tree| tree.print()),
        false => Ok(text),
    }
}

/// As an aggregate writes it, with spaces between the elements.
fn of_list(call: &Call<'_>) -> Result<ArrayRef> {
    let lists = call.column(0)?.as_list::<i32>();
    let DataType::List(element) = call.column(0)?.data_type() else {
        return Err(DataFusionError::Internal("json_of_list takes a list".to_string()));
    };
    let written = write::column(lists.values(), element, call.zone)?;
    texts((0..call.rows).map(|row| {
        if lists.is_null(row) {
            return Ok(None);
        }
        let (from, to) = (lists.value_offsets()[row], lists.value_offsets()[row + 1]);
        let mut text = String::from("[");
        for at in from..to {
            if at > from {
                text.push_str(", ");
            }
            written.write(usize::try_from(at).unwrap_or_default(), &mut text)?;
        }
        text.push(']');
        finished(call, text).map(Some)
    }))
}

fn to_json(call: &Call<'_>) -> Result<ArrayRef> {
    let column = call.column(0)?;
    let written = write::column(column, call.field(0)?, call.zone)?;
    texts((0..call.rows).map(|row| {
        if column.is_null(row) {
            return Ok(None);
        }
        let mut text = String::new();
        written.write(row, &mut text)?;
        finished(call, text).map(Some)
    }))
}

fn build_object(call: &Call<'_>) -> Result<ArrayRef> {
    if !call.columns.len().is_multiple_of(2) {
        let error = Error::invalid("argument list must have even number of elements");
        let error = error.about(Subject::Setting);
        return Err(external(
            error.hint("The arguments must consist of alternating keys and values."),
        ));
    }
    let mut pairs = Vec::new();
    for at in (0..call.columns.len()).step_by(2) {
        let keys = super::print::to_text(call.column(at)?)?;
        pairs.push((keys, write::column(call.column(at + 1)?, call.field(at + 1)?, call.zone)?));
    }
    texts((0..call.rows).map(|row| {
        let mut text = String::from("{");
        for (index, (keys, values)) in pairs.iter().enumerate() {
            let keys = keys.as_string::<i32>();
            if keys.is_null(row) {
                let error = Error::invalid("null value not allowed for object key");
                return Err(external(error.about(Subject::Setting)));
            }
            text.push_str(if index > 0 { ", " } else { "" });
            tree::quote(keys.value(row), &mut text);
            text.push_str(" : ");
            values.write(row, &mut text)?;
        }
        text.push('}');
        finished(call, text).map(Some)
    }))
}

fn build_array(call: &Call<'_>) -> Result<ArrayRef> {
    let mut values = Vec::new();
    for at in 0..call.columns.len() {
        values.push(write::column(call.column(at)?, call.field(at)?, call.zone)?);
    }
    texts((0..call.rows).map(|row| {
        let mut text = String::from("[");
        for (index, value) in values.iter().enumerate() {
            text.push_str(if index > 0 { ", " } else { "" });
            value.write(row, &mut text)?;
        }
        text.push(']');
        finished(call, text).map(Some)
    }))
}

/// What was found, as the function gives it: as text, or as it stands.
fn shown(call: &Call<'_>, value: Option<&str>) -> Result<Option<String>> {
    match value {
        None => Ok(None),
        Some(value) if call.name.contains("text") => tree::as_text(value),
        Some(value) => Ok(Some(value.to_string())),
    }
}

fn get(call: &Call<'_>) -> Result<ArrayRef> {
    let values = argument(call, 0)?;
    let key = call.column(1)?;
    if *key.data_type() == DataType::Int64 {
        let places = key.as_primitive::<Int64Type>();
        return texts(values.iter().zip(places).map(|pair| match pair {
            (Some(value), Some(place)) => shown(call, tree::element(value, place)?),
            _ => Ok(None),
        }));
    }
    let keys = call.text(1)?;
    texts(values.iter().zip(keys.iter()).map(|pair| match pair {
        (Some(value), Some(key)) => shown(call, tree::member(value, key)?),
        _ => Ok(None),
    }))
}

/// The steps of a path argument, by row.
pub(super) fn path_at(
    call: &Call<'_>,
    at: usize,
    row: usize,
) -> Result<Option<Vec<Option<String>>>> {
    let column = call.column(at)?;
    if column.is_null(row) {
        return Ok(None);
    }
    if column.data_type().is_string() {
        let text = column.as_string::<i32>().value(row);
        let steps = crate::rewrite::array_literal(text);
        let wrong = || invalid(format!("malformed array literal: \"{text}\""));
        return steps.map(Some).ok_or_else(wrong);
    }
    let steps = column.as_list::<i32>().value(row);
    let steps = steps.as_string::<i32>().iter().map(|step| step.map(str::to_string));
    Ok(Some(steps.collect()))
}

fn path(call: &Call<'_>) -> Result<ArrayRef> {
    let values = argument(call, 0)?;
    texts(values.iter().enumerate().map(|(row, value)| match (value, path_at(call, 1, row)?) {
        (Some(value), Some(steps)) => shown(call, tree::at_path(value, &steps)?),
        _ => Ok(None),
    }))
}

/// A path of as many arguments as it has steps.
fn steps(call: &Call<'_>) -> Result<ArrayRef> {
    let values = argument(call, 0)?;
    let columns = (1..call.columns.len()).map(|at| call.text(at)).collect::<Result<Vec<_>>>()?;
    texts(values.iter().enumerate().map(|(row, value)| {
        let step =
            |column: &StringArray| column.is_valid(row).then(|| column.value(row).to_string());
        let steps: Vec<Option<String>> = columns.iter().map(step).collect();
        match value {
            Some(value) => shown(call, tree::at_path(value, &steps)?),
            None => Ok(None),
        }
    }))
}

fn type_of(call: &Call<'_>) -> Result<ArrayRef> {
    let values = argument(call, 0)?;
    texts(values.iter().map(|v| v.map(|v| Ok(tree::kind(v)?.name())).transpose()))
}

fn array_length(call: &Call<'_>) -> Result<ArrayRef> {
    let values = argument(call, 0)?;
    let lengths = values.iter().map(|value| {
        let Some(value) = value else { return Ok(None) };
        match tree::kind(value)? {
            Kind::Array => Ok(i32::try_from(tree::elements(value)?.len()).ok()),
            Kind::Object => Err(invalid("cannot get array length of a non-array")),
            _ => Err(invalid("cannot get array length of a scalar")),
        }
    });
    Ok(Arc::new(lengths.collect::<Result<Int32Array>>()?))
}

/// One list per row: elements, keys, or values of members.
fn elements(call: &Call<'_>) -> Result<ArrayRef> {
    let values = argument(call, 0)?;
    let DataType::List(item) = call.result else {
        return Err(invalid("elements are a list"));
    };
    let mut lists = ListBuilder::new(StringBuilder::new()).with_field(item.clone());
    let mut made = Made::default();
    let wants_elements = call.name.contains("array_elements");
    for value in values.iter() {
        let Some(value) = value else {
            lists.append(true);
            continue;
        };
        made.add(value.len())?;
        if wants_elements {
            if tree::kind(value)? != Kind::Array {
                let what = match tree::kind(value)? {
                    Kind::Object => "cannot extract elements from an object",
                    _ => "cannot extract elements from a scalar",
                };
                return Err(invalid(what));
            }
            for element in tree::elements(value)? {
                lists.values().append_option(shown(call, Some(element))?);
            }
        } else {
            if tree::kind(value)? != Kind::Object {
                return Err(invalid(format!("cannot call {} on a non-object", called(call.name))));
            }
            for (key, member) in tree::members(value)? {
                match call.name.contains("keys") {
                    true => lists.values().append_value(key),
                    false => lists.values().append_option(shown(call, Some(member))?),
                }
            }
        }
        lists.append(true);
    }
    Ok(Arc::new(lists.finish()))
}

/// The function that the query called.
fn called(name: &str) -> &str {
    let each = EACH.iter().find(|(_, _, values)| *values == name);
    each.map_or(name, |(function, _, _)| function)
}

/// A condition on a tree and texts of another argument.
pub(super) fn test(
    call: &Call<'_>,
    of: impl Fn(&Tree, usize) -> Result<Option<bool>>,
) -> Result<ArrayRef> {
    let values = argument(call, 0)?;
    let rows = values.iter().enumerate().map(|(row, value)| match value {
        Some(value) => of(&tree::parse(value)?, row),
        None => Ok(None),
    });
    Ok(Arc::new(rows.collect::<Result<BooleanArray>>()?))
}
