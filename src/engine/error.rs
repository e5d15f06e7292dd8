//! DataFusion's errors → ours. The only place that reads their texts.

use std::sync::LazyLock;

use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::error::ArrowError;
use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;
use datafusion::parquet::errors::ParquetError;
use lakegate_base::{Error, ErrorKind, Subject};
use regex::Regex;

use crate::system::types;

/// Maps an error of planning or running a statement. Our own errors travel inside `External`.
pub fn from_datafusion(error: DataFusionError) -> Error {
    match error {
        DataFusionError::External(inner) => from_external(inner),
        DataFusionError::ArrowError(inner, _) => from_arrow(*inner),
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => {
            from_datafusion(*inner)
        }
        DataFusionError::Shared(shared) => from_shared(&shared),
        DataFusionError::Collection(errors) => errors
            .into_iter()
            .next()
            .map_or_else(|| Error::internal("the query failed"), from_datafusion),
        DataFusionError::ResourcesExhausted(text) => exhausted(&text),
        DataFusionError::SchemaError(inner, _) => from_schema(&inner),
        DataFusionError::NotImplemented(text) => from_unsupported(&text),
        DataFusionError::SQL(inner, _) => Error::syntax(format!("syntax error: {inner}")),
        DataFusionError::Plan(text) => from_plan(&text),
        DataFusionError::Execution(text) => from_execution(&text),
        DataFusionError::ObjectStore(inner) => from_object_store(*inner),
        DataFusionError::ParquetError(inner) => from_parquet(*inner),
        DataFusionError::IoError(inner) => from_io(inner),
        DataFusionError::Configuration(text) => Error::invalid(text),
        other => Error::internal("internal error in the query engine").source(other),
    }
}

