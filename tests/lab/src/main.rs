//! The `lab` binary: arguments only; see [`trailkeeper_lab::up`].

use anyhow::Result;
use clap::{Parser, Subcommand};

/// A real Kubernetes control plane and a simulated AWS on loopback
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start, print one line of JSON that says where everything is, and run until stdin closes or a signal comes
    Up(trailkeeper_lab::up::Options),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    match Cli::parse().command {
        Command::Up(options) => trailkeeper_lab::up::run(options).await,
    }
}
