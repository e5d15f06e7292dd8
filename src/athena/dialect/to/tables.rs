//! Tables: without the lake's name, at their versions, and functions that give rows.

use lakegate_base::{Result, Subject};
use sqlparser::ast::*;

use super::super::build::{call, folded, literal_integer, number, text};
use super::super::intervals::{self, Part};
use super::super::kinds::{is_moment_text, split_offset};
use super::super::walk::refused;
use super::ToAthena;

/// Schemas that only Lakegate has, or has otherwise than Athena.
const OWN_SCHEMAS: [&str; 3] = ["pg_catalog", "information_schema", "lakegate"];

pub fn rewrite(pass: &ToAthena, table: &mut TableFactor) -> Result<()> {
    if let Some(unnested) = series(pass, table)? {
        *table = unnested;
        return Ok(());
    }
    match table {
        TableFactor::Table { name, version, sample, with_ordinality, .. } => {
            if version.is_some() || *with_ordinality {
                return Err(refused(
                    "this form of a table's version",
                    "Write FOR VERSION AS OF n.",
                ));
            }
            sampled(sample)?;
            drop_lake(pass, name)?;
            let clause = at_version(name)?;
            for part in &mut name.0 {
                if let ObjectNamePart::Identifier(ident) = part {
                    super::names::write(ident);
                }
            }
            // The tree prints a version behind the alias, Athena wants it before: as part of the name.
            if let (Some(clause), Some(ObjectNamePart::Identifier(ident))) =
                (clause, name.0.last_mut())
            {
                *ident = Ident::new(format!("{ident} {clause}"));
            }
        }
        TableFactor::Derived { sample, .. } => sampled(sample)?,
        TableFactor::UNNEST { alias, with_ordinality, .. } => {
            column_alias(alias, *with_ordinality)?
        }
        _ => {}
    }
    Ok(())
}

fn sampled(sample: &mut Option<TableSampleKind>) -> Result<()> {
    let Some(kind) = sample.take() else { return Ok(()) };
    let (TableSampleKind::BeforeTableAlias(taken) | TableSampleKind::AfterTableAlias(taken)) = kind;
    let known =
        matches!(taken.name, Some(TableSampleMethod::Bernoulli | TableSampleMethod::System));
    let unit = taken.quantity.as_ref().is_some_and(|quantity| quantity.unit.is_none());
    if !known || !unit || taken.seed.is_some() || taken.bucket.is_some() || taken.offset.is_some() {
        return Err(refused("this form of TABLESAMPLE", "Write TABLESAMPLE BERNOULLI (10)."));
    }
    *sample = Some(TableSampleKind::AfterTableAlias(taken));
    Ok(())
}

/// `lake.sales.orders` → `sales.orders`.
fn drop_lake(pass: &ToAthena, name: &mut ObjectName) -> Result<()> {
    let parts: Vec<String> = name.0.iter().filter_map(|part| part.as_ident().map(folded)).collect();
    if parts.len() == 3 {
        if parts[0] != pass.lake {
            let error = refused(format!("the catalog {}", parts[0]), "Write DATABASE.TABLE.");
            return Err(error.about(Subject::Table));
        }
        name.0.remove(0);
    }
    let schema = parts.iter().rev().nth(1);
    let is_own = schema.is_some_and(|schema| OWN_SCHEMAS.contains(&schema.as_str()));
    let table = parts.last().map_or("", String::as_str);
    if is_own || (schema.is_none() && table.starts_with("pg_")) {
        return Err(refused(
            format!("the system relation {table}, which Athena does not have"),
            "Ask Lakegate for it, in a statement of its own.",
        )
        .about(Subject::Table));
    }
    Ok(())
}

/// `"orders@v5"` is the table at a version, as our parser leaves it.
fn at_version(name: &mut ObjectName) -> Result<Option<String>> {
    let Some(ObjectNamePart::Identifier(ident)) = name.0.last_mut() else { return Ok(None) };
    let Some((table, suffix)) = ident.value.split_once('@') else { return Ok(None) };
    let (clause, value) =
        match suffix.strip_prefix('v').and_then(|digits| digits.parse::<u64>().ok()) {
            Some(version) => ("FOR VERSION AS OF", number(version)),
            None if suffix.starts_with(|c: char| c.is_ascii_digit()) => {
                ("FOR TIMESTAMP AS OF", moment(suffix)?)
            }
            None => ("FOR VERSION AS OF", text(suffix)),
        };
    *ident = Ident::new(table);
    Ok(Some(format!("{clause} {value}")))
}

