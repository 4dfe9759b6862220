//! What `check` found as workflow commands of GitHub Actions. What is found in an account has no place in a file.

use super::{Checked, heading};
use crate::report::workflow::{command, level};
use crate::rules::catalogue::Catalogue;
use crate::rules::finding::{Finding, Result};
use std::fmt::Write;

/// The whole answer; the summary is a plain line of the log.
pub fn render(checked: &Checked, catalogue: &Catalogue) -> String {
    let mut out = String::new();
    for unread in &checked.unread {
        command(&mut out, "error", None, "Could not be read", unread);
    }
    // GitHub keeps the first ten of a level.
    let mut open = checked.open();
    open.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    for finding in open {
        command(&mut out, level(finding.severity), None, &format!("{} {}", finding.rule, finding.title), &message(finding, catalogue));
    }
    for note in &checked.notes {
        command(&mut out, "notice", None, "Note", note);
    }
    let counts = checked.counts();
    let _ = writeln!(out, "{} failed, {} not known, {} exempt, {} passed.", counts.failed, counts.unknown, counts.exempt, counts.passed);
    out
}

fn message(finding: &Finding, catalogue: &Catalogue) -> String {
    let unknown = if finding.verdict.result() == Result::Unknown { "not known: " } else { "" };
    let fix = catalogue.entry(&finding.rule).filter(|_| unknown.is_empty()).map(|entry| format!("\nFix: {}", entry.fix));
    format!("{}: {unknown}{}{}", heading(&finding.judged), finding.verdict.message(), fix.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::super::samples::checked;
    use super::*;

    #[test]
    fn what_is_open_is_one_line_each_the_most_severe_first() {
        insta::assert_snapshot!(render(&checked(), &Catalogue::builtin().unwrap()));
    }
}
