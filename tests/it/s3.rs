//! The lake in S3: an S3 server in this process checks signatures; crawl and queries must give what the
//! local lake gives.

use std::net::SocketAddr;
use std::path::Path;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::lake;
use crate::server::{rows, run};

const ACCESS_KEY: &str = "AKIATESTTESTTEST";
const SECRET_KEY: &str = "canary-secret-in-no-output";
pub const BUCKET: &str = "lake-bucket";

/// An S3 server over a directory: each folder in it is a bucket. Ends with the test.
pub struct S3Server {
    pub address: SocketAddr,
    pub root: TempDir,
    _runtime: tokio::runtime::Runtime,
}

impl S3Server {
    pub fn start() -> Self {
        let root = TempDir::new().expect("a temporary directory");
        std::fs::create_dir(root.path().join(BUCKET)).expect("a bucket");
        let files = FileSystem::new(root.path()).expect("an S3 file system");
        let mut service = S3ServiceBuilder::new(files);
        service.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let service = service.build();
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let address = listener.local_addr().expect("an address");
        runtime.spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move {
                    let server = Builder::new(TokioExecutor::new());
                    // A client may close its connection at any time.
                    drop(server.serve_connection(TokioIo::new(socket), service).await);
                });
            }
        });
        Self { address, root, _runtime: runtime }
    }

    /// The settings that reach it, with a crawl of `files/`.
    pub fn settings(&self, secret_key: &str) -> String {
        format!(
            "[s3]\nendpoint = \"http://{}\"\nallow_http = true\npath_style = true\n\
             region = \"us-east-1\"\naccess_key_id = \"{ACCESS_KEY}\"\n\
             secret_access_key = \"{secret_key}\"\n\
             [crawl.files]\nlocation = \"s3://{BUCKET}/files/\"\n",
            self.address
        )
    }
}

fn configured(server: &S3Server, secret_key: &str) -> TempDir {
    let directory = TempDir::new().expect("a temporary directory");
    write_settings(directory.path(), &server.settings(secret_key));
    directory
}

fn write_settings(directory: &Path, text: &str) {
    std::fs::write(directory.join("lakegate.toml"), text).expect("written");
}

#[test]
fn a_lake_in_s3_answers_as_the_local_one() {
    let server = S3Server::start();
    lake::write(&server.root.path().join(BUCKET).join("files"));
    let directory = configured(&server, SECRET_KEY);
    let said = run(directory.path(), &["crawl"]).success();
    assert!(said.contains("files.orders"), "{said}");
    for (sql, expected) in lake::ANSWERS {
        assert_eq!(rows(directory.path(), sql), expected, "{sql}");
    }
}

#[test]
fn a_table_in_s3_needs_no_crawl() {
    let server = S3Server::start();
    lake::write(&server.root.path().join(BUCKET).join("files"));
    let directory = configured(&server, SECRET_KEY);
    let table = format!("items=s3://{BUCKET}/files/items/");
    let sql = "SELECT count(*) FROM items";
    let csv =
        run(directory.path(), &["sql", "--format", "csv", "--table", &table, "-c", sql]).success();
    assert_eq!(csv.lines().nth(1), Some("3"));
}

#[test]
fn wrong_credentials_and_missing_buckets_are_named() {
    let server = S3Server::start();
    let directory = configured(&server, "wrong");
    let said = run(directory.path(), &["crawl"]).failure(1, &[BUCKET, "hint: "]);
    assert!(!said.contains("wrong\""), "the secret is printed: {said}");

    let directory = configured(&server, SECRET_KEY);
    let absent = ["crawl", "s3://no-such-bucket/x/", "--database", "x"];
    let said = run(directory.path(), &absent).failure(1, &["no-such-bucket"]);
    assert!(!said.contains(SECRET_KEY), "the secret is printed: {said}");
}
