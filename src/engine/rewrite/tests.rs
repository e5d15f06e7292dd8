//! Replays what real clients sent to PostgreSQL (`tests/catalog/*.sql`): all of it must answer.

use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::util::pretty::pretty_format_batches;
use datafusion::catalog::{
    CatalogProvider, MemTable, MemoryCatalogProvider, MemorySchemaProvider, SchemaProvider,
};
use datafusion::error::Result;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::Statement;
use lakegate_base::Location;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

use crate::EngineOptions;
use crate::engine::dictionary;
use crate::functions;
use crate::system::definitions::{self, INFORMATION_SCHEMA, PG_CATALOG};
use crate::system::fixture::{TestFacts, lake};
use crate::system::{self, SessionFacts};

struct Session {
    context: SessionContext,
    facts: Arc<dyn SessionFacts>,
}

fn session() -> Session {
    let facts = TestFacts::shared();
    let catalog = Arc::new(MemoryCatalogProvider::new());
    for schema in lake().schemas {
        let tables = MemorySchemaProvider::new();
        for relation in lake().relations.iter().filter(|r| r.schema == schema.name) {
            let fields: Vec<_> = relation
                .columns
                .iter()
                .map(|c| arrow::datatypes::Field::new(&c.name, c.data_type.clone(), c.nullable))
                .collect();
            let schema = Arc::new(arrow::datatypes::Schema::new(fields));
            let table = MemTable::try_new(schema, vec![vec![]]).expect("an empty table");
            tables.register_table(relation.name.clone(), Arc::new(table)).expect("a new name");
        }
        catalog.register_schema(&schema.name, Arc::new(tables)).expect("a new schema");
    }
    for name in [PG_CATALOG, INFORMATION_SCHEMA] {
        let tables = MemorySchemaProvider::new();
        for definition in definitions::all().iter().filter(|d| d.schema == name) {
            let table = system::table(name, definition.name, facts.as_ref());
            let table = table.expect("its rows").expect("a defined relation");
            tables.register_table(definition.name.to_string(), table).expect("a new name");
        }
        catalog.register_schema(name, Arc::new(tables)).expect("a new schema");
    }
    let folder = Location::local(&std::env::temp_dir()).expect("a local path");
    let mut state = dictionary(&EngineOptions::new(folder), Arc::new(RuntimeEnv::default()));
    let config = state.config_mut();
    *config = std::mem::take(config).with_default_catalog_and_schema("lake", "sales");
    let context = SessionContext::new_with_state(state);
    context.register_catalog("lake", catalog);
    for udf in functions::session(&facts) {
        context.register_udf(udf);
    }
    Session { context, facts }
}

async fn run(session: &Session, sql: &str) -> Result<Vec<RecordBatch>> {
    let parsed = Parser::parse_sql(&PostgreSqlDialect {}, sql);
    let mut list =
        parsed.map_err(|e| datafusion::error::DataFusionError::SQL(Box::new(e), None))?;
    let mut statement = list.remove(0);
    super::statement(&mut statement, &session.facts)
        .map_err(|e| datafusion::error::DataFusionError::External(Box::new(e)))?;
    let state = session.context.state();
    let plan = state.statement_to_plan(Statement::Statement(Box::new(statement))).await?;
    let plan = super::readable(plan, &session.facts)?;
    let frame = session.context.execute_logical_plan(plan).await?;
    let names = super::names(frame.logical_plan());
    let batches = frame.collect().await?;
    batches.into_iter().map(|batch| named(&batch, names.as_deref())).collect()
}

fn named(batch: &RecordBatch, names: Option<&[String]>) -> Result<RecordBatch> {
    let Some(names) = names else { return Ok(batch.clone()) };
    let schema = batch.schema();
    let fields = schema.fields().iter().zip(names).map(|(f, n)| f.as_ref().clone().with_name(n));
    let schema = Arc::new(arrow::datatypes::Schema::new(fields.collect::<Vec<_>>()));
    Ok(RecordBatch::try_new(schema, batch.columns().to_vec())?)
}

async fn answer(session: &Session, sql: &str) -> String {
    match run(session, sql).await {
        Ok(batches) => {
            pretty_format_batches(&batches).map_or_else(|e| e.to_string(), |t| t.to_string())
        }
        Err(error) => format!("ERROR {error}"),
    }
}

