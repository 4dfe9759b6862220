//! Findings for people at a terminal. Colours are ANSI sequences, always; the terminal side takes them out where they are not wanted.

use super::{Lint, Outcome, Placed};
use crate::rules::finding::Severity;
use owo_colors::{AnsiColors, OwoColorize};
use std::fmt::Write;

/// The whole answer: errors, then findings, the most severe first, then notes and the summary.
pub fn render(lint: &Lint) -> String {
    let mut out = String::new();
    for problem in &lint.problems {
        let _ = writeln!(out, "{}: {problem}", "error".red().bold());
    }
    if !lint.problems.is_empty() {
        out.push('\n');
    }
    for placed in lint.open() {
        finding(&mut out, placed);
    }
    for problem in &lint.expired {
        let _ = writeln!(out, "{}: {problem}", "expired".yellow().bold());
    }
    for note in &lint.notes {
        let _ = writeln!(out, "{}: {note}", "note".cyan());
    }
    if !(lint.expired.is_empty() && lint.notes.is_empty()) {
        out.push('\n');
    }
    let summary = lint.summary().line();
    let _ = match lint.outcome() {
        Outcome::Clean => writeln!(out, "{} {summary}.", "Clean:".green().bold()),
        Outcome::Findings => writeln!(out, "{} {summary}.", "Found:".yellow().bold()),
        Outcome::Broken => writeln!(out, "{} {summary}.", "Errors:".red().bold()),
    };
    out
}

fn finding(out: &mut String, placed: &Placed) {
    let found = &placed.finding;
    let severity: &str = found.severity.into();
    let _ = writeln!(out, "{}: {} {} {}", placed.place, severity.color(colour(found.severity)).bold(), found.rule.bold(), found.title);
    let _ = writeln!(out, "  {}: {}", super::name_of(&found.judged), found.verdict.message());
    let _ = writeln!(out, "  {} {}", "Fix:".green(), placed.fix.text);
    if let Some(patch) = &placed.fix.patch {
        if patch.object != super::name_of(&found.judged) {
            let _ = writeln!(out, "    # {}", patch.object);
        }
        for line in patch.yaml.lines() {
            let _ = writeln!(out, "    {line}");
        }
    }
    out.push('\n');
}

/// The colour of a severity.
pub fn colour(severity: Severity) -> AnsiColors {
    match severity {
        Severity::Critical => AnsiColors::BrightRed,
        Severity::High => AnsiColors::Red,
        Severity::Medium => AnsiColors::Yellow,
        Severity::Low => AnsiColors::Cyan,
        Severity::Info => AnsiColors::Blue,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::lint::samples;

    fn plain(lint: &Lint) -> String {
        anstream::adapter::strip_str(&render(lint)).to_string()
    }

    #[test]
    fn findings_read_well() {
        insta::assert_snapshot!(plain(&samples::mixed()));
    }

    #[test]
    fn errors_come_first() {
        let mut lint = samples::mixed();
        lint.problems.push(samples::problem("unknown field `x`"));
        assert!(plain(&lint).starts_with("error: trails/main, eu.yaml:2:1: unknown field `x`\n\ntrails/main, eu.yaml:7:3: Critical"));
        assert!(plain(&lint).ends_with("Errors: 1 error, 2 findings (1 critical, 1 low), 1 exempt, 1 in the baseline in 2 objects.\n"));
    }

    #[test]
    fn nothing_found_is_said() {
        assert_eq!(plain(&Lint::default()), "Clean: no findings in no objects.\n");
    }
}
