//! One walk over a query for both directions: what no dialect of ours has is refused here by name, the rest
//! is handed to the pass, innermost first but for expressions, whose operands a pass wants to see unchanged.

use std::ops::ControlFlow;

use lakegate_base::{Error, Result, Subject};
use sqlparser::ast::*;

/// A deeper tree is refused: it is walked by recursion.
const DEPTH_MAX: usize = 200;

/// More expressions in one are refused: a guard repeats its operand, and guards in guards double it each
/// time.
const PARTS_MAX: usize = 100_000;

/// What one direction does at each place. `expr` walks the operands itself, by [`Walk::operands`].
pub trait Pass: Sized {
    fn expr(&mut self, walk: &mut Walk, expr: &mut Expr) -> Result<()>;
    /// A name that stands alone, or the parts of a column's name.
    fn ident(&mut self, ident: &mut Ident) -> Result<()>;
    fn query(&mut self, query: &mut Query) -> Result<()>;
    /// Before its parts are walked.
    fn select(&mut self, select: &mut Select) -> Result<()>;
    /// After its parts were walked.
    fn selected(&mut self, select: &mut Select) -> Result<()>;
    fn table(&mut self, table: &mut TableFactor) -> Result<()>;
    fn sort_key(&mut self, key: &mut OrderByExpr) -> Result<()>;
}

#[derive(Default)]
pub struct Walk {
    depth: usize,
}

pub fn refused(what: impl std::fmt::Display, hint: &str) -> Error {
    Error::unsupported(what).hint(hint)
}

/// Refuses when a clause that neither dialect should carry is there.
fn without(is_there: bool, what: impl std::fmt::Display) -> Result<()> {
    match is_there {
        true => Err(refused(what, "Leave it out.")),
        false => Ok(()),
    }
}

impl Walk {
    pub fn statement<P: Pass>(&mut self, pass: &mut P, statement: &mut Statement) -> Result<()> {
        match statement {
            Statement::Query(query) => self.query(pass, query),
            Statement::Explain {
                statement,
                format,
                options,
                verbose,
                query_plan,
                estimate,
                ..
            } => {
                let plain = !*verbose && !*query_plan && !*estimate;
                without(format.is_some() || options.is_some() || !plain, "options of EXPLAIN")?;
                self.statement(pass, statement)
            }
            _ => Err(refused(
                "a statement that is no query",
                "Only SELECT, VALUES and EXPLAIN are translated.",
            )
            .about(Subject::Statement)),
        }
    }

    pub fn query<P: Pass>(&mut self, pass: &mut P, query: &mut Query) -> Result<()> {
        self.deeper()?;
        without(!query.locks.is_empty(), "FOR UPDATE and FOR SHARE")?;
        without(query.for_clause.is_some(), "FOR XML and FOR JSON")?;
        without(query.settings.is_some() || query.format_clause.is_some(), "SETTINGS and FORMAT")?;
        without(!query.pipe_operators.is_empty(), "the pipe operator |>")?;
        for cte in query.with.iter_mut().flat_map(|with| &mut with.cte_tables) {
            without(cte.from.is_some(), "FROM in a WITH clause")?;
            self.alias(pass, &mut cte.alias)?;
            self.query(pass, &mut cte.query)?;
        }
        self.body(pass, &mut query.body)?;
        if let Some(OrderBy { kind, interpolate }) = &mut query.order_by {
            without(interpolate.is_some(), "INTERPOLATE")?;
            match kind {
                OrderByKind::Expressions(keys) => self.sort_keys(pass, keys)?,
                OrderByKind::All(_) => without(true, "ORDER BY ALL")?,
            }
        }
        pass.query(query)?;
        self.depth -= 1;
        Ok(())
    }

    fn body<P: Pass>(&mut self, pass: &mut P, body: &mut SetExpr) -> Result<()> {
        self.deeper()?;
        match body {
            SetExpr::Select(select) => self.select(pass, select)?,
            SetExpr::Query(query) => self.query(pass, query)?,
            SetExpr::SetOperation { left, right, op, set_quantifier } => {
                without(*op == SetOperator::Minus, "MINUS")?;
                let by_name = !matches!(
                    set_quantifier,
                    SetQuantifier::All | SetQuantifier::Distinct | SetQuantifier::None
                );
                without(by_name, "set operations BY NAME")?;
                self.body(pass, left)?;
                self.body(pass, right)?;
            }
            SetExpr::Values(values) => {
                without(values.explicit_row || values.value_keyword, "VALUES ROW")?;
                for row in &mut values.rows {
                    self.exprs(pass, &mut row.content)?;
                }
            }
            SetExpr::Table(_) => without(true, "TABLE as a query")?,
            _ => without(true, "a change of data inside a query")?,
        }
        self.depth -= 1;
        Ok(())
    }

