//! `trailkeeper apply`: one pass without a cluster, by the engine that the operator uses.

use super::Input;
use super::desk::{Desk, Intent};
use super::manifests::Manifests;
use super::plan::print;
use super::progress::Interrupt;
use crate::report::{Verdict, plan_text};
use anyhow::{Result, bail};
use clap::Args;
use jiff::Timestamp;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

/// Bring AWS about as the manifests say, once.
///
/// Exit codes: 0 everything is in force, 2 differences remain that are only observed, 1 an error.
#[derive(Args)]
pub struct Apply {
    #[command(flatten)]
    input: Input,
    /// Do not ask. Required where nobody can be asked.
    #[arg(long)]
    auto_approve: bool,
}

impl Apply {
    pub async fn run(self) -> Result<ExitCode> {
        let reads_stdin = self.input.filenames.iter().any(|path| path.as_os_str() == "-");
        let can_ask = std::io::stdin().is_terminal() && !reads_stdin;
        if !self.auto_approve && !can_ask {
            bail!(
                "nobody can be asked, as standard input is not a terminal: look at `trailkeeper plan` first, then give --auto-approve. Nothing was written"
            );
        }
        let manifests = Manifests::load(&self.input.filenames, self.input.recursive)?;
        let desk = Desk::open(manifests, self.input.instance, Timestamp::now()).await?;
        if !self.auto_approve {
            let plan = desk.go(Intent::Plan).await?;
            if plan.verdict() == Verdict::Clean {
                print(&plan, self.input.output, plan_text::plan)?;
                return Ok(ExitCode::SUCCESS);
            }
            anstream::eprint!("{}", plan_text::plan(&plan));
            if plan.summary().writes > 0 && !confirmed()? {
                bail!("not confirmed: nothing was written");
            }
        }
        let interrupt = Interrupt::listen()?;
        let report = desk.go(Intent::Apply(&interrupt)).await?;
        print(&report, self.input.output, plan_text::applied)?;
        Ok(report.verdict().into())
    }
}

fn confirmed() -> Result<bool> {
    anstream::eprint!("\nDo you want to perform these actions? Only 'yes' is accepted: ");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(answer.trim() == "yes")
}
