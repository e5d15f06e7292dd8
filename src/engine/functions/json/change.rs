//! What jsonb's operators and functions ask of a value, or change in it.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Int64Type};
use datafusion::error::Result;

use super::tree::{self, Tree};
use super::{accept_path, argument, path_at, test, texts};
use crate::functions::columns::{Call, Columns, Given, columns, invalid, plain, text_as};

/// What the operators become: `@>`, `?`, `?|`, `?&`, `||`, `-`, `#-`.
pub const CONTAINS: &str = "jsonb_contains";
pub const EXISTS: &str = "jsonb_exists";
pub const EXISTS_ANY: &str = "jsonb_exists_any";
pub const EXISTS_ALL: &str = "jsonb_exists_all";
pub const CONCAT: &str = "jsonb_concat";
pub const DELETE: &str = "jsonb_delete";
pub const DELETE_PATH: &str = "jsonb_delete_path";

pub fn functions() -> Vec<Columns> {
    let truth = |_: &Given<'_>| plain(DataType::Boolean);
    let jsonb = |_: &Given<'_>| text_as("jsonb");
    let two = |given: &[DataType]| (given.len() == 2).then(|| given.to_vec());
    let one = |given: &[DataType]| (given.len() == 1).then(|| given.to_vec());
    vec![
        columns(CONTAINS, two, truth, |call| {
            let parts = argument(call, 1)?;
            test(call, |own, row| {
                let part =
                    parts.is_valid(row).then(|| tree::parse(parts.value(row))).transpose()?;
                Ok(part.map(|part| own.contains(&part)))
            })
        }),
        columns(EXISTS, two, truth, |call| {
            let keys = call.text(1)?;
            test(call, |own, row| Ok(keys.is_valid(row).then(|| has(own, keys.value(row)))))
        }),
        columns(EXISTS_ANY, accept_path, truth, |call| {
            test(call, |own, row| {
                let keys = path_at(call, 1, row)?;
                Ok(keys.map(|keys| keys.iter().flatten().any(|key| has(own, key))))
            })
        }),
        columns(EXISTS_ALL, accept_path, truth, |call| {
            test(call, |own, row| {
                let keys = path_at(call, 1, row)?;
                Ok(keys.map(|keys| keys.iter().flatten().all(|key| has(own, key))))
            })
        }),
        columns(CONCAT, two, jsonb, concat),
        columns(DELETE, accept_delete, jsonb, delete),
        columns(DELETE_PATH, accept_path, jsonb, |call| {
            change(call, |own, row| Ok(path_at(call, 1, row)?.map(|path| without(own, &path))))
        }),
        columns("jsonb_set", accept_set, jsonb, set),
        columns("jsonb_insert", accept_set, jsonb, set),
        columns("jsonb_strip_nulls", one, jsonb, |call| {
            change(call, |own, _| Ok(Some(own.without_nulls())))
        }),
        columns(
            "json_strip_nulls",
            one,
            |_| text_as("json"),
            |call| change(call, |own, _| Ok(Some(own.without_nulls()))),
        ),
        columns(
            "jsonb_pretty",
            one,
            |_| plain(DataType::Utf8),
            |call| {
                let values = argument(call, 0)?;
                texts(values.iter().map(|value| {
                    let Some(value) = value else { return Ok(None) };
                    let mut out = String::new();
                    tree::parse(value)?.pretty(0, &mut out);
                    Ok(Some(out))
                }))
            },
        ),
    ]
}

fn change(call: &Call<'_>, of: impl Fn(Tree, usize) -> Result<Option<Tree>>) -> Result<ArrayRef> {
    let values = argument(call, 0)?;
    texts(values.iter().enumerate().map(|(row, value)| match value {
        Some(value) => Ok(of(tree::parse(value)?, row)?.map(|tree| tree.print())),
        None => Ok(None),
    }))
}

/// A key of an object, or a string of an array.
fn has(own: &Tree, key: &str) -> bool {
    match own {
        Tree::Array(values) => values.iter().any(|v| matches!(v, Tree::Text(text) if text == key)),
        Tree::Text(text) => text == key,
        other => other.get(key).is_some(),
    }
}

fn concat(call: &Call<'_>) -> Result<ArrayRef> {
    let others = argument(call, 1)?;
    change(call, |own, row| {
        if others.is_null(row) {
            return Ok(None);
        }
        Ok(Some(match (own, tree::parse(others.value(row))?) {
            (Tree::Object(mut own), Tree::Object(other)) => {
                own.extend(other);
                Tree::object(own)
            }
            (own, other) => {
                let mut all = into_array(own);
                all.extend(into_array(other));
                Tree::Array(all)
            }
        }))
    })
}

fn into_array(tree: Tree) -> Vec<Tree> {
    match tree {
        Tree::Array(values) => values,
        other => vec![other],
    }
}

fn accept_delete(given: &[DataType]) -> Option<Vec<DataType>> {
    let [_, key] = given else { return None };
    match key {
        number if number.is_integer() => Some(vec![given[0].clone(), DataType::Int64]),
        text if text.is_string() => Some(vec![given[0].clone(), DataType::Utf8]),
        _ => accept_path(given),
    }
}