    fn select<P: Pass>(&mut self, pass: &mut P, select: &mut Select) -> Result<()> {
        check_select(select)?;
        pass.select(select)?;
        for joins in &mut select.from {
            self.joins(pass, joins)?;
        }
        for item in &mut select.projection {
            self.item(pass, item)?;
        }
        for condition in select.selection.iter_mut().chain(&mut select.having) {
            self.expr(pass, condition)?;
        }
        match &mut select.group_by {
            GroupByExpr::Expressions(exprs, modifiers) => {
                without(!modifiers.is_empty(), "GROUP BY WITH")?;
                self.groups(pass, exprs)?;
            }
            GroupByExpr::All(_) => without(true, "GROUP BY ALL")?,
        }
        for NamedWindowDefinition(name, window) in &mut select.named_window {
            pass.ident(name)?;
            match window {
                NamedWindowExpr::NamedWindow(name) => pass.ident(name)?,
                NamedWindowExpr::WindowSpec(window) => self.window(pass, window)?,
            }
        }
        pass.selected(select)
    }

    fn groups<P: Pass>(&mut self, pass: &mut P, exprs: &mut [Expr]) -> Result<()> {
        for expr in exprs {
            match expr {
                Expr::GroupingSets(sets) | Expr::Cube(sets) | Expr::Rollup(sets) => {
                    for set in sets {
                        self.exprs(pass, set)?;
                    }
                }
                _ => self.expr(pass, expr)?,
            }
        }
        Ok(())
    }

    fn item<P: Pass>(&mut self, pass: &mut P, item: &mut SelectItem) -> Result<()> {
        match item {
            SelectItem::UnnamedExpr(expr) => self.expr(pass, expr),
            SelectItem::ExprWithAlias { expr, alias } => {
                self.expr(pass, expr)?;
                pass.ident(alias)
            }
            SelectItem::ExprWithAliases { .. } => without(true, "several names of one column"),
            SelectItem::Wildcard(options) => check_wildcard(options),
            SelectItem::QualifiedWildcard(kind, options) => {
                check_wildcard(options)?;
                match kind {
                    SelectItemQualifiedWildcardKind::ObjectName(name) => object_name(pass, name),
                    SelectItemQualifiedWildcardKind::Expr(_) => {
                        without(true, "fields of a row by *")
                    }
                }
            }
        }
    }