pub fn into_datafusion(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

fn from_parquet(error: ParquetError) -> Error {
    match error {
        ParquetError::External(inner) => from_external(inner),
        other => {
            Error::corrupt(format!("a Parquet file is damaged: {other}")).source(other.to_string())
        }
    }
}

fn from_external(inner: Box<dyn std::error::Error + Send + Sync>) -> Error {
    let inner = match inner.downcast::<Error>() {
        Ok(ours) => return *ours,
        Err(other) => other,
    };
    let inner = match inner.downcast::<DataFusionError>() {
        Ok(nested) => return from_datafusion(*nested),
        Err(other) => other,
    };
    let inner = match inner.downcast::<object_store::Error>() {
        Ok(store) => return from_object_store(*store),
        Err(other) => other,
    };
    match inner.downcast::<ArrowError>() {
        Ok(arrow) => from_arrow(*arrow),
        Err(other) => Error::internal(format!("the query failed: {other}")).source(other),
    }
}

static MISSING_TYPE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"Unsupported SQL type "?([^"(\[]+)"#));

/// A type that Postgres has not either is one that does not exist.
fn from_unsupported(text: &str) -> Error {
    match MISSING_TYPE.captures(text).map(|found| found[1].trim().to_string()) {
        Some(name) if types::by_name(&name).is_none() => {
            let message = format!("type \"{name}\" does not exist");
            Error::new(ErrorKind::NotFound, message).about(Subject::Type)
        }
        _ => Error::unsupported(first_line(text)),
    }
}

/// A shared error cannot be taken apart: what identifies it is copied.
fn from_shared(error: &DataFusionError) -> Error {
    match error {
        DataFusionError::Shared(inner) => from_shared(inner),
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => {
            from_shared(inner)
        }
        DataFusionError::External(inner) => match inner.downcast_ref::<Error>() {
            Some(ours) => ours.copy(),
            None => Error::internal(format!("the query failed: {inner}")),
        },
        DataFusionError::ResourcesExhausted(text) => exhausted(text),
        DataFusionError::Plan(text) => from_plan(text),
        DataFusionError::Execution(text) => from_execution(text),
        DataFusionError::SchemaError(inner, _) => from_schema(inner),
        DataFusionError::NotImplemented(text) => from_unsupported(text),
        DataFusionError::ArrowError(inner, _) => from_arrow_ref(inner),
        DataFusionError::IoError(inner) if is_full(inner) => exhausted(DISK_FULL),
        DataFusionError::ParquetError(inner) => from_shared_parquet(inner),
        other => Error::internal("internal error in the query engine").source(other.to_string()),
    }
}

fn from_shared_parquet(error: &ParquetError) -> Error {
    let ParquetError::External(inner) = error else {
        return Error::corrupt(format!("a Parquet file is damaged: {error}"));
    };
    match inner.downcast_ref::<Error>() {
        Some(ours) => ours.copy(),
        None => Error::unavailable("a Parquet file cannot be read").source(inner.to_string()),
    }
}

fn from_arrow(error: ArrowError) -> Error {
    match error {
        ArrowError::ExternalError(inner) => from_external(inner),
        other => from_arrow_ref(&other),
    }
}

fn from_arrow_ref(error: &ArrowError) -> Error {
    match error {
        ArrowError::DivideByZero => {
            Error::invalid("division by zero").about(Subject::DivisionByZero)
        }
        ArrowError::ArithmeticOverflow(_) => {
            Error::invalid("value out of range").about(Subject::Value).source(error.to_string())
        }
        ArrowError::CastError(text) | ArrowError::ParseError(text) => bad_value(text),
        ArrowError::ComputeError(text) | ArrowError::InvalidArgumentError(text) => bad_value(text),
        ArrowError::MemoryError(text) => exhausted(text),
        ArrowError::IoError(_, inner) if is_full(inner) => exhausted(DISK_FULL),
        ArrowError::CsvError(text) => Error::corrupt(format!("a CSV file is damaged: {text}")),
        ArrowError::JsonError(text) => Error::corrupt(format!("a JSON file is damaged: {text}")),
        ArrowError::ParquetError(text) => {
            Error::corrupt(format!("a Parquet file is damaged: {text}"))
        }
        ArrowError::NotYetImplemented(text) => Error::unsupported(text),
        ArrowError::ExternalError(inner) => match inner.downcast_ref::<Error>() {
            Some(ours) => ours.copy(),
            None => Error::internal(format!("the query failed: {inner}")),
        },
        other => Error::internal("internal error in the query engine").source(other.to_string()),
    }
}

static NO_VALUE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?s)Cannot cast string '(.*)' to value of (.+) type"));

fn bad_value(text: &str) -> Error {
    if let Some(found) = NO_VALUE.captures(text) {
        // Decimals stand without their precision there, which is no type.
        let arrow: Option<DataType> = found[2].parse().ok();
        let name = arrow.map_or("numeric".into(), |t| types::format(types::of_arrow(&t).oid, -1));
        let message = format!("invalid input syntax for type {name}: \"{}\"", &found[1]);
        return Error::invalid(message).about(Subject::Value);
    }
    Error::invalid(first_line(text)).about(Subject::Value)
}

/// What DataFusion says when spilling reaches its limit.
const DISK_FULL: &str = "disk space";

fn exhausted(text: &str) -> Error {
    let (subject, message) = if text.contains(DISK_FULL) {
        (Subject::Disk, "temporary disk space for this query is used up")
    } else {
        (Subject::Memory, "out of memory")
    };
    Error::exhausted(message).about(subject).source(text.to_string()).hint(
        "Ask for fewer rows or columns, or raise limits.memory and limits.spill_bytes in the \
         configuration.",
    )
}

fn from_schema(error: &SchemaError) -> Error {
    match error {
        SchemaError::FieldNotFound { field, .. } => {
            Error::new(ErrorKind::NotFound, missing_column(&field.flat_name()))
                .about(Subject::Column)
        }
        SchemaError::AmbiguousReference { field } => {
            Error::invalid(format!("column reference \"{}\" is ambiguous", field.name()))
                .about(Subject::Column)
        }
        SchemaError::DuplicateQualifiedField { name, .. }
        | SchemaError::DuplicateUnqualifiedField { name } => {
            Error::invalid(format!("column \"{name}\" specified more than once"))
                .about(Subject::Column)
        }
    }
}

fn missing_column(name: &str) -> String {
    match name.rsplit_once('.') {
        Some((table, column)) => format!("column {table}.{column} does not exist"),
        None => format!("column \"{name}\" does not exist"),
    }
}

static MISSING_FUNCTION: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"Invalid function '([^']+)'|[Tt]able function '([^']+)' not found"));
static WRONG_ARGUMENTS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?s)'([^']+)' function|[Ff]unction '([^']+)'|call to '([^']+)'"));

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a constant pattern")
}

