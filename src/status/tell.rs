//! What every compared kind tells of a pass: drift or pending change, conditions, events, and when to come again.

use super::events::{self, Event, shortened};
use super::schedule::{Requeue, regular};
use super::{classes, events::failed};
use crate::api::common::{CommonStatus, DriftEntry, DriftStatus, Mode};
use crate::api::condition::{self, DRIFTED, READY, RECONCILING, STALLED, Truth};
use crate::engine::{Assessment, Outcome};
use crate::facets::Obstacle;
use crate::facets::difference::{Difference, shown};
use crate::facets::observed::{Failure, Observed};
use crate::facets::unchangeable::unchangeable;
use jiff::Timestamp;
use std::time::Duration;

/// What the teller knows besides the outcome.
pub struct Situation<'a> {
    pub generation: i64,
    pub account: &'a str,
    pub region: &'a str,
    /// The object's main resource, for people.
    pub what: &'a str,
    pub interval: Duration,
    /// Failures in a row before this pass.
    pub attempts: u32,
    pub now: Timestamp,
}

/// Longest value that status keeps of a differing field, in bytes.
const VALUE_BYTES: usize = 512;

/// How often an object is looked at that others must put right.
const WHILE_OBSTRUCTED: Duration = Duration::from_secs(60);

/// Why an object that is in sync is not Ready all the same.
pub struct Unready {
    pub reason: &'static str,
    pub message: String,
    /// Look again after this, if the regular pass comes later: others are expected to put it right.
    pub look_again: Option<Duration>,
}

/// Differences of a pass that are drift: the spec stood still, or nobody but us would apply it (Observe).
pub fn drift<'a>(held: &DriftStatus, outcome: &Outcome, assessment: &'a Assessment) -> Vec<&'a Difference> {
    let spec_stood_still = held.applied_fingerprint.as_deref() == Some(outcome.fingerprint.as_str());
    if !spec_stood_still && outcome.mode == Mode::Enforce {
        return Vec::new();
    }
    // Where the resource itself is gone, that says it all.
    let gone = |facet: &str| matches!(assessment.seen.get(facet), Some(Observed::Absent));
    let roots_gone: Vec<&str> = outcome.resources.iter().map(|(_, root)| *root).filter(|root| gone(root)).collect();
    assessment
        .differences
        .iter()
        .filter(|difference| {
            let path = difference.path.as_str();
            roots_gone.is_empty() || roots_gone.contains(&path) || !gone(path.split('.').next().unwrap_or_default())
        })
        .collect()
}

/// AWS is changing the resource by itself: what differs meanwhile waits, and is not for people.
pub struct Transition {
    pub message: String,
    pub look_again: Duration,
}

/// Tells the common part, and returns the events and the next time.
pub fn tell(
    common: &mut CommonStatus,
    held: &mut DriftStatus,
    outcome: &Outcome,
    situation: &Situation<'_>,
    unready: Option<Unready>,
) -> (Vec<Event>, Requeue) {
    tell_in_transition(common, held, outcome, situation, unready, None)
}

/// The same where AWS may be changing the resource by itself.
pub fn tell_in_transition(
    common: &mut CommonStatus,
    held: &mut DriftStatus,
    outcome: &Outcome,
    situation: &Situation<'_>,
    unready: Option<Unready>,
    transition: Option<Transition>,
) -> (Vec<Event>, Requeue) {
    let latest = outcome.latest();
    let waits = outcome.failed.is_none() && latest.unknown().is_none() && latest.refusal.is_none() && latest.plan.is_empty();
    let only_looked = outcome.mode == Mode::Observe && !latest.in_sync();
    let verdict = match transition {
        Some(transition) if waits && !only_looked => Verdict {
            reason: "InTransition",
            message: transition.message,
            ready: Some(Truth::False),
            progress: Progress::Reconciling,
            event: None,
            requeue: Requeue::After(transition.look_again),
        },
        _ => verdict(outcome, situation, unready),
    };
    let mut events = changes(held, outcome, situation);
    let news = condition::get(&common.conditions, READY).is_none_or(|ready| ready.reason != verdict.reason);
    events.extend(verdict.event.clone().filter(|_| news));
    keep_drift(held, outcome, situation.now);
    set_conditions(common, held, &verdict, situation);
    common.observed_generation = Some(situation.generation);
    if outcome.latest().unknown().is_none() {
        common.last_verified_time = Some(situation.now);
    }
    (events, verdict.requeue)
}

