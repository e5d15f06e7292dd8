//! What drivers do on a good day: queries, portals, transactions, settings.

use std::sync::atomic::Ordering;

use futures::{StreamExt, TryStreamExt, pin_mut};
use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::error::SqlState;

use super::{options, start};

#[tokio::test]
async fn simple_queries_answer_each_statement() {
    let client = start(options()).client().await;
    let messages = client.simple_query("rows 250; ; show timezone").await.expect("runs");
    let rows = messages.iter().filter(|m| matches!(m, SimpleQueryMessage::Row(_))).count();
    assert_eq!(rows, 251);
    let counts: Vec<u64> = messages
        .iter()
        .filter_map(|m| match m {
            SimpleQueryMessage::CommandComplete(count) => Some(*count),
            _ => None,
        })
        .collect();
    assert_eq!(counts, [250, 0], "SHOW has no count");
    assert!(client.simple_query("").await.expect("an empty query is fine").len() <= 1);
}

#[tokio::test]
async fn extended_queries_stream_and_prepare() {
    let client = start(options()).client().await;
    let statement = client.prepare("rows 1000").await.expect("prepares");
    assert_eq!(statement.columns()[0].name(), "number");
    assert_eq!(statement.columns()[0].type_().name(), "int8");
    for _ in 0..2 {
        let rows = client.query(&statement, &[]).await.expect("runs");
        let numbers: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
        assert_eq!(numbers, (0..1000).collect::<Vec<i64>>());
    }
    // Declared as text, as pgjdbc declares every string: the engine infers the type all the same.
    let types = [tokio_postgres::types::Type::VARCHAR];
    let typed = client.prepare_typed("echo int8", &types).await.expect("prepares");
    assert_eq!(typed.columns()[0].type_().name(), "int8");
    let echoed = client.query_one(&typed, &[&"42"]).await.expect("runs");
    assert_eq!(echoed.get::<_, i64>(0), 42);
    let error = client.query_one(&typed, &[&"4x2"]).await.expect_err("no number");
    assert_eq!(error.code(), Some(&SqlState::INVALID_TEXT_REPRESENTATION));
    let echoed = client.query_one("echo", &[&"a'b"]).await.expect("runs");
    assert_eq!(echoed.get::<_, &str>(0), "a'b");
}

#[tokio::test]
async fn portals_page_and_die_with_their_transaction() {
    let running = start(options());
    let mut client = running.client().await;
    let transaction = client.transaction().await.expect("begins");
    let portal = transaction.bind("rows 250", &[]).await.expect("binds");
    let mut seen = Vec::new();
    for expected in [100, 100, 50, 0] {
        let page = transaction.query_portal(&portal, 100).await.expect("pages");
        assert_eq!(page.len(), expected);
        seen.extend(page.iter().map(|row| row.get::<_, i64>(0)));
        // Another statement between the pages: the portal survives Sync.
        transaction.query("rows 1", &[]).await.expect("runs");
    }
    assert_eq!(seen, (0..250).collect::<Vec<i64>>());
    let open = transaction.bind("rows 1000", &[]).await.expect("binds");
    transaction.query_portal(&open, 1).await.expect("pages");
    assert_eq!(running.fake.counts.running.load(Ordering::SeqCst), 1);
    transaction.commit().await.expect("commits");
    assert_eq!(running.fake.counts.running.load(Ordering::SeqCst), 0, "freed by COMMIT");

    let transaction = client.transaction().await.expect("begins");
    let open = transaction.bind("rows 1000", &[]).await.expect("binds");
    transaction.query_portal(&open, 1).await.expect("pages");
    transaction.query("fail", &[]).await.expect_err("fails");
    assert_eq!(running.fake.counts.running.load(Ordering::SeqCst), 0, "freed by the failure");
    let error = transaction.query_portal(&open, 1).await.expect_err("gone");
    assert_eq!(error.code(), Some(&SqlState::INVALID_CURSOR_NAME));
}

