//! The outcome for a person at a terminal: what is wrong first, then what it means, then a line for each stream, then the conclusion.

use super::words::{self, count};
use crate::integrity::fault::{Gap, Object, Verdict};
use crate::integrity::outcome::{Conclusion, Outcome, StreamOutcome, Tally};
use crate::integrity::place::{Area, Stream};
use owo_colors::OwoColorize;
use std::fmt::{Result, Write};

/// Hours of one stream that are shown.
const MOST_HOURS: usize = 24;

/// The text. Colours are taken out where they are not wanted, by the one who prints it.
pub fn form(outcome: &Outcome) -> String {
    let mut text = String::new();
    let _ = write(outcome, &mut text);
    text
}

fn write(outcome: &Outcome, text: &mut String) -> Result {
    for object in &outcome.objects {
        write_object(object, text)?;
    }
    if outcome.omitted > 0 {
        writeln!(text, "... and {} more that are not listed; --output csv lists all", outcome.omitted)?;
    }
    for found in &outcome.undigested {
        writeln!(text, "{} {}: {} (Undigested)", "NOT INTACT".red(), found.area, words::undigested(found))?;
    }
    for alike in words::together(&outcome.gaps) {
        write_gaps(&alike, text)?;
    }
    for why in &outcome.unlisted {
        writeln!(text, "{} {why}", "UNREAD".yellow())?;
    }
    write_meanings(outcome, text)?;
    for stream in &outcome.streams {
        write_stream(stream, &outcome.gaps, text)?;
    }
    let word = words::verdict(outcome.conclusion());
    let conclusion = match outcome.conclusion() {
        Conclusion::Intact => word.green().to_string(),
        Conclusion::NotIntact => word.red().to_string(),
        Conclusion::Unknown => word.yellow().to_string(),
    };
    writeln!(text, "{conclusion}: {}", words::sentence(outcome))
}

fn write_gaps(alike: &[&Gap], text: &mut String) -> Result {
    let Some(gap) = alike.first() else { return Ok(()) };
    let word = if gap.reason.is_explained() { "GAP".yellow().to_string() } else { "GAP".red().to_string() };
    let Stream { area: Area { account, region, .. }, trail, home_region } = &gap.stream;
    let regions = if alike.len() == 1 {
        region.clone()
    } else {
        let names: Vec<&str> = alike.iter().map(|gap| gap.stream.area.region.as_str()).collect();
        format!("{} Regions ({})", names.len(), names.join(", "))
    };
    writeln!(
        text,
        "{word} {account} {regions} trail {trail} ({home_region}): {}: {} ({:?})",
        words::span(gap),
        words::reason(gap),
        gap.reason
    )
}

fn write_object(object: &Object, text: &mut String) -> Result {
    match &object.verdict {
        Verdict::Intact => Ok(()),
        Verdict::Unread { why } => writeln!(text, "{} {} {}: {why}", "UNREAD".yellow(), object.sort, object.place),
        Verdict::NotIntact { faults } => {
            for fault in faults {
                writeln!(text, "{} {} {}: {fault} ({})", "NOT INTACT".red(), object.sort, object.place, fault.name())?;
            }
            match words::restore(object) {
                Some(command) => writeln!(text, "    what was delivered is still there, in an older version: {command}"),
                None => Ok(()),
            }
        }
    }
}

fn write_meanings(outcome: &Outcome, text: &mut String) -> Result {
    let met = words::met(outcome);
    if met.is_empty() {
        return Ok(());
    }
    writeln!(text, "\n{}", "What this means, and what to do".bold())?;
    for (name, meaning) in met {
        writeln!(text, "  {}: {} {}", name.bold(), meaning.means, meaning.todo)?;
    }
    writeln!(text)
}