/// A key, a place, or some keys.
fn delete(call: &Call<'_>) -> Result<ArrayRef> {
    let keys = call.column(1)?;
    change(call, |own, row| {
        if keys.is_null(row) {
            return Ok(None);
        }
        Ok(Some(match keys.data_type() {
            DataType::Int64 => {
                let place = keys.as_primitive::<Int64Type>().value(row);
                match own {
                    Tree::Array(_) => without(own, &[Some(place.to_string())]),
                    Tree::Object(_) => {
                        return Err(invalid("cannot delete from object using integer index"));
                    }
                    _ => return Err(invalid("cannot delete from scalar")),
                }
            }
            DataType::Utf8 => without_key(own, keys.as_string::<i32>().value(row)),
            _ => {
                let all = path_at(call, 1, row)?.unwrap_or_default();
                all.iter().flatten().fold(own, |own, key| without_key(own, key))
            }
        }))
    })
}

fn without_key(own: Tree, key: &str) -> Tree {
    match own {
        Tree::Object(members) => {
            Tree::Object(members.into_iter().filter(|(name, _)| name != key).collect())
        }
        Tree::Array(values) => Tree::Array(
            values.into_iter().filter(|v| !matches!(v, Tree::Text(t) if t == key)).collect(),
        ),
        other => other,
    }
}

/// The place a step names in an array of this length, which may be its end or before its start.
fn place(step: &str, length: usize) -> Option<i64> {
    let index: i64 = step.parse().ok()?;
    let length = i64::try_from(length).ok()?;
    Some(if index < 0 { length + index } else { index })
}

fn without(own: Tree, path: &[Option<String>]) -> Tree {
    let Some((Some(step), rest)) = path.split_first() else { return own };
    match own {
        Tree::Object(members) if rest.is_empty() => {
            Tree::Object(members.into_iter().filter(|(name, _)| name != step).collect())
        }
        Tree::Object(members) => Tree::Object(
            members
                .into_iter()
                .map(|(name, value)| match name == *step {
                    true => (name, without(value, rest)),
                    false => (name, value),
                })
                .collect(),
        ),
        Tree::Array(mut values) => {
            let at = place(step, values.len()).and_then(|at| usize::try_from(at).ok());
            if let Some(at) = at.filter(|at| *at < values.len()) {
                if rest.is_empty() {
                    values.remove(at);
                } else {
                    let value = std::mem::replace(&mut values[at], Tree::Null);
                    values[at] = without(value, rest);
                }
            }
            Tree::Array(values)
        }
        other => other,
    }
}

/// `(target, path, value[, create or after])`.
fn accept_set(given: &[DataType]) -> Option<Vec<DataType>> {
    if !(3..=4).contains(&given.len()) {
        return None;
    }
    let mut kinds = accept_path(&given[..2])?;
    kinds.push(given[2].clone());
    if given.len() == 4 {
        kinds.push(DataType::Boolean);
    }
    Some(kinds)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Replaces what is there, or adds it where there is nothing.
    Set,
    Replace,
    InsertBefore,
    InsertAfter,
}

fn set(call: &Call<'_>) -> Result<ArrayRef> {
    let values = argument(call, 2)?;
    let inserts = call.name == "jsonb_insert";
    change(call, |own, row| {
        let option = match call.columns.get(3) {
            Some(column) if column.is_null(row) => return Ok(None),
            Some(column) => Some(column.as_boolean().value(row)),
            None => None,
        };
        let way = match (inserts, option) {
            (false, Some(false)) => Way::Replace,
            (false, _) => Way::Set,
            (true, Some(true)) => Way::InsertAfter,
            (true, _) => Way::InsertBefore,
        };
        let (Some(path), false) = (path_at(call, 1, row)?, values.is_null(row)) else {
            return Ok(None);
        };
        if !matches!(own, Tree::Object(_) | Tree::Array(_)) {
            return Err(invalid("cannot set path in scalar"));
        }
        Ok(Some(with(own, &path, &tree::parse(values.value(row))?, way)))
    })
}

fn with(own: Tree, path: &[Option<String>], value: &Tree, way: Way) -> Tree {
    let Some((Some(step), rest)) = path.split_first() else { return own };
    let is_last = rest.is_empty();
    let inserts = matches!(way, Way::InsertBefore | Way::InsertAfter);
    match own {
        Tree::Object(mut members) => {
            match members.iter_mut().find(|(name, _)| name == step) {
                Some((_, slot)) if is_last && !inserts => *slot = value.clone(),
                Some(_) if is_last => {}
                Some((_, slot)) => {
                    let inner = std::mem::replace(slot, Tree::Null);
                    *slot = with(inner, rest, value, way);
                }
                None if is_last && way != Way::Replace => {
                    members.push((step.clone(), value.clone()));
                }
                None => {}
            }
            Tree::object(members)
        }
        Tree::Array(mut values) => {
            let Some(at) = place(step, values.len()) else { return Tree::Array(values) };
            let known = usize::try_from(at).ok().filter(|at| *at < values.len());
            match known {
                Some(at) if is_last => match way {
                    Way::InsertBefore => values.insert(at, value.clone()),
                    Way::InsertAfter => values.insert(at + 1, value.clone()),
                    _ => values[at] = value.clone(),
                },
                Some(at) => {
                    let inner = std::mem::replace(&mut values[at], Tree::Null);
                    values[at] = with(inner, rest, value, way);
                }
                None if is_last && way != Way::Replace => match at < 0 {
                    true => values.insert(0, value.clone()),
                    false => values.push(value.clone()),
                },
                None => {}
            }
            Tree::Array(values)
        }
        other => other,
    }
}
