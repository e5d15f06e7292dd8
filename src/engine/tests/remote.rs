//! Which statements leave for an engine elsewhere, in what words, and what becomes of its rows. The engine
//! is one that answers every statement with the same rows and writes down what it was asked.

use std::any::Any;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use datafusion::arrow::array::{ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, SchemaRef};
use lakegate_base::{Bill, Error, Remote, RemoteQuery, Result, Rows, Stop};
use sqlparser::ast::Statement;

use super::{Lake, answer, text};
use crate::RemoteOptions;

#[derive(Default)]
struct Elsewhere {
    asked: Mutex<Vec<RemoteQuery>>,
    described: Mutex<usize>,
}

impl Elsewhere {
    /// The texts it ran since the last call.
    fn texts(&self) -> Vec<String> {
        let asked = std::mem::take(&mut *self.asked.lock().expect("a lock"));
        asked.into_iter().map(|query| query.text).collect()
    }
}

fn rows() -> RecordBatch {
    let columns: [(&str, ArrayRef); 2] = [
        ("_col0", Arc::new(Int64Array::from(vec![7, 8]))),
        ("name", Arc::new(StringArray::from(vec!["far", "away"]))),
    ];
    RecordBatch::try_from_iter(columns).expect("a batch")
}

#[async_trait]
impl Remote for Elsewhere {
    fn name(&self) -> &'static str {
        "athena"
    }

    fn translate(&self, tree: &(dyn Any + Send + Sync), _: &[FieldRef], _: &str) -> Result<String> {
        tree.downcast_ref::<Statement>()
            .map(ToString::to_string)
            .ok_or_else(|| Error::internal("no tree"))
    }

    fn price(&self, bytes: Option<u64>) -> String {
        if bytes.is_some_and(|bytes| bytes > 0) { "some bytes" } else { "unknown" }.to_string()
    }

    async fn describe(&self, _: &RemoteQuery, _: &Stop) -> Result<SchemaRef> {
        *self.described.lock().expect("a lock") += 1;
        Ok(rows().schema())
    }

    async fn run(&self, query: RemoteQuery, stop: &Stop, bill: &mut Bill) -> Result<Rows> {
        self.asked.lock().expect("a lock").push(query);
        bill.execution = Some("e-1".to_string());
        bill.bytes_scanned = 10_000_000;
        bill.dollars = 0.00005;
        let stream = Box::pin(futures::stream::iter([Ok(rows())]));
        Ok(Rows { schema: rows().schema(), stream, stop: stop.clone() })
    }
}

async fn lake(tables: &[&str], fallback: bool) -> (Lake, Arc<Elsewhere>) {
    let elsewhere = Arc::new(Elsewhere::default());
    let remote = RemoteOptions {
        engine: elsewhere.clone(),
        fallback,
        tables: tables.iter().map(ToString::to_string).collect(),
        queries_max: 2,
    };
    let lake = Lake::with(|options| options.remote = Some(remote));
    for name in ["near", "far"] {
        let columns: [(&str, ArrayRef); 2] = [
            ("id", Arc::new(Int32Array::from(vec![1, 2, 3]))),
            ("name", Arc::new(StringArray::from(vec!["a", "b", "c"]))),
        ];
        lake.table(name, &[RecordBatch::try_from_iter(columns).expect("a batch")]).await;
    }
    (lake, elsewhere)
}

#[tokio::test]
async fn a_statement_over_a_marked_table_leaves_whole() {
    let (lake, elsewhere) = lake(&["public.far"], false).await;
    assert_eq!(lake.query("SELECT id, name FROM near WHERE id = 3").await, "3 | c");
    assert!(elsewhere.texts().is_empty());
    let sql = "SELECT f.id, n.name FROM far f JOIN near n ON n.id = f.id";
    assert_eq!(lake.query(sql).await, "7 | far\n8 | away");
    let asked = elsewhere.texts();
    let expected =
        r#"SELECT f.id, n.name FROM "public"."far" f JOIN "public"."near" n ON n.id = f.id"#;
    assert_eq!(asked, [expected]);
    assert_eq!(*elsewhere.described.lock().expect("a lock"), 0);
}

#[tokio::test]
async fn names_of_with_queries_stay() {
    let (lake, elsewhere) = lake(&["public.*"], false).await;
    let sql = "WITH w AS (SELECT * FROM far) SELECT w.id, (SELECT max(name) FROM near) FROM w";
    lake.query(sql).await;
    let expected = r#"WITH w AS (SELECT * FROM "public"."far") SELECT w.id, (SELECT max(name) FROM "public"."near") FROM w"#;
    assert_eq!(elsewhere.texts(), [expected]);
}

#[tokio::test]
async fn settings_and_hints_say_where() {
    let (lake, elsewhere) = lake(&["public.far"], false).await;
    let session = lake.session().await;
    let session = session.as_ref();
    text(session, "SELECT /*+ route(athena) */ id, name FROM near").await;
    text(session, " /*+ route(athena) */ SELECT id, name FROM near").await;
    assert_eq!(elsewhere.texts().len(), 2);
    answer(session, "SET lakegate.route = 'athena'").await.expect("set");
    text(session, "SELECT id, name FROM near").await;
    assert_eq!(elsewhere.texts().len(), 1);
    assert_eq!(text(session, "SELECT /*+ route(local) */ max(id) FROM far").await, "3");
    // What reads no table of the catalog has nothing to do there.
    assert_eq!(text(session, "SELECT 1 + 1").await, "2");
    assert_eq!(text(session, "SELECT count(*) > 0 FROM pg_catalog.pg_class").await, "true");
    let mixed = text(session, "SELECT c.relname, n.id FROM pg_class c, near n").await;
    assert!(mixed.starts_with("Unsupported: not supported: pg_class in"), "{mixed}");
    answer(session, "RESET lakegate.route").await.expect("reset");
    assert_eq!(text(session, "SELECT max(id) FROM near").await, "3");
    assert!(elsewhere.texts().is_empty());
    let unknown = text(session, "SELECT /*+ route(mars) */ 1").await;
    assert_eq!(unknown, "InvalidInput: there is no route \"mars\"");
}

