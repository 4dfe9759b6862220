//! What a verification found: counts, gaps, and every object that is not intact. Pure; written as JSON, and merged.

use super::chain::{Head, explain};
use super::fault::{Gap, Object, Reason, Sort, Verdict};
use super::place::{Area, Stream};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The form of the JSON.
pub const FORMAT: u32 = 1;

/// How many objects, by verdict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    pub intact: u64,
    pub not_intact: u64,
    pub unread: u64,
}

impl Tally {
    pub fn count(&mut self, verdict: &Verdict) {
        match verdict {
            Verdict::Intact => self.intact += 1,
            Verdict::NotIntact { .. } => self.not_intact += 1,
            Verdict::Unread { .. } => self.unread += 1,
        }
    }

    pub fn add(&mut self, other: Self) {
        self.intact += other.intact;
        self.not_intact += other.not_intact;
        self.unread += other.unread;
    }

    pub fn total(&self) -> u64 {
        self.intact + self.not_intact + self.unread
    }
}

/// Digests and log files of some part of the archive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    pub digests: Tally,
    pub logs: Tally,
}

impl Counts {
    pub fn count(&mut self, sort: Sort, verdict: &Verdict) {
        match sort {
            Sort::Digest | Sort::BackfillDigest => self.digests.count(verdict),
            Sort::Log => self.logs.count(verdict),
        }
    }

    pub fn add(&mut self, other: &Self) {
        self.digests.add(other.digests);
        self.logs.add(other.logs);
    }

    /// Both together.
    pub fn all(&self) -> Tally {
        let mut all = self.digests;
        all.add(self.logs);
        all
    }

    pub fn is_intact(&self) -> bool {
        let all = self.all();
        all.not_intact + all.unread == 0
    }
}

/// One stream of digests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StreamOutcome {
    #[serde(flatten)]
    pub stream: Stream,
    #[serde(flatten)]
    pub counts: Counts,
    /// Begin of the first digest that was believed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// The newest digest that was believed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<Head>,
    /// Objects by UTC day.
    pub days: BTreeMap<jiff::civil::Date, Counts>,
    /// Objects of the hours in which not all are intact, by the end of their digest.
    #[serde(default)]
    pub hours: BTreeMap<Timestamp, Counts>,
    /// How many more such hours there are.
    #[serde(default)]
    pub hours_omitted: u64,
}

impl StreamOutcome {
    pub fn new(stream: Stream) -> Self {
        let (hours, days) = (BTreeMap::new(), BTreeMap::new());
        Self { stream, counts: Counts::default(), from: None, head: None, days, hours, hours_omitted: 0 }
    }

    pub fn count(&mut self, end: Timestamp, sort: Sort, verdict: &Verdict) {
        self.counts.count(sort, verdict);
        // The digest of midnight is about the day before.
        let day = end.checked_sub(SignedDuration::from_secs(1)).unwrap_or(end).to_zoned(TimeZone::UTC).date();
        self.days.entry(day).or_default().count(sort, verdict);
        self.hours.entry(end).or_default().count(sort, verdict);
    }

    /// Forgets the hours in which all is intact, and of the others those after the first `most`.
    pub fn keep_hours(&mut self, most: usize) {
        self.hours.retain(|_, counts| !counts.is_intact());
        while self.hours.len() > most {
            self.hours.pop_last();
            self.hours_omitted += 1;
        }
    }
}

/// Whether the archive is what CloudTrail delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Conclusion {
    Intact,
    /// Nothing is known to be wrong, and not everything could be read, or no digest proves some log files.
    Unknown,
    NotIntact,
}

/// An account and Region with log files and no digest at all: validation was never on, or every digest was deleted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Undigested {
    #[serde(flatten)]
    pub area: Area,
    pub logs: u64,
}

/// Which part of a run that is divided among processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Shard {
    /// Counted from 0.
    pub index: u32,
    pub of: u32,
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    pub format: u32,
    pub bucket: String,
    /// The parts that this is of, where the run was divided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shards: Vec<Shard>,
    /// Accounts and Regions that fell to other shards.
    #[serde(default)]
    pub left_to_others: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    pub until: Timestamp,
    pub streams: Vec<StreamOutcome>,
    pub gaps: Vec<Gap>,
    /// All that are not intact, in order of their names.
    pub objects: Vec<Object>,
    /// How many more there are, of those that are not listed.
    #[serde(default)]
    pub omitted: u64,
    /// Log files that no digest names, though digests cover their time.
    #[serde(default)]
    pub unreferenced: u64,
    /// Accounts and Regions with log files and no digest at all.
    #[serde(default)]
    pub undigested: Vec<Undigested>,
    /// Parts of the archive that could not be listed, and why.
    pub unlisted: Vec<String>,
    /// Bytes that were read of S3 or the disk.
    pub bytes: u64,
}

impl Outcome {
    pub fn new(bucket: &str, since: Option<Timestamp>, until: Timestamp) -> Self {
        Self {
            format: FORMAT,
            bucket: bucket.to_owned(),
            shards: Vec::new(),
            left_to_others: 0,
            since,
            until,
            streams: Vec::new(),
            gaps: Vec::new(),
            objects: Vec::new(),
            omitted: 0,
            unreferenced: 0,
            undigested: Vec::new(),
            unlisted: Vec::new(),
            bytes: 0,
        }
    }

    pub fn counts(&self) -> Counts {
        self.streams.iter().fold(Counts::default(), |mut counts, stream| {
            counts.add(&stream.counts);
            counts
        })
    }

    /// Adds what was found of another part of the same archive.
    pub fn add(&mut self, other: Self) {
        self.since = self.since.zip(other.since).map(|(one, other)| one.min(other));
        self.until = self.until.max(other.until);
        self.streams.extend(other.streams);
        self.gaps.extend(other.gaps);
        self.objects.extend(other.objects);
        self.omitted += other.omitted;
        self.unreferenced += other.unreferenced;
        self.undigested.extend(other.undigested);
        self.unlisted.extend(other.unlisted);
        self.bytes += other.bytes;
    }

    /// Sorts, and explains what only the whole explains.
    pub fn settle(&mut self) {
        explain(&mut self.gaps);
        self.streams.sort_by(|one, other| one.stream.cmp(&other.stream));
        self.gaps.sort_by(|one, other| one.stream.cmp(&other.stream).then(one.until.cmp(&other.until)));
        self.objects.sort_by(|one, other| one.place.cmp(&other.place));
        self.undigested.sort();
        self.unlisted.sort();
        // Each shard lists what all have in common.
        self.unlisted.dedup();
    }

    pub fn conclusion(&self) -> Conclusion {
        let counts = self.counts();
        let wrong = counts.digests.not_intact + counts.logs.not_intact + self.unreferenced > 0 || !self.undigested.is_empty();
        let unexplained = |gap: &&Gap| !gap.reason.is_explained() && gap.reason != Reason::DigestUnread;
        if wrong || self.gaps.iter().any(|gap| unexplained(&gap)) {
            return Conclusion::NotIntact;
        }
        let unread = counts.digests.unread + counts.logs.unread > 0 || !self.unlisted.is_empty();
        let unproven = self.gaps.iter().any(|gap| gap.unproven_logs > 0 && gap.reason != Reason::Expired);
        // Where nothing was found, nothing was proven.
        let proven = counts.digests.intact > 0 || self.is_idle();
        if unread || unproven || !proven { Conclusion::Unknown } else { Conclusion::Intact }
    }

    /// A shard to which no account and Region fell, of a run that has some.
    pub fn is_idle(&self) -> bool {
        self.streams.is_empty() && self.left_to_others > 0
    }
}