fn write_stream(outcome: &StreamOutcome, gaps: &[Gap], text: &mut String) -> Result {
    let StreamOutcome { stream, counts, from, head, hours, hours_omitted, .. } = outcome;
    let range = match (from, head) {
        (Some(from), Some(head)) => format!("verified {from} to {}", head.end),
        (None, Some(head)) => format!("verified through {}", head.end),
        (_, None) => "nothing verified".to_owned(),
    };
    let lost: i64 = gaps.iter().filter(|gap| gap.stream == *stream).filter_map(Gap::hours).sum();
    let lost = if lost > 0 { format!(", {} in gaps", count(lost.unsigned_abs(), "hour")) } else { String::new() };
    writeln!(text, "{stream}: {} digests, {} log files, {range}{lost}", share(counts.digests), share(counts.logs))?;
    for (end, counts) in hours.iter().take(MOST_HOURS) {
        writeln!(text, "    hour to {end}: {}", words::hour(counts))?;
    }
    match hours.len().saturating_sub(MOST_HOURS) as u64 + hours_omitted {
        0 => Ok(()),
        more => writeln!(text, "    ... and {} in which not all is intact", count(more, "more hour")),
    }
}

/// Intact ones of all.
fn share(tally: Tally) -> String {
    format!("{}/{}", tally.intact, tally.total())
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    fn plain(outcome: &Outcome) -> String {
        anstream::adapter::strip_str(&form(outcome)).to_string()
    }

    #[test]
    fn what_is_wrong_reads_well() {
        insta::assert_snapshot!(plain(&samples::tampered()));
    }

    #[test]
    fn what_is_intact_is_short() {
        insta::assert_snapshot!(plain(&samples::intact()));
    }

    #[test]
    fn colours_only_repeat_what_the_words_say() {
        let (intact, tampered) = (form(&samples::intact()), form(&samples::tampered()));
        assert!(intact.contains("\u{1b}[32mIntact\u{1b}[39m"), "green: {intact:?}");
        assert!(tampered.contains("\u{1b}[31mNOT INTACT\u{1b}[39m") && tampered.contains("\u{1b}[33mUNREAD\u{1b}[39m"), "{tampered:?}");
        assert!(tampered.contains("\u{1b}[31mGAP\u{1b}[39m") && tampered.contains("\u{1b}[33mGAP\u{1b}[39m"), "{tampered:?}");
    }

    #[test]
    fn gaps_of_many_regions_are_one_line() {
        let mut outcome = samples::tampered();
        let mut gap = outcome.gaps[0].clone();
        gap.stream.area.region = "us-east-1".to_owned();
        let first = outcome.gaps[0].stream.area.region.clone();
        let lines = |outcome: &Outcome| plain(outcome).lines().filter(|line| line.starts_with("GAP")).count();
        let before = lines(&outcome);
        outcome.gaps.push(gap);
        assert_eq!(lines(&outcome), before);
        assert!(plain(&outcome).contains(&format!("2 Regions ({first}, us-east-1) trail")), "{}", plain(&outcome));
        outcome.gaps.last_mut().unwrap().unproven_logs += 1;
        assert_eq!(lines(&outcome), before + 1, "another count is another line");
    }

    #[test]
    fn where_there_is_nothing_it_says_where_to_look() {
        let outcome = Outcome { streams: Vec::new(), ..samples::intact() };
        assert_eq!(
            plain(&outcome),
            "Could not tell: no digest was found. Is this where the trail delivers, and is log file validation on?\n"
        );
    }

    #[test]
    fn log_files_that_no_digest_proves_leave_the_answer_open() {
        let mut outcome = samples::intact();
        let stream = outcome.streams[0].stream.clone();
        let (until, reason) = (outcome.until, crate::integrity::fault::Reason::ValidationOff);
        outcome.gaps = vec![crate::integrity::fault::Gap { stream, from: None, until, reason, unproven_logs: 2 }];
        let text = plain(&outcome);
        assert!(text.contains("2 log files of that time are not proven"), "{text}");
        assert!(text.contains("Could not tell: of some log files, counted at the gaps, no digest proves anything"), "{text}");
    }

    #[test]
    fn a_long_list_of_hours_is_cut() {
        let mut outcome = samples::intact();
        for hour in 0..30 {
            let end = samples::time("2026-11-01T00:00:00Z") + jiff::SignedDuration::from_hours(hour);
            outcome.streams[0].count(end, crate::integrity::fault::Sort::Digest, &Verdict::Unread { why: String::new() });
        }
        outcome.streams[0].keep_hours(28);
        let text = plain(&outcome);
        assert_eq!(text.matches("    hour to ").count(), 24);
        assert!(text.contains("... and 6 more hours in which"), "{text}");
    }
}
