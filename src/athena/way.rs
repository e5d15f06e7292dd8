//! How a statement's rows come here, decided before it runs: as text, or unloaded as Parquet.

use std::collections::HashSet;

use lakegate_base::{Error, Location, RemoteQuery, Result, Subject};
use lakegate_store::Stores;

use crate::cells::Shape;
use crate::{AthenaOptions, Results};

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Way {
    Text,
    /// Into a folder below this place.
    Unload(Location),
}

/// Whether it comes as text and nothing in it is nested, whatever its plan says.
pub(crate) fn is_plain(options: &AthenaOptions, query: &RemoteQuery) -> bool {
    let is_flat = query
        .columns
        .as_ref()
        .is_some_and(|columns| columns.fields().iter().all(|field| !field.data_type().is_nested()));
    let is_large = query.estimate.is_some_and(|bytes| bytes > options.unload_above_bytes);
    let may_unload = match options.results {
        Results::Unload => true,
        Results::Auto => is_large,
        Results::Api | Results::Csv => false,
    };
    is_flat && !may_unload
}

pub(crate) fn choose(
    options: &AthenaOptions,
    stores: &Stores,
    shape: &Shape,
    query: &RemoteQuery,
) -> Result<Way> {
    let unload = unloading(options, stores, shape, query);
    let unclear = shape.columns.iter().find(|column| !column.of.is_clear_in_text());
    let is_large = query.estimate.is_some_and(|bytes| bytes > options.unload_above_bytes);
    let is_nested = shape.columns.iter().any(|column| column.of.is_nested());
    match (options.results, unload, unclear) {
        (Results::Unload, Ok(place), _) => Ok(Way::Unload(place)),
        (Results::Unload, Err(reason), _) => {
            Err(Error::unsupported(format!("UNLOAD of this statement, as {reason}"))
                .about(Subject::Statement)
                .hint("Change that, or set athena.results = \"auto\"."))
        }
        (Results::Auto, Ok(place), _) if is_nested || is_large => Ok(Way::Unload(place)),
        (_, _, None) => Ok(Way::Text),
        (_, unload, Some(column)) => {
            let reason = unload.err().map_or_else(
                || "athena.results forbids UNLOAD".to_string(),
                |reason| format!("UNLOAD is impossible, as {reason}"),
            );
            let what = format!(
                "nested column \"{}\" from Athena: its text does not tell values apart, and {reason}",
                column.name
            );
            Err(Error::unsupported(what)
                .about(Subject::Type)
                .hint("Change that, select its parts, or SET lakegate.route = 'local'."))
        }
    }
}

/// Where UNLOAD may write, or why it cannot.
fn unloading(
    options: &AthenaOptions,
    stores: &Stores,
    shape: &Shape,
    query: &RemoteQuery,
) -> Result<Location, String> {
    let Some(output) = &options.output else {
        return Err("athena.output is not set".to_string());
    };
    if !stores.allows(output) {
        return Err("athena.output is outside the configured roots".to_string());
    }
    if query.is_ordered {
        return Err("its rows have an order, which files have not".to_string());
    }
    let mut names = HashSet::new();
    for column in shape.columns.iter() {
        let name = column.name.to_lowercase();
        if name.is_empty() || is_unnamed(&name) {
            return Err("not all of its columns have names".to_string());
        }
        if !column.of.can_unload() {
            return Err(format!("Parquet has no type for its column \"{name}\""));
        }
        if !names.insert(name) {
            return Err("two of its columns have one name".to_string());
        }
    }
    Ok(output.clone())
}

/// Athena calls them `_col0`.
fn is_unnamed(name: &str) -> bool {
    name.strip_prefix("_col").is_some_and(|rest| rest.parse::<u32>().is_ok())
}
