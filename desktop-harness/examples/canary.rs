//! `mtd canary` as a program of its own.

use clap::Parser;

#[path = "../src/cli/canary.rs"]
mod canary;

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    args: canary::Args,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    Ok(canary::run(Command::parse().args).await?)
}
