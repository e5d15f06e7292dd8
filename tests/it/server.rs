//! The real executable: run to its end, or started as a gateway on a free port and killed on drop.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Until the address is announced; a debug build on a busy machine is slow.
const START_TIMEOUT: Duration = Duration::from_secs(120);

/// `lakegate` in `directory`, with no settings but those given: neither the environment nor credentials
/// of the machine reach it.
pub fn lakegate(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lakegate"));
    let known = ["LAKEGATE", "AWS"];
    for (name, _) in std::env::vars().filter(|(n, _)| known.iter().any(|k| n.starts_with(k))) {
        command.env_remove(name);
    }
    command.env("AWS_EC2_METADATA_DISABLED", "true").current_dir(directory);
    command
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// The standard output of a command that must succeed.
    #[track_caller]
    pub fn success(self) -> String {
        assert_eq!(self.code, Some(0), "{self:#?}");
        assert!(!self.stderr.contains(" ERROR "), "unexpected ERROR lines: {self:#?}");
        self.stdout
    }

    /// The standard error of a command that must exit with `code` and name each of `words`.
    #[track_caller]
    pub fn failure(self, code: i32, words: &[&str]) -> String {
        assert_eq!(self.code, Some(code), "{self:#?}");
        assert!(self.stderr.contains("error: "), "{self:#?}");
        assert!(!self.stderr.contains("panicked"), "{self:#?}");
        for word in words {
            assert!(self.stderr.contains(word), "\"{word}\" is missing: {self:#?}");
        }
        self.stderr
    }
}

pub fn run(directory: &Path, arguments: &[&str]) -> Ended {
    run_with_input(directory, arguments, "")
}

pub fn run_with_input(directory: &Path, arguments: &[&str], input: &str) -> Ended {
    let mut command = lakegate(directory);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the executable starts");
    let mut stdin = child.stdin.take().expect("piped");
    // A command that takes no input may be gone already.
    drop(stdin.write_all(input.as_bytes()));
    drop(stdin);
    ended(child.wait_with_output().expect("the executable ends"))
}

fn ended(output: Output) -> Ended {
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The rows of a query as CSV lines, without the header.
#[track_caller]
pub fn rows(directory: &Path, sql: &str) -> Vec<String> {
    let csv = run(directory, &["sql", "--format", "csv", "-c", sql]).success();
    csv.lines().skip(1).map(str::to_string).collect()
}

/// A running gateway.
pub struct Gateway {
    child: Child,
    pub address: SocketAddr,
    /// Of the Flight SQL front, when it is asked for.
    pub flight: Option<SocketAddr>,
    /// Standard output up to the address.
    pub said: Vec<String>,
    log: Option<JoinHandle<String>>,
    rest: Receiver<String>,
}

impl Gateway {
    /// Starts `lakegate ARGUMENTS` and waits for the address it announces.
    #[track_caller]
    pub fn start(directory: &Path, arguments: &[&str]) -> Self {
        let mut command = lakegate(directory);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the executable starts");
        let mut stderr = child.stderr.take().expect("piped");
        let log = std::thread::spawn(move || {
            let mut text = Vec::new();
            stderr.read_to_end(&mut text).map_or_else(|e| e.to_string(), |_| lossy(&text))
        });
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        let (send, rest) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    break;
                }
            }
        });
        let (mut said, mut flight) = (Vec::new(), None);
        let address = loop {
            let Ok(line) = rest.recv_timeout(START_TIMEOUT) else { break None };
            match line.strip_prefix("listening on ").and_then(|told| told.split_once(' ')) {
                Some((address, "(flight sql)")) => flight = address.parse().ok(),
                Some((address, _)) => break address.parse().ok(),
                None => said.push(line),
            }
        };
        let Some(address) = address else {
            drop(child.kill());
            drop(child.wait());
            panic!("no address was announced: {said:#?}\n{}", log.join().unwrap_or_default());
        };
        Self { child, address, flight, said, log: Some(log), rest }
    }

    pub async fn connect(&self) -> tokio_postgres::Client {
        let config = format!("host={} port={}", self.address.ip(), self.address.port());
        let config = format!("{config} user=lakegate dbname=lake");
        let (client, connection) =
            tokio_postgres::connect(&config, tokio_postgres::NoTls).await.expect("connected");
        tokio::spawn(connection);
        client
    }

    /// Sends SIGTERM and waits for the end, which must be a clean one.
    #[track_caller]
    pub fn stop(mut self) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().expect("kill exists");
        assert!(sent.success());
        let status = self.child.wait().expect("it ends");
        assert!(status.success(), "{status}: {}", self.log());
        while self.rest.try_recv().is_ok() {}
    }

    fn log(&mut self) -> String {
        self.log.take().and_then(|log| log.join().ok()).unwrap_or_default()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        let log = self.log();
        // A failing test has said what is wrong already.
        if !std::thread::panicking() {
            assert!(!log.contains(" ERROR "), "unexpected ERROR lines:\n{log}");
            assert!(!log.contains("panicked"), "the server panicked:\n{log}");
        }
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
