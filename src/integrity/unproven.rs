//! What the digests of an area leave open: log files that none names, why there are gaps, and what was deleted in them.

use super::area::{NAMED_WITHIN, Named, Work, missing};
use super::chain::{Judged, LATENESS, is_last_of_its_chain, overdue};
use super::evidence::Evidence;
use super::fault::{Fault, Gap, Reason, Sort, Verdict};
use super::ledger::Ledger;
use super::outcome::Undigested;
use super::place::{DigestKey, LogKey, Place, Stream};
use super::settings::Unreferenced;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Days of a gap in which deleted versions of digests are looked for.
const MOST_DAYS: usize = 31;

/// What a log file is that no digest names.
enum Stray {
    /// Digests cover its time.
    Fault,
    /// Counted there.
    InGap,
    /// Older than the first digest.
    BeforeAll,
    /// Newer than what the newest digest names.
    NotYetNamed,
}

/// Times that believed digests cover, sorted and without overlap.
struct Covered(Vec<(Timestamp, Timestamp)>);

impl Covered {
    fn of(judged: &BTreeMap<Stream, Judged>) -> Self {
        let mut times: Vec<_> = judged.values().flat_map(|judged| judged.covered.iter().copied()).collect();
        times.sort();
        let mut merged: Vec<(Timestamp, Timestamp)> = Vec::new();
        for (from, until) in times {
            match merged.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(until),
                _ => merged.push((from, until)),
            }
        }
        Self(merged)
    }

    /// What a log file is that no digest names. It may be of any trail that has a gap then, but hardly of one that had stopped.
    fn stray(&self, time: Timestamp, gaps: &mut [Gap]) -> Stray {
        let named_by = time.saturating_add(NAMED_WITHIN).unwrap_or(time);
        let quiet = |gap: &Gap| matches!(gap.reason, Reason::LoggingStopped | Reason::Ended);
        let busy = gaps.iter().any(|gap| gap.covers(time, named_by) && !quiet(gap));
        if !busy && self.whole(time, named_by) {
            return Stray::Fault;
        }
        let mut may_be_of = 0;
        for gap in gaps.iter_mut().filter(|gap| gap.covers(time, named_by) && busy != quiet(gap)) {
            gap.unproven_logs += 1;
            may_be_of += 1;
        }
        match may_be_of {
            0 if self.0.first().is_some_and(|(begin, _)| time < *begin) => Stray::BeforeAll,
            0 => Stray::NotYetNamed,
            _ => Stray::InGap,
        }
    }

    /// Whether all of the time is covered.
    fn whole(&self, from: Timestamp, until: Timestamp) -> bool {
        let at = self.0.partition_point(|(begin, _)| *begin <= from);
        at.checked_sub(1).and_then(|at| self.0.get(at)).is_some_and(|(_, end)| until <= *end)
    }
}

impl<E: Evidence> Work<E> {
    /// Looks for log files that no digest names: faults where digests cover their time, and otherwise the measure of a gap.
    pub(super) async fn unnamed(
        &self,
        named: &Named,
        judged: &BTreeMap<Stream, Judged>,
        gaps: &mut Vec<Gap>,
        ledger: &mut Ledger<'_>,
    ) -> Result<(), String> {
        let covered = Covered::of(judged);
        let since = self.names_since();
        // Of a trail that has just begun there is no digest yet.
        let overdue = overdue(self.settings.until);
        let ignored = self.settings.unreferenced == Unreferenced::Ignore;
        let mut before = 0;
        let mut logs = 0;
        let look = |key: String| {
            let Some(log) = LogKey::parse(&key).filter(|log| log.area == self.area) else { return };
            if log.time > self.settings.until || since.is_some_and(|since| log.time < since) {
                return;
            }
            logs += u64::from(log.time <= overdue);
            let place = self.place(key);
            if ignored || named.has(&place) {
                return;
            }
            match covered.stray(log.time, gaps) {
                Stray::Fault => ledger.unreferenced(place, log.time, Verdict::NotIntact { faults: vec![Fault::Unreferenced] }),
                Stray::BeforeAll if self.begins() && self.settings.expired.is_none_or(|expired| log.time > expired) => before += 1,
                Stray::BeforeAll | Stray::InGap | Stray::NotYetNamed => {}
            }
        };
        self.names(&self.area.logs(), look).await?;
        if logs > 0 && judged.is_empty() && self.settings.selection.trails.is_empty() {
            ledger.outcome.undigested.push(Undigested { area: self.area.clone(), logs });
        }
        gaps.extend(self.before_all(judged, before));
        for gap in gaps.iter_mut().filter(|gap| gap.reason == Reason::Unexplained && gap.unproven_logs > 0) {
            gap.reason = Reason::ValidationOff;
        }
        Ok(())
    }

