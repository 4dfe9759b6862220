//! One bucket's verification as every form of the report tells it: bounded, and what is of the report's period first.

use super::Verified;
use super::period::{buckets, left_out};
use crate::integrity::chain::LATENESS;
use crate::integrity::fault::{Gap, Object, Reason, Verdict};
use crate::integrity::outcome::{Conclusion, Counts, Undigested};
use crate::report::audit::{Evidence, ListedFile};
use crate::report::integrity::words;
use jiff::Timestamp;
use serde::Serialize;

/// Files, times without evidence and other things that are listed of one bucket, each. The files that say so have them all.
pub const MOST: usize = 100;

/// What is told of one bucket.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Told<'a> {
    pub bucket: &'a str,
    pub conclusion: Conclusion,
    /// The conclusion in one sentence.
    pub message: String,
    /// `None`: from the beginning of the archive.
    pub since: Option<Timestamp>,
    pub until: Timestamp,
    /// Whether all of the report's period was verified, wherever a trail of the report delivers from.
    pub covers_period: bool,
    /// What was not verified, for people.
    pub left_out: Vec<String>,
    /// Whether a trail of the report delivers to the bucket.
    pub of_a_trail: bool,
    pub counts: Counts,
    /// Log files that no digest names.
    pub unreferenced: u64,
    pub gaps: Listed<GapTold<'a>>,
    /// Files that are not intact, then those that could not be read.
    pub objects: Listed<ObjectTold<'a>>,
    /// Accounts and Regions without any digest.
    pub undigested: Listed<&'a Undigested>,
    /// Parts that could not be listed, and why.
    pub unlisted: Listed<&'a String>,
    /// What says so.
    pub files: &'a [ListedFile],
}

/// The first of many.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Listed<T> {
    pub listed: Vec<T>,
    /// How many more there are.
    pub more: u64,
}

impl<T> Listed<T> {
    fn of(mut all: Vec<T>, elsewhere: u64) -> Self {
        let more = all.len().saturating_sub(MOST) as u64 + elsewhere;
        all.truncate(MOST);
        Self { listed: all, more }
    }

    pub fn is_empty(&self) -> bool {
        self.listed.is_empty() && self.more == 0
    }
}

/// A time without evidence, in all Regions of a trail in which it is the same.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GapTold<'a> {
    pub account: &'a str,
    pub regions: Vec<&'a str>,
    pub trail: &'a str,
    pub from: Option<Timestamp>,
    pub until: Timestamp,
    pub reason: Reason,
    /// Whether AWS itself, or the archive's own rules, account for it.
    pub explained: bool,
    /// The reason, for people.
    pub message: String,
    /// Log files of that time in each Region that no digest names.
    pub unproven_logs: u64,
    pub in_period: bool,
    #[serde(skip)]
    pub first: &'a Gap,
}

/// A file that is not intact, or could not be read.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectTold<'a> {
    #[serde(flatten)]
    pub object: &'a Object,
    /// Why, for people.
    pub message: String,
    /// Whether it may hold events of the report's period.
    pub in_period: bool,
}

impl Verified {
    /// What is told of it in this report.
    pub fn told<'a>(&'a self, evidence: &Evidence) -> Told<'a> {
        let outcome = &self.outcome;
        let left_out = left_out(self, evidence);
        Told {
            bucket: &outcome.bucket,
            conclusion: outcome.conclusion(),
            message: words::sentence(outcome),
            since: self.since,
            until: self.until,
            covers_period: left_out.is_empty(),
            left_out,
            of_a_trail: buckets(evidence).contains(outcome.bucket.as_str()),
            counts: outcome.counts(),
            unreferenced: outcome.unreferenced,
            gaps: Listed::of(gaps(&outcome.gaps, evidence), 0),
            objects: Listed::of(objects(&outcome.objects, evidence), outcome.omitted),
            undigested: Listed::of(outcome.undigested.iter().collect(), 0),
            unlisted: Listed::of(outcome.unlisted.iter().collect(), 0),
            files: &self.files,
        }
    }
}

fn gaps<'a>(gaps: &'a [Gap], evidence: &Evidence) -> Vec<GapTold<'a>> {
    let told = |alike: Vec<&'a Gap>| {
        let first = *alike.first()?;
        Some(GapTold {
            account: &first.stream.area.account,
            regions: alike.iter().map(|gap| gap.stream.area.region.as_str()).collect(),
            trail: &first.stream.trail,
            from: first.from,
            until: first.until,
            reason: first.reason,
            explained: first.reason.is_explained(),
            message: words::reason(first),
            unproven_logs: first.unproven_logs,
            in_period: first.covers(evidence.from, evidence.to),
            first,
        })
    };
    let mut all: Vec<GapTold<'a>> = words::together(gaps).into_iter().filter_map(told).collect();
    all.sort_by_key(|gap| (!gap.in_period, gap.explained, gap.from));
    all
}

fn objects<'a>(objects: &'a [Object], evidence: &Evidence) -> Vec<ObjectTold<'a>> {
    let told = |object: &'a Object| {
        // Events of the last minutes come in files of the next hours.
        let within = |time: Timestamp| time >= evidence.from && time.duration_since(evidence.to) <= LATENESS;
        ObjectTold { object, message: words::told(&object.verdict), in_period: object.time.is_none_or(within) }
    };
    let mut all: Vec<ObjectTold<'a>> = objects.iter().map(told).collect();
    let is_unread = |object: &Object| matches!(object.verdict, Verdict::Unread { .. });
    all.sort_by_key(|told| (is_unread(told.object), !told.in_period, told.object.time));
    all
}

#[cfg(test)]
mod tests {
    use super::super::super::samples::{evidence, verified};
    use super::*;

    #[test]
    fn what_is_told_is_bounded_and_begins_with_the_worst_of_the_period() {
        let (mut evidence, mut verified) = (evidence(), verified());
        evidence.to = crate::report::integrity::samples::time("2026-11-07T00:00:00Z");
        let missing = verified.outcome.objects[1].clone();
        verified.outcome.objects.extend(std::iter::repeat_n(missing, 2 * MOST));
        let told = verified.told(&evidence);
        assert_eq!(
            (told.objects.listed.len(), told.objects.more),
            (MOST, MOST as u64 + 4 + 3),
            "four others, and three that verify omitted"
        );
        assert!(told.objects.listed.iter().all(|told| told.in_period && !matches!(told.object.verdict, Verdict::Unread { .. })));
        let reasons: Vec<_> = told.gaps.listed.iter().map(|gap| (gap.reason, gap.in_period)).collect();
        assert_eq!(reasons, [(Reason::DigestsMissing, true), (Reason::Expired, true), (Reason::LoggingStopped, true)]);
    }

    #[test]
    fn a_gap_of_many_regions_is_one() {
        let (evidence, mut verified) = (evidence(), verified());
        let mut elsewhere = verified.outcome.gaps[0].clone();
        elsewhere.stream.area.region = "eu-north-1".to_owned();
        verified.outcome.gaps.push(elsewhere);
        let told = verified.told(&evidence);
        let missing = told.gaps.listed.iter().find(|gap| gap.reason == Reason::DigestsMissing).map(|gap| gap.regions.clone());
        assert_eq!(missing, Some(vec!["eu-central-1", "eu-north-1"]));
    }
}
