//! Numbers as Postgres computes and prints them. Where the argument is numeric, so is the result.

mod digits;
mod maths;
mod picture;
mod printer;
mod reckon;

use datafusion::logical_expr::ScalarUDF;

use super::columns::Columns;

pub use digits::at as digits_at;
pub use picture::Picture;

pub fn functions() -> Vec<ScalarUDF> {
    let mut functions = maths::functions();
    functions.push(picture::to_number());
    let mut functions: Vec<ScalarUDF> = functions.into_iter().map(Columns::udf).collect();
    functions.extend(reckon::functions());
    functions
}