    fn joins<P: Pass>(&mut self, pass: &mut P, joins: &mut TableWithJoins) -> Result<()> {
        self.deeper()?;
        self.table(pass, &mut joins.relation)?;
        for join in &mut joins.joins {
            without(join.global, "GLOBAL joins")?;
            self.table(pass, &mut join.relation)?;
            let constraint = match &mut join.join_operator {
                JoinOperator::Join(constraint)
                | JoinOperator::Inner(constraint)
                | JoinOperator::Left(constraint)
                | JoinOperator::LeftOuter(constraint)
                | JoinOperator::Right(constraint)
                | JoinOperator::RightOuter(constraint)
                | JoinOperator::FullOuter(constraint)
                | JoinOperator::CrossJoin(constraint) => constraint,
                _ => {
                    return Err(refused(
                        "this kind of join",
                        "Write INNER, LEFT, RIGHT, FULL or CROSS JOIN.",
                    ));
                }
            };
            match constraint {
                JoinConstraint::On(condition) => self.expr(pass, condition)?,
                JoinConstraint::Using(names) => {
                    names.iter_mut().try_for_each(|name| object_name(pass, name))?;
                }
                JoinConstraint::Natural => {
                    return Err(refused(
                        "NATURAL joins, which Athena does not have",
                        "Name the columns: JOIN u USING (id).",
                    ));
                }
                JoinConstraint::None => {}
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn table<P: Pass>(&mut self, pass: &mut P, table: &mut TableFactor) -> Result<()> {
        pass.table(table)?;
        let alias = match table {
            TableFactor::Table {
                name,
                alias,
                args,
                with_hints,
                partitions,
                json_path,
                index_hints,
                ..
            } => {
                without(args.is_some(), format!("the table function {name}"))?;
                let plain =
                    with_hints.is_empty() && partitions.is_empty() && index_hints.is_empty();
                without(!plain || json_path.is_some(), "hints beside a table")?;
                alias
            }
            TableFactor::Derived { subquery, alias, .. } => {
                self.query(pass, subquery)?;
                alias
            }
            TableFactor::UNNEST { alias, array_exprs, with_offset, .. } => {
                without(*with_offset, "WITH OFFSET")?;
                self.exprs(pass, array_exprs)?;
                alias
            }
            TableFactor::NestedJoin { table_with_joins, alias } => {
                without(alias.is_some(), "the alias of a join")?;
                return self.joins(pass, table_with_joins);
            }
            TableFactor::Function { name, .. } => {
                return Err(refused(
                    format!("the table function {name}"),
                    "Write it as a subquery.",
                ));
            }
            _ => {
                return Err(refused(
                    "this kind of table",
                    "Write a table, a subquery, a join or UNNEST.",
                ));
            }
        };
        alias.as_mut().map_or(Ok(()), |alias| self.alias(pass, alias))
    }

    fn alias<P: Pass>(&mut self, pass: &mut P, alias: &mut TableAlias) -> Result<()> {
        without(alias.at.is_some(), "AT beside an alias")?;
        pass.ident(&mut alias.name)?;
        for column in &mut alias.columns {
            without(column.data_type.is_some(), "types of an alias's columns")?;
            pass.ident(&mut column.name)?;
        }
        Ok(())
    }

    pub fn exprs<P: Pass>(&mut self, pass: &mut P, exprs: &mut [Expr]) -> Result<()> {
        exprs.iter_mut().try_for_each(|expr| self.expr(pass, expr))
    }

    pub fn expr<P: Pass>(&mut self, pass: &mut P, expr: &mut Expr) -> Result<()> {
        self.deeper()?;
        pass.expr(self, expr)?;
        if Visit::visit(expr, &mut Parts(0)).is_break() {
            return Err(too_deep());
        }
        self.depth -= 1;
        Ok(())
    }

    pub fn sort_keys<P: Pass>(&mut self, pass: &mut P, keys: &mut [OrderByExpr]) -> Result<()> {
        for key in keys {
            without(key.with_fill.is_some(), "WITH FILL")?;
            self.expr(pass, &mut key.expr)?;
            pass.sort_key(key)?;
        }
        Ok(())
    }

    pub fn window<P: Pass>(&mut self, pass: &mut P, window: &mut WindowSpec) -> Result<()> {
        if let Some(name) = &mut window.window_name {
            pass.ident(name)?;
        }
        self.exprs(pass, &mut window.partition_by)?;
        self.sort_keys(pass, &mut window.order_by)?;
        let Some(frame) = &mut window.window_frame else { return Ok(()) };
        for bound in [Some(&mut frame.start_bound), frame.end_bound.as_mut()].into_iter().flatten()
        {
            if let WindowFrameBound::Preceding(Some(rows))
            | WindowFrameBound::Following(Some(rows)) = bound
            {
                self.expr(pass, rows)?;
            }
        }
        Ok(())
    }

    fn deeper(&mut self) -> Result<()> {
        self.depth += 1;
        match self.depth > DEPTH_MAX {
            true => Err(too_deep()),
            false => Ok(()),
        }
    }
}

pub fn object_name<P: Pass>(pass: &mut P, name: &mut ObjectName) -> Result<()> {
    for part in &mut name.0 {
        match part {
            ObjectNamePart::Identifier(ident) => pass.ident(ident)?,
            ObjectNamePart::Function(_) => without(true, "a computed name")?,
        }
    }
    Ok(())
}

fn check_select(select: &Select) -> Result<()> {
    without(!select.optimizer_hints.is_empty() || select.select_modifiers.is_some(), "hints")?;
    without(select.top.is_some(), "TOP")?;
    without(select.exclude.is_some(), "EXCLUDE")?;
    without(select.into.is_some(), "SELECT INTO")?;
    without(!select.lateral_views.is_empty(), "LATERAL VIEW")?;
    without(select.prewhere.is_some(), "PREWHERE")?;
    without(!select.connect_by.is_empty(), "CONNECT BY")?;
    let sorted = !select.cluster_by.is_empty() || !select.distribute_by.is_empty();
    without(sorted || !select.sort_by.is_empty(), "CLUSTER, DISTRIBUTE and SORT BY")?;
    without(select.qualify.is_some(), "QUALIFY")?;
    without(select.value_table_mode.is_some(), "SELECT AS VALUE")?;
    without(select.flavor != SelectFlavor::Standard, "FROM before SELECT")?;
    match select.distinct {
        Some(Distinct::On(_)) => Err(refused(
            "DISTINCT ON",
            "Number the rows in a subquery, row_number() OVER (PARTITION BY … ORDER BY …), and \
            keep those with 1.",
        )),
        _ => Ok(()),
    }
}

fn check_wildcard(options: &WildcardAdditionalOptions) -> Result<()> {
    let plain = options.opt_ilike.is_none()
        && options.opt_exclude.is_none()
        && options.opt_except.is_none()
        && options.opt_replace.is_none()
        && options.opt_rename.is_none()
        && options.opt_alias.is_none();
    without(!plain, "options of *")
}

/// Before anything recurses into it: expressions within expressions, counted until there are too many.
pub fn check_depth(statement: &Statement) -> Result<()> {
    match Visit::visit(statement, &mut Depth(0)) {
        ControlFlow::Break(()) => Err(too_deep()),
        ControlFlow::Continue(()) => Ok(()),
    }
}

struct Depth(usize);

impl Visitor for Depth {
    type Break = ();

    fn pre_visit_expr(&mut self, _: &Expr) -> ControlFlow<()> {
        self.0 += 1;
        if self.0 > DEPTH_MAX { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn post_visit_expr(&mut self, _: &Expr) -> ControlFlow<()> {
        self.0 -= 1;
        ControlFlow::Continue(())
    }
}

struct Parts(usize);

impl Visitor for Parts {
    type Break = ();

    fn pre_visit_expr(&mut self, _: &Expr) -> ControlFlow<()> {
        self.0 += 1;
        if self.0 > PARTS_MAX { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

pub fn too_deep() -> Error {
    Error::exhausted("the statement is nested too deeply")
        .about(Subject::Complexity)
        .hint("Write fewer nested parentheses and shorter chains of operators.")
}