#[tokio::test]
async fn errors_carry_their_fields_and_fail_the_transaction() {
    let client = start(options()).client().await;
    let error = client.query("fail", &[]).await.expect_err("fails");
    let error = error.as_db_error().expect("from the server");
    assert_eq!(error.code(), &SqlState::UNDEFINED_TABLE);
    assert_eq!(error.message(), "table \"nowhere\" does not exist");
    assert_eq!(error.hint(), Some("Look elsewhere."));
    assert!(matches!(error.position(), Some(tokio_postgres::error::ErrorPosition::Original(7))));

    client.batch_execute("BEGIN").await.expect("begins");
    let error = client.simple_query("break 2").await.expect_err("fails while streaming");
    assert_eq!(error.code(), Some(&SqlState::DIVISION_BY_ZERO));
    for refused in
        [client.simple_query("rows 1").await.err(), client.query("rows 1", &[]).await.err()]
    {
        let refused = refused.expect("refused in a failed transaction");
        assert_eq!(refused.code(), Some(&SqlState::IN_FAILED_SQL_TRANSACTION));
    }
    client.batch_execute("ROLLBACK").await.expect("ends");
    assert_eq!(client.query("rows 3", &[]).await.expect("works again").len(), 3);
}

#[tokio::test]
async fn deallocate_and_discard_drop_statements() {
    let running = start(options());
    let client = running.client().await;
    let statement = client.prepare("rows 1").await.expect("prepares");
    client.query(&statement, &[]).await.expect("runs");
    client.batch_execute("DISCARD ALL").await.expect("runs");
    let error = client.query(&statement, &[]).await.expect_err("gone");
    assert_eq!(error.code(), Some(&SqlState::INVALID_SQL_STATEMENT_NAME));
    let error = client.batch_execute("DEALLOCATE nothing").await.expect_err("not there");
    assert_eq!(error.code(), Some(&SqlState::INVALID_SQL_STATEMENT_NAME));
    client.batch_execute("DEALLOCATE ALL").await.expect("always works");

    let mut client = running.client().await;
    let transaction = client.transaction().await.expect("begins");
    let open = transaction.bind("rows 1000", &[]).await.expect("binds");
    transaction.query_portal(&open, 1).await.expect("pages");
    transaction.batch_execute("CLOSE ALL").await.expect("runs");
    assert_eq!(running.fake.counts.running.load(Ordering::SeqCst), 0, "freed by CLOSE ALL");
}

#[tokio::test]
async fn a_changed_setting_is_reported() {
    let running = start(options());
    let (client, mut connection) = tokio_postgres::connect(
        &running.config("options='-c application_name=a\\\\ b'"),
        tokio_postgres::NoTls,
    )
    .await
    .expect("connects");
    assert_eq!(connection.parameter("server_version"), Some("15.18"));
    assert_eq!(connection.parameter("application_name"), Some("a b"));
    assert_eq!(connection.parameter("TimeZone"), Some("UTC"));
    let notices = tokio::spawn(async move {
        let messages = futures::stream::poll_fn(|context| connection.poll_message(context));
        let notices = messages.try_collect::<Vec<_>>().await;
        (notices, connection.parameter("TimeZone").map(str::to_string))
    });
    client.batch_execute("SET TimeZone = Europe/Berlin").await.expect("runs");
    drop(client);
    let (notices, zone) = notices.await.expect("ends");
    let notices = notices.expect("no error");
    assert_eq!(zone.as_deref(), Some("Europe/Berlin"));
    assert!(format!("{notices:?}").contains("noted"), "the notice of SET arrives: {notices:?}");
}

#[tokio::test]
async fn a_panic_ends_one_connection_only() {
    let running = start(options());
    let (client, other) = (running.client().await, running.client().await);
    let error = client.query("panic", &[]).await.expect_err("panics");
    assert_eq!(error.code(), Some(&SqlState::INTERNAL_ERROR));
    assert!(client.query("rows 1", &[]).await.is_err(), "that connection is closed");
    assert_eq!(other.query("rows 1", &[]).await.expect("the other lives").len(), 1);
}

#[tokio::test]
async fn pipelined_queries_are_answered_in_order() {
    let client = start(options()).client().await;
    let queries = (0..50_usize).map(|count| {
        let client = &client;
        async move { client.query(&format!("rows {count}"), &[]).await.map(|rows| rows.len()) }
    });
    let counts = futures::future::try_join_all(queries).await.expect("all run");
    assert_eq!(counts, (0..50).collect::<Vec<_>>());
    let stream = client.query_raw("rows 100000", std::iter::empty::<&str>()).await.expect("runs");
    pin_mut!(stream);
    let mut count = 0;
    while let Some(row) = stream.next().await {
        row.expect("a row");
        count += 1;
    }
    assert_eq!(count, 100_000);
}
