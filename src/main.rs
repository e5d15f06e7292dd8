//! The `lakegate` program: parse the arguments, read the settings, call one function per command.

mod cli;
mod commands;
mod config;
mod demo;
mod lake;
mod output;
mod serve;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;
use lakegate_base::{Error, Result};
use tracing_subscriber::EnvFilter;

use cli::Cli;
use config::Config;
use output::{is_closed_output, report_error};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Some steps of planning recurse; the system's default differs by platform.
const MAIN_STACK_BYTES: usize = 8 << 20;

/// The Delta kernel logs what it also returns: a missing table would be an ERROR line of every build.
const QUIET: &str = "buoyant_kernel=off";

const FAILED: u8 = 1;
/// Wrong usage or settings: what clap exits with as well.
const MISUSED: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let main = std::thread::Builder::new().name("main".into()).stack_size(MAIN_STACK_BYTES);
    let ended = main.spawn(move || run(cli)).map(std::thread::JoinHandle::join);
    // A panic has told its message on standard error already.
    ended.ok().and_then(|code| code.ok()).unwrap_or(ExitCode::from(FAILED))
}

fn run(cli: Cli) -> ExitCode {
    let config = match settings(&cli) {
        Ok(config) => config,
        Err(error) => {
            report_error(&error);
            return ExitCode::from(MISUSED);
        }
    };
    match execute(cli, config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_closed_output(&error) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::debug!(error = %error.full(), "the command failed");
            report_error(&error);
            ExitCode::from(FAILED)
        }
    }
}

fn settings(cli: &Cli) -> Result<Config> {
    let config = config::load(&cli.overrides()?)?;
    let filter = EnvFilter::try_new(format!("{QUIET},{}", config.log.level)).map_err(|e| {
        Error::invalid(format!("log.level \"{}\" is not a level: {e}", config.log.level))
            .hint("Use error, warn, info, debug or trace.")
    })?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    Ok(config)
}

/// Queries run on the engine's own threads; this runtime does the network and the rest.
fn execute(cli: Cli, config: Config) -> Result<()> {
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .map_err(|_| Error::internal("a TLS provider was installed before"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_name("io")
        .thread_stack_size(MAIN_STACK_BYTES)
        .enable_all()
        .build()
        .map_err(|e| Error::exhausted("the threads cannot be started").source(e))?;
    runtime.block_on(commands::execute(cli.command, config))
}
