//! Scalar subqueries that DataFusion turns into no join, as `(SELECT count(*) FROM t WHERE x = ANY(t.list))`
//! or one whose FROM unnests a column from outside. Such a subquery is answered once for all different values
//! of the outside columns, side by side with them, and its answers are joined to the rows that ask.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, JoinType, Result, ScalarValue};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{
    Aggregate, Distinct, EmptyRelation, Expr, Filter, Join, LogicalPlan, LogicalPlanBuilder,
    Operator, Projection, Sort, Subquery, SubqueryAlias, Unnest, col, when,
};
use datafusion::optimizer::AnalyzerRule;

use super::single_rows::is_aggregated;
use crate::functions;

/// Begin the names of columns; no tool writes them.
const KEY: &str = "\u{1}key";
const ANSWER: &str = "\u{1}answer";

#[derive(Debug)]
pub(super) struct Correlated;

impl AnalyzerRule for Correlated {
    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        plan.transform_up_with_subqueries(|plan| match plan {
            LogicalPlan::Projection(inner) => in_projection(inner),
            LogicalPlan::Filter(inner) => in_filter(inner),
            other => Ok(Transformed::no(other)),
        })
        .data()
    }

    fn name(&self) -> &'static str {
        "correlated"
    }
}

fn in_projection(inner: Projection) -> Result<Transformed<LogicalPlan>> {
    if !inner.expr.iter().any(has_hard) {
        return Ok(Transformed::no(LogicalPlan::Projection(inner)));
    }
    let names = NamePreserver::new(&LogicalPlan::Projection(inner.clone()));
    let mut rows = Rows::new(&inner.input);
    let columns = inner.expr.iter().map(|expr| {
        let name = names.save(expr);
        Ok(name.restore(rows.answered(expr.clone())?))
    });
    let columns = columns.collect::<Result<Vec<_>>>()?;
    let plan = Projection::try_new(columns, Arc::new(rows.plan))?;
    Ok(Transformed::yes(LogicalPlan::Projection(plan)))
}

fn in_filter(inner: Filter) -> Result<Transformed<LogicalPlan>> {
    if !has_hard(&inner.predicate) {
        return Ok(Transformed::no(LogicalPlan::Filter(inner)));
    }
    let columns = inner.input.schema().columns().into_iter().map(Expr::Column);
    let columns = columns.collect::<Vec<_>>();
    let mut rows = Rows::new(&inner.input);
    let condition = rows.answered(inner.predicate.clone())?;
    let plan = LogicalPlanBuilder::from(rows.plan).filter(condition)?.project(columns)?.build()?;
    Ok(Transformed::yes(plan))
}

fn has_hard(expr: &Expr) -> bool {
    let is_hard = |e: &Expr| Ok(matches!(e, Expr::ScalarSubquery(s) if is_hard(s)));
    expr.exists(is_hard).unwrap_or(false)
}

/// Whether outside columns stand anywhere but in equalities of conditions.
fn is_hard(subquery: &Subquery) -> bool {
    if subquery.outer_ref_columns.is_empty() || !is_aggregated(&subquery.subquery) {
        return false;
    }
    let mut hard = false;
    let seen = subquery.subquery.apply(|node| {
        hard |= match node {
            LogicalPlan::Filter(filter) => split_conjunction(&filter.predicate)
                .into_iter()
                .any(|part| looks_outside(part) && !is_equality(part)),
            other => other.expressions().iter().any(looks_outside),
        };
        Ok(TreeNodeRecursion::Continue)
    });
    seen.is_ok() && hard
}

fn looks_outside(expr: &Expr) -> bool {
    expr.exists(|e| Ok(matches!(e, Expr::OuterReferenceColumn(..)))).unwrap_or(true)
}

/// `column = outside`, which DataFusion makes a join of.
fn is_equality(condition: &Expr) -> bool {
    let Expr::BinaryExpr(binary) = condition else { return false };
    let (left, right) = (without_cast(&binary.left), without_cast(&binary.right));
    binary.op == Operator::Eq
        && matches!(
            (left, right),
            (Expr::OuterReferenceColumn(..), Expr::Column(_))
                | (Expr::Column(_), Expr::OuterReferenceColumn(..))
        )
}

fn without_cast(expr: &Expr) -> &Expr {
    match expr {
        Expr::Cast(cast) => cast.expr.as_ref(),
        other => other,
    }
}

/// The rows that ask, with the answers they got so far.
struct Rows {
    plan: LogicalPlan,
    answers: usize,
}

impl Rows {
    fn new(plan: &LogicalPlan) -> Self {
        Self { plan: plan.clone(), answers: 0 }
    }