fn from_plan(text: &str) -> Error {
    if let Some(found) = MISSING_FUNCTION.captures(text) {
        let name = found.get(1).or(found.get(2)).map_or("", |m| m.as_str());
        return Error::new(ErrorKind::NotFound, format!("function {name} does not exist"))
            .about(Subject::Function)
            .hint("No function matches the given name and argument types.");
    }
    if text.contains("must appear in the GROUP BY clause") || text.contains("in GROUP BY") {
        return Error::invalid(first_line(text)).about(Subject::Grouping);
    }
    if text.contains("No function matches") || text.contains("Failed to coerce arguments") {
        let name = WRONG_ARGUMENTS
            .captures(text)
            .and_then(|c| c.iter().skip(1).flatten().next().map(|m| m.as_str().to_string()));
        let shown = name.unwrap_or_else(|| "with these argument types".to_string());
        return Error::new(ErrorKind::NotFound, format!("function {shown} does not exist"))
            .about(Subject::Function)
            .source(text.to_string())
            .hint(first_line(text));
    }
    if text.contains("not supported") || text.contains("not implemented") {
        return Error::unsupported(first_line(text));
    }
    Error::invalid(first_line(text)).about(Subject::Statement)
}

/// Postgres's words: Metabase and others look for them.
pub fn missing_relation(name: &str) -> Error {
    Error::new(ErrorKind::NotFound, format!("relation \"{name}\" does not exist"))
        .about(Subject::Table)
}

fn from_execution(text: &str) -> Error {
    let lower = text.to_lowercase();
    if lower.contains("divide by zero") || lower.contains("division by zero") {
        return Error::invalid("division by zero").about(Subject::DivisionByZero);
    }
    if lower.contains("overflow") || lower.contains("out of range") {
        return Error::invalid(first_line(text)).about(Subject::Value);
    }
    if lower.contains("resources exhausted") {
        return exhausted(text);
    }
    Error::invalid(first_line(text)).about(Subject::Value)
}

fn from_object_store(error: object_store::Error) -> Error {
    match error {
        object_store::Error::NotFound { path, .. } => {
            Error::new(ErrorKind::NotFound, format!("file \"{path}\" vanished while it was read"))
                .about(Subject::Object)
                .hint("The table may have been vacuumed or rewritten: run the query again.")
        }
        object_store::Error::PermissionDenied { path, .. }
        | object_store::Error::Unauthenticated { path, .. } => {
            Error::denied(format!("the store refuses access to \"{path}\"")).about(Subject::Object)
        }
        other => match guard_error(&other) {
            Some(ours) => ours,
            None => Error::unavailable("the object store does not answer").source(other),
        },
    }
}

/// The store's guard reports our own error inside object_store's.
fn guard_error(error: &object_store::Error) -> Option<Error> {
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        if let Some(ours) = inner.downcast_ref::<Error>() {
            return Some(ours.copy());
        }
        cause = inner.source();
    }
    None
}

fn from_io(error: std::io::Error) -> Error {
    match error.kind() {
        _ if is_full(&error) => exhausted(DISK_FULL),
        std::io::ErrorKind::NotFound => {
            Error::new(ErrorKind::NotFound, "a file vanished while it was read")
                .about(Subject::Object)
                .source(error)
        }
        _ => Error::unavailable("reading or writing failed").source(error),
    }
}

/// The disk itself, or what queries may use of it.
fn is_full(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::StorageFull || error.to_string().contains(DISK_FULL)
}

/// DataFusion adds explanations and back traces below the first line.
fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim_end_matches('.').to_string()
}
