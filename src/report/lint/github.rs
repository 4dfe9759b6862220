//! Findings as workflow commands: GitHub shows them beside the changed lines.

use super::{Lint, Placed, name_of};
use crate::report::place::Place;
use crate::rules::finding::Severity;
use std::fmt::Write;

/// The whole answer; the summary is a plain line of the log.
pub fn render(lint: &Lint) -> String {
    let mut out = String::new();
    for problem in &lint.problems {
        command(&mut out, "error", &problem.place, "Manifest", &problem.message);
    }
    for placed in lint.open() {
        let title = format!("{} {}", placed.finding.rule, placed.finding.title);
        command(&mut out, level(placed.finding.severity), &placed.place, &title, &message(placed));
    }
    for problem in &lint.expired {
        command(&mut out, "warning", &problem.place, "Exemption", &problem.message);
    }
    for note in &lint.notes {
        command(&mut out, "notice", &note.place, "Not judged", &note.message);
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

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "notice",
    }
}

fn command(out: &mut String, level: &str, place: &Place, title: &str, message: &str) {
    let (file, title) = (property(&place.file), property(title));
    let _ = writeln!(out, "::{level} file={file},line={},col={},title={title}::{}", place.line, place.column, data(message));
}

/// As `@actions/core` escapes the text of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// As `@actions/core` escapes the value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
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

    #[test]
    fn nothing_in_a_text_can_begin_another_command() {
        assert_eq!(data("a\n::set-output name=x::100%\r"), "a%0A::set-output name=x::100%25%0D");
        assert_eq!(property("a,b:c"), "a%2Cb%3Ac");
    }
}