fn moment(suffix: &str) -> Result<Expr> {
    let said = suffix.replacen('T', " ", 1);
    let Some((moment, offset)) = split_offset(&said).filter(|(moment, _)| is_moment_text(moment))
    else {
        return Err(refused(
            format!(
                "the moment {suffix} without an offset, which each session reads in its own zone"
            ),
            "Write it with its offset: '2026-01-31 12:00:00+00'.",
        ));
    };
    let value = Value::SingleQuotedString(format!("{moment} {offset}")).with_empty_span();
    let data_type = DataType::Timestamp(None, TimezoneInfo::None);
    Ok(Expr::TypedString(TypedString { data_type, value, uses_odbc_syntax: false }))
}

/// `generate_series(1, 10)` → `UNNEST(sequence(1, 10, 1))`: with its step, as Athena would count down
/// without.
fn series(pass: &ToAthena, table: &mut TableFactor) -> Result<Option<TableFactor>> {
    let (name, args, alias, with_ordinality) = match table {
        TableFactor::Table { name, args: Some(args), alias, with_ordinality, .. } => {
            (name, &mut args.args, alias, *with_ordinality)
        }
        TableFactor::Function { name, args, alias, with_ordinality, .. } => {
            (name, args, alias, *with_ordinality)
        }
        _ => return Ok(None),
    };
    if super::super::build::plain_name(name).as_deref() != Some("generate_series") {
        return Ok(None);
    }
    let mut exprs: Vec<Expr> = Vec::new();
    for arg in args.drain(..) {
        match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => exprs.push(expr),
            other => return Err(refused(format!("the argument {other}"), "Write a value.")),
        }
    }
    let is_interval = matches!(exprs.get(2), Some(Expr::Interval(_)));
    if exprs.len() == 2 {
        exprs.push(number(1));
    }
    if exprs.len() != 3 || (literal_integer(&exprs[2]).is_none() && !is_interval) {
        return Err(refused(
            "a series whose step is no literal",
            "Write the step as a number or an interval.",
        ));
    }
    if let Some(Expr::Interval(step)) = exprs.get(2)
        && intervals::parts(step).is_none_or(|parts| parts.iter().any(Part::is_calendar))
    {
        return Err(refused(
            "a series by months",
            "Step by days, or add months to the numbers of a series.",
        ));
    }
    if is_interval && pass.kinds.of(&exprs[0]) != Some(super::super::Kind::Timestamp) {
        return Err(refused(
            "a series of other moments than timestamps",
            "Cast its ends to timestamp.",
        ));
    }
    column_alias(alias, with_ordinality)?;
    Ok(Some(TableFactor::UNNEST {
        alias: alias.take(),
        array_exprs: vec![call("sequence", exprs)],
        with_offset: false,
        with_offset_alias: None,
        with_ordinality,
    }))
}

/// To Postgres, `unnest(a) AS x` names a table and its column.
fn column_alias(alias: &mut Option<TableAlias>, with_ordinality: bool) -> Result<()> {
    let Some(alias) = alias else {
        return Err(refused("rows of an array without a name", "Name them: unnest(a) AS t (x)."));
    };
    if alias.columns.is_empty() {
        let mut names = vec![alias.name.clone()];
        if with_ordinality {
            names.push(Ident::new("ordinality"));
        }
        alias.columns =
            names.into_iter().map(|name| TableAliasColumnDef { name, data_type: None }).collect();
    }
    Ok(())
}

/// `FROM t, UNNEST(t.a)` as Athena's documentation writes it: `FROM t CROSS JOIN UNNEST(t.a)`.
pub fn cross_joins(select: &mut Select) {
    let is_unnest = |joins: &TableWithJoins| matches!(joins.relation, TableFactor::UNNEST { .. });
    let [_, second] = select.from.as_slice() else { return };
    // What is joined to it is joined before the comma.
    if !is_unnest(second) || !second.joins.is_empty() {
        return;
    }
    let Some(TableWithJoins { relation, .. }) = select.from.pop() else { return };
    let join_operator = JoinOperator::CrossJoin(JoinConstraint::None);
    let cross = Join { relation, global: false, join_operator };
    if let Some(first) = select.from.first_mut() {
        first.joins.push(cross);
    }
}
