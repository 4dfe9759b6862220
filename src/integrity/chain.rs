//! The digests of one stream together: does each continue the one before, and of which times is nothing proven? Pure.

use super::digest::{Previous, hex};
use super::fault::{Fault, Gap, Reason};
use super::place::{DigestKey, Place, Stream};
use super::proof::Proof;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// What a digest covers while logging goes on. A shorter one, with nothing after it, is the last of a stopped or deleted trail.
const USUAL: SignedDuration = SignedDuration::from_hours(1);

/// How late a digest may be. CloudTrail delivers one an hour, and delivers again what failed, not always in order.
pub const LATENESS: SignedDuration = SignedDuration::from_hours(2);

/// Where the verification of a stream ended: the newest digest that was believed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Head {
    #[serde(flatten)]
    pub place: Place,
    pub end: Timestamp,
    /// SHA-256 of its content, hexadecimal.
    pub sha256: String,
}

impl Head {
    fn of(proof: &Proof) -> Self {
        Self { place: proof.place.clone(), end: proof.key.end, sha256: hex(&proof.sha256) }
    }
}

/// Why a digest that others name is not among the proofs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lost {
    Missing,
    Unread(String),
}

/// What is known of a stream.
pub struct Chain<'a> {
    pub stream: &'a Stream,
    /// Digests that were read, and those right before the window that these name; in any order, without backfill.
    pub proofs: Vec<Proof>,
    /// Digests that were listed, or that a read one names, and could not be read.
    pub lost: BTreeMap<Place, Lost>,
    /// Where an earlier verification ended.
    pub head: Option<&'a Head>,
    /// Nothing before is looked at.
    pub since: Option<Timestamp>,
    pub until: Timestamp,
    /// Objects that are older have expired.
    pub expired: Option<Timestamp>,
}

/// What was found of a stream as a whole.
#[derive(Debug, Default)]
pub struct Judged {
    /// Sorted by time, each with all its faults.
    pub proofs: Vec<Proof>,
    pub gaps: Vec<Gap>,
    pub lost: BTreeMap<Place, Lost>,
    pub head: Option<Head>,
    /// Times that believed digests cover.
    pub covered: Vec<(Timestamp, Timestamp)>,
    /// The hash that a later digest has for a place: what a good version must have.
    pub expected: HashMap<Place, [u8; 32]>,
}