/// The rows, columns separated by `|`.
async fn rows(session: &Session, sql: &str) -> Vec<String> {
    let text = answer(session, sql).await;
    if text.starts_with("ERROR") {
        return vec![text];
    }
    let cells =
        |line: &str| line.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>().join("|");
    text.lines().filter(|l| l.starts_with('|')).skip(1).map(cells).collect()
}

fn statements(client: &str, facts: &dyn SessionFacts) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/catalog");
    let mut text =
        std::fs::read_to_string(folder.join(format!("{client}.sql"))).expect("a recorded file");
    let lake = facts.lake();
    for relation in lake.relations.iter().filter(|r| !r.is_system()) {
        text = text.replace(&format!("{{{}}}", relation.name), &relation.oid.to_string());
    }
    let list = text.split("\n;").map(str::trim);
    let has_sql = |s: &str| s.lines().any(|l| !l.trim().is_empty() && !l.starts_with("--"));
    list.filter(|s| has_sql(s)).map(str::to_string).collect()
}

#[tokio::test]
async fn recorded_statements_answer() {
    let session = session();
    let mut failures = Vec::new();
    let mut answers = String::new();
    let mut summary = String::new();
    for client in ["psql", "psycopg", "sqlalchemy", "asyncpg", "pgjdbc", "metabase", "dbeaver"] {
        let list = statements(client, session.facts.as_ref());
        let mut good = 0;
        for sql in &list {
            let text = answer(&session, sql).await;
            answers.push_str(&format!(
                "-- {client}
{sql}
{text}
"
            ));
            if text.starts_with("ERROR") {
                let head: String = sql.chars().take(300).collect();
                failures.push(format!("{client}: {head}\n    {text}"));
            } else {
                good += 1;
            }
        }
        summary.push_str(&format!("{client} {good}/{} ", list.len()));
    }
    if let Ok(path) = std::env::var("LAKEGATE_TEST_ANSWERS") {
        std::fs::write(path, answers).expect("a writable path");
    }
    assert!(failures.is_empty(), "{summary}\n{}", failures.join("\n"));
}

#[tokio::test]
async fn answers_are_right() {
    let session = session();
    for (sql, expected) in [
        ("select 'orders'::regclass::text, 'pg_class'::regclass::oid", &["orders|1259"][..]),
        ("select c.oid::regclass from pg_class c where relname = 'events'", &["public.events"]),
        (
            "select 1 = any('{1,2}'), 3 <> all(array[1,2]), 'b' = any('{}'::text[])",
            &["true|true|false"],
        ),
        ("select current_user, current_schema, current_database()", &["ada|sales|lake"]),
        (
            "select timestamp '2024-01-02 03:04:05.5'::text, 1.0::float8::text",
            &["2024-01-02 03:04:05.5|1"],
        ),
        ("select extract(second from timestamp '2024-01-02 03:04:05.5')", &["5.500000"]),
        ("select 'a_b' like 'a/_b' escape '/', 'axb' like 'a/_b' escape '/'", &["true|false"]),
        (
            "select (timestamp '2024-01-02 03:04:05' at time zone 'Europe/Madrid') \
             at time zone 'Asia/Tokyo', mod(7, 4)",
            &["2024-01-02T11:04:05|3"],
        ),
        ("select generate_series(1, 3)", &["1", "2", "3"]),
        ("select unnest((select array[1])), unnest((select array[2]))", &["1|2"]),
        ("select -t.x as x from (values (1), (2)) t(x) order by t.x limit 1", &["-1"]),
        (
            "select count(*), count(confrelid) from pg_constraint where confrelid in \
             (select pg_catalog.pg_partition_ancestors('1259') union all \
             values ('1259'::pg_catalog.regclass)) and contype = 'f'",
            &["0|0"],
        ),
        (
            "select array(select option_name || option_value from pg_options_to_table(null))::text, \
             (select t.alias from ts_token_type(1) as t where t.tokid = 1) is null, \
             (select count(*) from pg_partition_tree(1) p where p.isleaf)",
            &["{}|true|0"],
        ),
        (
            "select pg_typeof(k.n) from \
             (select (information_schema._pg_expandarray(array[7])).n) k",
            &["integer"],
        ),
        (
            "select array(select relname from pg_class where relnamespace = n.oid order by 1)::text \
          from pg_namespace n where nspname = 'sales'",
            &["{customers,orders}"],
        ),
        (
            "select (select c.relname from pg_class c where c.oid = d.objoid) from pg_description d \
          where d.description = 'state'",
            &["orders"],
        ),
        (
            "select c.relname, a.attname, pg_get_indexdef(c.oid), \
             pg_get_constraintdef(k.oid) from pg_index i join pg_class c on c.oid = i.indexrelid \
             join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0] \
             join pg_constraint k on k.conindid = c.oid \
             where i.indrelid = 'pg_class'::regclass and i.indisprimary",
            &["pg_class_oid_index|oid|CREATE UNIQUE INDEX pg_class_oid_index ON \
               pg_catalog.pg_class USING btree (oid)|PRIMARY KEY (oid)"],
        ),
        (
            "select t.typname, t.oid::regtype::text, t.typarray::regtype::text from pg_type t \
             where t.oid = 'public.events'::regtype",
            &["events|public.events|public.events[]"],
        ),
        (
            "select amhandler::text, obj_description(oid, 'pg_am'), 0::regoperator::text, \
             'pg_catalog.format_type(oid, integer)'::regprocedure::text from pg_am \
             where amname = 'gin'",
            &["ginhandler|GIN index access method|0|format_type(oid,integer)"],
        ),
        (
            "select nspname, pg_get_userbyid(nspowner), nspacl::text, \
             obj_description(oid, 'pg_namespace') from pg_namespace where nspname = 'public'",
            &["public|pg_database_owner|\
               {pg_database_owner=UC/pg_database_owner,=U/pg_database_owner}|\
               standard public schema"],
        ),
        (
            "select word, catdesc, barelabel from pg_get_keywords() limit 1",
            &["abort|unreserved|true"],
        ),
        (
            "select typinput::text, typinput = 'int4in'::regproc from pg_type where typname = 'int4'",
            &["int4in|true"],
        ),
    ] {
        assert_eq!(rows(&session, sql).await, expected, "{sql}");
    }
}

