//! Plans kept between executions never answer what was before.

use std::sync::Arc;

use datafusion::arrow::array::{Int32Array, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use futures::TryStreamExt;
use lakegate_base::{Prepared, Session};

use super::{Lake, text, write};

fn numbers(values: &[i32]) -> RecordBatch {
    let schema = Arc::new(Schema::new(vec![Field::new("n", DataType::Int32, true)]));
    let column = Arc::new(Int32Array::from(values.to_vec()));
    RecordBatch::try_new(schema, vec![column]).expect("a batch")
}

async fn prepared(session: &dyn Session, sql: &str) -> Arc<dyn Prepared> {
    let statement = session.parse(sql).expect("a statement").remove(0);
    session.prepare(&statement, &[]).await.expect("a plan")
}

/// The rows of one more execution.
async fn rows(session: &dyn Session, prepared: &dyn Prepared) -> usize {
    let answer = session.execute(prepared, &[]).await.expect("an answer");
    let batches: Vec<RecordBatch> =
        answer.rows.expect("rows").stream.try_collect().await.expect("batches");
    batches.iter().map(RecordBatch::num_rows).sum()
}

#[tokio::test]
async fn new_files_of_a_table_are_read() {
    let lake = Lake::new();
    lake.table("t", &[numbers(&[1, 2])]).await;
    let session = lake.session().await;
    let named = prepared(session.as_ref(), "SELECT n FROM t").await;
    for files in 1..4 {
        let expected = format!("{}", files + 1);
        for _ in 0..3 {
            assert_eq!(text(session.as_ref(), "SELECT count(*) FROM t").await, expected);
            assert_eq!(rows(session.as_ref(), named.as_ref()).await, files + 1);
        }
        write(&lake.path(&format!("t/part-{files}.parquet")), &numbers(&[7]));
    }
}

#[tokio::test]
async fn settings_and_temporary_tables_decide_anew() {
    let lake = Lake::new();
    lake.table("t", &[numbers(&[1, 2])]).await;
    let session = lake.session().await;
    let count = "SELECT count(*) FROM t";
    let hour = "SELECT extract(hour FROM timestamptz '2026-01-01 00:00Z')";
    for _ in 0..2 {
        assert_eq!(text(session.as_ref(), count).await, "2");
        assert_eq!(text(session.as_ref(), hour).await, "0");
        text(session.as_ref(), "CREATE TEMP TABLE t AS SELECT 1 AS n").await;
        text(session.as_ref(), "SET TimeZone = 'Asia/Tokyo'").await;
        assert_eq!(text(session.as_ref(), count).await, "1");
        assert_eq!(text(session.as_ref(), hour).await, "9");
        text(session.as_ref(), "DROP TABLE t").await;
        text(session.as_ref(), "RESET TimeZone").await;
        assert_eq!(text(session.as_ref(), count).await, "2");
        text(session.as_ref(), "SET search_path = nowhere").await;
        let missing = text(session.as_ref(), count).await;
        assert!(missing.contains("relation \"t\" does not exist"), "{missing}");
        text(session.as_ref(), "RESET search_path").await;
    }
}

#[tokio::test]
async fn what_speaks_of_its_moment_is_told_anew() {
    let lake = Lake::new();
    let session = lake.session().await;
    let ask = |sql: &'static str| text(session.as_ref(), sql);
    assert_ne!(ask("SELECT now()").await, ask("SELECT now()").await);
    let named = prepared(session.as_ref(), "SELECT * FROM lakegate.query_log").await;
    let before = rows(session.as_ref(), named.as_ref()).await;
    assert!(rows(session.as_ref(), named.as_ref()).await > before);
    let setting = "SELECT setting FROM pg_settings WHERE name = 'application_name'";
    ask("SET application_name = 'one'").await;
    assert_eq!(ask(setting).await, "one");
    assert_eq!(ask("SELECT current_setting('application_name')").await, "one");
    ask("SELECT set_config('application_name', 'two', false)").await;
    assert_eq!(ask(setting).await, "two");
    assert_eq!(ask("SELECT current_setting('application_name')").await, "two");
}