    /// The time before the first digest of the area, where there are log files of it.
    fn before_all(&self, judged: &BTreeMap<Stream, Judged>, unproven_logs: u64) -> Option<Gap> {
        let begin = |judged: &Judged| judged.covered.iter().map(|(from, _)| *from).min();
        let (until, stream) = judged.iter().filter_map(|(stream, judged)| Some((begin(judged)?, stream))).min()?;
        let gap = Gap { stream: stream.clone(), from: self.settings.since, until, reason: Reason::ValidationOff, unproven_logs };
        (unproven_logs > 0).then_some(gap)
    }

    /// Finds reasons why nothing follows a newest digest, in what else is known of the area.
    pub(super) fn explain_ends(&self, judged: &BTreeMap<Stream, Judged>, gaps: &mut [Gap]) {
        let is_end = |gap: &&Gap| gap.reason == Reason::EndMissing;
        let ended: BTreeSet<Stream> = gaps.iter().filter(is_end).map(|gap| gap.stream.clone()).collect();
        for gap in gaps.iter_mut().filter(|gap| gap.reason == Reason::EndMissing) {
            let Some(from) = gap.from else { continue };
            let closed = judged.get(&gap.stream).and_then(|judged| judged.proofs.last()).is_some_and(is_last_of_its_chain);
            let is_home = gap.stream.area.region == gap.stream.home_region;
            match self.settings.trails.get(&gap.stream.trail_id()).filter(|trail| trail.multi_region || is_home) {
                Some(trail) if trail.explains_silence(from, closed, self.settings.until) => gap.reason = Reason::LoggingStopped,
                // What AWS knows of has not ended.
                Some(_) => {}
                None => {
                    let mut others =
                        judged.iter().filter(|(stream, _)| !ended.contains(stream)).filter_map(|(_, other)| other.head.as_ref());
                    if closed && others.any(|head| head.end > from + LATENESS) {
                        gap.reason = Reason::Ended;
                    }
                }
            }
        }
    }

    /// Names the digests of a gap that were deleted, where S3 still has a version of them.
    pub(super) async fn deleted(&self, gap: &Gap, judged: &BTreeMap<Stream, Judged>, ledger: &mut Ledger<'_>) {
        let Some(from) = gap.from.filter(|_| matches!(gap.reason, Reason::DigestsMissing | Reason::EndMissing | Reason::Unexplained))
        else {
            return;
        };
        let known: BTreeSet<&Place> =
            judged.values().flat_map(|judged| judged.proofs.iter().map(|proof| &proof.place).chain(judged.lost.keys())).collect();
        for day in days(from, gap.until) {
            let folder = format!("{}{day}/", self.area.digests());
            // Without versions, or the right to list them, the gap itself has to do.
            let Ok(versions) = self.reader.evidence.versions(&self.settings.bucket, &folder).await else { return };
            let mut told = BTreeSet::new();
            for version in versions {
                let Some(key) = DigestKey::parse(&version.key).filter(|key| !key.backfill && key.stream == gap.stream) else { continue };
                let place = self.place(version.key);
                if key.end > from && key.end <= gap.until && !known.contains(&place) && told.insert(place.clone()) {
                    ledger.book(&gap.stream, key.end, Sort::Digest, place, missing(), Some(version.id));
                }
            }
        }
    }
}

/// The days of a time, as they stand in keys.
fn days(from: Timestamp, until: Timestamp) -> Vec<String> {
    let day = SignedDuration::from_hours(24);
    let mut days: Vec<String> = std::iter::successors(Some(from), |time| time.checked_add(day).ok().filter(|time| *time < until))
        .take(MOST_DAYS)
        .map(|time| time.strftime("%Y/%m/%d").to_string())
        .collect();
    days.push(until.strftime("%Y/%m/%d").to_string());
    days.dedup();
    days
}
