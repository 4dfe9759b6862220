//! Findings as workflow commands: GitHub shows them beside the changed lines.

use super::{Lint, Placed, name_of};
use crate::report::workflow::{command, level};
use std::fmt::Write;

/// The whole answer; the summary is a plain line of the log.
pub fn render(lint: &Lint) -> String {
    let mut out = String::new();
    for problem in &lint.problems {
        command(&mut out, "error", Some(&problem.place), "Manifest", &problem.message);
    }
    for placed in lint.open() {
        let title = format!("{} {}", placed.finding.rule, placed.finding.title);
        command(&mut out, level(placed.finding.severity), Some(&placed.place), &title, &message(placed));
    }
    for problem in &lint.expired {
        command(&mut out, "warning", Some(&problem.place), "Exemption", &problem.message);
    }
    for note in &lint.notes {
        command(&mut out, "notice", Some(&note.place), "Not judged", &note.message);
    }
    let _ = writeln!(out, "{}.", lint.summary().line());
    out
}

fn message(placed: &Placed) -> String {
    let mut text = format!("{}: {}\nFix: {}", name_of(&placed.finding.judged), placed.finding.verdict.message(), placed.fix.text);
    if let Some(patch) = &placed.fix.patch {
        let _ = write!(text, "\n{}:\n{}", patch.object, patch.yaml.trim_end());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::lint::samples;

    #[test]
    fn every_finding_is_one_line() {
        let told = render(&samples::mixed());
        insta::assert_snapshot!(told);
        assert_eq!(told.lines().filter(|line| line.starts_with("::")).count(), 3);
    }
}
