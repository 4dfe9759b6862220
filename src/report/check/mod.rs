//! What `check` found: pure. The value, and its forms for people and for programs.

pub mod github;
pub mod json;
pub mod junit;
#[cfg(test)]
mod samples;
pub mod text;

use super::audit::{AccountEvidence, Counts};
use crate::rules::finding::{Finding, Judged, Result};

/// Everything that was found in the given accounts.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    pub accounts: Vec<AccountEvidence>,
    /// How many buckets were looked at.
    pub buckets: usize,
    pub findings: Vec<Finding>,
    /// What is worth knowing and is nobody's fault.
    pub notes: Vec<String>,
    /// What could not be read, beside what findings tell.
    pub unread: Vec<String>,
    /// AWS calls that were made.
    pub calls: usize,
}

/// What it comes down to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Clean,
    Findings,
    /// Something could not be read, so that nobody can say.
    Unknown,
}

impl Checked {
    pub fn outcome(&self) -> Outcome {
        let counts = self.counts();
        if counts.unknown > 0 || !self.unread.is_empty() {
            Outcome::Unknown
        } else if counts.failed > 0 {
            Outcome::Findings
        } else {
            Outcome::Clean
        }
    }

    pub fn counts(&self) -> Counts {
        Counts::of(&self.findings)
    }

    /// Failures and what could not be judged, by object, the most severe first.
    fn open(&self) -> Vec<&Finding> {
        let mut open: Vec<_> = self.findings.iter().filter(|finding| finding.is_open()).collect();
        open.sort_by_key(|finding| (&finding.judged, std::cmp::Reverse(finding.severity), finding.verdict.result(), &finding.rule));
        open
    }

    fn exempt(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.verdict.result() == Result::Exempt)
    }

    fn trails(&self) -> usize {
        self.accounts.iter().flat_map(|account| &account.trails).filter(|trail| !trail.shadow).count()
    }
}

/// What was judged, who keeps it, and where it is.
fn heading(judged: &Judged) -> String {
    let place = format!("account {}, {}", judged.account, judged.region);
    match &judged.object {
        Some(object) => format!("{} {object} ({}; {place})", judged.kind, judged.arn),
        None => format!("{} {} (not managed; {place})", judged.kind, judged.arn),
    }
}
