//! What goes wrong with a Delta table, in words that name the table and the next step.

use delta_kernel::Error as KernelError;
use lakegate_base::{Error, ErrorKind, Location, Subject};
use tokio::task::JoinError;

const RESTORE: &str =
    "Nothing was read. Restore the table's _delta_log folder, or write the table again.";

/// Damage: `corrupt(place, "version 7 is missing")`.
pub(super) fn corrupt(location: &Location, what: impl std::fmt::Display) -> Error {
    Error::corrupt(format!("Delta table {location} is damaged: {what}"))
        .about(Subject::Table)
        .hint(RESTORE)
}

pub(super) fn unsupported(location: &Location, what: impl std::fmt::Display) -> Error {
    Error::unsupported(format!("{what} (Delta table {location})")).about(Subject::Table)
}

pub(super) fn missing(location: &Location) -> Error {
    let text = format!("there is no Delta table at {location}");
    Error::new(ErrorKind::NotFound, text)
        .about(Subject::Table)
        .hint("Its _delta_log folder is missing or empty: check the location.")
}

/// A task that did not end by itself: its runtime is shutting down.
pub(super) fn ended(location: &Location, join: JoinError) -> Error {
    Error::new(ErrorKind::Cancelled, format!("reading Delta table {location} was stopped"))
        .source(join)
}

/// The kernel's errors. `Unsupported` ones already name the feature in their message.
pub(super) fn from_kernel(location: &Location, error: KernelError) -> Error {
    if let Some(own) = cause::<Error>(&error) {
        return corrupt(location, own.message()).source(error);
    }
    match error {
        KernelError::Backtraced { source, .. } => from_kernel(location, *source),
        KernelError::Unsupported(what) => unsupported(location, what),
        KernelError::MaxCatalogVersion(_) => {
            unsupported(location, "table feature \"catalogManaged\"")
        }
        KernelError::ObjectStore(source) => store(location, source),
        KernelError::Cancelled => {
            Error::new(ErrorKind::Cancelled, format!("reading Delta table {location} was stopped"))
        }
        KernelError::FileNotFound(path) => {
            corrupt(location, format!("its log names {}, which is not there", name(&path)))
        }
        other => damage(location, other),
    }
}

/// The first error of a type among the causes.
fn cause<T: std::error::Error + 'static>(error: &KernelError) -> Option<&T> {
    let first: &(dyn std::error::Error + 'static) = match error {
        // No cause by itself.
        KernelError::ObjectStore(store) => store,
        other => other,
    };
    std::iter::successors(Some(first), |cause| cause.source())
        .find_map(|cause| cause.downcast_ref())
}

/// Anything else is damage, unless the store failed somewhere below.
fn damage(location: &Location, error: KernelError) -> Error {
    use object_store::Error as StoreError;
    match cause(&error) {
        None => corrupt(location, cause_text(&error)).source(error),
        Some(StoreError::NotFound { path, .. }) => {
            corrupt(location, format!("its log names {}, which is not there", name(path)))
                .source(error)
        }
        Some(StoreError::PermissionDenied { .. } | StoreError::Unauthenticated { .. }) => {
            let text = format!("access to the log of Delta table {location} was refused");
            Error::denied(text).about(Subject::Table).source(error)
        }
        Some(_) => {
            let text = format!("Delta table {location} could not be read: its store failed");
            Error::unavailable(text).about(Subject::Table).hint("Try again later.").source(error)
        }
    }
}

/// The kernel's own words where they are fit for a client; it has file listings in some.
fn cause_text(error: &KernelError) -> String {
    let text = error.to_string();
    match error {
        KernelError::MissingMetadata
        | KernelError::MissingProtocol
        | KernelError::MissingMetadataAndProtocol
        | KernelError::InvalidProtocol(_)
        | KernelError::InvalidColumnMappingMode(_)
        | KernelError::InvalidDecimal(_)
        | KernelError::Schema(_) => text,
        _ if text.contains("contiguous") => "a version is missing from its log".to_string(),
        _ => "its log cannot be read".to_string(),
    }
}

fn store(location: &Location, error: object_store::Error) -> Error {
    if let object_store::Error::NotFound { path, .. } = &error {
        return corrupt(location, format!("its log names {}, which is not there", name(path)))
            .source(error);
    }
    lakegate_store::error(error, location)
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
