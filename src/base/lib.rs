//! The words every crate shares: errors, names, locations, principals, and the seam between the fronts
//! and the engine. Nothing here knows DataFusion, Postgres, Delta, Iceberg or any file format.

mod binary;
mod engine;
mod error;
mod front;
mod location;
mod name;
mod remote;
mod stop;

pub use binary::bytes_from_text;
pub use engine::{
    Answer, BoxFuture, Engine, Parameter, Prepared, Principal, Rows, Session, SessionOptions,
    Statement, StatementKind, Transaction,
};
pub use error::{Error, ErrorKind, Result, Subject};
pub use front::{
    Copy, CopyForm, Csv, Declare, Direction, Fetch, ForceQuote, FrontStatement, Scroll,
};
pub use location::Location;
pub use name::{TableName, fold_column_names, fold_name};
pub use remote::{Bill, Remote, RemoteQuery};
pub use stop::{Stop, StopReason};
