//! Building order, and which models a run asks for.

use std::collections::{BTreeMap, BTreeSet};

use lakegate_base::{Error, ErrorKind, Result, Subject, TableName};

use crate::Model;

type Graph = BTreeMap<TableName, BTreeSet<TableName>>;

/// Every model after the models it reads; by name where there is a choice. A cycle is an error that
/// prints its path. References to tables that are no models are left to the engine.
pub fn order(models: Vec<Model>) -> Result<Vec<Model>> {
    let mut waiting = graph(&models)?;
    let mut by_name: BTreeMap<_, _> = models.into_iter().map(|m| (m.name.clone(), m)).collect();
    let mut ordered = Vec::with_capacity(by_name.len());
    while !waiting.is_empty() {
        let Some(next) = waiting.iter().find(|(_, reads)| reads.is_empty()) else {
            return Err(cycle(&waiting));
        };
        let name = next.0.clone();
        waiting.remove(&name);
        for reads in waiting.values_mut() {
            reads.remove(&name);
        }
        ordered.extend(by_name.remove(&name));
    }
    Ok(ordered)
}

/// The models asked for, in the order given. A name is `DATABASE.TABLE`, or `DATABASE` for all of
/// its models; a leading `+` adds everything upstream. No names: all models.
pub fn select(models: &[Model], names: &[String]) -> Result<Vec<Model>> {
    if names.is_empty() {
        return Ok(models.to_vec());
    }
    let graph = graph(models)?;
    let mut chosen = BTreeSet::new();
    for text in names {
        let (upstream, name) = match text.strip_prefix('+') {
            Some(name) => (true, name),
            None => (false, text.as_str()),
        };
        let mut next = named(models, name)?;
        while let Some(name) = next.pop() {
            if upstream {
                let reads = graph.get(&name).into_iter().flatten();
                next.extend(reads.filter(|read| !chosen.contains(*read)).cloned());
            }
            chosen.insert(name);
        }
    }
    Ok(models.iter().filter(|m| chosen.contains(&m.name)).cloned().collect())
}

/// The models one argument names.
fn named(models: &[Model], text: &str) -> Result<Vec<TableName>> {
    let folded = lakegate_base::fold_name(text);
    let is_named = |name: &TableName| name.to_string() == folded || name.database == folded;
    let found: Vec<_> = models.iter().map(|m| &m.name).filter(|n| is_named(n)).cloned().collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let near = models.iter().map(|m| &m.name).find(|name| name.table == folded);
    let hint = match near {
        Some(name) => format!("Did you mean {name}?"),
        None => "Write DATABASE.TABLE or DATABASE; +NAME adds what it reads.".to_string(),
    };
    let message = format!("model \"{text}\" does not exist");
    Err(Error::new(ErrorKind::NotFound, message).about(Subject::Table).hint(hint))
}

/// Model → the models it reads.
fn graph(models: &[Model]) -> Result<Graph> {
    let names: BTreeSet<&TableName> = models.iter().map(|m| &m.name).collect();
    if names.len() < models.len() {
        return Err(Error::invalid("two models have the same name").hint("Rename one of them."));
    }
    let reads = |m: &Model| m.references.iter().filter(|r| names.contains(r)).cloned().collect();
    Ok(models.iter().map(|m| (m.name.clone(), reads(m))).collect())
}

/// Every model left waits for another one left: following them must come back.
fn cycle(waiting: &Graph) -> Error {
    let mut path: Vec<&TableName> = Vec::new();
    let mut at = waiting.keys().next();
    while let Some(name) = at {
        if let Some(start) = path.iter().position(|seen| *seen == name) {
            path.drain(..start);
            path.push(name);
            break;
        }
        path.push(name);
        at = waiting.get(name).and_then(BTreeSet::first);
    }
    let shown = path.iter().map(|name| name.to_string()).collect::<Vec<_>>().join(" → ");
    Error::invalid(format!("models read each other in a cycle: {shown}"))
        .hint("Break the cycle: let one of them read a table outside it.")
}
