//! A prepared statement of this engine, and its parameters.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::common::metadata::ScalarAndMetadata;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, ParamValues, ScalarValue};
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan};
use lakegate_base::{Error, Parameter, Prepared, Result, Statement, StatementKind, Subject};
use sqlparser::ast::Statement as Tree;

use crate::error::from_datafusion;
use crate::explain::{is_explain, schema as explain_schema};
use crate::functions;
use crate::plan::Planned;
use crate::sql::Formality;
use crate::system::types::PG_TYPE;
use crate::temporary::Change;

/// A plan older than this is made anew: its tables may have newer versions.
const PLAN_AGE_MAX: Duration = Duration::from_secs(1);
/// Postgres's own limit on `$n`.
const PARAMETERS_MAX: usize = 65_535;

pub struct LakePrepared {
    pub statement: Statement,
    pub shape: Arc<Shape>,
    /// The types the client declared.
    pub declared: Vec<Option<FieldRef>>,
    /// What becomes of the rows, where they are no answer.
    pub change: Option<Change>,
    /// We cannot plan it: another engine runs it.
    pub is_elsewhere: bool,
    /// The plan that `prepare` found, for the first execution soon after it.
    fresh: Mutex<Option<(Planned, Instant)>>,
}

/// What is known of a statement before it runs.
pub struct Shape {
    pub tree: Arc<Tree>,
    pub schema: SchemaRef,
    pub parameters: Vec<DataType>,
    /// The Postgres types of those whose Arrow type does not tell it.
    parameter_names: Vec<Option<String>>,
}

/// A statement that has nothing to do.
pub struct PreparedFormality(pub Formality);

impl Prepared for PreparedFormality {
    fn kind(&self) -> StatementKind {
        StatementKind::Command
    }

    fn schema(&self) -> SchemaRef {
        Arc::new(Schema::empty())
    }

