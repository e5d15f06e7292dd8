use std::time::{Duration, Instant};

use futures::StreamExt;
use lakegate_base::ErrorKind;

use super::{Lake, answer, text};

const ENDLESS: &str = "SELECT a.n FROM generate_series(1, 1000000000) a(n)";

#[tokio::test]
async fn memory_bombs_end_alone() {
    let lake = Lake::with_limits(|limits| limits.memory_bytes = 64 << 20);
    let bombs = [
        "SELECT array_agg(a.n) FROM generate_series(1, 100000000) a(n)",
        "SELECT count(*) FROM generate_series(1, 50000000) a(n) \
         JOIN generate_series(1, 50000000) b(n) ON a.n = b.n",
        "SELECT string_agg(repeat('x', 1000000), ',') FROM generate_series(1, 100000)",
    ];
    for bomb in bombs {
        let session = lake.session().await;
        let other = lake.session().await;
        let (bomb, small) = tokio::join!(text(session.as_ref(), bomb), async {
            let mut answers = Vec::new();
            for _ in 0..20 {
                answers.push(text(other.as_ref(), "SELECT 40 + 2").await);
            }
            answers
        });
        assert!(bomb.starts_with("Exhausted"), "{bomb}");
        assert!(small.iter().all(|answer| answer == "42"), "{small:?}");
    }
}

#[tokio::test]
async fn cancel_and_timeout_act_while_rows_stream() {
    let lake = Lake::new();
    let session = lake.session().await;
    let mut rows = answer(session.as_ref(), ENDLESS).await.expect("running").rows.expect("rows");
    assert!(rows.stream.next().await.is_some_and(|batch| batch.is_ok()));
    session.cancel();
    let cancelled = Instant::now();
    let error = loop {
        match rows.stream.next().await {
            Some(Ok(_)) => {}
            Some(Err(error)) => break error,
            None => unreachable!("an endless query ended"),
        }
    };
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert!(cancelled.elapsed() < Duration::from_secs(1));
    text(session.as_ref(), "SET statement_timeout = '200ms'").await;
    let answer = text(session.as_ref(), &format!("SELECT count(*) FROM ({ENDLESS}) x")).await;
    assert!(answer.starts_with("Timeout"), "{answer}");
}

/// A reader that stops reading stops the query; one that goes away ends it.
#[tokio::test]
async fn a_slow_reader_slows_the_query() {
    let lake = Lake::new();
    let session = lake.session().await;
    let mut rows = answer(session.as_ref(), ENDLESS).await.expect("running").rows.expect("rows");
    assert!(rows.stream.next().await.is_some());
    tokio::time::sleep(Duration::from_millis(200)).await;
    drop(rows);
    let log = "SELECT rows < 1000000 FROM lakegate.query_log WHERE outcome = 'abandoned'";
    let started = Instant::now();
    while lake.query(log).await != "true" {
        assert!(started.elapsed() < Duration::from_secs(5), "the query runs without a reader");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_full_queue_refuses() {
    let lake = Lake::with_limits(|limits| {
        limits.queries_max = 1;
        limits.queue_max = 0;
    });
    let session = lake.session().await;
    let mut running = answer(session.as_ref(), ENDLESS).await.expect("running").rows.expect("rows");
    assert!(running.stream.next().await.is_some());
    assert!(lake.query("SELECT count(*)").await.contains("too many queries are waiting"));
    drop(running);
}
