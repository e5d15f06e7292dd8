//! EXPLAIN as Postgres tools expect it: one text column, one row a line.

use std::sync::Arc;

use datafusion::arrow::array::{AsArray, RecordBatch, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use lakegate_base::{Error, Result};
use sqlparser::ast::Statement as Tree;

use crate::rewrite::unmarked;

pub fn is_explain(tree: &Tree) -> bool {
    matches!(tree, Tree::Explain { .. })
}

/// A plan is told as text only: a tool that asked for another form could not read it.
pub fn check(tree: &Tree) -> Result<()> {
    let Tree::Explain { options: Some(options), .. } = tree else { return Ok(()) };
    let form = options.iter().find(|option| option.name.value.eq_ignore_ascii_case("format"));
    match form.and_then(|option| option.arg.as_ref()).map(|form| form.to_string().to_lowercase()) {
        Some(form) if form.trim_matches('\'') != "text" => {
            Err(Error::unsupported(format!("EXPLAIN in the format {form}"))
                .hint("Leave FORMAT out: a plan is told as text."))
        }
        _ => Ok(()),
    }
}

pub fn tag(tree: &Tree) -> &'static str {
    if is_explain(tree) { "EXPLAIN" } else { "SELECT" }
}

pub fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("QUERY PLAN", DataType::Utf8, true)]))
}

/// DataFusion answers (kind of plan, whole plan as one text).
pub fn lines(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let broken = |e| Error::internal("the plan cannot be shown").source(e);
    let text = |index: usize| cast(batch.column(index), &DataType::Utf8).map_err(broken);
    let (kinds, plans) = (text(0)?, text(1)?);
    let (kinds, plans) = (kinds.as_string::<i32>(), plans.as_string::<i32>());
    let mut lines = Vec::new();
    for (kind, plan) in kinds.iter().zip(plans.iter()) {
        lines.push(format!("{}:", kind.unwrap_or("plan").replace('_', " ")));
        let plan = unmarked(plan.unwrap_or_default());
        lines.extend(plan.lines().map(|line| format!("  {line}")));
    }
    RecordBatch::try_new(Arc::clone(schema), vec![Arc::new(StringArray::from(lines))])
        .map_err(broken)
}
