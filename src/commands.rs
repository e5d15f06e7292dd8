//! One module per command.

mod crawl;
mod demo;
mod doctor;
mod run;
mod serve;
mod sql;

use lakegate_base::Result;

use crate::cli::Command;
use crate::config::Config;

pub use doctor::client_names;

pub async fn execute(command: Command, config: Config) -> Result<()> {
    match command {
        Command::Serve(arguments) => serve::serve(&arguments, &config).await,
        Command::Crawl(arguments) => crawl::crawl(&arguments, &config).await,
        Command::Sql(arguments) => sql::sql(&arguments, &config).await,
        Command::Run(arguments) => run::run(&arguments, &config).await,
        Command::Demo(arguments) => demo::demo(&arguments, &config).await,
        Command::Doctor(arguments) => doctor::doctor(&arguments, &config).await,
    }
}
