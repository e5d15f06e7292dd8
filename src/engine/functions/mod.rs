//! The SQL functions Postgres has and DataFusion lacks, or answers differently. Each is one entry in one
//! list: [`all`] for those that depend on their arguments alone, [`session`] for those that ask the
//! session or the catalog.

mod access;
mod aggregates;
mod arithmetic;
mod array_agg;
mod backends;
mod bounded;
mod bytes;
mod cast;
mod catalog;
mod columns;
mod concat;
mod dates;
mod facts;
mod has_null;
mod json;
mod lists;
mod numbers;
mod print;
mod regexps;
mod row_key;
mod scalar;
mod series;
mod server;
mod single;
mod sleep;
mod text;
mod timezone;
mod uuid;
mod values;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use datafusion::logical_expr::{AggregateUDF, ScalarUDF};

use crate::system::SessionFacts;

pub use aggregates::JOINED as STRING_AGG_BY;
pub use arithmetic::{checked, overflows};
pub use cast::{OBJECT_TYPES, TO_TEXT, to_text};
pub use concat::text_concat;
pub use dates::{
    EXTRACT, INTERVAL_DIVIDED, INTERVAL_TIMES, INTERVAL_WORTH, OVERLAPS, Unit, is_interval,
    parse_interval, unit_named,
};
pub use has_null::NAME as HAS_NULL;
pub use json::{
    AS_JSON, AS_JSON_ROW, AS_JSONB, AS_JSONB_ROW, B_OF_LIST as JSONB_OF_LIST,
    CONCAT as JSONB_CONCAT, CONTAINS as JSONB_CONTAINS, DELETE as JSONB_DELETE,
    DELETE_PATH as JSONB_DELETE_PATH, EACH as JSON_EACH, EXISTS as JSONB_EXISTS,
    EXISTS_ALL as JSONB_EXISTS_ALL, EXISTS_ANY as JSONB_EXISTS_ANY, GET as JSON_GET,
    GET_TEXT as JSON_GET_TEXT, OF_LIST as JSON_OF_LIST, PATH as JSON_PATH,
    PATH_TEXT as JSON_PATH_TEXT, json_value,
};
pub use regexps::{PATTERN as REGEX, SIMILAR, literal_pattern, literal_similar};
pub use row_key::udf as row_key;
pub use scalar::external;
pub use series::EMPTY_ARRAY;
pub use single::{
    NAME as SINGLE_VALUE, ONLY as ONLY_VALUE, udaf as single_value, udf as only_value,
};
pub use text::quote_ident;
pub use timezone::{NAME as AT_TIME_ZONE, of_session as session_clock};
pub use uuid::AS_UUID;
pub use values::{bytea, moment, rounded};

/// Functions of their arguments alone. Some replace DataFusion's of the same name.
pub fn all() -> Vec<ScalarUDF> {
    let mut functions: Vec<ScalarUDF> = Vec::new();
    functions.extend(text::functions().into_iter().map(scalar::Function::udf));
    functions.extend(catalog::functions().into_iter().map(scalar::Function::udf));
    functions.extend(uuid::functions().into_iter().map(scalar::Function::udf));
    functions.extend(series::functions());
    functions.extend(dates::functions());
    functions.extend(numbers::functions());
    functions.push(has_null::udf());
    functions.push(single::udf());
    functions.push(timezone::udf());
    functions.extend(regexps::functions());
    functions.extend(json::functions());
    functions.extend(bytes::functions());
    functions.extend(lists::functions());
    functions.extend(server::functions());
    functions.push(sleep::udf());
    functions
}

pub fn aggregates() -> Vec<AggregateUDF> {
    let mut functions = vec![array_agg::udaf(), single::udaf()];
    functions.extend(json::aggregates());
    functions.extend(aggregates::functions());
    functions
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
