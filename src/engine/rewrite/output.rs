//! The names and looks of the answer's columns. Postgres names a column without alias after its
//! function or type and lets names repeat; DataFusion plans unique names only. So a repeated name gets a
//! mark and a number here, and [`names`] takes both off again.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType as ArrowType, Field};
use datafusion::common::Column;
use datafusion::common::metadata::FieldMetadata;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr as PlanExpr, LogicalPlan, LogicalPlanBuilder, col};
use sqlparser::ast::{
    AccessExpr, BinaryOperator, Expr, Ident, OrderByKind, Query, Select, SelectItem, SetExpr,
    TrimWhereField,
};

use super::expressions::WITHOUT_PARENTHESES;
use super::{build, modifiers};
use crate::functions::to_text;
use crate::system::SessionFacts;
use crate::system::types::PG_TYPE;

/// Stands between a name and its number; no tool writes it.
pub(super) const MARK: char = '\u{1}';

/// Gives every column of the statement's answer the name Postgres would. Goes before all other
/// rewriting, which would change what the names come from.
pub fn name_columns(query: &mut Query) {
    let Some(select) = first_select(query.body.as_mut()) else { return };
    let renamed = name_items(select);
    let Some(order) = &mut query.order_by else { return };
    if let OrderByKind::Expressions(keys) = &mut order.kind {
        for key in keys {
            if let Expr::Identifier(ident) = &mut key.expr
                && let Some(alias) = renamed.get(&build::folded(ident))
            {
                *ident = alias.clone();
            }
        }
    }
}

/// The columns of a query in FROM or WITH, by the names that the query around it knows them by. Of several
/// of one name none has it, so that naming it is refused.
pub fn name_inner_columns(query: &mut Query) {
    let Some(select) = first_select(query.body.as_mut()) else { return };
    let name = |item: &SelectItem| match item {
        SelectItem::UnnamedExpr(expr) => Some(column_name(expr)),
        SelectItem::ExprWithAlias { alias, .. } => Some(build::folded(alias)),
        _ => None,
    };
    let names: Vec<Option<String>> = select.projection.iter().map(name).collect();
    for (at, item) in select.projection.iter_mut().enumerate() {
        let (SelectItem::UnnamedExpr(expr), Some(name)) = (&mut *item, &names[at]) else {
            continue;
        };
        if is_column(expr) {
            continue;
        }
        let is_only = names.iter().flatten().filter(|other| *other == name).count() == 1;
        let alias = if is_only { build::ident(name) } else { numbered(name, at) };
        *item = SelectItem::ExprWithAlias { expr: build::take(expr), alias };
    }
}

/// One of several columns of the same name.
pub(super) fn numbered(name: &str, number: usize) -> Ident {
    build::ident(&format!("{name}{MARK}{number}"))
}

/// The names the client should see, where the plan's differ.
pub fn names(plan: &LogicalPlan) -> Option<Vec<String>> {
    let fields = plan.schema().fields();
    if !fields.iter().any(|f| f.name().contains(MARK)) {
        return None;
    }
    let name = |field: &Arc<Field>| field.name().split(MARK).next().map(str::to_string);
    fields.iter().map(name).collect()
}

/// A text that shows a plan, without what keeps names apart.
pub fn unmarked(text: &str) -> String {
    let mut pieces = text.split(MARK);
    let first = pieces.next().unwrap_or_default().to_string();
    pieces.fold(first, |text, piece| text + piece.trim_start_matches(|c: char| c.is_ascii_digit()))
}

/// The plan with columns of object types (`regclass`, `regproc`, …) shown by name, as Postgres prints
/// them, and decimals that were computed without a modifier. Other plans come back as they are.
pub fn readable(plan: LogicalPlan, facts: &Arc<dyn SessionFacts>) -> Result<LogicalPlan> {
    let is_object = |field: &Field| {
        let name = field.metadata().get(PG_TYPE).map(String::as_str);
        field.data_type() == &ArrowType::Int64 && name.is_some_and(|n| n.starts_with("reg"))
    };
    let computed: Vec<bool> =
        (0..plan.schema().fields().len()).map(|at| modifiers::is_computed(&plan, at)).collect();
    if !computed.contains(&true) && !plan.schema().fields().iter().any(|f| is_object(f)) {
        return Ok(plan);
    }
    let text = to_text(facts);
    let columns: Vec<PlanExpr> = plan
        .schema()
        .iter()
        .zip(computed)
        .map(|((qualifier, field), computed)| {
            let column = col(Column::new(qualifier.cloned(), field.name()));
            if is_object(field) {
                let shown = Some(FieldMetadata::from(field.metadata()));
                let relation = qualifier.cloned();
                text.call(vec![column]).alias_qualified_with_metadata(relation, field.name(), shown)
            } else if computed {
                let shown = FieldMetadata::from(HashMap::from([numeric()]));
                column.alias_qualified_with_metadata(qualifier.cloned(), field.name(), Some(shown))
            } else {
                column
            }
        })
        .collect();
    LogicalPlanBuilder::from(plan).project(columns)?.build()
}

/// A `numeric` of any scale.
fn numeric() -> (String, String) {
    (PG_TYPE.to_string(), "numeric".to_string())
}

fn first_select(body: &mut SetExpr) -> Option<&mut Select> {
    match body {
        SetExpr::Select(select) => Some(select),
        SetExpr::SetOperation { left, .. } => first_select(left),
        SetExpr::Query(query) => first_select(query.body.as_mut()),
        _ => None,
    }
}