impl Chain<'_> {
    /// Judges the stream.
    pub fn judge(mut self) -> Judged {
        self.proofs.sort_by(|one, other| one.key.end.cmp(&other.key.end).then_with(|| one.place.cmp(&other.place)));
        let expected = self.link();
        let mut gaps = joined(self.gaps());
        gaps.extend(self.end());
        let believed = || self.proofs.iter().filter(|proof| proof.is_believed());
        let head = believed().next_back().map(Head::of).or_else(|| self.head.cloned());
        let covered = believed().filter_map(|proof| Some((proof.start()?, proof.key.end))).collect();
        let expired = self.expired;
        self.lost.retain(|place, lost| *lost != Lost::Missing || !has_expired(expired, place));
        Judged { proofs: self.proofs, gaps, lost: self.lost, head, covered, expected }
    }

    /// Compares what each digest says of the one before with that one.
    fn link(&mut self) -> HashMap<Place, [u8; 32]> {
        let at: HashMap<Place, usize> = self.proofs.iter().enumerate().map(|(at, proof)| (proof.place.clone(), at)).collect();
        let mut expected = HashMap::new();
        let mut continued: HashMap<Place, Place> = HashMap::new();
        let mut faults = Vec::new();
        for (number, proof) in self.proofs.iter().enumerate().filter(|(_, proof)| proof.is_believed()) {
            let Some(previous) = proof.digest.as_ref().and_then(|digest| digest.previous.as_ref()) else { continue };
            expected.insert(previous.place.clone(), previous.sha256);
            if let Some(other) = continued.insert(previous.place.clone(), proof.place.clone()) {
                faults.push((number, Fault::Forked { other: other.to_string() }));
            }
            if let Some((before, named)) = at.get(&previous.place).and_then(|at| Some((*at, self.proofs.get(*at)?))) {
                let next = proof.place.to_string();
                // A digest that holds nothing readable has no hash to compare.
                if named.digest.is_some() && named.sha256 != previous.sha256 {
                    faults.push((before, Fault::HashNotAsNextSays { next: next.clone() }));
                }
                if named.digest.is_some() && !named.signature.eq_ignore_ascii_case(&previous.signature) {
                    faults.push((before, Fault::SignatureNotAsNextSays { next }));
                }
            }
        }
        for (at, fault) in faults {
            if let Some(proof) = self.proofs.get_mut(at) {
                proof.faults.push(fault);
            }
        }
        expected
    }

    fn gap(&self, from: Option<Timestamp>, until: Timestamp, reason: Reason) -> Option<Gap> {
        // What lies before the window is not asked about.
        let from = from.max(self.since);
        let empty = from.is_some_and(|from| from >= until);
        (!empty).then(|| Gap { stream: self.stream.clone(), from, until, reason, unproven_logs: 0 })
    }

    /// The times between the digests.
    fn gaps(&mut self) -> Vec<Gap> {
        let mut gaps = Vec::new();
        let mut faults = Vec::new();
        let mut before: Option<usize> = None;
        for (number, proof) in self.proofs.iter().enumerate() {
            let last = before.and_then(|at| self.proofs.get(at));
            let begin = last.map(|last| last.key.end).or_else(|| self.head.map(|head| head.end));
            if !proof.is_believed() {
                // What it says of its own begin is not to be believed either, but the first has nothing before it.
                let from = begin.or_else(|| proof.start().filter(|start| *start < proof.key.end));
                gaps.extend(self.gap(from, proof.key.end, Reason::DigestInvalid));
            } else if let Some(digest) = &proof.digest {
                match &digest.previous {
                    _ if last.is_none() && self.is_before_window(proof) => {}
                    None => gaps.extend(begin.and_then(|begin| self.gap(Some(begin), digest.start, self.why_begun_again(last)))),
                    Some(previous) => match (self.lost.get(&previous.place), last) {
                        (Some(Lost::Unread(_)), _) => gaps.extend(self.gap(begin, digest.start, Reason::DigestUnread)),
                        (Some(Lost::Missing), _) => {
                            let expired = begin.is_none() && has_expired(self.expired, &previous.place);
                            let reason = match begin {
                                None if expired => Reason::Expired,
                                None => Reason::BeginningMissing,
                                Some(_) => Reason::DigestsMissing,
                            };
                            gaps.extend(self.gap(begin, digest.start, reason));
                        }
                        _ if self.breaks_with_head(proof, previous, last) => {
                            let expected = self.head.map(|head| head.place.to_string()).unwrap_or_default();
                            faults.push((number, Fault::NotAsVerifiedBefore { expected }));
                        }
                        (None, Some(last)) if last.place == previous.place => {
                            gaps.extend(self.gap(Some(last.key.end), digest.start, Reason::TimesDoNotMeet));
                        }
                        (None, Some(last)) => {
                            if last.is_believed() && !self.is_before_window(last) {
                                faults.extend(before.map(|at| (at, Fault::NotInChain)));
                            }
                        }
                        (None, None) => {}
                    },
                }
            }
            before = Some(number);
        }
        for (at, fault) in faults {
            if let Some(proof) = self.proofs.get_mut(at) {
                proof.faults.push(fault);
            }
        }
        gaps
    }

    /// Whether the first digest after an earlier run continues another one than that run ended with.
    fn breaks_with_head(&self, proof: &Proof, previous: &Previous, last: Option<&Proof>) -> bool {
        let is_first = !self.is_before_window(proof) && last.is_none_or(|last| self.is_before_window(last));
        is_first && self.head.is_some_and(|head| !head.is(previous))
    }

    fn is_before_window(&self, proof: &Proof) -> bool {
        self.since.is_some_and(|since| proof.key.end <= since)
    }

    /// Only AWS can sign a digest that begins a chain; a digest shorter than usual shows that it closed the chain before, too.
    fn why_begun_again(&self, last: Option<&Proof>) -> Reason {
        if last.is_some_and(is_last_of_its_chain) { Reason::LoggingStopped } else { Reason::Unexplained }
    }

    /// The time after the newest digest.
    fn end(&self) -> Option<Gap> {
        let newest = self.proofs.last().map(|proof| proof.key.end).max(self.head.map(|head| head.end));
        let from = newest.or(self.since)?;
        let overdue = self.until.duration_since(from) > LATENESS;
        overdue.then(|| self.gap(Some(from), self.until, Reason::EndMissing)).flatten()
    }
}

impl Head {
    fn is(&self, previous: &Previous) -> bool {
        self.place == previous.place && self.sha256 == hex(&previous.sha256)
    }
}

fn has_expired(expired: Option<Timestamp>, place: &Place) -> bool {
    let end = DigestKey::parse(&place.key).map(|key| key.end);
    expired.zip(end).is_some_and(|(expired, end)| end <= expired)
}

/// The time whose digest is overdue at `now`.
pub fn overdue(now: Timestamp) -> Timestamp {
    now.checked_sub(LATENESS).unwrap_or(Timestamp::MIN)
}

/// Whether CloudTrail closed the chain with this digest: it covers less than the usual time.
pub fn is_last_of_its_chain(proof: &Proof) -> bool {
    proof.is_believed() && proof.start().is_some_and(|start| proof.key.end.duration_since(start) < USUAL)
}

/// Gaps of one stream that meet and have one reason, as one.
fn joined(gaps: Vec<Gap>) -> Vec<Gap> {
    let mut joined: Vec<Gap> = Vec::new();
    for gap in gaps {
        match joined.last_mut() {
            Some(last) if gap.from == Some(last.until) && gap.reason == last.reason => last.until = gap.until,
            _ => joined.push(gap),
        }
    }
    joined
}

/// Whether two gaps are of the same trail, in whatever Region, and of an organization's in whatever account.
fn same_trail(one: &Stream, other: &Stream) -> bool {
    let of = |stream: &Stream| (stream.area.prefix.clone(), stream.area.organization.clone(), stream.trail_id());
    of(one) == of(other)
}

/// Validation and logging are switched for a whole trail: what shows in one Region explains the same time in the quiet ones.
pub fn explain(gaps: &mut [Gap]) {
    let known: Vec<Gap> = gaps.iter().filter(|gap| matches!(gap.reason, Reason::LoggingStopped | Reason::ValidationOff)).cloned().collect();
    for gap in gaps.iter_mut().filter(|gap| gap.reason == Reason::Unexplained) {
        let meets = |other: &&Gap| same_trail(&gap.stream, &other.stream) && gap.from < Some(other.until) && other.from < Some(gap.until);
        if let Some(other) = known.iter().find(meets) {
            gap.reason = other.reason;
        }
    }
}
