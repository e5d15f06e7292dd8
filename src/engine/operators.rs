//! Operators whose meaning depends on the types of their operands: planned here, before DataFusion's own
//! planners, as functions of ours.

use datafusion::arrow::datatypes::{DataType, IntervalUnit};
use datafusion::common::{DFSchema, Result};
use datafusion::functions_nested::array_has::array_has_any_udf;
use datafusion::logical_expr::expr::{
    AggregateFunction, BinaryExpr, Cast, WindowFunction, WindowFunctionParams,
};
use datafusion::logical_expr::planner::{
    ExprPlanner, PlannerResult, RawAggregateExpr, RawBinaryExpr, RawFieldAccessExpr, RawWindowExpr,
};
use datafusion::logical_expr::{Expr, ExprSchemable, GetFieldAccess, Operator, ScalarUDF, lit};
use sqlparser::ast::BinaryOperator;

use crate::functions::{
    self, INTERVAL_DIVIDED, INTERVAL_TIMES, INTERVAL_WORTH, JSON_GET, JSON_GET_TEXT, JSON_PATH,
    JSON_PATH_TEXT, JSONB_CONCAT, JSONB_CONTAINS, JSONB_DELETE, JSONB_DELETE_PATH, JSONB_EXISTS,
    JSONB_EXISTS_ALL, JSONB_EXISTS_ANY, is_interval,
};
use crate::system::types;

/// The planner, with the functions it calls.
#[derive(Debug)]
pub struct Operators {
    functions: Vec<ScalarUDF>,
}

impl Operators {
    pub fn new() -> Self {
        Self { functions: functions::all() }
    }

    fn call(&self, name: &str, arguments: Vec<Expr>) -> Option<Expr> {
        let function = self.functions.iter().find(|f| f.name() == name)?;
        Some(function.call(arguments))
    }

    /// None leaves the operator to DataFusion.
    fn plan(&self, raw: &RawBinaryExpr, schema: &DFSchema) -> Option<Expr> {
        let left = raw.left.get_type(schema).ok()?;
        let right = raw.right.get_type(schema).ok()?;
        if is_interval(&left) || is_interval(&right) {
            return self.of_intervals(raw, &left, &right);
        }
        let sides = || vec![raw.left.clone(), raw.right.clone()];
        match raw.op {
            BinaryOperator::PGExp => self.call("power", sides()),
            BinaryOperator::PGOverlap if left.is_list() && right.is_list() => {
                Some(array_has_any_udf().call(sides()))
            }
            // Days, not a length of time.
            BinaryOperator::Minus if left == DataType::Date32 && right == DataType::Date32 => {
                let (a, b) = (Box::new(raw.left.clone()), Box::new(raw.right.clone()));
                let days = Expr::BinaryExpr(BinaryExpr::new(a, Operator::Minus, b));
                Some(Expr::Cast(Cast::new(Box::new(days), DataType::Int32)))
            }
            _ => self.call(self.of_json(raw, &left, &right, schema)?, sides()),
        }
    }

    /// The function that an operator of JSON is.
    fn of_json(
        &self,
        raw: &RawBinaryExpr,
        left: &DataType,
        right: &DataType,
        schema: &DFSchema,
    ) -> Option<&'static str> {
        let is_jsonb = |side: &Expr| {
            let field = side.to_field(schema).ok().map(|(_, field)| field);
            field.is_some_and(|field| types::named_by(&field) == Some("jsonb"))
        };
        let is_value = |t: &DataType| t.is_string() || t.is_nested();
        let lists = left.is_list() || right.is_list();
        Some(match raw.op {
            BinaryOperator::Arrow if is_value(left) => JSON_GET,
            BinaryOperator::LongArrow if is_value(left) => JSON_GET_TEXT,
            BinaryOperator::HashArrow if is_value(left) => JSON_PATH,
            BinaryOperator::HashLongArrow if is_value(left) => JSON_PATH_TEXT,
            BinaryOperator::AtArrow if !lists => JSONB_CONTAINS,
            BinaryOperator::Question => JSONB_EXISTS,
            BinaryOperator::QuestionPipe => JSONB_EXISTS_ANY,
            BinaryOperator::QuestionAnd => JSONB_EXISTS_ALL,
            BinaryOperator::HashMinus => JSONB_DELETE_PATH,
            BinaryOperator::Minus if is_jsonb(&raw.left) => JSONB_DELETE,
            BinaryOperator::StringConcat if is_jsonb(&raw.left) && is_jsonb(&raw.right) => {
                JSONB_CONCAT
            }
            _ => return None,
        })
    }

    fn of_intervals(&self, raw: &RawBinaryExpr, left: &DataType, right: &DataType) -> Option<Expr> {
        let (a, b) = (raw.left.clone(), raw.right.clone());
        let is_number = |t: &DataType| t.is_numeric();
        match raw.op {
            BinaryOperator::Multiply if is_number(right) => self.call(INTERVAL_TIMES, vec![a, b]),
            BinaryOperator::Multiply if is_number(left) => self.call(INTERVAL_TIMES, vec![b, a]),
            BinaryOperator::Divide if is_number(right) => self.call(INTERVAL_DIVIDED, vec![a, b]),
            _ => {
                // A month is worth thirty days, a day 24 hours: as durations they are compared.
                let operator = comparison(&raw.op)?;
                let comparable = |t: &DataType| is_interval(t) || t.is_string();
                if !comparable(left) || !comparable(right) {
                    return None;
                }
                let worth = |side: Expr, of: &DataType| {
                    let side = if of.is_string() { as_interval(side) } else { side };
                    self.call(INTERVAL_WORTH, vec![side])
                };
                let (a, b) = (worth(a, left)?, worth(b, right)?);
                Some(Expr::BinaryExpr(BinaryExpr::new(Box::new(a), operator, Box::new(b))))
            }
        }
    }
}

