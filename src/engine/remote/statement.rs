//! A statement as it leaves: bound values in it, tables under their full names, and what the remote must
//! know to translate it.

use std::collections::HashMap;
use std::convert::Infallible;
use std::ops::ControlFlow;

use datafusion::arrow::datatypes::FieldRef;
use datafusion::sql::parser::Statement as PlannerStatement;
use lakegate_base::{Error, Parameter, Remote, RemoteQuery, Result, Subject, TableName};
use lakegate_catalog::{Table, arrow_schema};
use sqlparser::ast::{Ident, ObjectName, Query, Statement as Tree, VisitMut, VisitorMut};

use super::parameters;
use crate::error::from_datafusion;
use crate::plan::Planner;
use crate::rewrite::{folded, folded_parts};

/// A statement that can leave.
pub struct Abroad {
    tree: Tree,
    columns: Vec<FieldRef>,
    zone: String,
    /// What the catalog says the tables have, all of them.
    bytes: Option<u64>,
}

impl Abroad {
    /// `values` are those of its parameters. Refused when it names what only we know.
    pub fn new(planner: &Planner, tree: &Tree, values: &[Parameter]) -> Result<Self> {
        let mut tree = explained(tree).clone();
        parameters::put(&mut tree, values)?;
        let tables = tables(planner, &tree)?;
        let (mut columns, mut bytes) = (Vec::new(), Some(0));
        for table in tables.values() {
            columns.extend(arrow_schema(table)?.fields().iter().cloned());
            bytes = bytes.zip(size(table)).map(|(all, own): (u64, u64)| all.saturating_add(own));
        }
        let ControlFlow::Continue(()) = VisitMut::visit(&mut tree, &mut Qualify::new(&tables));
        Ok(Self { tree, columns, zone: planner.time_zone.clone(), bytes })
    }

    /// Whether a statement reads tables of the catalog and nothing else, so that it can be asked elsewhere.
    pub fn is_possible(planner: &Planner, tree: &Tree) -> bool {
        let tree = explained(tree);
        matches!(tree, Tree::Query(_))
            && !parameters::has_any(tree)
            && tables(planner, tree).is_ok_and(|tables| !tables.is_empty())
    }

    /// In the remote's words, without what only some of those who ask know.
    pub fn query(&self, remote: &dyn Remote, user: &str) -> Result<RemoteQuery> {
        Ok(RemoteQuery {
            text: remote.translate(&self.tree, &self.columns, &self.zone)?,
            database: None,
            user: user.to_string(),
            estimate: self.bytes,
            is_ordered: matches!(&self.tree, Tree::Query(query) if query.order_by.is_some()),
            columns: None,
        })
    }
}

/// The query inside an EXPLAIN.
pub fn explained(tree: &Tree) -> &Tree {
    match tree {
        Tree::Explain { statement, .. } => statement,
        other => other,
    }
}

/// As crawlers tell it.
fn size(table: &Table) -> Option<u64> {
    let of = |name: &str| table.parameters.get(name)?.parse().ok();
    of("sizeKey").or_else(|| of("totalSize"))
}

/// The tables of the catalog that the statement names, by the parts it names them with.
pub fn tables<'a>(planner: &'a Planner, tree: &Tree) -> Result<HashMap<Vec<String>, &'a Table>> {
    let statement = PlannerStatement::Statement(Box::new(tree.clone()));
    let named = planner.state.resolve_table_references(&statement).map_err(from_datafusion)?;
    let mut tables = HashMap::new();
    for reference in named {
        let schema = reference.schema().map(str::to_string);
        let parts: Vec<String> =
            schema.into_iter().chain([reference.table().to_string()]).collect();
        let table = planner.catalogued(&reference)?.ok_or_else(|| unknown(&parts.join(".")))?;
        if table.view_sql().is_some() {
            return Err(refused(&format!("the view {}", table.table_name()))
                .hint("Name the tables the view reads."));
        }
        tables.insert(parts, table);
    }
    Ok(tables)
}

fn unknown(name: &str) -> Error {
    refused(name).hint("Only tables of the catalog, at their latest version, are known there.")
}

fn refused(what: &str) -> Error {
    Error::unsupported(format!("{what} in another engine")).about(Subject::Table)
}

/// Gives every table the schema it was found in. Names of WITH queries stay what they are.
struct Qualify<'a> {
    tables: &'a HashMap<Vec<String>, &'a Table>,
    /// Names of WITH queries in sight, by query.
    with: Vec<Vec<String>>,
}

impl<'a> Qualify<'a> {
    fn new(tables: &'a HashMap<Vec<String>, &'a Table>) -> Self {
        Self { tables, with: Vec::new() }
    }

    fn is_with_query(&self, name: &str) -> bool {
        self.with.iter().flatten().any(|known| known == name)
    }
}

impl VisitorMut for Qualify<'_> {
    type Break = Infallible;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Infallible> {
        let tables = query.with.iter().flat_map(|with| &with.cte_tables);
        self.with.push(tables.map(|cte| folded(&cte.alias.name)).collect());
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<Infallible> {
        self.with.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &mut ObjectName) -> ControlFlow<Infallible> {
        let Some(parts) = folded_parts(relation) else { return ControlFlow::Continue(()) };
        if let [name] = parts.as_slice()
            && !self.is_with_query(name)
            && let Some(table) = self.tables.get(&parts)
        {
            let TableName { database, table } = table.table_name();
            let quoted = |part: String| Ident::with_quote('"', part);
            *relation = ObjectName::from(vec![quoted(database), quoted(table)]);
        }
        ControlFlow::Continue(())
    }
}
