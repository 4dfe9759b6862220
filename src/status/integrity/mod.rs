//! What verifications of an archive's files tell: the status that keeps it, the condition `Intact`, the events, and when the
//! next one is due. Pure.

mod files;
mod gaps;
mod judge;

pub use gaps::link;
pub use judge::{judge, words_of_gap};

use super::Event;
use crate::api::Trail;
use crate::api::common::{CommonStatus, EvidenceGap, LOGGING_STOPPED};
use crate::api::condition::{self, INTACT};
use crate::api::integrity::{GapReason, Integrity, IntegrityCounts, IntegrityFile, IntegrityGap, IntegrityRun, IntegrityStatus, Unread};
use crate::api::log_archive::WriterStatus;
use crate::integrity::fault::Verdict;
use crate::integrity::outcome::Outcome;
use crate::integrity::place::TrailId;
use crate::integrity::settings::Switched;
use crate::rules::integrity::IntegrityEvidence;
use jiff::{SignedDuration, Timestamp};
use kube::ResourceExt;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A verification that has ended.
#[derive(Clone, Debug)]
pub struct Run {
    pub outcome: Outcome,
    pub started: Timestamp,
    pub finished: Timestamp,
    /// All of `lookbackDays` was read.
    pub whole: bool,
    /// The `requestedAt` annotation at its beginning.
    pub request: Option<String>,
}

impl Run {
    /// Nothing was left unread, so what it does not report is good.
    fn is_complete(&self) -> bool {
        let counts = self.outcome.counts();
        counts.digests.unread + counts.logs.unread == 0 && self.outcome.unlisted.is_empty() && self.outcome.omitted == 0
    }

    /// Whether it read again what is of this time.
    fn read_again(&self, time: Timestamp) -> bool {
        self.whole && self.is_complete() && self.outcome.since.is_none_or(|since| time > since)
    }
}

/// A time in which a Trail is known not to have recorded, or not to have had its log files validated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    pub trail: TrailId,
    /// `NAMESPACE/NAME` of the Trail.
    pub object: String,
    /// As the Trail's `status.gaps` has it.
    pub gap: EvidenceGap,
}

/// The stops that Trails have on record, and those that their specs ask for.
pub fn stops(trails: &[Trail]) -> Vec<Stop> {
    let of = |trail: &Trail| -> Vec<Stop> {
        let status = trail.status.clone().unwrap_or_default();
        let Some(id) = trail_id(trail) else { return Vec::new() };
        let mut gaps = status.gaps;
        let known = gaps.iter().any(|gap| gap.kind == LOGGING_STOPPED && gap.until.is_none());
        if let Some(from) = status.logging_stopped_time.filter(|_| !known) {
            gaps.push(EvidenceGap::new(LOGGING_STOPPED, from));
        }
        let object = format!("{}/{}", trail.namespace().unwrap_or_default(), trail.name_any());
        gaps.into_iter().map(|gap| Stop { trail: id.clone(), object: object.clone(), gap }).collect()
    };
    trails.iter().flat_map(of).collect()
}

/// What Trails know of when they were switched.
pub fn switched(trails: &[Trail]) -> BTreeMap<TrailId, Switched> {
    let of = |trail: &Trail| {
        let status = trail.status.as_ref()?;
        // A trail that is gone has an open gap, and no answer of AWS.
        let open = status.gaps.iter().find(|gap| gap.kind == LOGGING_STOPPED && gap.until.is_none()).map(|gap| gap.from);
        let off = status.logging_stopped_time.or(open);
        Some((trail_id(trail)?, Switched { off, on: status.logging_started_time, multi_region: trail.spec.multi_region }))
    };
    trails.iter().filter_map(of).collect()
}

/// None for a Trail that is not in AWS yet.
fn trail_id(trail: &Trail) -> Option<TrailId> {
    TrailId::parse(trail.status.as_ref()?.trail_arn.as_ref()?, trail.spec.organization)
}

/// What is known besides the run.
pub struct Known<'a> {
    pub account: &'a str,
    /// The trails that may deliver.
    pub writers: &'a [WriterStatus],
    pub stops: &'a [Stop],
    pub now: Timestamp,
}

/// Takes over what a run found. The events tell of what was not known before.
pub fn after_run(before: Option<&IntegrityStatus>, run: &Run, known: &Known<'_>) -> (IntegrityStatus, Vec<Event>) {
    let mut status = before.cloned().unwrap_or_default();
    let counts = run.outcome.counts();
    let read = IntegrityCounts { digests: counts.digests.total(), log_files: counts.logs.total(), bytes: run.outcome.bytes };
    status.last_run = Some(IntegrityRun { started: run.started, finished: run.finished, counts: read, whole: run.whole });
    if run.whole {
        status.last_whole_run_time = Some(run.started);
    }
    status.last_handled_request = run.request.clone();
    status.total.digests += read.digests;
    status.total.log_files += read.log_files;
    status.total.bytes += read.bytes;
    status.unread = unread(&run.outcome);
    status.without_digests = run.outcome.undigested.iter().map(|undigested| undigested.area.to_string()).collect();
    let mut events = gaps::take_over(&mut status, run, known);
    events.extend(files::take_over(&mut status, run, known));
    status.verified_through = gaps::verified_through(&run.outcome).or(status.verified_through);
    (status, events)
}

