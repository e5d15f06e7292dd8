use lakegate_base::Transaction;

use super::{Lake, text};

#[tokio::test]
async fn transactions_restore_settings_and_refuse_after_failure() {
    let lake = Lake::new();
    let session = lake.session().await;
    let run = |sql: &'static str| text(session.as_ref(), sql);
    run("SET TimeZone = 'America/Sao_Paulo'").await;
    run("BEGIN").await;
    run("SET TimeZone = 'Asia/Tokyo'").await;
    assert_eq!(run("SHOW TimeZone").await, "Asia/Tokyo");
    assert!(run("SELECT nothing").await.starts_with("NotFound"));
    assert_eq!(session.transaction(), Transaction::Failed);
    assert!(run("SELECT 1").await.contains("current transaction is aborted"));
    run("ROLLBACK").await;
    assert_eq!(run("SHOW TimeZone").await, "America/Sao_Paulo");
    run("BEGIN").await;
    run("SET LOCAL TimeZone = 'Asia/Tokyo'").await;
    run("SET application_name = 'kept'").await;
    run("COMMIT").await;
    assert_eq!(run("SHOW TimeZone").await, "America/Sao_Paulo");
    assert_eq!(run("SHOW application_name").await, "kept");
}

#[tokio::test]
async fn sessions_never_see_each_other() {
    let lake = Lake::new();
    let (one, two) = (lake.session().await, lake.session().await);
    text(one.as_ref(), "SET TimeZone = 'Asia/Tokyo'").await;
    assert_eq!(text(two.as_ref(), "SHOW TimeZone").await, "UTC");
}

#[tokio::test]
async fn only_reading_is_allowed() {
    let lake = Lake::new();
    std::fs::write(lake.path("canary.csv"), "secret\n1\n").expect("written");
    let canary = lake.path("canary.csv").display().to_string();
    let refused = [
        format!("CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '{canary}'"),
        format!("SELECT * FROM '{canary}'"),
        format!("SELECT * FROM \"{canary}\""),
        format!("COPY (SELECT 1) TO '{canary}'"),
        "CREATE TABLE t AS SELECT 1".to_string(),
        "CREATE VIEW v AS SELECT 1".to_string(),
        "DROP TABLE lakegate.query_log".to_string(),
        "INSERT INTO lakegate.query_log VALUES (1)".to_string(),
        "DELETE FROM lakegate.query_log".to_string(),
        "SET datafusion.runtime.memory_limit = '1G'".to_string(),
        "SET datafusion.execution.target_partitions = 1".to_string(),
        "RESET datafusion.runtime.temp_directory".to_string(),
        "CREATE FUNCTION f() RETURNS int AS '1'".to_string(),
        "EXPLAIN CREATE TABLE t AS SELECT 1".to_string(),
    ];
    for sql in refused {
        let answer = lake.query(&sql).await;
        let kinds = ["Unsupported", "NotFound", "InvalidInput", "Denied"];
        assert!(kinds.iter().any(|kind| answer.starts_with(kind)), "{sql}: {answer}");
        assert!(!answer.contains("secret"), "{sql}: {answer}");
    }
}

#[tokio::test]
async fn the_query_log_tells_what_ran() {
    let lake = Lake::new();
    lake.query("SELECT 41 + 1").await;
    lake.query("SELECT 1 / 0").await;
    let log = "SELECT statement, outcome, rows FROM lakegate.query_log ORDER BY started_at";
    let rows = lake.query(log).await;
    assert!(rows.contains("SELECT 41 + 1 | ok | 1"), "{rows}");
    assert!(rows.contains("SELECT 1 / 0 | invalidinput"), "{rows}");
}

#[tokio::test]
async fn names_repeat_as_in_postgres() {
    let lake = Lake::new();
    assert_eq!(lake.query("SELECT 1, 1").await, "1 | 1");
}
