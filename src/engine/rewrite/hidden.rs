//! `"$path"` and `"$file_modified_time"`, which every table of the lake has and `*` does not show. DataFusion
//! knows no such columns. So a table whose hidden columns are named goes on under a name of its own, with
//! them as plain columns under names of their own, which no natural join meets; what names them names
//! those, and the wildcards of the same SELECT leave them out. Adding them to every table and taking them
//! out of what is planned would be too late: wildcards, natural joins and the widths of unions are settled
//! by then.
//!
//! Goes last, when the statement's tables are known: a real column of that name comes first.

mod scope;

use std::ops::ControlFlow;

use datafusion::arrow::datatypes::SchemaRef;
use lakegate_base::Result;
use sqlparser::ast::{
    ExcludeSelectItem, Expr, Ident, JoinOperator, ObjectName, ObjectNamePart, OrderBy, OrderByKind,
    Query, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, Statement, TableAlias,
    TableAliasColumnDef, TableFactor, Visit, VisitMut, Visitor, VisitorMut,
    WildcardAdditionalOptions, With,
};

use self::scope::{Exposed, Factor, Scopes, parts};
use super::output::MARK;
use super::{Flow, build, flow};
use crate::scan::Hidden;

/// What the statement names: its real columns, and whether it has hidden ones.
pub struct Relation {
    pub columns: SchemaRef,
    pub is_lake: bool,
}

/// Looks up a relation by the parts of its name, folded.
pub type Relations<'a> = dyn Fn(&[String]) -> Option<Relation> + 'a;

/// A table that must be there under a second name, with hidden columns.
#[derive(Debug, PartialEq, Eq)]
pub struct Shown {
    /// As the statement had it.
    pub table: Vec<String>,
    /// The last part of its name, as it is now.
    pub renamed: String,
    pub columns: Vec<(Hidden, String)>,
}

/// True when the statement names a hidden column; others are left as they are.
pub fn is_named(statement: &Statement) -> bool {
    struct Search;
    impl Visitor for Search {
        type Break = ();
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            match hidden(expr) {
                Some(_) => ControlFlow::Break(()),
                None => ControlFlow::Continue(()),
            }
        }
    }
    Visit::visit(statement, &mut Search).is_break()
}

/// Makes the hidden columns that a statement names columns of its tables.
pub fn show(statement: &mut Statement, relations: &Relations<'_>) -> Result<Vec<Shown>> {
    let mut rewriter = Rewriter { scopes: Scopes::new(relations), shown: Vec::new() };
    let mut inner = statement;
    while let Statement::Explain { statement, .. } = inner {
        inner = statement;
    }
    if let Statement::Query(query) = inner {
        rewriter.query(query)?;
    }
    Ok(rewriter.shown)
}

fn hidden(expr: &Expr) -> Option<Hidden> {
    match expr {
        Expr::Identifier(ident) => Hidden::named(&ident.value),
        Expr::CompoundIdentifier(parts) => Hidden::named(&parts.last()?.value),
        _ => None,
    }
}

struct Rewriter<'a> {
    scopes: Scopes<'a>,
    shown: Vec<Shown>,
}

