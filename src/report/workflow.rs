//! Workflow commands of GitHub Actions: lines of the log that GitHub shows as annotations.

use super::place::Place;
use crate::rules::finding::Severity;
use std::fmt::Write;

/// What GitHub calls a severity.
pub fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "notice",
    }
}

/// One annotation; without a place it belongs to the whole run.
pub fn command(out: &mut String, level: &str, place: Option<&Place>, title: &str, message: &str) {
    let at = place.map(|place| format!("file={},line={},col={},", property(&place.file), place.line, place.column)).unwrap_or_default();
    let _ = writeln!(out, "::{level} {at}title={}::{}", property(title), data(message));
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

    #[test]
    fn nothing_in_a_text_can_begin_another_command() {
        assert_eq!(data("a\n::set-output name=x::100%\r"), "a%0A::set-output name=x::100%25%0D");
        assert_eq!(property("a,b:c"), "a%2Cb%3Ac");
    }
}