    /// The expression with columns of answers in the place of hard subqueries.
    fn answered(&mut self, expr: Expr) -> Result<Expr> {
        expr.transform_up(|expr| match &expr {
            Expr::ScalarSubquery(subquery) if is_hard(subquery) => match self.ask(subquery)? {
                Some(answer) => Ok(Transformed::yes(answer)),
                None => Ok(Transformed::no(expr)),
            },
            _ => Ok(Transformed::no(expr)),
        })
        .data()
    }

    fn ask(&mut self, subquery: &Subquery) -> Result<Option<Expr>> {
        let mut outside = Vec::new();
        for expr in &subquery.outer_ref_columns {
            match expr {
                Expr::OuterReferenceColumn(_, column)
                    if self.plan.schema().has_column(column) && !outside.contains(column) =>
                {
                    outside.push(column.clone());
                }
                Expr::OuterReferenceColumn(_, column) if outside.contains(column) => {}
                _ => return Ok(None),
            }
        }
        let asked = Asked::new(&self.plan, &outside)?;
        let Some(lifted) = asked.lift(&subquery.subquery)? else { return Ok(None) };
        let Some(nothing) = over_nothing(&subquery.subquery)? else { return Ok(None) };
        let Some(value) = subquery.subquery.schema().columns().into_iter().next() else {
            return Ok(None);
        };
        let (key, answer) =
            (format!("{KEY} {}", self.answers), format!("{ANSWER}{}", self.answers));
        self.answers += 1;
        let answers = LogicalPlanBuilder::from(lifted)
            .project(vec![col(KEY).alias(&key), Expr::Column(value).alias(&answer)])?
            .build()?;
        let on = (vec![row_key(&outside)], vec![col(Column::from_name(&key))]);
        self.plan = LogicalPlanBuilder::from(self.plan.clone())
            .join_with_expr_keys(answers, JoinType::Left, on, None)?
            .build()?;
        let default = Expr::ScalarSubquery(Subquery {
            subquery: Arc::new(nothing),
            outer_ref_columns: vec![],
            spans: subquery.spans.clone(),
        });
        let answer = col(Column::from_name(answer));
        when(col(Column::from_name(key)).is_null(), default).otherwise(answer).map(Some)
    }
}

fn row_key(columns: &[Column]) -> Expr {
    functions::row_key().call(columns.iter().cloned().map(Expr::Column).collect())
}

/// The different values of the outside columns.
struct Asked {
    plan: LogicalPlan,
    /// One that stands for all, then each.
    keys: Vec<Column>,
    outside: HashMap<Column, Column>,
}

impl Asked {
    fn new(rows: &LogicalPlan, outside: &[Column]) -> Result<Self> {
        let each = |at: usize| Column::from_name(format!("{KEY}{at}"));
        let mut columns = vec![row_key(outside).alias(KEY)];
        for (at, column) in outside.iter().enumerate() {
            columns.push(Expr::Column(column.clone()).alias(each(at).name));
        }
        let plan = LogicalPlanBuilder::from(rows.clone()).project(columns)?.distinct()?.build()?;
        let keys = plan.schema().columns();
        let places = outside.iter().cloned().enumerate();
        Ok(Self { plan, keys, outside: places.map(|(at, column)| (column, each(at))).collect() })
    }

    fn keys(&self) -> impl Iterator<Item = Expr> {
        self.keys.iter().cloned().map(Expr::Column)
    }

    /// The plan for every value asked for, which stand beside its own columns. None where it cannot be.
    fn lift(&self, plan: &LogicalPlan) -> Result<Option<LogicalPlan>> {
        if !mentions_outside(plan)? {
            let beside = LogicalPlanBuilder::from(self.plan.clone()).cross_join(plan.clone())?;
            return beside.build().map(Some);
        }
        let names = NamePreserver::new(plan);
        let inside = |expr: &Expr| {
            let name = names.save(expr);
            Ok(name.restore(self.inside(expr.clone())?))
        };
        let all = |exprs: &[Expr]| exprs.iter().map(inside).collect::<Result<Vec<_>>>();
        if let LogicalPlan::Join(join) = plan {
            return self.lift_join(join);
        }
        let [input] = plan.inputs()[..] else { return Ok(None) };
        let Some(input) = self.lift(input)?.map(Arc::new) else { return Ok(None) };
        Ok(Some(match plan {
            LogicalPlan::Projection(inner) => {
                let columns = self.keys().chain(all(&inner.expr)?).collect();
                LogicalPlan::Projection(Projection::try_new(columns, input)?)
            }
            LogicalPlan::Filter(inner) => {
                LogicalPlan::Filter(Filter::try_new(self.inside(inner.predicate.clone())?, input)?)
            }
            LogicalPlan::SubqueryAlias(inner) => self.aliased(inner, input)?,
            LogicalPlan::Aggregate(inner) => {
                let groups = self.keys().chain(all(&inner.group_expr)?).collect();
                let values = all(&inner.aggr_expr)?;
                LogicalPlan::Aggregate(Aggregate::try_new(input, groups, values)?)
            }
            LogicalPlan::Unnest(inner) => {
                let (columns, options) = (inner.exec_columns.clone(), inner.options.clone());
                LogicalPlan::Unnest(Unnest::try_new(input, columns, options)?)
            }
            LogicalPlan::Sort(Sort { fetch: None, .. }) => input.as_ref().clone(),
            LogicalPlan::Distinct(Distinct::All(_)) => LogicalPlan::Distinct(Distinct::All(input)),
            _ => return Ok(None),
        }))
    }

