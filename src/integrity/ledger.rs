//! Keeps the books of one area: verdicts as they come, counted by stream, day and hour.

use super::fault::{Object, Sort, Verdict};
use super::outcome::{Outcome, StreamOutcome};
use super::place::{Area, Place, Stream};
use super::settings::Settings;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Objects of one area that are listed by name; more are only counted.
const MOST_OBJECTS: usize = 10_000;

/// Hours of one stream that are listed where something is not intact; more are only counted.
const MOST_HOURS: usize = 1_000;

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
        self.stream(stream).count(end, sort, &verdict);
        self.keep(sort, place, Some(stream), Some(end), verdict, good_version);
    }

    /// Books a log file that belongs to no stream.
    pub fn unreferenced(&mut self, place: Place, time: Timestamp, verdict: Verdict) {
        self.outcome.unreferenced += 1;
        self.keep(Sort::Log, place, None, Some(time), verdict, None);
    }

    fn keep(
        &mut self,
        sort: Sort,
        place: Place,
        stream: Option<&Stream>,
        time: Option<Timestamp>,
        verdict: Verdict,
        good_version: Option<String>,
    ) {
        let (account, region) = (self.area.account.clone(), self.area.region.clone());
        let trail = stream.map(|stream| stream.trail.clone());
        let object = Object { sort, place, account, region, trail, time, verdict, good_version };
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
        self.streams.values_mut().for_each(|stream| stream.keep_hours(MOST_HOURS));
        self.outcome.streams = self.streams.into_values().collect();
        self.outcome
    }
}
