//! `doctor --client`: what clients say, said to a gateway of a small lake; who cannot be asked is named.

use std::net::TcpListener;
use std::path::Path;

use crate::lake;
use crate::server::{Gateway, run};

/// Serves the lake's three tables, crawled into the database `files`.
fn gateway(directory: &Path, more: &[&str]) -> Gateway {
    run(directory, &["crawl", "files", "--database", "files"]).success();
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--set", "lake.roots=[files]"];
    Gateway::start(directory, &[&arguments[..], more].concat())
}

/// What is not answered yet.
const UNANSWERED: [&str; 1] = ["rows of a table as values"];

#[test]
fn every_client_gets_its_answers() {
    let directory = lake::directory_with_lake();
    let path = directory.path();
    let gateway = gateway(path, &[]);
    let url = format!("postgres://lakegate@{}/lake", gateway.address);
    let said = run(path, &["doctor", "--client", "all", "--url", &url]).stdout;
    assert!(said.contains("files.events as the table"), "{said}");
    for client in ["psql", "pgjdbc", "dbeaver", "metabase", "superset", "grafana", "dbt"] {
        assert!(said.contains(&format!("✓ {client} ")), "{client}: {said}");
    }
    let failed: Vec<&str> = said.lines().filter(|line| line.starts_with("✗  ")).collect();
    let is_known = |line: &&str| UNANSWERED.iter().any(|known| line.contains(known));
    assert!(failed.iter().all(is_known) && failed.len() == UNANSWERED.len(), "{said}");

    // Without a URL: where `serve` would listen.
    let listen = format!("pg.listen={}", gateway.address);
    let said = run(path, &["doctor", "--set", &listen, "--client", "jdbc"]).success();
    assert!(said.contains("statements are answered"), "{said}");

    let shown = ["doctor", "--set", &listen, "--client", "psql", "--sql", "8"];
    let shown = run(path, &shown).success();
    assert!(shown.contains("'^(events)$'") && shown.contains("✓ answered"), "{shown}");
    run(path, &["doctor", "--set", &listen, "--client", "psql", "--sql", "0"])
        .failure(1, &["psql has no statement 0", "from 1 to "]);
    run(path, &["doctor", "--set", &listen, "--client", "all", "--sql", "1"])
        .failure(1, &["--sql shows a statement of one client"]);
    gateway.stop();
}

#[test]
fn a_statement_that_fails_is_told_with_its_number() {
    let directory = lake::directory_with_lake();
    let path = directory.path();
    let gateway = gateway(path, &[]);
    // The table is listed and cannot be read any more.
    lake::write_text(&path.join("files/events/events.json"), "no JSON\n");
    let url = format!("postgres://lakegate@{}/lake", gateway.address);
    let ended = run(path, &["doctor", "--client", "connectorx", "--url", &url]);
    assert!(ended.stdout.contains("✗    2  columns of a query"), "{ended:#?}");
    assert!(ended.stdout.contains("✓    1  nothing"), "{ended:#?}");
    ended.failure(1, &["of 7 statements failed", "--client connectorx --sql 2"]);
    let shown = run(path, &["doctor", "--client", "connectorx", "--sql", "2", "--url", &url]);
    assert!(shown.stdout.contains("SELECT * FROM \"files\".\"events\" LIMIT 1"), "{shown:#?}");
    shown.failure(1, &["the statement failed", "Report this"]);
    gateway.stop();
}

#[test]
fn nobody_listens() {
    let directory = lake::directory_with_lake();
    let path = directory.path();
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = free.local_addr().expect("an address");
    drop(free);
    let words = [&format!("nothing listens at {address}")[..], "lakegate serve", "--url"];
    let url = format!("postgres://lakegate@{address}/lake");
    run(path, &["doctor", "--client", "psql", "--url", &url]).failure(1, &words);
    let listen = format!("pg.listen={address}");
    run(path, &["doctor", "--client", "all", "--set", &listen]).failure(1, &words);
    run(path, &["doctor", "--client", "psql", "--set", "pg.listen=127.0.0.1:0"])
        .failure(1, &["port 0", "--url"]);
}

#[test]
fn names_and_passwords_that_are_wrong() {
    let directory = lake::directory_with_lake();
    let path = directory.path();
    run(path, &["doctor", "--client", "oracle"]).failure(2, &["oracle", "psql", "pgjdbc", "all"]);
    run(path, &["doctor", "--url", "postgres://a@b/c"]).failure(2, &["--client"]);
    let unread = ["doctor", "--client", "psql", "--url", "postgres://ana:secret@lake:x/lake"];
    let stderr = run(path, &unread).failure(1, &["--url cannot be read", "postgres://USER"]);
    assert!(!stderr.contains("secret"), "{stderr}");

    let settings = "[pg]\nauth = \"scram\"\n[pg.users]\nana = \"secret\"\n";
    lake::write_text(&path.join("lakegate.toml"), settings);
    let gateway = gateway(path, &[]);
    let address = gateway.address;
    let listen = format!("pg.listen={address}");
    let doctor = ["doctor", "--client", "connectorx"];
    run(path, &[&doctor[..], &["--set", &listen]].concat()).success();
    for (user, words) in [("ana:guess", "does not let ana in"), ("bob", "wants a password of bob")]
    {
        let url = format!("postgres://{user}@{address}/lake");
        let ended = run(path, &[&doctor[..], &["--url", &url]].concat());
        let stderr = ended.failure(1, &[words, "hint: ", "postgres://USER:PASSWORD@"]);
        assert!(!stderr.contains("guess"), "{stderr}");
    }
    let url = format!("postgres://ana:secret@{address}/nowhere");
    run(path, &[&doctor[..], &["--url", &url]].concat()).failure(1, &["3D000", "nowhere"]);
    gateway.stop();
}
