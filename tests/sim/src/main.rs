//! The command `trailkeeper-sim`: starts the simulation, prints its endpoint as one JSON line, and runs until told to stop.

use anyhow::Context;
use clap::Parser;
use std::net::SocketAddr;
use tokio::signal::unix::{SignalKind, signal};
use trailkeeper_sim::Server;
use trailkeeper_sim::moto::{Moto, tools_dir};

/// A simulated AWS for Trailkeeper's tests and demo.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Address to listen on; port 0 picks a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// A running moto server; without it, one is started from the tools directory.
    #[arg(long)]
    moto_url: Option<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_env_filter(tracing_subscriber::EnvFilter::from_default_env()).with_writer(std::io::stderr).init();
    let arguments = Arguments::parse();
    let own_moto = match arguments.moto_url {
        Some(_) => None,
        None => Some(Moto::start(&tools_dir()?).await?),
    };
    let moto_url = arguments.moto_url.as_deref().or(own_moto.as_ref().map(Moto::url)).context("no moto server")?;
    let server = Server::start(arguments.listen, moto_url).await?;
    println!("{}", serde_json::json!({ "endpoint": server.endpoint() }));

    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => {}
        result = tokio::signal::ctrl_c() => result?,
    }
    Ok(())
}
