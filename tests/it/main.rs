//! The one Rust integration binary: it drives the real `lakegate` executable, on port 0 and in directories
//! of its own, and checks the house rules.

// Tests panic to fail, and say on standard error what they could not run.
#![allow(clippy::panic, clippy::print_stderr)]

mod bad_input;
mod cli;
mod crawl;
mod demo;
mod doctor;
mod flight;
mod lake;
mod s3;
mod server;
mod tidy;