fn as_interval(text: Expr) -> Expr {
    let interval = DataType::Interval(IntervalUnit::MonthDayNano);
    Expr::Cast(Cast::new(Box::new(text), interval))
}

fn comparison(operator: &BinaryOperator) -> Option<Operator> {
    Some(match operator {
        BinaryOperator::Eq => Operator::Eq,
        BinaryOperator::NotEq => Operator::NotEq,
        BinaryOperator::Lt => Operator::Lt,
        BinaryOperator::LtEq => Operator::LtEq,
        BinaryOperator::Gt => Operator::Gt,
        BinaryOperator::GtEq => Operator::GtEq,
        _ => return None,
    })
}

/// Postgres counts the elements of its two types of vectors from zero.
fn is_vector(expr: &Expr, schema: &DFSchema) -> bool {
    let field = expr.to_field(schema).ok().map(|(_, field)| field);
    let named = field.as_deref().and_then(types::named_by);
    matches!(named, Some("int2vector" | "oidvector"))
}

impl ExprPlanner for Operators {
    fn plan_binary_op(
        &self,
        raw: RawBinaryExpr,
        schema: &DFSchema,
    ) -> Result<PlannerResult<RawBinaryExpr>> {
        // `a <@ b` is `b @> a`.
        let raw = match raw.op {
            BinaryOperator::ArrowAt => {
                RawBinaryExpr { op: BinaryOperator::AtArrow, left: raw.right, right: raw.left }
            }
            _ => raw,
        };
        Ok(match self.plan(&raw, schema) {
            Some(expr) => PlannerResult::Planned(expr),
            None => PlannerResult::Original(raw),
        })
    }

    fn plan_field_access(
        &self,
        mut raw: RawFieldAccessExpr,
        schema: &DFSchema,
    ) -> Result<PlannerResult<RawFieldAccessExpr>> {
        if let GetFieldAccess::ListIndex { key } = &mut raw.field_access
            && is_vector(&raw.expr, schema)
        {
            let place = Box::new(key.as_ref().clone());
            **key = Expr::BinaryExpr(BinaryExpr::new(place, Operator::Plus, Box::new(lit(1_i64))));
        }
        Ok(PlannerResult::Original(raw))
    }

    /// A count is bigint.
    fn plan_aggregate(&self, raw: RawAggregateExpr) -> Result<PlannerResult<RawAggregateExpr>> {
        if raw.func.name() != "regr_count" {
            return Ok(PlannerResult::Original(raw));
        }
        let RawAggregateExpr { func, args, distinct, filter, order_by, null_treatment } = raw;
        let count =
            AggregateFunction::new_udf(func, args, distinct, filter, order_by, null_treatment);
        let count = Box::new(Expr::AggregateFunction(count));
        Ok(PlannerResult::Planned(Expr::Cast(Cast::new(count, DataType::Int64))))
    }

    /// Places are bigint, numbers of groups integer; DataFusion counts without sign.
    fn plan_window(&self, raw: RawWindowExpr) -> Result<PlannerResult<RawWindowExpr>> {
        let to = match raw.func_def.name() {
            "row_number" | "rank" | "dense_rank" => DataType::Int64,
            "ntile" => DataType::Int32,
            _ => return Ok(PlannerResult::Original(raw)),
        };
        let RawWindowExpr {
            func_def,
            args,
            partition_by,
            order_by,
            window_frame,
            filter,
            null_treatment,
            distinct,
        } = raw;
        let params = WindowFunctionParams {
            args,
            partition_by,
            order_by,
            window_frame,
            filter,
            null_treatment,
            distinct,
        };
        let window = Expr::from(WindowFunction { fun: func_def, params });
        Ok(PlannerResult::Planned(Expr::Cast(Cast::new(Box::new(window), to))))
    }
}
