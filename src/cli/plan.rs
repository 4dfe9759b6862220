//! `trailkeeper plan`: what would be done, and why. Writes nothing.

use super::desk::{Desk, Intent};
use super::manifests::Manifests;
use super::{Format, Input};
use crate::report::{Report, plan_json, plan_text};
use anyhow::Result;
use clap::Args;
use jiff::Timestamp;
use std::io::Write;
use std::process::ExitCode;

/// Show what differs from the manifests, and the AWS writes that would change it. Writes nothing.
///
/// Exit codes: 0 no differences, 2 differences, 1 an error, a read that AWS refused, or a resource that may not be touched.
#[derive(Args)]
pub struct Plan {
    #[command(flatten)]
    input: Input,
}

impl Plan {
    pub async fn run(self) -> Result<ExitCode> {
        let manifests = Manifests::load(&self.input.filenames, self.input.recursive)?;
        let desk = Desk::open(manifests, self.input.instance, Timestamp::now()).await?;
        let report = desk.go(Intent::Plan).await?;
        print(&report, self.input.output, plan_text::plan)?;
        Ok(report.verdict().into())
    }
}

/// Prints a report to standard output.
pub fn print(report: &Report, format: Format, text: fn(&Report) -> String) -> Result<()> {
    let mut out = anstream::stdout().lock();
    match format {
        Format::Text => out.write_all(text(report).as_bytes())?,
        Format::Json => writeln!(out, "{}", plan_json::render(report)?)?,
    }
    Ok(())
}