/// What could not be read, by the first reason.
fn unread(outcome: &Outcome) -> Option<Unread> {
    let counts = outcome.counts();
    let of_file = || {
        outcome.objects.iter().find_map(|object| match &object.verdict {
            Verdict::Unread { why } => Some(why.clone()),
            Verdict::Intact | Verdict::NotIntact { .. } => None,
        })
    };
    let files = counts.digests.unread + counts.logs.unread;
    let message = outcome.unlisted.first().cloned().or_else(of_file)?;
    Some(Unread { files, message: super::events::shortened(message, 1024) })
}

/// Faults that keep the archive from being intact.
pub struct Open<'a> {
    pub files: Vec<&'a IntegrityFile>,
    pub gaps: Vec<&'a IntegrityGap>,
    pub without_digests: &'a [String],
}

impl Open<'_> {
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.gaps.is_empty() && self.without_digests.is_empty()
    }
}

/// The faults that nobody has put right or acknowledged.
pub fn open<'a>(spec: &Integrity, status: &'a IntegrityStatus) -> Open<'a> {
    let unacknowledged = |time: Timestamp| spec.acknowledged_until.is_none_or(|until| time > until);
    let file = |file: &&IntegrityFile| file.put_right.is_none() && unacknowledged(file.time.unwrap_or(file.first_seen));
    let known_by = |gap: &IntegrityGap| match gap.reason {
        // It lasts until now, whenever that is.
        GapReason::EndMissing => gap.from.unwrap_or(gap.first_seen),
        _ => gap.until,
    };
    let gap = |gap: &&IntegrityGap| !gap.explained && gap.put_right.is_none() && unacknowledged(known_by(gap));
    Open {
        files: status.files.iter().filter(file).collect(),
        gaps: status.gaps.iter().filter(gap).collect(),
        without_digests: &status.without_digests,
    }
}

/// When the next verification is to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Of all that `lookbackDays` asks for, or of what is new.
    Now {
        whole: bool,
    },
    In(Duration),
}

/// When the next verification is due. `requested` is the annotation by which people ask for a pass: what is not intact is
/// then read again, so that what was put right shows at once.
pub fn due(spec: &Integrity, status: Option<&IntegrityStatus>, requested: Option<&str>, now: Timestamp) -> Due {
    let Some((status, last)) = status.and_then(|status| Some((status, status.last_run.as_ref()?))) else {
        return Due::Now { whole: true };
    };
    if requested.is_some() && requested != status.last_handled_request.as_deref() {
        return Due::Now { whole: !open(spec, status).is_empty() };
    }
    let left = |from: Timestamp, interval: Duration| {
        let passed = Duration::try_from(now.duration_since(from)).unwrap_or_default();
        interval.saturating_sub(passed)
    };
    let recheck = Duration::from_secs(u64::try_from(spec.recheck_days).unwrap_or_default() * 86_400);
    if !recheck.is_zero() && status.last_whole_run_time.is_none_or(|time| left(time, recheck).is_zero()) {
        return Due::Now { whole: true };
    }
    match left(last.started, spec.interval.into()) {
        Duration::ZERO => Due::Now { whole: false },
        left => Due::In(left),
    }
}

/// From when on files are verified if nothing was before. `None`: everything.
pub fn since(spec: &Integrity, now: Timestamp) -> Option<Timestamp> {
    let days = i64::from(spec.lookback_days);
    (days > 0).then(|| now.checked_sub(SignedDuration::from_hours(days * 24)).unwrap_or(Timestamp::MIN))
}

/// Folders that are verified. None: every one that stands at the root of the bucket or in a folder there, which finds also
/// those of trails that are gone.
pub fn prefixes(writers: &[WriterStatus]) -> Vec<String> {
    if writers.iter().all(|writer| !writer.key_prefix.contains('/')) {
        return Vec::new();
    }
    let folder = |writer: &WriterStatus| if writer.key_prefix.is_empty() { String::new() } else { format!("{}/", writer.key_prefix) };
    writers.iter().map(folder).collect::<BTreeSet<_>>().into_iter().collect()
}

/// What the rules are told; `None` where no verification is asked for.
pub fn evidence(common: &CommonStatus) -> Option<IntegrityEvidence> {
    let intact = condition::get(&common.conditions, INTACT)?;
    let truth = match intact.status.as_str() {
        "True" => Some(true),
        "False" => Some(false),
        _ => None,
    };
    Some(IntegrityEvidence { intact: truth, message: intact.message.clone() })
}

/// Keeps a list short: what is over (`is_over`) makes room for what is not. Returns how many were dropped.
fn keep<T>(list: &mut Vec<T>, most: usize, new: T, is_over: impl Fn(&T) -> bool) -> u64 {
    if list.len() < most {
        list.push(new);
        return 0;
    }
    if !is_over(&new)
        && let Some(at) = list.iter().rposition(is_over)
    {
        list.remove(at);
        list.push(new);
    }
    1
}

#[cfg(test)]
mod tests;
