//! What `check` found, for people at a terminal: by object, the most severe first, with the fix. Colours are ANSI sequences, always.

use super::{Checked, Outcome, heading};
use crate::report::audit::patch;
use crate::report::lint::text::colour;
use crate::rules::catalogue::Catalogue;
use crate::rules::finding::{Finding, Result, Verdict};
use owo_colors::OwoColorize;
use std::fmt::Write;

/// The whole answer.
pub fn render(checked: &Checked, catalogue: &Catalogue) -> String {
    let mut out = String::new();
    let mut last = None;
    for finding in checked.open() {
        if last != Some(&finding.judged) {
            let _ = writeln!(out, "{}", heading(&finding.judged).bold());
            last = Some(&finding.judged);
        }
        told(&mut out, finding, catalogue);
    }
    for finding in checked.exempt() {
        if let Verdict::Exempt(exempted) = &finding.verdict {
            let until = exempted.expires.strftime("%Y-%m-%d");
            let why = format!("{} (accepted by {} until {until}: {})", exempted.message, exempted.approver, exempted.reason);
            let _ = writeln!(out, "{} {} on {}: {why}", "exempt".cyan(), finding.rule, heading(&finding.judged));
        }
    }
    for unread in &checked.unread {
        let _ = writeln!(out, "{}: {unread}", "could not be read".yellow());
    }
    for note in &checked.notes {
        let _ = writeln!(out, "{}: {note}", "note".cyan());
    }
    let _ = writeln!(out, "{}", summary(checked));
    out
}

fn told(out: &mut String, finding: &Finding, catalogue: &Catalogue) {
    let severity: &str = finding.severity.into();
    let word = if finding.verdict.result() == Result::Unknown { " not known:" } else { "" };
    let severity = severity.color(colour(finding.severity));
    let _ = writeln!(out, "  {}{word} {} {}", severity.bold(), finding.rule.bold(), finding.title);
    let _ = writeln!(out, "    {}", finding.verdict.message());
    let Some(entry) = catalogue.entry(&finding.rule).filter(|_| finding.verdict.result() == Result::Fail) else { return };
    let _ = writeln!(out, "    {} {}", "Fix:".green(), entry.fix);
    // Only an object of ours has a manifest to paste into.
    if finding.judged.object.is_some() {
        for line in patch(entry).iter().flat_map(|patch| patch.lines()) {
            let _ = writeln!(out, "      {line}");
        }
    }
}

fn summary(checked: &Checked) -> String {
    let counts = checked.counts();
    let word = match checked.outcome() {
        Outcome::Clean => "Clean:".green().bold().to_string(),
        Outcome::Findings => "Found:".yellow().bold().to_string(),
        Outcome::Unknown => "Not everything is known:".red().bold().to_string(),
    };
    let plural = |count: usize, noun: &str| if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") };
    format!(
        "{word} {} failed, {} not known, {} exempt, {} passed. Looked at {}, {} and {} with {}; wrote nothing.",
        counts.failed,
        counts.unknown,
        counts.exempt,
        counts.passed,
        plural(checked.accounts.len(), "account"),
        plural(checked.trails(), "trail"),
        plural(checked.buckets, "bucket"),
        plural(checked.calls, "AWS call"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::check::samples::checked;

    #[test]
    fn findings_read_well() {
        let catalogue = Catalogue::builtin().unwrap();
        insta::assert_snapshot!(anstream::adapter::strip_str(&render(&checked(), &catalogue)).to_string());
    }

    #[test]
    fn what_could_not_be_read_outweighs_what_was_found() {
        let mut checked = checked();
        assert_eq!(checked.outcome(), Outcome::Unknown);
        checked.findings.retain(|finding| finding.verdict.result() != Result::Unknown);
        assert_eq!(checked.outcome(), Outcome::Findings);
        checked.findings.retain(|finding| finding.verdict.result() != Result::Fail);
        assert_eq!(checked.outcome(), Outcome::Clean);
        checked.unread.push("Allow organizations:DescribeOrganization".into());
        assert_eq!(checked.outcome(), Outcome::Unknown);
    }
}