impl Rewriter<'_> {
    /// Answers the hidden columns' names among the query's own columns.
    fn query(&mut self, query: &mut Query) -> Result<Exposed> {
        let outer = self.scopes.common.len();
        if let Some(with) = &mut query.with {
            self.common(with)?;
        }
        let exposed = self.body(&mut query.body, query.order_by.as_mut())?;
        self.scopes.common.truncate(outer);
        Ok(exposed)
    }

    fn common(&mut self, with: &mut With) -> Result<()> {
        for table in &mut with.cte_tables {
            let name = build::folded(&table.alias.name);
            if with.recursive {
                // What it will have is not known yet.
                self.scopes.common.push((name.clone(), [true; 2]));
            }
            let exposed = self.query(&mut table.query)?;
            if with.recursive {
                self.scopes.common.pop();
            }
            self.scopes.common.push((name, scope::renamed(exposed, Some(&table.alias))));
        }
        Ok(())
    }

    fn body(&mut self, body: &mut SetExpr, order: Option<&mut OrderBy>) -> Result<Exposed> {
        match body {
            SetExpr::Select(select) => self.select(select, order),
            SetExpr::Query(query) => self.query(query),
            SetExpr::SetOperation { left, right, .. } => {
                let exposed = self.body(left, None)?;
                self.body(right, None)?;
                Ok(exposed)
            }
            SetExpr::Values(values) => self.expressions(values).map(|()| [false; 2]),
            _ => Ok([false; 2]),
        }
    }

    fn select(&mut self, select: &mut Select, order: Option<&mut OrderBy>) -> Result<Exposed> {
        let mut from = std::mem::take(&mut select.from);
        let (mut leaves, mut joins) = (Vec::new(), Vec::new());
        from.iter_mut().for_each(|from| parts(from, &mut leaves, &mut joins));
        let factors = leaves.iter_mut().map(|leaf| self.factor(leaf)).collect::<Result<_>>()?;
        self.scopes.enter(factors);
        for (at, leaf) in leaves.iter_mut().enumerate() {
            self.lateral(leaf, at)?;
        }
        joins.iter_mut().try_for_each(|join| self.expressions::<JoinOperator>(join))?;
        keep_names(&mut select.projection);
        self.expressions(select)?;
        if let Some(order) = order {
            self.order(order, &select.projection)?;
        }
        let factors = self.scopes.leave();
        for (leaf, factor) in leaves.into_iter().zip(&factors) {
            self.shown.extend(rename(leaf, factor));
        }
        let exposed = scope::exposed(&select.projection, &factors);
        wildcards(&mut select.projection, &factors);
        select.from = from;
        Ok(exposed)
    }

    /// Subqueries that see nothing of their neighbours are done here.
    fn factor(&mut self, leaf: &mut TableFactor) -> Result<Factor> {
        let exposed = match leaf {
            TableFactor::Derived { lateral: false, subquery, .. } => self.query(subquery)?,
            _ => [false; 2],
        };
        Ok(self.scopes.factor(leaf, exposed))
    }

    /// Those that do are done among them.
    fn lateral(&mut self, leaf: &mut TableFactor, at: usize) -> Result<()> {
        match leaf {
            TableFactor::Derived { lateral: true, subquery, alias, .. } => {
                let exposed = self.query(subquery)?;
                self.scopes.expose(at, scope::renamed(exposed, alias.as_ref()));
                Ok(())
            }
            TableFactor::UNNEST { array_exprs, .. } => self.expressions(array_exprs),
            TableFactor::Table { args: Some(args), .. } => self.expressions(args),
            _ => Ok(()),
        }
    }

    /// A bare name is the answer's column first.
    fn order(&mut self, order: &mut OrderBy, projection: &[SelectItem]) -> Result<()> {
        let OrderByKind::Expressions(keys) = &mut order.kind else { return Ok(()) };
        let answered = scope::exposed(projection, &[]);
        for key in keys {
            let is_answered = |hidden: Hidden| answered[hidden as usize];
            let bare = matches!(key.expr, Expr::Identifier(_));
            if !(bare && hidden(&key.expr).is_some_and(is_answered)) {
                self.expressions(key)?;
            }
        }
        Ok(())
    }

    fn expressions<T: VisitMut>(&mut self, within: &mut T) -> Result<()> {
        let mut expressions = Expressions { rewriter: self, queries: Vec::new() };
        match VisitMut::visit(within, &mut expressions) {
            ControlFlow::Break(error) => Err(*error),
            ControlFlow::Continue(()) => Ok(()),
        }
    }

    fn name(&mut self, expr: &mut Expr) -> Result<()> {
        let Some(hidden) = hidden(expr) else { return Ok(()) };
        let qualifier: Vec<String> = match expr {
            Expr::CompoundIdentifier(parts) => {
                parts.iter().take(parts.len() - 1).map(build::folded).collect()
            }
            _ => Vec::new(),
        };
        if let Some((table, column)) = self.scopes.find(&qualifier, hidden)? {
            *expr = Expr::CompoundIdentifier(vec![table, column]);
        }
        Ok(())
    }
}

/// Names in expressions, and the queries in them by the rules for queries.
struct Expressions<'r, 'a> {
    rewriter: &'r mut Rewriter<'a>,
    /// Taken out while what stands there instead is visited.
    queries: Vec<Query>,
}

impl VisitorMut for Expressions<'_, '_> {
    type Break = Box<lakegate_base::Error>;

    fn pre_visit_query(&mut self, query: &mut Query) -> Flow {
        let done = self.rewriter.query(query);
        let empty = build::select(build::number(1), None);
        self.queries.push(std::mem::replace(query, empty));
        flow(done.map(|_| ()))
    }

