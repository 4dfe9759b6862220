//! Times of which nothing is proven: kept for good, one entry for all accounts and Regions of a trail that have it.

use super::{Known, Run, Stop, keep};
use crate::api::common::EvidenceGap;
use crate::api::integrity::{GapReason, IntegrityGap, IntegrityStatus};
use crate::api::log_archive::WriterStatus;
use crate::integrity::fault::{Fault, Gap, Reason, Sort, Verdict};
use crate::integrity::outcome::Outcome;
use crate::integrity::place::{Stream, TrailId};
use crate::status::Event;
use crate::status::events;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// Gaps that the status lists.
const MOST_GAPS: usize = 50;

/// Places that one of them names.
const MOST_PLACES: usize = 5;

/// Gaps that have an event of their own; of more only the number is told.
const MOST_EVENTS: usize = 5;

/// How far times may lie apart that have one cause: each Region has digests of its own, of an hour each.
const ABOUT: SignedDuration = SignedDuration::from_hours(1);

/// Takes over what was found of gaps.
pub fn take_over(status: &mut IntegrityStatus, run: &Run, known: &Known<'_>) -> Vec<Event> {
    let found = merged(&run.outcome, known);
    let mut new = Vec::new();
    for gap in &found {
        if let Some(before) = status.gaps.iter_mut().find(|before| is_same(before, gap)) {
            let first_seen = before.first_seen;
            let from = before.from.zip(gap.from).map(|(one, other)| one.min(other));
            let hours = from.map(|from| hours(from, gap.until));
            let (cause, by) = (before.cause.take(), before.by.take());
            *before =
                IntegrityGap { first_seen, from, hours, cause: gap.cause.clone().or(cause), by: gap.by.clone().or(by), ..gap.clone() };
            continue;
        }
        status.gaps_dropped += keep(&mut status.gaps, MOST_GAPS, gap.clone(), |gap| gap.explained || gap.put_right.is_some());
        new.push(gap);
    }
    for before in status.gaps.iter_mut().filter(|before| before.put_right.is_none()) {
        let seen = match before.reason {
            GapReason::EndMissing => run.is_complete() && go_on(before, &run.outcome),
            _ => before.from.is_some_and(|from| run.read_again(from)),
        };
        if seen && !found.iter().any(|gap| is_same(before, gap)) {
            before.put_right = Some(known.now);
        }
    }
    tell(&new, &run.outcome, known.account)
}

fn hours(from: Timestamp, until: Timestamp) -> i64 {
    (until.duration_since(from).as_secs().max(0) + 3599) / 3600
}

/// Whether there are digests again of the places whose end was overdue.
fn go_on(gap: &IntegrityGap, outcome: &Outcome) -> bool {
    let trail = trail_id(gap);
    let of_trail = || outcome.streams.iter().filter(|one| one.stream.trail_id() == trail);
    let goes_on = |place: &String| {
        let head = of_trail().find(|one| one.stream.area.to_string() == *place).and_then(|one| one.head.as_ref());
        head.is_some_and(|head| gap.from.is_some_and(|from| head.end > from))
    };
    gap.first_places.iter().all(goes_on)
}

/// A gap of an earlier run, as this one sees it. What only looked like the end has a reason of its own later.
fn is_same(before: &IntegrityGap, gap: &IntegrityGap) -> bool {
    let trail = trail_id(before) == trail_id(gap);
    let overlap = before.from.is_none_or(|from| from < gap.until) && gap.from.is_none_or(|from| from < before.until);
    let ends = before.reason == GapReason::EndMissing && gap.reason == GapReason::EndMissing;
    // Who falls silent later is another matter than who did before.
    let at_once = !ends || before.from.zip(gap.from).is_some_and(|(one, other)| one.duration_since(other).abs() <= ABOUT);
    let reason = before.reason == gap.reason || before.reason == GapReason::EndMissing;
    trail && overlap && at_once && reason && before.put_right.is_none()
}

/// The gaps of a run, those of one trail with the same reason and a common time as one.
fn merged(outcome: &Outcome, known: &Known<'_>) -> Vec<IntegrityGap> {
    let mut merged: Vec<IntegrityGap> = Vec::new();
    for gap in &outcome.gaps {
        let Some(reason) = reason(gap, known.writers) else { continue };
        let one = entry(gap, reason, known);
        match merged.iter_mut().find(|other| other.reason == reason && is_same(other, &one)) {
            Some(other) => join(other, &one),
            None => merged.push(one),
        }
    }
    link(&mut merged, known.stops);
    merged
}

fn trail_id(gap: &IntegrityGap) -> TrailId {
    TrailId { account: gap.account.clone(), name: gap.trail.clone(), home_region: gap.home_region.clone() }
}

/// Names what made a gap, as far as a Trail has it on record. Who did it becomes known later.
pub fn link(gaps: &mut [IntegrityGap], stops: &[Stop]) {
    for gap in gaps.iter_mut().filter(|gap| gap.by.is_none()) {
        let apart = |stop: &&Stop| gap.from.map(|from| from.duration_since(stop.gap.from).abs());
        if let Some(stop) = stops.iter().filter(|stop| causes(stop, gap)).min_by_key(apart) {
            gap.cause = Some(cause(stop));
            gap.by.clone_from(&stop.gap.by);
        }
    }
}

