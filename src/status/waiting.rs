//! Passes that never reached AWS: references that are not there yet, suspension, a pause.

use super::Timed;
use super::events::{self, Event};
use super::schedule::Requeue;
use super::{Told, classes};
use crate::api::condition::{self, READY, RECONCILING, STALLED, Truth};
use crate::facets::observed::Failure;
use jiff::Timestamp;

/// Why a pass did not take place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub reason: &'static str,
    pub message: String,
    /// Only people can help.
    pub stalled: bool,
    pub requeue: Requeue,
    /// Worth an event: something is refused or wrong.
    pub warning: bool,
}

impl Waiting {
    /// For something that is watched: its change wakes the object.
    pub fn reference(reason: &'static str, message: String) -> Self {
        Self { reason, message, stalled: false, requeue: Requeue::OnChange, warning: false }
    }

    /// For something that a manifest must change.
    pub fn refused(reason: &'static str, message: String) -> Self {
        Self { reason, message, stalled: true, requeue: Requeue::OnChange, warning: true }
    }

    /// For AWS or for people, after a failure.
    pub fn failure(failure: &Failure, attempts: u32) -> Self {
        let class = classes::class(failure.class);
        Self {
            reason: class.reason,
            message: classes::explain(failure),
            stalled: class.stalled,
            requeue: class.requeue(attempts),
            warning: !class.passing,
        }
    }
}

/// Sets the conditions of an object that waits. `Ready` becomes false: what is not verified is not claimed.
pub fn wait<S: Timed + Default>(before: Option<&S>, waiting: &Waiting, generation: i64, now: Timestamp) -> Told<S> {
    let mut status = before.cloned().unwrap_or_default();
    let common = status.common_mut();
    let news = condition::get(&common.conditions, READY).is_none_or(|ready| ready.reason != waiting.reason);
    common.observed_generation = Some(generation);
    let conditions = &mut common.conditions;
    condition::set(conditions, READY, Truth::False, waiting.reason, &waiting.message, generation, now);
    let (set, clear) = if waiting.stalled { (STALLED, RECONCILING) } else { (RECONCILING, STALLED) };
    condition::set(conditions, set, Truth::True, waiting.reason, &waiting.message, generation, now);
    condition::clear(conditions, clear);
    let events: Vec<Event> = if news && waiting.warning { vec![event(waiting)] } else { Vec::new() };
    Told { status, events, requeue: waiting.requeue }
}

fn event(waiting: &Waiting) -> Event {
    match waiting.reason {
        "WrongAccount" | "NotAllowed" => events::refused(waiting.message.clone()),
        reason => events::failed(reason, waiting.message.clone()),
    }
}

/// Marks an object that is not to be reconciled now. Everything else stays as it was last known.
pub fn suspend<S: Timed + Default>(
    before: Option<&S>,
    reason: &str,
    message: &str,
    generation: i64,
    requeue: Requeue,
    now: Timestamp,
) -> Told<S> {
    let mut status = before.cloned().unwrap_or_default();
    let common = status.common_mut();
    common.observed_generation = Some(generation);
    condition::clear(&mut common.conditions, RECONCILING);
    condition::set(&mut common.conditions, STALLED, Truth::True, reason, message, generation, now);
    if condition::get(&common.conditions, READY).is_none() {
        condition::set(&mut common.conditions, READY, Truth::Unknown, reason, message, generation, now);
    }
    Told { status, events: Vec::new(), requeue }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::TrailStatus;
    use crate::facets::observed::ErrorClass;

    fn failure(class: ErrorClass) -> Failure {
        let text = String::new;
        Failure {
            class,
            operation: "sts:AssumeRole".into(),
            object: text(),
            account: text(),
            region: text(),
            code: text(),
            message: text(),
        }
    }

    #[test]
    fn each_wait_has_its_conditions_and_is_told_once() {
        // (why, Stalled, events)
        let table = [
            (Waiting::reference("ArchiveNotFound", "a".into()), false, vec![]),
            (Waiting::refused("NotAllowed", "b".into()), true, vec!["Refused"]),
            (Waiting::refused("InvalidPause", "c".into()), true, vec!["InvalidPause"]),
            (Waiting::failure(&failure(ErrorClass::Credentials), 0), true, vec!["CredentialsInvalid"]),
            (Waiting::failure(&failure(ErrorClass::Throttled), 0), false, vec![]),
        ];
        for (waiting, stalled, events) in table {
            let told: Told<TrailStatus> = wait(None, &waiting, 3, Timestamp::UNIX_EPOCH);
            let conditions = &told.status.common.conditions;
            let ready = condition::get(conditions, READY).unwrap();
            assert_eq!(
                (ready.status.as_str(), ready.reason.as_str(), ready.message.as_str()),
                ("False", waiting.reason, waiting.message.as_str())
            );
            assert_eq!((condition::is_true(conditions, STALLED), condition::is_true(conditions, RECONCILING)), (stalled, !stalled));
            assert_eq!(told.events.iter().map(|event| event.reason.as_str()).collect::<Vec<_>>(), events);
            assert_eq!(told.status.common.observed_generation, Some(3));
            assert!(wait(Some(&told.status), &waiting, 3, Timestamp::UNIX_EPOCH).events.is_empty(), "{}: told twice", waiting.reason);
        }
    }

    #[test]
    fn a_suspended_object_keeps_what_was_known() {
        let mut before = TrailStatus { logging: Some(true), ..TrailStatus::default() };
        condition::set(&mut before.common.conditions, READY, Truth::True, "InSync", "m", 1, Timestamp::UNIX_EPOCH);
        let told = suspend(Some(&before), "Suspended", "m", 2, Requeue::OnChange, Timestamp::UNIX_EPOCH);
        assert!(condition::is_true(&told.status.common.conditions, READY) && condition::is_true(&told.status.common.conditions, STALLED));
        assert_eq!((told.status.logging, told.requeue), (Some(true), Requeue::OnChange));
        let new: Told<TrailStatus> = suspend(None, "Suspended", "m", 1, Requeue::OnChange, Timestamp::UNIX_EPOCH);
        assert_eq!(condition::get(&new.status.common.conditions, READY).unwrap().status, "Unknown");
    }
}
