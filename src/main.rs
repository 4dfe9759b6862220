//! The `trailkeeper` program.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    // Without a process-wide provider the first TLS client panics.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        eprintln!("error: another TLS provider was installed before ours");
        return ExitCode::FAILURE;
    }
    trailkeeper::cli::main().await
}
