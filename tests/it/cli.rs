//! The command line: exit codes, errors that name the thing and the next step, result formats.

use std::net::TcpListener;

use arrow::array::{Int32Array, RecordBatch};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use tempfile::TempDir;

use crate::lake;
use crate::server::{Gateway, lakegate, run, run_with_input};

fn empty() -> TempDir {
    TempDir::new().expect("a temporary directory")
}

#[test]
fn help_and_usage() {
    let directory = empty();
    let help = run(directory.path(), &["--help"]).success();
    for command in ["serve", "crawl", "sql", "run", "demo", "doctor", "Examples:", "Exit codes:"] {
        assert!(help.contains(command), "{help}");
    }
    run(directory.path(), &["sql", "--help"]).success();
    run(directory.path(), &["frobnicate"]).failure(2, &["frobnicate"]);
    run(directory.path(), &[]).code.expect("an exit code");
}

#[test]
fn a_bad_setting_is_named_with_its_place_and_the_key_it_resembles() {
    let directory = empty();
    lake::write_text(&directory.path().join("lakegate.toml"), "[pg]\nlistne = \"x\"\n");
    let words = ["unknown key pg.listne in lakegate.toml", "hint: Did you mean pg.listen?"];
    run(directory.path(), &["doctor"]).failure(2, &words);

    let directory = empty();
    let mut command = lakegate(directory.path());
    command.env("LAKEGATE__LIMITS__QUEU", "3").args(["sql", "-c", "select 1"]);
    let output = command.output().expect("it runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("limits.queue") && stderr.contains("environment"), "{stderr}");

    run(directory.path(), &["--config", "absent.toml", "doctor"]).failure(2, &["absent.toml"]);
    run(directory.path(), &["--set", "pg.auth=md5", "doctor"]).failure(2, &["pg.auth", "scram"]);
}

#[test]
fn errors_are_one_line_and_a_hint() {
    let directory = empty();
    let ended = run(directory.path(), &["sql", "-c", "select * from nowhere.at_all"]);
    let stderr = ended.failure(1, &["at_all", "does not exist"]);
    assert!(
        stderr.lines().all(|l| l.starts_with("error: ") || l.starts_with("hint: ")),
        "{stderr}"
    );
    run(directory.path(), &["sql", "-c", "selec 1"]).failure(1, &["selec"]);
    run(directory.path(), &["sql", "-f", "absent.sql"]).failure(1, &["absent.sql"]);
    run(directory.path(), &["sql", "-c", ""]).failure(1, &["no SQL", "hint: "]);
    run(directory.path(), &["sql", "-c", "select 1", "--format", "parquet"])
        .failure(1, &["--output"]);
    run(directory.path(), &["sql", "-c", "select 1; select 2", "--format", "csv"])
        .failure(1, &["2 statements"]);
    assert!(!directory.path().join("lake").exists(), "a failed query leaves nothing behind");
}

#[test]
fn the_same_rows_in_every_format() {
    let directory = empty();
    let path = directory.path();
    let sql = "select * from (values (1, 'a'), (2, null)) t(n, s) order by n";
    let table = run(path, &["sql", "-c", sql]).success();
    assert!(table.starts_with(" n │ s\n───┼───\n 1 │ a\n 2 │ ∅\n(2 rows, "), "{table}");
    let csv = run(path, &["sql", "--format", "csv", "-c", sql]).success();
    assert_eq!(csv, "n,s\n1,a\n2,\n");
    let json = run_with_input(path, &["sql", "--format", "json"], sql).success();
    assert_eq!(json, "{\"n\":1,\"s\":\"a\"}\n{\"n\":2,\"s\":null}\n");
    run(path, &["sql", "--format", "parquet", "--output", "rows.parquet", "-c", sql]).success();
    let file = std::fs::File::open(path.join("rows.parquet")).expect("written");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("a Parquet file");
    let read: Vec<RecordBatch> =
        reader.build().expect("readable").collect::<Result<_, _>>().expect("readable");
    let numbers = read[0].column(0).as_any().downcast_ref::<Int32Array>().expect("integer");
    assert_eq!(numbers.values(), &[1, 2]);
    assert_eq!(read[0].column(1).null_count(), 1);
}

#[test]
fn several_statements_share_a_session() {
    let directory = empty();
    let sql = "set statement_timeout = '7s'; show statement_timeout";
    let shown = run(directory.path(), &["sql", "--format", "csv", "-c", sql]).success();
    assert!(shown.contains("7s"), "{shown}");
}

#[test]
fn a_closed_pipe_is_no_error() {
    let directory = empty();
    let mut command = lakegate(directory.path());
    let sql = "select * from generate_series(1, 3000000)";
    command.args(["sql", "--format", "csv", "-c", sql]);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && stderr.is_empty(), "{:?}: {stderr}", output.status);
}

#[test]
fn a_table_without_a_crawl() {
    let directory = lake::directory_with_lake();
    let path = directory.path();
    let sql = "select count(*), max(day) from shop.orders";
    let arguments = ["sql", "--format", "csv", "--table", "shop.orders=files/orders", "-c", sql];
    assert!(run(path, &arguments).success().ends_with("\n6,2026-01-02\n"));
    run(path, &["sql", "--table", "x=files/absent", "-c", "select 1"]).failure(1, &["absent"]);
    run(path, &["sql", "--table", "nonsense", "-c", "select 1"]).failure(1, &["NAME=URL"]);
}

#[test]
fn a_port_in_use_is_named_with_another_choice() {
    let directory = empty();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let ended = run(directory.path(), &["serve", "--listen", &address]);
    ended.failure(1, &[&address, "in use", "hint: ", "--listen 127.0.0.1:"]);
}

#[tokio::test]
async fn serve_answers_and_stops_cleanly() {
    let directory = lake::directory_with_lake();
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--table", "items=files/items/items.csv"];
    let gateway = Gateway::start(directory.path(), &arguments);
    let client = gateway.connect().await;
    let rows = client.query("select title from items order by id", &[]).await.expect("rows");
    let titles: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(titles, ["Café, small", "Tea", "The \"best\" cake"]);
    let missing = client.query("select * from nowhere", &[]).await.expect_err("refused");
    assert_eq!(missing.code(), Some(&tokio_postgres::error::SqlState::UNDEFINED_TABLE));
    gateway.stop();
}

#[test]
fn doctor_says_what_is_wrong() {
    let directory = lake::directory_with_lake();
    let path = directory.path();
    let arguments = ["doctor", "--set", "pg.listen=127.0.0.1:0"];
    let healthy = run(path, &arguments).success();
    assert!(healthy.contains('✓') && !healthy.contains('✗'), "{healthy}");

    run(path, &["crawl", "files", "--database", "files"]).success();
    lake::write_text(&path.join("files/orders/day=2026-01-01/part-0.parquet"), "no parquet");
    lake::write_text(&path.join("files/orders/day=2026-01-02/part-0.parquet"), "no parquet");
    let roots = ["--set", "lake.roots=[files]"];
    let ended = run(path, &[&arguments[..], &roots[..]].concat());
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    assert!(ended.stdout.contains("✗ files.orders"), "{ended:#?}");
    assert!(ended.stdout.contains("✓ files.items"), "{ended:#?}");
}
