//! Keeps the books of one area: verdicts as they come, counted by stream and day.

use super::fault::{Object, Sort, Verdict};
use super::outcome::{Outcome, StreamOutcome};
use super::place::{Area, Place, Stream};
use super::settings::Settings;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;

/// Objects of one area that are listed by name; more are only counted.
const MOST_OBJECTS: usize = 10_000;

pub struct Ledger<'a> {
    settings: &'a Settings,
    area: &'a Area,
    streams: BTreeMap<Stream, StreamOutcome>,
    pub outcome: Outcome,
}

impl<'a> Ledger<'a> {
    pub fn new(settings: &'a Settings, area: &'a Area) -> Self {
        Self { settings, area, streams: BTreeMap::new(), outcome: Outcome::new(&settings.bucket, settings.since, settings.until) }
    }

    /// The entry of a stream.
    pub fn stream(&mut self, stream: &Stream) -> &mut StreamOutcome {
        self.streams.entry(stream.clone()).or_insert_with(|| StreamOutcome::new(stream.clone()))
    }

    /// Books a verdict; `end` is the end of the digest that the object is, or is named by.
    pub fn book(&mut self, stream: &Stream, end: Timestamp, sort: Sort, place: Place, verdict: Verdict, good_version: Option<String>) {
        let entry = self.stream(stream);
        entry.counts.count(sort, &verdict);
        // The digest of midnight is about the day before.
        let day = end.checked_sub(jiff::SignedDuration::from_secs(1)).unwrap_or(end).to_zoned(TimeZone::UTC).date();
        entry.days.entry(day).or_default().count(sort, &verdict);
        self.keep(sort, place, Some(end), verdict, good_version);
    }

    /// Books a log file that belongs to no stream.
    pub fn unreferenced(&mut self, place: Place, time: Timestamp, verdict: Verdict) {
        self.outcome.unreferenced += 1;
        self.keep(Sort::Log, place, Some(time), verdict, None);
    }

    fn keep(&mut self, sort: Sort, place: Place, time: Option<Timestamp>, verdict: Verdict, good_version: Option<String>) {
        let (account, region) = (self.area.account.clone(), self.area.region.clone());
        let object = Object { sort, place, account, region, time, verdict, good_version };
        if let Some(on_object) = &self.settings.on_object {
            on_object(&object);
        }
        if object.verdict == Verdict::Intact {
            return;
        }
        if self.outcome.objects.len() < MOST_OBJECTS {
            self.outcome.objects.push(object);
        } else {
            self.outcome.omitted += 1;
        }
    }

    /// Closes the books.
    pub fn close(mut self) -> Outcome {
        self.outcome.streams = self.streams.into_values().collect();
        self.outcome
    }
}