/// Created, adopted, updated; drift found, drift put back.
fn changes(held: &DriftStatus, outcome: &Outcome, situation: &Situation<'_>) -> Vec<Event> {
    let account = situation.account;
    let found = drift(held, outcome, &outcome.before);
    let has = |differences: &[&Difference], path: &str| differences.iter().any(|difference| difference.path == path);
    let remaining = drift(held, outcome, outcome.latest());
    // What a repair brings to light (a restored resource) is told too.
    let detected = found.iter().chain(remaining.iter().filter(|difference| !has(&found, &difference.path)));
    let known = |difference: &&&Difference| held.drift.iter().any(|entry| entry.path == difference.path);
    let mut told: Vec<Event> =
        detected.filter(|difference| !known(difference)).map(|difference| events::drift_detected(account, difference)).collect();
    if outcome.applied.is_empty() {
        return told;
    }
    told.extend(outcome.before.adopting.iter().map(|what| events::adopted(account, what)));
    let created = outcome.applied.iter().any(|planned| planned.step.creates());
    if !found.is_empty() {
        if outcome.failed.is_none() {
            let corrected = found.iter().filter(|difference| !has(&remaining, &difference.path));
            told.extend(corrected.map(|difference| events::drift_corrected(account, difference)));
        }
    } else if created {
        told.push(events::created(account, situation.what));
    } else {
        let mut facets: Vec<&str> = outcome.applied.iter().map(|planned| planned.facet).collect();
        facets.dedup();
        told.push(events::updated(account, &facets));
    }
    told
}

fn keep_drift(held: &mut DriftStatus, outcome: &Outcome, now: Timestamp) {
    let mut entries: Vec<DriftEntry> = drift(held, outcome, outcome.latest())
        .into_iter()
        .map(|difference| DriftEntry {
            path: difference.path.clone(),
            desired: shortened(shown(&difference.desired), VALUE_BYTES),
            observed: shortened(shown(&difference.observed), VALUE_BYTES),
            since: held.drift.iter().find(|entry| entry.path == difference.path).map_or(now, |entry| entry.since),
        })
        .collect();
    // What could not be read this time is not thereby put right.
    if outcome.latest().unknown().is_some() {
        let unseen = |entry: &&DriftEntry| !entries.iter().any(|seen| seen.path == entry.path);
        let kept: Vec<DriftEntry> = held.drift.iter().filter(unseen).cloned().collect();
        entries.extend(kept);
    }
    held.drift = entries;
    // Who only looked put nothing in force: what happens to be as declared is not thereby ours.
    if outcome.in_sync() && outcome.mode == Mode::Enforce {
        held.applied_fingerprint = Some(outcome.fingerprint.clone());
        let present = |root: &str| outcome.latest().seen.get(root).is_some_and(|answer| answer.present().is_some());
        held.owned = outcome.resources.iter().filter(|(_, root)| present(root)).map(|(noun, _)| (*noun).to_owned()).collect();
    }
}

struct Verdict {
    reason: &'static str,
    message: String,
    /// None: `Ready` stays as it was.
    ready: Option<Truth>,
    progress: Progress,
    event: Option<Event>,
    requeue: Requeue,
}

enum Progress {
    Done,
    Reconciling,
    Stalled,
}