    fn parameters(&self) -> &[DataType] {
        &[]
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Prepared for LakePrepared {
    fn kind(&self) -> StatementKind {
        self.statement.kind.clone()
    }

    fn schema(&self) -> SchemaRef {
        match self.change {
            Some(_) => Arc::new(Schema::empty()),
            None => Arc::clone(&self.shape.schema),
        }
    }

    fn parameters(&self) -> &[DataType] {
        &self.shape.parameters
    }

    fn parameter_name(&self, index: usize) -> Option<&str> {
        self.shape.parameter_names.get(index)?.as_deref()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl LakePrepared {
    /// A statement that is no query: its columns are known without planning.
    pub fn command(statement: &Statement, tree: Arc<Tree>, schema: SchemaRef) -> Self {
        let (parameters, parameter_names) = (Vec::new(), Vec::new());
        let shape = Arc::new(Shape { tree, schema, parameters, parameter_names });
        let (statement, fresh) = (statement.clone(), Mutex::new(None));
        Self { statement, shape, declared: Vec::new(), change: None, is_elsewhere: false, fresh }
    }

    /// A query that we cannot plan, with the columns another engine gives it.
    pub fn elsewhere(statement: &Statement, tree: Arc<Tree>, schema: SchemaRef) -> Self {
        Self { is_elsewhere: true, ..Self::command(statement, tree, schema) }
    }

    pub fn query(
        statement: &Statement,
        shape: Arc<Shape>,
        planned: Planned,
        declared: &[Option<FieldRef>],
    ) -> Self {
        let fresh = Mutex::new(Some((planned, Instant::now())));
        let (statement, declared) = (statement.clone(), declared.to_vec());
        Self { statement, shape, declared, change: None, is_elsewhere: false, fresh }
    }

    /// The plan from `prepare`, if nobody has taken it.
    pub fn fresh(&self) -> Option<Planned> {
        let fresh = self.fresh.lock().unwrap_or_else(PoisonError::into_inner);
        fresh.as_ref().map(|(planned, _)| planned.clone())
    }

    /// The plan from `prepare`, once, while it is fresh.
    pub fn take_fresh(&self) -> Option<Planned> {
        let taken = self.fresh.lock().unwrap_or_else(PoisonError::into_inner).take();
        taken.filter(|(_, made)| made.elapsed() < PLAN_AGE_MAX).map(|(planned, _)| planned)
    }
}

impl Shape {
    pub fn of(tree: Arc<Tree>, planned: &Planned, declared: &[Option<FieldRef>]) -> Result<Self> {
        let fields = parameter_fields(&planned.plan, declared)?;
        let named = fields.iter().map(|field| field.metadata().get(PG_TYPE).cloned());
        let parameter_names = named.collect();
        let parameters: Vec<DataType> = fields.iter().map(|f| f.data_type().clone()).collect();
        let schema = match is_explain(&tree) {
            true => explain_schema(&tree),
            false => answer_schema(planned, &parameters)?,
        };
        Ok(Self { tree, schema, parameters, parameter_names })
    }
}

/// Declared types first, then inferred ones; what neither tells is text, as Postgres's unknown becomes.
fn parameter_fields(plan: &LogicalPlan, declared: &[Option<FieldRef>]) -> Result<Vec<FieldRef>> {
    let inferred = plan.get_parameter_fields().map_err(from_datafusion)?;
    let told = told_by_place(plan)?;
    let mut fields: BTreeMap<usize, FieldRef> = BTreeMap::new();
    for (name, field) in inferred {
        let position = name.strip_prefix('$').and_then(|n| n.parse::<usize>().ok());
        let Some(position) = position.filter(|p| (1..=PARAMETERS_MAX).contains(p)) else {
            return Err(Error::invalid(format!("there is no parameter {name}"))
                .about(Subject::Parameter)
                .hint("Name parameters $1, $2, …"));
        };
        if let Some(field) = field.or_else(|| told.get(&name).cloned()) {
            fields.insert(position, field);
        }
    }
    let count = fields.keys().max().copied().unwrap_or(0).max(declared.len());
    let count = count.max(last_parameter(plan)?);
    let unnamed = |data_type: DataType| Arc::new(Field::new("", data_type, true));
    Ok((1..=count)
        .map(|position| {
            let declared = declared.get(position - 1).cloned().flatten();
            let known = declared.or_else(|| fields.remove(&position));
            let known = known.unwrap_or_else(|| unnamed(DataType::Utf8));
            // Clients send text, not views of it.
            match known.data_type() {
                DataType::Utf8View | DataType::LargeUtf8 | DataType::Null => {
                    Arc::new(known.as_ref().clone().with_data_type(DataType::Utf8))
                }
                DataType::BinaryView | DataType::LargeBinary => unnamed(DataType::Binary),
                _ => known,
            }
        })
        .collect())
}

/// The greatest number of a parameter, whatever is known of it.
fn last_parameter(plan: &LogicalPlan) -> Result<usize> {
    let names = plan.get_parameter_names().map_err(from_datafusion)?;
    let numbers = names.iter().filter_map(|name| name.strip_prefix('$')?.parse().ok());
    Ok(numbers.filter(|number| *number <= PARAMETERS_MAX).max().unwrap_or(0))
}

/// What DataFusion does not infer: `$1::date` is a date, a limit is a whole number, and a parameter beside
/// others in a function or CASE is what they are.
fn told_by_place(plan: &LogicalPlan) -> Result<BTreeMap<String, FieldRef>> {
    let mut told = Told::default();
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::Limit(limit) = node {
            for expr in [&limit.skip, &limit.fetch].into_iter().flatten() {
                told.tell(expr, &DataType::Int64);
            }
        }
        let schema = merge_schema(&node.inputs());
        node.apply_expressions(|expr| {
            expr.apply(|expr| {
                told.by(expr, &schema);
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })
    .map_err(from_datafusion)?;
    Ok(told.0)
}

/// Functions whose arguments are of one type, and so is their value.
const ALIKE: [&str; 4] = ["coalesce", "nullif", "greatest", "least"];
/// Functions of a text and whole numbers.
const TEXT_AND_NUMBERS: [&str; 8] =
    ["substring", "substr", "left", "right", "repeat", "lpad", "rpad", "split_part"];

/// The types of parameters, by name.
#[derive(Default)]
struct Told(BTreeMap<String, FieldRef>);

impl Told {
    fn tell(&mut self, expr: &Expr, data_type: &DataType) {
        self.tell_field(expr, &Arc::new(Field::new("", data_type.clone(), true)));
    }

    fn tell_field(&mut self, expr: &Expr, field: &FieldRef) {
        if let Expr::Placeholder(placeholder) = expr {
            let field = placeholder.field.as_ref().unwrap_or(field);
            self.0.entry(placeholder.id.clone()).or_insert_with(|| Arc::clone(field));
        }
    }

    fn by(&mut self, expr: &Expr, schema: &DFSchema) {
        match expr {
            // Known in one place, unknown in another: DataFusion keeps the last.
            Expr::Placeholder(placeholder) => {
                if let Some(field) = placeholder.field.clone() {
                    self.tell_field(expr, &field);
                }
            }
            Expr::Cast(cast) => self.tell_field(&cast.expr, &cast.field),
            Expr::TryCast(cast) => self.tell_field(&cast.expr, &cast.field),
            Expr::Case(case) => {
                let results = case.when_then_expr.iter().map(|(_, then)| then.as_ref());
                self.alike(&results.chain(case.else_expr.as_deref()).collect::<Vec<_>>(), schema);
            }
            Expr::ScalarFunction(call) => match (call.name(), call.args.as_slice()) {
                ("array_has", [list, element]) => {
                    if let Ok(data_type) = element.get_type(schema) {
                        self.tell(list, &DataType::new_list(data_type, true));
                    }
                }
                (name, args) if ALIKE.contains(&name) => {
                    self.alike(&args.iter().collect::<Vec<_>>(), schema);
                }
                (name, [_, numbers @ ..]) if TEXT_AND_NUMBERS.contains(&name) => {
                    let is_text = |at: usize| match name {
                        "lpad" | "rpad" => at == 1,
                        "split_part" => at == 0,
                        _ => false,
                    };
                    let numbers = numbers.iter().enumerate().filter(|(at, _)| !is_text(*at));
                    numbers.for_each(|(_, number)| self.tell(number, &DataType::Int32));
                }
                _ => {}
            },
            _ => {}
        }
    }

    /// The first whose type is known tells the others.
    fn alike(&mut self, exprs: &[&Expr], schema: &DFSchema) {
        let is_known = |expr: &&&Expr| !matches!(expr, Expr::Placeholder(_));
        let fields = exprs.iter().filter(is_known).filter_map(|expr| expr.to_field(schema).ok());
        let known = fields.map(|(_, field)| field).find(|f| *f.data_type() != DataType::Null);
        if let Some(known) = known {
            exprs.iter().for_each(|expr| self.tell_field(expr, &known));
        }
    }
}

/// The answer's columns, with parameters typed as NULLs of their types.
fn answer_schema(planned: &Planned, parameters: &[DataType]) -> Result<SchemaRef> {
    let nulls: Result<Vec<ScalarValue>> =
        parameters.iter().map(|t| ScalarValue::try_from(t).map_err(from_datafusion)).collect();
    let plan = with_values(planned.plan.clone(), nulls?)?;
    let options = planned.state.config_options();
    let analyzed = planned
        .state
        .analyzer()
        .execute_and_check(plan, options, |_, _| {})
        .map_err(from_datafusion)?;
    Ok(named_schema(analyzed.schema().as_arrow(), planned.names.as_deref()))
}

/// The planner's schema under the names the client expects.
fn named_schema(schema: &Schema, names: Option<&[String]>) -> SchemaRef {
    let renamed = |(index, field): (usize, &Arc<Field>)| {
        let name = names.and_then(|names| names.get(index)).unwrap_or_else(|| field.name());
        Field::new(name, field.data_type().clone(), true).with_metadata(field.metadata().clone())
    };
    Arc::new(Schema::new(schema.fields().iter().enumerate().map(renamed).collect::<Vec<_>>()))
}

/// Puts bound values in the place of `$1`, `$2`, ….
pub fn bind(plan: LogicalPlan, shape: &Shape, values: &[Parameter]) -> Result<LogicalPlan> {
    let Shape { parameters: types, parameter_names: names, .. } = shape;
    if types.len() != values.len() {
        return Err(Error::invalid(format!(
            "bind message supplies {} parameters, but prepared statement requires {}",
            values.len(),
            types.len()
        ))
        .about(Subject::Parameter));
    }
    let scalars = values.iter().zip(types).zip(names).map(|((value, data_type), name)| {
        ScalarValue::try_from_array(value, 0)
            .and_then(|scalar| scalar.cast_to(data_type))
            .and_then(|scalar| functions::json_value(scalar, name.as_deref()))
            .map_err(from_datafusion)
    });
    with_values(plan, scalars.collect::<Result<_>>()?)
}

fn with_values(plan: LogicalPlan, values: Vec<ScalarValue>) -> Result<LogicalPlan> {
    if values.is_empty() {
        return Ok(plan);
    }
    let values = values.into_iter().map(|value| ScalarAndMetadata::new(value, None)).collect();
    plan.replace_params_with_values(&ParamValues::List(values)).map_err(from_datafusion)
}
