//! The demo, as a newcomer starts it: from the project's models, in a directory of its own, twice.

use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::server::{Gateway, run};

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[tokio::test]
async fn the_demo_builds_serves_and_starts_again_in_seconds() {
    let lake = TempDir::new().expect("a temporary directory");
    let directory = lake.path().join("lake");
    let shown = directory.to_str().expect("a plain path");
    run(project(), &["demo", "--directory", shown, "--no-serve"]).success();

    let started = Instant::now();
    let arguments = ["demo", "--directory", shown, "--listen", "127.0.0.1:0"];
    let gateway = Gateway::start(project(), &arguments);
    let took = started.elapsed();
    assert!(took < Duration::from_secs(15), "a second start reuses what is there: {took:?}");

    let screen = gateway.said.join("\n");
    let queries: Vec<&str> =
        screen.lines().map(str::trim).filter(|line| line.starts_with("SELECT ")).collect();
    assert_eq!(queries.len(), 3, "{screen}");
    let client = gateway.connect().await;
    for query in queries {
        let rows = client.query(query, &[]).await.expect(query);
        assert!(!rows.is_empty(), "{query}");
    }
    gateway.stop();
}

#[test]
fn another_seed_in_the_same_directory_is_refused() {
    let lake = TempDir::new().expect("a temporary directory");
    let directory = lake.path().join("lake");
    let setting = format!("lake.directory={}", directory.display());
    let shown = directory.to_str().expect("a plain path");
    run(project(), &["demo", "--directory", shown, "--no-serve"]).success();
    let other = ["demo", "--directory", shown, "--no-serve", "--seed", "7"];
    run(project(), &other).failure(1, &["other options", "hint: "]);
    let sql = [
        "--set",
        &setting,
        "sql",
        "--format",
        "csv",
        "-c",
        "SELECT count(*) FROM landing.customers",
    ];
    let counted = run(project(), &sql).success();
    assert!(counted.ends_with("\n10000\n"), "{counted}");
}
