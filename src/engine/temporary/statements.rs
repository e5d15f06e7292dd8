//! Which statements are about temporary tables, and the query whose rows each needs.

use arrow::datatypes::FieldRef;
use lakegate_base::{Error, ErrorKind, Result, Subject};
use sqlparser::ast::{
    ColumnDef, ColumnOption, CreateTable, Ident, Insert, ObjectName, ObjectType, Query, SetExpr,
    Statement as Tree, TableFactor, TableObject,
};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

use super::{Change, SCHEMA, Temporary};
use crate::rewrite::{folded_parts, in_sql, last_part};

/// A change, and the query whose rows it takes.
pub struct Request {
    pub change: Change,
    pub source: Tree,
}

/// A first look, which needs nothing: whether the statement may be about temporary tables.
pub fn may_concern(tree: &Tree) -> bool {
    match tree {
        Tree::Query(query) => match query.body.as_ref() {
            SetExpr::Select(select) => select.into.is_some(),
            _ => false,
        },
        Tree::CreateTable(_) | Tree::Insert(_) | Tree::Drop { .. } => true,
        _ => false,
    }
}

/// None for statements about other things. `exists` tells whether the lake has a table of that name.
pub fn request(
    tree: &Tree,
    known: &Temporary,
    exists: &dyn Fn(&ObjectName) -> bool,
) -> Result<Option<Request>> {
    match tree {
        Tree::CreateTable(create) if create.temporary => create_table(create).map(Some),
        Tree::Query(query) => Ok(select_into(query)),
        Tree::Insert(insert) => insert_into(insert, known),
        Tree::Drop { object_type: ObjectType::Table, if_exists, names, .. } => {
            drop_tables(names, *if_exists, known, exists)
        }
        _ => Ok(None),
    }
}

/// The name of a temporary table; none where it stands in another schema.
fn own_name(name: &ObjectName) -> Option<String> {
    let parts = folded_parts(name).unwrap_or_default();
    match parts.as_slice() {
        [table] => Some(table.clone()),
        [schema, table] if schema == SCHEMA => Some(table.clone()),
        _ => None,
    }
}

fn create_table(create: &CreateTable) -> Result<Request> {
    let Some(name) = own_name(&create.name) else {
        return Err(Error::invalid("cannot create temporary relation in non-temporary schema")
            .about(Subject::Table));
    };
    let if_not_exists = create.if_not_exists;
    let (source, has_rows) = match &create.query {
        Some(query) => (Tree::Query(query.clone()), true),
        None => (no_rows(&create.columns)?, false),
    };
    Ok(Request { change: Change::Create { name, if_not_exists, has_rows }, source })
}

fn no_rows(columns: &[ColumnDef]) -> Result<Tree> {
    let column = |column: &ColumnDef| {
        let has_default =
            column.options.iter().any(|option| matches!(option.option, ColumnOption::Default(_)));
        match has_default {
            true => Err(Error::unsupported("defaults of a temporary table's columns")
                .hint("Name every column in INSERT.")),
            false => Ok(format!("CAST(NULL AS {}) AS {}", column.data_type, column.name)),
        }
    };
    let list = columns.iter().map(column).collect::<Result<Vec<_>>>()?;
    parsed(&format!("SELECT {} WHERE false", list.join(", ")))
}

/// `SELECT … INTO TEMP t FROM …`
fn select_into(query: &Query) -> Option<Request> {
    let mut query = query.clone();
    let SetExpr::Select(select) = query.body.as_mut() else { return None };
    let into = select.into.take().filter(|into| into.temporary)?;
    let name = own_name(&into.name)?;
    let change = Change::Create { name, if_not_exists: false, has_rows: true };
    Some(Request { change, source: Tree::Query(Box::new(query)) })
}

