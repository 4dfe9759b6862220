//! `trailkeeper check`: the best-practice rules on what accounts have, managed or not. Needs no cluster; writes nothing.

use super::DIFFERENCES;
use super::lint::severity;
use super::progress::Told;
use super::scope::Scope;
use crate::report::check::{Checked, Outcome, github, json, junit, text};
use crate::rules::catalogue::Catalogue;
use crate::rules::finding::Severity;
use anyhow::Result;
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use std::io::Write;
use std::process::ExitCode;

/// Judge the audit logging that accounts have by the best-practice rules: every trail, its bucket and key, managed or not.
///
/// Writes nothing. Exit codes: 0 clean, 2 findings, 1 something could not be read, or another error.
#[derive(Args)]
pub struct Check {
    #[command(flatten)]
    scope: Scope,
    /// Only findings at least as severe.
    #[arg(long, value_name = "LEVEL", default_value = "info", ignore_case = true, value_parser = severity())]
    severity: Severity,
    /// Form of the answer.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Form,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    Text,
    Json,
    Junit,
    /// GitHub workflow commands: annotations of the run.
    Github,
}

impl Check {
    pub async fn run(self) -> Result<ExitCode> {
        let catalogue = Catalogue::builtin()?;
        let looked = self.scope.look(&catalogue, Timestamp::now(), &Told::new()).await?;
        let mut checked = Checked {
            accounts: looked.accounts(),
            buckets: looked.survey.buckets.len(),
            findings: looked.findings,
            notes: looked.notes,
            unread: looked.survey.unread,
            calls: looked.shared.calls.total(),
        };
        checked.findings.retain(|finding| finding.severity >= self.severity);
        let rendered = match self.output {
            Form::Text => text::render(&checked, &catalogue),
            Form::Json => format!("{:#}\n", json::render(&checked)),
            Form::Junit => junit::render(&checked, &catalogue)?,
            Form::Github => github::render(&checked, &catalogue),
        };
        anstream::stdout().lock().write_all(rendered.as_bytes())?;
        Ok(match checked.outcome() {
            Outcome::Clean => ExitCode::SUCCESS,
            Outcome::Findings => ExitCode::from(DIFFERENCES),
            Outcome::Unknown => ExitCode::FAILURE,
        })
    }
}
