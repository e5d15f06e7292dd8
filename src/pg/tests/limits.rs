//! Every limit has its effect, and the server stops in order.

use std::time::Duration;

use tokio_postgres::NoTls;
use tokio_postgres::error::SqlState;

use super::raw::{Raw, code, frame, kinds};
use super::{options, start};
use crate::{Limits, PgOptions};

fn limited(limits: Limits) -> super::Running {
    start(PgOptions { limits, ..options() })
}

#[tokio::test]
async fn too_many_clients_are_refused_and_places_come_back() {
    let running = limited(Limits { max_connections: 2, ..Limits::default() });
    let (first, _second) = (running.client().await, running.client().await);
    let refused = tokio_postgres::connect(&running.config(""), NoTls).await.err();
    let refused = refused.expect("a third is refused");
    assert_eq!(refused.code(), Some(&SqlState::TOO_MANY_CONNECTIONS));
    drop(first);
    for _ in 0..200 {
        if tokio_postgres::connect(&running.config(""), NoTls).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the place of a client that left is free");
}

#[tokio::test]
async fn half_open_sockets_are_closed_and_do_not_block_others() {
    let login_timeout = Duration::from_millis(200);
    let running = limited(Limits { login_timeout, max_connections: 1, ..Limits::default() });
    let mut halves = Vec::new();
    for _ in 0..20 {
        halves.push(Raw::connect(running.address).await);
    }
    running.client().await.batch_execute("rows 1").await.expect("a new login works meanwhile");
    for mut half in halves {
        assert_eq!(half.read().await, None, "closed after the login timeout");
    }
}

#[tokio::test]
async fn objects_of_a_session_are_limited() {
    let running = limited(Limits { statements: 2, portals: 1, ..Limits::default() });
    let client = running.client().await;
    let (_one, _two) = (client.prepare("rows 1").await, client.prepare("rows 2").await);
    let error = client.prepare("rows 3").await.expect_err("one too many");
    assert_eq!(error.code(), Some(&SqlState::CONFIGURATION_LIMIT_EXCEEDED));

    let (mut raw, _) = Raw::session(running.address).await;
    let bind = |name: &str| frame(b'B', &[name.as_bytes(), b"\0\0\0\0\0\0\0\0"].concat());
    let parse = frame(b'P', b"\0rows 1\0\0\0");
    raw.send(&[parse, bind("a"), bind("b"), frame(b'S', b"")].concat()).await;
    let messages = raw.until(b'Z').await;
    assert_eq!((kinds(&messages).as_str(), code(&messages).as_deref()), ("12EZ", Some("53400")));

    let running = limited(Limits { object_bytes: 1 << 20, ..Limits::default() });
    let client = running.client().await;
    let long = format!("rows 1 {}", "4 ".repeat(300_000));
    client.prepare(&long).await.map(std::mem::forget).expect("fits");
    let error = client.prepare(&long).await.expect_err("too many bytes");
    assert_eq!(error.code(), Some(&SqlState::CONFIGURATION_LIMIT_EXCEEDED));
}

#[tokio::test]
async fn idle_clients_are_told_and_closed() {
    let idle_timeout = Some(Duration::from_millis(100));
    let running = limited(Limits { idle_timeout, ..Limits::default() });
    let (mut raw, _) = Raw::session(running.address).await;
    assert_eq!(code(&raw.until(b'Z').await).as_deref(), Some("57P05"));
}

#[tokio::test]
async fn stopping_ends_idle_clients_and_lets_statements_finish() {
    let running = start(options());
    let (mut idle, _) = Raw::session(running.address).await;
    let (mut busy, _) = Raw::session(running.address).await;
    busy.send(&frame(b'Q', b"rows 20000 2000\0")).await;
    assert_eq!(busy.read().await.expect("it runs").0, b'T');
    running.stop.cancel();
    assert_eq!(code(&idle.until(b'Z').await).as_deref(), Some("57P01"));
    let messages = busy.until(b'Z').await;
    let rows = messages.iter().filter(|(kind, _)| *kind == b'D').count();
    assert_eq!(rows, 20_000, "the running statement finished");
    assert!(kinds(&messages).ends_with("CZ"));
    assert_eq!(code(&busy.until(b'Z').await).as_deref(), Some("57P01"));
    running.task.await.expect("the server ends");
    assert!(Raw::try_connect(running.address).await.is_err(), "the port is closed");
}

#[tokio::test]
async fn stopping_does_not_wait_for_ever() {
    let drain = Duration::from_millis(300);
    let running = limited(Limits { drain, ..Limits::default() });
    let (mut raw, _) = Raw::session(running.address).await;
    raw.send(&frame(b'Q', b"slow\0")).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    running.stop.cancel();
    tokio::time::timeout(Duration::from_secs(5), running.task).await.expect("ends").expect("well");
}
