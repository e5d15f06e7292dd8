//! The SQL models under `sql/`: one file `sql/<database>/<table>.sql` is one relation. Reads
//! headers, finds references, puts models in building order. Parsing only: nothing here runs SQL or
//! knows DataFusion.
//!
//! A model is a header of `--` comments, then one SELECT written as a CTE ladder (see `header.rs`
//! for the keys). References come from the syntax tree, so a model needs no `ref()` templates and
//! its text can be pasted into any client as it is. Templating was the rejected choice: it hides
//! the SQL that runs.

mod graph;
mod header;
mod statement;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use lakegate_base::{Error, ErrorKind, Result, Subject, TableName};

pub use graph::{order, select};

/// Longest model file, in bytes.
pub const MODEL_BYTES_MAX: u64 = 1 << 20;
/// Most models in one folder.
pub const MODELS_MAX: usize = 2_000;
/// Most entries (of any kind) read in one directory.
const ENTRIES_MAX: usize = 10_000;

/// One relation to build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    pub name: TableName,
    pub file: PathBuf,
    pub materialized: Materialized,
    /// Writes a `symlink_format_manifest` beside the Delta log.
    pub symlink_manifest: bool,
    /// States the grain: "One row per …".
    pub description: String,
    /// Free text: how the rows are computed, and with which parameters.
    pub method: Option<String>,
    /// Column name → comment.
    pub columns: BTreeMap<String, String>,
    /// Names of columns, separated by commas. Declared, not enforced.
    pub primary_key: Option<String>,
    /// `customer_id -> silver.customers (id); …`. Declared, not enforced.
    pub foreign_keys: Option<String>,
    /// The SELECT alone: no header, no trailing semicolon.
    pub sql: String,
    /// The file's line on which `sql` starts, for errors that carry a position.
    pub sql_line: usize,
    /// The tables the statement reads, sorted, each once.
    pub references: Vec<TableName>,
}

/// How a model becomes a relation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Materialized {
    #[default]
    View,
    Delta,
}

/// Reads every model under `dir`, sorted by name. Files that do not end in `.sql` are ignored, as
/// are names that start with `.` or `_`. The first broken model is the error, with its file and
/// line.
pub fn load(dir: &Path) -> Result<Vec<Model>> {
    let mut models = Vec::new();
    for entry in entries(dir)? {
        if entry.is_dir() {
            for file in entries(&entry)?.into_iter().filter(|f| is_sql(f)) {
                if models.len() == MODELS_MAX {
                    return Err(too_many(dir, "models", MODELS_MAX));
                }
                models.push(read(&file)?);
            }
        } else if is_sql(&entry) {
            return Err(Error::invalid(format!("{}: a model needs a database", entry.display()))
                .hint(format!("Move it to {}/DATABASE/TABLE.sql.", dir.display())));
        }
    }
    models.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(models)
}

fn read(file: &Path) -> Result<Model> {
    let name = model_name(file)?;
    let text = read_text(file)?;
    parse(name, file, &text)
}

/// A model from its text.
fn parse(name: TableName, file: &Path, text: &str) -> Result<Model> {
    let header = header::parse(text).map_err(|fault| fault.error(file))?;
    let statement = statement::parse(text).map_err(|fault| fault.error(file))?;
    Ok(Model {
        name,
        file: file.to_path_buf(),
        materialized: header.materialized,
        symlink_manifest: header.symlink_manifest,
        description: header.description,
        method: header.method,
        columns: header.columns,
        primary_key: header.primary_key,
        foreign_keys: header.foreign_keys,
        sql: statement.sql,
        sql_line: statement.line,
        references: statement.references,
    })
}

/// What is wrong on one line of a model.
struct Fault {
    line: usize,
    message: String,
    hint: String,
}

impl Fault {
    fn new(line: usize, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { line, message: message.into(), hint: hint.into() }
    }

    fn error(self, file: &Path) -> Error {
        let message = format!("{}:{}: {}", file.display(), self.line.max(1), self.message);
        Error::syntax(message).hint(self.hint)
    }
}

fn model_name(file: &Path) -> Result<TableName> {
    let part = |text: Option<&std::ffi::OsStr>| {
        let text = text.and_then(|t| t.to_str()).unwrap_or_default();
        let first = text.starts_with(|c: char| c.is_ascii_lowercase());
        let rest = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        (first && text.len() <= 255 && text.chars().all(rest)).then(|| text.to_string())
    };
    let database = part(file.parent().and_then(Path::file_name));
    let (Some(database), Some(table)) = (database, part(file.file_stem())) else {
        return Err(Error::invalid(format!("{}: not a model's file name", file.display()))
            .hint("Name it DATABASE/TABLE.sql in lower-case letters, digits and underscores."));
    };
    if ["information_schema", "pg_catalog", "lakegate"].contains(&database.as_str()) {
        return Err(Error::invalid(format!("{}: {database} is reserved", file.display()))
            .hint("Put the model in a database of your own."));
    }
    Ok(TableName::new(&database, &table))
}

fn read_text(file: &Path) -> Result<String> {
    let mut text = String::new();
    let open = fs::File::open(file).map_err(|e| unreadable(file, e))?;
    open.take(MODEL_BYTES_MAX + 1).read_to_string(&mut text).map_err(|e| unreadable(file, e))?;
    if text.len() as u64 > MODEL_BYTES_MAX {
        let message = format!("{}: longer than {MODEL_BYTES_MAX} bytes", file.display());
        return Err(Error::exhausted(message).hint("Split the model into smaller ones."));
    }
    Ok(text)
}

/// The visible entries of a directory, sorted.
fn entries(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir).map_err(|e| unreadable(dir, e))? {
        let entry = entry.map_err(|e| unreadable(dir, e))?;
        if entry.file_name().to_string_lossy().starts_with(['.', '_']) {
            continue;
        }
        if paths.len() == ENTRIES_MAX {
            return Err(too_many(dir, "entries", ENTRIES_MAX));
        }
        paths.push(entry.path());
    }
    paths.sort();
    Ok(paths)
}

fn is_sql(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "sql")
}

fn too_many(dir: &Path, what: &str, limit: usize) -> Error {
    Error::exhausted(format!("{}: more than {limit} {what}", dir.display()))
        .hint("Split the project into several model folders.")
}

fn unreadable(path: &Path, error: std::io::Error) -> Error {
    let shown = path.display();
    match error.kind() {
        std::io::ErrorKind::NotFound => {
            Error::new(ErrorKind::NotFound, format!("{shown}: no such file or directory"))
                .about(Subject::Object)
                .hint("Point `models` at the folder that holds DATABASE/TABLE.sql.")
        }
        std::io::ErrorKind::InvalidData => {
            Error::corrupt(format!("{shown}: not UTF-8 text")).hint("Save the model as UTF-8.")
        }
        _ => Error::invalid(format!("{shown}: cannot be read: {error}"))
            .hint("Check that the file is readable by this user."),
    }
    .source(error)
}
