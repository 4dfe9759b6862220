//! `trailkeeper version`: which build this is.

use super::Format;
use anyhow::Result;
use clap::Args;
use serde_json::json;
use std::io::Write;

/// Set by whoever builds a release.
const COMMIT: Option<&str> = option_env!("TRAILKEEPER_COMMIT");

/// Print the version.
#[derive(Args)]
pub struct Version {
    /// Form of the answer.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
}

impl Version {
    pub fn run(self) -> Result<()> {
        let version = env!("CARGO_PKG_VERSION");
        let mut out = std::io::stdout().lock();
        match (self.output, COMMIT) {
            (Format::Text, Some(commit)) => writeln!(out, "trailkeeper {version} ({commit})")?,
            (Format::Text, None) => writeln!(out, "trailkeeper {version}")?,
            (Format::Json, commit) => writeln!(out, "{:#}", json!({"version": version, "commit": commit}))?,
        }
        Ok(())
    }
}
