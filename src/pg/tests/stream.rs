//! Results are never collected: slow, stalled, cancelled and vanished clients.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio_postgres::NoTls;
use tokio_postgres::error::SqlState;

use super::raw::{Raw, code, frame, kinds, packet};
use super::{Running, options, start};
use crate::{Limits, PgOptions};

/// One batch of `rows N 10000` is a megabyte on the wire.
const ENDLESS: &[u8] = b"rows 1000000000 10000\0";

fn extended(query: &[u8]) -> Vec<u8> {
    [
        frame(b'P', &[b"\0", query, b"\0\0"].concat()),
        frame(b'B', b"\0\0\0\0\0\0\0\0"),
        frame(b'E', b"\0\0\0\0\0"),
        frame(b'S', b""),
    ]
    .concat()
}

async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(10), "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Starts an endless result into a client that reads nothing, and waits until it stalls.
async fn stalled(running: &Running, message: &[u8]) -> (Raw, Vec<u8>) {
    let (mut raw, key) = Raw::session(running.address).await;
    raw.send(message).await;
    let counts = running.fake.counts.clone();
    eventually("it starts", || counts.batches.load(Ordering::SeqCst) > 0).await;
    let mut before = 0;
    loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let now = counts.batches.load(Ordering::SeqCst);
        if now == before {
            break;
        }
        before = now;
    }
    // What the sockets hold is the kernel's, some megabytes of it; ours is one batch and 64 KiB.
    assert!(before < 30, "a stalled reader stalls the query, yet {before} batches were read");
    assert_eq!(counts.running.load(Ordering::SeqCst), 1);
    (raw, key)
}

#[tokio::test]
async fn a_stalled_reader_stalls_its_query_and_can_be_cancelled() {
    for message in [frame(b'Q', ENDLESS), extended(ENDLESS)] {
        let running = start(options());
        let (mut raw, key) = stalled(&running, &message).await;
        let mut cancel = Raw::connect(running.address).await;
        cancel.send(&packet(80_877_102, &key)).await;
        assert_eq!(cancel.read().await, None, "a cancel request has no answer");
        // The query is freed although the client has still read nothing.
        let counts = running.fake.counts.clone();
        eventually("freed", || counts.running.load(Ordering::SeqCst) == 0).await;
        let messages = raw.until(b'Z').await;
        assert_eq!(code(&messages).as_deref(), Some("57014"));
        assert!(kinds(&messages).ends_with("EZ"), "whole rows, the error, and ready again");
        raw.send(&frame(b'Q', b"rows 1\0")).await;
        assert_eq!(kinds(&raw.until(b'Z').await), "TDCZ");
    }
}

#[tokio::test]
async fn a_statement_timeout_ends_a_stalled_stream() {
    let running = start(options());
    let query = [b"set statement_timeout = 300; ", ENDLESS].concat();
    let (mut raw, _) = Raw::session(running.address).await;
    raw.send(&frame(b'Q', &query)).await;
    let counts = running.fake.counts.clone();
    eventually("it starts", || counts.running.load(Ordering::SeqCst) == 1).await;
    eventually("freed", || counts.running.load(Ordering::SeqCst) == 0).await;
    assert_eq!(code(&raw.until(b'Z').await).as_deref(), Some("57014"));
}

#[tokio::test]
async fn a_client_that_leaves_frees_its_query() {
    for message in [frame(b'Q', ENDLESS), extended(ENDLESS)] {
        let running = start(options());
        let (raw, _) = stalled(&running, &message).await;
        drop(raw);
        let counts = running.fake.counts.clone();
        eventually("freed", || counts.running.load(Ordering::SeqCst) == 0).await;
    }
}

#[tokio::test]
async fn a_client_that_never_reads_is_closed() {
    let limits = Limits { write_timeout: Duration::from_millis(300), ..Limits::default() };
    let running = start(PgOptions { limits, ..options() });
    let (mut raw, _) = Raw::session(running.address).await;
    raw.send(&frame(b'Q', ENDLESS)).await;
    let counts = running.fake.counts.clone();
    eventually("it starts", || counts.running.load(Ordering::SeqCst) == 1).await;
    eventually("freed", || counts.running.load(Ordering::SeqCst) == 0).await;
    raw.until(b'Z').await;
    assert_eq!(raw.read().await, None, "the connection is closed");
}

#[tokio::test]
async fn waiting_statements_can_be_cancelled_but_not_by_strangers() {
    let running = start(options());
    let client = running.client().await;
    let token = client.cancel_token();
    let query = tokio::spawn(async move { client.simple_query("slow").await });
    let (_raw, mut key) = Raw::session(running.address).await;
    key[7] ^= 1;
    let mut stranger = Raw::connect(running.address).await;
    stranger.send(&packet(80_877_102, &key)).await;
    assert_eq!(stranger.read().await, None);
    assert!(!query.is_finished());
    let error = loop {
        token.cancel_query(NoTls).await.expect("the request is sent");
        if query.is_finished() {
            break query.await.expect("no panic").expect_err("cancelled");
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert_eq!(error.code(), Some(&SqlState::QUERY_CANCELED));
}
