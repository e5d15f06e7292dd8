//! pg_catalog and information_schema: what tools ask to learn what there is.
//!
//! `data/relations.tsv` defines every relation of PostgreSQL 15; those with rows have a function in
//! [`fill`]; the others are empty because empty is true. Rows come from a [`LakeView`], built once per
//! catalog version, and from [`SessionFacts`]. OIDs are hashes of names ([`oid`]), so they are the same
//! in every session and after a restart.

pub mod bootstrap;
mod columns;
pub mod definitions;
mod facts;
mod fill;
mod indexes;
mod information;
pub mod keys;
mod lake;
mod objects;
mod oid;
mod provider;
mod session;
pub mod types;

#[cfg(test)]
pub mod fixture;

pub use facts::{Activity, SessionFacts, Setting};
pub use lake::{
    Column, ColumnDescription, DATABASE_OWNER, DATABASE_OWNER_OID, LakeDescription, LakeView,
    OWNER, OWNER_OID, Relation, RelationDescription, RelationKind, RowType, SchemaDescription,
};
pub use provider::{is_of_session, table};
pub use session::role_oid;