#[tokio::test]
async fn refuses_what_postgres_refuses() {
    let session = session();
    for (sql, error) in [
        ("select 'nothing'::regclass", "relation \"nothing\" does not exist"),
        (
            "select (select c.relname from pg_class c where c.relnamespace = n.oid) from pg_namespace n",
            "more than one row returned by a subquery",
        ),
        ("select repeat('x', 1000000000)", "requested length too large"),
        ("select length(generate_series(1, 1000000000)::text)", "requested length too large"),
    ] {
        let text = answer(&session, sql).await;
        assert!(text.contains(error), "{sql}: {text}");
    }
}

// Expected names were printed by PostgreSQL 15.
#[tokio::test]
async fn names_columns_as_postgres_does() {
    let session = session();
    for (sql, expected) in [
        (
            "select 1, 1, 'a', count(*), current_user",
            "?column?|?column?|?column?|count|current_user",
        ),
        ("select c.oid, c.* from pg_am c order by oid limit 1", "oid|oid|amname|amhandler|amtype"),
        ("select id::text, 1::int8, 'orders'::regclass from orders", "id|int8|regclass"),
        ("select case when true then 1 end, extract(year from day) from orders", "case|extract"),
        (
            "select (select 1), (select max(id) as m from orders), exists (select 1)",
            "?column?|m|exists",
        ),
        ("select array(select 1), pg_catalog.lower('A') as \"L\", upper('a') as U", "array|L|u"),
        (
            "select trim(trailing ';' from 'a;'), trim(leading 'a' from 'a;'), trim('a')",
            "rtrim|ltrim|btrim",
        ),
        ("select 1 as a union select 2", "a"),
        (
            "select * from (select count(*), max(id) m, 1, 1 from orders) s",
            "count|m|?column?|?column?",
        ),
        (
            "with w as (select id, count(1) from orders group by 1) select * from w order by count",
            "id|count",
        ),
    ] {
        let batches = run(&session, sql).await;
        let header = match &batches {
            Ok(list) => list.first().map(|b| {
                b.schema().fields().iter().map(|f| f.name().clone()).collect::<Vec<_>>().join("|")
            }),
            Err(error) => Some(error.to_string()),
        };
        // An empty answer has no batch to read names from.
        assert_eq!(header.unwrap_or_else(|| expected.to_string()), expected, "{sql}");
    }
}
