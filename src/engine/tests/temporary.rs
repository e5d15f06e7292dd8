use lakegate_base::{Answer, Session};

use super::{Lake, answer, text};

async fn tag(session: &dyn Session, sql: &str) -> String {
    match answer(session, sql).await {
        Ok(Answer { tag, notices, .. }) => format!("{tag}{}", notices.join("; ")),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn tools_may_keep_tables_of_their_own() {
    let lake = Lake::new();
    let session = lake.session().await;
    for (sql, expected) in [
        ("CREATE LOCAL TEMPORARY TABLE \"#Tool_1\" (\"id\" INTEGER, day DATE)", "CREATE TABLE"),
        ("INSERT INTO \"#Tool_1\" VALUES (1, '2026-01-02'), (2, NULL)", "INSERT 0 2"),
        ("INSERT INTO \"#Tool_1\" (day) VALUES ('2026-02-03')", "INSERT 0 1"),
        ("CREATE TEMP TABLE chosen AS SELECT id AS n FROM \"#Tool_1\"", "SELECT 3"),
        ("SELECT 5 AS five INTO TEMP other", "SELECT 1"),
        ("CREATE TEMP TABLE chosen (n int)", "relation \"chosen\" already exists"),
        ("INSERT INTO chosen VALUES (1, 2)", "INSERT has more expressions than target columns"),
        ("INSERT INTO chosen VALUES ('x')", "invalid input syntax for type integer: \"x\""),
        (
            "DROP TABLE IF EXISTS other, nothing",
            "DROP TABLEtable \"nothing\" does not exist, skipping",
        ),
        (
            "CREATE TEMP TABLE public.t (n int)",
            "cannot create temporary relation in non-temporary schema",
        ),
    ] {
        assert_eq!(tag(session.as_ref(), sql).await, expected, "{sql}");
    }
    let rows = "SELECT id, day FROM \"#Tool_1\" ORDER BY id NULLS FIRST";
    assert_eq!(text(session.as_ref(), rows).await, " | 2026-02-03\n1 | 2026-01-02\n2 | ");
    assert_eq!(text(session.as_ref(), "SELECT count(*) FROM pg_temp.chosen").await, "3");
    assert!(text(session.as_ref(), "SELECT * FROM other").await.contains("does not exist"));
    let elsewhere = lake.query("SELECT * FROM chosen").await;
    assert!(elsewhere.contains("does not exist"), "{elsewhere}");
}

#[tokio::test]
async fn a_rollback_takes_them_back() {
    let lake = Lake::new();
    let session = lake.session().await;
    let run = |sql: &'static str| tag(session.as_ref(), sql);
    run("CREATE TEMP TABLE t (n int)").await;
    run("BEGIN").await;
    run("INSERT INTO t VALUES (1)").await;
    run("SAVEPOINT s").await;
    run("INSERT INTO t VALUES (2)").await;
    run("ROLLBACK TO s").await;
    assert_eq!(text(session.as_ref(), "SELECT n FROM t").await, "1");
    run("ROLLBACK").await;
    assert_eq!(text(session.as_ref(), "SELECT count(*) FROM t").await, "0");
    run("DISCARD TEMP").await;
    assert!(text(session.as_ref(), "SELECT n FROM t").await.contains("does not exist"));
}

#[tokio::test]
async fn they_are_bounded() {
    let lake = Lake::new();
    let session = lake.session().await;
    let wide = "CREATE TEMP TABLE t AS SELECT repeat('x', 1000) FROM generate_series(1, 100000)";
    let error = tag(session.as_ref(), wide).await;
    assert!(error.contains("too large"), "{error}");
    let real = tag(session.as_ref(), "CREATE TABLE t (n int)").await;
    assert_eq!(real, "not supported: CREATE TABLE statements");
}
