//! The header of a model: the comment lines above its statement.
//!
//! ```text
//! -- description: One row per customer, with the age of today.
//! --   A line indented by two spaces or more continues the value above it.
//! -- materialized: delta
//! -- manifest: yes
//! -- column idade: whole years since birth
//! -- primary_key: id
//! -- foreign_keys: customer_id -> silver.customers (id); item_id -> gold.items
//! -- method: free text
//! ```

use std::collections::BTreeMap;

use crate::{Fault, Materialized};

const KEYS: &str =
    "description, materialized, manifest, column NAME, primary_key, foreign_keys, method";

/// What a header says.
#[derive(Debug, Default)]
pub(crate) struct Header {
    pub description: String,
    pub materialized: Materialized,
    pub symlink_manifest: bool,
    pub method: Option<String>,
    pub columns: BTreeMap<String, String>,
    pub primary_key: Option<String>,
    pub foreign_keys: Option<String>,
}

/// One `key: value` with its continuation lines joined by a space.
struct Entry {
    line: usize,
    key: String,
    value: String,
}

pub(crate) fn parse(text: &str) -> Result<Header, Fault> {
    let mut header = Header::default();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for entry in entries(text)? {
        if let Some(first) = seen.insert(entry.key.clone(), entry.line) {
            let message = format!("\"{}\" is given twice (first on line {first})", entry.key);
            return Err(Fault::new(entry.line, message, "Keep one of them."));
        }
        apply(&mut header, &entry)?;
    }
    let line = seen.get("description").copied().unwrap_or(1);
    if !header.description.to_lowercase().starts_with("one row") {
        let message = "the description must state the grain";
        return Err(Fault::new(line, message, "Start with `-- description: One row per …`."));
    }
    if header.symlink_manifest && header.materialized == Materialized::View {
        let line = seen.get("manifest").copied().unwrap_or(1);
        let hint = "Add `-- materialized: delta`, or remove the manifest.";
        return Err(Fault::new(line, "a view has no files to list in a manifest", hint));
    }
    Ok(header)
}

fn apply(header: &mut Header, entry: &Entry) -> Result<(), Fault> {
    if entry.value.is_empty() {
        let message = format!("\"{}\" has no value", entry.key);
        return Err(Fault::new(entry.line, message, "Write `-- key: value`."));
    }
    let refuse = |allowed: &str| {
        let message = format!("\"{}\" is not a value of \"{}\"", entry.value, entry.key);
        Err(Fault::new(entry.line, message, format!("Write {allowed}.")))
    };
    match (entry.key.as_str(), entry.value.as_str()) {
        ("description", value) => header.description = value.to_string(),
        ("method", value) => header.method = Some(value.to_string()),
        ("primary_key", value) => header.primary_key = Some(value.to_string()),
        ("foreign_keys", value) if value.split(';').all(|key| key.contains("->")) => {
            header.foreign_keys = Some(value.to_string());
        }
        ("foreign_keys", _) => return refuse("`column -> database.table (column)`"),
        ("materialized", "view") => header.materialized = Materialized::View,
        ("materialized", "delta") => header.materialized = Materialized::Delta,
        ("materialized", _) => return refuse("`view` or `delta`"),
        ("manifest", "yes") => header.symlink_manifest = true,
        ("manifest", "no") => header.symlink_manifest = false,
        ("manifest", _) => return refuse("`yes` or `no`"),
        (key, value) => match key.strip_prefix("column ") {
            Some(column) => drop(header.columns.insert(column.to_lowercase(), value.to_string())),
            None => {
                let message = format!("unknown header key \"{key}\"");
                return Err(Fault::new(entry.line, message, format!("Known keys: {KEYS}.")));
            }
        },
    }
    Ok(())
}

fn entries(text: &str) -> Result<Vec<Entry>, Fault> {
    let mut entries: Vec<Entry> = Vec::new();
    for (index, raw) in text.lines().enumerate() {
        let line = index + 1;
        let trimmed = raw.trim();
        if trimmed.is_empty() {
            continue;
        }
        let Some(comment) = trimmed.strip_prefix("--") else { break };
        if comment.trim().is_empty() {
            continue;
        }
        match entries.last_mut() {
            Some(last) if comment.starts_with("  ") => {
                last.value = format!("{} {}", last.value, comment.trim()).trim().to_string();
            }
            _ => entries.push(key_value(line, comment.trim())?),
        }
    }
    Ok(entries)
}

fn key_value(line: usize, comment: &str) -> Result<Entry, Fault> {
    let Some((key, value)) = comment.split_once(':') else {
        let message = format!("\"{comment}\" is not `key: value`");
        let hint = format!("Known keys: {KEYS}. Indent by two spaces to continue the line above.");
        return Err(Fault::new(line, message, hint));
    };
    let key = key.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(Entry { line, key, value: value.trim().to_string() })
}
