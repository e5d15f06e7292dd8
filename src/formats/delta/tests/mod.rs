//! Tests of the Delta folder. Conformance tables are read where they are, never copied here.
#![allow(clippy::print_stdout)] // they say what was compared, and what was skipped

mod conformance;
mod hostile;
mod refresh;
mod travel;
mod written;

use std::path::Path;
use std::time::Duration;

use lakegate_base::Location;
use lakegate_store::{S3Options, StoreOptions, Stores};

use crate::{TableFormat, TableSource};

/// Stores whose only root is `root`.
pub(super) fn stores(root: &Path) -> Stores {
    let roots = vec![Location::local(root).expect("a test's root is a path")];
    let retry_timeout = Duration::from_secs(5);
    Stores::new(StoreOptions { roots, s3: S3Options::default(), retry_timeout })
}

pub(super) fn place(path: &Path) -> Location {
    Location::local(path).expect("a test's table is a path")
}

pub(super) fn source(location: &Location) -> TableSource {
    TableSource {
        location: location.clone(),
        format: TableFormat::Delta,
        schema: None,
        partition_keys: Vec::new(),
        metadata_location: None,
    }
}
