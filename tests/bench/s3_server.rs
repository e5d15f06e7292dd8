//! An S3 server over a folder, for benchmarks: each folder in it is a bucket. Every request is answered
//! late by as many milliseconds as asked, as one over a network would be.
//!
//! `s3_server FOLDER MILLISECONDS` prints its address and runs until it is killed.

use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use tokio::net::TcpListener;

const ACCESS_KEY: &str = "benchmark";
const SECRET_KEY: &str = "benchmark-secret";

#[tokio::main]
#[expect(clippy::print_stdout, reason = "a program for people and scripts")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("name the folder")?;
    let late = Duration::from_millis(arguments.next().ok_or("name the milliseconds")?.parse()?);
    let files = FileSystem::new(&folder).map_err(|e| format!("{folder}: {e:?}"))?;
    let mut service = S3ServiceBuilder::new(files);
    service.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
    let service = service.build();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        let service = service.clone();
        let slow = service_fn(move |request: Request<Incoming>| {
            let service = service.clone();
            async move {
                tokio::time::sleep(late).await;
                Service::call(&service, request).await
            }
        });
        tokio::spawn(async move {
            let server = Builder::new(TokioExecutor::new());
            // A client may close its connection at any time.
            drop(server.serve_connection(TokioIo::new(socket), slow).await);
        });
    }
}
