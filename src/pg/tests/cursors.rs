//! Cursors, COPY and what keeps them within bounds.

use std::sync::atomic::Ordering;

use futures::TryStreamExt;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, SimpleQueryMessage};

use super::raw::{Raw, code, frame, kinds};
use super::{Running, options, start};
use crate::{Limits, PgOptions};

/// The numbers a fetch gave, and the count of its tag.
async fn numbers(client: &Client, text: &str) -> (Vec<i64>, u64) {
    let (mut numbers, mut count) = (Vec::new(), 0);
    for message in client.simple_query(text).await.expect("runs") {
        match message {
            SimpleQueryMessage::Row(row) => {
                numbers.push(row.get("number").and_then(|n| n.parse().ok()).expect("a number"));
            }
            SimpleQueryMessage::CommandComplete(rows) => count = rows,
            _ => {}
        }
    }
    (numbers, count)
}

fn running(server: &Running) -> usize {
    server.fake.counts.running.load(Ordering::SeqCst)
}

#[tokio::test]
async fn a_cursor_goes_forward_as_it_is_read() {
    let server = start(options());
    let client = server.client().await;
    client.batch_execute("BEGIN").await.expect("begins");
    client.batch_execute("declare c rows 1000000").await.expect("declares");
    assert_eq!(numbers(&client, "fetch c 3").await, (vec![0, 1, 2], 3));
    assert_eq!(numbers(&client, "move c 200").await, (vec![], 200));
    assert_eq!(numbers(&client, "fetch c 1").await, (vec![203], 1));
    let read = server.fake.counts.batches.load(Ordering::SeqCst);
    assert!(read <= 3, "three batches hold 203 rows, yet {read} were read");
    let error = client.batch_execute("back c 1").await.expect_err("it cannot go back");
    assert_eq!(error.code(), Some(&SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE));
    assert_eq!(running(&server), 0, "a failed transaction closes its cursors");
}

#[tokio::test]
async fn a_scroll_cursor_goes_back_over_what_is_kept() {
    let server = start(options());
    let client = server.client().await;
    client.batch_execute("BEGIN").await.expect("begins");
    client.batch_execute("scroll c rows 250").await.expect("declares");
    assert_eq!(numbers(&client, "fetch c all").await.1, 250);
    assert_eq!(numbers(&client, "back c 2").await, (vec![249, 248], 2));
    assert_eq!(numbers(&client, "back c 150").await.0.last(), Some(&98));
    assert_eq!(numbers(&client, "fetch c 3").await, (vec![99, 100, 101], 3));
    assert_eq!(numbers(&client, "back c all").await.1, 101);
    assert_eq!(numbers(&client, "fetch c 1").await, (vec![0], 1));
}

#[tokio::test]
async fn what_is_kept_to_go_back_to_is_bounded() {
    let limits = Limits { kept_row_bytes: 64 << 10, ..Limits::default() };
    let client = start(PgOptions { limits, ..options() }).client().await;
    client.batch_execute("BEGIN").await.expect("begins");
    client.batch_execute("scroll c rows 10000 100").await.expect("declares");
    assert_eq!(numbers(&client, "fetch c 10").await.1, 10);
    assert_eq!(numbers(&client, "back c 1").await.0, [8]);
    assert_eq!(numbers(&client, "fetch c all").await.1, 9_991, "forward goes on");
    let error = client.batch_execute("back c 1").await.expect_err("too far");
    let message = error.as_db_error().map_or("", |error| error.message());
    assert!(message.contains("outgrew"), "{error}");
}