fn verdict(outcome: &Outcome, situation: &Situation<'_>, unready: Option<Unready>) -> Verdict {
    let latest = outcome.latest();
    let next = regular(situation.interval, &format!("{}/{}", situation.account, situation.region), situation.now);
    let regular = Requeue::After(next);
    if let Some(refusal) = &latest.refusal {
        let message = match &refusal.owner {
            Some(owner) => format!(
                "{} exists and belongs to {owner}. Nothing is written to it; spec.adoption: Always would take it over",
                refusal.resource
            ),
            None => format!(
                "{} exists and is not owned by this object. Nothing is written to it; spec.adoption: IfUnowned would take it over",
                refusal.resource
            ),
        };
        let event = Some(events::refused(format!("account {}: {message}", situation.account)));
        return Verdict { reason: "NotOurs", message, ready: Some(Truth::False), progress: Progress::Stalled, event, requeue: regular };
    }
    if let Some(failure) = outcome.failed.as_ref().map(|failed| &failed.failure).or_else(|| latest.unknown()) {
        return failure_verdict(failure, situation.attempts);
    }
    if let Some(obstacle) = latest.obstacle.as_ref().filter(|_| outcome.mode == Mode::Observe || latest.plan.is_empty()) {
        return obstacle_verdict(obstacle, outcome.mode, next);
    }
    let fields: Vec<&str> = latest.differences.iter().map(|difference| difference.path.as_str()).collect();
    let named = fields.iter().take(5).copied().collect::<Vec<_>>().join(", ");
    match (outcome.mode, latest.in_sync()) {
        (_, true) => match unready {
            Some(Unready { reason, message, look_again }) => {
                let requeue = Requeue::After(look_again.map_or(next, |sooner| sooner.min(next)));
                Verdict { reason, message, ready: Some(Truth::False), progress: Progress::Done, event: None, requeue }
            }
            None => Verdict {
                reason: "InSync",
                message: format!("{} is as declared", situation.what),
                ready: Some(Truth::True),
                progress: Progress::Done,
                event: None,
                requeue: regular,
            },
        },
        (Mode::Observe, false) => Verdict {
            reason: "Differs",
            message: format!("{} fields differ and mode Observe writes nothing: {named}", fields.len()),
            ready: Some(Truth::False),
            progress: Progress::Done,
            event: None,
            requeue: regular,
        },
        (Mode::Enforce, false) if latest.plan.is_empty() => {
            let known: Vec<&str> = unchangeable(&latest.differences, &latest.seen).iter().map(|known| known.why).collect();
            let why = if known.is_empty() { "recreate the object, or correct the spec".to_owned() } else { known.join("; ") };
            let message = format!("AWS cannot change {named}: {why}");
            let event = Some(failed("CannotChange", message.clone()));
            Verdict { reason: "CannotChange", message, ready: Some(Truth::False), progress: Progress::Stalled, event, requeue: regular }
        }
        (Mode::Enforce, false) => Verdict {
            reason: "NotYetInForce",
            message: format!("written, but AWS does not show it yet: {named}"),
            ready: Some(Truth::False),
            progress: Progress::Reconciling,
            event: None,
            requeue: Requeue::After(super::schedule::backoff(Duration::from_secs(2), Duration::from_secs(120), situation.attempts)),
        },
    }
}

/// People must act, and AWS does not tell when they have: it is looked at again before the regular pass.
fn obstacle_verdict(obstacle: &Obstacle, mode: Mode, next: Duration) -> Verdict {
    Verdict {
        reason: obstacle.reason,
        message: obstacle.message.clone(),
        ready: Some(Truth::False),
        progress: if mode == Mode::Observe { Progress::Done } else { Progress::Stalled },
        event: Some(failed(obstacle.reason, obstacle.message.clone())),
        requeue: Requeue::After(next.min(WHILE_OBSTRUCTED)),
    }
}

fn failure_verdict(failure: &Failure, attempts: u32) -> Verdict {
    let class = classes::class(failure.class);
    let message = classes::explain(failure);
    Verdict {
        reason: class.reason,
        ready: (!class.passing).then_some(Truth::False),
        progress: if class.stalled { Progress::Stalled } else { Progress::Reconciling },
        event: (!class.passing).then(|| failed(class.reason, message.clone())),
        requeue: class.requeue(attempts),
        message,
    }
}

fn set_conditions(common: &mut CommonStatus, held: &DriftStatus, verdict: &Verdict, situation: &Situation<'_>) {
    let (generation, now) = (situation.generation, situation.now);
    let conditions = &mut common.conditions;
    match verdict.ready {
        Some(truth) => condition::set(conditions, READY, truth, verdict.reason, &verdict.message, generation, now),
        None if condition::get(conditions, READY).is_none() => {
            condition::set(conditions, READY, Truth::Unknown, verdict.reason, &verdict.message, generation, now)
        }
        None => {}
    }
    for (kind, wanted) in
        [(RECONCILING, matches!(verdict.progress, Progress::Reconciling)), (STALLED, matches!(verdict.progress, Progress::Stalled))]
    {
        if wanted {
            condition::set(conditions, kind, Truth::True, verdict.reason, &verdict.message, generation, now);
        } else {
            condition::clear(conditions, kind);
        }
    }
    let drifted = !held.drift.is_empty();
    let (reason, message) = if drifted {
        let paths: Vec<&str> = held.drift.iter().map(|entry| entry.path.as_str()).collect();
        ("AwsWasChanged", shortened(format!("AWS differs from what is declared in {}", paths.join(", ")), 1024))
    } else {
        ("NoDrift", "AWS is as it was left".to_owned())
    };
    condition::set(conditions, DRIFTED, Truth::from(drifted), reason, message, generation, now);
}
