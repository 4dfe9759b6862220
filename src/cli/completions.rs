//! `trailkeeper completions`: what a shell needs to complete our words.

use super::Cli;
use anyhow::Result;
use clap::{Args, CommandFactory};
use clap_complete::Shell;
use std::io::Write;

/// Print a completion script, for example: trailkeeper completions bash > /etc/bash_completion.d/trailkeeper
#[derive(Args)]
pub struct Completions {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub fn run(self) -> Result<()> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "trailkeeper", &mut script);
        std::io::stdout().lock().write_all(&script)?;
        Ok(())
    }
}