fn insert_into(insert: &Insert, known: &Temporary) -> Result<Option<Request>> {
    let TableObject::TableName(table) = &insert.table else { return Ok(None) };
    let Some(name) = own_name(table).filter(|name| known.has(name)) else { return Ok(None) };
    let (Some(source), None, None) = (&insert.source, &insert.on, &insert.returning) else {
        return Err(Error::unsupported(
            "INSERT into a temporary table with ON CONFLICT, RETURNING \
             or DEFAULT VALUES",
        ));
    };
    let Some(schema) = known.schema(&name) else { return Ok(None) };
    let targets: Vec<String> = match insert.columns.is_empty() {
        true => schema.fields().iter().map(|field| field.name().clone()).collect(),
        false => insert.columns.iter().filter_map(own_name).collect(),
    };
    if let Some(unknown) = targets.iter().find(|target| schema.index_of(target).is_err()) {
        let message = format!("column \"{unknown}\" of relation \"{name}\" does not exist");
        return Err(Error::new(ErrorKind::NotFound, message).about(Subject::Column));
    }
    let given = width(source).unwrap_or(targets.len());
    if given > targets.len() || (given < targets.len() && !insert.columns.is_empty()) {
        let more = if given > targets.len() {
            "expressions than target columns"
        } else {
            "target columns than expressions"
        };
        return Err(Error::syntax(format!("INSERT has more {more}")));
    }
    let value = |field: &FieldRef| {
        let name = Ident::with_quote('"', field.name());
        let data_type = in_sql(field).map(|data_type| data_type.to_string());
        let at = targets.iter().take(given).position(|target| target == field.name());
        match (at, data_type) {
            (Some(at), Some(data_type)) => format!("CAST(given.c{at} AS {data_type}) AS {name}"),
            (Some(at), None) => format!("given.c{at} AS {name}"),
            (None, data_type) => {
                let data_type = data_type.unwrap_or_else(|| "text".to_string());
                format!("CAST(NULL AS {data_type}) AS {name}")
            }
        }
    };
    let list: Vec<String> = schema.fields().iter().map(value).collect();
    let names: Vec<String> = (0..given).map(|at| format!("c{at}")).collect();
    let source = over(source, &list.join(", "), &names)?;
    Ok(Some(Request { change: Change::Insert { name }, source }))
}

/// How many columns a query has, where that can be seen.
fn width(query: &Query) -> Option<usize> {
    use sqlparser::ast::SelectItem::{ExprWithAlias, UnnamedExpr};
    match query.body.as_ref() {
        SetExpr::Values(values) => values.rows.first().map(|row| row.len()),
        SetExpr::Select(select) => {
            let plain = |item: &_| matches!(item, UnnamedExpr(_) | ExprWithAlias { .. });
            select.projection.iter().all(plain).then_some(select.projection.len())
        }
        _ => None,
    }
}

fn drop_tables(
    names: &[ObjectName],
    if_exists: bool,
    known: &Temporary,
    exists: &dyn Fn(&ObjectName) -> bool,
) -> Result<Option<Request>> {
    let is_own = |name: &&ObjectName| own_name(name).is_some_and(|name| known.has(&name));
    let (own, others): (Vec<&ObjectName>, Vec<&ObjectName>) = names.iter().partition(is_own);
    if others.iter().any(|name| !if_exists || exists(name)) {
        return Ok(None);
    }
    let last = |name: &&ObjectName| last_part(name);
    let change = Change::Drop {
        names: own.iter().map(last).collect(),
        missing: others.iter().map(last).collect(),
    };
    Ok(Some(Request { change, source: parsed("SELECT 1 WHERE false")? }))
}

/// `SELECT list FROM (query) AS given(names)`
fn over(query: &Query, list: &str, names: &[String]) -> Result<Tree> {
    let text = format!("SELECT {list} FROM (SELECT 1) AS given({})", names.join(", "));
    let mut tree = parsed(&text)?;
    if let Tree::Query(outer) = &mut tree
        && let SetExpr::Select(select) = outer.body.as_mut()
        && let Some(from) = select.from.first_mut()
        && let TableFactor::Derived { subquery, .. } = &mut from.relation
    {
        **subquery = query.clone();
    }
    Ok(tree)
}

fn parsed(text: &str) -> Result<Tree> {
    let unreadable = |e| Error::internal("a statement of our own cannot be read").source(e);
    Parser::parse_sql(&PostgreSqlDialect {}, text)
        .map_err(unreadable)?
        .pop()
        .ok_or_else(|| Error::internal("a statement of our own is empty"))
}
