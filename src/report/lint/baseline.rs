//! The baseline: findings that were there when lint was taken up, one stable id a line, so that a review sees what comes and goes.

use super::{Lint, Placed, Standing};
use crate::report::place::{Place, Problem};
use std::collections::BTreeMap;
use std::fmt::Write;

const HEAD: &str = "# Findings that are accepted for now; made by `trailkeeper lint --write-baseline`. Take lines out as you fix them.\n";

/// Ids with their lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline(BTreeMap<String, u64>);

impl Baseline {
    /// Reads a baseline. What follows ` #` is a comment.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<Problem>> {
        let mut ids = BTreeMap::new();
        let mut problems = Vec::new();
        for (line, content) in (1..).zip(text.lines()) {
            let id = content.split_once(" #").map_or(content, |(id, _)| id).trim();
            if id.is_empty() || id.starts_with('#') {
                continue;
            }
            if is_id(id) {
                ids.insert(id.to_owned(), line);
            } else {
                let message = format!("`{id}` is no finding's id: they look like TK-TRAIL-001/111111111111/Trail/default/audit");
                problems.push(Problem { place: Place { file: file.to_owned(), line, column: 1 }, message });
            }
        }
        if problems.is_empty() { Ok(Self(ids)) } else { Err(problems) }
    }

    /// Marks what is accepted, and notes what is no longer found.
    pub fn accept(mut self, file: &str, lint: &mut Lint) {
        for placed in &mut lint.findings {
            placed.in_baseline = self.0.remove(&placed.finding.id()).is_some();
        }
        lint.notes.extend(self.0.into_iter().map(|(id, line)| Problem {
            place: Place { file: file.to_owned(), line, column: 1 },
            message: format!("{id} is no longer found: take this line out"),
        }));
    }
}

fn is_id(text: &str) -> bool {
    text.starts_with("TK-") && text.split('/').count() >= 4 && !text.contains(char::is_whitespace)
}

/// Every failure that is not exempt, as a baseline.
pub fn render(lint: &Lint) -> String {
    let kept = lint.findings.iter().filter(|placed| !matches!(placed.standing(), Standing::Exempt(_)));
    let lines: BTreeMap<String, &Placed> = kept.map(|placed| (placed.finding.id(), placed)).collect();
    lines.into_iter().fold(HEAD.to_owned(), |mut out, (id, placed)| {
        let _ = writeln!(out, "{id} # {}", placed.finding.title);
        out
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::report::lint::{Outcome, samples};

    #[test]
    fn what_was_written_is_accepted() {
        let mut lint = samples::mixed();
        let text = render(&lint);
        assert_eq!(text.lines().count(), 4, "{text}");
        Baseline::parse("b", &text).unwrap().accept("b", &mut lint);
        assert_eq!((lint.outcome(), lint.notes.len()), (Outcome::Clean, 1));
    }

    #[test]
    fn what_is_no_longer_found_is_told_with_its_line() {
        let mut lint = Lint::default();
        Baseline::parse("b.txt", "# head\n\nTK-TRAIL-001/1/Trail/a/b # x\n").unwrap().accept("b.txt", &mut lint);
        assert_eq!(lint.notes[0].to_string(), "b.txt:3:1: TK-TRAIL-001/1/Trail/a/b is no longer found: take this line out");
    }

    #[test]
    fn anything_else_is_refused() {
        let told = Baseline::parse("b.txt", "TK-TRAIL-001\nlogging is off\n").err().unwrap();
        assert_eq!(told.iter().map(|problem| problem.place.line).collect::<Vec<_>>(), [1, 2]);
    }
}
