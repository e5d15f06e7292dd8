//! EXPLAIN as Postgres tools expect it: one text column, one row a line.

use std::sync::Arc;

use datafusion::arrow::array::{AsArray, RecordBatch, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::format::ExplainFormat;
use datafusion::logical_expr::LogicalPlan;
use lakegate_base::{Error, Result};
use sqlparser::ast::Statement as Tree;

use crate::rewrite::unmarked;
use crate::system::types::PG_TYPE;

pub fn is_explain(tree: &Tree) -> bool {
    matches!(tree, Tree::Explain { .. })
}

/// How a plan is told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Text,
    Json,
}

/// The form a statement asks for. Others would not be read by the tool that asked.
pub fn form(tree: &Tree) -> Result<Form> {
    let Tree::Explain { options: Some(options), analyze, .. } = tree else { return Ok(Form::Text) };
    let option = |name: &str| {
        let found = options.iter().find(|option| option.name.value.eq_ignore_ascii_case(name))?;
        let value = found.arg.as_ref().map(|value| value.to_string().to_lowercase());
        Some(value.unwrap_or_default().trim_matches('\'').to_string())
    };
    let analyzes = *analyze || option("analyze").is_some_and(|v| !["false", "off"].contains(&&*v));
    match option("format").as_deref() {
        None | Some("text") => Ok(Form::Text),
        Some("json") if !analyzes => Ok(Form::Json),
        Some(other) => {
            let analyze = if analyzes { "EXPLAIN ANALYZE" } else { "EXPLAIN" };
            Err(Error::unsupported(format!("{analyze} in the format {other}"))
                .hint("Leave FORMAT out: the plan is told as text."))
        }
    }
}

/// Another engine would run the statement, for a price, to answer that.
pub fn refuse_analyze(tree: &Tree, engine: &str) -> Result<()> {
    let Tree::Explain { analyze, options, .. } = tree else { return Ok(()) };
    match *analyze || options.is_some() {
        true => Err(Error::unsupported(format!("options of EXPLAIN on {engine}"))
            .hint("EXPLAIN alone tells the statement it would run, and its price.")),
        false => Ok(()),
    }
}

/// Makes DataFusion tell a plan in this form.
pub fn set_form(plan: &mut LogicalPlan, form: Form) {
    if let (LogicalPlan::Explain(explain), Form::Json) = (plan, form) {
        explain.explain_format = ExplainFormat::PostgresJSON;
    }
}

pub fn tag(tree: &Tree) -> &'static str {
    if is_explain(tree) { "EXPLAIN" } else { "SELECT" }
}

pub fn schema(tree: &Tree) -> SchemaRef {
    let field = Field::new("QUERY PLAN", DataType::Utf8, true);
    Arc::new(Schema::new(vec![match form(tree) {
        Ok(Form::Json) => field.with_metadata([(PG_TYPE.to_string(), "json".to_string())].into()),
        _ => field,
    }]))
}

/// The one text of JSON that DataFusion answers.
pub fn json(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let broken = |e| Error::internal("the plan cannot be shown").source(e);
    let plans = cast(batch.column(1), &DataType::Utf8).map_err(broken)?;
    let plan = plans.as_string::<i32>().iter().flatten().next().map(unmarked);
    RecordBatch::try_new(Arc::clone(schema), vec![Arc::new(StringArray::from(vec![plan]))])
        .map_err(broken)
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