#[tokio::test]
async fn only_what_is_unsupported_falls_back() {
    const UNSUPPORTED: &str = "SELECT id, name FROM near TABLESAMPLE BERNOULLI (10)";
    let (strict, elsewhere) = lake(&[], false).await;
    assert!(strict.query(UNSUPPORTED).await.starts_with("Unsupported"));
    assert!(elsewhere.texts().is_empty());

    let (lake, elsewhere) = lake(&[], true).await;
    assert_eq!(lake.query(UNSUPPORTED).await, "7 | far\n8 | away");
    assert_eq!(elsewhere.texts().len(), 1);
    assert_eq!(*elsewhere.described.lock().expect("a lock"), 1);
    for wrong in [
        "SELECT id FROM nowhere TABLESAMPLE BERNOULLI (10)",
        "SELECT missing FROM near",
        "SELECT id + 'x'::date FROM near",
        "SELECT no_such_function(id) FROM near",
        "SELEC id FROM near",
        "SELECT 1 / 0 FROM near",
    ] {
        let refused = lake.query(wrong).await;
        assert!(refused.contains(": "), "{wrong}: {refused}");
        assert!(elsewhere.texts().is_empty(), "{wrong}: {refused}");
    }
    assert_eq!(*elsewhere.described.lock().expect("a lock"), 1);
}

#[tokio::test]
async fn explain_tells_where_and_for_how_much_and_runs_nothing() {
    let (lake, elsewhere) = lake(&["public.far"], false).await;
    let told = lake.query("EXPLAIN SELECT id, name FROM far WHERE id = 1").await;
    assert!(told.starts_with("Runs on athena: some bytes\nStatement:\n"), "{told}");
    assert!(told.contains(r#"FROM "public"."far" WHERE id = 1"#), "{told}");
    let refused = lake.query("EXPLAIN ANALYZE SELECT id FROM far").await;
    assert!(refused.starts_with("Unsupported: not supported: options of EXPLAIN"), "{refused}");
    assert!(elsewhere.texts().is_empty());
}

#[tokio::test]
async fn values_leave_in_the_statement() {
    let (lake, elsewhere) = lake(&["public.far"], false).await;
    let session = lake.session().await;
    let statement = session.parse("SELECT id, name FROM far WHERE id > $1 AND name = $2");
    let prepared = session.prepare(&statement.expect("parsed")[0], &[]).await.expect("prepared");
    assert_eq!(prepared.parameters(), [DataType::Int32, DataType::Utf8]);
    let values: [ArrayRef; 2] =
        [Arc::new(Int32Array::from(vec![-1])), Arc::new(StringArray::from(vec!["it's"]))];
    let answered = session.execute(prepared.as_ref(), &values).await.expect("answered");
    assert_eq!(answered.notices, ["runs on athena: some bytes"]);
    let rows = answered.rows.expect("rows");
    assert_eq!(rows.schema.field(0), &Field::new("id", DataType::Int32, true));
    let batches: Vec<_> = futures::StreamExt::collect(rows.stream).await;
    assert_eq!(batches.len(), 1);
    let expected = r#"SELECT id, name FROM "public"."far" WHERE id > CAST('-1' AS INTEGER) AND name = 'it''s'"#;
    assert_eq!(elsewhere.texts(), [expected]);
}

#[tokio::test]
async fn columns_that_do_not_fit_are_refused() {
    let (lake, _) = lake(&["public.far"], false).await;
    let refused = lake.query("SELECT id, id AS name FROM far").await;
    assert!(refused.starts_with("Corrupt: column name: athena answers Utf8"), "{refused}");
    let refused = lake.query("SELECT id, name AS other FROM far").await;
    assert!(refused.contains("a column \"name\" where \"other\" was told"), "{refused}");
    let refused = lake.query("SELECT id FROM far").await;
    assert!(refused.contains("2 columns where 1 were told"), "{refused}");
}

#[tokio::test]
async fn the_query_log_has_the_bill() {
    let (lake, _) = lake(&["public.far"], false).await;
    lake.query("SELECT id, name FROM far").await;
    let sql = "SELECT route, execution, bytes_scanned, dollars, rows, outcome \
               FROM lakegate.query_log WHERE statement LIKE '%FROM far'";
    assert_eq!(lake.query(sql).await, "athena | e-1 | 10000000 | 0.00005 | 2 | ok");
}

#[tokio::test]
async fn without_one_nothing_leaves() {
    let lake = Lake::new();
    let refused = lake.query("SELECT /*+ route(athena) */ 1").await;
    assert_eq!(refused, "InvalidInput: no Athena is configured");
    assert_eq!(lake.query("SELECT /*+ route(local) */ 1").await, "1");
}