    fn post_visit_query(&mut self, query: &mut Query) -> Flow {
        if let Some(own) = self.queries.pop() {
            *query = own;
        }
        Flow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> Flow {
        flow(self.rewriter.name(expr))
    }
}

/// A hidden column in the select list goes on under its own name.
fn keep_names(projection: &mut [SelectItem]) {
    for item in projection {
        if let SelectItem::UnnamedExpr(expr) = item
            && let Some(hidden) = hidden(expr)
        {
            let alias = build::ident(hidden.name());
            *item = SelectItem::ExprWithAlias { expr: build::take(expr), alias };
        }
    }
}

/// Gives a table that shows hidden columns its second name; the rest of the statement knows it by the first.
fn rename(leaf: &mut TableFactor, factor: &Factor) -> Option<Shown> {
    let columns = factor.shown();
    let TableFactor::Table { name, alias, .. } = leaf else { return None };
    let number = columns.first()?.1.rsplit(MARK).next()?.to_string();
    let renamed = format!("{}{MARK}{number}", factor.parts.last()?);
    *name.0.last_mut()? = ObjectNamePart::Identifier(build::ident(&renamed));
    let own =
        || TableAlias { explicit: true, name: factor.ident.clone(), columns: vec![], at: None };
    let alias = alias.get_or_insert_with(own);
    if !alias.columns.is_empty() {
        let added = columns.iter().map(|(_, column)| {
            let name = build::ident(column);
            TableAliasColumnDef { name, data_type: None }
        });
        alias.columns.extend(added);
    }
    Some(Shown { table: factor.parts.clone(), renamed, columns })
}

fn wildcards(projection: &mut [SelectItem], factors: &[Factor]) {
    for item in projection {
        match item {
            SelectItem::Wildcard(options) => {
                let all = factors.iter().flat_map(Factor::shown);
                exclude(options, all.map(|(_, column)| build::ident(&column)).collect());
            }
            SelectItem::QualifiedWildcard(
                SelectItemQualifiedWildcardKind::ObjectName(name),
                options,
            ) => {
                let qualifier = build::folded_parts(name).unwrap_or_default();
                let factor = factors.iter().find(|factor| factor.is_called(&qualifier));
                let Some(factor) = factor.filter(|factor| !factor.shown().is_empty()) else {
                    continue;
                };
                *name = ObjectName::from(vec![factor.ident.clone()]);
                let shown = factor.shown().into_iter();
                exclude(options, shown.map(|(_, column)| build::ident(&column)).collect());
            }
            _ => {}
        }
    }
}

fn exclude(options: &mut WildcardAdditionalOptions, columns: Vec<Ident>) {
    if columns.is_empty() {
        return;
    }
    let mut names = match options.opt_exclude.take() {
        None => Vec::new(),
        Some(ExcludeSelectItem::Single(name)) => vec![name],
        Some(ExcludeSelectItem::Multiple(names)) => names,
    };
    names.extend(columns.into_iter().map(|column| ObjectName::from(vec![column])));
    options.opt_exclude = Some(ExcludeSelectItem::Multiple(names));
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::datatypes::{DataType, Field, Schema};
    use sqlparser::dialect::PostgreSqlDialect;
    use sqlparser::parser::Parser;

    use super::*;

    /// Two tables of the lake, t and u; r has a real `$path`; v is a view.
    fn shown(sql: &str) -> Result<String, String> {
        let mut tree = Parser::parse_sql(&PostgreSqlDialect {}, sql).expect("SQL").remove(0);
        let relations = |parts: &[String]| {
            let name = parts.last().map(String::as_str)?;
            let column = if name == "r" { "$path" } else { "id" };
            let columns = Arc::new(Schema::new(vec![Field::new(column, DataType::Utf8, true)]));
            Some(Relation { columns, is_lake: name != "v" })
        };
        show(&mut tree, &relations).map_err(|e| e.to_string())?;
        Ok(tree.to_string().replace(MARK, "#"))
    }

    #[test]
    fn names_find_their_tables() {
        for (sql, expected) in [
            (
                r#"SELECT *, "$path" FROM t"#,
                r##"SELECT * EXCLUDE ("$path#1"), "t"."$path#1" AS "$path" FROM "t#1" AS "t""##,
            ),
            (
                r#"SELECT x.* FROM u, s.t x WHERE x."$path" = '' ORDER BY "$file_modified_time", 1"#,
                "",
            ),
            (
                r#"SELECT a.id FROM t a NATURAL JOIN t b WHERE a."$path" < b."$path""#,
                r##"SELECT a.id FROM "t#1" a NATURAL JOIN "t#2" b WHERE a."$path#1" < b."$path#2""##,
            ),
            (
                r#"WITH t AS (SELECT "$path" FROM t) SELECT "$path", t."$path" FROM t"#,
                r##"WITH t AS (SELECT "t"."$path#1" AS "$path" FROM "t#1" AS "t") SELECT "$path" AS "$path", t."$path" AS "$path" FROM t"##,
            ),
            (
                r#"SELECT 1 FROM t WHERE EXISTS (SELECT 1 FROM v WHERE v.id = "$path")"#,
                r##"SELECT 1 FROM "t#1" AS "t" WHERE EXISTS (SELECT 1 FROM v WHERE v.id = "t"."$path#1")"##,
            ),
            (r#"SELECT "$path" FROM r"#, r#"SELECT "$path" AS "$path" FROM r"#),
            (r#"SELECT v."$path" FROM v"#, r#"SELECT v."$path" AS "$path" FROM v"#),
            (
                r#"SELECT "$path" AS "$path" FROM t x(a) ORDER BY "$path""#,
                r##"SELECT x."$path#1" AS "$path" FROM "t#1" x (a, "$path#1") ORDER BY "$path""##,
            ),
            (
                r#"SELECT y."$path" FROM (SELECT * FROM t) y, LATERAL (SELECT y."$path") z"#,
                r#"SELECT y."$path" AS "$path" FROM (SELECT * FROM t) y, LATERAL (SELECT y."$path" AS "$path") z"#,
            ),
        ] {
            let found = shown(sql);
            match expected {
                "" => assert!(found.is_err_and(|e| e.contains("is ambiguous")), "{sql}"),
                expected => assert_eq!(found.as_deref(), Ok(expected), "{sql}"),
            }
        }
    }
}
