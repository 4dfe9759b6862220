//! The outcome for a person at a terminal: what is wrong first, then a line for each stream, then the conclusion.

use crate::integrity::fault::{Gap, Object, Verdict};
use crate::integrity::outcome::{Conclusion, Outcome, StreamOutcome, Tally};
use owo_colors::OwoColorize;
use std::fmt::Write;

/// The text. Colours are taken out where they are not wanted, by the one who prints it.
pub fn form(outcome: &Outcome) -> String {
    let mut text = String::new();
    let _ = write(outcome, &mut text);
    text
}

fn write(outcome: &Outcome, text: &mut String) -> std::fmt::Result {
    for object in &outcome.objects {
        write_object(object, text)?;
    }
    if outcome.omitted > 0 {
        writeln!(text, "... and {} more that are not listed; --output csv lists all", outcome.omitted)?;
    }
    for undigested in &outcome.undigested {
        let (area, logs) = (&undigested.area, undigested.logs);
        writeln!(
            text,
            "{} {area}: {}, and no digest at all: validation was never on, or every digest was deleted",
            "NOT INTACT".red(),
            files(logs)
        )?;
    }
    for gap in &outcome.gaps {
        write_gap(gap, text)?;
    }
    for why in &outcome.unlisted {
        writeln!(text, "{} {why}", "UNREAD".yellow())?;
    }
    if !text.is_empty() {
        writeln!(text)?;
    }
    for stream in &outcome.streams {
        write_stream(stream, text)?;
    }
    write_conclusion(outcome, text)
}

fn write_object(object: &Object, text: &mut String) -> std::fmt::Result {
    match &object.verdict {
        Verdict::Intact => Ok(()),
        Verdict::Unread { why } => writeln!(text, "{} {} {}: {why}", "UNREAD".yellow(), object.sort, object.place),
        Verdict::NotIntact { faults } => {
            for fault in faults {
                writeln!(text, "{} {} {}: {fault}", "NOT INTACT".red(), object.sort, object.place)?;
            }
            match &object.good_version {
                Some(version) => writeln!(text, "           version {version} of it still holds what was delivered"),
                None => Ok(()),
            }
        }
    }
}

fn write_gap(gap: &Gap, text: &mut String) -> std::fmt::Result {
    let from = gap.from.map_or_else(|| "the beginning".to_owned(), |from| from.to_string());
    let hours = gap.hours().map(|hours| format!(", {hours} h")).unwrap_or_default();
    let word = if gap.reason.is_explained() { "GAP".yellow().to_string() } else { "GAP".red().to_string() };
    write!(text, "{word} {}: {from} to {}{hours}: {}", gap.stream, gap.until, gap.reason)?;
    if gap.unproven_logs > 0 {
        write!(text, "; {} of that time are not proven", files(gap.unproven_logs))?;
    }
    writeln!(text)
}

fn files(count: u64) -> String {
    if count == 1 { "1 log file".to_owned() } else { format!("{count} log files") }
}

fn write_stream(outcome: &StreamOutcome, text: &mut String) -> std::fmt::Result {
    let StreamOutcome { stream, counts, head, .. } = outcome;
    let through = head.as_ref().map_or_else(|| "nothing".to_owned(), |head| head.end.to_string());
    writeln!(text, "{stream}: {} digests, {} log files, verified through {through}", share(counts.digests), share(counts.logs))
}

/// Intact ones of all.
fn share(tally: Tally) -> String {
    format!("{}/{}", tally.intact, tally.total())
}

fn write_conclusion(outcome: &Outcome, text: &mut String) -> std::fmt::Result {
    let counts = outcome.counts();
    let (digests, logs) = (share(counts.digests), share(counts.logs));
    match outcome.conclusion() {
        Conclusion::Intact => {
            writeln!(text, "{}: {digests} digests and {logs} log files are as CloudTrail delivered them.", "Intact".green())
        }
        Conclusion::NotIntact => writeln!(text, "{}: {digests} digests and {logs} log files are intact; see above.", "Not intact".red()),
        Conclusion::Unknown if counts.digests.total() == 0 && outcome.unlisted.is_empty() => {
            writeln!(
                text,
                "{}: no digest was found. Is this where the trail delivers, and is log file validation on?",
                "Could not tell".yellow()
            )
        }
        Conclusion::Unknown => {
            writeln!(text, "{}: {digests} digests and {logs} log files are intact; the rest could not be read.", "Could not tell".yellow())
        }
    }
}
