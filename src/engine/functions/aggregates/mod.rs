//! Aggregates that DataFusion lacks, or answers with another type or value.

mod extremes;
mod joined;
mod ordered;
mod spread;

use datafusion::logical_expr::AggregateUDF;

pub use joined::NAME as JOINED;

pub fn functions() -> Vec<AggregateUDF> {
    let mut functions = ordered::functions();
    functions.extend(spread::functions());
    functions.extend(extremes::functions());
    functions.push(joined::function());
    functions
}