/// What could not be read is no gap, nor is what the archive's own rules let go.
fn reason(gap: &Gap, writers: &[WriterStatus]) -> Option<GapReason> {
    Some(match gap.reason {
        Reason::DigestUnread | Reason::Expired => return None,
        // Nobody else may deliver: the trail is gone as it was declared to.
        Reason::EndMissing if !is_writer(&gap.stream, writers) => GapReason::Ended,
        Reason::LoggingStopped => GapReason::LoggingStopped,
        Reason::ValidationOff => GapReason::ValidationOff,
        Reason::Unexplained => GapReason::Unexplained,
        Reason::DigestsMissing => GapReason::DigestsMissing,
        Reason::DigestInvalid => GapReason::DigestInvalid,
        Reason::BeginningMissing => GapReason::BeginningMissing,
        Reason::EndMissing => GapReason::EndMissing,
        Reason::Ended => GapReason::Ended,
        Reason::TimesDoNotMeet => GapReason::TimesDoNotMeet,
    })
}

fn is_writer(stream: &Stream, writers: &[WriterStatus]) -> bool {
    let is = |writer: &WriterStatus| {
        let Some(trail) = TrailId::parse(&writer.trail_arn, writer.organization_id.is_some()) else { return false };
        let account = trail.account.is_none_or(|account| account == stream.area.account);
        trail.name == stream.trail && trail.home_region == stream.home_region && account
    };
    writers.iter().any(is)
}

fn entry(gap: &Gap, reason: GapReason, known: &Known<'_>) -> IntegrityGap {
    IntegrityGap {
        reason,
        explained: gap.reason.is_explained() || reason == GapReason::Ended,
        trail: gap.stream.trail.clone(),
        account: gap.stream.trail_id().account,
        home_region: gap.stream.home_region.clone(),
        from: gap.from,
        until: gap.until,
        hours: gap.hours(),
        places: 1,
        first_places: vec![gap.stream.area.to_string()],
        unproven_log_files: gap.unproven_logs,
        first_seen: known.now,
        put_right: None,
        cause: None,
        by: None,
    }
}

/// Whether a Trail has the stop on record that made a gap.
fn causes(stop: &Stop, gap: &IntegrityGap) -> bool {
    let kind: &'static str = gap.reason.into();
    let until = stop.gap.until.unwrap_or(Timestamp::MAX).saturating_add(ABOUT).unwrap_or(Timestamp::MAX);
    let from = stop.gap.from.saturating_sub(ABOUT).unwrap_or(Timestamp::MIN);
    let meets = gap.until > from && gap.from.is_none_or(|begin| begin < until);
    stop.trail == trail_id(gap) && stop.gap.kind == kind && meets
}

fn cause(stop: &Stop) -> String {
    let Stop { object, gap: EvidenceGap { kind, from, by, .. }, .. } = stop;
    let by = by.as_ref().map_or_else(|| "`trailkeeper report` may know who did it".to_owned(), |by| format!("by {by}"));
    let until = stop.gap.until.map_or_else(|| "goes on".to_owned(), |until| format!("until {until}"));
    format!("Trail {object} has it on record: {kind} from {from}, {until}, {by}")
}

fn join(one: &mut IntegrityGap, other: &IntegrityGap) {
    one.from = one.from.zip(other.from).map(|(one, other)| one.min(other));
    one.until = one.until.max(other.until);
    one.hours = one.from.map(|from| hours(from, one.until));
    one.places += other.places;
    one.unproven_log_files += other.unproven_log_files;
    let room = MOST_PLACES.saturating_sub(one.first_places.len());
    one.first_places.extend(other.first_places.iter().take(room).cloned());
}

fn tell(new: &[&IntegrityGap], outcome: &Outcome, account: &str) -> Vec<Event> {
    let event = |gap: &&IntegrityGap| match gap.reason {
        GapReason::DigestsMissing | GapReason::BeginningMissing | GapReason::EndMissing => {
            events::digest_missing(account, gap, missing(gap, outcome).as_deref())
        }
        _ => events::integrity_gap(account, gap),
    };
    let more = new.len().saturating_sub(MOST_EVENTS);
    new.iter().take(MOST_EVENTS).map(event).chain((more > 0).then(|| events::more_gaps(account, more))).collect()
}

/// The first digest of a gap that is known by name, and the version that still holds it.
fn missing(gap: &IntegrityGap, outcome: &Outcome) -> Option<String> {
    let is = |faults: &[Fault]| faults.contains(&Fault::Missing);
    let in_gap = |time: Timestamp| gap.from.is_none_or(|from| time > from) && time <= gap.until;
    let object = outcome.objects.iter().find(|object| {
        let missing = matches!(&object.verdict, Verdict::NotIntact { faults } if is(faults));
        let of_trail = object.place.key.contains(&format!("_{}_{}_", gap.trail, gap.home_region));
        missing && of_trail && object.sort == Sort::Digest && object.time.is_some_and(in_gap)
    })?;
    Some(match &object.good_version {
        Some(version) => format!("{}, of which S3 still has version {version}", object.place),
        None => object.place.to_string(),
    })
}

/// Up to when all trails that go on are verified.
pub fn verified_through(outcome: &Outcome) -> Option<Timestamp> {
    let over = |reason: Reason| matches!(reason, Reason::LoggingStopped | Reason::Ended | Reason::EndMissing);
    let ended: BTreeSet<&Stream> =
        outcome.gaps.iter().filter(|gap| over(gap.reason) && gap.until >= outcome.until).map(|gap| &gap.stream).collect();
    let heads = || outcome.streams.iter().filter_map(|stream| Some((&stream.stream, stream.head.as_ref()?.end)));
    let going_on = heads().filter(|(stream, _)| !ended.contains(stream)).map(|(_, end)| end).min();
    going_on.or_else(|| heads().map(|(_, end)| end).max())
}