/// Answers the first new alias of each name that got one.
fn name_items(select: &mut Select) -> HashMap<String, Ident> {
    let has_wildcard = select
        .projection
        .iter()
        .any(|item| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..)));
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut renamed: HashMap<String, Ident> = HashMap::new();
    for item in &mut select.projection {
        let (expr, written) = match item {
            SelectItem::UnnamedExpr(expr) => (expr, None),
            SelectItem::ExprWithAlias { expr, alias } => (expr, Some(alias)),
            _ => continue,
        };
        let is_column = is_column(expr);
        let name = written.as_deref().map_or_else(|| column_name(expr), build::folded);
        let count = seen.entry(name.clone()).or_default();
        *count += 1;
        // What `*` brings is not known here, so nothing beside it keeps its bare name.
        let repeated = *count > 1 || has_wildcard;
        let alias = match (repeated, written.is_some() || is_column) {
            (false, true) => continue,
            (false, false) => build::ident(&name),
            (true, _) => numbered(&name, *count),
        };
        if repeated {
            renamed.entry(name).or_insert_with(|| alias.clone());
        }
        *item = SelectItem::ExprWithAlias { expr: build::take(expr), alias };
    }
    renamed
}

fn is_column(expr: &Expr) -> bool {
    match expr {
        Expr::Identifier(ident) => !WITHOUT_PARENTHESES.contains(&build::folded(ident).as_str()),
        Expr::CompoundIdentifier(_) => true,
        _ => false,
    }
}

/// The name Postgres gives a column without alias.
fn column_name(expr: &Expr) -> String {
    inner_name(expr).unwrap_or_else(|| "?column?".to_string())
}

fn inner_name(expr: &Expr) -> Option<String> {
    Some(match expr {
        Expr::Identifier(ident) => build::folded(ident),
        Expr::CompoundIdentifier(parts) => build::folded(parts.last()?),
        Expr::Nested(inner) | Expr::Collate { expr: inner, .. } => return inner_name(inner),
        // A type names a column only where nothing else does, and the last one.
        Expr::Cast { expr, data_type, .. } => match plain(expr) {
            Expr::Cast { .. } | Expr::TypedString(_) | Expr::Interval(_) | Expr::Case { .. } => {
                named_inside(expr).unwrap_or_else(|| type_name(data_type))
            }
            inner => inner_name(inner).unwrap_or_else(|| type_name(data_type)),
        },
        Expr::TypedString(typed) => type_name(&typed.data_type),
        Expr::Function(call) => build::last_part(&call.name),
        Expr::Case { else_result, .. } => {
            else_result.as_deref().and_then(inner_name).unwrap_or_else(|| "case".to_string())
        }
        Expr::Exists { .. } => "exists".to_string(),
        Expr::Extract { .. } => "extract".to_string(),
        Expr::Substring { shorthand: true, .. } => "substr".to_string(),
        Expr::Substring { .. } => "substring".to_string(),
        Expr::BinaryOp { op: BinaryOperator::Overlaps, .. } => "overlaps".to_string(),
        Expr::Position { .. } => "position".to_string(),
        Expr::Trim { trim_where, .. } => match trim_where {
            Some(TrimWhereField::Leading) => "ltrim".to_string(),
            Some(TrimWhereField::Trailing) => "rtrim".to_string(),
            Some(TrimWhereField::Both) | None => "btrim".to_string(),
        },
        Expr::Overlay { .. } => "overlay".to_string(),
        Expr::Ceil { .. } => "ceil".to_string(),
        Expr::Floor { .. } => "floor".to_string(),
        Expr::AtTimeZone { .. } => "timezone".to_string(),
        Expr::Array(_) => "array".to_string(),
        Expr::Tuple(_) => "row".to_string(),
        Expr::Interval(_) => "interval".to_string(),
        Expr::CompoundFieldAccess { root, access_chain } => match access_chain.last() {
            Some(AccessExpr::Dot(Expr::Identifier(field))) => build::folded(field),
            _ => return inner_name(root),
        },
        Expr::Subquery(query) => match query.body.as_ref() {
            SetExpr::Select(select) => match select.projection.first()? {
                SelectItem::UnnamedExpr(expr) => return inner_name(expr),
                SelectItem::ExprWithAlias { alias, .. } => build::folded(alias),
                _ => return None,
            },
            _ => return None,
        },
        _ => return None,
    })
}

fn plain(expr: &Expr) -> &Expr {
    match expr {
        Expr::Nested(inner) | Expr::Collate { expr: inner, .. } => plain(inner),
        other => other,
    }
}

/// The name of what casts are around, if it is more than the name of a type or of CASE.
fn named_inside(expr: &Expr) -> Option<String> {
    match plain(expr) {
        Expr::Cast { expr, .. } => named_inside(expr),
        Expr::Case { else_result, .. } => else_result.as_deref().and_then(named_inside),
        Expr::TypedString(_) | Expr::Interval(_) => None,
        other => inner_name(other),
    }
}

fn type_name(data_type: &sqlparser::ast::DataType) -> String {
    use sqlparser::ast::DataType::{Char, Character};
    if matches!(data_type, Char(_) | Character(_)) {
        return "bpchar".to_string();
    }
    let text = data_type.to_string().to_lowercase();
    let bare = text.split(['(', '[']).next().unwrap_or(&text).trim();
    let bare = bare.rsplit('.').next().unwrap_or(bare).trim_matches('"');
    match bare {
        "integer" | "int" => "int4",
        "bigint" => "int8",
        "smallint" => "int2",
        "boolean" => "bool",
        "double precision" => "float8",
        "real" => "float4",
        "decimal" => "numeric",
        "character varying" => "varchar",
        "timestamp with time zone" => "timestamptz",
        "timestamp without time zone" => "timestamp",
        other => other,
    }
    .to_string()
}
