//! The SQL functions Postgres has and DataFusion lacks, or answers differently. Each is one entry in one
//! list: [`all`] for those that depend on their arguments alone, [`session`] for those that ask the
//! session or the catalog.

mod access;
mod arithmetic;
mod array_agg;
mod backends;
mod bounded;
mod cast;
mod catalog;
mod concat;
mod datetime;
mod facts;
mod has_null;
mod print;
mod regexp_replace;
mod scalar;
mod series;
mod single;
mod text;
mod timezone;
mod to_char;
mod values;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use datafusion::logical_expr::{AggregateUDF, ScalarUDF};

use crate::system::SessionFacts;

pub use arithmetic::{checked, overflows};
pub use cast::{OBJECT_TYPES, TO_TEXT, to_text};
pub use concat::text_concat;
pub use datetime::{DATE_PART, PARTS as DATE_PARTS};
pub use has_null::NAME as HAS_NULL;
pub use scalar::external;
pub use series::EMPTY_ARRAY;
pub use single::{NAME as SINGLE_VALUE, udaf as single_value};
pub use text::quote_ident;
pub use timezone::{NAME as AT_TIME_ZONE, udf as at_time_zone};
pub use values::{bytea, rounded};

/// Functions of their arguments alone. Some replace DataFusion's of the same name.
pub fn all() -> Vec<ScalarUDF> {
    let mut functions: Vec<ScalarUDF> = Vec::new();
    functions.extend(text::functions().into_iter().map(scalar::Function::udf));
    functions.extend(catalog::functions().into_iter().map(scalar::Function::udf));
    functions.extend(series::functions());
    functions.extend(datetime::functions());
    functions.push(has_null::udf());
    functions.push(to_char::udf());
    functions.push(timezone::udf());
    functions.push(regexp_replace::udf());
    functions
}

pub fn aggregates() -> Vec<AggregateUDF> {
    vec![array_agg::udaf(), single::udaf()]
}

/// Functions that ask the session, or the catalog version it is pinned to.
pub fn session(facts: &Arc<dyn SessionFacts>) -> Vec<ScalarUDF> {
    let mut functions: Vec<ScalarUDF> = Vec::new();
    functions.extend(facts::functions(facts).into_iter().map(scalar::Function::udf));
    functions.extend(backends::functions(facts).into_iter().map(scalar::Function::udf));
    functions.extend(access::functions(facts).into_iter().map(scalar::Function::udf));
    functions.extend(catalog::of_lake(facts).into_iter().map(scalar::Function::udf));
    functions.extend(cast::functions(facts));
    functions
}