#[tokio::test]
async fn cursors_live_as_long_as_they_should() {
    let server = start(options());
    let client = server.client().await;
    let error = client.batch_execute("declare c rows 10").await.expect_err("no transaction");
    assert_eq!(error.code(), Some(&SqlState::NO_ACTIVE_SQL_TRANSACTION));
    client.batch_execute("hold h rows 1000").await.expect("outlives its statement");
    client.batch_execute("BEGIN").await.expect("begins");
    client.batch_execute("declare c rows 1000").await.expect("declares");
    let error = client.batch_execute("hold h rows 1").await.expect_err("taken");
    assert_eq!(error.code(), Some(&SqlState::DUPLICATE_CURSOR));
    client.batch_execute("ROLLBACK").await.expect("ends");
    assert_eq!(running(&server), 1, "only the held one is left");
    assert_eq!(numbers(&client, "fetch h 2").await, (vec![0, 1], 2));
    client.batch_execute("close h").await.expect("closes");
    assert_eq!(running(&server), 0);
    let error = client.batch_execute("fetch h 1").await.expect_err("gone");
    assert_eq!(error.code(), Some(&SqlState::INVALID_CURSOR_NAME));
    client.batch_execute("hold a rows 1000; hold b rows 1000; close all").await.expect("runs");
    assert_eq!(running(&server), 0);
}

#[tokio::test]
async fn portals_and_cursors_are_one() {
    let server = start(options());
    let (mut raw, _) = Raw::session(server.address).await;
    raw.send(&frame(b'Q', b"begin; declare c rows 5\0")).await;
    raw.until(b'Z').await;
    // A portal of SQL, run by the protocol; and one of the protocol, fetched by SQL.
    let bind = frame(b'B', b"p\0\0\0\0\0\0\0\0");
    let messages =
        [frame(b'E', b"c\0\0\0\0\x02"), frame(b'P', b"\0rows 7\0\0\0"), bind, frame(b'S', b"")];
    raw.send(&messages.concat()).await;
    assert_eq!(kinds(&raw.until(b'Z').await), "DDs12Z");
    raw.send(&frame(b'Q', b"fetch p 3\0")).await;
    assert_eq!(kinds(&raw.until(b'Z').await), "TDDDCZ");
    raw.send(&[frame(b'E', b"p\0\0\0\0\0"), frame(b'S', b"")].concat()).await;
    assert_eq!(kinds(&raw.until(b'Z').await), "DDDDCZ");
}

#[tokio::test]
async fn a_fetch_has_its_own_time() {
    let client = start(options()).client().await;
    client.batch_execute("set statement_timeout = 200").await.expect("sets");
    client.batch_execute("BEGIN").await.expect("begins");
    client.batch_execute("declare c rows 1000").await.expect("declares");
    for expected in 0..3 {
        tokio::time::sleep(std::time::Duration::from_millis(150)).await;
        assert_eq!(numbers(&client, "fetch c 1").await.0, [expected]);
    }
}

#[tokio::test]
async fn copy_streams_in_every_form() {
    let server = start(options());
    let client = server.client().await;
    let copied = async |text: &str| -> Vec<u8> {
        let stream = client.copy_out(text).await.expect("copies");
        let parts: Vec<_> = stream.try_collect().await.expect("whole");
        parts.concat()
    };
    assert_eq!(copied("copy text rows 2 3").await, b"0\txxx\n1\txxx\n");
    assert_eq!(copied("copy csv rows 1 2").await, b"number,text\n0,\"xx\"\n");
    let binary = copied("copy binary rows 1 2").await;
    assert!(binary.starts_with(b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0\0\x02\0\0\0\x08"));
    assert!(binary.ends_with(b"\0\0\0\x02xx\xff\xff"));
    assert_eq!(copied("copy binary rows 0").await.len(), 19 + 2);
    assert_eq!(copied("copy text rows 100000 50").await.len(), 488_890 + 5_200_000);

    let (mut raw, _) = Raw::session(server.address).await;
    raw.send(&frame(b'Q', b"copy text rows 1\0")).await;
    assert_eq!(kinds(&raw.until(b'Z').await), "HdcCZ");
    raw.send(&frame(b'Q', b"copy text break 1\0")).await;
    let messages = raw.until(b'Z').await;
    assert!(kinds(&messages).ends_with("EZ"), "an error ends it, and no CopyDone");
    assert_eq!(code(&messages).as_deref(), Some("22012"));
}