    /// One side at most looks outside, and keeps all its rows.
    fn lift_join(&self, join: &Join) -> Result<Option<LogicalPlan>> {
        let sides = (mentions_outside(&join.left)?, mentions_outside(&join.right)?);
        let lifted = match (sides, join.join_type) {
            ((_, false), JoinType::Inner | JoinType::Left) => {
                self.lift(&join.left)?.map(|left| (Arc::new(left), Arc::clone(&join.right)))
            }
            ((false, true), JoinType::Inner | JoinType::Right) => {
                self.lift(&join.right)?.map(|right| (Arc::clone(&join.left), Arc::new(right)))
            }
            _ => None,
        };
        let Some((left, right)) = lifted else { return Ok(None) };
        let on =
            join.on.iter().map(|(a, b)| Ok((self.inside(a.clone())?, self.inside(b.clone())?)));
        let on = on.collect::<Result<Vec<_>>>()?;
        let filter = join.filter.clone().map(|filter| self.inside(filter)).transpose()?;
        let join = Join { left, right, on, filter, ..join.clone() };
        LogicalPlan::Join(join).recompute_schema().map(Some)
    }

    /// An alias is one of all columns: the values asked for keep their own names.
    fn aliased(&self, alias: &SubqueryAlias, input: Arc<LogicalPlan>) -> Result<LogicalPlan> {
        let aliased = SubqueryAlias::try_new(input, alias.alias.clone())?;
        let keys = self.keys.iter().map(|key| {
            Expr::Column(Column::new(Some(alias.alias.clone()), &key.name)).alias(&key.name)
        });
        let own = alias.schema.columns().into_iter().map(Expr::Column);
        let columns = keys.chain(own).collect();
        let aliased = Arc::new(LogicalPlan::SubqueryAlias(aliased));
        Ok(LogicalPlan::Projection(Projection::try_new(columns, aliased)?))
    }

    /// Columns from outside as those that stand beside.
    fn inside(&self, expr: Expr) -> Result<Expr> {
        expr.transform_up(|expr| {
            Ok(match &expr {
                Expr::OuterReferenceColumn(_, column) => match self.outside.get(column) {
                    Some(key) => Transformed::yes(Expr::Column(key.clone())),
                    None => Transformed::no(expr),
                },
                _ => Transformed::no(expr),
            })
        })
        .data()
    }
}

fn mentions_outside(plan: &LogicalPlan) -> Result<bool> {
    plan.exists(|node| Ok(node.expressions().iter().any(looks_outside)))
}

/// What the subquery answers where no row is left to aggregate.
fn over_nothing(plan: &LogicalPlan) -> Result<Option<LogicalPlan>> {
    let nothing = |expr: Expr| {
        expr.transform_up(|expr| {
            Ok(match expr {
                Expr::OuterReferenceColumn(field, _) => {
                    let null = ScalarValue::try_from(field.data_type())?;
                    Transformed::yes(Expr::Literal(null, None))
                }
                other => Transformed::no(other),
            })
        })
        .data()
    };
    let [input] = plan.inputs()[..] else { return Ok(None) };
    let input = match plan {
        LogicalPlan::Aggregate(_) => LogicalPlan::EmptyRelation(EmptyRelation {
            produce_one_row: false,
            schema: Arc::clone(input.schema()),
        }),
        _ => match over_nothing(input)? {
            Some(input) => input,
            None => return Ok(None),
        },
    };
    let names = NamePreserver::new(plan);
    let exprs = plan.expressions().into_iter().map(|expr| {
        let name = names.save(&expr);
        Ok(name.restore(nothing(expr)?))
    });
    plan.with_new_exprs(exprs.collect::<Result<Vec<_>>>()?, vec![input]).map(Some)
}
