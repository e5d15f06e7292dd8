//! A table's past: which version is asked for, and what versions there are.

use std::collections::BTreeMap;

/// Which version of a table is meant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum AsOf {
    #[default]
    Latest,
    /// A Delta version or an Iceberg snapshot id.
    Version(i64),
    /// The version that was current then: microseconds since 1970, UTC.
    Timestamp(i64),
    /// An Iceberg branch or tag.
    Reference(String),
}

/// One version of a table, as its metadata tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revision {
    /// The Delta version or the Iceberg snapshot id: what [`AsOf::Version`] takes.
    pub version: i64,
    pub parent: Option<i64>,
    /// Microseconds since 1970, UTC.
    pub committed: Option<i64>,
    /// The writer's word: WRITE, MERGE, append, overwrite, …
    pub operation: Option<String>,
    /// Iceberg's manifest list.
    pub manifest_list: Option<String>,
    /// Whether the current version grew out of it.
    pub is_current_ancestor: bool,
    /// The writer's summary or operation parameters and metrics, as text.
    pub summary: BTreeMap<String, String>,
}
