//! The days of a stream, month by month, as runs of days that fared alike.

use crate::integrity::fault::{Gap, Object, Reason};
use crate::integrity::outcome::{Counts, Outcome, StreamOutcome};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;

/// How a day fared, from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    Intact,
    Explained,
    Unread,
    Gap,
    NotIntact,
}

impl Mark {
    /// Sign and words: never told by colour alone.
    pub fn words(self) -> &'static str {
        match self {
            Self::Intact => "✓ intact",
            Self::Explained => "– explained gap",
            Self::Unread => "? not read",
            Self::Gap => "✗ gap",
            Self::NotIntact => "✗ not intact",
        }
    }

    /// Its class in the style of our pages.
    pub fn class(self) -> &'static str {
        match self {
            Self::Intact => "pass",
            Self::Explained => "none",
            Self::Unread => "unknown",
            Self::Gap | Self::NotIntact => "fail",
        }
    }

    fn of(counts: &Counts) -> Self {
        let all = counts.all();
        match (all.not_intact, all.unread) {
            (0, 0) => Self::Intact,
            (0, _) => Self::Unread,
            _ => Self::NotIntact,
        }
    }

    pub fn of_gap(gap: &Gap) -> Self {
        match gap.reason {
            Reason::DigestUnread => Self::Unread,
            reason if reason.is_explained() => Self::Explained,
            _ => Self::Gap,
        }
    }
}

/// Days of one month that fared alike, first and last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub first: Date,
    pub last: Date,
    pub mark: Mark,
}

fn day(time: Timestamp) -> Date {
    time.to_zoned(TimeZone::UTC).date()
}

/// The runs of a stream, oldest first. Each day has the worst mark of what is known of it, also of files of its account and Region
/// that no digest names.
pub fn runs(outcome: &Outcome, stream: &StreamOutcome) -> Vec<Run> {
    let mut marks: BTreeMap<Date, Mark> = stream.days.iter().map(|(day, counts)| (*day, Mark::of(counts))).collect();
    for gap in outcome.gaps.iter().filter(|gap| gap.stream == stream.stream) {
        // One without a beginning is told beside the map: nobody knows its days.
        let Some(from) = gap.from else { continue };
        let last = day(gap.until.checked_sub(jiff::SignedDuration::from_secs(1)).unwrap_or(gap.until));
        let mark = Mark::of_gap(gap);
        for day in day(from).series(jiff::Span::new().days(1)).take_while(|day| *day <= last) {
            marks.entry(day).and_modify(|known| *known = mark.max(*known)).or_insert(mark);
        }
    }
    let area = &stream.stream.area;
    let stray = |object: &&Object| object.trail.is_none() && object.account == area.account && object.region == area.region;
    for time in outcome.objects.iter().filter(stray).filter_map(|object| object.time) {
        marks.insert(day(time), Mark::NotIntact);
    }
    let mut runs: Vec<Run> = Vec::new();
    for (day, mark) in marks {
        match runs.last_mut() {
            Some(run) if run.mark == mark && run.last.tomorrow().ok() == Some(day) && run.last.month() == day.month() => run.last = day,
            _ => runs.push(Run { first: day, last: day, mark }),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    #[test]
    fn days_that_fare_alike_are_told_together_and_the_worst_of_a_day_counts() {
        let outcome = samples::tampered();
        let told: Vec<String> =
            runs(&outcome, &outcome.streams[0]).iter().map(|run| format!("{} {} {:?}", run.first, run.last, run.mark)).collect();
        insta::assert_snapshot!(told.join("\n"), @r"
        2026-10-30 2026-10-31 Intact
        2026-11-01 2026-11-02 Intact
        2026-11-03 2026-11-03 NotIntact
        2026-11-04 2026-11-05 Gap
        2026-11-06 2026-11-06 NotIntact
        2026-11-07 2026-11-07 Unread
        ");
    }
}
